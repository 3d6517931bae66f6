//! Betweenness and closeness.

use crate::fixture::*;
use delever_network::ContagionGraph;
use delever_network::analysis::{Role, Weight};
use proptest::prelude::*;

#[test]
fn a_star_by_hand() {
    let star = star(5);
    assert_eq!(star.betweenness(Weight::Link), [12.0, 0.0, 0.0, 0.0, 0.0]);
    let leaf = 4.0 / 7.0;
    all_close(
        &star.closeness(Role::Debtor, Weight::Link),
        &[1.0, leaf, leaf, leaf, leaf],
        1e-15,
    );
}

#[test]
fn a_ring_by_hand() {
    let ring = ring(6, 4.0);
    assert_eq!(ring.betweenness(Weight::Link), [10.0; 6]);
    assert_eq!(ring.betweenness(Weight::Amount), [10.0; 6]);
    all_close(
        &ring.closeness(Role::Creditor, Weight::Link),
        &[2.0 / 6.0; 6],
        1e-15,
    );
    all_close(
        &ring.closeness(Role::Debtor, Weight::Amount),
        &[8.0 / 6.0; 6],
        1e-15,
    );
}

#[test]
fn a_bridge_lies_between_two_cores() {
    assert_eq!(
        two_cores().betweenness(Weight::Link),
        [0.0, 0.0, 12.0, 12.0, 0.0, 0.0]
    );
}

#[test]
fn a_link_too_short_to_change_a_sum_is_no_loop() {
    let graph = graph(4, &[(0, 1, 1.0), (1, 2, 1e18), (2, 1, 1e18), (2, 3, 1.0)]);
    assert_eq!(graph.betweenness(Weight::Amount), [0.0, 2.0, 2.0, 0.0]);
}

#[test]
fn nobody_is_near_nobody() {
    assert!(ContagionGraph::empty(0).betweenness(Weight::Link).is_empty());
    assert_eq!(
        ContagionGraph::empty(1).closeness(Role::Debtor, Weight::Amount),
        [0.0]
    );
}

#[test]
fn bits_do_not_depend_on_threads() {
    let debts: Vec<_> = (0..900_u32)
        .flat_map(|n| (1..5).map(move |k| (n, (n * k * 7 + 13 * k + 1) % 900, f64::from(1 + (n * k) % 11))))
        .filter(|&(from, to, _)| from != to)
        .collect();
    let graph = graph(900, &debts);
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("a pool");
        pool.install(|| {
            (
                graph.betweenness(Weight::Amount),
                graph.closeness(Role::Debtor, Weight::Amount),
            )
        })
    };
    assert_eq!(on(1), on(3));
}

/// Distances and path counts between all pairs, by relaxing every link as often as there are institutions.
fn distances(graph: &ContagionGraph, weight: Weight) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
    let count = graph.institution_count();
    let links: Vec<(usize, usize, f64)> = graph
        .exposures()
        .triplets()
        .map(|(creditor, debtor, amount)| {
            let length = if weight == Weight::Link { 1.0 } else { 1.0 / amount };
            (debtor as usize, creditor as usize, length)
        })
        .collect();
    let mut distance = vec![vec![f64::INFINITY; count]; count];
    let mut paths = vec![vec![0.0; count]; count];
    for source in 0..count {
        let row = &mut distance[source];
        row[source] = 0.0;
        for _ in 0..count {
            for &(from, to, length) in &links {
                row[to] = row[to].min(row[from] + length);
            }
        }
        let mut order: Vec<usize> = (0..count).filter(|&n| row[n].is_finite()).collect();
        order.sort_by(|&a, &b| row[a].total_cmp(&row[b]));
        paths[source][source] = 1.0;
        for &to in order.iter().filter(|&&n| n != source) {
            let last = links
                .iter()
                .filter(|&&(from, end, length)| end == to && row[from] + length == row[to]);
            paths[source][to] = last.map(|&(from, _, _)| paths[source][from]).sum();
        }
    }
    (distance, paths)
}

proptest! {
    #[test]
    fn betweenness_and_closeness_are_what_they_say(graph in graphs(9), by_amount: bool) {
        let weight = if by_amount { Weight::Amount } else { Weight::Link };
        let (distance, paths) = distances(&graph, weight);
        let count = graph.institution_count();
        let through = |v: usize| {
            let mut sum = 0.0;
            for s in (0..count).filter(|&s| s != v) {
                for t in (0..count).filter(|&t| t != v && t != s && distance[s][t].is_finite()) {
                    if distance[s][v] + distance[v][t] == distance[s][t] {
                        sum += paths[s][v] * paths[v][t] / paths[s][t];
                    }
                }
            }
            sum
        };
        let expected: Vec<f64> = (0..count).map(through).collect();
        all_close(&graph.betweenness(weight), &expected, 1e-12);
        for role in [Role::Debtor, Role::Creditor] {
            let near = |v: usize| {
                let between = |w: usize| if role == Role::Debtor { distance[v][w] } else { distance[w][v] };
                let reached: Vec<f64> = (0..count).filter(|&w| w != v).map(between).filter(|d| d.is_finite()).collect();
                let r = reached.len() as f64;
                if r == 0.0 { 0.0 } else { r / (count - 1) as f64 * r / reached.iter().sum::<f64>() }
            };
            let expected: Vec<f64> = (0..count).map(near).collect();
            all_close(&graph.closeness(role, weight), &expected, 1e-14);
        }
    }
}
