//! Balls: a value and how far the exact one can be from it, for many numbers side by side.

use crate::{Pack, Real, elementary};
use std::ops::{Add, Div, Mul, Sub};

/// Twice the largest relative error of one rounding: once for the rounding, once for what the estimate itself loses.
const ROUNDING: f64 = f64::EPSILON;
/// What a product or quotient can lose where it underflows.
const UNDERFLOW: f64 = 1e-300;
/// Covers the roundings of a radius: they are relative, all its terms being `>= 0`, and formulas have far fewer than `2^20`.
const INFLATION: f64 = 1.0 + 1.0 / (1_u64 << 30) as f64;

/// Numbers that are computed side by side, each with a bound of its rounding error: the exact number lies within
/// `radius` of `center`, up to the inflation that [`Self::end`] adds.
///
/// The centers are, operation by operation, what the same formula gives in `f64`; so one evaluation yields the value
/// and what proves it, at a few operations more. An [`crate::Interval`] is sharper and several times as dear. No operation
/// mixes lanes, so bits do not depend on how many there are and on the registers that hold them.
///
/// ```
/// use delever_core::{Ball, Pack, Real, Single};
/// let third = Ball::<Single>::from(1.0) / Ball::given([3.0]);
/// assert_eq!(third.center.lanes(), [1.0 / 3.0]);
/// assert!(third.end(Single::of([1.0])).lanes()[0] > 1.0 / 3.0 && third.radius.lanes()[0] < 1e-15);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ball<P> {
    /// The numbers as computed.
    pub center: P,
    /// How far the exact ones can be from them.
    pub radius: P,
}

impl<P: Pack> Ball<P> {
    /// Numbers that are exactly these.
    #[inline(always)]
    #[must_use]
    pub fn exact(center: P) -> Self {
        Self {
            radius: center.splat(0.0),
            center,
        }
    }

    /// The same numbers in registers like these.
    #[inline(always)]
    #[must_use]
    pub fn load<Q: Pack<Array = P::Array>>(self, like: Q) -> Ball<Q> {
        Ball {
            center: like.load(self.center.lanes()),
            radius: like.load(self.radius.lanes()),
        }
    }

    /// Sums of at most `terms` products of two numbers `>= 0`, added from left to right.
    ///
    /// `n` terms lose at most `n u / (1 - n u)` relatively, `u = 2^-53` (Higham 2002, section 4.2).
    #[inline(always)]
    #[must_use]
    pub fn sum_of_products(sum: P, terms: P::Array) -> Self {
        let terms = sum.load(terms) + sum.splat(4.0);
        let slack = terms * sum.splat(f64::EPSILON / 2.0);
        let zero = sum.splat(0.0);
        let least = zero.where_or(sum.equals(zero), sum.splat(1e-280));
        Self {
            center: sum,
            radius: sum * slack + least,
        }
    }

    /// In each lane the upper end where `side` is 1, the lower one where it is -1, the center where it is 0.
    #[inline(always)]
    #[must_use]
    pub fn end(self, side: P) -> P {
        let moved = self.center + side * self.reach();
        // Zero times an infinite radius is no number.
        self.center.where_or(side.equals(side.splat(0.0)), moved)
    }

    /// Numbers of which only bounds are known.
    #[inline(always)]
    #[must_use]
    pub fn between(low: P, high: P) -> Self {
        let center = low + (high - low) * low.splat(0.5);
        let reach = (center - low).or_larger(high - center);
        Self {
            center,
            radius: reach * center.splat(INFLATION),
        }
    }

    /// How far the ends lie from the center, all roundings counted; nothing where the center is exact.
    #[inline(always)]
    #[must_use]
    pub fn reach(self) -> P {
        let (zero, rounding) = (self.center.splat(0.0), self.center.splat(ROUNDING));
        let reach = self.radius * self.center.splat(INFLATION) + rounding * self.center.abs();
        zero.where_or(self.radius.equals(zero), reach)
    }

    #[inline(always)]
    pub(crate) fn low(self) -> P {
        self.center - self.reach()
    }

    #[inline(always)]
    pub(crate) fn high(self) -> P {
        self.center + self.reach()
    }

    /// Where the number is zero for sure.
    #[inline(always)]
    pub(crate) fn is_nothing(self) -> P::Mask {
        let zero = self.center.splat(0.0);
        let (center, radius) = (self.center.equals(zero), self.radius.equals(zero));
        self.center.both(center, radius)
    }

