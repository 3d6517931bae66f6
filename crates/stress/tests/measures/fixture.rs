//! Random portfolios, and comparisons.

use delever_core::SparseRows;
use proptest::prelude::*;

/// A matrix of institutions by assets, densely.
pub type Dense = Vec<Vec<f64>>;

/// What 2 to 8 institutions hold of 1 to 5 assets, money, and depths, some of them without limit.
#[derive(Clone, Debug)]
pub struct Portfolios {
    pub held: Dense,
    pub depths: Vec<f64>,
}

impl Portfolios {
    pub fn institutions(&self) -> usize {
        self.held.len()
    }

    pub fn assets(&self) -> usize {
        self.depths.len()
    }
}

pub fn sparse(dense: &Dense, columns: usize) -> SparseRows {
    let mut triplets = Vec::new();
    for (i, row) in dense.iter().enumerate() {
        let held = row.iter().enumerate().filter(|&(_, &value)| value != 0.0);
        triplets.extend(held.map(|(k, &value)| (i as u32, k as u32, value)));
    }
    SparseRows::from_triplets(dense.len(), columns, &triplets)
}

pub fn portfolios() -> impl Strategy<Value = Portfolios> {
    (2..=8_usize, 1..=5_usize).prop_flat_map(|(institutions, assets)| {
        let amount = prop_oneof![2 => Just(0.0), 5 => 0.01..1000.0];
        let depth = prop_oneof![1 => Just(f64::INFINITY), 6 => 10.0..1e5];
        let row = prop::collection::vec(amount, assets);
        (
            prop::collection::vec(row, institutions),
            prop::collection::vec(depth, assets),
        )
            .prop_map(|(held, depths)| Portfolios { held, depths })
    })
}

#[track_caller]
pub fn close(actual: f64, expected: f64, scale: f64) {
    assert!(
        (actual - expected).abs() <= 1e-12 * scale.abs().max(expected.abs()),
        "{actual} instead of {expected}"
    );
}

#[track_caller]
pub fn all_close(actual: &[f64], expected: &[f64]) {
    assert_eq!(actual.len(), expected.len());
    let scale = expected.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    for (actual, expected) in actual.iter().zip(expected) {
        close(*actual, *expected, scale);
    }
}

/// Times a power of two: exact, as long as nothing leaves the range of doubles.
pub fn scaled(values: &[f64], power: i32) -> Vec<f64> {
    let factor = 2.0_f64.powi(power);
    values.iter().map(|value| value * factor).collect()
}
