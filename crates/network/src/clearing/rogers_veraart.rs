//! Rogers and Veraart (2013): clearing with default costs.

use super::{ExternalRank, Named};
use delever_core::{
    Anchor, BalanceSheet, ClaimKernel, Continuity, Execution, Interval, Order, Profile, Real, SpecError,
    ramp_slope,
};

/// Parameters of [`RogersVeraart`].
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct RogersVeraartRow {
    /// `alpha`: share of outside and marketable assets that is recovered in default, from 0 to 1.
    pub alpha: f64,
    /// `beta`: share of interbank assets that is recovered in default, from 0 to 1.
    pub beta: f64,
    /// `external`: `pari-passu` (default) or `senior`.
    #[serde(default)]
    pub external: ExternalRank,
}

impl RogersVeraartRow {
    /// Recovery of outside assets and of interbank assets, creditors outside pari passu with those inside.
    pub const fn pari_passu(alpha: f64, beta: f64) -> Self {
        Self {
            alpha,
            beta,
            external: ExternalRank::PariPassu,
        }
    }
}

/// Pays all debts if `A >= D`, tested before haircuts; otherwise `alpha outside + beta received`, pari passu.
///
/// Where creditors outside are senior, they are paid first in default, and those inside share what is left:
/// `min(1, (alpha outside + beta received - external)^+ / debts)`.
///
/// Outside assets below zero count in full. The ratio jumps down at default. `A = D` counts as healthy, so the map is continuous from above; from below it
/// is not, and a limit from below need not clear (example 3.3 of the paper).
/// With volume-weighted execution and `beta < alpha` the model is unordered.
/// Source: Rogers and Veraart (2013), Management Science 59(4).
///
/// ```
/// use delever_core::{BalanceSheet, ClaimKernel};
/// use delever_network::clearing::{RogersVeraart, RogersVeraartRow};
/// let row = RogersVeraartRow::pari_passu(0.5, 0.5);
/// let mut sheet = BalanceSheet::empty();
/// (sheet.cash, sheet.received, sheet.debts_face, sheet.liabilities) = (1.0, 1.0, 2.0, 2.0);
/// assert_eq!(RogersVeraart.payment_ratio(&sheet, &row), 1.0);
/// sheet.received = 0.999;
/// assert!(RogersVeraart.payment_ratio(&sheet, &row) <= 0.5);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct RogersVeraart;

/// What is left of the assets in default. Outside assets below zero are a debt, which no haircut relieves.
#[inline(always)]
fn recovered<N: Real>(sheet: &BalanceSheet<'_, N>, received: N, row: &RogersVeraartRow) -> N {
    let outside = sheet.outside_assets();
    N::from(row.alpha) * outside.at_least(0.0) + outside.at_most(0.0) + N::from(row.beta) * received
}

#[inline(always)]
fn ratio<N: Real>(sheet: &BalanceSheet<'_, N>, row: &RogersVeraartRow) -> N {
    sheet.liabilities.if_zero(
        #[inline(always)]
        || N::from(1.0),
        #[inline(always)]
        || {
            sheet.assets().if_below(
                sheet.liabilities,
                #[inline(always)]
                || {
                    let recovered = recovered(sheet, sheet.received, row);
                    match row.external {
                        ExternalRank::PariPassu => recovered.fraction_of(sheet.liabilities),
                        ExternalRank::Senior => sheet.debts_face.if_zero(
                            #[inline(always)]
                            || N::from(1.0),
                            #[inline(always)]
                            || {
                                (recovered - N::given(sheet.external_liabilities))
                                    .fraction_of(sheet.debts_face)
                            },
                        ),
                    }
                },
                #[inline(always)]
                || N::from(1.0),
            )
        },
    )
}

