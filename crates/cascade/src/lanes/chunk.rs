//! A chunk of institutions in one pass: balance sheets from prices and payments, sales and payments from balance sheets.

use super::books::{Account, Books, LanePrices};
use super::boundary::mark_undecided;
use super::numbers::{ImageNumber, Number};
use super::pass::Pass;
use super::{Width, Widths};
use crate::composition::Amounts;
use crate::sheet::GivenAmounts;
use delever_core::{
    BalanceSheet, Ball, ClaimsInLanes, FractionsInLanes, LANES, Lane, Pack, PackedWork, RatiosInLanes,
    RuleInLanes, SparseRow, SparseRows,
};
use delever_solver::{Aligned, Move};
use std::marker::PhantomData;
use std::ops::Range;

/// Balance sheets that are on the table at once: few enough to stay in the nearest cache.
pub(super) const SHEETS: usize = 4;
/// Institutions whose rows are summed together: each sum waits for its last term, so others go on meanwhile.
const ROWS: usize = 4;

/// A chunk of institutions and its scratch memory.
pub(super) struct Chunk<const W: usize> {
    pub rows: Range<usize>,
    /// Units sold, by asset.
    pub sold: Aligned<W>,
    /// Payment ratios, by place in the chunk.
    pub ratios: Aligned<W>,
    /// How far they can be from exact ones; written where a pass encloses, as what follows.
    pub ratio_reach: Aligned<W>,
    /// The furthest that any institution's fraction sold can be from the exact one.
    pub doubt: [f64; W],
    /// Holdings at shocked prices, by place in the chunk, padded by a sheet's institutions; written by the first pass of a
    /// lane.
    pub before: Aligned<W>,
    /// What is sold, as a fraction, and paid at the top of the box; written likewise.
    first_fractions: Aligned<W>,
    first_ratios: Aligned<W>,
    pub books: Books<W>,
}

impl<const W: usize> Chunk<W> {
    pub fn new(rows: Range<usize>, assets: usize, components: usize) -> Self {
        Self {
            sold: Aligned::zeros(assets),
            ratios: Aligned::zeros(rows.len() * components),
            ratio_reach: Aligned::zeros(rows.len() * components),
            doubt: [0.0; W],
            before: Aligned::zeros(rows.len() + LANES),
            first_fractions: Aligned::zeros(rows.len()),
            first_ratios: Aligned::zeros(rows.len() * components),
            books: Books::default(),
            rows,
        }
    }
}

/// One pass of one chunk, in numbers `N`.
pub(super) struct ChunkPass<'p, const W: usize, N> {
    pub pass: &'p Pass<'p, W>,
    pub prices: &'p [[f64; W]],
    pub ratios: &'p [[f64; W]],
    pub chunk: &'p mut Chunk<W>,
    pub numbers: PhantomData<N>,
}

