//! How distress spreads along exposures: measures of their own, which no balance sheet needs to settle.
//!
//! Stress is the part of its buffer that an institution has lost. A claim `E_ij` of `i` on `j` passes the impact
//! `v_ji = E_ij / buffer_i` on to `i` for each unit of stress that `j` sends:
//!
//! `s(t) = s(t-1) + sum_j v_ji p_j(t-1)`, where `p_j` is what `j` sends and has not sent before.
//!
//! * [`Transmission::DebtRank`]: everyone sends `min(1, s)`, each increment once: linear DebtRank with multiple hits
//!   (Bardoscia et al. 2015, PLoS ONE 10(6)).
//! * [`Transmission::Default`]: an institution sends 1 once its stress reaches 1, and nothing before: the default
//!   cascade of Furfine (2003), Journal of Money, Credit and Banking 35(1), with nothing recovered.
//! * [`Transmission::FirstHit`]: everyone sends `min(1, s)` once, in the step after it is first in distress, and is spent:
//!   DebtRank as of Battiston, Puliga, Kaushik, Tasca and Caldarelli (2012), Scientific Reports 2, impacts capped at 1. It
//!   never exceeds the first, and it is **not monotone**: who is hit early by little passes on little, whatever comes.
//!   [`Transmission::FirstHitUncapped`] leaves impacts as they are, as the R package NetworkRiskMeasures does.
//!
//! Impacts are otherwise not capped, and the stress of an institution may exceed 1: it has lost more than its buffer. The
//! first two are monotone in the shock. An institution whose buffer is just used up counts as failed here, while the valuation models
//! of [`crate::valuation`] count zero equity as healthy.
//!
//! ```
//! use delever_core::SparseRows;
//! use delever_network::distress::{Exposures, SpreadSettings, Transmission};
//! // 1 lent 5 to 0, and 2 lent 4 to 1.
//! let claims = SparseRows::from_triplets(3, 3, &[(1, 0, 5.0), (2, 1, 4.0)]);
//! let exposures = Exposures::new(&claims, &[10.0, 10.0, 10.0])?;
//! let spread = exposures.spread(&[1.0, 0.0, 0.0], Transmission::DebtRank, &SpreadSettings::default())?;
//! assert_eq!(spread.stress, [1.0, 0.5, 0.2]);
//! assert_eq!(exposures.additional_loss(&[1.0, 0.0, 0.0], &spread), 7.0);
//! # Ok::<(), Vec<delever_network::distress::DistressError>>(())
//! ```
//!
//! [`default_cascade`] is the cascade of failures with recovery, wave by wave, for any net worth, below zero too; and
//! [`FailureImpacts`] sums up what follows when each institution fails alone: whose failure costs how much, who is
//! vulnerable, and who loses by whom.

mod default_cascade;
mod impacts;
mod single_hit;
mod spread;

pub use default_cascade::{Boundary, DefaultCascade, DefaultRule, default_cascade};
pub use impacts::{FailureImpact, FailureImpacts};
pub use single_hit::SingleHit;
pub use spread::{Exposures, Spread, SpreadSettings, Transmission};

use delever_core::SparseRows;

/// Why exposures, a shock or a rule are refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DistressError {
    /// A vector has not one value an institution.
    #[error("{given} values of {name} for {expected} institutions")]
    Length {
        /// Which vector.
        name: &'static str,
        /// Its length.
        given: usize,
        /// Institutions.
        expected: usize,
    },
    /// A claim is negative or not finite, or there is no such institution.
    #[error(
        "the claim of institution {lender} on {borrower} is {value}; a claim is an amount from 0 to 1e24 between \
         institutions 0 to {count} exclusive"
    )]
    Claim {
        /// Who holds it.
        lender: u32,
        /// Who owes it.
        borrower: u32,
        /// Its face, money.
        value: f64,
        /// Institutions.
        count: usize,
    },
    /// A buffer is not above 0 or not finite: losses cannot be measured by it.
    #[error(
        "institution {institution}: buffer {value} is not within 1e-9 to 1e24; leave failed institutions out"
    )]
    Buffer {
        /// The institution.
        institution: usize,
        /// Its buffer.
        value: f64,
    },
    /// Initial stress is not within 0 to 1.
    #[error("institution {institution}: initial stress {value} is not within 0 to 1")]
    Stress {
        /// The institution.
        institution: usize,
        /// Its initial stress.
        value: f64,
    },
    /// Net worth is not finite, or beyond `1e24` either way.
    #[error("institution {institution}: net worth {value} is not within -1e24 to 1e24")]
    NetWorth {
        /// The institution.
        institution: usize,
        /// Its net worth.
        value: f64,
    },
    /// A weight is negative or not finite, or all are zero.
    #[error("institution {institution}: weight {value}; weights are from 0 to 1e24 and not all 0")]
    Weight {
        /// The institution.
        institution: usize,
        /// Its weight.
        value: f64,
    },
    /// An institution that is to fail is out of range.
    #[error("institution {institution} is to fail, of {count}")]
    OutOfRange {
        /// The number that was given.
        institution: u32,
        /// Institutions.
        count: usize,
    },
    /// A share that creditors recover is not within 0 to 1.
    #[error("recovery {value} is not within 0 to 1 (the share of a claim that a failed debtor pays)")]
    Recovery {
        /// The share that was given.
        value: f64,
    },
}

/// Largest amount of money: sums of a million of the largest debts.
const LARGEST: f64 = 1e24;

fn check_length(name: &'static str, values: &[f64], expected: usize) -> Result<(), Vec<DistressError>> {
    if values.len() == expected {
        return Ok(());
    }
    Err(vec![DistressError::Length {
        name,
        given: values.len(),
        expected,
    }])
}

/// One problem for each value that is bad.
fn refuse(
    values: &[f64],
    good: impl Fn(f64) -> bool,
    problem: impl Fn(usize, f64) -> DistressError,
) -> impl Iterator<Item = DistressError> {
    values
        .iter()
        .enumerate()
        .filter(move |&(_, &value)| !good(value))
        .map(move |(n, &value)| problem(n, value))
}

/// Problems of a square matrix of claims: row = lender, column = borrower.
fn refuse_claims(claims: &SparseRows) -> Vec<DistressError> {
    let count = claims.row_count();
    let bad = |&(_, borrower, value): &(u32, u32, f64)| {
        borrower as usize >= count || !(0.0..=LARGEST).contains(&value)
    };
    let problem = |(lender, borrower, value)| DistressError::Claim {
        lender,
        borrower,
        value,
        count,
    };
    claims.triplets().filter(bad).map(problem).collect()
}
