//! Iterative proportional fitting (RAS): rows and columns of weights scaled in turn until both add up.

use super::ReconstructionError;
use super::flow::{Cell, Flow};
use super::margins::Margins;

/// When scaling counts as settled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScalingSettings {
    /// Largest relative error of a row once columns add up, above 0. Rounding is met in a few more rounds at `1e-14`;
    /// what remains is placed exactly at the end.
    pub tolerance: f64,
    /// Largest number of rounds.
    pub max_iterations: u64,
}

impl Default for ScalingSettings {
    /// `1e-13` and 10,000 rounds.
    fn default() -> Self {
        Self {
            tolerance: 1e-13,
            max_iterations: 10_000,
        }
    }
}

impl ScalingSettings {
    pub(super) fn problems(&self) -> Vec<ReconstructionError> {
        let mut problems = Vec::new();
        if !(self.tolerance > 0.0 && self.tolerance < 1.0) {
            problems.push(ReconstructionError::Setting {
                name: "tolerance",
                value: self.tolerance,
                expected: "between 0 and 1",
            });
        }
        problems
    }
}

/// The scaled matrix and how it was found.
pub(super) struct Scaled {
    pub cells: Vec<Cell>,
    pub iterations: u64,
    pub settled: bool,
    /// Pairs of the support that are 0 in every matrix with these totals.
    pub dropped: usize,
}

/// `x_ij = a_i w_ij b_j` with the free totals, on pairs where some matrix of the support is positive.
///
/// `flow` places all free totals on the support; `weights` are above 0, one a cell.
pub(super) fn scale(margins: &Margins, flow: Flow, weights: &[f64], settings: &ScalingSettings) -> Scaled {
    let possible = flow.can_be_positive();
    let support: Vec<(usize, usize, f64)> = flow
        .cells
        .iter()
        .zip(weights)
        .zip(&possible)
        .filter(|&(_, &possible)| possible)
        .map(|((cell, &weight), _)| (cell.debtor as usize, cell.creditor as usize, weight))
        .collect();
    let dropped = flow.cells.len() - support.len();
    drop((flow, possible));
    let total = margins.free_total() as f64;
    let [debts, claims] = [&margins.free_debts, &margins.free_claims]
        .map(|side| side.iter().map(|&units| units as f64 / total).collect::<Vec<_>>());
    let count = debts.len();
    let mut rows = vec![0.0; count];
    let mut columns = vec![1.0; count];
    let mut sums = vec![0.0; count];
    let (mut iterations, mut settled) = (0, support.is_empty());
    while !settled && iterations < settings.max_iterations {
        iterations += 1;
        sums.fill(0.0);
        for &(debtor, creditor, weight) in &support {
            sums[debtor] += weight * columns[creditor];
        }
        // With the columns of the round before, rows were `rows * sums`; the first round has none to compare with.
        let mut products = rows
            .iter()
            .zip(&sums)
            .zip(&debts)
            .filter(|&(_, &debts)| debts > 0.0);
        settled = products.all(|((row, sum), debts)| (row * sum / debts - 1.0).abs() <= settings.tolerance);
        if settled {
            break;
        }
        divide(&debts, &sums, &mut rows);
        sums.fill(0.0);
        for &(debtor, creditor, weight) in &support {
            sums[creditor] += weight * rows[debtor];
        }
        divide(&claims, &sums, &mut columns);
    }
    let units = support.iter().map(|&(debtor, creditor, weight)| {
        let share = rows[debtor] * weight * columns[creditor];
        let units = share * total;
        // An iteration that ran out of range places nothing here; what is missing is placed below.
        let units = if units.is_finite() {
            units.min(total) as i128
        } else {
            0
        };
        Cell {
            debtor: debtor as u32,
            creditor: creditor as u32,
            units,
        }
    });
    Scaled {
        cells: settle(margins, units.collect()),
        iterations,
        settled,
        dropped,
    }
}

fn divide(totals: &[f64], sums: &[f64], factors: &mut [f64]) {
    for ((factor, &total), &sum) in factors.iter_mut().zip(totals).zip(sums) {
        *factor = if total > 0.0 { total / sum } else { 0.0 };
    }
}

/// Lowers amounts until no total is exceeded, and places what is missing then.
fn settle(margins: &Margins, mut cells: Vec<Cell>) -> Vec<Cell> {
    let debtor = |cell: &Cell| cell.debtor as usize;
    let creditor = |cell: &Cell| cell.creditor as usize;
    shrink(&mut cells, &margins.free_debts, debtor);
    shrink(&mut cells, &margins.free_claims, creditor);
    let mut missing_debts = margins.free_debts.clone();
    let mut missing_claims = margins.free_claims.clone();
    for cell in &cells {
        missing_debts[debtor(cell)] -= cell.units;
        missing_claims[creditor(cell)] -= cell.units;
    }
    let mut flow = Flow::new(cells, missing_debts, missing_claims);
    flow.saturate();
    flow.cells
}

fn shrink(cells: &mut [Cell], totals: &[i128], side: impl Fn(&Cell) -> usize) {
    let mut sums = vec![0_i128; totals.len()];
    for cell in &*cells {
        sums[side(cell)] = sums[side(cell)].saturating_add(cell.units);
    }
    // Rounded down by a little more than the three roundings of a product and a quotient.
    let factor = |(&total, &sum): (&i128, &i128)| total as f64 / sum as f64 * (1.0 - 4.0 * f64::EPSILON);
    let factors: Vec<f64> = totals.iter().zip(&sums).map(factor).collect();
    for cell in cells {
        let n = side(cell);
        if sums[n] > totals[n] {
            cell.units = (cell.units as f64 * factors[n]) as i128;
        }
    }
}
