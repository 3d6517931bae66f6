//! The cascade's map to first order: what every price and payment answers to small changes.
//!
//! At a state `x` the map `T` has the Jacobian `J = P S D`, three sparse factors whose product, which may be dense, is
//! never formed:
//!
//! * `D`, from the state to *responses*: how much an institution sells, and what its creditors get, as it sees prices and
//!   receipts change. An institution whose sales of all assets move in proportion has one response for them; one that
//!   sells nothing or everything, or pays in full, has none. So `D` is as large as the rows of those who respond.
//! * `S`, from responses to money sold of each asset and to claims.
//! * `P`, from money sold to prices; claims pass.
//!
//! The slopes come from [`Dual`](delever_core::Dual) numbers in the formulas of rules, strategies and claims, so nothing is
//! written twice and nothing is a difference. They are those of the branch on which the state stands: off kinks they are
//! derivatives, on a kink one-sided, and at a jump they say nothing of what lies behind it. [`Linearization::kinks`] says
//! how near each institution and asset is to another branch.
//!
//! Derivatives in holdings rest on a property of rules and strategies: they see holdings as money, so nothing changes if
//! an asset is split and its prices fall in proportion. With units `s_k` sold and `h_k` held this gives
//! `h_k ds/dh_k = q_k ds/dq_k`, plus `s_k` for the asset itself. Where a model refers to the books or prices before the
//! shock, which change with holdings too, there are none.
//!
//! Terminal execution only, and no contingent claims: average prices and swaps have no slopes here.

mod institution;

use crate::arithmetic::Nearest;
use crate::composition::{Cascade, CascadeError};
use crate::map::CascadeMap;
use crate::pass::{PassWork, inspect};
use crate::shock::Shock;
use delever_core::{Execution, SparseRows};
use institution::{
    CASH, DEBTS, EQUITY_SHOCKED, OTHER_ASSETS, OWN, SHARES, Slopes, Subject, refers_to_the_past,
};

/// How near a participant is to a kink or a jump of what it does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kink {
    /// Who or what is near it.
    pub of: Participant,
    /// Money, to first order and with all else as it is. For an institution: what it must gain or lose in cash, other assets,
    /// receipts, or in proportion over its holdings, whichever is least. For an asset: what more or less must be sold, or
    /// what all its holders must gain or lose in the shock to its price.
    pub distance: f64,
}

/// An institution or an asset, by id order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Participant {
    /// An institution.
    Institution(u32),
    /// An asset.
    Asset(u32),
}

/// A figure that is linear in the outcome: weights on equities, prices and payments to institutions.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// On each institution's equity, negative when insolvent.
    pub equity: Vec<f64>,
    /// On each asset's price.
    pub prices: Vec<f64>,
    /// On what each institution pays to institutions on debts and shares, money.
    pub payments: Vec<f64>,
}

impl Figure {
    /// All weights zero.
    pub fn nothing(cascade: &Cascade<'_>) -> Self {
        let count = cascade.system.institution_count();
        Self {
            equity: vec![0.0; count],
            prices: vec![0.0; cascade.system.asset_count()],
            payments: vec![0.0; count],
        }
    }
}

/// Derivatives of a figure in everything that goes into a cascade, in id order.
#[derive(Clone, Debug, PartialEq)]
pub struct InputSlopes {
    /// By each asset's price after the shock.
    pub shocked_prices: Vec<f64>,
    /// By each institution's cash after the shock.
    pub cash: Vec<f64>,
    /// By each institution's other assets after the shock.
    pub other_assets: Vec<f64>,
    /// By each holding, in the pattern of the system's; `None` where a model refers to the past.
    pub holdings: Option<SparseRows>,
    /// By each asset's depth; `None` where its price has no one depth.
    pub depths: Vec<Option<f64>>,
    /// By each parameter that was asked for, by institution; `None` where its rule has no such parameter.
    pub parameters: Vec<Vec<Option<f64>>>,
}

/// A response: how one institution's sales, or one component of its claims, move.
struct Response {
    position: u32,
    own: [f64; OWN],
}

