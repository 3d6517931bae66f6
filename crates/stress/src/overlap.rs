//! Liquidity-weighted overlap of portfolios, and the two indices that follow from it.
//!
//! If `j` sells all it holds in markets with linear impact, the price of asset `k` falls by the fraction `Pi_jk / D_k`, and `i`
//! loses `Omega_ij = sum_k Pi_ik Pi_jk / D_k`. Source: Cont and Schaanning (2019), Monitoring indirect contagion, Journal of
//! Banking & Finance 104.
//!
//! The matrix has as many entries as pairs of institutions that share an asset, which is nearly all pairs in a large
//! system; it is kept as its factors, and made only where asked for.

use crate::error::{AMOUNT, DEPTH, Problems, StressError, is_amount, is_depth};
use crate::perron::{Coefficient, Factors};
use delever_core::SparseRows;
use delever_network::analysis::{SpectralRadius, SpectralSettings};
use delever_portfolio::System;

/// How an endogenous risk index is scaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Normalisation {
    /// The sum of squares is 1.
    #[default]
    TwoNorm,
    /// The sum is 1: shares of the whole.
    OneNorm,
    /// The largest is 1.
    Maximum,
}

/// The largest eigenvalue of the overlap matrix, and its vector.
#[derive(Clone, Debug, PartialEq)]
pub struct EndogenousRisk {
    /// The endogenous risk index: one an institution, at least 0, scaled as asked. All 0 where nothing overlaps.
    pub index: Vec<f64>,
    /// A bracket that holds the largest eigenvalue, money; the class that has it.
    pub radius: SpectralRadius,
    /// The largest eigenvalue as computed, money: `u' Omega u / u' u`, within the bracket.
    pub eigenvalue: f64,
    /// `|Omega u - eigenvalue u| / (eigenvalue |u|)` in the 2-norm; 0 where nothing overlaps.
    pub residual: f64,
    /// Whether another class of institutions, which shares no asset with this one, may have as large an eigenvalue. Then
    /// the index is one of many; it belongs to the class of the first institution.
    pub rival: bool,
}

/// The overlap matrix `Omega_ij = sum_k Pi_ik Pi_jk / D_k`, money, as its factors.
///
/// Symmetric, positive semidefinite, entries at least 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Overlap {
    holdings: SparseRows,
    by_asset: SparseRows,
    depths: Vec<f64>,
}

impl Overlap {
    /// The overlap of holdings: row = institution, column = asset, value = money, 0 or within `1e-60` to `1e18`.
    ///
    /// `depths`, one an asset: money that moves the price by 100 % under linear impact, within `1e-9` to `1e60`; with `inf` an
    /// asset gives no overlap. Refuses a wrong length, and names every value that is out of range.
    ///
    /// ```
    /// use delever_core::SparseRows;
    /// use delever_stress::overlap::Overlap;
    /// let holdings = SparseRows::from_triplets(2, 2, &[(0, 0, 60.0), (1, 0, 40.0), (1, 1, 9.0)]);
    /// let overlap = Overlap::new(holdings, &[1000.0, f64::INFINITY])?;
    /// assert_eq!(overlap.dense(), [[3.6, 2.4], [2.4, 1.6]]);
    /// # Ok::<(), Vec<delever_stress::StressError>>(())
    /// ```
    pub fn new(holdings: SparseRows, depths: &[f64]) -> Result<Self, Vec<StressError>> {
        let mut problems = Problems::default();
        problems.assets("depth", depths, holdings.column_count(), DEPTH, is_depth);
        problems.entries("holding", &holdings, AMOUNT, is_amount);
        problems.result()?;
        Ok(Self {
            by_asset: holdings.transposed(),
            holdings,
            depths: depths.to_vec(),
        })
    }

    /// The overlap of a system's holdings at initial prices; `depths` as for [`Self::new`], in the order of assets.
    ///
    /// ```
    /// use delever_portfolio::{Institution, SystemBuilder};
    /// use delever_stress::overlap::Overlap;
    /// let mut builder = SystemBuilder::new();
    /// builder.asset("bonds", 2.0);
    /// for (bank, units) in [("a", 30.0), ("b", 20.0)] {
    ///     builder.institution(bank, Institution::default()).holding(bank, "bonds", units);
    /// }
    /// let system = builder.build().expect("valid");
    /// assert_eq!(Overlap::of_system(&system, &[1000.0])?.between(0, 1)?, 2.4);
    /// # Ok::<(), Vec<delever_stress::StressError>>(())
    /// ```
    pub fn of_system(system: &System, depths: &[f64]) -> Result<Self, Vec<StressError>> {
        Self::new(money_held(system), depths)
    }

