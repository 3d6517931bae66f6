//! The market of one run: units sold so far, what still weighs on prices, and the prices at which orders clear.

use super::{Persistence, RoundsSettings, SalesValued, TradePrice};
use crate::map::CascadeMap;
use delever_core::{ImpactModel, SparseRow, elementary};

/// A point on the way of prices, by asset.
#[derive(Clone)]
struct Point {
    prices: Vec<f64>,
    /// `Q`: money at initial prices that weighs on them.
    money: Vec<f64>,
    /// Area under the curve of prices up to `money`; computed only where trades pay the average.
    areas: Vec<f64>,
}

/// Prices and what moved them, by asset.
pub(super) struct Market<'m> {
    map: &'m CascadeMap<'m>,
    trade_price: TradePrice,
    persistence: Persistence,
    sales_valued: SalesValued,
    /// Units sold since the shock, less units bought.
    pub sold: Vec<f64>,
    /// Units that weigh on prices now; where sales are valued at current prices, as many as their money buys at initial ones.
    weighing: Vec<f64>,
    /// What came to weigh in each round so far; kept for [`Persistence::Propagator`] only.
    history: Vec<Vec<f64>>,
    now: Point,
    before: Point,
    /// Prices at which the orders that cleared last changed hands.
    pub executed: Vec<f64>,
}

impl<'m> Market<'m> {
    pub fn new(map: &'m CascadeMap<'m>, settings: &RoundsSettings) -> Self {
        let prices = map.data.market.shocked.clone();
        let zero = vec![0.0; prices.len()];
        let now = Point {
            prices: prices.clone(),
            money: zero.clone(),
            areas: zero.clone(),
        };
        Self {
            map,
            trade_price: settings.trade_price,
            persistence: settings.persistence,
            sales_valued: settings.sales_valued,
            sold: zero.clone(),
            weighing: zero,
            history: Vec::new(),
            before: now.clone(),
            now,
            executed: prices,
        }
    }

    /// Prices now.
    pub fn prices(&self) -> &[f64] {
        &self.now.prices
    }

    pub fn is_finite(&self) -> bool {
        let prices = self.now.prices.iter().chain(&self.executed);
        prices.chain(&self.sold).all(|number| number.is_finite())
    }

    /// What was sold before weighs less, or not at all.
    pub fn begin_round(&mut self) {
        match self.persistence {
            Persistence::Permanent => return,
            Persistence::Reset => self.weighing.fill(0.0),
            Persistence::Transient { recovery } => {
                let kept = elementary::exp(-recovery);
                self.weighing.iter_mut().for_each(|units| *units *= kept);
            }
            Persistence::Propagator { decay } => {
                self.weighing.fill(0.0);
                for (age, round) in self.history.iter().rev().enumerate() {
                    let kept = elementary::pow(1.0 / (age as f64 + 2.0), decay);
                    for (weighing, units) in self.weighing.iter_mut().zip(round) {
                        *weighing += kept * units;
                    }
                }
                self.history.push(vec![0.0; self.weighing.len()]);
            }
        }
        self.price();
    }

    /// All orders of a round clear at once: units by asset.
    pub fn trade(&mut self, ordered: &[f64]) {
        self.clear(ordered.iter().copied().enumerate());
    }

    /// The orders of one institution clear.
    pub fn trade_row(&mut self, orders: SparseRow<'_>) {
        self.clear(orders.iter());
    }

    fn clear(&mut self, orders: impl Iterator<Item = (usize, f64)>) {
        let copied = |to: &mut Vec<f64>, from: &[f64]| to.copy_from_slice(from);
        copied(&mut self.before.prices, &self.now.prices);
        if self.trade_price == TradePrice::Average {
            self.measure_area();
            copied(&mut self.before.money, &self.now.money);
            copied(&mut self.before.areas, &self.now.areas);
        }
        let initial = &self.map.data.market.initial;
        for (asset, units) in orders {
            self.sold[asset] += units;
            let weight = match self.sales_valued {
                SalesValued::AtInitialPrice => units,
                SalesValued::AtCurrentPrice if units == 0.0 => 0.0,
                SalesValued::AtCurrentPrice => units * (self.before.prices[asset] / initial[asset]),
            };
            self.weighing[asset] += weight;
            if let Some(round) = self.history.last_mut() {
                round[asset] += weight;
            }
        }
        self.price();
        let (before, now) = (&self.before, &self.now);
        match self.trade_price {
            TradePrice::Terminal => self.executed.copy_from_slice(&now.prices),
            TradePrice::Midpoint => {
                let ends = before.prices.iter().zip(&now.prices);
                for (executed, (before, after)) in self.executed.iter_mut().zip(ends) {
                    *executed = f64::midpoint(*before, *after);
                }
            }
            TradePrice::Average => {
                self.measure_area();
                let (before, now) = (&self.before, &self.now);
                for (asset, executed) in self.executed.iter_mut().enumerate() {
                    let traded = now.money[asset] - before.money[asset];
                    let (one, other) = (before.prices[asset], now.prices[asset]);
                    *executed = if traded == 0.0 {
                        other
                    } else {
                        // Differences of areas cancel where little is traded; the mean lies between the ends.
                        ((now.areas[asset] - before.areas[asset]) / traded)
                            .clamp(one.min(other), one.max(other))
                    };
                }
            }
        }
    }

    /// Prices follow from what weighs on them. Where institutions have bought more than others sold, they found supply at the
    /// shocked price.
    fn price(&mut self) {
        let market = &self.map.data.market;
        for ((money, initial), units) in self.now.money.iter_mut().zip(&market.initial).zip(&self.weighing) {
            *money = (initial * units).max(0.0);
        }
        let impact = &self.map.cascade.impact;
        impact.prices_into(market.view(), &self.now.money, &mut self.now.prices);
    }

    /// Average price times money.
    fn measure_area(&mut self) {
        let impact = &self.map.cascade.impact;
        let Point { money, areas, .. } = &mut self.now;
        impact.average_prices_into(self.map.data.market.view(), money, areas);
        for (area, money) in areas.iter_mut().zip(&*money) {
            *area *= money;
        }
    }
}
