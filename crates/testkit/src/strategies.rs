//! Random cases that shrink toward small systems of round numbers.
//!
//! Amounts are drawn from the whole grid of doubles, not from round numbers alone; one case in four is coarse, so
//! that exact ties (zero equity, caps met to the last bit) occur. Balance sheets are drawn around an equity ratio and
//! caps around the leverage that follows, so that caps bind in about half of the draws.

// A row of each of several tables is filled at a time.
#![allow(clippy::needless_range_loop)]

use crate::case::{Case, CaseClearing, CaseImpact, CaseRule, CaseStrategy};
use proptest::collection::vec;
use proptest::prelude::*;

/// Largest number of institutions.
pub const MOST_INSTITUTIONS: usize = 8;
/// Largest number of assets.
pub const MOST_ASSETS: usize = 4;

/// Which models may occur. Every list needs one entry at least.
#[derive(Clone, Debug, PartialEq)]
pub struct Mix {
    /// Rules.
    pub rules: Vec<RuleKind>,
    /// Price impact.
    pub impacts: Vec<ImpactKind>,
    /// Clearing.
    pub clearings: Vec<ClearingKind>,
    /// Strategies.
    pub strategies: Vec<CaseStrategy>,
    /// Whether some sellers are paid average prices.
    pub vwap: bool,
    /// Largest number of institutions, at most [`MOST_INSTITUTIONS`].
    pub institutions: usize,
    /// Largest number of assets, at most [`MOST_ASSETS`].
    pub assets: usize,
}

/// Kinds of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum RuleKind {
    None,
    LeverageCap,
    CapitalRatio,
    LiquidityShortfall,
    SellOnDefault,
    LeverageThreshold,
    FundingWithdrawal,
}

/// Kinds of price impact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ImpactKind {
    None,
    Linear,
    Exponential,
    Power,
    SquareRoot,
    FlooredExponential,
}

/// Kinds of clearing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ClearingKind {
    None,
    EisenbergNoe,
    RogersVeraart,
    Furfine,
}

impl Default for Mix {
    /// Every model that takes an amount or a ratio by itself.
    fn default() -> Self {
        Self {
            rules: vec![
                RuleKind::LeverageCap,
                RuleKind::CapitalRatio,
                RuleKind::LiquidityShortfall,
                RuleKind::SellOnDefault,
                RuleKind::None,
            ],
            impacts: vec![
                ImpactKind::Linear,
                ImpactKind::Exponential,
                ImpactKind::Power,
                ImpactKind::SquareRoot,
                ImpactKind::FlooredExponential,
                ImpactKind::None,
            ],
            clearings: vec![
                ClearingKind::None,
                ClearingKind::EisenbergNoe,
                ClearingKind::RogersVeraart,
            ],
            strategies: vec![
                CaseStrategy::ProRata,
                CaseStrategy::ProRata,
                CaseStrategy::MostLiquidFirst,
            ],
            vwap: true,
            institutions: MOST_INSTITUTIONS,
            assets: MOST_ASSETS,
        }
    }
}

impl Mix {
    /// Every model of a case: thresholds, runs and fixed recovery rates too.
    pub fn all() -> Self {
        let mut mix = Self::default();
        mix.rules
            .extend([RuleKind::LeverageThreshold, RuleKind::FundingWithdrawal]);
        mix.clearings.push(ClearingKind::Furfine);
        mix
    }

    /// Clearing alone: no sales, no impact.
    pub fn clearing_only() -> Self {
        Self {
            rules: vec![RuleKind::None],
            impacts: vec![ImpactKind::None],
            clearings: vec![ClearingKind::EisenbergNoe, ClearingKind::RogersVeraart],
            vwap: false,
            assets: 2,
            ..Self::default()
        }
    }
}

/// Cases of every model, all of them ordered, so that a greatest and a least equilibrium exist.
pub fn cases() -> BoxedStrategy<Case> {
    cases_of(&Mix::default())
}

/// A number in `[0, 1)` that chooses among alternatives.
fn choice() -> std::ops::Range<f64> {
    0.0..1.0
}

fn pick<T: Copy>(choice: f64, from: &[T]) -> T {
    from[((choice * from.len() as f64) as usize).min(from.len() - 1)]
}

