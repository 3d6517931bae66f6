//! Brackets of spectral radii of products.

use delever_core::SparseRows;
use delever_network::analysis::{
    AnalysisError, SpectralSettings, spectral_radius, spectral_radius_of_product,
};
use proptest::prelude::*;

fn product(left: &SparseRows, right: &SparseRows) -> SparseRows {
    let mut triplets = Vec::new();
    for (row, middle, value) in left.triplets() {
        for (column, other) in right.row(middle as usize).iter() {
            triplets.push((row, column as u32, value * other));
        }
    }
    SparseRows::from_triplets(left.row_count(), right.column_count(), &triplets)
}

fn radius(layers: &[&SparseRows]) -> (f64, f64, Vec<u32>) {
    let found = spectral_radius_of_product(layers, &SpectralSettings::default()).expect("valid layers");
    (found.lower, found.upper, found.class)
}

#[test]
fn one_layer_is_the_matrix_itself() {
    let matrix = SparseRows::from_triplets(3, 3, &[(0, 1, 4.0), (1, 0, 1.0), (2, 2, 1.5), (2, 0, 9.0)]);
    let settings = SpectralSettings::default();
    let expected = spectral_radius(&matrix, &settings).expect("valid");
    let found = spectral_radius_of_product(&[&matrix], &settings).expect("valid");
    assert_eq!(found, expected);
    assert_eq!(found.class, [0, 1]);
}

/// Rows that only pass through a layer's node together are strongly connected in the product as in the chain.
#[test]
fn the_class_of_the_largest_root_is_named_by_rows_of_the_product() {
    let down = SparseRows::from_triplets(3, 4, &[(0, 0, 1.0), (1, 2, 2.0), (1, 3, 3.0), (2, 1, 1.0)]);
    let up = SparseRows::from_triplets(4, 3, &[(0, 0, 0.5), (2, 1, 1.0), (3, 1, 4.0), (1, 0, 7.0)]);
    // Rows 2 and 3: (1, 4)' (2, 3) has the root 14. Row 0 alone has 0.5; row 1 is fed and feeds nothing back.
    let (lower, upper, class) = radius(&[&down, &up]);
    assert!(
        lower <= 14.0 && 14.0 <= upper && upper - lower < 1e-8,
        "{lower} {upper}"
    );
    assert_eq!(class, [2, 3]);
    let (lower, upper, class) = radius(&[&SparseRows::empty(2, 3), &SparseRows::empty(3, 2)]);
    assert_eq!((lower, upper, class), (0.0, 0.0, vec![]));
}

#[test]
fn layers_that_do_not_follow_are_refused() {
    let (two, three) = (SparseRows::empty(2, 3), SparseRows::empty(3, 3));
    let settings = SpectralSettings::default();
    let refused =
        |layers: &[&SparseRows]| spectral_radius_of_product(layers, &settings).expect_err("refused");
    assert!(matches!(
        refused(&[&three, &two])[..],
        [AnalysisError::Length {
            given: 2,
            expected: 3,
            ..
        }]
    ));
    assert!(matches!(
        refused(&[&two, &three])[..],
        [
            AnalysisError::Length {
                given: 3,
                expected: 2,
                ..
            },
            ..
        ]
    ));
    let negative = SparseRows::from_triplets(1, 1, &[(0, 0, -1.0)]);
    assert!(matches!(refused(&[&negative])[..], [AnalysisError::Value { .. }]));
    let nothing = spectral_radius_of_product(&[], &settings).expect("no rows at all");
    assert_eq!((nothing.lower, nothing.upper), (0.0, 0.0));
}

proptest! {
    #[test]
    fn brackets_of_products_meet_those_of_the_multiplied_matrix(
        first in prop::collection::vec((0_u32..4, 0_u32..6, 0.0_f64..2.0), 0..14),
        second in prop::collection::vec((0_u32..5, 0_u32..4, 0.0_f64..2.0), 0..14),
        third in prop::collection::vec((0_u32..6, 0_u32..5, 0.0_f64..2.0), 0..14),
    ) {
        let layers = [
            SparseRows::from_triplets(4, 6, &first),
            SparseRows::from_triplets(5, 4, &second),
            SparseRows::from_triplets(6, 5, &third),
        ];
        let (lower, upper, _) = radius(&[&layers[0], &layers[1], &layers[2]]);
        let matrix = product(&layers[2], &product(&layers[1], &layers[0]));
        let dense = spectral_radius(&matrix, &SpectralSettings::default()).expect("valid");
        let slack = 1e-12 * upper;
        prop_assert!(lower <= dense.upper + slack && dense.lower <= upper + slack, "{lower} {upper} {dense:?}");
        prop_assert!(upper - lower <= 1e-6 * upper.max(1e-9) || !dense.converged);
    }
}
