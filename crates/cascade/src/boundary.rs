//! Who stands where the last place of the input decides: who fails or sells, one way or the other.
//!
//! The question is put to the models themselves. An institution's sheet is taken as it would be if its amounts, and the prices
//! that it holds at, were a few units in the last place smaller or larger; whoever fails or sells on the one sheet and not on the
//! other is near a boundary. A threshold that is met exactly is one, and so is a cap that is just kept. Someone on the slope of a
//! continuous rule sells on both and is none. Nothing is asked of a rule but its answers, so it holds for rules of any author.
//!
//! No model knows of this: what it computes is decided by its doubles alone. This only says where they decide.

use crate::arithmetic::{Above, Arithmetic, Below, Nearest, RoughlyAbove, RoughlyBelow};
use crate::composition::Cascade;
use crate::map::CascadeMap;
use crate::pass::{PassWork, StateView, Visit, inspect};
use delever_core::{BalanceSheet, Interval, Rule, Sale};

/// How far sheets are moved, relative to all that stands on them: a unit in the last place of each amount, of sums, and of what
/// formulas make of them.
pub(crate) const UNITS: f64 = 4.0 * f64::EPSILON;
/// Far more than the width of any certificate that is asked for: what decides alike over this is near no boundary.
pub(crate) const FAR: f64 = 1e-9;
/// A change of what is sold by this share of the holdings is a jump: no slope makes as much of so little.
const JUMP: f64 = 1.0 / 1024.0;

/// A market whose prices are a little lower or higher, and by how much.
pub(crate) struct MovedMarket {
    step: f64,
    prices: Vec<f64>,
    averages: Vec<f64>,
    initial: Vec<f64>,
}

impl MovedMarket {
    /// All prices moved by the share `step`. What happened to a price since before the shock stays: an unmoved one is unmoved.
    pub fn new(state: StateView<'_>, initial: &[f64], step: f64) -> Self {
        let moved =
            |prices: &[f64]| -> Vec<f64> { prices.iter().map(|price| price * (1.0 + step)).collect() };
        let prices = moved(state.prices);
        let since = initial.iter().zip(state.prices).zip(&prices);
        Self {
            step,
            averages: moved(state.averages),
            initial: since
                .map(|((initial, price), moved)| moved + (initial - price))
                .collect(),
            prices,
        }
    }

    /// The sheet, before its institution has sold, with all its amounts moved likewise, assets with the market and debts against
    /// it. What happened to its assets and equity since before the shock stays.
    pub fn sheet<'m>(&'m self, sheet: &BalanceSheet<'m>) -> BalanceSheet<'m> {
        let mut here = *sheet;
        here.execution_gain = 0.0;
        here.settle();
        let by = self.step * size(sheet);
        let mut moved = here;
        moved.marketable *= 1.0 + self.step;
        moved.marketable_at_average *= 1.0 + self.step;
        moved.received += by;
        moved.debts_received += by;
        moved.liabilities -= by;
        (moved.prices, moved.average_prices) = (&self.prices, &self.averages);
        moved.initial_prices = &self.initial;
        moved.settle();
        let (assets, before) = (moved.assets(), here.assets());
        moved.assets_initial = assets + (sheet.assets_initial - before);
        let (equity, before) = (assets - moved.liabilities, before - here.liabilities);
        moved.equity_initial = equity + (sheet.equity_initial - before);
        moved.equity_shocked = equity + (sheet.equity_shocked - before);
        moved
    }

    /// What rounding alone may make of this sheet: asking for no more is asking for nothing.
    fn slack(&self, sheet: &BalanceSheet<'_>) -> f64 {
        self.step.abs() / 2.0 * size(sheet)
    }
}

/// All that stands on a sheet, money.
fn size(sheet: &BalanceSheet<'_>) -> f64 {
    let assets = [sheet.cash, sheet.other_assets, sheet.marketable, sheet.received];
    assets.iter().map(|amount| amount.abs()).sum::<f64>() + sheet.liabilities.abs()
}