/// A cascade's map to first order, at a state.
pub struct Linearization<'c> {
    cascade: &'c Cascade<'c>,
    shocked_prices: Vec<f64>,
    prices: Vec<f64>,
    claims: Vec<f64>,
    /// `D`, `S`, `P`.
    layers: [SparseRows; 3],
    responses: Vec<Response>,
    by_shocked: Vec<f64>,
    by_depth: Vec<Option<f64>>,
    /// By parameter and response.
    parameter_slopes: Vec<Vec<f64>>,
    /// By parameter and institution.
    parameter_known: Vec<Vec<bool>>,
    /// Units sold, by entry of the holdings in compiled order.
    sold: Vec<f64>,
    /// By id.
    equity: Vec<f64>,
    /// What creditors and shareholders inside get for one unit of each component.
    claim_weights: Vec<f64>,
    refers_to_the_past: bool,
    kinks: Vec<Kink>,
}

impl<'c> CascadeMap<'c> {
    /// The map to first order at a state, which should be a fixed point; derivatives in the named parameters of rules too.
    ///
    /// Errors: volume-weighted execution, contingent claims, a model without slopes, slopes that are infinite.
    pub fn linearize(&self, state: &[f64], parameters: &[&str]) -> Result<Linearization<'c>, CascadeError> {
        Linearization::at(self, state, parameters)
    }
}