    /// Number of institutions.
    pub fn institution_count(&self) -> usize {
        self.holdings.row_count()
    }

    /// `Omega_ij`, money: what `i` loses if `j` sells all; what it loses by its own sale for `i = j`.
    ///
    /// Refuses numbers that are no institutions. [`Overlap::new`] has an example.
    pub fn between(&self, i: usize, j: usize) -> Result<f64, Vec<StressError>> {
        self.check([i, j])?;
        let (mut mine, mut others) = (self.holdings.row(i).iter(), self.holdings.row(j).iter());
        let (mut a, mut b) = (mine.next(), others.next());
        let mut sum = 0.0;
        while let (Some((k, held)), Some((l, other))) = (a, b) {
            if k == l {
                sum += self.shared(k, held, other);
            }
            if k <= l {
                a = mine.next();
            }
            if l <= k {
                b = others.next();
            }
        }
        Ok(sum)
    }

    /// The row of one institution, money: what it loses by the full liquidation of each.
    ///
    /// Symmetric, so also what its own full liquidation costs each. Takes as long as its assets have holders.
    ///
    /// ```
    /// use delever_core::SparseRows;
    /// use delever_stress::overlap::Overlap;
    /// let overlap = Overlap::new(SparseRows::from_triplets(2, 1, &[(0, 0, 60.0), (1, 0, 40.0)]), &[1000.0])?;
    /// assert_eq!(overlap.row(0)?, [3.6, 2.4]);
    /// # Ok::<(), Vec<delever_stress::StressError>>(())
    /// ```
    pub fn row(&self, i: usize) -> Result<Vec<f64>, Vec<StressError>> {
        self.check([i])?;
        Ok(self.row_of(i))
    }

    /// The whole matrix, row by row: `n^2` numbers.
    pub fn dense(&self) -> Vec<Vec<f64>> {
        (0..self.institution_count()).map(|i| self.row_of(i)).collect()
    }

    /// `Omega v = Pi D^-1 Pi' v`, in as many steps as there are holdings.
    ///
    /// For `v` the fractions that institutions sell, the money that each loses, to first order. `v` has one finite number
    /// an institution, at most `1e18` in size.
    ///
    /// ```
    /// use delever_core::SparseRows;
    /// use delever_stress::overlap::Overlap;
    /// let overlap = Overlap::new(SparseRows::from_triplets(2, 1, &[(0, 0, 60.0), (1, 0, 40.0)]), &[1000.0])?;
    /// assert_eq!(overlap.product(&[0.0, 1.0])?, [2.4, 1.6]);
    /// # Ok::<(), Vec<delever_stress::StressError>>(())
    /// ```
    pub fn product(&self, v: &[f64]) -> Result<Vec<f64>, Vec<StressError>> {
        let mut problems = Problems::default();
        let wanted = "within -1e18 to 1e18";
        problems.institutions("factor", v, self.institution_count(), wanted, |value| {
            value.abs() <= 1e18
        });
        problems.result()?;
        Ok(self.apply(v))
    }

    /// The indirect contagion index `ICI_i = sum_{j != i} Omega_ij`, money: what the full liquidation of `i` costs all others.
    ///
    /// ```
    /// use delever_core::SparseRows;
    /// use delever_stress::overlap::Overlap;
    /// let holdings = [(0, 0, 60.0), (1, 0, 40.0), (2, 0, 10.0)];
    /// let overlap = Overlap::new(SparseRows::from_triplets(3, 1, &holdings), &[1000.0])?;
    /// assert_eq!(overlap.indirect_contagion_index(), [3.0, 2.8, 1.0]);
    /// # Ok::<(), Vec<delever_stress::StressError>>(())
    /// ```
    pub fn indirect_contagion_index(&self) -> Vec<f64> {
        // What the others hold, as a sum from each side: taking one's own from the total would cancel.
        let mut others = vec![Vec::new(); self.depths.len()];
        for (k, others) in others.iter_mut().enumerate() {
            let held = self.by_asset.row(k).values;
            *others = vec![0.0; held.len()];
            let mut after = 0.0;
            for (others, held) in others.iter_mut().zip(held).rev() {
                *others = after;
                after += held;
            }
            let mut before = 0.0;
            for (others, held) in others.iter_mut().zip(held) {
                *others += before;
                before += held;
            }
        }
        let mut place = vec![0_usize; self.depths.len()];
        (0..self.institution_count())
            .map(|i| {
                let mut sum = 0.0;
                for (k, held) in self.holdings.row(i).iter() {
                    sum += self.shared(k, held, others[k][place[k]]);
                    place[k] += 1;
                }
                sum
            })
            .collect()
    }

