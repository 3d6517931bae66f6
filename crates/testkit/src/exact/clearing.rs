//! Pure clearing without rounding: the greatest clearing vector in fractions of integers.
//!
//! Growth of the default set (Eisenberg and Noe 2001; Rogers and Veraart 2013) with Gaussian elimination. Once in
//! default at a point above the solution, an institution is in default at the solution; so from payments in full
//! the set only grows, and each set is solved exactly.

use crate::case::{Case, CaseClearing};
use num_rational::BigRational;
use num_traits::{One, Signed, Zero};

/// Clearing at fixed prices: what every institution owns outside, owes and may recover.
pub struct ExactClearing {
    outside: Vec<BigRational>,
    external: Vec<BigRational>,
    debts: Vec<Vec<BigRational>>,
    owed: Vec<BigRational>,
    liabilities: Vec<BigRational>,
    kind: Kind,
}

enum Kind {
    EisenbergNoe(Vec<bool>),
    RogersVeraart(Vec<(BigRational, BigRational)>),
}

/// Exactly `value`.
///
/// # Panics
/// If `value` is no finite number.
pub fn rational(value: f64) -> BigRational {
    BigRational::from_float(value).expect("a finite number")
}

impl ExactClearing {
    /// Clearing of a case at its shocked prices: exact where sales move no price. `None` without clearing.
    pub fn new(case: &Case) -> Option<Self> {
        let shocked = case.shocked_prices();
        let cash = case.cash_after();
        let outside = (0..case.institution_count())
            .map(|i| {
                let holdings = case.holdings[i].iter().zip(&shocked);
                holdings.fold(
                    rational(cash[i]) + rational(case.other_assets[i]),
                    |sum, (units, price)| sum + rational(*units) * rational(*price),
                )
            })
            .collect();
        let external: Vec<BigRational> = case.external_liabilities.iter().map(|&x| rational(x)).collect();
        let debts: Vec<Vec<BigRational>> = case
            .debts
            .iter()
            .map(|row| row.iter().map(|&x| rational(x)).collect())
            .collect();
        let owed: Vec<BigRational> = debts.iter().map(|row| row.iter().sum()).collect();
        Some(Self {
            outside,
            liabilities: owed.iter().zip(&external).map(|(a, b)| a + b).collect(),
            external,
            debts,
            owed,
            kind: match &case.clearing {
                CaseClearing::None | CaseClearing::Furfine { .. } => return None,
                CaseClearing::EisenbergNoe { external_senior } => Kind::EisenbergNoe(external_senior.clone()),
                CaseClearing::RogersVeraart { alpha, beta } => Kind::RogersVeraart(
                    alpha
                        .iter()
                        .zip(beta)
                        .map(|(&a, &b)| (rational(a), rational(b)))
                        .collect(),
                ),
            },
        })
    }

    fn received(&self, i: usize, ratios: &[BigRational]) -> BigRational {
        self.debts
            .iter()
            .zip(ratios)
            .map(|(row, ratio)| &row[i] * ratio)
            .sum()
    }

    /// Whether the institution pays its creditors inside in full.
    fn pays_in_full(&self, i: usize, ratios: &[BigRational]) -> bool {
        let assets = &self.outside[i] + self.received(i, ratios);
        match &self.kind {
            Kind::EisenbergNoe(_) => self.owed[i].is_zero() || assets >= self.liabilities[i],
            Kind::RogersVeraart(_) => assets >= self.liabilities[i] || self.liabilities[i].is_zero(),
        }
    }

    /// In default the ratio is the positive part of `constant + slope received`: the two numbers.
    fn in_default(&self, i: usize) -> (BigRational, BigRational) {
        let one = BigRational::one();
        match &self.kind {
            Kind::EisenbergNoe(senior) if senior[i] => (
                (&self.outside[i] - &self.external[i]) / &self.owed[i],
                one / &self.owed[i],
            ),
            Kind::EisenbergNoe(_) => (
                &self.outside[i] / &self.liabilities[i],
                one / &self.liabilities[i],
            ),
            Kind::RogersVeraart(rows) => (
                if self.outside[i].is_negative() {
                    &self.outside[i] / &self.liabilities[i]
                } else {
                    &rows[i].0 * &self.outside[i] / &self.liabilities[i]
                },
                &rows[i].1 / &self.liabilities[i],
            ),
        }
    }

    /// The map itself.
    pub fn image(&self, ratios: &[BigRational]) -> Vec<BigRational> {
        (0..ratios.len())
            .map(|i| {
                if self.pays_in_full(i, ratios) {
                    return BigRational::one();
                }
                let (constant, slope) = self.in_default(i);
                let ratio = constant + slope * self.received(i, ratios);
                if ratio.is_negative() {
                    BigRational::zero()
                } else {
                    ratio
                }
            })
            .collect()
    }

