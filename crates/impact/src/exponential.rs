//! Exponential impact, as in Cifuentes, Ferrucci and Shin (2005).

use crate::curve::{Curve, kernel_of, mean_decay};
use crate::{DepthRow, checks};
use delever_core::{Quote, Real, SpecError};

/// `q = q0 exp(-Q / depth)`.
///
/// ```
/// use delever_core::ImpactKernel;
/// use delever_impact::{DepthRow, Exponential};
/// let after = Exponential.survival(100.0, &DepthRow { depth: 100.0 });
/// assert!((after - (-1.0_f64).exp()).abs() < 1e-15);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Exponential;

impl Curve for Exponential {
    type Row = DepthRow;

    #[inline(always)]
    fn survival<N: Real>(sold: N, row: &DepthRow) -> N {
        (N::from(0.0) - sold / N::from(row.depth)).exp()
    }

    fn average(quote: Quote, sold: f64, row: &DepthRow) -> f64 {
        quote.shocked * mean_decay(sold / row.depth)
    }

    fn slope(quote: Quote, sold: f64, row: &DepthRow) -> f64 {
        -quote.shocked / row.depth * Real::exp(-sold / row.depth)
    }

    fn depth(row: &DepthRow) -> Option<f64> {
        Some(row.depth)
    }

    fn check(_: Quote, row: &DepthRow) -> Result<(), SpecError> {
        checks::depth("depth", row.depth)
    }
}

kernel_of!(Exponential, DepthRow);
