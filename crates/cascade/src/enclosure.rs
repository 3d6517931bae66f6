//! One pass over all states of a box at once: bounds of what every one of them leads to.
//!
//! Where no order tells which end of a box leads to which end of its image, every amount of a balance sheet is an interval from
//! what it is at the lowest state to what it is at the highest, and models answer with bounds that hold for all of it. What a
//! model does not bound counts as anything that it may do.

use crate::arithmetic::{Above, Below, BoundedSum, OutwardSum};
use crate::composition::Cascade;
use crate::map::{CascadeMap, ScenarioData};
use crate::pass::{CHUNK, StateView, TILE};
use crate::sheet::{self, Account, Entitled};
use delever_core::error_free::{CompensatedSum, add_down, add_up, mul_down, mul_up};
use delever_core::{
    BalanceSheet, Execution, ImpactModel, Interval, Order, Profile, Sale, SparseRows, StrategyScratch,
};
use delever_solver::{Bracket, EnclosureSettings, FixedPointMap, Settings, enclose};

/// Bounds that hold all equilibria of a cascade at once, in id order.
///
/// They prove neither that there is an equilibrium nor, unless their width is 0, that there is one only.
#[derive(Clone, Debug, PartialEq)]
pub struct EquilibriaEnclosure {
    /// Largest width of the bounds of prices and claims, relative to the largest state.
    pub width: f64,
    /// Images of boxes of states that were computed.
    pub images: u64,
    /// The price of each asset, money per unit.
    pub prices: Vec<Interval>,
    /// The equity of each institution, money, negative when insolvent.
    pub equities: Vec<Interval>,
}

/// Components of state times images that an enclosure beside a solve may take.
const STATE_IMAGES: u64 = 8_192;
/// Images that it may take in any case; systems so large that it may take no more are not shaved.
const LEAST_IMAGES: u64 = 256;

/// Scratch memory of passes over boxes.
pub(crate) struct EnclosureWork {
    /// Sums of units sold in one chunk, the least and the most.
    in_chunk: Vec<[OutwardSum; 2]>,
    sold: Vec<[OutwardSum; 2]>,
    sold_low: Vec<f64>,
    sold_high: Vec<f64>,
    units_low: Vec<f64>,
    units_high: Vec<f64>,
    components: [Vec<f64>; 2],
    /// Smallest and largest state of claims.
    range: [Vec<f64>; 2],
    strategy: StrategyScratch,
    spare: Vec<f64>,
}

/// A model that could not be bounded leaves nothing to be said.
pub(crate) struct NotKnown;

impl EnclosureWork {
    fn new(cascade: &Cascade<'_>, data: &ScenarioData) -> Self {
        let (assets, tile) = (cascade.system.asset_count(), TILE * cascade.components);
        let claims = cascade.system.institution_count() * cascade.components;
        let (mut bottom, mut top) = (vec![0.0; claims], vec![0.0; claims]);
        cascade
            .claims
            .range_into(&data.equity_bounds, &mut bottom, &mut top);
        Self {
            in_chunk: vec![Default::default(); assets],
            sold: vec![Default::default(); assets],
            sold_low: vec![0.0; assets],
            sold_high: vec![0.0; assets],
            units_low: vec![0.0; cascade.largest_row],
            units_high: vec![0.0; cascade.largest_row],
            components: [vec![0.0; tile], vec![0.0; tile]],
            range: [bottom, top],
            strategy: StrategyScratch::default(),
            spare: vec![0.0; assets],
        }
    }
}

/// The states of a box.
#[derive(Clone, Copy)]
pub(crate) struct States<'x> {
    pub low: StateView<'x>,
    pub high: StateView<'x>,
}

/// Whether bounds at the ends of a range hold inside it.
fn bounded_at_ends(profile: Profile) -> bool {
    profile.order == Order::Antitone && profile.bounded
}