impl<'c> Linearization<'c> {
    fn at(map: &CascadeMap<'c>, state: &[f64], parameters: &[&str]) -> Result<Self, CascadeError> {
        let (cascade, data) = (map.cascade, &map.data);
        if cascade.execution != Execution::Terminal {
            return Err(CascadeError::SlopesExecution);
        }
        if cascade.claims.has_contingent() {
            return Err(CascadeError::SlopesContingent);
        }
        let system = cascade.system;
        let (count, assets) = (system.institution_count(), system.asset_count());
        let view = cascade.view(state);
        let mut claim_weights = vec![0.0; view.claims.len()];
        let mut received = vec![false; view.claims.len()];
        let entitled = cascade.entitlements();
        let entitlements = [Some(entitled), cascade.share_entitlements()];
        for (_, column, value) in entitlements.iter().flatten().flat_map(|rows| rows.triplets()) {
            claim_weights[column as usize] += value;
            received[column as usize] |= value != 0.0;
        }
        let mut linear = Self {
            cascade,
            shocked_prices: data.market.shocked.clone(),
            prices: view.prices.to_vec(),
            claims: view.claims.to_vec(),
            layers: Default::default(),
            responses: Vec::new(),
            by_shocked: Vec::new(),
            by_depth: Vec::new(),
            parameter_slopes: vec![Vec::new(); parameters.len()],
            parameter_known: vec![vec![false; count]; parameters.len()],
            sold: vec![0.0; cascade.holdings.entry_count()],
            equity: vec![0.0; count],
            claim_weights,
            refers_to_the_past: false,
            kinks: Vec::new(),
        };
        let mut units = vec![0.0; assets];
        let mut buys = vec![false; assets];
        let mut near_kinks = Vec::with_capacity(count);
        let mut builder = Builder {
            linear: &mut linear,
            down: Vec::new(),
            out: Vec::new(),
        };
        let other_initial: Vec<f64> = data
            .market
            .initial
            .iter()
            .map(|price| price * (1.0 + 2e-6))
            .collect();
        let mut scratch = (Vec::new(), Vec::new());
        let mut slopes = Slopes::new(view.prices);
        let mut work = PassWork::<Nearest>::new(cascade);
        let mut block = 0;
        let mut failure = Ok(());
        inspect::<Nearest>(cascade, data, state, &mut work, |seen| {
            if failure.is_err() {
                return;
            }
            while !cascade.blocks[block].range.contains(&seen.position) {
                block += 1;
            }
            let subject = Subject {
                id: cascade.order[seen.position],
                rule: &*cascade.blocks[block].rule,
                row: seen.position - cascade.blocks[block].range.start,
                sheet: seen.sheet,
            };
            let entries = cascade.holdings.entries_of(seen.position);
            builder.linear.sold[entries].copy_from_slice(seen.units);
            for (&asset, &sold) in seen.sheet.holdings.columns.iter().zip(seen.units) {
                units[asset as usize] += sold;
                buys[asset as usize] |= sold < 0.0;
            }
            let id = subject.id as usize;
            builder.linear.equity[id] = seen.sheet.assets() - seen.sheet.liabilities;
            if !builder.linear.refers_to_the_past {
                builder.linear.refers_to_the_past =
                    refers_to_the_past(cascade, subject, &other_initial, &mut scratch);
            }
            failure = slopes.take(cascade, subject, parameters);
            if failure.is_ok() {
                let of_claims = slopes.claim_kinks.iter().enumerate();
                let of_claims = of_claims
                    .filter(|(n, _)| received[id * cascade.components + n])
                    .fold(f64::INFINITY, |least, (_, &kink)| least.min(kink));
                near_kinks.push((subject.id, seen.position, slopes.sale_kink, of_claims));
                builder.add(seen.position, seen.sheet.holdings.columns, &slopes);
            }
        });
        failure?;
        let Builder { down, out, .. } = builder;
        let money: Vec<f64> = units
            .iter()
            .zip(&data.market.initial)
            .map(|(units, price)| if *units > 0.0 { units * price } else { 0.0 })
            .collect();
        let price_slopes = |money: &[f64]| {
            let slopes = cascade.impact.price_slopes(data.market.view(), money);
            slopes.ok_or(CascadeError::NoSlopes {
                block: "impact model",
                institution: None,
            })
        };
        let market = price_slopes(&money)?;
        // Assets whose sales move a price, now or further on: a power law may be flat where nothing is sold.
        let mut held = vec![0.0; assets];
        for (_, asset, units) in system.holdings().triplets() {
            held[asset as usize] += units;
        }
        let half: Vec<f64> = held
            .iter()
            .zip(&data.market.initial)
            .map(|(units, price)| 0.5 * units * price)
            .collect();
        let mut priced = vec![false; assets];
        for (_, sold, slope) in market
            .by_sold
            .triplets()
            .chain(price_slopes(&half)?.by_sold.triplets())
        {
            priced[sold as usize] |= slope != 0.0;
        }
        let dim = state.len();
        let width = linear.responses.len();
        linear.layers[0] = SparseRows::from_triplets(width, dim, &down);
        linear.layers[1] = SparseRows::from_triplets(dim, width, &out);
        let mut last = Vec::with_capacity(market.by_sold.entry_count() + dim - assets);
        for (asset, sold, slope) in market.by_sold.triplets() {
            let seller = sold as usize;
            // More is bought than sold: the price stays at the shocked one.
            let stays = units[seller] < 0.0;
            if stays {
                continue;
            }
            if slope.is_finite() {
                last.push((asset, sold, slope));
            } else if moves(linear.layers[1].row(seller).values) {
                return Err(CascadeError::SteepAsset { asset: sold });
            }
        }
        last.extend((assets..dim).map(|claim| (claim as u32, claim as u32, 1.0)));
        linear.layers[2] = SparseRows::from_triplets(dim, dim, &last);
        for (id, position, of_sales, of_claims) in near_kinks {
            let held = cascade.holdings.row(position).columns;
            let matters = held.iter().any(|&asset| priced[asset as usize]);
            let distance = if matters {
                of_sales.min(of_claims)
            } else {
                of_claims
            };
            linear.kinks.push(Kink {
                of: Participant::Institution(id),
                distance,
            });
        }
        linear.kinks.sort_by_key(|kink| match kink.of {
            Participant::Institution(id) | Participant::Asset(id) => id,
        });
        for asset in (0..assets).filter(|&asset| held[asset] > 0.0) {
            let mut distance = market.kink[asset].min(market.shocked_kink[asset] * held[asset]);
            if buys[asset] && priced[asset] {
                distance = distance.min((units[asset] * data.market.initial[asset]).abs());
            }
            linear.kinks.push(Kink {
                of: Participant::Asset(asset as u32),
                distance,
            });
        }
        (linear.by_shocked, linear.by_depth) = (market.by_shocked, market.by_depth);
        Ok(linear)
    }

