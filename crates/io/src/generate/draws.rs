//! Random draws with the same bits on every platform: one independent stream for each subject.

use delever_core::elementary::exp;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What is drawn. Each subject reads a stream of its own, so that drawing more for one leaves the others alone.
#[derive(Clone, Copy, Debug)]
pub(super) enum Subject {
    /// Total assets of each bank.
    Sizes = 1,
    /// Shares of the balance sheet: equity, cash, securities, interbank claims and debts.
    BalanceSheets = 2,
    /// Popularity and volatility of each asset.
    Assets = 3,
    /// Which assets a bank holds, and how much of each.
    Portfolios = 4,
    /// Who owes whom, before amounts are balanced.
    Network = 5,
}

/// The stream of one subject.
pub(super) struct Draws(ChaCha12Rng);

impl Draws {
    pub(super) fn new(seed: u64, subject: Subject) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let mut generator = ChaCha12Rng::from_seed(key);
        generator.set_stream(subject as u64);
        Self(generator)
    }

    /// A number in `[0, 1)`, a multiple of `2^-53`.
    pub(super) fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number in `[low, high)`, up to rounding.
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    /// A whole number below `count`, which is above 0.
    pub(super) fn below(&mut self, count: usize) -> usize {
        ((u128::from(self.0.next_u64()) * count as u128) >> 64) as usize
    }

    /// `exp(spread z)` with mean of `z` 0 and variance 1.
    ///
    /// `z` is a sum of four uniform numbers: near enough to a normal one, bounded by 3.5, and free of logarithms.
    pub(super) fn factor(&mut self, spread: f64) -> f64 {
        let word = self.0.next_u64();
        let sum: u64 = (0..4).map(|quarter| (word >> (16 * quarter)) & 0xffff).sum();
        let centred = (sum as f64 + 2.0) / 65_536.0 - 2.0;
        exp(spread * SQRT_3 * centred)
    }
}

/// Four uniform numbers have a variance of `1/3`.
const SQRT_3: f64 = 1.732_050_807_568_877_2;

/// Draws places with probability in proportion to weights.
pub(super) struct Lottery {
    cumulative: Vec<f64>,
}

impl Lottery {
    /// Weights are finite, none is negative and one is positive.
    pub(super) fn new(weights: impl Iterator<Item = f64>) -> Self {
        let mut sum = 0.0;
        let cumulative = weights
            .map(|weight| {
                sum += weight;
                sum
            })
            .collect();
        Self { cumulative }
    }

    /// How many places there are.
    pub(super) fn places(&self) -> usize {
        self.cumulative.len()
    }

    pub(super) fn draw(&self, draws: &mut Draws) -> usize {
        let Some(&whole) = self.cumulative.last() else {
            return 0;
        };
        let ticket = whole * draws.uniform();
        let place = self.cumulative.partition_point(|&end| end <= ticket);
        place.min(self.cumulative.len() - 1)
    }

    /// Up to `count` different places for which `taken` was not `mark`, each marked and handed to `found`.
    ///
    /// After a bounded number of repeated winners the rest is filled in order from a random place.
    pub(super) fn draw_distinct(
        &self,
        count: usize,
        draws: &mut Draws,
        taken: &mut [u32],
        mark: u32,
        mut found: impl FnMut(usize),
    ) {
        let mut missing = count;
        for _ in 0..4 * count {
            if missing == 0 {
                return;
            }
            let place = self.draw(draws);
            if taken[place] != mark {
                taken[place] = mark;
                found(place);
                missing -= 1;
            }
        }
        let start = draws.below(self.places());
        for place in (start..self.places()).chain(0..start) {
            if missing == 0 {
                return;
            }
            if taken[place] != mark {
                taken[place] = mark;
                found(place);
                missing -= 1;
            }
        }
    }
}
