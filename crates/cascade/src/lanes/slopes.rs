//! One pass in jets: how steep the map is over a box of states, in one direction.

use super::chunk::{self, SHEETS, SumsOfProducts, add_product, lanes_from, plus_product};
use super::pass::Pass;
use super::{Width, Widths};
use crate::composition::Cascade;
use crate::pass::CHUNK;
use delever_core::{BalanceSheet, Ball, BallJet, LANES, Pack, PackedWork, Plain, SparseRows, vectorized};
use delever_solver::Aligned;
use rayon::prelude::*;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

/// Covers the roundings of sums and of a few operations on numbers `>= 0`, none of which cancels.
const SLACK: f64 = 1e-9;

/// A chunk of institutions.
struct Chunk<const W: usize> {
    rows: Range<usize>,
    /// The least and the most that is sold, and how fast sales rise as states fall, by asset.
    sold: [Aligned<W>; 3],
    /// How fast payments rise, by place in the chunk.
    ratios: Aligned<W>,
}

/// Scratch memory of passes in jets.
pub(super) struct SlopesWork<const W: usize>
where
    Widths: Width<W>,
{
    chunks: Vec<Chunk<W>>,
    prices: Vec<BallJet<<Widths as Width<W>>::Memory>>,
}

impl<const W: usize> SlopesWork<W>
where
    Widths: Width<W>,
{
    pub fn new(cascade: &Cascade<'_>) -> Self {
        let (count, assets) = (cascade.order.len(), cascade.system.asset_count());
        let chunks = (0..count).step_by(CHUNK).map(|start| {
            let rows = start..(start + CHUNK).min(count);
            Chunk {
                sold: std::array::from_fn(|_| Aligned::zeros(assets)),
                ratios: Aligned::zeros(rows.len() * cascade.components),
                rows,
            }
        });
        Self {
            chunks: chunks.collect(),
            prices: vec![BallJet::from(0.0); assets],
        }
    }
}

/// A box of states and a direction in it.
#[derive(Clone, Copy)]
pub(super) struct Directed<'b, const W: usize> {
    pub low: &'b [[f64; W]],
    pub high: &'b [[f64; W]],
    pub direction: &'b [[f64; W]],
}

impl<const W: usize> Pass<'_, W>
where
    Widths: Width<W>,
{
    /// Bounds of the map's slopes in the direction, anywhere in the box; infinite where they are not known. `false`: some model
    /// gives none. `chunks` are those of passes in doubles, the first of which was made.
    pub fn slopes(
        &self,
        over: Directed<'_, W>,
        slopes: &mut [[f64; W]],
        chunks: &[chunk::Chunk<W>],
        work: &mut SlopesWork<W>,
    ) -> bool {
        let known = AtomicBool::new(true);
        let run = |(chunk, of_image): (&mut Chunk<W>, &chunk::Chunk<W>)| {
            let here = vectorized(ChunkSlopes {
                pass: self,
                over,
                before: &of_image.before,
                chunk,
            });
            known.fetch_and(here, Ordering::Relaxed);
        };
        match (&mut work.chunks[..], chunks) {
            ([only], [of_image]) => run((only, of_image)),
            (several, chunks) => several.par_iter_mut().zip(chunks).for_each(run),
        }
        let (prices, ratios) = slopes.split_at_mut(self.cascade.system.asset_count());
        vectorized(Money {
            pass: self,
            chunks: &work.chunks,
            prices: &mut work.prices,
        });
        let known = known.into_inner() && Widths::survive_in_jets(self.models.impact, &mut work.prices);
        vectorized(PriceSlopes {
            pass: self,
            multipliers: &work.prices,
            slopes: prices,
        });
        for chunk in &work.chunks {
            for (place, slope) in chunk.rows.clone().zip(&chunk.ratios) {
                ratios[self.cascade.order[place] as usize] = *slope;
            }
        }
        known
    }
}

/// One pass of one chunk; whether its models give slopes.
struct ChunkSlopes<'p, const W: usize> {
    pass: &'p Pass<'p, W>,
    over: Directed<'p, W>,
    /// Holdings at shocked prices, by place in the chunk.
    before: &'p [[f64; W]],
    chunk: &'p mut Chunk<W>,
}

