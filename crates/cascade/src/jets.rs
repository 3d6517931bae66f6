//! A pass in jets: the map's slopes over a box of states, and its image with twice the digits of a double.
//!
//! Every institution is asked once for each of its inputs: the price of each holding, and what it receives. That is dear, and
//! serves small systems near a tipping point, where plain iteration takes millions of steps.

use crate::composition::{Block, Cascade};
use crate::map::ScenarioData;
use crate::sheet::GivenAmounts;
use delever_core::error_free::{add_down, mul_down};
use delever_core::{BalanceSheet, Execution, FineInterval, Interval, Jet, Real, SparseRow, StrategyScratch};
use delever_solver::linear::NonNegativeRows;

/// Most institutions, and most components of the state, for which slopes are computed.
pub(crate) const LARGEST_BY_JETS: usize = 512;

/// The input in which slopes are taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Input {
    /// None: values alone.
    Nothing,
    /// The trial price of an asset.
    Price(usize),
    /// The average price of an asset.
    Average(usize),
    /// What is received on debts.
    Debts,
    /// What is received on shares.
    Shares,
}

/// Scratch memory.
pub(crate) struct JetWork {
    prices: Vec<Jet>,
    averages: Vec<Jet>,
    claims: Vec<Jet>,
    units: Vec<Jet>,
    components: Vec<Jet>,
    strategy: StrategyScratch,
    /// Money at the initial price of units sold, by asset.
    sold: Vec<Jet>,
    new_prices: Vec<Jet>,
    new_averages: Vec<Jet>,
    /// How far sold units fall at least for each unit that a component of the state rises: asset by component.
    falls: Vec<f64>,
    /// How far components rise at least, component by component.
    rises: Vec<f64>,
}

/// What is unknown of an institution: its sales, or its components.
#[derive(Clone, Copy)]
struct Known {
    sales: bool,
    components: bool,
}

const NOTHING: Jet = <Jet as Real>::NOTHING;
const ONE: Interval = Interval { low: 1.0, high: 1.0 };
const FLAT: Interval = Interval { low: 0.0, high: 0.0 };

impl JetWork {
    pub fn new(cascade: &Cascade<'_>, dim: usize) -> Self {
        let assets = cascade.system.asset_count();
        let averages = if cascade.execution == Execution::Vwap {
            assets
        } else {
            0
        };
        Self {
            prices: vec![NOTHING; assets],
            averages: vec![NOTHING; averages],
            claims: vec![NOTHING; dim - assets - averages],
            units: vec![NOTHING; cascade.largest_row],
            components: vec![NOTHING; cascade.components],
            strategy: StrategyScratch::default(),
            sold: vec![NOTHING; assets],
            new_prices: vec![NOTHING; assets],
            new_averages: vec![NOTHING; averages],
            falls: vec![0.0; assets * dim],
            rises: vec![0.0; dim * dim],
        }
    }

    fn set(&mut self, state: impl Fn(usize) -> FineInterval) {
        let parts = [&mut self.prices, &mut self.averages, &mut self.claims];
        for (n, slot) in parts.into_iter().flatten().enumerate() {
            *slot = Jet::constant(state(n));
        }
    }

    /// The institution at compiled position `n`: units sold and components, with slopes in one input.
    fn evaluate(
        &mut self,
        cascade: &Cascade<'_>,
        data: &ScenarioData,
        block: &Block,
        n: usize,
        input: Input,
    ) -> Known {
        match input {
            Input::Price(asset) => self.prices[asset].slope = ONE,
            Input::Average(asset) => self.averages[asset].slope = ONE,
            _ => {}
        }
        let known = self.respond(cascade, data, block, n, input);
        match input {
            Input::Price(asset) => self.prices[asset].slope = FLAT,
            Input::Average(asset) => self.averages[asset].slope = FLAT,
            _ => {}
        }
        known
    }

