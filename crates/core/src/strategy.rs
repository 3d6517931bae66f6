//! Liquidation strategies: which assets a seller sells first.

use crate::{
    BalanceSheet, Dual, Execution, Interval, Jet, Market, ParameterTable, Parameters, Profile, Sale,
};

/// Working memory of a strategy, owned by the engine so that no iteration allocates.
#[derive(Clone, Debug, Default)]
pub struct StrategyScratch {
    /// Positions of a row's holdings in the order in which they are sold.
    pub sequence: Vec<u32>,
    /// One number for each position.
    pub levels: Vec<f64>,
}

/// Splits what a rule asks for over the assets of one institution.
///
/// `units` has one slot for each of the institution's holdings, in the order of `sheet.holdings`.
pub trait Strategy: Send + Sync {
    /// Units sold of each holding, in `[0, units held]`; negative where a rule buys.
    fn units_into(
        &self,
        sale: Sale,
        sheet: &BalanceSheet<'_>,
        scratch: &mut StrategyScratch,
        units: &mut [f64],
    );

    /// Bounds of the exact units sold. Called only where the profile says `bounded`, or [`Self::encloses`] does.
    fn unit_bounds_into(
        &self,
        _sale: Sale<Interval>,
        _sheet: &BalanceSheet<'_, Interval>,
        _scratch: &mut StrategyScratch,
        _low: &mut [f64],
        _high: &mut [f64],
    ) {
    }

    /// Units sold of each holding and their slopes, while sale and sheet run through a box. `false`: unknown, `units` is as it was.
    fn unit_jets_into(
        &self,
        _sale: Sale<Jet>,
        _sheet: &BalanceSheet<'_, Jet>,
        _scratch: &mut StrategyScratch,
        _units: &mut [Jet],
    ) -> bool {
        false
    }

    /// Units sold of each holding, with their slopes, for gradients; `false`: the strategy has none. On entry `units` hold
    /// the units sold, so that a strategy that searches for them need not search again.
    fn units_in_duals(
        &self,
        _sale: Sale<Dual>,
        _sheet: &BalanceSheet<'_, Dual>,
        _scratch: &mut StrategyScratch,
        _units: &mut [Dual],
    ) -> bool {
        false
    }

    /// Whether the bounds hold for wide sheets too: for all amounts within the sheet's intervals, all prices that
    /// [`BalanceSheet::price`] gives and all sales within the bounds asked for.
    ///
    /// Only then do they serve to enclose all equilibria of a system that is not ordered; otherwise a seller may sell anything from
    /// nothing to all of each holding, and beside a rule that may buy nothing is enclosed. Default: no.
    fn encloses(&self) -> bool {
        false
    }

    /// Order and continuity of units in prices and in the money to raise.
    fn profile(&self, _execution: Execution) -> Profile {
        Profile::default()
    }

    /// Whether the same fraction of every holding is sold, so that the engine may do it itself: [`Sale::fraction`] times
    /// units held.
    fn sells_pro_rata(&self) -> bool {
        false
    }

    /// Whether holdings are seen as money only: whether nothing changes where an asset is split and its trial price falls in
    /// proportion, see [`crate::Rule::sale_in_duals`]. If not, there are no derivatives in holdings.
    fn holdings_are_money(&self) -> bool {
        true
    }

    /// Whether a fraction that a rule asks for becomes money at trial prices, instead of that part of every holding.
    fn raises_money(&self) -> bool {
        false
    }
}

macro_rules! forward_strategy {
    ($($pointer:ty),*) => {$(
        impl<M: Strategy + ?Sized> Strategy for $pointer {
            fn units_into(&self, sale: Sale, sheet: &BalanceSheet<'_>, scratch: &mut StrategyScratch, units: &mut [f64]) {
                (**self).units_into(sale, sheet, scratch, units);
            }
            fn unit_bounds_into(
                &self,
                sale: Sale<Interval>,
                sheet: &BalanceSheet<'_, Interval>,
                scratch: &mut StrategyScratch,
                low: &mut [f64],
                high: &mut [f64],
            ) {
                (**self).unit_bounds_into(sale, sheet, scratch, low, high);
            }
            fn unit_jets_into(
                &self,
                sale: Sale<Jet>,
                sheet: &BalanceSheet<'_, Jet>,
                scratch: &mut StrategyScratch,
                units: &mut [Jet],
            ) -> bool {
                (**self).unit_jets_into(sale, sheet, scratch, units)
            }
            fn encloses(&self) -> bool {
                (**self).encloses()
            }
            fn units_in_duals(
                &self,
                sale: Sale<Dual>,
                sheet: &BalanceSheet<'_, Dual>,
                scratch: &mut StrategyScratch,
                units: &mut [Dual],
            ) -> bool {
                (**self).units_in_duals(sale, sheet, scratch, units)
            }
            fn profile(&self, execution: Execution) -> Profile {
                (**self).profile(execution)
            }
            fn sells_pro_rata(&self) -> bool {
                (**self).sells_pro_rata()
            }
            fn holdings_are_money(&self) -> bool {
                (**self).holdings_are_money()
            }
            fn raises_money(&self) -> bool {
                (**self).raises_money()
            }
        }
    )*};
}
forward_strategy!(&M, Box<M>, std::sync::Arc<M>);

/// What may be looked at when a strategy is built.
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub struct StrategyShape<'a> {
    /// Prices before and after the shock.
    pub market: Market<'a>,
    /// The keys of `[deleveraging]`.
    pub parameters: &'a Parameters,
    /// The keys of `[impact]`: a depth common to all assets stands there.
    pub impact: &'a Parameters,
    /// The columns of the assets table.
    pub assets: &'a ParameterTable,
}

impl<'a> StrategyShape<'a> {
    /// A shape for building strategies without a scenario file.
    pub fn new(
        market: Market<'a>,
        parameters: &'a Parameters,
        impact: &'a Parameters,
        assets: &'a ParameterTable,
    ) -> Self {
        Self {
            market,
            parameters,
            impact,
            assets,
        }
    }
}
