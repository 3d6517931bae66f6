//! Linear systems `(I - A) x = b` of a cascade's derivatives: by elimination where they are small, else by a Krylov method
//! that needs products only.

use crate::StressError;
use delever_cascade::Linearization;
use nalgebra::{DMatrix, DVector, Dyn, LU};

/// Unknowns up to which elimination is cheaper than the memory it takes.
const FEW: usize = 400;
/// Largest residual, relative to the right-hand side in the largest component, of a solution that is handed out.
const PROMISED: f64 = 1e-9;
/// Directions that the Krylov method keeps before it starts anew.
const KEPT: usize = 60;
/// New starts, each of which goes on from what the last one reached.
const STARTS: usize = 50;

/// Which system is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// `A = J`: how the state answers.
    Forward,
    /// `A = J'`: what a figure owes to each component of the state.
    Adjoint,
}

/// A solution and its residual, relative to the right-hand side in the largest component.
pub(super) struct Solved {
    pub x: Vec<f64>,
    pub residual: f64,
}

/// Solves systems at one state. Components are measured in their sizes, so that prices of assets in other units weigh alike.
pub(super) struct LinearSystem {
    sizes: Vec<f64>,
    /// `I - J` in units of the sizes, and its transpose, eliminated; `None` where it is large.
    eliminated: Option<[LU<f64, Dyn, Dyn>; 2]>,
}

impl LinearSystem {
    pub fn new(linear: &Linearization<'_>) -> Self {
        let sizes = linear.sizes();
        let eliminated = (1..=FEW).contains(&linear.dim()).then(|| {
            let matrix = dense(linear, &sizes);
            [LU::new(matrix.clone()), LU::new(matrix.transpose())]
        });
        Self { sizes, eliminated }
    }

    /// Solves for one right-hand side, and measures the residual of what came out.
    pub fn solve(&self, linear: &Linearization<'_>, side: Side, rhs: &[f64]) -> Result<Solved, StressError> {
        // Forward `x = size y`; the adjoint's components are per unit of the state's, so they scale the other way.
        let scale = |vector: &[f64], up: bool| -> Vec<f64> {
            let sized = vector.iter().zip(&self.sizes);
            if up == (side == Side::Forward) {
                sized.map(|(x, size)| x * size).collect()
            } else {
                sized.map(|(x, size)| x / size).collect()
            }
        };
        let apply = |y: &[f64]| -> Vec<f64> {
            let x = scale(y, true);
            let moved = match side {
                Side::Forward => linear.product(&x),
                Side::Adjoint => linear.transposed_product(&x),
            };
            let moved = scale(&moved, false);
            y.iter().zip(moved).map(|(y, moved)| y - moved).collect()
        };
        let b = scale(rhs, false);
        let y = match &self.eliminated {
            Some([forward, adjoint]) => {
                let lu = if side == Side::Forward { forward } else { adjoint };
                eliminate(lu, apply, &b)?
            }
            None => krylov(apply, &b),
        };
        let largest = |vector: &[f64]| vector.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
        let left: Vec<f64> = b.iter().zip(apply(&y)).map(|(b, image)| b - image).collect();
        let size = largest(&b);
        let residual = if size == 0.0 { 0.0 } else { largest(&left) / size };
        if residual <= PROMISED && y.iter().all(|y| y.is_finite()) {
            Ok(Solved {
                x: scale(&y, true),
                residual,
            })
        } else {
            Err(StressError::Inaccurate { residual })
        }
    }
}

/// `I - J` in units of the sizes.
fn dense(linear: &Linearization<'_>, sizes: &[f64]) -> DMatrix<f64> {
    let mut matrix = DMatrix::identity(sizes.len(), sizes.len());
    let [down, out, prices] = linear.layers();
    for (row, middle, price) in prices.triplets() {
        for (response, money) in out.row(middle as usize).iter() {
            for (column, slope) in down.row(response).iter() {
                matrix[(row as usize, column)] -=
                    price * money * slope * (sizes[column] / sizes[row as usize]);
            }
        }
    }
    matrix
}

