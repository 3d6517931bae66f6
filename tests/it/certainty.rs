//! How many random systems are certified, and whether any bracket misses the exact equilibrium.
//!
//! All models of the registry are drawn, in all combinations that are ordered. `PROPTEST_CASES` sets the number of systems.

use crate::registry_models::{DRAWS, Draws, compose};
use delever::cascade::{Cascade, CascadeMap, Method, Select, Settings, Status, Summary};
use delever::solver::{self, FixedPointMap, Solution};
use delever_testkit::case::Case;
use delever_testkit::exact::{Dyadic, End, ExactCascade};
use delever_testkit::strategies::{self, Mix};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// Passes of the exact engine in each chain.
const EXACT_PASSES: u32 = 200;

/// Brackets must hold the exact fixed point.
fn hold(solutions: &[Solution], case: &Case, end: End) -> Result<(), TestCaseError> {
    let exact = ExactCascade::new(case).expect("ordered").solve(end, EXACT_PASSES);
    for bracket in solutions.iter().filter_map(|solution| solution.bracket.as_ref()) {
        for n in 0..bracket.lower.len() {
            let (low, high) = (
                Dyadic::from_f64(bracket.lower[n]),
                Dyadic::from_f64(bracket.upper[n]),
            );
            prop_assert!(
                low <= exact.high[n] && exact.low[n] <= high,
                "component {n}: engine [{:e}, {:e}], exact [{:e}, {:e}]",
                bracket.lower[n],
                bracket.upper[n],
                exact.low[n].to_f64(),
                exact.high[n].to_f64()
            );
        }
    }
    Ok(())
}

/// Waves that are looked at, and what their rounding may add up to, relative to the price after the shock.
const MOST_WAVES: u64 = 200;
const ROUNDING_OF_WAVES: f64 = 1e-9;

/// What users call: prices and their widths, alone and in a sweep, whichever way the engine went.
fn prices_hold(cascade: &Cascade<'_>, case: &Case) -> Result<(), TestCaseError> {
    let exact = ExactCascade::new(case)
        .expect("ordered")
        .solve(End::Greatest, EXACT_PASSES);
    let shock = case.shock();
    let shocked = shock.prices_after(cascade.system());
    let mut last = shocked.clone();
    let mut rises = false;
    let watched = cascade.unfold(&shock, |wave| {
        rises |= wave.prices().iter().zip(&last).any(|(now, before)| now > before);
        last = wave.prices().to_vec();
        if wave.iteration < MOST_WAVES {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    });
    prop_assert!(watched.is_ok() && !rises, "a wave of sales raises a price");
    for (n, (price, top)) in last.iter().zip(&shocked).enumerate() {
        let low = exact.low[n].to_f64();
        prop_assert!(
            low <= price + ROUNDING_OF_WAVES * top,
            "waves pass price {n}: {price:e}, exact {low:e}"
        );
    }
    let wide = Settings {
        tolerance: 1e-10,
        ..Settings::default()
    };
    for settings in [Settings::default(), wide] {
        let alone = cascade
            .solve(&shock, Select::Greatest, &settings)
            .expect("shock fits")
            .greatest
            .expect("asked for");
        let swept = cascade.sweep(std::slice::from_ref(&shock), &settings);
        let alone = Summary::from(alone);
        prop_assert_eq!(swept, vec![Ok(alone.clone())]);
        let width = alone.certificate.width.unwrap_or(f64::INFINITY);
        for (n, (price, top)) in alone.prices.iter().zip(&shocked).enumerate() {
            let reach = (width + 4.0 * f64::EPSILON) * top;
            let (low, high) = (exact.low[n].to_f64(), exact.high[n].to_f64());
            prop_assert!(
                price - reach <= high && low <= price + reach,
                "price {n}: {price:e} within {width:e}, exact [{low:e}, {high:e}]"
            );
        }
    }
    Ok(())
}

#[derive(Default)]
struct Tally {
    /// Ends of systems.
    solved: u32,
    certified: u32,
    /// Compared with the exact engine.
    checked: u32,
    /// Steps of policy iteration where it was asked for.
    steps: u64,
    bracketed: BTreeMap<&'static str, u32>,
}

#[test]
fn nearly_all_ordered_systems_are_certified_and_all_are_bracketed() {
    let registry = delever::io::registry();
    let tally = RefCell::new(Tally::default());
    let inputs = (
        strategies::cases_of(&Mix::all()),
        prop::collection::vec(0.0_f64..1.0, DRAWS),
        any::<bool>(),
    );
    let result =
        TestRunner::new(delever_testkit::laws::config()).run(&inputs, |(case, draws, of_registry)| {
            let system = case.system();
            let exact = !of_registry;
            let mut draws = Draws(draws.iter());
            let from_registry = of_registry.then_some((&registry, &mut draws));
            let Some((graph, models, kinds)) = compose(&case, &system, from_registry) else {
                return Err(TestCaseError::reject("parameters that a model refuses"));
            };
            let Ok(cascade) = Cascade::new(&system, &graph, models) else {
                return Err(TestCaseError::reject("no average prices"));
            };
            // All models of the project are as they declare.
            prop_assert!(
                cascade.refuted().is_empty(),
                "{:?} of {}",
                cascade.refuted(),
                kinds
            );
            let map = CascadeMap::new(&cascade, &case.shock()).expect("shock fits");
            prop_assume!(map.shape().isotone && map.shape().bounded);
            for (end, exact_end) in [
                (solver::End::Greatest, End::Greatest),
                (solver::End::Least, End::Least),
            ] {
                let solution = solver::solve(&map, end, &Settings::default(), &mut ());
                let mut tally = tally.borrow_mut();
                tally.solved += 1;
                let width = solution
                    .bracket
                    .as_ref()
                    .map_or(f64::INFINITY, |bracket| bracket.width);
                match solution.status {
                    Status::Certified => tally.certified += 1,
                    status => {
                        prop_assert_eq!(status, Status::Bracketed, "{:?} of {}", end, kinds);
                        prop_assert!(width.is_finite(), "{:?} of {}: no bracket", end, kinds);
                        let class = match (map.shape().from_below, width < 1e-6) {
                            (_, true) => "narrower than 1e-6",
                            (false, false) => "wider, a model jumps",
                            (true, false) => "wider, no model jumps",
                        };
                        *tally.bracketed.entry(class).or_default() += 1;
                    }
                }
                if exact && end == solver::End::Greatest {
                    prices_hold(&cascade, &case)?;
                }
                if exact {
                    // Newton's steps from the first on must not miss it either.
                    let policy = Settings {
                        method: Method::Policy,
                        ..Settings::default()
                    };
                    let policy = solver::solve(&map, end, &policy, &mut ());
                    tally.steps += policy.policy_steps;
                    hold(&[solution, policy], &case, exact_end)?;
                    tally.checked += 1;
                }
            }
            Ok(())
        });
    let tally = tally.into_inner();
    let (solved, certified) = (f64::from(tally.solved), f64::from(tally.certified));
    println!(
        "{solved} ends solved, {certified} certified, {} compared with exact arithmetic, also after {} policy steps, bracketed: {:?}",
        tally.checked, tally.steps, tally.bracketed
    );
    if let Err(error) = result {
        panic!("{error}");
    }
    // Few cases say little about shares.
    let slack = 2.0 / solved.sqrt();
    assert!(
        certified / solved + slack >= 0.99,
        "only {certified} of {solved} are certified"
    );
}
