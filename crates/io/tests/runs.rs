//! Scenarios from text to JSON: defaults, overrides, rules by group, both ends, and the shape of the result.

use delever_core::ParameterValue;
use delever_io::{
    Layout, LoadOptions, Loaded, RunResult, StatusName, Tables, Timing, json_string, load_from, registry,
    schema,
};
use serde_json::Value;

/// One bank on the leverage spiral of the quick start: the closed form sells 0.1283719374431 of the bond.
const SPIRAL: &str = r#"
version = 1
[shock]
prices = { bond = -0.0225 }
[deleveraging]
rule = "leverage-cap"
max_leverage = 12.5
[impact]
model = "linear"
[engine]
select = "both"
"#;

fn spiral_tables() -> Tables {
    Tables::new()
        .with("institutions.csv", "id,external_liabilities\nbank,90\n")
        .with("assets.csv", "id,depth\nbond,1250\n")
        .with("holdings.csv", "institution,asset,quantity\nbank,bond,100\n")
}

fn loaded(tables: &Tables, scenario: &str, overrides: &[&str]) -> Loaded {
    let options = LoadOptions {
        overrides: overrides.iter().map(|text| (*text).to_owned()).collect(),
        ..LoadOptions::default()
    };
    load_from(tables, "spiral.toml", scenario, &registry(), &options).expect("sound input")
}

fn run(tables: &Tables, scenario: &str, overrides: &[&str], timing: Option<Timing>) -> RunResult {
    let loaded = loaded(tables, scenario, overrides);
    let equilibria = loaded.solve(&registry()).expect("models fit");
    RunResult::new(&loaded, &equilibria, timing).expect("an equilibrium was asked for")
}

fn json(result: &RunResult) -> Value {
    serde_json::from_str(&json_string(result, Layout::Pretty)).expect("valid JSON")
}

/// The spiral's bank, with enough besides for every rule and strategy, after a mild shock.
const EVERY_MODEL: &str = r#"
version = 1
[shock]
prices = { "*" = -0.005 }
[deleveraging]
RULE
strategy = "STRATEGY"
[impact]
model = "linear"
"#;

fn solved(rule: &str, strategy: &str, shock: &str) -> Value {
    let tables = Tables::new()
        .with(
            "institutions.csv",
            "id,cash,external_liabilities\nbank,0,90\nfund,5,0\n",
        )
        .with("assets.csv", "id,depth,sale_priority\nbond,1250,2\nloan,500,1\n")
        .with(
            "holdings.csv",
            "institution,asset,quantity\nbank,bond,80\nbank,loan,20\nfund,bond,50\n",
        );
    let scenario = EVERY_MODEL
        .replace("RULE", rule)
        .replace("STRATEGY", strategy)
        .replace("-0.005", shock);
    json(&run(&tables, &scenario, &[], None))
}

#[test]
fn every_rule_and_strategy_is_solved_from_a_file() {
    let rules = [
        (
            "rule = \"leverage-threshold\"\nact_below = 0.097\ntarget = 0.11",
            "certified",
        ),
        (
            "rule = \"leverage-threshold\"\nact_below = 1\ntarget = 0.1\ndefault_below = 0.01",
            "certified",
        ),
        ("rule = \"leverage-target\"", "certified"),
        ("rule = \"leverage-target\"\ntwo_sided = true", "unordered"),
        (
            "rule = \"funding-withdrawal\"\nrun_below = 0.11\nrun_complete_below = 0.02",
            "certified",
        ),
        (
            "rule = \"redemption\"\nflow_sensitivity = 2\nswing_price = 0.01",
            "by strategy",
        ),
        (
            "rule = \"redemption\"\nbase_flow = 0.2\nflow_sensitivity = 2\nliquidity = \"cash-first\"",
            "unordered",
        ),
        (
            "rule = \"haircut\"\nhaircut = 0.1\nprocyclicality = 0.5",
            "certified",
        ),
        (
            "rule = \"value-at-risk\"\nleverage_scale = 1\nhistoric_volatility = 0.11\nshock_weight = 0.1",
            "unordered",
        ),
    ];
    for (rule, status) in rules {
        for strategy in ["pro-rata", "most-liquid-first", "by-priority", "least-impact"] {
            let result = solved(rule, strategy, "-0.005");
            // A share of a fund is another amount of money at every price.
            let status = match (status, strategy) {
                ("by strategy", "pro-rata") => "certified",
                ("by strategy", _) => "unordered",
                _ => status,
            };
            assert_eq!(result["status"], status, "{rule} {strategy}");
            let sold = result["totals"]["sold_value"].as_f64().expect("a number");
            assert!(sold > 0.0, "{rule} {strategy}");
        }
    }
}

