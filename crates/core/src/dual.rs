//! Dual numbers: a value, its slopes in a few directions, and how far the formula is from a kink.

use crate::Real;
use crate::elementary;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A number `x` that knows its first derivatives: forward-mode automatic differentiation.
///
/// As one more [`Real`], it differentiates every formula that is written over any arithmetic. The value is, operation by
/// operation, what the same formula gives in `f64`, so a comparison takes the same branch, and the slopes are those of
/// that branch: where the formula has a kink, one-sided; across a jump, of the side on which the value stands.
///
/// [`Self::kink`] says how near the next branch is. Each comparison of `x` with `t` is off by `|x - t|`; divided by the
/// largest slope of `x - t` this is, to first order, how far the inputs must move along one of the directions until
/// the comparison goes the other way. A number keeps the least of these over all comparisons that it came from.
///
/// Source: Griewank and Walther (2008), Evaluating Derivatives, chapters 3 and 14.
///
/// ```
/// use delever_core::{Dual, Real};
/// // max(0, x^2 - 4) at x = 3: slope 6; it falls to the kink at the rate 6 from a height of 5.
/// let x = Dual::variable(3.0, 0);
/// let y = (x * x - Dual::from(4.0)).at_least(0.0);
/// assert_eq!((y.value, y.slopes[0]), (5.0, 6.0));
/// assert_eq!(y.kink, 5.0 / 6.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dual {
    /// The number.
    pub value: f64,
    /// Its derivative in each direction.
    pub slopes: [f64; Dual::DIRECTIONS],
    /// The least distance, in units of the directions, to a comparison that would go the other way; infinite without any.
    pub kink: f64,
}

impl Dual {
    /// Directions that are differentiated side by side.
    pub const DIRECTIONS: usize = 8;

    /// A number that moves along one direction at a rate of 1.
    ///
    /// # Panics
    /// If there is no such direction.
    #[must_use]
    pub fn variable(value: f64, direction: usize) -> Self {
        Self::from(value).moving(direction, 1.0)
    }

    /// The same number with another slope in one direction.
    ///
    /// # Panics
    /// If there is no such direction.
    #[must_use]
    pub fn moving(mut self, direction: usize, slope: f64) -> Self {
        self.slopes[direction] = slope;
        self
    }

    /// A function of this number that has this value and this derivative.
    ///
    /// For formulas that need a function which [`Real`] lacks. An infinite derivative counts only where the number moves.
    #[must_use]
    pub fn chain(self, value: f64, derivative: f64) -> Self {
        Self {
            value,
            slopes: self.slopes.map(|slope| scaled(derivative, slope)),
            kink: self.kink,
        }
    }

    /// A number whose slopes are a function of those of two.
    fn join(self, other: Self, value: f64, slope: impl Fn(f64, f64) -> f64) -> Self {
        let mut slopes = [0.0; Self::DIRECTIONS];
        for (n, out) in slopes.iter_mut().enumerate() {
            *out = slope(self.slopes[n], other.slopes[n]);
        }
        Self {
            value,
            slopes,
            kink: self.kink.min(other.kink),
        }
    }

    /// How far the number is from zero along the direction in which it moves fastest; infinite where it stands still.
    fn distance_to_zero(self) -> f64 {
        let fastest = self
            .slopes
            .iter()
            .fold(0.0_f64, |most, slope| most.max(slope.abs()));
        if fastest == 0.0 {
            f64::INFINITY
        } else if fastest.is_infinite() {
            0.0
        } else {
            self.value.abs() / fastest
        }
    }

    /// The same number, not farther from a kink than this.
    fn near(mut self, kink: f64) -> Self {
        self.kink = self.kink.min(kink);
        self
    }

    /// How far two numbers are from trading places, or from an earlier kink of either.
    fn tie(self, other: Self) -> f64 {
        (self - other).distance_to_zero().min(self.kink).min(other.kink)
    }
}

/// A product in which a slope of nothing stays nothing, however steep the function.
fn scaled(derivative: f64, slope: f64) -> f64 {
    if slope == 0.0 { 0.0 } else { derivative * slope }
}

