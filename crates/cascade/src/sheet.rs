//! From accounts and a state to a balance sheet: the one place where sheets are filled, for every engine but
//! the quick one, whose sheets hold many scenarios ([`crate::lanes`]).

use crate::arithmetic::Arithmetic;
use crate::composition::Cascade;
use crate::map::ScenarioData;
use crate::pass::StateView;
use delever_core::{BalanceSheet, Execution, Real, SparseRow, SparseRows};

/// What one institution holds and owes, claims and debts inside the system aside.
#[derive(Clone, Copy)]
pub(crate) struct Account<'a, N> {
    pub holdings: SparseRow<'a>,
    pub given: GivenAmounts<f64>,
    /// All liabilities at face, debts inside the system included.
    pub liabilities: N,
}

impl<'a, N: Real> Account<'a, N> {
    /// The account right after the shock of the institution at compiled position `n`, with its liabilities in the engine's
    /// arithmetic.
    #[inline]
    pub fn after_shock<A: Arithmetic<Number = N>>(
        cascade: &'a Cascade<'_>,
        data: &ScenarioData,
        n: usize,
    ) -> Self {
        Self {
            holdings: cascade.holdings.row(n),
            given: GivenAmounts::after_shock(data, n),
            liabilities: A::amount(cascade.liabilities.value[n], cascade.liabilities.bounds[n]),
        }
    }
}

/// What institutions receive from each other, looked up once for all sheets of a run.
#[derive(Clone, Copy)]
pub(crate) struct Entitled<'c> {
    debts: &'c SparseRows,
    shares: Option<&'c SparseRows>,
    contingent: bool,
}

impl<'c> Entitled<'c> {
    pub fn of(cascade: &'c Cascade<'_>) -> Self {
        Self {
            debts: cascade.entitlements(),
            shares: cascade.share_entitlements(),
            contingent: cascade.claims.has_contingent(),
        }
    }

    /// The same where contingent amounts are added by whoever fills the sheet.
    pub fn without_contingent(self) -> Self {
        Self {
            contingent: false,
            ..self
        }
    }
}

/// What no price and no payment moves on a sheet, sums of debts aside. Every filler writes all of these: a field that is
/// added here does not compile until each of them has it.
#[derive(Clone, Copy)]
pub(crate) struct GivenAmounts<G> {
    pub cash: G,
    pub other_assets: G,
    pub external_liabilities: G,
    pub equity_initial: G,
    pub equity_shocked: G,
    pub assets_initial: G,
    pub repaid: G,
}

impl<G> GivenAmounts<G> {
    /// Writes the amounts on a sheet.
    #[inline(always)]
    pub fn write<N: Real<Given = G>>(self, sheet: &mut BalanceSheet<'_, N>) {
        let Self {
            cash,
            other_assets,
            external_liabilities,
            equity_initial,
            equity_shocked,
            assets_initial,
            repaid,
        } = self;
        sheet.cash = cash;
        sheet.other_assets = other_assets;
        sheet.external_liabilities = external_liabilities;
        sheet.equity_initial = equity_initial;
        sheet.equity_shocked = equity_shocked;
        sheet.assets_initial = assets_initial;
        sheet.repaid = repaid;
    }
}

impl GivenAmounts<f64> {
    /// The amounts right after the shock of the institution at compiled position `n`.
    #[inline]
    pub fn after_shock(data: &ScenarioData, n: usize) -> Self {
        Self {
            cash: data.cash[n],
            other_assets: data.other_assets[n],
            external_liabilities: data.external_liabilities[n],
            equity_initial: data.equity_initial[n],
            equity_shocked: data.equity_shocked[n],
            assets_initial: data.assets_initial[n],
            repaid: 0.0,
        }
    }

    /// The same in another kind of number.
    pub fn in_numbers<G: From<f64>>(self) -> GivenAmounts<G> {
        GivenAmounts {
            cash: self.cash.into(),
            other_assets: self.other_assets.into(),
            external_liabilities: self.external_liabilities.into(),
            equity_initial: self.equity_initial.into(),
            equity_shocked: self.equity_shocked.into(),
            assets_initial: self.assets_initial.into(),
            repaid: self.repaid.into(),
        }
    }
}

/// Fills the sheet of the institution at compiled position `n`, before it has sold anything in this state.
#[inline]
pub(crate) fn fill<'a, A: Arithmetic>(
    cascade: &'a Cascade<'_>,
    entitled: Entitled<'_>,
    state: StateView<'a>,
    n: usize,
    account: Account<'a, A::Number>,
    sheet: &mut BalanceSheet<'a, A::Number>,
) {
    let holdings = account.holdings;
    account.given.write(sheet);
    sheet.marketable = A::product_sum(holdings, state.prices);
    sheet.marketable_at_average = match cascade.execution {
        Execution::Terminal => sheet.marketable,
        Execution::Vwap => A::product_sum(holdings, state.averages),
    };
    sheet.execution_gain = 0.0.into();
    sheet.claims_face = A::amount(cascade.claims_face.value[n], cascade.claims_face.bounds[n]);
    sheet.debts_received = if cascade.components == 0 {
        sheet.claims_face
    } else {
        A::product_sum(entitled.debts.row(n), state.claims)
    };
    sheet.received = sheet.debts_received;
    if let Some(shares) = entitled.shares {
        sheet.shares = A::signed_product_sum(shares.row(n), state.claims);
        sheet.received = sheet.received + sheet.shares;
    }
    sheet.debts_face = A::amount(cascade.debts_face.value[n], cascade.debts_face.bounds[n]);
    sheet.liabilities = account.liabilities;
    if entitled.contingent {
        let contingent = cascade.claims.contingent(cascade.order[n], state.claims);
        let owed = A::Number::from(contingent.owed);
        sheet.received = sheet.received + A::Number::from(contingent.received);
        sheet.debts_received = sheet.debts_received + A::Number::from(contingent.received);
        sheet.debts_face = sheet.debts_face + owed;
        sheet.liabilities = sheet.liabilities + owed;
    }
    sheet.execution = cascade.execution;
    sheet.holdings = holdings;
    sheet.initial_prices = cascade.system.prices();
    sheet.prices = state.prices;
    sheet.average_prices = state.averages;
    sheet.settle();
}
