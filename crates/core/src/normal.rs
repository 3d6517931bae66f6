//! The normal distribution, and two functions of it that structural models of default need.
//!
//! **Monotone by accuracy**, as [`pow`](super::elementary::pow): computed in double-double arithmetic with a relative error
//! below `2^-75` and rounded once. Arguments are first rounded down to multiples of `2^-60`, which moves only those below
//! `2^-7`; so two different arguments differ by at least `2^-60`, and their values, relatively, by at least `2^-71`. Both
//! cannot fall on the wrong sides of one rounding boundary. Values near 1 are `1 - q` with `q` computed so.
//!
//! With the Mills ratio `M(z) = (1 - N(z)) / phi(z)`, all is a sum of a few terms `phi M`. `M` comes from its Taylor series at
//! multiples of 1/4 (`M' = z M - 1`), from 8 on by its continued fraction (Abramowitz and Stegun 1964, 26.2.14).

use crate::elementary::{Double, add, divide, exp_double, multiply, power_of_two, scale};
use crate::error_free::two_sum;

/// Below this the distribution function is taken as 0: it is less than 5e-308 there.
const TAIL: f64 = -37.5;
/// `1 / sqrt(2 pi)`.
const PEAK: Double = (
    f64::from_bits(0x3fd9_8845_33d4_3651),
    f64::from_bits(0xbc7c_bc0d_30eb_fd15),
);
/// Terms of a Taylor series over at most 1/8.
const TERMS: usize = 20;
/// Depth of the continued fraction.
const DEPTH: u32 = 30;
/// Smallest and largest standard deviation for which monotonicity is proved.
pub const STANDARD_DEVIATIONS: std::ops::RangeInclusive<f64> = 0.001..=4.0;

fn minus(a: Double) -> Double {
    (-a.0, -a.1)
}

/// `(1 - N(z)) / phi(z)` for `z >= 0`.
fn mills(z: Double) -> Double {
    if z.0 >= 8.0 {
        let mut tail = z;
        for k in (1..=DEPTH).rev() {
            tail = add(z, divide((f64::from(k), 0.0), tail));
        }
        return divide((1.0, 0.0), tail);
    }
    let place = (z.0 * 4.0).round();
    let start = place / 4.0;
    let offset = add(z, (-start, 0.0));
    let (high, low) = MILLS[place as usize];
    let mut coefficients = [(0.0, 0.0); TERMS + 1];
    coefficients[0] = (f64::from_bits(high), f64::from_bits(low));
    coefficients[1] = add(multiply((start, 0.0), coefficients[0]), (-1.0, 0.0));
    for n in 1..TERMS {
        let next = add(multiply((start, 0.0), coefficients[n]), coefficients[n - 1]);
        coefficients[n + 1] = divide(next, ((n + 1) as f64, 0.0));
    }
    let mut sum = (0.0, 0.0);
    for coefficient in coefficients.into_iter().rev() {
        sum = add(multiply(sum, offset), coefficient);
    }
    sum
}

/// `phi(x)` as a fraction and a power of two, for `|x|` up to 40.
fn density(x: Double) -> (Double, i64) {
    let square = multiply(x, x);
    let (value, exponent) = exp_double((square.0 / -2.0, square.1 / -2.0));
    (multiply(value, PEAK), exponent)
}

/// `phi(x) factor`, rounded once.
fn density_times(x: Double, factor: Double) -> f64 {
    let (value, exponent) = density(x);
    scale(multiply(value, factor).0, exponent)
}

/// `phi(x) factor` for `|x|` below 8.
fn density_times_double(x: Double, factor: Double) -> Double {
    let (value, exponent) = density(x);
    let product = multiply(value, factor);
    let power = power_of_two(exponent);
    (product.0 * power, product.1 * power)
}

/// The largest multiple of `2^-60` that is not above `x`.
fn rounded_down(x: f64) -> f64 {
    const UNITS: f64 = (1_u64 << 60) as f64;
    if x.abs() < 0.01 {
        (x * UNITS).floor() / UNITS
    } else {
        x
    }
}

