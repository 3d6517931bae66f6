//! Power-law impact.

use crate::checks;
use crate::curve::{Curve, kernel_of};
use delever_core::{Quote, Real, SpecError, elementary};

/// Parameters of [`Power`].
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct PowerRow {
    /// `c >= 0`: relative fall when `Q = depth`.
    pub c: f64,
    /// `g`: exponent, from 0.01 to 10; 0.5 is the square-root law.
    pub g: f64,
    /// `depth`: money.
    pub depth: f64,
}

/// `q = q0 max(0, 1 - c (Q / depth)^g)`.
///
/// ```
/// use delever_core::ImpactKernel;
/// use delever_impact::{Power, PowerRow};
/// assert_eq!(Power.survival(25.0, &PowerRow { c: 0.5, g: 0.5, depth: 100.0 }), 0.75);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Power;

/// Average of `max(0, 1 - y)` over the path, where `y = c z^g` at its end.
pub(crate) fn mean_of_power(y: f64, g: f64) -> f64 {
    if y <= 1.0 {
        1.0 - y / (g + 1.0)
    } else {
        // The price is zero from z0 = c^(-1/g) on, and z0 / z = y^(-1/g).
        elementary::pow(1.0 / y, 1.0 / g) * (g / (g + 1.0))
    }
}

impl Curve for Power {
    type Row = PowerRow;

    #[inline(always)]
    fn survival<N: Real>(sold: N, row: &PowerRow) -> N {
        let fall = N::from(row.c) * (sold / N::from(row.depth)).pow(row.g);
        (N::from(1.0) - fall).at_least(0.0)
    }

    fn average(quote: Quote, sold: f64, row: &PowerRow) -> f64 {
        quote.shocked * mean_of_power(row.c * elementary::pow(sold / row.depth, row.g), row.g)
    }

    fn slope(quote: Quote, sold: f64, row: &PowerRow) -> f64 {
        let z = sold / row.depth;
        let fall = row.c * elementary::pow(z, row.g);
        if fall >= 1.0 || row.c == 0.0 || row.depth.is_infinite() {
            0.0
        } else if z == 0.0 {
            // One-sided at no sale: infinite below the linear exponent.
            if row.g < 1.0 {
                f64::NEG_INFINITY
            } else if row.g > 1.0 {
                0.0
            } else {
                -quote.shocked * row.c / row.depth
            }
        } else {
            -quote.shocked * fall * row.g / sold
        }
    }

    /// Where the price reaches zero: `Q = depth c^(-1/g)`.
    fn kink(sold: f64, row: &PowerRow) -> f64 {
        if row.c == 0.0 {
            f64::INFINITY
        } else {
            (row.depth * elementary::pow(1.0 / row.c, 1.0 / row.g) - sold).abs()
        }
    }

    fn depth(row: &PowerRow) -> Option<f64> {
        Some(row.depth)
    }

    fn check(_: Quote, row: &PowerRow) -> Result<(), SpecError> {
        checks::depth("depth", row.depth)?;
        checks::coefficient("c", row.c)?;
        if (0.01..=10.0).contains(&row.g) {
            Ok(())
        } else {
            Err(SpecError::out_of_range("g", row.g, "from 0.01 to 10"))
        }
    }
}

kernel_of!(Power, PowerRow);
