//! Elliott, Golub and Jackson (2014): failures through cross-holdings, by waves and as an equilibrium.

use crate::fixture::{Clearing, all_close, bank, close, greatest, least, matrix, numbers};
use delever::io::{LoadOptions, load};
use delever::network::clearing::{ElliottGolubJackson, FailureRow};
use delever::prelude::*;
use delever_testkit::reference::shared_json;
use proptest::prelude::*;
use serde_json::Value;
use std::fmt::Write as _;

/// `(1 - o) V` of an equilibrium: what outsiders own.
fn market_values(model: &ElliottGolubJackson, outcome: &Outcome) -> Vec<f64> {
    let books: Vec<f64> = outcome
        .institutions
        .iter()
        .map(|i| i.equity - i.default_cost)
        .collect();
    model.market_values(&books)
}

fn failed(outcome: &Outcome) -> Vec<u32> {
    let failed = |n: &u32| outcome.institutions[*n as usize].state == InstitutionState::Defaulted;
    (0..outcome.institutions.len() as u32).filter(failed).collect()
}

/// Thresholds `theta` times market values before the shock, costs half of them.
fn rows(values_before: &[f64], theta: f64, fraction: f64) -> Vec<FailureRow> {
    let row = |value: &f64| FailureRow {
        failure_value: theta * value,
        failure_cost: fraction * (theta * value),
    };
    values_before.iter().map(row).collect()
}

fn model(held: &[Vec<f64>], rows: Vec<FailureRow>) -> (Clearing, ElliottGolubJackson) {
    let none = vec![0.0; held.len()];
    let problem = Clearing::layered(&none, &[], held, &none);
    let model = ElliottGolubJackson::new(problem.graph.shareholdings(), rows).expect("owned outside");
    (problem, model)
}

struct Published {
    held: Vec<Vec<f64>>,
    prices: Vec<f64>,
    values_before: Vec<f64>,
    shocked: Vec<u32>,
    rows: Vec<FailureRow>,
    expected: Value,
}

fn published(name: &str) -> Option<Published> {
    let case = shared_json(&format!("reference/egj_crossholdings/{name}.json"))?;
    let (input, expected) = (&case["input"], case["output"].clone());
    let shocked: Vec<u32> = numbers(&input["shocked"]).iter().map(|&n| n as u32).collect();
    let theta = input["theta"].as_f64().expect("a number");
    let fraction = input["failure_cost_fraction"].as_f64().expect("a number");
    let mut prices = numbers(&input["prices"]);
    let held = matrix(&input["C_rowholder_colissuer"]);
    let (_, healthy) = model(&held, rows(&vec![0.0; prices.len()], theta, fraction));
    let values_before = healthy.failure_waves(&prices, &[]).market_values;
    let keep = input["shock_keep_fraction"].as_f64().expect("a number");
    for &n in &shocked {
        prices[n as usize] *= keep;
    }
    let rows = rows(&values_before, theta, fraction);
    Some(Published {
        held,
        prices,
        values_before,
        shocked,
        rows,
        expected,
    })
}

const PUBLISHED: [&str; 5] = [
    "tiny3",
    "two_symmetric",
    "random_n50_d4_theta90",
    "random_n50_d4_theta95",
    "random_n50_d4_theta98",
];

#[test]
#[cfg_attr(shared_absent, ignore = "the shared folder is absent")]
fn waves_of_a_published_program() {
    for name in PUBLISHED {
        let Some(case) = published(name) else { return };
        all_close(
            &case.values_before,
            &numbers(&case.expected["values_before"]),
            1e-9,
            name,
        );
        // There, whom the shock strikes has failed without a cost, and an empty last wave is recorded.
        let (_, model) = model(&case.held, case.rows.clone());
        let cascade = model.failure_waves(&case.prices, &case.shocked);
        let mut waves = vec![case.shocked.clone()];
        waves.extend(cascade.waves.clone());
        waves.push(vec![]);
        let expected: Vec<Vec<u32>> = matrix(&case.expected["waves"])
            .iter()
            .map(|wave| wave.iter().map(|&n| n as u32).collect())
            .collect();
        assert_eq!(waves, expected, "{name}");
        close(
            cascade.total_cost,
            case.expected["total_costs"].as_f64().expect("a number"),
            1e-9,
            name,
        );

        // The same as an equilibrium: no cost for whom the shock strikes.
        let mut rows = case.rows.clone();
        case.shocked
            .iter()
            .for_each(|&n| rows[n as usize].failure_cost = 0.0);
        let none = vec![0.0; case.prices.len()];
        let problem = Clearing::layered(&case.prices, &[], &case.held, &none);
        let model = ElliottGolubJackson::new(problem.graph.shareholdings(), rows).expect("owned outside");
        let both = problem.solve(Box::new(model.clone()));
        let outcome = greatest(&both);
        assert_eq!(outcome.status, Status::Certified, "{name}");
        all_close(
            &market_values(&model, outcome),
            &cascade.market_values,
            1e-9,
            name,
        );
        close(
            outcome.totals.loss_bankruptcy_costs,
            cascade.total_cost,
            1e-9,
            name,
        );
    }
}

