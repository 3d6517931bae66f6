//! Creditors outside the system run as capital thins.

use super::{at_average, ordered_while_gains_stay};
use delever_core::{
    BalanceSheet, Continuity, NoColumns, Profile, Real, RuleContext, RuleKernel, Sale, SpecError,
};

/// Parameters of [`FundingWithdrawal`]: equity over assets, plain numbers.
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct FundingWithdrawalRow {
    /// `run_below`: strictly below it creditors begin to withdraw; above 0 and at most 1.
    pub run_below: f64,
    /// `run_complete_below`: from it on down they withdraw everything; from 0 to `run_below`. Equal: all at once.
    pub run_complete_below: f64,
}

/// Creditors outside withdraw the share `w = clip((run_below - E/A) / (run_below - run_complete_below), 0, 1)` of what they
/// lent, and the institution raises what its cash does not cover: `(w (external + repaid) - repaid - cash)^+`.
///
/// `external` is what is still owed outside and `repaid` what has been paid back, 0 in an equilibrium: in rounds, who has
/// paid the share that is asked for owes no more of it. `w` is computed as
/// `(D/A - (1 - run_below)) / (run_below - run_complete_below)`, in which assets enter once, so sales are antitone in
/// prices and payments, in floating point too. With volume-weighted execution the fraction sold is the need over `V`;
/// beside a model in which payments respond to assets that is unordered, since proceeds can rise faster than prices
/// fall.
///
/// Errors: `run_below` outside `(0, 1]`, `run_complete_below` outside `[0, run_below]`. Source: the danger zones of
/// Aikman et al. (2009) and Kapadia, Drehmann, Elliott and Sterne (2013), with a linear schedule.
///
/// ```
/// use delever_core::{BalanceSheet, RuleKernel, Sale};
/// use delever_portfolio::rules::{FundingWithdrawal, FundingWithdrawalRow};
/// let mut sheet = BalanceSheet::empty();
/// (sheet.cash, sheet.marketable, sheet.external_liabilities, sheet.liabilities) = (10.0, 90.0, 80.0, 96.875);
/// let row = FundingWithdrawalRow { run_below: 0.0625, run_complete_below: 0.0 };
/// // E/A = 3.125 %: half of 80 is withdrawn, of which cash covers 10.
/// assert_eq!(FundingWithdrawal.sale(&sheet, &row, &[]), Sale::Money(30.0));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct FundingWithdrawal;

#[inline(always)]
fn sale<N: Real>(sheet: &BalanceSheet<'_, N>, row: &FundingWithdrawalRow) -> Sale<N> {
    let (assets, debts) = (sheet.assets(), sheet.liabilities);
    let one = N::from(1.0);
    let run = || {
        let excess = debts / assets - (one - N::from(row.run_below));
        excess.fraction_of(N::from(row.run_below) - N::from(row.run_complete_below))
    };
    let withdrawn = debts.if_zero(|| N::from(0.0), || debts.if_below(assets, run, || one));
    let lent = N::given(sheet.external_liabilities) + N::given(sheet.repaid);
    let need = (withdrawn * lent - (N::given(sheet.repaid) + N::given(sheet.cash))).at_least(0.0);
    if at_average(sheet.execution) {
        Sale::Fraction(need.fraction_of(sheet.marketable_at_average))
    } else {
        Sale::Money(need)
    }
}

impl RuleKernel for FundingWithdrawal {
    type Row = FundingWithdrawalRow;
    type AssetRow = NoColumns;

    fn sale(&self, sheet: &BalanceSheet<'_>, row: &FundingWithdrawalRow, _: &[NoColumns]) -> Sale {
        sale(sheet, row)
    }

    #[inline(always)]
    fn sale_in<N: Real>(
        &self,
        sheet: &BalanceSheet<'_, N>,
        row: &FundingWithdrawalRow,
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

    fn profile(&self, row: &FundingWithdrawalRow, _: &[NoColumns], context: RuleContext) -> Profile {
        Profile {
            continuity: if row.run_complete_below < row.run_below {
                Continuity::Both
            } else {
                Continuity::FromAbove
            },
            ..ordered_while_gains_stay(context)
        }
    }

    fn check(&self, row: &FundingWithdrawalRow) -> Result<(), SpecError> {
        if !(row.run_below > 0.0 && row.run_below <= 1.0) {
            return Err(SpecError::out_of_range(
                "run_below",
                row.run_below,
                "above 0 and at most 1 (equity / assets)",
            ));
        }
        if !(0.0..=row.run_below).contains(&row.run_complete_below) {
            return Err(SpecError::out_of_range(
                "run_complete_below",
                row.run_complete_below,
                "from 0 to `run_below` (equity / assets)",
            ));
        }
        Ok(())
    }
}
