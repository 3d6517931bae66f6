//! Brackets of spectral radii.

use crate::fixture::*;
use delever_core::SparseRows;
use delever_core::error_free::two_product;
use delever_network::ContagionGraphBuilder;
use delever_network::analysis::{AnalysisError, SpectralRadius, SpectralSettings, spectral_radius};
use nalgebra::{DMatrix, Schur};
use proptest::prelude::*;

fn radius(count: usize, entries: &[(u32, u32, f64)]) -> SpectralRadius {
    let matrix = SparseRows::from_triplets(count, count, entries);
    spectral_radius(&matrix, &SpectralSettings::default()).expect("a valid matrix")
}

#[track_caller]
fn holds(radius: &SpectralRadius, value: f64, tolerance: f64) {
    let slack = tolerance * value;
    assert!(
        radius.lower <= value + slack && value - slack <= radius.upper,
        "{value} not in {radius:?}"
    );
}

#[test]
fn exact_where_the_arithmetic_is() {
    for count in [2, 3, 10] {
        let ring: Vec<_> = (0..count).map(|n| (n, (n + 1) % count, 0.3)).collect();
        let found = radius(count as usize, &ring);
        assert_eq!((found.lower, found.upper, found.steps), (0.3, 0.3, 1));
    }
    let complete: Vec<_> = (0..4).flat_map(|i| (0..4).map(move |j| (i, j, 0.25))).collect();
    let found = radius(4, &complete);
    assert_eq!((found.lower, found.upper), (1.0, 1.0));
}

/// Exact roots between doubles: ten times the double 0.1 lies above 1, three times it below its rounded sum.
#[test]
fn bounds_lie_on_either_side_of_a_root_that_is_no_double() {
    let full = |count: u32| {
        let entries: Vec<_> = (0..count)
            .flat_map(|i| (0..count).map(move |j| (i, j, 0.1)))
            .collect();
        radius(count as usize, &entries)
    };
    let ten = full(10);
    assert!((0..10).fold(0.0, |sum, _| sum + 0.1) < 1.0);
    assert!(ten.lower <= 1.0 && ten.upper > 1.0 && ten.upper < 1.0 + 1e-14);
    let three = full(3);
    assert!((0..3).fold(0.0, |sum, _| sum + 0.1) > 0.3);
    assert!(three.lower <= 0.3 && three.upper > 0.3 && three.lower > 0.3 - 1e-15);
}

#[test]
fn unequal_rings_have_the_geometric_mean() {
    let found = radius(3, &[(0, 1, 1.0), (1, 2, 2.0), (2, 0, 4.0)]);
    assert!(found.converged);
    holds(&found, 2.0, 0.0);
    let found = radius(2, &[(0, 1, 1e18), (1, 0, 1e-9)]);
    assert!(found.converged, "{found:?}");
    holds(&found, 1e9_f64.sqrt(), 1e-15);
}

#[test]
fn the_largest_class_decides() {
    // A ring of radius 2 owes into a ring of radius 3, which owes to a leaf; a loop of 2.5 stands alone.
    let entries = [
        (0, 1, 1.0),
        (1, 0, 4.0),
        (1, 2, 100.0),
        (2, 3, 9.0),
        (3, 2, 1.0),
        (3, 4, 7.0),
        (5, 5, 2.5),
    ];
    let found = radius(6, &entries);
    assert!(found.converged);
    holds(&found, 3.0, 0.0);
    assert_eq!(found.class, [2, 3]);
    assert_eq!(
        (found.exceeds(2.9), found.exceeds(3.1)),
        (Some(true), Some(false))
    );
}

#[test]
fn without_a_ring_there_is_no_radius() {
    let found = radius(3, &[(0, 1, 5.0), (1, 2, 5.0), (0, 2, 5.0)]);
    assert_eq!((found.lower, found.upper, found.converged), (0.0, 0.0, true));
    assert!(found.class.is_empty());
    assert_eq!(radius(0, &[]).upper, 0.0);
    assert_eq!(radius(2, &[(0, 1, 0.0), (1, 0, 0.0)]).upper, 0.0);
}