/// The money that a sale asks for; infinite where all is to be sold.
pub(crate) fn money(sale: Sale, sheet: &BalanceSheet<'_>) -> f64 {
    match sale {
        Sale::Money(money) => money,
        Sale::Fraction(fraction) => money_for(fraction, sheet.marketable),
    }
}

/// The money that a fraction of holdings asks for.
pub(crate) fn money_for(fraction: f64, held: f64) -> f64 {
    if fraction >= 1.0 {
        f64::INFINITY
    } else {
        fraction * held
    }
}

/// Whether asking for one amount of money differs in kind from asking for the other: trading from not trading, or by a jump.
/// `held` is what the holdings are worth; to ask for no more than the slack is to ask for nothing.
pub(crate) fn differ(money: [f64; 2], held: f64, slack: f64) -> bool {
    let [one, other] = money.map(|money| Trade::asking(money, held, slack));
    one.differs(other)
}

/// What an institution does on one sheet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Trade {
    /// 1: it sells, -1: it buys, 0: neither.
    direction: i8,
    /// The share of its holdings that it sells.
    share: f64,
}

impl Trade {
    const NONE: Self = Self {
        direction: 0,
        share: 0.0,
    };

    /// From the money that it asks for on a sheet.
    pub fn of(money: f64, sheet: &BalanceSheet<'_>, market: &MovedMarket) -> Self {
        if sheet.holdings.values.iter().all(|&units| units == 0.0) {
            return Self::NONE;
        }
        Self::asking(money, sheet.marketable, market.slack(sheet))
    }

    fn asking(money: f64, held: f64, slack: f64) -> Self {
        let direction = i8::from(money > slack) - i8::from(money < -slack);
        let share = match direction {
            0 => 0.0,
            _ if held > 0.0 => (money / held).clamp(-1.0, 1.0),
            direction => f64::from(direction),
        };
        Self { direction, share }
    }

    /// Whether what it does on one sheet differs from what it does on another in kind: it trades or not, or by a jump.
    pub fn differs(self, other: Self) -> bool {
        self.direction != other.direction || self.jumps(other)
    }

    /// Whether what it sells differs by a jump.
    pub fn jumps(self, other: Self) -> bool {
        (self.share - other.share).abs() > JUMP
    }
}

/// What the institution in a row of a rule does on a sheet, moved with a market.
fn trade(rule: &dyn Rule, row: usize, sheet: &BalanceSheet<'_>, market: &MovedMarket) -> Trade {
    if sheet.holdings.values.is_empty() {
        return Trade::NONE;
    }
    let moved = market.sheet(sheet);
    let mut sale = [Sale::nothing()];
    rule.sales_into(row, &[moved], &mut sale);
    Trade::of(money(sale[0], &moved), &moved, market)
}

/// Two markets around a state, at which institutions are asked.
pub(crate) struct Around<'c> {
    cascade: &'c Cascade<'c>,
    less: MovedMarket,
    more: MovedMarket,
}

impl<'c> Around<'c> {
    pub fn new(map: &'c CascadeMap<'_>, state: StateView<'_>, step: f64) -> Self {
        let initial = &map.data.market.initial;
        Self {
            cascade: map.cascade,
            less: MovedMarket::new(state, initial, -step),
            more: MovedMarket::new(state, initial, step),
        }
    }

    /// Whether the institution at a compiled position may trade or not by what it is moved by.
    pub fn undecided(&self, position: usize, sheet: &BalanceSheet<'_>) -> bool {
        let (rule, row) = self.cascade.rule_of(position);
        trade(rule, row, sheet, &self.less).differs(trade(rule, row, sheet, &self.more))
    }
}

