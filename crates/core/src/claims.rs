//! Claims between institutions: what debts and shares are worth to those who hold them.

use crate::{
    BalanceSheet, Continuity, Execution, Interval, Order, ParameterTable, Parameters, Profile, SparseRows,
    SpecError,
};
use serde::de::DeserializeOwned;

/// The contagion graph as a claims model sees it when it is built. Institutions are rows and columns by id.
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub struct NetworkView<'a> {
    /// Debts of one seniority each, most senior first: row = creditor, column = debtor, value = face amount.
    pub debts: &'a [(u32, SparseRows)],
    /// Row = holder, column = issuer, value = fraction of the issuer's equity.
    pub shareholdings: &'a SparseRows,
    /// Debts to creditors outside the system, by institution.
    pub external_liabilities: &'a [f64],
    /// The keys of `[clearing]`.
    pub parameters: &'a Parameters,
    /// The columns of the institutions table.
    pub institutions: &'a ParameterTable,
}

impl<'a> NetworkView<'a> {
    /// A view for building claims models without a scenario file.
    pub fn new(
        debts: &'a [(u32, SparseRows)],
        shareholdings: &'a SparseRows,
        external_liabilities: &'a [f64],
        parameters: &'a Parameters,
        institutions: &'a ParameterTable,
    ) -> Self {
        Self {
            debts,
            shareholdings,
            external_liabilities,
            parameters,
            institutions,
        }
    }

    /// Number of institutions.
    pub fn institution_count(&self) -> usize {
        self.external_liabilities.len()
    }

    /// All debts whatever their seniority: row = creditor, column = debtor.
    pub fn all_debts(&self) -> SparseRows {
        if let [(_, only)] = self.debts {
            return only.clone();
        }
        let n = self.institution_count();
        let triplets: Vec<_> = self
            .debts
            .iter()
            .flat_map(|(_, layer)| layer.triplets())
            .collect();
        SparseRows::from_triplets(n, n, &triplets)
    }
}

/// A clearing or valuation model for one debtor at a time: what a model author writes.
pub trait ClaimKernel: Send + Sync {
    /// Parameters of one institution: columns of the institutions table and keys of `[clearing]`.
    type Row: DeserializeOwned + Send + Sync;

    /// What creditors inside the system receive for one unit of face value, in `[0, 1]`.
    fn payment_ratio(&self, sheet: &BalanceSheet<'_>, row: &Self::Row) -> f64;

    /// Bounds of the exact ratio at this trial state; `None`: no certificate.
    fn payment_ratio_bounds(
        &self,
        _sheet: &BalanceSheet<'_, Interval>,
        _row: &Self::Row,
    ) -> Option<Interval> {
        None
    }

    /// What creditors outside the system receive for one unit of face value. Default: the same ratio.
    fn external_payment_ratio(&self, sheet: &BalanceSheet<'_>, row: &Self::Row) -> f64 {
        self.payment_ratio(sheet, row)
    }

    /// Value that the institution's own default destroys, money. Zero for models without default costs.
    fn value_destroyed(&self, _sheet: &BalanceSheet<'_>, _row: &Self::Row) -> f64 {
        0.0
    }

    /// Order and continuity of the ratio in prices and payments, given how sellers are paid.
    ///
    /// Under volume-weighted execution an institution that receives more sells less and forgoes a gain. A ratio that
    /// rises with total assets is isotone all the same; one that weighs the two differently may not be.
    fn profile(&self, _row: &Self::Row, _execution: Execution) -> Profile {
        Profile::default()
    }

    /// Checks one institution's parameters.
    fn check(&self, _row: &Self::Row) -> Result<(), SpecError> {
        Ok(())
    }
}

/// A claims model: what the engine calls.
///
/// The model owns a state, oriented so that up is healthier, of [`Self::components`] numbers for each institution:
/// those of institution `n` stand at `n * components`. What an institution receives is its row of
/// [`Self::entitlements`] times that state; its own balance sheet then determines its own components.
pub trait Claims: Send + Sync {
    /// Numbers of state for each institution: 1 where a payment ratio is all, more with layers or shares.
    fn components(&self) -> usize;

    /// Row = institution, column = state component, value = money received for one unit of the component.
    fn entitlements(&self) -> &SparseRows;

    /// Smallest and largest state.
    fn range_into(&self, bottom: &mut [f64], top: &mut [f64]);

