//! The ledger: what institutions hold and owe while rounds run. A desk keeps the books of one chunk of institutions.

use super::{RoundsSettings, Terms};
use crate::arithmetic::Nearest;
use crate::boundary::{MovedMarket, Trade, UNITS, money};
use crate::composition::Cascade;
use crate::map::ScenarioData;
use crate::pass::{CHUNK, StateView, TILE};
use crate::sheet::{self, Account, Entitled, GivenAmounts};
use delever_core::{BalanceSheet, Rule, Sale, SparseRow, SparseRows, Strategy, StrategyScratch};
use std::ops::Range;

/// Whether an institution still takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is tested in every round and responds.
    Live,
    /// It failed in the round just past, and orders everything sold in the next.
    Failing,
    /// It failed earlier; cash and debts stay on record.
    Failed,
}

/// What an institution does in a round.
#[derive(Clone, Copy)]
enum Response {
    /// It failed before.
    Nothing,
    Fails,
    /// Its rule asks for money; nothing, most of the time.
    Raises(f64),
}

/// What an institution does in a round, and whether a few units in the last place would change it.
#[derive(Clone, Copy)]
struct Answer {
    response: Response,
    undecided: bool,
}

/// What is asked of an institution on one sheet.
struct Asked {
    fails: bool,
    /// Whether its claims are paid in full, where the claims model tells that otherwise.
    short: bool,
    trade: Trade,
}

/// Prices at which institutions are asked once more, a few units in the last place below and above those of the round.
pub(super) struct Around {
    less: MovedMarket,
    more: MovedMarket,
}

impl Around {
    pub fn new(data: &ScenarioData, state: StateView<'_>) -> Self {
        let moved = |step| MovedMarket::new(state, &data.market.initial, step);
        Self {
            less: moved(-UNITS),
            more: moved(UNITS),
        }
    }
}

/// What balance sheets are filled from, beside the ledger.
#[derive(Clone, Copy)]
pub(super) struct Books<'b> {
    pub cascade: &'b Cascade<'b>,
    pub entitled: Entitled<'b>,
    pub data: &'b ScenarioData,
    pub state: StateView<'b>,
}

impl<'b> Books<'b> {
    pub fn new(cascade: &'b Cascade<'b>, data: &'b ScenarioData, state: StateView<'b>) -> Self {
        Self {
            cascade,
            entitled: Entitled::of(cascade),
            data,
            state,
        }
    }
}

/// The books of consecutive institutions in compiled order. Vectors stand by row of the desk.
pub(super) struct Desk {
    /// Compiled position of the first institution.
    first: usize,
    /// Units held now.
    pub holdings: SparseRows,
    /// Units that wait to be sold, by entry of the holdings; negative: to be bought.
    orders: SparseRows,
    /// Whether an institution has orders waiting.
    waits: Vec<bool>,
    pub cash: Vec<f64>,
    external_liabilities: Vec<f64>,
    pub repayable: Vec<f64>,
    repaid: Vec<f64>,
    /// Money that sales have fetched, less what purchases cost.
    pub proceeds: Vec<f64>,
    pub standing: Vec<Standing>,
    /// Whether a few units in the last place could have changed whether it failed or traded, in some round so far.
    pub undecided: Vec<bool>,
    /// Whether it has traded for sure: then only failing is open.
    traded: Vec<bool>,
    terms: Vec<Terms>,
    scratch: StrategyScratch,
    /// The desk's own sum of orders, by asset.
    ordered: Vec<f64>,
}

