//! Jets of balls: a number and its slope over a range of inputs, for many numbers side by side.

use crate::{Ball, Pack, Real, elementary};
use std::ops::{Add, Div, Mul, Sub};

/// Numbers side by side, each with its slope in one input, while all inputs run through a box: forward differentiation
/// (Griewank and Walther 2008) in the arithmetic of [`Ball`]s.
///
/// What [`crate::Jet`] is for one number with sharp bounds, this is for [`crate::LANES`] of them with rough ones, at the price
/// of a few balls. Along any line in the box the number's derivative lies in `slope` wherever it exists; at a kink the slope
/// holds those of both sides. Unlike there, where the number may jump the slope is infinite or no number: a finite one bounds
/// how far the number moves.
///
/// ```
/// use delever_core::{Ball, BallJet, Pack, Real, Single};
/// // 1 / x over [1, 2]: the slope lies between -1 and -1/4.
/// let x = BallJet::<Single>::moving(Ball { center: Single::of([1.5]), radius: Single::of([0.5]) }, Single::of([1.0]));
/// let steepness = (BallJet::from(1.0) / x).steepness().lanes()[0];
/// assert!((1.0..2.0).contains(&steepness));
/// // A jump somewhere in the range.
/// let jump = x.if_below(BallJet::from(1.2), || BallJet::from(0.0), || BallJet::from(1.0));
/// assert_eq!(jump.steepness().lanes(), [f64::INFINITY]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BallJet<P> {
    /// Bounds of the numbers.
    pub value: Ball<P>,
    /// Bounds of their slopes.
    pub slope: Ball<P>,
}

/// What covers the roundings that a sum of a few balls' parts may lose.
const SLACK: f64 = 1.0 + 1e-9;

impl<P: Pack> BallJet<P> {
    /// Numbers that the input does not move.
    #[inline(always)]
    #[must_use]
    pub fn constant(value: Ball<P>) -> Self {
        Self {
            slope: Ball::exact(value.center.splat(0.0)),
            value,
        }
    }

    /// Numbers that move with these slopes.
    #[inline(always)]
    #[must_use]
    pub fn moving(value: Ball<P>, slope: P) -> Self {
        Self {
            value,
            slope: Ball::exact(slope),
        }
    }

    /// The largest magnitude that the slope can have; infinite where nothing is known.
    #[inline(always)]
    #[must_use]
    pub fn steepness(self) -> P {
        let Ball { center, radius } = self.slope;
        let infinite = center.splat(f64::INFINITY);
        let steepness = (center.abs() + radius) * center.splat(SLACK);
        steepness.where_or(steepness.is_at_most(infinite), infinite)
    }

    /// The same numbers in registers like these.
    #[inline(always)]
    #[must_use]
    pub fn load<Q: Pack<Array = P::Array>>(self, like: Q) -> BallJet<Q> {
        BallJet {
            value: self.value.load(like),
            slope: self.slope.load(like),
        }
    }

    /// The slope in lanes where the mask holds, a bound of it and of zero elsewhere.
    #[inline(always)]
    fn slope_where(slope: Ball<P>, mask: P::Mask) -> Ball<P> {
        let half = slope.center * slope.center.splat(0.5);
        let reach = (half.abs() + slope.radius) * slope.center.splat(SLACK);
        let either = Ball {
            center: half,
            radius: reach,
        };
        slope.where_or(mask, either)
    }

    #[inline(always)]
    fn flat(self) -> Ball<P> {
        Ball::exact(self.value.center.splat(0.0))
    }

    /// The slope of a quotient that itself lies within `quotient`.
    #[inline(always)]
    fn quotient_slope(self, whole: Self, quotient: Ball<P>) -> Ball<P> {
        (self.slope - quotient * whole.slope) / whole.value
    }
}

impl<P: Pack> From<f64> for BallJet<P> {
    #[inline(always)]
    fn from(value: f64) -> Self {
        Self::constant(value.into())
    }
}

impl<P: Pack> Add for BallJet<P> {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self {
            value: self.value + other.value,
            slope: self.slope + other.slope,
        }
    }
}

impl<P: Pack> Sub for BallJet<P> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self {
            value: self.value - other.value,
            slope: self.slope - other.slope,
        }
    }
}

impl<P: Pack> Mul for BallJet<P> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.value.center.apart(
            #[inline(always)]
            || Self {
                value: self.value * other.value,
                slope: self.slope * other.value + self.value * other.slope,
            },
        )
    }
}

impl<P: Pack> Div for BallJet<P> {
    type Output = Self;
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        self.value.center.apart(
            #[inline(always)]
            || {
                let value = self.value / other.value;
                Self {
                    value,
                    slope: self.quotient_slope(other, value),
                }
            },
        )
    }
}

impl<P: Pack> Real for BallJet<P> {
    type Given = P::Array;
    const NOTHING: P::Array = P::ZEROS;

    #[inline(always)]
    fn given(amount: P::Array) -> Self {
        Self::constant(Ball::given(amount))
    }

    #[inline(always)]
    fn at_least(self, floor: f64) -> Self {
        self.value.center.apart(
            #[inline(always)]
            || {
                let bound = self.value.center.splat(floor);
                let above = bound.is_at_most(self.value.low());
                let below = self.value.high().is_at_most(bound);
                Self {
                    value: self.value.at_least(floor),
                    slope: self.flat().where_or(below, Self::slope_where(self.slope, above)),
                }
            },
        )
    }