    /// The greatest payment ratios, exactly. `None` where a closed class in default makes the equations singular, or
    /// where negative outside assets, of which a default keeps the share `alpha`, leave more than is owed.
    pub fn greatest(&self) -> Option<Vec<BigRational>> {
        let n = self.outside.len();
        let mut ratios = vec![BigRational::one(); n];
        let mut failed = vec![false; n];
        loop {
            let before = failed.clone();
            for (i, failed) in failed.iter_mut().enumerate() {
                *failed |= !self.pays_in_full(i, &ratios);
            }
            if failed == before {
                return Some(ratios);
            }
            ratios = self.solve(&failed)?;
            if ratios.iter().any(|ratio| *ratio > BigRational::one()) {
                return None;
            }
        }
    }

    /// Ratios where exactly `failed` are in default: `x = max(0, constant + slope received)`, by policy iteration
    /// over who pays nothing.
    fn solve(&self, failed: &[bool]) -> Option<Vec<BigRational>> {
        let n = failed.len();
        let mut nothing = vec![false; n];
        for _ in 0..=2 * n {
            let mut matrix = vec![vec![BigRational::zero(); n + 1]; n];
            for (i, row) in matrix.iter_mut().enumerate() {
                row[i] = BigRational::one();
                if !failed[i] {
                    row[n] = BigRational::one();
                } else if !nothing[i] {
                    let (constant, slope) = self.in_default(i);
                    for (j, debts) in self.debts.iter().enumerate() {
                        row[j] -= &slope * &debts[i];
                    }
                    row[n] = constant;
                }
            }
            let ratios = eliminate(matrix)?;
            let negative: Vec<bool> = (0..n)
                .map(|i| {
                    let (constant, slope) = if failed[i] {
                        self.in_default(i)
                    } else {
                        return false;
                    };
                    (constant + slope * self.received(i, &ratios)).is_negative()
                })
                .collect();
            if negative == nothing {
                return Some(ratios);
            }
            nothing = negative;
        }
        None
    }
}

/// Solves a linear system given as an augmented matrix; `None` where it is singular.
pub(super) fn eliminate(mut matrix: Vec<Vec<BigRational>>) -> Option<Vec<BigRational>> {
    let n = matrix.len();
    for column in 0..n {
        let pivot = (column..n).find(|&row| !matrix[row][column].is_zero())?;
        matrix.swap(column, pivot);
        let scale = matrix[column][column].clone();
        for value in &mut matrix[column][column..] {
            *value /= &scale;
        }
        let leading = matrix[column].clone();
        for (row, values) in matrix.iter_mut().enumerate() {
            if row != column && !values[column].is_zero() {
                let factor = values[column].clone();
                for (value, lead) in values.iter_mut().zip(&leading).skip(column) {
                    *value -= &factor * lead;
                }
            }
        }
    }
    Some(matrix.into_iter().map(|mut row| row.swap_remove(n)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(numerator: i64, denominator: i64) -> BigRational {
        BigRational::new(numerator.into(), denominator.into())
    }

    #[test]
    fn siebenbrunner_2021_three_banks() {
        let mut case = Case::empty(3, 0);
        case.other_assets = vec![10.0, 5.0, 20.0];
        case.debts = vec![vec![0.0, 20.0, 10.0], vec![20.0, 0.0, 10.0], vec![0.0, 5.0, 5.0]];
        case.debts[2] = vec![5.0, 5.0, 0.0];
        case.clearing = CaseClearing::EisenbergNoe {
            external_senior: vec![false; 3],
        };
        let clearing = ExactClearing::new(&case).expect("clears");
        let ratios = clearing.greatest().expect("regular");
        assert_eq!(clearing.image(&ratios), ratios);
    }

    #[test]
    fn rogers_veraart_2013_example_3_3() {
        // Each owes 1 to the other and holds what saves it only if the other pays.
        let mut case = Case::empty(2, 0);
        case.cash = vec![0.5, 0.5];
        case.external_liabilities = vec![0.5, 0.5];
        case.debts = vec![vec![0.0, 1.0], vec![1.0, 0.0]];
        case.clearing = CaseClearing::RogersVeraart {
            alpha: vec![0.5; 2],
            beta: vec![0.5; 2],
        };
        let best = ExactClearing::new(&case).and_then(|clearing| clearing.greatest());
        assert_eq!(best, Some(vec![ratio(1, 1), ratio(1, 1)]));
        case.cash = vec![0.25, 0.25];
        let worse = ExactClearing::new(&case).and_then(|clearing| clearing.greatest());
        // x = (0.125 + 0.5 x) / 1.5.
        assert_eq!(worse, Some(vec![ratio(1, 8), ratio(1, 8)]));
    }
}
