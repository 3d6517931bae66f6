//! One formula, two arithmetics: doubles for the solution, intervals for its proof.

use std::fmt::Debug;
use std::ops::{Add, Div, Mul, Sub};

/// A number that a model's formula computes with: `f64` for the value, [`crate::Interval`] for verified bounds,
/// [`crate::Dual`] for derivatives.
///
/// Write each formula so that every argument enters with one sign only; then the `f64` version is monotone in
/// floating point, and order laws hold with zero tolerance.
///
/// ```
/// use delever_core::{Interval, Real};
/// fn linear<N: Real>(sold: N, depth: f64) -> N {
///     (N::from(1.0) - sold / N::from(depth)).at_least(0.0)
/// }
/// let value = linear(1.0, 3.0);
/// let proof = linear(Interval::from(1.0), 3.0);
/// assert!(proof.low <= value && value <= proof.high);
/// ```
pub trait Real:
    Copy
    + Debug
    + From<f64>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + PartialEq
{
    /// An amount that is given, not computed: `f64`, or as many as are computed side by side.
    type Given: Copy + Debug + Send + Sync;
    /// An amount of nothing.
    const NOTHING: Self::Given;

    /// A given amount as a number.
    #[must_use]
    fn given(amount: Self::Given) -> Self;
    /// A number known only to lie between two given amounts: for intervals all of them, otherwise the lower.
    #[must_use]
    #[inline]
    fn between(low: Self::Given, _high: Self::Given) -> Self {
        Self::given(low)
    }
    /// `max(self, floor)`.
    #[must_use]
    fn at_least(self, floor: f64) -> Self;
    /// `min(self, cap)`.
    #[must_use]
    fn at_most(self, cap: f64) -> Self;
    /// The square root of a number `>= 0`.
    #[must_use]
    fn sqrt(self) -> Self;
    /// The natural exponential, monotone in floating point and the same bits on every platform.
    #[must_use]
    fn exp(self) -> Self;
    /// `1 - tanh(self)` for `self >= 0`, monotone in floating point.
    #[must_use]
    fn one_minus_tanh(self) -> Self;
    /// `self^exponent` for `self >= 0` and `exponent > 0`, monotone in floating point.
    #[must_use]
    fn pow(self, exponent: f64) -> Self;
    /// Whether the number is exactly zero. Asked only of amounts at face, which are the same in all scenarios that are computed
    /// side by side.
    fn is_zero(self) -> bool;
    /// `below()` if `self < threshold`, else `otherwise()`; for undecided intervals the hull of both.
    #[must_use]
    fn if_below(
        self,
        threshold: Self,
        below: impl FnOnce() -> Self,
        otherwise: impl FnOnce() -> Self,
    ) -> Self;
    /// `zero()` if `self` is zero, else `otherwise()`, for numbers `>= 0`; for intervals that hold zero beside others the
    /// hull of both.
    ///
    /// ```
    /// use delever_core::{Interval, Real};
    /// let share = |whole: Interval| whole.if_zero(|| Interval::from(1.0), || Interval::from(0.25).fraction_of(whole));
    /// assert_eq!(share(Interval::from(0.0)), Interval::from(1.0));
    /// assert!(share(Interval::new(0.0, 0.5)).low < 0.5 && share(Interval::new(0.0, 0.5)).high == 1.0);
    /// ```
    #[must_use]
    #[inline(always)]
    fn if_zero(self, zero: impl FnOnce() -> Self, otherwise: impl FnOnce() -> Self) -> Self {
        if self.is_zero() { zero() } else { otherwise() }
    }
    /// `clip(self / whole, 0, 1)`, with 0 if `self <= 0`, else 1 if `whole <= 0`; never divides by zero.
    #[must_use]
    fn fraction_of(self, whole: Self) -> Self;
    /// `clip(self / whole, -1, 1)`: as [`Self::fraction_of`] for numbers `>= 0`; below, 0 if `whole <= 0`.
    #[must_use]
    fn signed_fraction_of(self, whole: Self) -> Self;
}

impl Real for f64 {
    type Given = f64;
    const NOTHING: f64 = 0.0;

    #[inline]
    fn given(amount: f64) -> Self {
        amount
    }

    #[inline]
    fn at_least(self, floor: f64) -> Self {
        if self > floor { self } else { floor }
    }

    #[inline]
    fn at_most(self, cap: f64) -> Self {
        if self < cap { self } else { cap }
    }

    #[inline]
    fn sqrt(self) -> Self {
        f64::sqrt(self)
    }

    #[inline]
    fn exp(self) -> Self {
        crate::elementary::exp(self)
    }

    #[inline]
    fn one_minus_tanh(self) -> Self {
        crate::elementary::one_minus_tanh(self)
    }

    #[inline]
    fn pow(self, exponent: f64) -> Self {
        crate::elementary::pow(self, exponent)
    }

    #[inline]
    fn is_zero(self) -> bool {
        self == 0.0
    }

    #[inline]
    fn if_below(
        self,
        threshold: Self,
        below: impl FnOnce() -> Self,
        otherwise: impl FnOnce() -> Self,
    ) -> Self {
        if self < threshold { below() } else { otherwise() }
    }

    #[inline]
    fn fraction_of(self, whole: Self) -> Self {
        if self <= 0.0 {
            0.0
        } else if whole <= 0.0 || self >= whole {
            1.0
        } else {
            self / whole
        }
    }

    #[inline]
    fn signed_fraction_of(self, whole: Self) -> Self {
        if self < 0.0 {
            if whole > 0.0 {
                -((-self).fraction_of(whole))
            } else {
                0.0
            }
        } else {
            self.fraction_of(whole)
        }
    }
}
