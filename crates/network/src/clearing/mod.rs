//! Clearing models: what debts are worth to those who hold them.

mod eisenberg_noe;
mod elliott_golub_jackson;
mod elsinger;
mod face_value;
mod ownership;
mod rogers_veraart;
mod swaps;

pub use eisenberg_noe::{EisenbergNoe, EisenbergNoeRow, ExternalRank};
pub use elliott_golub_jackson::{ElliottGolubJackson, FailureRow, FailureWaves};
pub use elsinger::{Elsinger, RecoveryRow, WhollyOwned};
pub use face_value::FaceValue;
pub use rogers_veraart::{RogersVeraart, RogersVeraartRow};

use crate::analysis::closed_classes;
use crate::distress::SingleHit;
use delever_core::{
    Anchor, BalanceSheet, ClaimKernel, Claims, ClaimsInLanes, ClaimsProcess, ClaimsSpec, Contingent,
    ContingentBounds, CreditDefaultSwap, Dual, Execution, Interval, Jet, NetworkView, NoColumns, Order,
    PerInstitutionClaims, Profile, Real, Registry, SparseRows, SpecError,
};
use swaps::Swaps;

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
    /// Whether the ratio is what is paid, so that what swaps promise can be paid with it; valuations are no payments.
    const PAYS: bool;

    /// The process that the parameters of all institutions ask for in place of the kernel's map; debts as row = creditor.
    fn process(_rows: &[Self::Row], _debts: &SparseRows) -> Result<Option<SingleHit>, SpecError> {
        Ok(None)
    }
}

/// Clearing of debts of one seniority by a kernel. Knows the graph, so it can tell when solutions are several.
pub struct OneLayer<K: ClaimKernel> {
    claims: PerInstitutionClaims<K>,
    /// Classes of mutual debtors that owe nobody outside of them.
    closed: Vec<Vec<u32>>,
    swaps: Swaps,
    process: Option<SingleHit>,
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
        let closed = closed_classes(&[&debts], external_liabilities);
        Self {
            claims: PerInstitutionClaims::new(kernel, rows, debts),
            closed,
            swaps: Swaps::default(),
            process: None,
        }
    }

    /// The same debts, valued by a process in place of the kernel's map.
    #[must_use]
    pub fn with_process(mut self, process: SingleHit) -> Self {
        self.process = Some(process);
        self
    }

    /// Whether claims are valued by the kernel alone.
    fn is_plain(&self) -> bool {
        self.swaps.is_empty() && self.process.is_none()
    }

    /// The same with credit default swaps: a writer owes `notional (1 - r)` beside its debts, with `r` the payment ratio of the
    /// reference, and pays the same ratio on it.
    ///
    /// Such a system is unordered: it may have no solution, or several of which none is the best, and plain iteration may
    /// cycle beside a unique one (Schuldenzucker, Seuken and Battiston 2020, Management Science 66(5)).
    ///
    /// # Panics
    /// If a swap names an institution that is not there.
    #[must_use]
    pub fn with_credit_default_swaps(mut self, swaps: &[CreditDefaultSwap]) -> Self {
        let count = self.claims.entitlements().row_count();
        let known = |n: u32| (n as usize) < count;
        assert!(
            swaps
                .iter()
                .all(|swap| known(swap.writer) && known(swap.holder) && known(swap.reference))
        );
        self.swaps = Swaps::new(count, swaps);
        self
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
        if !K::PAYS {
            problems.extend(refuse_swaps(K::KIND, view));
        }
        match PerInstitutionClaims::from_view(K::default(), view) {
            Ok(claims) if problems.is_empty() => {
                let closed = closed_classes(&[claims.entitlements()], view.external_liabilities);
                let swaps = Swaps::new(view.institution_count(), view.credit_default_swaps);
                let rows = view.institutions.rows::<K::Row>(view.parameters, &[])?;
                let process = K::process(&rows, claims.entitlements()).map_err(|problem| vec![problem])?;
                Ok(OneLayer {
                    claims,
                    closed,
                    swaps,
                    process,
                })
            }
            Ok(_) => Err(problems),
            Err(errors) => {
                problems.extend(errors);
                Err(problems)
            }
        }
    }
}

/// The problem of a model that would leave credit default swaps out.
fn refuse_swaps(kind: &str, view: &NetworkView<'_>) -> Option<SpecError> {
    let message =
        format!("`{kind}` does not clear credit default swaps; `eisenberg-noe` and `rogers-veraart` do");
    (!view.credit_default_swaps.is_empty()).then(|| SpecError::unsupported("credit_default_swaps", message))
}

impl<K: ClaimKernel> Claims for OneLayer<K> {
    fn has_contingent(&self) -> bool {
        !self.swaps.is_empty()
    }

    fn contingent(&self, institution: u32, state: &[f64]) -> Contingent {
        self.swaps.contingent(institution, state)
    }

