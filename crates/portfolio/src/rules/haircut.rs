//! Margins on holdings, met from own capital.

use super::{ORDERED, at_average};
use delever_core::{
    BalanceSheet, Dual, Interval, Jet, NoColumns, Profile, Real, RuleContext, RuleKernel, Sale, SpecError,
};

/// Parameters of [`Haircut`] by asset.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct Margin {
    /// `haircut`: share of the value that own capital must cover, from 0 to 1.
    pub haircut: f64,
    /// `procyclicality`: by how much the haircut rises with a relative fall of the price of one, 0 or more. Default 0.
    #[serde(default)]
    pub procyclicality: f64,
}

/// Sells the fraction of every holding that restores `sum_k m_k q_k h_k <= E`: `clip((X - E) / X, 0, 1)` with the margin
/// `X = sum_k m_k q_k h_k`, and everything when `E <= 0`; nothing where no holding needs a margin.
///
/// The haircut is `m_k = min(1, haircut_k + theta_k (1 - q_k / p_k)^+)` with the price `p_k` before the shock and the
/// procyclicality `theta_k`. As prices rise, `X` itself may fall or rise; but `n = X - E`, computed as
/// `D - (cash + other + received + sum_k (1 - m_k) q_k h_k)`, falls, and `E` rises. The fraction is computed as
/// `1 / (1 + E / n)`, so sales are antitone in prices and payments for every `theta_k`, in floating point too. With
/// volume-weighted execution `E` is equity with all holdings at average prices.
///
/// Errors: `haircut` outside `[0, 1]`, `procyclicality` below 0. Source: Brunnermeier and Pedersen (2009).
///
/// ```
/// use delever_core::{BalanceSheet, RuleKernel, Sale, NoColumns, SparseRow};
/// use delever_portfolio::rules::{Haircut, Margin};
/// let mut sheet = BalanceSheet::empty();
/// sheet.holdings = SparseRow { columns: &[0], values: &[100.0] };
/// (sheet.initial_prices, sheet.prices) = (&[1.0], &[0.75]);
/// (sheet.marketable, sheet.liabilities) = (75.0, 60.0); // E = 15
/// let sells = |margin| Haircut.sale(&sheet, &NoColumns {}, &[margin]);
/// assert_eq!(sells(Margin { haircut: 0.25, procyclicality: 0.0 }), Sale::Fraction(0.2)); // X = 18.75
/// assert_eq!(sells(Margin { haircut: 0.25, procyclicality: 0.25 }), Sale::Fraction(0.36)); // X = 23.4375
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Haircut;

/// A number that the fraction sold is computed with.
trait Number: Real {
    /// `need / (need + equity)`: 0 without need, else 1 without equity. Each enters once.
    fn uncovered(need: Self, equity: Self) -> Self;
}

impl Number for f64 {
    fn uncovered(need: f64, equity: f64) -> f64 {
        if need <= 0.0 {
            0.0
        } else if equity <= 0.0 {
            1.0
        } else {
            1.0 / (1.0 + equity / need)
        }
    }
}

impl Number for Dual {
    fn uncovered(need: Self, equity: Self) -> Self {
        // need / (need + equity), clipped where one of the two is nothing.
        let whole = need + equity.at_least(0.0);
        need.fraction_of(whole)
    }
}

impl Number for Interval {
    fn uncovered(need: Self, equity: Self) -> Self {
        let at = |need: f64, equity: f64| {
            if need > 0.0 && equity > 0.0 {
                let one = Self::from(1.0);
                (one / (one + Self::from(equity) / Self::from(need))).at_most(1.0)
            } else {
                Self::from(f64::uncovered(need, equity))
            }
        };
        Self {
            low: at(need.low, equity.high).low,
            high: at(need.high, equity.low).high,
        }
    }
}

impl Number for Jet {
    fn uncovered(need: Self, equity: Self) -> Self {
        need.fraction_of(need + equity)
    }
}

fn sale<N: Number>(sheet: &BalanceSheet<'_, N>, assets: &[Margin]) -> Sale<N> {
    let (zero, one) = (N::from(0.0), N::from(1.0));
    let mut unmargined = zero;
    let mut anything_to_margin = false;
    for (asset, units) in sheet.holdings.iter() {
        let margin = &assets[asset];
        let (initial, price) = (sheet.initial_prices[asset], sheet.price(asset));
        let fall = if initial > 0.0 {
            (one - price / N::from(initial)).at_least(0.0)
        } else {
            zero
        };
        let free_share =
            ((one - N::from(margin.haircut)) - N::from(margin.procyclicality) * fall).at_least(0.0);
        unmargined = unmargined + free_share * price * N::from(units);
        anything_to_margin |= (margin.haircut + margin.procyclicality) * units > 0.0;
    }
    if !anything_to_margin {
        return Sale::nothing();
    }
    let own = N::given(sheet.cash) + N::given(sheet.other_assets) + sheet.received + unmargined;
    let need = sheet.liabilities - own;
    let assets = if at_average(sheet.execution) {
        sheet.assets() + (sheet.marketable_at_average - sheet.marketable).at_least(0.0)
    } else {
        sheet.assets()
    };
    Sale::Fraction(N::uncovered(need, assets - sheet.liabilities))
}

impl RuleKernel for Haircut {
    type Row = NoColumns;
    type AssetRow = Margin;

    fn sale(&self, sheet: &BalanceSheet<'_>, _: &NoColumns, assets: &[Margin]) -> Sale {
        sale(sheet, assets)
    }

    fn sale_bounds(
        &self,
        sheet: &BalanceSheet<'_, Interval>,
        _: &NoColumns,
        assets: &[Margin],
    ) -> Option<Sale<Interval>> {
        Some(sale(sheet, assets))
    }

    fn sale_jet(&self, sheet: &BalanceSheet<'_, Jet>, _: &NoColumns, assets: &[Margin]) -> Option<Sale<Jet>> {
        Some(sale(sheet, assets))
    }

    fn encloses(&self) -> bool {
        true
    }

    fn sale_in_duals(
        &self,
        sheet: &BalanceSheet<'_, Dual>,
        _: &NoColumns,
        assets: &[Margin],
    ) -> Option<Sale<Dual>> {
        Some(sale(sheet, assets))
    }

    fn profile(&self, _: &NoColumns, _: &[Margin], _: RuleContext) -> Profile {
        ORDERED
    }

    fn check_asset(&self, row: &Margin) -> Result<(), SpecError> {
        if !(0.0..=1.0).contains(&row.haircut) {
            return Err(SpecError::out_of_range(
                "haircut",
                row.haircut,
                "from 0 to 1 (0.05 is 5 %)",
            ));
        }
        if !(0.0..=1e6).contains(&row.procyclicality) {
            return Err(SpecError::out_of_range(
                "procyclicality",
                row.procyclicality,
                "0 or more",
            ));
        }
        Ok(())
    }
}
