//! Price impact: how far sales push prices. Kernel for authors, model for the engine, spec for scenario files.

use crate::{
    Ball, BallJet, Continuity, Dual, FineInterval, ImpactInLanes, InLanes, Interval, Jet, LANES, Order, Pack,
    PackedWork, ParameterTable, Parameters, Plain, Profile, Real, Single, SparseRows, SpecError, SpecTable,
    SpecTables, TableShape, vectorized,
};
use serde::de::DeserializeOwned;

/// The two prices of an asset that an impact model may refer to, in money per unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quote {
    /// Price before the shock: `Q` counts sold units at this price.
    pub initial: f64,
    /// Price after the shock and before any sale.
    pub shocked: f64,
}

/// All assets' quotes, as slices in asset order.
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub struct Market<'a> {
    /// Prices before the shock.
    pub initial: &'a [f64],
    /// Prices after the shock and before any sale.
    pub shocked: &'a [f64],
}

impl<'a> Market<'a> {
    /// A market of assets with these prices before and after the shock.
    pub fn new(initial: &'a [f64], shocked: &'a [f64]) -> Self {
        Self { initial, shocked }
    }

    /// The quote of one asset.
    #[inline]
    pub fn quote(&self, asset: usize) -> Quote {
        Quote {
            initial: self.initial[asset],
            shocked: self.shocked[asset],
        }
    }
}

/// How the price of one asset answers a small change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PriceSlopes {
    /// `d price / d sold`: price for one unit of money sold at the initial price.
    pub by_sold: f64,
    /// `d price / d shocked price`, what is sold as it is; of the side below where the model has a kink at the price itself.
    pub by_shocked: f64,
    /// `d price / d depth`; `None` where the model has no one depth that sales are measured against.
    pub by_depth: Option<f64>,
    /// How much more or less must be sold, money, until the price follows another formula.
    pub kink: f64,
    /// How much higher or lower the shocked price must be until it does.
    pub shocked_kink: f64,
}

/// How the prices of all assets answer small changes: [`PriceSlopes`] side by side, in asset order.
#[derive(Clone, Debug, PartialEq)]
pub struct MarketSlopes {
    /// Row = asset whose price moves, column = asset that is sold.
    pub by_sold: SparseRows,
    /// By the asset's own price after the shock.
    pub by_shocked: Vec<f64>,
    /// By the asset's own depth.
    pub by_depth: Vec<Option<f64>>,
    /// Distance to the next kink, money sold of the asset.
    pub kink: Vec<f64>,
    /// Distance to the next kink, shocked price of the asset.
    pub shocked_kink: Vec<f64>,
}

/// A price-impact model for one asset at a time: what a model author writes.
///
/// `sold` is `Q`, money at the initial price: initial price times cumulative units sold.
pub trait ImpactKernel: Send + Sync {
    /// The parameters of one asset. Field names are the columns of the assets table and the keys of `[impact]`.
    type Row: DeserializeOwned + Send + Sync;

    /// Price multiplier in `[0, 1]` after sales of `sold`.
    fn survival(&self, sold: f64, row: &Self::Row) -> f64;

    /// The multiplier in any arithmetic, where the price is the shocked one times it: [`crate::Ball`]s for many scenarios side
    /// by side. `None` where the model has a formula for doubles only, or another price.
    fn survival_in<N: Real>(&self, _sold: N, _row: &Self::Row) -> Option<N> {
        None
    }

    /// Price after sales of `sold`, money per unit. Default: `shocked * survival`.
    #[inline]
    fn price(&self, quote: Quote, sold: f64, row: &Self::Row) -> f64 {
        quote.shocked * self.survival(sold, row)
    }

    /// The price in any arithmetic. Default: the shocked one times [`Self::survival_in`].
    fn price_in<N: Real>(&self, quote: Quote, sold: N, row: &Self::Row) -> Option<N> {
        Some(N::from(quote.shocked) * self.survival_in(sold, row)?)
    }

    /// `(1 / Q) * integral of the price from 0 to Q`, which sellers get under volume-weighted execution.
    fn average_price(&self, _quote: Quote, _sold: f64, _row: &Self::Row) -> Option<f64> {
        None
    }

