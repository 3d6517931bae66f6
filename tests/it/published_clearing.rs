//! Clearing and default cascades against the output of published programs.

use crate::fixture::*;
use delever::network::valuation::{Furfine, FurfineRow};
use delever::prelude::*;
use delever_testkit::reference::shared_json;
use serde_json::Value;

fn problem(input: &Value) -> Clearing {
    let owed = matrix(&input["liabilities_rowdebtor_colcreditor"]);
    let external = match &input["external_liabilities"] {
        Value::Null => vec![0.0; owed.len()],
        given => numbers(given),
    };
    Clearing::new(&numbers(&input["external_assets"]), &owed, &external)
}

fn in_default(outcome: &Outcome) -> Vec<f64> {
    let failed = |i: &delever::cascade::InstitutionOutcome| {
        f64::from(u8::from(i.state == InstitutionState::Defaulted))
    };
    outcome.institutions.iter().map(failed).collect()
}

/// The program `NetworkValuation` (Siebenbrunner). Its README prints 19.5455 as the first payment of `en_readme`; its
/// code gives 24.5455, which the printed second payment implies too, and which is ours.
#[test]
#[cfg_attr(shared_absent, ignore = "the shared folder is absent")]
fn network_valuation_eisenberg_noe_and_rogers_veraart() {
    for name in [
        "en_readme",
        "en_random_n20",
        "en_random_n50",
        "en_stressed_n50",
        "rv_random_n20_a05_b07",
        "rv_random_n20_a09_b08",
        "rv_random_n50_a05_b07",
        "rv_random_n50_a09_b08",
        "rv_stressed_n50",
    ] {
        let Some(case) = shared_json(&format!("reference/networkvaluation/{name}.json")) else {
            return;
        };
        let (input, expected) = (&case["input"], &case["output"]);
        let both = match (input["alpha"].as_f64(), input["beta"].as_f64()) {
            (Some(alpha), Some(beta)) => problem(input).rogers_veraart(alpha, beta),
            _ => problem(input).eisenberg_noe(),
        };
        let outcome = greatest(&both);
        assert_eq!(outcome.status, Status::Certified, "{name}");
        all_close(&payments(outcome), &numbers(&expected["payments"]), 1e-9, name);
        if let Value::Array(_) = expected["equity_after"] {
            all_close(
                &equities(outcome),
                &numbers(&expected["equity_after"]),
                1e-9,
                name,
            );
        }
        if let Value::Array(_) = expected["defaulted"] {
            assert_eq!(in_default(outcome), numbers(&expected["defaulted"]), "{name}");
        }
    }
}

/// The R package `systemicrisk`. Its default cascade, in which a bank fails when its net worth is strictly below the
/// loss on those that failed, is the greatest equilibrium under Furfine's valuation.
#[test]
#[cfg_attr(shared_absent, ignore = "the shared folder is absent")]
fn systemicrisk_clearing_and_cascades() {
    for name in [
        "doc_example",
        "doc_example_x000",
        "doc_example_x025",
        "doc_example_x100",
        "random_n10_mild",
        "random_n10_severe",
        "random_n50_mild",
        "random_n50_severe",
    ] {
        let Some(case) = shared_json(&format!("reference/systemicrisk/{name}.json")) else {
            return;
        };
        let (input, expected) = (&case["input"], &case["output"]);
        let number = |key: &str| input[key].as_f64().expect("a parameter");
        let problem = problem(input);
        let cleared = [
            ("eisenberg_noe", problem.eisenberg_noe()),
            (
                "rogers_veraart",
                problem.rogers_veraart(number("alpha"), number("beta")),
            ),
        ];
        for (model, both) in &cleared {
            let (outcome, expected) = (greatest(both), &expected[model]);
            let what = format!("{name} {model}");
            assert_eq!(outcome.status, Status::Certified, "{what}");
            all_close(&payments(outcome), &numbers(&expected["clearing"]), 1e-9, &what);
            all_close(&equities(outcome), &numbers(&expected["equity"]), 1e-9, &what);
            assert_eq!(in_default(outcome), numbers(&expected["defaultind"]), "{what}");
        }
        let count = problem.system.institution_count();
        let rows = vec![
            FurfineRow {
                recovery: number("recovery_rate"),
            };
            count
        ];
        let claims = OneLayer::new(Furfine, rows, problem.debts(), &problem.external());
        let both = problem.solve_for(Box::new(claims), Select::Greatest);
        let cascade = numbers(&expected["cascade_defaultind"]);
        assert_eq!(in_default(greatest(&both)), cascade, "{name}");
    }
}
