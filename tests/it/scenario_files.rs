//! Real data through scenario files, against solutions that were computed elsewhere.

use delever::io::{LoadOptions, Loaded, load};
use delever::prelude::*;
use delever_testkit::reference::{shared_file, shared_json};

fn loaded(path: &str, overrides: &[String]) -> Option<Loaded> {
    let path = shared_file(path)?;
    let options = LoadOptions {
        overrides: overrides.to_vec(),
        ..LoadOptions::default()
    };
    Some(load(&path, &registry(), &options).unwrap_or_else(|problems| panic!("{problems}")))
}

/// Prices of corporate and government bonds by the size of the shock to the latter: plain iteration in double
/// precision by another program, from the README of the data.
const EBA_2018: [(f64, f64, f64, usize, usize); 5] = [
    (0.0, 0.993_383_924_003_027_7, 0.997_437_724_905_055_7, 3, 1),
    (0.05, 0.983_252_958_702_219_2, 0.937_525_985_539_370_2, 7, 3),
    (0.10, 0.870_010_179_888_226_5, 0.766_540_698_165_384_3, 33, 27),
    (0.20, 0.839_269_970_658_538_7, 0.663_573_752_259_716_6, 38, 37),
    (0.30, 0.832_522_452_958_315_7, 0.577_976_250_458_850_5, 41, 38),
];

#[test]
#[cfg_attr(shared_absent, ignore = "the shared folder is absent")]
fn eba_2018_leverage_cap_at_five_shocks() {
    for (shock, corporate, government, sellers, sold_out) in EBA_2018 {
        let change = format!("shock.prices.government_bonds={:?}", -shock);
        let Some(loaded) = loaded("data/eba2018/leverage_cap.toml", &[change]) else {
            return;
        };
        let solved = loaded.solve(&registry()).expect("models fit");
        let outcome = solved.greatest.expect("asked for");
        assert_eq!(outcome.status, Status::Certified, "{shock}");
        for (asset, expected) in outcome.assets.iter().zip([corporate, government]) {
            assert!(
                (asset.price - expected).abs() < 1e-9,
                "{shock}: {} instead of {expected}",
                asset.price
            );
        }
        let count = |least: f64| {
            outcome
                .institutions
                .iter()
                .filter(|i| i.sold_fraction > 0.0 && i.sold_fraction >= least)
                .count()
        };
        assert_eq!((count(0.0), count(1.0)), (sellers, sold_out), "{shock}");
        if shock == 0.10 {
            // A tipping point: the cascade creeps for a long time before it runs.
            assert!(outcome.iterations > 100, "{} steps", outcome.iterations);
        }
    }
}

#[test]
#[cfg_attr(shared_absent, ignore = "the shared folder is absent")]
fn eba_2016_square_root_impact_greatest_and_least() {
    let Some(loaded) = loaded("data/eba2016/sqrt_impact.toml", &[]) else {
        return;
    };
    let Some(reference) = shared_json("reference/syslosseval/eba2016_h1_kappa15.json") else {
        return;
    };
    let solved = loaded.solve(&registry()).expect("models fit");
    assert_eq!(solved.unique, Some(true));
    let names = ["de", "es", "fr", "gb", "it", "jp", "us", "rest_of_the_world"];
    for (outcome, key) in [(&solved.greatest, "delta_lower"), (&solved.least, "delta_upper")] {
        let outcome = outcome.as_ref().expect("asked for");
        assert_eq!(outcome.status, Status::Certified);
        for (n, name) in names.iter().enumerate() {
            let asset = loaded.system.asset(name).expect("in the table").index();
            let expected = reference["output"][key][n].as_f64().expect("a number");
            // The source stops at a residual of 1e-9.
            assert!(
                (1.0 - outcome.assets[asset].price - expected).abs() < 1e-8,
                "{key} {name}"
            );
        }
    }
}
