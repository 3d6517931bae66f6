//! The engine against independent ones: exact arithmetic for its proofs, the textbook for its accounts.
//!
//! `PROPTEST_CASES` sets the number of cases of each test. Every test prints what it counted.

use delever::cascade::{Cascade, CascadeMap, InstitutionState, Select, Settings, Status};
use delever::core::elementary;
use delever::core::error_free::{CompensatedSum, add_down, add_up, mul_down, mul_up, sqrt_bounds};
use delever::core::{ImpactModel, Interval, Market};
use delever::solver::{self, FixedPointMap, Solution};
use delever_testkit::case::{Case, CaseClearing, CaseImpact, CaseRule, CaseStrategy};
use delever_testkit::exact::clearing::ExactClearing;
use delever_testkit::exact::{Dyadic, End, ExactBracket, ExactCascade, functions};
use delever_testkit::naive;
use delever_testkit::strategies::{self, ClearingKind, ImpactKind, Mix, RuleKind};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Runs a property over random inputs; `tally` counts what happened, and is printed.
fn check<S: Strategy>(
    name: &str,
    strategy: S,
    property: impl Fn(S::Value, &mut Tally) -> Result<(), TestCaseError>,
) {
    let tally = RefCell::new(Tally::default());
    let mut runner = TestRunner::new(delever_testkit::laws::config());
    let result = runner.run(&strategy, |input| property(input, &mut tally.borrow_mut()));
    let tally = tally.into_inner();
    println!("{name}: {:?}", tally.0);
    if let Err(error) = result {
        panic!("{name}: {error}");
    }
}