    #[inline(always)]
    fn at_most(self, cap: f64) -> Self {
        self.value.center.apart(
            #[inline(always)]
            || {
                let bound = self.value.center.splat(cap);
                let below = self.value.high().is_at_most(bound);
                let above = bound.is_at_most(self.value.low());
                Self {
                    value: self.value.at_most(cap),
                    slope: self.flat().where_or(above, Self::slope_where(self.slope, below)),
                }
            },
        )
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        self.value.center.apart(
            #[inline(always)]
            || {
                let value = self.value.sqrt();
                let slope = self.slope / (value + value);
                Self {
                    value,
                    slope: self.flat().where_or(self.slope.is_nothing(), slope),
                }
            },
        )
    }

    #[inline(always)]
    fn exp(self) -> Self {
        self.value.center.apart(
            #[inline(always)]
            || {
                let value = self.value.exp();
                Self {
                    value,
                    slope: self.slope * value,
                }
            },
        )
    }

    fn one_minus_tanh(self) -> Self {
        self.value.center.apart(
            #[inline(always)]
            || {
                // With r = 1 - tanh x the slope is -(1 - tanh^2 x) = -r (2 - r).
                let rest = self.value.one_minus_tanh();
                let steepness = rest * (Ball::from(2.0) - rest);
                Self {
                    value: rest,
                    slope: self.flat() - self.slope * steepness,
                }
            },
        )
    }

    fn pow(self, exponent: f64) -> Self {
        self.value.center.apart(
            #[inline(always)]
            || {
                // A power too small to compute lies between 0 and 1, or the base.
                let power = |exponent: f64| {
                    if exponent >= elementary::SMALLEST_EXPONENT {
                        return self.value.pow(exponent);
                    }
                    let base = self.value.high();
                    let half = base.or_larger(base.splat(1.0)) * base.splat(0.5);
                    Ball {
                        center: half,
                        radius: half,
                    }
                };
                let slope = if exponent == 1.0 {
                    self.slope
                } else if exponent > 1.0 {
                    self.slope * (power(exponent - 1.0) * Ball::from(exponent))
                } else {
                    self.slope * Ball::from(exponent) / power(1.0 - exponent)
                };
                Self {
                    value: self.value.pow(exponent),
                    slope: self.flat().where_or(self.slope.is_nothing(), slope),
                }
            },
        )
    }

    #[inline(always)]
    fn is_zero(self) -> bool {
        let center = self.value.center;
        let nothing = center.both(self.value.is_nothing(), self.slope.is_nothing());
        center.all(nothing)
    }

    #[inline(always)]
    fn if_zero(self, zero: impl FnOnce() -> Self, otherwise: impl FnOnce() -> Self) -> Self {
        let center = self.value.center;
        let nothing = center.both(self.value.is_nothing(), self.slope.is_nothing());
        if center.all(nothing) {
            return zero();
        }
        let otherwise = otherwise();
        let beyond = center.splat(0.0).is_below(self.value.low());
        if center.all(beyond) {
            return otherwise;
        }
        let zero = zero();
        Self {
            value: Ball::either(zero.value, otherwise.value, nothing, beyond),
            slope: zero
                .slope
                .where_or(nothing, otherwise.slope.where_or(beyond, Ball::unknown(center))),
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
        let center = self.value.center;
        let is_below = self.value.high().is_below(threshold.value.low());
        let is_not = threshold.value.high().is_at_most(self.value.low());
        Self {
            value: Ball::either(below.value, otherwise.value, is_below, is_not),
            slope: below
                .slope
                .where_or(is_below, otherwise.slope.where_or(is_not, Ball::unknown(center))),
        }
    }

    #[inline(always)]
    fn fraction_of(self, whole: Self) -> Self {
        self.value.center.apart(
            #[inline(always)]
            || {
                let value = self.value.fraction_of(whole.value);
                let (low, high) = (self.value.low(), self.value.high());
                let zero = low.splat(0.0);
                let (whole_low, whole_high) = (whole.value.low(), whole.value.high());
                let all = low.both(zero.is_below(whole_low), whole_high.is_at_most(low));
                let flat = low.either(high.is_at_most(zero), all);
                if low.all(flat) {
                    return Self {
                        value,
                        slope: self.flat(),
                    };
                }
                let inside = low.both(zero.is_at_most(low), high.is_at_most(whole_low));
                let slope = self.quotient_slope(whole, value);
                Self {
                    value,
                    slope: self.flat().where_or(flat, Self::slope_where(slope, inside)),
                }
            },
        )
    }

    #[inline(always)]
    fn signed_fraction_of(self, whole: Self) -> Self {
        self.value.center.apart(
            #[inline(always)]
            || {
                let sold = self.fraction_of(whole);
                let low = self.value.low();
                let sells = low.splat(0.0).is_at_most(low);
                if low.all(sells) {
                    return sold;
                }
                let value = self.value.signed_fraction_of(whole.value);
                let slope = self.quotient_slope(whole, value);
                let low_whole = whole.value.low();
                let inside = low.both(
                    (low.splat(0.0) - low_whole).is_at_most(low),
                    self.value.high().is_at_most(low_whole),
                );
                Self {
                    value,
                    slope: sold.slope.where_or(sells, Self::slope_where(slope, inside)),
                }
            },
        )
    }
}
