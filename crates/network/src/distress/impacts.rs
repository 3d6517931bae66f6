//! What follows when each institution fails alone: impact, vulnerability, and who loses by whom.

use super::default_cascade::{DefaultRule, check, spread};
use super::{DistressError, Exposures, LARGEST, SpreadSettings, Transmission, check_length, refuse};
use delever_core::SparseRows;
use rayon::prelude::*;

/// What the failure of one institution does to the others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FailureImpact {
    /// `sum_i w_i l_i / b_i` over all others, `l_i` the part of its buffer `b_i` that `i` loses, weights normalised to
    /// sum to 1: the DebtRank of the failure. From 0 to 1.
    pub debtrank: f64,
    /// Money that the others lose, no one more than its buffer.
    pub loss: f64,
    /// How many others fail.
    pub failures: u32,
    /// Steps of stress, or waves of failures.
    pub steps: u32,
    /// Whether the spread came to its end before the limit of steps.
    pub settled: bool,
}

/// The failures of all institutions, each alone.
///
/// ```
/// use delever_core::SparseRows;
/// use delever_network::distress::{Exposures, FailureImpacts, SpreadSettings, Transmission};
/// // 1 lent 5 to 0, and 2 lent 4 to 1.
/// let claims = SparseRows::from_triplets(3, 3, &[(1, 0, 5.0), (2, 1, 4.0)]);
/// let exposures = Exposures::new(&claims, &[10.0, 10.0, 10.0])?;
/// let settings = SpreadSettings::default();
/// let impacts = FailureImpacts::of_stress(&exposures, &[1.0; 3], Transmission::DebtRank, &settings)?;
/// assert_eq!(impacts.institutions[0].loss, 7.0);
/// assert_eq!(impacts.loss(2, 0), 2.0); // 2 lent nothing to 0, and loses by its failure all the same
/// assert_eq!(impacts.vulnerability[1], 0.25); // half of its buffer in one of two failures
/// # Ok::<(), Vec<delever_network::distress::DistressError>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct FailureImpacts {
    /// By the institution that fails.
    pub institutions: Vec<FailureImpact>,
    /// By institution: the mean, over the failures of all others, of the part of its buffer that it loses. From 0 to 1.
    pub vulnerability: Vec<f64>,
    /// `losses[failed * count + of]`.
    losses: Vec<f64>,
}

impl FailureImpacts {
    /// Failures that spread as stress. `weights`: what each institution counts for in DebtRank, such as its share of all
    /// claims (Battiston et al. 2012) or of total assets; any scale.
    pub fn of_stress(
        exposures: &Exposures,
        weights: &[f64],
        transmission: Transmission,
        settings: &SpreadSettings,
    ) -> Result<Self, Vec<DistressError>> {
        let buffers = exposures.buffers();
        let weights = normalised(weights, buffers.len())?;
        let rows = exposures.map_each_failure(transmission, settings, |failed, spread| {
            let lost = |(n, stress): (usize, &f64)| if n == failed { 0.0 } else { stress.min(1.0) };
            let shares: Vec<f64> = spread.stress.iter().enumerate().map(lost).collect();
            let others = spread.wave.iter().flatten().count() - 1;
            let (steps, settled) = (spread.steps, spread.settled);
            summed(shares, buffers, &weights, others, steps, settled)
        });
        Ok(Self::collected(rows, buffers.len()))
    }

