//! Claims between institutions: what debts and shares are worth to those who hold them.

mod kernel;
mod process;
mod slope;
mod view;

pub use kernel::{ClaimKernel, PerInstitutionClaims};
pub use process::{ClaimsProcess, Waves};
pub use slope::{Anchor, ramp_slope, residual_slope};
pub use view::{ClaimsSpec, CreditDefaultSwap, NetworkView};

use crate::{BalanceSheet, ClaimsInLanes, Dual, Execution, Interval, Jet, Profile, SparseRows};

/// Amounts that are due only in some states, money: what credit default swaps promise.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Contingent {
    /// What the institution receives, at what those who owe it pay.
    pub received: f64,
    /// What it owes institutions, at face.
    pub owed: f64,
}

/// Bounds of [`Contingent`] amounts over a range of states, money.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ContingentBounds {
    /// What the institution receives.
    pub received: Interval,
    /// What it owes institutions, at face.
    pub owed: Interval,
}

/// A claims model: what the engine calls.
///
/// The model owns a state, oriented so that up is healthier, of [`Self::components`] numbers for each institution:
/// those of institution `n` stand at `n * components`. What an institution receives is its row of
/// [`Self::entitlements`] times that state, and of [`Self::share_entitlements`] where shares are valued; its own balance
/// sheet then determines its own components.
pub trait Claims: Send + Sync {
    /// Numbers of state for each institution: 1 where a payment ratio is all, more with layers or shares.
    fn components(&self) -> usize;

    /// Row = institution, column = state component, value = money received on debts for one unit of the component.
    fn entitlements(&self) -> &SparseRows;

    /// As [`Self::entitlements`], for shares: value = fraction of a component that is money, of either sign. `None`: the
    /// model values no shareholdings.
    fn share_entitlements(&self) -> Option<&SparseRows> {
        None
    }

    /// What each institution's shareholdings are worth, money, when everyone has `equity` without shareholdings, claims
    /// at face. Called only where the model values shares.
    fn shareholdings_into(&self, _equity: &[f64], values: &mut [f64]) {
        values.fill(0.0);
    }

    /// Whether [`Self::contingent`] is ever other than nothing. Such a model is unordered.
    fn has_contingent(&self) -> bool {
        false
    }

    /// What an institution receives and owes in this state beside what its entitlements and debts say.
    fn contingent(&self, _institution: u32, _state: &[f64]) -> Contingent {
        Contingent::default()
    }

    /// Bounds of the exact [`Self::contingent`] amounts over all states from `low` to `high`; `None`: unknown, so that no
    /// equilibria can be enclosed. Called only where the model has contingent amounts.
    fn contingent_bounds(&self, _institution: u32, _low: &[f64], _high: &[f64]) -> Option<ContingentBounds> {
        None
    }

    /// Smallest and largest state.
    ///
    /// `equity` bounds each institution's equity without shareholdings, claims at face, over all prices that sales can
    /// lead to; empty where the model values none.
    fn range_into(&self, equity: &[Interval], bottom: &mut [f64], top: &mut [f64]);

