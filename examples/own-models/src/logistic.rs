//! A price impact that is mild at first and steep around half of the depth.

use delever_core::{ImpactKernel, Interval, Order, Quote, Real, SpecError};

/// Parameters of [`Logistic`] for one asset.
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize)]
pub struct LogisticRow {
    /// `depth`: money whose sale halves the price and a little more, above 0.
    pub depth: f64,
    /// `steepness`: how sudden the fall is, above 0.
    pub steepness: f64,
}

/// `q = q0 (1 + a) / (1 + a exp(steepness Q / depth))` with `a = exp(-steepness)`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Logistic;

/// Each argument enters with one sign: more sales make the last exponential larger and nothing else.
fn survival<N: Real>(sold: N, row: &LogisticRow) -> N {
    let steepness = N::from(row.steepness);
    let a = (N::from(0.0) - steepness).exp();
    let fallen = (steepness * (sold / N::from(row.depth)) - steepness).exp();
    ((N::from(1.0) + a) / (N::from(1.0) + fallen)).at_most(1.0)
}

impl ImpactKernel for Logistic {
    type Row = LogisticRow;

    fn survival(&self, sold: f64, row: &LogisticRow) -> f64 {
        survival(sold, row)
    }

    fn order(&self, _: &LogisticRow) -> Order {
        Order::Antitone
    }

    /// The same formula in interval arithmetic holds the exact price.
    fn price_bounds(&self, quote: Quote, sold: f64, row: &LogisticRow) -> Option<Interval> {
        Some(Interval::from(quote.shocked) * survival(Interval::from(sold), row).at_least(0.0))
    }

    fn check(&self, _: Quote, row: &LogisticRow) -> Result<(), SpecError> {
        for (name, value) in [("depth", row.depth), ("steepness", row.steepness)] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(SpecError::out_of_range(name, value, "above 0, and finite"));
            }
        }
        Ok(())
    }
}
