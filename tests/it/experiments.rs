//! The tables of `docs/experiments`, made anew and compared with what the pages print.

use crate::published_rounds::Banks;
use delever::io::{LoadOptions, load_from};
use delever::prelude::*;
use delever_testkit::reference::shared_json;
use std::fmt::Write;
use std::path::Path;

/// The block between `<!-- name -->` and `<!-- end -->` of a page, without blank ends.
fn block(page: &str, name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../docs/experiments")
        .join(page);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let start = format!("<!-- {name} -->");
    let from = text
        .find(&start)
        .unwrap_or_else(|| panic!("{page} has no block {name}"))
        + start.len();
    let length = text[from..].find("<!-- end -->").expect("every block ends");
    text[from..from + length].trim().to_owned()
}

fn printed(page: &str, name: &str, made: &str) {
    assert_eq!(
        block(page, name),
        made.trim(),
        "docs/experiments/{page}, block {name}; it should read\n{made}"
    );
}

#[test]
#[cfg_attr(shared_absent, ignore = "the shared folder is absent")]
fn eba_2018_in_rounds() {
    let Some(case) = shared_json("reference/firesale_stresstest/eba2018_published_curves.json") else {
        return;
    };
    let curve = &case["curves"]["exp1_price_impact"];
    let mut table = "| fall | defaults | published | sold | published | corporate | published | government | published |\n\
                     |---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for (n, params) in curve["params"].as_array().expect("runs").iter().enumerate() {
        let banks = Banks::with(&case["banks"], params);
        let outcome = banks.run_scenario();
        let sold: f64 = outcome.assets.iter().map(|asset| asset.sold_quantity).sum();
        let published = |key: &str| curve[key][n].as_f64().expect("a number");
        let price = |asset: usize| curve["final_prices"][n][asset].as_f64().expect("a price");
        let _ = writeln!(
            table,
            "| {:.1} % | {} | {} | {:.4} | {:.4} | {:.6} | {:.6} | {:.6} | {:.6} |",
            100.0 * curve["x"][n].as_f64().expect("a fall"),
            outcome.totals.defaults,
            published("defaults_total"),
            sold / banks.units(),
            published("sold_fraction"),
            outcome.assets[0].price,
            price(0),
            outcome.assets[1].price,
            price(1),
        );
    }
    printed("eba-2018-in-rounds.md", "curve", &table);

    let mut table = "| shock | corporate, rounds | defaults, rounds | corporate, equilibrium | below 3 %, equilibrium |\n\
                     |---|---|---|---|---|\n"
        .to_owned();
    for shock in [0.030, 0.035, 0.040, 0.045, 0.200, 0.205] {
        let params = serde_json::json!({
            "lev_min": 0.03, "lev_buffer": 0.04, "lev_target": 0.05, "price_impact": 0.01, "shock": [0.0, shock],
            "steps": 40
        });
        let banks = Banks::with(&case["banks"], &params);
        let rounds = banks.run_scenario();
        let (tables, scenario) = banks.scenario();
        let options = LoadOptions {
            overrides: vec![
                "engine.kind=equilibrium".to_owned(),
                "impact.execution=terminal".to_owned(),
            ],
            ..LoadOptions::default()
        };
        let loaded = load_from(&tables, "eba.toml", &scenario, &registry(), &options).expect("valid");
        let solved = loaded
            .solve(&registry())
            .expect("models fit")
            .greatest
            .expect("asked for");
        assert_eq!(solved.status, Status::Certified);
        let below = solved
            .institutions
            .iter()
            .filter(|one| one.equity < 0.03 * one.assets)
            .count();
        let _ = writeln!(
            table,
            "| {:.1} % | {:.6} | {} | {:.6} | {below} |",
            100.0 * shock,
            rounds.assets[0].price,
            rounds.totals.defaults,
            solved.assets[0].price,
        );
    }
    printed("eba-2018-in-rounds.md", "shocks", &table);
}
