//! Random draws with the same bits on every platform.

use delever::core::elementary::ln;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// One stream of ChaCha12: streams of one seed are independent, so that what one subject draws leaves the others alone.
#[derive(Clone, Debug)]
pub struct Draws(ChaCha12Rng);

impl Draws {
    /// The stream with this number.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let mut generator = ChaCha12Rng::from_seed(key);
        generator.set_stream(stream);
        Self(generator)
    }

    /// A number in `[0, 1)`, a multiple of `2^-53`.
    pub fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number in `[low, high)`, up to rounding.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    /// A whole number below `count`, which is above 0.
    pub fn below(&mut self, count: usize) -> usize {
        ((u128::from(self.0.next_u64()) * count as u128) >> 64) as usize
    }

    /// A standard normal number, by the polar method (Marsaglia and Bray 1964): no function but `ln` and a square root.
    pub fn normal(&mut self) -> f64 {
        loop {
            let (x, y) = (self.between(-1.0, 1.0), self.between(-1.0, 1.0));
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                return x * (-2.0 * ln(square) / square).sqrt();
            }
        }
    }

    /// Different whole numbers below `limit`, none of them `except`, into `chosen`; there must be enough of them.
    pub fn distinct(&mut self, count: usize, limit: usize, except: Option<usize>, chosen: &mut Vec<usize>) {
        chosen.clear();
        while chosen.len() < count {
            let candidate = self.below(limit);
            if Some(candidate) != except && !chosen.contains(&candidate) {
                chosen.push(candidate);
            }
        }
    }
}
