//! Linear impact across assets: sales of one asset lower the prices of others too.

use delever_core::{
    Continuity, ImpactModel, ImpactSpec, Interval, Market, MarketShape, MarketSlopes, Order, Profile, Real,
    SparseRow, SparseRows, SpecError, TableShape,
};
use std::collections::HashSet;

/// `q_k = q0_k max(0, 1 - sum_l M_kl Q_l)`: linear impact with a matrix of cross-impacts, one over money.
///
/// Antitone, and certified, where no entry is negative; a negative entry (selling one asset raises the price of another)
/// makes the model unordered. Under volume-weighted execution all assets are taken to be sold in parallel at constant
/// rates; then an asset's average price is `q0_k` times the average of `max(0, 1 - t S_k)` over `t` from 0 to 1, `S_k` the
/// sum above. With a diagonal matrix of `1 / depth` it is [`crate::Linear`]. The linear form is that of Kyle (1985), for
/// several assets that of Caballe and Krishnan (1994).
///
/// ```
/// use delever_core::{ImpactModel, Market, SparseRows};
/// use delever_impact::CrossMatrix;
/// // Each unit of the second asset that is sold lowers the first by 0.1 %.
/// let impacts = SparseRows::from_triplets(2, 2, &[(0, 0, 0.002), (0, 1, 0.001), (1, 1, 0.004)]);
/// let mut prices = [0.0; 2];
/// CrossMatrix::new(impacts).prices_into(Market::new(&[1.0, 1.0], &[1.0, 0.5]), &[0.0, 125.0], &mut prices);
/// assert_eq!(prices, [0.875, 0.25]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct CrossMatrix {
    matrix: SparseRows,
    ordered: bool,
}

impl CrossMatrix {
    /// A model from `M`: rows are the assets whose price falls, columns those that are sold. Entries are finite.
    pub fn new(matrix: SparseRows) -> Self {
        let ordered = matrix.triplets().all(|(_, _, impact)| impact >= 0.0);
        Self { matrix, ordered }
    }

    /// The matrix.
    pub fn matrix(&self) -> &SparseRows {
        &self.matrix
    }
}

/// `sum_l M_kl Q_l`, left to right.
fn pressure<N: Real>(row: SparseRow<'_>, sold: impl Fn(usize) -> N) -> N {
    row.iter().fold(N::from(0.0), |sum, (seller, impact)| {
        sum + N::from(impact) * sold(seller)
    })
}

/// Sales that are given exactly.
fn given<N: Real>(sold: &[f64]) -> impl Fn(usize) -> N {
    |asset| N::from(sold[asset])
}

/// Sales between two bounds.
fn between(low: &[f64], high: &[f64]) -> impl Fn(usize) -> Interval {
    |asset| Interval::new(low[asset], high[asset])
}

fn price<N: Real>(shocked: f64, pressure: N) -> N {
    N::from(shocked) * (N::from(1.0) - pressure).at_least(0.0)
}

/// Average of `max(0, 1 - t S)` over `t` from 0 to 1.
fn average<N: Real>(shocked: f64, pressure: N) -> N {
    let part_way = || N::from(1.0) - N::from(0.5) * pressure;
    let to_zero = || N::from(0.5) / pressure;
    N::from(shocked) * pressure.if_below(N::from(1.0), part_way, to_zero)
}

impl ImpactModel for CrossMatrix {
    fn prices_into(&self, market: Market<'_>, sold: &[f64], prices: &mut [f64]) {
        for (asset, out) in prices.iter_mut().enumerate() {
            *out = price(
                market.shocked[asset],
                pressure(self.matrix.row(asset), given(sold)),
            );
        }
    }

    fn average_prices_into(&self, market: Market<'_>, sold: &[f64], prices: &mut [f64]) {
        for (asset, out) in prices.iter_mut().enumerate() {
            *out = average(
                market.shocked[asset],
                pressure(self.matrix.row(asset), given(sold)),
            );
        }
    }

    fn derivative_into(&self, market: Market<'_>, sold: &[f64], derivative: &mut [f64]) {
        for (asset, out) in derivative.iter_mut().enumerate() {
            let row = self.matrix.row(asset);
            let own = row
                .iter()
                .find(|&(seller, _)| seller == asset)
                .map_or(0.0, |(_, impact)| impact);
            let falls = pressure::<f64>(row, given(sold)) < 1.0;
            *out = if falls { -market.shocked[asset] * own } else { 0.0 };
        }
    }

