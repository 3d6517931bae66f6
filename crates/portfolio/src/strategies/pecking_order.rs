//! One asset after the other: the deepest markets first, or in an order of one's own.

use super::{ProRata, bound_purchases, money, sequential};
use delever_core::{
    BalanceSheet, Dual, Execution, Interval, Jet, Profile, Real, Sale, SpecError, Strategy, StrategyScratch,
    StrategyShape,
};
use std::cmp::Ordering;

/// What ranks assets by liquidity: `depth`, else `adv`, money.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Deserialize)]
pub(crate) struct Liquidity {
    depth: Option<f64>,
    adv: Option<f64>,
}

/// What ranks assets by priority.
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize)]
pub(crate) struct Priority {
    /// `sale_priority`: any number, the lowest is sold first.
    sale_priority: f64,
}

/// Sells one asset after the other until the money that a pro-rata seller would raise at trial prices is raised:
/// `s_k = clip((money - sum_{l before k} q_l h_l) / q_k, 0, h_k)`. A rule that buys buys pro rata.
///
/// `most-liquid-first` ranks assets by `depth` (else `adv`), the largest first; `by-priority` by the column
/// `sale_priority`, the lowest first. Ties by id.
///
/// Antitone in prices for rules that ask for money. For rules that ask for a fraction the money is fraction times
/// holdings: ordered in real numbers for capital ratios, haircuts and sales on default, not for a fund's redemptions,
/// which say so. With volume-weighted execution the cascade is unordered.
///
/// ```
/// use delever_core::{BalanceSheet, Sale, SparseRow, Strategy, StrategyScratch};
/// use delever_portfolio::strategies::PeckingOrder;
/// let mut sheet = BalanceSheet::empty();
/// sheet.holdings = SparseRow { columns: &[0, 1, 2], values: &[10.0, 10.0, 10.0] };
/// (sheet.prices, sheet.marketable) = (&[1.0, 2.0, 1.0], 40.0);
/// let mut units = [0.0; 3];
/// let order = PeckingOrder::by_priority(&[2.0, 0.5, 2.0]);
/// order.units_into(Sale::Money(25.0), &sheet, &mut StrategyScratch::default(), &mut units);
/// assert_eq!(units, [5.0, 10.0, 0.0]);
/// ```
#[derive(Clone, Debug)]
pub struct PeckingOrder {
    /// Place of each asset in the order of sale.
    rank: Vec<u32>,
}

impl PeckingOrder {
    /// Ranks assets by a measure of liquidity, the largest first, ties by id.
    pub fn by_liquidity(liquidity: &[f64]) -> Self {
        Self::sorted(liquidity.len(), |a, b| liquidity[b].total_cmp(&liquidity[a]))
    }

    /// Ranks assets by a priority, the lowest first, ties by id.
    pub fn by_priority(priority: &[f64]) -> Self {
        Self::sorted(priority.len(), |a, b| priority[a].total_cmp(&priority[b]))
    }

    fn sorted(count: usize, compare: impl Fn(usize, usize) -> Ordering) -> Self {
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by(|&a, &b| compare(a, b).then(a.cmp(&b)));
        let mut rank = vec![0; order.len()];
        for (place, &asset) in order.iter().enumerate() {
            rank[asset] = place as u32;
        }
        Self { rank }
    }

    pub(crate) fn most_liquid_first(shape: &StrategyShape<'_>) -> Result<Self, Vec<SpecError>> {
        let rows: Vec<Liquidity> = shape.assets.rows(shape.impact, &[])?;
        let mut problems = Vec::new();
        let mut liquidity = Vec::with_capacity(rows.len());
        for (asset, row) in rows.iter().enumerate() {
            match row.depth.or(row.adv) {
                Some(value) if value > 0.0 => liquidity.push(value),
                Some(value) => problems.push(
                    SpecError::out_of_range("depth", value, "above 0 to rank assets by liquidity")
                        .at_row(asset)
                        .of_asset(),
                ),
                None => problems.push(SpecError::missing("depth").at_row(asset).of_asset()),
            }
        }
        if problems.is_empty() {
            Ok(Self::by_liquidity(&liquidity))
        } else {
            Err(problems)
        }
    }

