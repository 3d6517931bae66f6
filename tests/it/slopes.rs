//! Slopes of the map hold between any two states of their box, and fine images agree with exact ones.

use crate::registry_models::{DRAWS, Draws, compose};
use delever::cascade::{Cascade, CascadeMap};
use delever::core::{FineInterval, Real};
use delever::solver::linear::NonNegativeRows;
use delever::solver::{End, FixedPointMap, Precision, Twofold};
use delever_testkit::exact::{Dyadic, ExactCascade, functions};
use delever_testkit::laws::config;
use delever_testkit::strategies::{self, Mix};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::cell::Cell;

/// `T(u) - T(x) >= J (u - x)` for `x` in the box, with `J` from the box: the premise of policy iteration.
#[test]
fn the_map_falls_at_least_as_steeply_as_its_slopes_say() {
    let registry = delever::io::registry();
    let (steep, boxes) = (Cell::new(0_u32), Cell::new(0_u32));
    let inputs = (
        strategies::cases_of(&Mix::all()),
        prop::collection::vec(0.0_f64..1.0, DRAWS),
        any::<bool>(),
        prop::collection::vec(0.0_f64..1.0, 96),
    );
    let result = TestRunner::new(config()).run(&inputs, |(case, draws, of_registry, places)| {
        let system = case.system();
        let mut draws = Draws(draws.iter());
        let from_registry = of_registry.then_some((&registry, &mut draws));
        let Some((graph, models, kinds)) = compose(&case, &system, from_registry) else {
            return Err(TestCaseError::reject("parameters that a model refuses"));
        };
        let Ok(cascade) = Cascade::new(&system, &graph, models) else {
            return Err(TestCaseError::reject("no average prices"));
        };
        let map = CascadeMap::new(&cascade, &case.shock()).expect("shock fits");
        prop_assume!(map.shape().isotone && map.shape().bounded);
        let dim = map.dim();
        let mut work = map.workspace();
        let (mut bottom, mut top) = (vec![0.0; dim], vec![0.0; dim]);
        map.bounds_into(&mut bottom, &mut top);
        let mut places = places.into_iter().cycle();
        let mut next = || places.next().expect("cycles");
        // Boxes of all sizes, often at the top, where solutions are.
        let size = 10.0_f64.powf(-8.0 * next());
        let near_top = next() < 0.5;
        let mut upper = vec![0.0; dim];
        let mut lower = vec![0.0; dim];
        for n in 0..dim {
            let length = top[n] - bottom[n];
            let drop = if near_top { 1e-3 * next() } else { next() };
            upper[n] = (top[n] - drop * length).max(bottom[n]);
            lower[n] = (upper[n] - size * next() * length).max(bottom[n]);
        }
        let (mut at_upper, mut at_lower, mut image) = (vec![0.0; dim], vec![0.0; dim], vec![0.0; dim]);
        map.apply_above(&upper, &mut at_upper, Precision::Sharp, &mut work);
        map.apply_below(&lower, &mut at_lower, Precision::Sharp, &mut work);
        for (end, anchor, other) in [(End::Greatest, &upper, &lower), (End::Least, &lower, &upper)] {
            let mut rows = NonNegativeRows::default();
            if !map.slopes_into(end, anchor, other, &mut rows, &mut work) {
                continue;
            }
            boxes.set(boxes.get() + 1);
            prop_assert_eq!(rows.row_count(), dim);
            steep.set(steep.get() + u32::from(rows.entry_count() > 0));
            for share in [1.0, 0.5, 0.1] {
                let x: Vec<f64> = (0..dim)
                    .map(|n| anchor[n] + (other[n] - anchor[n]) * if share == 1.0 { 1.0 } else { share * next() })
                    .collect();
                let outer = if end == End::Greatest {
                    map.apply_below(&x, &mut image, Precision::Sharp, &mut work);
                    &at_upper
                } else {
                    map.apply_above(&x, &mut image, Precision::Sharp, &mut work);
                    &at_lower
                };
                for n in 0..dim {
                    // Bounds of both ends, so the fall between them is not understated.
                    let fall = (outer[n] - image[n]).abs();
                    let least: f64 = rows.row(n).map(|(m, slope)| slope * (anchor[m] - x[m]).abs()).sum();
                    prop_assert!(
                        fall >= least * (1.0 - 1e-12),
                        "component {n} of {dim} falls by {fall:e}, at least {least:e} claimed, {end:?}, {kinds}"
                    );
                }
            }
        }
        Ok(())
    });
    println!("{} boxes, {} with slopes", boxes.get(), steep.get());
    if let Err(error) = result {
        panic!("{error}");
    }
    assert!(
        steep.get() * 4 >= boxes.get(),
        "slopes of {} boxes only",
        steep.get()
    );
}

/// A double of `x` that does not lie above it, to about `2^-105`: high and low part.
fn within(bounds: (&Dyadic, &Dyadic), parts: (f64, f64), above: bool) -> bool {
    let number = &Dyadic::from_f64(parts.0) + &Dyadic::from_f64(parts.1);
    if above {
        number >= *bounds.0
    } else {
        number <= *bounds.1
    }
}

