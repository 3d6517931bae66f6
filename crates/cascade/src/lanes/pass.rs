//! One pass over all institutions for `W` scenarios; in the order and the shape of [`crate::pass`].

use super::LaneModels;
use super::books::Books;
use crate::composition::Cascade;
use crate::pass::CHUNK;
use delever_core::{BalanceSheet, Ball, Real, Sale, SparseRow, SparseRows, vectorized};
use delever_solver::Move;
use rayon::prelude::*;
use std::ops::Range;

/// Most institutions whose balance sheets are on the table at once; with many lanes fewer, that they stay in the nearest cache.
const TILE: usize = 16;
/// Institutions whose rows are summed together.
const ROWS: usize = 4;

/// What scenarios start from: amounts after the shock, in compiled order, and prices, by asset.
pub(super) struct LaneData<const W: usize> {
    pub cash: Vec<[f64; W]>,
    pub other_assets: Vec<[f64; W]>,
    pub shocked: Vec<[f64; W]>,
}

/// A chunk of institutions and its scratch memory.
pub(super) struct Chunk<const W: usize> {
    pub rows: Range<usize>,
    /// Units sold, by asset.
    pub sold: Vec<[f64; W]>,
    /// Payment ratios, by place in the chunk.
    ratios: Vec<[f64; W]>,
    /// Holdings at shocked prices, by place in the chunk; written by the first pass of a lane.
    before: Vec<[f64; W]>,
    pub books: Books<W>,
}

/// Groups of chunks after which a descending lane goes on with what is sold and paid by then (Gauss-Seidel). The chunks of a
/// group run in parallel.
const GROUPS: usize = 16;

/// Scratch memory of passes.
pub(super) struct LaneWork<const W: usize> {
    pub chunks: Vec<Chunk<W>>,
    /// The state that a pass works on: what it was given, and what came of the groups so far.
    state: Vec<[f64; W]>,
    /// Units sold in all chunks, by asset.
    pub sold: Vec<[f64; W]>,
    multipliers: Vec<Ball<W>>,
}

impl<const W: usize> LaneWork<W> {
    pub fn new(cascade: &Cascade<'_>) -> Self {
        let (count, assets) = (cascade.order.len(), cascade.system.asset_count());
        let chunks = (0..count).step_by(CHUNK).map(|start| {
            let rows = start..(start + CHUNK).min(count);
            Chunk {
                sold: vec![[0.0; W]; assets],
                ratios: vec![[0.0; W]; rows.len() * cascade.components],
                before: vec![[0.0; W]; rows.len()],
                books: Books::default(),
                rows,
            }
        });
        Self {
            chunks: chunks.collect(),
            state: vec![[0.0; W]; assets + count * cascade.components],
            sold: vec![[0.0; W]; assets],
            multipliers: vec![Ball::from(0.0); assets],
        }
    }
}

/// One pass: what it computes with, the state aside.
pub(super) struct Pass<'p, const W: usize> {
    pub cascade: &'p Cascade<'p>,
    pub models: &'p LaneModels<'p, W>,
    pub data: &'p LaneData<W>,
    pub moves: [Move; W],
}

