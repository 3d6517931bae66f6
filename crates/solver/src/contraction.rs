//! The quickest way, where a map contracts: a candidate by extrapolation, then one bound of the map's slopes as its proof.
//!
//! Each lane looks for its fixed point in ordinary rounding, with the steps extrapolated (Anderson 1965). What it finds has no
//! proof yet, and need not be the greatest fixed point. Then the map's slopes are bounded over the whole box from just below the
//! candidate `x` up to the top: with weights `w > 0` such that `DT w <= q w` there, `q < 1`, the map contracts by `q` in the norm
//! `max |x_n| / w_n`. If `|T(x) - x| <= r w`, all roundings included, a fixed point lies within `r / (1 - q) w` of `x`
//! (Banach 1922). The greatest one is no smaller, so it lies in the box; and a contraction has but one there. (Greatest fixed
//! points between two bounds: Tarski 1955; proofs by slopes: Moore 1966, Rump 2010.)
//!
//! Lanes go side by side from beginning to end, since a pass that bounds slopes is worth several others. A lane whose slopes are
//! too steep, or jump, is given up and left to [`crate::solve_side_by_side`].
//!
//! Lanes never mix, so a problem takes the same steps to the same bits whatever stands beside it.

use crate::aligned::Aligned;
use crate::side_by_side::{Found, LAST_DIGITS, LastDigits, Move, SideBySide, choose, each, larger};
use crate::solve::Settings;

/// Isotone maps that bound their slopes.
pub trait BoundedSlopes<const W: usize>: SideBySide<W> {
    /// Weights `w > 0` in which the map is likely to contract around the states `x`.
    fn weights_into(&self, top: &[[f64; W]], x: &[[f64; W]], weights: &mut [[f64; W]]);

    /// Bounds of slopes in the direction of the weights, rounding included: `DT(x) w <= slopes` for every state
    /// `low <= x <= high`; infinite where nothing is known, or the map may jump. `false`: the map bounds no slopes at all.
    fn slopes_into(
        &mut self,
        low: &[[f64; W]],
        high: &[[f64; W]],
        weights: &[[f64; W]],
        slopes: &mut [[f64; W]],
    ) -> bool;

    /// As [`SideBySide::apply`] in ordinary rounding, and how far the exact image can be from the computed one.
    fn enclose(&mut self, x: &[[f64; W]], moves: &[Move; W], image: &mut [[f64; W]], reach: &mut [[f64; W]]);
}

/// Steps after which a candidate is no longer waited for.
const LONGEST_SEARCH: u64 = 48;
/// How far below the candidate slopes are bounded, relative to the top and in tolerances.
const ROOM: f64 = 64.0;
/// The largest rate that counts as a contraction: what a proof magnifies residuals by stays small.
const LARGEST_RATE: f64 = 0.95;
/// How much larger than the slopes weights are chosen that turned out too small.
const STRETCH: f64 = 1.25;
/// Weights that are tried.
const WEIGHTS: u32 = 2;
/// Candidates that are tried, each the image of the last.
const CANDIDATES: u32 = 4;
/// Covers the roundings of the proof's own arithmetic: a few operations on numbers `>= 0`.
const SLACK: f64 = 1.0 + 1e-12;
/// Two steps of which one is nearly a multiple of the other tell no more than one of them.
const NEARLY_PARALLEL: f64 = 1e-6;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
enum Phase {
    /// No problem is left for this lane, or its own is done.
    #[default]
    Done,
    Seeking,
    /// Goes on without extrapolation until the last bit stands still.
    Settling,
    /// Has a candidate.
    Ready,
    GivenUp,
}

#[derive(Clone, Copy, Debug, Default)]
struct Lane {
    phase: Phase,
    iterations: u64,
    passes: u64,
    digits: LastDigits,
    /// A verified rate of contraction in the weights.
    rate: f64,
}

