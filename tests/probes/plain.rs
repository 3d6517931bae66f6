//! Random systems, and the same fixed point by a loop that knows nothing of the engine: it fills balance sheets itself.

use crate::amounts::Amount;
use crate::models::Probe;
use delever::core::{BalanceSheet, Execution, SparseRow};
use delever::prelude::*;
use proptest::collection::vec;
use proptest::prelude::*;

/// One institution before the shock.
#[derive(Clone, Debug)]
pub struct Bank {
    pub cash: f64,
    pub other: f64,
    pub external: f64,
    pub max_leverage: f64,
    pub outside: f64,
    pub held: Vec<f64>,
}

/// What claims are worth where no probe decides it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clearing {
    Face,
    EisenbergNoe,
    /// One seniority, with shareholdings.
    Elsinger,
}

/// A system and a shock as plain data.
#[derive(Clone, Debug)]
pub struct Case {
    pub banks: Vec<Bank>,
    pub prices: Vec<f64>,
    pub changes: Vec<f64>,
    pub depths: Vec<f64>,
    /// Debtor, creditor, amount.
    pub debts: Vec<(usize, usize, f64)>,
    /// Holder, issuer, fraction.
    pub shares: Vec<(usize, usize, f64)>,
    pub execution: Execution,
    pub clearing: Clearing,
    pub cash_change: f64,
    pub other_change: f64,
}

pub fn cases() -> impl Strategy<Value = Case> {
    let bank = (
        (5.0..20.0_f64, 5.0..40.0_f64, 40.0..90.0_f64),
        (5.0..30.0_f64, -2.0..2.0_f64),
        vec(prop_oneof![1 => Just(0.0), 3 => 5.0..40.0_f64], 3),
    );
    let bank = bank.prop_map(|((cash, other, external), (max_leverage, outside), held)| Bank {
        cash,
        other,
        external,
        max_leverage,
        outside,
        held,
    });
    // More institutions than stand side by side, now and then.
    let banks = prop_oneof![3 => vec(bank.clone(), 1..6), 1 => vec(bank, 6..21)];
    let market = (
        vec(0.5..2.0_f64, 3),
        vec(-0.3..0.0_f64, 3),
        vec(100.0..4000.0_f64, 3),
    );
    let debts = vec((any::<u32>(), any::<u32>(), 1.0..15.0_f64), 0..24);
    // A holder for each fifth of an issuer at most, so that some of everybody is held outside.
    let shares = vec((any::<u32>(), any::<u32>(), 0.01..0.2_f64), 0..8);
    (banks, market, (debts, shares), -0.2..0.0_f64, -0.1..0.0_f64).prop_map(
        |(banks, (prices, changes, depths), (debts, shares), cash_change, other_change)| {
            let count = banks.len();
            let between = |pairs: Vec<(u32, u32, f64)>| {
                let pairs = pairs
                    .into_iter()
                    .map(|(from, to, amount)| (from as usize % count, to as usize % count, amount));
                pairs.filter(|(from, to, _)| from != to).collect::<Vec<_>>()
            };
            let mut shares = between(shares);
            shares.sort_by_key(|&(holder, issuer, _)| (issuer, holder));
            shares.dedup_by_key(|&mut (holder, issuer, _)| (issuer, holder));
            let mut held = vec![0; count];
            shares.retain(|&(_, issuer, _)| {
                held[issuer] += 1;
                held[issuer] <= 4
            });
            Case {
                debts: between(debts),
                shares,
                execution: Execution::Terminal,
                clearing: Clearing::EisenbergNoe,
                banks,
                prices,
                changes,
                depths,
                cash_change,
                other_change,
            }
        },
    )
}

/// Who decides what: every third institution is under a leverage cap, the others follow the probing rule, where there is one.
#[derive(Clone, Copy, Debug)]
pub struct Probes {
    pub rule: Option<Probe>,
    pub claims: Option<Probe>,
    pub strategy: Option<Probe>,
}

/// Whether the institution follows the probing rule.
pub fn follows_probe(n: usize) -> bool {
    !n.is_multiple_of(3)
}

/// Prices, average prices, payment ratios, and what all shares of each institution are worth.
#[derive(Clone, Debug)]
pub struct State {
    pub prices: Vec<f64>,
    pub averages: Vec<f64>,
    pub ratios: Vec<f64>,
    pub worth: Vec<f64>,
}

/// Steps of the plain loop; what still moves then is not compared.
const STEPS: usize = 20_000;

