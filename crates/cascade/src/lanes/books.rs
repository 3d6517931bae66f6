//! Sums of balance sheets over institutions, in every lane.

use crate::composition::Cascade;
use crate::outcome::Totals;
use delever_core::BalanceSheet;

/// Sums over a chunk of institutions; the same figures in the same order as an outcome's totals.
#[derive(Clone, Copy, Debug)]
pub(super) struct Books<const W: usize> {
    equity_initial: f64,
    equity: [f64; W],
    loss_shock: [f64; W],
    loss_fire_sale: [f64; W],
    loss_contagion: [f64; W],
    bankruptcy_costs: [f64; W],
    defaults: [f64; W],
    /// As an outcome's: how far the institution closest to failure is from it, in widths of the bracket.
    pub margin_of_solvency: [f64; W],
}

impl<const W: usize> Default for Books<W> {
    fn default() -> Self {
        Self {
            equity_initial: 0.0,
            equity: [0.0; W],
            loss_shock: [0.0; W],
            loss_fire_sale: [0.0; W],
            loss_contagion: [0.0; W],
            bankruptcy_costs: [0.0; W],
            defaults: [0.0; W],
            margin_of_solvency: [f64::INFINITY; W],
        }
    }
}

/// One institution in every scenario.
pub(super) struct Account<const W: usize> {
    pub cash: [f64; W],
    pub other_assets: [f64; W],
    pub assets: [f64; W],
    pub marketable: [f64; W],
    pub received: [f64; W],
    /// Holdings at shocked prices.
    pub before: [f64; W],
    /// What it pays of its debts.
    pub ratio: [f64; W],
}

impl<const W: usize> Books<W> {
    /// Adds the institution at compiled position `n`.
    pub fn add(&mut self, cascade: &Cascade<'_>, n: usize, account: &Account<W>) {
        let liabilities = cascade.liabilities.value[n];
        let claims_face = cascade.claims_face.value[n];
        let initial = cascade.equity_initial[n];
        let failure_equity = cascade.failure_equity[n];
        let mut short = [false; W];
        self.equity_initial += initial;
        for l in 0..W {
            let (assets, before) = (account.assets[l], account.before[l]);
            let shocked = account.cash[l] + account.other_assets[l] + before + claims_face - liabilities;
            self.equity[l] += assets - liabilities;
            self.loss_shock[l] += initial - shocked;
            self.loss_fire_sale[l] += before - account.marketable[l];
            if cascade.components > 0 {
                self.loss_contagion[l] += claims_face - account.received[l];
            }
            let margin = assets - liabilities - failure_equity;
            short[l] = margin < 0.0 || account.ratio[l] < 1.0;
            self.defaults[l] += if margin < 0.0 { 1.0 } else { 0.0 };
            let exposure = before + claims_face;
            let rounding = 1e-9 * (assets.abs() + liabilities + exposure);
            let relative = (margin.abs() - rounding) / (exposure + f64::MIN_POSITIVE);
            self.margin_of_solvency[l] = if relative < self.margin_of_solvency[l] {
                relative
            } else {
                self.margin_of_solvency[l]
            };
        }
        if cascade.components > 0 && short.contains(&true) {
            self.add_destroyed(cascade, n, account, short);
        }
    }

    /// What is destroyed where not all is paid: rare, so one lane after the other.
    #[cold]
    fn add_destroyed(&mut self, cascade: &Cascade<'_>, n: usize, account: &Account<W>, short: [bool; W]) {
        for l in (0..W).filter(|&l| short[l]) {
            let mut one = BalanceSheet::<f64>::empty();
            (one.cash, one.other_assets) = (account.cash[l], account.other_assets[l]);
            one.marketable = account.marketable[l];
            one.marketable_at_average = one.marketable;
            one.claims_face = cascade.claims_face.value[n];
            one.received = account.received[l];
            one.debts_received = one.received;
            one.debts_face = cascade.debts_face.value[n];
            one.external_liabilities = cascade.external_liabilities[n];
            one.liabilities = cascade.liabilities.value[n];
            one.equity_initial = cascade.equity_initial[n];
            one.assets_initial = cascade.assets_initial[n];
            one.settle();
            self.bankruptcy_costs[l] += cascade.claims.value_destroyed(cascade.order[n], &one);
        }
    }

    /// Sums over chunks.
    pub fn merge(&mut self, other: &Self) {
        self.equity_initial += other.equity_initial;
        for l in 0..W {
            self.equity[l] += other.equity[l];
            self.loss_shock[l] += other.loss_shock[l];
            self.loss_fire_sale[l] += other.loss_fire_sale[l];
            self.loss_contagion[l] += other.loss_contagion[l];
            self.bankruptcy_costs[l] += other.bankruptcy_costs[l];
            self.defaults[l] += other.defaults[l];
            self.margin_of_solvency[l] = self.margin_of_solvency[l].min(other.margin_of_solvency[l]);
        }
    }

    /// The totals of one lane.
    pub fn totals(&self, l: usize, sold_value: f64) -> Totals {
        let channels = [self.loss_shock[l], self.loss_fire_sale[l], self.loss_contagion[l]];
        Totals {
            equity_initial: self.equity_initial,
            equity: self.equity[l],
            loss_bankruptcy_costs: self.bankruptcy_costs[l],
            defaults: self.defaults[l] as usize,
            sold_value,
            ..Totals::of_channels(channels)
        }
    }
}