#[test]
fn a_bracket_that_stays_wide_still_holds() {
    let hurried = SpectralSettings {
        max_steps: 3,
        ..SpectralSettings::default()
    };
    let ring: Vec<_> = (0..100_u32)
        .map(|n| (n, (n + 1) % 100, if n == 0 { 2.0_f64.powi(100) } else { 1.0 }))
        .collect();
    let matrix = SparseRows::from_triplets(100, 100, &ring);
    let found = spectral_radius(&matrix, &hurried).expect("valid");
    assert!(!found.converged && found.steps == 3);
    holds(&found, 2.0, 0.0);
    assert_eq!(found.exceeds(2.0), None);
}

#[test]
fn the_ends_of_the_range_hold() {
    let found = radius(2, &[(0, 1, 1e150), (1, 0, 1e150)]);
    assert_eq!((found.lower, found.upper), (1e150, 1e150));
    let found = radius(2, &[(0, 1, 5e-324), (1, 0, 5e-324)]);
    assert!(found.lower <= 5e-324 && found.upper >= 5e-324);
    let found = radius(2, &[(0, 1, 1e150), (1, 0, 1e-300)]);
    assert!(
        found.lower <= 1.1e-75 && found.upper >= 0.9e-75 && found.lower >= 0.0,
        "{found:?}"
    );
}

#[test]
fn relative_liabilities_reach_1_only_in_a_closed_class() {
    let settings = SpectralSettings::default();
    let graph = graph(
        4,
        &[(0, 1, 0.1), (1, 0, 0.3), (2, 0, 5.0), (2, 3, 1.0), (3, 2, 1.0)],
    );
    let closed = graph
        .relative_liabilities_radius(&[0.0; 4], &settings)
        .expect("valid");
    assert_eq!((closed.lower, closed.upper, closed.class), (1.0, 1.0, vec![0, 1]));
    let open = graph
        .relative_liabilities_radius(&[0.1, 0.0, 0.0, 0.0], &settings)
        .expect("valid");
    holds(&open, 0.5_f64.sqrt(), 1e-15);
    assert_eq!(open.exceeds(0.99), Some(false));
}

#[test]
fn seniorities_are_claims_alike() {
    let mut builder = ContagionGraphBuilder::new(2);
    builder.debt(0, 1, 0.1, 0).debt(0, 1, 0.2, 1).debt(1, 0, 0.3, 0);
    let graph = builder.build().expect("valid");
    let found = graph
        .leverage_radius(&[1.0, 1.0], &SpectralSettings::default())
        .expect("valid");
    holds(&found, 0.3, 1e-15);
    let found = graph
        .relative_liabilities_radius(&[0.3, 0.3], &SpectralSettings::default())
        .expect("valid");
    holds(&found, 0.5, 1e-15);
}

#[test]
fn what_is_no_such_matrix_is_refused() {
    let settings = SpectralSettings::default();
    let oblong = SparseRows::from_triplets(1, 2, &[(0, 1, 1.0)]);
    assert!(matches!(
        spectral_radius(&oblong, &settings)
            .as_ref()
            .map_err(Vec::as_slice),
        Err([AnalysisError::Length { .. }])
    ));
    for value in [-1.0, f64::NAN, f64::INFINITY, 1e200] {
        let matrix = SparseRows::from_triplets(1, 1, &[(0, 0, value)]);
        assert!(matches!(
            spectral_radius(&matrix, &settings)
                .as_ref()
                .map_err(Vec::as_slice),
            Err([AnalysisError::Value { .. }])
        ));
    }
    let ring = ring(3, 1.0);
    assert_eq!(
        ring.leverage_radius(&[1.0, 0.0, -1.0], &settings)
            .expect_err("two failed")
            .len(),
        2
    );
    assert!(ring.leverage_radius(&[1.0], &settings).is_err());
    assert!(
        ring.relative_liabilities_radius(&[0.0, -1.0, 0.0], &settings)
            .is_err()
    );
}

