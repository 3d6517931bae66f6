//! The textbook, in plain doubles: formulas as they stand in the literature, iterated until nothing moves.
//!
//! Nothing here is fast, bounded or monotone in floating point. It is short enough to be checked by eye, and shares
//! no code with the engine.

pub mod large;

use crate::case::{Case, CaseClearing, CaseImpact, CaseRule, CaseStrategy};

/// Where iteration begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Prices after the shock and payments in full.
    Top,
    /// Prices and payments of zero.
    Bottom,
}

/// A state and all that follows from it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// By asset, money per unit.
    pub prices: Vec<f64>,
    /// By asset, average execution prices; the prices themselves where sellers are paid the final price.
    pub average_prices: Vec<f64>,
    /// By institution, what creditors inside receive for one unit of face value.
    pub ratios: Vec<f64>,
    /// By institution, total assets before own default costs, money.
    pub assets: Vec<f64>,
    /// By institution, assets less liabilities at face, money.
    pub equity: Vec<f64>,
    /// By institution, payments to all creditors, money.
    pub payments: Vec<f64>,
    /// `units_sold[i][k]`.
    pub units_sold: Vec<Vec<f64>>,
    /// Applications of the map.
    pub iterations: u64,
    /// Whether nothing moved any more.
    pub settled: bool,
}

/// Largest relative step at which iteration counts as settled.
const STEP: f64 = 1e-15;

/// Iterates the map from one end.
pub fn solve(case: &Case, start: Start, max_iterations: u64) -> Answer {
    let shocked = case.shocked_prices();
    let (price, ratio) = match start {
        Start::Top => (shocked.clone(), 1.0),
        Start::Bottom => (vec![0.0; shocked.len()], 0.0),
    };
    let mut at = Answer {
        prices: price.clone(),
        average_prices: price,
        ratios: vec![ratio; case.institution_count()],
        ..Answer::default()
    };
    if case.clearing == CaseClearing::None {
        at.ratios.fill(1.0);
    }
    for iteration in 1..=max_iterations {
        let next = pass(case, &at, &shocked);
        let moved = |old: &[f64], new: &[f64], scale: &dyn Fn(usize) -> f64| {
            old.iter()
                .zip(new)
                .enumerate()
                .any(|(n, (old, new))| (new - old).abs() > STEP * scale(n))
        };
        let price = |k: usize| shocked[k];
        let settled = !moved(&at.prices, &next.prices, &price)
            && !moved(&at.average_prices, &next.average_prices, &price)
            && !moved(&at.ratios, &next.ratios, &|_| 1.0);
        at = next;
        at.iterations = iteration;
        if settled {
            at.settled = true;
            break;
        }
    }
    at
}

fn clip(x: f64) -> f64 {
    x.clamp(0.0, 1.0)
}

/// `clip(part / whole, 0, 1)` where the whole may be zero.
fn fraction(part: f64, whole: f64) -> f64 {
    if part <= 0.0 {
        0.0
    } else if whole <= 0.0 {
        1.0
    } else {
        clip(part / whole)
    }
}

