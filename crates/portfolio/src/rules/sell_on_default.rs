//! Liquidation of whoever fails.

use super::ordered_while_gains_stay;
use delever_core::{BalanceSheet, Continuity, NoColumns, Profile, Real, RuleContext, RuleKernel, Sale};

/// Sells everything if `E < 0`, with `E` at final prices, and nothing otherwise.
///
/// A threshold: sales jump, upward only strictly below zero equity. With volume-weighted execution and a clearing
/// model the proceeds above the final price would raise what creditors get as prices fall, so that combination is
/// unordered. Source: Caccioli, Shrestha, Moore and Farmer (2014).
///
/// ```
/// use delever_core::{BalanceSheet, NoColumns, RuleKernel, Sale};
/// use delever_portfolio::rules::SellOnDefault;
/// let mut sheet = BalanceSheet::empty();
/// (sheet.marketable, sheet.liabilities) = (10.0, 10.0);
/// assert_eq!(SellOnDefault.sale(&sheet, &NoColumns {}, &[]), Sale::Fraction(0.0)); // E = 0 is healthy
/// sheet.liabilities = 10.0_f64.next_up();
/// assert_eq!(SellOnDefault.sale(&sheet, &NoColumns {}, &[]), Sale::Fraction(1.0));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SellOnDefault;

#[inline(always)]
fn sale<N: Real>(sheet: &BalanceSheet<'_, N>) -> Sale<N> {
    Sale::Fraction(
        sheet
            .assets()
            .if_below(sheet.liabilities, || N::from(1.0), || N::from(0.0)),
    )
}

impl RuleKernel for SellOnDefault {
    type Row = NoColumns;
    type AssetRow = NoColumns;

    fn sale(&self, sheet: &BalanceSheet<'_>, _: &NoColumns, _: &[NoColumns]) -> Sale {
        sale(sheet)
    }

    #[inline(always)]
    fn sale_in<N: Real>(
        &self,
        sheet: &BalanceSheet<'_, N>,
        _: &NoColumns,
        _: &[NoColumns],
    ) -> Option<Sale<N>> {
        Some(sale(sheet))
    }

    fn encloses(&self) -> bool {
        true
    }

    fn reads_amounts_only(&self) -> bool {
        true
    }

    fn profile(&self, _: &NoColumns, _: &[NoColumns], context: RuleContext) -> Profile {
        Profile {
            continuity: Continuity::FromAbove,
            ..ordered_while_gains_stay(context)
        }
    }
}
