//! Debts spread as evenly as the totals allow.

use super::checks::entries;
use super::flow::{Cell, Flow};
use super::problem::EntryList;
use super::scaling::{Scaled, ScalingSettings, scale};
use super::{Margins, Reconstruction, ReconstructionError, Status};

/// The matrix of debts closest to a prior: least `sum_ij x_ij ln(x_ij / w_ij)` among those with the totals.
///
/// Without a prior `w_ij = 1` off the diagonal, and the entropy of the matrix is largest: everybody owes everybody,
/// nearly in proportion to `debts_i claims_j` (Upper and Worms 2004, European Economic Review 48; Blien and Graef 1998
/// for the method). The minimum is `x_ij = a_i w_ij b_j`; the factors are found by scaling rows and columns in turn (RAS,
/// iterative proportional fitting).
///
/// `prior` lists `(debtor, creditor, weight)`, each pair once, weights finite from 0 and of any scale; pairs that are not
/// listed, or have weight 0, stay 0. Known debts stay as they are, whatever the prior says.
///
/// Pairs that are 0 in every matrix with these totals are found beforehand by maximum flow, because scaling would only
/// creep towards them. Takes `O(n^2)` memory without a prior, about 60 bytes a pair; a sparse prior takes as much for its
/// pairs only.
///
/// # Errors
///
/// Every bad entry of the prior or setting; [`ReconstructionError::Infeasible`] if the prior leaves no matrix with these
/// totals. Hitting the limit of iterations is no error but [`Status::IterationLimit`].
///
/// ```
/// use delever_network::reconstruction::{Margins, maximum_entropy};
/// let margins = Margins::new(&[10.0; 3], &[10.0; 3])?;
/// let network = maximum_entropy(&margins, None, &Default::default())?;
/// assert_eq!(network.link_count(), 6);
/// assert!(network.debts.iter().all(|&(_, _, amount)| (amount - 5.0).abs() < 1e-11));
/// # Ok::<(), Vec<delever_network::reconstruction::ReconstructionError>>(())
/// ```
pub fn maximum_entropy(
    margins: &Margins,
    prior: Option<&[(u32, u32, f64)]>,
    settings: &ScalingSettings,
) -> Result<Reconstruction, Vec<ReconstructionError>> {
    let mut problems = settings.problems();
    if let Some(prior) = prior {
        problems.extend(entries(EntryList::Prior, prior, margins.institution_count()));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let scaled = closest(margins, prior, settings)?;
    let status = if scaled.settled {
        Status::Complete
    } else {
        Status::IterationLimit
    };
    Ok(Reconstruction::finish(
        margins,
        &scaled.cells,
        status,
        scaled.iterations,
    ))
}

pub(super) fn closest(
    margins: &Margins,
    prior: Option<&[(u32, u32, f64)]>,
    settings: &ScalingSettings,
) -> Result<Scaled, Vec<ReconstructionError>> {
    let (cells, weights) = match prior {
        None => {
            let cells = everybody(margins);
            let weights = vec![1.0; cells.len()];
            (cells, weights)
        }
        Some(prior) => weighted(margins, prior),
    };
    let mut flow = Flow::new(cells, margins.free_debts.clone(), margins.free_claims.clone());
    flow.saturate();
    let unplaced = flow.missing();
    if unplaced > 0 {
        return Err(vec![ReconstructionError::Infeasible {
            unplaced: margins.unit.amount(unplaced),
            total: margins.unit.amount(margins.free_total()),
        }]);
    }
    Ok(scale(margins, flow, &weights, settings))
}

fn usable(margins: &Margins, debtor: u32, creditor: u32) -> bool {
    margins.free_debts[debtor as usize] > 0
        && margins.free_claims[creditor as usize] > 0
        && margins.forbidden.allows(debtor, creditor)
}

fn everybody(margins: &Margins) -> Vec<Cell> {
    let positive = |side: &[i128]| -> Vec<u32> {
        let numbered = side.iter().enumerate().filter(|&(_, &units)| units > 0);
        numbered.map(|(n, _)| n as u32).collect()
    };
    let creditors = positive(&margins.free_claims);
    let mut cells = Vec::new();
    for debtor in positive(&margins.free_debts) {
        let allowed = creditors
            .iter()
            .filter(|&&creditor| margins.forbidden.allows(debtor, creditor));
        cells.extend(allowed.map(|&creditor| Cell {
            debtor,
            creditor,
            units: 0,
        }));
    }
    cells
}

fn weighted(margins: &Margins, prior: &[(u32, u32, f64)]) -> (Vec<Cell>, Vec<f64>) {
    let mut prior: Vec<_> = prior
        .iter()
        .copied()
        .filter(|&(debtor, creditor, weight)| weight > 0.0 && usable(margins, debtor, creditor))
        .collect();
    prior.sort_by_key(|&(debtor, creditor, _)| (debtor, creditor));
    // Scale does not matter to the minimum, but products of factors and weights have to stay in range.
    let largest = prior
        .iter()
        .fold(0.0, |largest, entry| f64::max(largest, entry.2));
    let cell = |&(debtor, creditor, weight): &(u32, u32, f64)| {
        let cell = Cell {
            debtor,
            creditor,
            units: 0,
        };
        (cell, weight / largest)
    };
    prior.iter().map(cell).filter(|&(_, weight)| weight > 0.0).unzip()
}