/// `N(x)`: the probability that a standard normal variable is at most `x`. Error below one unit in the last place.
///
/// ```
/// use delever_core::normal::distribution;
/// assert_eq!(distribution(0.0), 0.5);
/// assert!((distribution(-1.0) - 0.158_655_253_931_457_05).abs() < 1e-17);
/// assert_eq!(distribution(1.0), 1.0 - distribution(-1.0));
/// ```
pub fn distribution(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    let x = rounded_down(x);
    if x > 0.0 {
        return 1.0 - lower_tail(-x);
    }
    lower_tail(x)
}

fn lower_tail(x: f64) -> f64 {
    if x < TAIL {
        return 0.0;
    }
    density_times((x, 0.0), mills((-x, 0.0)))
}

/// The probability that a Brownian motion with drift `-deviation / 2` in units of its standard deviation `deviation` ever falls
/// by `-distance` standard deviations within its period: `N(d + s/2) + exp(-s d) N(d - s/2)`, and 1 for `d >= 0`.
///
/// With `d = ln(B / a) / s` that is the probability that assets `a` with volatility touch the debt `B` (Black and Cox 1976).
/// `deviation` within [`STANDARD_DEVIATIONS`].
///
/// ```
/// use delever_core::normal::first_passage;
/// assert_eq!(first_passage(0.0, 0.2), 1.0);
/// assert!((first_passage(-1.0, 0.2) - 0.349_763_026_375_396_99).abs() < 1e-16);
/// ```
pub fn first_passage(distance: f64, deviation: f64) -> f64 {
    let d = rounded_down(distance);
    if d >= 0.0 || distance.is_nan() {
        return if distance.is_nan() { distance } else { 1.0 };
    }
    let x = two_sum(d, deviation / 2.0);
    if x.0 < TAIL {
        return 0.0;
    }
    let z = two_sum(-d, deviation / 2.0);
    let probability = if x.0 <= 0.0 {
        density_times(x, add(mills(minus(x)), mills(z)))
    } else {
        // N(x) = 1 - phi(x) M(x).
        let rest = add(mills(z), minus(mills(x)));
        let probability = add((1.0, 0.0), density_times_double(x, rest));
        probability.0
    };
    probability.min(1.0)
}

/// The value of the shortfall on one unit of debt: `N(d + s/2) - exp(-s d) N(d - s/2)`, from 0 to 1.
///
/// With `d = ln(B / a) / s` and `s = deviation` that is a put on assets `a` struck at `B`, over `B`, without interest (Merton
/// 1974). Error below `2^-52`. `deviation` within [`STANDARD_DEVIATIONS`].
///
/// ```
/// use delever_core::normal::shortfall;
/// assert!((shortfall(0.0, 0.2) - 0.079_655_674_554).abs() < 1e-12);
/// assert_eq!(shortfall(f64::INFINITY, 0.2), 1.0);
/// ```
pub fn shortfall(distance: f64, deviation: f64) -> f64 {
    // Below zero near it, rounding must not pass the value at zero, which is computed otherwise.
    const NEAR_ZERO: f64 = -1.0 / 1_048_576.0;
    if distance.is_nan() {
        return distance;
    }
    let d = rounded_down(distance);
    if d >= 0.0 {
        return 1.0 - remainder(d, deviation);
    }
    let x = two_sum(d, deviation / 2.0);
    if x.0 < TAIL {
        return 0.0;
    }
    let z = mills(two_sum(-d, deviation / 2.0));
    let value = if x.0 <= 0.0 {
        density_times(x, add(mills(minus(x)), minus(z)))
    } else {
        add((1.0, 0.0), minus(density_times_double(x, add(mills(x), z)))).0
    };
    // On the grid of what is near 1, as the values from 0 on.
    let value = 1.0 - (1.0 - value.max(0.0));
    if d > NEAR_ZERO {
        value.min(1.0 - remainder(0.0, deviation))
    } else {
        value
    }
}

