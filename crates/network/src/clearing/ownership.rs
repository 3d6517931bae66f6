//! What shares are worth when their issuers' own worth is known: `w = (base + S w)^+`.

use delever_core::SparseRows;
use delever_core::error_free::{CompensatedSum, add_up};

/// Sweeps after which a solve that still moves is given up: the classes that need more are owned almost wholly from
/// within, and are refused when the model is built.
const SWEEPS: usize = 20_000;

/// Institutions that own one another's shares all but wholly: whatever they are worth is worth many times itself.
///
/// Returns the issuers of which the series `1 + S 1 + S^2 1 + ...` does not settle.
pub(super) fn wholly_owned(shareholdings: &SparseRows) -> Vec<u32> {
    let count = shareholdings.row_count();
    let mut worth = vec![0.0; count];
    if settle(shareholdings, &vec![1.0; count], &mut worth) {
        return Vec::new();
    }
    // One more sweep: who still moves is in such a class or owns into one. Those owned from inside are what is named.
    let before = worth.clone();
    sweep(shareholdings, &vec![1.0; count], &mut worth, 0.0);
    let moved: Vec<bool> = worth
        .iter()
        .zip(&before)
        .map(|(now, then)| now - then > f64::EPSILON * 4.0 * now)
        .collect();
    let mut owned = vec![false; count];
    for (holder, issuer, _) in shareholdings.triplets() {
        owned[issuer as usize] |= moved[holder as usize];
    }
    (0..count as u32)
        .filter(|&n| moved[n as usize] && owned[n as usize])
        .collect()
}

/// The least solution of `w = max(0, base + S w)`, to a few roundings; whether it settled.
pub(super) fn settle(shareholdings: &SparseRows, base: &[f64], worth: &mut [f64]) -> bool {
    worth.fill(0.0);
    (0..SWEEPS).any(|_| sweep(shareholdings, base, worth, 0.0) <= 2.0 * f64::EPSILON)
}

/// The solution of `w = base + S w`, whatever its signs, to a few roundings.
pub(super) fn accumulate(shareholdings: &SparseRows, base: &[f64], worth: &mut [f64]) {
    worth.fill(0.0);
    for _ in 0..SWEEPS {
        if sweep(shareholdings, base, worth, f64::NEG_INFINITY) <= 2.0 * f64::EPSILON {
            return;
        }
    }
}

/// One pass in order, each institution seeing what those before it are worth by now; the largest relative change.
fn sweep(shareholdings: &SparseRows, base: &[f64], worth: &mut [f64], floor: f64) -> f64 {
    let mut largest = 0.0_f64;
    for n in 0..worth.len() {
        let new = (base[n] + shareholdings.row(n).product_sum(worth)).max(floor);
        largest = largest.max((new - worth[n]).abs() / new.abs().max(f64::MIN_POSITIVE));
        worth[n] = new;
    }
    largest
}

/// A bound that no share value exceeds, from bounds of what everyone is worth without shares: `base^+ + S w <= w`
/// holds in exact arithmetic.
pub(super) fn upper_bound(shareholdings: &SparseRows, base: &[f64], bound: &mut [f64]) {
    let scale = base.iter().fold(0.0_f64, |largest, &value| largest.max(value));
    let above = |share: f64| -> Vec<f64> {
        base.iter()
            .map(|&value| value.max(0.0) + (value.max(0.0) + scale * 1e-6 + f64::MIN_POSITIVE) * share)
            .collect()
    };
    // A little more for everyone leaves room for rounding: as little as will do.
    for share in [0.0, 1e-15, 1e-13, 1e-11, 1e-9, 1e-6, 1e-3, 1.0, 1e3, 1e6] {
        settle(shareholdings, &above(share), bound);
        if holds(shareholdings, base, bound) {
            return;
        }
    }
}

fn holds(shareholdings: &SparseRows, base: &[f64], bound: &[f64]) -> bool {
    (0..bound.len()).all(|n| {
        let mut sum = CompensatedSum::default();
        for (issuer, fraction) in shareholdings.row(n).iter() {
            sum.add_product(fraction, bound[issuer]);
        }
        add_up(base[n].max(0.0), sum.bounds().1) <= bound[n]
    })
}
