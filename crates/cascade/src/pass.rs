//! One pass: every institution's balance sheet, sale and payment at a trial state.
//!
//! A pass reads each row once: it values the holdings and claims, settles the balance sheet, asks the rule, and adds
//! to the units sold while the row is in cache. Institutions are cut into chunks of a fixed size whose sums are
//! added in order, so the bits do not depend on how many threads share the chunks.

use crate::arithmetic::{Arithmetic, UnitsScratch};
use crate::composition::Cascade;
use crate::map::ScenarioData;
use crate::sheet::{self, Account, Entitled};
use delever_core::{BalanceSheet, Execution, Real, Sale, StrategyScratch};
use rayon::prelude::*;
use std::ops::Range;

/// Institutions of one chunk: sums of units sold run inside chunks, then over chunks.
pub(crate) const CHUNK: usize = 4096;
/// Institutions whose balance sheets are on the table at once.
pub(crate) const TILE: usize = 16;

/// The parts of a state vector.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StateView<'x> {
    pub prices: &'x [f64],
    /// Average execution prices; the prices themselves under terminal execution.
    pub averages: &'x [f64],
    pub claims: &'x [f64],
}

/// Scratch memory of one chunk.
pub(crate) struct ChunkWork<S> {
    rows: Range<usize>,
    sold: Vec<S>,
    components: Vec<f64>,
    spare: Vec<f64>,
    units: UnitsScratch,
    strategy: StrategyScratch,
}

impl<S: Copy + Default> ChunkWork<S> {
    pub fn new(cascade: &Cascade<'_>, rows: Range<usize>) -> Self {
        let components = vec![0.0; rows.len() * cascade.components];
        Self {
            rows,
            sold: vec![S::default(); cascade.system.asset_count()],
            spare: components.clone(),
            components,
            units: UnitsScratch {
                low: vec![0.0; cascade.largest_row],
                high: vec![0.0; cascade.largest_row],
            },
            strategy: StrategyScratch::default(),
        }
    }

    /// Moves on to other institutions, as many as before.
    pub fn move_to(&mut self, first: usize) {
        self.rows = first..first + self.rows.len();
    }

    /// The components that the last run left, one institution after the other.
    pub fn components(&self) -> &[f64] {
        &self.components
    }
}

/// Scratch memory of a pass in one rounding.
pub(crate) struct PassWork<A: Arithmetic> {
    chunks: Vec<ChunkWork<A::Sum>>,
    sold: Vec<f64>,
    spare: Vec<f64>,
}

impl<A: Arithmetic> PassWork<A> {
    pub fn new(cascade: &Cascade<'_>) -> Self {
        let (count, assets) = (cascade.system.institution_count(), cascade.system.asset_count());
        let chunks = (0..count).step_by(CHUNK);
        let chunks = chunks.map(|start| ChunkWork::new(cascade, start..(start + CHUNK).min(count)));
        Self {
            chunks: chunks.collect(),
            sold: vec![0.0; assets],
            spare: vec![0.0; assets],
        }
    }
}

/// What one institution does at a trial state, seen by whoever inspects a pass.
pub(crate) struct Visit<'v, N: Real> {
    /// Compiled position.
    pub position: usize,
    pub sheet: &'v BalanceSheet<'v, N>,
    /// Units sold of each holding; in a proof the fewest.
    pub units: &'v [f64],
    /// In a proof, the most.
    pub most_units: &'v [f64],
}

/// `out = T(state)` in the rounding `A`.
pub(crate) fn apply<A: Arithmetic>(
    cascade: &Cascade<'_>,
    data: &ScenarioData,
    x: &[f64],
    out: &mut [f64],
    work: &mut PassWork<A>,
) {
    let state = cascade.view(x);
    let run = |chunk: &mut ChunkWork<A::Sum>| run_after_shock::<A>(cascade, data, state, chunk, |_| {});
    if let [only] = &mut work.chunks[..] {
        run(only);
    } else {
        work.chunks.par_iter_mut().for_each(run);
    }
    conclude(cascade, data, out, work);
}

/// The image that a pass leaves when all chunks have run: prices after what is sold in all of them, and all claims.
pub(crate) fn conclude<A: Arithmetic>(
    cascade: &Cascade<'_>,
    data: &ScenarioData,
    out: &mut [f64],
    work: &mut PassWork<A>,
) {
    let (prices, averages, claims) = cascade.split(out);
    for (asset, sold) in work.sold.iter_mut().enumerate() {
        let mut sum = A::Sum::default();
        for chunk in &work.chunks {
            A::merge(&mut sum, chunk.sold[asset]);
        }
        let money = A::sold_money(data.market.initial[asset], sum, cascade.holders[asset]);
        // Where rules buy more than others sell, the buyers find supply at the shocked price.
        *sold = if money < 0.0 { 0.0 } else { money };
    }
    A::prices(
        &*cascade.impact,
        data.market.view(),
        &work.sold,
        prices,
        averages,
        &mut work.spare,
    );
    for chunk in &work.chunks {
        for (place, components) in chunk
            .rows
            .clone()
            .zip(chunk.components.chunks(cascade.components.max(1)))
        {
            let id = cascade.order[place] as usize;
            claims[id * cascade.components..][..components.len()].copy_from_slice(components);
        }
    }
}

