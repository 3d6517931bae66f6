//! Many numbers at once: the forms of the models that compute [`LANES`] scenarios, or as many institutions, side by side.
//!
//! Every load of a holding then serves all lanes. The lanes never mix, so a scenario has the same bits alone, among others, and
//! whatever vectors the machine has.

use crate::{BalanceSheet, Ball, Plain, Single};

/// Numbers that are computed side by side: as many doubles as the widest vectors of common machines hold.
pub const LANES: usize = 16;

/// What stands side by side on one balance sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// One institution in [`LANES`] scenarios.
    Scenario,
    /// [`LANES`] institutions, one after the other, in one scenario. The sheet then has amounts only, neither holdings nor
    /// prices; behind the last institution lanes are empty.
    Institution,
}

impl Lane {
    /// Institutions on a sheet.
    #[inline(always)]
    pub fn institutions(self) -> usize {
        match self {
            Self::Scenario => 1,
            Self::Institution => LANES,
        }
    }
}

/// A deleveraging rule of pro-rata sellers in lanes; as [`crate::Rule::sales_into`], with bounds.
pub trait RuleInLanes: Send + Sync {
    /// The fractions of holdings that must be sold, as [`crate::Sale::fraction`] has them. `first` is the block's row of the first
    /// lane of `sheets[0]`.
    fn fractions_in_lanes(
        &self,
        lane: Lane,
        first: usize,
        sheets: &[BalanceSheet<'_, Ball<Plain>>],
        fractions: &mut [Ball<Plain>],
    );

    /// Whether it computes institutions side by side: a rule that looks at each one's holdings does not.
    fn takes_institutions(&self) -> bool {
        false
    }
}

/// Claims of one number a debtor in lanes; as [`crate::Claims::settle_into`], with bounds.
pub trait ClaimsInLanes: Send + Sync {
    /// The payment ratios of these institutions, by id: one for each sheet, or one for each lane.
    fn ratios_in_lanes(
        &self,
        lane: Lane,
        institutions: &[u32],
        sheets: &[BalanceSheet<'_, Ball<Plain>>],
        ratios: &mut [Ball<Plain>],
    );

    /// Whether it computes institutions side by side.
    fn takes_institutions(&self) -> bool {
        false
    }
}

/// Price impact in lanes: the multiplier of shocked prices, with bounds.
pub trait ImpactInLanes: Send + Sync {
    /// Turns what is sold of each asset from `first` on, money at the initial price, into the multiplier of its shocked price in
    /// [`LANES`] scenarios.
    fn survive(&self, first: usize, sold: &mut [Ball<Plain>]);

    /// The same in one scenario.
    fn survive_alone(&self, first: usize, sold: &mut [Ball<Single>]);
}
