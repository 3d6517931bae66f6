//! The roundings in which one pass is computed: nearest for the answer, above and below for its proof.

use delever_core::error_free::{CompensatedSum, mul_down, mul_up};
use delever_core::{
    BalanceSheet, Claims, ImpactModel, Interval, Market, Real, Rule, Sale, SparseRow, Strategy,
    StrategyScratch,
};

/// How a pass computes. One implementation a rounding, so that the pass is written once.
pub(crate) trait Arithmetic {
    /// The number of balance sheets.
    type Number: Real<Given = f64>;
    /// A running sum of units sold.
    type Sum: Copy + Default + Send + Sync;

    /// `sum_k value_k vector_k` over a row, all factors `>= 0`.
    fn product_sum(row: SparseRow<'_>, vector: &[f64]) -> Self::Number;
    /// The same for a vector of either sign.
    fn signed_product_sum(row: SparseRow<'_>, vector: &[f64]) -> Self::Number;
    /// A sum of given amounts, as computed and as bounded.
    fn amount(value: f64, bounds: Interval) -> Self::Number;
    fn sales(
        rule: &dyn Rule,
        first: usize,
        sheets: &[BalanceSheet<'_, Self::Number>],
        sales: &mut [Sale<Self::Number>],
    );
    /// Units sold of each holding, into `units`; returns the execution gain where average prices differ.
    fn units(
        strategy: &dyn Strategy,
        sale: Sale<Self::Number>,
        sheet: &BalanceSheet<'_, Self::Number>,
        scratch: &mut StrategyScratch,
        units: &mut UnitsScratch,
    ) -> Self::Number;
    fn accumulate(sum: &mut Self::Sum, units: &UnitsScratch, position: usize);
    fn merge(sum: &mut Self::Sum, other: Self::Sum);
    /// Money at the initial price of units sold, a sum of at most `terms` numbers.
    fn sold_money(initial_price: f64, units: Self::Sum, terms: u32) -> f64;
    fn settle(
        claims: &dyn Claims,
        ids: &[u32],
        sheets: &[BalanceSheet<'_, Self::Number>],
        out: &mut [f64],
        spare: &mut [f64],
    );
    /// Prices after sales, and average prices if `averages` is not empty.
    fn prices(
        impact: &dyn ImpactModel,
        market: Market<'_>,
        sold: &[f64],
        prices: &mut [f64],
        averages: &mut [f64],
        spare: &mut [f64],
    );
}

/// Units sold of one institution's holdings: bounds in a proof, `low` alone in a solution.
#[derive(Clone, Debug, Default)]
pub(crate) struct UnitsScratch {
    pub low: Vec<f64>,
    pub high: Vec<f64>,
}

/// Ordinary rounding.
pub(crate) struct Nearest;
/// Every component of the image rounded up: fewer sales, higher prices.
pub(crate) struct Above;
/// Every component of the image rounded down.
pub(crate) struct Below;
/// As [`Above`], with sums bounded by the number of their terms.
pub(crate) struct RoughlyAbove;
/// As [`Below`], with sums bounded by the number of their terms.
pub(crate) struct RoughlyBelow;

impl Arithmetic for Nearest {
    type Number = f64;
    type Sum = f64;

    #[inline]
    fn product_sum(row: SparseRow<'_>, vector: &[f64]) -> f64 {
        row.product_sum(vector)
    }

    #[inline]
    fn signed_product_sum(row: SparseRow<'_>, vector: &[f64]) -> f64 {
        row.product_sum(vector)
    }

    #[inline]
    fn amount(value: f64, _: Interval) -> f64 {
        value
    }

    #[inline]
    fn sales(rule: &dyn Rule, first: usize, sheets: &[BalanceSheet<'_>], sales: &mut [Sale]) {
        rule.sales_into(first, sheets, sales);
    }

    #[inline]
    fn units(
        strategy: &dyn Strategy,
        sale: Sale,
        sheet: &BalanceSheet<'_>,
        scratch: &mut StrategyScratch,
        units: &mut UnitsScratch,
    ) -> f64 {
        let sold = &mut units.low[..sheet.holdings.values.len()];
        strategy.units_into(sale, sheet, scratch, sold);
        let sold = &units.low;
        execution_gain(sheet, |n| sold[n])
    }

    #[inline]
    fn accumulate(sum: &mut f64, units: &UnitsScratch, position: usize) {
        *sum += units.low[position];
    }

    #[inline]
    fn merge(sum: &mut f64, other: f64) {
        *sum += other;
    }

    #[inline]
    fn sold_money(initial_price: f64, units: f64, _: u32) -> f64 {
        initial_price * units
    }

    fn settle(claims: &dyn Claims, ids: &[u32], sheets: &[BalanceSheet<'_>], out: &mut [f64], _: &mut [f64]) {
        claims.settle_into(ids, sheets, out);
    }

    fn prices(
        impact: &dyn ImpactModel,
        market: Market<'_>,
        sold: &[f64],
        prices: &mut [f64],
        averages: &mut [f64],
        _: &mut [f64],
    ) {
        impact.prices_into(market, sold, prices);
        if !averages.is_empty() {
            impact.average_prices_into(market, sold, averages);
        }
    }
}

/// `sum_k (v_k - q_k) s_k`; zero without work where sellers are paid the final price.
fn execution_gain<N: Real>(sheet: &BalanceSheet<'_, N>, sold: impl Fn(usize) -> N) -> N {
    let mut gain = N::from(0.0);
    if sheet.execution == delever_core::Execution::Vwap {
        for (n, (asset, _)) in sheet.holdings.iter().enumerate() {
            let above = N::given(sheet.average_prices[asset]) - N::given(sheet.prices[asset]);
            gain = gain + above * sold(n);
        }
    }
    gain
}

/// A running sum of numbers `>= 0` that can bound its exact value.
pub(crate) trait BoundedSum: Copy + Default + Send + Sync {
    fn add(&mut self, value: f64);
    fn merge(&mut self, other: Self);
    /// Bounds of the exact sum of at most `terms` numbers.
    fn bounds(&self, terms: usize) -> Interval;
    /// Bounds of `sum_k value_k vector_k`, all factors `>= 0`.
    fn product_sum(row: SparseRow<'_>, vector: &[f64]) -> Interval;
}

/// Keeps its rounding errors: bounds a unit or two around the exact sum, widened to hold the one that ordinary
/// rounding computes. So an outer chain stays outside the fixed point in floating point too.
#[derive(Clone, Copy, Default)]
pub(crate) struct OutwardSum {
    exact: CompensatedSum,
    computed: f64,
}

impl BoundedSum for OutwardSum {
    #[inline]
    fn add(&mut self, value: f64) {
        self.exact.add(value);
        self.computed += value;
    }

    #[inline]
    fn merge(&mut self, other: Self) {
        self.exact.merge(other.exact);
        self.computed += other.computed;
    }

    #[inline]
    fn bounds(&self, _: usize) -> Interval {
        let bounds = self.signed_bounds();
        Interval {
            low: bounds.low.max(0.0),
            high: bounds.high,
        }
    }

    #[inline]
    fn product_sum(row: SparseRow<'_>, vector: &[f64]) -> Interval {
        Self::products(row, vector).bounds(row.values.len())
    }
}

impl OutwardSum {
    /// `sum_k value_k vector_k` over a row, whatever the signs.
    #[inline]
    fn products(row: SparseRow<'_>, vector: &[f64]) -> Self {
        let mut exact = CompensatedSum::default();
        let mut computed = 0.0;
        for (&column, &value) in row.columns.iter().zip(row.values) {
            exact.add_product(value, vector[column as usize]);
            computed += value * vector[column as usize];
        }
        Self { exact, computed }
    }

    #[inline]
    fn signed_bounds(&self) -> Interval {
        let (low, high) = self.exact.bounds();
        Interval { low, high }.hull(Interval::from(self.computed))
    }
}

/// An ordinary sum, bounded afterwards by the number of its terms: as cheap as no bound at all.
#[derive(Clone, Copy, Default)]
pub(crate) struct PlainSum(f64);

/// Below this a product may have lost more than its relative rounding error.
const UNDERFLOW: f64 = 1e-280;

impl PlainSum {
    /// `n` terms `>= 0` lose at most `n u / (1 - n u)` relatively, `u = 2^-53` (Higham 2002, section 4.2).
    #[inline]
    fn widened(self, terms: usize) -> Interval {
        if self.0 == 0.0 {
            return Interval { low: 0.0, high: 0.0 };
        }
        // Four more units cover the products, the quotient by `1 - n u` and the roundings of this bound itself.
        let slack = self.0 * ((terms + 4) as f64 * (f64::EPSILON / 2.0)) + UNDERFLOW;
        Interval {
            low: (self.0 - slack).max(0.0),
            high: self.0 + slack,
        }
    }
}

impl BoundedSum for PlainSum {
    #[inline]
    fn add(&mut self, value: f64) {
        self.0 += value;
    }

    #[inline]
    fn merge(&mut self, other: Self) {
        self.0 += other.0;
    }

    #[inline]
    fn bounds(&self, terms: usize) -> Interval {
        self.widened(terms)
    }

    #[inline]
    fn product_sum(row: SparseRow<'_>, vector: &[f64]) -> Interval {
        Self(row.product_sum(vector)).widened(row.values.len())
    }
}

/// Passes that round outward, around the exact image and around the one in ordinary rounding. `$units` is the end of the sold units that pushes the image the wanted way, `$order`
/// hands a model's lower and upper bounds the right one of the kept and the spare slice.
macro_rules! directed_pass {
    ($name:ident, $sum:ident, $units:ident, $money:ident, |$kept:ident, $spare:ident| $order:expr) => {
        impl Arithmetic for $name {
            type Number = Interval;
            type Sum = $sum;

            #[inline]
            fn product_sum(row: SparseRow<'_>, vector: &[f64]) -> Interval {
                <$sum as BoundedSum>::product_sum(row, vector)
            }

            #[inline]
            fn signed_product_sum(row: SparseRow<'_>, vector: &[f64]) -> Interval {
                OutwardSum::products(row, vector).signed_bounds()
            }

            #[inline]
            fn amount(_: f64, bounds: Interval) -> Interval {
                bounds
            }

            fn sales(
                rule: &dyn Rule,
                first: usize,
                sheets: &[BalanceSheet<'_, Interval>],
                sales: &mut [Sale<Interval>],
            ) {
                rule.sale_bounds_into(first, sheets, sales);
            }

            fn units(
                strategy: &dyn Strategy,
                sale: Sale<Interval>,
                sheet: &BalanceSheet<'_, Interval>,
                scratch: &mut StrategyScratch,
                units: &mut UnitsScratch,
            ) -> Interval {
                let count = sheet.holdings.values.len();
                let (low, high) = (&mut units.low[..count], &mut units.high[..count]);
                strategy.unit_bounds_into(sale, sheet, scratch, low, high);
                execution_gain(sheet, |n| Interval {
                    low: low[n],
                    high: high[n],
                })
            }

            #[inline]
            fn accumulate(sum: &mut $sum, units: &UnitsScratch, position: usize) {
                BoundedSum::add(sum, units.$units[position]);
            }

            #[inline]
            fn merge(sum: &mut $sum, other: $sum) {
                BoundedSum::merge(sum, other);
            }

            fn sold_money(initial_price: f64, units: $sum, terms: u32) -> f64 {
                $money(
                    initial_price,
                    BoundedSum::bounds(&units, terms as usize).$units,
                )
            }

            fn settle(
                claims: &dyn Claims,
                ids: &[u32],
                sheets: &[BalanceSheet<'_, Interval>],
                $kept: &mut [f64],
                $spare: &mut [f64],
            ) {
                let (low, high) = $order;
                claims.settle_bounds_into(ids, sheets, low, high);
            }

            fn prices(
                impact: &dyn ImpactModel,
                market: Market<'_>,
                sold: &[f64],
                prices: &mut [f64],
                averages: &mut [f64],
                $spare: &mut [f64],
            ) {
                {
                    let ($kept, $spare) = (prices, &mut *$spare);
                    let (low, high) = $order;
                    impact.price_bounds_into(market, sold, low, high);
                }
                if !averages.is_empty() {
                    let $kept = averages;
                    let (low, high) = $order;
                    impact.average_price_bounds_into(market, sold, low, high);
                }
            }
        }
    };
}

directed_pass!(Above, OutwardSum, low, mul_down, |kept, spare| (spare, kept));
directed_pass!(Below, OutwardSum, high, mul_up, |kept, spare| (kept, spare));
directed_pass!(RoughlyAbove, PlainSum, low, mul_down, |kept, spare| (spare, kept));
directed_pass!(RoughlyBelow, PlainSum, high, mul_up, |kept, spare| (kept, spare));
