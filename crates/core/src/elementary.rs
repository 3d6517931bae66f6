//! `exp`, `ln` and `pow` that are monotone in floating point and have the same bits on every platform.
//!
//! Platform libraries differ in the last bit, and nothing promises that they are monotone. These use only
//! correctly rounded `+ - * /`.
//!
//! **`exp`, monotone by construction.** The argument is cut into segments of length `ln 2 / 64`. Inside a
//! segment the offset `r >= 0` is a monotone float function of the argument, and a polynomial with positive
//! coefficients in `r >= 0`, evaluated by Horner's rule, consists of additions and multiplications each monotone
//! in `r`. A value never passes the tabulated start of the next segment. So no pair of doubles is out of order.
//!
//! **`pow`, monotone by accuracy.** The result is computed in double-double arithmetic with a relative error
//! below `2^-85` and rounded once. Two adjacent doubles differ by at least `2^-53` relatively, their powers by
//! at least `exponent * 2^-53`; for `exponent >= 2^-20` that is far more than the error, so both cannot fall on
//! the wrong sides of one rounding boundary.

use crate::Pack;
use crate::error_free::{two_product, two_sum};

const SEGMENTS: i64 = 64;
/// `64 / ln 2`.
const SEGMENTS_PER_UNIT: f64 = f64::from_bits(0x4057_1547_652b_82fe);
/// `ln 2 / 64`, upper 32 bits: products with a segment number are exact.
const SEGMENT_HIGH: f64 = f64::from_bits(0x3f86_2e42_fee0_0000);
/// `ln 2 / 64` less [`SEGMENT_HIGH`].
const SEGMENT_LOW: f64 = f64::from_bits(0x3d8a_39ef_3579_3c76);
/// `2^(1/64) - 1` rounded up: the largest that takes no start of a segment beyond the next one's.
const LARGEST_OFFSET: f64 = f64::from_bits(0x3f86_4d1f_3bc0_3079);
/// `ln 2` as the sum of two doubles.
const LN_2: (f64, f64) = (
    f64::from_bits(0x3fe6_2e42_fefa_39ef),
    f64::from_bits(0x3c7a_bc9e_3b39_803f),
);
/// Below this `exp` is less than half the smallest subnormal.
const EXP_UNDERFLOW: f64 = -745.2;
/// Above this `exp` overflows.
const EXP_OVERFLOW: f64 = 709.79;
/// Smallest exponent for which [`pow`] is proved monotone.
pub const SMALLEST_EXPONENT: f64 = 1.0 / 1_048_576.0;

/// `2^exponent` for a normal result.
#[inline]
pub(crate) fn power_of_two(exponent: i64) -> f64 {
    f64::from_bits(((exponent + 1023) as u64) << 52)
}

/// `value * 2^exponent`, rounded once.
#[inline]
pub(crate) fn scale(value: f64, exponent: i64) -> f64 {
    if (-1000..=1000).contains(&exponent) {
        value * power_of_two(exponent)
    } else if exponent < 0 {
        value * power_of_two(-1000) * power_of_two((exponent + 1000).max(-1022))
    } else {
        value * power_of_two(1000) * power_of_two(exponent - 1000)
    }
}

/// The last segment that starts at or below `x`, and how far above its start `x` lies.
///
/// The distance to a given start is a monotone float function of `x`, so the segment is monotone in `x` as well.
#[inline]
fn segment_of(x: f64) -> (i64, f64) {
    let above = |segment: f64| (x - segment * SEGMENT_HIGH) - segment * SEGMENT_LOW;
    // The quotient's rounding can name a neighbour where `x` lies close to a start.
    let guess = (x * SEGMENTS_PER_UNIT).floor();
    let (here, next) = (above(guess), above(guess + 1.0));
    if here < 0.0 {
        (guess as i64 - 1, above(guess - 1.0))
    } else if next >= 0.0 {
        (guess as i64 + 1, next)
    } else {
        (guess as i64, here)
    }
}

