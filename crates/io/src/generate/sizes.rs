//! Sizes with a heavy tail, and the shares of each balance sheet.

use super::Generator;
use super::draws::{Draws, Subject};
use super::money::{Thousandths, thousandths};
use delever_core::elementary::pow;

/// Where the largest bank stands in the tail. Without it the largest of a heavy-tailed sample could be
/// arbitrarily large; with 1.5 it holds 10 to 16 % of 50 banks.
const TAIL_OFFSET: f64 = 1.5;

/// Smallest and largest equity over assets.
pub(super) const EQUITY: (f64, f64) = (0.042, 0.09);
/// Cash over assets.
const CASH: (f64, f64) = (0.03, 0.12);
/// Marketable securities over assets.
const SECURITIES: (f64, f64) = (0.12, 0.30);
/// Interbank claims, and interbank debts, over assets, for banks of the core: money-centre banks intermediate.
const INTERBANK_CORE: (f64, f64) = (0.09, 0.145);
/// The same for banks of the periphery.
const INTERBANK_PERIPHERY: (f64, f64) = (0.031, 0.065);

/// One bank before its network is drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub total_assets: Thousandths,
    pub equity: Thousandths,
    pub cash: Thousandths,
    /// What its portfolio should be worth, money.
    pub securities: f64,
    /// What it should be owed by banks, money.
    pub claims: f64,
    /// What it should owe to banks, money.
    pub debts: f64,
}

/// Total assets of every bank, largest first: a Pareto law, `P(S > s) ~ s^-size_tail`, one draw in each of
/// `institutions` slices of equal probability.
fn total_assets(generator: &Generator) -> Vec<Thousandths> {
    let mut draws = Draws::new(generator.seed, Subject::Sizes);
    (0..generator.institutions)
        .map(|rank| {
            let tail = TAIL_OFFSET / (TAIL_OFFSET + rank as f64 + draws.uniform());
            thousandths(generator.largest_assets * pow(tail, 1.0 / generator.size_tail))
        })
        .collect()
}

/// Every bank, largest first; the first `core` of them are the core. Interbank claims and debts agree in total.
pub(super) fn frames(generator: &Generator, core: usize) -> Vec<Frame> {
    let mut draws = Draws::new(generator.seed, Subject::BalanceSheets);
    let sizes = total_assets(generator);
    let last = sizes.len().saturating_sub(1).max(1) as f64;
    let mut frames: Vec<Frame> = sizes
        .into_iter()
        .enumerate()
        .map(|(rank, total_assets)| {
            let size = total_assets as f64 / 1000.0;
            // Larger banks carry less equity.
            let equity = 0.044 + 0.036 * (rank as f64 / last) + draws.between(-0.007, 0.007);
            let interbank = if rank < core {
                INTERBANK_CORE
            } else {
                INTERBANK_PERIPHERY
            };
            let mut share = |(low, high): (f64, f64)| size * draws.between(low, high);
            Frame {
                total_assets,
                equity: thousandths(size * equity.clamp(EQUITY.0, EQUITY.1)),
                cash: thousandths(share(CASH)),
                securities: share(SECURITIES),
                claims: share(interbank),
                debts: share(interbank),
            }
        })
        .collect();
    let claims: f64 = frames.iter().map(|frame| frame.claims).sum();
    let debts: f64 = frames.iter().map(|frame| frame.debts).sum();
    let agreed = claims.min(debts);
    for frame in &mut frames {
        frame.claims *= agreed / claims;
        frame.debts *= agreed / debts;
    }
    frames
}
