//! A rule that tops up cash. The lower the prices, the less cash it wants: the order is lost, and nothing is declared.

use delever_core::{BalanceSheet, NoColumns, RuleKernel, Sale, SpecError};

/// Parameters of [`CashTarget`].
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize)]
pub struct CashTargetRow {
    /// `cash_share`: cash over total assets to hold, from 0 to 1.
    pub cash_share: f64,
}

/// Raises `(cash_share A - cash)^+`.
///
/// The method that declares the order is left out, so the engine solves such a cascade and claims nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct CashTarget;

impl RuleKernel for CashTarget {
    type Row = CashTargetRow;
    type AssetRow = NoColumns;

    fn sale(&self, sheet: &BalanceSheet<'_>, row: &CashTargetRow, _: &[NoColumns]) -> Sale {
        Sale::Money((row.cash_share * sheet.assets() - sheet.cash).max(0.0))
    }

    fn check(&self, row: &CashTargetRow) -> Result<(), SpecError> {
        if (0.0..=1.0).contains(&row.cash_share) {
            Ok(())
        } else {
            Err(SpecError::out_of_range(
                "cash_share",
                row.cash_share,
                "from 0 to 1",
            ))
        }
    }
}
