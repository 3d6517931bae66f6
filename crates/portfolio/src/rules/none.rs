//! No deleveraging.

use super::ORDERED;
use delever_core::{BalanceSheet, Interval, NoColumns, Profile, RuleContext, RuleKernel, Sale};

/// Sells nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSales;

impl RuleKernel for NoSales {
    type Row = NoColumns;
    type AssetRow = NoColumns;

    fn sale(&self, _: &BalanceSheet<'_>, _: &NoColumns, _: &[NoColumns]) -> Sale {
        Sale::nothing()
    }

    fn sale_bounds(
        &self,
        _: &BalanceSheet<'_, Interval>,
        _: &NoColumns,
        _: &[NoColumns],
    ) -> Option<Sale<Interval>> {
        Some(Sale::nothing())
    }

    fn profile(&self, _: &NoColumns, _: &[NoColumns], _: RuleContext) -> Profile {
        ORDERED
    }
}
