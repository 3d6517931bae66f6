//! The cascade under one shock, as a map to be solved.
//!
//! The state is `[prices | average prices (only under volume-weighted execution) | claims]`, oriented up = healthier.

use crate::arithmetic::{Above, Arithmetic, Below, Nearest, RoughlyAbove, RoughlyBelow};
use crate::composition::{Cascade, CascadeError};
use crate::enclosure::EnclosureWork;
use crate::jets::{self, JetWork};
use crate::pass::{self, CHUNK, PassWork, StateView};
use crate::shock::{Shock, ShockedMarket};
use delever_core::error_free::mul_down;
use delever_core::{Anchor, Execution, FineInterval, Interval};
use delever_solver::linear::NonNegativeRows;
use delever_solver::{End, FixedPointMap, MapShape, Precision, Twofold};
use rayon::prelude::*;

/// Amounts after the shock, in compiled order.
pub(crate) struct ScenarioData {
    pub market: ShockedMarket,
    pub cash: Vec<f64>,
    pub other_assets: Vec<f64>,
    pub external_liabilities: Vec<f64>,
    /// What shareholdings were worth before the shock, claims at face.
    pub shareholdings: Vec<f64>,
    /// Bounds of equity after the shock without shareholdings, at any prices, by id; empty where the claims model values none.
    pub equity_bounds: Vec<Interval>,
    pub equity_initial: Vec<f64>,
    pub equity_shocked: Vec<f64>,
    /// Total assets before the shock, claims at face, shareholdings at what they are worth then.
    pub assets_initial: Vec<f64>,
}

impl ScenarioData {
    fn new(cascade: &Cascade<'_>, shock: &Shock) -> Self {
        let system = cascade.system;
        let market = ShockedMarket {
            initial: system.prices().to_vec(),
            shocked: shock.prices_after(system),
        };
        let count = system.institution_count();
        let mut data = Self {
            market,
            cash: vec![0.0; count],
            other_assets: vec![0.0; count],
            external_liabilities: vec![0.0; count],
            shareholdings: vec![0.0; count],
            equity_bounds: Vec::new(),
            equity_initial: cascade.equity_initial.clone(),
            equity_shocked: vec![0.0; count],
            assets_initial: cascade.assets_initial.clone(),
        };
        let chunks = (data.cash.par_chunks_mut(CHUNK))
            .zip(data.other_assets.par_chunks_mut(CHUNK))
            .zip(data.external_liabilities.par_chunks_mut(CHUNK))
            .zip(data.equity_shocked.par_chunks_mut(CHUNK));
        chunks
            .enumerate()
            .for_each(|(chunk, (((cash, other), external), equity))| {
                let amounts = cash.iter_mut().zip(other).zip(external).zip(equity);
                for (position, (((cash, other), external), equity)) in (chunk * CHUNK..).zip(amounts) {
                    let id = cascade.order[position] as usize;
                    let after = shock.institution_after(id, &system.institutions()[id]);
                    let holdings = cascade.holdings.row(position);
                    let claims = cascade.claims_face.value[position];
                    let liabilities = cascade.liabilities.value[position];
                    let held = holdings.product_sum(&data.market.shocked);
                    let assets_shocked = after.cash + after.other_assets + held + claims;
                    *equity = assets_shocked - liabilities;
                    *cash = after.cash;
                    *other = after.other_assets;
                    *external = after.external_liabilities;
                }
            });
        if cascade.claims.share_entitlements().is_some() {
            data.add_shareholdings(cascade);
        }
        data
    }

