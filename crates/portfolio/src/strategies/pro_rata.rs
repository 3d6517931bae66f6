//! The same fraction of every holding.

use delever_core::{
    BalanceSheet, Continuity, Execution, Interval, Order, Profile, Sale, Strategy, StrategyScratch,
    error_free::{mul_down, mul_up},
};

/// Sells the same fraction of every holding: `s_k = G h_k`.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProRata;

impl Strategy for ProRata {
    fn units_into(&self, sale: Sale, sheet: &BalanceSheet<'_>, _: &mut StrategyScratch, units: &mut [f64]) {
        let fraction = sale.fraction(sheet);
        for (sold, &held) in units.iter_mut().zip(sheet.holdings.values) {
            *sold = fraction * held;
        }
    }

    fn unit_bounds_into(
        &self,
        sale: Sale<Interval>,
        sheet: &BalanceSheet<'_, Interval>,
        _: &mut StrategyScratch,
        low: &mut [f64],
        high: &mut [f64],
    ) {
        let fraction = sale.fraction(sheet);
        for (n, &held) in sheet.holdings.values.iter().enumerate() {
            low[n] = mul_down(fraction.low, held);
            high[n] = mul_up(fraction.high, held);
        }
    }

    fn profile(&self, _: Execution) -> Profile {
        Profile {
            order: Order::Antitone,
            continuity: Continuity::Both,
            bounded: true,
        }
    }
}
