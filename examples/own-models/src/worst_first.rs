//! A strategy that sells losers first. Which asset has lost most depends on the prices, so the order is lost.

use delever_core::{BalanceSheet, Sale, Strategy, StrategyScratch};

/// Sells the assets that have fallen furthest since before the shock first, ties by id, until the money is raised.
#[derive(Clone, Copy, Debug, Default)]
pub struct WorstFirst;

impl Strategy for WorstFirst {
    fn units_into(
        &self,
        sale: Sale,
        sheet: &BalanceSheet<'_>,
        scratch: &mut StrategyScratch,
        units: &mut [f64],
    ) {
        let row = sheet.holdings;
        let kept = |place: u32| {
            let asset = row.columns[place as usize] as usize;
            sheet.prices[asset] / sheet.initial_prices[asset]
        };
        scratch.sequence.clear();
        scratch.sequence.extend(0..row.columns.len() as u32);
        scratch
            .sequence
            .sort_unstable_by(|&a, &b| kept(a).total_cmp(&kept(b)).then(a.cmp(&b)));
        let mut left = sale.fraction(sheet) * sheet.marketable;
        for &place in &scratch.sequence {
            let place = place as usize;
            let (held, price) = (row.values[place], sheet.prices[row.columns[place] as usize]);
            let value = held * price;
            units[place] = if left >= value {
                held
            } else {
                held * (left / value)
            };
            left = (left - value).max(0.0);
        }
    }
}