/// The largest modulus of an eigenvalue, by nalgebra; `None` where its iteration does not end.
fn dense_radius(matrix: DMatrix<f64>) -> Option<f64> {
    let schur = Schur::try_new(matrix, 1e-15, 10_000)?;
    let moduli = schur.complex_eigenvalues().map(nalgebra::Complex::norm);
    Some(moduli.max())
}

/// Rows that reach each other, by transitive closure.
fn classes(matrix: &DMatrix<f64>) -> Vec<Vec<usize>> {
    let count = matrix.nrows();
    let mut reach = matrix.map(|value| value > 0.0);
    for k in 0..count {
        for i in 0..count {
            for j in 0..count {
                reach[(i, j)] |= reach[(i, k)] && reach[(k, j)];
            }
        }
    }
    let class = |i: usize| (0..count).filter(|&j| reach[(i, j)] && reach[(j, i)]).collect();
    (0..count)
        .map(class)
        .filter(|class: &Vec<usize>| !class.is_empty())
        .collect()
}

proptest! {
    #[test]
    fn the_bracket_holds_the_dense_eigenvalue(
        count in 2..8_usize,
        weights in prop::collection::vec((any::<bool>(), 0.1..10.0_f64), 64),
    ) {
        let entry = |i: usize, j: usize| {
            let (linked, weight) = weights[i * 8 + j];
            if linked || j == (i + 1) % count { weight } else { 0.0 }
        };
        let matrix = DMatrix::from_fn(count, count, entry);
        let entries: Vec<_> = (0..count)
            .flat_map(|i| (0..count).map(move |j| (i as u32, j as u32)))
            .map(|(i, j)| (i, j, entry(i as usize, j as usize)))
            .collect();
        let found = radius(count, &entries);
        prop_assert!(found.converged && found.lower <= found.upper);
        if let Some(expected) = dense_radius(matrix) {
            holds(&found, expected, 1e-9);
        }
    }

    #[test]
    fn the_bracket_holds_the_largest_of_all_classes(graph in graphs(8)) {
        let equity: Vec<f64> = (0..graph.institution_count()).map(|n| 1.0 + n as f64).collect();
        let found = graph.leverage_radius(&equity, &SpectralSettings::default()).expect("valid");
        prop_assert!(found.converged);
        let mut matrix = dense(&graph);
        for (mut row, equity) in matrix.row_iter_mut().zip(&equity) {
            row /= *equity;
        }
        let roots: Vec<_> = classes(&matrix)
            .into_iter()
            .map(|class| dense_radius(matrix.select_rows(&class).select_columns(&class)))
            .collect();
        if roots.iter().all(Option::is_some) {
            holds(&found, roots.into_iter().flatten().fold(0.0, f64::max), 1e-9);
        }
    }

    /// The root of `[[0, a], [b, 0]]` is `sqrt(a b)`: squares are compared without rounding.
    #[test]
    fn rounding_never_leaves_the_root_outside(a in 1..1_u32 << 26, b in 1..1_u32 << 26) {
        let (a, b) = (f64::from(a), f64::from(b));
        let matrix = SparseRows::from_triplets(2, 2, &[(0, 1, a), (1, 0, b)]);
        let narrowest = SpectralSettings { tolerance: 0.0, ..SpectralSettings::default() };
        let found = spectral_radius(&matrix, &narrowest).expect("valid");
        let above_square = |bound: f64| {
            let (square, error) = two_product(bound, bound);
            (square - a * b) + error // a b is exact, and so is the difference of numbers this close
        };
        prop_assert!(found.upper - found.lower <= 1e-14 * found.upper);
        prop_assert!(above_square(found.lower) <= 0.0 && above_square(found.upper) >= 0.0);
    }
}
