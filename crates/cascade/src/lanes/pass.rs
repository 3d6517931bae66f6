//! One pass over all institutions for `W` scenarios; in the order and the shape of [`crate::pass`].

use super::chunk::{Chunk, ChunkPass};
use super::{LaneModels, Width, Widths};
use crate::composition::Cascade;
use crate::pass::CHUNK;
use delever_core::{Ball, LANES, Pack, PackedWork, Plain, SparseRows, vectorized};
use delever_solver::{Aligned, Move};
use rayon::prelude::*;
use std::marker::PhantomData;
use std::ops::Range;

/// Groups of chunks after which a descending lane goes on with what is sold and paid by then (Gauss-Seidel). The chunks of a
/// group run in parallel.
const GROUPS: usize = 16;
/// Assets whose prices are computed together; parts of a larger market run in parallel.
const MARKET: usize = 1024;

/// What scenarios start from: amounts after the shock, in compiled order, and prices, by asset.
pub(super) struct LaneData<const W: usize> {
    /// Padded by a sheet's institutions.
    pub cash: Aligned<W>,
    /// Padded likewise.
    pub other_assets: Aligned<W>,
    pub shocked: Aligned<W>,
}

/// Scratch memory of passes.
pub(super) struct LaneWork<const W: usize>
where
    Widths: Width<W>,
{
    pub chunks: Vec<Chunk<W>>,
    /// The state that a pass works on: what it was given, and what came of the groups so far.
    state: Aligned<W>,
    /// Units sold in the chunks of each group, by asset; nothing here where all chunks are one group.
    groups: Vec<Aligned<W>>,
    /// Units sold in all chunks, by asset.
    pub sold: Aligned<W>,
    multipliers: Vec<Ball<<Widths as Width<W>>::Memory>>,
    /// How far exact prices can be from those computed last.
    price_reach: Aligned<W>,
}

impl<const W: usize> LaneWork<W>
where
    Widths: Width<W>,
{
    pub fn new(cascade: &Cascade<'_>) -> Self {
        let (count, assets) = (cascade.order.len(), cascade.system.asset_count());
        let chunks = (0..count).step_by(CHUNK).map(|start| {
            let rows = start..(start + CHUNK).min(count);
            Chunk::new(rows, assets, cascade.components)
        });
        let chunks: Vec<_> = chunks.collect();
        let groups = match chunks.len() {
            0 | 1 => 0,
            several => several.div_ceil(group_size(several)),
        };
        Self {
            chunks,
            state: Aligned::zeros(assets + count * cascade.components),
            groups: (0..groups).map(|_| Aligned::zeros(assets)).collect(),
            sold: Aligned::zeros(assets),
            multipliers: vec![Ball::from(0.0); assets],
            price_reach: Aligned::zeros(assets),
        }
    }
}

/// Chunks of a group.
fn group_size(chunks: usize) -> usize {
    chunks.div_ceil(GROUPS)
}

/// One pass: what it computes with, the state aside.
pub(super) struct Pass<'p, const W: usize> {
    pub cascade: &'p Cascade<'p>,
    pub holdings: &'p SparseRows,
    /// `None` where claims are worth their face.
    pub entitlements: Option<&'p SparseRows>,
    pub models: &'p LaneModels<'p>,
    pub data: &'p LaneData<W>,
    /// What each lane does, and to which side it rounds.
    pub moves: [Move; W],
    pub sides: [f64; W],
    /// Whether a lane makes its first pass, and whether one accounts.
    pub opens: bool,
    pub accounts: bool,
    /// Whether it is asked how far images can be from exact ones.
    pub encloses: bool,
}

