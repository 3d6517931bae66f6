//! Scenarios that wait for a lane, as problems for [`solve_by_contraction`] and [`solve_side_by_side`].

use super::books::Books;
use super::pass::{LaneData, LaneWork, Pass};
use super::slopes::{Directed, SlopesWork};
use super::{LaneModels, Width, Widths};
use crate::composition::Cascade;
use crate::declared::SLACK;
use crate::outcome::Totals;
use crate::pass::CHUNK;
use crate::shock::Shock;
use delever_core::auto_vectorized;
use delever_solver::{
    Aligned, BoundedSlopes, Found, Move, Settings, SideBySide, solve_by_contraction, solve_side_by_side,
};
use rayon::prelude::*;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Systems of at most so many institutions and components are settled to the last bit where all digits are asked for, so that what
/// is 0 or 1/2 by hand is that here; larger ones stay where the proof leaves them.
const SETTLED: usize = 1 << 13;

/// What was found for a scenario, to be read in one lane.
pub(super) struct Answer<'a, const W: usize> {
    pub lane: usize,
    pub found: Found<'a, W>,
    pub totals: Totals,
    /// As an outcome's: how far the institution closest to failure is from it.
    pub margin_of_solvency: f64,
}

impl<const W: usize> Answer<'_, W> {
    /// One lane of a state.
    pub fn read(&self, state: &[[f64; W]]) -> Vec<f64> {
        state.iter().map(|lanes| lanes[self.lane]).collect()
    }
}