impl Desk {
    /// Desks for all institutions, after the shock.
    pub fn all(cascade: &Cascade<'_>, data: &ScenarioData, settings: &RoundsSettings) -> Vec<Self> {
        let count = cascade.order.len();
        (0..count)
            .step_by(CHUNK)
            .map(|first| {
                let positions: Vec<u32> = (first as u32..(first + CHUNK).min(count) as u32).collect();
                let range = first..first + positions.len();
                let holdings = cascade.holdings.with_row_order(&positions);
                let mut orders = holdings.clone();
                orders.values_mut().fill(0.0);
                let terms = cascade.order[range.clone()]
                    .iter()
                    .map(|&id| settings.terms.get(id as usize).copied().unwrap_or_default());
                let terms: Vec<Terms> = terms.collect();
                let external = &data.external_liabilities[range.clone()];
                let none = vec![0.0; positions.len()];
                Self {
                    first,
                    waits: vec![false; positions.len()],
                    cash: data.cash[range].to_vec(),
                    external_liabilities: external.to_vec(),
                    repayable: external
                        .iter()
                        .zip(&terms)
                        .map(|(&external, terms)| terms.repayable_debt.unwrap_or(external).min(external))
                        .collect(),
                    repaid: none.clone(),
                    proceeds: none,
                    standing: vec![Standing::Live; positions.len()],
                    undecided: vec![false; positions.len()],
                    traded: vec![false; positions.len()],
                    terms,
                    scratch: StrategyScratch::default(),
                    ordered: vec![0.0; cascade.system.asset_count()],
                    holdings,
                    orders,
                }
            })
            .collect()
    }

    /// Compiled positions of the desk's institutions.
    pub fn positions(&self) -> Range<usize> {
        self.first..self.first + self.cash.len()
    }

    /// The account of the institution at a compiled position.
    pub fn account(&self, cascade: &Cascade<'_>, data: &ScenarioData, position: usize) -> Account<'_, f64> {
        let row = position - self.first;
        Account {
            holdings: self.holdings.row(row),
            given: GivenAmounts {
                cash: self.cash[row],
                external_liabilities: self.external_liabilities[row],
                repaid: self.repaid[row],
                ..GivenAmounts::after_shock(data, position)
            },
            liabilities: cascade.debts_face.value[position] + self.external_liabilities[row],
        }
    }

    /// Those who failed in the round just past order all that they hold.
    pub fn liquidate_failed(&mut self) {
        for position in self.positions() {
            self.liquidate_if_failed(position);
        }
    }

    /// The institution at a compiled position orders all that it holds, if it failed in the round just past.
    pub fn liquidate_if_failed(&mut self, position: usize) {
        let row = position - self.first;
        if self.standing[row] == Standing::Failing {
            self.standing[row] = Standing::Failed;
            let entries = self.holdings.entries_of(row);
            let held = self.holdings.row(row).values;
            self.waits[row] = held.iter().any(|&units| units != 0.0);
            self.orders.values_mut()[entries].copy_from_slice(held);
        }
    }

    /// Whether the institution at a compiled position still takes part.
    pub fn is_live(&self, position: usize) -> bool {
        self.standing[position - self.first] == Standing::Live
    }

    /// Adds the units that wait, by asset, the desk's own sum first.
    pub fn add_orders(&mut self, ordered: &mut [f64]) {
        self.ordered.fill(0.0);
        for row in (0..self.waits.len()).filter(|&row| self.waits[row]) {
            for (asset, units) in self.orders.row(row).iter() {
                self.ordered[asset] += units;
            }
        }
        for (sum, own) in ordered.iter_mut().zip(&self.ordered) {
            *sum += own;
        }
    }

    /// The waiting orders of one institution, if it has any.
    pub fn orders_of(&self, position: usize) -> Option<SparseRow<'_>> {
        let row = position - self.first;
        self.waits[row].then(|| self.orders.row(row))
    }

    /// The orders of all institutions change hands.
    pub fn execute_all(&mut self, executed: &[f64], cash_first: bool) {
        for position in self.positions() {
            self.execute(position, executed, cash_first);
        }
    }