impl<'p, const W: usize> Pass<'p, W>
where
    Widths: Width<W>,
{
    pub fn new(
        cascade: &'p Cascade<'p>,
        models: &'p LaneModels<'p>,
        data: &'p LaneData<W>,
        moves: [Move; W],
    ) -> Self {
        Self {
            cascade,
            holdings: &cascade.holdings,
            entitlements: (cascade.components > 0).then(|| cascade.entitlements()),
            models,
            data,
            moves,
            sides: moves.map(Move::side),
            opens: moves.contains(&Move::Open) || moves.contains(&Move::Begin),
            accounts: moves.contains(&Move::Account),
            encloses: false,
        }
    }

    /// `image = T(x)`, each lane rounded as its move says. The state is `[prices | payment ratios]`.
    ///
    /// A descending lane goes on inside the pass with prices and payments that the groups so far leave, and with the last
    /// pass's sales of the others, which are no larger than its own: still an upper bound, and the fixed points are the same.
    pub fn apply(&self, x: &[[f64; W]], image: &mut [[f64; W]], work: &mut LaneWork<W>) {
        let assets = self.cascade.system.asset_count();
        if work.groups.is_empty() {
            let (prices, ratios) = x.split_at(assets);
            for only in &mut work.chunks {
                self.run_chunk(prices, ratios, only);
            }
            self.set_prices(work, image);
        } else {
            // Once into the thread pool, not once for each part.
            rayon::scope(|_| self.apply_in_groups(x, image, work));
        }
        for chunk in &work.chunks {
            for (place, ratio) in chunk.rows.clone().zip(&chunk.ratios) {
                image[assets + self.cascade.order[place] as usize] = *ratio;
            }
        }
    }

    /// [`Self::apply`] in ordinary rounding, and how far each component of the exact image can be from the computed one.
    pub fn enclose(
        mut self,
        x: &[[f64; W]],
        image: &mut [[f64; W]],
        reach: &mut [[f64; W]],
        work: &mut LaneWork<W>,
    ) {
        self.encloses = true;
        self.apply(x, image, work);
        let (prices, ratios) = reach.split_at_mut(self.cascade.system.asset_count());
        prices.copy_from_slice(&work.price_reach);
        for chunk in &work.chunks {
            for (place, reach) in chunk.rows.clone().zip(&chunk.ratio_reach) {
                ratios[self.cascade.order[place] as usize] = *reach;
            }
        }
    }

    fn apply_in_groups(&self, x: &[[f64; W]], image: &mut [[f64; W]], work: &mut LaneWork<W>) {
        let assets = self.cascade.system.asset_count();
        work.state.copy_from_slice(x);
        let size = group_size(work.chunks.len());
        for group in 0..work.groups.len() {
            let chunks = group * size..((group + 1) * size).min(work.chunks.len());
            let (prices, ratios) = work.state.split_at(assets);
            work.chunks[chunks.clone()]
                .par_iter_mut()
                .for_each(|chunk| self.run_chunk(prices, ratios, chunk));
            vectorized(AddGroup {
                chunks: &work.chunks[chunks.clone()],
                sold: &mut work.groups[group],
            });
            if chunks.end == work.chunks.len() || self.moves.contains(&Move::Descend) {
                self.set_prices(work, image);
            }
            if chunks.end < work.chunks.len() && self.moves.contains(&Move::Descend) {
                self.go_on(work, &image[..assets], chunks);
            }
        }
    }

    fn run_chunk(&self, prices: &[[f64; W]], ratios: &[[f64; W]], chunk: &mut Chunk<W>) {
        // Where every lane rounds as doubles do, bounds of the rounding are not looked at.
        let is_nearest = self.sides.iter().all(|&side| side == 0.0);
        if is_nearest && !self.encloses {
            vectorized(ChunkPass {
                pass: self,
                prices,
                ratios,
                chunk,
                numbers: PhantomData::<Plain>,
            });
        } else {
            vectorized(ChunkPass {
                pass: self,
                prices,
                ratios,
                chunk,
                numbers: PhantomData::<Ball<Plain>>,
            });
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
        let LaneWork {
            chunks,
            groups,
            sold,
            multipliers,
            price_reach,
            ..
        } = work;
        let part = |first: usize,
                    sold: &mut [[f64; W]],
                    multipliers: &mut [_],
                    prices: &mut [_],
                    reach: &mut [_]| {
            vectorized(AddUp {
                pass: self,
                first,
                chunks,
                groups,
                sold,
                multipliers,
            });
            Widths::survive(self.models.impact, first, multipliers);
            vectorized(Price {
                pass: self,
                first,
                multipliers,
                prices,
                reach,
            });
        };
        let prices = &mut image[..sold.len()];
        if groups.is_empty() {
            part(0, sold, multipliers, prices, price_reach);
        } else {
            let parts = sold
                .par_chunks_mut(MARKET)
                .zip(multipliers.par_chunks_mut(MARKET))
                .zip(prices.par_chunks_mut(MARKET))
                .zip(price_reach.par_chunks_mut(MARKET));
            parts
                .enumerate()
                .for_each(|(n, (((sold, multipliers), prices), reach))| {
                    part(n * MARKET, sold, multipliers, prices, reach);
                });
        }
    }
}

/// Adds `terms` to `sums`, asset by asset.
#[inline(always)]
fn add<const W: usize, Q: Pack<Array = [f64; W]>>(like: Q, sums: &mut [[f64; W]], terms: &[[f64; W]]) {
    for (sum, term) in sums.iter_mut().zip(terms) {
        *sum = (like.load(*sum) + like.load(*term)).lanes();
    }
}

/// Units sold in the chunks of a group.
struct AddGroup<'p, const W: usize> {
    chunks: &'p [Chunk<W>],
    sold: &'p mut [[f64; W]],
}