/// `A - 10 E = 900 - 900 q` is sold of what is worth `100 q` at `q = 0.995 (1 - 0.08 s)`.
#[test]
fn a_return_to_the_initial_leverage_meets_its_closed_form() {
    let options = ["deleveraging.rule=leverage-target", "shock.prices.bond=-0.005"];
    let scenario = SPIRAL.replace("max_leverage = 12.5\n", "");
    let result = json(&run(&spiral_tables(), &scenario, &options, None));
    let price = result["greatest"]["assets"][0]["price"]
        .as_f64()
        .expect("a number");
    let sum = 0.995 + 9.0 * 0.995 * 0.08;
    let root = f64::midpoint(sum, (sum * sum - 4.0 * 9.0 * 0.995 * 0.08).sqrt());
    assert!((price - root).abs() < 1e-12, "{price} and not {root}");
    assert_eq!(result["greatest"]["status"], "certified");
}

/// After a gain a two-sided institution buys; nobody sells, so the price stays where the shock left it.
#[test]
fn purchases_do_not_lift_prices_above_the_shocked_ones() {
    let result = solved(
        "rule = \"leverage-target\"\ntwo_sided = true",
        "by-priority",
        "0.01",
    );
    assert_eq!(result["status"], "unordered");
    assert_eq!(result["assets"][0]["price"], 1.01);
    // The bank's leverage was 10: after a gain of 1 it buys 9 of what is worth 101, in both assets alike.
    for (asset, units) in [(0, 80.0), (1, 20.0)] {
        let sold = result["assets"][asset]["sold_quantity"]
            .as_f64()
            .expect("a number");
        assert!((sold + units * 9.0 / 101.0).abs() < 1e-12, "{sold}");
    }
    assert_eq!(result["institutions"][0]["state"], "sound");
}

#[test]
fn both_ends_stand_in_one_object_with_the_worse_status() {
    let result = run(&spiral_tables(), SPIRAL, &[], None);
    let text = json_string(&result, Layout::Compact);
    assert!(text.starts_with(
        r#"{"version":1,"scenario":"spiral","engine":"equilibrium","select":"both","status":"certified","unique":false,"greatest":{"version":1,"#
    ));
    assert!(!text.contains("timing"));
    let json = json(&result);
    let sold = json["greatest"]["assets"][0]["sold_fraction"]
        .as_f64()
        .expect("a number");
    assert!((sold - 0.128_371_937_443_1).abs() < 1e-10);
    assert_eq!(json["least"]["assets"][0]["sold_fraction"], 1.0);
    assert_eq!(json["least"]["select"], "least");
    assert_eq!(json["least"]["institutions"][0]["state"], "defaulted");
    assert_eq!(json["greatest"]["institutions"][0]["state"], "deleveraging");
    assert_eq!(json["greatest"]["rounds"], Value::Array(Vec::new()));
}

