//! Policy iteration: steps that solve the linear system which the map's slopes leave.
//!
//! Let `u` lie above the greatest fixed point `x*`, and `T(u) - T(x) >= J (u - x)` for `x` between the bounds. Then
//! `d = u - x*` satisfies `d >= r + J d` with `r = u - T(u)`, so `d` is at least the least solution of `w = r + J w`, and
//! `u - w` lies above `x*` again: a Newton step from the outer side that never passes the solution. All that is rounded is
//! rounded outward. The least fixed point is the mirror image.

use crate::chain::{Chain, Halt, Rounding};
use crate::fine;
use crate::floor;
use crate::linear::{Effort, NonNegativeRows, lower_solution};
use crate::map::{End, FixedPointMap, Observer, Precision, Step};
use crate::newton;
use crate::shortfall;
use crate::solution::{Solution, Status};
use crate::solve::{Settings, residual_of};
use std::ops::ControlFlow;

/// Error of a linear solve, relative to its largest component: what it leaves, the next step takes.
const ACCURACY: f64 = 1e-9;
/// Applications of the map that carry the point on inside the bracket.
const LAST_STEPS: u64 = 32;
/// A bracket up to this many times what rounding leaves open can be rounding alone.
const ROUNDING_WIDTHS: f64 = 1024.0;
/// How far beyond the outer bound's own error the inner bound is sought, in multiples of a step's rounding.
const STRETCHES: [f64; 7] = [0.25, 0.5, 1.0, 4.0, 16.0, 128.0, 4096.0];

/// Steps after which the bound of a curved map is left to plain iteration.
const CURVED_STEPS: u64 = 64;

/// What is left to do when the steps end.
struct Steps {
    halt: Halt,
    count: u64,
    effort: Effort,
    /// About `(I - J)^-1` times the rounding of one application: the shape of what rounding leaves open.
    spread: Vec<f64>,
}

/// What policy iteration found.
pub(crate) struct Found {
    pub solution: Solution,
    /// Whether rounding explains the bracket's width. Otherwise the slopes were too flat to be of use.
    pub as_narrow_as_rounding: bool,
}

/// Moves `outer` to the fixed point by policy steps and proves a bound on the other side. `None`: the map gives no slopes.
pub(crate) fn solve<M: FixedPointMap>(
    chain: &mut Chain<'_, M>,
    outer: &mut [f64],
    settings: &Settings,
    observer: &mut impl Observer,
) -> Option<Found> {
    let mut far = chain.far_corner();
    let mut effort = Effort::default();
    let mut count = 0;
    if chain.end == End::Least && !chain.map.slopes_bend() {
        // Slopes at the least end are steep where the other bound is near, so the greatest end goes first.
        chain.end = End::Greatest;
        let mut top = chain.near_corner();
        let bottom = chain.far_corner();
        let steps = run(chain, &mut top, &bottom, settings, &mut ());
        chain.end = End::Least;
        let steps = steps?;
        if steps.halt == Halt::Stationary {
            far = top;
        }
        (effort, count) = (steps.effort, steps.count);
    }
    let mut steps = run(chain, outer, &far, settings, observer)?;
    steps.effort.add(effort);
    steps.count += count;
    let iterations = chain.iterations;
    let mut inner = None;
    if steps.halt == Halt::Stationary {
        floor::seek(chain, outer, settings);
        inner = match &chain.floor {
            Some(floor) if floor::refuted(chain, outer) => Some(floor.clone()),
            _ => inner_bound(chain, outer, &steps.spread),
        };
    }
    let verified = inner.is_some();
    let mut inner = inner.unwrap_or_else(|| far.clone());
    for (inner, &far) in inner.iter_mut().zip(&far) {
        *inner = match chain.end {
            End::Greatest => inner.max(far),
            End::Least => inner.min(far),
        };
    }
    let mut bracket = chain.bracket(outer.to_vec(), inner);
    let floor = (0..steps.spread.len()).fold(0.0_f64, |floor, n| floor.max(steps.spread[n] / chain.size(n)));
    let as_narrow_as_rounding = bracket.width <= ROUNDING_WIDTHS * floor;
    // What is wider is a tie that rounding cannot decide, and stays undecided.
    if verified
        && as_narrow_as_rounding
        && bracket.width > settings.tolerance
        && let Some(narrower) = fine::recheck(chain, &bracket, settings.tolerance, &mut steps.effort)
        && narrower.width < bracket.width
    {
        bracket = narrower;
    }
    let (outer, inner) = match chain.end {
        End::Greatest => (&bracket.upper, &bracket.lower),
        End::Least => (&bracket.lower, &bracket.upper),
    };
    let point = last_steps(chain, outer, inner, verified);
    let residual = residual_of(chain, &point);
    let status = match steps.halt {
        Halt::NotOrdered => Status::Unordered,
        Halt::NonFinite => Status::NonFinite,
        Halt::Limit => Status::MaxIterations,
        Halt::Interrupted => Status::Interrupted,
        Halt::Stationary if bracket.width.is_infinite() => Status::Unordered,
        Halt::Stationary if bracket.width <= settings.tolerance => Status::Certified,
        Halt::Stationary => Status::Bracketed,
    };
    let proved = !matches!(status, Status::Unordered | Status::NonFinite);
    Some(Found {
        solution: Solution {
            point,
            bracket: proved.then_some(bracket),
            status,
            iterations,
            passes: chain.passes,
            policy_steps: steps.count,
            linear: steps.effort,
            cycle: None,
            residual,
        },
        as_narrow_as_rounding,
    })
}

