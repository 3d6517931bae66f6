//! A rule that tops up cash. The lower the prices, the less cash it wants: the order is lost, and nothing is declared.

use delever_core::{BalanceSheet, NoColumns, Real, RuleKernel, Sale, SpecError};

/// Parameters of [`CashTarget`].
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize)]
pub struct CashTargetRow {
    /// `cash_share`: cash over total assets to hold, from 0 to 1.
    pub cash_share: f64,
}

/// Raises `(cash_share A - cash)^+`.
///
/// The method that declares the order is left out, so the engine solves such a cascade and claims nothing of the answer. But the
/// sale is bounded over whole ranges of states, and that is enough for bounds that hold all equilibria at once.
#[derive(Clone, Copy, Debug, Default)]
pub struct CashTarget;

/// One formula for doubles and for intervals, which may be wide: it reads nothing but amounts of the sheet.
fn sale<N: Real>(sheet: &BalanceSheet<'_, N>, row: &CashTargetRow) -> Sale<N> {
    let wanted = N::from(row.cash_share) * sheet.assets();
    Sale::Money((wanted - N::given(sheet.cash)).at_least(0.0))
}

impl RuleKernel for CashTarget {
    type Row = CashTargetRow;
    type AssetRow = NoColumns;

    fn sale(&self, sheet: &BalanceSheet<'_>, row: &CashTargetRow, _: &[NoColumns]) -> Sale {
        sale(sheet, row)
    }

    fn sale_in<N: Real>(
        &self,
        sheet: &BalanceSheet<'_, N>,
        row: &CashTargetRow,
        _: &[NoColumns],
    ) -> Option<Sale<N>> {
        Some(sale(sheet, row))
    }

    fn encloses(&self) -> bool {
        true
    }

    fn reads_amounts_only(&self) -> bool {
        true
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
