//! Linear impact, as in Kyle (1985) and Greenwood, Landier and Thesmar (2015).

use crate::checks;
use crate::curve::{Curve, kernel_of};
use delever_core::{Quote, Real, SpecError};

/// Parameters of models that know one depth.
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct DepthRow {
    /// `depth`: money. Under `linear`, what is sold for a fall of 100 %; under `exponential`, for a fall by `1 - 1/e`.
    pub depth: f64,
}

/// `q = q0 max(0, 1 - Q / depth)`.
///
/// ```
/// use delever_core::ImpactKernel;
/// use delever_impact::{DepthRow, Linear};
/// assert_eq!(Linear.survival(25.0, &DepthRow { depth: 100.0 }), 0.75);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Linear;

impl Curve for Linear {
    type Row = DepthRow;

    #[inline(always)]
    fn survival<N: Real>(sold: N, row: &DepthRow) -> N {
        (N::from(1.0) - sold / N::from(row.depth)).at_least(0.0)
    }

    fn average(quote: Quote, sold: f64, row: &DepthRow) -> f64 {
        let z = sold / row.depth;
        quote.shocked * if z <= 1.0 { 1.0 - z / 2.0 } else { 0.5 / z }
    }

    fn slope(quote: Quote, sold: f64, row: &DepthRow) -> f64 {
        if sold < row.depth {
            -quote.shocked / row.depth
        } else {
            0.0
        }
    }

    fn depth(row: &DepthRow) -> Option<f64> {
        Some(row.depth)
    }

    fn check(_: Quote, row: &DepthRow) -> Result<(), SpecError> {
        checks::depth("depth", row.depth)
    }
}

kernel_of!(Linear, DepthRow);
