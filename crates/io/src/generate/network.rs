//! Who owes whom: a core that is dense in itself, a periphery attached to a few banks of the core.
//!
//! Interbank claims and debts of every bank are drawn before the network. The amounts on its edges then come from
//! iterative proportional fitting (RAS) on the given support, which among all networks with these margins finds the
//! one closest in relative entropy to the random starting point (Bregman 1967; Upper and Worms 2004).

use super::Generator;
use super::draws::{Draws, Lottery, Subject};
use super::money::{Thousandths, thousandths};
use super::sizes::Frame;

/// Share of all debts that may lie within the core, which bounds its size in large systems.
const CORE_DEBTS: f64 = 1.0 / 3.0;
/// Chance that one bank of the core owes another one directly.
const CORE_DENSITY: f64 = 0.85;
/// Chance that a periphery bank's creditor is another periphery bank.
const PERIPHERY_LINKS: f64 = 0.02;
/// Share of its claims, and of its debts, that a bank of the core keeps for the periphery at most.
const CORE_CAPACITY: f64 = 0.85;
/// How often a periphery bank looks for a bank of the core with room before it turns to the one with most.
const TRIES: usize = 24;
/// Spread of the logarithm of amounts before balancing.
const AMOUNT_SPREAD: f64 = 1.2;
/// Margins are closed when no bank's sum misses its own by more than this, relatively.
pub(super) const CLOSED: f64 = 1e-12;
/// A bank's debts exceed what was drawn for it by at most this factor, even where margins cannot be met.
const LARGEST_EXCESS: f64 = 1.25;

/// The debts of a system.
#[derive(Clone, Debug)]
pub(super) struct Network {
    /// Debtor, creditor, amount; sorted, no pair twice.
    pub debts: Vec<(u32, u32, Thousandths)>,
    /// Largest relative distance of any margin from what was drawn, before rounding to thousandths.
    pub residual: f64,
}

/// How many banks form the core, given the number of debts that there will be.
pub(super) fn core_size(generator: &Generator) -> usize {
    let banks = generator.institutions as f64;
    let debts = banks * generator.debts_per_institution.min(generator.institutions - 1) as f64;
    let wanted = (generator.core_share * banks).round();
    let possible = (debts * CORE_DEBTS).sqrt().floor();
    (wanted.min(possible) as usize).clamp(2, generator.institutions)
}

/// One possible debt and its weight before balancing.
#[derive(Clone, Copy, Debug)]
struct Edge {
    debtor: u32,
    creditor: u32,
    weight: f64,
}

/// Draws the network of these banks, of which the first `core` are the core.
pub(super) fn network(generator: &Generator, frames: &[Frame], core: usize) -> Network {
    let edges = support(generator, frames, core);
    let debts: Vec<f64> = frames.iter().map(|frame| frame.debts).collect();
    let claims: Vec<f64> = frames.iter().map(|frame| frame.claims).collect();
    let sweeps = (200_000_000 / edges.len().max(1)).clamp(50, 4_000);
    let (amounts, residual) = balance(&edges, &debts, &claims, sweeps);
    let debts = edges
        .iter()
        .zip(amounts)
        .map(|(edge, amount)| (edge.debtor, edge.creditor, thousandths(amount).max(1)))
        .collect();
    Network { debts, residual }
}

/// Where periphery banks find banks of the core on one side of the market, as long as there is room.
///
/// Equal parts of each periphery bank's amount fit by construction, up to rare exceptions; so margins can be met.
struct Desk {
    lottery: Lottery,
    room: Vec<f64>,
    /// By bank of the core, the last bank of the periphery that was sent to it.
    last: Vec<u32>,
}

impl Desk {
    fn new(amounts: impl Iterator<Item = f64> + Clone) -> Self {
        let room: Vec<f64> = amounts.clone().map(|amount| CORE_CAPACITY * amount).collect();
        Self {
            lottery: Lottery::new(amounts),
            last: vec![u32::MAX; room.len()],
            room,
        }
    }

    /// A bank of the core with room for `amount` that `bank` was not sent to yet; else the one with most room.
    /// There are at least as many banks in the core as any bank asks for.
    fn seat(&mut self, bank: u32, amount: f64, draws: &mut Draws) -> u32 {
        let free = |desk: &Self, place: usize| desk.last[place] != bank;
        let drawn = (0..TRIES)
            .map(|_| self.lottery.draw(draws))
            .find(|&place| free(self, place) && self.room[place] >= amount);
        let place = drawn
            .or_else(|| {
                (0..self.room.len())
                    .filter(|&place| free(self, place))
                    .max_by(|&a, &b| self.room[a].total_cmp(&self.room[b]))
            })
            .unwrap_or(0);
        self.last[place] = bank;
        self.room[place] -= amount;
        place as u32
    }
}

