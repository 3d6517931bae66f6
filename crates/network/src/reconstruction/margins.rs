//! Totals that some matrix of debts has: checked, and made to add up exactly.

use super::adjustment::is_rounding;
use super::checks::{entries, values};
use super::draws::Draws;
use super::flow::Flow;
use super::forbidden::Forbidden;
use super::matching::Remaining;
use super::problem::{EntryList, ReconstructionError, Side};
use super::units::{SMALLEST, Unit};
use delever_core::error_free::CompensatedSum;

/// Relative error of a total that counts as rounding of the input.
pub(super) const TOLERANCE: f64 = 1e-12;

/// What each institution owes to the others and is owed by them, and the single debts that are known.
///
/// `debts_i = sum_j x_ij` and `claims_j = sum_i x_ij`, money, for a matrix `x >= 0` with `x_ii = 0`, row = debtor and
/// column = creditor. Totals are accepted if some such matrix has them to `1e-12` of each; all methods then keep to that.
///
/// ```
/// use delever_network::reconstruction::{Margins, ReconstructionError};
/// let margins = Margins::new(&[30.0, 20.0, 10.0], &[20.0, 25.0, 15.0])?;
/// assert_eq!(margins.total(), 60.0);
///
/// // The first owes 50 and is owed 20, but the others owe 10 only.
/// let problems = Margins::new(&[50.0, 10.0, 0.0], &[20.0, 30.0, 10.0]).unwrap_err();
/// assert!(matches!(problems[..], [ReconstructionError::Exceeds { institution: 0, .. }]));
/// # Ok::<(), Vec<ReconstructionError>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Margins {
    pub(super) debts: Vec<f64>,
    pub(super) claims: Vec<f64>,
    known: Vec<(u32, u32, f64)>,
    pub(super) forbidden: Forbidden,
    pub(super) unit: Unit,
    /// What is left beside the known debts, in units; some matrix on the pairs that are not forbidden has these totals.
    pub(super) free_debts: Vec<i128>,
    pub(super) free_claims: Vec<i128>,
}

impl Margins {
    /// Totals by institution, money: what each owes (interbank liabilities) and is owed (interbank assets).
    ///
    /// All problems at once: lengths, numbers that are negative or not finite or too small, sums that differ, an
    /// institution whose debts and claims together exceed the sum.
    pub fn new(debts: &[f64], claims: &[f64]) -> Result<Self, Vec<ReconstructionError>> {
        Self::with_known(debts, claims, &[])
    }

