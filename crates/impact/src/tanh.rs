//! Hyperbolic-tangent impact that stops at a floor price.

use crate::checks;
use crate::curve::{Curve, kernel_of};
use crate::floored_exponential::{FlooredRow, scaled};
use delever_core::{Quote, Real, SpecError, elementary};

/// `q = floor + (q0 - floor) (1 - tanh(Q / ((1 - floor / initial) depth)))`, and `q0` if that is at the floor or below.
///
/// Near no sale it falls as [`crate::FlooredExponential`] does, further on faster: half of the fall is done at 0.549 times
/// the scaled depth instead of 0.693. The form `2 / (1 + exp(2 z))` of `1 - tanh z` has `z` once, so prices are monotone
/// in floating point. `depth` is money, `price_floor` money per unit and below the initial price; anything else is an
/// error. A variant of the floored form of Cont and Schaanning (2017).
///
/// ```
/// use delever_core::{ImpactKernel, Quote};
/// use delever_impact::{FlooredRow, Tanh};
/// let row = FlooredRow { depth: 100.0, price_floor: 0.5 };
/// let quote = Quote { initial: 1.0, shocked: 0.9 };
/// let price = Tanh.price(quote, 50.0, &row);
/// assert!((price - (0.5 + 0.4 * (1.0 - 1.0_f64.tanh()))).abs() < 1e-15);
/// assert_eq!(Tanh.price(Quote { initial: 1.0, shocked: 0.4 }, 50.0, &row), 0.4);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Tanh;

/// `(1 / z) * integral of 1 - tanh from 0 to z = 1 - ln(cosh z) / z`, 1 at 0.
fn mean_of_rest(z: f64) -> f64 {
    let rest = elementary::one_minus_tanh(z);
    let tanh = 1.0 - rest;
    if z == 0.0 {
        1.0
    } else if z < 1.0 {
        // ln(cosh z) = -ln(1 - tanh^2 z) / 2, which keeps its digits near 0.
        1.0 - elementary::minus_ln_of_rest(tanh * tanh) / (2.0 * z)
    } else {
        // z - ln(cosh z) = ln(1 + tanh z), which keeps them far out.
        elementary::ln(1.0 + tanh) / z
    }
}

impl Curve for Tanh {
    type Row = FlooredRow;
    const PRICE_IS_MULTIPLE: bool = false;

    /// Relative to a shocked price of 1 and an initial price of 1.
    fn survival<N: Real>(sold: N, row: &FlooredRow) -> N {
        let quote = Quote {
            initial: 1.0,
            shocked: 1.0,
        };
        Self::price(quote, sold, row)
    }

    fn price<N: Real>(quote: Quote, sold: N, row: &FlooredRow) -> N {
        let scaled = scaled(quote, sold, row);
        // As under the floored exponential: without weight the price is the shocked one, to the last bit.
        if quote.shocked <= row.price_floor || scaled.is_zero() {
            return N::from(quote.shocked);
        }
        let floor = N::from(row.price_floor);
        (floor + (N::from(quote.shocked) - floor) * scaled.one_minus_tanh()).at_most(quote.shocked)
    }

    fn average(quote: Quote, sold: f64, row: &FlooredRow) -> f64 {
        let scaled: f64 = scaled(quote, sold, row);
        if quote.shocked <= row.price_floor || scaled == 0.0 {
            return quote.shocked;
        }
        row.price_floor + (quote.shocked - row.price_floor) * mean_of_rest(scaled)
    }

    fn slope(quote: Quote, sold: f64, row: &FlooredRow) -> f64 {
        if quote.shocked <= row.price_floor {
            return 0.0;
        }
        let room = (1.0 - row.price_floor / quote.initial) * row.depth;
        let rest = elementary::one_minus_tanh(sold / room);
        -(quote.shocked - row.price_floor) / room * (rest * (2.0 - rest))
    }

    fn slope_by_shocked(quote: Quote, sold: f64, row: &FlooredRow) -> f64 {
        if quote.shocked <= row.price_floor {
            1.0
        } else {
            elementary::one_minus_tanh(scaled(quote, sold, row))
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

kernel_of!(Tanh, FlooredRow);

#[cfg(test)]
mod tests {
    use super::mean_of_rest;

    /// Independent values, from an arbitrary-precision calculator.
    #[test]
    #[allow(clippy::excessive_precision)]
    fn the_average_keeps_its_digits_near_zero_and_far_out() {
        for (z, expected) in [
            (1e-6, 0.999_999_500_000_000_083_36),
            (0.01, 0.995_000_083_331_111_178_46),
            (0.5, 0.759_770_986_083_444_950_74),
            (0.999, 0.566_547_100_679_795_002_51),
            (1.0, 0.566_219_169_516_972_812_98),
            (1.5, 0.429_706_552_657_468_833_77),
            (10.0, 0.069_314_717_849_879_168_91),
            (400.0, 0.001_732_867_951_399_863_27),
        ] {
            let value = mean_of_rest(z);
            assert!((value - expected).abs() < 4e-16, "{z}: {value}");
        }
    }
}