struct Buffers<const W: usize> {
    x: Aligned<W>,
    image: Aligned<W>,
    top: Aligned<W>,
    /// `1 / top`, 1 where the top is 0.
    inverse: Aligned<W>,
    /// Residuals `T(x) - x` of the last step and of the two before it, the latest first; likewise images before this one.
    residuals: [Aligned<W>; 3],
    images: [Aligned<W>; 2],
    /// How far down slopes are bounded.
    floor: Aligned<W>,
    weights: Aligned<W>,
    /// Slopes in the direction of the weights.
    slopes: Aligned<W>,
    /// How far images can be from exact ones.
    reach: Aligned<W>,
    lower: Aligned<W>,
    upper: Aligned<W>,
}

/// Solves problems side by side until none is left: the greatest fixed points of isotone maps `T` on boxes `[0, top]`.
///
/// A candidate `x` is found by extrapolated steps (Anderson 1965). With weights `w > 0`, slopes `DT w <= s` over the box from below
/// `x` to the top, and their rate `q = max s_n / w_n < 1`, a miss `|T(x) - x| <= r w` puts the greatest fixed point within
/// `r / (1 - q) s` of `T(x)` (Banach 1922, Tarski 1955). What rounding hides of `T(x)` is counted in both. Lanes whose map is not
/// proved to contract so, or whose bracket stays wider than [`Settings::tolerance`], are given up: [`SideBySide::finish`] gets `None`
/// for them. States, weights and slopes are in the problem's own units; tolerance and widths are relative to the top.
///
/// ```
/// use delever_solver::{BoundedSlopes, Found, Move, Settings, SideBySide, solve_by_contraction};
///
/// /// `T(x) = 0.5 + x / 4` on `[0, 1]`, once: its fixed point is 2/3.
/// #[derive(Default)]
/// struct Line {
///     loaded: bool,
///     bracket: Option<(f64, f64)>,
/// }
///
/// impl SideBySide<1> for Line {
///     fn dim(&self) -> usize {
///         1
///     }
///     fn load(&mut self, _: usize, top: &mut [[f64; 1]]) -> bool {
///         top[0] = [1.0];
///         !std::mem::replace(&mut self.loaded, true)
///     }
///     fn apply(&mut self, x: &[[f64; 1]], moves: &[Move; 1], image: &mut [[f64; 1]]) {
///         image[0] = [(0.5 + x[0][0] / 4.0 + moves[0].side() * f64::EPSILON).min(1.0)];
///     }
///     fn finish(&mut self, lane: usize, found: Option<Found<'_, 1>>) {
///         self.bracket = found.map(|found| (found.lower[0][lane], found.upper[0][lane]));
///     }
/// }
///
/// impl BoundedSlopes<1> for Line {
///     fn weights_into(&self, _: &[[f64; 1]], _: &[[f64; 1]], weights: &mut [[f64; 1]]) {
///         weights[0] = [1.0];
///     }
///     fn slopes_into(&mut self, _: &[[f64; 1]], _: &[[f64; 1]], w: &[[f64; 1]], slopes: &mut [[f64; 1]]) -> bool {
///         slopes[0] = [w[0][0] / 4.0];
///         true
///     }
///     fn enclose(&mut self, x: &[[f64; 1]], moves: &[Move; 1], image: &mut [[f64; 1]], reach: &mut [[f64; 1]]) {
///         self.apply(x, moves, image);
///         reach[0] = [f64::EPSILON];
///     }
/// }
///
/// let mut line = Line::default();
/// solve_by_contraction(&mut line, &Settings::default());
/// let (lower, upper) = line.bracket.expect("it contracts");
/// assert!(lower <= 2.0 / 3.0 && 2.0 / 3.0 <= upper && upper - lower <= 1e-12);
/// ```
pub fn solve_by_contraction<const W: usize, M: BoundedSlopes<W>>(map: &mut M, settings: &Settings) {
    let zeros = || Aligned::zeros(map.dim());
    let mut buffers = Buffers {
        x: zeros(),
        image: zeros(),
        top: zeros(),
        inverse: zeros(),
        residuals: [zeros(), zeros(), zeros()],
        images: [zeros(), zeros()],
        floor: zeros(),
        weights: zeros(),
        slopes: zeros(),
        reach: zeros(),
        lower: zeros(),
        upper: zeros(),
    };
    loop {
        let lanes = std::array::from_fn(|l| load(map, l, &mut buffers));
        if lanes.iter().all(|lane| lane.phase == Phase::Done) {
            return;
        }
        solve_loaded(map, lanes, &mut buffers, settings);
    }
}

