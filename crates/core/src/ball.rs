//! Balls: a value and how far the exact one can be from it, for many scenarios side by side.

use crate::Real;
use crate::elementary::{self, all, choose, each};
use std::ops::{Add, Div, Mul, Sub};

/// Twice the largest relative error of one rounding: once for the rounding, once for what the estimate itself loses.
const ROUNDING: f64 = f64::EPSILON;
/// What a product or quotient can lose where it underflows.
const UNDERFLOW: f64 = 1e-300;
/// Covers the roundings of a radius: they are relative, all its terms being `>= 0`, and formulas have far fewer than `2^20`.
const INFLATION: f64 = 1.0 + 1.0 / (1_u64 << 30) as f64;

/// `W` numbers that are computed side by side, each with a bound of its rounding error: the exact number lies within
/// `radius` of `center`, up to the inflation that [`Self::end`] adds.
///
/// The centers are, operation by operation, what the same formula gives in `f64`; so one evaluation yields the value
/// and what proves it, at a few operations more. An [`crate::Interval`] is sharper and several times as dear. Plain
/// loops over `W` lanes compile to vector instructions; no operation mixes lanes, so bits do not depend on `W`.
///
/// ```
/// use delever_core::{Ball, Real};
/// let third = Ball::<2>::from(1.0) / Ball::given([3.0, 4.0]);
/// assert_eq!(third.center, [1.0 / 3.0, 0.25]);
/// assert!(third.end([1.0; 2])[0] > 1.0 / 3.0 && third.radius[0] < 1e-15);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ball<const W: usize> {
    /// The numbers as computed.
    pub center: [f64; W],
    /// How far the exact ones can be from them.
    pub radius: [f64; W],
}

impl<const W: usize> Ball<W> {
    /// Computes every lane by itself: `(center, radius)`.
    #[inline(always)]
    fn of(lane: impl Fn(usize) -> (f64, f64)) -> Self {
        let mut ball = Self {
            center: [0.0; W],
            radius: [0.0; W],
        };
        for l in 0..W {
            (ball.center[l], ball.radius[l]) = lane(l);
        }
        ball
    }

    /// A sum of at most `terms` products of two numbers `>= 0`, added from left to right.
    ///
    /// `n` terms lose at most `n u / (1 - n u)` relatively, `u = 2^-53` (Higham 2002, section 4.2).
    #[inline(always)]
    #[must_use]
    pub fn sum_of_products(sum: [f64; W], terms: usize) -> Self {
        let slack = (terms + 4) as f64 * (f64::EPSILON / 2.0);
        Self::of(
            #[inline(always)]
            |l| (sum[l], sum[l] * slack + if sum[l] == 0.0 { 0.0 } else { 1e-280 }),
        )
    }

    /// In each lane the upper end where `side` is 1, the lower one where it is -1, the center where it is 0.
    #[inline(always)]
    #[must_use]
    pub fn end(self, side: [f64; W]) -> [f64; W] {
        each(
            #[inline(always)]
            |l| {
                let moved = self.center[l] + side[l] * self.reach(l);
                // Zero times an infinite radius is no number.
                if side[l] == 0.0 { self.center[l] } else { moved }
            },
        )
    }

    /// How far the ends of a lane lie from its center; nothing where the center is exact.
    #[inline(always)]
    fn reach(self, l: usize) -> f64 {
        let reach = self.radius[l] * INFLATION + ROUNDING * self.center[l].abs();
        if self.radius[l] == 0.0 { 0.0 } else { reach }
    }

    #[inline(always)]
    fn lows(self) -> [f64; W] {
        each(
            #[inline(always)]
            |l| self.low(l),
        )
    }

    #[inline(always)]
    fn highs(self) -> [f64; W] {
        each(
            #[inline(always)]
            |l| self.high(l),
        )
    }

    #[inline(always)]
    fn low(self, l: usize) -> f64 {
        self.center[l] - self.reach(l)
    }

    #[inline(always)]
    fn high(self, l: usize) -> f64 {
        self.center[l] + self.reach(l)
    }
}

impl<const W: usize> From<f64> for Ball<W> {
    #[inline]
    fn from(value: f64) -> Self {
        Self {
            center: [value; W],
            radius: [0.0; W],
        }
    }
}