    pub(crate) fn priorities_first(shape: &StrategyShape<'_>) -> Result<Self, Vec<SpecError>> {
        let rows: Vec<Priority> = shape.assets.rows(shape.impact, &[])?;
        // A priority of -0 is a priority of 0.
        let priorities: Vec<f64> = rows.iter().map(|row| row.sale_priority + 0.0).collect();
        Ok(Self::by_priority(&priorities))
    }

    /// Calls `sell(place in the row, units)` in the order of sale.
    fn split<N: Real>(
        &self,
        sale: Sale<N>,
        sheet: &BalanceSheet<'_, N>,
        scratch: &mut StrategyScratch,
        mut sell: impl FnMut(usize, N),
    ) {
        let zero = N::from(0.0);
        let money = money(sale, sheet);
        let all = money.fraction_of(sheet.marketable);
        let row = sheet.holdings;
        scratch.sequence.clear();
        scratch.sequence.extend(0..row.columns.len() as u32);
        scratch
            .sequence
            .sort_unstable_by_key(|&place| self.rank[row.columns[place as usize] as usize]);
        let mut raised = zero;
        for &place in &scratch.sequence {
            let place = place as usize;
            let held = row.values[place];
            let price = sheet.price(row.columns[place] as usize);
            let value = price * N::from(held);
            let share = (money - raised).fraction_of(value);
            let part = (share * N::from(held)).at_most(held);
            sell(place, all.if_below(N::from(1.0), || part, || N::from(held)));
            raised = raised + value;
        }
    }
}

impl Strategy for PeckingOrder {
    fn units_into(
        &self,
        sale: Sale,
        sheet: &BalanceSheet<'_>,
        scratch: &mut StrategyScratch,
        units: &mut [f64],
    ) {
        let (Sale::Money(asked) | Sale::Fraction(asked)) = sale;
        if asked < 0.0 {
            return ProRata.units_into(sale, sheet, scratch, units);
        }
        self.split(sale, sheet, scratch, |place, sold| units[place] = sold);
    }

    fn unit_bounds_into(
        &self,
        sale: Sale<Interval>,
        sheet: &BalanceSheet<'_, Interval>,
        scratch: &mut StrategyScratch,
        low: &mut [f64],
        high: &mut [f64],
    ) {
        self.split(sale, sheet, scratch, |place, sold| {
            (low[place], high[place]) = (sold.low, sold.high);
        });
        bound_purchases(sale, sheet, low, high);
    }

    fn unit_jets_into(
        &self,
        sale: Sale<Jet>,
        sheet: &BalanceSheet<'_, Jet>,
        scratch: &mut StrategyScratch,
        units: &mut [Jet],
    ) -> bool {
        let (Sale::Money(asked) | Sale::Fraction(asked)) = sale;
        if asked.value.outward().low < 0.0 {
            return false;
        }
        self.split(sale, sheet, scratch, |place, sold| units[place] = sold);
        true
    }

    fn units_in_duals(
        &self,
        sale: Sale<Dual>,
        sheet: &BalanceSheet<'_, Dual>,
        scratch: &mut StrategyScratch,
        units: &mut [Dual],
    ) -> bool {
        let (Sale::Money(asked) | Sale::Fraction(asked)) = sale;
        if asked.value < 0.0 {
            return ProRata.units_in_duals(sale, sheet, scratch, units);
        }
        self.split(sale, sheet, scratch, |place, sold| units[place] = sold);
        true
    }

    fn encloses(&self) -> bool {
        true
    }

    fn profile(&self, execution: Execution) -> Profile {
        sequential(execution)
    }

    fn raises_money(&self) -> bool {
        true
    }
}
