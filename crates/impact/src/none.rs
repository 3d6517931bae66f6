//! No impact: sales leave prices where the shock put them.

use crate::curve::{Curve, kernel_of};
use delever_core::{NoColumns, Quote, Real, SpecError};

/// `q = q0`, whatever is sold.
///
/// ```
/// use delever_core::{ImpactKernel, NoColumns};
/// assert_eq!(delever_impact::NoImpact.survival(1e9, &NoColumns {}), 1.0);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct NoImpact;

impl Curve for NoImpact {
    type Row = NoColumns;

    #[inline(always)]
    fn survival<N: Real>(_: N, _: &NoColumns) -> N {
        N::from(1.0)
    }

    fn average(quote: Quote, _: f64, _: &NoColumns) -> f64 {
        quote.shocked
    }

    fn slope(_: Quote, _: f64, _: &NoColumns) -> f64 {
        0.0
    }

    fn check(_: Quote, _: &NoColumns) -> Result<(), SpecError> {
        Ok(())
    }
}

kernel_of!(NoImpact, NoColumns);