    fn contingent_bounds(&self, institution: u32, low: &[f64], high: &[f64]) -> Option<ContingentBounds> {
        Some(self.swaps.bounds(institution, low, high))
    }

    fn encloses(&self) -> bool {
        self.process.is_none() && self.claims.encloses()
    }

    fn process(&self) -> Option<&dyn ClaimsProcess> {
        self.process.as_ref().map(|process| process as &dyn ClaimsProcess)
    }

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
        if self.swaps.is_empty() {
            return;
        }
        // Swaps refer to what creditors outside get where there are none inside.
        for ((&institution, sheet), ratio) in institutions.iter().zip(sheets).zip(components) {
            if sheet.debts_face == 0.0 && sheet.external_liabilities > 0.0 {
                *ratio = self.payment(institution, sheet) / sheet.external_liabilities;
            }
        }
    }

    fn settle_bounds_into(
        &self,
        institutions: &[u32],
        sheets: &[BalanceSheet<'_, Interval>],
        low: &mut [f64],
        high: &mut [f64],
    ) {
        self.claims.settle_bounds_into(institutions, sheets, low, high);
        if self.swaps.is_empty() {
            return;
        }
        for (n, (&institution, sheet)) in institutions.iter().zip(sheets).enumerate() {
            if sheet.debts_face.low > 0.0 || sheet.external_liabilities == 0.0 {
                continue;
            }
            // Nothing may be owed inside, and then creditors outside are referred to.
            let external = Interval::from(sheet.external_liabilities);
            let ratio = self.claims.external_payment_ratio_bounds(institution, sheet);
            let mut bounds = (ratio * external / external).at_most(1.0);
            if sheet.debts_face.high > 0.0 {
                let mut owing = *sheet;
                owing.debts_face.low = owing.debts_face.high.min(f64::MIN_POSITIVE);
                let (mut owing_low, mut owing_high) = ([0.0], [0.0]);
                self.claims
                    .settle_bounds_into(&[institution], &[owing], &mut owing_low, &mut owing_high);
                bounds = bounds.hull(Interval {
                    low: owing_low[0],
                    high: owing_high[0],
                });
            }
            (low[n], high[n]) = (bounds.low, bounds.high);
        }
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

    fn component_jets_into(
        &self,
        institution: u32,
        sheet: &BalanceSheet<'_, Jet>,
        components: &mut [Jet],
    ) -> bool {
        self.is_plain() && self.claims.component_jets_into(institution, sheet, components)
    }

    fn settle_in_duals(
        &self,
        institution: u32,
        sheet: &BalanceSheet<'_, Dual>,
        components: &mut [Dual],
    ) -> bool {
        self.process.is_none() && self.claims.settle_in_duals(institution, sheet, components)
    }

    fn payment(&self, institution: u32, sheet: &BalanceSheet<'_>) -> f64 {
        self.claims.payment(institution, sheet)
    }

    fn value_destroyed(&self, institution: u32, sheet: &BalanceSheet<'_>) -> f64 {
        self.claims.value_destroyed(institution, sheet)
    }

    fn profile(&self, execution: Execution) -> Profile {
        if self.is_plain() {
            self.claims.profile(execution)
        } else {
            Profile {
                order: Order::Unordered,
                bounded: false,
                ..self.claims.profile(execution)
            }
        }
    }

    fn in_lanes(&self) -> Option<&dyn ClaimsInLanes> {
        self.claims.in_lanes().filter(|_| self.is_plain())
    }

    fn closed_groups(&self) -> Vec<Vec<u32>> {
        let passes_on = |&n: &u32| self.claims.passes_on_receipts(n) && self.passes_on(n);
        let groups = self.closed.iter().filter(|_| self.is_plain());
        groups
            .filter(|class| class.iter().all(passes_on))
            .cloned()
            .collect()
    }

    /// A class that nothing leaves and no money reaches clears at any common scale, if each of its members and of those who
    /// owe them, directly or not, pays what it receives (Csoka and Herings 2021, for Eisenberg and Noe's model).
    fn not_unique(&self, no_outside_assets: &[bool]) -> bool {
        if self.closed.is_empty() || !self.is_plain() {
            return false;
        }
        // Who pays something for sure, and all whom that reaches.
        let creditors = self.entitlements().transposed();
        let mut open: Vec<u32> = (0..no_outside_assets.len() as u32)
            .filter(|&n| !(no_outside_assets[n as usize] && self.passes_on(n)))
            .collect();
        let mut funded = vec![false; no_outside_assets.len()];
        while let Some(n) = open.pop() {
            if !std::mem::replace(&mut funded[n as usize], true) {
                open.extend(creditors.row(n as usize).columns);
            }
        }
        let unfunded = |class: &Vec<u32>| class.iter().all(|&n| !funded[n as usize]);
        self.closed.iter().any(unfunded)
    }
}
