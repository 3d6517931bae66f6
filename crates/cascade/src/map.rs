//! The cascade under one shock, as a map to be solved.
//!
//! The state is `[prices | average prices (only under volume-weighted execution) | claims]`, oriented up = healthier.

use crate::arithmetic::{Above, Arithmetic, Below, Nearest, RoughlyAbove, RoughlyBelow};
use crate::composition::{Cascade, CascadeError};
use crate::pass::{self, PassWork, StateView};
use crate::shock::{Shock, ShockedMarket};
use delever_core::Execution;
use delever_solver::{FixedPointMap, MapShape, Precision};

/// Amounts after the shock, in compiled order.
pub(crate) struct ScenarioData {
    pub market: ShockedMarket,
    pub cash: Vec<f64>,
    pub other_assets: Vec<f64>,
    pub external_liabilities: Vec<f64>,
    /// What shareholdings were worth before the shock, claims at face.
    pub shareholdings: Vec<f64>,
    /// Upper bounds of equity after the shock without shareholdings, by id; empty where the claims model values none.
    pub equity_bounds: Vec<f64>,
    pub equity_initial: Vec<f64>,
    pub equity_shocked: Vec<f64>,
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
            cash: Vec::with_capacity(count),
            other_assets: Vec::with_capacity(count),
            external_liabilities: Vec::with_capacity(count),
            shareholdings: vec![0.0; count],
            equity_bounds: Vec::new(),
            equity_initial: Vec::with_capacity(count),
            equity_shocked: Vec::with_capacity(count),
        };
        for (position, &id) in cascade.order.iter().enumerate() {
            let before = &system.institutions()[id as usize];
            let after = shock.institution_after(id as usize, before);
            let holdings = cascade.holdings.row(position);
            let claims = cascade.claims_face.value[position];
            let liabilities = cascade.liabilities.value[position];
            let equity = |cash: f64, other: f64, prices: &[f64]| {
                cash + other + holdings.product_sum(prices) + claims - liabilities
            };
            data.equity_initial
                .push(equity(before.cash, before.other_assets, &data.market.initial));
            data.equity_shocked
                .push(equity(after.cash, after.other_assets, &data.market.shocked));
            data.cash.push(after.cash);
            data.other_assets.push(after.other_assets);
            data.external_liabilities.push(after.external_liabilities);
        }
        if cascade.claims.values_shares() {
            data.add_shareholdings(cascade);
        }
        data
    }

    /// Shareholdings enter the books at what they are worth before the shock.
    fn add_shareholdings(&mut self, cascade: &Cascade<'_>) {
        let count = cascade.order.len();
        let (mut equity, mut worth) = (vec![0.0; count], vec![0.0; count]);
        self.equity_bounds = vec![0.0; count];
        for (position, &id) in cascade.order.iter().enumerate() {
            equity[id as usize] = self.equity_initial[position];
            let holdings = cascade.holdings.row(position);
            let gross = self.cash[position].abs()
                + self.other_assets[position]
                + holdings.product_sum(&self.market.shocked)
                + cascade.claims_face.value[position]
                + cascade.liabilities.value[position];
            // Each term rounds once, and once more in its sum (Higham 2002, section 4.2).
            let rounding = (holdings.columns.len() + 16) as f64 * f64::EPSILON * gross;
            self.equity_bounds[id as usize] = self.equity_shocked[position] + rounding;
        }
        cascade.claims.shareholdings_into(&equity, &mut worth);
        for (position, &id) in cascade.order.iter().enumerate() {
            self.shareholdings[position] = worth[id as usize];
            self.equity_initial[position] += worth[id as usize];
            self.equity_shocked[position] += worth[id as usize];
        }
    }
}

impl Cascade<'_> {
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

    fn directed<A: Arithmetic>(&self, x: &[f64], out: &mut [f64], work: &mut Option<PassWork<A>>) {
        let work = work.get_or_insert_with(|| PassWork::new(self.cascade));
        pass::apply::<A>(self.cascade, &self.data, x, out, work);
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

    fn shape(&self) -> MapShape {
        self.cascade.shape
    }
}
