//! The quick way: problems of one shape solved side by side, each with its own proof.
//!
//! Each lane goes down from the top of its box, every step rounded up, until the distance to the fixed point that its
//! last steps foretell is within the tolerance. From there a point as far below is tried: where `l <= T(l)` holds,
//! rounded down, `l` lies below the greatest fixed point, and the lane is proved. A last, ordinary application at the
//! point between checks that the image lies in the bracket: a map that is not as ordered as it says is found out there.
//! Lanes that settle make room for the next problem; a lane whose way is long or whose proof fails is given up and left
//! to [`crate::solve`], which has finer means.
//!
//! Lanes never mix, so a problem takes the same steps to the same bits whatever stands beside it.

use crate::aligned::Aligned;
use crate::chain::ORDER_SLACK;
use crate::solve::{PATIENT_STEPS, Settings};
use std::ops::ControlFlow;

/// What a lane does in one application of its map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Move {
    /// Nothing: no problem is left. What is computed there is not looked at.
    #[default]
    Rest,
    /// The first application, at the top of the box, in ordinary rounding.
    Begin,
    /// The first application, at the top of the box, rounded up.
    Open,
    /// A step down, rounded up, right after another.
    Descend,
    /// A step down, rounded up, from where a lane stood before a test: what the map remembers of the last application is not
    /// of this way.
    Resume,
    /// The test of a lower bound, rounded down.
    Verify,
    /// A step toward the fixed point, in ordinary rounding.
    Seek,
    /// The application at the answer, in ordinary rounding.
    Account,
}

impl Move {
    /// 1 for rounding up, -1 for rounding down, 0 for ordinary rounding.
    pub fn side(self) -> f64 {
        match self {
            Self::Open | Self::Descend | Self::Resume => 1.0,
            Self::Verify => -1.0,
            Self::Rest | Self::Begin | Self::Seek | Self::Account => 0.0,
        }
    }
}

/// Isotone maps of one shape on boxes `[0, top]`, a problem in each of `W` lanes.
pub trait SideBySide<const W: usize> {
    /// Number of components of every problem.
    fn dim(&self) -> usize;

    /// Loads the next problem into a lane and writes the top of its box there; `false` if none is left.
    fn load(&mut self, lane: usize, top: &mut [[f64; W]]) -> bool;

    /// `image = T(x)` in every lane, rounded as its move says.
    fn apply(&mut self, x: &[[f64; W]], moves: &[Move; W], image: &mut [[f64; W]]);

    /// Runs the solver's own loops over lanes: the place to choose vector instructions for them.
    fn vectorized<R>(&self, work: impl FnOnce() -> R) -> R {
        work()
    }

    /// Whether answers are to be settled to the last bit where the tolerance asks for all digits; otherwise they stay where the
    /// proof leaves them.
    fn wants_last_digits(&self) -> bool {
        true
    }

