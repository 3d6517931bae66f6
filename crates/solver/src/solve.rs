//! The solve: outer chain, point, inner bound.

use crate::chain::{Chain, Halt, Rounding};
use crate::fine;
use crate::floor;
use crate::linear::Effort;
use crate::map::{End, FixedPointMap, Observer, Precision, Step};
use crate::policy;
use crate::solution::{Bracket, Solution, Status};
use std::ops::ControlFlow;

/// What is asked of a solve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Largest width of the bracket, relative to the top of each component.
    pub tolerance: f64,
    /// Largest number of applications of the map in one chain.
    pub max_iterations: u64,
    /// How the way to the fixed point is gone.
    pub method: Method,
}

/// How the way from the end of the box to the fixed point is gone. The proof is the same for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Method {
    /// Iteration; where that is slow and the map gives slopes, policy iteration.
    #[default]
    Automatic,
    /// Plain iteration to bitwise stationarity: the extreme fixed point of the map in floating point.
    Iteration,
    /// Policy iteration from the first step (Howard 1960; in clearing, the fictitious default algorithm of Eisenberg and
    /// Noe 2001): each step solves the linear system that the map's slopes leave. Finite where the map is piecewise linear.
    Policy,
}

impl Default for Settings {
    /// A width of `1e-12`, 100,000 iterations, the automatic method.
    fn default() -> Self {
        Self {
            tolerance: 1e-12,
            max_iterations: 100_000,
            method: Method::Automatic,
        }
    }
}

/// Fewest iterations before the automatic method turns to policy iteration.
pub(crate) const PATIENT_STEPS: u64 = 256;
/// Calls for slopes that are worth as many iterations as it waits: about half of what policy iteration takes.
const CALLS: u64 = 8;
/// Iterations that are spent on a bracket which rounding may be all that widens.
const LAST_ATTEMPT: u64 = 2_048;
/// Widest bracket that rounding is taken to explain.
const MAGNIFIED_ROUNDING: f64 = 1e-6;
/// Last step of the outer chain on the long way, relative to the width that is asked for.
const MARGIN: f64 = 1.0 / 8.0;
/// A jump of the image above a limit from below that no rounding explains, relative to the box.
const JUMP: f64 = 1e-9;
/// Restarts after such jumps: each status of each component can jump once, few do.
const MAX_RESTARTS: u32 = 10_000;
/// Iterations without a smaller residual after which an unordered map is damped further.
const PATIENCE: u64 = 200;
/// Images of a candidate that must be near one another too.
const FOLLOWED: u32 = 3;
/// Growth of the residual over them that steep slopes explain.
const GROWTH: f64 = 1e4;
/// Smallest step that damping leaves of a full one before an unordered map counts as stalled.
const SMALLEST_STEP: f64 = 1.0 / 64.0;

/// Finds the fixed point at one end of the lattice, and proves what it can.
///
/// Non-convergence is a status, never an error; the best iterate is always returned.
pub fn solve<M: FixedPointMap>(
    map: &M,
    end: End,
    settings: &Settings,
    observer: &mut impl Observer,
) -> Solution {
    if map.shape().isotone {
        solve_chain(Chain::new(map, end, settings.max_iterations), settings, observer)
    } else {
        solve_unordered(map, end, settings, observer)
    }
}

/// Largest of `|T(x) - x|` over components, relative to the box; infinite if the image is no number.
///
/// At a fixed point it is a few roundings. It does not say how far the nearest fixed point is.
pub fn residual<M: FixedPointMap>(map: &M, x: &[f64]) -> f64 {
    let mut chain = Chain::new(map, End::Greatest, 0);
    residual_of(&mut chain, x)
}

pub(crate) fn residual_of<M: FixedPointMap>(chain: &mut Chain<'_, M>, x: &[f64]) -> f64 {
    chain.evaluate(Rounding::Nearest, x);
    let mut largest = 0.0_f64;
    for (n, (old, new)) in x.iter().zip(&chain.image).enumerate() {
        if !new.is_finite() {
            return f64::INFINITY;
        }
        largest = largest.max((new - old).abs() / chain.size(n));
    }
    largest
}