impl<const W: usize> Pass<'_, W> {
    /// `image = T(x)`, each lane rounded as its move says. The state is `[prices | payment ratios]`.
    ///
    /// A descending lane goes on inside the pass with prices and payments that the groups so far leave, and with the last
    /// pass's sales of the others, which are no larger than its own: still an upper bound, and the fixed points are the same.
    pub fn apply(&self, x: &[[f64; W]], image: &mut [[f64; W]], work: &mut LaneWork<W>) {
        let assets = self.cascade.system.asset_count();
        if let [only] = &mut work.chunks[..] {
            let (prices, ratios) = x.split_at(assets);
            vectorized(
                #[inline(always)]
                || self.run_chunk(prices, ratios, only),
            );
        } else {
            work.state.copy_from_slice(x);
            let size = work.chunks.len().div_ceil(GROUPS).max(1);
            for first in (0..work.chunks.len()).step_by(size) {
                let group = first..(first + size).min(work.chunks.len());
                let (prices, ratios) = work.state.split_at(assets);
                work.chunks[group.clone()].par_iter_mut().for_each(|chunk| {
                    vectorized(
                        #[inline(always)]
                        || self.run_chunk(prices, ratios, chunk),
                    );
                });
                if group.end < work.chunks.len() && self.moves.contains(&Move::Descend) {
                    self.set_prices(work, image);
                    self.go_on(work, &image[..assets], group);
                }
            }
        }
        self.set_prices(work, image);
        for chunk in &work.chunks {
            for (place, ratio) in chunk.rows.clone().zip(&chunk.ratios) {
                image[assets + self.cascade.order[place] as usize] = *ratio;
            }
        }
    }

    /// Puts what a group of chunks leaves into the state of descending lanes.
    fn go_on(&self, work: &mut LaneWork<W>, prices: &[[f64; W]], group: Range<usize>) {
        let (old_prices, old_ratios) = work.state.split_at_mut(prices.len());
        let lower = |old: &mut [f64; W], new: &[f64; W]| {
            for l in (0..W).filter(|&l| self.moves[l] == Move::Descend) {
                old[l] = old[l].min(new[l]);
            }
        };
        for (old, new) in old_prices.iter_mut().zip(prices) {
            lower(old, new);
        }
        for chunk in &work.chunks[group] {
            for (place, ratio) in chunk.rows.clone().zip(&chunk.ratios) {
                lower(&mut old_ratios[self.cascade.order[place] as usize], ratio);
            }
        }
    }

    /// Prices after what all chunks sell.
    fn set_prices(&self, work: &mut LaneWork<W>, image: &mut [[f64; W]]) {
        vectorized(
            #[inline(always)]
            || self.add_up(work),
        );
        self.models.impact.survive(&mut work.multipliers);
        vectorized(
            #[inline(always)]
            || self.price(work, image),
        );
    }

    /// Units sold by chunk to money sold by asset.
    #[inline(always)]
    fn add_up(&self, work: &mut LaneWork<W>) {
        let initial = self.cascade.system.prices();
        for sold in &mut work.sold {
            *sold = [0.0; W];
        }
        for chunk in &work.chunks {
            for (sold, of_chunk) in work.sold.iter_mut().zip(&chunk.sold) {
                for l in 0..W {
                    sold[l] += of_chunk[l];
                }
            }
        }
        for (asset, (sold, money)) in work.sold.iter().zip(&mut work.multipliers).enumerate() {
            let mut at_initial = *sold;
            for units in &mut at_initial {
                *units *= initial[asset];
            }
            *money = Ball::sum_of_products(at_initial, self.cascade.holders[asset] as usize + 1);
        }
    }

    /// Multipliers to prices, never above the shocked ones.
    #[inline(always)]
    fn price(&self, work: &LaneWork<W>, prices: &mut [[f64; W]]) {
        let side = self.moves.map(Move::side);
        for ((price, &multiplier), &shocked) in
            prices.iter_mut().zip(&work.multipliers).zip(&self.data.shocked)
        {
            let end = (Ball::given(shocked) * multiplier).end(side);
            for l in 0..W {
                price[l] = end[l].at_most(shocked[l]).at_least(0.0);
            }
        }
    }

    #[inline(always)]
    fn run_chunk(&self, prices: &[[f64; W]], ratios: &[[f64; W]], chunk: &mut Chunk<W>) {
        let cascade = self.cascade;
        let side = self.moves.map(Move::side);
        // A price falls with what is sold: the upper end of it goes with the lower end of sales.
        let sales_side = side.map(|side| -side);
        let opening = self.moves.map(|made| made == Move::Open);
        let opens = opening.contains(&true);
        let accounts = self.moves.contains(&Move::Account);
        chunk.sold.fill([0.0; W]);
        chunk.books = Books::default();
        let entitlements: Option<&SparseRows> = (cascade.components > 0).then(|| cascade.entitlements());
        let mut sheets = [BalanceSheet::<Ball<W>>::empty(); TILE];
        let mut sales = [Sale::<Ball<W>>::nothing(); TILE];
        let mut settled = [Ball::<W>::from(1.0); TILE];
        for (block, rule) in cascade.blocks.iter().zip(&self.models.rules) {
            let end = block.range.end.min(chunk.rows.end);
            let mut first = block.range.start.max(chunk.rows.start);
            while first < end {
                let tile = first..(first + if W == 1 { TILE } else { ROWS }).min(end);
                let sheets = &mut sheets[..tile.len()];
                let sales = &mut sales[..tile.len()];
                for start in tile.clone().step_by(ROWS) {
                    let rows = start..(start + ROWS).min(tile.end);
                    let sheets = &mut sheets[start - first..];
                    self.fill(prices, ratios, entitlements, rows, sheets);
                }
                rule.sales_in_lanes(first - block.range.start, sheets, sales);
                if let Some(claims) = self.models.claims {
                    let settled = &mut settled[..tile.len()];
                    claims.ratios_in_lanes(&cascade.order[tile.clone()], sheets, settled);
                    let start = tile.start - chunk.rows.start;
                    for (ratio, settled) in chunk.ratios[start..].iter_mut().zip(settled) {
                        let end = settled.end(side);
                        for l in 0..W {
                            ratio[l] = end[l].at_most(1.0).at_least(0.0);
                        }
                    }
                }
                for ((sheet, sale), n) in sheets.iter().zip(sales.iter()).zip(tile.clone()) {
                    let place = n - chunk.rows.start;
                    if opens {
                        let before = &mut chunk.before[place];
                        for l in 0..W {
                            before[l] = if opening[l] {
                                sheet.marketable.center[l]
                            } else {
                                before[l]
                            };
                        }
                    }
                    let mut fraction = sale.fraction(sheet).end(sales_side);
                    for end in &mut fraction {
                        *end = end.at_least(0.0).at_most(1.0);
                    }
                    // A term of zero changes no sum, so the bits are the same as with it.
                    let mut anything = 0_u64;
                    for end in fraction {
                        anything |= end.to_bits();
                    }
                    if anything != 0 {
                        for (&asset, &held) in sheet.holdings.columns.iter().zip(sheet.holdings.values) {
                            let sold = &mut chunk.sold[asset as usize];
                            for l in 0..W {
                                sold[l] += fraction[l] * held;
                            }
                        }
                    }
                    if accounts {
                        chunk.books.add(
                            cascade,
                            self.data,
                            n,
                            sheet,
                            &chunk.before[place],
                            &settled[n - first].center,
                        );
                    }
                }
                first = tile.end;
            }
        }
    }

    /// Fills the sheets of at most [`ROWS`] institutions.
    #[inline(always)]
    fn fill<'s>(
        &'s self,
        prices: &'s [[f64; W]],
        ratios: &[[f64; W]],
        entitlements: Option<&SparseRows>,
        rows: Range<usize>,
        sheets: &mut [BalanceSheet<'s, Ball<W>>],
    ) {
        let cascade = self.cascade;
        let holdings = rows_of(&cascade.holdings, &rows);
        let marketable = product_sums(&holdings, prices);
        let claims = match entitlements {
            Some(matrix) => rows_of(matrix, &rows),
            None => [SparseRow::default(); ROWS],
        };
        let received = product_sums(&claims, ratios);
        for (place, (sheet, n)) in sheets.iter_mut().zip(rows).enumerate() {
            let terms = holdings[place].columns.len();
            sheet.cash = self.data.cash[n];
            sheet.other_assets = self.data.other_assets[n];
            sheet.marketable = Ball::sum_of_products(marketable[place], terms);
            sheet.marketable_at_average = sheet.marketable;
            sheet.claims_face = cascade.claims_face.ball(n);
            sheet.received = if entitlements.is_some() {
                Ball::sum_of_products(received[place], claims[place].columns.len())
            } else {
                sheet.claims_face
            };
            sheet.debts_received = sheet.received;
            sheet.debts_face = cascade.debts_face.ball(n);
            sheet.external_liabilities = cascade.external_liabilities[n];
            sheet.liabilities = cascade.liabilities.ball(n);
            sheet.equity_initial = cascade.equity_initial[n];
            sheet.assets_initial = cascade.assets_initial[n];
            sheet.holdings = holdings[place];
            sheet.initial_prices = cascade.system.prices();
            sheet.prices = prices;
            sheet.average_prices = prices;
            sheet.settle();
        }
    }
}

