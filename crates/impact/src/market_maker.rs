//! Market makers whose capital bounds the depth that they offer.

use crate::checks;
use delever_core::{Continuity, ImpactKernel, Interval, Order, PriceSlopes, Quote, Real, SpecError};

/// Parameters of [`MarketMaker`].
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct MarketMakerRow {
    /// `depth`: money, while market makers have lost nothing.
    pub depth: f64,
    /// `capital`: money that they can lose, above 0.
    pub capital: f64,
    /// `depth_floor`: share of the depth that stays when all of it is lost, from 0 to 1; default 0.
    #[serde(default)]
    pub depth_floor: f64,
}

/// `q = q0 s` with the greatest solution `s` of `s = exp(-Q / (depth k(s)))`, `k(s) = max(depth_floor, 1 - Q (1 - s) / capital)`.
///
/// Market makers hold what is sold and lose on it, and offer depth in proportion to the capital that is left. Their loss is
/// counted on units at the initial price, as if all had been bought before the first sale moved the price: more than they
/// lose on the way down, so the price is on the careful side. Once sales pass a threshold the solution near the top
/// disappears and the price jumps: illiquidity feeds on itself. The model is our own. That losses of those who provide
/// liquidity reduce the liquidity of markets is the mechanism of Kyle and Xiong (2001) and of Brunnermeier and Pedersen
/// (2009); for fire sales by agents see Bookstaber, Paddrik and Tivnan (2018).
///
/// **Order.** The right-hand side rises in `s` and, for every `s`, falls in `Q` and rises in the three parameters; so does
/// its greatest fixed point (Tarski 1955). It is found by iteration from `s = 1`, which descends. At most
/// [`MarketMaker::ITERATIONS`] steps are made; only within about a hundred-thousandth of the threshold are they not
/// enough. The answer is then the last step, above the solution: every step is monotone in all arguments to the last
/// bit, which a bisection would not be. [`ImpactKernel::price_bounds`] hold the exact solution in any case, from above by the
/// steps rounded up, from below by a point that the right-hand side provably does not lower; near the threshold they are
/// wide, and nothing is certified that is not so. The price jumps behind the threshold, hence continuity from above only.
///
/// There is no average price in closed form, so volume-weighted execution is refused. Errors: `depth` or `capital` of 0 or
/// less, `depth_floor` outside 0 to 1.
///
/// ```
/// use delever_core::ImpactKernel;
/// use delever_impact::{MarketMaker, MarketMakerRow};
/// let row = MarketMakerRow { depth: 100.0, capital: 20.0, depth_floor: 0.1 };
/// let s = MarketMaker.survival(20.0, &row);
/// assert!((s - (-0.2_f64 / s).exp()).abs() < 1e-15); // losses are 1 - s of the capital here
/// assert!(s < (-0.2_f64).exp());
/// assert!(MarketMaker.survival(40.0, &row) < 0.1); // beyond the threshold
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct MarketMaker;

impl MarketMaker {
    /// Steps of the inner iteration, at most.
    pub const ITERATIONS: u32 = 10_000;
}

/// `Q / depth` and `Q / capital`, which the inner iteration does not change.
fn scaled<N: Real>(sold: f64, row: &MarketMakerRow) -> (N, N) {
    let sold = N::from(sold);
    (sold / N::from(row.depth), sold / N::from(row.capital))
}

/// Share of the depth that is left at a trial price.
fn depth_left<N: Real>(s: N, at_risk: N, row: &MarketMakerRow) -> N {
    (N::from(1.0) - at_risk * (N::from(1.0) - s)).at_least(row.depth_floor)
}

/// The right-hand side. Without depth the price is 0, however little is sold.
fn response(s: f64, weight: f64, at_risk: f64, row: &MarketMakerRow) -> f64 {
    let left = depth_left(s, at_risk, row);
    if left > 0.0 {
        Real::exp(-weight / left)
    } else {
        0.0
    }
}

/// Bounds of the exact right-hand side at exactly `s`.
fn response_bounds(s: f64, weight: Interval, at_risk: Interval, row: &MarketMakerRow) -> Interval {
    let left = depth_left(Interval::from(s), at_risk, row);
    let bound = |left: f64| {
        if left > 0.0 {
            (Interval::from(0.0) - weight / Interval::from(left)).exp()
        } else {
            Interval::from(0.0)
        }
    };
    Interval::new(bound(left.low).low, bound(left.high).high.min(1.0))
}

