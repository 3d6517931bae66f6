//! Sums of balance sheets over institutions, in every lane.

use super::pass::Pass;
use super::{Width, Widths};
use crate::outcome::Totals;
use crate::sheet::GivenAmounts;
use delever_core::{BalanceSheet, Pack};

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
    /// By how much some institution sells less, or pays more, than at the top of the box: against the order that models declare.
    pub against_order: [f64; W],
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
            against_order: [0.0; W],
        }
    }
}

#[inline(always)]
fn add<const W: usize, Q: Pack<Array = [f64; W]>>(sum: &mut [f64; W], term: Q) {
    *sum = (term.load(*sum) + term).lanes();
}

/// One institution in every scenario.
pub(super) struct Account<Q> {
    pub cash: Q,
    pub other_assets: Q,
    pub assets: Q,
    pub equity_shocked: Q,
    pub marketable: Q,
    pub received: Q,
    /// Holdings at shocked prices.
    pub before: Q,
    /// What it pays of its debts.
    pub ratio: Q,
}

/// Trial prices lane by lane, each lane copied out when it is first asked for.
pub(super) struct LanePrices<'p, const W: usize> {
    prices: &'p [[f64; W]],
    lanes: [Vec<f64>; W],
}

impl<'p, const W: usize> LanePrices<'p, W> {
    pub fn new(prices: &'p [[f64; W]]) -> Self {
        Self {
            prices,
            lanes: std::array::from_fn(|_| Vec::new()),
        }
    }

    fn of_lane(&mut self, l: usize) -> &[f64] {
        let lane = &mut self.lanes[l];
        if lane.is_empty() {
            lane.extend(self.prices.iter().map(|prices| prices[l]));
        }
        lane
    }
}

impl<const W: usize> Books<W> {
    /// Adds the institution at compiled position `n`, at these trial prices.
    #[inline(always)]
    pub fn add<Q: Pack<Array = [f64; W]>>(
        &mut self,
        pass: &Pass<'_, W>,
        prices: &mut LanePrices<'_, W>,
        n: usize,
        account: &Account<Q>,
    ) where
        Widths: Width<W>,
    {
        let cascade = pass.cascade;
        let Account { assets, before, .. } = *account;
        let (zero, one) = (assets.splat(0.0), assets.splat(1.0));
        let liabilities = assets.splat(cascade.liabilities.value[n]);
        let claims_face = assets.splat(cascade.claims_face.value[n]);
        let initial = assets.splat(cascade.equity_initial[n]);
        let failure_equity = assets.splat(cascade.failure_equity[n]);
        self.equity_initial += cascade.equity_initial[n];
        add(&mut self.equity, assets - liabilities);
        add(&mut self.loss_shock, initial - account.equity_shocked);
        add(&mut self.loss_fire_sale, before - account.marketable);
        if cascade.components > 0 {
            add(&mut self.loss_contagion, claims_face - account.received);
        }
        let margin = assets - liabilities - failure_equity;
        let failed = margin.is_below(zero);
        add(&mut self.defaults, one.where_or(failed, zero));
        let exposure = before + claims_face;
        let rounding = assets.splat(1e-9) * (assets.abs() + liabilities + exposure);
        let relative = (margin.abs() - rounding) / (exposure + assets.splat(f64::MIN_POSITIVE));
        let least = assets.load(self.margin_of_solvency);
        self.margin_of_solvency = relative.or_smaller(least).lanes();
        let short = assets.either(failed, account.ratio.is_below(one));
        if cascade.components > 0 && assets.any(short) {
            let short = one.where_or(short, zero).lanes();
            self.add_destroyed(pass, prices, n, account, short);
        }
    }

    /// What is destroyed where not all is paid: rare, so one lane after the other.
    #[cold]
    fn add_destroyed<Q: Pack<Array = [f64; W]>>(
        &mut self,
        pass: &Pass<'_, W>,
        prices: &mut LanePrices<'_, W>,
        n: usize,
        account: &Account<Q>,
        short: [f64; W],
    ) where
        Widths: Width<W>,
    {
        let cascade = pass.cascade;
        for l in (0..W).filter(|&l| short[l] != 0.0) {
            let own_prices = prices.of_lane(l);
            let mut one = BalanceSheet::<f64>::empty();
            GivenAmounts {
                cash: account.cash.lanes()[l],
                other_assets: account.other_assets.lanes()[l],
                external_liabilities: cascade.external_liabilities[n],
                equity_initial: cascade.equity_initial[n],
                equity_shocked: account.equity_shocked.lanes()[l],
                assets_initial: cascade.assets_initial[n],
                repaid: 0.0,
            }
            .write(&mut one);
            one.marketable = account.marketable.lanes()[l];
            one.marketable_at_average = one.marketable;
            one.claims_face = cascade.claims_face.value[n];
            one.received = account.received.lanes()[l];
            one.debts_received = one.received;
            one.debts_face = cascade.debts_face.value[n];
            one.liabilities = cascade.liabilities.value[n];
            one.holdings = pass.holdings.row(n);
            one.initial_prices = cascade.system.prices();
            one.prices = own_prices;
            one.average_prices = own_prices;
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
            self.against_order[l] = self.against_order[l].max(other.against_order[l]);
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
