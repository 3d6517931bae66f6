//! Investors leave an open-ended fund after losses.

use super::{ORDERED, ordered_while_gains_stay};
use delever_core::{BalanceSheet, NoColumns, Order, Profile, Real, RuleContext, RuleKernel, Sale, SpecError};

/// How a fund pays those who leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Liquidity {
    /// The same share of every holding as is redeemed.
    #[default]
    VerticalSlice,
    /// From cash above the buffer first, then from holdings.
    CashFirst,
}

/// Parameters of [`Redemption`]: shares of the fund, plain numbers.
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct RedemptionRow {
    /// `base_flow`: share redeemed without any loss, from -1 (inflows, which offset outflows) to 1. Default 0.
    #[serde(default)]
    pub base_flow: f64,
    /// `flow_sensitivity`: share redeemed for a relative loss of one, 0 or more.
    pub flow_sensitivity: f64,
    /// `gate`: largest share that may be redeemed, from 0 to 1. Default 1.
    #[serde(default = "all")]
    pub gate: f64,
    /// `swing_price`: relative discount on net asset value at which redeemers are paid, from 0 to 1. Default 0.
    #[serde(default)]
    pub swing_price: f64,
    /// `liquidity`: `vertical-slice` (default) or `cash-first`.
    #[serde(default)]
    pub liquidity: Liquidity,
    /// `cash_buffer`: share of total assets that is kept in cash under `cash-first`, from 0 to 1. Default 0.
    #[serde(default)]
    pub cash_buffer: f64,
}

fn all() -> f64 {
    1.0
}

impl RedemptionRow {
    /// Outflows in proportion to losses, paid by a vertical slice, without gate or swing price.
    pub fn sensitivity(flow_sensitivity: f64) -> Self {
        Self {
            base_flow: 0.0,
            flow_sensitivity,
            gate: 1.0,
            swing_price: 0.0,
            liquidity: Liquidity::VerticalSlice,
            cash_buffer: 0.0,
        }
    }
}

/// Investors redeem the share `phi = clip(base_flow + flow_sensitivity (1 - E/E0)^+, 0, gate)` of the fund, with `E0` its
/// equity before the shock, at net asset value less `swing_price`.
///
/// * `vertical-slice`: sells the fraction `phi (1 - swing_price)` of every holding. Antitone in prices and payments, in
///   floating point too. A strategy that raises the same money from other assets makes it unordered: the share of a
///   fund that is worth more is more money.
/// * `cash-first`: raises `(phi (1 - swing_price) E - (cash - cash_buffer A)^+)^+`. Unordered: the lower the prices, the
///   more is redeemed, and the less is it worth.
///
/// Without equity before the shock there is no loss to respond to: `phi` is `clip(base_flow, 0, gate)`. In the rounds
/// engine `phi` is what is redeemed in one round. With volume-weighted execution the vertical slice is unordered beside a
/// model in which payments respond to assets.
///
/// Errors: a share outside its range, `flow_sensitivity` below 0. Source: the flow-performance relation of Goldstein,
/// Jiang and Ng (2017).
///
/// ```
/// use delever_core::{BalanceSheet, RuleKernel, Sale};
/// use delever_portfolio::rules::{Redemption, RedemptionRow};
/// let mut sheet = BalanceSheet::empty();
/// (sheet.equity_initial, sheet.marketable) = (100.0, 75.0);
/// let row = RedemptionRow { base_flow: 0.125, gate: 0.5, ..RedemptionRow::sensitivity(1.0) };
/// assert_eq!(Redemption.sale(&sheet, &row, &[]), Sale::Fraction(0.375));
/// sheet.marketable = 10.0;
/// assert_eq!(Redemption.sale(&sheet, &row, &[]), Sale::Fraction(0.5)); // the gate closes
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Redemption;

#[inline(always)]
fn sale<N: Real>(sheet: &BalanceSheet<'_, N>, row: &RedemptionRow) -> Sale<N> {
    let one = N::from(1.0);
    let equity = sheet.assets() - sheet.liabilities;
    let equity_initial = N::given(sheet.equity_initial);
    let loss = N::from(0.0).if_below(
        equity_initial,
        #[inline(always)]
        || (one - equity / equity_initial).at_least(0.0),
        #[inline(always)]
        || N::from(0.0),
    );
    let flow = N::from(row.base_flow) + N::from(row.flow_sensitivity) * loss;
    let paid = flow.at_least(0.0).at_most(row.gate) * (one - N::from(row.swing_price));
    match row.liquidity {
        Liquidity::VerticalSlice => Sale::Fraction(paid),
        Liquidity::CashFirst => {
            let spare = N::given(sheet.cash) - N::from(row.cash_buffer) * sheet.assets();
            let money = paid * equity.at_least(0.0) - spare.at_least(0.0);
            Sale::Money(money.at_least(0.0))
        }
    }
}

impl RuleKernel for Redemption {
    type Row = RedemptionRow;
    type AssetRow = NoColumns;

    fn sale(&self, sheet: &BalanceSheet<'_>, row: &RedemptionRow, _: &[NoColumns]) -> Sale {
        sale(sheet, row)
    }

    #[inline(always)]
    fn sale_in<N: Real>(
        &self,
        sheet: &BalanceSheet<'_, N>,
        row: &RedemptionRow,
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

    fn profile(&self, row: &RedemptionRow, _: &[NoColumns], context: RuleContext) -> Profile {
        match row.liquidity {
            Liquidity::VerticalSlice if !context.raises_money => ordered_while_gains_stay(context),
            _ => Profile {
                order: Order::Unordered,
                ..ORDERED
            },
        }
    }

    fn check(&self, row: &RedemptionRow) -> Result<(), SpecError> {
        for (name, value, least, allowed) in [
            (
                "base_flow",
                row.base_flow,
                -1.0,
                "from -1 to 1 (share of the fund)",
            ),
            ("gate", row.gate, 0.0, "from 0 to 1 (share of the fund)"),
            ("swing_price", row.swing_price, 0.0, "from 0 to 1 (0.02 is 2 %)"),
            (
                "cash_buffer",
                row.cash_buffer,
                0.0,
                "from 0 to 1 (share of assets)",
            ),
        ] {
            if !(least..=1.0).contains(&value) {
                return Err(SpecError::out_of_range(name, value, allowed));
            }
        }
        if (0.0..=1e6).contains(&row.flow_sensitivity) {
            Ok(())
        } else {
            Err(SpecError::out_of_range(
                "flow_sensitivity",
                row.flow_sensitivity,
                "0 or more",
            ))
        }
    }
}
