//! BiCGSTAB (van der Vorst 1992) on `(I - J) x = b`.

use super::NonNegativeRows;

const MAX_STEPS: usize = 1_000;

/// A solver that counts its products with the matrix.
pub(super) struct Krylov<'r> {
    rows: &'r NonNegativeRows,
    pub products: u64,
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

impl<'r> Krylov<'r> {
    pub fn new(rows: &'r NonNegativeRows) -> Self {
        Self { rows, products: 0 }
    }

    /// `out = x - J x`.
    fn apply(&mut self, x: &[f64], out: &mut [f64]) {
        self.products += 1;
        for (n, slot) in out.iter_mut().enumerate() {
            *slot = x[n] - self.rows.product_sum(n, 0.0, x);
        }
    }

    /// `None` if the method breaks down or does not reach `accuracy`, the residual relative to `b` in the Euclidean norm.
    pub fn solve(&mut self, b: &[f64], accuracy: f64) -> Option<Vec<f64>> {
        let count = b.len();
        let mut x = vec![0.0; count];
        let mut residual = b.to_vec();
        let shadow = residual.clone();
        let mut direction = residual.clone();
        let (mut image, mut second) = (vec![0.0; count], vec![0.0; count]);
        let wanted = accuracy.max(1e-14) * dot(b, b).sqrt();
        let mut rho = dot(&shadow, &residual);
        for _ in 0..MAX_STEPS {
            self.apply(&direction, &mut image);
            let alpha = rho / dot(&shadow, &image);
            for n in 0..count {
                residual[n] -= alpha * image[n];
            }
            self.apply(&residual, &mut second);
            let omega = dot(&second, &residual) / dot(&second, &second);
            if !omega.is_finite() && dot(&residual, &residual) == 0.0 {
                (0..count).for_each(|n| x[n] += alpha * direction[n]);
                return Some(x);
            }
            for n in 0..count {
                x[n] += alpha * direction[n] + omega * residual[n];
                residual[n] -= omega * second[n];
            }
            let size = dot(&residual, &residual).sqrt();
            if !size.is_finite() {
                return None;
            }
            if size <= wanted {
                return Some(x);
            }
            let next = dot(&shadow, &residual);
            let beta = (next / rho) * (alpha / omega);
            rho = next;
            for n in 0..count {
                direction[n] = residual[n] + beta * (direction[n] - omega * image[n]);
            }
        }
        None
    }
}