fn load<const W: usize, M: BoundedSlopes<W>>(map: &mut M, l: usize, buffers: &mut Buffers<W>) -> Lane {
    let mut lane = Lane::default();
    if map.load(l, &mut buffers.top) {
        lane.phase = Phase::Seeking;
        let tops = buffers.top.iter().zip(&mut buffers.inverse).zip(&mut buffers.x);
        for ((top, inverse), x) in tops {
            inverse[l] = if top[l] > 0.0 { 1.0 / top[l] } else { 1.0 };
            x[l] = top[l];
        }
        // What the last problem left may be no number, of which not even nothing can be taken.
        for image in buffers.images.iter_mut().flatten() {
            image[l] = 0.0;
        }
    }
    lane
}

fn solve_loaded<const W: usize, M: BoundedSlopes<W>>(
    map: &mut M,
    mut lanes: [Lane; W],
    buffers: &mut Buffers<W>,
    settings: &Settings,
) {
    seek(map, &mut lanes, buffers, settings);
    bound_slopes(map, &mut lanes, buffers, settings.tolerance);
    for attempt in 1..=CANDIDATES {
        prove(
            map,
            &mut lanes,
            buffers,
            settings.tolerance,
            attempt == CANDIDATES,
        );
    }
    for l in (0..W).filter(|&l| lanes[l].phase == Phase::GivenUp) {
        map.finish(l, None);
    }
}

/// What each lane does next.
fn moves<const W: usize>(lanes: &[Lane; W], of: impl Fn(&Lane) -> Move) -> [Move; W] {
    std::array::from_fn(|l| of(&lanes[l]))
}

/// Looks for candidates, all lanes until the last has one.
fn seek<const W: usize, M: BoundedSlopes<W>>(
    map: &mut M,
    lanes: &mut [Lane; W],
    buffers: &mut Buffers<W>,
    settings: &Settings,
) {
    let limit = settings.max_iterations.min(LONGEST_SEARCH);
    let all_digits = settings.tolerance <= LAST_DIGITS && map.wants_last_digits();
    let found = if all_digits { Phase::Settling } else { Phase::Ready };
    for step in 1.. {
        let made = moves(lanes, |lane| match lane.phase {
            Phase::Seeking if step == 1 => Move::Begin,
            Phase::Seeking | Phase::Settling => Move::Seek,
            Phase::Done | Phase::Ready | Phase::GivenUp => Move::Rest,
        });
        if made.iter().all(|&made| made == Move::Rest) {
            return;
        }
        map.apply(&buffers.x, &made, &mut buffers.image);
        buffers.residuals.rotate_right(1);
        let known = (step - 1).min(2) as usize;
        let compared = map.vectorized(
            #[inline(always)]
            || compare(buffers, known),
        );
        let mut factors = [[0.0; W]; 2];
        let mut moving = [0.0; W];
        for (l, lane) in lanes.iter_mut().enumerate() {
            if made[l] == Move::Rest {
                continue;
            }
            let change = compared.change[l];
            lane.iterations += 1;
            lane.passes += 1;
            moving[l] = 1.0;
            if compared.no_number[l] != 0.0 {
                lane.phase = Phase::GivenUp;
            } else if lane.phase == Phase::Settling {
                match lane.digits.after(change) {
                    Some(true) => lane.phase = Phase::Ready,
                    None if lane.iterations < settings.max_iterations => {}
                    None | Some(false) => lane.phase = Phase::GivenUp,
                }
            } else {
                [factors[0][l], factors[1][l]] = compared.factors(l);
                // The candidate is the next extrapolation, which comes several times nearer.
                if change <= settings.tolerance {
                    lane.phase = found;
                } else if lane.iterations >= limit {
                    lane.phase = Phase::GivenUp;
                }
            }
        }
        map.vectorized(
            #[inline(always)]
            || extrapolate(buffers, &factors, &moving),
        );
        buffers.images.rotate_right(1);
        std::mem::swap(&mut buffers.images[0], &mut buffers.image);
        for (l, lane) in lanes.iter_mut().enumerate() {
            let moved = moving[l] > 0.0 && lane.phase != Phase::GivenUp;
            if moved
                && map
                    .watch(l, lane.iterations, &buffers.x, compared.change[l])
                    .is_break()
            {
                lane.phase = Phase::GivenUp;
            }
        }
    }
}

