//! One strongly connected class of a linear system.

use super::elimination::Elimination;
use super::krylov::Krylov;
use super::{Effort, NonNegativeRows};

/// Classes up to this size are always solved directly.
const SMALL_CLASS: usize = 48;
/// Classes up to this size are solved directly where iteration is slow.
const DENSE_CLASS: usize = 1_500;
/// Sweeps before the speed of convergence is judged.
const TRIAL_SWEEPS: u64 = 12;
/// Sweeps that are worth less than other means.
const MANY_SWEEPS: f64 = 120.0;
/// Most sweeps on a class.
const MAX_SWEEPS: u64 = 400;

/// `w = r + J w` within a class, what comes from outside the class added to `r`.
pub(super) struct Class {
    rows: NonNegativeRows,
    r: Vec<f64>,
}

impl Class {
    /// `w` holds what is solved already and zero elsewhere; `place` is scratch of unused numbers and is left as such.
    pub fn new(rows: &NonNegativeRows, members: &[u32], r: &[f64], w: &[f64], place: &mut [u32]) -> Self {
        for (local, &member) in members.iter().enumerate() {
            place[member as usize] = local as u32;
        }
        let mut class = Self {
            rows: NonNegativeRows::default(),
            r: Vec::with_capacity(members.len()),
        };
        for &member in members {
            let n = member as usize;
            class.r.push(rows.product_sum_below(n, r[n], w));
            for (m, value) in rows.row(n) {
                if place[m] != u32::MAX {
                    class.rows.push(place[m], value);
                }
            }
            class.rows.end_row();
        }
        for &member in members {
            place[member as usize] = u32::MAX;
        }
        class
    }

    /// Hands each local row's bound to `store`.
    pub fn solve(&self, accuracy: f64, mut store: impl FnMut(usize, f64)) -> Effort {
        let mut w = vec![0.0; self.r.len()];
        let mut effort = Effort::default();
        if self.r.iter().any(|&r| r > 0.0) {
            self.fill(accuracy, &mut w, &mut effort);
        }
        w.into_iter().enumerate().for_each(|(n, value)| store(n, value));
        effort
    }

    fn fill(&self, accuracy: f64, w: &mut [f64], effort: &mut Effort) {
        let size = self.r.len();
        if size <= SMALL_CLASS && self.solve_directly(SMALL_CLASS, w) {
            effort.direct += size;
            return;
        }
        if self.sweep(w, accuracy, TRIAL_SWEEPS, effort) <= MANY_SWEEPS {
            self.sweep(w, accuracy, MAX_SWEEPS, effort);
            return;
        }
        // Long chains and rings eliminate without fill; what is dense and small is cheap enough.
        if self.solve_directly(SMALL_CLASS, w) {
            effort.direct += size;
        } else if self.solve_by_krylov(accuracy, w, effort) {
        } else if size <= DENSE_CLASS && self.solve_directly(DENSE_CLASS, w) {
            effort.direct += size;
        } else {
            self.sweep(w, accuracy, MAX_SWEEPS, effort);
        }
    }

    /// Gauss-Seidel upward, rounding down: every iterate is a bound. Returns how many more sweeps seem to be needed.
    fn sweep(&self, w: &mut [f64], accuracy: f64, limit: u64, effort: &mut Effort) -> f64 {
        let mut before = f64::INFINITY;
        let mut needed = f64::INFINITY;
        for _ in 0..limit {
            let (mut change, mut largest) = (0.0_f64, 0.0_f64);
            for n in 0..w.len() {
                let new = self.rows.product_sum_below(n, self.r[n], w);
                if new > w[n] {
                    change = change.max(new - w[n]);
                    w[n] = new;
                }
                largest = largest.max(w[n]);
            }
            effort.sweeps += 1;
            // The first sweep says nothing of the speed.
            let ratio = if before.is_finite() { change / before } else { 1.0 };
            before = change;
            let wanted = accuracy.max(8.0 * f64::EPSILON) * largest;
            if change == 0.0 || ratio < 1.0 && change * ratio <= wanted * (1.0 - ratio) {
                return 0.0;
            }
            needed = if ratio < 1.0 {
                (wanted * (1.0 - ratio) / change).ln() / ratio.ln()
            } else {
                f64::INFINITY
            };
        }
        needed
    }

    fn solve_directly(&self, dense: usize, w: &mut [f64]) -> bool {
        let Some(elimination) = Elimination::new(&self.rows, dense) else {
            return false;
        };
        let mut ones = vec![1.0; w.len()];
        let mut solution = self.r.clone();
        elimination.solve(&mut ones);
        elimination.solve(&mut solution);
        self.improve(w, &solution, &ones)
    }

    fn solve_by_krylov(&self, accuracy: f64, w: &mut [f64], effort: &mut Effort) -> bool {
        let mut krylov = Krylov::new(&self.rows);
        let ones = krylov.solve(&vec![1.0; w.len()], 0.1);
        let solution = krylov.solve(&self.r, accuracy);
        effort.sweeps += krylov.products;
        match (ones, solution) {
            (Some(ones), Some(solution)) => self.improve(w, &solution, &ones),
            _ => false,
        }
    }

    /// Raises the bound `w` to what `solution` proves, where `z`, about `(I - J)^-1 1`, shows that `I - J` is a non-singular
    /// M-matrix: `z > 0` and `J z < z`.
    ///
    /// Then a `v >= 0` with `v <= r + J v` wherever it is not zero bounds every `d >= r + J d`. Rounding breaks this for the
    /// computed solution by a little, which taking off a multiple of `z` mends.
    fn improve(&self, w: &mut [f64], solution: &[f64], z: &[f64]) -> bool {
        let count = w.len();
        let mut stretch = 0.0_f64;
        for n in 0..count {
            let slack = (z[n] - self.rows.product_sum_above(n, z)).next_down();
            if !(z[n] > 0.0 && slack > 0.0 && solution[n].is_finite()) {
                return false;
            }
            let excess = solution[n] - self.rows.product_sum_below(n, self.r[n], solution);
            stretch = stretch.max(excess / slack);
        }
        for factor in [1.0, 2.0, 8.0, 64.0] {
            let bound: Vec<f64> = solution
                .iter()
                .zip(z)
                .map(|(&value, &z)| (value - factor * stretch * z).max(0.0))
                .collect();
            let holds =
                |n: usize| bound[n] == 0.0 || bound[n] <= self.rows.product_sum_below(n, self.r[n], &bound);
            if (0..count).all(holds) {
                w.iter_mut().zip(bound).for_each(|(w, bound)| *w = w.max(bound));
                return true;
            }
        }
        false
    }
}
