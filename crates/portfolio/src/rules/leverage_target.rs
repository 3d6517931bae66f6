//! Back to a target leverage after a loss.

use super::leverage_cap::{money, need, whole_at_average};
use super::{ORDERED, at_average};
use delever_core::{BalanceSheet, NoColumns, Profile, Real, RuleContext, RuleKernel, Sale, SpecError};

/// Parameters of [`LeverageTarget`].
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct LeverageTargetRow {
    /// `target_leverage`: assets over equity, 1 or more. Not given: what it was before the shock.
    pub target_leverage: Option<f64>,
    /// `two_sided`: whether an institution buys where its leverage is lower. Default false.
    #[serde(default)]
    pub two_sided: bool,
}

/// Raises `A - lambda E` with the target leverage `lambda`, and everything when `E <= 0` and there is debt. After a loss
/// `L` and from the leverage before the shock that is `(lambda - 1) L`.
///
/// One-sided this is the leverage cap's formula, ordered like it. Without equity before the shock there is no leverage to
/// return to: nothing is sold while `E > 0`.
///
/// Two-sided the need may be negative: the institution buys for that much, at most what it holds, with new debt. Units
/// bought may fall when prices rise, so the rule is unordered: it belongs into the rounds engine, and an equilibrium is
/// solved without a certificate. There purchases offset the sales of others; where they exceed them, the buyers find
/// supply at the shocked price. A buyer's sold units and fractions are negative.
///
/// Errors: `target_leverage` below 1. Source: Greenwood, Landier and Thesmar (2015).
///
/// ```
/// use delever_core::{BalanceSheet, RuleKernel, Sale};
/// use delever_portfolio::rules::{LeverageTarget, LeverageTargetRow};
/// let mut sheet = BalanceSheet::empty();
/// (sheet.assets_initial, sheet.equity_initial) = (100.0, 10.0); // leverage 10
/// (sheet.marketable, sheet.liabilities) = (98.0, 90.0);
/// let one_sided = LeverageTargetRow::default();
/// assert_eq!(LeverageTarget.sale(&sheet, &one_sided, &[]), Sale::Money(18.0)); // 9 times the loss
/// sheet.marketable = 101.0;
/// assert_eq!(LeverageTarget.sale(&sheet, &one_sided, &[]), Sale::Money(0.0));
/// let two_sided = LeverageTargetRow { two_sided: true, ..one_sided };
/// assert_eq!(LeverageTarget.sale(&sheet, &two_sided, &[]), Sale::Money(-9.0));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct LeverageTarget;

/// What is asked for at a target of `lambda`: money, or a fraction where sellers are paid average prices.
#[inline(always)]
fn asked<N: Real>(sheet: &BalanceSheet<'_, N>, two_sided: bool, lambda: N) -> N {
    let need = || need(sheet, lambda);
    match (at_average(sheet.execution), two_sided) {
        (true, false) => need().fraction_of(whole_at_average(sheet, lambda)),
        (true, true) => need().signed_fraction_of(whole_at_average(sheet, lambda)),
        (false, false) => money(sheet, need),
        (false, true) => {
            let (assets, debts) = (sheet.assets(), sheet.liabilities);
            let everything = N::from(f64::INFINITY);
            debts.if_zero(
                || assets.if_below(N::from(0.0), || everything, need),
                || debts.if_below(assets, need, || everything),
            )
        }
    }
}

/// `moved` moves the target, for derivatives in it.
#[inline(always)]
fn sale<N: Real>(sheet: &BalanceSheet<'_, N>, row: &LeverageTargetRow, moved: impl Fn(N) -> N) -> Sale<N> {
    let nothing = N::from(0.0);
    let at_average = at_average(sheet.execution);
    let asked = if let Some(leverage) = row.target_leverage {
        asked(sheet, row.two_sided, moved(N::from(leverage)))
    } else {
        let (assets, debts) = (sheet.assets(), sheet.liabilities);
        let equity_initial = N::given(sheet.equity_initial);
        let everything = N::from(if at_average { 1.0 } else { f64::INFINITY });
        nothing.if_below(
            equity_initial,
            #[inline(always)]
            || {
                let leverage = N::given(sheet.assets_initial) / equity_initial;
                asked(sheet, row.two_sided, moved(leverage))
            },
            // No leverage to return to.
            #[inline(always)]
            || debts.if_zero(|| nothing, || debts.if_below(assets, || nothing, || everything)),
        )
    };
    if at_average {
        Sale::Fraction(asked)
    } else {
        Sale::Money(asked)
    }
}

impl RuleKernel for LeverageTarget {
    type Row = LeverageTargetRow;
    type AssetRow = NoColumns;

    fn sale(&self, sheet: &BalanceSheet<'_>, row: &LeverageTargetRow, _: &[NoColumns]) -> Sale {
        sale(sheet, row, |target| target)
    }

    #[inline(always)]
    fn sale_in<N: Real>(
        &self,
        sheet: &BalanceSheet<'_, N>,
        row: &LeverageTargetRow,
        _: &[NoColumns],
    ) -> Option<Sale<N>> {
        Some(sale(sheet, row, |target| target))
    }

    fn sale_moved<N: Real>(
        &self,
        parameter: &str,
        by: N,
        sheet: &BalanceSheet<'_, N>,
        row: &LeverageTargetRow,
        _: &[NoColumns],
    ) -> Option<Sale<N>> {
        (parameter == "target_leverage").then(|| sale(sheet, row, |target| target + by))
    }

    fn encloses(&self) -> bool {
        true
    }

    fn reads_amounts_only(&self) -> bool {
        true
    }

    fn profile(&self, row: &LeverageTargetRow, _: &[NoColumns], _: RuleContext) -> Profile {
        if row.two_sided {
            Profile::default()
        } else {
            ORDERED
        }
    }

    fn check(&self, row: &LeverageTargetRow) -> Result<(), SpecError> {
        match row.target_leverage {
            Some(leverage) if !(leverage >= 1.0 && leverage.is_finite()) => Err(SpecError::out_of_range(
                "target_leverage",
                leverage,
                "1 or more (assets / equity)",
            )),
            _ => Ok(()),
        }
    }
}
