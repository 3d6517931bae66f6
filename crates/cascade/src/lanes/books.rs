//! Sums of balance sheets over institutions, in every lane.

use super::pass::LaneData;
use crate::composition::Cascade;
use crate::outcome::Totals;
use delever_core::{BalanceSheet, Ball};

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

impl<const W: usize> Books<W> {
    /// Adds the institution at compiled position `n`; `before` is what it holds at shocked prices, `ratio` what it pays.
    #[inline(always)]
    pub fn add(
        &mut self,
        cascade: &Cascade<'_>,
        data: &LaneData<W>,
        n: usize,
        sheet: &BalanceSheet<'_, Ball<W>>,
        before: &[f64; W],
        ratio: &[f64; W],
    ) {
        let assets = sheet.assets().center;
        let liabilities = cascade.liabilities.value[n];
        let claims_face = cascade.claims_face.value[n];
        let initial = cascade.equity_initial[n];
        let failure_equity = cascade.failure_equity[n];
        let (cash, other_assets) = (&data.cash[n], &data.other_assets[n]);
        let (marketable, received) = (&sheet.marketable.center, &sheet.received.center);
        let mut short = [false; W];
        self.equity_initial += initial;
        for l in 0..W {
            let shocked = cash[l] + other_assets[l] + before[l] + claims_face - liabilities;
            self.equity[l] += assets[l] - liabilities;
            self.loss_shock[l] += initial - shocked;
            self.loss_fire_sale[l] += before[l] - marketable[l];
            if cascade.components > 0 {
                self.loss_contagion[l] += claims_face - received[l];
            }
            let margin = assets[l] - liabilities - failure_equity;
            short[l] = margin < 0.0 || ratio[l] < 1.0;
            self.defaults[l] += if margin < 0.0 { 1.0 } else { 0.0 };
            let exposure = before[l] + claims_face;
            let rounding = 1e-9 * (assets[l].abs() + liabilities + exposure);
            let relative = (margin.abs() - rounding) / (exposure + f64::MIN_POSITIVE);
            self.margin_of_solvency[l] = if relative < self.margin_of_solvency[l] {
                relative
            } else {
                self.margin_of_solvency[l]
            };
        }
        if cascade.components > 0 && short.contains(&true) {
            self.add_destroyed(cascade, n, sheet, short);
        }
    }

    /// What is destroyed where not all is paid: rare, so one lane after the other.
    #[cold]
    fn add_destroyed(
        &mut self,
        cascade: &Cascade<'_>,
        n: usize,
        sheet: &BalanceSheet<'_, Ball<W>>,
        short: [bool; W],
    ) {
        for l in (0..W).filter(|&l| short[l]) {
            let mut one = BalanceSheet::<f64>::empty();
            (one.cash, one.other_assets) = (sheet.cash[l], sheet.other_assets[l]);
            one.marketable = sheet.marketable.center[l];
            one.marketable_at_average = one.marketable;
            one.claims_face = sheet.claims_face.center[l];
            one.received = sheet.received.center[l];
            one.debts_received = one.received;
            one.debts_face = sheet.debts_face.center[l];
            one.external_liabilities = sheet.external_liabilities;
            one.liabilities = sheet.liabilities.center[l];
            (one.equity_initial, one.assets_initial) = (sheet.equity_initial, sheet.assets_initial);
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
