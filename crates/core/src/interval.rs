//! Closed intervals with outward rounding: the arithmetic behind certificates.

use crate::elementary;
use crate::error_free::{add_down, add_up, below, sqrt_bounds};
use std::ops::{Add, Div, Mul, Sub};

/// A closed interval `[low, high]` that holds the exact value of a computation on doubles.
///
/// ```
/// use delever_core::Interval;
/// let third = Interval::from(1.0) / Interval::from(3.0);
/// assert!(third.low < third.high && third.high - third.low < 2e-16);
/// let sum = Interval::from(0.5) + Interval::from(0.25);
/// assert_eq!(sum, Interval::from(0.75)); // exact sums stay points
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// No exact value lies below this.
    pub low: f64,
    /// No exact value lies above this.
    pub high: f64,
}

impl Interval {
    /// The interval from `low` to `high`.
    pub fn new(low: f64, high: f64) -> Self {
        debug_assert!(low <= high, "[{low}, {high}]");
        Self { low, high }
    }

    /// The smallest interval that holds both.
    #[must_use]
    pub fn hull(self, other: Self) -> Self {
        Self {
            low: self.low.min(other.low),
            high: self.high.max(other.high),
        }
    }

    /// The interval around a computed value whose error is at most `ulps` units in the last place.
    pub fn around(value: f64, ulps: u32) -> Self {
        let (mut low, mut high) = (value, value);
        for _ in 0..ulps {
            low = low.next_down();
            high = high.next_up();
        }
        Self { low, high }
    }

    /// The natural exponential.
    #[must_use]
    pub fn exp(self) -> Self {
        let (low, high) = elementary::exp_bounds(self.low);
        let width = self.high - self.low;
        let high = if width == 0.0 {
            high
        } else if width < 1e-7 {
            // exp(x + w) <= exp(x) (1 + 1.01 w) for such w, and a few roundings.
            (high * (1.0 + (1.01 * width + 4.0 * f64::EPSILON))).next_up()
        } else {
            elementary::exp_bounds(self.high).1
        };
        Self { low, high }
    }
}

impl From<f64> for Interval {
    fn from(value: f64) -> Self {
        Self {
            low: value,
            high: value,
        }
    }
}

impl Add for Interval {
    type Output = Self;
    #[inline]
    fn add(self, other: Self) -> Self {
        Self {
            low: add_down(self.low, other.low),
            high: add_up(self.high, other.high),
        }
    }
}

impl Sub for Interval {
    type Output = Self;
    #[inline]
    fn sub(self, other: Self) -> Self {
        Self {
            low: add_down(self.low, -other.high),
            high: add_up(self.high, -other.low),
        }
    }
}

/// A lower bound of a product. Products by 0 and 1 are exact, and `0 * inf` is 0: an infinite cap times nothing.
///
/// Other products move by a unit in the last place whether they are exact or not: what decides who is solvent are
/// sums, and those stay exact where they are.
#[inline]
fn product_low(a: f64, b: f64) -> f64 {
    if a == 0.0 || b == 0.0 {
        0.0
    } else if a == 1.0 || b == 1.0 {
        a * b
    } else {
        below(a * b)
    }
}

#[inline]
fn product_high(a: f64, b: f64) -> f64 {
    0.0 - product_low(-a, b)
}

impl Mul for Interval {
    type Output = Self;
    #[inline]
    fn mul(self, other: Self) -> Self {
        if self.low >= 0.0 && other.low >= 0.0 {
            return Self {
                low: product_low(self.low, other.low),
                high: product_high(self.high, other.high),
            };
        }
        let pairs = [
            (self.low, other.low),
            (self.low, other.high),
            (self.high, other.low),
            (self.high, other.high),
        ];
        let mut hull = Self {
            low: f64::INFINITY,
            high: f64::NEG_INFINITY,
        };
        for (a, b) in pairs {
            hull.low = hull.low.min(product_low(a, b));
            hull.high = hull.high.max(product_high(a, b));
        }
        hull
    }
}

