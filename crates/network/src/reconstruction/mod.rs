//! Bilateral debts from what each institution owes to the others and is owed by them in total.
//!
//! Balance sheets say `debts_i = sum_j x_ij` (interbank liabilities) and `claims_j = sum_i x_ij` (interbank assets) and
//! keep `x` to themselves. Each method returns an `x >= 0` with these totals and `x_ii = 0`, row = debtor and column =
//! creditor, all in the money of the totals:
//!
//! | method | the matrix | links | institutions |
//! |---|---|---|---|
//! | [`maximum_entropy`] | closest to independence, or to a prior matrix | all | thousands |
//! | [`minimum_density`] | as few links as come naturally | below `2 n` | millions |
//! | [`fitness`](fitness()) | links drawn by size, at a density | as asked | hundreds of thousands |
//! | [`GibbsSampler`] | samples given the totals, Erdos-Renyi links, exponential amounts | random | hundreds |
//!
//! Maximum entropy spreads debts over everybody and tends to understate contagion; minimum density concentrates them.
//! The truth mostly lies between: run both, or a sample of the others.
//!
//! * Debts that are known, or known to be absent, are given to [`Margins::with_known`]; every method keeps them.
//! * Totals are met to `1e-12` of each: amounts are settled in whole units, so what they should add up to they do.
//! * Equal input gives equal bits on every platform; where numbers are drawn, for each seed.
//! * An iteration that has not settled returns its last state, with the totals met all the same, and says so in
//!   [`Reconstruction::status`].
//!
//! ```
//! use delever_network::ContagionGraphBuilder;
//! use delever_network::reconstruction::{Margins, Matching, minimum_density};
//! let margins = Margins::new(&[30.0, 20.0, 10.0], &[20.0, 25.0, 15.0])?;
//! let network = minimum_density(&margins, Matching::Disassortative);
//! let mut builder = ContagionGraphBuilder::new(3);
//! for (debtor, creditor, amount) in network.debts {
//!     builder.debt(debtor, creditor, amount, 0);
//! }
//! assert_eq!(builder.build().expect("valid debts").debts_of(0), 30.0);
//! # Ok::<(), Vec<delever_network::reconstruction::ReconstructionError>>(())
//! ```

mod adjustment;
mod checks;
mod draws;
mod fitness;
mod flow;
mod forbidden;
mod gibbs;
mod link_probability;
mod margins;
mod matching;
mod maximum_entropy;
mod minimum_density;
mod problem;
mod rerouting;
mod scaling;
mod units;

pub use fitness::{FitnessReconstruction, FitnessSettings, LinkTarget, fitness};
pub use gibbs::{GibbsSampler, GibbsSettings};
pub use margins::Margins;
pub use maximum_entropy::maximum_entropy;
pub use minimum_density::{Matching, minimum_density};
pub use problem::{EntryList, ReconstructionError, Side};
pub use scaling::ScalingSettings;

use flow::Cell;

/// How a reconstruction ended. The totals are met in either case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The method came to its end.
    Complete,
    /// The limit of iterations came first: the matrix has the totals, but is not yet the one that the method defines.
    IterationLimit,
}

/// Bilateral debts with given totals.
#[derive(Clone, Debug, PartialEq)]
pub struct Reconstruction {
    /// Debtor, creditor, amount above 0, in money; sorted by debtor, then creditor. Known debts are among them.
    pub debts: Vec<(u32, u32, f64)>,
    /// Whether the method came to its end.
    pub status: Status,
    /// Rounds of scaling, or updates of cycles since the chain began; 0 for a direct method.
    pub iterations: u64,
    /// Largest `|sum - total| / total` over the totals of all institutions, debts and claims.
    pub worst_margin_error: f64,
}

impl Reconstruction {
    /// Number of debts above 0.
    pub fn link_count(&self) -> usize {
        self.debts.len()
    }

    /// Amounts in units, with the known debts beside them.
    fn finish(margins: &Margins, cells: &[Cell], status: Status, iterations: u64) -> Self {
        let placed = cells.iter().map(|cell| {
            let amount = margins.unit.amount(cell.units);
            (cell.debtor, cell.creditor, amount)
        });
        let mut debts: Vec<_> = placed
            .chain(margins.known().iter().copied())
            .filter(|&(_, _, amount)| amount > 0.0)
            .collect();
        debts.sort_unstable_by_key(|&(debtor, creditor, _)| (debtor, creditor));
        Self {
            worst_margin_error: margins.worst_error(&debts),
            debts,
            status,
            iterations,
        }
    }
}
