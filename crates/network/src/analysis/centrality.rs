//! Centralities found by iteration: eigenvector, PageRank, Katz, hubs and authorities.
//!
//! `M` is the matrix of weights with a row for each institution in the chosen [`Role`] and a column for each of its
//! counterparties. In the role of the creditor, whoever has claims on the central is central: it is exposed. In the role
//! of the debtor, whoever owes to the central is central: others are exposed to it.
//!
//! Whether an iteration settled is a field of the answer. It says that the last step moved little, which bounds the
//! error for PageRank only.

use super::{AnalysisError, Role, Weight};
use crate::graph::ContagionGraph;
use delever_core::SparseRows;

/// How a centrality is iterated, and on which links.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CentralitySettings {
    /// In which role institutions are scored.
    pub role: Role,
    /// What a link weighs.
    pub weight: Weight,
    /// Largest change of all scores together in the last step, relative to their sum.
    pub tolerance: f64,
    /// Largest number of steps.
    pub max_steps: u32,
}

impl Default for CentralitySettings {
    /// Debtors by the amounts they owe, to `1e-12`, in at most 10,000 steps.
    fn default() -> Self {
        Self {
            role: Role::Debtor,
            weight: Weight::Amount,
            tolerance: 1e-12,
            max_steps: 10_000,
        }
    }
}

/// Scores by institution, and how the iteration ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    /// By institution.
    pub values: Vec<f64>,
    /// Steps taken.
    pub steps: u32,
    /// Whether the last step moved by no more than the tolerance. If not, the values are no answer.
    pub converged: bool,
}

/// Hubs and authorities of one graph.
#[derive(Clone, Debug, PartialEq)]
pub struct HubsAndAuthorities {
    /// Debtors by the authorities they owe to; the scores add up to 1.
    pub hubs: Scores,
    /// Creditors by the hubs they have claims on; the scores add up to 1.
    pub authorities: Scores,
}

impl ContagionGraph {
    /// Eigenvector centrality: `M x = rho x` for the spectral radius `rho`, `x >= 0` of Euclidean length 1.
    ///
    /// Power iteration on `M + (rho / 2) I`, which has the same vector and does not oscillate on rings and stars. Without
    /// a ring of debts `rho` is 0, nobody is central, and all scores are 0. Where several strongly connected components
    /// have the same `rho`, `x` is one of many. Source: Bonacich (1972), Journal of Mathematical Sociology 2(1).
    ///
    /// ```
    /// use delever_network::ContagionGraphBuilder;
    /// let mut builder = ContagionGraphBuilder::new(3); // 1 and 2 each have a debt to 0 and a claim on it
    /// builder.debt(0, 1, 1.0, 0).debt(1, 0, 1.0, 0).debt(0, 2, 1.0, 0).debt(2, 0, 1.0, 0);
    /// let scores = builder.build().expect("valid").eigenvector_centrality(&Default::default());
    /// assert!(scores.converged && (scores.values[0] - 0.5_f64.sqrt()).abs() < 1e-9);
    /// assert!((scores.values[1] - 0.5).abs() < 1e-9);
    /// ```
    pub fn eigenvector_centrality(&self, settings: &CentralitySettings) -> Scores {
        let matrix = self.links(settings.role, settings.weight);
        if super::perron::nontrivial_classes(&[&matrix]).is_empty() {
            return Scores {
                values: vec![0.0; self.count],
                steps: 0,
                converged: true,
            };
        }
        let mut scores = iterate(even(self.count), settings, |x, next| {
            product(&matrix, x, next);
            let growth: f64 = next.iter().sum(); // x sums to 1
            next.iter_mut()
                .zip(x)
                .for_each(|(next, x)| *next += 0.5 * growth * x);
            scale_to_one(next);
            true
        });
        let length = scores.values.iter().map(|x| x * x).sum::<f64>().sqrt();
        for x in &mut scores.values {
            *x /= length;
        }
        scores
    }

    /// PageRank: `x_i = (1 - d) / n + d (sum_j x_j M_ij / sum_k M_kj + x_0 / n)`, where `d` is the damping, and `x_0` the
    /// score of all without a counterparty, which they spread evenly. Scores add up to 1.
    ///
    /// A step contracts by `d`, so the errors of all scores together are at most `d / (1 - d)` times the tolerance, rounding
    /// aside. Refuses a damping that is not
    /// at least 0 and below 1; 0.85 is usual. Source: Brin and Page (1998), Computer Networks 30.
    ///
    /// ```
    /// use delever_network::ContagionGraphBuilder;
    /// let mut builder = ContagionGraphBuilder::new(2);
    /// builder.debt(0, 1, 7.0, 0); // 0 owes to 1, and nobody owes to 0
    /// let scores = builder.build().expect("valid").pagerank(0.5, &Default::default())?;
    /// assert!((scores.values[0] - 0.6).abs() < 1e-9 && (scores.values[1] - 0.4).abs() < 1e-9);
    /// # Ok::<(), delever_network::analysis::AnalysisError>(())
    /// ```
    pub fn pagerank(&self, damping: f64, settings: &CentralitySettings) -> Result<Scores, AnalysisError> {
        if !(0.0..1.0).contains(&damping) {
            return Err(AnalysisError::Parameter {
                name: "damping",
                value: damping,
                wanted: "at least 0 and below 1",
            });
        }
        let matrix = self.links(settings.role, settings.weight);
        let mut given = vec![0.0; self.count];
        matrix
            .triplets()
            .for_each(|(_, j, weight)| given[j as usize] += weight);
        let count = self.count as f64;
        let mut shares = vec![0.0; self.count];
        Ok(iterate(even(self.count), settings, |x, next| {
            let mut unlinked = 0.0;
            for ((share, &x), &given) in shares.iter_mut().zip(x).zip(&given) {
                *share = if given > 0.0 { x / given } else { 0.0 };
                unlinked += if given > 0.0 { 0.0 } else { x };
            }
            product(&matrix, &shares, next);
            let everyone = ((1.0 - damping) + damping * unlinked) / count;
            for next in next.iter_mut() {
                *next = everyone + damping * *next;
            }
            true
        }))
    }