impl<const W: usize> Add for Ball<W> {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self::of(
            #[inline(always)]
            |l| {
                let sum = self.center[l] + other.center[l];
                (sum, self.radius[l] + other.radius[l] + ROUNDING * sum.abs())
            },
        )
    }
}

impl<const W: usize> Sub for Ball<W> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self::of(
            #[inline(always)]
            |l| {
                let difference = self.center[l] - other.center[l];
                (
                    difference,
                    self.radius[l] + other.radius[l] + ROUNDING * difference.abs(),
                )
            },
        )
    }
}

impl<const W: usize> Mul for Ball<W> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self::of(
            #[inline(always)]
            |l| {
                let product = self.center[l] * other.center[l];
                let spread = self.radius[l] * (other.center[l].abs() + other.radius[l])
                    + self.center[l].abs() * other.radius[l];
                (product, spread + ROUNDING * product.abs() + UNDERFLOW)
            },
        )
    }
}

impl<const W: usize> Div for Ball<W> {
    type Output = Self;
    /// A denominator that may be zero or less gives an infinite radius: callers decide such cases first.
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        Self::of(
            #[inline(always)]
            |l| {
                let quotient = self.center[l] / other.center[l];
                let least = other.low(l);
                // n/d - n0/d0 = (n - n0)/d + (n0/d0) (d0 - d)/d.
                let spread = (self.radius[l] + quotient.abs() * other.radius[l]) / least;
                let radius = spread + ROUNDING * quotient.abs() + UNDERFLOW;
                (quotient, if least > 0.0 { radius } else { f64::INFINITY })
            },
        )
    }
}

impl<const W: usize> Real for Ball<W> {
    type Given = [f64; W];
    const NOTHING: [f64; W] = [0.0; W];

    #[inline(always)]
    fn given(amount: [f64; W]) -> Self {
        Self {
            center: amount,
            radius: [0.0; W],
        }
    }

    #[inline(always)]
    fn at_least(self, floor: f64) -> Self {
        Self::of(
            #[inline(always)]
            |l| {
                let exact = self.high(l) <= floor;
                (
                    self.center[l].at_least(floor),
                    if exact { 0.0 } else { self.radius[l] },
                )
            },
        )
    }

    #[inline(always)]
    fn at_most(self, cap: f64) -> Self {
        Self::of(
            #[inline(always)]
            |l| {
                let exact = self.low(l) >= cap;
                (
                    self.center[l].at_most(cap),
                    if exact { 0.0 } else { self.radius[l] },
                )
            },
        )
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        Self::of(
            #[inline(always)]
            |l| {
                let root = self.center[l].sqrt();
                // |sqrt x - sqrt c| = |x - c| / (sqrt x + sqrt c).
                let spread = if root > 0.0 {
                    self.radius[l] / root
                } else {
                    self.radius[l].sqrt()
                };
                (root, spread + ROUNDING * root)
            },
        )
    }

    #[inline(always)]
    fn exp(self) -> Self {
        let center = elementary::exp_side_by_side(self.center);
        // exp(r) - 1 <= r + r^2 for r <= 1; the value itself is wrong by less than a unit in the last place.
        let r = each::<W>(
            #[inline(always)]
            |l| self.radius[l] * INFLATION,
        );
        let radius = each::<W>(
            #[inline(always)]
            |l| center[l] * (r[l] + r[l] * r[l] + 4.0 * f64::EPSILON) + UNDERFLOW,
        );
        let radius = each::<W>(
            #[inline(always)]
            |l| choose(r[l] <= 1.0, radius[l], f64::INFINITY),
        );
        let radius = each::<W>(
            #[inline(always)]
            |l| choose((self.center[l] == 0.0) & (self.radius[l] == 0.0), 0.0, radius[l]),
        );
        Self { center, radius }
    }

    fn one_minus_tanh(self) -> Self {
        Self::of(
            #[inline(always)]
            |l| {
                let at = |x: f64| elementary::one_minus_tanh_bounds(x.max(0.0));
                let value = elementary::one_minus_tanh(self.center[l]);
                let (low, high) = (at(self.high(l)).0, at(self.low(l)).1);
                (value, (high - value).max(value - low))
            },
        )
    }

    fn pow(self, exponent: f64) -> Self {
        Self::of(
            #[inline(always)]
            |l| {
                let at = |x: f64| elementary::pow_bounds(x.max(0.0), exponent);
                let value = elementary::pow(self.center[l], exponent);
                let (low, high) = (at(self.low(l)).0, at(self.high(l)).1);
                (value, (high - value).max(value - low))
            },
        )
    }

