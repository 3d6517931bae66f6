//! Centralities by shortest paths: betweenness and closeness.
//!
//! Paths run along links, debtor to creditor. A link is 1 long ([`Weight::Link`]), or 1 over its amount
//! ([`Weight::Amount`]), so that large exposures are near. Paths are equally short where their lengths, summed from the
//! source on in floating point, have the same bits.
//!
//! Both need a search from every institution: `n m` operations by link, `n (m + n) log n` by amount, in parallel, with the
//! same bits on any number of threads. Ten thousand institutions with ten links each take some seconds, ten times as
//! many a hundred times as long.

use super::{Role, Weight};
use crate::graph::ContagionGraph;
use delever_core::SparseRows;
use rayon::prelude::*;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Blocks of sources whose sums are added up in order, whoever computes them.
const BLOCKS: usize = 64;

impl ContagionGraph {
    /// Betweenness: `sum over s, t of sigma_st(i) / sigma_st`, where `sigma_st` counts the shortest paths from `s` to `t`, and
    /// `sigma_st(i)` those among them that pass through `i`, not ending there. Ordered pairs, not normalised: divide by
    /// `(n - 1) (n - 2)` for a number from 0 to 1.
    ///
    /// Source: Freeman (1977), Sociometry 40; computed as in Brandes (2001), Journal of Mathematical Sociology 25(2).
    /// Path counts are doubles: beyond `1e308` paths between two institutions there is no answer.
    ///
    /// ```
    /// use delever_network::{ContagionGraphBuilder, analysis::Weight};
    /// let mut builder = ContagionGraphBuilder::new(4); // 0 -> 1 -> 3 and 0 -> 2 -> 3
    /// builder.debt(0, 1, 9.0, 0).debt(1, 3, 9.0, 0).debt(0, 2, 1.0, 0).debt(2, 3, 1.0, 0);
    /// let graph = builder.build().expect("valid");
    /// assert_eq!(graph.betweenness(Weight::Link), [0.0, 0.5, 0.5, 0.0]);
    /// assert_eq!(graph.betweenness(Weight::Amount), [0.0, 1.0, 0.0, 0.0]);
    /// ```
    pub fn betweenness(&self, weight: Weight) -> Vec<f64> {
        let links = self.links(Role::Debtor, weight);
        let through = |sources: &[usize]| {
            let mut search = Search::new(&links, weight);
            let (mut sum, mut dependency) = (vec![0.0; self.count], vec![0.0; self.count]);
            for &source in sources {
                search.run(source);
                for &node in &search.order {
                    dependency[node as usize] = 0.0;
                }
                for &node in search.order.iter().rev() {
                    let node = node as usize;
                    for next in search.continued(node) {
                        dependency[node] +=
                            search.paths[node] / search.paths[next] * (1.0 + dependency[next]);
                    }
                    sum[node] += if node == source { 0.0 } else { dependency[node] };
                }
            }
            sum
        };
        let sources: Vec<usize> = (0..self.count).collect();
        let blocks: Vec<&[usize]> = sources.chunks(self.count.div_ceil(BLOCKS).max(1)).collect();
        let sums: Vec<Vec<f64>> = blocks.into_par_iter().map(through).collect();
        let mut total = vec![0.0; self.count];
        for sum in sums {
            total.iter_mut().zip(sum).for_each(|(total, sum)| *total += sum);
        }
        total
    }

    /// Closeness: `r / (n - 1) * r / D`, where `D` is the sum of distances to the `r` others that are within reach; 0 where
    /// none is.
    ///
    /// In the role of the debtor, distances run from the institution to its creditors and on to theirs: how near are those
    /// whom its failure reaches. In the role of the creditor they run from others to it: how near are those whose failure
    /// reaches it. Source: Wasserman and Faust (1994), Social Network Analysis, 5.2, for several components.
    ///
    /// ```
    /// use delever_network::{ContagionGraphBuilder, analysis::{Role, Weight}};
    /// let mut builder = ContagionGraphBuilder::new(3);
    /// builder.debt(0, 1, 4.0, 0).debt(1, 2, 4.0, 0);
    /// let graph = builder.build().expect("valid");
    /// assert_eq!(graph.closeness(Role::Debtor, Weight::Link), [2.0 / 3.0, 0.5, 0.0]);
    /// assert_eq!(graph.closeness(Role::Creditor, Weight::Amount), [0.0, 2.0, 8.0 / 3.0]);
    /// ```
    pub fn closeness(&self, role: Role, weight: Weight) -> Vec<f64> {
        let links = self.links(role, weight);
        let near = |search: &mut Search<'_>, source: usize| {
            search.run(source);
            let reached = (search.order.len() - 1) as f64;
            let distances = search.order.iter().map(|&node| search.distance[node as usize]);
            let sum: f64 = distances.sum();
            if reached == 0.0 {
                0.0
            } else {
                reached / (self.count - 1) as f64 * (reached / sum)
            }
        };
        let sources = (0..self.count).into_par_iter();
        sources.map_init(|| Search::new(&links, weight), near).collect()
    }
}

