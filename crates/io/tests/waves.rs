//! Waves of sales end, and none raises a price, where rounding alone would raise the last digit again and again.

use delever_io::{LoadOptions, Tables, load_from, registry};
use std::ops::ControlFlow;

/// Far more than the waves of any system below.
const MANY: u64 = 10_000;

#[test]
fn waves_end_where_rounding_goes_to_and_fro() {
    // A seller at average prices under a capital ratio, beside a floor: plain iteration alternates between two doubles from the
    // fourteenth wave on.
    let tables = Tables::new()
        .with(
            "institutions.csv",
            "id,cash,external_liabilities,min_ratio\n\
             A,0,25.11993147676836,0.01\n\
             B,6.708376804731968,94.45336389773108,0.25452733132572236\n",
        )
        .with(
            "assets.csv",
            "id,depth,price_floor,risk_weight\nx,4568.801746210112,0,0.6924930874226203\n",
        )
        .with(
            "holdings.csv",
            "institution,asset,quantity\nA,x,76.7630325822113\nB,x,85.45702556157424\n",
        )
        .with("debts.csv", "debtor,creditor,amount\nA,B,13.25882975839578\n");
    let scenario = r#"
        version = 1
        shock.prices = { x = -0.04035635745724521 }
        shock.outside_assets = { B = -3.1688205591535987 }
        deleveraging = { rule = "capital-ratio", other_risk_weight = 0.0 }
        impact = { model = "floored-exponential", execution = "vwap" }
    "#;
    let loaded = load_from(
        &tables,
        "waves.toml",
        scenario,
        &registry(),
        &LoadOptions::default(),
    );
    let loaded = loaded.unwrap_or_else(|problems| panic!("{problems}"));
    let cascade = loaded.cascade(&registry()).expect("models fit");
    let mut waves: Vec<f64> = Vec::new();
    let watched = cascade.unfold(&loaded.shock, |wave| {
        waves.push(wave.prices()[0]);
        if wave.iteration < MANY {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    });
    watched.expect("the shock fits");
    assert!((waves.len() as u64) < MANY, "no end");
    assert!(waves.is_sorted_by(|before, now| now <= before), "{waves:?}");
    assert!((waves[waves.len() - 1] - 0.946_370_623_932_872).abs() < 1e-14);
}