/// Iteration from above to bitwise stationarity, or to the limit of steps.
fn descend(step: impl Fn(f64) -> f64) -> f64 {
    let mut s = 1.0;
    for _ in 0..MarketMaker::ITERATIONS {
        let next = step(s);
        if next >= s {
            break;
        }
        s = next;
    }
    s
}

impl ImpactKernel for MarketMaker {
    type Row = MarketMakerRow;

    fn survival(&self, sold: f64, row: &MarketMakerRow) -> f64 {
        let (weight, at_risk) = scaled(sold, row);
        if weight == 0.0 {
            return 1.0;
        }
        descend(|s| response(s, weight, at_risk, row))
    }

    fn derivative(&self, quote: Quote, sold: f64, row: &MarketMakerRow) -> Option<f64> {
        let (weight, at_risk): (f64, f64) = scaled(sold, row);
        let s = self.survival(sold, row);
        let left = depth_left(s, at_risk, row);
        if left <= 0.0 {
            return Some(0.0);
        }
        // Implicit differentiation of s = exp(-w / k): (1 - G_s) ds = G_Q dQ.
        let moving = if left > row.depth_floor {
            weight / (left * left)
        } else {
            0.0
        };
        let by_sales = s * (-1.0 / row.depth / left - moving * (1.0 - s) / row.capital);
        let by_price = s * moving * at_risk;
        Some(quote.shocked * by_sales / (1.0 - by_price))
    }

    /// The kink is where the floor of the depth sets in; towards the threshold behind which the price jumps, slopes grow
    /// without bound.
    fn price_slopes(&self, quote: Quote, sold: f64, row: &MarketMakerRow) -> Option<PriceSlopes> {
        let (weight, at_risk): (f64, f64) = scaled(sold, row);
        let s = self.survival(sold, row);
        let left = depth_left(s, at_risk, row);
        let by_sold = self.derivative(quote, sold, row)?;
        let (mut by_depth, mut kink) = (0.0, f64::INFINITY);
        if left > 0.0 && weight > 0.0 {
            let floored = left <= row.depth_floor;
            let feedback = if floored {
                0.0
            } else {
                s * weight / (left * left) * at_risk
            };
            by_depth = quote.shocked * (s * weight / left / row.depth) / (1.0 - feedback);
            let survival_by_sold = if quote.shocked > 0.0 {
                by_sold / quote.shocked
            } else {
                0.0
            };
            let unfloored = 1.0 - at_risk * (1.0 - s);
            let left_by_sold = at_risk * survival_by_sold - (1.0 - s) / row.capital;
            kink = (unfloored - row.depth_floor).abs() / left_by_sold.abs();
        }
        Some(PriceSlopes {
            by_sold,
            by_shocked: s,
            by_depth: Some(by_depth),
            kink,
            shocked_kink: f64::INFINITY,
        })
    }

    fn order(&self, _: &MarketMakerRow) -> Order {
        Order::Antitone
    }

    fn continuity(&self, _: &MarketMakerRow) -> Continuity {
        Continuity::FromAbove
    }

    fn price_bounds(&self, quote: Quote, sold: f64, row: &MarketMakerRow) -> Option<Interval> {
        let (weight, at_risk): (Interval, Interval) = scaled(sold, row);
        if weight.is_zero() {
            return Some(Interval::from(quote.shocked));
        }
        let bounds = |s: f64| response_bounds(s, weight, at_risk, row);
        // A step rounded up of a point above the solution stays above it.
        let high = descend(|s| bounds(s).high);
        // A point that is not above its image lies below the solution: tried ever further down.
        let answer = self.survival(sold, row);
        let mut gap = 4.0 * f64::EPSILON;
        let mut low = 0.0;
        while gap < 1.0 {
            let candidate = answer * (1.0 - gap);
            if bounds(candidate).low >= candidate {
                low = candidate;
                break;
            }
            gap *= 4.0;
        }
        Some(Interval::from(quote.shocked) * Interval::new(low.min(high), high))
    }

    fn has_derivative(&self) -> bool {
        true
    }

    fn check(&self, _: Quote, row: &MarketMakerRow) -> Result<(), SpecError> {
        checks::depth("depth", row.depth)?;
        checks::above_zero("capital", row.capital)?;
        if (0.0..=1.0).contains(&row.depth_floor) {
            Ok(())
        } else {
            Err(SpecError::out_of_range(
                "depth_floor",
                row.depth_floor,
                "from 0 to 1; 0.1 is 10 % of the depth",
            ))
        }
    }
}