    fn respond(
        &mut self,
        cascade: &Cascade<'_>,
        data: &ScenarioData,
        block: &Block,
        n: usize,
        input: Input,
    ) -> Known {
        let holdings = cascade.holdings.row(n);
        let units = &mut self.units[..holdings.columns.len()];
        let averages = if self.averages.is_empty() {
            &self.prices
        } else {
            &self.averages
        };
        let mut sheet = BalanceSheet::<Jet>::empty();
        GivenAmounts::after_shock(data, n).in_numbers().write(&mut sheet);
        sheet.marketable = product_sum(holdings, &self.prices);
        sheet.marketable_at_average = product_sum(holdings, averages);
        sheet.claims_face = Jet::constant(cascade.claims_face.fine[n]);
        sheet.debts_received = if cascade.components == 0 {
            sheet.claims_face
        } else {
            product_sum(cascade.entitlements().row(n), &self.claims)
        };
        if let Some(shares) = cascade.share_entitlements() {
            sheet.shares = product_sum(shares.row(n), &self.claims);
        }
        match input {
            Input::Debts => sheet.debts_received.slope = ONE,
            Input::Shares => sheet.shares.slope = ONE,
            _ => {}
        }
        sheet.received = sheet.debts_received + sheet.shares;
        sheet.debts_face = Jet::constant(cascade.debts_face.fine[n]);
        sheet.liabilities = Jet::constant(cascade.liabilities.fine[n]);
        sheet.execution = cascade.execution;
        sheet.holdings = holdings;
        sheet.initial_prices = &data.market.initial;
        sheet.prices = &self.prices;
        sheet.average_prices = averages;
        sheet.settle();
        let sale = block.rule.sale_jet(n - block.range.start, &sheet);
        let sales = sale.is_some_and(|sale| {
            cascade
                .strategy
                .unit_jets_into(sale, &sheet, &mut self.strategy, units)
        });
        if !sales {
            for (sold, &held) in units.iter_mut().zip(holdings.values) {
                *sold = Jet::constant(FineInterval::between(0.0, held));
            }
        }
        let mut components = true;
        if cascade.execution == Execution::Vwap {
            let gain = |gain: Jet, (sold, &asset): (&Jet, &u32)| {
                let asset = asset as usize;
                gain + (averages[asset] - self.prices[asset]) * *sold
            };
            sheet.execution_gain = units.iter().zip(holdings.columns).fold(Jet::from(0.0), gain);
            sheet.settle();
            // What unknown sales gain is unknown.
            components = sales;
        }
        let id = cascade.order[n];
        let components = components
            && (cascade.components == 0
                || cascade
                    .claims
                    .component_jets_into(id, &sheet, &mut self.components));
        Known { sales, components }
    }

    /// Prices, and average prices, after the sales in `self.sold`.
    fn quote(&mut self, cascade: &Cascade<'_>, data: &ScenarioData) -> bool {
        cascade.impact.price_jets_into(
            data.market.view(),
            &self.sold,
            &mut self.new_prices,
            &mut self.new_averages,
        )
    }

    fn sell(&mut self, data: &ScenarioData, holdings: SparseRow<'_>) {
        for ((asset, _), units) in holdings.iter().zip(&self.units) {
            let money = FineInterval::from(data.market.initial[asset]) * units.value;
            self.sold[asset].value = self.sold[asset].value + money;
        }
    }
}

/// `sum_k value_k vector_k`.
fn product_sum(row: SparseRow<'_>, vector: &[Jet]) -> Jet {
    let mut sum = Jet::from(0.0);
    for (column, value) in row.iter() {
        let term = vector[column];
        sum.value = sum.value + FineInterval::from(value) * term.value;
        if term.slope != FLAT {
            sum.slope = sum.slope + Interval::from(value) * term.slope;
        }
    }
    sum
}

impl Cascade<'_> {
    /// Whether the system is small enough for jets, and its models such that they can say anything.
    pub(crate) fn takes_jets(&self, dim: usize) -> bool {
        let small = LARGEST_BY_JETS;
        self.order.len() <= small
            && dim <= small
            && self.forms.jets
            && self.shape.isotone
            && self.shape.bounded
    }
}

/// Bounds of the image over a box of states. `false`: some model does not compute in jets.
pub(crate) fn image(
    cascade: &Cascade<'_>,
    data: &ScenarioData,
    state: impl Fn(usize) -> FineInterval,
    work: &mut JetWork,
    mut out: impl FnMut(usize, FineInterval),
) -> bool {
    work.set(state);
    work.sold.fill(NOTHING);
    let assets = work.prices.len();
    let first = assets + work.averages.len();
    for block in &cascade.blocks {
        for n in block.range.clone() {
            let known = work.evaluate(cascade, data, block, n, Input::Nothing);
            if !(known.sales && known.components) {
                return false;
            }
            work.sell(data, cascade.holdings.row(n));
            let place = first + cascade.order[n] as usize * cascade.components;
            for (c, component) in work.components.iter().enumerate() {
                out(place + c, component.value);
            }
        }
    }
    for sold in &mut work.sold {
        *sold = sold.at_least(0.0);
    }
    if !work.quote(cascade, data) {
        return false;
    }
    for (k, price) in work.new_prices.iter().chain(&work.new_averages).enumerate() {
        out(k, price.value);
    }
    true
}

