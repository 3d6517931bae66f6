//! The spectral radius of a non-negative matrix, with bounds that hold in spite of rounding.
//!
//! Of any matrix, of the relative liabilities, and of the interbank leverage matrix, whose radius above 1 is the early
//! warning of an unstable network.

use super::AnalysisError;
use super::error::{check_length, check_values};
use super::perron::radius_of;
use crate::graph::ContagionGraph;
use delever_core::SparseRows;
use delever_core::error_free::CompensatedSum;

/// When a bracket is narrow enough.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpectralSettings {
    /// Width of the bracket, relative to its upper end.
    pub tolerance: f64,
    /// Largest number of steps for one class.
    pub max_steps: u32,
}

impl Default for SpectralSettings {
    /// A relative width of `1e-10`, and 10,000 steps.
    fn default() -> Self {
        Self {
            tolerance: 1e-10,
            max_steps: 10_000,
        }
    }
}

/// A bracket that provably holds the spectral radius.
#[derive(Clone, Debug, PartialEq)]
pub struct SpectralRadius {
    /// The radius is at least this.
    pub lower: f64,
    /// The radius is at most this.
    pub upper: f64,
    /// The strongly connected rows whose own radius gave the lower end, ascending; empty where the radius is 0.
    pub class: Vec<u32>,
    /// Steps taken, all classes together.
    pub steps: u32,
    /// Whether the bracket is as narrow as asked. It holds either way.
    pub converged: bool,
}

impl SpectralRadius {
    /// Whether the radius is above `threshold`; `None` where the bracket does not tell.
    ///
    /// ```
    /// use delever_core::SparseRows;
    /// use delever_network::analysis::spectral_radius;
    /// let matrix = SparseRows::from_triplets(2, 2, &[(0, 1, 4.0), (1, 0, 1.0)]);
    /// let radius = spectral_radius(&matrix, &Default::default())?; // 2
    /// assert_eq!((radius.exceeds(1.0), radius.exceeds(3.0)), (Some(true), Some(false)));
    /// # Ok::<(), Vec<delever_network::analysis::AnalysisError>>(())
    /// ```
    pub fn exceeds(&self, threshold: f64) -> Option<bool> {
        if self.lower > threshold {
            Some(true)
        } else if self.upper <= threshold {
            Some(false)
        } else {
            None
        }
    }
}

/// Bounds the spectral radius of a square matrix with entries from 0 to `1e150`.
///
/// Where the second largest eigenvalue is nearly as large, as on long rings of unequal weights, many steps are needed; the
/// bracket holds whenever it stops. Source of the bounds: Horn and Johnson (2013), Matrix Analysis, 8.1.
///
/// ```
/// use delever_core::SparseRows;
/// use delever_network::analysis::spectral_radius;
/// let matrix = SparseRows::from_triplets(2, 2, &[(0, 0, 1.0), (0, 1, 1.0), (1, 0, 1.0)]);
/// let radius = spectral_radius(&matrix, &Default::default())?;
/// let golden = (1.0 + 5.0_f64.sqrt()) / 2.0;
/// assert!(radius.lower <= golden && golden <= radius.upper && radius.upper - radius.lower < 1e-9);
/// # Ok::<(), Vec<delever_network::analysis::AnalysisError>>(())
/// ```
pub fn spectral_radius(
    matrix: &SparseRows,
    settings: &SpectralSettings,
) -> Result<SpectralRadius, Vec<AnalysisError>> {
    let count = matrix.row_count();
    check_length("columns", matrix.column_count(), count).map_err(|error| vec![error])?;
    let problems: Vec<_> = check_entries(matrix).collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(radius_of(&[matrix], &vec![(1.0, 1.0); count], settings))
}

/// Entries that are negative, too large or no numbers.
pub(super) fn check_entries(matrix: &SparseRows) -> impl Iterator<Item = AnalysisError> + '_ {
    let bad = matrix
        .triplets()
        .filter(|(_, _, value)| !(0.0..=1e150).contains(value));
    bad.map(|(row, _, value)| AnalysisError::Value {
        name: "entry",
        institution: row as usize,
        value,
        wanted: "within 0 to 1e150",
    })
}