/// Finds the fixed point of an isotone map at a chain's end.
pub(crate) fn solve_chain<M: FixedPointMap>(
    mut chain: Chain<'_, M>,
    settings: &Settings,
    observer: &mut impl Observer,
) -> Solution {
    let (map, end) = (chain.map, chain.end);
    let mut outer = chain.near_corner();
    let mut halt = Halt::Stationary;
    let mut blunt = None;
    let bounded = map.shape().bounded;
    // Where the map jumps, a limit from below need not be a fixed point; plain iteration looks for jumps.
    let method = if end == End::Least && !map.shape().from_below {
        Method::Iteration
    } else {
        settings.method
    };
    let mut patient = bounded && method == Method::Automatic;
    let patience = PATIENT_STEPS.max(map.slopes_cost().saturating_mul(CALLS));
    if bounded {
        let outward = chain.outward(Precision::Rough);
        let settled = settings.tolerance * MARGIN;
        if method != Method::Policy {
            if method == Method::Automatic {
                chain.limit = chain.limit.min(patience);
            }
            halt = chain.run(outward, &mut outer, settled, true, observer);
            chain.limit = settings.max_iterations;
        }
        if method == Method::Policy
            || method == Method::Automatic && halt == Halt::Limit && settings.max_iterations > patience
        {
            patient = false;
            if let Some(solution) = by_policy(&mut chain, &mut outer, settings, observer, &mut blunt) {
                return solution;
            }
            halt = chain.run(outward, &mut outer, settled, true, observer);
        }
    }
    if bounded && halt == Halt::Stationary {
        floor::seek(&mut chain, &outer, settings);
    }
    let mut point = outer.clone();
    if halt == Halt::Stationary {
        // Near a tipping point steps become short long before the end.
        if patient {
            chain.limit = chain.limit.min(patience);
        }
        halt = chain.run(Rounding::Nearest, &mut point, 0.0, !bounded, observer);
        if patient && halt == Halt::Limit && settings.max_iterations > patience {
            chain.limit = settings.max_iterations;
            if let Some(solution) = by_policy(&mut chain, &mut outer, settings, observer, &mut blunt) {
                return solution;
            }
            point.clone_from(&outer);
            halt = chain.run(Rounding::Nearest, &mut point, 0.0, false, observer);
        }
        chain.limit = settings.max_iterations;
        if end == End::Least && !map.shape().from_below {
            halt = pass_jumps(&mut chain, &mut point, halt, observer);
        }
    }
    let iterations = chain.iterations;
    let mut effort = Effort::default();
    let (status, bracket) = match halt {
        Halt::NotOrdered => (Status::Unordered, None),
        Halt::NonFinite => (Status::NonFinite, None),
        // What the chain passed is a bound all the same; on the other side only the corner is.
        Halt::Limit => (
            Status::MaxIterations,
            bounded.then(|| chain.bracket(outer, chain.far_corner())),
        ),
        Halt::Interrupted => (
            Status::Interrupted,
            bounded.then(|| chain.bracket(outer, chain.far_corner())),
        ),
        Halt::Stationary if !bounded => (Status::Bracketed, None),
        // Something is not as the map says.
        Halt::Stationary if floor::refuted(&chain, &outer) => (Status::Unordered, None),
        Halt::Stationary => {
            let mut bracket = prove(&mut chain, settings.tolerance, &point, outer);
            // Rounding that something steep magnifies; what is wider is a tie, and stays undecided. Plain iteration promises its
            // own point, which then need not lie in a narrower bracket.
            if settings.method != Method::Iteration
                && bracket.width > settings.tolerance
                && bracket.width <= MAGNIFIED_ROUNDING
                && let Some(narrower) = fine::recheck(&mut chain, &bracket, settings.tolerance, &mut effort)
                && narrower.width <= settings.tolerance
            {
                for ((x, &low), &high) in point.iter_mut().zip(&narrower.lower).zip(&narrower.upper) {
                    *x = x.clamp(low, high);
                }
                bracket = narrower;
            }
            let certified = bracket.width <= settings.tolerance;
            (
                if certified {
                    Status::Certified
                } else {
                    Status::Bracketed
                },
                Some(bracket),
            )
        }
    };
    let residual = residual_of(&mut chain, &point);
    let solution = Solution {
        point,
        bracket,
        status,
        iterations,
        passes: chain.passes,
        policy_steps: 0,
        linear: effort,
        cycle: None,
        residual,
    };
    match blunt {
        Some(blunt) => narrower(blunt, solution),
        None => solution,
    }
}

