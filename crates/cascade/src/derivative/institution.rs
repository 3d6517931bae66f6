//! Slopes of what one institution sells and what its creditors get, by dual numbers.

use crate::composition::{Cascade, CascadeError};
use delever_core::{BalanceSheet, Dual, Real, Rule, Sale, StrategyScratch};

/// What an institution's decisions depend on beside the prices of its holdings, money: cash, other assets, what it
/// receives on debts and on shares, equity after the shock.
pub(super) const OWN: usize = 5;
pub(super) const CASH: usize = 0;
pub(super) const OTHER_ASSETS: usize = 1;
pub(super) const DEBTS: usize = 2;
pub(super) const SHARES: usize = 3;
pub(super) const EQUITY_SHOCKED: usize = 4;
/// One more direction, by which distances are measured: all holdings gain in proportion, one unit of money together.
const HOLDINGS: usize = 5;

/// Slopes of one institution: a row for each holding (units sold) and for each component of its claims, a column for
/// each of its own amounts, for the price of each holding, and for each parameter.
pub(super) struct Slopes {
    values: Vec<f64>,
    columns: usize,
    /// Distance of its sales to the next kink, money.
    pub sale_kink: f64,
    /// The same for each component of its claims.
    pub claim_kinks: Vec<f64>,
    /// Whether the rule is differentiated in each parameter.
    pub known: Vec<bool>,
    units: Vec<Dual>,
    components: Vec<Dual>,
    strategy: StrategyScratch,
    /// Trial prices of all assets; what moves is put back at once.
    prices: Vec<Dual>,
}

/// The institution that is differentiated.
#[derive(Clone, Copy)]
pub(super) struct Subject<'s> {
    pub id: u32,
    pub rule: &'s dyn Rule,
    /// Its row in the block of its rule.
    pub row: usize,
    pub sheet: &'s BalanceSheet<'s>,
    /// What it sells.
    pub sold: &'s [f64],
}

impl Slopes {
    pub fn new(prices: &[f64]) -> Self {
        Self {
            values: Vec::new(),
            columns: 0,
            sale_kink: f64::INFINITY,
            claim_kinks: Vec::new(),
            known: Vec::new(),
            units: Vec::new(),
            components: Vec::new(),
            strategy: StrategyScratch::default(),
            prices: prices.iter().map(|&price| price.into()).collect(),
        }
    }

    pub fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.columns..][..self.columns]
    }

    /// Differentiates one institution at its balance sheet.
    pub fn take(
        &mut self,
        cascade: &Cascade<'_>,
        subject: Subject<'_>,
        parameters: &[&str],
    ) -> Result<(), CascadeError> {
        let held = subject.sheet.holdings.columns;
        let rows = held.len() + cascade.components;
        self.columns = OWN + held.len() + parameters.len();
        self.values.clear();
        self.values.resize(rows * self.columns, 0.0);
        self.units.resize(held.len(), Dual::NOTHING);
        self.components.resize(cascade.components, Dual::NOTHING);
        self.own_amounts(cascade, subject)?;
        for first in (0..held.len()).step_by(Dual::DIRECTIONS) {
            self.prices_of_holdings(cascade, subject, first)?;
        }
        self.known.clear();
        for (n, parameter) in parameters.iter().enumerate() {
            let sheet = settled(subject.sheet.in_duals(&self.prices));
            let moved = Some((*parameter, Dual::variable(0.0, 0)));
            let sale = subject.rule.sale_in_duals(subject.row, &sheet, moved);
            self.known.push(sale.is_some());
            if let Some(sale) = sale {
                let (strategy, units) = (&mut self.strategy, &mut self.units[..]);
                sell(cascade, subject, sale, &sheet, strategy, units)?;
                let column = OWN + held.len() + n;
                for (place, sold) in self.units.iter().enumerate() {
                    self.values[place * self.columns + column] = sold.slopes[0];
                }
            }
        }
        if self.values.iter().all(|slope| slope.is_finite()) {
            Ok(())
        } else {
            Err(CascadeError::SteepInstitution {
                institution: subject.id,
            })
        }
    }

    /// Slopes in the institution's own amounts, and how far it is from its next kink.
    fn own_amounts(&mut self, cascade: &Cascade<'_>, subject: Subject<'_>) -> Result<(), CascadeError> {
        let sheet = subject.sheet;
        let worth = sheet.marketable;
        let held = sheet.holdings.columns;
        for &asset in held {
            let price = &mut self.prices[asset as usize];
            if worth > 0.0 {
                price.slopes[HOLDINGS] = price.value / worth;
            }
        }
        let mut moving = sheet.in_duals(&self.prices);
        if worth > 0.0 {
            moving.marketable.slopes[HOLDINGS] = 1.0;
        }
        moving.cash.slopes[CASH] = 1.0;
        moving.other_assets.slopes[OTHER_ASSETS] = 1.0;
        moving.debts_received.slopes[DEBTS] = 1.0;
        moving.shares.slopes[SHARES] = 1.0;
        moving.received.slopes[DEBTS] = 1.0;
        moving.received.slopes[SHARES] = 1.0;
        moving.equity_shocked.slopes[EQUITY_SHOCKED] = 1.0;
        moving.marketable_at_average = moving.marketable;
        let moving = settled(moving);
        decide(
            cascade,
            subject,
            &moving,
            &mut self.strategy,
            &mut self.units,
            &mut self.components,
        )?;
        for (row, output) in self.units.iter().chain(&self.components).enumerate() {
            self.values[row * self.columns..][..OWN].copy_from_slice(&output.slopes[..OWN]);
        }
        let kinks = self.units.iter().map(|sold| sold.kink);
        self.sale_kink = kinks.fold(f64::INFINITY, f64::min);
        self.claim_kinks.clear();
        self.claim_kinks.extend(self.components.iter().map(|x| x.kink));
        for &asset in held {
            self.prices[asset as usize].slopes[HOLDINGS] = 0.0;
        }
        Ok(())
    }

    /// Slopes in the prices of as many holdings as are differentiated side by side.
    fn prices_of_holdings(
        &mut self,
        cascade: &Cascade<'_>,
        subject: Subject<'_>,
        first: usize,
    ) -> Result<(), CascadeError> {
        let held = subject.sheet.holdings;
        let last = held.columns.len().min(first + Dual::DIRECTIONS);
        let moving_assets = &held.columns[first..last];
        for (direction, &asset) in moving_assets.iter().enumerate() {
            self.prices[asset as usize].slopes[direction] = 1.0;
        }
        let mut moving = subject.sheet.in_duals(&self.prices);
        for (slope, &units) in moving.marketable.slopes.iter_mut().zip(&held.values[first..last]) {
            *slope = units;
        }
        moving.marketable_at_average = moving.marketable;
        let moving = settled(moving);
        decide(
            cascade,
            subject,
            &moving,
            &mut self.strategy,
            &mut self.units,
            &mut self.components,
        )?;
        for (row, output) in self.units.iter().chain(&self.components).enumerate() {
            self.values[row * self.columns + OWN + first..][..last - first]
                .copy_from_slice(&output.slopes[..last - first]);
        }
        for (direction, &asset) in moving_assets.iter().enumerate() {
            self.prices[asset as usize].slopes[direction] = 0.0;
        }
        Ok(())
    }
}

