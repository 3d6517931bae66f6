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
    let mut shuffled = run(&shuffled, SPIRAL, &[], None);
    // But for the warning that a holding stands in two rows.
    assert_eq!(shuffled.warnings().len(), 1);
    if let RunResult::Both(both) = &mut shuffled {
        both.warnings.clear();
    }
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

/// A bank below water sells all it holds: 100 bonds, 200 at the initial price, and 50 loans, 50 at the initial price.
fn seller_of_everything() -> Tables {
    Tables::new()
        .with("institutions.csv", "id,external_liabilities\nbank,500\n")
        .with("assets.csv", "id,price\nbond,2\nloan,1\n")
        .with(
            "holdings.csv",
            "institution,asset,quantity\nbank,bond,100\nbank,loan,50\n",
        )
}

const SELLER: &str = r#"
version = 1
[shock]
prices = { bond = -0.2 }
[deleveraging]
rule = "leverage-cap"
max_leverage = 10.0
[impact]
"#;

/// Prices of bond and loan, the first institution's assets, and the status.
fn sold_everything(tables: &Tables, impact: &str, overrides: &[&str]) -> (f64, f64, f64, StatusName) {
    let result = run(tables, &format!("{SELLER}{impact}\n"), overrides, None);
    let json = json(&result);
    let number = |value: &Value| value.as_f64().expect("a number");
    (
        number(&json["assets"][0]["price"]),
        number(&json["assets"][1]["price"]),
        number(&json["institutions"][0]["assets"]),
        result.status(),
    )
}

fn near(value: f64, expected: f64) {
    assert!(
        (value - expected).abs() <= 1e-12 * expected.abs().max(1.0),
        "{value} instead of {expected}"
    );
}

#[test]
fn each_impact_model_by_one_asset_answers_with_its_formula() {
    let tables = seller_of_everything();
    for (impact, bond, loan) in [
        (
            "model = \"tanh\"\ndepth = 400\nprice_floor = 0.5",
            0.5 + 1.1 * (1.0 - (200.0_f64 / (0.75 * 400.0)).tanh()),
            0.5 + 0.5 * (1.0 - (50.0_f64 / (0.5 * 400.0)).tanh()),
        ),
        (
            "model = \"almgren\"\nvolatility = 0.02\nadv = 100\nmarket_cap = 1e6\nhorizon = 2",
            1.6 * (1.0 - 0.314 * 0.02 * 2.0 * 10.0),
            1.0 - 0.314 * 0.02 * 0.5 * 10.0,
        ),
        (
            "model = \"stressed-depth\"\ndepth = 1000\nwithdrawal = 5",
            1.6 * (-0.2 * 1.0_f64.exp()).exp(),
            (-0.05_f64).exp(),
        ),
        (
            "model = \"stressed-volatility\"\nadv = 50\nvolatility = 0.02\nhorizon = 20\nvolatility_stress = 5",
            1.6 * (-200.0_f64 * 2.0 / 4_472.135_954_999_58).exp(),
            (-50.0_f64 / 4_472.135_954_999_58).exp(),
        ),
    ] {
        let (got_bond, got_loan, assets, status) = sold_everything(&tables, impact, &[]);
        assert_eq!(status, StatusName::Certified, "{impact}");
        near(got_bond, bond);
        near(got_loan, loan);
        near(assets, 100.0 * bond + 50.0 * loan);
    }
    // Market makers: the price solves its own equation, and the loan's is that of its own market.
    let impact = "model = \"market-maker\"\ndepth = 1000\ncapital = 300\ndepth_floor = 0.1";
    let (bond, loan, _, status) = sold_everything(&tables, impact, &[]);
    assert_eq!(status, StatusName::Certified);
    for (s, sold) in [(bond / 1.6, 200.0_f64), (loan, 50.0)] {
        near(s, (-sold / 1000.0 / (1.0 - sold / 300.0 * (1.0 - s))).exp());
    }
    // A column of the assets table gives each asset its own.
    let by_column = tables.with("assets.csv", "id,price,capital\nbond,2,\nloan,1,1e18\n");
    let (_, loan, ..) = sold_everything(&by_column, impact, &[]);
    near(loan, (-0.05_f64).exp());
}

/// Sellers pay Almgren's temporary impact as well, and no order is claimed for it.
#[test]
fn almgren_sellers_pay_the_temporary_impact_under_volume_weighted_execution() {
    let impact = "model = \"almgren\"\nexecution = \"vwap\"\nvolatility = 0.02\nadv = 100\nmarket_cap = 1e6\nhorizon = 2";
    let (bond, _, assets, status) = sold_everything(&seller_of_everything(), impact, &[]);
    assert_eq!(status, StatusName::Unordered);
    near(bond, 1.6 * (1.0 - 0.314 * 0.02 * 2.0 * 10.0));
    let cost =
        |sold: f64| 0.314 * 0.02 * (sold / 100.0) * 10.0 / 2.0 + 0.142 * 0.02 * (sold / 200.0_f64).powf(0.6);
    near(
        assets,
        100.0 * 1.6 * (1.0 - cost(200.0)) + 50.0 * (1.0 - cost(50.0)),
    );
}