/// One application of the map.
fn pass(case: &Case, at: &Answer, shocked: &[f64]) -> Answer {
    let (n, m) = (case.institution_count(), case.asset_count());
    let cash = case.cash_after();
    let mut next = Answer {
        prices: vec![0.0; m],
        average_prices: vec![0.0; m],
        ..Answer::default()
    };
    for i in 0..n {
        let holdings = &case.holdings[i];
        let value = |prices: &[f64]| (0..m).map(|k| prices[k] * holdings[k]).sum::<f64>();
        let (marketable, at_average) = (value(&at.prices), value(&at.average_prices));
        let received: f64 = (0..n).map(|j| case.debts[j][i] * at.ratios[j]).sum();
        let owed: f64 = case.debts[i].iter().sum();
        let external = case.external_liabilities[i];
        let liabilities = owed + external;
        let assets = cash[i] + case.other_assets[i] + marketable + received;
        let equity = assets - liabilities;
        let premium = at_average - marketable;

        let share = match case.rules[i] {
            CaseRule::None => 0.0,
            CaseRule::MaxLeverage(cap) => leverage_cap(case, cap, assets, equity, marketable, premium),
            CaseRule::MinLeverageRatio(ratio) => {
                leverage_cap(case, 1.0 / ratio, assets, equity, marketable, premium)
            }
            CaseRule::CapitalRatio {
                min_ratio,
                other_risk_weight,
            } => {
                let weighted: f64 = (0..m)
                    .map(|k| case.risk_weights[k] * at.prices[k] * holdings[k])
                    .sum();
                let weighs = (0..m).any(|k| case.risk_weights[k] * holdings[k] > 0.0);
                let rest = other_risk_weight * (case.other_assets[i] + received);
                if weighs {
                    fraction(
                        weighted + rest - equity / min_ratio,
                        weighted + premium / min_ratio,
                    )
                } else {
                    0.0
                }
            }
            CaseRule::LiquidityShortfall(withdrawals) => {
                fraction(owed + withdrawals - cash[i] - received, at_average)
            }
            CaseRule::SellOnDefault => f64::from(equity < 0.0),
            CaseRule::LeverageThreshold {
                act_below,
                target,
                default_below,
            } => {
                let fails =
                    equity <= 0.0 && !case.vwap || default_below.is_some_and(|below| equity < below * assets);
                if !(equity < act_below * assets) || liabilities == 0.0 && assets >= 0.0 {
                    0.0
                } else if fails {
                    1.0
                } else {
                    leverage_cap(case, 1.0 / target, assets, equity, marketable, premium)
                }
            }
            CaseRule::FundingWithdrawal {
                run_below,
                run_complete_below,
            } => {
                let withdrawn = if liabilities == 0.0 {
                    0.0
                } else if equity <= 0.0 {
                    1.0
                } else {
                    fraction(run_below - equity / assets, run_below - run_complete_below)
                };
                fraction(withdrawn * external - cash[i], at_average)
            }
        };
        let units = match case.strategy {
            CaseStrategy::MostLiquidFirst if share < 1.0 => {
                let mut money = share * marketable;
                let mut units = vec![0.0; m];
                for k in case.by_liquidity() {
                    let worth = at.prices[k] * holdings[k];
                    units[k] = fraction(money, worth) * holdings[k];
                    money -= worth;
                }
                units
            }
            _ => holdings.iter().map(|held| share * held).collect(),
        };
        let gain: f64 = (0..m)
            .map(|k| (at.average_prices[k] - at.prices[k]) * units[k])
            .sum();
        let assets = assets + gain;
        let (ratio, payment) = match &case.clearing {
            CaseClearing::None => (1.0, liabilities),
            CaseClearing::EisenbergNoe { external_senior } if external_senior[i] => {
                let ratio = if owed > 0.0 {
                    fraction(assets - external, owed)
                } else {
                    1.0
                };
                (ratio, ratio * owed + assets.clamp(0.0, external))
            }
            CaseClearing::EisenbergNoe { .. } => {
                let paid = assets.clamp(0.0, liabilities);
                (
                    if owed > 0.0 {
                        fraction(assets, liabilities)
                    } else {
                        1.0
                    },
                    paid,
                )
            }
            CaseClearing::Furfine { recovery } => {
                let ratio = if assets >= liabilities || liabilities == 0.0 {
                    1.0
                } else {
                    recovery[i]
                };
                (ratio, ratio * liabilities)
            }
            CaseClearing::RogersVeraart { alpha, beta } => {
                let left = if assets >= liabilities {
                    liabilities
                } else {
                    {
                        let outside = assets - received;
                        let left = if outside < 0.0 {
                            outside
                        } else {
                            alpha[i] * outside
                        };
                        (left + beta[i] * received).clamp(0.0, liabilities)
                    }
                };
                (
                    if liabilities > 0.0 {
                        left / liabilities
                    } else {
                        1.0
                    },
                    left,
                )
            }
        };
        next.ratios.push(ratio);
        next.payments.push(payment);
        next.assets.push(assets);
        next.equity.push(assets - liabilities);
        next.units_sold.push(units);
    }
    for k in 0..m {
        let sold: f64 = next.units_sold.iter().map(|units| units[k]).sum();
        let money = case.prices[k] * sold;
        (next.prices[k], next.average_prices[k]) = quote(case, k, shocked[k], money);
        if !case.vwap {
            next.average_prices[k] = next.prices[k];
        }
    }
    next
}

/// `clip((A - lambda E) / (M + lambda (V - M)), 0, 1)`; everything where equity is gone and the cap binds.
fn leverage_cap(case: &Case, cap: f64, assets: f64, equity: f64, marketable: f64, premium: f64) -> f64 {
    if cap.is_infinite() {
        return 0.0;
    }
    let need = assets - cap * equity;
    if !case.vwap && equity <= 0.0 && need > 0.0 {
        return 1.0;
    }
    fraction(need, marketable + cap * premium)
}

/// Price and average price of an asset after sales of `money` at the initial price.
pub fn quote(case: &Case, k: usize, shocked: f64, money: f64) -> (f64, f64) {
    let depth = case.depths[k];
    if money == 0.0 || depth.is_infinite() {
        return (shocked, shocked);
    }
    let z = money / depth;
    // (1 - exp(-x)) / x without cancellation.
    let decay = |x: f64| ((-x).exp(), -(-x).exp_m1() / x);
    let power = |c: f64, g: f64| {
        let y = c * z.powf(g);
        let average = if y <= 1.0 {
            1.0 - y / (g + 1.0)
        } else {
            y.powf(-1.0 / g) * g / (g + 1.0)
        };
        (shocked * (1.0 - y).max(0.0), shocked * average)
    };
    match &case.impact {
        CaseImpact::None => (shocked, shocked),
        CaseImpact::Linear => power(1.0, 1.0),
        CaseImpact::Exponential => {
            let (last, average) = decay(z);
            (shocked * last, shocked * average)
        }
        CaseImpact::Power { c, g } => power(c[k], g[k]),
        CaseImpact::SquareRoot { kappa, volatility } => power(kappa[k] * volatility[k], 0.5),
        CaseImpact::FlooredExponential { price_floors } => {
            let floor = price_floors[k];
            if shocked <= floor {
                return (shocked, shocked);
            }
            let (last, average) = decay(z / (1.0 - floor / case.prices[k]));
            (
                floor + (shocked - floor) * last,
                floor + (shocked - floor) * average,
            )
        }
    }
}