    #[inline(always)]
    fn is_zero(self) -> bool {
        // The same in every lane, as the trait says.
        self.center[0] == 0.0 && self.radius[0] == 0.0
    }

    #[inline(always)]
    fn if_below(
        self,
        threshold: Self,
        below: impl FnOnce() -> Self,
        otherwise: impl FnOnce() -> Self,
    ) -> Self {
        let (below, otherwise) = (below(), otherwise());
        let (least, most) = (self.lows(), self.highs());
        let (least_threshold, most_threshold) = (threshold.lows(), threshold.highs());
        let is_below = |l: usize| self.center[l] < threshold.center[l];
        let center = each::<W>(
            #[inline(always)]
            |l| choose(is_below(l), below.center[l], otherwise.center[l]),
        );
        let taken = each::<W>(
            #[inline(always)]
            |l| choose(is_below(l), below.radius[l], otherwise.radius[l]),
        );
        let both = each::<W>(
            #[inline(always)]
            |l| (below.center[l] - otherwise.center[l]).abs() + (below.radius[l] + otherwise.radius[l]),
        );
        let radius = each::<W>(
            #[inline(always)]
            |l| {
                choose(
                    (most[l] < least_threshold[l]) | (least[l] >= most_threshold[l]),
                    taken[l],
                    both[l],
                )
            },
        );
        Self { center, radius }
    }

    #[inline(always)]
    fn fraction_of(self, whole: Self) -> Self {
        let (least, most) = (self.lows(), self.highs());
        let (least_base, most_base) = (whole.lows(), whole.highs());
        // Most institutions sell nothing, or pay all: then no lane is in doubt, and nothing is divided.
        if all::<W>(
            #[inline(always)]
            |l| most[l] <= 0.0,
        ) {
            return Self::from(0.0);
        }
        if all::<W>(
            #[inline(always)]
            |l| (least_base[l] > 0.0) & (least[l] >= most_base[l]),
        ) {
            return Self::from(1.0);
        }
        let (part, base) = (&self.center, &whole.center);
        let quotient = each::<W>(
            #[inline(always)]
            |l| part[l] / base[l],
        );
        let at_most_one = each::<W>(
            #[inline(always)]
            |l| choose((base[l] <= 0.0) | (part[l] >= base[l]), 1.0, quotient[l]),
        );
        let center = each::<W>(
            #[inline(always)]
            |l| choose(part[l] <= 0.0, 0.0, at_most_one[l]),
        );
        // Clipping moves no two numbers apart, so the bound of a quotient holds, with the quotient clipped.
        let spread = each::<W>(
            #[inline(always)]
            |l| self.radius[l] + center[l] * whole.radius[l],
        );
        let spread = each::<W>(
            #[inline(always)]
            |l| spread[l] / least_base[l] + ROUNDING * center[l],
        );
        let radius = each::<W>(
            #[inline(always)]
            |l| choose(least_base[l] > 0.0, spread[l], 1.0),
        );
        // 0 and 1 are exact where nothing is in doubt.
        let whole_sold = each::<W>(
            #[inline(always)]
            |l| choose((least_base[l] > 0.0) & (least[l] >= most_base[l]), 0.0, radius[l]),
        );
        let radius = each::<W>(
            #[inline(always)]
            |l| choose(most[l] <= 0.0, 0.0, whole_sold[l]),
        );
        Self { center, radius }
    }

    #[inline(always)]
    fn signed_fraction_of(self, whole: Self) -> Self {
        let sold = self.fraction_of(whole);
        if all::<W>(
            #[inline(always)]
            |l| self.low(l) >= 0.0,
        ) {
            return sold;
        }
        let bought = (Self::from(0.0) - self).fraction_of(whole);
        Self::of(
            #[inline(always)]
            |l| {
                // Where nothing is held, nothing can be bought in proportion.
                let bought_at = if whole.center[l] > 0.0 {
                    bought.center[l]
                } else {
                    0.0
                };
                (
                    sold.center[l] - bought_at,
                    sold.radius[l]
                        + bought.radius[l]
                        + if whole.low(l) > 0.0 { 0.0 } else { bought.center[l] },
                )
            },
        )
    }
}
