//! What a rule, a strategy or a clearing model sees of one institution at one trial state.

use crate::{Dual, InLanes, Pack, Real, SparseRow};

/// The price at which sellers are paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Execution {
    /// All units sold fetch the price that holds after all sales.
    #[default]
    Terminal,
    /// Units sold fetch the average price over the path from the shocked price to the final one.
    Vwap,
}

/// One institution at trial prices and payments. All amounts are money in the unit of the tables.
///
/// `N` is `f64` in a solution and [`crate::Interval`] in a proof.
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub struct BalanceSheet<'a, N: Real = f64> {
    /// Cash after the shock; negative where `outside_assets` took more than there was.
    pub cash: N::Given,
    /// Assets that are neither cash, nor marketable, nor claims on institutions.
    pub other_assets: N::Given,
    /// `M = sum_k q_k h_k`: holdings at trial prices.
    pub marketable: N,
    /// `V = sum_k v_k h_k`: holdings at average execution prices; equals `marketable` under terminal execution.
    pub marketable_at_average: N,
    /// What units sold fetched above the final price: `sum_k (v_k - q_k) s_k`. Zero while the rule decides.
    pub execution_gain: N,
    /// Claims on institutions at face.
    pub claims_face: N,
    /// Claims on institutions, and shares in them, at what the clearing model says they are worth.
    pub received: N,
    /// Of which claims.
    pub debts_received: N,
    /// Of which shares; the rest of what is received.
    pub shares: N,
    /// Debts to institutions at face, all seniorities.
    pub debts_face: N,
    /// Debts to creditors outside the system.
    pub external_liabilities: N::Given,
    /// All liabilities at face.
    pub liabilities: N,
    /// Equity before the shock, claims at face, shareholdings at what they are worth then.
    pub equity_initial: N::Given,
    /// Equity after the shock and before any sale, claims at face.
    pub equity_shocked: N::Given,
    /// Total assets before the shock, claims at face, shareholdings at what they are worth then.
    pub assets_initial: N::Given,
    /// Debt repaid so far, to institutions and outside: already deducted from the liabilities on this sheet. 0 where
    /// nothing is repaid while the engine runs, as in an equilibrium.
    pub repaid: N::Given,
    /// How sellers are paid.
    pub execution: Execution,
    /// Units held, by asset.
    pub holdings: SparseRow<'a>,
    /// Prices of all assets before the shock, money per unit.
    pub initial_prices: &'a [f64],
    /// Trial prices of all assets, money per unit; the lowest of them on a sheet that stands for a range of prices. Bounds
    /// that hold for such sheets too ask [`Self::price`].
    pub prices: &'a [N::Given],
    /// Average execution prices of all assets; equals `prices` under terminal execution. As there, the lowest.
    pub average_prices: &'a [N::Given],
    /// The highest trial and average prices, where the sheet stands for a range of them.
    highest: Option<Highest<'a, N::Given>>,
    /// Outside and total assets, once they are settled.
    settled: Option<(N, N)>,
}

/// The upper ends of a range of prices.
#[derive(Clone, Copy, Debug)]
struct Highest<'a, G> {
    prices: &'a [G],
    average_prices: &'a [G],
}

impl<'a, N: Real> BalanceSheet<'a, N> {
    /// A balance sheet with nothing on it, for engines and tests to fill in.
    pub fn empty() -> Self {
        let zero = N::from(0.0);
        Self {
            cash: N::NOTHING,
            other_assets: N::NOTHING,
            marketable: zero,
            marketable_at_average: zero,
            execution_gain: zero,
            claims_face: zero,
            received: zero,
            debts_received: zero,
            shares: zero,
            debts_face: zero,
            external_liabilities: N::NOTHING,
            liabilities: zero,
            equity_initial: N::NOTHING,
            equity_shocked: N::NOTHING,
            assets_initial: N::NOTHING,
            repaid: N::NOTHING,
            execution: Execution::Terminal,
            holdings: SparseRow::default(),
            initial_prices: &[],
            prices: &[],
            average_prices: &[],
            highest: None,
            settled: None,
        }
    }

    /// Computes the assets once and for all readers. Engines call it when all parts are set, and again when one changed;
    /// a sheet that was never settled computes its assets each time they are asked for.
    #[inline(always)]
    pub fn settle(&mut self) {
        self.settled = None;
        let outside = self.outside_assets();
        self.settled = Some((outside, outside + self.received));
    }

    /// The trial price of an asset: all that are possible, where the sheet stands for a range of prices. 0 on a sheet that has
    /// amounts only.
    ///
    /// ```
    /// use delever_core::{BalanceSheet, Interval};
    /// let mut sheet = BalanceSheet::<Interval>::empty();
    /// sheet.prices = &[0.5];
    /// assert_eq!(sheet.price(0), Interval::from(0.5));
    /// sheet.set_highest_prices(&[0.75], &[0.75]);
    /// assert_eq!(sheet.price(0), Interval::new(0.5, 0.75));
    /// ```
    #[inline]
    pub fn price(&self, asset: usize) -> N {
        within(self.prices, self.highest.map(|highest| highest.prices), asset)
    }

    /// The average execution price of an asset, as [`Self::price`].
    #[inline]
    pub fn average_price(&self, asset: usize) -> N {
        let highest = self.highest.map(|highest| highest.average_prices);
        within(self.average_prices, highest, asset)
    }

