//! A policy step where slopes bend: on a box that is only as long as the step itself.
//!
//! Slopes that hold all the way down to the other end of the lattice are flat where the map is curved. They need not hold that
//! far. Let `c <= u` be any point, `x* <= u` the greatest fixed point, and `T(u) - T(x) >= J (u - x)` for `c <= x <= u`. The
//! point `y = max(x*, c)` lies in that box, and `T(y) >= T(x*) = x*`. So `d = u - y` satisfies `d >= min(u - c, r + J d)` with
//! `r = u - T(u)`, and is at least the least solution of that, found by iteration from 0. Where `u - c >= r + J (u - c)`,
//! iteration never meets the cap, and the solution is that of `w = r + J w`. Either way `x* <= y = u - d <= u - w`. Nothing is
//! asked of `c`, so it is guessed: twice a Newton step away.

use crate::chain::Chain;
use crate::linear::{Effort, NonNegativeRows, lower_solution};
use crate::map::{End, FixedPointMap};

/// Error of a linear solve, relative to its largest component.
const ACCURACY: f64 = 1e-9;
/// The guess of the box need not be as good.
const ROUGH_ACCURACY: f64 = 1e-3;
/// Sweeps of the capped system.
const SWEEPS: u32 = 32;

/// Writes to `w` how far the bound can move at least, given `r`; leaves the slopes in `rows`. `None`: the map gives none.
pub(crate) fn step<M: FixedPointMap>(
    chain: &mut Chain<'_, M>,
    outer: &[f64],
    r: &[f64],
    rows: &mut NonNegativeRows,
    w: &mut [f64],
) -> Option<Effort> {
    let dim = outer.len();
    rows.clear();
    if !chain
        .map
        .slopes_into(chain.end, outer, outer, rows, &mut chain.work)
    {
        return None;
    }
    let doubled: Vec<f64> = (0..dim)
        .map(|n| 2.0 * r[n] + 4.0 * f64::EPSILON * chain.size(n))
        .collect();
    let mut effort = lower_solution(rows, &doubled, ROUGH_ACCURACY, w);
    let corner: Vec<f64> = (0..dim)
        .map(|n| {
            let length = w[n].max(doubled[n]);
            match chain.end {
                End::Greatest => (outer[n] - length).max(chain.bottom[n]),
                End::Least => (outer[n] + length).min(chain.top[n]),
            }
        })
        .collect();
    rows.clear();
    if !chain
        .map
        .slopes_into(chain.end, outer, &corner, rows, &mut chain.work)
    {
        return None;
    }
    let length = |n: usize| (outer[n] - corner[n]).abs();
    let above: Vec<f64> = (0..dim).map(|n| length(n).next_up()).collect();
    let inside =
        (0..dim).all(|n| (rows.product_sum_above(n, &above) + r[n]).next_up() <= length(n).next_down());
    if inside {
        effort.add(lower_solution(rows, r, ACCURACY, w));
    } else {
        w.fill(0.0);
        for _ in 0..SWEEPS {
            for n in 0..dim {
                w[n] = rows
                    .product_sum_below(n, r[n], w)
                    .min(length(n).next_down().max(0.0));
            }
        }
        effort.sweeps += u64::from(SWEEPS);
    }
    Some(effort)
}
