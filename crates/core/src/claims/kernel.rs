//! Models of one payment ratio for each institution, written one debtor at a time.

use super::{Anchor, Claims, NetworkView};
use crate::lanes::by_row;
use crate::rows::Rows;
use crate::{
    BalanceSheet, Ball, ClaimsInLanes, Continuity, Dual, Execution, InLanes, Interval, Jet, LANES, Lane,
    Order, Pack, PackedWork, Plain, Profile, RatiosInLanes, Real, SparseRows, SpecError, vectorized,
};
use serde::de::DeserializeOwned;

/// A clearing or valuation model for one debtor at a time: what a model author writes.
pub trait ClaimKernel: Send + Sync {
    /// Parameters of one institution: columns of the institutions table and keys of `[clearing]`.
    type Row: DeserializeOwned + PartialEq + Send + Sync;

    /// What creditors inside the system receive for one unit of face value, in `[0, 1]`.
    fn payment_ratio(&self, sheet: &BalanceSheet<'_>, row: &Self::Row) -> f64;

    /// The same formula in any arithmetic: intervals for proofs, [`crate::Ball`]s for many scenarios side by side. `None`
    /// where the model has a formula for doubles only.
    fn payment_ratio_in<N: Real>(&self, _sheet: &BalanceSheet<'_, N>, _row: &Self::Row) -> Option<N> {
        None
    }

    /// The ratio with its slopes, for gradients; `None`: there are none. Default: [`Self::payment_ratio_in`] dual numbers.
    fn payment_ratio_in_duals(&self, sheet: &BalanceSheet<'_, Dual>, row: &Self::Row) -> Option<Dual> {
        self.payment_ratio_in(sheet, row)
    }

    /// Bounds of the exact ratio at this trial state; `None`: no certificate. Default: [`Self::payment_ratio_in`]
    /// intervals.
    fn payment_ratio_bounds(&self, sheet: &BalanceSheet<'_, Interval>, row: &Self::Row) -> Option<Interval> {
        self.payment_ratio_in(sheet, row)
    }

    /// Whether bounds of ratios hold for wide sheets too: for all amounts within the sheet's intervals. A formula over
    /// [`crate::Real`] does so.
    ///
    /// Only then do they serve to enclose all equilibria of a system that is not ordered; otherwise any ratio from 0 to 1 counts as
    /// possible. Default: no.
    fn encloses(&self) -> bool {
        false
    }

    /// Whether the formula looks at amounts alone, not at single holdings and prices. Then institutions that share their
    /// parameters are computed side by side. Default: no.
    fn reads_amounts_only(&self) -> bool {
        false
    }

    /// Whether all that is received more is paid out: where receipts rise by `d`, all else as it is and outside assets not below
    /// zero, the exact ratio rises by `d / L` at least, or to 1, with `L` all liabilities. Then nothing is lost where such
    /// institutions owe only each other, and in the greatest solution one of them pays in full ([`Claims::closed_groups`]).
    /// Default: no.
    fn passes_on_receipts(&self, _row: &Self::Row) -> bool {
        false
    }

    /// The slope of the ratio in what the institution receives, as [`Claims::slopes_into`] asks for. Default: 0.
    fn slope(
        &self,
        _anchor: Anchor,
        _sheet: &BalanceSheet<'_, Interval>,
        _other: Interval,
        _row: &Self::Row,
    ) -> f64 {
        0.0
    }

    /// What creditors outside the system receive for one unit of face value. Default: the same ratio.
    fn external_payment_ratio(&self, sheet: &BalanceSheet<'_>, row: &Self::Row) -> f64 {
        self.payment_ratio(sheet, row)
    }

    /// Bounds of the exact ratio for creditors outside; `None`: anything from 0 to 1. Needed only beside credit default swaps,
    /// which refer to it where nobody inside is owed anything.
    fn external_payment_ratio_bounds(
        &self,
        _sheet: &BalanceSheet<'_, Interval>,
        _row: &Self::Row,
    ) -> Option<Interval> {
        None
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

/// Lifts a [`ClaimKernel`] to [`Claims`]: the state is one payment ratio for each institution.
#[derive(Clone, Debug)]
pub struct PerInstitutionClaims<K: ClaimKernel> {
    kernel: K,
    rows: Rows<K::Row>,
    entitlements: SparseRows,
}

impl<K: ClaimKernel> PerInstitutionClaims<K> {
    /// A model over debts given as row = creditor, column = debtor, with each institution's parameters.
    pub fn new(kernel: K, rows: Vec<K::Row>, debts: SparseRows) -> Self {
        Self {
            kernel,
            rows: Rows::new(rows),
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
            Ok(Self::new(kernel, rows, view.all_debts()))
        } else {
            Err(problems)
        }
    }
}

impl<K: ClaimKernel> PerInstitutionClaims<K> {
    /// Whether the institution pays out all that it receives more, as [`ClaimKernel::passes_on_receipts`] says.
    pub fn passes_on_receipts(&self, institution: u32) -> bool {
        self.kernel
            .passes_on_receipts(self.rows.get(institution as usize))
    }

    /// Bounds of what creditors outside the system receive for one unit of face value.
    pub fn external_payment_ratio_bounds(
        &self,
        institution: u32,
        sheet: &BalanceSheet<'_, Interval>,
    ) -> Interval {
        self.kernel
            .external_payment_ratio_bounds(sheet, self.rows.get(institution as usize))
            .unwrap_or(Interval::new(0.0, 1.0))
    }
}

impl<K: ClaimKernel> Claims for PerInstitutionClaims<K> {
    fn components(&self) -> usize {
        1
    }

    fn entitlements(&self) -> &SparseRows {
        &self.entitlements
    }

    fn range_into(&self, _: &[Interval], bottom: &mut [f64], top: &mut [f64]) {
        bottom.fill(0.0);
        top.fill(1.0);
    }

    fn settle_into(&self, institutions: &[u32], sheets: &[BalanceSheet<'_>], components: &mut [f64]) {
        for ((&institution, sheet), ratio) in institutions.iter().zip(sheets).zip(components) {
            *ratio = self
                .kernel
                .payment_ratio(sheet, self.rows.get(institution as usize));
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
                .payment_ratio_bounds(sheet, self.rows.get(institution as usize))
                .unwrap_or(Interval::new(0.0, 1.0));
            (low[n], high[n]) = (bounds.low, bounds.high);
        }
    }

    fn encloses(&self) -> bool {
        self.kernel.encloses()
    }

    fn slopes_into(
        &self,
        anchor: Anchor,
        institution: u32,
        sheet: &BalanceSheet<'_, Interval>,
        other: Interval,
        slopes: &mut [f64],
    ) {
        slopes.fill(
            self.kernel
                .slope(anchor, sheet, other, self.rows.get(institution as usize)),
        );
    }

    fn component_jets_into(
        &self,
        institution: u32,
        sheet: &BalanceSheet<'_, Jet>,
        components: &mut [Jet],
    ) -> bool {
        let ratio = self
            .kernel
            .payment_ratio_in(sheet, self.rows.get(institution as usize));
        match (ratio, components) {
            (Some(ratio), [component]) => {
                *component = ratio;
                true
            }
            _ => false,
        }
    }

    fn settle_in_duals(
        &self,
        institution: u32,
        sheet: &BalanceSheet<'_, Dual>,
        components: &mut [Dual],
    ) -> bool {
        let ratio = self
            .kernel
            .payment_ratio_in_duals(sheet, self.rows.get(institution as usize));
        let known = ratio.is_some();
        components.fill(ratio.unwrap_or(Dual::NOTHING));
        known
    }

    fn payment(&self, institution: u32, sheet: &BalanceSheet<'_>) -> f64 {
        let row = self.rows.get(institution as usize);
        self.kernel.payment_ratio(sheet, row) * sheet.debts_face
            + self.kernel.external_payment_ratio(sheet, row) * sheet.external_liabilities
    }

    fn value_destroyed(&self, institution: u32, sheet: &BalanceSheet<'_>) -> f64 {
        self.kernel
            .value_destroyed(sheet, self.rows.get(institution as usize))
    }

    fn profile(&self, execution: Execution) -> Profile {
        let best = Profile {
            order: Order::Isotone,
            continuity: Continuity::Both,
            bounded: true,
        };
        self.rows.distinct().iter().fold(best, |profile, row| {
            profile.and(self.kernel.profile(row, execution))
        })
    }

    fn in_lanes(&self) -> Option<&dyn ClaimsInLanes> {
        let sheet = BalanceSheet::<Ball<Plain>>::empty();
        let formula = |row| self.kernel.payment_ratio_in(&sheet, row);
        let has_formula = self.rows.distinct().iter().all(|row| formula(row).is_some());
        has_formula.then_some(self)
    }
}

impl<K: ClaimKernel> ClaimsInLanes for PerInstitutionClaims<K> {
    fn takes_institutions(&self) -> bool {
        self.kernel.reads_amounts_only()
    }
}

impl<K: ClaimKernel, N: InLanes<Given = [f64; LANES]>> RatiosInLanes<N> for PerInstitutionClaims<K> {
    fn ratios_in_lanes(
        &self,
        lane: Lane,
        institutions: &[u32],
        sheets: &[BalanceSheet<'_, N>],
        ratios: &mut [N],
    ) -> bool {
        // Single prices on a sheet are given, so they do not move.
        let known = !N::MOVES || self.kernel.reads_amounts_only();
        if known {
            vectorized(ComputeRatios {
                claims: self,
                lane,
                institutions,
                sheets,
                ratios,
            });
        }
        known
    }
}

struct ComputeRatios<'s, 'b, K: ClaimKernel, N: InLanes> {
    claims: &'s PerInstitutionClaims<K>,
    lane: Lane,
    institutions: &'s [u32],
    sheets: &'s [BalanceSheet<'b, N>],
    ratios: &'s mut [N],
}

impl<K: ClaimKernel, N: InLanes<Given = [f64; LANES]>> PackedWork for ComputeRatios<'_, '_, K, N> {
    type Output = ();

    #[inline(always)]
    fn run<P: Pack<Array = [f64; LANES]>>(self, like: P) {
        let PerInstitutionClaims { kernel, rows, .. } = self.claims;
        let institutions = self.institutions.chunks(self.lane.institutions());
        for ((here, sheet), ratio) in institutions.zip(self.sheets).zip(self.ratios) {
            let here = here.iter().map(
                #[inline(always)]
                |&institution| institution as usize,
            );
            *ratio = by_row::<_, P, N>(
                rows,
                &here,
                #[inline(always)]
                |row| kernel.payment_ratio_in(&sheet.load(like), row),
            );
        }
    }
}
