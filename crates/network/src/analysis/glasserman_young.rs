//! How much contagion can come from one institution at most, whatever the network looks like.

use super::AnalysisError;
use super::error::check_values;
use crate::graph::ContagionGraph;

/// The figures of Glasserman and Young (2015) by institution, and the bounds that follow.
///
/// The setting: an institution has outside assets `c`, claims and debts inside the system, and external liabilities, all
/// ranking alike; debts clear as in Eisenberg and Noe (2001), without costs of default or fire sales. A shock takes some
/// of `c_i`. Source: Glasserman and Young (2015), Journal of Banking & Finance 50.
#[derive(Clone, Debug, PartialEq)]
pub struct GlassermanYoung {
    /// Financial connectivity `beta_i`: the part of its liabilities that is owed inside the system, 0 without liabilities.
    pub connectivity: Vec<f64>,
    /// Net worth `w_i`: outside assets and claims less all liabilities, money.
    pub net_worth: Vec<f64>,
    /// Outside leverage `lambda_i = c_i / w_i`.
    pub outside_leverage: Vec<f64>,
    /// Contagion index `w_i beta_i (lambda_i - 1) = beta_i (c_i - w_i)`, money: what the others can lose by `i` at most.
    pub contagion_index: Vec<f64>,
    outside_assets: Vec<f64>,
}

impl ContagionGraph {
    /// Connectivity, net worth, outside leverage and contagion index of each institution.
    ///
    /// `outside_assets` (`c`) and `external_liabilities`, at least 0, money, one an institution. Shareholdings are left
    /// out. Refuses a net worth that is not above 0: who has failed already is no source of contagion to come.
    ///
    /// ```
    /// use delever_network::ContagionGraphBuilder;
    /// let mut builder = ContagionGraphBuilder::new(3);
    /// builder.debt(0, 1, 19.0, 0).debt(0, 2, 19.0, 0);
    /// let graph = builder.build().expect("valid");
    /// let bounds = graph.glasserman_young(&[200.0, 10.0, 10.0], &[152.0, 9.0, 9.0])?;
    /// assert_eq!((bounds.net_worth[0], bounds.outside_leverage[0], bounds.connectivity[0]), (10.0, 20.0, 0.2));
    /// assert_eq!(bounds.contagion_index[0], 38.0);
    /// assert_eq!(bounds.contagion_possible(0, &[1, 2])?, false); // they have 40 together
    /// assert_eq!(bounds.contagion_possible(0, &[1])?, true);
    /// # Ok::<(), Vec<delever_network::analysis::AnalysisError>>(())
    /// ```
    pub fn glasserman_young(
        &self,
        outside_assets: &[f64],
        external_liabilities: &[f64],
    ) -> Result<GlassermanYoung, Vec<AnalysisError>> {
        let at_least_0 = |value: f64| value >= 0.0 && value.is_finite();
        let wanted = "at least 0 and finite";
        check_values("outside assets", outside_assets, self.count, wanted, at_least_0)?;
        check_values(
            "external liabilities",
            external_liabilities,
            self.count,
            wanted,
            at_least_0,
        )?;
        let (claims, owed) = (self.in_strength(), self.out_strength());
        let institutions =
            || (0..self.count).map(|i| (outside_assets[i], claims[i], owed[i], external_liabilities[i]));
        let connectivity: Vec<f64> = institutions()
            .map(|(_, _, owed, external)| if owed > 0.0 { owed / (owed + external) } else { 0.0 })
            .collect();
        let net_worth: Vec<f64> = institutions()
            .map(|(outside, claims, owed, external)| (outside + claims) - (owed + external))
            .collect();
        let wanted = "above 0; leave failed institutions out";
        check_values("net worth", &net_worth, self.count, wanted, |worth| worth > 0.0)?;
        let pairs = || outside_assets.iter().zip(&net_worth);
        let excess = pairs().map(|(outside, worth)| outside - worth);
        Ok(GlassermanYoung {
            outside_leverage: pairs().map(|(outside, worth)| outside / worth).collect(),
            contagion_index: excess
                .zip(&connectivity)
                .map(|(excess, beta)| beta * excess)
                .collect(),
            connectivity,
            outside_assets: outside_assets.to_vec(),
            net_worth,
        })
    }
}

impl GlassermanYoung {
    /// Whether a shock to `i` alone may make all of `others` default: not if `sum_{j in D} w_j > w_i beta_i (lambda_i - 1)`,
    /// whatever the network (Proposition 1). Even losing all of `c_i` then costs the others too little.
    ///
    /// Refuses a set that holds `i` itself, or a number that is no institution.
    pub fn contagion_possible(&self, i: u32, others: &[u32]) -> Result<bool, Vec<AnalysisError>> {
        let worth: f64 = self.members(i, others)?.iter().map(|&j| self.net_worth[j]).sum();
        Ok(!(worth > self.contagion_index[i as usize]))
    }

