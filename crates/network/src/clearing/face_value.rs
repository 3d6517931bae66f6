//! No clearing: debts are worth their face, whoever fails.

use delever_core::{
    BalanceSheet, Claims, ClaimsSpec, Continuity, Dual, Execution, Interval, NetworkView, Order, Profile,
    SparseRows, SpecError,
};

/// Claims at face, whatever the debtor's state. Shareholdings are not valued either and must be absent.
#[derive(Clone, Debug)]
pub struct FaceValue {
    entitlements: SparseRows,
}

impl FaceValue {
    /// For `count` institutions.
    pub fn new(count: usize) -> Self {
        Self {
            entitlements: SparseRows::empty(count, 0),
        }
    }
}

impl Claims for FaceValue {
    fn entitlements(&self) -> &SparseRows {
        &self.entitlements
    }

    fn components(&self) -> usize {
        0
    }

    fn range_into(&self, _: &[Interval], _: &mut [f64], _: &mut [f64]) {}

    fn settle_into(&self, _: &[u32], _: &[BalanceSheet<'_>], _: &mut [f64]) {}

    fn settle_bounds_into(&self, _: &[u32], _: &[BalanceSheet<'_, Interval>], _: &mut [f64], _: &mut [f64]) {}

    fn settle_in_duals(&self, _: u32, _: &BalanceSheet<'_, Dual>, _: &mut [Dual]) -> bool {
        true
    }

    fn payment(&self, _: u32, sheet: &BalanceSheet<'_>) -> f64 {
        sheet.liabilities
    }

    fn value_destroyed(&self, _: u32, _: &BalanceSheet<'_>) -> f64 {
        0.0
    }

    fn encloses(&self) -> bool {
        true
    }

    fn profile(&self, _: Execution) -> Profile {
        Profile {
            order: Order::Isotone,
            continuity: Continuity::Both,
            bounded: true,
        }
    }
}

/// Builds [`FaceValue`] from scenario files.
#[derive(serde::Deserialize)]
pub(crate) struct FaceValueSpec {}

impl ClaimsSpec for FaceValueSpec {
    const KIND: &'static str = "none";
    type Model = FaceValue;

    fn build(self, view: &NetworkView<'_>) -> Result<FaceValue, Vec<SpecError>> {
        let mut problems: Vec<SpecError> = super::refuse_swaps(Self::KIND, view).into_iter().collect();
        if view.shareholdings.entry_count() > 0 {
            problems.push(SpecError::unsupported(
                "shareholdings",
                "`none` does not value shareholdings; `elsinger` does",
            ));
        }
        if problems.is_empty() {
            Ok(FaceValue::new(view.institution_count()))
        } else {
            Err(problems)
        }
    }
}
