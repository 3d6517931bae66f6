//! Closed intervals whose ends are unevaluated sums of two doubles: about 30 digits where a double keeps 16.

use crate::elementary::{self, Double, add, divide, exp_double, ln_of_double, multiply, scale};
use crate::error_free::{two_product, two_sum};
use crate::{Interval, Real};
use std::ops::{Add, Div, Mul, Sub};

/// `2^-100`. Sums lose `3 u^2`, products `7 u^2`, quotients and roots a few more, `u^2 = 2^-106` (Joldes, Muller and Popescu
/// 2017, ACM Transactions on Mathematical Software 44(2)); all stay far below.
const ROUNDING: f64 = 1.0 / (1_u128 << 100) as f64;
/// `2^-82`: exponentials and powers, whose own error is below `2^-85` (see [`elementary`]).
const TRANSCENDENTAL: f64 = 1.0 / (1_u128 << 82) as f64;
/// What a product or quotient may lose where its parts underflow.
const UNDERFLOW: f64 = 1e-280;
/// Numbers between which products have an exact error term.
const EXACT: std::ops::RangeInclusive<f64> = 1e-250..=1e250;

/// A closed interval that holds the exact value of a computation on doubles, to some 30 digits.
///
/// It serves re-checks close to a tipping point, where bounds in doubles are too wide. An end is the sum of its two parts, the
/// second at most half a unit in the last place of the first. Each operation moves an end outward by `2^-100` relatively, or
/// not at all where it is exact on plain doubles.
///
/// ```
/// use delever_core::FineInterval;
/// let third = FineInterval::from(1.0) / FineInterval::from(3.0);
/// let rest = FineInterval::from(1.0) - (third + third + third);
/// let rest = rest.outward();
/// assert!(rest.low <= 0.0 && rest.high >= 0.0 && rest.high - rest.low < 1e-28);
/// assert_eq!((FineInterval::from(0.5) + FineInterval::from(0.25)).outward().low, 0.75);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FineInterval {
    low: Double,
    high: Double,
}

/// Whether `a < b`.
#[inline]
fn less(a: Double, b: Double) -> bool {
    a.0 < b.0 || a.0 == b.0 && a.1 < b.1
}

#[inline]
fn least(a: Double, b: Double) -> Double {
    if less(b, a) { b } else { a }
}

#[inline]
fn largest(a: Double, b: Double) -> Double {
    if less(a, b) { b } else { a }
}

#[inline]
fn is_zero(a: Double) -> bool {
    a.0 == 0.0 && a.1 == 0.0
}

/// The number moved by a relative and an absolute error, toward `side` (1 or -1).
#[inline]
fn moved(a: Double, relative: f64, absolute: f64, side: f64) -> Double {
    if a.0.is_finite() {
        add(a, (side * (a.0.abs() * relative + absolute), 0.0))
    } else {
        a
    }
}

/// A bound of `a + b` on the given side.
#[inline]
fn sum(a: Double, b: Double, side: f64) -> Double {
    let plain = a.0 + b.0;
    if !plain.is_finite() {
        (plain, 0.0)
    } else if a.1 == 0.0 && b.1 == 0.0 {
        two_sum(a.0, b.0)
    } else {
        moved(add(a, b), ROUNDING, 0.0, side)
    }
}

/// A bound of `a * b` on the given side; `0 * inf` is 0.
#[inline]
fn product(a: Double, b: Double, side: f64) -> Double {
    if is_zero(a) || is_zero(b) {
        return (0.0, 0.0);
    }
    let plain = a.0 * b.0;
    if !plain.is_finite() {
        return (plain, 0.0);
    }
    let exact = [a.0, b.0, plain].iter().all(|x| EXACT.contains(&x.abs()));
    if a == (1.0, 0.0) {
        b
    } else if b == (1.0, 0.0) {
        a
    } else if exact && a.1 == 0.0 && b.1 == 0.0 {
        two_product(a.0, b.0)
    } else if exact {
        moved(multiply(a, b), ROUNDING, UNDERFLOW, side)
    } else {
        // Too small or too large for error terms: 52 digits and their rounding.
        moved((plain, 0.0), 8.0 * f64::EPSILON, UNDERFLOW, side)
    }
}

/// A bound of `a / b` on the given side, `b > 0`.
#[inline]
fn quotient(a: Double, b: Double, side: f64) -> Double {
    if is_zero(a) || b.0.is_infinite() && a.0.is_finite() {
        return (0.0, 0.0);
    }
    let plain = a.0 / b.0;
    if b == (1.0, 0.0) {
        a
    } else if !plain.is_finite() {
        (plain, 0.0)
    } else if [a.0, b.0, plain].iter().all(|x| EXACT.contains(&x.abs())) {
        moved(divide(a, b), ROUNDING, UNDERFLOW, side)
    } else {
        moved((plain, 0.0), 8.0 * f64::EPSILON, UNDERFLOW, side)
    }
}