/// Moves the outer bound by policy iteration. What is proved as narrowly as asked, or cannot be, is returned; a wider bracket
/// is kept, and what is left is iteration: slopes are too flat to be of use, or there are none.
fn by_policy<M: FixedPointMap>(
    chain: &mut Chain<'_, M>,
    outer: &mut [f64],
    settings: &Settings,
    observer: &mut impl Observer,
    blunt: &mut Option<Solution>,
) -> Option<Solution> {
    let found = policy::solve(chain, outer, settings, observer)?;
    if found.solution.status != Status::Bracketed {
        return Some(found.solution);
    }
    if found.as_narrow_as_rounding {
        chain.limit = chain.limit.min(chain.iterations + LAST_ATTEMPT);
    }
    *blunt = Some(found.solution);
    None
}

/// Of what policy iteration left and what plain iteration made of it, the one whose bracket is narrower.
fn narrower(policy: Solution, iteration: Solution) -> Solution {
    let width = |solution: &Solution| {
        solution
            .bracket
            .as_ref()
            .map_or(f64::INFINITY, |bracket| bracket.width)
    };
    let (iterations, passes) = (iteration.iterations, iteration.passes);
    let (policy_steps, linear) = (policy.policy_steps, policy.linear);
    let kept = if width(&policy) < width(&iteration) {
        policy
    } else {
        iteration
    };
    Solution {
        iterations,
        passes,
        policy_steps,
        linear,
        ..kept
    }
}

/// The narrowest bracket that is needed, by means that grow dearer: the rough outer bound as it is, a sharper one by a
/// few steps, both ends to the last bit.
fn prove<M: FixedPointMap>(
    chain: &mut Chain<'_, M>,
    tolerance: f64,
    point: &[f64],
    mut outer: Vec<f64>,
) -> Bracket {
    // How the outer bound is carried on first, and how the inner one is sought.
    let stages = [
        (None, Precision::Rough, 4.0),
        (Some((Precision::Rough, tolerance / 64.0)), Precision::Rough, 4.0),
        (None, Precision::Sharp, 1.0),
        (Some((Precision::Sharp, tolerance / 64.0)), Precision::Sharp, 1.0),
        (None, Precision::Sharp, 8.0),
        (Some((Precision::Sharp, 0.0)), Precision::Sharp, 8.0),
    ];
    for (carry_on, precision, stretch) in stages {
        if let Some((precision, settled)) = carry_on {
            chain.run(chain.outward(precision), &mut outer, settled, false, &mut ());
        }
        if let Some(inner) = mirrored_inner(chain, point, &outer, precision, stretch) {
            let bracket = chain.bracket(outer.clone(), inner);
            if bracket.width <= tolerance {
                return bracket;
            }
        }
    }
    let inner = far_inner(chain, point);
    chain.bracket(outer, inner)
}

/// A bound on the inner side: the outer bound mirrored at the point, if one evaluation verifies it.
///
/// The outer chain moves toward the point with every step, so to first order the mirror image moves toward it too,
/// which is the inequality that makes it a bound. Components that are exact stay where they are. `stretch` takes the
/// image further away, where rounding on the inner side is coarser than on the outer.
fn mirrored_inner<M: FixedPointMap>(
    chain: &mut Chain<'_, M>,
    point: &[f64],
    outer: &[f64],
    precision: Precision,
    stretch: f64,
) -> Option<Vec<f64>> {
    let inner: Vec<f64> = (0..point.len())
        .map(|n| (point[n] - stretch * (outer[n] - point[n])).clamp(chain.bottom[n], chain.top[n]))
        .collect();
    chain.evaluate(chain.inward(precision), &inner);
    let verified = inner
        .iter()
        .zip(&chain.image)
        .all(|(&x, &image)| match chain.end {
            End::Greatest => x <= image,
            End::Least => x >= image,
        });
    // The image of a verified bound is one too, and lies closer by as much as the map contracts.
    verified.then(|| chain.image.clone())
}

/// A bound on the inner side, sought by iterating inward from the point until the inequality holds.
fn far_inner<M: FixedPointMap>(chain: &mut Chain<'_, M>, point: &[f64]) -> Vec<f64> {
    let mut inner = point.to_vec();
    match chain.run(chain.inward(Precision::Sharp), &mut inner, 0.0, false, &mut ()) {
        Halt::Stationary => inner,
        _ => chain.far_corner(),
    }
}