/// Scalar products of residuals and what they changed by, by lane.
struct Comparison<const W: usize> {
    /// Largest relative residual.
    change: [f64; W],
    /// Zero while every image is a finite number.
    no_number: [f64; W],
    /// `D1 D1, D1 D2, D2 D2, D1 r, D2 r`, with `D1` the last change of the residual `r` and `D2` the one before.
    products: [[f64; W]; 5],
}

impl<const W: usize> Comparison<W> {
    /// How much of the last two steps to take back so that, were the map linear, what is left of the residual is as short as it
    /// can be.
    fn factors(&self, l: usize) -> [f64; 2] {
        let [last, both, before, on_last, on_before] = self.products.map(|product| product[l]);
        let determinant = last * before - both * both;
        if determinant > NEARLY_PARALLEL * last * before {
            let one = (on_last * before - on_before * both) / determinant;
            let two = (on_before * last - on_last * both) / determinant;
            [one, two]
        } else if last > 0.0 {
            [on_last / last, 0.0]
        } else {
            [0.0, 0.0]
        }
    }
}

/// The residual at the images, compared with the `known` ones before.
#[inline(always)]
fn compare<const W: usize>(buffers: &mut Buffers<W>, known: usize) -> Comparison<W> {
    let (mut change, mut no_number) = ([0.0; W], [0.0; W]);
    let mut products = [[0.0; W]; 5];
    let [residual, last, before] = &mut buffers.residuals;
    let states = buffers.x.iter().zip(&buffers.image).zip(&buffers.inverse);
    let residuals = residual.iter_mut().zip(last.iter().zip(&*before));
    for (((x, image), inverse), (slot, (last, before))) in states.zip(residuals) {
        let residual = each::<W>(
            #[inline(always)]
            |l| image[l] - x[l],
        );
        *slot = residual;
        let relative = each::<W>(
            #[inline(always)]
            |l| residual[l] * inverse[l],
        );
        change = each::<W>(
            #[inline(always)]
            |l| larger(relative[l].abs(), change[l]),
        );
        no_number = each::<W>(
            #[inline(always)]
            |l| no_number[l] + residual[l] * 0.0,
        );
        if known > 0 {
            let one = each::<W>(
                #[inline(always)]
                |l| (residual[l] - last[l]) * inverse[l],
            );
            products[0] = each::<W>(
                #[inline(always)]
                |l| products[0][l] + one[l] * one[l],
            );
            products[3] = each::<W>(
                #[inline(always)]
                |l| products[3][l] + one[l] * relative[l],
            );
            if known > 1 {
                let two = each::<W>(
                    #[inline(always)]
                    |l| (last[l] - before[l]) * inverse[l],
                );
                products[1] = each::<W>(
                    #[inline(always)]
                    |l| products[1][l] + one[l] * two[l],
                );
                products[2] = each::<W>(
                    #[inline(always)]
                    |l| products[2][l] + two[l] * two[l],
                );
                products[4] = each::<W>(
                    #[inline(always)]
                    |l| products[4][l] + two[l] * relative[l],
                );
            }
        }
    }
    Comparison {
        change,
        no_number,
        products,
    }
}