/// Six countries that hold a third of one another's debt.
struct Europe {
    held: Vec<Vec<f64>>,
    prices: Vec<f64>,
    before: Vec<f64>,
    names: Vec<String>,
    case: Value,
}

fn europe() -> Option<Europe> {
    let case = shared_json("reference/literature/elliott_golub_jackson_europe.json")?;
    let input = &case["inputs"];
    let claims = matrix(&input["BIS_claims_2011_row_owed_to_col_convention_of_source"]);
    let count = claims.len();
    let owed: Vec<f64> = claims.iter().map(|row| row.iter().sum()).collect();
    let held: Vec<Vec<f64>> = (0..count)
        .map(|i| (0..count).map(|j| claims[j][i] / owed[j] / 3.0).collect())
        .collect();
    let (_, calm) = model(&held, rows(&vec![0.0; count], 0.0, 0.0));
    let before = calm.failure_waves(&numbers(&input["p_2008"]), &[]).market_values;
    let prices = numbers(&input["p_2011_GDP_normalised_Portugal_1"]);
    let names = case["names"].as_array().expect("an array").iter();
    let names = names
        .map(|name| name.as_str().expect("text").to_owned())
        .collect();
    Some(Europe {
        held,
        prices,
        before,
        names,
        case,
    })
}

#[test]
#[cfg_attr(shared_absent, ignore = "the shared folder is absent")]
fn european_debt_2011() {
    let Some(europe) = europe() else { return };
    let expected = &europe.case["expected"];
    let calm = model(&europe.held, rows(&[0.0; 6], 0.0, 0.0)).1;
    let values = |outside: &[f64]| calm.failure_waves(outside, &[]).market_values;
    all_close(&europe.before, &numbers(&expected["v0_2008"]), 1e-9, "2008");
    all_close(
        &values(&europe.prices),
        &numbers(&expected["v_2011_no_failure"]),
        1e-9,
        "2011",
    );
    // Columns of A: what a unit of one country's output is worth to all.
    for (n, column) in matrix(&expected["A"])[0].iter().enumerate() {
        let mut unit = [0.0; 6];
        unit[n] = 1.0;
        close(values(&unit)[0], *column, 1e-9, "A");
    }
    for cascade in expected["cascades"].as_array().expect("an array") {
        let theta = cascade["theta"].as_f64().expect("a number");
        let (_, model) = model(&europe.held, rows(&europe.before, theta, 0.5));
        let ours = model.failure_waves(&europe.prices, &[]);
        let waves: Vec<Vec<&str>> = ours
            .waves
            .iter()
            .map(|wave| wave.iter().map(|&n| europe.names[n as usize].as_str()).collect())
            .collect();
        assert_eq!(serde_json::json!(waves), cascade["waves_exact_A"], "{theta}");
        all_close(&ours.market_values, &numbers(&cascade["v_exact_A"]), 1e-9, "v");
    }
}

