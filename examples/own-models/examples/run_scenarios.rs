//! One scenario file that names a rule, a strategy and an impact of this crate; solved, then run in rounds.

use delever::io::{Diagnostics, LoadOptions, Tables, load_from};

const SCENARIO: &str = r#"
version = 1
name = "Own models"

[shock]
prices = { bond = -0.06, share = -0.02 }

[deleveraging]
rule = "acme/stop-loss"
keep_above = 0.5
strategy = "STRATEGY"

[deleveraging.rules.treasury]      # institutions whose column `rule` says so
rule = "acme/cash-target"
cash_share = 0.2

[impact]
model = "acme/logistic"
steepness = 3.0                    # depth is a column of the assets table
"#;

fn main() -> Result<(), Diagnostics> {
    let mut registry = delever::registry();
    own_models::register(&mut registry);
    let institutions = [
        (
            "rules that keep the order",
            "id,cash,external_liabilities,rule\nbank,2,92,\nfund,1,60,\n",
        ),
        (
            "one that does not",
            // What the treasury raises stays in cash: none of its debt is repaid from sales.
            "id,cash,external_liabilities,repayable_debt,rule\nbank,2,92,,\nfund,1,60,0,treasury\n",
        ),
    ];
    for (what, institutions) in institutions {
        let tables = Tables::new()
            .with("institutions.csv", institutions)
            .with("assets.csv", "id,depth\nbond,400\nshare,150\n")
            .with(
                "holdings.csv",
                "institution,asset,quantity\nbank,bond,80\nbank,share,20\nfund,bond,40\nfund,share,30\n",
            );
        for strategy in ["pro-rata", "acme/worst-first"] {
            let scenario = SCENARIO.replace("STRATEGY", strategy);
            let loaded = load_from(&tables, "own.toml", &scenario, &registry, &LoadOptions::default())?;
            let equilibrium = loaded
                .solve(&registry)?
                .greatest
                .expect("the greatest is asked for");
            println!(
                "{what}, {strategy}: {:?}, bond {:.4}, share {:.4}",
                equilibrium.status, equilibrium.assets[0].price, equilibrium.assets[1].price
            );
            let rounds = loaded.run_rounds(&registry)?;
            println!(
                "    in rounds: {:?} after {}, bond {:.4}, share {:.4}",
                rounds.status,
                rounds.rounds.len() - 1,
                rounds.assets[0].price,
                rounds.assets[1].price
            );
        }
    }
    Ok(())
}