/// Visits every institution at a trial state, in compiled order.
pub(crate) fn inspect<A: Arithmetic>(
    cascade: &Cascade<'_>,
    data: &ScenarioData,
    x: &[f64],
    work: &mut PassWork<A>,
    mut visit: impl FnMut(Visit<'_, A::Number>),
) {
    let state = cascade.view(x);
    for chunk in &mut work.chunks {
        run_after_shock::<A>(cascade, data, state, chunk, &mut visit);
    }
}

/// Visits every institution at a trial state, chunks of [`CHUNK`] in parallel: what the visits of each chunk leave in what it
/// begins with, in compiled order.
pub(crate) fn inspect_by_chunk<A: Arithmetic, R: Send>(
    cascade: &Cascade<'_>,
    data: &ScenarioData,
    x: &[f64],
    work: &mut PassWork<A>,
    begin: impl IndexedParallelIterator<Item = R>,
    visit: impl Fn(&mut R, Visit<'_, A::Number>) + Sync,
) -> Vec<R> {
    let state = cascade.view(x);
    let chunks = work.chunks.par_iter_mut().zip(begin);
    chunks
        .map(|(chunk, mut left)| {
            run_after_shock::<A>(cascade, data, state, chunk, |seen| visit(&mut left, seen));
            left
        })
        .collect()
}

fn run_after_shock<A: Arithmetic>(
    cascade: &Cascade<'_>,
    data: &ScenarioData,
    state: StateView<'_>,
    chunk: &mut ChunkWork<A::Sum>,
    visit: impl FnMut(Visit<'_, A::Number>),
) {
    chunk.sold.fill(A::Sum::default());
    let account = |n| Account::after_shock::<A>(cascade, data, n);
    run_chunk::<A>(cascade, account, state, chunk, visit);
}

/// Runs the institutions of a chunk, and adds what they sell to what the chunk has sold.
pub(crate) fn run_chunk<'c, A: Arithmetic>(
    cascade: &'c Cascade<'_>,
    account: impl Fn(usize) -> Account<'c, A::Number>,
    state: StateView<'_>,
    chunk: &mut ChunkWork<A::Sum>,
    mut visit: impl FnMut(Visit<'_, A::Number>),
) {
    let zero = A::Number::from(0.0);
    let mut sheets = [BalanceSheet::<A::Number>::empty(); TILE];
    let mut sales = [Sale::nothing(); TILE];
    let entitled = Entitled::of(cascade);
    for block in &cascade.blocks {
        let start = block.range.start.max(chunk.rows.start);
        let end = block.range.end.min(chunk.rows.end);
        let mut first = start;
        while first < end {
            let tile = first..(first + TILE).min(end);
            let sheets = &mut sheets[..tile.len()];
            let sales = &mut sales[..tile.len()];
            for (sheet, n) in sheets.iter_mut().zip(tile.clone()) {
                sheet::fill::<A>(cascade, entitled, state, n, account(n), sheet);
            }
            A::sales(&*block.rule, first - block.range.start, sheets, sales);
            for ((sheet, &sale), n) in sheets.iter_mut().zip(sales.iter()).zip(tile.clone()) {
                let count = sheet.holdings.columns.len();
                if sale == Sale::nothing() || sale == Sale::Money(zero) {
                    // A term of zero changes no sum, so the bits are the same as with it.
                    chunk.units.low[..count].fill(0.0);
                    chunk.units.high[..count].fill(0.0);
                } else {
                    sheet.execution_gain = A::units(
                        &*cascade.strategy,
                        sale,
                        sheet,
                        &mut chunk.strategy,
                        &mut chunk.units,
                    );
                    if cascade.execution == Execution::Vwap {
                        sheet.settle();
                    }
                    for (position, &asset) in sheet.holdings.columns.iter().enumerate() {
                        A::accumulate(&mut chunk.sold[asset as usize], &chunk.units, position);
                    }
                }
                visit(Visit {
                    position: n,
                    sheet,
                    units: &chunk.units.low[..count],
                    most_units: &chunk.units.high[..count],
                });
            }
            if cascade.components > 0 {
                let place = (tile.start - chunk.rows.start) * cascade.components;
                let length = tile.len() * cascade.components;
                let ids = &cascade.order[tile.clone()];
                A::settle(
                    &*cascade.claims,
                    ids,
                    sheets,
                    &mut chunk.components[place..place + length],
                    &mut chunk.spare[place..place + length],
                );
            }
            first = tile.end;
        }
    }
}
