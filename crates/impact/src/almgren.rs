//! Permanent and temporary impact as estimated by Almgren, Thum, Hauptmann and Li (2005).

use crate::checks;
use crate::curve::{Curve, kernel_of};
use delever_core::{Quote, Real, SpecError};

/// Exponent of the trading rate in the temporary impact, as published.
const RATE_EXPONENT: f64 = 0.6;

/// Parameters of [`Almgren`].
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct AlmgrenRow {
    /// `gamma >= 0`: coefficient of the permanent impact; 0.314 as published.
    #[serde(default = "published_gamma")]
    pub gamma: f64,
    /// `eta >= 0`: coefficient of the temporary impact; 0.142 as published.
    #[serde(default = "published_eta")]
    pub eta: f64,
    /// `volatility`: standard deviation of daily returns.
    pub volatility: f64,
    /// `adv`: average daily volume, money per day; `inf` is no impact.
    pub adv: f64,
    /// `market_cap`: value of all units outstanding, money. Over `adv` it is the inverse turnover.
    pub market_cap: f64,
    /// `horizon`: days over which sales are spread evenly.
    pub horizon: f64,
}

fn published_gamma() -> f64 {
    0.314
}

fn published_eta() -> f64 {
    0.142
}

/// `q = q0 max(0, 1 - I)`, `I = gamma volatility (Q / adv) (market_cap / adv)^(1/4)`, the permanent impact.
///
/// Sellers under volume-weighted execution get `q0 max(0, 1 - J)` with `J = I / 2 + eta volatility (Q / (adv horizon))^(3/5)`:
/// half of the permanent impact and all of the temporary one, which the price recovers from. This average lies below the
/// final price where sales are small, which rules for volume-weighted execution do not expect of an average; such a
/// cascade is therefore unordered and carries no certificate. Errors: negative or infinite coefficients, `adv` of 0 or
/// less, a `horizon` that is not above 0. Source: Almgren, Thum, Hauptmann and Li (2005).
///
/// ```
/// use delever_core::{ImpactKernel, Quote};
/// use delever_impact::{Almgren, AlmgrenRow};
/// let row = AlmgrenRow { gamma: 0.314, eta: 0.142, volatility: 0.012, adv: 8e7, market_cap: 8.7e9, horizon: 1.0 };
/// let quote = Quote { initial: 1.0, shocked: 1.0 };
/// let cost = 1.0 - Almgren.average_price(quote, 2000.0, &row).expect("known");
/// assert!((1e4 * cost - 0.031_048_966_849_4).abs() < 1e-10); // basis points
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Almgren;

#[inline(always)]
fn permanent<N: Real>(sold: N, row: &AlmgrenRow) -> N {
    let adv = N::from(row.adv);
    // The published exponent of inverse turnover is a quarter: two roots, each correctly rounded and cheap.
    let inverse_turnover = (N::from(row.market_cap) / adv).sqrt().sqrt();
    N::from(row.gamma) * N::from(row.volatility) * (sold / adv) * inverse_turnover
}

fn temporary(sold: f64, row: &AlmgrenRow) -> f64 {
    row.eta * row.volatility * Real::pow(sold / (row.adv * row.horizon), RATE_EXPONENT)
}

impl Curve for Almgren {
    type Row = AlmgrenRow;
    const AVERAGE_ABOVE_PRICE: bool = false;

    #[inline(always)]
    fn survival<N: Real>(sold: N, row: &AlmgrenRow) -> N {
        (N::from(1.0) - permanent(sold, row)).at_least(0.0)
    }

    fn average(quote: Quote, sold: f64, row: &AlmgrenRow) -> f64 {
        let cost = permanent(sold, row) / 2.0 + temporary(sold, row);
        quote.shocked * (1.0 - cost).max(0.0)
    }

    fn slope(quote: Quote, sold: f64, row: &AlmgrenRow) -> f64 {
        if permanent(sold, row) < 1.0 {
            -quote.shocked * permanent(1.0, row)
        } else {
            0.0
        }
    }

    fn check(_: Quote, row: &AlmgrenRow) -> Result<(), SpecError> {
        checks::depth("adv", row.adv)?;
        checks::coefficient("gamma", row.gamma)?;
        checks::coefficient("eta", row.eta)?;
        checks::coefficient("volatility", row.volatility)?;
        checks::coefficient("market_cap", row.market_cap)?;
        checks::above_zero("horizon", row.horizon)
    }
}

kernel_of!(Almgren, AlmgrenRow);
