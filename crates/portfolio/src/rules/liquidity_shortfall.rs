//! Raising the cash that falls due.

use super::{ORDERED, at_average};
use delever_core::{BalanceSheet, NoColumns, Profile, Real, RuleContext, RuleKernel, Sale, SpecError};

/// Parameters of [`LiquidityShortfall`].
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct LiquidityShortfallRow {
    /// `withdrawals`: external liabilities that fall due now, money, 0 or more. Default 0.
    #[serde(default)]
    pub withdrawals: f64,
}

/// Raises `(debts at face + withdrawals - cash - payments received - repaid)^+`, at most all holdings; nothing is repaid
/// while an equilibrium is sought.
/// Where the clearing model values shareholdings too, what they are worth counts among what is received.
///
/// Debts to institutions fall due at face; external liabilities only as far as `withdrawals` says. With
/// volume-weighted execution the fraction sold is the need over `V`. Source: Cifuentes, Ferrucci and Shin (2005);
/// Amini, Filipovic and Minca (2016).
///
/// ```
/// use delever_core::{BalanceSheet, RuleKernel, Sale};
/// use delever_portfolio::rules::{LiquidityShortfall, LiquidityShortfallRow};
/// let mut sheet = BalanceSheet::empty();
/// (sheet.cash, sheet.received, sheet.debts_face, sheet.marketable) = (10.0, 5.0, 40.0, 100.0);
/// let sale = LiquidityShortfall.sale(&sheet, &LiquidityShortfallRow { withdrawals: 3.0 }, &[]);
/// assert_eq!(sale, Sale::Money(28.0));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct LiquidityShortfall;

#[inline(always)]
fn sale<N: Real>(sheet: &BalanceSheet<'_, N>, withdrawals: N) -> Sale<N> {
    let due = sheet.debts_face + withdrawals;
    let need = (due - (N::given(sheet.cash) + sheet.received + N::given(sheet.repaid))).at_least(0.0);
    if at_average(sheet.execution) {
        Sale::Fraction(need.fraction_of(sheet.marketable_at_average))
    } else {
        Sale::Money(need)
    }
}

impl RuleKernel for LiquidityShortfall {
    type Row = LiquidityShortfallRow;
    type AssetRow = NoColumns;

    fn sale(&self, sheet: &BalanceSheet<'_>, row: &LiquidityShortfallRow, _: &[NoColumns]) -> Sale {
        sale(sheet, row.withdrawals)
    }

    #[inline(always)]
    fn sale_in<N: Real>(
        &self,
        sheet: &BalanceSheet<'_, N>,
        row: &LiquidityShortfallRow,
        _: &[NoColumns],
    ) -> Option<Sale<N>> {
        Some(sale(sheet, N::from(row.withdrawals)))
    }

    fn sale_moved<N: Real>(
        &self,
        parameter: &str,
        by: N,
        sheet: &BalanceSheet<'_, N>,
        row: &LiquidityShortfallRow,
        _: &[NoColumns],
    ) -> Option<Sale<N>> {
        (parameter == "withdrawals").then(|| sale(sheet, N::from(row.withdrawals) + by))
    }

    fn encloses(&self) -> bool {
        true
    }

    fn reads_amounts_only(&self) -> bool {
        true
    }

    fn profile(&self, _: &LiquidityShortfallRow, _: &[NoColumns], _: RuleContext) -> Profile {
        ORDERED
    }

    fn check(&self, row: &LiquidityShortfallRow) -> Result<(), SpecError> {
        if (0.0..=1e18).contains(&row.withdrawals) {
            Ok(())
        } else {
            Err(SpecError::out_of_range(
                "withdrawals",
                row.withdrawals,
                "0 or more, in money",
            ))
        }
    }
}