/// Elimination, and one step that makes up for its roundings.
fn eliminate(
    lu: &LU<f64, Dyn, Dyn>,
    apply: impl Fn(&[f64]) -> Vec<f64>,
    b: &[f64],
) -> Result<Vec<f64>, StressError> {
    let solve = |b: &[f64]| {
        lu.solve(&DVector::from_column_slice(b))
            .ok_or(StressError::Singular)
    };
    let mut y: Vec<f64> = solve(b)?.iter().copied().collect();
    let left: Vec<f64> = b.iter().zip(apply(&y)).map(|(b, image)| b - image).collect();
    for (y, step) in y.iter_mut().zip(solve(&left)?.iter()) {
        *y += step;
    }
    Ok(y)
}

/// The generalised minimal residual method with restarts (Saad and Schultz 1986), from zero to the digits of doubles or until
/// it makes no more progress.
fn krylov(apply: impl Fn(&[f64]) -> Vec<f64>, b: &[f64]) -> Vec<f64> {
    const ENOUGH: f64 = 1e-14;
    let norm = |vector: &[f64]| vector.iter().map(|x| x * x).sum::<f64>().sqrt();
    let size = norm(b);
    let mut y = vec![0.0; b.len()];
    let mut last = f64::INFINITY;
    for _ in 0..STARTS {
        let image = apply(&y);
        let mut left: Vec<f64> = b.iter().zip(image).map(|(b, image)| b - image).collect();
        let length = norm(&left);
        if !(length > ENOUGH * size && length < 0.9 * last) {
            break;
        }
        last = length;
        for x in &mut left {
            *x /= length;
        }
        let mut basis = vec![left];
        // Columns of the triangular factor, the rotations that made it, and the turned right-hand side.
        let mut columns: Vec<Vec<f64>> = Vec::new();
        let mut rotations: Vec<(f64, f64)> = Vec::new();
        let mut turned = vec![length];
        while columns.len() < KEPT {
            let mut next = apply(&basis[columns.len()]);
            let mut column = Vec::with_capacity(basis.len() + 1);
            for direction in &basis {
                let along: f64 = direction.iter().zip(&next).map(|(a, b)| a * b).sum();
                next.iter_mut().zip(direction).for_each(|(x, d)| *x -= along * d);
                column.push(along);
            }
            // Once more: what rounding left along earlier directions.
            for (direction, along) in basis.iter().zip(&mut column) {
                let rest: f64 = direction.iter().zip(&next).map(|(a, b)| a * b).sum();
                next.iter_mut().zip(direction).for_each(|(x, d)| *x -= rest * d);
                *along += rest;
            }
            let rest = norm(&next);
            for (n, &(cosine, sine)) in rotations.iter().enumerate() {
                let (upper, lower) = (column[n], column[n + 1]);
                column[n] = cosine * upper + sine * lower;
                column[n + 1] = cosine * lower - sine * upper;
            }
            let n = columns.len();
            let length = column[n].hypot(rest);
            if length == 0.0 {
                break;
            }
            let (cosine, sine) = (column[n] / length, rest / length);
            column[n] = length;
            rotations.push((cosine, sine));
            turned.push(-sine * turned[n]);
            turned[n] *= cosine;
            columns.push(column);
            if rest == 0.0 || turned[n + 1].abs() <= 0.1 * ENOUGH * size {
                break;
            }
            for x in &mut next {
                *x /= rest;
            }
            basis.push(next);
        }
        let mut weights = vec![0.0; columns.len()];
        for n in (0..columns.len()).rev() {
            let known: f64 = (n + 1..columns.len()).map(|m| columns[m][n] * weights[m]).sum();
            weights[n] = (turned[n] - known) / columns[n][n];
        }
        for (direction, weight) in basis.iter().zip(weights) {
            y.iter_mut().zip(direction).for_each(|(y, d)| *y += weight * d);
        }
    }
    y
}

#[cfg(test)]
mod tests {
    use super::krylov;

    /// A ring of debts with leaks: `(I - A) x = b` with one eigenvalue close to 1.
    #[test]
    fn krylov_solves_a_nearly_critical_ring() {
        const COUNT: usize = 500;
        let keep = 1.0 - 1e-6;
        let apply = |x: &[f64]| -> Vec<f64> {
            (0..COUNT)
                .map(|n| x[n] - keep * (0.5 * x[(n + 1) % COUNT] + 0.5 * x[(n + 7) % COUNT]))
                .collect()
        };
        let expected: Vec<f64> = (0..COUNT).map(|n| 1.0 + (n % 5) as f64).collect();
        let b = apply(&expected);
        let found = krylov(apply, &b);
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-8, "{found} {expected}");
        }
    }
}
