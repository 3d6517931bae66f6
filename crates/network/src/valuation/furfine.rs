//! Furfine (2003): a fixed recovery rate once the debtor fails.

use crate::clearing::Named;
use delever_core::{
    BalanceSheet, ClaimKernel, Continuity, Execution, Interval, Order, Profile, Real, SpecError,
};

/// Parameters of [`Furfine`].
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct FurfineRow {
    /// `recovery`: what creditors recover of one unit of face value if the institution fails, from 0 to 1.
    pub recovery: f64,
}

/// Values claims at face while `E >= 0`, and at `recovery` times face when `E < 0`.
///
/// The recovery rate is given, not what the assets allow. The value jumps at default, and `E = 0` counts as healthy, so
/// the map is continuous from above only.
/// Source: Furfine (2003), Journal of Money, Credit and Banking 35(1).
///
/// ```
/// use delever_core::{BalanceSheet, ClaimKernel};
/// use delever_network::valuation::{Furfine, FurfineRow};
/// let mut sheet = BalanceSheet::empty();
/// (sheet.cash, sheet.debts_face, sheet.liabilities) = (4.0, 4.0, 4.0);
/// assert_eq!(Furfine.payment_ratio(&sheet, &FurfineRow { recovery: 0.4 }), 1.0);
/// sheet.cash = 3.9;
/// assert_eq!(Furfine.payment_ratio(&sheet, &FurfineRow { recovery: 0.4 }), 0.4);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Furfine;

#[inline(always)]
fn value<N: Real>(sheet: &BalanceSheet<'_, N>, row: &FurfineRow) -> N {
    sheet.assets().if_below(
        sheet.liabilities,
        || {
            sheet
                .liabilities
                .if_zero(|| N::from(1.0), || N::from(row.recovery))
        },
        || N::from(1.0),
    )
}

impl ClaimKernel for Furfine {
    type Row = FurfineRow;

    #[inline]
    fn payment_ratio(&self, sheet: &BalanceSheet<'_>, row: &FurfineRow) -> f64 {
        value(sheet, row)
    }

    #[inline(always)]
    fn payment_ratio_in<N: Real>(&self, sheet: &BalanceSheet<'_, N>, row: &FurfineRow) -> Option<N> {
        Some(value(sheet, row))
    }

    fn value_destroyed(&self, sheet: &BalanceSheet<'_>, row: &FurfineRow) -> f64 {
        if sheet.assets() < sheet.liabilities {
            (sheet.assets() - row.recovery * sheet.liabilities).at_least(0.0)
        } else {
            0.0
        }
    }

    fn external_payment_ratio_bounds(
        &self,
        sheet: &BalanceSheet<'_, Interval>,
        row: &Self::Row,
    ) -> Option<Interval> {
        self.payment_ratio_bounds(sheet, row)
    }

    fn encloses(&self) -> bool {
        true
    }

    fn reads_amounts_only(&self) -> bool {
        true
    }

    fn profile(&self, row: &FurfineRow, _: Execution) -> Profile {
        Profile {
            order: Order::Isotone,
            continuity: if row.recovery < 1.0 {
                Continuity::FromAbove
            } else {
                Continuity::Both
            },
            bounded: true,
        }
    }

    fn check(&self, row: &FurfineRow) -> Result<(), SpecError> {
        if (0.0..=1.0).contains(&row.recovery) {
            Ok(())
        } else {
            Err(SpecError::out_of_range(
                "recovery",
                row.recovery,
                "from 0 to 1 (the share of face that is recovered)",
            ))
        }
    }
}

impl Named for Furfine {
    const KIND: &'static str = "furfine";
    const PAYS: bool = false;
}