/// Rising iteration can settle below a jump that its limit reaches exactly (Rogers and Veraart 2013, example
/// 3.3). The limit is tested again a rounding higher; where the image jumps, iteration starts anew from there.
///
/// Afterwards what the raise left above a fixed point comes off by iterating down: from above a fixed point to one
/// never above the greatest. A jump that does not survive this was one of rounding alone, and is taken back.
fn pass_jumps<M: FixedPointMap>(
    chain: &mut Chain<'_, M>,
    point: &mut [f64],
    mut halt: Halt,
    observer: &mut impl Observer,
) -> Halt {
    for _ in 0..MAX_RESTARTS {
        if halt != Halt::Stationary {
            return halt;
        }
        if chain.map.shape().bounded {
            chain.evaluate(Rounding::Above(Precision::Sharp), point);
        } else {
            let raised: Vec<f64> = point.iter().map(|x| x * (1.0 + 4.0 * f64::EPSILON)).collect();
            chain.evaluate(Rounding::Nearest, &raised);
        }
        let jumps = (0..point.len()).any(|n| chain.image[n] - point[n] > JUMP * chain.size(n));
        if !jumps {
            return halt;
        }
        let before = point.to_vec();
        for (x, &image) in point.iter_mut().zip(&chain.image) {
            *x = x.max(image);
        }
        halt = chain.run(Rounding::Nearest, point, 0.0, false, observer);
        if halt != Halt::Stationary {
            return halt;
        }
        let raised = point.to_vec();
        chain.end = End::Greatest;
        halt = chain.run(Rounding::Nearest, point, 0.0, false, observer);
        chain.end = End::Least;
        if (0..point.len()).any(|n| raised[n] - point[n] > JUMP * chain.size(n)) {
            point.copy_from_slice(&before);
            return halt;
        }
    }
    halt
}

/// Whether the image just computed is nearly a fixed point too, and its images: beside a jump a point can come as close to its
/// own image as it likes without a solution being near.
fn stays<M: FixedPointMap>(chain: &mut Chain<'_, M>, tolerance: f64) -> bool {
    let kept = chain.image.clone();
    let mut x = kept.clone();
    let near = (0..FOLLOWED).all(|_| {
        let residual = residual_of(chain, &x);
        x.copy_from_slice(&chain.image);
        residual <= tolerance * GROWTH
    });
    chain.image = kept;
    near
}

fn solve_unordered<M: FixedPointMap>(
    map: &M,
    end: End,
    settings: &Settings,
    observer: &mut impl Observer,
) -> Solution {
    let mut chain = Chain::new(map, end, settings.max_iterations);
    let mut x = chain.near_corner();
    let mut best = (f64::INFINITY, x.clone(), 0_u64);
    let mut step = 1.0;
    let mut status = Status::MaxIterations;
    // A state to come back to, renewed at every power of two (Brent 1980).
    let (mut mark, mut marked) = (x.clone(), 0_u64);
    let mut cycle = None;
    for iteration in 1..=settings.max_iterations {
        let residual = residual_of(&mut chain, &x);
        if residual.is_infinite() {
            status = Status::NonFinite;
            break;
        }
        if residual < best.0 {
            best = (residual, x.clone(), iteration);
        }
        if residual <= settings.tolerance && stays(&mut chain, settings.tolerance) {
            status = Status::Unordered;
            break;
        }
        if iteration - best.2 > PATIENCE {
            if step <= SMALLEST_STEP {
                status = Status::Stalled;
                break;
            }
            step /= 2.0;
            best.2 = iteration;
            x.clone_from(&best.1);
            continue;
        }
        for (old, &new) in x.iter_mut().zip(&chain.image) {
            *old = if step == 1.0 {
                new
            } else {
                *old + step * (new - *old)
            };
        }
        if step == 1.0 && cycle.is_none() {
            let near = |n: usize| (x[n] - mark[n]).abs() <= settings.tolerance * chain.size(n);
            if (0..x.len()).all(near) {
                cycle = Some(iteration - marked);
            } else if iteration.is_power_of_two() {
                mark.clone_from(&x);
                marked = iteration;
            }
        }
        chain.iterations = iteration;
        if let ControlFlow::Break(()) = observer.on_step(Step {
            iteration,
            point: &x,
            change: residual,
        }) {
            status = Status::Interrupted;
            break;
        }
    }
    Solution {
        point: best.1,
        bracket: None,
        status,
        iterations: chain.iterations,
        passes: chain.passes,
        policy_steps: 0,
        linear: Effort::default(),
        cycle,
        residual: best.0,
    }
}