#[test]
fn one_end_has_the_fields_of_the_contract_in_their_order() {
    let timing = Timing {
        load_seconds: 0.5,
        build_seconds: 0.25,
        solve_seconds: 0.125,
    };
    let result = run(
        &spiral_tables(),
        SPIRAL,
        &["engine.select=greatest"],
        Some(timing),
    );
    let text = json_string(&result, Layout::Compact);
    let mut from = 0;
    for field in [
        "version",
        "scenario",
        "engine",
        "select",
        "status",
        "near_boundary",
        "unique",
        "certificate",
        "width",
        "residual",
        "iterations",
        "totals",
        "equity_initial",
        "equity",
        "loss",
        "loss_shock",
        "loss_fire_sale",
        "loss_contagion",
        "loss_bankruptcy_costs",
        "amplification",
        "defaults",
        "sold_value",
        "assets",
        "id",
        "price_initial",
        "price_shocked",
        "price",
        "sold_quantity",
        "sold_fraction",
        "institutions",
        "id",
        "equity_initial",
        "equity_shocked",
        "equity",
        "assets",
        "payment",
        "payment_ratio",
        "sold_fraction",
        "state",
        "loss",
        "loss_shock",
        "loss_fire_sale",
        "loss_contagion",
        "rounds",
        "timing",
        "load_seconds",
        "build_seconds",
        "solve_seconds",
    ] {
        let at = text[from..]
            .find(&format!("\"{field}\":"))
            .unwrap_or_else(|| panic!("{field} after {from}"));
        from += at + field.len();
    }
    assert_eq!(result.status().exit_code(), 0);
}

#[test]
fn overrides_change_the_scenario_before_it_is_checked() {
    let tables = spiral_tables();
    let price = |overrides: &[&str]| {
        json(&run(&tables, SPIRAL, overrides, None))["greatest"]["assets"][0]["price"].as_f64()
    };
    assert_eq!(price(&["impact.model=none"]), Some(0.9775));
    assert_eq!(price(&["impact.model = \"none\""]), Some(0.9775));
    assert_eq!(price(&["deleveraging.max_leverage=inf"]), Some(0.9775));
    assert_eq!(price(&["shock.prices.bond=0"]), Some(1.0));
    assert_eq!(
        price(&["shock.prices.\"bond\"=-0.5", "shock.prices={}"]),
        Some(1.0)
    );
    // Numbers come in every spelling of TOML.
    let cap = |text: &str| {
        let spelt = loaded(&tables, SPIRAL, &[&format!("deleveraging.max_leverage={text}")]);
        spelt.scenario.deleveraging.rule.parameters["max_leverage"].clone()
    };
    for text in ["1_6.0", "0x10", "16", "+1.6e1", "0b10000"] {
        assert_eq!(cap(text), ParameterValue::Number(16.0), "{text}");
    }
    // Another model's parameters stay known, so that one key switches a model.
    let other = loaded(&tables, SPIRAL, &["deleveraging.rule=none"]);
    assert_eq!(other.warnings.problems()[0].code, "D115");
    assert!(!other.warnings.has_errors());
}

#[test]
fn defaults_are_a_pure_clearing_without_assets() {
    let tables = Tables::new()
        .with("institutions.csv", "id,cash,external_liabilities\nA,1,0\nB,0,1\n")
        .with("debts.csv", "debtor,creditor,amount\nA,B,2\n");
    let result = json(&run(
        &tables,
        "version = 1\nclearing.model = \"eisenberg-noe\"",
        &[],
        None,
    ));
    assert_eq!(result["status"], "certified");
    assert_eq!(result["institutions"][0]["payment_ratio"], 0.5);
    assert_eq!(result["institutions"][0]["state"], "defaulted");
    assert_eq!(result["institutions"][1]["equity"], 0.0);
    let face = json(&run(&tables, "version = 1", &[], None));
    assert_eq!(face["institutions"][0]["payment_ratio"], 1.0);
}