impl Case {
    pub fn system(&self) -> System {
        let mut builder = SystemBuilder::new();
        for (k, &price) in self.prices.iter().enumerate() {
            builder.asset(&format!("a{k}"), price);
        }
        for (n, bank) in self.banks.iter().enumerate() {
            let institution = Institution {
                cash: bank.cash,
                other_assets: bank.other,
                external_liabilities: bank.external,
            };
            builder.institution(&format!("b{n:02}"), institution);
            for (k, &units) in bank.held.iter().enumerate().filter(|(_, units)| **units > 0.0) {
                builder.holding(&format!("b{n:02}"), &format!("a{k}"), units);
            }
        }
        builder.build().expect("valid")
    }

    pub fn graph(&self) -> ContagionGraph {
        let mut builder = ContagionGraphBuilder::new(self.banks.len());
        for &(from, to, amount) in &self.debts {
            builder.debt(from as u32, to as u32, amount, 0);
        }
        if self.clearing == Clearing::Elsinger {
            for &(holder, issuer, fraction) in &self.shares {
                builder.shareholding(holder as u32, issuer as u32, fraction);
            }
        }
        builder.build().expect("valid")
    }

    pub fn shock(&self, system: &System) -> Shock {
        let mut shock = Shock::none(system);
        shock.prices.clone_from(&self.changes);
        shock.cash.fill(self.cash_change);
        shock.other_assets.fill(self.other_change);
        shock.outside_assets = self.banks.iter().map(|bank| bank.outside).collect();
        shock
    }

    /// The state right after the shock.
    pub fn top(&self) -> State {
        let after = self.prices.iter().zip(&self.changes);
        let prices: Vec<f64> = after.map(|(price, change)| price * (1.0 + change)).collect();
        let shocked = |bank: &Bank| {
            let liquid = bank.cash * (1.0 + self.cash_change) + bank.outside;
            liquid + bank.other * (1.0 + self.other_change)
        };
        State {
            averages: prices.clone(),
            ratios: vec![1.0; self.banks.len()],
            worth: self.worth_of_shares(&prices, shocked),
            prices,
        }
    }

    /// What shares are worth with all debts paid: `w = max(0, e + S w)`; nothing where no model values them.
    fn worth_of_shares(&self, prices: &[f64], liquid: impl Fn(&Bank) -> f64) -> Vec<f64> {
        let mut worth = vec![0.0; self.banks.len()];
        if self.clearing != Clearing::Elsinger {
            return worth;
        }
        for _ in 0..2_000 {
            let last = worth.clone();
            for (n, bank) in self.banks.iter().enumerate() {
                let held: f64 = bank
                    .held
                    .iter()
                    .zip(prices)
                    .map(|(units, price)| units * price)
                    .sum();
                let mut equity = liquid(bank) + held - bank.external;
                for &(from, to, amount) in &self.debts {
                    equity += if to == n { amount } else { 0.0 };
                    equity -= if from == n { amount } else { 0.0 };
                }
                for &(holder, issuer, fraction) in &self.shares {
                    equity += if holder == n { fraction * last[issuer] } else { 0.0 };
                }
                worth[n] = equity.max(0.0);
            }
            if worth == last {
                break;
            }
        }
        worth
    }

    /// Holdings as columns and values.
    pub fn rows(&self) -> Vec<(Vec<u32>, Vec<f64>)> {
        let row = |bank: &Bank| {
            let held = bank.held.iter().enumerate().filter(|(_, units)| **units > 0.0);
            held.map(|(k, &units)| (k as u32, units)).unzip()
        };
        self.banks.iter().map(row).collect()
    }

