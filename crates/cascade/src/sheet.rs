//! From accounts and a state to a balance sheet: the one place where sheets are filled, for every engine but
//! the quick one, whose sheets hold many scenarios ([`crate::lanes`]).

use crate::arithmetic::Arithmetic;
use crate::composition::Cascade;
use crate::map::ScenarioData;
use crate::pass::StateView;
use delever_core::{BalanceSheet, Execution, SparseRow, SparseRows};

/// What one institution holds and owes, claims and debts inside the system aside.
#[derive(Clone, Copy)]
pub(crate) struct Account<'a, N> {
    pub holdings: SparseRow<'a>,
    pub cash: f64,
    pub external_liabilities: f64,
    /// All liabilities at face, debts inside the system included.
    pub liabilities: N,
    /// Debt repaid since the shock.
    pub repaid: f64,
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

/// Fills the sheet of the institution at compiled position `n`, before it has sold anything in this state.
#[inline]
pub(crate) fn fill<'a, A: Arithmetic>(
    cascade: &Cascade<'_>,
    entitled: Entitled<'_>,
    data: &'a ScenarioData,
    state: StateView<'a>,
    n: usize,
    account: Account<'a, A::Number>,
    sheet: &mut BalanceSheet<'a, A::Number>,
) {
    let holdings = account.holdings;
    sheet.cash = account.cash;
    sheet.other_assets = data.other_assets[n];
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
    sheet.external_liabilities = account.external_liabilities;
    sheet.liabilities = account.liabilities;
    if entitled.contingent {
        let contingent = cascade.claims.contingent(cascade.order[n], state.claims);
        let owed = A::Number::from(contingent.owed);
        sheet.received = sheet.received + A::Number::from(contingent.received);
        sheet.debts_received = sheet.debts_received + A::Number::from(contingent.received);
        sheet.debts_face = sheet.debts_face + owed;
        sheet.liabilities = sheet.liabilities + owed;
    }
    sheet.equity_initial = data.equity_initial[n];
    sheet.equity_shocked = data.equity_shocked[n];
    sheet.assets_initial = data.assets_initial[n];
    sheet.repaid = account.repaid;
    sheet.execution = cascade.execution;
    sheet.holdings = holdings;
    sheet.initial_prices = &data.market.initial;
    sheet.prices = state.prices;
    sheet.average_prices = state.averages;
    sheet.settle();
}