/// What creditors outside get for one unit of face value.
fn external_ratio<N: Real>(sheet: &BalanceSheet<'_, N>, row: &RogersVeraartRow) -> N {
    let external = N::given(sheet.external_liabilities);
    match row.external {
        ExternalRank::PariPassu => ratio(sheet, row),
        ExternalRank::Senior => external.if_zero(
            || N::from(1.0),
            || {
                let in_default = || recovered(sheet, sheet.received, row).fraction_of(external);
                sheet
                    .assets()
                    .if_below(sheet.liabilities, in_default, || N::from(1.0))
            },
        ),
    }
}

impl ClaimKernel for RogersVeraart {
    type Row = RogersVeraartRow;

    #[inline]
    fn payment_ratio(&self, sheet: &BalanceSheet<'_>, row: &RogersVeraartRow) -> f64 {
        ratio(sheet, row)
    }

    #[inline(always)]
    fn payment_ratio_in<N: Real>(&self, sheet: &BalanceSheet<'_, N>, row: &RogersVeraartRow) -> Option<N> {
        Some(ratio(sheet, row))
    }

    fn value_destroyed(&self, sheet: &BalanceSheet<'_>, row: &RogersVeraartRow) -> f64 {
        let assets = sheet.assets();
        if assets < sheet.liabilities {
            (assets.at_least(0.0) - recovered(sheet, sheet.received, row).at_least(0.0)).at_least(0.0)
        } else {
            0.0
        }
    }

    fn passes_on_receipts(&self, row: &RogersVeraartRow) -> bool {
        row.beta == 1.0
    }

    fn slope(
        &self,
        anchor: Anchor,
        sheet: &BalanceSheet<'_, Interval>,
        other: Interval,
        row: &RogersVeraartRow,
    ) -> f64 {
        // Whoever pays in full at the anchor falls by a jump or not at all; in default it stays on the ramp. Rising, a
        // defaulter leaves the ramp only upward.
        let in_default = sheet.assets().high < sheet.liabilities.low;
        if !in_default || row.beta == 0.0 {
            return 0.0;
        }
        let at = recovered(sheet, sheet.received, row);
        let other = recovered(sheet, other, row);
        let (start, length) = match row.external {
            ExternalRank::PariPassu => (Interval::from(0.0), sheet.liabilities),
            ExternalRank::Senior if sheet.debts_face.is_zero() => return 0.0,
            ExternalRank::Senior => (Interval::from(sheet.external_liabilities), sheet.debts_face),
        };
        let slope = ramp_slope(anchor, at, other, start, length);
        (Interval::from(slope) * Interval::from(row.beta)).low
    }

    fn external_payment_ratio_bounds(
        &self,
        sheet: &BalanceSheet<'_, Interval>,
        row: &Self::Row,
    ) -> Option<Interval> {
        Some(external_ratio(sheet, row))
    }

    fn external_payment_ratio(&self, sheet: &BalanceSheet<'_>, row: &RogersVeraartRow) -> f64 {
        external_ratio(sheet, row)
    }

    fn encloses(&self) -> bool {
        true
    }

    fn reads_amounts_only(&self) -> bool {
        true
    }

    fn profile(&self, row: &RogersVeraartRow, execution: Execution) -> Profile {
        let costs = row.alpha < 1.0 || row.beta < 1.0;
        // A debtor that receives more sells less and forgoes execution gain: where gain counts for more than
        // receipts, its payment can fall.
        let gain_counts_more = execution == Execution::Vwap && row.beta < row.alpha;
        Profile {
            order: if gain_counts_more {
                Order::Unordered
            } else {
                Order::Isotone
            },
            continuity: if costs {
                Continuity::FromAbove
            } else {
                Continuity::Both
            },
            bounded: true,
        }
    }

    fn check(&self, row: &RogersVeraartRow) -> Result<(), SpecError> {
        for (name, value) in [("alpha", row.alpha), ("beta", row.beta)] {
            if !(0.0..=1.0).contains(&value) {
                return Err(SpecError::out_of_range(
                    name,
                    value,
                    "from 0 to 1 (the share that is recovered)",
                ));
            }
        }
        Ok(())
    }
}

impl Named for RogersVeraart {
    const KIND: &'static str = "rogers-veraart";
    const PAYS: bool = true;
}
