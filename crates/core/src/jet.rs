//! Jets: a number together with its slope, both enclosed over a range of inputs.

use crate::{FineInterval, Interval, Real, elementary};
use std::ops::{Add, Div, Mul, Sub};

/// Verified bounds of a number and of its slope in one input, while all inputs run through a box: forward differentiation in
/// interval arithmetic (Moore 1966; Griewank and Walther 2008).
///
/// Formulas that are written over [`Real`] yield their slopes by being evaluated on jets. Along any line in the box the
/// number's derivative lies in `slope` wherever it exists, which is almost everywhere: at a kink, such as where a price meets
/// its floor, the slope holds those of both sides. A jump counts on its sides only, not by itself: of a number that never
/// rises, such as what a rule sells as prices rise, the upper end of the slope bounds how little it falls with jumps or
/// without.
///
/// On a box that is a single point the value is as sharp as [`FineInterval`]s are.
///
/// ```
/// use delever_core::{Interval, Jet, Real};
/// // 1 / x over [1, 2]: the slope lies between -1 and -1/4.
/// let x = Jet::variable(Interval::new(1.0, 2.0));
/// let slope = (Jet::from(1.0) / x).slope;
/// assert!(slope.low <= -1.0 && slope.high >= -0.25 && slope.high <= 0.0);
/// // At a kink, the slopes of both sides.
/// let kinked = (x - Jet::from(1.5)).at_least(0.0);
/// assert_eq!((kinked.slope.low, kinked.slope.high), (0.0, 1.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Jet {
    /// Bounds of the number.
    pub value: FineInterval,
    /// Bounds of its slope.
    pub slope: Interval,
}

const FLAT: Interval = Interval { low: 0.0, high: 0.0 };
const ONE: Interval = Interval { low: 1.0, high: 1.0 };

/// A product of slopes; nothing of anything is nothing.
fn times(a: Interval, b: Interval) -> Interval {
    if a == FLAT || b == FLAT { FLAT } else { a * b }
}

/// `a / b`; nothing stays nothing whatever it is divided by.
fn over(a: Interval, b: Interval) -> Interval {
    if a == FLAT { FLAT } else { a / b }
}

/// A power of a number `>= 0`, also with exponents too small for [`elementary::pow`].
fn any_power(base: Interval, exponent: f64) -> Interval {
    if exponent < elementary::SMALLEST_EXPONENT {
        Interval::new(0.0, base.high.max(1.0))
    } else {
        base.pow(exponent)
    }
}

impl Jet {
    /// A number that the input does not move.
    pub fn constant(value: FineInterval) -> Self {
        Self { value, slope: FLAT }
    }

    /// The input itself, over a range.
    pub fn variable(range: Interval) -> Self {
        Self {
            value: range.into(),
            slope: ONE,
        }
    }

    /// The smallest jet that holds both.
    #[must_use]
    fn hull(self, other: Self) -> Self {
        Self {
            value: self.value.hull(other.value),
            slope: self.slope.hull(other.slope),
        }
    }

    fn bounds(self) -> Interval {
        self.value.outward()
    }

    /// The slope of a quotient that itself lies within `quotient`.
    fn quotient_slope(self, whole: Self, quotient: Interval) -> Interval {
        let numerator = self.slope - times(quotient, whole.slope);
        over(numerator, whole.bounds())
    }
}

impl From<f64> for Jet {
    fn from(value: f64) -> Self {
        Self::constant(value.into())
    }
}

impl Add for Jet {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            value: self.value + other.value,
            slope: self.slope + other.slope,
        }
    }
}

impl Sub for Jet {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self {
            value: self.value - other.value,
            slope: self.slope - other.slope,
        }
    }
}

impl Mul for Jet {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self {
            value: self.value * other.value,
            slope: times(self.slope, other.bounds()) + times(self.bounds(), other.slope),
        }
    }
}

impl Div for Jet {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let value = self.value / other.value;
        Self {
            value,
            slope: self.quotient_slope(other, value.outward()),
        }
    }
}

impl Real for Jet {
    type Given = Self;
    const NOTHING: Self = Self {
        value: FineInterval::ZERO,
        slope: FLAT,
    };

    fn given(amount: Self) -> Self {
        amount
    }

    fn at_least(self, floor: f64) -> Self {
        let bounds = self.bounds();
        Self {
            value: self.value.at_least(floor),
            slope: if bounds.low >= floor {
                self.slope
            } else if bounds.high <= floor {
                FLAT
            } else {
                self.slope.hull(FLAT)
            },
        }
    }

    fn at_most(self, cap: f64) -> Self {
        let bounds = self.bounds();
        Self {
            value: self.value.at_most(cap),
            slope: if bounds.high <= cap {
                self.slope
            } else if bounds.low >= cap {
                FLAT
            } else {
                self.slope.hull(FLAT)
            },
        }
    }

    fn sqrt(self) -> Self {
        let value = self.value.sqrt();
        let twice = Interval::from(2.0) * value.outward();
        Self {
            value,
            slope: over(self.slope, twice),
        }
    }

    fn exp(self) -> Self {
        let value = self.value.exp();
        Self {
            value,
            slope: times(self.slope, value.outward()),
        }
    }

    fn one_minus_tanh(self) -> Self {
        // With r = 1 - tanh x the slope is -(1 - tanh^2 x) = -r (2 - r).
        let value = self.value.one_minus_tanh();
        let rest = value.outward();
        let steepness = times(rest, Interval::from(2.0) - rest);
        Self {
            value,
            slope: FLAT - times(self.slope, steepness),
        }
    }

    fn pow(self, exponent: f64) -> Self {
        let bounds = self.bounds().at_least(0.0);
        let steepness = if exponent == 1.0 {
            ONE
        } else if exponent > 1.0 {
            let power = any_power(bounds, exponent - 1.0);
            times(Interval::from(exponent), power)
        } else {
            let power = any_power(bounds, 1.0 - exponent);
            Interval::from(exponent) / power
        };
        Self {
            value: self.value.pow(exponent),
            slope: times(self.slope, steepness),
        }
    }

    fn is_zero(self) -> bool {
        self.value.is_zero() && self.slope == FLAT
    }

    fn if_below(
        self,
        threshold: Self,
        below: impl FnOnce() -> Self,
        otherwise: impl FnOnce() -> Self,
    ) -> Self {
        if self.value.is_below(threshold.value) {
            below()
        } else if self.value.is_not_below(threshold.value) {
            otherwise()
        } else {
            below().hull(otherwise())
        }
    }

    fn fraction_of(self, whole: Self) -> Self {
        let value = self.value.fraction_of(whole.value);
        let (part, all) = (self.bounds(), whole.bounds());
        let slope = if part.high <= 0.0 || part.low >= all.high {
            FLAT
        } else {
            let inside = self.quotient_slope(whole, value.outward());
            if part.low >= 0.0 && part.high <= all.low {
                inside
            } else {
                inside.hull(FLAT)
            }
        };
        Self { value, slope }
    }

    fn signed_fraction_of(self, whole: Self) -> Self {
        if self.bounds().low >= 0.0 {
            return self.fraction_of(whole);
        }
        let value = self.value.signed_fraction_of(whole.value);
        let slope = self.quotient_slope(whole, value.outward()).hull(FLAT);
        Self { value, slope }
    }
}
