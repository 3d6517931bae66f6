//! Enclosures of `exp`, `ln`, `sqrt` and powers, as narrow as asked.
//!
//! Integers count units of `2^-w`. Every step keeps a lower and an upper integer, rounded outward, so that the
//! enclosure is a proof and no estimate.

use super::dyadic::Dyadic;
use num_bigint::BigInt;
use num_traits::{One, Signed, Zero};
use std::sync::OnceLock;

/// Lower and upper bound of one number.
pub type Bounds = (Dyadic, Dyadic);

/// A non-negative number between two integers, in units of `2^-w`.
struct Span {
    low: BigInt,
    high: BigInt,
}

fn ceil_shift(value: &BigInt, by: u64) -> BigInt {
    -((-value) >> by)
}

impl Span {
    fn times(&self, other: &Self, w: u64) -> Self {
        Self {
            low: (&self.low * &other.low) >> w,
            high: ceil_shift(&(&self.high * &other.high), w),
        }
    }

    fn over(&self, divisor: u64) -> Self {
        let divisor = BigInt::from(divisor);
        Self {
            low: &self.low / &divisor,
            high: (&self.high + &divisor - 1) / &divisor,
        }
    }

    fn plus(&self, other: &Self) -> Self {
        Self {
            low: &self.low + &other.low,
            high: &self.high + &other.high,
        }
    }
}

/// `2 atanh(s) = 2 sum s^(2j+1) / (2j+1)` for `0 <= s <= 1/2`.
fn twice_atanh(s: &Span, w: u64) -> Span {
    let square = s.times(s, w);
    let mut power = Span {
        low: s.low.clone(),
        high: s.high.clone(),
    };
    let mut sum = Span {
        low: BigInt::zero(),
        high: BigInt::zero(),
    };
    let mut odd = 1;
    // Upper ends stop at one unit, because they are rounded up.
    while power.high > BigInt::one() {
        sum = sum.plus(&power.over(odd));
        power = power.times(&square, w);
        odd += 2;
    }
    // The terms left out are below a geometric series of ratio 1/4.
    Span {
        low: sum.low << 1_u32,
        high: (sum.high + (power.high << 1_u32)) << 1_u32,
    }
}

const LN_2_BITS: u64 = 512;

/// `ln 2` in units of `2^-512`.
fn ln_2() -> &'static (BigInt, BigInt) {
    static VALUE: OnceLock<(BigInt, BigInt)> = OnceLock::new();
    VALUE.get_or_init(|| {
        let third = BigInt::one() << LN_2_BITS;
        let s = Span {
            low: &third / 3,
            high: &third / 3 + 1,
        };
        let span = twice_atanh(&s, LN_2_BITS);
        (span.low, span.high)
    })
}

/// `k ln 2` in units of `2^-w`.
fn multiple_of_ln_2(k: i64, w: u64) -> (BigInt, BigInt) {
    let (low, high) = ln_2();
    let (low, high) = if k >= 0 {
        (low * k, high * k)
    } else {
        (high * k, low * k)
    };
    (low >> (LN_2_BITS - w), ceil_shift(&high, LN_2_BITS - w))
}

/// Halvings of the argument before the series of [`exp`].
const HALVINGS: u64 = 8;

