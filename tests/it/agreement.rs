//! The engine against independent ones: exact arithmetic for its proofs, the textbook for its accounts.
//!
//! `PROPTEST_CASES` sets the number of cases of each test. Every test prints what it counted.

use delever::cascade::{Cascade, CascadeMap, Settings, Status};
use delever::solver::{self, FixedPointMap, Solution};
use delever_testkit::case::{Case, CaseImpact};
use delever_testkit::exact::clearing::ExactClearing;
use delever_testkit::exact::{Dyadic, End, ExactBracket, ExactCascade, functions};
use delever_testkit::naive;
use delever_testkit::strategies::{self, Mix};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Cases of a test where the environment does not say.
const CASES: u32 = 2_000;

/// Runs a property over random inputs; `tally` counts what happened, and is printed.
fn check<S: Strategy>(
    name: &str,
    strategy: S,
    property: impl Fn(S::Value, &mut Tally) -> Result<(), TestCaseError>,
) -> Tally {
    let mut config = ProptestConfig::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = CASES;
    }
    config.failure_persistence = None;
    let tally = RefCell::new(Tally::default());
    let mut runner = TestRunner::new(config);
    let result = runner.run(&strategy, |input| property(input, &mut tally.borrow_mut()));
    let tally = tally.into_inner();
    println!("{name}: {:?}", tally.0);
    if let Err(error) = result {
        panic!("{name}: {error}");
    }
    tally
}

#[derive(Default)]
struct Tally(BTreeMap<&'static str, u32>);

impl Tally {
    fn count(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }

    fn of(&self, what: &str) -> u32 {
        self.0.get(what).copied().unwrap_or(0)
    }
}

const SETTINGS: Settings = Settings {
    tolerance: 1e-12,
    max_iterations: 20_000,
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
    for n in 0..top.len() {
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
        let allowed = Dyadic::from_f64(bracket.width * top[n] + 4.0 * f64::EPSILON * top[n]);
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
        Status::Bracketed => "engine: bracketed wider",
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