/// Pairs that may owe each other, sorted by debtor and creditor. Every bank has a debt and a claim.
fn support(generator: &Generator, frames: &[Frame], core: usize) -> Vec<Edge> {
    let mut draws = Draws::new(generator.seed, Subject::Network);
    let banks = frames.len();
    let wanted = banks * generator.debts_per_institution.min(banks - 1);
    let mut pairs: Vec<(u32, u32)> = Vec::with_capacity(wanted + wanted / 8);
    for debtor in 0..core {
        for creditor in (0..core).filter(|&creditor| creditor != debtor) {
            let on_ring = creditor == (debtor + 1) % core;
            if draws.uniform() < CORE_DENSITY || on_ring {
                pairs.push((debtor as u32, creditor as u32));
            }
        }
    }
    let periphery = banks - core;
    if periphery > 0 {
        // Half of a periphery bank's debts are its own, half are its claims; at least one of each.
        let mean = wanted.saturating_sub(pairs.len()) as f64 / (2 * periphery) as f64;
        let range = 2.0 * (mean - 1.0).max(0.0);
        let mut creditors = Desk::new(frames[..core].iter().map(|frame| frame.claims));
        let mut debtors = Desk::new(frames[..core].iter().map(|frame| frame.debts));
        for (bank, frame) in frames.iter().enumerate().skip(core) {
            let mut count = || ((1.5 + range * draws.uniform()) as usize).min(core);
            let (owes, owed) = (count(), count());
            let (debt, claim) = (frame.debts / owes as f64, frame.claims / owed as f64);
            let bank = bank as u32;
            for _ in 0..owes {
                pairs.push((bank, creditors.seat(bank, debt, &mut draws)));
            }
            for _ in 0..owed {
                pairs.push((debtors.seat(bank, claim, &mut draws), bank));
            }
            if draws.uniform() < PERIPHERY_LINKS * owes as f64 {
                let other = (core + draws.below(periphery)) as u32;
                if other != bank {
                    pairs.push((bank, other));
                }
            }
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    pairs
        .into_iter()
        .map(|(debtor, creditor)| Edge {
            debtor,
            creditor,
            weight: draws.factor(AMOUNT_SPREAD),
        })
        .collect()
}

/// Scales rows and columns in turn until both margins are met, or `sweeps` are done.
///
/// Returns the amounts and the largest relative distance of a row from its margin; columns meet theirs up to
/// rounding. Where the support does not allow the margins, rows are cut to [`LARGEST_EXCESS`] times theirs.
fn balance(edges: &[Edge], rows: &[f64], columns: &[f64], sweeps: usize) -> (Vec<f64>, f64) {
    // Factors of an impossible problem run away; they stay where products are finite.
    let factor = |margin: f64, sum: f64| (margin / sum).clamp(1e-100, 1e100);
    let mut row_factors = vec![1.0; rows.len()];
    let mut column_factors = columns.to_vec();
    let mut sums = vec![0.0; rows.len()];
    let mut residual = f64::INFINITY;
    for sweep in 0..=sweeps {
        sums.fill(0.0);
        for edge in edges {
            sums[edge.debtor as usize] += edge.weight * column_factors[edge.creditor as usize];
        }
        if sweep > 0 {
            residual = 0.0;
            for (n, &margin) in rows.iter().enumerate() {
                residual = f64::max(residual, (sums[n] * row_factors[n] / margin - 1.0).abs());
            }
            if residual <= CLOSED || sweep == sweeps {
                break;
            }
        }
        for (n, &margin) in rows.iter().enumerate() {
            row_factors[n] = factor(margin, sums[n]);
        }
        sums.fill(0.0);
        for edge in edges {
            sums[edge.creditor as usize] += edge.weight * row_factors[edge.debtor as usize];
        }
        for (n, &margin) in columns.iter().enumerate() {
            column_factors[n] = factor(margin, sums[n]);
        }
    }
    for (n, &margin) in rows.iter().enumerate() {
        let debts = sums[n] * row_factors[n];
        if debts > LARGEST_EXCESS * margin {
            row_factors[n] *= LARGEST_EXCESS * margin / debts;
        }
    }
    let amounts = edges
        .iter()
        .map(|edge| row_factors[edge.debtor as usize] * edge.weight * column_factors[edge.creditor as usize])
        .collect();
    (amounts, residual)
}