    /// Called after each step of a lane toward its answer; `Break` gives the lane up.
    fn watch(&mut self, _lane: usize, _iteration: u64, _x: &[[f64; W]], _change: f64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// Takes what was found in a lane, right after the application at the answer; `None` where the lane was given up.
    fn finish(&mut self, lane: usize, found: Option<Found<'_, W>>);
}

/// An answer and its proof, to be read in one lane.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a, const W: usize> {
    /// The answer: between the bounds, where the last steps point to.
    pub point: &'a [[f64; W]],
    /// No component of the greatest fixed point lies below.
    pub lower: &'a [[f64; W]],
    /// No component of the greatest fixed point lies above.
    pub upper: &'a [[f64; W]],
    /// Largest of `(upper - lower) / top` over components: at most the tolerance.
    pub width: f64,
    /// Largest of `|T(point) - point| / top`.
    pub residual: f64,
    /// Steps toward it.
    pub iterations: u64,
    /// Applications of the map, those of the proof and the answer counted.
    pub passes: u64,
}

/// A tolerance that asks for all digits.
pub(crate) const LAST_DIGITS: f64 = 1e-12;
/// Steps toward the last bit. Where they do not suffice, other means find what iteration only comes near to.
const SETTLING_STEPS: u32 = 64;
/// A change that rounding alone can make again and again, relative.
const LAST_PLACES: f64 = 16.0 * f64::EPSILON;
/// Steps that must not be smaller than one before for the last digits to count as going to and fro: components can move in turn.
const STANDING: u32 = 6;
/// Proofs that may fail before a lane is given up.
const ATTEMPTS: u32 = 6;
/// What a bound that its image misses is lowered by, in what is missing and what that grows to.
const LOWERING: f64 = 2.0;
/// A rate of contraction beyond which iteration is slow, so that other means pay.
const SLOW: f64 = 0.95;
/// By how much the last rate of contraction may understate the next ones.
const MARGIN: f64 = 1.1;
/// How much further down than foretold a lower bound is tried first. What it gains on its own image pays for the floor.
const STRETCH: f64 = 1.5;
/// Distance of the lower bound in every component whatever its steps, relative to the tolerance, at first.
const FLOOR: f64 = 1.0 / 256.0;
/// Least such distance, relative to the top: what the rounding of a pass may take from a bound.
const ROUNDING: f64 = 3e-14;

/// One lane's progress.
#[derive(Clone, Copy, Debug, Default)]
struct Lane {
    next: Move,
    iterations: u64,
    passes: u64,
    /// The last largest step, and the one before it.
    changes: [f64; 2],
    rate: f64,
    attempts: u32,
    digits: LastDigits,
    width: f64,
}

/// Steps toward the last bit.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LastDigits {
    steps: u32,
    /// The smallest step.
    least: f64,
    /// Steps since the last one that was smaller than all before.
    standing: u32,
}

impl LastDigits {
    /// Whether the answer is settled after a step by `change`: when nothing moves, or the last digits only go to and fro. `false`:
    /// steps do not suffice.
    pub(crate) fn after(&mut self, change: f64) -> Option<bool> {
        self.steps += 1;
        if self.steps == 1 || change < self.least {
            self.least = change;
            self.standing = 0;
        } else {
            self.standing += 1;
        }
        if change == 0.0 || self.standing == STANDING && self.least <= LAST_PLACES {
            Some(true)
        } else {
            (self.steps == SETTLING_STEPS).then_some(false)
        }
    }
}

struct Buffers<const W: usize> {
    x: Aligned<W>,
    image: Aligned<W>,
    /// The bound from above while a lane verifies and accounts.
    upper: Aligned<W>,
    lower: Aligned<W>,
    /// The last step down of every component, and the one before it.
    step: Aligned<W>,
    before: Aligned<W>,
    /// `1 / top`, 1 where the top is 0.
    inverse: Aligned<W>,
}

/// Solves problems side by side until none is left.
///
/// The tolerance is that of [`Settings`]; a lane takes at most a few hundred steps before it is given up.
pub fn solve_side_by_side<const W: usize, M: SideBySide<W>>(map: &mut M, settings: &Settings) {
    let zeros = || Aligned::zeros(map.dim());
    let mut buffers = Buffers {
        x: zeros(),
        image: zeros(),
        upper: zeros(),
        lower: zeros(),
        step: zeros(),
        before: zeros(),
        inverse: zeros(),
    };
    let mut lanes = [Lane::default(); W];
    for (l, lane) in lanes.iter_mut().enumerate() {
        load(map, l, lane, &mut buffers);
    }
    let limit = settings.max_iterations.min(PATIENT_STEPS);
    while lanes.iter().any(|lane| lane.next != Move::Rest) {
        let moves = lanes.map(|lane| lane.next);
        for lane in &mut lanes {
            lane.passes += 1;
        }
        map.apply(&buffers.x, &moves, &mut buffers.image);
        if moves.iter().any(|made| made.side() > 0.0) {
            let steps = map.vectorized(
                #[inline(always)]
                || descend(&mut buffers, &moves),
            );
            for l in (0..W).filter(|&l| moves[l].side() > 0.0) {
                step_down(
                    map,
                    l,
                    &mut lanes[l],
                    &steps,
                    &mut buffers,
                    settings.tolerance,
                    limit,
                );
            }
        }
        if moves.contains(&Move::Verify) {
            let checks = map.vectorized(
                #[inline(always)]
                || verify(&mut buffers, &moves),
            );
            for l in (0..W).filter(|&l| moves[l] == Move::Verify) {
                judge(map, l, &mut lanes[l], &checks, &mut buffers, settings.tolerance);
            }
        }
        if moves.contains(&Move::Seek) {
            let change = map.vectorized(
                #[inline(always)]
                || settle(&mut buffers, &moves),
            );
            for l in (0..W).filter(|&l| moves[l] == Move::Seek) {
                settled(map, l, &mut lanes[l], change[l], &mut buffers);
            }
        }
        if moves.contains(&Move::Account) {
            let checks = map.vectorized(
                #[inline(always)]
                || account(&buffers),
            );
            for l in (0..W).filter(|&l| moves[l] == Move::Account) {
                let found = Found {
                    point: &buffers.x,
                    lower: &buffers.lower,
                    upper: &buffers.upper,
                    width: lanes[l].width,
                    residual: checks.residual[l],
                    iterations: lanes[l].iterations,
                    passes: lanes[l].passes,
                };
                let ordered = checks.outside[l] <= ORDER_SLACK;
                map.finish(l, ordered.then_some(found));
                load(map, l, &mut lanes[l], &mut buffers);
            }
        }
    }
}

