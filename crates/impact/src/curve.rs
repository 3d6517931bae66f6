//! The one shape that all built-in models share: formulas written once, for doubles and for intervals.

use delever_core::{Dual, Interval, Quote, Real, SpecError};

/// Price, average price and slope of one asset as formulas over any [`Real`].
pub(crate) trait Curve: Send + Sync {
    type Row: serde::de::DeserializeOwned + Send + Sync;
    /// Whether the average price is never below the price after sales, as an average over the path is.
    const AVERAGE_ABOVE_PRICE: bool = true;
    /// Whether the price is the shocked one times the multiplier; not so where [`Self::price`] is overridden.
    const PRICE_IS_MULTIPLE: bool = true;
    /// Price multiplier after sales of `sold`.
    fn survival<N: Real>(sold: N, row: &Self::Row) -> N;
    /// Price after sales; overridden where it is no multiple of the shocked price.
    #[inline(always)]
    fn price<N: Real>(quote: Quote, sold: N, row: &Self::Row) -> N {
        N::from(quote.shocked) * Self::survival(sold, row)
    }
    /// What sellers get on average: `(1 / Q) * integral of the price` where the model knows no other, with an error of at most [`AVERAGE_ULPS`].
    fn average(quote: Quote, sold: f64, row: &Self::Row) -> f64;
    /// `d price / d sold`.
    fn slope(quote: Quote, sold: f64, row: &Self::Row) -> f64;
    /// `d price / d shocked`, of the side below where it has a kink; overridden where the price is no multiple.
    fn slope_by_shocked(_quote: Quote, sold: f64, row: &Self::Row) -> f64 {
        Self::survival(sold, row)
    }
    /// The depth, where the price depends on sales only through `sold / depth`.
    fn depth(_row: &Self::Row) -> Option<f64> {
        None
    }
    /// How much more or less must be sold until the price follows another formula.
    fn kink(sold: f64, row: &Self::Row) -> f64 {
        if Self::PRICE_IS_MULTIPLE {
            Self::survival(Dual::variable(sold, 0), row).kink
        } else {
            f64::INFINITY
        }
    }
    /// How much higher or lower the shocked price must be until the price follows another formula.
    fn shocked_kink(_quote: Quote, _row: &Self::Row) -> f64 {
        f64::INFINITY
    }
    fn check(quote: Quote, row: &Self::Row) -> Result<(), SpecError>;
}

/// Rounding of average prices, in units in the last place of the shocked price: each is a short formula without
/// cancellation, or a series whose terms are bounded by its first; none loses more than ten roundings.
const AVERAGE_ULPS: f64 = 16.0;

/// Bounds of the exact average price: the computed one, widened, and never outside `[price, shocked]`, or `[0, shocked]`.
pub(crate) fn average_bounds<C: Curve>(quote: Quote, sold: f64, row: &C::Row) -> Interval {
    let average = C::average(quote, sold, row);
    let price: Interval = C::price(quote, Interval::from(sold), row);
    if sold == 0.0 {
        return Interval::from(quote.shocked);
    }
    let slack = AVERAGE_ULPS * f64::EPSILON * quote.shocked;
    let least = if C::AVERAGE_ABOVE_PRICE { price.low } else { 0.0 };
    let low = (average - slack).next_down().max(least);
    Interval {
        low,
        high: (average + slack).next_up().min(quote.shocked).max(low),
    }
}

/// `(1 - exp(-z)) / z` for `z >= 0`, 1 at 0.
pub(crate) fn mean_decay(z: f64) -> f64 {
    if z < 0.5 {
        // sum_n (-z)^n / (n + 1)!, by Horner's rule; the terms left out are below 1e-21.
        let mut sum = 1.0;
        for n in (1..=16).rev() {
            sum = 1.0 - z / f64::from(n + 1) * sum;
        }
        sum
    } else if z.is_infinite() {
        0.0
    } else {
        (1.0 - Real::exp(-z)) / z
    }
}

/// Implements the public kernel trait by the formulas of a [`Curve`].
macro_rules! kernel_of {
    ($name:ident, $row:ty) => {
        impl delever_core::ImpactKernel for $name {
            type Row = $row;

            #[inline]
            fn survival(&self, sold: f64, row: &Self::Row) -> f64 {
                <$name as crate::curve::Curve>::survival(sold, row)
            }

            #[inline(always)]
            fn survival_in<N: delever_core::Real>(&self, sold: N, row: &Self::Row) -> Option<N> {
                if <$name as crate::curve::Curve>::PRICE_IS_MULTIPLE {
                    Some(<$name as crate::curve::Curve>::survival(sold, row))
                } else {
                    None
                }
            }

            fn price_in<N: delever_core::Real>(
                &self,
                quote: delever_core::Quote,
                sold: N,
                row: &Self::Row,
            ) -> Option<N> {
                Some(<$name as crate::curve::Curve>::price(quote, sold, row))
            }

            #[inline]
            fn price(&self, quote: delever_core::Quote, sold: f64, row: &Self::Row) -> f64 {
                <$name as crate::curve::Curve>::price(quote, sold, row)
            }

            fn average_price(&self, quote: delever_core::Quote, sold: f64, row: &Self::Row) -> Option<f64> {
                // Rounding must not pay sellers more than the first unit gets.
                Some(<$name as crate::curve::Curve>::average(quote, sold, row).min(quote.shocked))
            }

            fn derivative(&self, quote: delever_core::Quote, sold: f64, row: &Self::Row) -> Option<f64> {
                Some(<$name as crate::curve::Curve>::slope(quote, sold, row))
            }

            fn depth(&self, row: &Self::Row) -> Option<f64> {
                <$name as crate::curve::Curve>::depth(row)
            }

            fn price_slopes(
                &self,
                quote: delever_core::Quote,
                sold: f64,
                row: &Self::Row,
            ) -> Option<delever_core::PriceSlopes> {
                let by_sold = <$name as crate::curve::Curve>::slope(quote, sold, row);
                Some(delever_core::PriceSlopes {
                    by_sold,
                    by_shocked: <$name as crate::curve::Curve>::slope_by_shocked(quote, sold, row),
                    by_depth: <$name as crate::curve::Curve>::depth(row)
                        .map(|depth| delever_core::slope_by_depth(depth, sold, by_sold)),
                    kink: <$name as crate::curve::Curve>::kink(sold, row),
                    shocked_kink: <$name as crate::curve::Curve>::shocked_kink(quote, row),
                })
            }

            fn order(&self, _: &Self::Row) -> delever_core::Order {
                delever_core::Order::Antitone
            }

            fn price_bounds(
                &self,
                quote: delever_core::Quote,
                sold: f64,
                row: &Self::Row,
            ) -> Option<delever_core::Interval> {
                Some(<$name as crate::curve::Curve>::price(
                    quote,
                    delever_core::Interval::from(sold),
                    row,
                ))
            }

            fn average_price_bounds(
                &self,
                quote: delever_core::Quote,
                sold: f64,
                row: &Self::Row,
            ) -> Option<delever_core::Interval> {
                Some(crate::curve::average_bounds::<$name>(quote, sold, row))
            }

            fn has_average_price(&self) -> bool {
                true
            }

            fn average_is_ordered(&self) -> bool {
                <$name as crate::curve::Curve>::AVERAGE_ABOVE_PRICE
            }

            fn has_derivative(&self) -> bool {
                true
            }

            fn check(
                &self,
                quote: delever_core::Quote,
                row: &Self::Row,
            ) -> Result<(), delever_core::SpecError> {
                <$name as crate::curve::Curve>::check(quote, row)
            }
        }
    };
}
pub(crate) use kernel_of;
