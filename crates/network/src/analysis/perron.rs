//! Perron roots of the classes of a non-negative matrix, bounded.
//!
//! For a non-negative irreducible `M` and any `x > 0`, the Perron root lies between the least and the largest of
//! `(M x)_i / x_i` (Collatz 1942, Wielandt 1950). Power iteration finds an `x` for which the two are close; at the end they
//! are evaluated once more with each operation rounded outward. A reducible matrix falls into the classes of its strongly
//! connected components, and its radius is the largest among them.

use super::spectral::{SpectralRadius, SpectralSettings};
use delever_core::SparseRows;
use delever_core::error_free::{add_down, add_up, mul_down, mul_up};
use petgraph::algo::kosaraju_scc;
use petgraph::graph::DiGraph;

/// Strongly connected components with a ring in them, ascending; the matrix is the sum of the layers.
pub(super) fn nontrivial_classes(layers: &[&SparseRows]) -> Vec<Vec<u32>> {
    let count = layers.first().map_or(0, |layer| layer.row_count());
    let mut graph = DiGraph::<(), ()>::with_capacity(count, 0);
    let nodes: Vec<_> = (0..count).map(|_| graph.add_node(())).collect();
    let mut own = vec![false; count];
    for (row, column, value) in layers.iter().flat_map(|layer| layer.triplets()) {
        if value > 0.0 {
            own[row as usize] |= row == column;
            graph.add_edge(nodes[row as usize], nodes[column as usize], ());
        }
    }
    let mut classes: Vec<Vec<u32>> = kosaraju_scc(&graph)
        .into_iter()
        .filter(|class| class.len() > 1 || class.iter().any(|node| own[node.index()]))
        .map(|class| {
            let mut rows: Vec<u32> = class.into_iter().map(|node| node.index() as u32).collect();
            rows.sort_unstable();
            rows
        })
        .collect();
    classes.sort_unstable();
    classes
}

/// The radius of `sum of layers`, row `i` divided by a number within `divisors[i]`.
pub(super) fn radius_of(
    layers: &[&SparseRows],
    divisors: &[(f64, f64)],
    settings: &SpectralSettings,
) -> SpectralRadius {
    let mut radius = SpectralRadius {
        lower: 0.0,
        upper: 0.0,
        class: Vec::new(),
        steps: 0,
        converged: true,
    };
    let mut local = vec![u32::MAX; divisors.len()];
    for members in nontrivial_classes(layers) {
        let block = Block::new(layers, divisors, &members, &mut local);
        let (lower, upper) = block.bracket(settings, radius.lower, &mut radius.steps);
        radius.upper = radius.upper.max(upper);
        if lower > radius.lower {
            (radius.lower, radius.class) = (lower, members);
        }
    }
    radius.converged = radius.upper - radius.lower <= settings.tolerance * radius.upper;
    radius
}

/// The rows and columns of one class, numbered within it; entries of several layers stand beside each other.
struct Block {
    starts: Vec<usize>,
    entries: Vec<(u32, f64)>,
    divisors: Vec<(f64, f64)>,
}

impl Block {
    fn new(layers: &[&SparseRows], divisors: &[(f64, f64)], members: &[u32], local: &mut [u32]) -> Self {
        let mark = |local: &mut [u32], place: fn(usize) -> u32| {
            members
                .iter()
                .enumerate()
                .for_each(|(n, &row)| local[row as usize] = place(n));
        };
        mark(local, |n| n as u32);
        let (mut starts, mut entries) = (vec![0], Vec::new());
        for &row in members {
            for (column, value) in layers.iter().flat_map(|layer| layer.row(row as usize).iter()) {
                if value > 0.0 && local[column] != u32::MAX {
                    entries.push((local[column], value));
                }
            }
            starts.push(entries.len());
        }
        mark(local, |_| u32::MAX);
        Self {
            starts,
            entries,
            divisors: members.iter().map(|&row| divisors[row as usize]).collect(),
        }
    }