/// The natural exponential, with an error below one unit in the last place; `exp(0) = 1` exactly.
///
/// ```
/// use delever_core::elementary::exp;
/// assert_eq!(exp(0.0), 1.0);
/// assert!((exp(-1.0) - 0.367_879_441_171_442_33).abs() < 1e-16);
/// assert!(exp(-1e-320) <= 1.0);
/// ```
#[inline]
pub fn exp(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    if x < EXP_UNDERFLOW {
        return 0.0;
    }
    if x > EXP_OVERFLOW {
        return f64::INFINITY;
    }
    let (segment, r) = segment_of(x);
    let p = exp_of_offset(r, |value| value).min(LARGEST_OFFSET);
    let (high, low) = TABLE[segment.rem_euclid(SEGMENTS) as usize];
    let (high, low) = (f64::from_bits(high), f64::from_bits(low));
    scale(high + (high * p + low), segment.div_euclid(SEGMENTS))
}

/// [`exp`] of numbers side by side, the same bits: without branches on them.
#[inline(always)]
pub fn exp_side_by_side<P: Pack>(x: P) -> P {
    let (zero, one) = (x.splat(0.0), x.splat(1.0));
    // What is no number stays none, since it stands second.
    let inside = x.splat(EXP_UNDERFLOW).or_larger(x);
    let inside = x.splat(EXP_OVERFLOW).or_smaller(inside);
    // At most one off: the distances decide.
    let guess = nearest(inside * x.splat(SEGMENTS_PER_UNIT) - x.splat(0.5));
    let (here, after) = (above(inside, guess), above(inside, guess + one));
    let segment = (guess + one).where_or(zero.is_at_most(after), guess);
    let segment = (guess - one).where_or(here.is_below(zero), segment);
    let mut high = (segment + x.splat(WHOLE)).lanes();
    let mut low = P::ZEROS;
    for (high, low) in high.as_mut().iter_mut().zip(low.as_mut()) {
        let (start, rest) = TABLE[(high.to_bits() & (SEGMENTS as u64 - 1)) as usize];
        (*high, *low) = (f64::from_bits(start), f64::from_bits(rest));
    }
    let (high, low) = (x.load(high), x.load(low));
    let p = exp_of_offset(
        above(inside, segment),
        #[inline(always)]
        |value| x.splat(value),
    );
    let value = high + (high * x.splat(LARGEST_OFFSET).or_smaller(p) + low);
    // Whole numbers: the quotient by 64, rounded down.
    let middle = (SEGMENTS - 1) as f64 / 2.0;
    let exponent = nearest((segment - x.splat(middle)) * x.splat(1.0 / SEGMENTS as f64));
    // In two steps where one power would not be normal; there results underflow and overflow by themselves.
    let most = x.splat(-1000.0).or_larger(exponent);
    let most = x.splat(1000.0).or_smaller(most);
    let scaled = value * powers_of_two(most);
    if x.all(most.equals(exponent)) {
        scaled
    } else {
        scaled * powers_of_two(exponent - most)
    }
}

/// Added to a whole number below `2^31`, it leaves that number in the lowest bits.
const WHOLE: f64 = 6_755_399_441_055_744.0;

/// The nearest whole numbers.
#[inline(always)]
fn nearest<P: Pack>(x: P) -> P {
    (x + x.splat(WHOLE)) - x.splat(WHOLE)
}

/// How far numbers lie above the starts of segments.
#[inline(always)]
fn above<P: Pack>(x: P, segment: P) -> P {
    (x - segment * x.splat(SEGMENT_HIGH)) - segment * x.splat(SEGMENT_LOW)
}

/// `2^e` for whole numbers whose power is normal: below `2^11` in the lowest bits, moved to where exponents are.
#[inline(always)]
fn powers_of_two<P: Pack>(exponent: P) -> P {
    let mut power = (exponent + exponent.splat(4_503_599_627_370_496.0 + 1023.0)).lanes();
    for lane in power.as_mut() {
        *lane = f64::from_bits(lane.to_bits() << 52);
    }
    exponent.load(power)
}

/// `exp(r) - 1` for `0 <= r <= 0.0109`, from sums and products of numbers `>= 0`, each monotone: the first term left out is below
/// 2e-17 of the sum.
#[inline(always)]
fn exp_of_offset<N>(r: N, constant: impl Fn(f64) -> N) -> N
where
    N: Copy + std::ops::Add<Output = N> + std::ops::Mul<Output = N>,
{
    let square = r * r;
    let first = constant(1.0) + r * constant(1.0 / 2.0);
    let second = constant(1.0 / 6.0) + r * constant(1.0 / 24.0);
    let third = constant(1.0 / 120.0) + r * constant(1.0 / 720.0);
    r * (first + square * (second + square * third))
}