/// Policy steps until none of them moves the bound by more than rounding explains.
fn run<M: FixedPointMap>(
    chain: &mut Chain<'_, M>,
    outer: &mut [f64],
    far: &[f64],
    settings: &Settings,
    observer: &mut impl Observer,
) -> Option<Steps> {
    let dim = outer.len();
    let outward = chain.outward(Precision::Sharp);
    let mut rows = NonNegativeRows::default();
    let (mut r, mut w, mut short) = (vec![0.0; dim], vec![0.0; dim], vec![0.0; dim]);
    let mut steps = Steps {
        halt: Halt::Limit,
        count: 0,
        effort: Effort::default(),
        spread: vec![0.0; dim],
    };
    let mut before = f64::INFINITY;
    let bends = chain.map.slopes_bend();
    let mut reach = 1.0;
    // Toward a tipping point a short step is no sign of being near, and the last ones cost little.
    let settled = if bends {
        settings.tolerance.min(1e-12)
    } else {
        settings.tolerance
    } / 64.0;
    while steps.count < settings.max_iterations {
        chain.evaluate(outward, outer);
        chain.iterations += 1;
        if let Some(halt) = distances(chain, outer, &mut r, &mut short) {
            steps.halt = halt;
            return Some(steps);
        }
        if bends {
            steps
                .effort
                .add(newton::step(chain, outer, &r, &mut rows, &mut w, &mut reach)?);
        } else {
            if !chain.slopes(outer, far, &mut rows) {
                return None;
            }
            steps.effort.add(lower_solution(&rows, &r, ACCURACY, &mut w));
        }
        shortfall::deduct(&rows, &short, |n| chain.size(n), &mut w, &mut steps.effort);
        steps.count += 1;
        let mut change = 0.0_f64;
        for n in 0..dim {
            let (old, image) = (outer[n], chain.image[n]);
            outer[n] = match chain.end {
                End::Greatest => rounded_up(old - w[n], w[n])
                    .min(image)
                    .min(old)
                    .max(chain.bottom[n]),
                End::Least => rounded_down(old + w[n], w[n])
                    .max(image)
                    .max(old)
                    .min(chain.top[n]),
            };
            change = change.max((outer[n] - old).abs() / chain.size(n));
        }
        let step = Step {
            iteration: chain.iterations,
            point: outer,
            change,
        };
        if let ControlFlow::Break(()) = observer.on_step(step) {
            steps.halt = Halt::Interrupted;
            return Some(steps);
        }
        // Near a singular system steps shrink to what rounding returns each time, and stay there.
        // Toward a tipping point each step leaves half of the distance, and beyond it steps grow.
        let slow = if bends {
            change > before * 0.9 && change <= before
        } else {
            change > before * 0.5
        };
        let stuck = change <= 1e-6 && slow;
        // Across kinks that stay in the box, steps are as short as single applications and many times as dear.
        let spent = bends && steps.count >= CURVED_STEPS;
        if change <= settled || stuck || spent {
            steps.halt = Halt::Stationary;
            break;
        }
        before = change;
    }
    for (n, r) in r.iter_mut().enumerate() {
        *r = 4.0 * f64::EPSILON * chain.size(n);
    }
    steps
        .effort
        .add(lower_solution(&rows, &r, 0.1, &mut steps.spread));
    Some(steps)
}