/// An amount of money: often nothing, else of any size up to ten.
fn amount(nothing: u32) -> impl Strategy<Value = f64> {
    prop_oneof![nothing => Just(0.0), 6 => 0.01..10.0, 1 => 1e-6..1e-3]
}

#[derive(Clone, Debug)]
struct Bank {
    cash: f64,
    other: f64,
    equity_ratio: f64,
    outside: f64,
    holdings: Vec<f64>,
    debts: Vec<f64>,
    isolated: bool,
    rule: f64,
    tightness: f64,
    parameters: [f64; 4],
}

fn bank() -> impl Strategy<Value = Bank> {
    let equity_ratio = prop_oneof![
        1 => Just(0.0),
        1 => -0.2..0.0,
        1 => 0.0..1e-6,
        6 => 0.01..0.15,
        2 => 0.1..1.0,
        1 => Just(1.0),
    ];
    let outside = prop_oneof![8 => Just(0.0), 1 => -5.0..0.0, 1 => 0.0..3.0];
    let tightness = prop_oneof![3 => 0.7..1.02, 3 => 1.0..1.6, 1 => Just(f64::INFINITY)];
    let held = prop_oneof![3 => Just(0.0), 6 => 0.1..100.0];
    let debt = prop_oneof![5 => Just(0.0), 4 => 0.1..20.0];
    (
        (amount(3), amount(3), equity_ratio, outside),
        vec(held, MOST_ASSETS),
        vec(debt, MOST_INSTITUTIONS),
        prop::bool::weighted(0.08),
        (choice(), tightness, [choice(), choice(), choice(), choice()]),
    )
        .prop_map(
            |(money, holdings, debts, isolated, (rule, tightness, parameters))| Bank {
                cash: money.0,
                other: money.1,
                equity_ratio: money.2,
                outside: money.3,
                holdings,
                debts,
                isolated,
                rule,
                tightness,
                parameters,
            },
        )
}

#[derive(Clone, Debug)]
struct Asset {
    price: f64,
    change: f64,
    depth: f64,
    weight: f64,
    parameters: [f64; 2],
}

fn asset() -> impl Strategy<Value = Asset> {
    let price = prop_oneof![2 => Just(1.0), 3 => 0.05..20.0];
    let change = prop_oneof![
        3 => Just(0.0),
        8 => -0.25..0.0,
        2 => -0.9..-0.2,
        1 => Just(-1.0),
        1 => 0.0..0.1,
    ];
    // Relative to all that is held.
    let depth = prop_oneof![3 => 0.2..1.5, 6 => 1.0..30.0, 1 => Just(f64::INFINITY)];
    let weight = prop_oneof![1 => Just(0.0), 1 => Just(1.0), 4 => 0.1..1.5];
    (price, change, depth, weight, [choice(), choice()]).prop_map(
        |(price, change, depth, weight, parameters)| Asset {
            price,
            change,
            depth,
            weight,
            parameters,
        },
    )
}

/// The pattern of debts.
#[derive(Clone, Copy, Debug)]
enum Web {
    Any,
    Ring,
    /// A ring without creditors or assets outside.
    ClosedRing,
    Nothing,
}