#[test]
fn fine_images_hold_the_exact_ones_and_are_narrow() {
    let (narrow, components) = (Cell::new(0_u32), Cell::new(0_u32));
    let inputs = (
        strategies::cases_of(&Mix::all()),
        prop::collection::vec(0.0_f64..1.0, 48),
    );
    let result = TestRunner::new(config()).run(&inputs, |(case, places)| {
        let (system, graph) = (case.system(), case.graph());
        let cascade = Cascade::new(&system, &graph, case.models()).expect("models fit");
        prop_assert!(cascade.refuted().is_empty(), "{:?}", cascade.refuted());
        let map = CascadeMap::new(&cascade, &case.shock()).expect("shock fits");
        let exact = ExactCascade::new(&case).expect("ordered");
        let dim = map.dim();
        let mut work = map.workspace();
        let (mut bottom, mut top) = (vec![0.0; dim], vec![0.0; dim]);
        map.bounds_into(&mut bottom, &mut top);
        let mut places = places.into_iter().cycle();
        let mut x = Twofold::from(top.clone());
        let assets = case.asset_count();
        for (n, &top) in top.iter().enumerate() {
            let share = places.next().expect("cycles");
            let high = if n >= assets && n < 2 * assets && case.vwap {
                // The map is isotone where averages are not below prices.
                top
            } else {
                top * (1.0 - 0.2 * share)
            };
            x.set(n, (high, high * f64::EPSILON * 0.2 * (share - 0.5)));
        }
        let (mut above, mut below) = (x.clone(), x.clone());
        prop_assert!(map.apply_above_finely(&x, &mut above, &mut work));
        prop_assert!(map.apply_below_finely(&x, &mut below, &mut work));
        let state: Vec<Dyadic> = (0..dim)
            .map(|n| &Dyadic::from_f64(x.part(n).0) + &Dyadic::from_f64(x.part(n).1))
            .collect();
        let (low, high) = (exact.image_below(&state), exact.image_above(&state));
        for n in 0..dim {
            let bounds = (&low[n], &high[n]);
            prop_assert!(
                within(bounds, above.part(n), true) && within(bounds, below.part(n), false),
                "component {n}: fine {:?} {:?}, exact {:e} {:e}",
                below.part(n),
                above.part(n),
                low[n].to_f64(),
                high[n].to_f64()
            );
            components.set(components.get() + 1);
            let (a, b) = (above.part(n), below.part(n));
            let width = (a.0 - b.0) + (a.1 - b.1);
            narrow.set(narrow.get() + u32::from(width <= 1e-22 * top[n].max(1e-9)));
        }
        Ok(())
    });
    println!("{} of {} components narrow", narrow.get(), components.get());
    if let Err(error) = result {
        panic!("{error}");
    }
    assert!(f64::from(narrow.get()) >= 0.9 * f64::from(components.get()));
}

/// Elementary functions with 30 digits against the exact engine's.
#[test]
fn fine_functions_hold_the_exact_ones() {
    const BITS: u64 = 230;
    let check = |what: &str, fine: FineInterval, exact: (Dyadic, Dyadic), digits: f64| {
        let bounds = (&exact.0, &exact.1);
        prop_assert!(
            within(bounds, fine.high(), true) && within(bounds, fine.low(), false),
            "{what}: {fine:?}, exact {:e}",
            exact.0.to_f64()
        );
        let width = (fine.high().0 - fine.low().0) + (fine.high().1 - fine.low().1);
        prop_assert!(width <= digits * fine.high().0.abs(), "{what}: {fine:?} is wide");
        Ok(())
    };
    let inputs = (1e-9_f64..40.0, 0.01_f64..10.0, 1e-9_f64..40.0);
    let result = TestRunner::new(config()).run(&inputs, |(x, exponent, y)| {
        let number = Dyadic::from_f64(x);
        let (fine, other) = (FineInterval::from(x), FineInterval::from(y));
        check("sqrt", fine.sqrt(), functions::sqrt(&number, BITS), 1e-28)?;
        check("exp", fine.exp(), functions::exp(&number, BITS), 1e-23)?;
        let falling = FineInterval::from(-x).exp();
        check("exp", falling, functions::exp(&-&number, BITS), 1e-23)?;
        check(
            "pow",
            fine.pow(exponent),
            functions::pow(&number, exponent, BITS),
            1e-23,
        )?;
        let divisor = Dyadic::from_f64(y);
        let (low, high) = (number.div_floor(&divisor, 230), number.div_ceil(&divisor, 230));
        check("quotient", fine / other, (low, high), 1e-28)?;
        // 1 - tanh x = 2 / (1 + exp 2 x).
        let (low, high) = functions::exp(&number.scaled(1), BITS);
        let (one, two) = (Dyadic::one(), Dyadic::from_f64(2.0));
        let exact = (
            two.div_floor(&(&high + &one), 330),
            two.div_ceil(&(&low + &one), 330),
        );
        check("1 - tanh", fine.one_minus_tanh(), exact, 1e-22)
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}