    /// The endogenous risk index: the Perron vector `u` of `Omega`, `Omega u = lambda u`, and `lambda`, the spectral radius.
    ///
    /// If institutions sell in proportion to what they lose, losses tend to be spread as `u`; who stands high both causes
    /// and bears them. Not converging is told by [`SpectralRadius::converged`]; the bracket holds either way.
    ///
    /// Refuses a tolerance that is not above 0. The tolerance is the width of the bracket relative to its upper end, and
    /// bounds the residual relative to the eigenvalue.
    ///
    /// ```
    /// use delever_core::SparseRows;
    /// use delever_stress::overlap::{Normalisation, Overlap};
    /// let overlap = Overlap::new(SparseRows::from_triplets(2, 1, &[(0, 0, 60.0), (1, 0, 40.0)]), &[1000.0])?;
    /// let risk = overlap.endogenous_risk_index(Normalisation::OneNorm, &Default::default())?;
    /// assert!((risk.index[0] - 0.6).abs() < 1e-12 && (risk.eigenvalue - 5.2).abs() < 1e-12);
    /// assert!(risk.radius.converged && !risk.rival);
    /// # Ok::<(), Vec<delever_stress::StressError>>(())
    /// ```
    pub fn endogenous_risk_index(
        &self,
        normalisation: Normalisation,
        settings: &SpectralSettings,
    ) -> Result<EndogenousRisk, Vec<StressError>> {
        check_settings(settings)?;
        let ones = vec![1.0; self.institution_count()];
        let through: Vec<_> = self.depths.iter().map(|&d| Coefficient::reciprocal(d)).collect();
        let factors = Factors {
            rows: &self.holdings,
            columns: &self.by_asset,
            left: &ones,
            right: &ones,
            through: &through,
        };
        let found = factors.perron(settings);
        let mut index = found.vector;
        let image = self.apply(&index);
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let size = dot(&index, &index);
        let (mut eigenvalue, mut residual) = (0.0, 0.0);
        if size > 0.0 {
            eigenvalue = (dot(&index, &image) / size).clamp(found.radius.lower, found.radius.upper);
            // Relative before it is squared, so that the scale of money does not matter.
            let gaps = index.iter().zip(&image).map(|(u, image)| image / eigenvalue - u);
            residual = (gaps.map(|gap| gap * gap).sum::<f64>() / size).sqrt();
            let scale = match normalisation {
                Normalisation::TwoNorm => size.sqrt(),
                Normalisation::OneNorm => index.iter().sum(),
                Normalisation::Maximum => index.iter().fold(0.0, |most: f64, &u| most.max(u)),
            };
            for u in &mut index {
                *u /= scale;
            }
        }
        Ok(EndogenousRisk {
            index,
            radius: found.radius,
            eigenvalue,
            residual,
            rival: found.rival,
        })
    }

    fn check<const N: usize>(&self, institutions: [usize; N]) -> Result<(), Vec<StressError>> {
        let count = self.institution_count();
        let mut problems = Problems::default();
        for institution in institutions.into_iter().filter(|&i| i >= count) {
            problems.push(StressError::UnknownInstitution { institution, count });
        }
        problems.result()
    }

    /// `a b / D_k`: the one formula of the module, the same bits whichever way round.
    fn shared(&self, asset: usize, a: f64, b: f64) -> f64 {
        a * b / self.depths[asset]
    }

    fn row_of(&self, i: usize) -> Vec<f64> {
        let mut row = vec![0.0; self.institution_count()];
        for (k, held) in self.holdings.row(i).iter() {
            for (j, other) in self.by_asset.row(k).iter() {
                row[j] += self.shared(k, held, other);
            }
        }
        row
    }

    fn apply(&self, v: &[f64]) -> Vec<f64> {
        let falls: Vec<f64> = (0..self.depths.len())
            .map(|k| self.by_asset.row(k).product_sum(v) / self.depths[k])
            .collect();
        (0..self.institution_count())
            .map(|i| self.holdings.row(i).product_sum(&falls))
            .collect()
    }
}

/// Holdings in money at initial prices.
pub(crate) fn money_held(system: &System) -> SparseRows {
    let held = system.holdings().triplets();
    let held: Vec<_> = held
        .map(|(i, k, units)| (i, k, units * system.prices()[k as usize]))
        .collect();
    SparseRows::from_triplets(system.institution_count(), system.asset_count(), &held)
}

/// Refuses a tolerance that is not above 0.
pub(crate) fn check_settings(settings: &SpectralSettings) -> Result<(), Vec<StressError>> {
    if settings.tolerance > 0.0 {
        return Ok(());
    }
    Err(vec![StressError::Parameter {
        name: "tolerance",
        value: settings.tolerance,
        wanted: "above 0",
    }])
}
