//! Claims on institutions at the prices and in the books of one moment: a map of claims alone.

use super::desk::Desk;
use crate::arithmetic::Nearest;
use crate::map::CascadeMap;
use crate::pass::{StateView, TILE};
use crate::sheet::{self, Entitled};
use delever_core::BalanceSheet;
use delever_solver::{FixedPointMap, MapShape};

/// What everyone's debts and shares are worth, given prices and books: to be solved from the healthy side.
pub(super) struct ClaimsAtPrices<'c> {
    pub map: &'c CascadeMap<'c>,
    pub desks: &'c [Desk],
    pub prices: &'c [f64],
}

impl FixedPointMap for ClaimsAtPrices<'_> {
    type Work = Vec<f64>;

    fn dim(&self) -> usize {
        self.map.dim() - self.prices.len()
    }

    fn workspace(&self) -> Vec<f64> {
        vec![0.0; TILE * self.map.cascade.components]
    }

    fn bounds_into(&self, bottom: &mut [f64], top: &mut [f64]) {
        let claims = &self.map.cascade.claims;
        bottom.fill(0.0);
        claims.range_into(&self.map.data.equity_bounds, bottom, top);
    }

    fn apply(&self, x: &[f64], out: &mut [f64], work: &mut Vec<f64>) {
        let (cascade, data) = (self.map.cascade, &self.map.data);
        let state = StateView {
            prices: self.prices,
            averages: self.prices,
            claims: x,
        };
        let entitled = Entitled::of(cascade);
        let mut sheets = [BalanceSheet::empty(); TILE];
        for desk in self.desks {
            for first in desk.positions().step_by(TILE) {
                let tile = first..(first + TILE).min(desk.positions().end);
                let sheets = &mut sheets[..tile.len()];
                for (sheet, position) in sheets.iter_mut().zip(tile.clone()) {
                    let account = desk.account(cascade, data, position);
                    sheet::fill::<Nearest>(cascade, entitled, state, position, account, sheet);
                }
                let ids = &cascade.order[tile];
                let components = &mut work[..ids.len() * cascade.components];
                cascade.claims.settle_into(ids, sheets, components);
                for (&id, settled) in ids.iter().zip(components.chunks(cascade.components)) {
                    out[id as usize * cascade.components..][..settled.len()].copy_from_slice(settled);
                }
            }
        }
    }

    /// Without bounds: rounds claim nothing.
    fn shape(&self) -> MapShape {
        MapShape {
            isotone: self.map.cascade.claims_ordered,
            bounded: false,
            from_below: false,
        }
    }
}