    /// `d price / d sold`.
    fn derivative(&self, _quote: Quote, _sold: f64, _row: &Self::Row) -> Option<f64> {
        None
    }

    /// The depth, money, where the price depends on sales only through `sold / depth`.
    fn depth(&self, _row: &Self::Row) -> Option<f64> {
        None
    }

    /// How the price answers small changes, for gradients; `None`: not known. Default: from [`Self::survival_in`] dual
    /// numbers and [`Self::depth`], where the price is the shocked one times the multiplier.
    fn price_slopes(&self, quote: Quote, sold: f64, row: &Self::Row) -> Option<PriceSlopes> {
        let survival = self.survival_in(Dual::variable(sold, 0), row)?;
        let by_sold = if quote.shocked == 0.0 {
            0.0
        } else {
            quote.shocked * survival.slopes[0]
        };
        Some(PriceSlopes {
            by_sold,
            by_shocked: survival.value,
            by_depth: self.depth(row).map(|depth| slope_by_depth(depth, sold, by_sold)),
            kink: survival.kink,
            shocked_kink: f64::INFINITY,
        })
    }

    /// Whether more sales never raise the price. May depend on the parameters.
    fn order(&self, _row: &Self::Row) -> Order {
        Order::Unordered
    }

    /// Whether prices follow limits of sales. From above: the price after sales of exactly a threshold is the one before it.
    fn continuity(&self, _row: &Self::Row) -> Continuity {
        Continuity::Both
    }

    /// Whether average prices may be claimed to be ordered too: never below the price after sales.
    ///
    /// Where they may not, a cascade with volume-weighted execution carries no certificate.
    fn average_is_ordered(&self) -> bool {
        true
    }

    /// Largest error of [`Self::survival`] in units in the last place of its result; `None`: no certificate.
    fn error_ulps(&self) -> Option<u32> {
        None
    }

    /// Bounds of the exact price at exactly `sold`. Default: from [`Self::error_ulps`].
    fn price_bounds(&self, quote: Quote, sold: f64, row: &Self::Row) -> Option<Interval> {
        let survival = Interval::around(self.survival(sold, row), self.error_ulps()?);
        Some(Interval::from(quote.shocked) * crate::Real::at_least(survival, 0.0))
    }

    /// Bounds of the exact average price at exactly `sold`.
    fn average_price_bounds(&self, _quote: Quote, _sold: f64, _row: &Self::Row) -> Option<Interval> {
        None
    }

    /// Whether [`Self::average_price`] is defined; [`PerAsset`] refuses volume-weighted execution otherwise.
    fn has_average_price(&self) -> bool {
        false
    }

    /// Whether [`Self::derivative`] is defined.
    fn has_derivative(&self) -> bool {
        false
    }

    /// Checks one asset's parameters. Report the parameter's name, what is wrong and what would be right.
    fn check(&self, _quote: Quote, _row: &Self::Row) -> Result<(), SpecError> {
        Ok(())
    }
}

/// What a price that depends on `sold / depth` gains with depth: `-(sold / depth) d price / d sold`.
///
/// Zero where nothing is sold, however steep the price falls there, and without impact.
pub fn slope_by_depth(depth: f64, sold: f64, by_sold: f64) -> f64 {
    if sold == 0.0 || depth.is_infinite() {
        0.0
    } else {
        -(sold / depth) * by_sold
    }
}

