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

/// A system and a shock as plain data.
#[derive(Clone, Debug)]
pub struct Case {
    pub banks: Vec<Bank>,
    pub prices: Vec<f64>,
    pub changes: Vec<f64>,
    pub depths: Vec<f64>,
    /// Debtor, creditor, amount.
    pub debts: Vec<(usize, usize, f64)>,
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
    (banks, market, debts, -0.2..0.0_f64, -0.1..0.0_f64).prop_map(
        |(banks, (prices, changes, depths), debts, cash_change, other_change)| {
            let count = banks.len();
            let debts = debts
                .into_iter()
                .map(|(from, to, amount)| (from as usize % count, to as usize % count, amount));
            Case {
                debts: debts.filter(|(from, to, _)| from != to).collect(),
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
    n % 3 != 0
}

/// Prices and payment ratios.
#[derive(Clone, Debug)]
pub struct State {
    pub prices: Vec<f64>,
    pub ratios: Vec<f64>,
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
                ..Institution::default()
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
        State {
            prices: after.map(|(price, change)| price * (1.0 + change)).collect(),
            ratios: vec![1.0; self.banks.len()],
        }
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
    pub fn sheet<'s>(&'s self, n: usize, row: &'s (Vec<u32>, Vec<f64>), state: &'s State) -> BalanceSheet<'s> {
        let bank = &self.banks[n];
        let at = |prices: &[f64]| bank.held.iter().zip(prices).map(|(units, price)| units * price).sum::<f64>();
        let mut sheet = BalanceSheet::empty();
        sheet.cash = bank.cash * (1.0 + self.cash_change) + bank.outside;
        sheet.other_assets = bank.other * (1.0 + self.other_change);
        sheet.marketable = at(&state.prices);
        sheet.marketable_at_average = sheet.marketable;
        for &(from, to, amount) in &self.debts {
            if to == n {
                sheet.claims_face += amount;
                sheet.received += amount * state.ratios[from];
            }
            if from == n {
                sheet.debts_face += amount;
            }
        }
        sheet.debts_received = sheet.received;
        sheet.external_liabilities = bank.external;
        sheet.liabilities = sheet.debts_face + bank.external;
        sheet.assets_initial = bank.cash + bank.other + at(&self.prices) + sheet.claims_face;
        sheet.equity_initial = sheet.assets_initial - sheet.liabilities;
        let after = sheet.cash + sheet.other_assets + at(&self.top().prices) + sheet.claims_face;
        sheet.equity_shocked = after - sheet.liabilities;
        sheet.execution = Execution::Terminal;
        sheet.holdings = SparseRow {
            columns: &row.0,
            values: &row.1,
        };
        sheet.initial_prices = &self.prices;
        sheet.prices = &state.prices;
        sheet.average_prices = &state.prices;
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
            let pairs = state.prices.iter().zip(&next.prices);
            let ratios = state.ratios.iter().zip(&next.ratios);
            let change = pairs.chain(ratios).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            state = next;
            if change < 1e-13 {
                return Some(state);
            }
        }
        None
    }

    fn step(&self, probes: Probes, rows: &[(Vec<u32>, Vec<f64>)], state: &State) -> State {
        let mut next = self.top();
        let mut sold = vec![0.0; self.prices.len()];
        for (n, bank) in self.banks.iter().enumerate() {
            let sheet = self.sheet(n, &rows[n], state);
            let equity = sheet.assets() - sheet.liabilities;
            let fraction = match probes.rule {
                Some(probe) if follows_probe(n) => probe.fraction(&sheet),
                _ => {
                    let need = sheet.assets() - bank.max_leverage * equity;
                    if need <= 0.0 {
                        0.0
                    } else if equity <= 0.0 || need >= sheet.marketable {
                        1.0
                    } else {
                        need / sheet.marketable
                    }
                }
            };
            let fraction = fraction * probes.strategy.map_or(1.0, |probe| probe.fraction(&sheet));
            for (sold, units) in sold.iter_mut().zip(&bank.held) {
                *sold += fraction * units;
            }
            next.ratios[n] = match probes.claims {
                Some(probe) => probe.ratio(&sheet),
                None if sheet.liabilities > 0.0 => (sheet.assets() / sheet.liabilities).clamp(0.0, 1.0),
                None => 1.0,
            };
        }
        for (k, price) in next.prices.iter_mut().enumerate() {
            *price *= (1.0 - self.prices[k] * sold[k] / self.depths[k]).max(0.0);
        }
        next
    }
}
