//! The square-root law in volatility and daily volume, as in Breuer, Summer and Urosevic (2021).

use crate::checks;
use crate::curve::{Curve, kernel_of};
use crate::power::mean_of_power;
use delever_core::{Quote, Real, SpecError};

/// Parameters of [`SquareRoot`].
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct SquareRootRow {
    /// `kappa >= 0`: a number of order one.
    pub kappa: f64,
    /// `volatility`: standard deviation of daily returns.
    pub volatility: f64,
    /// `adv`: average daily volume, money per day.
    pub adv: f64,
}

/// `q = q0 max(0, 1 - kappa volatility sqrt(Q / adv))`.
///
/// ```
/// use delever_core::ImpactKernel;
/// use delever_impact::{SquareRoot, SquareRootRow};
/// let row = SquareRootRow { kappa: 1.0, volatility: 0.5, adv: 100.0 };
/// assert_eq!(SquareRoot.survival(25.0, &row), 0.75);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SquareRoot;

impl Curve for SquareRoot {
    type Row = SquareRootRow;

    #[inline(always)]
    fn survival<N: Real>(sold: N, row: &SquareRootRow) -> N {
        let fall = N::from(row.kappa) * N::from(row.volatility) * (sold / N::from(row.adv)).sqrt();
        (N::from(1.0) - fall).at_least(0.0)
    }

    fn average(quote: Quote, sold: f64, row: &SquareRootRow) -> f64 {
        quote.shocked * mean_of_power(row.kappa * row.volatility * (sold / row.adv).sqrt(), 0.5)
    }

    fn slope(quote: Quote, sold: f64, row: &SquareRootRow) -> f64 {
        let fall = row.kappa * row.volatility * (sold / row.adv).sqrt();
        if fall >= 1.0 || row.kappa * row.volatility == 0.0 || row.adv.is_infinite() {
            0.0
        } else if sold == 0.0 {
            f64::NEG_INFINITY
        } else {
            -quote.shocked * fall * 0.5 / sold
        }
    }

    /// Where the price reaches zero: `Q = adv / (kappa volatility)^2`.
    fn kink(sold: f64, row: &SquareRootRow) -> f64 {
        let steepness = row.kappa * row.volatility;
        if steepness == 0.0 {
            f64::INFINITY
        } else {
            (row.adv / (steepness * steepness) - sold).abs()
        }
    }

    fn depth(row: &SquareRootRow) -> Option<f64> {
        Some(row.adv)
    }

    fn check(_: Quote, row: &SquareRootRow) -> Result<(), SpecError> {
        checks::depth("adv", row.adv)?;
        checks::coefficient("volatility", row.volatility)?;
        checks::coefficient("kappa", row.kappa)
    }
}

kernel_of!(SquareRoot, SquareRootRow);