/// A lower bound of a quotient by a positive number; exact where nothing is divided, or by 1.
#[inline]
fn quotient_low(a: f64, b: f64) -> f64 {
    if a == 0.0 || b == 1.0 || b.is_infinite() {
        a / b
    } else {
        below(a / b)
    }
}

impl Div for Interval {
    type Output = Self;
    /// A denominator that touches zero or lies below it gives the whole line: callers decide such cases first.
    fn div(self, other: Self) -> Self {
        if other.low <= 0.0 {
            return Self {
                low: f64::NEG_INFINITY,
                high: f64::INFINITY,
            };
        }
        let low_by = if self.low >= 0.0 { other.high } else { other.low };
        let high_by = if self.high >= 0.0 { other.low } else { other.high };
        Self {
            low: quotient_low(self.low, low_by),
            high: 0.0 - quotient_low(-self.high, high_by),
        }
    }
}

impl crate::Real for Interval {
    type Given = f64;
    const NOTHING: f64 = 0.0;

    #[inline]
    fn given(amount: f64) -> Self {
        Self::from(amount)
    }

    #[inline]
    fn between(low: f64, high: f64) -> Self {
        Self { low, high }
    }

    #[inline]
    fn if_zero(self, zero: impl FnOnce() -> Self, otherwise: impl FnOnce() -> Self) -> Self {
        Self::from(0.0).if_below(self, otherwise, zero)
    }

    fn at_least(self, floor: f64) -> Self {
        Self {
            low: self.low.max(floor),
            high: self.high.max(floor),
        }
    }

    fn at_most(self, cap: f64) -> Self {
        Self {
            low: self.low.min(cap),
            high: self.high.min(cap),
        }
    }

    fn sqrt(self) -> Self {
        Self {
            low: sqrt_bounds(self.low).0,
            high: sqrt_bounds(self.high).1,
        }
    }

    fn exp(self) -> Self {
        Interval::exp(self)
    }

    fn one_minus_tanh(self) -> Self {
        Self {
            low: elementary::one_minus_tanh_bounds(self.high).0,
            high: elementary::one_minus_tanh_bounds(self.low).1,
        }
    }

    fn pow(self, exponent: f64) -> Self {
        Self {
            low: elementary::pow_bounds(self.low, exponent).0,
            high: elementary::pow_bounds(self.high, exponent).1,
        }
    }

    fn is_zero(self) -> bool {
        self.low == 0.0 && self.high == 0.0
    }

    #[inline]
    fn if_below(
        self,
        threshold: Self,
        below: impl FnOnce() -> Self,
        otherwise: impl FnOnce() -> Self,
    ) -> Self {
        if self.high < threshold.low {
            below()
        } else if self.low >= threshold.high {
            otherwise()
        } else {
            below().hull(otherwise())
        }
    }

    #[inline]
    fn fraction_of(self, whole: Self) -> Self {
        // A quotient below 1 may round to 1; its bounds stay on their sides all the same.
        let low = self.low.fraction_of(whole.high);
        let high = self.high.fraction_of(whole.low);
        let inside = |part: f64, whole: f64| part > 0.0 && part < whole;
        Self {
            low: if inside(self.low, whole.high) {
                low - low * f64::EPSILON
            } else {
                low
            },
            high: if inside(self.high, whole.low) {
                (high + high * f64::EPSILON).min(1.0)
            } else {
                high
            },
        }
    }

    #[inline]
    fn signed_fraction_of(self, whole: Self) -> Self {
        let fraction = self.fraction_of(whole);
        if self.low >= 0.0 {
            return fraction;
        }
        let mirrored = Self {
            low: -self.high,
            high: -self.low,
        };
        let below = mirrored.fraction_of(whole);
        // Nothing is a part of nothing: a whole that may be 0 may give 0.
        let nearest = if whole.low <= 0.0 { 0.0 } else { below.low };
        Self {
            low: if whole.high > 0.0 { -below.high } else { 0.0 },
            high: if self.high < 0.0 {
                0.0 - nearest
            } else {
                fraction.high
            },
        }
    }
}