/// `a - w` or `a + w` moved outward where the sum may have been rounded inward; exact sums with nothing to add stay.
fn rounded_up(sum: f64, w: f64) -> f64 {
    if w == 0.0 { sum } else { sum.next_up() }
}

fn rounded_down(sum: f64, w: f64) -> f64 {
    if w == 0.0 { sum } else { sum.next_down() }
}

/// `r`: how far the image lies on the inner side of the bound, rounded down, and `short`: how far on the outer side, rounded up; or
/// why there is neither.
fn distances<M: FixedPointMap>(
    chain: &Chain<'_, M>,
    outer: &[f64],
    r: &mut [f64],
    short: &mut [f64],
) -> Option<Halt> {
    for (n, (slot, short)) in r.iter_mut().zip(short).enumerate() {
        let step = match chain.end {
            End::Greatest => outer[n] - chain.image[n],
            End::Least => chain.image[n] - outer[n],
        };
        if !step.is_finite() {
            return Some(Halt::NonFinite);
        }
        *slot = if step > 0.0 { step.next_down() } else { 0.0 };
        *short = if step < 0.0 { (-step).next_up() } else { 0.0 };
    }
    None
}

/// A verified bound on the inner side, as near as one of a few candidates allows.
fn inner_bound<M: FixedPointMap>(
    chain: &mut Chain<'_, M>,
    outer: &[f64],
    spread: &[f64],
) -> Option<Vec<f64>> {
    for stretch in STRETCHES {
        let mut inner: Vec<f64> = (0..outer.len())
            .map(|n| {
                let distance = stretch * spread[n].max(f64::EPSILON * chain.size(n));
                let candidate = match chain.end {
                    End::Greatest => outer[n] - distance,
                    End::Least => outer[n] + distance,
                };
                candidate.clamp(chain.bottom[n], chain.top[n])
            })
            .collect();
        chain.evaluate(chain.inward(Precision::Sharp), &inner);
        let holds = inner
            .iter()
            .zip(&chain.image)
            .all(|(&x, &image)| match chain.end {
                End::Greatest => x <= image,
                End::Least => x >= image,
            });
        if holds {
            // The image of a verified bound is one too, and lies closer by as much as the map contracts.
            inner.copy_from_slice(&chain.image);
            return Some(inner);
        }
    }
    // Where rounding turns a tie into a jump, the bound lies further away: a short way inward, then the corner.
    let mut inner = outer.to_vec();
    let (limit, iterations) = (chain.limit, chain.iterations);
    chain.limit = limit.min(1_000);
    let halt = chain.run(chain.inward(Precision::Sharp), &mut inner, 0.0, false, &mut ());
    (chain.limit, chain.iterations) = (limit, iterations);
    (halt == Halt::Stationary).then_some(inner)
}

/// The point: a bound that is a fixed point to the last bit, else some applications of the map from the outer one.
fn last_steps<M: FixedPointMap>(
    chain: &mut Chain<'_, M>,
    outer: &[f64],
    inner: &[f64],
    verified: bool,
) -> Vec<f64> {
    for end in [outer, inner] {
        chain.evaluate(Rounding::Nearest, end);
        if chain.image == end && (verified || end == outer) {
            return end.to_vec();
        }
    }
    let mut point = outer.to_vec();
    for _ in 0..LAST_STEPS {
        chain.evaluate(Rounding::Nearest, &point);
        let mut moved = false;
        for n in 0..point.len() {
            let (low, high) = (inner[n].min(outer[n]), inner[n].max(outer[n]));
            let next = chain.image[n].clamp(low, high);
            moved |= next != point[n];
            point[n] = next;
        }
        if !moved {
            break;
        }
    }
    point
}