/// Lower and upper bound of the exact exponential; both 1 at 0.
pub fn exp_bounds(x: f64) -> (f64, f64) {
    let value = exp(x);
    if x == 0.0 || value.is_infinite() {
        return (value, value);
    }
    (value.next_down().max(0.0), value.next_up())
}

/// `1 - tanh x` for `x >= 0`, as `2 / (1 + exp(2 x))`: `x` enters once, so no pair of doubles is out of order.
///
/// ```
/// use delever_core::elementary::one_minus_tanh;
/// assert_eq!((one_minus_tanh(0.0), one_minus_tanh(f64::INFINITY)), (1.0, 0.0));
/// assert!((one_minus_tanh(0.5) - (1.0 - 0.5_f64.tanh())).abs() < 1e-16);
/// ```
pub fn one_minus_tanh(x: f64) -> f64 {
    2.0 / (1.0 + exp(2.0 * x))
}

/// Lower and upper bound of the exact `1 - tanh x`, `x >= 0`; both 1 at 0.
pub fn one_minus_tanh_bounds(x: f64) -> (f64, f64) {
    if x == 0.0 || x.is_infinite() {
        let value = one_minus_tanh(x);
        return (value, value);
    }
    let (low, high) = exp_bounds(2.0 * x);
    // What overflows is finite and at least half the largest double.
    let low = low.min(f64::MAX / 2.0);
    let smallest = (2.0 / (1.0 + high).next_up()).next_down().max(0.0);
    (smallest, (2.0 / (1.0 + low).next_down()).next_up())
}

/// `-ln(1 - x)` for `0 <= x < 1`, monotone in floating point and accurate for small `x` too; infinite at 1.
///
/// `2 atanh(x / (2 - x))` as a series of positive terms where `x` is small, else by [`ln`].
///
/// ```
/// use delever_core::elementary::minus_ln_of_rest;
/// assert_eq!((minus_ln_of_rest(0.0), minus_ln_of_rest(0.5)), (0.0, std::f64::consts::LN_2));
/// assert_eq!(minus_ln_of_rest(1e-20), 1e-20);
/// ```
pub fn minus_ln_of_rest(x: f64) -> f64 {
    const SERIES_TO: f64 = 0.125;
    let series = |x: f64| {
        let s = x / (2.0 - x);
        let square = s * s;
        // s <= 1/15: the first term left out is below 1e-17 of the sum.
        let mut sum = 0.0;
        for n in (0..=7).rev() {
            sum = 1.0 / f64::from(2 * n + 1) + square * sum;
        }
        2.0 * s * sum
    };
    if x <= SERIES_TO {
        series(x)
    } else {
        (-ln(1.0 - x)).max(series(SERIES_TO))
    }
}

/// A double-double number: the exact sum of two doubles, the second below half a unit of the first.
pub(crate) type Double = (f64, f64);

#[inline]
fn normal(high: f64, low: f64) -> Double {
    let sum = high + low;
    (sum, low - (sum - high))
}

#[inline]
pub(crate) fn add(a: Double, b: Double) -> Double {
    let (s, e) = two_sum(a.0, b.0);
    let (t, f) = two_sum(a.1, b.1);
    let (s, e) = normal(s, e + t);
    normal(s, e + f)
}

#[inline]
pub(crate) fn multiply(a: Double, b: Double) -> Double {
    let (p, e) = two_product(a.0, b.0);
    normal(p, e + (a.0 * b.1 + a.1 * b.0))
}

#[inline]
pub(crate) fn divide(a: Double, b: Double) -> Double {
    let q = a.0 / b.0;
    let r = add(a, multiply((-q, 0.0), b));
    let q2 = r.0 / b.0;
    let r = add(r, multiply((-q2, 0.0), b));
    add(normal(q, q2), (r.0 / b.0, 0.0))
}