    /// The orders of one institution change hands: units for cash. Unless cash pays first, the proceeds of whoever is live
    /// repay debts outside at once, and purchases are paid with new debts.
    pub fn execute(&mut self, position: usize, executed: &[f64], cash_first: bool) {
        let row = position - self.first;
        if !std::mem::replace(&mut self.waits[row], false) {
            return;
        }
        let entries = self.orders.entries_of(row);
        let proceeds = self.orders.row(row).product_sum(executed);
        let held = &mut self.holdings.values_mut()[entries.clone()];
        for (held, ordered) in held.iter_mut().zip(&mut self.orders.values_mut()[entries]) {
            *held -= *ordered;
            *ordered = 0.0;
        }
        self.proceeds[row] += proceeds;
        self.cash[row] += proceeds;
        if proceeds < 0.0 {
            self.repay(row, proceeds);
        } else if !cash_first && self.standing[row] == Standing::Live {
            self.repay(row, proceeds.min(self.repayable[row]));
        }
    }

    /// Cash repays debts outside; a negative amount is borrowed.
    fn repay(&mut self, row: usize, amount: f64) {
        self.cash[row] -= amount;
        self.external_liabilities[row] = (self.external_liabilities[row] - amount).max(0.0);
        self.repayable[row] = (self.repayable[row] - amount).max(0.0);
        self.repaid[row] += amount;
    }

    /// Tests every live institution at this state; who does not fail asks its rule and orders. Returns whether all orders are
    /// numbers.
    pub fn respond(&mut self, books: Books<'_>, around: &Around, cash_first: bool) -> bool {
        let mut finite = true;
        for block in &books.cascade.blocks {
            let start = block.range.start.max(self.first);
            let end = block.range.end.min(self.positions().end);
            for first in (start..end).step_by(TILE) {
                let tile = first..(first + TILE).min(end);
                let row_of_rule = first - block.range.start;
                let answers = self.ask(
                    books,
                    around,
                    (&*block.rule, row_of_rule),
                    tile.clone(),
                    cash_first,
                );
                for (answer, position) in answers.into_iter().zip(tile) {
                    finite &= self.act(books, position, answer, cash_first);
                }
            }
        }
        finite
    }

    /// As [`Self::respond`], of the institution at a compiled position alone.
    pub fn respond_alone(
        &mut self,
        books: Books<'_>,
        around: &Around,
        cash_first: bool,
        position: usize,
    ) -> bool {
        let (rule, row) = books.cascade.rule_of(position);
        let [answer, ..] = self.ask(books, around, (rule, row), position..position + 1, cash_first);
        self.act(books, position, answer, cash_first)
    }

    /// An institution does what it answered. Returns whether its orders are numbers.
    fn act(&mut self, books: Books<'_>, position: usize, answer: Answer, cash_first: bool) -> bool {
        let row = position - self.first;
        self.undecided[row] |= answer.undecided;
        match answer.response {
            Response::Nothing => true,
            Response::Fails => {
                self.standing[row] = Standing::Failing;
                true
            }
            Response::Raises(mut money) => {
                if cash_first && money > 0.0 {
                    let paid = self.payable(row, money);
                    self.repay(row, paid);
                    money = beyond(money, paid, self.cash[row]);
                }
                if money == 0.0 {
                    return true;
                }
                let finite = !money.is_nan() & self.order(books, position, money);
                self.traded[row] |= self.waits[row] && !answer.undecided;
                finite
            }
        }
    }

    /// What is paid out of cash of the money that is asked.
    fn payable(&self, row: usize, money: f64) -> f64 {
        money.min(self.cash[row]).min(self.repayable[row]).max(0.0)
    }