#[test]
fn a_column_chooses_a_rule_by_group_and_overrides_its_parameters() {
    let tables = Tables::new()
        .with(
            "institutions.csv",
            "id,rule,max_leverage,external_liabilities\nfund,funds,,50\nbank,,,90\nother,funds,inf,90\n",
        )
        .with("assets.csv", "id,depth\nbond,inf\n")
        .with(
            "holdings.csv",
            "institution,asset,value\nbank,bond,100\nfund,bond,100\nother,bond,100\n",
        );
    let scenario = r#"
version = 1
[deleveraging]
rule = "none"
[deleveraging.rules.funds]
rule = "leverage-cap"
max_leverage = 1.5
[impact]
model = "exponential"
"#;
    let result = json(&run(&tables, scenario, &[], None));
    let sold = |n: usize| {
        result["institutions"][n]["sold_fraction"]
            .as_f64()
            .expect("a number")
    };
    assert_eq!(result["institutions"][1]["id"], "fund");
    assert_eq!((sold(0), sold(1), sold(2)), (0.0, 0.25, 0.0));
}

#[test]
fn the_order_of_rows_and_columns_leaves_no_trace_in_the_output() {
    let straight = run(&spiral_tables(), SPIRAL, &[], None);
    let shuffled = Tables::new()
        .with("institutions.csv", "external_liabilities,id\r\n90,bank\r\n")
        .with("assets.csv", "depth,price,id\n1.25e3,,bond\n")
        .with(
            "holdings.csv",
            "quantity,asset,institution\n60,bond,bank\n40,bond,bank\n",
        );
    let shuffled = run(&shuffled, SPIRAL, &[], None);
    assert_eq!(
        json_string(&straight, Layout::Pretty),
        json_string(&shuffled, Layout::Pretty)
    );
}

#[test]
fn a_star_shocks_everyone_who_is_not_named() {
    let tables = Tables::new().with("institutions.csv", "id,cash,other_assets\nA,10,10\nB,10,10\n");
    let scenario = r#"
version = 1
[shock]
cash = { "*" = -0.5, A = 0.0 }
other_assets = { B = -1 }
outside_assets = { A = -3, B = 2.5 }
"#;
    let loaded = loaded(&tables, scenario, &[]);
    assert_eq!(loaded.shock.cash, [0.0, -0.5]);
    assert_eq!(loaded.shock.other_assets, [0.0, -1.0]);
    assert_eq!(loaded.shock.outside_assets, [-3.0, 2.5]);
}

#[test]
fn statuses_have_exit_codes_and_an_order() {
    assert_eq!(StatusName::Unordered.exit_code(), 0);
    assert_eq!(StatusName::MaxIterations.exit_code(), 4);
    assert_eq!(StatusName::Interrupted.exit_code(), 130);
    assert!(StatusName::Certified < StatusName::Unordered && StatusName::Unordered < StatusName::Bracketed);
    assert_eq!(
        json_string(&StatusName::MaxIterations, Layout::Compact),
        "\"max-iterations\""
    );
}

/// Every object of a schema says what it is for; a description may come from the object around it.
fn described(value: &Value, path: &str) {
    if let Some(properties) = value.get("properties").and_then(Value::as_object) {
        for (key, property) in properties {
            let text = property["description"].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{path}.{key}");
            described(property, &format!("{path}.{key}"));
        }
    }
    if let Some(inner) = value
        .get("additionalProperties")
        .filter(|inner| inner.is_object())
    {
        described(inner, &format!("{path}.*"));
    }
}

#[test]
fn the_schema_describes_every_key_and_knows_every_kind() {
    let registry = registry();
    let schema = schema(&registry);
    described(&schema, "");
    let [impacts, rules, claims, strategies] = registry.kinds();
    let properties = &schema["properties"];
    for (section, key, kinds) in [
        ("impact", "model", impacts),
        ("deleveraging", "rule", rules),
        ("deleveraging", "strategy", strategies),
        ("clearing", "model", claims),
    ] {
        let listed = properties[section]["properties"][key]["enum"]
            .as_array()
            .expect("a list");
        assert_eq!(listed.len(), kinds.len());
        assert!(kinds.iter().all(|kind| listed.contains(&(*kind).into())));
    }
    assert!(properties["impact"]["properties"]["kappa"]["description"].is_string());
    assert_eq!(properties["engine"]["properties"]["tolerance"]["default"], 1e-12);
}
