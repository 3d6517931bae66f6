//! Models from outside in one scenario file: what keeps the order is certified, what does not says so.

use delever::cascade::rounds::RoundsStatus;
use delever::io::{Diagnostics, LoadOptions, Loaded, Tables, load_from};
use delever::prelude::*;

fn loaded(registry: &Registry, rule: &str, strategy: &str) -> Result<Loaded, Diagnostics> {
    let tables = Tables::new()
        .with("institutions.csv", "id,cash,external_liabilities\nbank,2,92\n")
        .with("assets.csv", "id,depth\nbond,400\nshare,150\n")
        .with(
            "holdings.csv",
            "institution,asset,quantity\nbank,bond,80\nbank,share,20\n",
        );
    let scenario = format!(
        "version = 1\n[shock]\nprices = {{ bond = -0.06 }}\n[deleveraging]\n{rule}\nstrategy = \"{strategy}\"\n\
         [impact]\nmodel = \"acme/logistic\"\nsteepness = 3.0\n"
    );
    load_from(&tables, "own.toml", &scenario, registry, &LoadOptions::default())
}

fn registry() -> Registry {
    let mut registry = delever::registry();
    own_models::register(&mut registry);
    registry
}

const STOP_LOSS: &str = "rule = \"acme/stop-loss\"\nkeep_above = 0.6";
const CASH_TARGET: &str = "rule = \"acme/cash-target\"\ncash_share = 0.2";

#[test]
fn ordered_models_are_certified_and_unordered_ones_say_so() {
    let registry = registry();
    for (rule, strategy, status) in [
        (STOP_LOSS, "pro-rata", Status::Certified),
        (STOP_LOSS, "acme/worst-first", Status::Unordered),
        (CASH_TARGET, "pro-rata", Status::Unordered),
        (CASH_TARGET, "acme/worst-first", Status::Unordered),
    ] {
        let loaded = loaded(&registry, rule, strategy).expect("valid");
        let outcome = loaded
            .solve(&registry)
            .expect("fits")
            .greatest
            .expect("asked for");
        assert_eq!(outcome.status, status, "{rule} {strategy}");
        assert!(outcome.totals.sold_value > 0.0, "{rule} {strategy}");
        assert!(outcome.certificate.width.is_some() == (status == Status::Certified));
        // A rule that bounds its sales over ranges of states encloses all equilibria; one that may buy anything, together with
        // a strategy that bounds nothing, does not.
        let enclosed = rule == CASH_TARGET;
        assert_eq!(outcome.enclosure.is_some(), enclosed, "{rule} {strategy}");
        if let Some(enclosure) = &outcome.enclosure {
            for (bounds, asset) in enclosure.prices.iter().zip(&outcome.assets) {
                assert!(
                    bounds.low <= asset.price && asset.price <= bounds.high,
                    "{enclosure:?}"
                );
            }
            if strategy == "pro-rata" {
                assert!(enclosure.width <= 1e-12, "{enclosure:?}");
            }
        }
        let rounds = loaded.run_rounds(&registry).expect("fits");
        assert_eq!(rounds.status, RoundsStatus::Complete, "{rule} {strategy}");
        assert!(rounds.totals.sold_value > 0.0, "{rule} {strategy}");
    }
}

#[test]
fn losers_are_sold_first() {
    let registry = registry();
    let loaded = loaded(&registry, CASH_TARGET, "acme/worst-first").expect("valid");
    let outcome = loaded.run_rounds(&registry).expect("fits");
    // The bond fell; all that is ordered first is bonds.
    let first = &outcome.rounds[1].orders;
    assert!(first[0] > 0.0 && first[1] == 0.0, "{first:?}");
}

#[test]
fn a_wrong_parameter_is_named() {
    let problems = loaded(
        &registry(),
        "rule = \"acme/cash-target\"\ncash_share = 2",
        "pro-rata",
    )
    .expect_err("a share of 2")
    .to_string();
    assert!(
        problems.contains("cash_share") && problems.contains("from 0 to 1"),
        "{problems}"
    );
}