    /// The smallest loss of outside assets at `i`, money, that may make all of `others` default:
    /// `w_i + (1 / beta_i) sum_{j in D} w_j` (Proposition 1). Above `c_i`, it cannot happen.
    pub fn contagion_threshold(&self, i: u32, others: &[u32]) -> Result<f64, Vec<AnalysisError>> {
        let worth: f64 = self.members(i, others)?.iter().map(|&j| self.net_worth[j]).sum();
        let i = i as usize;
        let passed_on = if worth > 0.0 {
            worth / self.connectivity[i]
        } else {
            0.0
        };
        Ok(self.net_worth[i] + passed_on)
    }

    /// Whether contagion from `i` to all of `others` is weak: less likely than that all of them, `i` too, default by shocks
    /// of their own. So it is if `sum_{j in D} w_j >= w_i beta_i (lambda_i - 1) sum_{j in D} 1 / lambda_j`.
    ///
    /// Holds for independent shocks that take a fraction `X / c` with `P(X / c > y) = (1 - y)^q`, `q > 0`, such as the
    /// uniform: then `P(X_i >= w_i + W / beta_i) <= P(X_i > w_i) prod_j P(X_j > w_j)`, by
    /// `prod_j (1 - 1 / lambda_j) >= 1 - sum_j 1 / lambda_j`. False says that the bound decides nothing.
    pub fn contagion_weak(&self, i: u32, others: &[u32]) -> Result<bool, Vec<AnalysisError>> {
        let members = self.members(i, others)?;
        let worth: f64 = members.iter().map(|&j| self.net_worth[j]).sum();
        let frailty: f64 = members.iter().map(|&j| 1.0 / self.outside_leverage[j]).sum();
        let impossible = worth > self.contagion_index[i as usize];
        Ok(impossible || worth >= self.contagion_index[i as usize] * frailty)
    }

    /// Upper bound of expected losses with the network over those without it:
    /// `1 + sum_i delta_i c_i / ((1 - beta_max) sum_i c_i)`, where `delta_i >= P(X_i >= w_i)` is the probability, 0 to 1,
    /// that the shock to `i` alone makes it default (Theorem 3).
    ///
    /// For shocks whose fractions `X_i / c_i` are distributed alike and with an increasing failure rate. Infinite if all
    /// liabilities of somebody are owed inside the system; 1 without outside assets.
    ///
    /// ```
    /// use delever_network::ContagionGraphBuilder;
    /// let mut builder = ContagionGraphBuilder::new(2);
    /// builder.debt(0, 1, 40.0, 0).debt(1, 0, 40.0, 0);
    /// let graph = builder.build().expect("valid");
    /// let bounds = graph.glasserman_young(&[100.0, 100.0], &[40.0, 40.0])?;
    /// assert!((bounds.relative_loss_bound(&[0.01, 0.02])? - 1.03).abs() < 1e-15);
    /// # Ok::<(), Vec<delever_network::analysis::AnalysisError>>(())
    /// ```
    pub fn relative_loss_bound(&self, default_probabilities: &[f64]) -> Result<f64, Vec<AnalysisError>> {
        let count = self.net_worth.len();
        let fits = |value: f64| (0.0..=1.0).contains(&value);
        check_values(
            "default probabilities",
            default_probabilities,
            count,
            "within 0 to 1",
            fits,
        )?;
        let assets: f64 = self.outside_assets.iter().sum();
        let products = self.outside_assets.iter().zip(default_probabilities);
        let at_risk: f64 = products.map(|(outside, probability)| outside * probability).sum();
        let most_connected = self
            .connectivity
            .iter()
            .fold(0.0_f64, |most, &beta| most.max(beta));
        if at_risk == 0.0 {
            return Ok(1.0);
        }
        Ok(1.0 + at_risk / ((1.0 - most_connected) * assets))
    }

    /// The institutions of a set that `i` is no part of, each once.
    fn members(&self, i: u32, others: &[u32]) -> Result<Vec<usize>, Vec<AnalysisError>> {
        let count = self.net_worth.len();
        let outside = (i as usize >= count).then_some(i);
        let strangers = others.iter().copied().filter(|&j| j == i || j as usize >= count);
        let problems: Vec<_> = outside
            .into_iter()
            .chain(strangers)
            .map(|institution| AnalysisError::NotAnother {
                institution,
                others: count.saturating_sub(1),
            })
            .collect();
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut members: Vec<usize> = others.iter().map(|&j| j as usize).collect();
        members.sort_unstable();
        members.dedup();
        Ok(members)
    }
}