    /// Length of the state.
    pub fn dim(&self) -> usize {
        self.layers[0].column_count()
    }

    /// The sizes of the state's components: shocked prices, and 1 for claims; 1 also where a price is 0.
    pub fn sizes(&self) -> Vec<f64> {
        let prices = self
            .shocked_prices
            .iter()
            .map(|&price| if price > 0.0 { price } else { 1.0 });
        prices.chain(self.claims.iter().map(|_| 1.0)).collect()
    }

    /// The factors of `J`, the first to be applied first.
    pub fn layers(&self) -> [&SparseRows; 3] {
        [&self.layers[0], &self.layers[1], &self.layers[2]]
    }

    /// The factors with every entry replaced by its size, and whether their product is `J` itself: where all blocks keep
    /// their order it is, as a price that falls lets sales rise, which let prices fall.
    pub fn non_negative_layers(&self) -> ([SparseRows; 3], bool) {
        let mut layers = self.layers.clone();
        for values in layers.iter_mut().map(SparseRows::values_mut) {
            values.iter_mut().for_each(|value| *value = value.abs());
        }
        let assets = self.prices.len();
        let sells = |response: usize, sells: &[bool]| sells[response];
        let mut of_sales = vec![false; self.responses.len()];
        let mut same = true;
        for (row, response, slope) in self.layers[1].triplets() {
            of_sales[response as usize] |= (row as usize) < assets;
            same &= slope >= 0.0;
        }
        let signed = self.layers[0].triplets().all(|(response, _, slope)| {
            if sells(response as usize, &of_sales) {
                slope <= 0.0
            } else {
                slope >= 0.0
            }
        });
        same &= signed;
        same &= self.layers[2].triplets().all(|(row, _, slope)| {
            if (row as usize) < assets {
                slope <= 0.0
            } else {
                slope >= 0.0
            }
        });
        (layers, same)
    }

    /// Distances to kinks: all institutions in id order, then all assets that somebody holds. Infinite where no formula has
    /// another branch, or where it would change nothing that anybody has.
    pub fn kinks(&self) -> &[Kink] {
        &self.kinks
    }

    /// `J v`.
    ///
    /// # Panics
    /// If the vector is not as long as the state.
    pub fn product(&self, vector: &[f64]) -> Vec<f64> {
        let mut now = vector.to_vec();
        for layer in &self.layers {
            now = (0..layer.row_count())
                .map(|row| layer.row(row).product_sum(&now))
                .collect();
        }
        now
    }