    /// Failures that spread as defaults, wave by wave, each beyond what fails without any failure: the institutions of
    /// wave 0 whose net worth is short by itself, and those that they pull down, are nobody else's impact.
    ///
    /// The loss of `i` is `min(losses_i, net_worth_i)`; an institution without net worth has nothing to lose.
    pub fn of_defaults(
        claims: &SparseRows,
        net_worth: &[f64],
        weights: &[f64],
        rule: &DefaultRule,
    ) -> Result<Self, Vec<DistressError>> {
        check(claims, net_worth, &[], rule)?;
        let count = net_worth.len();
        let weights = normalised(weights, count)?;
        let lenders = claims.transposed();
        let anyway = spread(claims, &lenders, net_worth, &[], *rule);
        let buffers: Vec<f64> = net_worth.iter().map(|worth| worth.max(0.0)).collect();
        let one = |failed: usize| {
            let cascade = spread(claims, &lenders, net_worth, &[failed as u32], *rule);
            let mut shares = vec![0.0; count];
            let mut others = 0;
            for n in (0..count).filter(|&n| n != failed) {
                others += usize::from(cascade.wave[n].is_some() && anyway.wave[n].is_none());
                if buffers[n] > 0.0 {
                    let lost = |losses: &[f64]| (losses[n] / buffers[n]).min(1.0);
                    shares[n] = lost(&cascade.losses) - lost(&anyway.losses);
                }
            }
            summed(shares, &buffers, &weights, others, cascade.last_wave(), true)
        };
        let rows = (0..count).into_par_iter().map(one).collect();
        Ok(Self::collected(rows, count))
    }

    /// Number of institutions.
    pub fn institution_count(&self) -> usize {
        self.institutions.len()
    }

    /// The loss contribution: what `of` loses by the failure of `caused_by`, money, at most its buffer.
    ///
    /// # Panics
    /// If an institution is out of range.
    pub fn loss(&self, of: usize, caused_by: usize) -> f64 {
        self.losses_caused_by(caused_by)[of]
    }

    /// What each institution loses by the failure of one, money; nothing for itself.
    ///
    /// # Panics
    /// If the institution is out of range.
    pub fn losses_caused_by(&self, failed: usize) -> &[f64] {
        let count = self.institution_count();
        &self.losses[failed * count..(failed + 1) * count]
    }

    fn collected(rows: Vec<(FailureImpact, Shares, Losses)>, count: usize) -> Self {
        let mut vulnerability = vec![0.0; count];
        let mut losses = Vec::with_capacity(count * count);
        let mut institutions = Vec::with_capacity(count);
        for (impact, shares, lost) in rows {
            institutions.push(impact);
            losses.extend(lost);
            vulnerability
                .iter_mut()
                .zip(shares)
                .for_each(|(sum, share)| *sum += share);
        }
        let others = (count.max(2) - 1) as f64;
        for sum in &mut vulnerability {
            *sum /= others;
        }
        Self {
            institutions,
            vulnerability,
            losses,
        }
    }
}

type Shares = Vec<f64>;
type Losses = Vec<f64>;

fn summed(
    shares: Shares,
    buffers: &[f64],
    weights: &[f64],
    failures: usize,
    steps: u32,
    settled: bool,
) -> (FailureImpact, Shares, Losses) {
    let losses: Losses = shares
        .iter()
        .zip(buffers)
        .map(|(share, buffer)| share * buffer)
        .collect();
    let impact = FailureImpact {
        debtrank: shares
            .iter()
            .zip(weights)
            .map(|(share, weight)| share * weight)
            .sum(),
        loss: losses.iter().sum(),
        failures: failures as u32,
        steps,
        settled,
    };
    (impact, shares, losses)
}

/// Weights that sum to 1.
fn normalised(weights: &[f64], count: usize) -> Result<Vec<f64>, Vec<DistressError>> {
    check_length("weights", weights, count)?;
    let mut problems: Vec<_> = refuse(
        weights,
        |value| (0.0..=LARGEST).contains(&value),
        |institution, value| DistressError::Weight { institution, value },
    )
    .collect();
    let sum: f64 = weights.iter().sum();
    if problems.is_empty() && count > 0 && sum == 0.0 {
        problems.push(DistressError::Weight {
            institution: 0,
            value: 0.0,
        });
    }
    if problems.is_empty() {
        Ok(weights.iter().map(|weight| weight / sum).collect())
    } else {
        Err(problems)
    }
}