/// Cases of the models in `mix`. All are ordered: where a combination is not, sellers are paid the final price.
pub fn cases_of(mix: &Mix) -> BoxedStrategy<Case> {
    let mix = mix.clone();
    let institutions = prop_oneof![3 => 1..=2_usize, 6 => 2..=4_usize, 2 => 4..=MOST_INSTITUTIONS];
    let assets = prop_oneof![1 => Just(0_usize), 5 => Just(1), 4 => Just(2), 2 => 3..=MOST_ASSETS];
    let web = prop_oneof![
        8 => Just(Web::Any),
        2 => Just(Web::Ring),
        1 => Just(Web::ClosedRing),
        2 => Just(Web::Nothing),
    ];
    let most = (
        mix.institutions.min(MOST_INSTITUTIONS),
        mix.assets.min(MOST_ASSETS),
    );
    (
        (
            institutions,
            assets,
            web,
            prop::bool::weighted(0.25),
            prop::bool::weighted(0.5),
        ),
        (
            choice(),
            choice(),
            choice(),
            choice(),
            prop::bool::weighted(0.2),
            prop::bool::weighted(0.25),
        ),
        vec(bank(), MOST_INSTITUTIONS),
        vec(asset(), MOST_ASSETS),
    )
        .prop_map(move |((n, m, web, coarse, uniform), models, banks, assets)| {
            let (n, m) = (n.min(most.0), m.min(most.1));
            let mut case = Case::empty(n, m);
            let grain = |x: f64| if coarse { (x * 8.0).round() / 8.0 } else { x };
            fill(&mut case, web, &banks, &assets, &grain);
            impact(&mut case, pick(models.0, &mix.impacts), &assets);
            clearing(&mut case, pick(models.1, &mix.clearings), &banks, models.5);
            case.strategy = pick(models.2, &mix.strategies);
            let common = pick(models.3, &mix.rules);
            for i in 0..n {
                let kind = if uniform {
                    common
                } else {
                    pick(banks[i].rule, &mix.rules)
                };
                case.rules[i] = rule(&case, i, kind, &banks[i], coarse);
            }
            case.vwap = mix.vwap && models.4;
            if !case.is_ordered() {
                case.vwap = false;
            }
            case
        })
        .boxed()
}

/// Keeps an amount within the range in which results are promised.
fn in_range(x: f64) -> f64 {
    if x < 1e-9 { 0.0 } else { x }
}

fn fill(case: &mut Case, web: Web, banks: &[Bank], assets: &[Asset], grain: &dyn Fn(f64) -> f64) {
    let (n, m) = (case.institution_count(), case.asset_count());
    for k in 0..m {
        case.prices[k] = in_range(grain(assets[k].price).max(0.125));
        case.price_changes[k] = grain(assets[k].change).max(-1.0);
        case.risk_weights[k] = grain(assets[k].weight);
    }
    for i in 0..n {
        let bank = &banks[i];
        case.cash[i] = in_range(grain(bank.cash));
        case.other_assets[i] = in_range(grain(bank.other));
        case.outside_assets[i] = grain(bank.outside);
        for k in 0..m {
            case.holdings[i][k] = in_range(grain(bank.holdings[k]));
        }
        for j in (0..n).filter(|&j| j != i) {
            let owes = match web {
                Web::Any => true,
                Web::Ring | Web::ClosedRing => j == (i + 1) % n,
                Web::Nothing => false,
            };
            if owes && !bank.isolated && !banks[j].isolated {
                let amount = match web {
                    Web::ClosedRing => 1.0,
                    Web::Ring => bank.debts[j].max(1.0),
                    _ => bank.debts[j],
                };
                case.debts[i][j] = in_range(grain(amount));
            }
        }
        if matches!(web, Web::ClosedRing) {
            (case.cash[i], case.other_assets[i], case.outside_assets[i]) = (0.0, 0.0, 0.0);
            case.holdings[i].fill(0.0);
        }
    }
    for i in 0..n {
        let owed: f64 = case.debts[i].iter().sum();
        let free = matches!(web, Web::ClosedRing) || (banks[i].isolated && banks[i].parameters[0] < 0.3);
        let external = initial_assets(case, i) * (1.0 - banks[i].equity_ratio) - owed;
        case.external_liabilities[i] = if free { 0.0 } else { in_range(grain(external)) };
    }
    for k in 0..m {
        let held: f64 = case.holdings.iter().map(|row| row[k]).sum();
        let value = (held * case.prices[k]).max(1.0);
        case.depths[k] = if assets[k].depth.is_finite() {
            grain(value * assets[k].depth).max(0.125)
        } else {
            f64::INFINITY
        };
    }
}

fn initial_assets(case: &Case, i: usize) -> f64 {
    let holdings: f64 = case.holdings[i]
        .iter()
        .zip(&case.prices)
        .map(|(h, p)| h * p)
        .sum();
    let claims: f64 = case.debts.iter().map(|row| row[i]).sum();
    case.cash[i] + case.other_assets[i] + holdings + claims
}

