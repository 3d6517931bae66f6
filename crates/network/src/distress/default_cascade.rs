//! Failures that spread wave by wave: who fails because of whom, with a part of each claim recovered.

use super::{DistressError, LARGEST, check_length, refuse, refuse_claims};
use delever_core::SparseRows;

/// Whether an institution whose losses just use up its net worth has failed. Sources differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boundary {
    /// It fails once its losses exceed its net worth: zero net worth survives, as in the valuation models.
    Survives,
    /// It fails once its losses reach its net worth: zero net worth has failed.
    Fails,
}

/// When an institution fails, and what its creditors get.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DefaultRule {
    /// Share of a claim that a failed debtor pays, from 0 to 1.
    pub recovery: f64,
    /// What happens at equality.
    pub boundary: Boundary,
}

impl DefaultRule {
    /// Furfine (2003), Journal of Money, Credit and Banking 35(1): losses above capital, with a given recovery.
    pub fn furfine(recovery: f64) -> Self {
        Self {
            recovery,
            boundary: Boundary::Survives,
        }
    }

    /// Gai and Kapadia (2010), Proceedings of the Royal Society A 466, at constant asset prices: nothing is recovered,
    /// and only capital strictly above the losses keeps an institution alive.
    pub fn gai_kapadia() -> Self {
        Self {
            recovery: 0.0,
            boundary: Boundary::Fails,
        }
    }

    fn fails(self, net_worth: f64, loss: f64) -> bool {
        match self.boundary {
            Boundary::Survives => net_worth < loss,
            Boundary::Fails => net_worth <= loss,
        }
    }
}

/// Who failed when, and what was lost on claims.
#[derive(Clone, Debug, PartialEq)]
pub struct DefaultCascade {
    /// By institution: the wave in which it failed, 0 for those that fail without any other's failure; `None` if it
    /// survives.
    pub wave: Vec<Option<u32>>,
    /// By institution: `(1 - recovery)` times its claims on all that failed, money, beyond its net worth too.
    pub losses: Vec<f64>,
}

impl DefaultCascade {
    /// Number of institutions that fail, those of wave 0 included.
    pub fn failures(&self) -> usize {
        self.wave.iter().flatten().count()
    }

    /// The last wave in which anyone failed; 0 if nobody failed after the first.
    pub fn last_wave(&self) -> u32 {
        self.wave.iter().flatten().copied().max().unwrap_or(0)
    }

    /// The institutions of one wave, ascending.
    pub fn members(&self, wave: u32) -> impl Iterator<Item = u32> + '_ {
        (0_u32..)
            .zip(&self.wave)
            .filter(move |&(_, &failed)| failed == Some(wave))
            .map(|(n, _)| n)
    }
}

/// Spreads the failure of `failed`, and of all whose net worth fails by itself, until nobody else fails.
///
/// `claims`: row = lender, column = borrower, money. In each wave, `i` fails if
/// `net_worth_i < (1 - recovery) sum over failed j of claims_ij` (`<=` where the boundary fails). The set of failures
/// is the least that is consistent, and grows with `failed`, with claims, and with falls of net worth and recovery.
/// At most as many waves as institutions; each claim is looked at once for each wave that touches its holder.
///
/// A net worth that is short by itself counts in wave 0, whatever `failed` says.
///
/// ```
/// use delever_core::SparseRows;
/// use delever_network::distress::{DefaultRule, default_cascade};
/// // 1 lent 12 to 0, and 2 lent 8 to 1.
/// let claims = SparseRows::from_triplets(3, 3, &[(1, 0, 12.0), (2, 1, 8.0)]);
/// let cascade = default_cascade(&claims, &[5.0, 10.0, 9.0], &[0], &DefaultRule::furfine(0.0))?;
/// assert_eq!(cascade.wave, [Some(0), Some(1), None]);
/// assert_eq!(cascade.losses, [0.0, 12.0, 8.0]);
/// # Ok::<(), Vec<delever_network::distress::DistressError>>(())
/// ```
pub fn default_cascade(
    claims: &SparseRows,
    net_worth: &[f64],
    failed: &[u32],
    rule: &DefaultRule,
) -> Result<DefaultCascade, Vec<DistressError>> {
    check(claims, net_worth, failed, rule)?;
    Ok(spread(claims, &claims.transposed(), net_worth, failed, *rule))
}

/// All that is wrong with the input of a cascade.
pub(super) fn check(
    claims: &SparseRows,
    net_worth: &[f64],
    failed: &[u32],
    rule: &DefaultRule,
) -> Result<(), Vec<DistressError>> {
    let count = claims.row_count();
    check_length("net worth", net_worth, count)?;
    let mut problems = refuse_claims(claims);
    problems.extend(refuse(
        net_worth,
        |value| value.abs() <= LARGEST,
        |institution, value| DistressError::NetWorth { institution, value },
    ));
    problems.extend(
        failed
            .iter()
            .filter(|&&institution| institution as usize >= count)
            .map(|&institution| DistressError::OutOfRange { institution, count }),
    );
    if !(0.0..=1.0).contains(&rule.recovery) {
        problems.push(DistressError::Recovery { value: rule.recovery });
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems)
    }
}

/// The cascade on checked input; `lenders` is `claims` by borrower.
pub(super) fn spread(
    claims: &SparseRows,
    lenders: &SparseRows,
    net_worth: &[f64],
    failed: &[u32],
    rule: DefaultRule,
) -> DefaultCascade {
    let count = net_worth.len();
    let mut wave: Vec<Option<u32>> = net_worth
        .iter()
        .map(|&worth| rule.fails(worth, 0.0).then_some(0))
        .collect();
    for &institution in failed {
        wave[institution as usize] = Some(0);
    }
    let mut losses = vec![0.0; count];
    let mut newest: Vec<u32> = (0..count as u32)
        .filter(|&n| wave[n as usize].is_some())
        .collect();
    let mut number = 0;
    let mut touched = Vec::new();
    while !newest.is_empty() {
        number += 1;
        touched.clear();
        for &borrower in &newest {
            touched.extend_from_slice(lenders.row(borrower as usize).columns);
        }
        touched.sort_unstable();
        touched.dedup();
        newest.clear();
        for &lender in &touched {
            // The whole sum anew, in one order: nothing is carried along that rounding could make depend on the path.
            let lost: f64 = claims
                .row(lender as usize)
                .iter()
                .filter(|&(borrower, _)| wave[borrower].is_some_and(|failed| failed < number))
                .map(|(_, amount)| amount)
                .sum();
            losses[lender as usize] = (1.0 - rule.recovery) * lost;
            let place = &mut wave[lender as usize];
            if place.is_none() && rule.fails(net_worth[lender as usize], losses[lender as usize]) {
                *place = Some(number);
                newest.push(lender);
            }
        }
    }
    DefaultCascade { wave, losses }
}
