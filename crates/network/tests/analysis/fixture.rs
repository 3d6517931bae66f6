//! Graphs that everybody knows, and random ones.

use delever_network::{ContagionGraph, ContagionGraphBuilder};
use nalgebra::DMatrix;
use proptest::prelude::*;

/// Debts `(debtor, creditor, amount)`.
pub fn graph(count: usize, debts: &[(u32, u32, f64)]) -> ContagionGraph {
    let mut builder = ContagionGraphBuilder::new(count);
    for &(debtor, creditor, amount) in debts {
        builder.debt(debtor, creditor, amount, 0);
    }
    builder.build().expect("valid debts")
}

/// Debts of 1 both ways along each pair.
pub fn both_ways(count: usize, pairs: &[(u32, u32)]) -> ContagionGraph {
    let debts: Vec<_> = pairs
        .iter()
        .flat_map(|&(a, b)| [(a, b, 1.0), (b, a, 1.0)])
        .collect();
    graph(count, &debts)
}

/// Institution 0 in the middle of `count - 1` others.
pub fn star(count: u32) -> ContagionGraph {
    let pairs: Vec<_> = (1..count).map(|leaf| (0, leaf)).collect();
    both_ways(count as usize, &pairs)
}

/// Each owes `amount` to the next.
pub fn ring(count: u32, amount: f64) -> ContagionGraph {
    let debts: Vec<_> = (0..count).map(|n| (n, (n + 1) % count, amount)).collect();
    graph(count as usize, &debts)
}

/// Two triangles, and a bridge from 2 to 3.
pub fn two_cores() -> ContagionGraph {
    both_ways(6, &[(0, 1), (1, 2), (0, 2), (3, 4), (4, 5), (3, 5), (2, 3)])
}

/// Random debts between up to `most` institutions, in powers of two, so that sums of `1 / amount` are exact.
pub fn graphs(most: u32) -> impl Strategy<Value = ContagionGraph> {
    (1..=most).prop_flat_map(|count| {
        let debt = (0..count, 0..count, 0..5_i32);
        prop::collection::vec(debt, 0..=3 * count as usize).prop_map(move |debts| {
            let mut seen = std::collections::BTreeSet::new();
            let debts: Vec<_> = debts
                .into_iter()
                .filter(|&(from, to, _)| from != to && seen.insert((from, to)))
                .map(|(from, to, power)| (from, to, 2.0_f64.powi(power)))
                .collect();
            graph(count as usize, &debts)
        })
    })
}

/// Row = creditor, column = debtor.
pub fn dense(graph: &ContagionGraph) -> DMatrix<f64> {
    let count = graph.institution_count();
    let mut matrix = DMatrix::zeros(count, count);
    for (creditor, debtor, amount) in graph.exposures().triplets() {
        matrix[(creditor as usize, debtor as usize)] = amount;
    }
    matrix
}

#[track_caller]
pub fn all_close(actual: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(actual.len(), expected.len());
    let near = |(a, e): (&f64, &f64)| (a - e).abs() <= tolerance * e.abs().max(1.0);
    assert!(
        actual.iter().zip(expected).all(near),
        "{actual:?} instead of {expected:?}"
    );
}