impl<const W: usize> PackedWork for ChunkSlopes<'_, W>
where
    Widths: Width<W>,
{
    type Output = bool;

    #[inline(always)]
    fn run<P: Pack<Array = [f64; LANES]>>(self, like: P) -> bool {
        let Self {
            pass,
            over,
            before,
            chunk,
        } = self;
        for sold in &mut chunk.sold {
            sold.fill([0.0; W]);
        }
        let lane = <Widths as Width<W>>::LANE;
        let institutions = <Widths as Width<W>>::INSTITUTIONS;
        let mut known = true;
        // Too large for the stack.
        let mut sheets = vec![BalanceSheet::<BallJet<Plain>>::empty(); SHEETS];
        let mut fractions = [BallJet::<Plain>::from(0.0); SHEETS];
        let mut settled = [BallJet::<Plain>::from(1.0); SHEETS];
        for (block, rule) in pass.cascade.blocks.iter().zip(&pass.models.rules) {
            let end = block.range.end.min(chunk.rows.end);
            let mut first = block.range.start.max(chunk.rows.start);
            while first < end {
                let tile = first..(first + SHEETS * institutions).min(end);
                let count = tile.len().div_ceil(institutions);
                let (sheets, fractions) = (&mut sheets[..count], &mut fractions[..count]);
                let before = &before[first - chunk.rows.start..];
                pass.fill_jets(like, over, before, tile.clone(), sheets);
                known &= rule.fractions_in_lanes(lane, first - block.range.start, sheets, fractions);
                if let Some(claims) = pass.models.claims {
                    let ids = &pass.cascade.order[tile.clone()];
                    known &= claims.ratios_in_lanes(lane, ids, sheets, &mut settled[..count]);
                }
                for (n, fraction) in fractions.iter().enumerate() {
                    let place = first + n * institutions;
                    let here = place..(place + institutions).min(end);
                    if pass.entitlements.is_some() {
                        let slopes = settled[n].load(like).steepness().lanes();
                        let to = here.start - chunk.rows.start..here.end - chunk.rows.start;
                        let slopes = &slopes.as_chunks::<W>().0[..here.len()];
                        chunk.ratios[to].copy_from_slice(slopes);
                    }
                    pass.take_sales(like, here, fraction, &mut chunk.sold);
                }
                first = tile.end;
            }
        }
        known
    }
}