impl<const W: usize, N: ImageNumber> PackedWork for ChunkPass<'_, W, N>
where
    Widths: Width<W>,
    for<'m> dyn RuleInLanes + 'm: FractionsInLanes<N>,
    for<'m> dyn ClaimsInLanes + 'm: RatiosInLanes<N>,
{
    type Output = ();

    #[inline(always)]
    fn run<P: Pack<Array = [f64; LANES]>>(self, like: P) {
        let Self {
            pass,
            prices,
            ratios,
            chunk,
            ..
        } = self;
        chunk.sold.fill([0.0; W]);
        chunk.books = Books::default();
        chunk.doubt = [0.0; W];
        let institutions = <Widths as Width<W>>::INSTITUTIONS;
        let mut sheets = [BalanceSheet::<N>::empty(); SHEETS];
        let mut fractions = [N::from(0.0); SHEETS];
        let mut settled = [N::from(1.0); SHEETS];
        let mut lane_prices = LanePrices::new(prices);
        for (block, rule) in pass.cascade.blocks.iter().zip(&pass.models.rules) {
            let end = block.range.end.min(chunk.rows.end);
            let mut first = block.range.start.max(chunk.rows.start);
            while first < end {
                let tile = first..(first + SHEETS * institutions).min(end);
                let count = tile.len().div_ceil(institutions);
                let (sheets, fractions) = (&mut sheets[..count], &mut fractions[..count]);
                pass.fill(like, (prices, ratios), tile.clone(), sheets, chunk);
                let lane = <Widths as Width<W>>::LANE;
                let row = first - block.range.start;
                rule.fractions_in_lanes(lane, row, sheets, fractions);
                if pass.accounts {
                    let margin = &mut chunk.books.margin_of_solvency;
                    mark_undecided(like, *rule, row, sheets, tile.len(), margin);
                }
                let settled = &mut settled[..count];
                if let Some(claims) = pass.models.claims {
                    let ids = &pass.cascade.order[tile.clone()];
                    claims.ratios_in_lanes(lane, ids, sheets, settled);
                }
                for (n, sheet) in sheets.iter().enumerate() {
                    let place = first + n * institutions;
                    let here = place..(place + institutions).min(end);
                    pass.take(like, here.clone(), sheet, fractions[n], settled[n], chunk);
                    if pass.accounts {
                        let like = <Widths as Width<W>>::sums(like);
                        let numbers = [fractions[n], settled[n]];
                        pass.account(like, here, sheet, numbers, &mut lane_prices, chunk);
                    }
                }
                first = tile.end;
            }
        }
    }
}

