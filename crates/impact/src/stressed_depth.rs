//! Depth that falls with the shock itself, before anybody sells.
//!
//! Kyle and Xiong (2001) and Brunnermeier and Pedersen (2009) show why: those who provide liquidity lose in the shock and
//! face tighter margins, so markets are thinnest when others must sell. The two formulas here are this library's own, the
//! plainest that have the effect; they are not taken from these papers.

use crate::calibration::CONT_SCHAANNING_SCALE;
use crate::checks;
use crate::curve::{Curve, kernel_of, mean_decay};
use delever_core::{Quote, Real, SpecError};

/// Largest `withdrawal`: depth falls by a factor of `exp(-50)` at most, which leaves room for any amount.
const LARGEST_WITHDRAWAL: f64 = 50.0;

/// Relative fall of the asset's price by the shock, 0 where it rose.
fn fall<N: Real>(quote: Quote) -> N {
    (N::from(1.0) - N::from(quote.shocked) / N::from(quote.initial)).at_least(0.0)
}

/// A curve `q0 exp(-z)` with `z` proportional to sales.
trait Decay: Send + Sync {
    type Row;
    fn z<N: Real>(quote: Quote, sold: N, row: &Self::Row) -> N;
    /// `d z / d fall`.
    fn z_by_fall(quote: Quote, sold: f64, row: &Self::Row) -> f64;
    /// What sales are measured against.
    fn depth(row: &Self::Row) -> f64;
}

/// Prices, averages and slopes of a [`Decay`]. Without a quote it is one before any shock.
macro_rules! curve_of_decay {
    ($name:ident, $row:ty, $check:expr) => {
        impl Curve for $name {
            type Row = $row;
            const PRICE_IS_MULTIPLE: bool = false;

            fn survival<N: Real>(sold: N, row: &$row) -> N {
                let quote = Quote {
                    initial: 1.0,
                    shocked: 1.0,
                };
                Self::price(quote, sold, row)
            }

            fn price<N: Real>(quote: Quote, sold: N, row: &$row) -> N {
                N::from(quote.shocked) * (N::from(0.0) - Self::z(quote, sold, row)).exp()
            }

            fn average(quote: Quote, sold: f64, row: &$row) -> f64 {
                quote.shocked * mean_decay(Self::z(quote, sold, row))
            }

            fn slope(quote: Quote, sold: f64, row: &$row) -> f64 {
                let rate: f64 = Self::z(quote, 1.0, row);
                -quote.shocked * rate * Real::exp(-Self::z(quote, sold, row))
            }

            fn slope_by_shocked(quote: Quote, sold: f64, row: &$row) -> f64 {
                let decay = Real::exp(-Self::z::<f64>(quote, sold, row));
                if quote.shocked > quote.initial {
                    return decay;
                }
                // The fall grows by 1 / initial for each unit that the price is lower.
                decay * (1.0 + quote.shocked * (Self::z_by_fall(quote, sold, row) / quote.initial))
            }

            fn shocked_kink(quote: Quote, _: &$row) -> f64 {
                (quote.shocked - quote.initial).abs()
            }

            fn depth(row: &$row) -> Option<f64> {
                Some(<Self as Decay>::depth(row))
            }

            fn check(_: Quote, row: &$row) -> Result<(), SpecError> {
                $check(row)
            }
        }

        kernel_of!($name, $row);
    };
}

/// Parameters of [`StressedDepth`].
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct StressedDepthRow {
    /// `depth`: money, before the shock.
    pub depth: f64,
    /// `withdrawal`: depth is multiplied by `exp(-withdrawal f)` when the shock lowers the price by the fraction `f`; from 0
    /// to 50.
    pub withdrawal: f64,
}

/// `q = q0 exp(-Q / D)`, `D = depth exp(-withdrawal max(0, 1 - q0 / initial))`.
///
/// With `withdrawal = 5` a shock of -20 % leaves `exp(-1)`, 37 %, of the depth; with 0 it is [`crate::Exponential`].
/// Ordered: written as `(Q / depth) exp(withdrawal fall)` every argument enters with one sign, and a lower shocked price
/// lowers the price twice over. Errors: `depth` of 0 or less, `withdrawal` outside its range. The formula is our own; that
/// liquidity falls when its providers lose is the mechanism of Kyle and Xiong (2001) and of Brunnermeier and Pedersen (2009).
///
/// ```
/// use delever_core::{ImpactKernel, Quote};
/// use delever_impact::{StressedDepth, StressedDepthRow};
/// let row = StressedDepthRow { depth: 100.0, withdrawal: 5.0 };
/// let price = StressedDepth.price(Quote { initial: 1.0, shocked: 0.8 }, 10.0, &row);
/// assert!((price - 0.8 * (-0.1 * 1.0_f64.exp()).exp()).abs() < 1e-15);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct StressedDepth;