/// A bound of `sqrt a`, `a >= 0`, on the given side.
fn root(a: Double, side: f64) -> Double {
    let plain = a.0.max(0.0).sqrt();
    if plain == 0.0 || !plain.is_finite() {
        return (plain, 0.0);
    }
    if !EXACT.contains(&a.0) {
        return moved((plain, 0.0), 8.0 * f64::EPSILON, 0.0, side);
    }
    let square = two_product(plain, plain);
    let rest = add(a, (-square.0, -square.1));
    if is_zero(rest) {
        return (plain, 0.0);
    }
    let correction = divide(rest, (2.0 * plain, 0.0));
    moved(add((plain, 0.0), correction), ROUNDING, 0.0, side)
}

/// A bound of `exp a` on the given side; 1 at 0.
fn exponential(a: Double, side: f64) -> Double {
    if is_zero(a) {
        return (1.0, 0.0);
    }
    if !(-500.0..=500.0).contains(&a.0) {
        let (low, high) = elementary::exp_bounds(a.0);
        // The second part moves the value by less than 1e-13 relatively.
        return moved((if side > 0.0 { high } else { low }, 0.0), 1e-12, 0.0, side);
    }
    let (value, exponent) = exp_double(a);
    let value = (scale(value.0, exponent), scale(value.1, exponent));
    moved(value, TRANSCENDENTAL, 0.0, side)
}

/// A bound of `a^exponent`, `a >= 0`, on the given side.
fn power(a: Double, exponent: f64, side: f64) -> Double {
    if !(a.0 > 0.0) {
        return (0.0, 0.0);
    }
    if a == (1.0, 0.0) || exponent == 1.0 {
        return a;
    }
    let exact = EXACT.contains(&a.0);
    let logarithm = if exact {
        multiply(ln_of_double(a), (exponent, 0.0))
    } else {
        (f64::INFINITY, 0.0)
    };
    if logarithm.0.abs() > 500.0 || !logarithm.0.is_finite() {
        let (low, high) = elementary::pow_bounds(a.0, exponent);
        return moved((if side > 0.0 { high } else { low }, 0.0), 1e-12, UNDERFLOW, side);
    }
    let (value, shift) = exp_double(logarithm);
    let value = (scale(value.0, shift), scale(value.1, shift));
    moved(value, TRANSCENDENTAL, 0.0, side)
}

/// `clip(part / whole, 0, 1)` on the given side: 0 if `part <= 0`, else 1 if `whole <= 0`.
fn fraction(part: Double, whole: Double, side: f64) -> Double {
    let zero = (0.0, 0.0);
    if !less(zero, part) {
        zero
    } else if !less(zero, whole) || !less(part, whole) {
        (1.0, 0.0)
    } else {
        least(quotient(part, whole, side), (1.0, 0.0))
    }
}

impl FineInterval {
    /// Nothing, exactly.
    pub(crate) const ZERO: Self = Self {
        low: (0.0, 0.0),
        high: (0.0, 0.0),
    };

    /// The interval between two doubles.
    pub fn between(low: f64, high: f64) -> Self {
        Self {
            low: (low, 0.0),
            high: (high, 0.0),
        }
    }

    /// The number `high + low`, the second part at most half a unit in the last place of the first.
    pub fn sum_of(high: f64, low: f64) -> Self {
        let number = two_sum(high, low);
        Self {
            low: number,
            high: number,
        }
    }

    /// The lower end, as a sum of two doubles.
    pub fn low(self) -> (f64, f64) {
        self.low
    }

    /// The upper end, as a sum of two doubles.
    pub fn high(self) -> (f64, f64) {
        self.high
    }

    /// The smallest interval of doubles that holds it.
    #[must_use]
    pub fn outward(self) -> Interval {
        Interval {
            low: if self.low.1 < 0.0 {
                self.low.0.next_down()
            } else {
                self.low.0
            },
            high: if self.high.1 > 0.0 {
                self.high.0.next_up()
            } else {
                self.high.0
            },
        }
    }

    /// The smallest interval that holds both.
    #[must_use]
    pub fn hull(self, other: Self) -> Self {
        Self {
            low: least(self.low, other.low),
            high: largest(self.high, other.high),
        }
    }

    /// Whether every number of it lies below every number of the other.
    pub(crate) fn is_below(self, other: Self) -> bool {
        less(self.high, other.low)
    }

    /// Whether no number of it lies below any number of the other.
    pub(crate) fn is_not_below(self, other: Self) -> bool {
        !less(self.low, other.high)
    }