impl<const W: usize> Pass<'_, W>
where
    Widths: Width<W>,
{
    /// Fills the sheets of these institutions.
    #[inline(always)]
    fn fill_jets<P: Pack<Array = [f64; LANES]>>(
        &self,
        like: P,
        over: Directed<'_, W>,
        before: &[[f64; W]],
        tile: Range<usize>,
        sheets: &mut [BalanceSheet<'_, BallJet<Plain>>],
    ) {
        let assets = self.cascade.system.asset_count();
        let institutions = <Widths as Width<W>>::INSTITUTIONS;
        let plain = Plain::of([0.0; LANES]);
        let mut sums = Sums::default();
        sums.add_up(like, self.holdings, &tile, over, |state| &state[..assets]);
        for (n, sheet) in sheets.iter_mut().enumerate() {
            let place = tile.start + n * institutions;
            self.fill_given(like, place, lanes_from(before, n * institutions), sheet);
            sheet.marketable = sums.of_sheet(like, n).load(plain);
            sheet.marketable_at_average = sheet.marketable;
        }
        if let Some(entitlements) = self.entitlements {
            sums.add_up(like, entitlements, &tile, over, |state| &state[assets..]);
        }
        for (n, sheet) in sheets.iter_mut().enumerate() {
            sheet.received = match self.entitlements {
                Some(_) => sums.of_sheet(like, n).load(plain),
                None => sheet.claims_face,
            };
            sheet.debts_received = sheet.received;
            sheet.settle_in(like);
        }
    }

    /// Adds what institutions sell at least, at most, and how fast that rises.
    #[inline(always)]
    fn take_sales<P: Pack<Array = [f64; LANES]>>(
        &self,
        like: P,
        here: Range<usize>,
        fraction: &BallJet<Plain>,
        sold: &mut [Aligned<W>; 3],
    ) {
        let fraction = fraction.load(like);
        let (zero, one) = (like.splat(0.0), like.splat(1.0));
        // What is no number counts as anything between nothing and all.
        let low = fraction
            .value
            .end(like.splat(-1.0))
            .or_larger(zero)
            .or_smaller(one);
        let high = fraction.value.end(one).or_smaller(one).or_larger(zero);
        let rise = fraction.steepness();
        if !high.any(zero.is_below(high)) && !rise.any(zero.is_below(rise)) {
            return;
        }
        let lanes = [low.lanes(), high.lanes(), rise.lanes()];
        let like = <Widths as Width<W>>::sums(like);
        for (n, row) in self.holdings.rows(here).enumerate() {
            let parts = lanes.map(
                #[inline(always)]
                |lanes| lanes.as_chunks::<W>().0[n],
            );
            if parts != [[0.0; W]; 3] {
                let [low, high, rise] = parts.map(
                    #[inline(always)]
                    |part| like.load(part),
                );
                for (&asset, &held) in row.columns.iter().zip(row.values) {
                    let (asset, held) = (asset as usize, like.splat(held));
                    let [sold_low, sold_high, sold_rise] = &mut *sold;
                    add_product(&mut sold_low[asset], low, held);
                    add_product(&mut sold_high[asset], high, held);
                    add_product(&mut sold_rise[asset], rise, held);
                }
            }
        }
    }
}

/// Sums over rows at both ends of a box, and in its direction.
#[derive(Default)]
struct Sums {
    low: SumsOfProducts,
    high: SumsOfProducts,
    direction: SumsOfProducts,
}

impl Sums {
    /// Row by row, all three at once: each waits for its last term, so the others go on meanwhile.
    #[inline(always)]
    fn add_up<'b, P: Pack<Array = [f64; LANES]>, const W: usize>(
        &mut self,
        like: P,
        matrix: &SparseRows,
        tile: &Range<usize>,
        over: Directed<'b, W>,
        part: impl Fn(&'b [[f64; W]]) -> &'b [[f64; W]],
    ) where
        Widths: Width<W>,
    {
        let like = <Widths as Width<W>>::sums(like);
        let (low, high, direction) = (part(over.low), part(over.high), part(over.direction));
        for (n, row) in matrix.rows(tile.clone()).enumerate() {
            let zero = like.splat(0.0);
            let mut sums = [zero, zero, zero];
            for term in row.columns.iter().zip(row.values) {
                sums[0] = plus_product(sums[0], term, low);
                sums[1] = plus_product(sums[1], term, high);
                sums[2] = plus_product(sums[2], term, direction);
            }
            let [low, high, direction] = sums;
            self.low.set(n, low, row);
            self.high.set(n, high, row);
            self.direction.set(n, direction, row);
        }
    }

    #[inline(always)]
    fn of_sheet<P: Pack<Array = [f64; LANES]>>(&self, like: P, n: usize) -> BallJet<P> {
        let (low, high) = (self.low.of_sheet(like, n), self.high.of_sheet(like, n));
        BallJet {
            value: Ball::between(low.end(like.splat(-1.0)), high.end(like.splat(1.0))),
            slope: self.direction.of_sheet(like, n),
        }
    }
}

/// Units sold to money sold, in jets.
struct Money<'p, const W: usize>
where
    Widths: Width<W>,
{
    pass: &'p Pass<'p, W>,
    chunks: &'p [Chunk<W>],
    prices: &'p mut [BallJet<<Widths as Width<W>>::Memory>],
}

impl<const W: usize> PackedWork for Money<'_, W>
where
    Widths: Width<W>,
{
    type Output = ();

    #[inline(always)]
    fn run<P: Pack<Array = [f64; LANES]>>(self, like: P) {
        let like = <Widths as Width<W>>::sums(like);
        let cascade = self.pass.cascade;
        for (asset, (money, &price)) in self.prices.iter_mut().zip(cascade.system.prices()).enumerate() {
            let mut parts = [like.splat(0.0); 3];
            for chunk in self.chunks {
                for (part, sold) in parts.iter_mut().zip(&chunk.sold) {
                    *part = *part + like.load(sold[asset]);
                }
            }
            let [low, high, steepness] = parts;
            // A factor of one more or less covers sums of millions of terms.
            let less = like.splat(price * (1.0 - SLACK));
            let more = like.splat(price * (1.0 + SLACK));
            let jet = BallJet {
                value: Ball::between(low * less, high * more),
                slope: Ball {
                    center: like.splat(0.0),
                    radius: steepness * more,
                },
            };
            *money = jet.load(Pack::of([0.0; W]));
        }
    }
}

/// Slopes of multipliers to slopes of prices.
struct PriceSlopes<'p, const W: usize>
where
    Widths: Width<W>,
{
    pass: &'p Pass<'p, W>,
    multipliers: &'p [BallJet<<Widths as Width<W>>::Memory>],
    slopes: &'p mut [[f64; W]],
}

impl<const W: usize> PackedWork for PriceSlopes<'_, W>
where
    Widths: Width<W>,
{
    type Output = ();

    #[inline(always)]
    fn run<P: Pack<Array = [f64; LANES]>>(self, like: P) {
        let like = <Widths as Width<W>>::sums(like);
        let shocked = &self.pass.data.shocked;
        for ((slope, multiplier), shocked) in self.slopes.iter_mut().zip(self.multipliers).zip(shocked) {
            let multiplier = multiplier.load(like);
            *slope = (multiplier.steepness() * like.load(*shocked) * like.splat(1.0 + SLACK)).lanes();
        }
    }
}