impl Decay for StressedDepth {
    type Row = StressedDepthRow;

    fn z<N: Real>(quote: Quote, sold: N, row: &StressedDepthRow) -> N {
        sold / N::from(row.depth) * (N::from(row.withdrawal) * fall(quote)).exp()
    }

    fn z_by_fall(quote: Quote, sold: f64, row: &StressedDepthRow) -> f64 {
        row.withdrawal * Self::z::<f64>(quote, sold, row)
    }

    fn depth(row: &StressedDepthRow) -> f64 {
        row.depth
    }
}

curve_of_decay!(StressedDepth, StressedDepthRow, |row: &StressedDepthRow| {
    checks::depth("depth", row.depth)?;
    if (0.0..=LARGEST_WITHDRAWAL).contains(&row.withdrawal) {
        Ok(())
    } else {
        Err(SpecError::out_of_range(
            "withdrawal",
            row.withdrawal,
            format!("from 0 to {LARGEST_WITHDRAWAL}"),
        ))
    }
});

/// Parameters of [`StressedVolatility`].
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct StressedVolatilityRow {
    /// `adv`: average daily volume, money per day; `inf` is no impact.
    pub adv: f64,
    /// `volatility`: standard deviation of daily returns before the shock.
    pub volatility: f64,
    /// `horizon`: days over which sales are spread.
    pub horizon: f64,
    /// `depth_scale`: the number `c` in front; 0.4 after Cont and Schaanning (2017).
    #[serde(default = "default_scale")]
    pub depth_scale: f64,
    /// `volatility_stress`: volatility is multiplied by `1 + volatility_stress f` when the shock lowers the price by the
    /// fraction `f`; default 0.
    #[serde(default)]
    pub volatility_stress: f64,
}

fn default_scale() -> f64 {
    CONT_SCHAANNING_SCALE
}

/// `q = q0 exp(-Q / D)`, `D = depth_scale (adv / sigma) sqrt(horizon)`, `sigma = volatility (1 + volatility_stress max(0, 1 - q0 / initial))`.
///
/// The depth of [`crate::calibration::depth_from_volume`] with volatility that the shock raises: with
/// `volatility_stress = 5` a shock of -20 % doubles it and halves the depth. Ordered, as [`StressedDepth`] is. Errors name
/// the parameter that is negative or zero where it may not be. The depth is that of Cont and Schaanning (2017), its
/// dependence on the shock our own.
///
/// ```
/// use delever_core::{ImpactKernel, Quote};
/// use delever_impact::{StressedVolatility, StressedVolatilityRow};
/// let row = StressedVolatilityRow { adv: 50.0, volatility: 0.02, horizon: 20.0, depth_scale: 0.4, volatility_stress: 5.0 };
/// let price = StressedVolatility.price(Quote { initial: 1.0, shocked: 0.8 }, 100.0, &row);
/// assert!((price - 0.8 * (-100.0_f64 / (4472.135_954_999_58 / 2.0)).exp()).abs() < 1e-12);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct StressedVolatility;

impl Decay for StressedVolatility {
    type Row = StressedVolatilityRow;

    fn z<N: Real>(quote: Quote, sold: N, row: &StressedVolatilityRow) -> N {
        let volume = N::from(row.depth_scale) * N::from(row.adv) * N::from(row.horizon).sqrt();
        let stress = N::from(1.0) + N::from(row.volatility_stress) * fall(quote);
        sold / volume * (N::from(row.volatility) * stress)
    }

    fn z_by_fall(_: Quote, sold: f64, row: &StressedVolatilityRow) -> f64 {
        let volume = row.depth_scale * row.adv * row.horizon.sqrt();
        sold / volume * (row.volatility * row.volatility_stress)
    }

    fn depth(row: &StressedVolatilityRow) -> f64 {
        row.adv
    }
}

curve_of_decay!(
    StressedVolatility,
    StressedVolatilityRow,
    |row: &StressedVolatilityRow| {
        checks::depth("adv", row.adv)?;
        checks::coefficient("volatility", row.volatility)?;
        checks::above_zero("horizon", row.horizon)?;
        checks::above_zero("depth_scale", row.depth_scale)?;
        checks::coefficient("volatility_stress", row.volatility_stress)
    }
);
