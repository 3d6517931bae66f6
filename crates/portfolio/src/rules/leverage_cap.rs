//! A cap on assets over equity, with proceeds repaying debt.

use super::{ORDERED, at_average};
use delever_core::{BalanceSheet, NoColumns, Profile, Real, RuleContext, RuleKernel, Sale, SpecError};

/// Parameters of [`LeverageCap`]: one of the two.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct LeverageCapRow {
    /// `max_leverage`: assets over equity, above 1; `inf` is no cap.
    pub max_leverage: Option<f64>,
    /// `min_leverage_ratio`: equity over assets, the reciprocal.
    pub min_leverage_ratio: Option<f64>,
}

impl LeverageCapRow {
    /// A cap on assets over equity.
    pub fn cap(max_leverage: f64) -> Self {
        Self {
            max_leverage: Some(max_leverage),
            min_leverage_ratio: None,
        }
    }

    /// The cap as a number of the formula's arithmetic: in a proof the reciprocal of a ratio is enclosed, not
    /// rounded. `None` is no cap.
    #[inline(always)]
    fn leverage<N: Real>(&self) -> Option<N> {
        match (self.max_leverage, self.min_leverage_ratio) {
            (Some(cap), _) if cap.is_finite() => Some(N::from(cap)),
            (None, Some(ratio)) => Some(N::from(1.0) / N::from(ratio)),
            (Some(_) | None, _) => None,
        }
    }
}

/// Sells the fraction `clip((A - lambda E) / M, 0, 1)`, and everything when `E <= 0` and the cap binds.
///
/// With terminal execution the money needed is written `D - (lambda - 1)(A - D)`: every argument enters with one
/// sign, so sales are antitone in prices, payments and the cap, in floating point too. With volume-weighted
/// execution the fraction is `clip((A - lambda E) / (M + lambda (V - M)), 0, 1)`, after Banerjee and Feinstein
/// (2021). Source of the rule: Greenwood, Landier and Thesmar (2015); Breuer, Summer and Urosevic (2021).
///
/// ```
/// use delever_core::{BalanceSheet, RuleKernel, Sale};
/// use delever_portfolio::rules::{LeverageCap, LeverageCapRow};
/// let mut sheet = BalanceSheet::empty();
/// (sheet.marketable, sheet.liabilities) = (100.0, 95.0); // leverage 20
/// let sale = LeverageCap.sale(&sheet, &LeverageCapRow::cap(10.0), &[]);
/// assert_eq!(sale, Sale::Money(50.0)); // assets fall to 50, equity stays 5
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct LeverageCap;

/// `A - lambda E`, the money that brings leverage down to `lambda`; negative where leverage is lower.
#[inline(always)]
pub(super) fn need<N: Real>(sheet: &BalanceSheet<'_, N>, lambda: N) -> N {
    let (assets, debts) = (sheet.assets(), sheet.liabilities);
    debts - (lambda - N::from(1.0)) * (assets - debts)
}

/// Money to raise under a cap with terminal execution: everything when `E <= 0` and there is debt.
#[inline(always)]
pub(super) fn money<N: Real>(sheet: &BalanceSheet<'_, N>, need: impl FnOnce() -> N) -> N {
    let (assets, debts) = (sheet.assets(), sheet.liabilities);
    let everything = N::from(f64::INFINITY);
    debts.if_zero(
        #[inline(always)]
        || {
            assets.if_below(
                N::from(0.0),
                #[inline(always)]
                || everything,
                #[inline(always)]
                || N::from(0.0),
            )
        },
        #[inline(always)]
        || {
            debts.if_below(
                assets,
                #[inline(always)]
                || need().at_least(0.0),
                #[inline(always)]
                || everything,
            )
        },
    )
}

/// What is sold to meet a need where sellers gain above the final price: `M + lambda (V - M)` is its whole.
#[inline(always)]
pub(super) fn whole_at_average<N: Real>(sheet: &BalanceSheet<'_, N>, lambda: N) -> N {
    let gain = sheet.marketable_at_average - sheet.marketable;
    sheet.marketable + lambda * gain.at_least(0.0)
}