impl From<f64> for Dual {
    fn from(value: f64) -> Self {
        Self {
            value,
            slopes: [0.0; Self::DIRECTIONS],
            kink: f64::INFINITY,
        }
    }
}

impl Add for Dual {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        self.join(other, self.value + other.value, |a, b| a + b)
    }
}

impl Sub for Dual {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self.join(other, self.value - other.value, |a, b| a - b)
    }
}

impl Neg for Dual {
    type Output = Self;
    fn neg(self) -> Self {
        self.chain(-self.value, -1.0)
    }
}

// The rules of products and quotients have sums in them.
#[allow(clippy::suspicious_arithmetic_impl)]
impl Mul for Dual {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        self.join(other, self.value * other.value, |a, b| {
            scaled(other.value, a) + scaled(self.value, b)
        })
    }
}

#[allow(clippy::suspicious_arithmetic_impl)]
impl Div for Dual {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let quotient = self.value / other.value;
        self.join(other, quotient, |a, b| {
            let moved = a - scaled(quotient, b);
            if moved == 0.0 { 0.0 } else { moved / other.value }
        })
    }
}

impl Real for Dual {
    type Given = Self;
    const NOTHING: Self = Self {
        value: 0.0,
        slopes: [0.0; Self::DIRECTIONS],
        kink: f64::INFINITY,
    };

    fn given(amount: Self) -> Self {
        amount
    }

    fn at_least(self, floor: f64) -> Self {
        let tie = self.tie(Self::from(floor));
        let kept = if self.value > floor {
            self
        } else {
            Self::from(floor)
        };
        kept.near(tie)
    }

    fn at_most(self, cap: f64) -> Self {
        let tie = self.tie(Self::from(cap));
        let kept = if self.value < cap { self } else { Self::from(cap) };
        kept.near(tie)
    }

    fn sqrt(self) -> Self {
        let root = f64::sqrt(self.value);
        self.chain(root, 0.5 / root)
    }

    fn exp(self) -> Self {
        let value = elementary::exp(self.value);
        self.chain(value, value)
    }

    fn one_minus_tanh(self) -> Self {
        let rest = elementary::one_minus_tanh(self.value);
        // The derivative of tanh is 1 - tanh^2 = (1 - tanh) (1 + tanh).
        self.chain(rest, -(rest * (2.0 - rest)))
    }

    fn pow(self, exponent: f64) -> Self {
        let value = elementary::pow(self.value, exponent);
        let derivative = if self.value > 0.0 {
            exponent * value / self.value
        } else if exponent < 1.0 {
            f64::INFINITY
        } else if exponent == 1.0 {
            1.0
        } else {
            0.0
        };
        self.chain(value, derivative)
    }

    /// Zero, and staying there.
    fn is_zero(self) -> bool {
        self.value == 0.0 && self.slopes == [0.0; Self::DIRECTIONS]
    }

    fn if_below(
        self,
        threshold: Self,
        below: impl FnOnce() -> Self,
        otherwise: impl FnOnce() -> Self,
    ) -> Self {
        let tie = self.tie(threshold);
        let taken = if self.value < threshold.value {
            below()
        } else {
            otherwise()
        };
        taken.near(tie)
    }

    fn fraction_of(self, whole: Self) -> Self {
        let sign = self.tie(Self::from(0.0));
        if self.value <= 0.0 {
            Self::from(0.0).near(sign)
        } else if whole.value <= 0.0 {
            Self::from(1.0).near(sign).near(whole.tie(Self::from(0.0)))
        } else if self.value >= whole.value {
            Self::from(1.0).near(sign).near(self.tie(whole))
        } else {
            (self / whole).near(sign).near(self.tie(whole))
        }
    }

