//! A price-impact model from outside the project.
//!
//! This crate stands for one of your own: its library depends on `delever-core` and serde alone. It defines a model,
//! states its order and its rounding error so that answers stay certified, and registers it under the kind
//! `acme/hyperbolic`, which any scenario file can then name:
//!
//! ```toml
//! [impact]
//! model = "acme/hyperbolic"
//! half_depth = 5000.0        # for all assets, or a column `half_depth` of assets.csv
//! ```
//!
//! `cargo run --package own-impact-model --example run_scenario` runs such a scenario.

use delever_core::{ImpactKernel, Order, Quote, Registry, SpecError};

/// The kind that scenario files name.
pub const KIND: &str = "acme/hyperbolic";

/// `q = q0 / (1 + Q / half_depth)`: the price halves when money worth `half_depth` is sold, and never reaches zero.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hyperbolic;

/// Parameters of [`Hyperbolic`] for one asset.
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize)]
pub struct HyperbolicRow {
    /// `half_depth`: money at the initial price whose sale halves the price, above 0.
    pub half_depth: f64,
}

impl ImpactKernel for Hyperbolic {
    type Row = HyperbolicRow;

    /// Each argument enters once and with one sign, so the result is monotone in floating point.
    fn survival(&self, sold: f64, row: &HyperbolicRow) -> f64 {
        1.0 / (1.0 + sold / row.half_depth)
    }

    fn order(&self, _: &HyperbolicRow) -> Order {
        Order::Antitone
    }

    /// A division, a sum of positive numbers, a division: at most half a unit each, none amplified.
    fn error_ulps(&self) -> Option<u32> {
        Some(3)
    }

    fn check(&self, _: Quote, row: &HyperbolicRow) -> Result<(), SpecError> {
        if row.half_depth > 0.0 {
            Ok(())
        } else {
            Err(SpecError::out_of_range(
                "half_depth",
                row.half_depth,
                "above 0, in money",
            ))
        }
    }
}

/// Adds the model to a registry.
pub fn register(registry: &mut Registry) {
    registry.add_impact(KIND, || Hyperbolic);
}
