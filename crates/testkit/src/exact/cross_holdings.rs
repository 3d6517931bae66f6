//! Debts of several seniorities and shareholdings, cleared without rounding (Elsinger 2009).
//!
//! Patterns say on which piece of its payments each institution's assets lie; on a pattern everything is linear and is
//! solved exactly. The first is guessed by iterating the map. What is returned is checked to be a fixed point, without
//! any rounding; where outsiders hold some of everything it is the only one.

use super::clearing::eliminate;
use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive, Zero};

/// Institutions with debts by seniority and shares in one another.
pub struct CrossHoldings {
    /// Outside assets by institution.
    pub outside: Vec<BigRational>,
    /// What each owes outside, with seniority 0.
    pub external: Vec<BigRational>,
    /// `debts[l][i][j]`: what `i` owes `j` in layer `l`, the most senior first.
    pub debts: Vec<Vec<Vec<BigRational>>>,
    /// `shares[i][j]`: the fraction of `j`'s equity that `i` holds.
    pub shares: Vec<Vec<BigRational>>,
}

impl CrossHoldings {
    fn face(&self, layer: usize, i: usize) -> BigRational {
        let inside: BigRational = self.debts[layer][i].iter().sum();
        if layer == 0 {
            inside + &self.external[i]
        } else {
            inside
        }
    }

    /// Assets above which each piece of the payments of `i` begins: 0, then the layers' cumulative faces.
    fn begins(&self, i: usize) -> Vec<BigRational> {
        let mut begins = vec![BigRational::zero()];
        for layer in 0..self.debts.len() {
            let next = &begins[layer] + self.face(layer, i);
            begins.push(next);
        }
        begins
    }

    /// The piece that assets lie on: 0 below nothing, then one a layer, then equity.
    fn piece(&self, i: usize, assets: &BigRational) -> usize {
        self.begins(i).iter().take_while(|begin| assets >= begin).count()
    }

    /// What `j` hands to `i` on a piece: a constant and a part of the assets of `j`.
    fn hands(&self, i: usize, j: usize, piece: usize) -> (BigRational, BigRational) {
        let begins = self.begins(j);
        let layers = self.debts.len();
        let (mut constant, mut slope) = (BigRational::zero(), BigRational::zero());
        for (layer, begin) in begins.iter().enumerate().take(layers) {
            let face = self.face(layer, j);
            if face.is_zero() {
                continue;
            }
            let part = &self.debts[layer][j][i] / face;
            if piece > layer + 1 {
                constant += &self.debts[layer][j][i];
            } else if piece == layer + 1 {
                constant -= &part * begin;
                slope += part;
            }
        }
        if piece == layers + 1 {
            constant -= &self.shares[i][j] * &begins[layers];
            slope += &self.shares[i][j];
        }
        (constant, slope)
    }

    /// What everyone's assets would be if `assets` held.
    fn image(&self, assets: &[BigRational]) -> Vec<BigRational> {
        let n = assets.len();
        (0..n)
            .map(|i| {
                let others = (0..n).filter(|&j| j != i);
                others.fold(self.outside[i].clone(), |sum, j| {
                    let (constant, slope) = self.hands(i, j, self.piece(j, &assets[j]));
                    sum + constant + slope * &assets[j]
                })
            })
            .collect()
    }

    /// Assets near the equilibrium: the map iterated in doubles.
    fn roughly(&self) -> Vec<BigRational> {
        const STEPS: u32 = 20_000;
        let double = |x: &BigRational| x.to_f64().expect("of ordinary size");
        let doubles = |matrix: &[Vec<BigRational>]| -> Vec<Vec<f64>> {
            matrix
                .iter()
                .map(|row| row.iter().map(double).collect())
                .collect()
        };
        let n = self.outside.len();
        let outside: Vec<f64> = self.outside.iter().map(double).collect();
        let debts: Vec<_> = self.debts.iter().map(|layer| doubles(layer)).collect();
        let shares = doubles(&self.shares);
        let begins: Vec<Vec<f64>> = (0..n)
            .map(|i| self.begins(i).iter().map(double).collect())
            .collect();
        let mut assets = outside.clone();
        for _ in 0..STEPS {
            let mut next = outside.clone();
            for (j, begins) in begins.iter().enumerate() {
                for (layer, debts) in debts.iter().enumerate() {
                    let face = begins[layer + 1] - begins[layer];
                    if face > 0.0 {
                        let ratio = ((assets[j] - begins[layer]) / face).clamp(0.0, 1.0);
                        (0..n).for_each(|i| next[i] += ratio * debts[j][i]);
                    }
                }
                let equity = (assets[j] - begins[self.debts.len()]).max(0.0);
                (0..n).for_each(|i| next[i] += shares[i][j] * equity);
            }
            assets = next;
        }
        assets
            .into_iter()
            .map(|x| BigRational::from_float(x).expect("finite"))
            .collect()
    }

    /// Assets of every institution in equilibrium; `None` where a pattern's equations are singular or patterns recur.
    pub fn assets(&self) -> Option<Vec<BigRational>> {
        let n = self.outside.len();
        let near = self.roughly();
        let mut pieces: Vec<usize> = (0..n).map(|i| self.piece(i, &near[i])).collect();
        for _ in 0..20 {
            let mut matrix = vec![vec![BigRational::zero(); n + 1]; n];
            for (i, row) in matrix.iter_mut().enumerate() {
                row[n] = self.outside[i].clone();
                row[i] += BigRational::from_integer(1.into());
                for (j, &piece) in pieces.iter().enumerate().filter(|&(j, _)| j != i) {
                    let (constant, slope) = self.hands(i, j, piece);
                    row[n] += constant;
                    row[j] -= slope;
                }
            }
            let assets = eliminate(matrix)?;
            if self.image(&assets) == assets {
                return Some(assets);
            }
            pieces = (0..n).map(|i| self.piece(i, &assets[i])).collect();
        }
        None
    }

    /// Payment of `i` in a layer, from its assets, to creditors inside and outside.
    pub fn payment(&self, layer: usize, i: usize, assets: &BigRational) -> BigRational {
        let left = assets - &self.begins(i)[layer];
        if left.is_negative() {
            BigRational::zero()
        } else {
            left.min(self.face(layer, i))
        }
    }

    /// Assets less all liabilities, not floored.
    pub fn equity(&self, i: usize, assets: &BigRational) -> BigRational {
        assets - &self.begins(i)[self.debts.len()]
    }
}