fn impact(case: &mut Case, kind: ImpactKind, assets: &[Asset]) {
    let m = case.asset_count();
    let by_asset = |value: &dyn Fn(&Asset) -> f64| assets[..m].iter().map(value).collect::<Vec<_>>();
    case.impact = match kind {
        ImpactKind::None => CaseImpact::None,
        ImpactKind::Linear => CaseImpact::Linear,
        ImpactKind::Exponential => CaseImpact::Exponential,
        ImpactKind::Power => CaseImpact::Power {
            c: by_asset(&|asset| asset.parameters[0] * 1.5),
            g: by_asset(&|asset| {
                pick(
                    asset.parameters[1],
                    &[0.5, 0.6, 1.0, 1.5, 2.0, 0.3 + asset.parameters[1]],
                )
            }),
        },
        ImpactKind::SquareRoot => CaseImpact::SquareRoot {
            kappa: by_asset(&|asset| 2.0 * asset.parameters[0]),
            volatility: by_asset(&|asset| asset.parameters[1]),
        },
        ImpactKind::FlooredExponential => CaseImpact::FlooredExponential {
            price_floors: (0..m)
                .map(|k| case.prices[k] * assets[k].parameters[0] * 0.95)
                .collect(),
        },
    };
}

fn clearing(case: &mut Case, kind: ClearingKind, banks: &[Bank], free_of_costs: bool) {
    let n = case.institution_count();
    case.clearing = match kind {
        ClearingKind::None => CaseClearing::None,
        ClearingKind::EisenbergNoe => CaseClearing::EisenbergNoe {
            external_senior: banks[..n].iter().map(|bank| bank.parameters[2] < 0.3).collect(),
        },
        ClearingKind::Furfine => CaseClearing::Furfine {
            recovery: banks[..n].iter().map(|bank| bank.parameters[2]).collect(),
        },
        ClearingKind::RogersVeraart => {
            let share = |n: usize| {
                move |bank: &Bank| {
                    if free_of_costs { 1.0 } else { bank.parameters[n] }
                }
            };
            CaseClearing::RogersVeraart {
                alpha: banks[..n].iter().map(share(2)).collect(),
                beta: banks[..n].iter().map(share(3)).collect(),
            }
        }
    };
}

fn rule(case: &Case, i: usize, kind: RuleKind, bank: &Bank, coarse: bool) -> CaseRule {
    let assets = initial_assets(case, i);
    let owed: f64 = case.debts[i].iter().sum();
    let equity = assets - owed - case.external_liabilities[i];
    let [first, second, ..] = bank.parameters;
    match kind {
        RuleKind::None => CaseRule::None,
        RuleKind::LeverageCap => {
            let leverage = if equity > 0.0 {
                (assets / equity).min(1e4)
            } else {
                1.5 + 30.0 * first
            };
            let cap = leverage * bank.tightness;
            let cap = if coarse { cap.round() } else { cap };
            if cap.is_infinite() || second < 0.6 {
                CaseRule::MaxLeverage(cap.max(1.000_1))
            } else {
                CaseRule::MinLeverageRatio((1.0 / cap).min(0.999_9))
            }
        }
        RuleKind::CapitalRatio => CaseRule::CapitalRatio {
            min_ratio: if coarse { 0.125 } else { 0.01 + 0.3 * first },
            other_risk_weight: if second < 0.3 { 0.0 } else { second },
        },
        RuleKind::LiquidityShortfall => CaseRule::LiquidityShortfall(if first < 0.4 {
            0.0
        } else {
            in_range(case.external_liabilities[i] * second)
        }),
        RuleKind::SellOnDefault => CaseRule::SellOnDefault,
        RuleKind::LeverageThreshold | RuleKind::FundingWithdrawal => {
            let ratio = if equity > 0.0 { equity / assets } else { 0.08 };
            let tightness = bank.tightness.clamp(0.7, 2.0);
            let below = (ratio / tightness).clamp(1e-4, 0.9);
            if kind == RuleKind::LeverageThreshold {
                CaseRule::LeverageThreshold {
                    act_below: below,
                    target: (below * (1.0 + 0.3 * first)).min(0.95),
                    default_below: (second < 0.4).then_some(below * second),
                }
            } else {
                CaseRule::FundingWithdrawal {
                    run_below: below,
                    run_complete_below: if second < 0.3 { below } else { below * first },
                }
            }
        }
    }
}