/// `ln x` in double-double for normal `x > 0`.
fn ln_double(x: f64) -> Double {
    let bits = x.to_bits();
    let mut exponent = ((bits >> 52) & 0x7ff) as i64 - 1023;
    let mut mantissa = f64::from_bits((bits & ((1 << 52) - 1)) | (1023 << 52));
    if mantissa > std::f64::consts::SQRT_2 {
        mantissa /= 2.0;
        exponent += 1;
    }
    // ln m = 2 atanh((m - 1) / (m + 1)), with m - 1 exact and |s| <= 0.1716.
    let s = divide((mantissa - 1.0, 0.0), two_sum(mantissa, 1.0));
    let square = multiply(s, s);
    let mut sum: Double = (0.0, 0.0);
    for term in (0..=20).rev() {
        sum = add(
            multiply(sum, square),
            divide((1.0, 0.0), (f64::from(2 * term + 1), 0.0)),
        );
    }
    let series = multiply(s, (2.0 * sum.0, 2.0 * sum.1));
    add(multiply((exponent as f64, 0.0), LN_2), series)
}

/// `ln x` of a double-double `x > 0` whose first part is normal; what the second part adds is below `2^-53`.
pub(crate) fn ln_of_double(x: Double) -> Double {
    let share = x.1 / x.0;
    add(ln_double(x.0), (share - share * share / 2.0, 0.0))
}

/// `exp x` in double-double as a fraction in about `[0.7, 1.42]` and a power of two.
pub(crate) fn exp_double(x: Double) -> (Double, i64) {
    let exponent = (x.0 / LN_2.0).round();
    let reduced = add(x, multiply((-exponent, 0.0), LN_2));
    // Six halvings, then the series, then six squarings.
    let r = (reduced.0 / 64.0, reduced.1 / 64.0);
    let mut sum: Double = (1.0, 0.0);
    for term in (1..=14).rev() {
        sum = add((1.0, 0.0), multiply(sum, divide(r, (f64::from(term), 0.0))));
    }
    for _ in 0..6 {
        sum = multiply(sum, sum);
    }
    (sum, exponent as i64)
}

/// The natural logarithm of `x >= 0`, correctly rounded but for ties closer than `2^-85`; NaN below 0.
///
/// Monotone by accuracy: logarithms of adjacent doubles differ by more than the error. Subnormal numbers count as the smallest
/// normal one.
///
/// ```
/// use delever_core::elementary::ln;
/// assert_eq!((ln(1.0), ln(0.0)), (0.0, f64::NEG_INFINITY));
/// assert_eq!(ln(2.0), std::f64::consts::LN_2);
/// ```
pub fn ln(x: f64) -> f64 {
    if x.is_nan() || x < 0.0 {
        return f64::NAN;
    }
    if x == 0.0 || x.is_infinite() {
        return if x == 0.0 { f64::NEG_INFINITY } else { x };
    }
    ln_double(x.max(f64::MIN_POSITIVE)).0
}

/// Lower and upper bound of the exact logarithm; both 0 at 1.
pub fn ln_bounds(x: f64) -> (f64, f64) {
    let value = ln(x);
    if x == 1.0 || value.is_infinite() {
        return (value, value);
    }
    if x < f64::MIN_POSITIVE {
        return (f64::NEG_INFINITY, value.next_up());
    }
    (value.next_down(), value.next_up())
}

/// `x^exponent` for `x >= 0` and `exponent >= 2^-20`, correctly rounded but for ties closer than `2^-85`.
///
/// Outside that domain the result is NaN.
///
/// ```
/// use delever_core::elementary::pow;
/// assert_eq!(pow(0.25, 0.5), 0.5);
/// assert_eq!(pow(3.7, 1.0), 3.7);
/// assert_eq!(pow(0.0, 0.6), 0.0);
/// ```
pub fn pow(x: f64, exponent: f64) -> f64 {
    if !(x >= 0.0 && (SMALLEST_EXPONENT..=1024.0).contains(&exponent)) {
        return f64::NAN;
    }
    if x == 0.0 || x.is_infinite() || exponent == 1.0 {
        return x;
    }
    if x < f64::MIN_POSITIVE {
        // Subnormal amounts lie outside every promise; keep the order all the same.
        return pow(f64::MIN_POSITIVE, exponent).min(x.sqrt());
    }
    let power = multiply(ln_double(x), (exponent, 0.0));
    if power.0 < EXP_UNDERFLOW {
        return 0.0;
    }
    if power.0 > EXP_OVERFLOW {
        return f64::INFINITY;
    }
    let (value, shift) = exp_double(power);
    scale(value.0, shift)
}

