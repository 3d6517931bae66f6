//! Binary fractions of any length: doubles without rounding.

use num_bigint::{BigInt, Sign};
use num_rational::BigRational;
use num_traits::{One, Signed, Zero};
use std::cmp::Ordering;
use std::ops::{Add, AddAssign, Mul, Neg, Sub};

/// `mantissa * 2^exponent`, exact under `+ - *`; division rounds to a grid in a direction that is asked for.
#[derive(Clone, Debug)]
pub struct Dyadic {
    mantissa: BigInt,
    exponent: i64,
}

impl Dyadic {
    /// `mantissa * 2^exponent`.
    pub fn new(mantissa: BigInt, exponent: i64) -> Self {
        if mantissa.is_zero() {
            return Self::zero();
        }
        Self { mantissa, exponent }
    }

    /// Zero.
    pub fn zero() -> Self {
        Self {
            mantissa: BigInt::zero(),
            exponent: 0,
        }
    }

    /// One.
    pub fn one() -> Self {
        Self {
            mantissa: BigInt::one(),
            exponent: 0,
        }
    }

    /// `2^exponent`.
    pub fn power_of_two(exponent: i64) -> Self {
        Self {
            mantissa: BigInt::one(),
            exponent,
        }
    }

    /// Exactly `value`.
    ///
    /// # Panics
    /// If `value` is no finite number.
    pub fn from_f64(value: f64) -> Self {
        assert!(value.is_finite(), "{value} has no exact value");
        let bits = value.to_bits();
        let field = ((bits >> 52) & 0x7ff) as i64;
        let fraction = (bits & ((1 << 52) - 1)) as i64;
        let (mantissa, exponent) = if field == 0 {
            (fraction, -1074)
        } else {
            (fraction | (1 << 52), field - 1075)
        };
        if mantissa == 0 {
            return Self::zero();
        }
        let spare = mantissa.trailing_zeros();
        let signed = if value < 0.0 {
            -(mantissa >> spare)
        } else {
            mantissa >> spare
        };
        Self {
            mantissa: BigInt::from(signed),
            exponent: exponent + i64::from(spare),
        }
    }

    /// Near `value`, for messages and first guesses.
    pub fn to_f64(&self) -> f64 {
        let bits = self.mantissa.bits() as i64;
        let drop = (bits - 64).max(0);
        let top = shifted(&self.mantissa, -drop);
        let head = top.to_string().parse::<f64>().unwrap_or(f64::NAN);
        let exponent = self.exponent + drop;
        if exponent < -1000 {
            head * 2f64.powi(-900) * 2f64.powi((exponent + 900).max(-1100) as i32)
        } else {
            head * 2f64.powi(exponent.min(1100) as i32)
        }
    }

    /// The same number as a fraction of integers.
    pub fn to_rational(&self) -> BigRational {
        if self.exponent >= 0 {
            BigRational::from_integer(&self.mantissa << self.exponent as u64)
        } else {
            BigRational::new(self.mantissa.clone(), BigInt::one() << (-self.exponent) as u64)
        }
    }

    /// Whether it is zero.
    pub fn is_zero(&self) -> bool {
        self.mantissa.is_zero()
    }

    /// Whether it is above zero.
    pub fn is_positive(&self) -> bool {
        self.mantissa.sign() == Sign::Plus
    }

    /// Whether it is below zero.
    pub fn is_negative(&self) -> bool {
        self.mantissa.sign() == Sign::Minus
    }

    /// The magnitude.
    #[must_use]
    pub fn abs(&self) -> Self {
        Self {
            mantissa: self.mantissa.abs(),
            exponent: self.exponent,
        }
    }

    /// `self * 2^by`.
    #[must_use]
    pub fn scaled(&self, by: i64) -> Self {
        Self::new(self.mantissa.clone(), self.exponent + by)
    }

    /// `floor(self * 2^bits)` as an integer.
    pub fn floor_integer(&self, bits: i64) -> BigInt {
        shifted(&self.mantissa, self.exponent + bits)
    }

    /// `ceil(self * 2^bits)` as an integer.
    pub fn ceil_integer(&self, bits: i64) -> BigInt {
        if self.exponent + bits >= 0 {
            shifted(&self.mantissa, self.exponent + bits)
        } else {
            -shifted(&-&self.mantissa, self.exponent + bits)
        }
    }

    /// The largest multiple of `2^-bits` that is not above.
    #[must_use]
    pub fn floor(&self, bits: i64) -> Self {
        if self.exponent + bits >= 0 {
            return self.clone();
        }
        Self::new(self.floor_integer(bits), -bits)
    }

    /// The smallest multiple of `2^-bits` that is not below.
    #[must_use]
    pub fn ceil(&self, bits: i64) -> Self {
        if self.exponent + bits >= 0 {
            return self.clone();
        }
        Self::new(self.ceil_integer(bits), -bits)
    }

