//! Random draws with the same bits on every platform, one independent stream for each method.

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Which method draws. Each reads a stream of its own.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stream {
    MinimumDensity = 1,
    Fitness = 2,
    Gibbs = 3,
}

/// The stream of one method.
#[derive(Clone, Debug)]
pub(super) struct Draws(ChaCha12Rng);

impl Draws {
    pub(super) fn new(seed: u64, stream: Stream) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let mut generator = ChaCha12Rng::from_seed(key);
        generator.set_stream(stream as u64);
        Self(generator)
    }

    /// A number in `[0, 1)`, a multiple of `2^-53`.
    pub(super) fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A whole number below `count`, which is above 0.
    pub(super) fn below(&mut self, count: usize) -> usize {
        ((u128::from(self.0.next_u64()) * count as u128) >> 64) as usize
    }

    /// 64 random bits.
    pub(super) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// How many trials fail before the first success, where a trial fails with odds of `1 : odds`.
    ///
    /// `floor(ln u / ln(1 - p))` with `p = odds / (1 + odds)`, so `-ln(1 - p) = ln(1 + odds)`.
    pub(super) fn failures(&mut self, odds: f64) -> f64 {
        let u = 1.0 - self.uniform();
        if odds == f64::INFINITY {
            return 0.0;
        }
        (-ln(u) / ln_one_plus(odds)).floor()
    }
}

/// `ln(1 + x)` for `x >= 0`, within a few units of the last place, from additions, products and quotients alone.
fn ln_one_plus(x: f64) -> f64 {
    if x < 0.25 {
        twice_atanh(x / (2.0 + x))
    } else {
        ln(1.0 + x)
    }
}

/// `ln x` of a normal positive number, likewise.
fn ln(x: f64) -> f64 {
    const LN_2: f64 = std::f64::consts::LN_2;
    const SQRT_2: f64 = std::f64::consts::SQRT_2;
    let bits = x.to_bits();
    let mut exponent = (bits >> 52) as i32 - 1023;
    let mut mantissa = f64::from_bits((bits & ((1 << 52) - 1)) | (1023 << 52));
    if mantissa > SQRT_2 {
        mantissa /= 2.0;
        exponent += 1;
    }
    f64::from(exponent) * LN_2 + twice_atanh((mantissa - 1.0) / (mantissa + 1.0))
}

/// `2 (s + s^3 / 3 + s^5 / 5 + ...)` for `|s| < 0.172`, where twelve terms leave less than `1e-18` of it.
fn twice_atanh(s: f64) -> f64 {
    let square = s * s;
    let sum = (0..12)
        .rev()
        .fold(0.0, |sum, n| sum * square + 1.0 / f64::from(2 * n + 1));
    2.0 * s * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_those_of_the_platform_to_a_few_bits() {
        for n in 1..2_000 {
            let x = f64::from(n) * 0.0137;
            for x in [x, x * 1e-9, x * 1e12] {
                assert!((ln(x) - x.ln()).abs() <= 4e-16 * x.ln().abs().max(1.0), "{x}");
                assert!((ln_one_plus(x) - x.ln_1p()).abs() <= 1e-15 * x.ln_1p(), "{x}");
            }
        }
    }

    #[test]
    fn failures_have_the_geometric_mean() {
        let mut draws = Draws::new(1, Stream::Fitness);
        for odds in [0.01, 0.5, 3.0] {
            let mean = (0..40_000).map(|_| draws.failures(odds)).sum::<f64>() / 40_000.0;
            assert!((mean * odds - 1.0).abs() < 0.03, "{odds}: {mean}");
        }
    }
}