    fn price_slopes(&self, market: Market<'_>, sold: &[f64]) -> Option<MarketSlopes> {
        let count = market.shocked.len();
        let mut slopes = MarketSlopes {
            by_sold: self.matrix.clone(),
            by_shocked: Vec::with_capacity(count),
            by_depth: vec![None; count],
            kink: Vec::with_capacity(count),
            shocked_kink: vec![f64::INFINITY; count],
        };
        for asset in 0..count {
            let row = self.matrix.row(asset);
            let pressure = pressure::<f64>(row, given(sold));
            let steepest = row
                .values
                .iter()
                .fold(0.0_f64, |most, impact| most.max(impact.abs()));
            slopes.by_shocked.push((1.0 - pressure).max(0.0));
            slopes.kink.push(if steepest == 0.0 {
                f64::INFINITY
            } else {
                (1.0 - pressure).abs() / steepest
            });
            let factor = if pressure < 1.0 {
                -market.shocked[asset]
            } else {
                0.0
            };
            let entries = self.matrix.entries_of(asset);
            for value in &mut slopes.by_sold.values_mut()[entries] {
                *value *= factor;
            }
        }
        Some(slopes)
    }

    fn price_bounds_into(&self, market: Market<'_>, sold: &[f64], low: &mut [f64], high: &mut [f64]) {
        for asset in 0..low.len() {
            let bounds: Interval = price(
                market.shocked[asset],
                pressure(self.matrix.row(asset), given(sold)),
            );
            (low[asset], high[asset]) = (bounds.low, bounds.high);
        }
    }

    fn average_price_bounds_into(&self, market: Market<'_>, sold: &[f64], low: &mut [f64], high: &mut [f64]) {
        for asset in 0..low.len() {
            let bounds: Interval = average(
                market.shocked[asset],
                pressure(self.matrix.row(asset), given(sold)),
            );
            (low[asset], high[asset]) = (bounds.low, bounds.high);
        }
    }

    fn price_enclosure_into(
        &self,
        market: Market<'_>,
        sold_low: &[f64],
        sold_high: &[f64],
        low: &mut [f64],
        high: &mut [f64],
    ) -> bool {
        for asset in 0..low.len() {
            let pressure = pressure(self.matrix.row(asset), between(sold_low, sold_high));
            let bounds = price(market.shocked[asset], pressure);
            (low[asset], high[asset]) = (bounds.low, bounds.high);
        }
        true
    }

    fn average_price_enclosure_into(
        &self,
        market: Market<'_>,
        sold_low: &[f64],
        sold_high: &[f64],
        low: &mut [f64],
        high: &mut [f64],
    ) -> bool {
        for asset in 0..low.len() {
            let pressure = pressure(self.matrix.row(asset), between(sold_low, sold_high));
            // The average falls as pressure rises.
            let at = |pressure: f64| average(market.shocked[asset], Interval::from(pressure));
            (low[asset], high[asset]) = (at(pressure.high).low, at(pressure.low).high);
        }
        true
    }

    fn profile(&self) -> Profile {
        Profile {
            order: if self.ordered {
                Order::Antitone
            } else {
                Order::Unordered
            },
            continuity: Continuity::Both,
            bounded: true,
        }
    }

    fn has_average_prices(&self) -> bool {
        true
    }

    fn has_derivative(&self) -> bool {
        true
    }
}

/// `cross-matrix` in scenario files: [`CrossMatrix`] from a table in long form.
///
/// The columns are `asset`, `seller` and `impact`: the price of `asset` falls by the fraction `impact` for each unit of
/// money of `seller` that is sold. Pairs that are not there are 0; a pair that is there twice is an error.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct CrossMatrixSpec {
    /// `matrix`: the file, in the folder of the tables.
    pub matrix: String,
}

impl ImpactSpec for CrossMatrixSpec {
    const KIND: &'static str = "cross-matrix";
    const TABLES: &'static [TableShape] = &[TableShape {
        parameter: "matrix",
        assets: &["asset", "seller"],
        texts: &[],
        numbers: &["impact"],
    }];
    type Model = CrossMatrix;

    fn build(self, market: &MarketShape<'_>) -> Result<CrossMatrix, Vec<SpecError>> {
        let table = market.table("matrix")?;
        let (assets, sellers, impacts) = (
            table.assets("asset"),
            table.assets("seller"),
            table.numbers("impact"),
        );
        let mut triplets = Vec::with_capacity(table.row_count());
        let mut seen = HashSet::with_capacity(table.row_count());
        let mut problems = Vec::new();
        for row in 0..table.row_count() {
            let (asset, seller, impact) = (assets[row], sellers[row], impacts[row]);
            if !impact.is_finite() {
                let problem = SpecError::out_of_range("impact", impact, "finite");
                problems.push(problem.at_row(row).in_table("matrix"));
            }
            if !seen.insert((asset, seller)) {
                let problem = SpecError::conflict("seller", "this pair of assets is there already");
                problems.push(problem.at_row(row).in_table("matrix"));
            }
            triplets.push((asset, seller, impact));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let count = market.market.initial.len();
        Ok(CrossMatrix::new(SparseRows::from_triplets(
            count, count, &triplets,
        )))
    }
}