impl ContagionGraph {
    /// Spectral radius of the relative liabilities `a_ij = L_ij / (b_i + sum_k L_ik)`, where `L_ij` is what `i` owes to
    /// `j` over all seniorities and `b_i = external_liabilities[i] >= 0` what it owes outside, money.
    ///
    /// At most 1, and 1 exactly where there is a closed class: a set in which payments circle for ever, so that clearing
    /// payments need not be unique. Below 1, losses of value die out geometrically. Source: Eisenberg and Noe (2001),
    /// Management Science 47(2), for the matrix.
    ///
    /// ```
    /// use delever_network::ContagionGraphBuilder;
    /// let mut builder = ContagionGraphBuilder::new(2);
    /// builder.debt(0, 1, 1.0, 0).debt(1, 0, 1.0, 0);
    /// let graph = builder.build().expect("valid");
    /// let radius = graph.relative_liabilities_radius(&[3.0, 0.0], &Default::default())?; // sqrt(1/4 * 1)
    /// assert!(radius.lower <= 0.5 && 0.5 <= radius.upper);
    /// # Ok::<(), Vec<delever_network::analysis::AnalysisError>>(())
    /// ```
    pub fn relative_liabilities_radius(
        &self,
        external_liabilities: &[f64],
        settings: &SpectralSettings,
    ) -> Result<SpectralRadius, Vec<AnalysisError>> {
        let fits = |value: f64| (0.0..=1e18).contains(&value);
        check_values(
            "external liabilities",
            external_liabilities,
            self.count,
            "within 0 to 1e18",
            fits,
        )?;
        if let Some(class) = self.closed_classes(external_liabilities).into_iter().next() {
            return Ok(SpectralRadius {
                lower: 1.0,
                upper: 1.0,
                class,
                steps: 0,
                converged: true,
            });
        }
        let owed: Vec<SparseRows> = self.debts.iter().map(|(_, layer)| layer.transposed()).collect();
        let owed: Vec<&SparseRows> = owed.iter().collect();
        let total = |debtor: usize| {
            let mut sum = CompensatedSum::default();
            sum.add(external_liabilities[debtor]);
            let amounts = owed.iter().flat_map(|layer| layer.row(debtor).values);
            amounts.for_each(|&amount| sum.add(amount));
            sum.bounds()
        };
        let totals: Vec<_> = (0..self.count).map(total).collect();
        let mut radius = radius_of(&owed, &totals, settings);
        radius.upper = radius.upper.min(1.0); // no row sums to more
        Ok(radius)
    }

    /// Spectral radius of the interbank leverage matrix `Lambda_ij = A_ij / E_i`, where `A_ij` is the claim of `i` on `j` over
    /// all seniorities and `E_i = equity[i] > 0`, money.
    ///
    /// Above 1 the network is unstable: under linear DebtRank, losses grow until somebody's equity is used up, however
    /// small the shock. [`SpectralRadius::class`] says who amplifies them. Sources: Bardoscia, Battiston, Caccioli and
    /// Caldarelli (2015), PLoS ONE 10(6); the same (2017), Nature Communications 8.
    ///
    /// ```
    /// use delever_network::ContagionGraphBuilder;
    /// let mut builder = ContagionGraphBuilder::new(2);
    /// builder.debt(0, 1, 6.0, 0).debt(1, 0, 6.0, 0);
    /// let graph = builder.build().expect("valid");
    /// assert_eq!(graph.leverage_radius(&[5.0, 5.0], &Default::default())?.exceeds(1.0), Some(true));
    /// assert_eq!(graph.leverage_radius(&[9.0, 9.0], &Default::default())?.exceeds(1.0), Some(false));
    /// # Ok::<(), Vec<delever_network::analysis::AnalysisError>>(())
    /// ```
    pub fn leverage_radius(
        &self,
        equity: &[f64],
        settings: &SpectralSettings,
    ) -> Result<SpectralRadius, Vec<AnalysisError>> {
        let wanted = "above 0; leave failed institutions out";
        let fits = |value: f64| value > 0.0 && value.is_finite();
        check_values("equity", equity, self.count, wanted, fits)?;
        let claims: Vec<&SparseRows> = self.debts.iter().map(|(_, layer)| layer).collect();
        let divisors: Vec<_> = equity.iter().map(|&value| (value, value)).collect();
        Ok(radius_of(&claims, &divisors, settings))
    }
}
