//! No deleveraging.

use super::ORDERED;
use delever_core::{BalanceSheet, NoColumns, Profile, Real, RuleContext, RuleKernel, Sale};

/// Sells nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSales;

impl RuleKernel for NoSales {
    type Row = NoColumns;
    type AssetRow = NoColumns;

    fn sale(&self, _: &BalanceSheet<'_>, _: &NoColumns, _: &[NoColumns]) -> Sale {
        Sale::nothing()
    }

    #[inline(always)]
    fn sale_in<N: Real>(&self, _: &BalanceSheet<'_, N>, _: &NoColumns, _: &[NoColumns]) -> Option<Sale<N>> {
        Some(Sale::nothing())
    }

    fn encloses(&self) -> bool {
        true
    }

    fn reads_amounts_only(&self) -> bool {
        true
    }

    fn profile(&self, _: &NoColumns, _: &[NoColumns], _: RuleContext) -> Profile {
        ORDERED
    }
}
