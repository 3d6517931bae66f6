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
//!
//! * [`Transmission::FirstHit`]: everyone sends `min(1, s)` once, in the step after it is first in distress, and is spent:
//!   DebtRank as of Battiston, Puliga, Kaushik, Tasca and Caldarelli (2012), Scientific Reports 2, impacts capped at 1. It
//!   never exceeds the first, and it is **not monotone**: who is hit early by little passes on little, whatever comes.
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

use delever_core::SparseRows;
use rayon::prelude::*;

/// What an institution sends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transmission {
    /// Every loss, in proportion.
    DebtRank,
    /// Its failure, all at once.
    Default,
    /// What it has lost when it is first hit, and nothing after. Unordered.
    FirstHit,
}

/// When a spread counts as settled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpreadSettings {
    /// Euclidean length of the last step's change of stress.
    pub tolerance: f64,
    /// Largest number of steps.
    pub max_steps: u32,
}

impl Default for SpreadSettings {
    /// A change of `1e-12`, and 100,000 steps.
    fn default() -> Self {
        Self {
            tolerance: 1e-12,
            max_steps: 100_000,
        }
    }
}

/// Shocks that are spread side by side, so that each impact is read once for all of them.
const LANES: usize = 16;

/// Why exposures or a shock are refused.
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
    /// A buffer is not above 0 or not finite: losses cannot be measured by it.
    #[error("institution {institution}: buffer {value} is not above 0; leave failed institutions out")]
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
}

/// Stress after distress has spread.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// By institution: lost part of the buffer, above 1 where more was lost.
    pub stress: Vec<f64>,
    /// By institution: the step at which its stress reached 1, 0 for those that start there; `None` if it never did.
    pub wave: Vec<Option<u32>>,
    /// Steps until nothing moved by more than the tolerance.
    pub steps: u32,
    /// Whether that happened before the limit of steps.
    pub settled: bool,
}

impl Spread {
    /// Institutions with all of their buffer lost that did not start so: `s > 1 - 1e-12`.
    pub fn additional_defaults(&self, shock: &[f64]) -> usize {
        let failed = |(&s, &s0): (&f64, &f64)| s > 1.0 - 1e-12 && s0 < 1.0;
        self.stress.iter().zip(shock).filter(|&pair| failed(pair)).count()
    }

    /// `sum_i w_i (min(s_i, 1) - min(s0_i, 1))`: the DebtRank of a shock, for weights that sum to 1.
    pub fn additional_stress(&self, shock: &[f64], weights: &[f64]) -> f64 {
        let stress = self.stress.iter().zip(shock).zip(weights);
        stress
            .map(|((s, s0), weight)| weight * (s.min(1.0) - s0.min(1.0)))
            .sum()
    }
}

/// Who loses how much of its buffer when another is in distress.
#[derive(Clone, Debug)]
pub struct Exposures {
    /// Row = borrower, column = lender, value = claim over the lender's buffer.
    impacts: SparseRows,
    buffers: Vec<f64>,
}

impl Exposures {
    /// From claims (row = lender, column = borrower, money) and each institution's buffer, usually its equity.
    pub fn new(claims: &SparseRows, buffers: &[f64]) -> Result<Self, Vec<DistressError>> {
        let count = claims.row_count();
        check_length("buffers", buffers, count)?;
        let bad = |value: f64| !(value > 0.0 && value.is_finite());
        let problems: Vec<_> = buffers
            .iter()
            .enumerate()
            .filter(|&(_, &value)| bad(value))
            .map(|(institution, &value)| DistressError::Buffer { institution, value })
            .collect();
        if !problems.is_empty() {
            return Err(problems);
        }
        let triplets: Vec<_> = claims
            .triplets()
            .map(|(lender, borrower, amount)| (borrower, lender, amount / buffers[lender as usize]))
            .collect();
        Ok(Self {
            impacts: SparseRows::from_triplets(count, count, &triplets),
            buffers: buffers.to_vec(),
        })
    }

    /// Number of institutions.
    pub fn institution_count(&self) -> usize {
        self.buffers.len()
    }

    /// Row = borrower, column = lender, value = `v_ji`, the part of the lender's buffer that its claim is. Not capped.
    pub fn impacts(&self) -> &SparseRows {
        &self.impacts
    }