/// The rows of a tile, empty ones behind the last.
#[inline(always)]
fn rows_of<'m>(matrix: &'m SparseRows, tile: &Range<usize>) -> [SparseRow<'m>; ROWS] {
    let mut rows = [SparseRow::default(); ROWS];
    for (row, n) in rows.iter_mut().zip(tile.clone()) {
        *row = matrix.row(n);
    }
    rows
}

/// `sum_k value_k vector_k` in every lane, left to right, for the rows of a tile at once: each sum waits for its last term, so
/// the others go on meanwhile.
#[inline(always)]
fn product_sums<const W: usize>(rows: &[SparseRow<'_>; ROWS], vector: &[[f64; W]]) -> [[f64; W]; ROWS] {
    let mut sums = [[0.0; W]; ROWS];
    let [a, b, c, d] = rows;
    let length = |row: &SparseRow<'_>| row.columns.len();
    let common = length(a).min(length(b)).min(length(c)).min(length(d));
    let first = a.columns.iter().zip(a.values).zip(b.columns.iter().zip(b.values));
    let second = c.columns.iter().zip(c.values).zip(d.columns.iter().zip(d.values));
    let [sum_a, sum_b, sum_c, sum_d] = &mut sums;
    for ((a, b), (c, d)) in first.zip(second) {
        add_product(sum_a, a, vector);
        add_product(sum_b, b, vector);
        add_product(sum_c, c, vector);
        add_product(sum_d, d, vector);
    }
    for (sum, row) in sums.iter_mut().zip(rows) {
        for term in row.columns[common..].iter().zip(&row.values[common..]) {
            add_product(sum, term, vector);
        }
    }
    sums
}

#[inline(always)]
fn add_product<const W: usize>(sum: &mut [f64; W], (&column, &value): (&u32, &f64), vector: &[[f64; W]]) {
    let factors = &vector[column as usize];
    for l in 0..W {
        sum[l] += value * factors[l];
    }
}
