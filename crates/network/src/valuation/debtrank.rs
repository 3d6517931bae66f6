//! Linear DebtRank (Bardoscia et al. 2015): claims lose value as the debtor's equity does.

use crate::clearing::Named;
use crate::distress::SingleHit;
use delever_core::{
    Anchor, BalanceSheet, ClaimKernel, Continuity, Execution, Interval, Order, Profile, Real, SparseRows,
    SpecError, ramp_slope,
};

/// How often an institution passes on its distress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hits {
    /// Whenever it changes: an equilibrium.
    #[default]
    Multi,
    /// The first time only (Battiston et al. 2012): a process that is no equilibrium and not monotone in the shock.
    Single,
}

/// Parameters of [`DebtRank`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub struct DebtRankRow {
    /// `hits`: `multi` (default) or `single`, the same for all institutions.
    #[serde(default)]
    pub hits: Hits,
    /// `cap`: whether no impact of a single hit counts for more than the creditor's equity (default), or stress may exceed 1.
    /// With multiple hits a creditor loses what it is owed, and equity below zero is stress beyond 1, either way.
    #[serde(default = "capped")]
    pub cap: bool,
}

const fn capped() -> bool {
    true
}

impl Default for DebtRankRow {
    fn default() -> Self {
        Self {
            hits: Hits::default(),
            cap: capped(),
        }
    }
}

/// Values claims at `clip(E / E0, 0, 1)` times face, with `E0` the debtor's equity before the shock; at nothing if
/// `E0 <= 0`.
///
/// The greatest solution is linear DebtRank with multiple hits, `h(t+1) = min(1, h(t) + W (h(t) - h(t-1)))` with relative
/// equity losses `h` and `W_ij` = claim of `i` on `j` over `E0_i`, run to its end.
/// Sources: Bardoscia, Battiston, Caccioli and Caldarelli (2015), PLoS ONE 10(6); as a valuation Barucca et al. (2020).
///
/// ```
/// use delever_core::{BalanceSheet, ClaimKernel};
/// use delever_network::valuation::{DebtRank, DebtRankRow};
/// let mut sheet = BalanceSheet::empty();
/// (sheet.cash, sheet.debts_face, sheet.liabilities, sheet.equity_initial) = (11.0, 10.0, 10.0, 4.0);
/// assert_eq!(DebtRank.payment_ratio(&sheet, &DebtRankRow::default()), 0.25);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct DebtRank;

#[inline(always)]
fn value<N: Real>(sheet: &BalanceSheet<'_, N>) -> N {
    let equity_initial = N::given(sheet.equity_initial);
    N::from(0.0).if_below(
        equity_initial,
        #[inline(always)]
        || (sheet.assets() - sheet.liabilities).fraction_of(equity_initial),
        #[inline(always)]
        || N::from(0.0),
    )
}

impl ClaimKernel for DebtRank {
    type Row = DebtRankRow;

    #[inline]
    fn payment_ratio(&self, sheet: &BalanceSheet<'_>, _: &DebtRankRow) -> f64 {
        value(sheet)
    }

    #[inline(always)]
    fn payment_ratio_in<N: Real>(&self, sheet: &BalanceSheet<'_, N>, _: &DebtRankRow) -> Option<N> {
        Some(value(sheet))
    }

    fn slope(
        &self,
        anchor: Anchor,
        sheet: &BalanceSheet<'_, Interval>,
        other: Interval,
        _: &DebtRankRow,
    ) -> f64 {
        let length = Interval::from(sheet.equity_initial);
        let other = sheet.outside_assets() + other;
        ramp_slope(anchor, sheet.assets(), other, sheet.liabilities, length)
    }

    /// Who has no equity left is worth nothing to creditors, whatever assets there are.
    fn value_destroyed(&self, sheet: &BalanceSheet<'_>, _: &DebtRankRow) -> f64 {
        if sheet.assets() < sheet.liabilities {
            sheet.assets().at_least(0.0)
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

    fn profile(&self, _: &DebtRankRow, _: Execution) -> Profile {
        Profile {
            order: Order::Isotone,
            continuity: Continuity::Both,
            bounded: true,
        }
    }
}

impl Named for DebtRank {
    const KIND: &'static str = "debtrank";
    const PAYS: bool = false;

    fn process(rows: &[DebtRankRow], debts: &SparseRows) -> Result<Option<SingleHit>, SpecError> {
        let Some(first) = rows.first() else {
            return Ok(None);
        };
        let same =
            |row: &&DebtRankRow| row.hits == first.hits && (row.cap == first.cap || row.hits == Hits::Multi);
        if !rows.iter().all(|row| same(&row)) {
            let message =
                "a single hit is a process of all institutions; `hits` and `cap` are the same for all";
            return Err(SpecError::conflict("hits", message));
        }
        let single = first.hits == Hits::Single;
        Ok(single.then(|| SingleHit::new(debts.clone(), first.cap)))
    }
}