    /// `J' v`.
    ///
    /// # Panics
    /// If the vector is not as long as the state.
    pub fn transposed_product(&self, vector: &[f64]) -> Vec<f64> {
        let sold = transposed_product(&self.layers[2], vector);
        let responses = transposed_product(&self.layers[1], &sold);
        transposed_product(&self.layers[0], &responses)
    }

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
        if !self.refers_to_the_past {
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

/// `M' v`.
fn transposed_product(matrix: &SparseRows, vector: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; matrix.column_count()];
    for (row, &weight) in vector.iter().enumerate() {
        if weight != 0.0 {
            for (column, value) in matrix.row(row).iter() {
                out[column] += weight * value;
            }
        }
    }
    out
}

/// Collects the responses of institutions.
struct Builder<'l, 'c> {
    linear: &'l mut Linearization<'c>,
    /// Entries of `D`.
    down: Vec<(u32, u32, f64)>,
    /// Entries of `S`.
    out: Vec<(u32, u32, f64)>,
}

impl Builder<'_, '_> {
    /// Adds what one institution does.
    fn add(&mut self, position: usize, held: &[u32], slopes: &Slopes) {
        let cascade = self.linear.cascade;
        let id = cascade.order[position] as usize;
        for (known, &of_rule) in self.linear.parameter_known.iter_mut().zip(&slopes.known) {
            known[id] = of_rule;
        }
        let initial = cascade.system.prices();
        if let Some((pivot, shares)) = proportional(held.len(), slopes) {
            let moving = shares.iter().any(|&share| share != 0.0);
            let response = if moving {
                self.respond(position, held, slopes.row(pivot))
            } else {
                0
            };
            for (place, &asset) in held.iter().enumerate() {
                if shares[place] != 0.0 {
                    let money = initial[asset as usize] * shares[place];
                    self.out.push((asset, response, money));
                }
            }
        } else {
            for (place, &asset) in held.iter().enumerate() {
                if moves(slopes.row(place)) {
                    let response = self.respond(position, held, slopes.row(place));
                    self.out.push((asset, response, initial[asset as usize]));
                }
            }
        }
        for component in 0..cascade.components {
            let row = slopes.row(held.len() + component);
            if moves(row) {
                let response = self.respond(position, held, row);
                let claim = initial.len() + id * cascade.components + component;
                self.out.push((claim as u32, response, 1.0));
            }
        }
    }

    /// One response with these slopes; returns its number.
    fn respond(&mut self, position: usize, held: &[u32], row: &[f64]) -> u32 {
        let linear = &mut *self.linear;
        let cascade = linear.cascade;
        let number = linear.responses.len() as u32;
        let mut own = [0.0; OWN];
        own.copy_from_slice(&row[..OWN]);
        let (by_price, by_parameter) = row[OWN..].split_at(held.len());
        for (&asset, &slope) in held.iter().zip(by_price) {
            if slope != 0.0 {
                self.down.push((number, asset, slope));
            }
        }
        let first = cascade.system.asset_count() as u32;
        let entitlements = [
            (own[DEBTS], Some(cascade.entitlements())),
            (own[SHARES], cascade.share_entitlements()),
        ];
        if cascade.components > 0 {
            for (slope, rows) in entitlements {
                if let Some(rows) = rows.filter(|_| slope != 0.0) {
                    for (claim, value) in rows.row(position).iter() {
                        self.down.push((number, first + claim as u32, slope * value));
                    }
                }
            }
        }
        for (slopes, &slope) in linear.parameter_slopes.iter_mut().zip(by_parameter) {
            slopes.push(slope);
        }
        linear.responses.push(Response {
            position: position as u32,
            own,
        });
        number
    }
}

fn moves(row: &[f64]) -> bool {
    row.iter().any(|&slope| slope != 0.0)
}

/// If the rows of all holdings are multiples of one of them: which, and the multiples. So it is where all holdings are sold
/// in one proportion, or one asset after the other.
fn proportional(holdings: usize, slopes: &Slopes) -> Option<(usize, Vec<f64>)> {
    /// Roundings of a row that is a multiple.
    const ROUNDING: f64 = 64.0 * f64::EPSILON;
    let steepest = |row: &[f64]| row.iter().fold(0.0_f64, |most, slope| most.max(slope.abs()));
    let size = |place: usize| steepest(slopes.row(place));
    let pivot = (0..holdings).max_by(|&a, &b| size(a).total_cmp(&size(b)))?;
    let row = slopes.row(pivot);
    let column = (0..row.len()).max_by(|&a, &b| row[a].abs().total_cmp(&row[b].abs()))?;
    if row[column] == 0.0 {
        return Some((pivot, vec![0.0; holdings]));
    }
    let shares: Vec<f64> = (0..holdings)
        .map(|place| slopes.row(place)[column] / row[column])
        .collect();
    let fits = shares.iter().enumerate().all(|(place, share)| {
        let own = slopes.row(place);
        own.iter().zip(row).all(|(own, pivot)| {
            let expected = share * pivot;
            (own - expected).abs() <= ROUNDING * expected.abs()
        })
    });
    fits.then_some((pivot, shares))
}