/// The natural exponential, with a relative width of about `2^-bits`.
///
/// # Panics
/// If `bits` exceeds 400 or `x` is 100,000 or more.
pub fn exp(x: &Dyadic, bits: u64) -> Bounds {
    if x.is_zero() {
        return (Dyadic::one(), Dyadic::one());
    }
    if *x < Dyadic::from_f64(-1e5) {
        return (Dyadic::zero(), Dyadic::power_of_two(-100_000));
    }
    let w = bits + 40;
    assert!(w + 40 <= LN_2_BITS && *x < Dyadic::from_f64(1e5));
    let mut k = (x.to_f64() / std::f64::consts::LN_2).floor() as i64;
    let mut reduced = reduce(x, k, w);
    while reduced.low.is_negative() {
        k -= 1;
        reduced = reduce(x, k, w);
    }
    let r = Span {
        low: reduced.low >> HALVINGS,
        high: ceil_shift(&reduced.high, HALVINGS),
    };
    let one = BigInt::one() << w;
    let mut sum = Span {
        low: one.clone(),
        high: one,
    };
    let mut term = Span {
        low: sum.low.clone(),
        high: sum.high.clone(),
    };
    let mut n = 0;
    loop {
        n += 1;
        term = term.times(&r, w).over(n);
        if term.high <= BigInt::one() {
            break;
        }
        sum = sum.plus(&term);
    }
    // The terms left out are below a geometric series of ratio 1/2.
    sum.high += &term.high << 1_u32;
    for _ in 0..HALVINGS {
        sum = sum.times(&sum, w);
    }
    let exponent = k - w as i64;
    (Dyadic::new(sum.low, exponent), Dyadic::new(sum.high, exponent))
}

/// `x - k ln 2`.
fn reduce(x: &Dyadic, k: i64, w: u64) -> Span {
    let (low, high) = multiple_of_ln_2(k, w);
    Span {
        low: x.floor_integer(w as i64) - high,
        high: x.ceil_integer(w as i64) - low,
    }
}

/// The natural logarithm of `x > 0`, with an absolute width of about `2^-bits`.
///
/// # Panics
/// If `x` is not positive or `bits` exceeds 400.
pub fn ln(x: &Dyadic, bits: u64) -> Bounds {
    assert!(x.is_positive());
    if *x == Dyadic::one() {
        return (Dyadic::zero(), Dyadic::zero());
    }
    let w = bits + 40;
    // x = m 2^e with m in [1, 2).
    let mut exponent = 0;
    let mut m = x.clone();
    while m >= Dyadic::power_of_two(1) {
        let by = exponent_above(&m);
        m = m.scaled(-by);
        exponent += by;
    }
    while m < Dyadic::one() {
        let by = exponent_below(&m);
        m = m.scaled(by);
        exponent -= by;
    }
    let (less, more) = (&m - &Dyadic::one(), &m + &Dyadic::one());
    let s = Span {
        low: less.div_floor(&more, w as i64).floor_integer(w as i64),
        high: less.div_ceil(&more, w as i64).ceil_integer(w as i64),
    };
    let series = twice_atanh(&s, w);
    let (low, high) = multiple_of_ln_2(exponent, w);
    (
        Dyadic::new(series.low + low, -(w as i64)),
        Dyadic::new(series.high + high, -(w as i64)),
    )
}

/// How far `m >= 2` may be scaled down and stay at least 1.
fn exponent_above(m: &Dyadic) -> i64 {
    (m.floor_integer(0).bits() as i64 - 1).max(1)
}

/// How far `m < 1` may be scaled up and stay below 2.
fn exponent_below(m: &Dyadic) -> i64 {
    let mut by = 1_i64;
    while m.scaled(by * 2) < Dyadic::one() {
        by *= 2;
    }
    by
}

/// The square root of `x >= 0`, with an absolute width of `2^-bits`, exact where it lies on that grid.
///
/// # Panics
/// If `x` is negative.
pub fn sqrt(x: &Dyadic, bits: u64) -> Bounds {
    assert!(!x.is_negative());
    let grid = bits as i64;
    let low = x.floor_integer(2 * grid).sqrt();
    let root = Dyadic::new(low.clone(), -grid);
    if &root * &root == *x {
        return (root.clone(), root);
    }
    (root, Dyadic::new(low + 1, -grid))
}

/// `x^exponent` for `x >= 0`, with a relative width of about `2^-bits`; exact for small whole exponents.
///
/// # Panics
/// If `x` is negative or `exponent` not positive.
pub fn pow(x: &Dyadic, exponent: f64, bits: u64) -> Bounds {
    assert!(!x.is_negative() && exponent > 0.0);
    if x.is_zero() {
        return (Dyadic::zero(), Dyadic::zero());
    }
    if exponent.fract() == 0.0 && exponent <= 10.0 {
        let mut product = Dyadic::one();
        for _ in 0..exponent as u32 {
            product = &product * x;
        }
        return (product.clone(), product);
    }
    let (low, high) = ln(x, bits + 20);
    let exponent = Dyadic::from_f64(exponent);
    (
        exp(&(&low * &exponent), bits).0,
        exp(&(&high * &exponent), bits).1,
    )
}

