//! Runs a scenario file that names the model of this crate by its kind.

use delever::io::{Layout, LoadOptions, RunResult, Tables, json_string, load_from};
use std::process::ExitCode;

const SCENARIO: &str = r#"
version = 1
name = "Two banks under a hyperbolic impact"

[shock]
prices = { bond = -0.03 }

[deleveraging]
rule = "leverage-cap"
max_leverage = 12.5

[impact]
model = "acme/hyperbolic"      # the kind that this crate registers
half_depth = 2000.0            # its parameter; a column of assets.csv would win over it
"#;

fn main() -> ExitCode {
    let mut registry = delever::registry();
    own_impact_model::register(&mut registry);
    let tables = Tables::new()
        .with(
            "institutions.csv",
            "id,cash,external_liabilities\nA,2,92\nB,1,45\n",
        )
        .with("assets.csv", "id,price\nbond,1\n")
        .with(
            "holdings.csv",
            "institution,asset,quantity\nA,bond,100\nB,bond,50\n",
        );
    let solved = load_from(
        &tables,
        "scenario.toml",
        SCENARIO,
        &registry,
        &LoadOptions::default(),
    )
    .and_then(|loaded| {
        loaded
            .solve(&registry)
            .map(|equilibria| RunResult::new(&loaded, &equilibria, None))
    });
    match solved {
        Ok(Some(result)) => {
            println!("{}", json_string(&result, Layout::Pretty));
            ExitCode::SUCCESS
        }
        Ok(None) => ExitCode::FAILURE,
        Err(problems) => {
            eprintln!("{problems}");
            ExitCode::FAILURE
        }
    }
}