/// Lower and upper bound of the exact power.
pub fn pow_bounds(x: f64, exponent: f64) -> (f64, f64) {
    let value = pow(x, exponent);
    if x == 0.0 || x == 1.0 || exponent == 1.0 || value.is_infinite() {
        return (value, value);
    }
    (value.next_down().max(0.0), value.next_up())
}

/// Bits of `2^(j / 64)`, `j = 0..64`: the nearest double and what it lacks.
#[rustfmt::skip]
const TABLE: [(u64, u64); SEGMENTS as usize] = [
    (0x3ff0_0000_0000_0000, 0x0000_0000_0000_0000),
    (0x3ff0_2c9a_3e77_8061, 0xbc71_9083_535b_085d),
    (0x3ff0_59b0_d315_8574, 0x3c8d_73e2_a475_b465),
    (0x3ff0_8745_1875_9bc8, 0x3c61_86be_4bb2_84ff),
    (0x3ff0_b558_6cf9_890f, 0x3c98_a62e_4adc_610b),
    (0x3ff0_e3ec_32d3_d1a2, 0x3c40_3a17_27c5_7b53),
    (0x3ff1_1301_d012_5b51, 0xbc96_c510_3944_9b3a),
    (0x3ff1_429a_aea9_2de0, 0xbc93_2fbf_9af1_369e),
    (0x3ff1_72b8_3c7d_517b, 0xbc81_9041_b9d7_8a76),
    (0x3ff1_a35b_eb6f_cb75, 0x3c8e_5b4c_7b49_68e4),
    (0x3ff1_d487_3168_b9aa, 0x3c9e_016e_00a2_643c),
    (0x3ff2_063b_8862_8cd6, 0x3c8d_c775_814a_8495),
    (0x3ff2_387a_6e75_6238, 0x3c99_b07e_b6c7_0573),
    (0x3ff2_6b45_65e2_7cdd, 0x3c82_bd33_9940_e9d9),
    (0x3ff2_9e9d_f51f_dee1, 0x3c86_12e8_afad_1255),
    (0x3ff2_d285_a6e4_030b, 0x3c90_0247_54db_41d5),
    (0x3ff3_06fe_0a31_b715, 0x3c86_f46a_d231_82e4),
    (0x3ff3_3c08_b264_16ff, 0x3c93_2721_8436_59a6),
    (0x3ff3_71a7_373a_a9cb, 0xbc96_3aea_bf42_eae2),
    (0x3ff3_a7db_34e5_9ff7, 0xbc75_e436_d661_f5e3),
    (0x3ff3_dea6_4c12_3422, 0x3c8a_da09_11f0_9ebc),
    (0x3ff4_160a_21f7_2e2a, 0xbc5e_f369_1c30_9278),
    (0x3ff4_4e08_6061_892d, 0x3c48_9b7a_04ef_80d0),
    (0x3ff4_86a2_b5c1_3cd0, 0x3c73_c1a3_b690_62f0),
    (0x3ff4_bfda_d536_2a27, 0x3c7d_4397_afec_42e2),
    (0x3ff4_f9b2_769d_2ca7, 0xbc94_b309_d259_57e3),
    (0x3ff5_342b_569d_4f82, 0xbc80_7abe_1db1_3cad),
    (0x3ff5_6f47_36b5_27da, 0x3c99_bb2c_011d_93ad),
    (0x3ff5_ab07_dd48_5429, 0x3c96_324c_0546_47ad),
    (0x3ff5_e76f_15ad_2148, 0x3c9b_a6f9_3080_e65e),
    (0x3ff6_247e_b03a_5585, 0xbc93_83c1_7e40_b497),
    (0x3ff6_6238_8255_2225, 0xbc9b_b609_8759_1c34),
    (0x3ff6_a09e_667f_3bcd, 0xbc9b_dd34_13b2_6456),
    (0x3ff6_dfb2_3c65_1a2f, 0xbc6b_be3a_683c_88ab),
    (0x3ff7_1f75_e8ec_5f74, 0xbc81_6e47_8688_7a99),
    (0x3ff7_5feb_5642_67c9, 0xbc90_2459_5731_6dd3),
    (0x3ff7_a114_73eb_0187, 0xbc84_1577_ee04_992f),
    (0x3ff7_e2f3_36cf_4e62, 0x3c70_5d02_ba15_797e),
    (0x3ff8_2589_994c_ce13, 0xbc9d_4c1d_d415_32d8),
    (0x3ff8_68d9_9b44_92ed, 0xbc9f_c6f8_9bd4_f6ba),
    (0x3ff8_ace5_422a_a0db, 0x3c96_e9f1_5686_4b27),
    (0x3ff8_f1ae_9915_7736, 0x3c85_cc13_a2e3_976c),
    (0x3ff9_3737_b0cd_c5e5, 0xbc67_5fc7_81b5_7ebc),
    (0x3ff9_7d82_9fde_4e50, 0xbc9d_185b_7c1b_85d1),
    (0x3ff9_c491_82a3_f090, 0x3c7c_7c46_b071_f2be),
    (0x3ffa_0c66_7b5d_e565, 0xbc93_5949_5d1c_d533),
    (0x3ffa_5503_b23e_255d, 0xbc9d_2f6e_db8d_41e1),
    (0x3ffa_9e6b_5579_fdbf, 0x3c90_fac9_0ef7_fd31),
    (0x3ffa_e89f_995a_d3ad, 0x3c97_a1cd_345d_cc81),
    (0x3ffb_33a2_b84f_15fb, 0xbc62_805e_3084_d708),
    (0x3ffb_7f76_f2fb_5e47, 0xbc75_584f_7e54_ac3b),
    (0x3ffb_cc1e_904b_c1d2, 0x3c82_3dd0_7a2d_9e84),
    (0x3ffc_199b_dd85_529c, 0x3c81_1065_8950_48dd),
    (0x3ffc_67f1_2e57_d14b, 0x3c92_884d_ff48_3cad),
    (0x3ffc_b720_dcef_9069, 0x3c75_03cb_d1e9_49db),
    (0x3ffd_072d_4a07_897c, 0xbc9c_bc37_4379_7a9c),
    (0x3ffd_5818_dcfb_a487, 0x3c82_ed02_d75b_3707),
    (0x3ffd_a9e6_03db_3285, 0x3c9c_2300_696d_b532),
    (0x3ffd_fc97_337b_9b5f, 0xbc91_a5cd_4f18_4b5c),
    (0x3ffe_502e_e78b_3ff6, 0x3c83_9e89_80a9_cc8f),
    (0x3ffe_a4af_a2a4_90da, 0xbc9e_9c23_179c_2893),
    (0x3ffe_fa1b_ee61_5a27, 0x3c9d_c7f4_86a4_b6b0),
    (0x3fff_5076_5b6e_4540, 0x3c99_d3e1_2dd8_a18b),
    (0x3fff_a7c1_819e_90d8, 0x3c87_4853_f3a5_931e),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Independent values, 30 digits, from an arbitrary-precision calculator.
    #[test]
    fn exp_agrees_with_known_values() {
        for (x, expected) in [
            (-0.010_050_335_853_501_442, 0.99),
            (-std::f64::consts::LN_2, 0.5),
            (-10.0, 4.539_992_976_248_485e-5),
            (-100.0, 3.720_075_976_020_836e-44),
            (1.0, std::f64::consts::E),
            (-700.0, 9.859_676_543_759_77e-305),
        ] {
            let value = exp(x);
            assert!(
                ((value - expected) / expected).abs() < 3e-16,
                "exp({x}) = {value}"
            );
        }
    }

    #[test]
    fn no_segment_reaches_beyond_the_start_of_the_next() {
        let starts = TABLE.map(|(high, low)| (f64::from_bits(high), f64::from_bits(low)));
        let next = starts[1..].iter().map(|start| start.0).chain([2.0]);
        let end = |(high, low): (f64, f64), p: f64| high + (high * p + low);
        for (&start, next) in starts.iter().zip(next) {
            assert!(end(start, LARGEST_OFFSET) <= next);
        }
        // Nothing of the exact function is cut off: `(1 + p)^64` is not below 2.
        let mut power = 1.0 + LARGEST_OFFSET;
        for _ in 0..6 {
            power *= power;
        }
        assert!((power - 2.0).abs() < 1e-13);
    }

    #[test]
    fn exp_is_monotone_at_every_segment_boundary() {
        for segment in -60_000_i32..=0 {
            let boundary = f64::from(segment) * (std::f64::consts::LN_2 / 64.0);
            let mut x = boundary;
            for _ in 0..4 {
                x = x.next_down();
            }
            for _ in 0..8 {
                let next = x.next_up();
                assert!(exp(x) <= exp(next), "{x:e}");
                x = next;
            }
        }
    }

    #[test]
    fn pow_agrees_with_roots_and_products() {
        let mut x = 1e-9_f64;
        while x < 1e9 {
            assert_eq!(pow(x, 0.5), x.sqrt(), "{x}");
            assert_eq!(pow(x, 2.0), x * x, "{x}");
            let cube = pow(x, 3.0);
            assert!(((cube - x * x * x) / cube).abs() < 3e-16);
            x *= 1.237;
        }
    }

    #[test]
    fn pow_is_monotone_between_neighbours() {
        let mut x = 1e-6_f64;
        while x < 1e3 {
            let (low, high) = (x, x.next_up());
            for exponent in [0.1, 0.5, 0.6, 0.75, 1.0, 1.5] {
                assert!(pow(low, exponent) <= pow(high, exponent));
            }
            x *= 1.000_37;
        }
    }

    /// Independent values from an arbitrary-precision calculator.
    #[test]
    #[allow(clippy::excessive_precision)]
    fn one_minus_tanh_agrees_with_known_values_and_bounds_hold_them() {
        for (x, expected) in [
            (1e-9, 0.999_999_999_000_000_000_0),
            (0.1, 0.900_332_005_375_044_177_4),
            (0.5, 0.537_882_842_739_990_240_15),
            (1.0, 0.238_405_844_044_235_111_88),
            (3.0, 0.004_945_246_313_269_548_669),
            (20.0, 8.496_708_510_583_177_954e-18),
            (354.0, 6.615_106_007_276_815_99e-308),
        ] {
            let value = one_minus_tanh(x);
            assert!(((value - expected) / expected).abs() < 5e-16, "{x}: {value:e}");
            let (low, high) = one_minus_tanh_bounds(x);
            assert!(low <= expected && expected <= high && low <= value && value <= high);
            assert!(high - low < 2e-15 * expected, "{x}");
        }
        // Beyond the range of doubles the exact value, 7e-348, still lies within.
        let (low, high) = one_minus_tanh_bounds(400.0);
        assert!(low == 0.0 && high > 0.0 && high < 1e-300);
    }

    #[test]
    fn one_minus_tanh_is_monotone_between_neighbours() {
        let mut x = 1e-17_f64;
        while x < 800.0 {
            assert!(one_minus_tanh(x.next_up()) <= one_minus_tanh(x), "{x:e}");
            x *= 1.000_31;
        }
    }

    #[test]
    #[allow(clippy::excessive_precision)]
    fn minus_ln_of_rest_agrees_with_known_values_and_is_monotone() {
        for (x, expected) in [
            (1e-12, 1.000_000_000_000_499_98e-12),
            (0.05, 0.051_293_294_387_550_536_35),
            (0.1, 0.105_360_515_657_826_307_4),
            (0.125, 0.133_531_392_624_522_623_15),
            (0.126, 0.134_674_903_326_601_592_8),
            (0.3, 0.356_674_943_938_732_363_1),
            (0.999, 6.907_755_278_982_136_18),
        ] {
            let value = minus_ln_of_rest(x);
            assert!(((value - expected) / expected).abs() < 5e-16, "{x}: {value:e}");
        }
        let mut x = 1e-15_f64;
        while x < 0.99 {
            assert!(minus_ln_of_rest(x.next_up()) >= minus_ln_of_rest(x), "{x:e}");
            x *= 1.000_31;
        }
        let mut x = 0.125_f64 - 40.0 * f64::EPSILON;
        for _ in 0..2_000 {
            assert!(minus_ln_of_rest(x.next_up()) >= minus_ln_of_rest(x), "{x:e}");
            x = x.next_up();
        }
        assert_eq!(minus_ln_of_rest(1.0), f64::INFINITY);
    }
}
