//! The model from outside behaves like a built-in one: by name, by column, certified, and with helpful errors.

use delever::io::{Diagnostics, LoadOptions, Tables, load_from};
use delever::prelude::*;

fn solve(impact: &str, assets: &str) -> Result<Outcome, Diagnostics> {
    let mut registry = delever::registry();
    own_impact_model::register(&mut registry);
    let tables = Tables::new()
        .with("institutions.csv", "id,cash,external_liabilities\nA,2,92\n")
        .with("assets.csv", assets)
        .with("holdings.csv", "institution,asset,quantity\nA,bond,100\n");
    let scenario = format!(
        "version = 1\n[shock]\nprices = {{ bond = -0.03 }}\n[deleveraging]\nrule = \"leverage-cap\"\n\
         max_leverage = 12.5\n[impact]\nmodel = \"acme/hyperbolic\"\n{impact}"
    );
    let loaded = load_from(
        &tables,
        "scenario.toml",
        &scenario,
        &registry,
        &LoadOptions::default(),
    )?;
    Ok(loaded.solve(&registry)?.greatest.expect("asked for"))
}

#[test]
fn it_is_found_by_name_and_its_answer_is_certified() {
    let outcome = solve("half_depth = 2000.0\n", "id,price\nbond,1\n").expect("valid");
    assert_eq!(outcome.status, Status::Certified);
    let asset = &outcome.assets[0];
    assert!(asset.sold_quantity > 0.0);
    let expected = 0.97 / (1.0 + asset.sold_quantity / 2000.0);
    assert!((asset.price - expected).abs() < 1e-12);
}

#[test]
fn a_column_of_the_assets_table_wins_over_the_scenario() {
    let shallow = solve("half_depth = 1e9\n", "id,price,half_depth\nbond,1,1000\n").expect("valid");
    let deep = solve("half_depth = 1e9\n", "id,price\nbond,1\n").expect("valid");
    assert!(shallow.assets[0].price < deep.assets[0].price);
}

#[test]
fn a_wrong_parameter_is_named_with_its_file_and_row() {
    let problems = solve("", "id,price,half_depth\nbond,1,0\n")
        .expect_err("half_depth = 0")
        .to_string();
    assert!(
        problems.contains("half_depth") && problems.contains("assets.csv:2"),
        "{problems}"
    );
    let problems = solve("half_dept = 5.0\n", "id,price\nbond,1\n")
        .expect_err("misspelt")
        .to_string();
    assert!(problems.contains("did you mean `half_depth`"), "{problems}");
}