#[test]
#[cfg_attr(shared_absent, ignore = "the shared folder is absent")]
fn european_debt_2011_through_a_scenario_file() {
    let Some(europe) = europe() else { return };
    let folder = std::env::temp_dir().join(format!("delever-europe-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("written");
    let mut shares = String::from("holder,issuer,fraction\n");
    for (i, row) in europe.held.iter().enumerate() {
        for (j, fraction) in row.iter().enumerate().filter(|&(_, &fraction)| fraction > 0.0) {
            writeln!(shares, "{},{},{fraction:?}", bank(i), bank(j)).expect("written");
        }
    }
    write("shareholdings.csv", &shares);
    let scenario = "version = 1\nname = \"europe\"\n[data]\ndir = \".\"\n[clearing]\nmodel = \"elliott-golub-jackson\"\n\
                    [engine]\nkind = \"equilibrium\"\nselect = \"both\"\n";
    write("scenario.toml", scenario);
    let registry = registry();
    for cascade in europe.case["expected"]["cascades"].as_array().expect("an array") {
        let theta = cascade["theta"].as_f64().expect("a number");
        let mut table = String::from("id,cash,failure_value,failure_cost\n");
        let rows = rows(&europe.before, theta, 0.5);
        for (n, row) in rows.iter().enumerate() {
            let (value, cost) = (row.failure_value, row.failure_cost);
            writeln!(table, "{},{:?},{value:?},{cost:?}", bank(n), europe.prices[n]).expect("written");
        }
        write("institutions.csv", &table);
        let run = load(&folder.join("scenario.toml"), &registry, &LoadOptions::default())
            .unwrap_or_else(|problems| panic!("{problems}"));
        let both = run.solve(&registry).expect("models fit");
        let model = model(&europe.held, rows).1;
        let outcome = greatest(&both);
        assert_eq!(outcome.status, Status::Certified, "{theta}");
        all_close(
            &market_values(&model, outcome),
            &numbers(&cascade["v_exact_A"]),
            1e-9,
            "v",
        );
        let waves = model.failure_waves(&europe.prices, &[]).waves;
        let mut ever: Vec<u32> = waves.concat();
        ever.sort_unstable();
        assert_eq!(failed(outcome), ever, "{theta}");
    }
    std::fs::remove_dir_all(&folder).expect("removed");
}

#[test]
fn failures_can_fulfil_themselves() {
    // Each falls below 0.9 once the other has failed, and neither by itself: two equilibria.
    let row = FailureRow {
        failure_value: 0.9,
        failure_cost: 0.5,
    };
    let held = [vec![0.0, 0.5], vec![0.5, 0.0]];
    let problem = Clearing::layered(&[1.0; 2], &[], &held, &[0.0; 2]);
    let model = ElliottGolubJackson::new(problem.graph.shareholdings(), vec![row; 2]).expect("owned outside");
    let both = problem.solve(Box::new(model.clone()));
    // V = 1 + V/2 = 2, v = 1; with both costs V = 0.5 + V/2 = 1, x = 1.5, (1 - o) x = 0.75 < 0.9.
    all_close(
        &market_values(&model, greatest(&both)),
        &[1.0; 2],
        1e-12,
        "greatest",
    );
    all_close(&market_values(&model, least(&both)), &[0.5; 2], 1e-12, "least");
    assert_eq!(
        (failed(greatest(&both)), failed(least(&both))),
        (vec![], vec![0, 1])
    );
    assert_eq!(both.unique, Some(false));
}

#[test]
fn values_below_zero_pass_on() {
    // No floor: whoever owns half of a loss bears half of it.
    let row = FailureRow {
        failure_value: -100.0,
        failure_cost: 1.0,
    };
    let held = [vec![0.0, 0.5], vec![0.0, 0.0]];
    let problem = Clearing::layered(&[1.0, -8.0], &[], &held, &[0.0; 2]);
    let model = ElliottGolubJackson::new(problem.graph.shareholdings(), vec![row; 2]).expect("owned outside");
    let both = problem.solve(Box::new(model));
    let outcome = greatest(&both);
    assert_eq!(outcome.status, Status::Certified);
    assert_eq!(
        (outcome.institutions[0].equity, outcome.institutions[1].equity),
        (-3.0, -8.0)
    );
}

fn random() -> impl Strategy<Value = (Vec<Vec<f64>>, Vec<f64>, Vec<FailureRow>)> {
    (2_usize..8).prop_flat_map(|n| {
        let fraction = prop_oneof![
            2 => Just(0.0),
            3 => (1_u32..64).prop_map(move |x| f64::from(x) / 64.0 / n as f64)
        ];
        let held = prop::collection::vec(prop::collection::vec(fraction, n), n).prop_map(|mut held| {
            (0..held.len()).for_each(|n| held[n][n] = 0.0);
            held
        });
        let outside = prop::collection::vec((-80_i32..800).prop_map(|x| f64::from(x) / 16.0), n);
        let row = ((0_u32..400), (0_u32..200)).prop_map(|(value, cost)| FailureRow {
            failure_value: f64::from(value) / 16.0,
            failure_cost: f64::from(cost) / 16.0,
        });
        (held, outside, prop::collection::vec(row, n))
    })
}

proptest! {
    #[test]
    fn equilibrium_and_waves_agree((held, outside, rows) in random()) {
        let none = vec![0.0; outside.len()];
        let problem = Clearing::layered(&outside, &[], &held, &none);
        let model = ElliottGolubJackson::new(problem.graph.shareholdings(), rows).expect("owned outside");
        let both = problem.solve(Box::new(model.clone()));
        let (best, worst) = (greatest(&both), least(&both));
        prop_assert!(!matches!(best.status, Status::Unordered | Status::NonFinite), "{:?}", best.status);
        let waves = model.failure_waves(&outside, &[]);
        if !best.near_boundary {
            prop_assert_eq!(best.status, Status::Certified);
            let mut ever = waves.waves.concat();
            ever.sort_unstable();
            prop_assert_eq!(failed(best), ever);
            for (ours, theirs) in market_values(&model, best).iter().zip(&waves.market_values) {
                prop_assert!((ours - theirs).abs() < 1e-9, "{} {}", ours, theirs);
            }
        }
        for (a, b) in best.institutions.iter().zip(&worst.institutions) {
            prop_assert!(a.equity >= b.equity - 1e-9);
        }
    }

    #[test]
    fn more_outside_assets_never_add_a_failure((held, outside, rows) in random(), who in 0_usize..8, more in 0.0_f64..20.0) {
        let mut richer = outside.clone();
        let who = who % outside.len();
        richer[who] += more;
        let none = vec![0.0; outside.len()];
        let problem = Clearing::layered(&outside, &[], &held, &none);
        let model = ElliottGolubJackson::new(problem.graph.shareholdings(), rows).expect("owned outside");
        let (poor, rich) = (model.failure_waves(&outside, &[]), model.failure_waves(&richer, &[]));
        let (poor, rich) = (poor.waves.concat(), rich.waves.concat());
        // Values are sums in one order, so they rise with every term.
        prop_assert!(rich.iter().all(|n| poor.contains(n)), "{:?} {:?}", poor, rich);
    }
}
