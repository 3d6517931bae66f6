//! Derivatives in what goes into a cascade: shocks, holdings, depths, parameters.

use super::institution::{CASH, EQUITY_SHOCKED, OTHER_ASSETS};
use super::{Figure, InputSlopes, Linearization, transposed_product};
use crate::shock::Shock;
use delever_core::SparseRows;

impl Linearization<'_> {
    /// How the image moves with the shock, the state as it is: `dT / d shock`, along a direction whose components are rates.
    ///
    /// # Panics
    /// If the direction has other lengths than the system.
    pub fn image_along(&self, direction: &Shock) -> Vec<f64> {
        let system = self.cascade.system;
        let assets = self.prices.len();
        let prices: Vec<f64> = system
            .prices()
            .iter()
            .zip(&direction.prices)
            .map(|(price, change)| price * change)
            .collect();
        let moved: Vec<f64> = self
            .responses
            .iter()
            .map(|response| {
                let position = response.position as usize;
                let (cash, other) = self.amounts_along(position, direction);
                let holdings = self.cascade.holdings.row(position).product_sum(&prices);
                response.own[CASH] * cash
                    + response.own[OTHER_ASSETS] * other
                    + response.own[EQUITY_SHOCKED] * (cash + other + holdings)
            })
            .collect();
        let mut image = moved;
        for layer in &self.layers[1..] {
            image = (0..layer.row_count())
                .map(|row| layer.row(row).product_sum(&image))
                .collect();
        }
        for (image, (slope, change)) in image[..assets]
            .iter_mut()
            .zip(self.by_shocked.iter().zip(&prices))
        {
            *image += slope * change;
        }
        image
    }

    /// How each institution's equity moves, in id order, when the state moves and the shock does along a direction.
    ///
    /// # Panics
    /// If the state or the direction has another length than the system's.
    pub fn equity_along(&self, state: &[f64], direction: &Shock) -> Vec<f64> {
        let cascade = self.cascade;
        let moving = cascade.view(state);
        let mut equity = vec![0.0; self.equity.len()];
        for (position, &id) in cascade.order.iter().enumerate() {
            let (cash, other) = self.amounts_along(position, direction);
            let mut change = cash + other + cascade.holdings.row(position).product_sum(moving.prices);
            let entitled = cascade.entitlements();
            for rows in [Some(entitled), cascade.share_entitlements()]
                .into_iter()
                .flatten()
            {
                if cascade.components > 0 {
                    change += rows.row(position).product_sum(moving.claims);
                }
            }
            equity[id as usize] = change;
        }
        equity
    }

    /// What an institution's cash and other assets gain along a direction of the shock.
    fn amounts_along(&self, position: usize, direction: &Shock) -> (f64, f64) {
        let id = self.cascade.order[position] as usize;
        let before = &self.cascade.system.institutions()[id];
        (
            before.cash * direction.cash[id] + direction.outside_assets[id],
            before.other_assets * direction.other_assets[id],
        )
    }

    /// The figure at the state.
    pub fn value(&self, figure: &Figure) -> f64 {
        let sum =
            |weights: &[f64], values: &[f64]| weights.iter().zip(values).map(|(w, x)| w * x).sum::<f64>();
        let paid: Vec<f64> = (0..self.equity.len()).map(|n| self.payment(n)).collect();
        sum(&figure.equity, &self.equity) + sum(&figure.prices, &self.prices) + sum(&figure.payments, &paid)
    }

    /// What an institution pays to institutions.
    fn payment(&self, institution: usize) -> f64 {
        let own = institution * self.cascade.components..(institution + 1) * self.cascade.components;
        self.claim_weights[own.clone()]
            .iter()
            .zip(&self.claims[own])
            .map(|(weight, claim)| weight * claim)
            .sum()
    }

    /// The figure's derivative in the state.
    pub fn state_slopes(&self, figure: &Figure) -> Vec<f64> {
        let cascade = self.cascade;
        let assets = self.prices.len();
        let mut slopes = vec![0.0; self.dim()];
        slopes[..assets].copy_from_slice(&figure.prices);
        for (institution, &weight) in figure.payments.iter().enumerate() {
            let own = institution * cascade.components..(institution + 1) * cascade.components;
            for claim in own {
                slopes[assets + claim] += weight * self.claim_weights[claim];
            }
        }
        for (position, &id) in cascade.order.iter().enumerate() {
            let weight = figure.equity[id as usize];
            if weight == 0.0 {
                continue;
            }
            for (asset, units) in cascade.holdings.row(position).iter() {
                slopes[asset] += weight * units;
            }
            for rows in [Some(cascade.entitlements()), cascade.share_entitlements()]
                .into_iter()
                .flatten()
            {
                for (claim, value) in rows.row(position).iter() {
                    slopes[assets + claim] += weight * value;
                }
            }
        }
        slopes
    }

    /// Derivatives of the figure in all inputs, given the adjoint state `(I - J')^-1 state_slopes`.
    ///
    /// # Panics
    /// If the adjoint is not as long as the state.
    pub fn input_slopes(&self, figure: &Figure, adjoint: &[f64]) -> InputSlopes {
        let cascade = self.cascade;
        let system = cascade.system;
        let (count, assets) = (self.equity.len(), self.prices.len());
        let sold = transposed_product(&self.layers[2], adjoint);
        let weights = transposed_product(&self.layers[1], &sold);
        let mut slopes = InputSlopes {
            shocked_prices: (0..assets).map(|k| adjoint[k] * self.by_shocked[k]).collect(),
            cash: figure.equity.clone(),
            other_assets: figure.equity.clone(),
            holdings: None,
            depths: (0..assets)
                .map(|k| self.by_depth[k].map(|slope| if slope == 0.0 { 0.0 } else { adjoint[k] * slope }))
                .collect(),
            parameters: Vec::with_capacity(self.parameter_slopes.len()),
        };
        let mut by_shocked_equity = vec![0.0; count];
        for (response, weight) in self.responses.iter().zip(&weights) {
            let id = cascade.order[response.position as usize] as usize;
            slopes.cash[id] += weight * (response.own[CASH] + response.own[EQUITY_SHOCKED]);
            slopes.other_assets[id] += weight * (response.own[OTHER_ASSETS] + response.own[EQUITY_SHOCKED]);
            by_shocked_equity[response.position as usize] += weight * response.own[EQUITY_SHOCKED];
        }
        for (position, &by_equity) in by_shocked_equity.iter().enumerate() {
            for (asset, units) in cascade.holdings.row(position).iter() {
                slopes.shocked_prices[asset] += by_equity * units;
            }
        }
        for (by_response, known) in self.parameter_slopes.iter().zip(&self.parameter_known) {
            let mut sums = vec![0.0; count];
            for ((response, weight), slope) in self.responses.iter().zip(&weights).zip(by_response) {
                sums[cascade.order[response.position as usize] as usize] += weight * slope;
            }
            let known = sums
                .into_iter()
                .zip(known)
                .map(|(sum, &known)| known.then_some(sum));
            slopes.parameters.push(known.collect());
        }
        if !self.no_holding_slopes {
            slopes.holdings =
                Some(self.holding_slopes(figure, &sold, &weights, &by_shocked_equity, system.prices()));
        }
        slopes
    }

    fn holding_slopes(
        &self,
        figure: &Figure,
        sold: &[f64],
        weights: &[f64],
        by_shocked_equity: &[f64],
        initial: &[f64],
    ) -> SparseRows {
        let cascade = self.cascade;
        let mut slopes = cascade.system.holdings().clone();
        let assets = self.prices.len();
        let mut by_price = vec![0.0; assets];
        let mut next = 0;
        for (position, &id) in cascade.order.iter().enumerate() {
            let held = cascade.holdings.row(position);
            let first = next;
            while self
                .responses
                .get(next)
                .is_some_and(|r| r.position as usize == position)
            {
                for (column, slope) in self.layers[0].row(next).iter() {
                    if column < assets {
                        by_price[column] += weights[next] * slope;
                    }
                }
                next += 1;
            }
            let units_sold = &self.sold[cascade.holdings.entries_of(position)];
            let out = slopes.entries_of(id as usize);
            for ((out, (asset, units)), sold_units) in slopes.values_mut()[out]
                .iter_mut()
                .zip(held.iter())
                .zip(units_sold)
            {
                // The institution sees the money, so one unit more is a price higher by q / h.
                *out = self.prices[asset] * (figure.equity[id as usize] + by_price[asset] / units)
                    + initial[asset] * sold[asset] * (sold_units / units)
                    + self.shocked_prices[asset] * by_shocked_equity[position];
            }
            for response in first..next {
                for (column, _) in self.layers[0].row(response).iter() {
                    if column < assets {
                        by_price[column] = 0.0;
                    }
                }
            }
        }
        slopes
    }
}