/// A price-impact model for all assets at once: what the engine calls, once an iteration.
///
/// All slices are in asset order and of one length; `sold` is money at the initial price.
pub trait ImpactModel: Send + Sync {
    /// Prices after sales.
    fn prices_into(&self, market: Market<'_>, sold: &[f64], prices: &mut [f64]);

    /// Average execution prices over the path of sales. Called only where [`Self::has_average_prices`].
    fn average_prices_into(&self, _market: Market<'_>, _sold: &[f64], _prices: &mut [f64]) {}

    /// `d price_k / d sold_k`. Called only where [`Self::has_derivative`].
    fn derivative_into(&self, _market: Market<'_>, _sold: &[f64], _derivative: &mut [f64]) {}

    /// How prices answer small changes, for gradients; `None`: not known.
    fn price_slopes(&self, _market: Market<'_>, _sold: &[f64]) -> Option<MarketSlopes> {
        None
    }

    /// Bounds of exact prices at exactly `sold`. Called only where the profile says `bounded`.
    fn price_bounds_into(&self, _market: Market<'_>, _sold: &[f64], _low: &mut [f64], _high: &mut [f64]) {}

    /// Bounds of exact average prices at exactly `sold`. Called only where the profile says `bounded`.
    fn average_price_bounds_into(
        &self,
        _market: Market<'_>,
        _sold: &[f64],
        _low: &mut [f64],
        _high: &mut [f64],
    ) {
    }

    /// Prices and their slopes in one input of which sales are functions, while that input runs through a range; likewise average
    /// prices where `averages` is not empty. `false`: unknown.
    fn price_jets_into(
        &self,
        _market: Market<'_>,
        _sold: &[Jet],
        _prices: &mut [Jet],
        _averages: &mut [Jet],
    ) -> bool {
        false
    }

    /// Bounds of exact prices over all sales from `sold_low` to `sold_high`; `false`: the model knows none.
    ///
    /// Asked for only to enclose all equilibria of a system that is not ordered, and only where prices are not antitone with bounds:
    /// those at either end serve otherwise. Unlike there, prices may exceed the shocked ones.
    fn price_enclosure_into(
        &self,
        _market: Market<'_>,
        _sold_low: &[f64],
        _sold_high: &[f64],
        _low: &mut [f64],
        _high: &mut [f64],
    ) -> bool {
        false
    }

    /// Whether each price depends on sales of its own asset only.
    fn is_by_asset(&self) -> bool {
        false
    }

    /// The same for average prices.
    fn average_price_enclosure_into(
        &self,
        _market: Market<'_>,
        _sold_low: &[f64],
        _sold_high: &[f64],
        _low: &mut [f64],
        _high: &mut [f64],
    ) -> bool {
        false
    }

    /// Order, continuity, and whether rounding is bounded.
    fn profile(&self) -> Profile {
        Profile::default()
    }

    /// The profile where sellers are paid average prices.
    fn profile_at_average(&self) -> Profile {
        self.profile()
    }

    /// Whether the model knows average execution prices.
    fn has_average_prices(&self) -> bool {
        false
    }

    /// Whether the model knows its derivative.
    fn has_derivative(&self) -> bool {
        false
    }

    /// The model in lanes, if it has that form.
    fn in_lanes(&self) -> Option<&dyn ImpactInLanes> {
        None
    }
}

macro_rules! forward_impact {
    ($($pointer:ty),*) => {$(
        impl<M: ImpactModel + ?Sized> ImpactModel for $pointer {
            fn prices_into(&self, market: Market<'_>, sold: &[f64], prices: &mut [f64]) {
                (**self).prices_into(market, sold, prices);
            }
            fn average_prices_into(&self, market: Market<'_>, sold: &[f64], prices: &mut [f64]) {
                (**self).average_prices_into(market, sold, prices);
            }
            fn derivative_into(&self, market: Market<'_>, sold: &[f64], derivative: &mut [f64]) {
                (**self).derivative_into(market, sold, derivative);
            }
            fn price_slopes(&self, market: Market<'_>, sold: &[f64]) -> Option<MarketSlopes> {
                (**self).price_slopes(market, sold)
            }
            fn price_bounds_into(&self, market: Market<'_>, sold: &[f64], low: &mut [f64], high: &mut [f64]) {
                (**self).price_bounds_into(market, sold, low, high);
            }
            fn average_price_bounds_into(&self, market: Market<'_>, sold: &[f64], low: &mut [f64], high: &mut [f64]) {
                (**self).average_price_bounds_into(market, sold, low, high);
            }
            fn price_jets_into(
                &self,
                market: Market<'_>,
                sold: &[Jet],
                prices: &mut [Jet],
                averages: &mut [Jet],
            ) -> bool {
                (**self).price_jets_into(market, sold, prices, averages)
            }
            fn is_by_asset(&self) -> bool {
                (**self).is_by_asset()
            }
            fn price_enclosure_into(
                &self,
                market: Market<'_>,
                sold_low: &[f64],
                sold_high: &[f64],
                low: &mut [f64],
                high: &mut [f64],
            ) -> bool {
                (**self).price_enclosure_into(market, sold_low, sold_high, low, high)
            }
            fn average_price_enclosure_into(
                &self,
                market: Market<'_>,
                sold_low: &[f64],
                sold_high: &[f64],
                low: &mut [f64],
                high: &mut [f64],
            ) -> bool {
                (**self).average_price_enclosure_into(market, sold_low, sold_high, low, high)
            }
            fn profile(&self) -> Profile {
                (**self).profile()
            }
            fn profile_at_average(&self) -> Profile {
                (**self).profile_at_average()
            }
            fn has_average_prices(&self) -> bool {
                (**self).has_average_prices()
            }
            fn has_derivative(&self) -> bool {
                (**self).has_derivative()
            }
            fn in_lanes(&self) -> Option<&dyn ImpactInLanes> {
                (**self).in_lanes()
            }
        }
    )*};
}
forward_impact!(&M, Box<M>, std::sync::Arc<M>);

/// The average price `v = (1 / Q) * integral of the price` from bounds at given sales: its slope in `Q` is `(price - v) / Q`.
fn average_jet(sold: Jet, price: Jet, bounds: impl Fn(f64) -> Option<Interval>) -> Option<Jet> {
    let range = sold.value.outward();
    let average = Interval {
        low: bounds(range.high)?.low,
        high: bounds(range.low.max(0.0))?.high,
    };
    let slope = (price.value.outward() - average) / range;
    // An average over falling prices falls.
    let slope = Interval {
        low: slope.low.min(0.0),
        high: slope.high.min(0.0),
    };
    let still = Interval::from(0.0);
    Some(Jet {
        value: FineInterval::from(average),
        slope: if sold.slope == still {
            still
        } else {
            slope * sold.slope
        },
    })
}

/// Lifts an [`ImpactKernel`] to an [`ImpactModel`]: one kernel, one row of parameters for each asset.
#[derive(Clone, Debug)]
pub struct PerAsset<K: ImpactKernel> {
    kernel: K,
    rows: Vec<K::Row>,
}

impl<K: ImpactKernel> PerAsset<K> {
    /// A model with the parameters of each asset, in asset order.
    pub fn new(kernel: K, rows: Vec<K::Row>) -> Self {
        Self { kernel, rows }
    }

    /// The parameters, in asset order.
    pub fn rows(&self) -> &[K::Row] {
        &self.rows
    }

    /// Builds the model from a scenario's parameters, with every problem of every row reported.
    pub fn from_shape(kernel: K, market: &MarketShape<'_>) -> Result<Self, Vec<SpecError>> {
        let rows = market.columns.rows::<K::Row>(market.parameters, &[])?;
        Self::checked(kernel, rows, market)
    }

    /// A model with the parameters of each asset, or every row's problem.
    pub fn checked(kernel: K, rows: Vec<K::Row>, market: &MarketShape<'_>) -> Result<Self, Vec<SpecError>> {
        let problems: Vec<_> = rows
            .iter()
            .enumerate()
            .filter_map(|(asset, row)| {
                kernel
                    .check(market.market.quote(asset), row)
                    .err()
                    .map(|problem| problem.at_row(asset))
            })
            .collect();
        if problems.is_empty() {
            Ok(Self { kernel, rows })
        } else {
            Err(problems)
        }
    }

    fn fill(out: &mut [f64], mut value: impl FnMut(usize) -> f64) {
        for (asset, slot) in out.iter_mut().enumerate() {
            *slot = value(asset);
        }
    }
}

impl<K: ImpactKernel> ImpactModel for PerAsset<K> {
    fn prices_into(&self, market: Market<'_>, sold: &[f64], prices: &mut [f64]) {
        Self::fill(prices, |k| {
            self.kernel.price(market.quote(k), sold[k], &self.rows[k])
        });
    }

    fn average_prices_into(&self, market: Market<'_>, sold: &[f64], prices: &mut [f64]) {
        Self::fill(prices, |k| {
            self.kernel
                .average_price(market.quote(k), sold[k], &self.rows[k])
                .unwrap_or(f64::NAN)
        });
    }

    fn derivative_into(&self, market: Market<'_>, sold: &[f64], derivative: &mut [f64]) {
        Self::fill(derivative, |k| {
            self.kernel
                .derivative(market.quote(k), sold[k], &self.rows[k])
                .unwrap_or(f64::NAN)
        });
    }

    fn price_slopes(&self, market: Market<'_>, sold: &[f64]) -> Option<MarketSlopes> {
        let count = self.rows.len();
        let mut triplets = Vec::with_capacity(count);
        let mut slopes = MarketSlopes {
            by_sold: SparseRows::default(),
            by_shocked: Vec::with_capacity(count),
            by_depth: Vec::with_capacity(count),
            kink: Vec::with_capacity(count),
            shocked_kink: Vec::with_capacity(count),
        };
        for (k, row) in self.rows.iter().enumerate() {
            let own = self.kernel.price_slopes(market.quote(k), sold[k], row)?;
            triplets.push((k as u32, k as u32, own.by_sold));
            slopes.by_shocked.push(own.by_shocked);
            slopes.by_depth.push(own.by_depth);
            slopes.kink.push(own.kink);
            slopes.shocked_kink.push(own.shocked_kink);
        }
        slopes.by_sold = SparseRows::from_triplets(count, count, &triplets);
        Some(slopes)
    }

    fn price_bounds_into(&self, market: Market<'_>, sold: &[f64], low: &mut [f64], high: &mut [f64]) {
        for (k, row) in self.rows.iter().enumerate() {
            let bounds = self.kernel.price_bounds(market.quote(k), sold[k], row);
            (low[k], high[k]) = bounds.map_or((0.0, f64::INFINITY), |b| (b.low, b.high));
        }
    }

    fn average_price_bounds_into(&self, market: Market<'_>, sold: &[f64], low: &mut [f64], high: &mut [f64]) {
        for (k, row) in self.rows.iter().enumerate() {
            let bounds = self.kernel.average_price_bounds(market.quote(k), sold[k], row);
            (low[k], high[k]) = bounds.map_or((0.0, f64::INFINITY), |b| (b.low, b.high));
        }
    }

    fn price_jets_into(
        &self,
        market: Market<'_>,
        sold: &[Jet],
        prices: &mut [Jet],
        averages: &mut [Jet],
    ) -> bool {
        for (k, row) in self.rows.iter().enumerate() {
            let quote = market.quote(k);
            let Some(price) = self.kernel.price_in(quote, sold[k], row) else {
                return false;
            };
            prices[k] = price;
            if let Some(average) = averages.get_mut(k) {
                let bounds = |sold: f64| self.kernel.average_price_bounds(quote, sold, row);
                match average_jet(sold[k], price, bounds) {
                    Some(jet) => *average = jet,
                    None => return false,
                }
            }
        }
        true
    }

    fn is_by_asset(&self) -> bool {
        true
    }

    fn profile(&self) -> Profile {
        let quote = Quote {
            initial: 1.0,
            shocked: 1.0,
        };
        let own = Profile {
            order: Order::Antitone,
            continuity: Continuity::Both,
            bounded: self
                .rows
                .iter()
                .all(|row| self.kernel.price_bounds(quote, 0.0, row).is_some()),
        };
        self.rows.iter().fold(own, |profile, row| {
            profile.and(Profile {
                order: self.kernel.order(row),
                continuity: self.kernel.continuity(row),
                bounded: profile.bounded,
            })
        })
    }

    fn profile_at_average(&self) -> Profile {
        let profile = self.profile();
        if self.kernel.average_is_ordered() {
            profile
        } else {
            Profile {
                order: Order::Unordered,
                ..profile
            }
        }
    }

    fn has_average_prices(&self) -> bool {
        self.kernel.has_average_price()
    }

    fn has_derivative(&self) -> bool {
        self.kernel.has_derivative()
    }

    fn in_lanes(&self) -> Option<&dyn ImpactInLanes> {
        let nothing = Ball::<Plain>::from(0.0);
        let has_formula = |row| self.kernel.survival_in(nothing, row).is_some();
        self.rows.iter().all(has_formula).then_some(self)
    }
}

impl<K: ImpactKernel> ImpactInLanes for PerAsset<K> {
    fn survive(&self, first: usize, sold: &mut [Ball<Plain>]) {
        vectorized(Survive {
            kernel: &self.kernel,
            rows: &self.rows[first..],
            sold,
        });
    }

    fn survive_alone(&self, first: usize, sold: &mut [Ball<Single>]) {
        for (sold, row) in sold.iter_mut().zip(&self.rows[first..]) {
            if let Some(multiplier) = self.kernel.survival_in(*sold, row) {
                *sold = multiplier;
            }
        }
    }

    fn survive_in_jets(&self, first: usize, sold: &mut [BallJet<Plain>]) -> bool {
        vectorized(Survive {
            kernel: &self.kernel,
            rows: &self.rows[first..],
            sold,
        });
        true
    }

    fn survive_alone_in_jets(&self, first: usize, sold: &mut [BallJet<Single>]) -> bool {
        for (sold, row) in sold.iter_mut().zip(&self.rows[first..]) {
            if let Some(multiplier) = self.kernel.survival_in(*sold, row) {
                *sold = multiplier;
            }
        }
        true
    }
}

struct Survive<'s, K: ImpactKernel, N> {
    kernel: &'s K,
    rows: &'s [K::Row],
    sold: &'s mut [N],
}

impl<K: ImpactKernel, N: InLanes<Given = [f64; LANES]>> PackedWork for Survive<'_, K, N> {
    type Output = ();

    #[inline(always)]
    fn run<P: Pack<Array = [f64; LANES]>>(self, like: P) {
        for (sold, row) in self.sold.iter_mut().zip(self.rows) {
            if let Some(multiplier) = self.kernel.survival_in(sold.load(like), row) {
                *sold = sold.store(multiplier);
            }
        }
    }
}

/// What a spec may look at when it builds an impact model.
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub struct MarketShape<'a> {
    /// Prices before and after the shock.
    pub market: Market<'a>,
    /// The keys of `[impact]`.
    pub parameters: &'a Parameters,
    /// The columns of the assets table.
    pub columns: &'a ParameterTable,
    /// Units of each asset that all institutions hold together; empty where that is not known.
    pub held: &'a [f64],
    /// The tables that the spec declares, by the parameter that names their file.
    pub tables: &'a SpecTables,
}

static NO_TABLES: SpecTables = SpecTables::new();

impl<'a> MarketShape<'a> {
    /// A shape for building models without a scenario file: nothing known of holdings, no tables.
    pub fn new(market: Market<'a>, parameters: &'a Parameters, columns: &'a ParameterTable) -> Self {
        Self {
            market,
            parameters,
            columns,
            held: &[],
            tables: &NO_TABLES,
        }
    }