    /// Spreads the initial stress `shock`, from 0 to 1 by institution, until nothing moves.
    pub fn spread(
        &self,
        shock: &[f64],
        transmission: Transmission,
        settings: &SpreadSettings,
    ) -> Result<Spread, Vec<DistressError>> {
        let count = self.institution_count();
        check_length("initial stress", shock, count)?;
        let problems: Vec<_> = shock
            .iter()
            .enumerate()
            .filter(|&(_, value)| !(0.0..=1.0).contains(value))
            .map(|(institution, &value)| DistressError::Stress { institution, value })
            .collect();
        if !problems.is_empty() {
            return Err(problems);
        }
        let [spread] = self.run(shock.iter().map(|&s| [s]).collect(), transmission, settings);
        Ok(spread)
    }

    /// Spreads the failure of each institution alone, in parallel: entry `j` is what follows when `j` fails.
    ///
    /// Stress times buffers is the loss contribution matrix: row `j`, column `i`, what `i` loses by the failure of `j`.
    pub fn each_failure(&self, transmission: Transmission, settings: &SpreadSettings) -> Vec<Spread> {
        let count = self.institution_count();
        let together = |first: usize| {
            let failed = std::array::from_fn(|lane| (first + lane).min(count - 1));
            let initial = |n: usize| failed.map(|failed: usize| f64::from(u8::from(failed == n)));
            let spreads: [Spread; LANES] =
                self.run((0..count).map(initial).collect(), transmission, settings);
            spreads.into_iter().take(count - first)
        };
        let firsts: Vec<usize> = (0..count).step_by(LANES).collect();
        firsts.into_par_iter().flat_map_iter(together).collect()
    }

    /// `sum_i buffer_i (s_i - s0_i)`, money: what contagion took, beyond buffers too.
    pub fn additional_loss(&self, shock: &[f64], spread: &Spread) -> f64 {
        let stress = spread.stress.iter().zip(shock).zip(&self.buffers);
        stress.map(|((s, s0), buffer)| buffer * (s - s0)).sum()
    }

    /// Spreads several shocks side by side, `stress[n][lane]` at first; each lane has the bits that it has alone.
    fn run<const L: usize>(
        &self,
        mut stress: Vec<[f64; L]>,
        transmission: Transmission,
        settings: &SpreadSettings,
    ) -> [Spread; L] {
        let count = stress.len();
        let largest_impact = match transmission {
            Transmission::FirstHit => 1.0,
            Transmission::DebtRank | Transmission::Default => f64::INFINITY,
        };
        let mut spreads: [Spread; L] = std::array::from_fn(|lane| Spread {
            stress: Vec::new(),
            wave: stress.iter().map(|s| (s[lane] >= 1.0).then_some(0)).collect(),
            steps: 0,
            settled: false,
        });
        let (mut sent, mut gained) = (vec![[0.0; L]; count], vec![[0.0; L]; count]);
        let mut step = 0;
        while step < settings.max_steps && spreads.iter().any(|spread| !spread.settled) {
            step += 1;
            gained.fill([0.0; L]);
            let moves: [bool; L] = std::array::from_fn(|lane| !spreads[lane].settled);
            for (borrower, (stress, sent)) in stress.iter().zip(&mut sent).enumerate() {
                let sends: [f64; L] = std::array::from_fn(|lane| {
                    let (stress, sent) = (stress[lane], sent[lane]);
                    match transmission {
                        _ if !moves[lane] => 0.0,
                        Transmission::DebtRank => stress.min(1.0) - sent,
                        Transmission::Default if stress >= 1.0 => 1.0 - sent,
                        Transmission::FirstHit if sent == 0.0 => stress.min(1.0),
                        Transmission::Default | Transmission::FirstHit => 0.0,
                    }
                });
                if sends.iter().all(|&sends| sends == 0.0) {
                    continue;
                }
                (0..L).for_each(|lane| sent[lane] += sends[lane]);
                for (lender, impact) in self.impacts.row(borrower).iter() {
                    let impact = impact.min(largest_impact);
                    let gained = &mut gained[lender];
                    (0..L).for_each(|lane| gained[lane] += sends[lane] * impact);
                }
            }
            let mut change = [0.0; L];
            for (n, (stress, gained)) in stress.iter_mut().zip(&gained).enumerate() {
                let before = *stress;
                for lane in 0..L {
                    stress[lane] += gained[lane];
                    change[lane] += gained[lane] * gained[lane];
                }
                for lane in (0..L).filter(|&lane| before[lane] < 1.0 && stress[lane] >= 1.0) {
                    spreads[lane].wave[n] = Some(step);
                }
            }
            for (lane, spread) in spreads.iter_mut().enumerate().filter(|(lane, _)| moves[*lane]) {
                spread.steps = step;
                spread.settled = change[lane].sqrt() < settings.tolerance;
            }
        }
        for (lane, spread) in spreads.iter_mut().enumerate() {
            spread.stress = stress.iter().map(|stress| stress[lane]).collect();
        }
        spreads
    }
}

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