impl<const W: usize> Pass<'_, W>
where
    Widths: Width<W>,
{
    /// Fills the sheets of these institutions. The first pass of a lane, at shocked prices, leaves there what holdings are worth.
    #[inline(always)]
    fn fill<'s, P: Pack<Array = [f64; LANES]>, N: ImageNumber>(
        &'s self,
        like: P,
        (prices, ratios): (&'s [[f64; W]], &[[f64; W]]),
        tile: Range<usize>,
        sheets: &mut [BalanceSheet<'s, N>],
        chunk: &mut Chunk<W>,
    ) {
        let cascade = self.cascade;
        let institutions = <Widths as Width<W>>::INSTITUTIONS;
        let number = N::from(0.0);
        let mut sums = SumsOfProducts::default();
        sums.add_up(like, self.holdings, &tile, prices);
        for (n, sheet) in sheets.iter_mut().enumerate() {
            let place = tile.start + n * institutions;
            sheet.marketable = number.store(N::sum(like.load(sums.sums[n]), sums.terms[n]));
            sheet.marketable_at_average = sheet.marketable;
            let first = place - chunk.rows.start;
            if self.opens {
                let here = (place + institutions).min(tile.end) - place;
                let marketable = &sums.sums[n].as_chunks::<W>().0[..here];
                self.take_opening(marketable, &mut chunk.before[first..]);
            }
            self.fill_given(like, place, lanes_from(&chunk.before, first), sheet);
            if <Widths as Width<W>>::LANE == Lane::Scenario {
                sheet.holdings = self.holdings.row(place);
                sheet.initial_prices = cascade.system.prices();
                sheet.prices = <Widths as Width<W>>::shown(prices);
                sheet.average_prices = sheet.prices;
            }
        }
        if let Some(entitlements) = self.entitlements {
            sums.add_up(like, entitlements, &tile, ratios);
        }
        for (n, sheet) in sheets.iter_mut().enumerate() {
            sheet.received = match self.entitlements {
                Some(_) => number.store(N::sum(like.load(sums.sums[n]), sums.terms[n])),
                None => sheet.claims_face,
            };
            sheet.debts_received = sheet.received;
            sheet.settle_in(like);
        }
    }

    /// Fills in what no price and no payment moves: the amounts of the institutions from `place` on, whose holdings are worth
    /// `before` at shocked prices.
    #[inline(always)]
    pub(super) fn fill_given<P: Pack<Array = [f64; LANES]>, N: Number>(
        &self,
        like: P,
        place: usize,
        before: [f64; LANES],
        sheet: &mut BalanceSheet<'_, N>,
    ) {
        let cascade = self.cascade;
        let cash = lanes_from(&self.data.cash, place);
        let other_assets = lanes_from(&self.data.other_assets, place);
        let claims_face = spread::<W>(&cascade.claims_face.value, place);
        let liabilities = spread::<W>(&cascade.liabilities.value, place);
        // In the order of `ScenarioData`, so with its bits.
        let assets_shocked =
            like.load(cash) + like.load(other_assets) + like.load(before) + like.load(claims_face);
        GivenAmounts {
            cash,
            other_assets,
            external_liabilities: spread::<W>(&cascade.external_liabilities, place),
            equity_initial: spread::<W>(&cascade.equity_initial, place),
            equity_shocked: (assets_shocked - like.load(liabilities)).lanes(),
            assets_initial: spread::<W>(&cascade.assets_initial, place),
            repaid: [0.0; LANES],
        }
        .write(sheet);
        sheet.claims_face = spread_sums::<W, N>(&cascade.claims_face, place);
        sheet.debts_face = spread_sums::<W, N>(&cascade.debts_face, place);
        sheet.liabilities = spread_sums::<W, N>(&cascade.liabilities, place);
    }

    /// Takes down what the institutions of a sheet sell and pay, each end as its lane's move says.
    #[inline(always)]
    fn take<P: Pack<Array = [f64; LANES]>, N: ImageNumber>(
        &self,
        like: P,
        here: Range<usize>,
        sheet: &BalanceSheet<'_, N>,
        fraction: N,
        settled: N,
        chunk: &mut Chunk<W>,
    ) {
        let first = here.start - chunk.rows.start;
        let (zero, one) = (like.splat(0.0), like.splat(1.0));
        let side = like.load(repeated(self.sides));
        if self.entitlements.is_some() {
            let ratios = settled.end(side).or_smaller(one).or_larger(zero).lanes();
            let ratios = &ratios.as_chunks::<W>().0[..here.len()];
            chunk.ratios[first..][..here.len()].copy_from_slice(ratios);
            if self.opens {
                self.take_opening(ratios, &mut chunk.first_ratios[first..]);
            }
        }
        if self.encloses {
            self.take_reach(like, here.clone(), fraction, settled, chunk);
        }
        // A price falls with what is sold: the upper end of it goes with the lower end of sales.
        let fraction = fraction.end(zero - side);
        let fraction = fraction.or_larger(zero).or_smaller(one);
        if self.opens {
            let fractions = &fraction.lanes();
            let fractions = &fractions.as_chunks::<W>().0[..here.len()];
            self.take_opening(fractions, &mut chunk.first_fractions[first..]);
        }
        // A term of zero changes no sum, so the bits are the same as with it.
        if like.any(zero.is_below(fraction)) {
            let like = <Widths as Width<W>>::sums(like);
            let fractions = fraction.lanes();
            let sold = &mut chunk.sold[..];
            if <Widths as Width<W>>::LANE == Lane::Scenario {
                add_sales(like.load(fractions.as_chunks::<W>().0[0]), sheet.holdings, sold);
            } else {
                let rows = self.holdings.rows(here.clone());
                for (row, &fraction) in rows.zip(fractions.as_chunks::<W>().0) {
                    if fraction != [0.0; W] {
                        add_sales(like.load(fraction), row, sold);
                    }
                }
            }
        }
    }

    /// Keeps what lanes show that make their first pass.
    #[inline(always)]
    fn take_opening(&self, shown: &[[f64; W]], kept: &mut [[f64; W]]) {
        for (kept, shown) in kept.iter_mut().zip(shown) {
            for s in (0..W).filter(|&s| matches!(self.moves[s], Move::Begin | Move::Open)) {
                kept[s] = shown[s];
            }
        }
    }

    /// Takes down how far the institutions of a sheet can be from exact fractions and ratios.
    #[inline(always)]
    fn take_reach<P: Pack<Array = [f64; LANES]>>(
        &self,
        like: P,
        here: Range<usize>,
        fraction: impl ImageNumber,
        settled: impl ImageNumber,
        chunk: &mut Chunk<W>,
    ) {
        let first = here.start - chunk.rows.start;
        if self.entitlements.is_some() {
            let reach = settled.reach(like).lanes();
            chunk.ratio_reach[first..][..here.len()].copy_from_slice(&reach.as_chunks::<W>().0[..here.len()]);
        }
        let reach = fraction.reach(like).lanes();
        let like = <Widths as Width<W>>::sums(like);
        for reach in &reach.as_chunks::<W>().0[..here.len()] {
            let doubt = like.load(chunk.doubt);
            // What is no number counts as all.
            let reach = like.load(*reach).or_smaller(like.splat(1.0));
            chunk.doubt = reach.or_larger(doubt).lanes();
        }
    }

    /// Enters the institutions of a sheet in the books.
    #[inline(always)]
    fn account<Q: Pack<Array = [f64; W]>, N: ImageNumber>(
        &self,
        like: Q,
        here: Range<usize>,
        sheet: &BalanceSheet<'_, N>,
        [fraction, settled]: [N; 2],
        prices: &mut LanePrices<'_, W>,
        chunk: &mut Chunk<W>,
    ) {
        let first = here.start - chunk.rows.start;
        let numbers = [
            sheet.assets(),
            sheet.marketable,
            sheet.received,
            settled,
            fraction,
        ];
        let centers = numbers.map(
            #[inline(always)]
            |number| number.center().lanes(),
        );
        for (i, n) in here.enumerate() {
            let [assets, marketable, received, ratio, fraction] = centers.map(
                #[inline(always)]
                |lanes| like.load(lanes.as_chunks::<W>().0[i]),
            );
            let account = Account {
                cash: like.load(self.data.cash[n]),
                other_assets: like.load(self.data.other_assets[n]),
                assets,
                equity_shocked: like.load(sheet.equity_shocked.as_chunks::<W>().0[i]),
                marketable,
                received,
                before: like.load(chunk.before[first + i]),
                ratio,
            };
            chunk.books.add(self, prices, n, &account);
            let mut against =
                like.load(chunk.first_fractions[first + i]) - fraction.or_larger(like.splat(0.0));
            if self.entitlements.is_some() {
                against = (ratio - like.load(chunk.first_ratios[first + i])).or_larger(against);
            }
            chunk.books.against_order = against.or_larger(like.load(chunk.books.against_order)).lanes();
        }
    }
}

/// What stands for each scenario, in every lane of a sheet.
#[inline(always)]
fn repeated<const W: usize>(values: [f64; W]) -> [f64; LANES] {
    std::array::from_fn(
        #[inline(always)]
        |l| values[l % W],
    )
}

/// The amounts of the institutions from `place` on, padded behind the last, in the lanes of a sheet.
#[inline(always)]
pub(super) fn lanes_from<const W: usize>(amounts: &[[f64; W]], place: usize) -> [f64; LANES] {
    let (lanes, _) = amounts[place..].as_flattened().as_chunks::<LANES>();
    lanes[0]
}

/// What is the same in all scenarios, in the lanes of a sheet; zero behind the last institution.
#[inline(always)]
fn spread<const W: usize>(amounts: &[f64], place: usize) -> [f64; LANES] {
    if W == LANES {
        return [amounts[place]; LANES];
    }
    if let Some((&lanes, _)) = amounts[place..].split_first_chunk() {
        return lanes;
    }
    std::array::from_fn(
        #[inline(always)]
        |l| amounts.get(place + l / W).copied().unwrap_or(0.0),
    )
}

/// Given sums with their rounding, in the lanes of a sheet.
#[inline(always)]
fn spread_sums<const W: usize, N: Number>(amounts: &Amounts, place: usize) -> N {
    N::known(
        spread::<W>(&amounts.value, place),
        spread::<W>(&amounts.radius, place),
    )
}

/// `sum_k value_k vector_k` left to right for the rows of the sheets on the table, and how many terms each has.
#[derive(Default)]
#[repr(align(64))]
pub(super) struct SumsOfProducts {
    pub sums: [[f64; LANES]; SHEETS],
    pub terms: [[f64; LANES]; SHEETS],
}

impl SumsOfProducts {
    /// Institution by institution, the scenarios of each side by side.
    #[inline(always)]
    pub(super) fn add_up<P: Pack<Array = [f64; LANES]>, const W: usize>(
        &mut self,
        like: P,
        matrix: &SparseRows,
        tile: &Range<usize>,
        vector: &[[f64; W]],
    ) where
        Widths: Width<W>,
    {
        let like = <Widths as Width<W>>::sums(like);
        for start in tile.clone().step_by(ROWS) {
            let here = start..(start + ROWS).min(tile.end);
            let mut rows = [SparseRow::default(); ROWS];
            for (slot, row) in rows.iter_mut().zip(matrix.rows(here.clone())) {
                *slot = row;
            }
            let place = start - tile.start;
            let ends = sums_of_rows(like, &rows, vector);
            for (i, sum) in ends.into_iter().take(here.len()).enumerate() {
                self.set(place + i, sum, rows[i]);
            }
        }
    }

    /// Takes down the sum of the tile's `n`-th institution.
    #[inline(always)]
    pub(super) fn set<const W: usize, Q: Pack<Array = [f64; W]>>(
        &mut self,
        n: usize,
        sum: Q,
        row: SparseRow<'_>,
    ) {
        self.sums.as_flattened_mut().as_chunks_mut::<W>().0[n] = sum.lanes();
        self.terms.as_flattened_mut().as_chunks_mut::<W>().0[n] = [row.columns.len() as f64; W];
    }

    /// The sums of a sheet, with their rounding.
    #[inline(always)]
    pub(super) fn of_sheet<P: Pack<Array = [f64; LANES]>>(&self, like: P, n: usize) -> Ball<P> {
        Ball::sum_of_products(like.load(self.sums[n]), self.terms[n])
    }
}

/// Adds what an institution sells, a fraction of each holding, to the units sold.
#[inline(always)]
fn add_sales<const W: usize, Q: Pack<Array = [f64; W]>>(
    fraction: Q,
    holdings: SparseRow<'_>,
    sold: &mut [[f64; W]],
) {
    for (&asset, &held) in holdings.columns.iter().zip(holdings.values) {
        add_product(&mut sold[asset as usize], fraction, fraction.splat(held));
    }
}

/// Adds a product to a sum in memory.
#[inline(always)]
pub(super) fn add_product<const W: usize, Q: Pack<Array = [f64; W]>>(sum: &mut [f64; W], a: Q, b: Q) {
    *sum = (a.load(*sum) + a * b).lanes();
}

#[inline(always)]
fn sums_of_rows<const W: usize, Q: Pack<Array = [f64; W]>>(
    like: Q,
    rows: &[SparseRow<'_>; ROWS],
    vector: &[[f64; W]],
) -> [Q; ROWS] {
    let mut sums = [like.splat(0.0); ROWS];
    let [a, b, c, d] = rows;
    let length = |row: &SparseRow<'_>| row.columns.len();
    let common = length(a).min(length(b)).min(length(c)).min(length(d));
    let first = a.columns.iter().zip(a.values).zip(b.columns.iter().zip(b.values));
    let second = c.columns.iter().zip(c.values).zip(d.columns.iter().zip(d.values));
    for ((a, b), (c, d)) in first.zip(second) {
        sums[0] = plus_product(sums[0], a, vector);
        sums[1] = plus_product(sums[1], b, vector);
        sums[2] = plus_product(sums[2], c, vector);
        sums[3] = plus_product(sums[3], d, vector);
    }
    for (sum, row) in sums.iter_mut().zip(rows) {
        for term in row.columns[common..].iter().zip(&row.values[common..]) {
            *sum = plus_product(*sum, term, vector);
        }
    }
    sums
}

/// A sum and one more term of it: a value times what its column names.
#[inline(always)]
pub(super) fn plus_product<const W: usize, Q: Pack<Array = [f64; W]>>(
    sum: Q,
    (&column, &value): (&u32, &f64),
    vector: &[[f64; W]],
) -> Q {
    sum + sum.splat(value) * sum.load(vector[column as usize])
}