    /// The components of these institutions from their balance sheets, one institution after the other.
    fn settle_into(&self, institutions: &[u32], sheets: &[BalanceSheet<'_>], components: &mut [f64]);

    /// Bounds of the exact components. Called only where the profile says `bounded`, or [`Self::encloses`] does.
    fn settle_bounds_into(
        &self,
        _institutions: &[u32],
        _sheets: &[BalanceSheet<'_, Interval>],
        _low: &mut [f64],
        _high: &mut [f64],
    ) {
    }

    /// Whether bounds of components hold for wide sheets too: for all amounts within the sheet's intervals.
    ///
    /// Only then do they serve to enclose all equilibria of a system that is not ordered; otherwise all of [`Self::range_into`]
    /// counts as possible. Default: no.
    fn encloses(&self) -> bool {
        false
    }

    /// For each component of one institution, a slope in what it receives below which the component does not fall: with
    /// receipts `y` at the sheet and any `x` between them and `other`, the sheet at the `anchor` end,
    /// `|f(y) - f(x)| >= slope |y - x|` for all that the bounds of sheet and `other` allow, all else as on the sheet.
    ///
    /// Called only where the profile says `bounded`, under terminal execution. Zero is always true; policy iteration takes as
    /// few steps as these slopes are steep.
    fn slopes_into(
        &self,
        _anchor: Anchor,
        _institution: u32,
        _sheet: &BalanceSheet<'_, Interval>,
        _other: Interval,
        slopes: &mut [f64],
    ) {
        slopes.fill(0.0);
    }

    /// The components of one institution and their slopes, while its sheet runs through a box. `false`: unknown, `components`
    /// is as it was.
    fn component_jets_into(
        &self,
        _institution: u32,
        _sheet: &BalanceSheet<'_, Jet>,
        _components: &mut [Jet],
    ) -> bool {
        false
    }

    /// The components of one institution with their slopes, for gradients; `false`: the model has none.
    fn settle_in_duals(
        &self,
        _institution: u32,
        _sheet: &BalanceSheet<'_, Dual>,
        _components: &mut [Dual],
    ) -> bool {
        false
    }

    /// What the institution pays to all its creditors, money.
    fn payment(&self, institution: u32, sheet: &BalanceSheet<'_>) -> f64;

    /// Value that the institution's own default destroys, money.
    fn value_destroyed(&self, institution: u32, sheet: &BalanceSheet<'_>) -> f64;

    /// Equity strictly below which the institution has failed, money, own failure costs not deducted.
    fn failure_equity(&self, _institution: u32) -> f64 {
        0.0
    }

    /// Order and continuity in prices and payments, given how sellers are paid, and whether rounding is bounded.
    fn profile(&self, _execution: Execution) -> Profile {
        Profile::default()
    }

    /// Whether several solutions exist for sure, given which institutions have no outside assets at all. The fewer have
    /// some, the sooner.
    fn not_unique(&self, _no_outside_assets: &[bool]) -> bool {
        false
    }

    /// Groups of institutions, one of which at least pays all its debts in the greatest solution, whatever the prices, if none
    /// of the group has outside assets below zero: mutual debtors, connected both ways, that owe nobody else and pay out all
    /// that they receive more. Were all of them short, each could pay a little more out of what it would then receive.
    /// Default: none is known.
    ///
    /// Debts are paid in full where all components that others are entitled to stand at their largest. A solution is certified
    /// on this word where nothing else bounds it from below.
    fn closed_groups(&self) -> Vec<Vec<u32>> {
        Vec::new()
    }

    /// The process that values claims, if the model is one and no map. Then nothing else is asked of it but the graph, what is paid
    /// at face, and, so that nobody sells meanwhile, what sheets look like at its end. Such a model is unordered.
    fn process(&self) -> Option<&dyn ClaimsProcess> {
        None
    }

    /// The model in lanes, if it has that form.
    fn in_lanes(&self) -> Option<&dyn ClaimsInLanes> {
        None
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
            fn share_entitlements(&self) -> Option<&SparseRows> {
                (**self).share_entitlements()
            }
            fn has_contingent(&self) -> bool {
                (**self).has_contingent()
            }
            fn contingent(&self, institution: u32, state: &[f64]) -> Contingent {
                (**self).contingent(institution, state)
            }
            fn contingent_bounds(&self, institution: u32, low: &[f64], high: &[f64]) -> Option<ContingentBounds> {
                (**self).contingent_bounds(institution, low, high)
            }
            fn encloses(&self) -> bool {
                (**self).encloses()
            }
            fn failure_equity(&self, institution: u32) -> f64 {
                (**self).failure_equity(institution)
            }
            fn shareholdings_into(&self, equity: &[f64], values: &mut [f64]) {
                (**self).shareholdings_into(equity, values);
            }
            fn range_into(&self, equity: &[Interval], bottom: &mut [f64], top: &mut [f64]) {
                (**self).range_into(equity, bottom, top);
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
            fn slopes_into(
                &self,
                anchor: Anchor,
                institution: u32,
                sheet: &BalanceSheet<'_, Interval>,
                other: Interval,
                slopes: &mut [f64],
            ) {
                (**self).slopes_into(anchor, institution, sheet, other, slopes);
            }
            fn component_jets_into(
                &self,
                institution: u32,
                sheet: &BalanceSheet<'_, Jet>,
                components: &mut [Jet],
            ) -> bool {
                (**self).component_jets_into(institution, sheet, components)
            }
            fn settle_in_duals(
                &self,
                institution: u32,
                sheet: &BalanceSheet<'_, Dual>,
                components: &mut [Dual],
            ) -> bool {
                (**self).settle_in_duals(institution, sheet, components)
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
            fn closed_groups(&self) -> Vec<Vec<u32>> {
                (**self).closed_groups()
            }
            fn process(&self) -> Option<&dyn ClaimsProcess> {
                (**self).process()
            }
            fn in_lanes(&self) -> Option<&dyn ClaimsInLanes> {
                (**self).in_lanes()
            }
        }
    )*};
}
forward_claims!(&M, Box<M>, std::sync::Arc<M>);