/// Adds `factor * weight` to a sum of numbers `>= 0`, rounded down.
fn add_product(sum: &mut f64, factor: f64, weight: f64) {
    if factor > 0.0 && weight > 0.0 {
        *sum = add_down(*sum, mul_down(factor, weight).max(0.0));
    }
}

/// Writes slopes below which the map rises nowhere over a box of states. `false`: no model says anything of its own.
pub(crate) fn slopes(
    cascade: &Cascade<'_>,
    data: &ScenarioData,
    state: impl Fn(usize) -> Interval,
    rows: &mut NonNegativeRows,
    work: &mut JetWork,
) -> bool {
    work.set(|n| state(n).into());
    work.sold.fill(NOTHING);
    work.falls.fill(0.0);
    work.rises.fill(0.0);
    let assets = work.prices.len();
    let first = assets + work.averages.len();
    let dim = first + work.claims.len();
    let mut known = false;
    for block in &cascade.blocks {
        for n in block.range.clone() {
            let holdings = cascade.holdings.row(n);
            known |=
                work.evaluate(cascade, data, block, n, Input::Nothing).components && cascade.components > 0;
            work.sell(data, holdings);
            let mut respond = |input: Input, row: SparseRow<'_>, offset: usize| {
                let known = work.evaluate(cascade, data, block, n, input);
                let place = first + cascade.order[n] as usize * cascade.components;
                for (column, weight) in row.iter() {
                    let column = offset + column;
                    if known.sales {
                        for ((asset, _), units) in holdings.iter().zip(&work.units) {
                            let fall = &mut work.falls[asset * dim + column];
                            add_product(fall, -units.slope.high, weight);
                        }
                    }
                    if known.components {
                        for (c, component) in work.components.iter().enumerate() {
                            let rise = &mut work.rises[(place + c) * dim + column];
                            add_product(rise, component.slope.low, weight);
                        }
                    }
                }
            };
            for position in 0..holdings.columns.len() {
                let row = SparseRow {
                    columns: &holdings.columns[position..=position],
                    values: &[1.0],
                };
                let asset = holdings.columns[position] as usize;
                respond(Input::Price(asset), row, 0);
                if first > assets {
                    respond(Input::Average(asset), row, assets);
                }
            }
            if cascade.components > 0 {
                let debts = cascade.entitlements().row(n);
                if !debts.columns.is_empty() {
                    respond(Input::Debts, debts, first);
                }
                if let Some(shares) = cascade.share_entitlements().map(|shares| shares.row(n))
                    && !shares.columns.is_empty()
                {
                    respond(Input::Shares, shares, first);
                }
            }
        }
    }
    known |= add_price_slopes(cascade, data, dim, work);
    for row in work.rises.chunks(dim.max(1)) {
        for (column, &rise) in row.iter().enumerate() {
            rows.push(column as u32, rise);
        }
        rows.end_row();
    }
    known
}

/// Prices fall with sales, and sales with the state.
fn add_price_slopes(cascade: &Cascade<'_>, data: &ScenarioData, dim: usize, work: &mut JetWork) -> bool {
    let assets = work.prices.len();
    for sold in &mut work.sold {
        *sold = sold.at_least(0.0);
    }
    let by_asset = cascade.impact.is_by_asset();
    let sources = if by_asset { assets.min(1) } else { assets };
    for source in 0..sources {
        for (k, sold) in work.sold.iter_mut().enumerate() {
            sold.slope = if by_asset || k == source { ONE } else { FLAT };
        }
        if !work.quote(cascade, data) {
            return false;
        }
        for (k, quoted) in work.new_prices.iter().chain(&work.new_averages).enumerate() {
            let sold = if by_asset { k % assets } else { source };
            let fall = mul_down((-quoted.slope.high).max(0.0), data.market.initial[sold]).max(0.0);
            for column in 0..dim {
                let units = work.falls[sold * dim + column];
                add_product(&mut work.rises[k * dim + column], fall, units);
            }
        }
    }
    true
}