/// Prices over all sales between `work.sold_low` and `work.sold_high`.
fn prices_between(
    cascade: &Cascade<'_>,
    data: &ScenarioData,
    work: &mut EnclosureWork,
    (low, high): (&mut [f64], &mut [f64]),
    (averages_low, averages_high): (&mut [f64], &mut [f64]),
) -> Result<(), NotKnown> {
    let (impact, market): (&dyn ImpactModel, _) = (&*cascade.impact, data.market.view());
    let (least, most, spare) = (&work.sold_low[..], &work.sold_high[..], &mut work.spare[..]);
    let capped = |high: &mut [f64]| {
        for (price, &shocked) in high.iter_mut().zip(market.shocked) {
            *price = price.min(shocked);
        }
    };
    if bounded_at_ends(impact.profile()) {
        impact.price_bounds_into(market, most, low, spare);
        impact.price_bounds_into(market, least, spare, high);
        capped(high);
    } else if !impact.price_enclosure_into(market, least, most, low, high) {
        return Err(NotKnown);
    }
    if averages_low.is_empty() {
        return Ok(());
    }
    if bounded_at_ends(impact.profile_at_average()) {
        impact.average_price_bounds_into(market, most, averages_low, spare);
        impact.average_price_bounds_into(market, least, spare, averages_high);
        capped(averages_high);
    } else if !impact.average_price_enclosure_into(market, least, most, averages_low, averages_high) {
        return Err(NotKnown);
    }
    Ok(())
}

fn not_negative(rows: &SparseRows) -> bool {
    rows.triplets().all(|(_, _, value)| value >= 0.0)
}

/// Cuts units sold to what may be sold or bought at all; what is no number is nothing known.
fn within_holdings(held: &[f64], low: &mut [f64], high: &mut [f64]) {
    for ((low, high), &held) in low.iter_mut().zip(high).zip(held) {
        if !(*low >= -held) {
            *low = -held;
        }
        if !(*high <= held) {
            *high = held;
        }
    }
}

/// Fills the sheet of the institution at compiled position `n` with all amounts that the states of a box lead to.
pub(crate) fn fill<'a>(
    cascade: &'a Cascade<'_>,
    entitled: Entitled<'_>,
    states: States<'a>,
    n: usize,
    account: Account<'a, Interval>,
    sheet: &mut BalanceSheet<'a, Interval>,
) -> Result<(), NotKnown> {
    let mut highest = BalanceSheet::empty();
    sheet::fill::<Below>(cascade, entitled, states.low, n, account, sheet);
    sheet::fill::<Above>(cascade, entitled, states.high, n, account, &mut highest);
    let from = |low: Interval, high: Interval| Interval {
        low: low.low,
        high: high.high,
    };
    sheet.marketable = from(sheet.marketable, highest.marketable);
    sheet.marketable_at_average = from(sheet.marketable_at_average, highest.marketable_at_average);
    sheet.debts_received = from(sheet.debts_received, highest.debts_received);
    sheet.shares = from(sheet.shares, highest.shares);
    sheet.received = from(sheet.received, highest.received);
    if cascade.claims.has_contingent() {
        let (low, high) = (states.low.claims, states.high.claims);
        let contingent = cascade
            .claims
            .contingent_bounds(cascade.order[n], low, high)
            .ok_or(NotKnown)?;
        sheet.received = sheet.received + contingent.received;
        sheet.debts_received = sheet.debts_received + contingent.received;
        sheet.debts_face = sheet.debts_face + contingent.owed;
        sheet.liabilities = sheet.liabilities + contingent.owed;
    }
    sheet.set_highest_prices(states.high.prices, states.high.averages);
    sheet.settle();
    Ok(())
}

