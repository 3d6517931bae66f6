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

mod build;
mod inputs;
mod institution;

use crate::composition::{Cascade, CascadeError};
use crate::map::CascadeMap;
use delever_core::SparseRows;
use institution::OWN;

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
    /// By each holding, in the pattern of the system's; `None` where a model refers to the past, or to units.
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

/// A cascade's map to first order, at a state: `T(x + dx, theta + dtheta) = T(x, theta) + J dx + dT/dtheta dtheta`.
///
/// `J = P S D` is kept as three sparse factors: what institutions answer to prices and receipts, what of it is sold or paid,
/// what prices answer to sales. Vectors of the state are `[prices | claims]` in id order. Slopes are those of the formulas'
/// branches on which the state stands; [`Self::kinks`] says how near others are. What is done with it stands in
/// `delever_stress::sensitivity`.
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
    /// Whether a model refers to the past, or to units.
    no_holding_slopes: bool,
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

impl Linearization<'_> {
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
        for value in layers.iter_mut().flat_map(SparseRows::values_mut) {
            *value = value.abs();
        }
        let assets = self.prices.len();
        let mut of_sales = vec![false; self.responses.len()];
        let mut same = true;
        for (row, response, slope) in self.layers[1].triplets() {
            of_sales[response as usize] |= (row as usize) < assets;
            same &= slope >= 0.0;
        }
        let signed = self.layers[0].triplets().all(|(response, _, slope)| {
            if of_sales[response as usize] {
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