/// Moves lanes to their images, less the factors of the last steps of images.
#[inline(always)]
fn extrapolate<const W: usize>(buffers: &mut Buffers<W>, factors: &[[f64; W]; 2], moving: &[f64; W]) {
    let [last, before] = &buffers.images;
    let images = buffers.image.iter().zip(last.iter().zip(before));
    let [one, two] = factors;
    for ((x, top), (image, (last, before))) in buffers.x.iter_mut().zip(&buffers.top).zip(images) {
        let old = *x;
        let steps = each::<W>(
            #[inline(always)]
            |l| one[l] * (image[l] - last[l]) + two[l] * (last[l] - before[l]),
        );
        let new = each::<W>(
            #[inline(always)]
            |l| larger(image[l] - steps[l], 0.0),
        );
        let new = each::<W>(
            #[inline(always)]
            |l| choose(new[l] < top[l], new[l], top[l]),
        );
        *x = each::<W>(
            #[inline(always)]
            |l| choose(moving[l] > 0.0, new[l], old[l]),
        );
    }
}

/// Bounds the rate of contraction between the candidates and the top; gives up lanes where there is none.
fn bound_slopes<const W: usize, M: BoundedSlopes<W>>(
    map: &mut M,
    lanes: &mut [Lane; W],
    buffers: &mut Buffers<W>,
    tolerance: f64,
) {
    let is_ready = |lane: &Lane| lane.phase == Phase::Ready;
    if !lanes.iter().any(is_ready) {
        return;
    }
    map.vectorized(
        #[inline(always)]
        || set_floor(buffers, ROOM * tolerance),
    );
    map.weights_into(&buffers.top, &buffers.x, &mut buffers.weights);
    let mut left = lanes.map(|lane| is_ready(&lane));
    for attempt in 1..=WEIGHTS {
        let Buffers {
            floor,
            top,
            weights,
            slopes,
            ..
        } = &mut *buffers;
        let known = map.slopes_into(floor, top, weights, slopes);
        let rates = map.vectorized(
            #[inline(always)]
            || largest_ratio(slopes, weights),
        );
        for (l, lane) in lanes.iter_mut().enumerate() {
            if left[l] {
                lane.passes += 1;
                lane.rate = rates[l];
                left[l] = !(known && rates[l] <= LARGEST_RATE);
            }
        }
        if !known || attempt == WEIGHTS || !left.contains(&true) {
            break;
        }
        // Lanes that are done keep their weights.
        for (weights, slopes) in buffers.weights.iter_mut().zip(&buffers.slopes) {
            for l in (0..W).filter(|&l| left[l] && slopes[l] < f64::MAX) {
                weights[l] = larger(weights[l], STRETCH * slopes[l]);
            }
        }
    }
    for l in (0..W).filter(|&l| left[l]) {
        lanes[l].phase = Phase::GivenUp;
    }
}

/// States below the candidates by `room`, relative to the top.
#[inline(always)]
fn set_floor<const W: usize>(buffers: &mut Buffers<W>, room: f64) {
    for ((floor, x), inverse) in buffers.floor.iter_mut().zip(&buffers.x).zip(&buffers.inverse) {
        *floor = each::<W>(
            #[inline(always)]
            |l| larger(x[l] - room / inverse[l], 0.0),
        );
    }
}

/// Largest of `a / b`, rounded up, where `b > 0`; what is no number counts as infinite.
#[inline(always)]
fn largest_ratio<const W: usize>(a: &[[f64; W]], b: &[[f64; W]]) -> [f64; W] {
    let mut ratios = [0.0; W];
    for (a, b) in a.iter().zip(b) {
        ratios = each::<W>(
            #[inline(always)]
            |l| largest(ratios[l], a[l] / b[l] * SLACK),
        );
    }
    ratios
}

