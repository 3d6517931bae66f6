//! A rule that sells everything once too much of the equity is gone. Ordered, so answers stay certified.

use delever_core::{
    BalanceSheet, Continuity, NoColumns, Order, Profile, Real, RuleContext, RuleKernel, Sale, SpecError,
};

/// Parameters of [`StopLoss`].
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize)]
pub struct StopLossRow {
    /// `keep_above`: share of the equity before the shock strictly below which everything is sold, from 0 to 1.
    pub keep_above: f64,
}

/// Sells everything if `E < keep_above E0`, otherwise nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct StopLoss;

/// One formula for doubles and, in proofs, for intervals.
fn sale<N: Real>(sheet: &BalanceSheet<'_, N>, row: &StopLossRow) -> Sale<N> {
    let limit = N::from(row.keep_above) * N::given(sheet.equity_initial);
    let equity = sheet.assets() - sheet.liabilities;
    Sale::Fraction(equity.if_below(limit, || N::from(1.0), || N::from(0.0)))
}

impl RuleKernel for StopLoss {
    type Row = StopLossRow;
    type AssetRow = NoColumns;

    fn sale(&self, sheet: &BalanceSheet<'_>, row: &StopLossRow, _: &[NoColumns]) -> Sale {
        sale(sheet, row)
    }

    fn sale_in<N: Real>(
        &self,
        sheet: &BalanceSheet<'_, N>,
        row: &StopLossRow,
        _: &[NoColumns],
    ) -> Option<Sale<N>> {
        Some(sale(sheet, row))
    }

    /// Higher prices and payments never make it sell. It jumps at a limit that itself counts as healthy.
    fn profile(&self, _: &StopLossRow, _: &[NoColumns], _: RuleContext) -> Profile {
        Profile {
            order: Order::Antitone,
            continuity: Continuity::FromAbove,
            bounded: true,
        }
    }

    fn check(&self, row: &StopLossRow) -> Result<(), SpecError> {
        if (0.0..=1.0).contains(&row.keep_above) {
            Ok(())
        } else {
            Err(SpecError::out_of_range(
                "keep_above",
                row.keep_above,
                "from 0 to 1",
            ))
        }
    }
}
