//! Leverage that follows perceived risk.

use super::leverage_cap::sale_under;
use delever_core::{
    BalanceSheet, Interval, NoColumns, Profile, Real, RuleContext, RuleKernel, Sale, SpecError,
};

/// Parameters of [`ValueAtRisk`]. Volatilities are standard deviations of returns over the horizon of the shock.
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct ValueAtRiskRow {
    /// `leverage_scale`, the `alpha` of the formula: above 0. A value at risk of `z` standard deviations is `1 / z`.
    pub leverage_scale: f64,
    /// `cyclicality`, the exponent `b`: from -10 to 10; -1/2 (default) is value at risk, 0 a constant leverage.
    #[serde(default = "value_at_risk")]
    pub cyclicality: f64,
    /// `historic_volatility`: volatility of the portfolio as perceived before the shock, 0 or more.
    pub historic_volatility: f64,
    /// `volatility_offset`, the `sigma0` of the formula: risk that is always perceived, 0 or more. Default 0.
    #[serde(default)]
    pub volatility_offset: f64,
    /// `shock_weight`: weight of the latest return in perceived variance, from 0 to 1.
    pub shock_weight: f64,
}

fn value_at_risk() -> f64 {
    -0.5
}

/// Sells down to the leverage `lambda = max(1, alpha (sigma^2 + sigma0^2)^b)` that perceived variance allows,
/// `sigma^2 = (1 - w) historic_volatility^2 + w r^2`, with `r` the relative change of what is held since before the shock.
/// The money is the leverage cap's, `A - lambda E`; no variance and `b < 0` is no cap.
///
/// Unordered: variance rises with gains as with losses, so a higher price can mean more sales.
///
/// Errors: a parameter outside its range. Sources: Adrian and Shin (2010); Aymanns and Farmer (2015), from whom the
/// formula is.
///
/// ```
/// use delever_core::{BalanceSheet, RuleKernel, Sale, SparseRow};
/// use delever_portfolio::rules::{ValueAtRisk, ValueAtRiskRow};
/// let mut sheet = BalanceSheet::empty();
/// sheet.holdings = SparseRow { columns: &[0], values: &[100.0] };
/// (sheet.initial_prices, sheet.prices) = (&[1.0], &[1.0]);
/// (sheet.marketable, sheet.liabilities) = (100.0, 80.0);
/// let row = ValueAtRiskRow {
///     leverage_scale: 1.0,
///     cyclicality: -0.5,
///     historic_volatility: 0.25,
///     volatility_offset: 0.0,
///     shock_weight: 0.0,
/// };
/// assert_eq!(ValueAtRisk.sale(&sheet, &row, &[]), Sale::Money(20.0)); // equity 20, leverage 4
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct ValueAtRisk;

/// The leverage that perceived variance allows; infinite without a limit.
fn leverage<N: Real>(sheet: &BalanceSheet<'_, N>, row: &ValueAtRiskRow) -> N {
    let one = N::from(1.0);
    let mut before = N::from(0.0);
    for (asset, units) in sheet.holdings.iter() {
        before = before + N::from(units) * N::from(sheet.initial_prices[asset]);
    }
    let unchanged = || N::from(0.0);
    let change = before.if_zero(unchanged, || sheet.marketable / before - one);
    let square = |x: N| (x * x).at_least(0.0);
    let weight = N::from(row.shock_weight);
    let perceived = (one - weight) * square(N::from(row.historic_volatility)) + weight * square(change);
    let variance = perceived + square(N::from(row.volatility_offset));
    let b = row.cyclicality;
    let factor = if b == -0.5 {
        one / variance.sqrt()
    } else if b == 0.0 {
        one
    } else if b < 0.0 {
        one / variance.pow(-b)
    } else {
        variance.pow(b)
    };
    (N::from(row.leverage_scale) * factor).at_least(1.0)
}

impl RuleKernel for ValueAtRisk {
    type Row = ValueAtRiskRow;
    type AssetRow = NoColumns;

    fn sale(&self, sheet: &BalanceSheet<'_>, row: &ValueAtRiskRow, _: &[NoColumns]) -> Sale {
        let lambda = leverage(sheet, row);
        if lambda.is_infinite() {
            return Sale::nothing();
        }
        sale_under(sheet, lambda)
    }

    fn sale_bounds(
        &self,
        sheet: &BalanceSheet<'_, Interval>,
        row: &ValueAtRiskRow,
        _: &[NoColumns],
    ) -> Option<Sale<Interval>> {
        let lambda = leverage(sheet, row);
        if lambda.low.is_infinite() {
            return Some(Sale::nothing());
        }
        let sale = sale_under(sheet, lambda);
        Some(if lambda.high.is_finite() {
            sale
        } else {
            // There may be no limit, and then nothing is sold.
            let or_nothing = |asked: Interval| asked.hull(Interval::from(0.0));
            match sale {
                Sale::Money(money) => Sale::Money(or_nothing(money)),
                Sale::Fraction(fraction) => Sale::Fraction(or_nothing(fraction)),
            }
        })
    }

    fn encloses(&self) -> bool {
        true
    }

    fn profile(&self, _: &ValueAtRiskRow, _: &[NoColumns], _: RuleContext) -> Profile {
        Profile::default()
    }

    fn check(&self, row: &ValueAtRiskRow) -> Result<(), SpecError> {
        if !(row.leverage_scale > 0.0 && row.leverage_scale.is_finite()) {
            return Err(SpecError::out_of_range(
                "leverage_scale",
                row.leverage_scale,
                "above 0 (1 / z for a value at risk of z standard deviations)",
            ));
        }
        let b = row.cyclicality;
        if !(b == 0.0 || (1e-3..=10.0).contains(&b.abs())) {
            return Err(SpecError::out_of_range(
                "cyclicality",
                b,
                "from -10 to 10, and 0 or at least 0.001 from it",
            ));
        }
        for (name, value) in [
            ("historic_volatility", row.historic_volatility),
            ("volatility_offset", row.volatility_offset),
        ] {
            if !(0.0..=1e6).contains(&value) {
                return Err(SpecError::out_of_range(name, value, "0 or more (0.02 is 2 %)"));
            }
        }
        if (0.0..=1.0).contains(&row.shock_weight) {
            Ok(())
        } else {
            Err(SpecError::out_of_range(
                "shock_weight",
                row.shock_weight,
                "from 0 to 1",
            ))
        }
    }
}