    #[inline(always)]
    pub(crate) fn where_or(self, mask: P::Mask, other: Self) -> Self {
        Self {
            center: self.center.where_or(mask, other.center),
            radius: self.radius.where_or(mask, other.radius),
        }
    }

    /// `a` where it is the one, `b` where it is the other, elsewhere what holds both.
    #[inline(always)]
    pub(crate) fn either(a: Self, b: Self, is_a: P::Mask, is_b: P::Mask) -> Self {
        let center = a.center;
        let both = Self {
            center,
            radius: (center - b.center).abs() * center.splat(INFLATION) + (a.radius + b.radius),
        };
        a.where_or(is_a, b.where_or(is_b, both))
    }

    /// Numbers of which nothing is known.
    #[inline(always)]
    pub(crate) fn unknown(like: P) -> Self {
        Self {
            center: like.splat(0.0),
            radius: like.splat(f64::INFINITY),
        }
    }

    #[inline(always)]
    fn constant(self, value: f64) -> Self {
        Self::exact(self.center.splat(value))
    }
}

impl<P: Pack> From<f64> for Ball<P> {
    #[inline(always)]
    fn from(value: f64) -> Self {
        Self::exact(P::of(P::ZEROS).splat(value))
    }
}

impl<P: Pack> Add for Ball<P> {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        let center = self.center + other.center;
        let radius = self.radius + other.radius + center.splat(ROUNDING) * center.abs();
        Self { center, radius }
    }
}

impl<P: Pack> Sub for Ball<P> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        let center = self.center - other.center;
        let radius = self.radius + other.radius + center.splat(ROUNDING) * center.abs();
        Self { center, radius }
    }
}

impl<P: Pack> Mul for Ball<P> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        let center = self.center * other.center;
        let spread = self.radius * (other.center.abs() + other.radius) + self.center.abs() * other.radius;
        let radius = spread + center.splat(ROUNDING) * center.abs() + center.splat(UNDERFLOW);
        Self { center, radius }
    }
}

impl<P: Pack> Div for Ball<P> {
    type Output = Self;
    /// A denominator that may be zero or less gives an infinite radius: callers decide such cases first.
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        self.center.apart(
            #[inline(always)]
            || {
                let center = self.center / other.center;
                let least = other.low();
                // n/d - n0/d0 = (n - n0)/d + (n0/d0) (d0 - d)/d.
                let spread = (self.radius + center.abs() * other.radius) / least;
                let radius = spread + center.splat(ROUNDING) * center.abs() + center.splat(UNDERFLOW);
                let is_positive = center.splat(0.0).is_below(least);
                Self {
                    center,
                    radius: radius.where_or(is_positive, center.splat(f64::INFINITY)),
                }
            },
        )
    }
}

impl<P: Pack> Real for Ball<P> {
    type Given = P::Array;
    const NOTHING: P::Array = P::ZEROS;

    #[inline(always)]
    fn given(amount: P::Array) -> Self {
        Self::exact(P::of(amount))
    }

    #[inline(always)]
    fn at_least(self, floor: f64) -> Self {
        let floor = self.center.splat(floor);
        let exact = self.high().is_at_most(floor);
        Self {
            center: self.center.or_larger(floor),
            radius: floor.splat(0.0).where_or(exact, self.radius),
        }
    }

    #[inline(always)]
    fn at_most(self, cap: f64) -> Self {
        let cap = self.center.splat(cap);
        let exact = cap.is_at_most(self.low());
        Self {
            center: self.center.or_smaller(cap),
            radius: cap.splat(0.0).where_or(exact, self.radius),
        }
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        self.center.apart(
            #[inline(always)]
            || {
                let center = self.center.sqrt();
                // |sqrt x - sqrt c| = |x - c| / (sqrt x + sqrt c).
                let is_positive = center.splat(0.0).is_below(center);
                let spread = (self.radius / center).where_or(is_positive, self.radius.sqrt());
                Self {
                    center,
                    radius: spread + center.splat(ROUNDING) * center,
                }
            },
        )
    }

    #[inline(always)]
    fn exp(self) -> Self {
        self.center.apart(
            #[inline(always)]
            || {
                let center = self.center.exp();
                let (zero, one) = (center.splat(0.0), center.splat(1.0));
                // exp(r) - 1 <= r + r^2 for r <= 1; the value itself is wrong by less than a unit in the last place.
                let r = self.radius * center.splat(INFLATION);
                let relative = r + r * r + center.splat(4.0 * f64::EPSILON);
                let radius = center * relative + center.splat(UNDERFLOW);
                let radius = radius.where_or(r.is_at_most(one), center.splat(f64::INFINITY));
                Self {
                    center,
                    radius: zero.where_or(self.is_nothing(), radius),
                }
            },
        )
    }