/// `(1 - exp(-z)) / z` for `z >= 0`, 1 at 0, with an absolute width of about `2^-bits`.
pub fn mean_decay(z: &Dyadic, bits: u64) -> Bounds {
    if z.is_zero() {
        return (Dyadic::one(), Dyadic::one());
    }
    let grid = bits as i64 + 40;
    if *z < Dyadic::power_of_two(-40) {
        // 1 - z/2 + z^2/6 - ...: partial sums of an alternating series with falling terms bracket it.
        let mut term = Dyadic::one();
        let mut sums = (Dyadic::one(), Dyadic::one());
        for n in 2..20_i32 {
            let whole = Dyadic::from_f64(f64::from(n));
            let next = &term * z;
            let high = next.div_ceil(&whole, grid);
            sums = if n % 2 == 0 {
                (&sums.1 - &high, sums.1)
            } else {
                (sums.0.clone(), &sums.0 + &high)
            };
            term = high;
        }
        let slack = Dyadic::power_of_two(-(bits as i64) - 10);
        return (&sums.0 - &slack, &sums.1 + &slack);
    }
    let (low, high) = exp(&-z, bits + 60);
    (
        (&Dyadic::one() - &high).div_floor(z, grid),
        (&Dyadic::one() - &low).div_ceil(z, grid),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decimal digits of known constants, cut off.
    fn holds(bounds: &Bounds, digits: &str) {
        let (whole, fraction) = digits.split_once('.').expect("a decimal point");
        let scale = BigInt::from(10).pow(fraction.len() as u32);
        let cut: BigInt = format!("{whole}{fraction}").parse().expect("digits");
        let low = num_rational::BigRational::new(cut.clone(), scale.clone());
        let high = num_rational::BigRational::new(cut + 1, scale);
        assert!(
            bounds.0.to_rational() <= high && bounds.1.to_rational() >= low,
            "{digits}"
        );
        assert!(&bounds.1 - &bounds.0 < Dyadic::power_of_two(-190));
    }

    #[test]
    fn constants_lie_inside() {
        holds(
            &exp(&Dyadic::one(), 220),
            "2.71828182845904523536028747135266249775724709369995",
        );
        holds(
            &ln(&Dyadic::from_f64(2.0), 220),
            "0.69314718055994530941723212145817656807550013436025",
        );
        holds(
            &ln(&Dyadic::from_f64(10.0), 220),
            "2.30258509299404568401799145468436420760110148862877",
        );
        holds(
            &sqrt(&Dyadic::from_f64(2.0), 220),
            "1.41421356237309504880168872420969807856967187537694",
        );
        holds(
            &exp(&Dyadic::from_f64(-1.0), 220),
            "0.36787944117144232159552377016146086744581113103176",
        );
    }

    #[test]
    fn powers_and_roots_agree() {
        for x in [0.3, 0.999_999, 1.0, 1.7, 1e-9, 12345.678] {
            let x = Dyadic::from_f64(x);
            let (a, b) = (pow(&x, 0.5, 220), sqrt(&x, 240));
            assert!(a.0 <= b.1 && b.0 <= a.1);
            let (low, high) = pow(&x, 1.5, 220);
            let cube = &(&x * &x) * &x;
            assert!(&low * &low <= cube && cube <= &high * &high);
        }
    }

    #[test]
    fn mean_decay_is_one_formula_on_both_sides_of_its_switch() {
        let z = Dyadic::power_of_two(-40);
        let at = mean_decay(&z, 220);
        let before = mean_decay(&(&z - &Dyadic::power_of_two(-400)), 220);
        assert!(at.0 <= before.1 && before.0 <= &at.1 + &Dyadic::power_of_two(-215));
        assert!(&at.1 - &at.0 < Dyadic::power_of_two(-200));
    }
}
