//! A risk-weighted capital ratio of the Basel kind.

use super::{ORDERED, at_average};
use delever_core::{BalanceSheet, Order, Profile, Real, RuleContext, RuleKernel, Sale, SpecError};

/// Parameters of [`CapitalRatio`] by institution.
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct CapitalRatioRow {
    /// `min_ratio`: equity over risk-weighted assets, above 0 and at most 1.
    pub min_ratio: f64,
    /// `other_risk_weight`: weight of other assets and of claims on institutions, 0 or more. Cash weighs 0.
    pub other_risk_weight: f64,
}

/// Parameter of [`CapitalRatio`] by asset.
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct RiskWeight {
    /// `risk_weight`, 0 or more; 1 is 100 %.
    pub risk_weight: f64,
}

/// Sells the fraction `G` of every holding that restores `E / (a_o (o + claims) + (1 - G) W) >= min_ratio`, with
/// `W = sum_k a_k q_k h_k`; nothing where there is nothing to weigh.
///
/// Written as `(D/rho - [c/rho + (1/rho - a_o)(o + claims) + sum_k (1/rho - a_k) q_k h_k]) / W`, which enters every
/// argument with one sign while `rho a <= 1` (any weight up to 1250 % at 8 %). Above that the rule is unordered:
/// a fall in price relieves the institution. With volume-weighted execution the denominator is `W + (V - M)/rho`.
/// Source: Basel Committee; Cifuentes, Ferrucci and Shin (2005).
///
/// ```
/// use delever_core::{BalanceSheet, RuleKernel, Sale, SparseRow};
/// use delever_portfolio::rules::{CapitalRatio, CapitalRatioRow, RiskWeight};
/// let mut sheet = BalanceSheet::empty();
/// (sheet.marketable, sheet.liabilities, sheet.prices) = (100.0, 96.0, &[1.0]);
/// sheet.holdings = SparseRow { columns: &[0], values: &[100.0] };
/// let row = CapitalRatioRow { min_ratio: 0.08, other_risk_weight: 0.0 };
/// let sale = CapitalRatio.sale(&sheet, &row, &[RiskWeight { risk_weight: 1.0 }]);
/// assert_eq!(sale, Sale::Fraction(0.5)); // 4 of equity carries 50 of risk-weighted assets
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct CapitalRatio;

#[inline(always)]
fn sale<N: Real>(
    sheet: &BalanceSheet<'_, N>,
    row: &CapitalRatioRow,
    rho: N,
    assets: &[RiskWeight],
) -> Sale<N> {
    let one_over_rho = N::from(1.0) / rho;
    let mut weighted = N::from(0.0);
    let mut relief = N::from(0.0);
    let mut anything_to_weigh = false;
    for (asset, units) in sheet.holdings.iter() {
        let weight = N::from(assets[asset].risk_weight);
        let value = sheet.price(asset) * N::from(units);
        weighted = weighted + weight * value;
        relief = relief + (one_over_rho - weight) * value;
        anything_to_weigh |= assets[asset].risk_weight * units > 0.0;
    }
    if !anything_to_weigh {
        return Sale::nothing();
    }
    let unmarketable = N::given(sheet.other_assets) + sheet.received;
    let relief =
        N::given(sheet.cash) / rho + (one_over_rho - N::from(row.other_risk_weight)) * unmarketable + relief;
    let need = sheet.liabilities / rho - relief;
    let whole = if at_average(sheet.execution) {
        weighted + (sheet.marketable_at_average - sheet.marketable).at_least(0.0) / rho
    } else {
        weighted
    };
    Sale::Fraction(need.fraction_of(whole))
}

impl RuleKernel for CapitalRatio {
    type Row = CapitalRatioRow;
    type AssetRow = RiskWeight;

    fn sale(&self, sheet: &BalanceSheet<'_>, row: &CapitalRatioRow, assets: &[RiskWeight]) -> Sale {
        sale(sheet, row, row.min_ratio, assets)
    }

    #[inline(always)]
    fn sale_in<N: Real>(
        &self,
        sheet: &BalanceSheet<'_, N>,
        row: &CapitalRatioRow,
        assets: &[RiskWeight],
    ) -> Option<Sale<N>> {
        Some(sale(sheet, row, N::from(row.min_ratio), assets))
    }

    fn sale_moved<N: Real>(
        &self,
        parameter: &str,
        by: N,
        sheet: &BalanceSheet<'_, N>,
        row: &CapitalRatioRow,
        assets: &[RiskWeight],
    ) -> Option<Sale<N>> {
        (parameter == "min_ratio").then(|| sale(sheet, row, N::from(row.min_ratio) + by, assets))
    }

    fn encloses(&self) -> bool {
        true
    }

    fn profile(&self, row: &CapitalRatioRow, assets: &[RiskWeight], context: RuleContext) -> Profile {
        let above = |weight: f64| weight * row.min_ratio > 1.0;
        let claims_relieve = context.payments_respond && above(row.other_risk_weight);
        let order = if claims_relieve || assets.iter().any(|asset| above(asset.risk_weight)) {
            Order::Unordered
        } else {
            Order::Antitone
        };
        Profile { order, ..ORDERED }
    }

    fn check(&self, row: &CapitalRatioRow) -> Result<(), SpecError> {
        if !(row.min_ratio > 0.0 && row.min_ratio <= 1.0) {
            return Err(SpecError::out_of_range(
                "min_ratio",
                row.min_ratio,
                "above 0 and at most 1 (0.08 is 8 %)",
            ));
        }
        weight("other_risk_weight", row.other_risk_weight)
    }

    fn check_asset(&self, row: &RiskWeight) -> Result<(), SpecError> {
        weight("risk_weight", row.risk_weight)
    }
}

fn weight(name: &str, value: f64) -> Result<(), SpecError> {
    if (0.0..=1e6).contains(&value) {
        Ok(())
    } else {
        Err(SpecError::out_of_range(name, value, "0 or more (1 is 100 %)"))
    }
}