    /// Totals with single debts `(debtor, creditor, amount)` that are known; an amount of 0 forbids the pair.
    ///
    /// Problems as in [`Margins::new`], and: entries on the diagonal, repeated, negative, not finite, out of range,
    /// above their totals, or so many that no matrix is left.
    pub fn with_known(
        debts: &[f64],
        claims: &[f64],
        known: &[(u32, u32, f64)],
    ) -> Result<Self, Vec<ReconstructionError>> {
        let mut problems = values(debts, claims);
        problems.extend(entries(EntryList::Known, known, debts.len()));
        let sums = [compensated(debts), compensated(claims)];
        let total = sums[0].max(sums[1]);
        if problems.is_empty() && (sums[0] - sums[1]).abs() > TOLERANCE * total {
            problems.push(ReconstructionError::Totals {
                debts: sums[0],
                claims: sums[1],
            });
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let unit = Unit::for_total(total);
        let free = |side: Side, values: &[f64], problems: &mut Vec<_>| {
            free_of_known(side, values, known, unit, total, problems)
        };
        let mut margins = Self {
            free_debts: free(Side::Debts, debts, &mut problems),
            free_claims: free(Side::Claims, claims, &mut problems),
            debts: debts.to_vec(),
            claims: claims.to_vec(),
            known: known.to_vec(),
            forbidden: Forbidden::new(
                known
                    .iter()
                    .map(|&(debtor, creditor, _)| (debtor, creditor))
                    .collect(),
            ),
            unit,
        };
        if problems.is_empty() {
            margins.make_ends_meet(&mut problems);
        }
        if problems.is_empty() {
            Ok(margins)
        } else {
            Err(problems)
        }
    }

    /// Number of institutions.
    pub fn institution_count(&self) -> usize {
        self.debts.len()
    }

    /// What each owes to the others, money.
    pub fn debts(&self) -> &[f64] {
        &self.debts
    }

    /// What each is owed by the others, money.
    pub fn claims(&self) -> &[f64] {
        &self.claims
    }

    /// Debts that were given as known: debtor, creditor, amount.
    pub fn known(&self) -> &[(u32, u32, f64)] {
        &self.known
    }

    /// All debts together, money.
    pub fn total(&self) -> f64 {
        compensated(&self.debts)
    }

    /// Largest `|sum of entries - total| / total` over rows and columns of a list of debts.
    ///
    /// Infinite where a total of 0 has an entry above 0.
    pub fn worst_error(&self, debts: &[(u32, u32, f64)]) -> f64 {
        let count = self.institution_count();
        let mut sums = [
            vec![CompensatedSum::default(); count],
            vec![CompensatedSum::default(); count],
        ];
        for &(debtor, creditor, amount) in debts {
            sums[0][debtor as usize].add(amount);
            sums[1][creditor as usize].add(amount);
        }
        let error = |(sum, &total): (&CompensatedSum, &f64)| {
            let sum = midpoint(sum);
            if sum == total {
                0.0
            } else {
                (sum - total).abs() / total
            }
        };
        let debts = sums[0].iter().zip(&self.debts).map(error);
        let claims = sums[1].iter().zip(&self.claims).map(error);
        debts.chain(claims).fold(0.0, f64::max)
    }

    /// Everything free, in units.
    pub(super) fn free_total(&self) -> i128 {
        self.free_debts.iter().sum()
    }

    /// The free totals on few pairs, the smallest with the largest; complete unless totals cannot be met.
    ///
    /// With draws, in an order that is drawn.
    pub(super) fn placement(&self, draws: Option<&mut Draws>) -> Flow {
        let mut remaining = Remaining::new(self.free_debts.clone(), self.free_claims.clone(), draws);
        let cells = if self.forbidden.is_diagonal() {
            remaining.place_all()
        } else {
            remaining.place_where_allowed(&self.forbidden)
        };
        let mut flow = Flow::new(cells, remaining.debts, remaining.claims);
        flow.extend(&self.forbidden);
        flow
    }
}

/// What known entries leave of totals, in units; below 0 only by rounding.
fn free_of_known(
    side: Side,
    values: &[f64],
    known: &[(u32, u32, f64)],
    unit: Unit,
    total: f64,
    problems: &mut Vec<ReconstructionError>,
) -> Vec<i128> {
    let mut free: Vec<i128> = values.iter().map(|&value| unit.whole(value)).collect();
    for (institution, &value) in values.iter().enumerate() {
        if value > 0.0 && free[institution] < SMALLEST {
            problems.push(ReconstructionError::TooSmall {
                side,
                institution,
                value,
                total,
            });
        }
    }
    for &(debtor, creditor, amount) in known {
        let institution = match side {
            Side::Debts => debtor,
            Side::Claims => creditor,
        };
        free[institution as usize] = free[institution as usize].saturating_sub(unit.whole(amount));
    }
    for (institution, (free, &value)) in free.iter().zip(values).enumerate() {
        if *free < 0 && !is_rounding(*free, unit.whole(value)) {
            let of_side = known.iter().filter(|&&(debtor, creditor, _)| match side {
                Side::Debts => debtor as usize == institution,
                Side::Claims => creditor as usize == institution,
            });
            problems.push(ReconstructionError::KnownAboveTotal {
                side,
                institution,
                known: of_side.map(|&(_, _, amount)| amount).sum(),
                value,
            });
        }
    }
    free
}

fn compensated(values: &[f64]) -> f64 {
    let mut sum = CompensatedSum::default();
    for &value in values {
        sum.add(value);
    }
    midpoint(&sum)
}

fn midpoint(sum: &CompensatedSum) -> f64 {
    let (low, high) = sum.bounds();
    low + (high - low) / 2.0
}