    /// Katz centrality: `x = 1 + alpha M x`, the sum of `alpha^k` times the weights of all walks of `k` links.
    ///
    /// The attenuation `alpha` must stay below `1 / rho`, the spectral radius of `M`; beyond, the sum is infinite and the
    /// answer says that it has not converged. With amounts, `alpha` is per unit of money. Refuses an attenuation that is
    /// negative or not finite. Source: Katz (1953), Psychometrika 18.
    ///
    /// ```
    /// use delever_network::{ContagionGraphBuilder, analysis::CentralitySettings};
    /// let mut builder = ContagionGraphBuilder::new(2);
    /// builder.debt(0, 1, 2.0, 0).debt(1, 0, 2.0, 0);
    /// let graph = builder.build().expect("valid");
    /// let scores = graph.katz_centrality(0.25, &CentralitySettings::default())?; // x = 1 + x / 2
    /// assert!((scores.values[0] - 2.0).abs() < 1e-9);
    /// assert!(!graph.katz_centrality(0.5, &CentralitySettings::default())?.converged);
    /// # Ok::<(), delever_network::analysis::AnalysisError>(())
    /// ```
    pub fn katz_centrality(
        &self,
        attenuation: f64,
        settings: &CentralitySettings,
    ) -> Result<Scores, AnalysisError> {
        if !(attenuation >= 0.0 && attenuation.is_finite()) {
            return Err(AnalysisError::Parameter {
                name: "attenuation",
                value: attenuation,
                wanted: "at least 0 and finite",
            });
        }
        let matrix = self.links(settings.role, settings.weight);
        let start = vec![1.0; self.count];
        Ok(iterate(start, settings, |x, next| {
            product(&matrix, x, next);
            for next in next.iter_mut() {
                *next = 1.0 + attenuation * *next;
            }
            // `alpha M x < x` everywhere proves that the radius of `alpha M` is below 1, and the sum finite.
            next.iter().zip(x).all(|(next, x)| next - x < 0.5)
        }))
    }

    /// Hubs and authorities: with `A` by creditor and debtor, authorities `a = A h` and hubs `h = A' a`, each scaled to add
    /// up to 1; 0 in a graph without debts. The role in `settings` plays no part.
    ///
    /// Where the largest singular value of `A` is multiple, the vectors are some of many. Source: Kleinberg (1999),
    /// Journal of the ACM 46(5).
    ///
    /// ```
    /// use delever_network::ContagionGraphBuilder;
    /// let mut builder = ContagionGraphBuilder::new(3); // 0 owes to both others
    /// builder.debt(0, 1, 3.0, 0).debt(0, 2, 1.0, 0);
    /// let scores = builder.build().expect("valid").hubs_and_authorities(&Default::default());
    /// assert_eq!(scores.hubs.values, [1.0, 0.0, 0.0]);
    /// assert_eq!(scores.authorities.values, [0.0, 0.75, 0.25]);
    /// ```
    pub fn hubs_and_authorities(&self, settings: &CentralitySettings) -> HubsAndAuthorities {
        let by_creditor = self.links(Role::Creditor, settings.weight);
        let by_debtor = self.links(Role::Debtor, settings.weight);
        let mut hubs = vec![0.0; self.count];
        let start = even(self.count);
        let authorities = iterate(start, settings, |a, next| {
            product(&by_debtor, a, &mut hubs);
            scale_to_one(&mut hubs);
            product(&by_creditor, &hubs, next);
            scale_to_one(next);
            true
        });
        product(&by_debtor, &authorities.values, &mut hubs);
        scale_to_one(&mut hubs);
        HubsAndAuthorities {
            hubs: Scores {
                values: hubs,
                ..authorities
            },
            authorities,
        }
    }
}

fn even(count: usize) -> Vec<f64> {
    vec![1.0 / count as f64; count]
}

fn product(matrix: &SparseRows, x: &[f64], out: &mut [f64]) {
    let rows = out.iter_mut().enumerate();
    rows.for_each(|(row, out)| *out = matrix.row(row).product_sum(x));
}

fn scale_to_one(x: &mut [f64]) {
    let sum: f64 = x.iter().sum();
    if sum > 0.0 {
        for x in x.iter_mut() {
            *x /= sum;
        }
    }
}

/// Applies `step` until its result moves by no more than the tolerance, relative to its sum, and `step` agrees to stop.
fn iterate(
    mut values: Vec<f64>,
    settings: &CentralitySettings,
    mut step: impl FnMut(&[f64], &mut [f64]) -> bool,
) -> Scores {
    let mut next = vec![0.0; values.len()];
    let (mut steps, mut converged) = (0, false);
    while steps < settings.max_steps && !converged {
        steps += 1;
        let may_stop = step(&values, &mut next);
        let change: f64 = next.iter().zip(&values).map(|(next, x)| (next - x).abs()).sum();
        let size: f64 = next.iter().sum();
        std::mem::swap(&mut values, &mut next);
        if !size.is_finite() {
            break;
        }
        converged = may_stop && change <= settings.tolerance * size;
    }
    Scores {
        values,
        steps,
        converged,
    }
}