#[test]
fn a_matrix_of_cross_impacts_is_certified_where_no_entry_is_negative() {
    let matrix = "asset,seller,impact\nloan,bond,0.001\nbond,bond,0.002\nloan,loan,0.004\n";
    let tables = seller_of_everything().with("cross.csv", matrix);
    let impact = "model = \"cross-matrix\"\nmatrix = \"cross.csv\"";
    let (bond, loan, _, status) = sold_everything(&tables, impact, &[]);
    assert_eq!(status, StatusName::Certified);
    near(bond, 1.6 * (1.0 - 0.4));
    near(loan, 1.0 - 0.2 - 0.2);
    let (_, _, assets, status) = sold_everything(&tables, impact, &["impact.execution=vwap"]);
    assert_eq!(status, StatusName::Certified);
    near(assets, 160.0 * 0.8 + 50.0 * 0.8);
    let hedge = matrix.replace("0.001", "-0.001");
    let (_, loan, _, status) = sold_everything(&tables.clone().with("cross.csv", hedge), impact, &[]);
    assert_eq!(status, StatusName::Unordered);
    near(loan, 1.0 + 0.2 - 0.2);
    // The order of rows and columns leaves no trace.
    let turned = "impact,asset,seller\r\n0.004,loan,loan\r\n0.002,bond,bond\r\n0.001,loan,bond\r\n";
    let other = seller_of_everything().with("cross.csv", turned);
    let text = |tables: &Tables| {
        let result = run(tables, &format!("{SELLER}{impact}"), &[], None);
        json_string(&result, Layout::Pretty)
    };
    assert_eq!(text(&tables), text(&other));
}

#[test]
fn sales_walk_down_an_order_book_and_may_leave_it() {
    let book = "asset,side,price,quantity\nbond,ask,2.1,5\nbond,bid,1.9,60\nbond,bid,1.5,40\nbond,bid,1.0,1\n\
                loan,bid,0.9,30\nloan,bid,0.8,10\n";
    let tables = seller_of_everything().with("sub/book.csv", book);
    let impact = "model = \"order-book\"\nbook = \"sub/book.csv\"";
    // Exactly 100 bonds find the first two bids, 20 % lower after the shock; ten loans find none.
    let (bond, loan, _, status) = sold_everything(&tables, impact, &[]);
    assert_eq!(status, StatusName::Certified);
    near(bond, 1.5 * 0.8);
    assert_eq!(loan, 0.0);
    let (_, loan, assets, status) = sold_everything(
        &tables,
        impact,
        &["impact.beyond=last-bid", "impact.execution=vwap"],
    );
    assert_eq!(status, StatusName::Certified);
    assert_eq!(loan, 0.8);
    near(assets, (60.0 * 1.9 + 40.0 * 1.5) * 0.8 + 30.0 * 0.9 + 20.0 * 0.8);
}

#[test]
fn a_fall_at_a_share_sold_takes_the_place_of_depth() {
    let tables = seller_of_everything();
    let fall = "model = \"exponential\"\nfall = 0.05\nat_share_sold = 0.1";
    // Everything is sold: ten times the share of the calibration.
    let (bond, loan, _, status) = sold_everything(&tables, fall, &[]);
    assert_eq!(status, StatusName::Certified);
    near(bond, 1.6 * 0.95_f64.powi(10));
    near(loan, 0.95_f64.powi(10));
    let (bond, ..) = sold_everything(&tables, fall, &["impact.fall=0.01"]);
    near(bond, 1.6 * 0.99_f64.powi(10));
    let (bond, ..) = sold_everything(&tables, fall, &["impact.fall=0"]);
    assert_eq!(bond, 1.6);
    let (bond, loan, ..) = sold_everything(&tables, fall, &["impact.model=linear"]);
    near(bond, 1.6 * 0.5);
    near(loan, 0.5);
    // A given fall wins over depths that stand elsewhere, so that one key recalibrates a system.
    let deep = tables
        .clone()
        .with("assets.csv", "id,price,depth\nbond,2,1000\nloan,1,inf\n");
    let depth = "model = \"exponential\"";
    let (bond, loan, ..) = sold_everything(&deep, depth, &[]);
    near(bond, 1.6 * (-0.2_f64).exp());
    assert_eq!(loan, 1.0);
    let set = ["impact.fall=0.01", "impact.at_share_sold=0.1"];
    let (bond, loan, ..) = sold_everything(&deep, depth, &set);
    near(bond, 1.6 * 0.99_f64.powi(10));
    near(loan, 0.99_f64.powi(10));
    // Cells of one asset win over the scenario's.
    let one = tables.with(
        "assets.csv",
        "id,price,fall,at_share_sold\nbond,2,,\nloan,1,0.2,0.5\n",
    );
    let (bond, loan, ..) = sold_everything(&one, fall, &[]);
    near(bond, 1.6 * 0.95_f64.powi(10));
    near(loan, 0.64);
}