    fn signed_fraction_of(self, whole: Self) -> Self {
        if whole.value <= 0.0 {
            // Nothing can be bought in proportion to nothing.
            let sold = self.fraction_of(whole);
            return sold.near(whole.tie(Self::from(0.0)));
        }
        // A quotient passes through zero without a kink.
        let (size, sign) = if self.value < 0.0 {
            (-self, -1.0)
        } else {
            (self, 1.0)
        };
        let fraction = if size.value >= whole.value {
            Self::from(1.0)
        } else {
            size / whole
        };
        let signed = fraction.near(size.tie(whole));
        signed.chain(sign * signed.value, sign)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `(1 - tanh(sqrt(x) y^1.5)) / (1 + exp(-x))`, clipped nowhere.
    fn smooth<N: Real>(x: N, y: N) -> N {
        let one = N::from(1.0);
        (x.sqrt() * y.pow(1.5)).one_minus_tanh() / (one + (N::from(0.0) - x).exp())
    }

    #[test]
    fn slopes_are_limits_of_differences() {
        let (x, y, h) = (0.7, 0.4, 1e-5);
        let dual = smooth(Dual::variable(x, 0), Dual::variable(y, 3));
        assert_eq!(dual.value, smooth(x, y));
        let by_x = (smooth(x + h, y) - smooth(x - h, y)) / (2.0 * h);
        let by_y = (smooth(x, y + h) - smooth(x, y - h)) / (2.0 * h);
        assert!((dual.slopes[0] - by_x).abs() < 1e-9, "{dual:?} {by_x}");
        assert!((dual.slopes[3] - by_y).abs() < 1e-9, "{dual:?} {by_y}");
        assert_eq!(dual.kink, f64::INFINITY);
    }

    #[test]
    fn fractions_have_the_slopes_of_their_branch_and_know_the_next_one() {
        let whole = Dual::from(4.0);
        let part = |value: f64| Dual::variable(value, 1).fraction_of(whole);
        assert_eq!(
            (part(1.0).value, part(1.0).slopes[1], part(1.0).kink),
            (0.25, 0.25, 1.0)
        );
        assert_eq!((part(3.5).slopes[1], part(3.5).kink), (0.25, 0.5));
        assert_eq!(
            (part(5.0).value, part(5.0).slopes[1], part(5.0).kink),
            (1.0, 0.0, 1.0)
        );
        assert_eq!(
            (part(-2.0).value, part(-2.0).slopes[1], part(-2.0).kink),
            (0.0, 0.0, 2.0)
        );
        assert_eq!(part(0.0).kink, 0.0);
        // Both move: 4 + 2 t and 1 - t meet at t = -1.
        let shrinking = Dual::variable(4.0, 0).moving(0, 2.0);
        let growing = Dual::variable(1.0, 0).moving(0, -1.0);
        assert_eq!(growing.fraction_of(shrinking).kink, 1.0);
    }

    #[test]
    fn purchases_pass_through_zero_without_a_kink() {
        let part = |value: f64| Dual::variable(value, 0).signed_fraction_of(Dual::from(4.0));
        assert_eq!(
            (part(0.0).value, part(0.0).slopes[0], part(0.0).kink),
            (0.0, 0.25, 4.0)
        );
        assert_eq!(
            (part(-1.0).value, part(-1.0).slopes[0], part(-1.0).kink),
            (-0.25, 0.25, 3.0)
        );
        assert_eq!((part(-9.0).value, part(-9.0).slopes[0]), (-1.0, 0.0));
        let nothing = Dual::variable(-1.0, 0).signed_fraction_of(Dual::from(0.0));
        assert_eq!((nothing.value, nothing.slopes[0]), (0.0, 0.0));
    }

    #[test]
    fn steep_functions_of_what_does_not_move_stay_flat() {
        let still = Dual::from(0.0);
        assert_eq!((still.sqrt().slopes[0], still.pow(0.5).slopes[0]), (0.0, 0.0));
        assert_eq!(Dual::variable(0.0, 0).pow(0.5).slopes[0], f64::INFINITY);
        assert!(still.is_zero() && !Dual::variable(0.0, 0).is_zero());
        let everything = Dual::from(f64::INFINITY).signed_fraction_of(Dual::variable(3.0, 0));
        assert_eq!((everything.value, everything.slopes[0]), (1.0, 0.0));
    }
}