    fn one_minus_tanh(self) -> Self {
        self.center.apart(
            #[inline(always)]
            || {
                let value = self.center.one_minus_tanh();
                let bounds = |x: f64| elementary::one_minus_tanh_bounds(x.max(0.0));
                let low = self.high().each(|x| bounds(x).0);
                let high = self.low().each(|x| bounds(x).1);
                Self {
                    center: value,
                    radius: (high - value).or_larger(value - low),
                }
            },
        )
    }

    fn pow(self, exponent: f64) -> Self {
        self.center.apart(
            #[inline(always)]
            || {
                let value = self.center.pow(exponent);
                let bounds = |x: f64| elementary::pow_bounds(x.max(0.0), exponent);
                let low = self.low().each(|x| bounds(x).0);
                let high = self.high().each(|x| bounds(x).1);
                Self {
                    center: value,
                    radius: (high - value).or_larger(value - low),
                }
            },
        )
    }

    #[inline(always)]
    fn is_zero(self) -> bool {
        self.center.all(self.is_nothing())
    }

    #[inline(always)]
    fn if_zero(self, zero: impl FnOnce() -> Self, otherwise: impl FnOnce() -> Self) -> Self {
        let nothing = self.is_nothing();
        if !self.center.any(nothing) {
            otherwise()
        } else if self.center.all(nothing) {
            zero()
        } else {
            zero().where_or(nothing, otherwise())
        }
    }

    #[inline(always)]
    fn if_below(
        self,
        threshold: Self,
        below: impl FnOnce() -> Self,
        otherwise: impl FnOnce() -> Self,
    ) -> Self {
        let (below, otherwise) = (below(), otherwise());
        let is_below = self.center.is_below(threshold.center);
        let taken = below.where_or(is_below, otherwise);
        let both = (below.center - otherwise.center).abs() + (below.radius + otherwise.radius);
        let decided = self.center.either(
            self.high().is_below(threshold.low()),
            threshold.high().is_at_most(self.low()),
        );
        Self {
            center: taken.center,
            radius: taken.radius.where_or(decided, both),
        }
    }

    #[inline(always)]
    fn fraction_of(self, whole: Self) -> Self {
        self.center.apart(
            #[inline(always)]
            || {
                let (part, base) = (self.center, whole.center);
                let (zero, one) = (part.splat(0.0), part.splat(1.0));
                // Most institutions sell nothing, or pay all: then no lane is in doubt, and nothing is divided.
                let nothing = self.high().is_at_most(zero);
                if part.all(nothing) {
                    return self.constant(0.0);
                }
                let least_base = whole.low();
                let is_positive = zero.is_below(least_base);
                let all = part.both(is_positive, whole.high().is_at_most(self.low()));
                if part.all(all) {
                    return self.constant(1.0);
                }
                let quotient = one.where_or(
                    part.either(base.is_at_most(zero), base.is_at_most(part)),
                    part / base,
                );
                let center = zero.where_or(part.is_at_most(zero), quotient);
                // Clipping moves no two numbers apart, so the bound of a quotient holds, with the quotient clipped.
                let spread =
                    (self.radius + center * whole.radius) / least_base + part.splat(ROUNDING) * center;
                let radius = spread.where_or(is_positive, one);
                // 0 and 1 are exact where nothing is in doubt.
                Self {
                    center,
                    radius: zero.where_or(part.either(nothing, all), radius),
                }
            },
        )
    }

    #[inline(always)]
    fn signed_fraction_of(self, whole: Self) -> Self {
        self.center.apart(
            #[inline(always)]
            || {
                let sold = self.fraction_of(whole);
                let zero = self.center.splat(0.0);
                let sells = zero.is_at_most(self.low());
                if zero.all(sells) {
                    return sold;
                }
                let bought = (self.constant(0.0) - self).fraction_of(whole);
                // Where nothing is held, nothing can be bought in proportion.
                let bought_at = bought.center.where_or(zero.is_below(whole.center), zero);
                let in_doubt = zero.where_or(zero.is_below(whole.low()), bought.center);
                let either = Self {
                    center: sold.center - bought_at,
                    radius: sold.radius + bought.radius + in_doubt,
                };
                // Lanes must not depend on what stands beside them.
                sold.where_or(sells, either)
            },
        )
    }
}