    /// `self / divisor` rounded down to a multiple of `2^-bits`, for `divisor > 0`.
    ///
    /// # Panics
    /// If `divisor` is not positive.
    #[must_use]
    pub fn div_floor(&self, divisor: &Self, bits: i64) -> Self {
        assert!(divisor.is_positive());
        let shift = self.exponent - divisor.exponent + bits;
        let (numerator, denominator) = if shift >= 0 {
            (&self.mantissa << shift as u64, divisor.mantissa.clone())
        } else {
            (self.mantissa.clone(), &divisor.mantissa << (-shift) as u64)
        };
        Self::new(floor_quotient(&numerator, &denominator), -bits)
    }

    /// `self / divisor` rounded up to a multiple of `2^-bits`, for `divisor > 0`.
    #[must_use]
    pub fn div_ceil(&self, divisor: &Self, bits: i64) -> Self {
        -(-self).div_floor(divisor, bits)
    }

    /// The larger of two.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        if other > self { other } else { self }
    }

    /// The smaller of two.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        if other < self { other } else { self }
    }
}

/// `floor(value * 2^by)`.
fn shifted(value: &BigInt, by: i64) -> BigInt {
    if by >= 0 {
        value << by as u64
    } else {
        // The shift of a negative `BigInt` rounds toward minus infinity.
        value >> (-by) as u64
    }
}

fn floor_quotient(numerator: &BigInt, denominator: &BigInt) -> BigInt {
    let quotient = numerator / denominator;
    if numerator.is_negative() && &quotient * denominator != *numerator {
        quotient - 1
    } else {
        quotient
    }
}

fn combine(a: &Dyadic, b: &Dyadic, join: fn(BigInt, &BigInt) -> BigInt) -> Dyadic {
    match a.exponent.cmp(&b.exponent) {
        Ordering::Equal => Dyadic::new(join(a.mantissa.clone(), &b.mantissa), a.exponent),
        Ordering::Greater => {
            let raised = &a.mantissa << (a.exponent - b.exponent) as u64;
            Dyadic::new(join(raised, &b.mantissa), b.exponent)
        }
        Ordering::Less => {
            let raised = &b.mantissa << (b.exponent - a.exponent) as u64;
            Dyadic::new(join(a.mantissa.clone(), &raised), a.exponent)
        }
    }
}

impl Add for &Dyadic {
    type Output = Dyadic;
    fn add(self, other: Self) -> Dyadic {
        if self.is_zero() {
            return other.clone();
        }
        if other.is_zero() {
            return self.clone();
        }
        combine(self, other, |a, b| a + b)
    }
}

impl AddAssign<&Dyadic> for Dyadic {
    fn add_assign(&mut self, other: &Dyadic) {
        *self = &*self + other;
    }
}

impl Sub for &Dyadic {
    type Output = Dyadic;
    fn sub(self, other: Self) -> Dyadic {
        if other.is_zero() {
            return self.clone();
        }
        if self.is_zero() {
            return -other;
        }
        combine(self, other, |a, b| a - b)
    }
}

impl Mul for &Dyadic {
    type Output = Dyadic;
    fn mul(self, other: Self) -> Dyadic {
        Dyadic::new(&self.mantissa * &other.mantissa, self.exponent + other.exponent)
    }
}

impl Neg for &Dyadic {
    type Output = Dyadic;
    fn neg(self) -> Dyadic {
        Dyadic {
            mantissa: -&self.mantissa,
            exponent: self.exponent,
        }
    }
}

impl Neg for Dyadic {
    type Output = Dyadic;
    fn neg(self) -> Dyadic {
        -&self
    }
}

impl PartialEq for Dyadic {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Dyadic {}

impl PartialOrd for Dyadic {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Dyadic {
    fn cmp(&self, other: &Self) -> Ordering {
        match self.exponent.cmp(&other.exponent) {
            Ordering::Equal => self.mantissa.cmp(&other.mantissa),
            Ordering::Greater => {
                (&self.mantissa << (self.exponent - other.exponent) as u64).cmp(&other.mantissa)
            }
            Ordering::Less => self
                .mantissa
                .cmp(&(&other.mantissa << (other.exponent - self.exponent) as u64)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_come_back() {
        for value in [0.0, 1.0, -0.1, 1e-300, 5e-324, 1.797e308, -3.75, 1e18] {
            assert_eq!(Dyadic::from_f64(value).to_f64(), value);
        }
    }

    #[test]
    fn directed_division_brackets_the_quotient() {
        for (a, b) in [(1.0, 3.0), (-1.0, 3.0), (2.0, 0.5), (-7.0, 0.3), (0.0, 2.0)] {
            let (x, y) = (Dyadic::from_f64(a), Dyadic::from_f64(b));
            let (low, high) = (x.div_floor(&y, 100), x.div_ceil(&y, 100));
            assert!(&low * &y <= x && x <= &high * &y);
            assert!(&high - &low <= Dyadic::power_of_two(-100));
        }
    }

    #[test]
    fn rounding_to_a_grid_is_outward() {
        let x = Dyadic::from_f64(-0.3);
        assert_eq!(x.floor(1), Dyadic::from_f64(-0.5));
        assert_eq!(x.ceil(1), Dyadic::zero());
        assert_eq!(Dyadic::from_f64(0.75).floor(2), Dyadic::from_f64(0.75));
    }
}