    /// The components of these institutions from their balance sheets, one institution after the other.
    fn settle_into(&self, institutions: &[u32], sheets: &[BalanceSheet<'_>], components: &mut [f64]);

    /// Bounds of the exact components. Called only where the profile says `bounded`.
    fn settle_bounds_into(
        &self,
        _institutions: &[u32],
        _sheets: &[BalanceSheet<'_, Interval>],
        _low: &mut [f64],
        _high: &mut [f64],
    ) {
    }

    /// What the institution pays to all its creditors, money.
    fn payment(&self, institution: u32, sheet: &BalanceSheet<'_>) -> f64;

    /// Value that the institution's own default destroys, money.
    fn value_destroyed(&self, institution: u32, sheet: &BalanceSheet<'_>) -> f64;

    /// Order and continuity in prices and payments, given how sellers are paid, and whether rounding is bounded.
    fn profile(&self, _execution: Execution) -> Profile {
        Profile::default()
    }

    /// Whether several solutions exist for sure, given which institutions have no outside assets at all.
    fn not_unique(&self, _no_outside_assets: &[bool]) -> bool {
        false
    }
}

macro_rules! forward_claims {
    ($($pointer:ty),*) => {$(
        impl<M: Claims + ?Sized> Claims for $pointer {
            fn components(&self) -> usize {
                (**self).components()
            }
            fn entitlements(&self) -> &SparseRows {
                (**self).entitlements()
            }
            fn range_into(&self, bottom: &mut [f64], top: &mut [f64]) {
                (**self).range_into(bottom, top);
            }
            fn settle_into(&self, institutions: &[u32], sheets: &[BalanceSheet<'_>], components: &mut [f64]) {
                (**self).settle_into(institutions, sheets, components);
            }
            fn settle_bounds_into(
                &self,
                institutions: &[u32],
                sheets: &[BalanceSheet<'_, Interval>],
                low: &mut [f64],
                high: &mut [f64],
            ) {
                (**self).settle_bounds_into(institutions, sheets, low, high);
            }
            fn payment(&self, institution: u32, sheet: &BalanceSheet<'_>) -> f64 {
                (**self).payment(institution, sheet)
            }
            fn value_destroyed(&self, institution: u32, sheet: &BalanceSheet<'_>) -> f64 {
                (**self).value_destroyed(institution, sheet)
            }
            fn profile(&self, execution: Execution) -> Profile {
                (**self).profile(execution)
            }
            fn not_unique(&self, no_outside_assets: &[bool]) -> bool {
                (**self).not_unique(no_outside_assets)
            }
        }
    )*};
}
forward_claims!(&M, Box<M>, std::sync::Arc<M>);

/// Lifts a [`ClaimKernel`] to [`Claims`]: the state is one payment ratio for each institution.
#[derive(Clone, Debug)]
pub struct PerInstitutionClaims<K: ClaimKernel> {
    kernel: K,
    rows: Vec<K::Row>,
    entitlements: SparseRows,
}

impl<K: ClaimKernel> PerInstitutionClaims<K> {
    /// A model over debts given as row = creditor, column = debtor, with each institution's parameters.
    pub fn new(kernel: K, rows: Vec<K::Row>, debts: SparseRows) -> Self {
        Self {
            kernel,
            rows,
            entitlements: debts,
        }
    }

    /// Builds the model from a scenario's parameters, with every problem of every row reported.
    pub fn from_view(kernel: K, view: &NetworkView<'_>) -> Result<Self, Vec<SpecError>> {
        let rows = view.institutions.rows::<K::Row>(view.parameters, &[])?;
        let problems: Vec<_> = rows
            .iter()
            .enumerate()
            .filter_map(|(n, row)| kernel.check(row).err().map(|problem| problem.at_row(n)))
            .collect();
        if problems.is_empty() {
            Ok(Self {
                kernel,
                rows,
                entitlements: view.all_debts(),
            })
        } else {
            Err(problems)
        }
    }
}

impl<K: ClaimKernel> Claims for PerInstitutionClaims<K> {
    fn components(&self) -> usize {
        1
    }

    fn entitlements(&self) -> &SparseRows {
        &self.entitlements
    }

    fn range_into(&self, bottom: &mut [f64], top: &mut [f64]) {
        bottom.fill(0.0);
        top.fill(1.0);
    }

    fn settle_into(&self, institutions: &[u32], sheets: &[BalanceSheet<'_>], components: &mut [f64]) {
        for ((&institution, sheet), ratio) in institutions.iter().zip(sheets).zip(components) {
            *ratio = self.kernel.payment_ratio(sheet, &self.rows[institution as usize]);
        }
    }

    fn settle_bounds_into(
        &self,
        institutions: &[u32],
        sheets: &[BalanceSheet<'_, Interval>],
        low: &mut [f64],
        high: &mut [f64],
    ) {
        for (n, (&institution, sheet)) in institutions.iter().zip(sheets).enumerate() {
            let bounds = self
                .kernel
                .payment_ratio_bounds(sheet, &self.rows[institution as usize])
                .unwrap_or(Interval::new(0.0, 1.0));
            (low[n], high[n]) = (bounds.low, bounds.high);
        }
    }

    fn payment(&self, institution: u32, sheet: &BalanceSheet<'_>) -> f64 {
        let row = &self.rows[institution as usize];
        self.kernel.payment_ratio(sheet, row) * sheet.debts_face
            + self.kernel.external_payment_ratio(sheet, row) * sheet.external_liabilities
    }

    fn value_destroyed(&self, institution: u32, sheet: &BalanceSheet<'_>) -> f64 {
        self.kernel
            .value_destroyed(sheet, &self.rows[institution as usize])
    }

    fn profile(&self, execution: Execution) -> Profile {
        let best = Profile {
            order: Order::Isotone,
            continuity: Continuity::Both,
            bounded: true,
        };
        self.rows.iter().fold(best, |profile, row| {
            profile.and(self.kernel.profile(row, execution))
        })
    }
}

/// A claims model that a scenario file names and that needs more than rows of parameters.
pub trait ClaimsSpec: DeserializeOwned + 'static {
    /// The name in scenario files.
    const KIND: &'static str;
    /// What it builds.
    type Model: Claims + 'static;
    /// Builds the model, or says all that is wrong.
    fn build(self, view: &NetworkView<'_>) -> Result<Self::Model, Vec<SpecError>>;
}