/// What to add to holdings at final prices so that the sum holds all assets, where sellers are paid average prices.
///
/// With units sold in `[0, h]`, `sum_k q_k (h_k - s_k) + v_k s_k` rises in both prices. So its ends are those at the ends of
/// prices, and what lies beyond `sum_k q_k h_k` there is all that need be added, whatever the gain in between.
fn execution_gain(sheet: &BalanceSheet<'_, Interval>, low: &[f64], high: &[f64]) -> Interval {
    let (mut least, mut most) = (0.0, 0.0);
    let mut gain = Interval::from(0.0);
    let mut sells = true;
    for (n, (asset, held)) in sheet.holdings.iter().enumerate() {
        let (price, average) = (sheet.price(asset), sheet.average_price(asset));
        let sold = Interval {
            low: low[n],
            high: high[n],
        };
        sells &= sold.low >= 0.0 && sold.high <= held;
        let at = |average: f64, price: f64| (Interval::from(average) - Interval::from(price)) * sold;
        least = add_down(least, at(average.low, price.low).low);
        most = add_up(most, at(average.high, price.high).high);
        gain = gain + (average - price) * sold;
    }
    if sells {
        Interval {
            low: least.min(most),
            high: most.max(least),
        }
    } else {
        gain
    }
}

/// Bounds of the images of all states of a box; `visit` sees every institution's compiled position and sheet.
fn apply(
    cascade: &Cascade<'_>,
    data: &ScenarioData,
    (low, high): (&[f64], &[f64]),
    (out_low, out_high): (&mut [f64], &mut [f64]),
    work: &mut EnclosureWork,
    mut visit: impl FnMut(usize, &BalanceSheet<'_, Interval>),
) -> Result<(), NotKnown> {
    let states = States {
        low: cascade.view(low),
        high: cascade.view(high),
    };
    let (prices_low, averages_low, claims_low) = cascade.split(out_low);
    let (prices_high, averages_high, claims_high) = cascade.split(out_high);
    work.sold.fill(Default::default());
    let count = cascade.system.institution_count();
    for start in (0..count).step_by(CHUNK) {
        work.in_chunk.fill(Default::default());
        for block in &cascade.blocks {
            let mut first = block.range.start.max(start);
            let end = block.range.end.min(start + CHUNK);
            while first < end {
                let tile = first..(first + TILE).min(end);
                first = tile.end;
                let mut sheets = [BalanceSheet::<Interval>::empty(); TILE];
                let sheets = &mut sheets[..tile.len()];
                let entitled = Entitled::of(cascade).without_contingent();
                for (sheet, n) in sheets.iter_mut().zip(tile.clone()) {
                    let account = Account::after_shock::<Below>(cascade, data, n);
                    fill(cascade, entitled, states, n, account, sheet)?;
                }
                // All that a rule may ask for.
                let mut sales = [Sale::Fraction(Interval::new(-1.0, 1.0)); TILE];
                let sales = &mut sales[..tile.len()];
                if block.encloses {
                    block
                        .rule
                        .sale_bounds_into(tile.start - block.range.start, sheets, sales);
                }
                for ((sheet, &mut sale), n) in sheets.iter_mut().zip(sales).zip(tile.clone()) {
                    sell(cascade, sale, sheet, work)?;
                    visit(n, sheet);
                }
                settle(
                    cascade,
                    sheets,
                    &cascade.order[tile],
                    work,
                    (claims_low, claims_high),
                );
            }
        }
        for (sum, in_chunk) in work.sold.iter_mut().zip(&work.in_chunk) {
            sum[0].merge(in_chunk[0]);
            sum[1].merge(in_chunk[1]);
        }
    }
    for (asset, [least, most]) in work.sold.iter().enumerate() {
        let initial = data.market.initial[asset];
        let terms = cascade.holders[asset] as usize;
        // Where rules buy more than others sell, the buyers find supply at the shocked price.
        work.sold_low[asset] = mul_down(initial, least.bounds(terms).low).max(0.0);
        work.sold_high[asset] = mul_up(initial, most.bounds(terms).high).max(0.0);
    }
    prices_between(
        cascade,
        data,
        work,
        (prices_low, prices_high),
        (averages_low, averages_high),
    )
}

/// Adds to the units sold what one institution may sell, and to its sheet what that may fetch.
fn sell(
    cascade: &Cascade<'_>,
    sale: Sale<Interval>,
    sheet: &mut BalanceSheet<'_, Interval>,
    work: &mut EnclosureWork,
) -> Result<(), NotKnown> {
    let held = sheet.holdings.values;
    let (low, high) = (
        &mut work.units_low[..held.len()],
        &mut work.units_high[..held.len()],
    );
    let (Sale::Money(asked) | Sale::Fraction(asked)) = sale;
    let may_buy = !(asked.low >= 0.0);
    if may_buy && cascade.execution == Execution::Vwap && cascade.share_entitlements().is_some() {
        // Buyers at average prices lose, and the range of shareholdings does not count on that.
        return Err(NotKnown);
    }
    if sale == Sale::nothing() || sale == Sale::Money(Interval::from(0.0)) {
        // Terms of zero change no sum.
        return Ok(());
    }
    if cascade.strategy.encloses() {
        cascade
            .strategy
            .unit_bounds_into(sale, sheet, &mut work.strategy, low, high);
        within_holdings(held, low, high);
    } else if may_buy {
        return Err(NotKnown);
    } else {
        low.fill(0.0);
        high.copy_from_slice(held);
    }
    if cascade.execution == Execution::Vwap {
        sheet.execution_gain = execution_gain(sheet, low, high);
        sheet.settle();
    }
    for (n, &asset) in sheet.holdings.columns.iter().enumerate() {
        let sum = &mut work.in_chunk[asset as usize];
        sum[0].add(low[n]);
        sum[1].add(high[n]);
    }
    Ok(())
}

/// Claims of the institutions of a tile.
fn settle(
    cascade: &Cascade<'_>,
    sheets: &[BalanceSheet<'_, Interval>],
    ids: &[u32],
    work: &mut EnclosureWork,
    (claims_low, claims_high): (&mut [f64], &mut [f64]),
) {
    let count = cascade.components;
    if count == 0 {
        return;
    }
    let [low, high] = &mut work.components;
    let (low, high) = (&mut low[..ids.len() * count], &mut high[..ids.len() * count]);
    let encloses = cascade.claims_enclose;
    if encloses {
        cascade.claims.settle_bounds_into(ids, sheets, low, high);
    }
    for (n, &id) in ids.iter().enumerate() {
        let (place, state) = (n * count..(n + 1) * count, id as usize * count);
        let (least, most) = if encloses {
            (&low[place.clone()], &high[place])
        } else {
            (
                &work.range[0][state..state + count],
                &work.range[1][state..state + count],
            )
        };
        claims_low[state..state + count].copy_from_slice(least);
        claims_high[state..state + count].copy_from_slice(most);
    }
}

impl CascadeMap<'_> {
    /// All states that can be equilibria: prices after sales of anything from nothing to all that is held, claims in their range.
    pub(crate) fn box_of_states(&self, low: &mut [f64], high: &mut [f64]) -> bool {
        let (cascade, data) = (self.cascade, &self.data);
        let shares = cascade.share_entitlements();
        if !(not_negative(cascade.entitlements()) && shares.is_none_or(not_negative)) {
            return false;
        }
        let mut work = EnclosureWork::new(cascade, data);
        let mut held = vec![CompensatedSum::default(); cascade.system.asset_count()];
        for (_, asset, units) in cascade.holdings.triplets() {
            held[asset as usize].add(units);
        }
        for (asset, held) in held.iter().enumerate() {
            // As many roundings again as the sum may have in another order.
            let most = held.bounds().1 * (1.0 + f64::from(cascade.holders[asset]) * f64::EPSILON);
            work.sold_high[asset] = mul_up(data.market.initial[asset], most.next_up());
        }
        let (prices_low, averages_low, claims_low) = cascade.split(low);
        let (prices_high, averages_high, claims_high) = cascade.split(high);
        claims_low.copy_from_slice(&work.range[0]);
        claims_high.copy_from_slice(&work.range[1]);
        let known = prices_between(
            cascade,
            data,
            &mut work,
            (&mut *prices_low, &mut *prices_high),
            (averages_low, averages_high),
        );
        let finite = prices_high.iter().all(|price| price.is_finite());
        // What shares can be worth is known only while prices stay below the shocked ones.
        let below = prices_high
            .iter()
            .zip(&data.market.shocked)
            .all(|(high, shocked)| high <= shocked);
        for price in prices_low.iter_mut() {
            *price = price.max(0.0);
        }
        known.is_ok() && finite && (below || shares.is_none())
    }

    /// Bounds of the images of all states of a box.
    pub(crate) fn image_of_box(
        &self,
        states: (&[f64], &[f64]),
        out: (&mut [f64], &mut [f64]),
        work: &mut Option<EnclosureWork>,
    ) -> bool {
        let work = work.get_or_insert_with(|| EnclosureWork::new(self.cascade, &self.data));
        apply(self.cascade, &self.data, states, out, work, |_, _| {}).is_ok()
    }

    /// Bounds that hold all equilibria; `None` where some model cannot be bounded at all.
    ///
    /// Needs no order. What a rule, a strategy or a claims model does not bound over a range of states counts as anything that it
    /// may do.
    pub fn enclose(&self, settings: &EnclosureSettings) -> Option<EquilibriaEnclosure> {
        self.states_and_equities(settings).map(|(_, enclosure)| enclosure)
    }

    /// Bounds of all states that are equilibria, and what they mean.
    fn states_and_equities(&self, settings: &EnclosureSettings) -> Option<(Bracket, EquilibriaEnclosure)> {
        let enclosure = enclose(self, settings)?;
        // Bounds span jumps, and a map whose jumps are filled in has a fixed point (Kakutani 1941): a box that comes out empty would
        // rather refute what a model declares than prove that there is no equilibrium.
        let bounds = enclosure.bounds?;
        let outcome = self.account(&bounds, enclosure.images);
        Some((bounds, outcome))
    }

    /// Bounds of all equilibria beside a solve that no order allows to certify.
    pub(crate) fn enclose_if_unordered(&self, settings: &Settings) -> Option<(Bracket, EquilibriaEnclosure)> {
        let dim = self.dim().max(1) as u64;
        let enclosure = EnclosureSettings {
            tolerance: settings.tolerance,
            max_images: settings.max_iterations.min(LEAST_IMAGES.max(STATE_IMAGES / dim)),
            shaving: STATE_IMAGES / dim >= LEAST_IMAGES,
        };
        (!self.shape().isotone)
            .then(|| self.states_and_equities(&enclosure))
            .flatten()
    }

    fn account(&self, bounds: &Bracket, images: u64) -> EquilibriaEnclosure {
        let cascade = self.cascade;
        let (low, high) = (&bounds.lower[..], &bounds.upper[..]);
        let (least, most) = (cascade.view(low).prices, cascade.view(high).prices);
        let mut equities = vec![Interval::from(0.0); cascade.order.len()];
        let mut work = EnclosureWork::new(cascade, &self.data);
        let (mut out_low, mut out_high) = (vec![0.0; self.dim()], vec![0.0; self.dim()]);
        let out = (&mut out_low[..], &mut out_high[..]);
        // The box was made by passes that knew an answer.
        let _ = apply(
            cascade,
            &self.data,
            (low, high),
            out,
            &mut work,
            |position, sheet| {
                equities[cascade.order[position] as usize] = sheet.assets() - sheet.liabilities;
            },
        );
        EquilibriaEnclosure {
            width: bounds.width,
            images,
            prices: least
                .iter()
                .zip(most)
                .map(|(&low, &high)| Interval { low, high })
                .collect(),
            equities,
        }
    }
}