/// What a cap of `lambda` on assets over equity makes an institution sell.
#[inline(always)]
pub(super) fn sale_under<N: Real>(sheet: &BalanceSheet<'_, N>, lambda: N) -> Sale<N> {
    if at_average(sheet.execution) {
        return Sale::Fraction(need(sheet, lambda).fraction_of(whole_at_average(sheet, lambda)));
    }
    Sale::Money(money(
        sheet,
        #[inline(always)]
        || need(sheet, lambda),
    ))
}

#[inline(always)]
fn sale<N: Real>(sheet: &BalanceSheet<'_, N>, row: &LeverageCapRow) -> Sale<N> {
    match row.leverage::<N>() {
        Some(lambda) => sale_under(sheet, lambda),
        None => Sale::nothing(),
    }
}

impl RuleKernel for LeverageCap {
    type Row = LeverageCapRow;
    type AssetRow = NoColumns;
    const ALTERNATIVES: &'static [&'static [&'static str]] = &[&["max_leverage", "min_leverage_ratio"]];

    #[inline]
    fn sale(&self, sheet: &BalanceSheet<'_>, row: &LeverageCapRow, _: &[NoColumns]) -> Sale {
        sale(sheet, row)
    }

    #[inline(always)]
    fn sale_in<N: Real>(
        &self,
        sheet: &BalanceSheet<'_, N>,
        row: &LeverageCapRow,
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

    fn sale_moved<N: Real>(
        &self,
        parameter: &str,
        by: N,
        sheet: &BalanceSheet<'_, N>,
        row: &LeverageCapRow,
        _: &[NoColumns],
    ) -> Option<Sale<N>> {
        let one = N::from(1.0);
        let Some(lambda) = row.leverage::<N>() else {
            return matches!(parameter, "max_leverage" | "min_leverage_ratio").then(Sale::nothing);
        };
        match parameter {
            "max_leverage" => Some(sale_under(sheet, lambda + by)),
            "min_leverage_ratio" => Some(sale_under(sheet, one / (one / lambda + by))),
            _ => None,
        }
    }

    fn profile(&self, _: &LeverageCapRow, _: &[NoColumns], _: RuleContext) -> Profile {
        ORDERED
    }

    fn check(&self, row: &LeverageCapRow) -> Result<(), SpecError> {
        match (row.max_leverage, row.min_leverage_ratio) {
            (None, None) => Err(SpecError::missing("max_leverage")),
            (Some(_), Some(_)) => Err(SpecError::conflict(
                "max_leverage",
                "`min_leverage_ratio` is its reciprocal; give one of the two",
            )),
            (Some(cap), None) if !(cap > 1.0) => Err(SpecError::out_of_range(
                "max_leverage",
                cap,
                "above 1 (assets / equity); `inf` means no cap",
            )),
            (None, Some(ratio)) if !(ratio > 0.0 && ratio < 1.0) => Err(SpecError::out_of_range(
                "min_leverage_ratio",
                ratio,
                "between 0 and 1 (equity / assets), both excluded",
            )),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sells(cash: f64, marketable: f64, liabilities: f64) -> Sale {
        let mut sheet = BalanceSheet::empty();
        (sheet.cash, sheet.marketable, sheet.liabilities) = (cash, marketable, liabilities);
        LeverageCap.sale(&sheet, &LeverageCapRow::cap(25.0), &[])
    }

    #[test]
    fn zero_equity_sells_everything_and_no_debt_nothing() {
        // Cash below zero: what is needed, 50, is less than what is held, 60; at zero equity all goes all the same.
        assert_eq!(sells(-10.0, 60.0, 50.0), Sale::Money(f64::INFINITY));
        assert_eq!(sells(-10.0, 60.0, 50.5), Sale::Money(f64::INFINITY));
        assert_eq!(sells(0.0, 60.0, 0.0), Sale::Money(0.0));
        assert_eq!(sells(0.0, 0.0, 0.0), Sale::Money(0.0));
        // In breach, and exactly at the cap.
        assert_eq!(sells(0.0, 100.0, 98.0), Sale::Money(50.0));
        assert_eq!(sells(0.0, 100.0, 96.0), Sale::Money(0.0));
    }
}