    /// The balance sheet of one institution at a state.
    pub fn sheet<'s>(
        &'s self,
        n: usize,
        row: &'s (Vec<u32>, Vec<f64>),
        state: &'s State,
    ) -> BalanceSheet<'s> {
        let bank = &self.banks[n];
        let at = |prices: &[f64]| {
            bank.held
                .iter()
                .zip(prices)
                .map(|(units, price)| units * price)
                .sum::<f64>()
        };
        let mut sheet = BalanceSheet::empty();
        sheet.cash = bank.cash * (1.0 + self.cash_change) + bank.outside;
        sheet.other_assets = bank.other * (1.0 + self.other_change);
        sheet.marketable = at(&state.prices);
        sheet.marketable_at_average = at(&state.averages);
        for &(from, to, amount) in &self.debts {
            if to == n {
                sheet.claims_face += amount;
                sheet.received += amount * state.ratios[from];
            }
            if from == n {
                sheet.debts_face += amount;
            }
        }
        if self.clearing == Clearing::Face {
            sheet.received = sheet.claims_face;
        }
        sheet.debts_received = sheet.received;
        let mut worth_before = 0.0;
        if self.clearing == Clearing::Elsinger {
            let before = self.worth_of_shares(&self.prices, |bank| bank.cash + bank.other);
            for &(holder, issuer, fraction) in self.shares.iter().filter(|share| share.0 == n) {
                assert_eq!(holder, n);
                worth_before += fraction * before[issuer];
                sheet.shares += fraction * state.worth[issuer];
            }
            sheet.received += sheet.shares;
        }
        sheet.external_liabilities = bank.external;
        sheet.liabilities = sheet.debts_face + bank.external;
        sheet.assets_initial = bank.cash + bank.other + at(&self.prices) + sheet.claims_face + worth_before;
        sheet.equity_initial = sheet.assets_initial - sheet.liabilities;
        let shocked: Vec<f64> = self
            .prices
            .iter()
            .zip(&self.changes)
            .map(|(price, change)| price * (1.0 + change))
            .collect();
        let after = sheet.cash + sheet.other_assets + at(&shocked) + sheet.claims_face + worth_before;
        sheet.equity_shocked = after - sheet.liabilities;
        sheet.execution = self.execution;
        sheet.holdings = SparseRow {
            columns: &row.0,
            values: &row.1,
        };
        sheet.initial_prices = &self.prices;
        sheet.prices = &state.prices;
        sheet.average_prices = &state.averages;
        sheet
    }

    /// Twice the largest amount that any institution shows right after the shock, so that none is beyond what a probe can tell.
    pub fn scale(&self, amount: Amount) -> f64 {
        let (rows, top) = (self.rows(), self.top());
        let largest = (0..self.banks.len())
            .map(|n| amount.read(&self.sheet(n, &rows[n], &top)).abs())
            .fold(0.0, f64::max);
        if largest > 0.0 { 2.0 * largest } else { 10.0 }
    }

    /// The greatest fixed point by plain iteration from the state after the shock; `None` where that takes too long.
    pub fn settle(&self, probes: Probes) -> Option<State> {
        let rows = self.rows();
        let mut state = self.top();
        for _ in 0..STEPS {
            let next = self.step(probes, &rows, &state);
            let prices = state.prices.iter().zip(&next.prices);
            let averages = state.averages.iter().zip(&next.averages);
            let ratios = state.ratios.iter().zip(&next.ratios);
            let worth = state.worth.iter().zip(&next.worth);
            let pairs = prices.chain(averages).chain(ratios).chain(worth);
            let change = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            state = next;
            if change < 1e-12 {
                return Some(state);
            }
        }
        None
    }

    fn step(&self, probes: Probes, rows: &[(Vec<u32>, Vec<f64>)], state: &State) -> State {
        let mut next = self.top();
        let mut sold = vec![0.0; self.prices.len()];
        for (n, bank) in self.banks.iter().enumerate() {
            let mut sheet = self.sheet(n, &rows[n], state);
            let equity = sheet.assets() - sheet.liabilities;
            let fraction = match probes.rule {
                Some(probe) if follows_probe(n) => probe.fraction(&sheet),
                _ => {
                    let need = sheet.assets() - bank.max_leverage * equity;
                    let above = sheet.marketable_at_average - sheet.marketable;
                    let of = sheet.marketable + bank.max_leverage * above;
                    if need <= 0.0 {
                        0.0
                    } else if need >= of {
                        1.0
                    } else {
                        need / of
                    }
                }
            };
            let fraction = fraction * probes.strategy.map_or(1.0, |probe| probe.fraction(&sheet));
            for (sold, units) in sold.iter_mut().zip(&bank.held) {
                *sold += fraction * units;
            }
            let gain = bank.held.iter().zip(state.averages.iter().zip(&state.prices));
            sheet.execution_gain = gain
                .map(|(units, (average, price))| fraction * units * (average - price))
                .sum();
            next.worth[n] = (sheet.assets() - sheet.liabilities).max(0.0);
            next.ratios[n] = match probes.claims {
                Some(probe) => probe.ratio(&sheet),
                None if sheet.liabilities > 0.0 => (sheet.assets() / sheet.liabilities).clamp(0.0, 1.0),
                None => 1.0,
            };
        }
        for (k, price) in next.prices.iter_mut().enumerate() {
            let z = self.prices[k] * sold[k] / self.depths[k];
            if self.execution == Execution::Vwap {
                next.averages[k] = *price * if z <= 1.0 { 1.0 - z / 2.0 } else { 0.5 / z };
            }
            *price *= (1.0 - z).max(0.0);
            if self.execution == Execution::Terminal {
                next.averages[k] = *price;
            }
        }
        next
    }
}