    /// Shareholdings enter the books at what they are worth before the shock.
    fn add_shareholdings(&mut self, cascade: &Cascade<'_>) {
        let count = cascade.order.len();
        let (mut equity, mut worth) = (vec![0.0; count], vec![0.0; count]);
        self.equity_bounds = vec![Interval::from(0.0); count];
        for (position, &id) in cascade.order.iter().enumerate() {
            equity[id as usize] = self.equity_initial[position];
            let holdings = cascade.holdings.row(position);
            let holdings_worth = holdings.product_sum(&self.market.shocked);
            let gross = self.cash[position].abs()
                + self.other_assets[position]
                + holdings_worth
                + cascade.claims_face.value[position]
                + cascade.liabilities.value[position];
            // Each term rounds once, and once more in its sum (Higham 2002, section 4.2).
            let rounding = (holdings.columns.len() + 16) as f64 * f64::EPSILON * gross;
            let equity = self.equity_shocked[position];
            self.equity_bounds[id as usize] =
                Interval::new(equity - holdings_worth - rounding, equity + rounding);
        }
        cascade.claims.shareholdings_into(&equity, &mut worth);
        for (position, &id) in cascade.order.iter().enumerate() {
            self.shareholdings[position] = worth[id as usize];
            self.equity_initial[position] += worth[id as usize];
            self.equity_shocked[position] += worth[id as usize];
            self.assets_initial[position] += worth[id as usize];
        }
    }
}

impl Cascade<'_> {
    /// Each institution's equity before any shock, by id, money: claims at face, shareholdings at what the claims model
    /// says they are worth then. It is what outcomes call `equity_initial`, to the bit.
    pub fn equity_before_shock(&self) -> Vec<f64> {
        let before = ScenarioData::new(self, &Shock::none(self.system));
        let mut by_id = vec![0.0; self.order.len()];
        for (&id, equity) in self.order.iter().zip(before.equity_initial) {
            by_id[id as usize] = equity;
        }
        by_id
    }

    /// Length of the state.
    fn dim(&self) -> usize {
        self.price_components() + self.system.institution_count() * self.components
    }

    fn price_components(&self) -> usize {
        match self.execution {
            Execution::Terminal => self.system.asset_count(),
            Execution::Vwap => 2 * self.system.asset_count(),
        }
    }

    pub(crate) fn view<'x>(&self, x: &'x [f64]) -> StateView<'x> {
        let assets = self.system.asset_count();
        let (market, claims) = x.split_at(self.price_components());
        let prices = &market[..assets];
        let averages = if market.len() > assets {
            &market[assets..]
        } else {
            prices
        };
        StateView {
            prices,
            averages,
            claims,
        }
    }

    pub(crate) fn split<'x>(&self, x: &'x mut [f64]) -> (&'x mut [f64], &'x mut [f64], &'x mut [f64]) {
        let (market, claims) = x.split_at_mut(self.price_components());
        let (prices, averages) = market.split_at_mut(self.system.asset_count());
        (prices, averages, claims)
    }
}

/// A cascade under one shock: the map whose fixed points are its equilibria.
///
/// Exposed so that any solver of [`FixedPointMap`] can be put on it.
pub struct CascadeMap<'c> {
    pub(crate) cascade: &'c Cascade<'c>,
    pub(crate) data: ScenarioData,
}

/// Scratch memory of a [`CascadeMap`]. The memory of proofs is made when a proof begins.
pub struct CascadeWork {
    nearest: PassWork<Nearest>,
    above: Option<PassWork<Above>>,
    below: Option<PassWork<Below>>,
    roughly_above: Option<PassWork<RoughlyAbove>>,
    roughly_below: Option<PassWork<RoughlyBelow>>,
    enclosing: Option<EnclosureWork>,
    /// Slopes of claims, by id.
    slopes: Vec<f64>,
    jets: Option<Box<JetWork>>,
}

impl<'c> CascadeMap<'c> {
    /// The map of a cascade under a shock.
    pub fn new(cascade: &'c Cascade<'c>, shock: &Shock) -> Result<Self, CascadeError> {
        shock.check(cascade.system)?;
        Ok(Self {
            cascade,
            data: ScenarioData::new(cascade, shock),
        })
    }

