//! All assets after a few sales: prices, held against declared order and bounds, and against their other forms.

use super::{Decision, Declaration, LADDER, Refuted, SLACK};
use crate::composition::Cascade;
use delever_core::{Ball, Execution, Jet, Market, Pack, Single};

/// Prices after sales from nothing to all that is held, all assets at once.
pub(super) fn check(cascade: &Cascade<'_>, found: &mut Vec<Refuted>) {
    let prices = cascade.system.prices();
    let market = Market::new(prices, prices);
    let count = prices.len();
    let mut before: [Vec<f64>; 2] = [prices.to_vec(), prices.to_vec()];
    let mut quoted = before.clone();
    let (mut low, mut high) = (vec![0.0; count], vec![0.0; count]);
    let pays_averages = cascade.execution == Execution::Vwap;
    for &left in &LADDER {
        let sold: Vec<f64> = (cascade.held.iter().zip(prices))
            .map(|(held, price)| (1.0 - left) * held * price)
            .collect();
        cascade.impact.prices_into(market, &sold, &mut quoted[0]);
        if pays_averages {
            cascade.impact.average_prices_into(market, &sold, &mut quoted[1]);
        }
        let kinds = if pays_averages { 2 } else { 1 };
        for kind in 0..kinds {
            let (now, last) = (&quoted[kind], &before[kind]);
            let mut refute = |k: usize, declaration| {
                found.push(Refuted {
                    decision: Decision::Prices,
                    declaration,
                    at: k as u32,
                });
            };
            let rises = |&k: &usize| !(now[k] <= last[k] + SLACK * prices[k]);
            if cascade.shape.isotone
                && let Some(k) = (0..count).find(rises)
            {
                refute(k, Declaration::Order);
            }
            if cascade.shape.bounded {
                if kind == 0 {
                    cascade
                        .impact
                        .price_bounds_into(market, &sold, &mut low, &mut high);
                } else {
                    cascade
                        .impact
                        .average_price_bounds_into(market, &sold, &mut low, &mut high);
                }
                let is_outside = |&k: &usize| {
                    let slack = SLACK * prices[k];
                    !(low[k] - slack <= now[k] && now[k] <= high[k] + slack)
                };
                if let Some(k) = (0..count).find(is_outside) {
                    refute(k, Declaration::Bounds);
                }
            }
            if kind == 0
                && let Some(k) = another_price(cascade, market, &sold, now)
            {
                refute(k, Declaration::Formula);
            }
        }
        std::mem::swap(&mut before, &mut quoted);
    }
}

/// The asset whose price is another one in lanes or in jets.
fn another_price(cascade: &Cascade<'_>, market: Market<'_>, sold: &[f64], prices: &[f64]) -> Option<usize> {
    // Beside a jump, forms that round otherwise may stand on its other side.
    let mut range: [Vec<f64>; 2] = [prices.to_vec(), prices.to_vec()];
    let mut beside = vec![0.0; prices.len()];
    for factor in [1.0 - SLACK, 1.0 + SLACK] {
        let sold: Vec<f64> = sold.iter().map(|sold| sold * factor).collect();
        cascade.impact.prices_into(market, &sold, &mut beside);
        for (k, &price) in beside.iter().enumerate() {
            range[0][k] = range[0][k].min(price);
            range[1][k] = range[1][k].max(price);
        }
    }
    let differs = |k: usize, low: f64, high: f64| {
        let slack = SLACK * market.shocked[k];
        low - slack > range[1][k] || range[0][k] > high + slack
    };
    if let Some(impact) = cascade.impact.in_lanes() {
        let mut balls: Vec<Ball<Single>> = sold.iter().map(|&sold| Ball::from(sold)).collect();
        impact.survive_alone(0, &mut balls);
        for (k, ball) in balls.iter().enumerate() {
            let price = market.shocked[k] * ball.center.lanes()[0];
            if differs(k, price, price) {
                return Some(k);
            }
        }
    }
    let sold: Vec<Jet> = sold.iter().map(|&sold| Jet::from(sold)).collect();
    let (mut jets, mut averages) = (sold.clone(), Vec::new());
    if cascade
        .impact
        .price_jets_into(market, &sold, &mut jets, &mut averages)
    {
        return (0..jets.len()).find(|&k| {
            let value = jets[k].value.outward();
            differs(k, value.low, value.high)
        });
    }
    None
}
