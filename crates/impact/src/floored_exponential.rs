//! Exponential impact that stops at a floor price, after Cont and Schaanning (2017).

use crate::checks;
use crate::curve::{Curve, kernel_of, mean_decay};
use delever_core::{Quote, Real, SpecError};

/// Parameters of [`FlooredExponential`].
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct FlooredRow {
    /// `depth`: money.
    pub depth: f64,
    /// `price_floor`: money per unit, below the initial price; buyers of last resort stand there.
    pub price_floor: f64,
}

/// `q = floor + (q0 - floor) exp(-Q / ((1 - floor / initial) depth))`, and `q0` if that is at the floor or below.
///
/// ```
/// use delever_core::{ImpactKernel, Quote};
/// use delever_impact::{FlooredExponential, FlooredRow};
/// let row = FlooredRow { depth: 100.0, price_floor: 0.5 };
/// let quote = Quote { initial: 1.0, shocked: 0.9 };
/// let price = FlooredExponential.price(quote, 50.0, &row);
/// assert!((price - (0.5 + 0.4 * (-1.0_f64).exp())).abs() < 1e-15);
/// assert_eq!(FlooredExponential.price(Quote { initial: 1.0, shocked: 0.4 }, 50.0, &row), 0.4);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct FlooredExponential;

/// `Q / ((1 - floor / initial) depth)`.
pub(crate) fn scaled<N: Real>(quote: Quote, sold: N, row: &FlooredRow) -> N {
    let room = N::from(1.0) - N::from(row.price_floor) / N::from(quote.initial);
    sold / (room * N::from(row.depth))
}

impl Curve for FlooredExponential {
    type Row = FlooredRow;
    const PRICE_IS_MULTIPLE: bool = false;

    /// Relative to a shocked price of 1 and an initial price of 1.
    fn survival<N: Real>(sold: N, row: &FlooredRow) -> N {
        Self::price(
            Quote {
                initial: 1.0,
                shocked: 1.0,
            },
            sold,
            row,
        )
    }

    fn price<N: Real>(quote: Quote, sold: N, row: &FlooredRow) -> N {
        let scaled = scaled(quote, sold, row);
        // Where sales weigh nothing the price is the shocked one, which `floor + (q0 - floor)` may miss by a rounding.
        if quote.shocked <= row.price_floor || scaled.is_zero() {
            return N::from(quote.shocked);
        }
        let floor = N::from(row.price_floor);
        let decay = (N::from(0.0) - scaled).exp();
        (floor + (N::from(quote.shocked) - floor) * decay).at_most(quote.shocked)
    }

    fn average(quote: Quote, sold: f64, row: &FlooredRow) -> f64 {
        if quote.shocked <= row.price_floor {
            return quote.shocked;
        }
        row.price_floor + (quote.shocked - row.price_floor) * mean_decay(scaled(quote, sold, row))
    }

    fn slope(quote: Quote, sold: f64, row: &FlooredRow) -> f64 {
        if quote.shocked <= row.price_floor {
            return 0.0;
        }
        let room = (1.0 - row.price_floor / quote.initial) * row.depth;
        -(quote.shocked - row.price_floor) / room * Real::exp(-sold / room)
    }

    fn slope_by_shocked(quote: Quote, sold: f64, row: &FlooredRow) -> f64 {
        if quote.shocked <= row.price_floor {
            1.0
        } else {
            Real::exp(-scaled::<f64>(quote, sold, row))
        }
    }

    fn shocked_kink(quote: Quote, row: &FlooredRow) -> f64 {
        (quote.shocked - row.price_floor).abs()
    }

    fn depth(row: &FlooredRow) -> Option<f64> {
        Some(row.depth)
    }

    fn check(quote: Quote, row: &FlooredRow) -> Result<(), SpecError> {
        checks::depth("depth", row.depth)?;
        checks::price_floor(quote, row.price_floor)
    }
}

kernel_of!(FlooredExponential, FlooredRow);
