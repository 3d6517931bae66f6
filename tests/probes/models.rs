//! Models that look at one amount, and whose answer depends on it strongly.

use crate::amounts::Amount;
use delever::core::{
    BalanceSheet, ClaimKernel, Continuity, Dual, Execution, Interval, Jet, NoColumns, Order, Profile, Real,
    RuleContext, RuleKernel, Sale, Strategy, StrategyScratch,
};

/// How a probing model presents itself, so that one way or another of solving takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A formula that looks at amounts only: institutions go side by side, and a contraction is tried.
    AmountsOnly,
    /// The same, declared to jump: no contraction, down from the top.
    Jumps,
    /// A formula that may look at positions: scenarios go side by side, institutions one after the other.
    Positions,
    /// Doubles, bounds and slopes: nothing goes side by side, near tipping points slopes help.
    Slopes,
    /// Doubles and bounds: plain iteration.
    Bounds,
    /// No order is declared: solved without a claim, all equilibria enclosed.
    Unordered,
}

pub const FORMS: [Form; 6] = [
    Form::AmountsOnly,
    Form::Jumps,
    Form::Positions,
    Form::Slopes,
    Form::Bounds,
    Form::Unordered,
];

impl Form {
    fn is_generic(self) -> bool {
        !matches!(self, Self::Slopes | Self::Bounds)
    }

    fn profile(self, order: Order) -> Profile {
        match self {
            Self::Unordered => Profile::default(),
            Self::Jumps => Profile {
                order,
                continuity: Continuity::FromAbove,
                bounded: true,
            },
            _ => Profile {
                order,
                continuity: Continuity::Both,
                bounded: true,
            },
        }
    }
}

/// What a probing model looks at; about half of `scale` is what is expected there.
#[derive(Clone, Copy, Debug)]
pub struct Probe {
    pub amount: Amount,
    pub scale: f64,
    pub form: Form,
}

impl Probe {
    /// A share from 0 to 1 that rises with the amount.
    fn share<N: Real>(self, sheet: &BalanceSheet<'_, N>) -> N {
        (self.amount.read(sheet) / N::from(self.scale))
            .at_least(0.0)
            .at_most(1.0)
    }

    /// Sells the more, the less there is: `0.02 + 0.9 (1 - share)`.
    pub fn fraction<N: Real>(self, sheet: &BalanceSheet<'_, N>) -> N {
        (N::from(1.0) - self.share(sheet)) * N::from(0.9) + N::from(0.02)
    }

    /// Pays the more, the more there is: `0.1 + 0.9 share`.
    pub fn ratio<N: Real>(self, sheet: &BalanceSheet<'_, N>) -> N {
        (self.share(sheet) * N::from(0.9) + N::from(0.1)).at_most(1.0)
    }
}

impl RuleKernel for Probe {
    type Row = NoColumns;
    type AssetRow = NoColumns;

    fn sale(&self, sheet: &BalanceSheet<'_>, _: &NoColumns, _: &[NoColumns]) -> Sale {
        Sale::Fraction(self.fraction(sheet))
    }

    fn sale_in<N: Real>(
        &self,
        sheet: &BalanceSheet<'_, N>,
        _: &NoColumns,
        _: &[NoColumns],
    ) -> Option<Sale<N>> {
        self.form
            .is_generic()
            .then(|| Sale::Fraction(self.fraction(sheet)))
    }

    fn sale_bounds(
        &self,
        sheet: &BalanceSheet<'_, Interval>,
        _: &NoColumns,
        _: &[NoColumns],
    ) -> Option<Sale<Interval>> {
        Some(Sale::Fraction(self.fraction(sheet)))
    }

    fn sale_jet(&self, sheet: &BalanceSheet<'_, Jet>, _: &NoColumns, _: &[NoColumns]) -> Option<Sale<Jet>> {
        (self.form != Form::Bounds).then(|| Sale::Fraction(self.fraction(sheet)))
    }

    fn encloses(&self) -> bool {
        true
    }

    fn reads_amounts_only(&self) -> bool {
        matches!(self.form, Form::AmountsOnly | Form::Jumps) && !self.amount.is_of_position()
    }

    fn profile(&self, _: &NoColumns, _: &[NoColumns], _: RuleContext) -> Profile {
        self.form.profile(Order::Antitone)
    }
}

impl ClaimKernel for Probe {
    type Row = NoColumns;

    fn payment_ratio(&self, sheet: &BalanceSheet<'_>, _: &NoColumns) -> f64 {
        self.ratio(sheet)
    }

    fn payment_ratio_in<N: Real>(&self, sheet: &BalanceSheet<'_, N>, _: &NoColumns) -> Option<N> {
        self.form.is_generic().then(|| self.ratio(sheet))
    }

    fn payment_ratio_in_duals(&self, sheet: &BalanceSheet<'_, Dual>, _: &NoColumns) -> Option<Dual> {
        Some(self.ratio(sheet))
    }

    fn payment_ratio_bounds(&self, sheet: &BalanceSheet<'_, Interval>, _: &NoColumns) -> Option<Interval> {
        Some(self.ratio(sheet))
    }

    fn encloses(&self) -> bool {
        true
    }

    fn reads_amounts_only(&self) -> bool {
        matches!(self.form, Form::AmountsOnly | Form::Jumps) && !self.amount.is_of_position()
    }

    /// Shows the amount in the totals too.
    fn value_destroyed(&self, sheet: &BalanceSheet<'_>, _: &NoColumns) -> f64 {
        self.amount.read(sheet)
    }

    fn profile(&self, _: &NoColumns, _: Execution) -> Profile {
        self.form.profile(Order::Isotone)
    }
}

/// Sells a share of what a pro-rata seller sells that falls with an amount.
impl Strategy for Probe {
    fn units_into(&self, sale: Sale, sheet: &BalanceSheet<'_>, _: &mut StrategyScratch, units: &mut [f64]) {
        let fraction = sale.fraction(sheet) * self.fraction(sheet);
        for (sold, held) in units.iter_mut().zip(sheet.holdings.values) {
            *sold = fraction * held;
        }
    }

    fn unit_bounds_into(
        &self,
        sale: Sale<Interval>,
        sheet: &BalanceSheet<'_, Interval>,
        _: &mut StrategyScratch,
        low: &mut [f64],
        high: &mut [f64],
    ) {
        let fraction = sale.fraction(sheet) * self.fraction(sheet);
        for (n, &held) in sheet.holdings.values.iter().enumerate() {
            let sold = fraction * Interval::from(held);
            (low[n], high[n]) = (sold.low, sold.high);
        }
    }

    fn unit_jets_into(
        &self,
        sale: Sale<Jet>,
        sheet: &BalanceSheet<'_, Jet>,
        _: &mut StrategyScratch,
        units: &mut [Jet],
    ) -> bool {
        let fraction = sale.fraction(sheet) * self.fraction(sheet);
        for (sold, &held) in units.iter_mut().zip(sheet.holdings.values) {
            *sold = fraction * Jet::from(held);
        }
        self.form != Form::Bounds
    }

    fn encloses(&self) -> bool {
        true
    }

    fn profile(&self, _: Execution) -> Profile {
        self.form.profile(Order::Antitone)
    }
}