fn settled(mut sheet: BalanceSheet<'_, Dual>) -> BalanceSheet<'_, Dual> {
    sheet.settle();
    sheet
}

/// What the institution sells and pays with this sheet.
fn decide(
    cascade: &Cascade<'_>,
    subject: Subject<'_>,
    sheet: &BalanceSheet<'_, Dual>,
    strategy: &mut StrategyScratch,
    units: &mut [Dual],
    components: &mut [Dual],
) -> Result<(), CascadeError> {
    let unknown = |block| CascadeError::NoSlopes {
        block,
        institution: Some(subject.id),
    };
    let sale = subject
        .rule
        .sale_in_duals(subject.row, sheet, None)
        .ok_or_else(|| unknown("rule"))?;
    sell(cascade, subject, sale, sheet, strategy, units)?;
    if components.is_empty() || cascade.claims.settle_in_duals(subject.id, sheet, components) {
        Ok(())
    } else {
        Err(unknown("claims model"))
    }
}

fn sell(
    cascade: &Cascade<'_>,
    subject: Subject<'_>,
    sale: Sale<Dual>,
    sheet: &BalanceSheet<'_, Dual>,
    scratch: &mut StrategyScratch,
    units: &mut [Dual],
) -> Result<(), CascadeError> {
    for (units, &sold) in units.iter_mut().zip(subject.sold) {
        *units = sold.into();
    }
    if units.is_empty() || cascade.strategy.units_in_duals(sale, sheet, scratch, units) {
        Ok(())
    } else {
        Err(CascadeError::NoSlopes {
            block: "strategy",
            institution: Some(subject.id),
        })
    }
}

/// Whether what the institution sells or pays changes with its books before the shock, or with prices then.
pub(super) fn refers_to_the_past(
    cascade: &Cascade<'_>,
    subject: Subject<'_>,
    other_initial_prices: &[f64],
    scratch: &mut (Vec<f64>, Vec<f64>),
) -> bool {
    const OTHERWISE: f64 = 1.0 + 1e-6;
    let now = *subject.sheet;
    let mut other = now;
    other.equity_initial *= OTHERWISE;
    other.assets_initial *= 1.0 + 3e-6;
    other.initial_prices = other_initial_prices;
    let sale = |sheet: BalanceSheet<'_>| {
        let mut sale = [Sale::nothing()];
        subject.rule.sales_into(subject.row, &[sheet], &mut sale);
        sale[0].fraction(&sheet)
    };
    if sale(now) != sale(other) {
        return true;
    }
    let (first, second) = scratch;
    for (sheet, components) in [(now, &mut *first), (other, &mut *second)] {
        components.resize(cascade.components, 0.0);
        cascade
            .claims
            .settle_into(&[subject.id], &[sheet], &mut components[..]);
    }
    first != second
}
