//! Totals that are equal to each other but for rounding, made to meet exactly.

use super::flow::Flow;
use super::margins::TOLERANCE;
use super::units::spread;
use super::{Margins, ReconstructionError};

/// Relative change of a total that one step may make.
const STEP: f64 = 4e-13;

/// Whether a change of a total, in units, is next to nothing.
pub(super) fn is_rounding(change: i128, whole: i128) -> bool {
    change.unsigned_abs() as f64 <= STEP * whole as f64
}

impl Margins {
    /// Changes free totals by no more than rounding, so that some matrix on the allowed pairs has them exactly.
    ///
    /// What counts as rounding goes by whole totals: what a large known debt leaves of one is no more exact than that.
    pub(super) fn make_ends_meet(&mut self, problems: &mut Vec<ReconstructionError>) {
        let given = [self.free_debts.clone(), self.free_claims.clone()];
        let whole = [&self.debts, &self.claims].map(|side| {
            side.iter()
                .map(|&total| self.unit.whole(total))
                .collect::<Vec<_>>()
        });
        for (free, whole) in [&mut self.free_debts, &mut self.free_claims]
            .into_iter()
            .zip(&whole)
        {
            let next_to_nothing = |pair: &(&mut i128, &i128)| is_rounding(*pair.0, *pair.1);
            for (free, _) in free.iter_mut().zip(whole).filter(next_to_nothing) {
                *free = 0;
            }
        }
        // The side whose totals are larger, and so less exact, takes more of the difference.
        let free = [&self.free_debts, &self.free_claims];
        let [debts, claims] = free.map(|side| side.iter().sum::<i128>());
        let loose = [0, 1].map(|side| {
            let open = free[side].iter().zip(&whole[side]).filter(|&(&free, _)| free > 0);
            open.map(|(_, &whole)| whole as f64).sum::<f64>()
        });
        let part = loose[0] / (loose[0] + loose[1]).max(1.0);
        let of_debts = ((debts - claims) as f64 * part) as i128;
        spread(&mut self.free_debts, &whole[0], -of_debts);
        let of_claims = self.free_total() - claims;
        spread(&mut self.free_claims, &whole[1], of_claims);
        if self.free_total() != self.free_claims.iter().sum::<i128>() {
            // One side is 0 and the other is not.
            self.free_debts.fill(0);
            self.free_claims.fill(0);
        }
        let refused = if self.forbidden.is_diagonal() {
            self.relieve_hub()
        } else {
            self.keep_what_fits(&whole)
        };
        let differ = || ReconstructionError::Totals {
            debts: self.unit.amount(debts),
            claims: self.unit.amount(claims),
        };
        let refused = refused.or_else(|| (self.worst_change(&given) > TOLERANCE).then(differ));
        problems.extend(refused);
    }

    /// The institution whose free totals exceed all others', and by how much. There is at most one.
    fn hub(&self) -> Option<(usize, i128)> {
        let total = self.free_total();
        let excess = |n: usize| self.free_debts[n] + self.free_claims[n] - total;
        let mut excesses = (0..self.institution_count()).map(|n| (n, excess(n)));
        excesses.find(|&(_, excess)| excess > 0)
    }

    fn exceeds(&self, institution: usize) -> ReconstructionError {
        ReconstructionError::Exceeds {
            institution,
            debts: self.unit.amount(self.free_debts[institution]),
            claims: self.unit.amount(self.free_claims[institution]),
            total: self.unit.amount(self.free_total()),
        }
    }

    /// An institution on one side of every debt may be out of step with the others by rounding.
    fn relieve_hub(&mut self) -> Option<ReconstructionError> {
        let (hub, excess) = self.hub()?;
        let least = self.free_debts[hub].min(self.free_claims[hub]);
        if excess as f64 > STEP * least as f64 {
            return Some(self.exceeds(hub));
        }
        // Both its totals and the sum shrink by the excess; nobody else can exceed what is left.
        self.free_debts[hub] -= excess;
        self.free_claims[hub] -= excess;
        None
    }

    /// Moves totals to what the allowed pairs can hold, if that is no more than rounding.
    ///
    /// Exact totals are placed before those with room to move, so that it is the latter that go short.
    fn keep_what_fits(&mut self, whole: &[Vec<i128>; 2]) -> Option<ReconstructionError> {
        let unplaced = self.placement(None).missing();
        if unplaced == 0 {
            return None;
        }
        let given = [self.free_debts.clone(), self.free_claims.clone()];
        let slack = [0, 1].map(|side| -> Vec<i128> {
            let slack = |(&whole, &free): (&i128, &i128)| ((whole as f64 * STEP) as i128).min(free);
            whole[side].iter().zip(&given[side]).map(slack).collect()
        });
        let count = self.institution_count();
        let most = (0..count).map(|n| given[0][n] + slack[0][n]).collect();
        let least = (0..count).map(|n| given[1][n] - slack[1][n]).collect();
        let mut flow = Flow::new(Vec::new(), most, least);
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by_key(|&n| (slack[0][n], n));
        flow.extend_in_order(&order, &self.forbidden);
        // Debtors below their least may fill creditors to their most.
        for (missing, slack) in flow.missing_debts.iter_mut().zip(&slack[0]) {
            *missing = (*missing - 2 * slack).max(0);
        }
        for (missing, slack) in flow.missing_claims.iter_mut().zip(&slack[1]) {
            *missing += 2 * slack;
        }
        flow.extend_in_order(&order, &self.forbidden);
        let hub = self.hub().map(|(hub, _)| self.exceeds(hub));
        self.free_debts.fill(0);
        self.free_claims.fill(0);
        for cell in &flow.cells {
            self.free_debts[cell.debtor as usize] += cell.units;
            self.free_claims[cell.creditor as usize] += cell.units;
        }
        (self.worst_change(&given) > 1.01 * STEP).then(|| {
            hub.unwrap_or(ReconstructionError::Infeasible {
                unplaced: self.unit.amount(unplaced),
                total: self.unit.amount(given[0].iter().sum()),
            })
        })
    }

    /// Largest change of a free total, relative to the whole total.
    fn worst_change(&self, given: &[Vec<i128>; 2]) -> f64 {
        let sides = [
            (&given[0], &self.free_debts, &self.debts),
            (&given[1], &self.free_claims, &self.claims),
        ];
        let changes = sides.into_iter().flat_map(|(given, kept, totals)| {
            let change = given.iter().zip(kept).map(|(given, kept)| (given - kept).abs());
            change.zip(totals)
        });
        changes
            .filter(|&(change, _)| change > 0)
            .map(|(change, &total)| self.unit.amount(change) / total)
            .fold(0.0, f64::max)
    }
}
