//! A policy step where slopes bend: on a box that is only as long as the step itself.
//!
//! Slopes that hold all the way down to the other end of the lattice are flat where the map is curved. They need not hold that
//! far. Let `c <= u` be any point, `x* <= u` the greatest fixed point, and `T(u) - T(x) >= J (u - x)` for `c <= x <= u`. The
//! point `y = max(x*, c)` lies in that box, and `T(y) >= T(x*) = x*`. So `d = u - y` satisfies `d >= min(v, r + J d)` with
//! `v = u - c` and `r = u - T(u)`, and is at least the least solution `z` of `z = min(v, r + J z)`: `x* <= y <= u - z`. Nothing
//! is asked of `c`, so it is guessed: twice a Newton step away. Three ways lead to lower bounds of `z`.
//!
//! * Where `v >= r + J v`, iteration from 0 never meets the cap, and `z` solves `w = r + J w`.
//! * Each iterate from 0 is one.
//! * So is every `w <= v` with `w < r + J w` wherever `w > 0`, if `z > 0` there: let `k` be the least number with `w <= k z`, and
//!   `w = k z` at `n`. Were `k > 1`, then `z < v` at `n`, and `w < r + J w <= k (r + J z) = k z` there. Past a tipping point,
//!   where `J` multiplies, that is the whole box.

use crate::chain::Chain;
use crate::linear::{Effort, NonNegativeRows, lower_solution};
use crate::map::{End, FixedPointMap};

/// Error of a linear solve, relative to its largest component.
const ACCURACY: f64 = 1e-9;
/// The guess of the box need not be as good.
const ROUGH_ACCURACY: f64 = 1e-3;
/// Sweeps of the capped system, each way.
const SWEEPS: u32 = 32;
/// Longest box, in multiples of the guess.
const FARTHEST: f64 = 1e12;

/// Writes to `w` how far the bound can move at least, given `r`; leaves the slopes in `rows`. `None`: the map gives none.
///
/// `reach` says by how much boxes are longer than the guess: steps that fill theirs ask for longer ones. It starts at 1.
pub(crate) fn step<M: FixedPointMap>(
    chain: &mut Chain<'_, M>,
    outer: &[f64],
    r: &[f64],
    rows: &mut NonNegativeRows,
    w: &mut [f64],
    reach: &mut f64,
) -> Option<Effort> {
    let dim = outer.len();
    if !chain.slopes(outer, outer, rows) {
        return None;
    }
    let doubled: Vec<f64> = (0..dim)
        .map(|n| 2.0 * r[n] + 4.0 * f64::EPSILON * chain.size(n))
        .collect();
    let mut effort = lower_solution(rows, &doubled, ROUGH_ACCURACY, w);
    let corner: Vec<f64> = (0..dim)
        .map(|n| {
            let length = w[n].max(*reach * doubled[n]);
            match chain.end {
                End::Greatest => (outer[n] - length).max(chain.bottom[n]),
                End::Least => (outer[n] + length).min(chain.top[n]),
            }
        })
        .collect();
    if !chain.slopes(outer, &corner, rows) {
        return None;
    }
    let length = |n: usize| (outer[n] - corner[n]).abs();
    let above: Vec<f64> = (0..dim).map(|n| length(n).next_up()).collect();
    let inside =
        (0..dim).all(|n| (rows.product_sum_above(n, &above) + r[n]).next_up() <= length(n).next_down());
    if inside {
        effort.add(lower_solution(rows, r, ACCURACY, w));
        *reach = 1.0;
    } else {
        let caps: Vec<f64> = (0..dim).map(|n| length(n).next_down().max(0.0)).collect();
        capped(rows, r, &caps, w);
        effort.sweeps += 2 * u64::from(SWEEPS);
        let whole = (0..dim).any(|n| w[n] > 0.0 && w[n] >= caps[n]);
        *reach = if whole { (*reach * 4.0).min(FARTHEST) } else { 1.0 };
    }
    Some(effort)
}

/// A lower bound of the least solution of `z = min(cap, r + J z)`.
fn capped(rows: &NonNegativeRows, r: &[f64], caps: &[f64], w: &mut [f64]) {
    w.fill(0.0);
    for _ in 0..SWEEPS {
        for n in 0..w.len() {
            w[n] = rows.product_sum_below(n, r[n], w).min(caps[n]);
        }
    }
    // Downward from the caps, where something arrives at all.
    let mut most: Vec<f64> = w
        .iter()
        .zip(caps)
        .map(|(&w, &cap)| if w > 0.0 { cap } else { 0.0 })
        .collect();
    let image = |most: &[f64], n: usize| rows.product_sum_below(n, r[n], most).next_down().max(0.0);
    for _ in 0..SWEEPS {
        for n in 0..most.len() {
            most[n] = most[n].min(image(&most, n));
        }
    }
    if (0..most.len()).all(|n| most[n] == 0.0 || most[n] <= image(&most, n)) {
        for (w, most) in w.iter_mut().zip(most) {
            *w = w.max(most);
        }
    }
}