/// `N(-d - s/2) + exp(-s d) N(d - s/2)` for `d >= 0`: what the shortfall leaves of one unit.
fn remainder(d: f64, deviation: f64) -> f64 {
    if d.is_infinite() {
        return 0.0;
    }
    let (x, z) = (two_sum(d, deviation / 2.0), two_sum(d, -deviation / 2.0));
    if z.0 <= 0.0 {
        return density_times(x, add(mills(x), mills(minus(z)))).min(1.0);
    }
    let discount = multiply((-d, 0.0), (deviation, 0.0));
    if discount.0 < -700.0 {
        return 0.0;
    }
    let (value, exponent) = exp_double(discount);
    let mut sum = value;
    if x.0 < -TAIL {
        let (peak, its_exponent) = density(x);
        let power = power_of_two((its_exponent - exponent).max(-1000));
        let tails = multiply(peak, add(mills(x), minus(mills(z))));
        sum = add(sum, (tails.0 * power, tails.1 * power));
    }
    scale(sum.0, exponent).min(1.0)
}

/// Lower and upper bound of a value of this module that is not exact.
fn around(value: f64) -> (f64, f64) {
    (value.next_down().max(0.0), value.next_up().min(1.0))
}

/// Bounds of [`distribution`].
pub fn distribution_bounds(x: f64) -> (f64, f64) {
    around(distribution(x))
}

/// Bounds of [`first_passage`]; exact from 0 on.
pub fn first_passage_bounds(distance: f64, deviation: f64) -> (f64, f64) {
    if distance >= 0.0 {
        return (1.0, 1.0);
    }
    around(first_passage(distance, deviation))
}

/// Bounds of [`shortfall`].
pub fn shortfall_bounds(distance: f64, deviation: f64) -> (f64, f64) {
    let value = shortfall(distance, deviation);
    let slack = 2.0 * f64::EPSILON;
    ((value - slack).max(0.0), (value + slack).min(1.0))
}

/// Bits of the Mills ratio at `j / 4`, `j = 0..=32`: the nearest double and what it lacks.
#[rustfmt::skip]
const MILLS: [(u64, u64); 33] = [
    (0x3ff4_0d93_1ff6_2706, 0xbc9a_6a0d_6f81_4637),
    (0x3ff0_9aed_f144_6de3, 0x3c80_f579_c784_1b83),
    (0x3fec_0b2d_78fb_0db8, 0x3c7f_03fc_945f_6d6b),
    (0x3fe8_1510_273f_a9f7, 0xbc86_dafd_8b84_22a5),
    (0x3fe4_fb53_a9eb_0a1c, 0x3c7f_3a27_ff1f_a5b6),
    (0x3fe2_8280_5b69_3bb5, 0xbc80_9518_17ce_278b),
    (0x3fe0_818f_cc1d_2b2d, 0xbc84_5705_da5b_ff85),
    (0x3fdd_b734_67cf_148e, 0xbc71_3d48_d8ca_55fa),
    (0x3fda_f7b6_a4d5_4e8d, 0xbc61_d868_ca5c_856a),
    (0x3fd8_a645_0445_bb96, 0x3c7a_b6e9_e8de_335a),
    (0x3fd6_ac47_92d1_9de8, 0x3c63_a97f_8f79_5bdd),
    (0x3fd4_f8ae_774d_1389, 0x3c7b_3ea0_f61c_a78d),
    (0x3fd3_7e68_4ee8_e185, 0x3c55_9d67_caa8_3d55),
    (0x3fd2_3351_2cf6_779a, 0xbc6b_8462_5402_1106),
    (0x3fd1_0f72_4278_b794, 0xbc54_caa5_e4b5_f17d),
    (0x3fd0_0c78_5530_ab11, 0x3c70_6768_791f_8186),
    (0x3fce_4aa0_1291_2dde, 0x3c55_38ab_cb92_14a8),
    (0x3fcc_abb9_4b53_2c3a, 0xbc4f_79d3_9e3e_71b1),
    (0x3fcb_3583_458b_8dc3, 0x3c64_a943_606a_6357),
    (0x3fc9_e273_75ea_4545, 0xbc6c_eef2_2d9e_1d0e),
    (0x3fc8_adef_9c13_f89d, 0x3c5b_16c0_8b7f_31f2),
    (0x3fc7_941d_feda_dc79, 0x3c4e_01cd_034d_0497),
    (0x3fc6_91c0_68ae_0ee8, 0x3c4f_3204_9436_700e),
    (0x3fc5_a417_375d_8c66, 0x3c20_febc_5d4d_e751),
    (0x3fc4_c8ca_8b93_9648, 0x3c6e_e69c_f55c_268c),
    (0x3fc3_fdd8_27dc_763b, 0xbc53_67cd_ddd2_4a9c),
    (0x3fc3_4184_ed5d_9148, 0xbc68_9c5a_a729_778e),
    (0x3fc2_9251_28a7_1ccb, 0x3c60_3314_2621_fc2f),
    (0x3fc1_eeef_12fb_5865, 0x3c6b_f8cc_02ec_d582),
    (0x3fc1_563b_113e_802c, 0x3c4e_cbc9_772b_515b),
    (0x3fc0_c735_552e_368e, 0x3c52_690d_a8f1_fa82),
    (0x3fc0_40fc_9a11_f089, 0xbc5e_82ce_2dca_cf64),
    (0x3fbf_8593_8b48_fbd8, 0xbc37_cf7b_e044_27c3),
];