    /// The same, with the units of each asset that all institutions hold together.
    #[must_use]
    pub fn with_held(mut self, held: &'a [f64]) -> Self {
        self.held = held;
        self
    }

    /// The same, with tables by the parameter that names their file.
    #[must_use]
    pub fn with_tables(mut self, tables: &'a SpecTables) -> Self {
        self.tables = tables;
        self
    }

    /// The table whose file a parameter names.
    pub fn table(&self, parameter: &str) -> Result<&'a SpecTable, Vec<SpecError>> {
        self.tables
            .get(parameter)
            .ok_or_else(|| vec![SpecError::missing(parameter)])
    }
}

/// A model that a scenario file names and that needs more than one row of parameters for each asset.
///
/// Its fields are keys of `[impact]`. Parameters by asset are named where it is registered.
pub trait ImpactSpec: DeserializeOwned + 'static {
    /// The name in scenario files, such as `exponential`, or `acme/own-model` for a third party's.
    const KIND: &'static str;
    /// Tables that it needs, whose files its parameters name.
    const TABLES: &'static [TableShape] = &[];
    /// What it builds.
    type Model: ImpactModel + 'static;
    /// Builds the model, or says all that is wrong.
    fn build(self, market: &MarketShape<'_>) -> Result<Self::Model, Vec<SpecError>>;
}
