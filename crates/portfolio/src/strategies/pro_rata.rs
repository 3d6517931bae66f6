//! The same fraction of every holding.

use delever_core::{
    BalanceSheet, Continuity, Dual, Execution, Interval, Jet, Order, Profile, Sale, Strategy, StrategyScratch,
};

/// `fraction * held`, moved by a unit in the last place unless the fraction is 0, 1 or -1.
#[inline]
fn bound(fraction: f64, held: &[f64], units: &mut [f64], ulps: i64) {
    if fraction == 1.0 || fraction == 0.0 || fraction == -1.0 {
        for (sold, &held) in units.iter_mut().zip(held) {
            *sold = fraction * held;
        }
    } else if fraction < 0.0 {
        for (sold, &held) in units.iter_mut().zip(held) {
            let product = fraction * held;
            let moved = f64::from_bits(product.to_bits().wrapping_add_signed(-ulps));
            *sold = if product < 0.0 { moved } else { 0.0 };
        }
    } else {
        // Products of positive numbers far from the ends of the range: neighbours differ by one in their bits.
        for (sold, &held) in units.iter_mut().zip(held) {
            let product = fraction * held;
            let moved = f64::from_bits(product.to_bits().wrapping_add_signed(ulps));
            *sold = if product > 0.0 { moved } else { 0.0 };
        }
    }
}

/// Sells the same fraction of every holding: `s_k = G h_k`. A rule that buys has a negative `G`.
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
        bound(fraction.low, sheet.holdings.values, low, -1);
        bound(fraction.high, sheet.holdings.values, high, 1);
    }

    fn sells_pro_rata(&self) -> bool {
        true
    }

    fn unit_jets_into(
        &self,
        sale: Sale<Jet>,
        sheet: &BalanceSheet<'_, Jet>,
        _: &mut StrategyScratch,
        units: &mut [Jet],
    ) -> bool {
        let fraction = sale.fraction(sheet);
        for (sold, &held) in units.iter_mut().zip(sheet.holdings.values) {
            *sold = fraction * Jet::from(held);
        }
        true
    }

    fn units_in_duals(
        &self,
        sale: Sale<Dual>,
        sheet: &BalanceSheet<'_, Dual>,
        _: &mut StrategyScratch,
        units: &mut [Dual],
    ) -> bool {
        let fraction = sale.fraction(sheet);
        for (sold, &held) in units.iter_mut().zip(sheet.holdings.values) {
            *sold = fraction * Dual::from(held);
        }
        true
    }

    fn encloses(&self) -> bool {
        true
    }

    fn profile(&self, _: Execution) -> Profile {
        Profile {
            order: Order::Antitone,
            continuity: Continuity::Both,
            bounded: true,
        }
    }
}