    fn negative(self) -> Self {
        Self {
            low: (-self.high.0, -self.high.1),
            high: (-self.low.0, -self.low.1),
        }
    }
}

impl From<f64> for FineInterval {
    fn from(value: f64) -> Self {
        Self::between(value, value)
    }
}

impl From<Interval> for FineInterval {
    fn from(bounds: Interval) -> Self {
        Self::between(bounds.low, bounds.high)
    }
}

impl Add for FineInterval {
    type Output = Self;
    #[inline]
    fn add(self, other: Self) -> Self {
        Self {
            low: sum(self.low, other.low, -1.0),
            high: sum(self.high, other.high, 1.0),
        }
    }
}

impl Sub for FineInterval {
    type Output = Self;
    #[inline]
    fn sub(self, other: Self) -> Self {
        let negative = other.negative();
        Self {
            low: sum(self.low, negative.low, -1.0),
            high: sum(self.high, negative.high, 1.0),
        }
    }
}

impl Mul for FineInterval {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        if self.low.0 >= 0.0 && other.low.0 >= 0.0 {
            return Self {
                low: product(self.low, other.low, -1.0),
                high: product(self.high, other.high, 1.0),
            };
        }
        let pairs = [
            (self.low, other.low),
            (self.low, other.high),
            (self.high, other.low),
            (self.high, other.high),
        ];
        let mut hull = Self {
            low: (f64::INFINITY, 0.0),
            high: (f64::NEG_INFINITY, 0.0),
        };
        for (a, b) in pairs {
            hull.low = least(hull.low, product(a, b, -1.0));
            hull.high = largest(hull.high, product(a, b, 1.0));
        }
        hull
    }
}

impl Div for FineInterval {
    type Output = Self;
    /// A denominator that touches zero or lies below it gives the whole line, as for an [`Interval`].
    fn div(self, other: Self) -> Self {
        if !less((0.0, 0.0), other.low) {
            return Self::between(f64::NEG_INFINITY, f64::INFINITY);
        }
        let low_by = if self.low.0 >= 0.0 { other.high } else { other.low };
        let high_by = if self.high.0 >= 0.0 { other.low } else { other.high };
        Self {
            low: quotient(self.low, low_by, -1.0),
            high: quotient(self.high, high_by, 1.0),
        }
    }
}

impl Real for FineInterval {
    type Given = f64;
    const NOTHING: f64 = 0.0;

    fn given(amount: f64) -> Self {
        Self::from(amount)
    }

    fn at_least(self, floor: f64) -> Self {
        Self {
            low: largest(self.low, (floor, 0.0)),
            high: largest(self.high, (floor, 0.0)),
        }
    }

    fn at_most(self, cap: f64) -> Self {
        Self {
            low: least(self.low, (cap, 0.0)),
            high: least(self.high, (cap, 0.0)),
        }
    }

    fn sqrt(self) -> Self {
        Self {
            low: root(self.low, -1.0),
            high: root(self.high, 1.0),
        }
    }

    fn exp(self) -> Self {
        Self {
            low: exponential(self.low, -1.0),
            high: exponential(self.high, 1.0),
        }
    }

    fn one_minus_tanh(self) -> Self {
        Self::from(2.0) / (Self::from(1.0) + (Self::from(2.0) * self).exp())
    }

    fn pow(self, exponent: f64) -> Self {
        Self {
            low: power(self.low, exponent, -1.0),
            high: power(self.high, exponent, 1.0),
        }
    }

    fn is_zero(self) -> bool {
        is_zero(self.low) && is_zero(self.high)
    }

    fn if_below(
        self,
        threshold: Self,
        below: impl FnOnce() -> Self,
        otherwise: impl FnOnce() -> Self,
    ) -> Self {
        if self.is_below(threshold) {
            below()
        } else if self.is_not_below(threshold) {
            otherwise()
        } else {
            below().hull(otherwise())
        }
    }

    fn fraction_of(self, whole: Self) -> Self {
        Self {
            low: fraction(self.low, whole.high, -1.0),
            high: fraction(self.high, whole.low, 1.0),
        }
    }

    fn signed_fraction_of(self, whole: Self) -> Self {
        let sold = self.fraction_of(whole);
        if self.low.0 >= 0.0 {
            return sold;
        }
        let bought = self.negative().fraction_of(whole).negative();
        // Nothing is a part of nothing: a whole that may be 0 may give 0.
        let high = if self.high.0 >= 0.0 {
            sold.high
        } else if less((0.0, 0.0), whole.low) {
            bought.high
        } else {
            (0.0, 0.0)
        };
        Self {
            low: if less((0.0, 0.0), whole.high) {
                bought.low
            } else {
                (0.0, 0.0)
            },
            high,
        }
    }
}
