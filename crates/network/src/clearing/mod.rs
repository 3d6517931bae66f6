//! Clearing models: what debts are worth to those who hold them.

mod eisenberg_noe;
mod elliott_golub_jackson;
mod elsinger;
mod face_value;
mod ownership;
mod rogers_veraart;

pub use eisenberg_noe::{EisenbergNoe, EisenbergNoeRow, ExternalRank};
pub use elliott_golub_jackson::{ElliottGolubJackson, FailureRow, FailureWaves};
pub use elsinger::{Elsinger, RecoveryRow, WhollyOwned};
pub use face_value::FaceValue;
pub use rogers_veraart::{RogersVeraart, RogersVeraartRow};

use crate::analysis::secluded_classes;
use delever_core::{
    Anchor, BalanceSheet, ClaimKernel, Claims, ClaimsSpec, Execution, Interval, NetworkView, NoColumns,
    PerInstitutionClaims, Profile, Registry, SparseRows, SpecError,
};

pub(crate) fn register(registry: &mut Registry) {
    registry.add_claims_spec::<face_value::FaceValueSpec, NoColumns>();
    registry.add_claims_spec::<OneLayerSpec<EisenbergNoe>, EisenbergNoeRow>();
    registry.add_claims_spec::<OneLayerSpec<RogersVeraart>, RogersVeraartRow>();
    registry.add_claims_spec::<elsinger::ElsingerSpec, NoColumns>();
    registry.add_claims_spec::<elsinger::WeberWeskeSpec, RecoveryRow>();
    registry.add_claims_spec::<elliott_golub_jackson::ElliottGolubJacksonSpec, FailureRow>();
}

/// A kernel with the name under which scenario files know it.
pub(crate) trait Named: ClaimKernel + Default + 'static {
    const KIND: &'static str;
}

/// Clearing of debts of one seniority by a kernel. Knows the graph, so it can tell when solutions are several.
pub struct OneLayer<K: ClaimKernel> {
    claims: PerInstitutionClaims<K>,
    /// Closed classes without claims on anyone outside them.
    secluded: Vec<Vec<u32>>,
}

impl<K: ClaimKernel> OneLayer<K> {
    /// A model over debts given as row = creditor, column = debtor, with each institution's parameters.
    ///
    /// # Panics
    /// If there are not as many rows and external liabilities as institutions.
    pub fn new(kernel: K, rows: Vec<K::Row>, debts: SparseRows, external_liabilities: &[f64]) -> Self {
        assert_eq!(
            (rows.len(), external_liabilities.len()),
            (debts.row_count(), debts.row_count())
        );
        let secluded = secluded_classes(&debts, external_liabilities);
        Self {
            claims: PerInstitutionClaims::new(kernel, rows, debts),
            secluded,
        }
    }
}

impl<K: ClaimKernel> OneLayer<K> {
    /// Whether an institution without outside assets pays the fraction of its debts that it receives.
    fn passes_on(&self, institution: u32) -> bool {
        [0.0, 0.5, 1.0].into_iter().all(|received| {
            let mut sheet = BalanceSheet::empty();
            (sheet.received, sheet.debts_face, sheet.liabilities) = (received, 1.0, 1.0);
            let mut ratio = [f64::NAN];
            self.claims.settle_into(&[institution], &[sheet], &mut ratio);
            ratio == [received]
        })
    }
}

/// Builds [`OneLayer`] models from scenario files.
#[derive(serde::Deserialize)]
#[serde(bound = "")]
pub(crate) struct OneLayerSpec<K> {
    #[serde(skip)]
    kernel: std::marker::PhantomData<K>,
}

impl<K: Named> ClaimsSpec for OneLayerSpec<K> {
    const KIND: &'static str = K::KIND;
    type Model = OneLayer<K>;

    fn build(self, view: &NetworkView<'_>) -> Result<OneLayer<K>, Vec<SpecError>> {
        let mut problems = Vec::new();
        if view.debts.iter().any(|&(seniority, _)| seniority != 0) {
            problems.push(SpecError::unsupported(
                "seniority",
                format!(
                    "`{}` knows debts of seniority 0 only; `elsinger` clears several seniorities",
                    K::KIND
                ),
            ));
        }
        if view.shareholdings.entry_count() > 0 {
            problems.push(SpecError::unsupported(
                "shareholdings",
                format!("`{}` does not value shareholdings; `elsinger` does", K::KIND),
            ));
        }
        match PerInstitutionClaims::from_view(K::default(), view) {
            Ok(claims) if problems.is_empty() => {
                let secluded = secluded_classes(claims.entitlements(), view.external_liabilities);
                Ok(OneLayer { claims, secluded })
            }
            Ok(_) => Err(problems),
            Err(errors) => {
                problems.extend(errors);
                Err(problems)
            }
        }
    }
}

impl<K: ClaimKernel> Claims for OneLayer<K> {
    fn entitlements(&self) -> &SparseRows {
        self.claims.entitlements()
    }

    fn range_into(&self, equity: &[Interval], bottom: &mut [f64], top: &mut [f64]) {
        self.claims.range_into(equity, bottom, top);
    }

    fn components(&self) -> usize {
        self.claims.components()
    }

    fn settle_into(&self, institutions: &[u32], sheets: &[BalanceSheet<'_>], components: &mut [f64]) {
        self.claims.settle_into(institutions, sheets, components);
    }

    fn settle_bounds_into(
        &self,
        institutions: &[u32],
        sheets: &[BalanceSheet<'_, Interval>],
        low: &mut [f64],
        high: &mut [f64],
    ) {
        self.claims.settle_bounds_into(institutions, sheets, low, high);
    }

    fn slopes_into(
        &self,
        anchor: Anchor,
        institution: u32,
        sheet: &BalanceSheet<'_, Interval>,
        other: Interval,
        slopes: &mut [f64],
    ) {
        self.claims.slopes_into(anchor, institution, sheet, other, slopes);
    }

    fn payment(&self, institution: u32, sheet: &BalanceSheet<'_>) -> f64 {
        self.claims.payment(institution, sheet)
    }

    fn value_destroyed(&self, institution: u32, sheet: &BalanceSheet<'_>) -> f64 {
        self.claims.value_destroyed(institution, sheet)
    }

    fn profile(&self, execution: Execution) -> Profile {
        self.claims.profile(execution)
    }

    fn not_unique(&self, no_outside_assets: &[bool]) -> bool {
        // A class that nothing enters and nothing leaves clears at any common scale, if each member pays what it receives.
        self.secluded.iter().any(|class| {
            class
                .iter()
                .all(|&n| no_outside_assets[n as usize] && self.passes_on(n))
        })
    }
}