/// Proves candidates by what the image misses them by, and hands over those whose bracket is as narrow as asked.
fn prove<const W: usize, M: BoundedSlopes<W>>(
    map: &mut M,
    lanes: &mut [Lane; W],
    buffers: &mut Buffers<W>,
    tolerance: f64,
    last: bool,
) {
    let made = moves(lanes, |lane| match lane.phase {
        Phase::Ready => Move::Account,
        _ => Move::Rest,
    });
    if made.iter().all(|&made| made == Move::Rest) {
        return;
    }
    map.enclose(&buffers.x, &made, &mut buffers.image, &mut buffers.reach);
    let (missed, residual) = map.vectorized(
        #[inline(always)]
        || misses(buffers),
    );
    let radius: [f64; W] = std::array::from_fn(|l| missed[l] / (1.0 - lanes[l].rate) * SLACK);
    let (width, outside) = map.vectorized(
        #[inline(always)]
        || surround(buffers, &radius),
    );
    for l in (0..W).filter(|&l| made[l] == Move::Account) {
        lanes[l].passes += 1;
        if width[l] <= tolerance && outside[l] == 0.0 {
            let found = Found {
                point: &buffers.x,
                lower: &buffers.lower,
                upper: &buffers.upper,
                width: width[l],
                residual: residual[l],
                iterations: lanes[l].iterations,
                passes: lanes[l].passes,
            };
            map.finish(l, Some(found));
            lanes[l].phase = Phase::Done;
        } else if last {
            lanes[l].phase = Phase::GivenUp;
        } else {
            for (x, image) in buffers.x.iter_mut().zip(&buffers.image) {
                x[l] = image[l];
            }
        }
    }
}

/// By how much images miss candidates at most, in weights; and the largest relative residual as computed.
#[inline(always)]
fn misses<const W: usize>(buffers: &Buffers<W>) -> ([f64; W], [f64; W]) {
    let (mut missed, mut residual) = ([0.0; W], [0.0; W]);
    let states = buffers.x.iter().zip(&buffers.image).zip(&buffers.inverse);
    for (((x, image), inverse), (reach, weight)) in states.zip(buffers.reach.iter().zip(&buffers.weights)) {
        let off = each::<W>(
            #[inline(always)]
            |l| (image[l] - x[l]).abs(),
        );
        residual = each::<W>(
            #[inline(always)]
            |l| larger(off[l] * inverse[l], residual[l]),
        );
        missed = each::<W>(
            #[inline(always)]
            |l| largest(missed[l], (off[l] + reach[l]) / weight[l] * SLACK),
        );
    }
    (missed, residual)
}

/// Brackets around candidates, a fixed point lying within `radius` weights of them: its component is that of its own image,
/// which the slopes keep near the image at hand. Returns the largest relative widths, and what is not 0 where slopes do not reach
/// as far down.
#[inline(always)]
fn surround<const W: usize>(buffers: &mut Buffers<W>, radius: &[f64; W]) -> ([f64; W], [f64; W]) {
    let (mut width, mut outside) = ([0.0; W], [0.0; W]);
    let states = buffers.x.iter().zip(&buffers.image).zip(&buffers.reach);
    let tops = buffers.top.iter().zip(&buffers.inverse);
    let slopes = buffers.weights.iter().zip(&buffers.slopes).zip(&buffers.floor);
    let bounds = buffers.lower.iter_mut().zip(&mut buffers.upper);
    for (((((x, image), reach), (top, inverse)), ((weight, slope), floor)), (lower, upper)) in
        states.zip(tops).zip(slopes).zip(bounds)
    {
        let distance = each::<W>(
            #[inline(always)]
            |l| {
                let distance = reach[l] + radius[l] * slope[l];
                choose(distance == 0.0, 0.0, (distance + f64::EPSILON * image[l]) * SLACK)
            },
        );
        *lower = each::<W>(
            #[inline(always)]
            |l| {
                let low = larger(image[l] - distance[l], 0.0);
                choose(x[l] < low, x[l], low)
            },
        );
        *upper = each::<W>(
            #[inline(always)]
            |l| {
                let high = larger(image[l] + distance[l], x[l]);
                choose(high < top[l], high, top[l])
            },
        );
        width = each::<W>(
            #[inline(always)]
            |l| largest(width[l], (upper[l] - lower[l]) * inverse[l]),
        );
        outside = each::<W>(
            #[inline(always)]
            |l| {
                let reaches = floor[l] == 0.0 || 2.0 * radius[l] * weight[l] <= x[l] - floor[l];
                outside[l] + choose(reaches, 0.0, 1.0)
            },
        );
    }
    (width, outside)
}

/// The larger of both; what is no number counts as infinite.
#[inline(always)]
fn largest(known: f64, new: f64) -> f64 {
    choose(new <= known, known, choose(new > known, new, f64::INFINITY))
}
