//! Bounds that lie below their own images by a rounding.
//!
//! With `d = u - x*` and slopes `J`, `d >= r + J d` where `r = u - T(u)`. A step that is rounded can leave `u` a rounding below
//! `T(u)` in some component, so that `r` is negative there: `r = p - s` with `p, s >= 0`. Leaving `s` out would claim too much, by
//! `(I - J)^-1 s`: much more than a rounding, near a tipping point. But if `e >= s + J e`, then `d + e >= p + J (d + e)`, so whatever is
//! concluded from `p` alone holds of `d + e`, and what is concluded of `d` is less by `e`.

use crate::linear::{Effort, NonNegativeRows, lower_solution};

/// By how much larger than the shortfall the residual is that `e` is sought for, so that its own rounding does no harm.
const MARGIN: f64 = 1e-3;
/// Error of the linear solve, relative to its largest component.
const ACCURACY: f64 = 1e-9;

/// Takes from the step `w`, which was found without the shortfall, what it costs. A step that cannot be saved becomes nothing.
pub(crate) fn deduct(
    rows: &NonNegativeRows,
    short: &[f64],
    size: impl Fn(usize) -> f64,
    w: &mut [f64],
    effort: &mut Effort,
) {
    let most = (0..short.len()).fold(0.0_f64, |most, n| most.max(short[n] / size(n)));
    if most == 0.0 {
        return;
    }
    let mut e = vec![0.0; short.len()];
    effort.add(lower_solution(rows, short, ACCURACY, &mut e));
    // Where nothing of it arrives, nothing is taken.
    let target: Vec<f64> = (0..short.len())
        .map(|n| {
            let margin = if e[n] > 0.0 { MARGIN * most * size(n) } else { 0.0 };
            2.0 * short[n] + margin
        })
        .collect();
    effort.add(lower_solution(rows, &target, ACCURACY, &mut e));
    let holds = (0..short.len()).all(|n| {
        let least = (rows.product_sum_above(n, &e) + short[n]).next_up();
        (e[n] == 0.0 && short[n] == 0.0 && rows.row(n).all(|(m, _)| e[m] == 0.0)) || e[n] >= least
    });
    for (w, e) in w.iter_mut().zip(e) {
        *w = if holds && e < *w {
            if e == 0.0 {
                *w
            } else {
                (*w - e).next_down().max(0.0)
            }
        } else {
            0.0
        };
    }
}