    /// What each institution of a tile does in this state.
    fn ask(
        &self,
        books: Books<'_>,
        around: &Around,
        (rule, row_of_rule): (&dyn Rule, usize),
        tile: Range<usize>,
        cash_first: bool,
    ) -> [Answer; TILE] {
        let mut sheets = [BalanceSheet::empty(); TILE];
        let mut sales = [Sale::nothing(); TILE];
        let (sheets, sales) = (&mut sheets[..tile.len()], &mut sales[..tile.len()]);
        for (sheet, position) in sheets.iter_mut().zip(tile.clone()) {
            self.fill(books, position, sheet);
        }
        rule.sales_into(row_of_rule, sheets, sales);
        let mut answers = [Answer {
            response: Response::Nothing,
            undecided: false,
        }; TILE];
        for (n, (answer, position)) in answers.iter_mut().zip(tile).enumerate() {
            let row = position - self.first;
            if self.standing[row] != Standing::Live {
                continue;
            }
            let [less, more] = [&around.less, &around.more].map(|market| {
                let moved = market.sheet(&sheets[n]);
                let mut sale = [Sale::nothing()];
                rule.sales_into(row_of_rule + n, &[moved], &mut sale);
                let mut asked = money(sale[0], &moved);
                if cash_first && asked > 0.0 {
                    let paid = self.payable(row, asked);
                    asked = beyond(asked, paid, self.cash[row] - paid);
                }
                Asked {
                    fails: self.fails(books.cascade, position, &moved),
                    short: books.cascade.components > 0 && is_short(books.cascade, position, &moved),
                    trade: Trade::of(asked, &moved, market),
                }
            });
            let trades_otherwise = if self.traded[row] {
                less.trade.jumps(more.trade)
            } else {
                less.trade.differs(more.trade)
            };
            *answer = Answer {
                response: if self.fails(books.cascade, position, &sheets[n]) {
                    Response::Fails
                } else {
                    Response::Raises(money(sales[n], &sheets[n]))
                },
                undecided: less.fails != more.fails
                    || less.short != more.short
                    || !less.fails && trades_otherwise,
            };
        }
        answers
    }

    /// Whether the institution at a compiled position fails on a sheet.
    fn fails(&self, cascade: &Cascade<'_>, position: usize, sheet: &BalanceSheet<'_>) -> bool {
        match self.terms[position - self.first].default_below {
            Some(ratio) => sheet.assets() - sheet.liabilities < ratio * sheet.assets(),
            None => is_short(cascade, position, sheet),
        }
    }

    /// Fills the balance sheet of the institution at a compiled position.
    pub fn fill<'a>(&'a self, books: Books<'a>, position: usize, sheet: &mut BalanceSheet<'a>) {
        let Books {
            cascade,
            entitled,
            data,
            state,
        } = books;
        let account = self.account(cascade, data, position);
        sheet::fill::<Nearest>(cascade, entitled, state, position, account, sheet);
    }

    /// Orders sales that raise `money` at the prices of this state; all holdings, worthless ones too, where they do not raise it.
    /// Returns whether the orders are numbers.
    fn order(&mut self, books: Books<'_>, position: usize, money: f64) -> bool {
        let row = position - self.first;
        let mut scratch = std::mem::take(&mut self.scratch);
        let mut orders = std::mem::take(&mut self.orders);
        let entries = orders.entries_of(row);
        let units = &mut orders.values_mut()[entries];
        let mut sheet = BalanceSheet::empty();
        self.fill(books, position, &mut sheet);
        let strategy = &books.cascade.strategy;
        strategy.units_into(Sale::Money(money), &sheet, &mut scratch, units);
        let mut finite = true;
        for (units, &held) in units.iter_mut().zip(sheet.holdings.values) {
            finite &= units.is_finite();
            // No one sells what it does not hold.
            *units = units.min(held);
        }
        let waits = units.iter().any(|&units| units != 0.0);
        self.waits[row] = waits;
        (self.scratch, self.orders) = (scratch, orders);
        finite
    }

    /// Whether nobody waits and nobody failed in this round.
    pub fn is_idle(&self) -> bool {
        !self.waits.contains(&true) && !self.standing.contains(&Standing::Failing)
    }

    /// Institutions with waiting orders.
    pub fn waiting(&self) -> usize {
        self.waits.iter().filter(|&&waits| waits).count()
    }
}

/// What sales have to raise beyond what is paid and the cash that is left.
fn beyond(money: f64, paid: f64, cash_left: f64) -> f64 {
    (money - paid - cash_left.max(0.0)).max(0.0)
}

/// Whether equity is below zero, or below what the claims model asks for.
fn is_short(cascade: &Cascade<'_>, position: usize, sheet: &BalanceSheet<'_>) -> bool {
    let equity = sheet.assets() - sheet.liabilities;
    equity - cascade.failure_equity[position] < 0.0
}