fn load<const W: usize, M: SideBySide<W>>(map: &mut M, l: usize, lane: &mut Lane, buffers: &mut Buffers<W>) {
    *lane = Lane::default();
    if map.load(l, &mut buffers.x) {
        lane.next = Move::Open;
        for (inverse, top) in buffers.inverse.iter_mut().zip(&buffers.x) {
            inverse[l] = if top[l] > 0.0 { 1.0 / top[l] } else { 1.0 };
        }
    }
}

fn give_up<const W: usize, M: SideBySide<W>>(
    map: &mut M,
    l: usize,
    lane: &mut Lane,
    buffers: &mut Buffers<W>,
) {
    map.finish(l, None);
    load(map, l, lane, buffers);
}

/// What a step down did, by lane.
struct Steps<const W: usize> {
    /// Largest step down, relative.
    change: [f64; W],
    /// Largest step up that the map asked for, relative.
    rise: [f64; W],
    /// Zero while every image is a finite number.
    no_number: [f64; W],
}

/// `taken` where the condition holds, else `left`; both are computed.
#[inline(always)]
pub(crate) fn choose(condition: bool, taken: f64, left: f64) -> f64 {
    if condition { taken } else { left }
}

#[inline(always)]
pub(crate) fn larger(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

#[inline(always)]
fn descend<const W: usize>(buffers: &mut Buffers<W>, moves: &[Move; W]) -> Steps<W> {
    // Positive in lanes that move.
    let moving = moves.map(Move::side);
    let (mut change, mut rise, mut no_number) = ([0.0; W], [0.0; W], [0.0; W]);
    let components = buffers.x.iter_mut().zip(&buffers.image).zip(&buffers.inverse);
    let steps = buffers.step.iter_mut().zip(&mut buffers.before);
    for (((slot, &image), &inverse), (step, before)) in components.zip(steps) {
        let x = *slot;
        let down = each::<W>(
            #[inline(always)]
            |l| x[l] - image[l],
        );
        let taken = each::<W>(
            #[inline(always)]
            |l| choose(down[l] > 0.0, down[l], 0.0),
        );
        let taken = each::<W>(
            #[inline(always)]
            |l| choose(moving[l] > 0.0, taken[l], 0.0),
        );
        change = each::<W>(
            #[inline(always)]
            |l| larger(taken[l] * inverse[l], change[l]),
        );
        rise = each::<W>(
            #[inline(always)]
            |l| larger(-down[l] * inverse[l], rise[l]),
        );
        no_number = each::<W>(
            #[inline(always)]
            |l| no_number[l] + down[l] * 0.0,
        );
        *slot = each::<W>(
            #[inline(always)]
            |l| choose(taken[l] > 0.0, image[l], x[l]),
        );
        let (last, one_before) = (*step, *before);
        *step = each::<W>(
            #[inline(always)]
            |l| choose(moving[l] > 0.0, taken[l], last[l]),
        );
        *before = each::<W>(
            #[inline(always)]
            |l| choose(moving[l] > 0.0, last[l], one_before[l]),
        );
    }
    Steps {
        change,
        rise,
        no_number,
    }
}

/// The same function in every lane. Short ones, one after the other, compile to vector instructions; long ones with branches
/// do not.
#[inline(always)]
pub(crate) fn each<const W: usize>(lane: impl Fn(usize) -> f64) -> [f64; W] {
    let mut out = [0.0; W];
    for l in 0..W {
        out[l] = lane(l);
    }
    out
}

/// Decides what a lane does after a step down.
fn step_down<const W: usize, M: SideBySide<W>>(
    map: &mut M,
    l: usize,
    lane: &mut Lane,
    steps: &Steps<W>,
    buffers: &mut Buffers<W>,
    tolerance: f64,
    limit: u64,
) {
    lane.iterations += 1;
    lane.next = Move::Descend;
    let change = steps.change[l];
    // Over two steps, since components may move in turn.
    let [last, before] = lane.changes;
    lane.rate = if change == 0.0 {
        0.0
    } else if lane.iterations > 2 && last > 0.0 {
        (change / before).sqrt()
    } else {
        1.0
    };
    lane.changes = [change, last];
    let broken = steps.no_number[l] != 0.0 || steps.rise[l] > ORDER_SLACK;
    if broken || map.watch(l, lane.iterations, &buffers.x, change).is_break() {
        return give_up(map, l, lane, buffers);
    }
    // To first order `x - x* = (J + J^2 + ...) step`; the image of the bound comes nearer by another factor. With a rate `q` such
    // that two steps contract by `q^2`, `J s <= q s` holds for `s = step + q before` even where `step` alone moves what stood
    // still before; where all goes at one rate `s` is twice the step.
    let rate = lane.rate * MARGIN + 0.01;
    let (reach, ready) = if rate < SLOW {
        let reach = STRETCH * rate / (1.0 - rate);
        (reach, rate * (1.0 + reach) * change <= 0.75 * tolerance)
    } else {
        (0.0, change == 0.0)
    };
    if !ready {
        if lane.iterations >= limit {
            give_up(map, l, lane, buffers);
        }
        return;
    }
    let floor = (FLOOR * tolerance).max(ROUNDING);
    let steps = buffers.step.iter().zip(&buffers.before);
    for (((x, upper), (step, before)), inverse) in buffers
        .x
        .iter_mut()
        .zip(&mut buffers.upper)
        .zip(steps)
        .zip(&buffers.inverse)
    {
        upper[l] = x[l];
        // Steps that say nothing are not of this problem yet.
        let foretold = if reach > 0.0 {
            reach * (step[l] + rate * before[l]) / 2.0
        } else {
            0.0
        };
        let distance = foretold + floor / inverse[l];
        x[l] = larger(x[l] - distance, 0.0);
    }
    lane.next = Move::Verify;
}

/// What the test of a lower bound showed, by lane.
struct Checks<const W: usize> {
    /// Largest relative distance by which the image fell below the bound.
    short: [f64; W],
    /// Largest relative distance from the upper bound down to the image.
    width: [f64; W],
}

#[inline(always)]
fn verify<const W: usize>(buffers: &mut Buffers<W>, moves: &[Move; W]) -> Checks<W> {
    let testing = moves.map(|made| f64::from(u8::from(made == Move::Verify)));
    let (mut short, mut width) = ([0.0; W], [0.0; W]);
    let components = buffers.x.iter().zip(&buffers.image).zip(&buffers.upper);
    for (((x, image), upper), (lower, inverse)) in
        components.zip(buffers.lower.iter_mut().zip(&buffers.inverse))
    {
        // What is no number must not pass.
        let missing = each::<W>(
            #[inline(always)]
            |l| if x[l] <= image[l] { 0.0 } else { 1.0 },
        );
        short = each::<W>(
            #[inline(always)]
            |l| larger(missing[l], short[l]),
        );
        width = each::<W>(
            #[inline(always)]
            |l| larger((upper[l] - image[l]) * inverse[l], width[l]),
        );
        *lower = each::<W>(
            #[inline(always)]
            |l| if testing[l] > 0.0 { image[l] } else { lower[l] },
        );
    }
    Checks { short, width }
}

fn judge<const W: usize, M: SideBySide<W>>(
    map: &mut M,
    l: usize,
    lane: &mut Lane,
    checks: &Checks<W>,
    buffers: &mut Buffers<W>,
    tolerance: f64,
) {
    let components = buffers.x.iter_mut().zip(&buffers.upper);
    if checks.short[l] == 0.0 && checks.width[l] <= tolerance {
        lane.width = checks.width[l];
        let all_digits = tolerance <= LAST_DIGITS && map.wants_last_digits();
        lane.next = if all_digits { Move::Seek } else { Move::Account };
        let reach = lane.rate / (1.0 - lane.rate);
        for ((x, upper), (step, lower)) in components.zip(buffers.step.iter().zip(&buffers.lower)) {
            x[l] = larger(upper[l] - reach * step[l], lower[l]);
        }
        return;
    }
    lane.attempts += 1;
    if lane.attempts == ATTEMPTS {
        return give_up(map, l, lane, buffers);
    }
    if checks.width[l] > tolerance {
        // Too early: the next step brings the bounds nearer.
        for (x, upper) in components {
            x[l] = upper[l];
        }
        lane.next = Move::Resume;
    } else {
        // Rounding, magnified where the map is steep: the image says which components must lie how much lower.
        let further = LOWERING / (1.0 - lane.rate);
        for (x, image) in buffers.x.iter_mut().zip(&buffers.lower) {
            let missing = larger(x[l] - image[l], 0.0);
            x[l] = larger(x[l] - further * missing, 0.0);
        }
    }
}

/// Moves answers to their images, inside their brackets; returns the largest relative change.
#[inline(always)]
fn settle<const W: usize>(buffers: &mut Buffers<W>, moves: &[Move; W]) -> [f64; W] {
    let settling = moves.map(|made| f64::from(u8::from(made == Move::Seek)));
    let mut change = [0.0; W];
    let bounds = buffers.lower.iter().zip(&buffers.upper);
    let components = buffers.x.iter_mut().zip(&buffers.image).zip(bounds);
    for (((slot, image), (lower, upper)), inverse) in components.zip(&buffers.inverse) {
        let x = *slot;
        let inside = each::<W>(
            #[inline(always)]
            |l| larger(lower[l], choose(image[l] < upper[l], image[l], upper[l])),
        );
        let new = each::<W>(
            #[inline(always)]
            |l| choose(settling[l] > 0.0, inside[l], x[l]),
        );
        change = each::<W>(
            #[inline(always)]
            |l| larger((new[l] - x[l]).abs() * inverse[l], change[l]),
        );
        *slot = new;
    }
    change
}

/// Decides whether an answer is settled.
fn settled<const W: usize, M: SideBySide<W>>(
    map: &mut M,
    l: usize,
    lane: &mut Lane,
    change: f64,
    buffers: &mut Buffers<W>,
) {
    match lane.digits.after(change) {
        None => {}
        Some(true) => lane.next = Move::Account,
        Some(false) => give_up(map, l, lane, buffers),
    }
}

/// What the application at the answer showed, by lane.
struct Account<const W: usize> {
    residual: [f64; W],
    /// Largest relative distance by which the image left the bracket.
    outside: [f64; W],
}

#[inline(always)]
fn account<const W: usize>(buffers: &Buffers<W>) -> Account<W> {
    let (mut residual, mut outside) = ([0.0; W], [0.0; W]);
    let bounds = buffers.lower.iter().zip(&buffers.upper);
    for (((x, image), (lower, upper)), inverse) in buffers
        .x
        .iter()
        .zip(&buffers.image)
        .zip(bounds)
        .zip(&buffers.inverse)
    {
        residual = each::<W>(
            #[inline(always)]
            |l| larger((x[l] - image[l]).abs() * inverse[l], residual[l]),
        );
        let beyond = each::<W>(
            #[inline(always)]
            |l| larger(image[l] - upper[l], lower[l] - image[l]),
        );
        outside = each::<W>(
            #[inline(always)]
            |l| larger(beyond[l] * inverse[l], outside[l]),
        );
    }
    Account { residual, outside }
}