impl<const W: usize> PackedWork for AddGroup<'_, W>
where
    Widths: Width<W>,
{
    type Output = ();

    #[inline(always)]
    fn run<P: Pack<Array = [f64; LANES]>>(self, like: P) {
        let like = <Widths as Width<W>>::sums(like);
        self.sold.fill([0.0; W]);
        for chunk in self.chunks {
            add(like, self.sold, &chunk.sold);
        }
    }
}

/// Units sold by group, or in the only chunk, to money sold by asset.
struct AddUp<'p, const W: usize>
where
    Widths: Width<W>,
{
    pass: &'p Pass<'p, W>,
    first: usize,
    chunks: &'p [Chunk<W>],
    groups: &'p [Aligned<W>],
    sold: &'p mut [[f64; W]],
    multipliers: &'p mut [Ball<<Widths as Width<W>>::Memory>],
}

impl<const W: usize> PackedWork for AddUp<'_, W>
where
    Widths: Width<W>,
{
    type Output = ();

    #[inline(always)]
    fn run<P: Pack<Array = [f64; LANES]>>(self, like: P) {
        let like = <Widths as Width<W>>::sums(like);
        let cascade = self.pass.cascade;
        self.sold.fill([0.0; W]);
        let only = self.chunks.iter().filter(|_| self.groups.is_empty());
        for chunk in only {
            add(like, self.sold, &chunk.sold[self.first..]);
        }
        for group in self.groups {
            add(like, self.sold, &group[self.first..]);
        }
        let assets = self.first..;
        let mut doubt = like.splat(0.0);
        for chunk in self.chunks {
            doubt = like.load(chunk.doubt).or_larger(doubt);
        }
        for ((sold, money), asset) in self.sold.iter().zip(self.multipliers).zip(assets) {
            let price = like.splat(cascade.system.prices()[asset]);
            let terms = [f64::from(cascade.holders[asset] + 1); W];
            let mut ball = Ball::sum_of_products(like.load(*sold) * price, terms);
            if self.pass.encloses {
                // Nobody's fraction is further from the exact one.
                ball.radius = ball.radius + doubt * like.splat(cascade.held[asset]) * price;
            }
            *money = ball.load(Pack::of([0.0; W]));
        }
    }
}

/// Multipliers to prices, never above the shocked ones, and how far these can be from exact ones.
struct Price<'p, const W: usize>
where
    Widths: Width<W>,
{
    pass: &'p Pass<'p, W>,
    first: usize,
    multipliers: &'p [Ball<<Widths as Width<W>>::Memory>],
    prices: &'p mut [[f64; W]],
    reach: &'p mut [[f64; W]],
}

impl<const W: usize> PackedWork for Price<'_, W>
where
    Widths: Width<W>,
{
    type Output = ();

    #[inline(always)]
    fn run<P: Pack<Array = [f64; LANES]>>(self, like: P) {
        let like = <Widths as Width<W>>::sums(like);
        let side = like.load(self.pass.sides);
        let shocked = &self.pass.data.shocked[self.first..];
        let prices = self.prices.iter_mut().zip(self.reach);
        for (((price, reach), multiplier), shocked) in prices.zip(self.multipliers).zip(shocked) {
            let shocked = like.load(*shocked);
            let ball = Ball::exact(shocked) * multiplier.load(like);
            let end = ball.end(side).or_smaller(shocked).or_larger(like.splat(0.0));
            *price = end.lanes();
            *reach = ball.reach().lanes();
        }
    }
}
