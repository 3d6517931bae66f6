//! The solve: outer chain, point, inner bound.

use crate::chain::{Chain, Halt, Rounding};
use crate::map::{End, FixedPointMap, Observer, Step};
use crate::solution::{Bracket, Solution, Status};
use std::ops::ControlFlow;

/// What is asked of a solve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Largest width of the bracket, relative to the top of each component.
    pub tolerance: f64,
    /// Largest number of applications of the map in one chain.
    pub max_iterations: u64,
}

impl Default for Settings {
    /// A width of `1e-12` and 100,000 iterations.
    fn default() -> Self {
        Self {
            tolerance: 1e-12,
            max_iterations: 100_000,
        }
    }
}

/// A jump of the image above a limit from below that no rounding explains, relative to the box.
const JUMP: f64 = 1e-9;
/// Restarts after such jumps: each status of each component can jump once, few do.
const MAX_RESTARTS: u32 = 10_000;
/// Iterations without a smaller residual after which an unordered map is damped further.
const PATIENCE: u64 = 200;
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
        solve_isotone(map, end, settings, observer)
    } else {
        solve_unordered(map, end, settings, observer)
    }
}

/// Largest of `|T(x) - x|` over components, relative to the box; infinite if the image is no number.
///
/// At a fixed point it is a few roundings. It does not say how far the nearest fixed point is.
pub fn residual<M: FixedPointMap>(map: &M, x: &[f64]) -> f64 {
    let mut chain = Chain::new(map);
    residual_of(&mut chain, x)
}

fn residual_of<M: FixedPointMap>(chain: &mut Chain<'_, M>, x: &[f64]) -> f64 {
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

fn solve_isotone<M: FixedPointMap>(
    map: &M,
    end: End,
    settings: &Settings,
    observer: &mut impl Observer,
) -> Solution {
    let mut chain = Chain::new(map);
    let (outward, inward) = match end {
        End::Greatest => (Rounding::Above, Rounding::Below),
        End::Least => (Rounding::Below, Rounding::Above),
    };
    let limit = settings.max_iterations;
    let mut point = chain.corner(end);
    let mut outer = None;
    let mut halt = Halt::Stationary;
    if map.shape().bounded {
        halt = chain.run(end, outward, &mut point, limit, true, observer);
        outer = Some(point.clone());
    }
    if halt == Halt::Stationary {
        halt = chain.run(
            end,
            Rounding::Nearest,
            &mut point,
            limit,
            outer.is_none(),
            observer,
        );
        if end == End::Least && !map.shape().from_below {
            halt = pass_jumps(&mut chain, &mut point, halt, limit, observer);
        }
    }
    let iterations = chain.iterations;
    let residual = residual_of(&mut chain, &point);
    let solution = |bracket, status| Solution {
        point: point.clone(),
        bracket,
        status,
        iterations,
        residual,
    };
    let stopped = match halt {
        Halt::Stationary => None,
        Halt::Limit => Some(Status::MaxIterations),
        Halt::NotOrdered => Some(Status::Unordered),
        Halt::NonFinite => Some(Status::NonFinite),
        Halt::Interrupted => Some(Status::Interrupted),
    };
    let outer = match (outer, stopped) {
        (Some(outer), None | Some(Status::MaxIterations | Status::Interrupted)) => outer,
        (_, stopped) => return solution(None, stopped.unwrap_or(Status::Bracketed)),
    };
    // The far corner bounds every fixed point; a verified sub-solution is better.
    let mut inner = chain.corner(opposite(end));
    if stopped.is_none() {
        let mut candidate = point.clone();
        if chain.run(end, inward, &mut candidate, limit, false, &mut ()) == Halt::Stationary {
            inner = candidate;
        }
    }
    let (lower, upper) = match end {
        End::Greatest => (inner, outer),
        End::Least => (outer, inner),
    };
    let width = (0..lower.len()).fold(0.0_f64, |width, n| {
        width.max((upper[n] - lower[n]) / chain.size(n))
    });
    let status = stopped.unwrap_or(if width <= settings.tolerance {
        Status::Certified
    } else {
        Status::Bracketed
    });
    solution(Some(Bracket { lower, upper, width }), status)
}

fn opposite(end: End) -> End {
    match end {
        End::Greatest => End::Least,
        End::Least => End::Greatest,
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
    limit: u64,
    observer: &mut impl Observer,
) -> Halt {
    for _ in 0..MAX_RESTARTS {
        if halt != Halt::Stationary {
            return halt;
        }
        if chain.map.shape().bounded {
            chain.evaluate(Rounding::Above, point);
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
        halt = chain.run(End::Least, Rounding::Nearest, point, limit, false, observer);
        if halt != Halt::Stationary {
            return halt;
        }
        let raised = point.to_vec();
        halt = chain.run(End::Greatest, Rounding::Nearest, point, limit, false, observer);
        if (0..point.len()).any(|n| raised[n] - point[n] > JUMP * chain.size(n)) {
            point.copy_from_slice(&before);
            return halt;
        }
    }
    halt
}

fn solve_unordered<M: FixedPointMap>(
    map: &M,
    end: End,
    settings: &Settings,
    observer: &mut impl Observer,
) -> Solution {
    let mut chain = Chain::new(map);
    let mut x = chain.corner(end);
    let mut best = (f64::INFINITY, x.clone(), 0_u64);
    let mut step = 1.0;
    let mut status = Status::MaxIterations;
    for iteration in 1..=settings.max_iterations {
        let residual = residual_of(&mut chain, &x);
        if residual.is_infinite() {
            status = Status::NonFinite;
            break;
        }
        if residual < best.0 {
            best = (residual, x.clone(), iteration);
        }
        if residual <= settings.tolerance {
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
        residual: best.0,
    }
}
