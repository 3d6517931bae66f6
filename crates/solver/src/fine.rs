//! Re-checks in double-double arithmetic, where a bracket is as narrow as bounds in doubles allow and still too wide.
//!
//! Near a tipping point the error of one application of the map is multiplied by `(I - J)^-1`. The same steps and the same
//! test, done with some 30 digits, leave that product far below what a double can tell.

use crate::chain::Chain;
use crate::linear::{Effort, NonNegativeRows, lower_solution};
use crate::map::{End, FixedPointMap, Twofold};
use crate::shortfall;
use crate::solution::Bracket;

/// Steps of the outer bound.
const STEPS: u32 = 32;
/// How far from the outer bound the inner one is sought, in multiples of the tolerance.
const DISTANCES: [f64; 4] = [1.0 / 64.0, 1.0 / 8.0, 1.0 / 3.0, 7.0 / 8.0];

/// `a + b` and what rounding leaves of it.
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let part = sum - a;
    (sum, (a - (sum - part)) + (b - part))
}

/// `(high + low) + w`, rounded to the side of `side` (1 or -1).
fn moved(high: f64, low: f64, w: f64, side: f64) -> (f64, f64) {
    let (sum, error) = two_sum(high, w);
    let rest = error + low;
    let rest = if side > 0.0 {
        rest.next_up()
    } else {
        rest.next_down()
    };
    two_sum(sum, rest)
}

/// Whether `a <= b`, both with a second part of at most half a unit in the last place of the first.
fn at_most(a: (f64, f64), b: (f64, f64)) -> bool {
    a.0 < b.0 || a.0 == b.0 && a.1 <= b.1
}

/// A lower bound of `a - b`, exact where they are equal.
fn difference_below(a: (f64, f64), b: (f64, f64)) -> f64 {
    let (sum, error) = two_sum(a.0, -b.0);
    let rest = error + (a.1 - b.1);
    let slack = (error.abs() + a.1.abs() + b.1.abs()) * (4.0 * f64::EPSILON);
    if sum == 0.0 && rest == 0.0 && slack == 0.0 {
        return 0.0;
    }
    (sum + (rest - slack)).next_down()
}

/// Narrows a verified bracket to the tolerance, if the map can be evaluated finely.
///
/// `rows` and the linear solves are those of policy iteration; `None` leaves the bracket as it was.
pub(crate) fn recheck<M: FixedPointMap>(
    chain: &mut Chain<'_, M>,
    bracket: &Bracket,
    tolerance: f64,
    effort: &mut Effort,
) -> Option<Bracket> {
    let dim = bracket.lower.len();
    let (start, far) = match chain.end {
        End::Greatest => (&bracket.upper, &bracket.lower),
        End::Least => (&bracket.lower, &bracket.upper),
    };
    // Toward the inner side a bound moves by `side * w`.
    let side = match chain.end {
        End::Greatest => -1.0,
        End::Least => 1.0,
    };
    let mut outer = Twofold::from(start.clone());
    let mut image = outer.clone();
    let mut rows = NonNegativeRows::default();
    if !chain.slopes(start, far, &mut rows) {
        return None;
    }
    let (mut r, mut w, mut short) = (vec![0.0; dim], vec![0.0; dim], vec![0.0; dim]);
    for _ in 0..STEPS {
        if !chain.evaluate_finely(chain.end == End::Greatest, &outer, &mut image) {
            return None;
        }
        for n in 0..dim {
            let low = match chain.end {
                End::Greatest => difference_below(outer.part(n), image.part(n)),
                End::Least => difference_below(image.part(n), outer.part(n)),
            };
            if !low.is_finite() {
                return None;
            }
            (r[n], short[n]) = (low.max(0.0), (-low).max(0.0));
        }
        effort.add(lower_solution(&rows, &r, 1e-9, &mut w));
        shortfall::deduct(&rows, &short, |n| chain.size(n), &mut w, effort);
        let mut change = 0.0_f64;
        for (n, &w) in w.iter().enumerate() {
            let (high, low) = outer.part(n);
            if w > r[n] {
                outer.set(n, moved(high, low, side * w, -side));
            } else if r[n] > 0.0 {
                // The image of a bound is one too.
                outer.set(n, image.part(n));
            }
            change = change.max(w.max(r[n]) / chain.size(n));
        }
        if change <= tolerance / 256.0 {
            break;
        }
    }
    // The shape of what a residual of the same size everywhere leaves open.
    let sizes: Vec<f64> = (0..dim).map(|n| chain.size(n)).collect();
    effort.add(lower_solution(&rows, &sizes, 1e-3, &mut w));
    let widest = (0..dim).fold(0.0_f64, |most, n| most.max(w[n] / sizes[n]));
    if !(widest > 0.0 && widest.is_finite()) {
        return None;
    }
    let mut inner = outer.clone();
    for distance in DISTANCES {
        for (n, &w) in w.iter().enumerate() {
            let (high, low) = outer.part(n);
            let step = w * (distance * tolerance / widest);
            let (corner, inside) = match chain.end {
                End::Greatest => (chain.bottom[n], high - step > chain.bottom[n]),
                End::Least => (chain.top[n], high + step < chain.top[n]),
            };
            inner.set(
                n,
                if inside {
                    moved(high, low, side * step, side)
                } else {
                    (corner, 0.0)
                },
            );
        }
        if !chain.evaluate_finely(chain.end == End::Least, &inner, &mut image) {
            return None;
        }
        let holds = (0..dim).all(|n| match chain.end {
            End::Greatest => at_most(inner.part(n), image.part(n)),
            End::Least => at_most(image.part(n), inner.part(n)),
        });
        if holds {
            return Some(rounded(chain, bracket, &outer, &inner));
        }
    }
    // Where slopes say little, as where a root begins, the point is carried inward until the inequality holds.
    inner.clone_from(&outer);
    for _ in 0..STEPS {
        if !chain.evaluate_finely(chain.end == End::Least, &inner, &mut image) {
            return None;
        }
        let mut holds = true;
        for n in 0..dim {
            let (x, y) = (inner.part(n), image.part(n));
            let inside = match chain.end {
                End::Greatest => at_most(x, y),
                End::Least => at_most(y, x),
            };
            if !inside {
                inner.set(n, y);
                holds = false;
            }
        }
        if holds {
            return Some(rounded(chain, bracket, &outer, &inner));
        }
    }
    None
}

/// Both bounds rounded outward to doubles, and never wider than what was known before.
fn rounded<M: FixedPointMap>(
    chain: &Chain<'_, M>,
    before: &Bracket,
    outer: &Twofold,
    inner: &Twofold,
) -> Bracket {
    let (lower, upper) = match chain.end {
        End::Greatest => (inner, outer),
        End::Least => (outer, inner),
    };
    let lower: Vec<f64> = (0..lower.len())
        .map(|n| lower.below(n).max(before.lower[n]))
        .collect();
    let upper: Vec<f64> = (0..upper.len())
        .map(|n| upper.above(n).min(before.upper[n]))
        .collect();
    match chain.end {
        End::Greatest => chain.bracket(upper, lower),
        End::Least => chain.bracket(lower, upper),
    }
}
