//! Eisenberg and Noe (2001): proportional payments under limited liability.

use super::Named;
use delever_core::{
    Anchor, BalanceSheet, ClaimKernel, Continuity, Execution, Interval, Order, Profile, Real, ramp_slope,
};

/// Rank of creditors outside the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExternalRank {
    /// They share pari passu with creditors inside.
    #[default]
    PariPassu,
    /// They are paid first.
    Senior,
}

/// Parameters of [`EisenbergNoe`].
#[derive(Clone, Copy, Debug, PartialEq, Default, serde::Deserialize, serde::Serialize)]
pub struct EisenbergNoeRow {
    /// `external`: `pari-passu` (default) or `senior`.
    #[serde(default)]
    pub external: ExternalRank,
}

/// Pays `min(face, assets)`: creditors get the ratio `min(1, A^+ / D)`, with `D` all liabilities.
///
/// Where external creditors are senior, those inside get `min(1, (A - external)^+ / debts)`. Negative outside
/// assets are allowed: the positive part makes payments zero.
/// Source: Eisenberg and Noe (2001), Management Science 47(2).
///
/// ```
/// use delever_core::{BalanceSheet, ClaimKernel};
/// use delever_network::clearing::{EisenbergNoe, EisenbergNoeRow};
/// let mut sheet = BalanceSheet::empty();
/// (sheet.cash, sheet.debts_face, sheet.liabilities) = (3.0, 4.0, 4.0);
/// assert_eq!(EisenbergNoe.payment_ratio(&sheet, &EisenbergNoeRow::default()), 0.75);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct EisenbergNoe;

#[inline(always)]
fn ratio<N: Real>(sheet: &BalanceSheet<'_, N>, row: &EisenbergNoeRow) -> N {
    sheet.debts_face.if_zero(
        #[inline(always)]
        || N::from(1.0),
        #[inline(always)]
        || match row.external {
            ExternalRank::PariPassu => sheet.assets().fraction_of(sheet.liabilities),
            ExternalRank::Senior => {
                (sheet.assets() - N::given(sheet.external_liabilities)).fraction_of(sheet.debts_face)
            }
        },
    )
}

fn external_ratio<N: Real>(sheet: &BalanceSheet<'_, N>, row: &EisenbergNoeRow) -> N {
    let whole = match row.external {
        ExternalRank::PariPassu => sheet.liabilities,
        ExternalRank::Senior => N::given(sheet.external_liabilities),
    };
    whole.if_zero(|| N::from(1.0), || sheet.assets().fraction_of(whole))
}

impl ClaimKernel for EisenbergNoe {
    type Row = EisenbergNoeRow;

    #[inline]
    fn payment_ratio(&self, sheet: &BalanceSheet<'_>, row: &EisenbergNoeRow) -> f64 {
        ratio(sheet, row)
    }

    #[inline(always)]
    fn payment_ratio_in<N: Real>(&self, sheet: &BalanceSheet<'_, N>, row: &EisenbergNoeRow) -> Option<N> {
        Some(ratio(sheet, row))
    }

    fn external_payment_ratio(&self, sheet: &BalanceSheet<'_>, row: &EisenbergNoeRow) -> f64 {
        external_ratio(sheet, row)
    }

    fn external_payment_ratio_bounds(
        &self,
        sheet: &BalanceSheet<'_, Interval>,
        row: &EisenbergNoeRow,
    ) -> Option<Interval> {
        Some(external_ratio(sheet, row))
    }

    fn passes_on_receipts(&self, _: &EisenbergNoeRow) -> bool {
        true
    }

    fn slope(
        &self,
        anchor: Anchor,
        sheet: &BalanceSheet<'_, Interval>,
        other: Interval,
        row: &EisenbergNoeRow,
    ) -> f64 {
        if sheet.debts_face.is_zero() {
            return 0.0; // The ratio is 1 whatever comes in.
        }
        let (start, length) = match row.external {
            ExternalRank::PariPassu => (Interval::from(0.0), sheet.liabilities),
            ExternalRank::Senior => (Interval::from(sheet.external_liabilities), sheet.debts_face),
        };
        let other = sheet.outside_assets() + other;
        ramp_slope(anchor, sheet.assets(), other, start, length)
    }

    fn encloses(&self) -> bool {
        true
    }

    fn reads_amounts_only(&self) -> bool {
        true
    }

    fn profile(&self, _: &EisenbergNoeRow, _: Execution) -> Profile {
        Profile {
            order: Order::Isotone,
            continuity: Continuity::Both,
            bounded: true,
        }
    }
}

impl Named for EisenbergNoe {
    const KIND: &'static str = "eisenberg-noe";
    const PAYS: bool = true;
}
