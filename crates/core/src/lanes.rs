//! Scenarios side by side: the forms of the models that compute [`LANES`] scenarios at once, and one alone.
//!
//! Every load of a holding then serves all lanes, and plain loops over lanes compile to vector instructions. The lanes
//! never mix, so a scenario has the same bits alone, among others, and whatever vectors the machine has.

use crate::{BalanceSheet, Ball, Sale};

/// Scenarios that are computed side by side: as many doubles as the widest vectors of common machines hold.
pub const LANES: usize = 8;

/// A deleveraging rule over `W` scenarios; as [`crate::Rule::sales_into`], with bounds.
pub trait RuleInLanes<const W: usize>: Send + Sync {
    /// What each institution must sell in each scenario. `first` is the block's row of `sheets[0]`.
    fn sales_in_lanes(&self, first: usize, sheets: &[BalanceSheet<'_, Ball<W>>], sales: &mut [Sale<Ball<W>>]);
}

/// Claims of one number a debtor over `W` scenarios; as [`crate::Claims::settle_into`], with bounds.
pub trait ClaimsInLanes<const W: usize>: Send + Sync {
    /// The payment ratios of these institutions.
    fn ratios_in_lanes(
        &self,
        institutions: &[u32],
        sheets: &[BalanceSheet<'_, Ball<W>>],
        ratios: &mut [Ball<W>],
    );
}

/// Price impact over `W` scenarios: the multiplier of shocked prices, with bounds.
pub trait ImpactInLanes<const W: usize>: Send + Sync {
    /// Turns what is sold of each asset, money at the initial price, into the multiplier of its shocked price.
    fn survive(&self, sold: &mut [Ball<W>]);
}

/// Runs `work` in the widest vectors that the machine has and the build knows, with the same bits as without them.
///
/// Only what is inlined into `work` is compiled for these vectors.
#[inline(always)]
pub fn vectorized<R>(work: impl FnOnce() -> R) -> R {
    struct Work<F>(F);
    impl<R, F: FnOnce() -> R> pulp::NullaryFnOnce for Work<F> {
        type Output = R;
        #[inline(always)]
        fn call(self) -> R {
            (self.0)()
        }
    }
    if cfg!(feature = "portable") {
        work()
    } else {
        pulp::Arch::new().dispatch(Work(work))
    }
}