#[derive(Default)]
struct Tally(BTreeMap<&'static str, u32>);

impl Tally {
    fn count(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }
}

const SETTINGS: Settings = Settings {
    tolerance: 1e-12,
    max_iterations: 20_000,
    method: delever::solver::Method::Iteration,
};

fn engine_end(end: End) -> solver::End {
    match end {
        End::Greatest => solver::End::Greatest,
        End::Least => solver::End::Least,
    }
}

/// The engine's bracket must not miss the exact fixed point.
fn compare(solution: &Solution, exact: &ExactBracket, top: &[f64]) -> Result<(), TestCaseError> {
    let bracket = solution
        .bracket
        .as_ref()
        .ok_or_else(|| TestCaseError::fail(format!("no bracket: {:?}", solution.status)))?;
    for (n, &size) in top.iter().enumerate() {
        let (low, high) = (
            Dyadic::from_f64(bracket.lower[n]),
            Dyadic::from_f64(bracket.upper[n]),
        );
        prop_assert!(
            low <= exact.high[n] && exact.low[n] <= high,
            "component {n}: engine [{:e}, {:e}], exact [{:e}, {:e}], exact - lower {:e}, upper - exact {:e}",
            bracket.lower[n],
            bracket.upper[n],
            exact.low[n].to_f64(),
            exact.high[n].to_f64(),
            (&exact.high[n] - &low).to_f64(),
            (&high - &exact.low[n]).to_f64(),
        );
        let allowed = Dyadic::from_f64(bracket.width * size + 4.0 * f64::EPSILON * size);
        let point = Dyadic::from_f64(solution.point[n]);
        prop_assert!(
            &point - &allowed <= exact.high[n] && exact.low[n] <= &point + &allowed,
            "component {n}: point {:e}, width {:e}, exact [{:e}, {:e}]",
            solution.point[n],
            bracket.width,
            exact.low[n].to_f64(),
            exact.high[n].to_f64(),
        );
    }
    Ok(())
}

fn bracket_property(case: &Case, end: End, tally: &mut Tally) -> Result<(), TestCaseError> {
    let (system, graph) = (case.system(), case.graph());
    let cascade = Cascade::new(&system, &graph, case.models()).expect("models fit");
    let map = CascadeMap::new(&cascade, &case.shock()).expect("shock fits");
    prop_assert!(map.shape().isotone && map.shape().bounded);
    let solution = solver::solve(&map, engine_end(end), &SETTINGS, &mut ());
    let exact = ExactCascade::new(case).expect("ordered").solve(end, 600);
    let (mut bottom, mut top) = (vec![0.0; map.dim()], vec![0.0; map.dim()]);
    map.bounds_into(&mut bottom, &mut top);
    compare(&solution, &exact, &top)?;
    tally.count("cases");
    let width = exact.width();
    tally.count(if !exact.settled {
        "exact: one-sided"
    } else if width < 1e-40 {
        "exact: within 1e-40"
    } else if width < 1e-20 {
        "exact: within 1e-20"
    } else {
        "exact: wider"
    });
    let width = solution.bracket.as_ref().map_or(f64::INFINITY, |b| b.width);
    tally.count(match solution.status {
        Status::Certified => "engine: certified",
        Status::Bracketed if width < 1e-9 => "engine: bracketed below 1e-9",
        Status::Bracketed => {
            let select = match end {
                End::Greatest => Select::Greatest,
                End::Least => Select::Least,
            };
            let both = cascade
                .solve(&case.shock(), select, &SETTINGS)
                .expect("shock fits");
            let near = both
                .greatest
                .or(both.least)
                .is_some_and(|outcome| outcome.near_boundary);
            let jumps = !map.shape().from_below;
            match (jumps, near) {
                (true, true) => "engine: bracketed at a jump",
                (true, false) => "engine: bracketed, jumps elsewhere",
                (false, true) => "engine: bracketed at zero equity without jumps",
                (false, false) => "engine: bracketed without a jump",
            }
        }
        Status::MaxIterations => "engine: out of iterations",
        _ => "engine: other status",
    });
    Ok(())
}

#[test]
fn brackets_hold_the_exact_greatest_equilibrium() {
    check("greatest", strategies::cases(), |case, tally| {
        bracket_property(&case, End::Greatest, tally)
    });
}

#[test]
fn brackets_hold_the_exact_least_equilibrium() {
    check("least", strategies::cases(), |case, tally| {
        bracket_property(&case, End::Least, tally)
    });
}

/// Where impact, rules and execution all matter: every draw sells, or could.
#[test]
fn brackets_hold_where_sellers_are_paid_average_prices() {
    let mix = Mix {
        rules: vec![
            RuleKind::LeverageCap,
            RuleKind::CapitalRatio,
            RuleKind::LiquidityShortfall,
        ],
        strategies: vec![CaseStrategy::ProRata],
        ..Mix::default()
    };
    let vwap = strategies::cases_of(&mix).prop_map(|mut case| {
        case.vwap = true;
        case.vwap = case.is_ordered();
        case
    });
    check("average prices", vwap, |case, tally| {
        tally.count(if case.vwap { "vwap" } else { "terminal" });
        bracket_property(&case, End::Greatest, tally)?;
        bracket_property(&case, End::Least, tally)
    });
}

/// Debts alone: the exact clearing vector, without any rounding, lies in the certificate and in the exact bracket.
#[test]
fn pure_clearing_agrees_with_gaussian_elimination_in_fractions() {
    check(
        "clearing",
        strategies::cases_of(&Mix::clearing_only()),
        |case, tally| {
            let clearing = ExactClearing::new(&case).expect("a clearing model");
            let Some(ratios) = clearing.greatest() else {
                tally.count("no linear equations");
                return Ok(());
            };
            prop_assert_eq!(&clearing.image(&ratios), &ratios, "no clearing vector");
            let (system, graph) = (case.system(), case.graph());
            let cascade = Cascade::new(&system, &graph, case.models()).expect("models fit");
            let map = CascadeMap::new(&cascade, &case.shock()).expect("shock fits");
            let solution = solver::solve(&map, solver::End::Greatest, &SETTINGS, &mut ());
            let bracket = solution.bracket.as_ref().expect("a bracket");
            let exact = ExactCascade::new(&case)
                .expect("ordered")
                .solve(End::Greatest, 600);
            let prices = case.asset_count();
            for (i, ratio) in ratios.iter().enumerate() {
                let (lower, upper) = (bracket.lower[prices + i], bracket.upper[prices + i]);
                let ends = (
                    Dyadic::from_f64(lower).to_rational(),
                    Dyadic::from_f64(upper).to_rational(),
                );
                prop_assert!(
                    ends.0 <= *ratio && *ratio <= ends.1,
                    "{i}: {ratio} outside [{lower:e}, {upper:e}]"
                );
                let ends = (
                    exact.low[prices + i].to_rational(),
                    exact.high[prices + i].to_rational(),
                );
                prop_assert!(
                    ends.0 <= *ratio && *ratio <= ends.1,
                    "{i}: {ratio} outside the exact bracket"
                );
            }
            tally.count(if solution.status == Status::Certified {
                "certified"
            } else {
                "bracketed"
            });
            tally.count(
                match ratios
                    .iter()
                    .filter(|ratio| ratio.to_integer() < 1.into())
                    .count()
                {
                    0 => "nobody fails",
                    1 => "one fails",
                    _ => "several fail",
                },
            );
            Ok(())
        },
    );
}

/// `|a - b|` within a billionth of the scale.
fn close(a: f64, b: f64, scale: f64) -> bool {
    (a - b).abs() <= 1e-9 * scale.abs().max(1e-9)
}

/// Accounts of the engine against the textbook: prices, payments, balance sheets and units sold.
#[test]
fn accounts_agree_with_the_textbook() {
    check("accounts", strategies::cases(), |case, tally| {
        let (system, graph) = (case.system(), case.graph());
        let cascade = Cascade::new(&system, &graph, case.models()).expect("models fit");
        let solved = cascade
            .solve(&case.shock(), Select::Greatest, &SETTINGS)
            .expect("shock fits");
        let outcome = solved.greatest.expect("asked for");
        if outcome.near_boundary {
            tally.count("skipped: near a boundary");
            return Ok(());
        }
        let plain = naive::solve(&case, naive::Start::Top, 20_000);
        if outcome.status != Status::Certified || !plain.settled {
            tally.count("skipped: not certified, or the textbook does not settle");
            return Ok(());
        }
        tally.count("compared");
        let n = case.institution_count();
        for (k, asset) in outcome.assets.iter().enumerate() {
            prop_assert!(
                close(asset.price, plain.prices[k], asset.price_shocked),
                "price {k}"
            );
            let sold: f64 = plain.units_sold.iter().map(|units| units[k]).sum();
            let held: f64 = case.holdings.iter().map(|units| units[k]).sum();
            prop_assert!(
                close(asset.sold_quantity, sold, held),
                "sold {k}: {} {sold}",
                asset.sold_quantity
            );
        }
        let mut sellers = 0;
        for i in 0..n {
            let institution = &outcome.institutions[i];
            let owed: f64 = case.debts[i].iter().sum();
            let scale = plain.assets[i].abs()
                + owed
                + case.external_liabilities[i]
                + institution.equity_initial.abs();
            prop_assert!(close(institution.equity, plain.equity[i], scale), "equity {i}");
            prop_assert!(close(institution.assets, plain.assets[i], scale), "assets {i}");
            prop_assert!(
                close(institution.payment, plain.payments[i], scale),
                "payment {i}"
            );
            prop_assert_eq!(
                institution.state == InstitutionState::Defaulted,
                plain.equity[i] < 0.0,
                "state {}",
                i
            );
            prop_assert!(
                close(
                    institution.equity_initial - institution.equity,
                    institution.loss,
                    scale
                ),
                "loss {i}"
            );
            let received: f64 = (0..n).map(|j| case.debts[j][i] * (1.0 - plain.ratios[j])).sum();
            prop_assert!(
                close(institution.loss_contagion, received, scale),
                "contagion {i}"
            );
            sellers += usize::from(plain.units_sold[i].iter().any(|&units| units > 0.0));
        }
        let proceeds: f64 = (0..n)
            .flat_map(|i| (0..case.asset_count()).map(move |k| (i, k)))
            .map(|(i, k)| plain.units_sold[i][k] * plain.average_prices[k])
            .sum();
        let scale: f64 = proceeds + plain.assets.iter().map(|assets| assets.abs()).sum::<f64>();
        prop_assert!(close(outcome.totals.sold_value, proceeds, scale), "proceeds");
        tally.count(if sellers > 0 {
            "with sellers"
        } else {
            "without sellers"
        });
        if outcome.totals.defaults > 0 {
            tally.count("with defaults");
        }
        Ok(())
    });
}

/// The textbook on lists is the textbook on tables.
#[test]
fn the_large_textbook_agrees_with_the_small_one() {
    let mix = Mix {
        rules: vec![RuleKind::LeverageCap],
        impacts: vec![ImpactKind::Exponential],
        clearings: vec![ClearingKind::EisenbergNoe],
        strategies: vec![CaseStrategy::ProRata],
        vwap: false,
        ..Mix::default()
    };
    check("large", strategies::cases_of(&mix), |mut case, tally| {
        let n = case.institution_count();
        case.clearing = CaseClearing::EisenbergNoe {
            external_senior: vec![false; n],
        };
        let sparse = |row: &[f64]| {
            row.iter()
                .copied()
                .enumerate()
                .filter(|&(_, amount)| amount != 0.0)
                .collect::<Vec<_>>()
        };
        let system = naive::large::LargeSystem {
            outside_assets: case
                .cash_after()
                .iter()
                .zip(&case.other_assets)
                .map(|(a, b)| a + b)
                .collect(),
            external_liabilities: case.external_liabilities.clone(),
            max_leverage: case
                .rules
                .iter()
                .map(|rule| match *rule {
                    CaseRule::MaxLeverage(cap) => cap,
                    CaseRule::MinLeverageRatio(ratio) => 1.0 / ratio,
                    _ => f64::INFINITY,
                })
                .collect(),
            holdings: case.holdings.iter().map(|row| sparse(row)).collect(),
            debts: (0..n)
                .map(|i| sparse(&case.debts.iter().map(|row| row[i]).collect::<Vec<_>>()))
                .collect(),
            initial_prices: case.prices.clone(),
            shocked_prices: case.shocked_prices(),
            depths: case.depths.clone(),
        };
        let plain = naive::solve(&case, naive::Start::Top, 20_000);
        let large = naive::large::solve(&system, 1e-15, 20_000);
        if !plain.settled || large.iterations == 20_000 {
            tally.count("skipped: does not settle");
            return Ok(());
        }
        tally.count("compared");
        for (k, price) in plain.prices.iter().enumerate() {
            prop_assert!(
                close(large.prices[k], *price, 1.0),
                "price {k}: {} {price}",
                large.prices[k]
            );
        }
        for i in 0..n {
            let scale = plain.assets[i].abs() + case.external_liabilities[i] + 1.0;
            prop_assert!(close(large.equity[i], plain.equity[i], scale), "equity {i}");
            let owed: f64 = case.debts[i].iter().sum();
            if owed > 0.0 {
                prop_assert!(close(large.payments[i], plain.payments[i], scale), "payment {i}");
            }
        }
        Ok(())
    });
}

/// Doubles of every magnitude, either sign.
fn magnitudes(low: i32, high: i32) -> impl Strategy<Value = f64> {
    (1.0..2.0, low..high, any::<bool>()).prop_map(|(m, e, negative): (f64, i32, bool)| {
        let value = m * 2f64.powi(e);
        if negative { -value } else { value }
    })
}

/// `low <= exact <= high`, and no more than one double lies strictly between.
fn narrow(low: f64, exact: &Dyadic, high: f64) -> Result<(), TestCaseError> {
    prop_assert!(
        Dyadic::from_f64(low) <= *exact && *exact <= Dyadic::from_f64(high),
        "{:e} outside [{low:e}, {high:e}]",
        exact.to_f64()
    );
    prop_assert!(
        low == high || high <= low.next_up().next_up(),
        "[{low:e}, {high:e}] is wide"
    );
    Ok(())
}

#[test]
fn directed_arithmetic_brackets_exact_arithmetic() {
    let wide = prop_oneof![
        2 => magnitudes(-60, 60),
        1 => magnitudes(-450, 450),
        1 => magnitudes(-1070, -900),
        1 => (-64_i32..64).prop_map(|n| f64::from(n) / 8.0),
    ];
    check("arithmetic", (wide.clone(), wide), |(a, b), tally| {
        tally.count("pairs");
        let (x, y) = (Dyadic::from_f64(a), Dyadic::from_f64(b));
        narrow(add_down(a, b), &(&x + &y), add_up(a, b))?;
        let product = &x * &y;
        if product.abs() < Dyadic::from_f64(1e300) {
            narrow(mul_down(a, b), &product, mul_up(a, b))?;
            if product.to_f64() == a * b && product == Dyadic::from_f64(a * b) && (a * b).abs() > 1e-270 {
                prop_assert!(mul_down(a, b) == mul_up(a, b), "an exact product moved");
                tally.count("exact products");
            }
        }
        if b > 0.0 && (a / b).abs() < 1e290 {
            let quotient = Interval::from(a) / Interval::from(b);
            let ends = (
                &Dyadic::from_f64(quotient.low) * &y,
                &Dyadic::from_f64(quotient.high) * &y,
            );
            prop_assert!(ends.0 <= x && x <= ends.1, "{a:e} / {b:e} outside {quotient:?}");
            prop_assert!(quotient.high <= quotient.low.next_up().next_up());
        }
        let (low, high) = sqrt_bounds(a.abs());
        let (low_exact, high_exact) = (Dyadic::from_f64(low), Dyadic::from_f64(high));
        prop_assert!(&low_exact * &low_exact <= x.abs() && x.abs() <= &high_exact * &high_exact);
        prop_assert!(low == high || high <= low.next_up().next_up());
        Ok(())
    });
}

#[test]
fn compensated_sums_bracket_exact_sums() {
    let term = (
        magnitudes(-60, 60),
        prop_oneof![Just(1.0), Just(0.0), magnitudes(-30, 30)],
    );
    let terms = prop::collection::vec(term, 1..40);
    check("sums", terms, |terms, tally| {
        tally.count("sums");
        let mut sum = CompensatedSum::default();
        let mut second = CompensatedSum::default();
        let mut exact = Dyadic::zero();
        let mut size = 0.0;
        for (n, &(a, b)) in terms.iter().enumerate() {
            let part = if n % 3 == 2 { &mut second } else { &mut sum };
            part.add_product(a, b);
            exact = &exact + &(&Dyadic::from_f64(a) * &Dyadic::from_f64(b));
            size += (a * b).abs();
        }
        sum.merge(second);
        let (low, high) = sum.bounds();
        prop_assert!(
            Dyadic::from_f64(low) <= exact && exact <= Dyadic::from_f64(high),
            "[{low:e}, {high:e}]"
        );
        prop_assert!(
            high - low <= 1e-15 * exact.to_f64().abs() + 1e-21 * size,
            "[{low:e}, {high:e}] is wide"
        );
        Ok(())
    });
}

/// `|value - exact|` in units in the last place of `value`.
fn ulps(value: f64, exact: &functions::Bounds) -> f64 {
    let unit = Dyadic::from_f64(value.abs().next_up() - value.abs());
    let far = |end: &Dyadic| (&Dyadic::from_f64(value) - end).abs();
    let error = far(&exact.0).max(far(&exact.1));
    error.div_ceil(&unit, 60).to_f64()
}

#[test]
fn exponentials_are_within_one_unit_and_their_bounds_hold() {
    let argument = prop_oneof![
        4 => -50.0..0.0,
        2 => -745.0..0.0,
        1 => 0.0..709.0,
        2 => magnitudes(-80, 2),
        1 => magnitudes(-1022, -60),
        // Beside the borders of segments.
        2 => (-60_000_i32..1_000, -3_i32..4).prop_map(|(segment, steps)| {
            let border = f64::from(segment) * (std::f64::consts::LN_2 / 64.0);
            (0..steps.abs()).fold(border, |x, _| if steps > 0 { x.next_up() } else { x.next_down() })
        }),
    ];
    let worst = RefCell::new(0.0_f64);
    check("exp", argument, |x, tally| {
        tally.count("arguments");
        let exact = functions::exp(&Dyadic::from_f64(x), 200);
        let value = elementary::exp(x);
        let (low, high) = elementary::exp_bounds(x);
        prop_assert!(
            Dyadic::from_f64(low) <= exact.0 && exact.1 <= Dyadic::from_f64(high),
            "exp({x:e}) = {:e} outside [{low:e}, {high:e}]",
            exact.0.to_f64()
        );
        prop_assert!(elementary::exp(x.next_down()) <= value && value <= elementary::exp(x.next_up()));
        let error = ulps(value, &exact);
        if value > 1e-300 {
            let mut worst = worst.borrow_mut();
            *worst = worst.max(error);
            prop_assert!(error < 1.0, "exp({x:e}) is off by {error} units");
        }
        Ok(())
    });
    println!("exp: largest error {} units", worst.into_inner());
}

#[test]
fn powers_are_correctly_rounded_and_their_bounds_hold() {
    let base = prop_oneof![
        3 => 0.0..1.0,
        2 => magnitudes(-60, 60).prop_map(f64::abs),
        1 => magnitudes(-1021, 1023).prop_map(f64::abs),
        // Beside 1.
        1 => magnitudes(-52, -1).prop_map(|x| 1.0 + x),
    ];
    let exponent =
        prop_oneof![3 => 0.01..2.0, 1 => 0.01..10.0, 1 => Just(0.5), 1 => Just(2.0), 1 => Just(1.5)];
    let worst = RefCell::new(0.0_f64);
    check("pow", (base, exponent), |(x, g), tally| {
        let value = elementary::pow(x, g);
        if value.is_infinite() || value < 1e-300 {
            tally.count("out of range");
            return Ok(());
        }
        tally.count("arguments");
        let exact = functions::pow(&Dyadic::from_f64(x), g, 200);
        let (low, high) = elementary::pow_bounds(x, g);
        prop_assert!(
            Dyadic::from_f64(low) <= exact.0 && exact.1 <= Dyadic::from_f64(high),
            "{x:e}^{g} = {:e} outside [{low:e}, {high:e}]",
            exact.0.to_f64()
        );
        let error = ulps(value, &exact);
        let mut worst = worst.borrow_mut();
        *worst = worst.max(error);
        prop_assert!(error < 0.500_001, "{x:e}^{g} is off by {error} units");
        Ok(())
    });
    println!("pow: largest error {} units", worst.into_inner());
}

/// Price and average price of every impact model against high precision, at sales of any size.
#[test]
fn quotes_lie_within_their_bounds() {
    let kinds = [
        ImpactKind::Linear,
        ImpactKind::Exponential,
        ImpactKind::Power,
        ImpactKind::SquareRoot,
        ImpactKind::FlooredExponential,
        ImpactKind::None,
    ];
    let mix = Mix {
        impacts: kinds.to_vec(),
        institutions: 1,
        ..Mix::default()
    };
    let sold = prop_oneof![4 => 0.0..3.0, 1 => magnitudes(-60, 6).prop_map(f64::abs), 1 => Just(1.0), 1 => Just(0.0)];
    check(
        "quotes",
        (strategies::cases_of(&mix), sold),
        |(mut case, sold), tally| {
            case.strategy = CaseStrategy::ProRata;
            let exact = ExactCascade::new(&case).expect("ordered");
            let m = case.asset_count();
            let shocked = case.shocked_prices();
            let model = case.impact_model();
            let market = Market::new(&case.prices, &shocked);
            for k in 0..m {
                let depth = if case.depths[k].is_finite() {
                    case.depths[k]
                } else {
                    1.0
                };
                let mut amounts = vec![0.0; m];
                amounts[k] = sold * depth;
                let [price, average] = exact.quotes(k, &Dyadic::from_f64(amounts[k]));
                let (mut low, mut high) = (vec![0.0; m], vec![0.0; m]);
                model.price_bounds_into(market, &amounts, &mut low, &mut high);
                let outside = |bounds: &(Dyadic, Dyadic), low: f64, high: f64| {
                    bounds.1 < Dyadic::from_f64(low) || bounds.0 > Dyadic::from_f64(high)
                };
                prop_assert!(
                    !outside(&price, low[k], high[k]),
                    "price {k} outside [{:e}, {:e}]",
                    low[k],
                    high[k]
                );
                prop_assert!(
                    high[k] - low[k] <= 1e-14 * shocked[k],
                    "price {k}: [{:e}, {:e}] is wide",
                    low[k],
                    high[k]
                );
                model.average_price_bounds_into(market, &amounts, &mut low, &mut high);
                prop_assert!(
                    !outside(&average, low[k], high[k]),
                    "average {k}: [{:e}, {:e}] outside [{:e}, {:e}]",
                    average.0.to_f64(),
                    average.1.to_f64(),
                    low[k],
                    high[k]
                );
                prop_assert!(high[k] - low[k] <= 1e-14 * shocked[k], "average {k} is wide");
                tally.count(match case.impact {
                    CaseImpact::None => "none",
                    CaseImpact::Linear => "linear",
                    CaseImpact::Exponential => "exponential",
                    CaseImpact::Power { .. } => "power",
                    CaseImpact::SquareRoot { .. } => "square-root",
                    CaseImpact::FlooredExponential { .. } => "floored-exponential",
                });
            }
            Ok(())
        },
    );
}