    /// Lets the sheet stand for all prices from those that it has to these, for engines that enclose what rules and strategies
    /// do on a range of states.
    pub fn set_highest_prices(&mut self, prices: &'a [N::Given], average_prices: &'a [N::Given]) {
        self.highest = Some(Highest {
            prices,
            average_prices,
        });
    }

    /// Assets that do not depend on other institutions' payments: cash, other assets, holdings, proceeds.
    #[inline(always)]
    pub fn outside_assets(&self) -> N {
        if let Some((outside, _)) = self.settled {
            return outside;
        }
        let before_gain = N::given(self.cash) + N::given(self.other_assets) + self.marketable;
        match self.execution {
            Execution::Terminal => before_gain,
            Execution::Vwap => before_gain + self.execution_gain,
        }
    }

    /// `A`: total assets at trial prices and payments.
    #[inline(always)]
    pub fn assets(&self) -> N {
        match self.settled {
            Some((_, assets)) => assets,
            None => self.outside_assets() + self.received,
        }
    }
}

/// The price of an asset, or all between two.
#[inline]
fn within<N: Real>(lowest: &[N::Given], highest: Option<&[N::Given]>, asset: usize) -> N {
    match (lowest.get(asset), highest.and_then(|highest| highest.get(asset))) {
        (Some(&low), Some(&high)) => N::between(low, high),
        (Some(&price), None) => N::given(price),
        (None, _) => N::from(0.0),
    }
}

impl<'a, N: InLanes> BalanceSheet<'a, N> {
    /// The same sheet in registers like these. What is not looked at is not loaded.
    #[inline(always)]
    #[must_use]
    pub fn load<Q: Pack<Array = N::Given>>(&self, like: Q) -> BalanceSheet<'a, N::In<Q>> {
        BalanceSheet {
            cash: self.cash,
            other_assets: self.other_assets,
            marketable: self.marketable.load(like),
            marketable_at_average: self.marketable_at_average.load(like),
            execution_gain: self.execution_gain.load(like),
            claims_face: self.claims_face.load(like),
            received: self.received.load(like),
            debts_received: self.debts_received.load(like),
            shares: self.shares.load(like),
            debts_face: self.debts_face.load(like),
            external_liabilities: self.external_liabilities,
            liabilities: self.liabilities.load(like),
            equity_initial: self.equity_initial,
            equity_shocked: self.equity_shocked,
            assets_initial: self.assets_initial,
            repaid: self.repaid,
            execution: self.execution,
            holdings: self.holdings,
            initial_prices: self.initial_prices,
            prices: self.prices,
            average_prices: self.average_prices,
            highest: None,
            settled: self
                .settled
                .map(|(outside, assets)| (outside.load(like), assets.load(like))),
        }
    }

    /// [`Self::settle`], computed in registers like these.
    #[inline(always)]
    pub fn settle_in<Q: Pack<Array = N::Given>>(&mut self, like: Q) {
        self.settled = None;
        let mut wide = self.load(like);
        wide.settle();
        let like = self.marketable;
        self.settled = wide
            .settled
            .map(|(outside, assets)| (like.store(outside), like.store(assets)));
    }
}

impl<'a> BalanceSheet<'a> {
    /// The same sheet in another kind of number, for engines that ask a model in several. `given` turns an amount into what is
    /// given in that kind; `prices` and `average_prices` are the same trial prices.
    ///
    /// ```
    /// use delever_core::{BalanceSheet, Interval};
    /// let mut sheet = BalanceSheet::empty();
    /// (sheet.cash, sheet.received) = (2.0, 3.0);
    /// let bounds = sheet.in_numbers::<Interval>(|amount| amount, &[], &[]);
    /// assert_eq!(bounds.assets(), Interval::from(5.0));
    /// ```
    #[must_use]
    pub fn in_numbers<N: Real>(
        &self,
        given: impl Fn(f64) -> N::Given,
        prices: &'a [N::Given],
        average_prices: &'a [N::Given],
    ) -> BalanceSheet<'a, N> {
        BalanceSheet {
            cash: given(self.cash),
            other_assets: given(self.other_assets),
            marketable: self.marketable.into(),
            marketable_at_average: self.marketable_at_average.into(),
            execution_gain: self.execution_gain.into(),
            claims_face: self.claims_face.into(),
            received: self.received.into(),
            debts_received: self.debts_received.into(),
            shares: self.shares.into(),
            debts_face: self.debts_face.into(),
            external_liabilities: given(self.external_liabilities),
            liabilities: self.liabilities.into(),
            equity_initial: given(self.equity_initial),
            equity_shocked: given(self.equity_shocked),
            assets_initial: given(self.assets_initial),
            repaid: given(self.repaid),
            execution: self.execution,
            holdings: self.holdings,
            initial_prices: self.initial_prices,
            prices,
            average_prices,
            highest: None,
            settled: None,
        }
    }

    /// [`Self::in_numbers`] in dual numbers that do not move, for an engine that differentiates to set in motion. Under
    /// terminal execution only, where average prices are final prices.
    #[must_use]
    pub fn in_duals(&self, prices: &'a [Dual]) -> BalanceSheet<'a, Dual> {
        self.in_numbers(Dual::from, prices, prices)
    }
}