/// Shortest paths from one source; its memory serves the next.
struct Search<'a> {
    links: &'a SparseRows,
    weight: Weight,
    /// Nodes within reach, in the order in which their distance became final.
    order: Vec<u32>,
    /// Place in `order`.
    place: Vec<u32>,
    distance: Vec<f64>,
    /// Number of shortest paths from the source.
    paths: Vec<f64>,
    /// Distances, by their bits, which sort as non-negative numbers do.
    heap: BinaryHeap<Reverse<(u64, u32)>>,
}

/// The place of what is not settled yet.
const OPEN: u32 = u32::MAX;

impl<'a> Search<'a> {
    fn new(links: &'a SparseRows, weight: Weight) -> Self {
        let count = links.row_count();
        Self {
            links,
            weight,
            order: Vec::new(),
            place: vec![OPEN; count],
            distance: vec![f64::INFINITY; count],
            paths: vec![0.0; count],
            heap: BinaryHeap::new(),
        }
    }

    fn run(&mut self, source: usize) {
        for &node in &self.order {
            self.place[node as usize] = OPEN;
            self.distance[node as usize] = f64::INFINITY;
            self.paths[node as usize] = 0.0;
        }
        self.order.clear();
        (self.distance[source], self.paths[source]) = (0.0, 1.0);
        match self.weight {
            Weight::Link => self.breadth_first(source),
            Weight::Amount => self.nearest_first(source),
        }
    }

    fn breadth_first(&mut self, source: usize) {
        self.order.push(source as u32);
        self.place[source] = 0;
        let mut done = 0;
        while let Some(&node) = self.order.get(done) {
            done += 1;
            let node = node as usize;
            let distance = self.distance[node] + 1.0;
            for (next, _) in self.links.row(node).iter() {
                if self.place[next] == OPEN {
                    self.place[next] = self.order.len() as u32;
                    self.order.push(next as u32);
                    self.distance[next] = distance;
                }
                if self.distance[next] == distance {
                    self.paths[next] += self.paths[node];
                }
            }
        }
    }

    /// Dijkstra (1959).
    fn nearest_first(&mut self, source: usize) {
        self.heap.push(Reverse((0, source as u32)));
        while let Some(Reverse((_, node))) = self.heap.pop() {
            if self.place[node as usize] != OPEN {
                continue;
            }
            self.place[node as usize] = self.order.len() as u32;
            self.order.push(node);
            let node = node as usize;
            for (next, amount) in self.links.row(node).iter() {
                let distance = self.distance[node] + 1.0 / amount;
                if self.place[next] != OPEN || distance > self.distance[next] {
                    continue;
                }
                if distance < self.distance[next] {
                    (self.distance[next], self.paths[next]) = (distance, 0.0);
                    self.heap.push(Reverse((distance.to_bits(), next as u32)));
                }
                self.paths[next] += self.paths[node];
            }
        }
    }

    /// Where shortest paths go on from a node. What was settled before is no continuation, even if a link is so short that
    /// its length is lost in the sum.
    fn continued(&self, node: usize) -> impl Iterator<Item = usize> + '_ {
        let links = self.links.row(node).iter();
        links.filter_map(move |(next, weight)| {
            let length = match self.weight {
                Weight::Link => 1.0,
                Weight::Amount => 1.0 / weight,
            };
            let on_path = self.distance[next] == self.distance[node] + length;
            (on_path && self.place[next] > self.place[node]).then_some(next)
        })
    }
}
