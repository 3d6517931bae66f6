//! A buffer: act below one ratio of equity to assets, sell to another.

use super::leverage_cap::{money, need, whole_at_average};
use super::{ORDERED, at_average, ordered_while_gains_stay};
use delever_core::{
    BalanceSheet, Continuity, NoColumns, Profile, Real, RuleContext, RuleKernel, Sale, SpecError,
};

/// Parameters of [`LeverageThreshold`]: equity over assets, plain numbers.
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct LeverageThresholdRow {
    /// `act_below`: acts strictly below it; above 0 and at most 1. At 1 every institution with debt acts.
    pub act_below: f64,
    /// `target`: sells to it; between 0 and 1, at least `act_below` unless that is 1.
    pub target: f64,
    /// `default_below`: strictly below it everything is sold; from 0 to `act_below`. Not given: at `E <= 0`.
    pub default_below: Option<f64>,
}

/// If `E / A < act_below`, raises `max(0, A - E / target)`, and everything if `E <= 0` or `E / A < default_below`;
/// otherwise nothing.
///
/// The ratio is compared as `D / A > 1 - act_below` and the need is the leverage cap's with `lambda = 1 / target`, so that
/// every argument enters with one sign: sales are antitone in prices and payments, in floating point too. They jump at the
/// threshold, where the institution still counts as healthy; with `act_below` 1 or equal to `target` they do not jump,
/// and the rule is the leverage cap. With volume-weighted execution the fraction sold is that
/// of the cap; beside a model in which payments respond to assets that is unordered, as proceeds jump up while prices
/// fall.
///
/// Errors: `act_below` outside `(0, 1]`, `target` outside `(0, 1)` or below `act_below`, `default_below` outside
/// `[0, act_below]`. Source: Cont and Schaanning (2017).
///
/// ```
/// use delever_core::{BalanceSheet, RuleKernel, Sale};
/// use delever_portfolio::rules::{LeverageThreshold, LeverageThresholdRow};
/// let mut sheet = BalanceSheet::empty();
/// (sheet.marketable, sheet.liabilities) = (100.0, 96.0); // E / A = 4 %
/// let row = |act_below| LeverageThresholdRow { act_below, target: 0.05, default_below: Some(0.03) };
/// assert_eq!(LeverageThreshold.sale(&sheet, &row(0.04), &[]), Sale::Money(0.0)); // not strictly below
/// assert_eq!(LeverageThreshold.sale(&sheet, &row(0.045), &[]), Sale::Money(20.0)); // to 4 over 80
/// sheet.marketable = 98.0;
/// assert_eq!(LeverageThreshold.sale(&sheet, &row(0.04), &[]), Sale::Money(f64::INFINITY)); // 2 over 98
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct LeverageThreshold;

#[inline(always)]
fn sale<N: Real>(sheet: &BalanceSheet<'_, N>, row: &LeverageThresholdRow, target: N) -> Sale<N> {
    let (assets, debts) = (sheet.assets(), sheet.liabilities);
    let one = N::from(1.0);
    let lambda = one / target;
    let need = || need(sheet, lambda);
    let sells_at_average = at_average(sheet.execution);
    let (asked, everything) = if sells_at_average {
        (need().fraction_of(whole_at_average(sheet, lambda)), one)
    } else {
        (money(sheet, need), N::from(f64::INFINITY))
    };
    // Without debt E = A, and what is asked for is nothing, or everything if A < 0.
    let indebted = || {
        // D / A = 1 - E / A.
        let burden = debts / assets;
        let below = |ratio: f64, then: N, otherwise: N| {
            (one - N::from(ratio)).if_below(burden, || then, || otherwise)
        };
        let failing = row
            .default_below
            .map_or(asked, |ratio| below(ratio, everything, asked));
        let solvent = || below(row.act_below, failing, N::from(0.0));
        // At average prices sellers at E <= 0 gain, so the need decides there too unless failure is defined.
        let insolvent = if sells_at_average && row.default_below.is_none() {
            asked
        } else {
            everything
        };
        debts.if_below(assets, solvent, || insolvent)
    };
    let sold = debts.if_zero(|| asked, indebted);
    if sells_at_average {
        Sale::Fraction(sold)
    } else {
        Sale::Money(sold)
    }
}

impl RuleKernel for LeverageThreshold {
    type Row = LeverageThresholdRow;
    type AssetRow = NoColumns;

    fn sale(&self, sheet: &BalanceSheet<'_>, row: &LeverageThresholdRow, _: &[NoColumns]) -> Sale {
        sale(sheet, row, row.target)
    }

    #[inline(always)]
    fn sale_in<N: Real>(
        &self,
        sheet: &BalanceSheet<'_, N>,
        row: &LeverageThresholdRow,
        _: &[NoColumns],
    ) -> Option<Sale<N>> {
        Some(sale(sheet, row, N::from(row.target)))
    }

    fn sale_moved<N: Real>(
        &self,
        parameter: &str,
        by: N,
        sheet: &BalanceSheet<'_, N>,
        row: &LeverageThresholdRow,
        _: &[NoColumns],
    ) -> Option<Sale<N>> {
        (parameter == "target").then(|| sale(sheet, row, N::from(row.target) + by))
    }

    fn encloses(&self) -> bool {
        true
    }

    fn reads_amounts_only(&self) -> bool {
        true
    }

    fn profile(&self, row: &LeverageThresholdRow, _: &[NoColumns], context: RuleContext) -> Profile {
        // Where need sets in at the threshold itself, or before it, this is a leverage cap.
        let is_a_cap = row.default_below.is_none() && (row.act_below == 1.0 || row.act_below == row.target);
        if is_a_cap {
            return ORDERED;
        }
        Profile {
            continuity: Continuity::FromAbove,
            ..ordered_while_gains_stay(context)
        }
    }

    fn check(&self, row: &LeverageThresholdRow) -> Result<(), SpecError> {
        if !(row.act_below > 0.0 && row.act_below <= 1.0) {
            return Err(SpecError::out_of_range(
                "act_below",
                row.act_below,
                "above 0 and at most 1 (equity / assets)",
            ));
        }
        if !(row.target > 0.0 && row.target < 1.0) {
            return Err(SpecError::out_of_range(
                "target",
                row.target,
                "between 0 and 1 (equity / assets), both excluded",
            ));
        }
        if row.act_below < 1.0 && row.target < row.act_below {
            return Err(SpecError::conflict(
                "target",
                format!(
                    "sales to {} would leave the institution below `act_below`, {}; the target is at least that",
                    row.target, row.act_below
                ),
            ));
        }
        match row.default_below {
            Some(ratio) if !(0.0..=row.act_below).contains(&ratio) => Err(SpecError::out_of_range(
                "default_below",
                ratio,
                "from 0 to `act_below` (equity / assets)",
            )),
            _ => Ok(()),
        }
    }
}
