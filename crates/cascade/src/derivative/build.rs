//! From a map and a state to the factors of its Jacobian.

use super::institution::{DEBTS, OWN, SHARES, Slopes, Subject, refers_to_the_past};
use super::{Kink, Linearization, Participant, Response};
use crate::arithmetic::Nearest;
use crate::composition::CascadeError;
use crate::map::CascadeMap;
use crate::pass::{PassWork, inspect};
use delever_core::{Execution, SparseRows};

impl<'c> Linearization<'c> {
    pub(super) fn at(map: &CascadeMap<'c>, state: &[f64], parameters: &[&str]) -> Result<Self, CascadeError> {
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
            no_holding_slopes: !cascade.strategy.holdings_are_money(),
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
                sold: seen.units,
            };
            let entries = cascade.holdings.entries_of(seen.position);
            builder.linear.sold[entries].copy_from_slice(seen.units);
            for (&asset, &sold) in seen.sheet.holdings.columns.iter().zip(seen.units) {
                units[asset as usize] += sold;
                buys[asset as usize] |= sold < 0.0;
            }
            let id = subject.id as usize;
            builder.linear.equity[id] = seen.sheet.assets() - seen.sheet.liabilities;
            if !builder.linear.no_holding_slopes {
                builder.linear.no_holding_slopes =
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