#[cfg(test)]
#[expect(
    clippy::excessive_precision,
    clippy::unreadable_literal,
    reason = "figures as they were computed, with more digits than a double holds"
)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Arbitrary precision, rounded to 20 digits.
    const DISTRIBUTION: [(f64, f64); 18] = [
        (-37.25, 5.2978887799272688403e-304),
        (-30.5, 1.3029379131780763509e-204),
        (-12.0, 1.7764821120776789977e-33),
        (-8.125, 2.2368120644441050467e-16),
        (-7.9, 1.3945171466592642781e-15),
        (-4.3, 8.5399054709918110406e-6),
        (-2.0, 0.0227501319481792072),
        (-1.5, 0.066807201268858066004),
        (-0.7, 0.24196365222307302862),
        (-0.125, 0.45026177516988710702),
        (-0.001, 0.49960105778608893741),
        (-1e-09, 0.4999999996010577196),
        (1e-09, 0.5000000003989422804),
        (0.25, 0.59870632568292372424),
        (1.0, 0.84134474606854294859),
        (3.0, 0.99865010196836990547),
        (6.5, 0.99999999995983999416),
        (9.0, 0.99999999999999999989),
    ];
    const FIRST_PASSAGE: [(f64, f64, f64); 10] = [
        (-30.0, 0.5, 1.719838393608118548e-194),
        (-12.5, 0.1, 1.3929489903789703371e-35),
        (-5.0, 2.0, 0.000053402280850121689739),
        (-1.0, 0.2, 0.34976302637539699042),
        (-1.0, 4.0, 0.91504668132892893716),
        (-0.3, 0.001, 0.76429177078276702522),
        (-0.01, 0.7, 0.99502009424595199921),
        (-1e-06, 0.2, 0.99999929812926740363),
        (-2.5, 0.001, 0.012434863267360413837),
        (-8.0, 0.3, 4.0859870757531499845e-15),
    ];
    const SHORTFALL: [(f64, f64, f64); 13] = [
        (-30.0, 0.5, 1.4300311084360289466e-196),
        (-5.0, 2.0, 9.9402028161181527684e-6),
        (-1.0, 0.2, 0.018357224318121989638),
        (-0.3, 0.001, 0.00026680124441170397221),
        (-0.01, 0.7, 0.27112337782610409429),
        (-1e-07, 0.2, 0.079655665350615017797),
        (0.0, 0.001, 0.00039894226377883829287),
        (0.05, 0.2, 0.084333186901096093038),
        (0.4, 0.5, 0.28397767448408424068),
        (2.0, 0.3, 0.45305876870197095954),
        (9.0, 1.0, 0.99987659019591332045),
        (40.0, 0.3, 0.99999385578764667179),
        (3000.0, 0.001, 0.95021293163213606013),
    ];

    #[test]
    fn values_agree_with_arbitrary_precision() {
        let within = |value: f64, expected: f64, what: &str| {
            assert!(
                ((value - expected) / expected).abs() < 2.3e-16,
                "{what}: {value:e} {expected:e}"
            );
        };
        for (x, expected) in DISTRIBUTION {
            within(distribution(x), expected, &format!("N({x})"));
        }
        for (d, s, expected) in FIRST_PASSAGE {
            within(first_passage(d, s), expected, &format!("first passage {d} {s}"));
        }
        for (d, s, expected) in SHORTFALL {
            let (low, high) = shortfall_bounds(d, s);
            assert!(
                low <= expected && expected <= high,
                "shortfall {d} {s}: {} {expected}",
                shortfall(d, s)
            );
        }
    }

    fn neighbours(x: f64) -> [f64; 4] {
        [x, x.next_up(), x.next_up().next_up(), x + x.abs() * 1e-15 + 1e-18]
    }

    proptest! {
        #[test]
        fn neighbours_stay_in_order(wide in -40.0_f64..12.0, fine in -1.0_f64..1.0, size in -20_i32..1, s in 0.001_f64..=4.0) {
            for x in [wide, fine * 10.0_f64.powi(size), -s / 2.0, s / 2.0, wide.round() / 8.0] {
                for pair in neighbours(x).windows(2) {
                    prop_assert!(distribution(pair[0]) <= distribution(pair[1]), "{:e}", x);
                    prop_assert!(first_passage(pair[0], s) <= first_passage(pair[1], s), "{:e} {}", x, s);
                    prop_assert!(shortfall(pair[0], s) <= shortfall(pair[1], s), "{:e} {}", x, s);
                }
            }
        }

        #[test]
        fn order_holds_over_any_distance(a in -45.0_f64..45.0, b in -45.0_f64..45.0, s in 0.001_f64..=4.0) {
            let (a, b) = (a.min(b), a.max(b));
            prop_assert!(distribution(a) <= distribution(b));
            prop_assert!(first_passage(a, s) <= first_passage(b, s));
            prop_assert!(shortfall(a, s) <= shortfall(b, s));
            prop_assert!((0.0..=1.0).contains(&first_passage(a, s)) && (0.0..=1.0).contains(&shortfall(a, s)));
        }
    }

    #[test]
    fn pieces_meet_in_order() {
        for s in [0.001, 0.01, 0.2, 1.0, 3.9, 4.0] {
            for boundary in [
                0.0,
                -s / 2.0,
                s / 2.0,
                -1.0 / 1_048_576.0,
                -8.0 + s / 2.0,
                -8.0 - s / 2.0,
                TAIL,
                TAIL - s / 2.0,
                0.01,
                -0.01,
            ] {
                let mut x = boundary - 3e-13_f64.max(boundary.abs() * 1e-13);
                let end = boundary + 3e-13_f64.max(boundary.abs() * 1e-13);
                let step = (end - x) / 997.0;
                while x < end {
                    let next = x + step;
                    assert!(first_passage(x, s) <= first_passage(next, s), "{x:e} {s}");
                    assert!(shortfall(x, s) <= shortfall(next, s), "{x:e} {s}");
                    assert!(distribution(x) <= distribution(next), "{x:e}");
                    x = next;
                }
            }
        }
    }
}
