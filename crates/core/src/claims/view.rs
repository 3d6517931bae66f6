//! What a claims model is built from.

use super::Claims;
use crate::{ParameterTable, Parameters, SparseRows, SpecError};
use serde::de::DeserializeOwned;

/// The writer pays the holder the part of a notional amount that the reference institution's creditors lose:
/// `notional (1 - r)`, with `r` the payment ratio of the reference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CreditDefaultSwap {
    /// Who owes the protection.
    pub writer: u32,
    /// Who is protected.
    pub holder: u32,
    /// Whose failure to pay triggers it.
    pub reference: u32,
    /// Money that is owed if the reference pays nothing.
    pub notional: f64,
}

/// The contagion graph as a claims model sees it when it is built. Institutions are rows and columns by id.
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub struct NetworkView<'a> {
    /// Debts of one seniority each, most senior first: row = creditor, column = debtor, value = face amount.
    pub debts: &'a [(u32, SparseRows)],
    /// Row = holder, column = issuer, value = fraction of the issuer's equity.
    pub shareholdings: &'a SparseRows,
    /// Credit default swaps between institutions.
    pub credit_default_swaps: &'a [CreditDefaultSwap],
    /// Debts to creditors outside the system, by institution.
    pub external_liabilities: &'a [f64],
    /// The keys of `[clearing]`.
    pub parameters: &'a Parameters,
    /// The columns of the institutions table.
    pub institutions: &'a ParameterTable,
}

impl<'a> NetworkView<'a> {
    /// A view for building claims models without a scenario file, and without credit default swaps.
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
            credit_default_swaps: &[],
            external_liabilities,
            parameters,
            institutions,
        }
    }

    /// The same with credit default swaps.
    #[must_use]
    pub fn with_credit_default_swaps(self, swaps: &'a [CreditDefaultSwap]) -> Self {
        Self {
            credit_default_swaps: swaps,
            ..self
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

/// A claims model that a scenario file names and that needs more than rows of parameters.
pub trait ClaimsSpec: DeserializeOwned + 'static {
    /// The name in scenario files.
    const KIND: &'static str;
    /// What it builds.
    type Model: Claims + 'static;
    /// Builds the model, or says all that is wrong.
    fn build(self, view: &NetworkView<'_>) -> Result<Self::Model, Vec<SpecError>>;
}
