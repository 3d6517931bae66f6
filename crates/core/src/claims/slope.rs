//! Slopes of what an institution pays in what it receives.

use crate::Interval;

/// The end of a range of receipts at which a balance sheet stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// The institution receives no more than on the sheet.
    Upper,
    /// The institution receives no less than on the sheet.
    Lower,
}

/// The steepest slope that `f(y) = max(0, y - start)` keeps between the anchor `y = at` and every `x` between `at` and `other`,
/// rounded down, as [`ramp_slope`] does for a ramp that ends: what shareholders are left.
pub fn residual_slope(anchor: Anchor, at: Interval, other: Interval, start: Interval) -> f64 {
    match anchor {
        _ if at.low < start.high => 0.0,
        Anchor::Upper if other.low < start.high => {
            let (height, width) = (at - start, at - other);
            if width.low > 0.0 {
                (height / width).low.clamp(0.0, 1.0)
            } else {
                0.0
            }
        }
        _ => 1.0,
    }
}

/// The steepest slope that `f(y) = clip((y - start) / length, 0, 1)` keeps between the anchor `y = at` and every `x` between
/// `at` and `other`, rounded down: `|f(at) - f(x)| >= slope |at - x|`.
///
/// Above the ramp, or below it at a lower anchor, that is 0; along the ramp `1 / length`; where the range leaves the
/// ramp, the chord to its far end.
///
/// ```
/// use delever_core::{Anchor, Interval, ramp_slope};
/// let exact = |value: f64| Interval::from(value);
/// let slope = |at, other| ramp_slope(Anchor::Upper, exact(at), exact(other), exact(0.0), exact(4.0));
/// assert!((slope(3.0, 1.0) - 0.25).abs() < 1e-15);
/// assert_eq!(slope(5.0, 1.0), 0.0);
/// // From 3 at y = 3 down to 0 at y = -3: three quarters lost over six.
/// assert!((slope(3.0, -3.0) - 0.125).abs() < 1e-15);
/// ```
pub fn ramp_slope(anchor: Anchor, at: Interval, other: Interval, start: Interval, length: Interval) -> f64 {
    let end = start + length;
    let one = Interval::from(1.0);
    let chord = |height: Interval, width: Interval| {
        if width.low > 0.0 {
            height / (length * width)
        } else {
            Interval::from(0.0)
        }
    };
    if length.low <= 0.0 {
        return 0.0;
    }
    let slope = match anchor {
        Anchor::Upper if at.high > end.low || at.low <= start.high => return 0.0,
        Anchor::Upper if other.low >= start.high => one / length,
        Anchor::Upper => chord(at - start, at - other),
        Anchor::Lower if at.low < start.high || at.high >= end.low => return 0.0,
        Anchor::Lower if other.high <= end.low => one / length,
        Anchor::Lower => chord(end - at, other - at),
    };
    if slope.low.is_finite() {
        slope.low.max(0.0)
    } else {
        0.0
    }
}