/// Impact by rating class, from outside: a spec with a table of its own and a parameter by asset.
#[derive(serde::Deserialize)]
struct ByClass {
    classes: String,
}

#[derive(serde::Deserialize)]
struct ClassOfAsset {
    class: String,
}

impl delever_core::ImpactSpec for ByClass {
    const KIND: &'static str = "acme/by-class";
    const TABLES: &'static [delever_core::TableShape] = &[delever_core::TableShape {
        parameter: "classes",
        assets: &[],
        texts: &["class"],
        numbers: &["class_depth"],
    }];
    type Model = delever_core::PerAsset<delever_impact::Linear>;

    fn build(
        self,
        market: &delever_core::MarketShape<'_>,
    ) -> Result<Self::Model, Vec<delever_core::SpecError>> {
        use delever_core::SpecError;
        assert!(self.classes.starts_with("classes"));
        let table = market.table("classes")?;
        if let Some(row) = table
            .numbers("class_depth")
            .iter()
            .position(|depth| *depth <= 0.0)
        {
            let depth = table.numbers("class_depth")[row];
            let problem = SpecError::out_of_range("class_depth", depth, "above 0");
            return Err(vec![problem.at_row(row).in_table("classes")]);
        }
        let classes: Vec<ClassOfAsset> = market.columns.rows(market.parameters, &[])?;
        let depth_of = |class: &ClassOfAsset| {
            let row = table.texts("class").iter().position(|name| *name == class.class);
            row.map_or(f64::INFINITY, |row| table.numbers("class_depth")[row])
        };
        let rows = classes
            .iter()
            .map(|class| delever_impact::DepthRow {
                depth: depth_of(class),
            })
            .collect();
        delever_core::PerAsset::checked(delever_impact::Linear, rows, market)
    }
}

#[test]
fn a_third_partys_spec_gets_its_table_and_its_column() {
    let mut registry = registry();
    registry.add_impact_spec::<ByClass, ClassOfAsset>();
    let tables = seller_of_everything()
        .with("assets.csv", "id,price,class\nbond,2,A\nloan,1,B\n")
        .with("classes.csv", "class_depth,class\n400,A\n100,B\n");
    let scenario = format!("{SELLER}model = \"acme/by-class\"\nclasses = \"classes.csv\"");
    let load = |tables: &Tables| load_from(tables, "s.toml", &scenario, &registry, &LoadOptions::default());
    let loaded = load(&tables).expect("sound");
    let outcome = loaded
        .solve(&registry)
        .expect("models fit")
        .greatest
        .expect("asked for");
    near(outcome.assets[0].price, 0.8);
    near(outcome.assets[1].price, 0.5);
    let wrong = tables.with("classes.csv", "class_depth,class\n400,A\n\n-1,B\n");
    let problems = load(&wrong).expect_err("a negative depth").problems().to_vec();
    assert_eq!(problems.len(), 1);
    let problem = &problems[0];
    assert_eq!(
        (problem.code, problem.file.as_str(), problem.row),
        ("D303", "classes.csv", Some(4))
    );
    assert_eq!(
        (problem.column.as_deref(), problem.cell.as_deref()),
        (Some("class_depth"), Some("-1"))
    );
}

#[test]
fn who_is_insolvent_before_the_shock_is_who_has_negative_initial_equity_shareholdings_included() {
    // Rule sections reorder institutions. `held` is solvent by its share in `rich` alone: -2 + 0.1 * 60.
    let tables = Tables::new()
        .with(
            "institutions.csv",
            "id,cash,external_liabilities,rule\nheld,3,5,late\nrich,70,10,\npoor,1,4,late\nthin,1,2,\n",
        )
        .with("shareholdings.csv", "holder,issuer,fraction\nheld,rich,0.1\n");
    let scenario = "version = 1\nclearing.model = \"elsinger\"\n[deleveraging.rules.late]\nrule = \"none\"\n";
    let loaded = loaded(&tables, scenario, &[]);
    let equilibria = loaded.solve(&registry()).expect("solved");
    let outcome = equilibria.greatest.expect("asked for");
    let negative: Vec<usize> = (outcome.institutions.iter().enumerate())
        .filter(|(_, one)| one.equity_initial < 0.0)
        .map(|(n, _)| n)
        .collect();
    let named: Vec<usize> = loaded.insolvent_before_shock().collect();
    assert_eq!(named, negative);
    let ids: Vec<&str> = (named.iter())
        .map(|&n| loaded.system.institution_names()[n].as_str())
        .collect();
    assert_eq!(ids, ["poor", "thin"]);
}