    /// The scratch memory of passes in jets, where the system is small enough for them.
    fn jets<'w>(&self, work: &'w mut Option<Box<JetWork>>) -> Option<&'w mut JetWork> {
        let dim = self.cascade.dim();
        if !self.cascade.takes_jets(dim) {
            return None;
        }
        Some(work.get_or_insert_with(|| Box::new(JetWork::new(self.cascade, dim))))
    }

    fn apply_finely(
        &self,
        x: &Twofold,
        work: &mut CascadeWork,
        out: impl FnMut(usize, FineInterval),
    ) -> bool {
        let Some(jets) = self.jets(&mut work.jets) else {
            return false;
        };
        let state = |n: usize| {
            let (high, low) = x.part(n);
            FineInterval::sum_of(high, low)
        };
        jets::image(self.cascade, &self.data, state, jets, out)
    }

    fn directed<A: Arithmetic>(&self, x: &[f64], out: &mut [f64], work: &mut Option<PassWork<A>>) {
        let work = work.get_or_insert_with(|| PassWork::new(self.cascade));
        pass::apply::<A>(self.cascade, &self.data, x, out, work);
    }

    /// Slopes of all claims in what their debtors receive, between the state `x` at the anchor and `other`.
    fn slopes<A: Arithmetic<Number = Interval>>(
        &self,
        anchor: Anchor,
        x: &[f64],
        other: &[f64],
        slopes: &mut [f64],
        work: &mut Option<PassWork<A>>,
    ) {
        let cascade = self.cascade;
        let work = work.get_or_insert_with(|| PassWork::new(cascade));
        let entitlements = cascade.entitlements();
        let share_entitlements = cascade.share_entitlements();
        let other = cascade.view(other).claims;
        pass::inspect::<A>(cascade, &self.data, x, work, |visit| {
            let id = cascade.order[visit.position];
            let mut received = A::product_sum(entitlements.row(visit.position), other);
            if let Some(shares) = share_entitlements {
                received = received + A::signed_product_sum(shares.row(visit.position), other);
            }
            let place = id as usize * cascade.components;
            cascade.claims.slopes_into(
                anchor,
                id,
                visit.sheet,
                received,
                &mut slopes[place..place + cascade.components],
            );
        });
    }
}