/// Sees every step of a lane toward its answer and may give it up.
pub(super) trait Watch<const W: usize> {
    fn on_step(&mut self, _iteration: u64, _x: &[[f64; W]], _change: f64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

impl<const W: usize> Watch<W> for () {}

struct Queue<'q, const W: usize, D, O>
where
    Widths: Width<W>,
{
    cascade: &'q Cascade<'q>,
    models: LaneModels<'q>,
    data: LaneData<W>,
    work: LaneWork<W>,
    shocks: &'q [Shock],
    /// The order in which they are taken, and the first that nobody has taken.
    order: &'q [usize],
    next: &'q AtomicUsize,
    /// Whether the quickest way is being tried, and what it has left for the next.
    contracting: bool,
    left: Vec<usize>,
    /// Memory for slopes, once they are asked for.
    slopes: Option<SlopesWork<W>>,
    /// Which shock each lane works on.
    at: [usize; W],
    done: D,
    watch: O,
}

/// Solves the greatest equilibrium under each shock that `order` names from `next` on, shared with others that take shocks; those
/// that do not fit the system are passed over. Hands each answer over by its place as it is done, `None` where it was given up. A state of one
/// scenario asks for models that take institutions.
pub(super) fn solve_queue<const W: usize, D, O>(
    cascade: &Cascade<'_>,
    models: LaneModels<'_>,
    shocks: &[Shock],
    (order, next): (&[usize], &AtomicUsize),
    settings: &Settings,
    watch: O,
    done: D,
) where
    Widths: Width<W>,
    D: FnMut(usize, Option<Answer<'_, W>>),
    O: Watch<W>,
{
    let (count, assets) = (cascade.order.len(), cascade.system.asset_count());
    let padded = count + <Widths as Width<W>>::INSTITUTIONS;
    let mut queue = Queue {
        cascade,
        contracting: models.have_slopes(),
        left: Vec::new(),
        slopes: None,
        models,
        data: LaneData {
            cash: Aligned::zeros(padded),
            other_assets: Aligned::zeros(padded),
            shocked: Aligned::zeros(assets),
        },
        work: LaneWork::new(cascade),
        shocks,
        order,
        next,
        at: [0; W],
        done,
        watch,
    };
    if queue.contracting {
        solve_by_contraction(&mut queue, settings);
        queue.contracting = false;
        queue.left.reverse();
    }
    solve_side_by_side(&mut queue, settings);
}

impl<const W: usize, D, O> Queue<'_, W, D, O>
where
    Widths: Width<W>,
{
    /// The place of the next shock.
    fn next(&mut self) -> Option<usize> {
        // Where there are slopes, all shocks have gone the quickest way before any goes the next.
        if !self.contracting && self.models.have_slopes() {
            return self.left.pop();
        }
        self.order.get(self.next.fetch_add(1, Ordering::Relaxed)).copied()
    }
}

impl<const W: usize, D, O> SideBySide<W> for Queue<'_, W, D, O>
where
    Widths: Width<W>,
    D: FnMut(usize, Option<Answer<'_, W>>),
    O: Watch<W>,
{
    fn dim(&self) -> usize {
        self.cascade.system.asset_count() + self.cascade.order.len() * self.cascade.components
    }

    fn load(&mut self, lane: usize, top: &mut [[f64; W]]) -> bool {
        let shock = loop {
            let Some(place) = self.next() else {
                return false;
            };
            let shock = &self.shocks[place];
            if shock.check(self.cascade.system).is_ok() {
                self.at[lane] = place;
                break shock;
            }
        };
        let (system, data) = (self.cascade.system, &mut self.data);
        let (prices, ratios) = top.split_at_mut(system.asset_count());
        for ((price, shocked), (before, change)) in prices
            .iter_mut()
            .zip(&mut data.shocked)
            .zip(system.prices().iter().zip(&shock.prices))
        {
            shocked[lane] = before * (1.0 + change);
            price[lane] = shocked[lane];
        }
        for ratio in ratios {
            ratio[lane] = 1.0;
        }
        let amounts = data
            .cash
            .par_chunks_mut(CHUNK)
            .zip(data.other_assets.par_chunks_mut(CHUNK));
        let chunks = amounts.zip(self.cascade.order.par_chunks(CHUNK));
        chunks.for_each(|((cash, other_assets), order)| {
            for ((cash, other_assets), &id) in cash.iter_mut().zip(other_assets).zip(order) {
                let after = shock.institution_after(id as usize, &system.institutions()[id as usize]);
                (cash[lane], other_assets[lane]) = (after.cash, after.other_assets);
            }
        });
        true
    }

    fn wants_last_digits(&self) -> bool {
        self.dim().max(self.cascade.order.len()) <= SETTLED
    }

    fn apply(&mut self, x: &[[f64; W]], moves: &[Move; W], image: &mut [[f64; W]]) {
        let pass = Pass::new(self.cascade, &self.models, &self.data, *moves);
        pass.apply(x, image, &mut self.work);
    }

    #[inline(always)]
    fn vectorized<R>(&self, work: impl FnOnce() -> R) -> R {
        auto_vectorized(work)
    }

    fn watch(&mut self, _: usize, iteration: u64, x: &[[f64; W]], change: f64) -> ControlFlow<()> {
        self.watch.on_step(iteration, x, change)
    }

    fn finish(&mut self, lane: usize, found: Option<Found<'_, W>>) {
        if self.contracting && found.is_none() {
            return self.left.push(self.at[lane]);
        }
        let mut books = Books::default();
        for chunk in &self.work.chunks {
            books.merge(&chunk.books);
        }
        // Models that are not ordered as they declare prove nothing.
        let found = found.filter(|_| books.against_order[lane] <= SLACK);
        let answer = found.map(|found| {
            let sold = self.work.sold.iter().zip(found.point);
            let sold_value = sold.map(|(units, price)| units[lane] * price[lane]).sum::<f64>() + 0.0;
            Answer {
                lane,
                found,
                totals: books.totals(lane, sold_value),
                margin_of_solvency: books.margin_of_solvency[lane],
            }
        });
        (self.done)(self.at[lane], answer);
    }
}

/// The weight of a payment ratio that no slope is expected to move.
const STILL: f64 = 1e-3;
/// The weight of a price of zero.
const WORTHLESS: f64 = 1e-9;

impl<const W: usize, D, O> BoundedSlopes<W> for Queue<'_, W, D, O>
where
    Widths: Width<W>,
    D: FnMut(usize, Option<Answer<'_, W>>),
    O: Watch<W>,
{
    /// All prices fall in proportion; what is not paid in full falls twice as fast as holdings push it.
    fn weights_into(&self, top: &[[f64; W]], x: &[[f64; W]], weights: &mut [[f64; W]]) {
        let cascade = self.cascade;
        let assets = cascade.system.asset_count();
        let (prices, ratios) = weights.split_at_mut(assets);
        for (weight, top) in prices.iter_mut().zip(top) {
            *weight = top.map(|price| if price > 0.0 { price } else { WORTHLESS });
        }
        if ratios.is_empty() {
            return;
        }
        for (place, &id) in cascade.order.iter().enumerate() {
            let institution = &cascade.system.institutions()[id as usize];
            let others = institution.cash + institution.other_assets + cascade.claims_face.value[place];
            let holdings = (cascade.assets_initial[place] - others).max(0.0);
            let moves = (2.0 * holdings / cascade.liabilities.value[place]).clamp(STILL, f64::MAX);
            let ratio = &x[assets + id as usize];
            ratios[id as usize] = ratio.map(|ratio| if ratio < 1.0 { moves } else { STILL });
        }
    }

    fn slopes_into(
        &mut self,
        low: &[[f64; W]],
        high: &[[f64; W]],
        weights: &[[f64; W]],
        slopes: &mut [[f64; W]],
    ) -> bool {
        let pass = Pass::new(self.cascade, &self.models, &self.data, [Move::Rest; W]);
        let over = Directed {
            low,
            high,
            direction: weights,
        };
        let work = self.slopes.get_or_insert_with(|| SlopesWork::new(self.cascade));
        pass.slopes(over, slopes, &self.work.chunks, work)
    }

    fn enclose(&mut self, x: &[[f64; W]], moves: &[Move; W], image: &mut [[f64; W]], reach: &mut [[f64; W]]) {
        let pass = Pass::new(self.cascade, &self.models, &self.data, *moves);
        pass.enclose(x, image, reach, &mut self.work);
    }
}