    fn row(&self, row: usize) -> &[(u32, f64)] {
        &self.entries[self.starts[row]..self.starts[row + 1]]
    }

    /// Bounds of the Perron root; no narrower than tells that it lies below `floor`.
    fn bracket(&self, settings: &SpectralSettings, floor: f64, steps: &mut u32) -> (f64, f64) {
        let x = power_iteration(self.divisors.len(), settings, floor, steps, |x, image| {
            for (row, image) in image.iter_mut().enumerate() {
                let sum: f64 = self
                    .row(row)
                    .iter()
                    .map(|&(column, value)| value * x[column as usize])
                    .sum();
                *image = sum / self.divisors[row].0;
            }
        });
        self.bounds(&x)
    }

    /// The least and the largest of `(M x)_i / x_i`, rounded outward.
    fn bounds(&self, x: &[f64]) -> (f64, f64) {
        let (mut lower, mut upper) = (f64::INFINITY, 0.0_f64);
        for (row, &(least, most)) in self.divisors.iter().enumerate() {
            let (mut below, mut above) = (0.0, 0.0);
            for &(column, value) in self.row(row) {
                below = add_down(below, mul_down(value, x[column as usize]).max(0.0));
                above = add_up(above, mul_up(value, x[column as usize]));
            }
            lower = lower.min(quotient_below(below, mul_up(most, x[row])));
            upper = upper.max(quotient_above(above, mul_down(least, x[row])));
        }
        (lower, upper)
    }
}

/// Power iteration on `M + (rho / 2) I` from equal weights, until the bracket is narrow, lies below `floor`, or stalls.
/// `apply` is `M`; the vector that is returned is positive.
pub(super) fn power_iteration(
    count: usize,
    settings: &SpectralSettings,
    floor: f64,
    steps: &mut u32,
    mut apply: impl FnMut(&[f64], &mut [f64]),
) -> Vec<f64> {
    /// Steps without a narrower bracket after which rounding is what is left.
    const PATIENCE: u32 = 64;
    let (mut x, mut next) = (vec![1.0; count], vec![0.0; count]);
    let (mut narrowest, mut since) = (f64::INFINITY, 0);
    for _ in 0..settings.max_steps {
        *steps += 1;
        apply(&x, &mut next);
        let (mut low, mut high) = (f64::INFINITY, 0.0_f64);
        for (next, x) in next.iter().zip(&x) {
            (low, high) = (low.min(next / x), high.max(next / x));
        }
        let width = high - low;
        since = if width < narrowest { 0 } else { since + 1 };
        narrowest = narrowest.min(width);
        // Half of the tolerance is left to rounding. A class that stays below another's radius does not matter.
        let narrow = width <= 0.5 * settings.tolerance * high || high < floor;
        if narrow || since == PATIENCE || !high.is_finite() {
            break;
        }
        let shift = 0.5 * next.iter().sum::<f64>() / x.iter().sum::<f64>();
        next.iter_mut().zip(&x).for_each(|(next, x)| *next += shift * x);
        let largest = next.iter().fold(0.0_f64, |largest, &next| largest.max(next));
        // Any positive vector gives valid bounds.
        for next in &mut next {
            *next = (*next / largest).max(1e-290);
        }
        std::mem::swap(&mut x, &mut next);
    }
    x
}

/// A lower bound of `a / b` for `a >= 0`, `b > 0`; the rounded quotient itself where that is one.
pub(super) fn quotient_below(a: f64, b: f64) -> f64 {
    let quotient = a / b;
    if mul_up(quotient, b) <= a {
        quotient
    } else {
        quotient.next_down()
    }
}

/// An upper bound of `a / b` for `a >= 0`; the rounded quotient itself where that is one.
pub(super) fn quotient_above(a: f64, b: f64) -> f64 {
    if b <= 0.0 {
        return f64::INFINITY;
    }
    let quotient = a / b;
    if mul_down(quotient, b) >= a {
        quotient
    } else {
        quotient.next_up()
    }
}