impl FixedPointMap for CascadeMap<'_> {
    type Work = CascadeWork;

    fn dim(&self) -> usize {
        self.cascade.dim()
    }

    fn workspace(&self) -> CascadeWork {
        CascadeWork {
            nearest: PassWork::new(self.cascade),
            above: None,
            below: None,
            roughly_above: None,
            roughly_below: None,
            enclosing: None,
            slopes: Vec::new(),
            jets: None,
        }
    }

    fn bounds_into(&self, bottom: &mut [f64], top: &mut [f64]) {
        bottom.fill(0.0);
        let (prices, averages, claims) = self.cascade.split(top);
        prices.copy_from_slice(&self.data.market.shocked);
        if !averages.is_empty() {
            averages.copy_from_slice(&self.data.market.shocked);
        }
        let (_, _, claims_bottom) = self.cascade.split(bottom);
        self.cascade
            .claims
            .range_into(&self.data.equity_bounds, claims_bottom, claims);
    }

    fn apply(&self, x: &[f64], out: &mut [f64], work: &mut CascadeWork) {
        pass::apply::<Nearest>(self.cascade, &self.data, x, out, &mut work.nearest);
    }

    fn apply_above(&self, x: &[f64], out: &mut [f64], precision: Precision, work: &mut CascadeWork) {
        match precision {
            Precision::Rough => self.directed(x, out, &mut work.roughly_above),
            Precision::Sharp => self.directed(x, out, &mut work.above),
        }
    }

    fn apply_below(&self, x: &[f64], out: &mut [f64], precision: Precision, work: &mut CascadeWork) {
        match precision {
            Precision::Rough => self.directed(x, out, &mut work.roughly_below),
            Precision::Sharp => self.directed(x, out, &mut work.below),
        }
    }

    /// Where nobody holds what can be sold, claims fall with what their debtors receive, and their slopes reach far. Else prices
    /// fall too, and slopes hold on the box alone.
    fn slopes_into(
        &self,
        end: End,
        anchor: &[f64],
        other: &[f64],
        rows: &mut NonNegativeRows,
        work: &mut CascadeWork,
    ) -> bool {
        let cascade = self.cascade;
        if self.slopes_bend() {
            let Some(jets) = self.jets(&mut work.jets) else {
                return false;
            };
            let range = |n: usize| Interval::new(anchor[n].min(other[n]), anchor[n].max(other[n]));
            return jets::slopes(cascade, &self.data, range, rows, jets);
        }
        if cascade.components == 0 {
            return false;
        }
        let prices = cascade.price_components();
        let mut slopes = std::mem::take(&mut work.slopes);
        slopes.clear();
        slopes.resize(anchor.len() - prices, 0.0);
        match end {
            End::Greatest => self.slopes(Anchor::Upper, anchor, other, &mut slopes, &mut work.above),
            End::Least => self.slopes(Anchor::Lower, anchor, other, &mut slopes, &mut work.below),
        }
        (0..prices).for_each(|_| rows.end_row());
        let claims = &cascade.claims;
        let entitlements: Vec<_> = claims
            .share_entitlements()
            .into_iter()
            .chain([claims.entitlements()])
            .collect();
        for (institution, slopes) in slopes.chunks(cascade.components).enumerate() {
            for &slope in slopes {
                if slope > 0.0 {
                    for (column, value) in entitlements.iter().flat_map(|rows| rows.row(institution).iter()) {
                        rows.push((prices + column) as u32, mul_down(slope, value).max(0.0));
                    }
                }
                rows.end_row();
            }
        }
        work.slopes = slopes;
        true
    }

    fn slopes_bend(&self) -> bool {
        self.cascade.holdings.entry_count() > 0 || self.cascade.execution == Execution::Vwap
    }

    /// Everybody is asked for each holding, with all holdings: measured at about the square of their number.
    fn slopes_cost(&self) -> u64 {
        if !self.slopes_bend() {
            return 1;
        }
        let holdings = self.cascade.holdings.entry_count() / self.cascade.order.len().max(1);
        (holdings as u64 + 2).pow(2)
    }

    fn apply_above_finely(&self, x: &Twofold, out: &mut Twofold, work: &mut CascadeWork) -> bool {
        self.apply_finely(x, work, |n, image| out.set(n, image.high()))
    }

    fn apply_below_finely(&self, x: &Twofold, out: &mut Twofold, work: &mut CascadeWork) -> bool {
        self.apply_finely(x, work, |n, image| out.set(n, image.low()))
    }

    fn groups_at_top(&self) -> Vec<Vec<Vec<u32>>> {
        let (cascade, data) = (self.cascade, &self.data);
        let mut groups = cascade.claims.closed_groups();
        if groups.is_empty() {
            return Vec::new();
        }
        // Under average prices, whoever receives more sells less and forgoes a gain.
        let moves =
            |n: usize| cascade.execution == Execution::Vwap && !cascade.holdings.row(n).columns.is_empty();
        let mut unfit = vec![false; cascade.order.len()];
        for (n, &id) in cascade.order.iter().enumerate() {
            unfit[id as usize] = data.cash[n] + data.other_assets[n] < 0.0 || moves(n);
        }
        groups.retain(|group| group.iter().all(|&id| !unfit[id as usize]));
        let (prices, count) = (cascade.price_components(), cascade.components);
        let mut owed = vec![false; cascade.order.len() * count];
        let entitlements = cascade.claims.entitlements();
        for (_, component, _) in entitlements.triplets() {
            owed[component as usize] = true;
        }
        let components = |id: u32| {
            let all = id as usize * count..(id as usize + 1) * count;
            all.filter(|&n| owed[n]).map(|n| (prices + n) as u32).collect()
        };
        groups
            .into_iter()
            .map(|group| group.into_iter().map(components).collect())
            .collect()
    }

    fn enclosure_box_into(&self, low: &mut [f64], high: &mut [f64]) -> bool {
        self.box_of_states(low, high)
    }

    fn enclose_image(
        &self,
        low: &[f64],
        high: &[f64],
        out_low: &mut [f64],
        out_high: &mut [f64],
        work: &mut CascadeWork,
    ) -> bool {
        self.image_of_box((low, high), (out_low, out_high), &mut work.enclosing)
    }

    fn shape(&self) -> MapShape {
        self.cascade.shape
    }
}