impl CascadeMap<'_> {
    /// Institutions, by id, of which it cannot be told within bounds of the solution whether they fail or sell, or which a few
    /// units in the last place of the input let fail or sell.
    pub(crate) fn near_boundary(&self, upper: &[f64], lower: &[f64]) -> Vec<u32> {
        let mut near = vec![false; self.cascade.order.len()];
        // Rough bounds leave more undecided than sharp ones, at a fraction of the cost.
        let rough = self.solvency_undecided::<RoughlyAbove, RoughlyBelow>(upper, lower);
        if rough.contains(&true) {
            near = self.solvency_undecided::<Above, Below>(upper, lower);
        }
        self.add_undecided_trades(upper, lower, &mut near);
        self.ids(&near)
    }

    /// The same where nothing bounds the solution: at the point alone.
    pub(crate) fn near_boundary_at(&self, point: &[f64]) -> Vec<u32> {
        let cascade = self.cascade;
        let mut near = vec![false; cascade.order.len()];
        let mut work = PassWork::<Nearest>::new(cascade);
        inspect::<Nearest>(cascade, &self.data, point, &mut work, |seen| {
            let sheet = seen.sheet;
            let margin = sheet.assets() - sheet.liabilities - cascade.failure_equity[seen.position];
            let moved = 2.0 * UNITS * size(sheet);
            near[seen.position] = (margin - moved < 0.0) != (margin + moved < 0.0);
        });
        self.add_undecided_trades(point, point, &mut near);
        self.ids(&near)
    }

    fn ids(&self, near: &[bool]) -> Vec<u32> {
        let ids = near.iter().zip(&self.cascade.order);
        let mut ids: Vec<u32> = ids.filter(|(near, _)| **near).map(|(_, &id)| id).collect();
        ids.sort_unstable();
        ids
    }

    /// By compiled position, whether it cannot be told if an institution is solvent.
    fn solvency_undecided<U, L>(&self, upper: &[f64], lower: &[f64]) -> Vec<bool>
    where
        U: Arithmetic<Number = Interval>,
        L: Arithmetic<Number = Interval>,
    {
        /// Two units in the last place: one for the input, one for its sum.
        const NOISE: f64 = 2.0 * f64::EPSILON;
        let cascade = self.cascade;
        let needed = |seen: &Visit<'_, Interval>| {
            let threshold = cascade.failure_equity[seen.position];
            (
                seen.sheet.assets(),
                seen.sheet.liabilities + Interval::from(threshold),
            )
        };
        let mut undecided = vec![false; cascade.order.len()];
        let mut work = PassWork::<U>::new(cascade);
        inspect::<U>(cascade, &self.data, upper, &mut work, |seen| {
            let (assets, needed) = needed(&seen);
            undecided[seen.position] = assets.high + NOISE * assets.high.abs() >= needed.low;
        });
        let mut work = PassWork::<L>::new(cascade);
        inspect::<L>(cascade, &self.data, lower, &mut work, |seen| {
            let (assets, needed) = needed(&seen);
            undecided[seen.position] &= assets.low - NOISE * assets.low.abs() < needed.high;
        });
        undecided
    }

    /// Marks, by compiled position, who trades a little below the lower state and not a little above the upper one, or the other
    /// way round.
    fn add_undecided_trades(&self, upper: &[f64], lower: &[f64], near: &mut [bool]) {
        let cascade = self.cascade;
        let mut trades = vec![Trade::NONE; near.len()];
        for (state, step) in [(lower, -UNITS), (upper, UNITS)] {
            let market = MovedMarket::new(cascade.view(state), &self.data.market.initial, step);
            let mut work = PassWork::<Nearest>::new(cascade);
            inspect::<Nearest>(cascade, &self.data, state, &mut work, |seen| {
                let (rule, row) = cascade.rule_of(seen.position);
                let trade = trade(rule, row, seen.sheet, &market);
                let before = std::mem::replace(&mut trades[seen.position], trade);
                near[seen.position] |= step > 0.0 && trade.differs(before);
            });
        }
    }
}
