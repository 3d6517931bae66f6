//! The deepest markets first.

use delever_core::{
    BalanceSheet, Continuity, Execution, Interval, Order, Profile, Real, Sale, SpecError, Strategy,
    StrategyScratch, StrategyShape,
};

/// What ranks assets by liquidity: `depth`, else `adv`, money.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Deserialize)]
pub(crate) struct Liquidity {
    depth: Option<f64>,
    adv: Option<f64>,
}

/// Sells in descending order of `depth` (else `adv`), ties by id, until the money that a pro-rata seller would
/// raise at trial prices is raised: `s_k = clip((money - sum_{l before k} q_l h_l) / q_k, 0, h_k)`.
///
/// Antitone in prices for rules that ask for money. For rules that ask for a fraction the money is fraction times
/// holdings, ordered in real numbers; with volume-weighted execution it is not, and the cascade is unordered.
#[derive(Clone, Debug)]
pub struct MostLiquidFirst {
    /// Place of each asset in the order of sale.
    rank: Vec<u32>,
}

impl MostLiquidFirst {
    /// Ranks assets by a measure of liquidity, the largest first, ties by id.
    pub fn by_liquidity(liquidity: &[f64]) -> Self {
        let mut order: Vec<usize> = (0..liquidity.len()).collect();
        order.sort_by(|&a, &b| liquidity[b].total_cmp(&liquidity[a]).then(a.cmp(&b)));
        let mut rank = vec![0; order.len()];
        for (place, &asset) in order.iter().enumerate() {
            rank[asset] = place as u32;
        }
        Self { rank }
    }

    pub(crate) fn from_shape(shape: &StrategyShape<'_>) -> Result<Self, Vec<SpecError>> {
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

    /// Calls `sell(place in the row, units)` in the order of sale.
    fn split<N: Real>(
        &self,
        sale: Sale<N>,
        sheet: &BalanceSheet<'_, N>,
        scratch: &mut StrategyScratch,
        mut sell: impl FnMut(usize, N),
    ) {
        let zero = N::from(0.0);
        let money = match sale {
            Sale::Money(money) => money,
            // A seller of everything sells everything, whatever rounding makes of the product.
            Sale::Fraction(fraction) => fraction.if_below(
                N::from(1.0),
                || fraction * sheet.marketable,
                || N::from(f64::INFINITY),
            ),
        };
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
            let price = N::from(sheet.prices[row.columns[place] as usize]);
            let value = price * N::from(held);
            let share = (money - raised).fraction_of(value);
            let part = (share * N::from(held)).at_most(held);
            sell(place, all.if_below(N::from(1.0), || part, || N::from(held)));
            raised = raised + value;
        }
    }
}

impl Strategy for MostLiquidFirst {
    fn units_into(
        &self,
        sale: Sale,
        sheet: &BalanceSheet<'_>,
        scratch: &mut StrategyScratch,
        units: &mut [f64],
    ) {
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
    }

    fn profile(&self, execution: Execution) -> Profile {
        let order = match execution {
            Execution::Terminal => Order::Antitone,
            Execution::Vwap => Order::Unordered,
        };
        Profile {
            order,
            continuity: Continuity::Both,
            bounded: true,
        }
    }
}
