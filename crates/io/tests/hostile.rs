//! Malformed and hostile input: each breaks one thing of a sound input and names the problem that must come back.

use delever_core::{
    BalanceSheet, Claims, ClaimsSpec, Interval, NetworkView, NoColumns, Registry, SparseRows, SpecError,
};
use delever_io::{
    Diagnostics, LoadOptions, Loaded, MAX_PROBLEMS_PER_FILE, Problem, Severity, Tables, all_codes, explain,
    load, load_from, registry,
};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

const SCENARIO: &str = r#"version = 1
name = "base"

[shock]
prices = { bond = -0.05 }

[deleveraging]
rule = "leverage-cap"
max_leverage = 12.5
strategy = "pro-rata"

[impact]
model = "exponential"

[clearing]
model = "eisenberg-noe"

[engine]
select = "greatest"
"#;
const INSTITUTIONS: &str =
    "id,name,cash,other_assets,external_liabilities\nA,Bank A,5,10,90\nB,Bank B,20,0,10\nC,,1,1,1\n";
const ASSETS: &str = "id,price,depth\nbond,1,1250\nloan,2,500\n";
const HOLDINGS: &str = "institution,asset,quantity\nA,bond,100\nB,loan,10\n";
const DEBTS: &str = "debtor,creditor,amount,seniority\nA,B,5,0\nB,C,3,\n";

#[derive(Clone)]
struct Input {
    scenario: String,
    tables: Tables,
    options: LoadOptions,
}

impl Input {
    fn sound() -> Self {
        Self {
            scenario: SCENARIO.to_owned(),
            tables: Tables::new()
                .with("institutions.csv", INSTITUTIONS)
                .with("assets.csv", ASSETS)
                .with("holdings.csv", HOLDINGS)
                .with("debts.csv", DEBTS),
            options: LoadOptions::default(),
        }
    }

    fn load(&self) -> Result<Loaded, Diagnostics> {
        load_from(
            &self.tables,
            "scenario.toml",
            &self.scenario,
            &registry(),
            &self.options,
        )
    }

    fn problems(&self) -> Vec<Problem> {
        match self.load() {
            Ok(loaded) => loaded.warnings.problems().to_vec(),
            Err(diagnostics) => diagnostics.problems().to_vec(),
        }
    }
}

/// The sound input with one table replaced.
fn table(file: &str, content: impl Into<Vec<u8>>) -> Input {
    let mut input = Input::sound();
    input.tables = input.tables.with(file, content);
    input
}

/// The sound input with a part of the scenario replaced.
fn scenario(from: &str, to: &str) -> Input {
    let mut input = Input::sound();
    assert!(input.scenario.contains(from), "{from}");
    input.scenario = input.scenario.replacen(from, to, 1);
    input
}

fn set(text: &str) -> Input {
    let mut input = Input::sound();
    input.options.overrides.push(text.to_owned());
    input
}

struct Case {
    input: Input,
    code: &'static str,
    file: &'static str,
    row: Option<u64>,
    column: Option<&'static str>,
}

fn case(
    input: Input,
    code: &'static str,
    file: &'static str,
    row: impl Into<Option<u64>>,
    column: impl Into<Option<&'static str>>,
) -> Case {
    Case {
        input,
        code,
        file,
        row: row.into(),
        column: column.into(),
    }
}

fn limited(mut input: Input, limit: impl Fn(&mut LoadOptions)) -> Input {
    limit(&mut input.options);
    input
}

fn scenario_cases() -> Vec<Case> {
    let file = "scenario.toml";
    let deep_array = format!("x = {}1{}\n", "[".repeat(200), "]".repeat(200));
    let deep_bomb = format!("x = {}", "[".repeat(200_000));
    let dotted_bomb = format!("{}a = 1\n", "a.".repeat(100_000));
    let dotted_section = format!("[{}a]\n", "a.".repeat(30_000));
    let product_bomb = format!("x = {}", format!("{{{}a = ", "a.".repeat(70)).repeat(70));
    vec![
        case(
            set("shock.outside_assets.A=1e-300"),
            "D110",
            "--set",
            None,
            "shock.outside_assets.A",
        ),
        case(set("impact.depth=-1"), "D213", "--set", None, "impact.depth"),
        case(set("impact.depth=1e300"), "D214", "--set", None, "impact.depth"),
        case(set("impact.depth=1e-300"), "D214", "--set", None, "impact.depth"),
        case(
            scenario("rule = \"leverage-cap\"", "rule = leverage-cap"),
            "D102",
            file,
            8,
            None,
        ),
        case(scenario("[impact]", "[impact"), "D102", file, 12, None),
        case(scenario("[impact]", "[shock]"), "D102", file, 12, None),
        case(
            scenario("version = 1", "version = 1\nversion = 1"),
            "D102",
            file,
            2,
            None,
        ),
        case(scenario("\"base\"", "\"ba\0se\""), "D102", file, 2, None),
        case(
            scenario("[impact]\nmodel", "[impact]\nmodle"),
            "D103",
            file,
            13,
            "impact.modle",
        ),
        case(scenario("[engine]", "[engin]"), "D103", file, 18, "engin"),
        case(scenario("prices =", "price ="), "D103", file, 5, "shock.price"),
        case(
            scenario("[shock]", "[data]\nfolder = \"x\"\n[shock]"),
            "D103",
            file,
            5,
            "data.folder",
        ),
        case(set("impact.zeta=1"), "D103", "--set", None, "impact.zeta"),
        case(
            scenario(
                "select = ",
                "[deleveraging.rules.funds]\nrule = \"none\"\nfoo = 1\n[engine.x]\ny = ",
            ),
            "D103",
            file,
            21,
            "deleveraging.rules.funds.foo",
        ),
        case(
            scenario("12.5", "\"12.5\""),
            "D302",
            file,
            9,
            "deleveraging.max_leverage",
        ),
        case(
            scenario("12.5", "[12.5]"),
            "D104",
            file,
            9,
            "deleveraging.max_leverage",
        ),
        case(
            scenario("12.5", "2018-01-01"),
            "D104",
            file,
            9,
            "deleveraging.max_leverage",
        ),
        case(scenario("name = \"base\"", "name = 5"), "D104", file, 2, "name"),
        case(
            scenario("\"exponential\"", "true"),
            "D104",
            file,
            13,
            "impact.model",
        ),
        case(
            scenario("prices = { bond = -0.05 }", "prices = -0.05"),
            "D104",
            file,
            5,
            "shock.prices",
        ),
        case(
            scenario("-0.05", "\"-5 %\""),
            "D104",
            file,
            5,
            "shock.prices.bond",
        ),
        case(
            scenario("version = 1", "version = \"1\""),
            "D104",
            file,
            1,
            "version",
        ),
        case(
            scenario("version = 1", "shock = 1\nversion = 1"),
            "D102",
            file,
            5,
            None,
        ),
        case(scenario("version = 1\n", ""), "D105", file, 1, "version"),
        case(scenario("version = 1", "version = 2"), "D105", file, 1, "version"),
        case(
            Input {
                scenario: String::new(),
                ..Input::sound()
            },
            "D105",
            file,
            1,
            "version",
        ),
        case(
            scenario("\"exponential\"", "\"exponental\""),
            "D106",
            file,
            13,
            "impact.model",
        ),
        case(
            scenario("\"leverage-cap\"", "\"cap\""),
            "D106",
            file,
            8,
            "deleveraging.rule",
        ),
        case(
            scenario("\"pro-rata\"", "\"prorata\""),
            "D106",
            file,
            10,
            "deleveraging.strategy",
        ),
        case(
            scenario("\"eisenberg-noe\"", "\"eisenberg\""),
            "D106",
            file,
            16,
            "clearing.model",
        ),
        case(
            scenario("select", "kind = \"gas\"\nselect"),
            "D106",
            file,
            19,
            "engine.kind",
        ),
        case(
            scenario("select", "tolerance = 0\nselect"),
            "D107",
            file,
            19,
            "engine.tolerance",
        ),
        case(
            scenario("select", "tolerance = nan\nselect"),
            "D107",
            file,
            19,
            "engine.tolerance",
        ),
        case(
            scenario("select", "tolerance = 1.5\nselect"),
            "D107",
            file,
            19,
            "engine.tolerance",
        ),
        case(
            scenario("select", "method = \"newton\"\nselect"),
            "D116",
            file,
            19,
            "engine.method",
        ),
        case(
            scenario("select", "max_iterations = 0\nselect"),
            "D107",
            file,
            19,
            "engine.max_iterations",
        ),
        case(
            scenario("select", "max_iterations = 1e3\nselect"),
            "D104",
            file,
            19,
            "engine.max_iterations",
        ),
        case(
            scenario("select", "max_iterations = 99999999999999999999\nselect"),
            "D104",
            file,
            19,
            "engine.max_iterations",
        ),
        case(
            scenario("\"eisenberg-noe\"", "\"black-scholes\""),
            "D106",
            file,
            16,
            "clearing.model",
        ),
        case(
            scenario("\"exponential\"", "\"constant-product\""),
            "D108",
            file,
            13,
            "impact.model",
        ),
        case(
            scenario("bond = ", "bnod = "),
            "D109",
            file,
            5,
            "shock.prices.bnod",
        ),
        case(set("shock.cash.Z=-0.1"), "D109", "--set", None, "shock.cash.Z"),
        case(scenario("-0.05", "-1.5"), "D110", file, 5, "shock.prices.bond"),
        case(scenario("-0.05", "nan"), "D110", file, 5, "shock.prices.bond"),
        case(scenario("-0.05", "inf"), "D110", file, 5, "shock.prices.bond"),
        case(
            set("shock.outside_assets.A=-1e19"),
            "D110",
            "--set",
            None,
            "shock.outside_assets.A",
        ),
        case(set("impact.model"), "D113", "--set", None, None),
        case(set("=linear"), "D113", "--set", None, None),
        case(set("version.x=1"), "D113", "--set", None, None),
        case(
            set(&format!("{}a=1", "a.".repeat(50_000))),
            "D113",
            "--set",
            None,
            None,
        ),
        case(
            scenario(
                "select",
                "[deleveraging.rules.funds]\nmax_leverage = 3\n[engine]\nselect",
            ),
            "D102",
            file,
            21,
            None,
        ),
        case(
            scenario(
                "[impact]",
                "[deleveraging.rules.funds]\nmax_leverage = 3\n[impact]",
            ),
            "D114",
            file,
            12,
            "deleveraging.rules.funds.rule",
        ),
        case(
            scenario(
                "[impact]",
                "[deleveraging.rules.\"=x\"]\nrule = \"none\"\n[impact]",
            ),
            "D215",
            file,
            12,
            "deleveraging.rules.=x",
        ),
        case(
            scenario("[impact]\n", "[impact]\nkappa = 1\n"),
            "D115",
            file,
            13,
            "impact.kappa",
        ),
        case(
            set("deleveraging.min_ratio=0.08"),
            "D115",
            "--set",
            None,
            "deleveraging.min_ratio",
        ),
        case(
            scenario("\"greatest\"", "\"best\""),
            "D116",
            file,
            19,
            "engine.select",
        ),
        case(
            set("impact.execution=average"),
            "D116",
            "--set",
            None,
            "impact.execution",
        ),
        case(
            scenario("12.5", "nan"),
            "D212",
            file,
            9,
            "deleveraging.max_leverage",
        ),
        case(
            scenario("12.5", "-inf"),
            "D212",
            file,
            9,
            "deleveraging.max_leverage",
        ),
        case(
            scenario("[impact]\n", "[impact]\nkappa = inf\n"),
            "D212",
            file,
            13,
            "impact.kappa",
        ),
        case(scenario("[shock]", &deep_array), "D506", file, 4, None),
        case(scenario("[shock]", &deep_bomb), "D506", file, 4, None),
        case(scenario("[shock]", &dotted_bomb), "D506", file, 4, None),
        case(scenario("[shock]", &dotted_section), "D506", file, 4, None),
        case(scenario("[shock]", &product_bomb), "D506", file, 4, None),
        case(
            limited(Input::sound(), |options| options.limits.bytes = 3_000),
            "D501",
            file,
            None,
            None,
        ),
    ]
}

/// The sound input under another rule and its parameters, from line 8 on.
fn rule(text: &str) -> Input {
    scenario("rule = \"leverage-cap\"\nmax_leverage = 12.5", text)
}

/// Parameters of rules and strategies that are out of range, of the wrong type, missing or contradictory.
fn rule_cases() -> Vec<Case> {
    let by_key = [
        (
            "leverage-threshold\"\nact_below = 0.04\ntarget = 0.03",
            "D304",
            10,
            "deleveraging.target",
        ),
        (
            "leverage-threshold\"\nact_below = 0.04\ntarget = 1.5",
            "D303",
            10,
            "deleveraging.target",
        ),
        (
            "leverage-threshold\"\nact_below = 0\ntarget = 0.05",
            "D303",
            9,
            "deleveraging.act_below",
        ),
        (
            "leverage-threshold\"\nact_below = 0.04",
            "D301",
            7,
            "deleveraging.target",
        ),
        (
            "leverage-threshold\"\nact_below = 0.04\ntarget = 0.05\ndefault_below = 0.05",
            "D303",
            11,
            "deleveraging.default_below",
        ),
        (
            "leverage-target\"\ntarget_leverage = 0.5",
            "D303",
            9,
            "deleveraging.target_leverage",
        ),
        (
            "leverage-target\"\ntwo_sided = \"yes\"",
            "D302",
            9,
            "deleveraging.two_sided",
        ),
        (
            "funding-withdrawal\"\nrun_below = 0.05\nrun_complete_below = 0.1",
            "D303",
            10,
            "deleveraging.run_complete_below",
        ),
        (
            "funding-withdrawal\"\nrun_below = 1.5\nrun_complete_below = 0.1",
            "D303",
            9,
            "deleveraging.run_below",
        ),
        (
            "redemption\"\nflow_sensitivity = 1\ngate = 1.5",
            "D303",
            10,
            "deleveraging.gate",
        ),
        (
            "redemption\"\nflow_sensitivity = -1",
            "D303",
            9,
            "deleveraging.flow_sensitivity",
        ),
        (
            "redemption\"\nflow_sensitivity = 1\nliquidity = \"fast\"",
            "D302",
            10,
            "deleveraging.liquidity",
        ),
        (
            "redemption\"\ngate = 0.5",
            "D301",
            7,
            "deleveraging.flow_sensitivity",
        ),
        ("haircut\"\nhaircut = 1.5", "D303", 9, "deleveraging.haircut"),
        (
            "haircut\"\nhaircut = 0.5\nprocyclicality = -1",
            "D303",
            10,
            "deleveraging.procyclicality",
        ),
        (
            "value-at-risk\"\nleverage_scale = 0\nhistoric_volatility = 0.1\nshock_weight = 0.1",
            "D303",
            9,
            "deleveraging.leverage_scale",
        ),
        (
            "value-at-risk\"\nleverage_scale = 1\nhistoric_volatility = 0.1\nshock_weight = 2",
            "D303",
            11,
            "deleveraging.shock_weight",
        ),
    ];
    let mut cases: Vec<Case> = by_key
        .into_iter()
        .map(|(text, code, line, key)| {
            case(
                rule(&format!("rule = \"{text}")),
                code,
                "scenario.toml",
                line,
                key,
            )
        })
        .collect();
    let assets = |mut input: Input, content: &str| {
        input.tables = input.tables.with("assets.csv", content);
        input
    };
    let strategy = |name: &str| scenario("\"pro-rata\"", &format!("\"{name}\""));
    cases.extend([
        case(
            assets(
                rule("rule = \"haircut\""),
                "id,depth,haircut\nbond,1,0.1\nloan,1,1.1\n",
            ),
            "D303",
            "assets.csv",
            3,
            "haircut",
        ),
        case(rule("rule = \"haircut\""), "D301", "assets.csv", 1, "haircut"),
        case(strategy("by-priority"), "D301", "assets.csv", 1, "sale_priority"),
        case(
            assets(
                strategy("by-priority"),
                "id,depth,sale_priority\nbond,1,first\nloan,1,2\n",
            ),
            "D302",
            "assets.csv",
            2,
            "sale_priority",
        ),
        case(
            assets(strategy("least-impact"), "id,depth,g\nbond,1,0.5\nloan,1,20\n"),
            "D303",
            "assets.csv",
            3,
            "g",
        ),
        case(
            assets(
                strategy("least-impact"),
                "id,depth,kappa,adv\nbond,1,1,5\nloan,1,,\n",
            ),
            "D301",
            "assets.csv",
            1,
            "volatility",
        ),
    ]);
    cases
}

/// Parameters and tables of price-impact models.
fn impact_cases() -> Vec<Case> {
    let (file, ass, csv) = ("scenario.toml", "assets.csv", "own.csv");
    // Line 13 names the model; what follows stands in the lines behind it.
    let impact = |lines: &str| scenario("\"exponential\"", lines);
    let own = |lines: &str, content: &str| {
        let mut input = impact(lines);
        input.tables = input.tables.with(csv, content);
        input
    };
    let with_assets = |lines: &str, content: &str| {
        let mut input = impact(lines);
        input.tables = input.tables.with(ass, content);
        input
    };
    let fall = |fall: &str, share: &str| {
        with_assets(
            &format!("\"exponential\"\nfall = {fall}\nat_share_sold = {share}"),
            "id,price\nbond,1\nloan,2\n",
        )
    };
    let matrix = "\"cross-matrix\"\nmatrix = \"own.csv\"";
    let book = "\"order-book\"\nbook = \"own.csv\"";
    let levels = |more: &str| {
        let sound = "asset,side,price,quantity\nbond,bid,0.9,100\nloan,bid,1.9,100\nbond,ask,1.1,5\n";
        own(book, &format!("{sound}{more}"))
    };
    let almgren = |more: &str| {
        impact(&format!(
            "\"almgren\"\nvolatility = 0.02\nadv = 100\nmarket_cap = 1e6\n{more}"
        ))
    };
    let maker = |more: &str| impact(&format!("\"market-maker\"\n{more}"));
    vec![
        // A fall at a share sold.
        case(fall("1", "0.1"), "D303", file, 14, "impact.fall"),
        case(fall("-0.1", "0.1"), "D303", file, 14, "impact.fall"),
        case(fall("nan", "0.1"), "D212", file, 14, "impact.fall"),
        case(fall("0.1", "0"), "D303", file, 15, "impact.at_share_sold"),
        case(fall("0.1", "1.5"), "D303", file, 15, "impact.at_share_sold"),
        case(fall("\"5 %\"", "0.1"), "D302", file, 14, "impact.fall"),
        case(set("impact.fall=0.01"), "D301", ass, 1, "at_share_sold"),
        case(
            impact("\"linear\"\ndepth = 5\nfall = 0.1\nat_share_sold = 0.1").with_assets("id\nbond\nloan\n"),
            "D304",
            file,
            15,
            "impact.fall",
        ),
        case(
            with_assets(
                "\"linear\"",
                "id,depth,fall,at_share_sold\nbond,1,,\nloan,1,0.1,0.1\n",
            ),
            "D304",
            ass,
            3,
            "fall",
        ),
        case(
            with_assets("\"linear\"", "id,fall,at_share_sold\nbond,0.1,0.1\nloan,0.1,\n"),
            "D301",
            ass,
            3,
            "at_share_sold",
        ),
        // Models by one asset.
        case(
            with_assets(
                "\"tanh\"",
                "id,price,depth,price_floor\nbond,1,5,0.5\nloan,2,5,2\n",
            ),
            "D303",
            ass,
            3,
            "price_floor",
        ),
        case(
            with_assets(
                "\"tanh\"",
                "id,price,depth,price_floor\nbond,1,5,-0.5\nloan,2,5,1\n",
            ),
            "D213",
            ass,
            2,
            "price_floor",
        ),
        case(impact("\"tanh\""), "D301", ass, 1, "price_floor"),
        case(almgren("horizon = 0"), "D303", file, 17, "impact.horizon"),
        case(almgren(""), "D301", ass, 1, "horizon"),
        case(almgren("horizon = 1\neta = -0.1"), "D303", file, 18, "impact.eta"),
        case(
            almgren("horizon = 1\nwithdrawal = 2"),
            "D115",
            file,
            18,
            "impact.withdrawal",
        ),
        case(
            impact("\"stressed-depth\"\nwithdrawal = -1"),
            "D303",
            file,
            14,
            "impact.withdrawal",
        ),
        case(
            impact("\"stressed-volatility\"\nadv = 1\nvolatility = -0.1\nhorizon = 1"),
            "D303",
            file,
            15,
            "impact.volatility",
        ),
        case(maker("capital = -5"), "D213", file, 14, "impact.capital"),
        case(maker("capital = 0"), "D303", file, 14, "impact.capital"),
        case(
            maker("capital = 5\ndepth_floor = 1.5"),
            "D303",
            file,
            15,
            "impact.depth_floor",
        ),
        case(
            maker("capital = 5\nexecution = \"vwap\""),
            "D305",
            file,
            15,
            "impact.execution",
        ),
        // The file that a parameter names.
        case(impact("\"cross-matrix\""), "D301", file, 12, "impact.matrix"),
        case(
            impact("\"cross-matrix\"\nmatrix = 5"),
            "D302",
            file,
            14,
            "impact.matrix",
        ),
        case(impact(matrix), "D201", file, 14, "impact.matrix"),
        case(
            impact("\"cross-matrix\"\nmatrix = \"\""),
            "D201",
            file,
            14,
            "impact.matrix",
        ),
        case(
            impact("\"cross-matrix\"\nmatrix = \"../own.csv\""),
            "D111",
            file,
            14,
            "impact.matrix",
        ),
        case(
            impact("\"cross-matrix\"\nmatrix = \"/etc/passwd\""),
            "D111",
            file,
            14,
            "impact.matrix",
        ),
        case(
            impact("\"cross-matrix\"\nmatrix = \"own.parquet\""),
            "D203",
            file,
            14,
            "impact.matrix",
        ),
        case(own(matrix, "asset,seller\nbond,loan\n"), "D208", csv, 1, "impact"),
        case(
            own(matrix, "asset,seller,impact,depth\n"),
            "D209",
            csv,
            1,
            "depth",
        ),
        case(
            own(matrix, "asset,seller,impact\nbond,loan,0.1\nbond,lone,0.1\n"),
            "D217",
            csv,
            3,
            "seller",
        ),
        case(
            own(matrix, "asset,seller,impact\nbond,loan,0.1 %\n"),
            "D211",
            csv,
            2,
            "impact",
        ),
        case(
            own(matrix, "asset,seller,impact\nbond,loan,inf\n"),
            "D212",
            csv,
            2,
            "impact",
        ),
        case(
            own(matrix, "asset,seller,impact\nbond,loan,\n"),
            "D227",
            csv,
            2,
            "impact",
        ),
        case(
            own(matrix, "asset,seller,impact\n,loan,1\n"),
            "D227",
            csv,
            2,
            "asset",
        ),
        case(
            own(
                matrix,
                "asset,seller,impact\nbond,loan,1\n\nloan,loan,1\nbond,loan,1\n",
            ),
            "D304",
            csv,
            5,
            "seller",
        ),
        case(
            own(matrix, "asset,seller,impact\nbond,loan\n"),
            "D207",
            csv,
            2,
            None,
        ),
        case(
            limited(
                own(
                    matrix,
                    "asset,seller,impact\nbond,loan,1\nloan,loan,1\nbond,bond,1\n",
                ),
                |options| {
                    options.limits.rows = 2;
                },
            ),
            "D502",
            csv,
            4,
            None,
        ),
        // Order books.
        case(levels("bond,bids,0.8,5\n"), "D302", csv, 5, "side"),
        case(levels("bond,,0.8,5\n"), "D227", csv, 5, "side"),
        case(levels("bond,bid,-0.8,5\n"), "D303", csv, 5, "price"),
        case(levels("bond,bid,0.8,0\n"), "D303", csv, 5, "quantity"),
        case(levels("bond,bid,1.05,5\n"), "D303", csv, 5, "price"),
        case(levels("bond,ask,0.9,5\n"), "D304", csv, 2, "price"),
        case(levels("bnod,bid,0.8,5\n"), "D217", csv, 5, "asset"),
        case(
            own(book, "asset,side,price,quantity\nbond,bid,0.9,5\nloan,ask,3,5\n"),
            "D305",
            ass,
            3,
            None,
        ),
        case(
            own(
                &format!("{book}\nbeyond = \"nothing\""),
                "asset,side,price,quantity\nbond,bid,0.9,5\nloan,bid,1,5\n",
            ),
            "D302",
            file,
            15,
            "impact.beyond",
        ),
    ]
}

/// Keys of the rounds engine, and keys that have no meaning under the chosen engine.
fn rounds_cases() -> Vec<Case> {
    let (file, ins) = ("scenario.toml", "institutions.csv");
    // Line 18 opens `[engine]`; its keys stand from line 19 on.
    let engine = |lines: &str| scenario("select = \"greatest\"", &format!("kind = \"rounds\"\n{lines}"));
    let impact = |lines: &str| {
        let mut input = engine("");
        input.scenario = input.scenario.replace(
            "model = \"exponential\"",
            &format!("model = \"exponential\"\n{lines}"),
        );
        input
    };
    let failure = |cell: &str| {
        let mut input = engine("");
        let rows = format!("id,external_liabilities,default_below\nA,90,\nB,10,{cell}\nC,1,\n");
        input.tables = input.tables.with(ins, rows);
        input
    };
    let repayable = |cell: &str| {
        let mut input = engine("");
        let rows = format!("id,external_liabilities,repayable_debt\nA,90,\nB,10,{cell}\nC,1,\n");
        input.tables = input.tables.with(ins, rows);
        input
    };
    vec![
        case(
            scenario("select", "max_rounds = 6\nselect"),
            "D115",
            file,
            19,
            "engine.max_rounds",
        ),
        case(
            scenario("select", "pay_with_cash_first = true\nselect"),
            "D115",
            file,
            19,
            "engine.pay_with_cash_first",
        ),
        case(
            set("impact.execution=midpoint"),
            "D117",
            "--set",
            None,
            "impact.execution",
        ),
        case(
            set("impact.persistence=reset"),
            "D115",
            "--set",
            None,
            "impact.persistence",
        ),
        case(engine("select = \"both\""), "D115", file, 20, "engine.select"),
        case(
            scenario("select = \"greatest\"", "kind = \"round\""),
            "D106",
            file,
            19,
            "engine.kind",
        ),
        case(engine("max_rounds = 0"), "D107", file, 20, "engine.max_rounds"),
        case(engine("max_rounds = -4"), "D107", file, 20, "engine.max_rounds"),
        case(
            engine("max_rounds = 5000000000"),
            "D107",
            file,
            20,
            "engine.max_rounds",
        ),
        case(engine("max_rounds = 2.5"), "D104", file, 20, "engine.max_rounds"),
        case(
            engine("pay_with_cash_first = 1"),
            "D104",
            file,
            20,
            "engine.pay_with_cash_first",
        ),
        case(engine("order = \"random\""), "D116", file, 20, "engine.order"),
        case(engine("order = \"sequential\""), "D114", file, 18, "engine.seed"),
        case(engine("seed = 4"), "D115", file, 20, "engine.seed"),
        case(
            engine("order = \"sequential\"\nsequence = \"A\""),
            "D104",
            file,
            21,
            "engine.sequence",
        ),
        case(
            engine("order = \"sequential\"\nsequence = [1, 2]"),
            "D104",
            file,
            21,
            "engine.sequence",
        ),
        case(
            engine("order = \"sequential\"\nsequence = [\"A\", \"Z\"]"),
            "D109",
            file,
            21,
            "engine.sequence",
        ),
        case(
            engine("order = \"sequential\"\nsequence = [\"A\", \"A\"]"),
            "D216",
            file,
            21,
            "engine.sequence",
        ),
        case(
            impact("persistence = \"for ever\""),
            "D116",
            file,
            14,
            "impact.persistence",
        ),
        case(
            impact("persistence = \"transient\""),
            "D114",
            file,
            12,
            "impact.recovery_rate",
        ),
        case(
            impact("persistence = \"transient\"\nrecovery_rate = -1"),
            "D303",
            file,
            15,
            "impact.recovery_rate",
        ),
        case(
            impact("persistence = \"propagator\"\ndecay_exponent = inf"),
            "D303",
            file,
            15,
            "impact.decay_exponent",
        ),
        case(
            impact("persistence = \"reset\"\nrecovery_rate = 1"),
            "D115",
            file,
            15,
            "impact.recovery_rate",
        ),
        case(failure("1.0"), "D303", ins, 3, "default_below"),
        case(failure("-0.1"), "D303", ins, 3, "default_below"),
        case(failure("low"), "D302", ins, 3, "default_below"),
        case(repayable("-1"), "D213", ins, 3, "repayable_debt"),
    ]
}

/// Keys that columns override, and scalings.
fn override_cases() -> Vec<Case> {
    let (file, ins) = ("scenario.toml", "institutions.csv");
    let leverage = |cells: [&str; 3]| {
        let [a, b, c] = cells;
        let rows = format!("id,external_liabilities,max_leverage\nA,90,{a}\nB,10,{b}\nC,1,{c}\n");
        table(ins, rows)
    };
    let full = || leverage(["12", "12", "12"]);
    let set = |mut input: Input, text: &str| {
        input.options.overrides.push(text.to_owned());
        input
    };
    let key = "deleveraging.max_leverage";
    vec![
        case(
            set(full(), "deleveraging.max_leverage=9"),
            "D120",
            "--set",
            None,
            key,
        ),
        case(full(), "D121", file, 9, key),
        case(
            set(leverage(["12", "", ""]), "deleveraging.max_leverage=9"),
            "D121",
            "--set",
            None,
            key,
        ),
        case(leverage(["12", "", ""]), "D122", file, 9, key),
        case(set(full(), "dpth*=2"), "D123", "--set", None, "dpth"),
        case(set(full(), "depth*=two"), "D113", "--set", None, None),
        case(set(full(), "depth*=1e300"), "D214", "assets.csv", 2, "depth"),
        case(
            table(ins, "id,external_liabilities\nA,900\nB,10\nC,1\n"),
            "D240",
            ins,
            2,
            None,
        ),
    ]
}

fn table_cases() -> Vec<Case> {
    let long_id = "x".repeat(300);
    let many_columns = format!("id{}\nA\n", ",cash".repeat(2_000));
    let huge_field = format!("id,name,cash\nA,{},5\nB,ok,5\n", "n".repeat(70 << 10));
    let open_quote = format!("id,name,cash\nA,\"never closed,5\n{}", "B,ok,5\n".repeat(20_000));
    let (ins, ass, hol, deb) = ("institutions.csv", "assets.csv", "holdings.csv", "debts.csv");
    let rules_input = |cell: &str| {
        let mut input = table(ins, format!("id,rule,cash\nA,,5\nB,{cell},20\nC,,1\n"));
        input.scenario = input.scenario.replace(
            "[impact]",
            "[deleveraging.rules.funds]\nrule = \"none\"\n[impact]",
        );
        input
    };
    let mut owned_wholly = table("shareholdings.csv", "holder,issuer,fraction\nA,B,1\nB,A,1\n");
    owned_wholly.scenario = owned_wholly.scenario.replace("\"eisenberg-noe\"", "\"elsinger\"");
    let mut none_clearing = table("shareholdings.csv", "holder,issuer,fraction\nA,B,0.5\n");
    none_clearing.scenario = none_clearing.scenario.replace("eisenberg-noe", "none");
    // What follows `#` in a line of the scenario is a comment.
    let clearing = |model: &str| {
        let mut input = Input::sound();
        input.scenario = input.scenario.replace("eisenberg-noe\"", model);
        input
    };
    let cds = "credit_default_swaps.csv";
    let mut swaps_valued = table(cds, "writer,holder,reference,notional\nA,B,C,1\n");
    swaps_valued.scenario = swaps_valued.scenario.replace("eisenberg-noe", "debtrank");
    let without = |file: &str| {
        let mut input = Input::sound();
        input.tables = input.tables.without(file);
        input
    };
    vec![
        case(without(ins), "D201", ins, None, None),
        case(without(ass), "D201", ass, None, None),
        case(table("assets.parquet", "PAR1"), "D202", ass, None, None),
        case(table("debts.parquet", "PAR1"), "D202", deb, None, None),
        case(
            table("shareholdings.parquet", "PAR1"),
            "D203",
            "shareholdings.parquet",
            None,
            None,
        ),
        case(table("accounts.csv", "id\n"), "D204", "accounts.csv", None, None),
        case(table("positions.csv", ""), "D204", "positions.csv", None, None),
        case(table("loans.csv", ""), "D204", "loans.csv", None, None),
        case(
            table("margin_tiers.parquet", ""),
            "D204",
            "margin_tiers.parquet",
            None,
            None,
        ),
        case(
            table(ins, b"id,name\nA,Cr\xe9dit\nB,\nC,\n".to_vec()),
            "D206",
            ins,
            2,
            "name",
        ),
        case(table(ins, b"id,n\xff\nA,\n".to_vec()), "D206", ins, 1, None),
        case(table(ins, b"\xff\xfei\0d\0\n\0".to_vec()), "D206", ins, 1, None),
        case(table(ins, "id,cash\nA,1,000\nB,1\nC,1\n"), "D207", ins, 2, None),
        case(
            table(hol, "institution,asset,quantity\r\n\r\nA,bond\r\nB,loan,1\r\n"),
            "D207",
            hol,
            3,
            None,
        ),
        case(table(ins, "name,cash\nA,1\n"), "D208", ins, 1, "id"),
        case(table(ins, ""), "D208", ins, 1, "id"),
        case(
            table(hol, "institution;asset;quantity\nA;bond;5\n"),
            "D208",
            hol,
            1,
            "asset",
        ),
        case(
            table(hol, "institution,asset\nA,bond\n"),
            "D208",
            hol,
            1,
            "quantity",
        ),
        case(table(ins, "id,csh\nA,1\nB,1\nC,1\n"), "D209", ins, 1, "csh"),
        case(table(ins, "id,\nA,1\nB,1\nC,1\n"), "D209", ins, 1, ""),
        case(
            table(ins, "id,cash,cash\nA,1,2\nB,1,2\nC,1,2\n"),
            "D210",
            ins,
            1,
            "cash",
        ),
        case(table(ins, "id,cash\nA,5 mn\nB,1\nC,1\n"), "D211", ins, 2, "cash"),
        case(
            table(ins, "id,cash\nA,\"1,000\"\nB,1\nC,1\n"),
            "D211",
            ins,
            2,
            "cash",
        ),
        case(table(ins, "id,cash\nA,0x10\nB,1\nC,1\n"), "D211", ins, 2, "cash"),
        case(table(ins, "id,cash\nA,\0\nB,1\nC,1\n"), "D211", ins, 2, "cash"),
        case(
            table(ins, "id,cash\nA,\u{2212}5\nB,1\nC,1\n"),
            "D211",
            ins,
            2,
            "cash",
        ),
        case(table(ins, "id,cash\nA,nan\nB,1\nC,1\n"), "D212", ins, 2, "cash"),
        case(table(ins, "id,cash\nA,-inf\nB,1\nC,1\n"), "D212", ins, 2, "cash"),
        case(
            table(ass, "id,depth,volatility\nbond,1,inf\nloan,1,0\n"),
            "D212",
            ass,
            2,
            "volatility",
        ),
        case(
            table(ass, "id,depth\nbond,nan\nloan,1\n"),
            "D212",
            ass,
            2,
            "depth",
        ),
        case(
            table(hol, "institution,asset,quantity\nA,bond,-5\n"),
            "D213",
            hol,
            2,
            "quantity",
        ),
        case(
            table(deb, "debtor,creditor,amount\nA,B,-5\n"),
            "D213",
            deb,
            2,
            "amount",
        ),
        case(
            table(ass, "id,price,depth\nbond,-1,1\nloan,1,1\n"),
            "D213",
            ass,
            2,
            "price",
        ),
        case(table(ins, "id,cash\nA,1e19\nB,1\nC,1\n"), "D214", ins, 2, "cash"),
        case(table(ins, "id,cash\nA,1e999\nB,1\nC,1\n"), "D214", ins, 2, "cash"),
        case(
            table(ins, "id,cash\nA,5e-324\nB,1\nC,1\n"),
            "D214",
            ins,
            2,
            "cash",
        ),
        case(
            table(ass, "id,depth\nbond,1e999\nloan,1\n"),
            "D214",
            ass,
            2,
            "depth",
        ),
        case(
            table(hol, "institution,asset,value\nA,loan,1e18\nA,bond,1e-10\n"),
            "D214",
            hol,
            3,
            "value",
        ),
        case(table(ins, "id\nA\nB\nC\n=cmd()\n"), "D215", ins, 5, "id"),
        case(table(ins, "id\nA\nB\nC\n@x\n"), "D215", ins, 5, "id"),
        case(table(ins, "id\nA\nB\nC\n\tx\n"), "D215", ins, 5, "id"),
        case(table(ins, "id\nA\nB\nC\n\0x\n"), "D215", ins, 5, "id"),
        case(table(ins, "id,cash\nA,1\nB,1\nC,1\n,7\n"), "D215", ins, 5, "id"),
        case(table(ins, "id\nA\nB\nC\nA\n"), "D216", ins, 5, "id"),
        case(
            table(ass, "id,depth\nbond,1\nloan,1\nbond,1\n"),
            "D216",
            ass,
            4,
            "id",
        ),
        case(
            table(hol, "institution,asset,quantity\nA,bnod,1\n"),
            "D217",
            hol,
            2,
            "asset",
        ),
        case(
            table(hol, "institution,asset,quantity\na,bond,1\n"),
            "D217",
            hol,
            2,
            "institution",
        ),
        case(
            table(deb, "debtor,creditor,amount\nA,Z,1\n"),
            "D217",
            deb,
            2,
            "creditor",
        ),
        case(
            table(deb, "debtor,creditor,amount\nA,A,1\n"),
            "D218",
            deb,
            2,
            "creditor",
        ),
        case(
            table("shareholdings.csv", "holder,issuer,fraction\nA,A,0.1\n"),
            "D218",
            "shareholdings.csv",
            2,
            "issuer",
        ),
        case(
            table(hol, "institution,asset,quantity,value\nA,bond,5,5\n"),
            "D219",
            hol,
            2,
            "quantity",
        ),
        case(
            table(hol, "institution,asset,quantity,value\nA,bond,,\n"),
            "D219",
            hol,
            2,
            "quantity",
        ),
        case(
            table("shareholdings.csv", "holder,issuer,fraction\nA,B,25\n"),
            "D220",
            "shareholdings.csv",
            2,
            "fraction",
        ),
        case(
            table("shareholdings.csv", "holder,issuer,fraction\nA,B,-0.1\n"),
            "D220",
            "shareholdings.csv",
            2,
            "fraction",
        ),
        case(
            table("shareholdings.csv", "holder,issuer,fraction\nA,C,0.6\nB,C,0.6\n"),
            "D221",
            "shareholdings.csv",
            3,
            "fraction",
        ),
        case(
            table(deb, "debtor,creditor,amount\nA,B,1\nA,C,1\nA,B,1\n"),
            "D222",
            deb,
            4,
            "amount",
        ),
        case(
            table(hol, "institution,asset,quantity\nA,bond,1\nA,bond,1\n"),
            "D222",
            hol,
            None,
            None,
        ),
        case(
            limited(table(ass, "id,price,depth\nbond,0,1\nloan,1,1\n"), |_| ())
                .with_holdings("institution,asset,value\nA,bond,5\n"),
            "D223",
            hol,
            2,
            "value",
        ),
        case(
            table(ass, "id,depth,adv\nbond,1,1\nloan,1,1\n"),
            "D224",
            ass,
            1,
            "adv",
        ),
        case(
            table(ins, "id,repayable_debt\nA,1\nB,1\nC,1\n"),
            "D224",
            ins,
            1,
            "repayable_debt",
        ),
        case(
            table(ins, "id,repayable_debt\nA,-1\nB,1\nC,1\n"),
            "D213",
            ins,
            2,
            "repayable_debt",
        ),
        case(table(ins, "id,name\nA,=1+1\nB,\nC,\n"), "D225", ins, 2, "name"),
        case(
            rules_input(""),
            "D115",
            "scenario.toml",
            12,
            "deleveraging.rules.funds",
        ),
        case(
            table(ins, "id,name,cash\r\nA,\"two\r\nlines\",1\r\n\r\nB,,x\r\nC,,\r\n"),
            "D211",
            ins,
            5,
            "cash",
        ),
        case(
            table(ins, "id,name,cash\nA,\"two\n\n\",1\n\nB,,1\nC,,x"),
            "D211",
            ins,
            7,
            "cash",
        ),
        case(rules_input("fund"), "D226", ins, 3, "rule"),
        case(
            table(deb, "debtor,creditor,amount\nA,B,\n"),
            "D227",
            deb,
            2,
            "amount",
        ),
        case(
            table(hol, "institution,asset,quantity\n,bond,1\n"),
            "D227",
            hol,
            2,
            "institution",
        ),
        case(
            table("shareholdings.csv", "holder,issuer,fraction\nA,B,\n"),
            "D227",
            "shareholdings.csv",
            2,
            "fraction",
        ),
        case(
            table(deb, "debtor,creditor,amount,seniority\nA,B,1,0.5\n"),
            "D228",
            deb,
            2,
            "seniority",
        ),
        case(
            table(deb, "debtor,creditor,amount,seniority\nA,B,1,-1\n"),
            "D228",
            deb,
            2,
            "seniority",
        ),
        case(
            table(deb, "debtor,creditor,amount,seniority\nA,B,1,9999999999\n"),
            "D228",
            deb,
            2,
            "seniority",
        ),
        case(
            table(
                hol,
                format!(
                    "institution,asset,quantity\n{}",
                    "A,bnod,1\n".repeat(MAX_PROBLEMS_PER_FILE + 5)
                ),
            ),
            "D229",
            hol,
            None,
            None,
        ),
        case(table("debt.csv", DEBTS), "D230", "debt.csv", None, None),
        case(
            table("Holdings.csv", HOLDINGS),
            "D230",
            "Holdings.csv",
            None,
            None,
        ),
        case(table("rates.csv", "id\n"), "D231", "rates.csv", None, None),
        case(
            table(ins, "id,cash,,\nA,5,,\n,,,\nB,1,,\nC,1,,\n"),
            "D232",
            ins,
            None,
            None,
        ),
        case(
            table(ins, "id,cash,other_assets\nA,,5\nB,1,1\nC,,\n"),
            "D233",
            ins,
            None,
            "cash",
        ),
        case(table(deb, ",A,B\nA,0,5\nB,,0\n"), "D234", deb, 1, None),
        case(
            scenario("max_leverage = 12.5\n", ""),
            "D301",
            "scenario.toml",
            7,
            "deleveraging.max_leverage",
        ),
        case(table(ass, "id\nbond\nloan\n"), "D301", ass, 1, "depth"),
        case(table(ass, "id,depth\nbond,1\nloan,\n"), "D301", ass, 3, "depth"),
        case(
            table(ass, "id,depth\nbond,deep\nloan,1\n"),
            "D302",
            ass,
            2,
            "depth",
        ),
        case(
            set("clearing.external=first"),
            "D302",
            "--set",
            None,
            "clearing.external",
        ),
        case(
            table(ins, "id,external\nA,\nB,x\nC,senior\n"),
            "D302",
            ins,
            3,
            "external",
        ),
        case(
            scenario("12.5", "1.0"),
            "D303",
            "scenario.toml",
            9,
            "deleveraging.max_leverage",
        ),
        case(
            scenario("12.5", "-3"),
            "D303",
            "scenario.toml",
            9,
            "deleveraging.max_leverage",
        ),
        case(table(ass, "id,depth\nbond,0\nloan,1\n"), "D303", ass, 2, "depth"),
        case(
            table(ins, "id,max_leverage\nA,\nB,0.5\nC,inf\n"),
            "D303",
            ins,
            3,
            "max_leverage",
        ),
        case(
            scenario("12.5\n", "12.5\nmin_leverage_ratio = 0.08\n"),
            "D304",
            "scenario.toml",
            9,
            "deleveraging.max_leverage",
        ),
        case(
            table(ins, "id,max_leverage,min_leverage_ratio\nA,,\nB,10,0.1\nC,,\n"),
            "D304",
            ins,
            3,
            "max_leverage",
        ),
        case(
            table(deb, "debtor,creditor,amount,seniority\nA,B,1,1\n"),
            "D305",
            deb,
            None,
            "seniority",
        ),
        case(
            table("shareholdings.csv", "holder,issuer,fraction\nA,B,0.5\n"),
            "D305",
            "shareholdings.csv",
            None,
            None,
        ),
        case(none_clearing, "D305", "shareholdings.csv", None, None),
        case(
            clearing("elliott-golub-jackson\"\nfailure_value = 1\nfailure_cost = 1#\""),
            "D305",
            "debts.csv",
            None,
            None,
        ),
        case(
            clearing("elliott-golub-jackson\"\nfailure_value = 1\nfailure_cost = -1#\""),
            "D303",
            "scenario.toml",
            18,
            "clearing.failure_cost",
        ),
        case(
            clearing("elliott-golub-jackson\"\nfailure_value = 1#\""),
            "D301",
            "scenario.toml",
            15,
            "clearing.failure_cost",
        ),
        case(
            clearing("black-cox\"\nasset_volatility = 0\nrecovery = 0.4#\""),
            "D303",
            "scenario.toml",
            17,
            "clearing.asset_volatility",
        ),
        case(
            clearing("weber-weske\"\nalpha = 1\nbeta = 1\nkappa = 1.5#\""),
            "D303",
            "scenario.toml",
            19,
            "clearing.kappa",
        ),
        case(
            table(cds, "writer,holder,reference,notional\nA,B,C,-1\n"),
            "D213",
            cds,
            2,
            "notional",
        ),
        case(
            table(cds, "writer,holder,reference,notional\nA,B,C,\n"),
            "D227",
            cds,
            2,
            "notional",
        ),
        case(
            table(cds, "writer,holder,reference,notional\nA,A,C,1\n"),
            "D218",
            cds,
            2,
            "holder",
        ),
        case(
            table(cds, "writer,holder,reference,notional\nA,B,A,1\n"),
            "D218",
            cds,
            2,
            "reference",
        ),
        case(
            table(cds, "writer,holder,reference,notional\nA,B,Z,1\n"),
            "D217",
            cds,
            2,
            "reference",
        ),
        case(swaps_valued, "D305", cds, None, None),
        case(owned_wholly, "D306", ins, 2, None),
        case(
            table(ins, "id,cash\n")
                .with_holdings("institution,asset,quantity\n")
                .with_debts("debtor,creditor,amount\n"),
            "D401",
            ins,
            None,
            None,
        ),
        case(
            limited(Input::sound(), |options| options.limits.rows = 1),
            "D502",
            hol,
            3,
            None,
        ),
        case(
            limited(Input::sound(), |options| options.limits.participants = 2),
            "D502",
            ins,
            4,
            None,
        ),
        case(table(ins, many_columns), "D503", ins, 1, None),
        case(table(ins, huge_field), "D504", ins, 2, "name"),
        case(table(ins, open_quote), "D504", ins, 2, "name"),
        case(
            table(ins, format!("id\nA\nB\nC\n{long_id}\n")),
            "D505",
            ins,
            5,
            "id",
        ),
    ]
}

impl Input {
    fn with_holdings(mut self, content: &str) -> Self {
        self.tables = self.tables.with("holdings.csv", content);
        self
    }

    fn with_assets(mut self, content: &str) -> Self {
        self.tables = self.tables.with("assets.csv", content);
        self
    }

    fn with_debts(mut self, content: &str) -> Self {
        self.tables = self.tables.with("debts.csv", content);
        self
    }
}

fn check(name: usize, case: &Case) {
    let problems = case.input.problems();
    let found = problems.iter().any(|problem| {
        problem.code == case.code
            && problem.file == case.file
            && problem.row == case.row
            && problem.column.as_deref() == case.column
    });
    let mut listed = String::new();
    for problem in problems.iter().take(20) {
        let _ = writeln!(listed, "{problem}");
    }
    assert!(
        found,
        "case {name}: {} {}:{:?}:{:?} not among\n{listed}",
        case.code, case.file, case.row, case.column
    );
    let severity_of_case = problems
        .iter()
        .find(|problem| problem.code == case.code)
        .map(|problem| problem.severity);
    let refused = case.input.load().is_err();
    assert_eq!(
        refused,
        problems.iter().any(|problem| problem.severity == Severity::Error),
        "case {name}"
    );
    if severity_of_case == Some(Severity::Error) {
        assert!(refused, "case {name}: an error lets a system through");
    }
}

#[test]
fn every_malformed_input_is_reported_where_it_stands() {
    let cases: Vec<Case> = scenario_cases()
        .into_iter()
        .chain(rule_cases())
        .chain(impact_cases())
        .chain(rounds_cases())
        .chain(override_cases())
        .chain(table_cases())
        .collect();
    assert!(cases.len() >= 140);
    for (name, case) in cases.iter().enumerate() {
        check(name, case);
    }
}

#[test]
fn every_code_of_the_catalogue_is_raised_and_explained() {
    let in_memory = scenario_cases()
        .into_iter()
        .chain(impact_cases())
        .chain(rounds_cases())
        .chain(override_cases())
        .chain(table_cases())
        .map(|case| case.code);
    let covered: BTreeSet<&str> = in_memory.chain(FILE_CODES).chain(["D402"]).collect();
    let all: Vec<&str> = all_codes().collect();
    assert!(all.is_sorted());
    assert_eq!(covered, all.iter().copied().collect());
    for code in all {
        let explanation = explain(code).expect("exists");
        assert!(!explanation.text.is_empty() && !explanation.title.ends_with('.'));
        assert_ne!(explanation.example_wrong, explanation.example_right);
    }
}

/// Codes about files, raised by `files_and_folders`.
const FILE_CODES: [&str; 4] = ["D101", "D111", "D112", "D205"];

/// An empty folder of one test, removed at its end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("delever-io-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("the folder for temporary files can be written");
        Self(path)
    }

    fn write(&self, file: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(file);
        fs::create_dir_all(path.parent().expect("has a parent")).expect("writable");
        fs::write(&path, content).expect("writable");
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn codes(path: &std::path::Path, options: &LoadOptions) -> Vec<&'static str> {
    match load(path, &registry(), options) {
        Ok(loaded) => loaded
            .warnings
            .problems()
            .iter()
            .map(|problem| problem.code)
            .collect(),
        Err(diagnostics) => {
            assert!(diagnostics.has_errors());
            diagnostics
                .problems()
                .iter()
                .map(|problem| problem.code)
                .collect()
        }
    }
}

#[test]
fn files_and_folders() {
    let scratch = Scratch::new("files");
    let options = LoadOptions::default();
    let outside = LoadOptions {
        allow_outside: true,
        ..LoadOptions::default()
    };
    assert_eq!(codes(&scratch.0.join("absent.toml"), &options), ["D101"]);
    assert_eq!(codes(&scratch.0, &options), ["D101"]);
    let latin = scratch.write("latin.toml", b"name = \"Cr\xe9dit\"");
    assert_eq!(codes(&latin, &options), ["D101"]);

    for (file, content) in [
        ("institutions.csv", INSTITUTIONS),
        ("assets.csv", ASSETS),
        ("holdings.csv", HOLDINGS),
        ("debts.csv", DEBTS),
    ] {
        scratch.write(file, content);
        scratch.write(&format!("inner/data/{file}"), content);
    }
    let sound = scratch.write("sound.toml", SCENARIO);
    assert!(codes(&sound, &options).is_empty());
    let with_dir = |dir: &str| SCENARIO.replace("[shock]", &format!("[data]\ndir = '{dir}'\n[shock]"));
    let absent = scratch.write("absent_dir.toml", with_dir("nowhere"));
    assert_eq!(codes(&absent, &options), ["D112"]);
    let no_folder = scratch.write("no_folder.toml", with_dir("sound.toml"));
    assert_eq!(codes(&no_folder, &options), ["D112"]);
    let parent = scratch.write("inner/parent.toml", with_dir(".."));
    assert_eq!(codes(&parent, &options), ["D111"]);
    assert!(codes(&parent, &outside).is_empty());
    let absolute = scratch.write("absolute.toml", with_dir(&scratch.0.display().to_string()));
    assert_eq!(codes(&absolute, &options), ["D111"]);
    assert!(codes(&absolute, &outside).is_empty());
    let below = scratch.write("below.toml", with_dir("inner/data"));
    assert!(codes(&below, &options).is_empty());

    #[cfg(unix)]
    {
        let endless = scratch.write("endless/inner.toml", SCENARIO);
        std::os::unix::fs::symlink("/dev/zero", scratch.0.join("endless/institutions.csv"))
            .expect("writable");
        assert!(codes(&endless, &outside).contains(&"D205"));
        assert_eq!(codes(std::path::Path::new("/dev/zero"), &options), ["D101"]);
    }
    let folder_as_table = scratch.write("table/inner.toml", SCENARIO);
    fs::create_dir_all(scratch.0.join("table/institutions.csv")).expect("writable");
    assert!(codes(&folder_as_table, &options).contains(&"D205"));
}

#[test]
fn a_file_that_a_parameter_names_stays_in_the_folder() {
    let scratch = Scratch::new("named");
    for (file, content) in [
        ("inner/institutions.csv", INSTITUTIONS),
        ("inner/assets.csv", "id,price\nbond,1\nloan,2\n"),
        ("inner/holdings.csv", HOLDINGS),
        ("inner/debts.csv", DEBTS),
        ("inner/below/cross.csv", "asset,seller,impact\nbond,loan,0.001\n"),
        ("outside.csv", "asset,seller,impact\nbond,loan,0.001\n"),
    ] {
        scratch.write(file, content);
    }
    let scenario = |name: &str, matrix: &str| {
        let text = SCENARIO.replace(
            "\"exponential\"",
            &format!("\"cross-matrix\"\nmatrix = '{matrix}'"),
        );
        scratch.write(&format!("inner/{name}.toml"), text)
    };
    let options = LoadOptions::default();
    let anywhere = LoadOptions {
        allow_outside: true,
        ..LoadOptions::default()
    };
    assert!(codes(&scenario("below", "below/cross.csv"), &options).is_empty());
    assert_eq!(codes(&scenario("folder", "below"), &options), ["D205"]);
    for (name, matrix) in [
        ("up", "../outside.csv".to_owned()),
        (
            "absolute",
            scratch.0.join("outside.csv").to_string_lossy().into_owned(),
        ),
    ] {
        assert_eq!(codes(&scenario(name, &matrix), &options), ["D111"], "{name}");
        assert!(codes(&scenario(name, &matrix), &anywhere).is_empty(), "{name}");
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(scratch.0.join("outside.csv"), scratch.0.join("inner/linked.csv"))
            .expect("writable");
        assert_eq!(codes(&scenario("linked", "linked.csv"), &options), ["D111"]);
        assert!(codes(&scenario("linked", "linked.csv"), &anywhere).is_empty());
    }
}

#[cfg(unix)]
#[test]
fn links_that_lead_out_are_refused() {
    let scratch = Scratch::new("links");
    for (file, content) in [("institutions.csv", INSTITUTIONS), ("debts.csv", DEBTS)] {
        scratch.write(&format!("secret/{file}"), content);
    }
    let scenario = SCENARIO.replace("[shock]\nprices = { bond = -0.05 }\n", "");
    let linked_folder = scratch.write(
        "a/scenario.toml",
        scenario.replace("[impact]", "[data]\ndir = \"d\"\n[impact]"),
    );
    std::os::unix::fs::symlink(scratch.0.join("secret"), scratch.0.join("a/d")).expect("writable");
    let linked_file = scratch.write("b/scenario.toml", &scenario);
    std::os::unix::fs::symlink(
        scratch.0.join("secret/institutions.csv"),
        scratch.0.join("b/institutions.csv"),
    )
    .expect("writable");
    let options = LoadOptions::default();
    assert_eq!(codes(&linked_folder, &options), ["D111"]);
    assert_eq!(codes(&linked_file, &options), ["D111"]);
    let outside = LoadOptions {
        allow_outside: true,
        ..LoadOptions::default()
    };
    // Without its holdings an institution is insolvent, and nothing else is wrong.
    assert_eq!(codes(&linked_file, &outside), ["D240"]);
}

/// A clearing model that is always built for two institutions.
struct ForTwo {
    entitlements: SparseRows,
}

impl Claims for ForTwo {
    fn components(&self) -> usize {
        0
    }
    fn entitlements(&self) -> &SparseRows {
        &self.entitlements
    }
    fn range_into(&self, _: &[Interval], _: &mut [f64], _: &mut [f64]) {}
    fn settle_into(&self, _: &[u32], _: &[BalanceSheet<'_>], _: &mut [f64]) {}
    fn payment(&self, _: u32, _: &BalanceSheet<'_>) -> f64 {
        0.0
    }
    fn value_destroyed(&self, _: u32, _: &BalanceSheet<'_>) -> f64 {
        0.0
    }
}

#[derive(serde::Deserialize)]
struct ForTwoSpec {}

impl ClaimsSpec for ForTwoSpec {
    const KIND: &'static str = "acme/for-two";
    type Model = ForTwo;
    fn build(self, _: &NetworkView<'_>) -> Result<ForTwo, Vec<SpecError>> {
        Ok(ForTwo {
            entitlements: SparseRows::empty(2, 0),
        })
    }
}

#[test]
fn a_model_of_another_size_is_refused() {
    let mut registry: Registry = registry();
    registry.add_claims_spec::<ForTwoSpec, NoColumns>();
    let input = scenario("eisenberg-noe", "acme/for-two");
    let loaded = load_from(
        &input.tables,
        "s.toml",
        &input.scenario,
        &registry,
        &input.options,
    )
    .expect("the tables are sound");
    let problems = loaded.cascade(&registry).err().expect("two are not three");
    assert_eq!(problems.problems()[0].code, "D402");
    // A registry that lost the model says so as well.
    let problems = loaded
        .cascade(&delever_io::registry())
        .err()
        .expect("not registered");
    assert_eq!(problems.problems()[0].code, "D106");
}

#[test]
fn problems_of_all_files_come_in_one_pass() {
    let mut input = Input::sound();
    input.scenario = input.scenario.replace("12.5", "0.5").replace("select", "selekt");
    input.tables = input
        .tables
        .with("institutions.csv", "id,cash\nA,x\nB,-1\nC,1\nC,1\n")
        .with("assets.csv", "id,depth\nbond,0\nloan,\n")
        .with(
            "holdings.csv",
            "institution,asset,quantity\nA,bond,-1\nZ,loan,1\n",
        )
        .with(
            "debts.csv",
            "debtor,creditor,amount,seniority\nA,B,5,1\nB,B,3,0\n",
        );
    let problems = input.problems();
    let codes: Vec<&str> = problems.iter().map(|problem| problem.code).collect();
    for expected in [
        "D103", "D211", "D213", "D216", "D217", "D218", "D301", "D303", "D305",
    ] {
        assert!(codes.contains(&expected), "{expected} not in {codes:?}");
    }
    // A key whose value is refused is not missing on top of that, and an unknown kind is reported once.
    let codes = |input: Input| {
        input
            .problems()
            .iter()
            .map(|problem| problem.code)
            .collect::<Vec<_>>()
    };
    assert_eq!(codes(scenario("12.5", "[12.5]")), ["D104"]);
    assert_eq!(codes(scenario("\"exponential\"", "\"exponental\"")), ["D106"]);
}

#[test]
fn messages_are_blocks_for_people_and_objects_for_programs() {
    let problems = table("holdings.csv", "institution,asset,quantity\nA,bond,-5\n")
        .load()
        .expect_err("a short position");
    assert_eq!(
        problems.to_string(),
        "error[D213] holdings.csv:2:quantity  cell \"-5\"\n  the amount is negative\n\
         help: holdings are long positions, and no table holds short ones yet"
    );
    let json: serde_json::Value =
        serde_json::from_str(&delever_io::json_string(&problems, delever_io::Layout::Compact))
            .expect("valid JSON");
    assert_eq!(json[0]["code"], "D213");
    assert_eq!(json[0]["severity"], "error");
    assert_eq!(json[0]["row"], 2);
    assert_eq!(json[0]["column"], "quantity");
    assert_eq!(json[0]["cell"], "-5");

    let caret = scenario("rule = \"leverage-cap\"", "rule = leverage-cap").problems();
    assert!(caret[0].message.contains("rule = leverage-cap\n"), "{}", caret[0]);
    assert!(caret[0].message.ends_with('^'), "{}", caret[0]);
    let nearest = scenario("\"exponential\"", "\"exponental\"").problems();
    assert_eq!(nearest[0].hint.as_deref(), Some("did you mean `exponential`?"));
    let escape = table("institutions.csv", "id,cash\nA,\u{1b}[31m5\nB,1\nC,1\n")
        .load()
        .expect_err("no number");
    assert!(!escape.to_string().contains('\u{1b}'));
}

#[test]
fn one_wrong_key_is_one_problem_however_many_rows_read_it() {
    let problems = scenario("12.5", "0.5").problems();
    assert_eq!(
        problems.iter().filter(|problem| problem.code == "D303").count(),
        1
    );
}

#[test]
fn odd_and_legal_input_is_read() {
    let markup = "</script><script>alert(1)</script>";
    let mut input = table(
        "institutions.csv",
        format!(
            "\u{feff}cash,id,name\r\n-0.0,{markup},\"a \"\"quoted\"\",\r\nname\"\r\n\r\n5,\u{202e}B,\r\n1,A,"
        ),
    );
    input.tables = input
        .tables
        .with(
            "holdings.csv",
            format!("value,asset,institution\n10,loan,{markup}\n"),
        )
        .without("debts.csv");
    let loaded = input.load().expect("legal");
    assert_eq!(loaded.system.institution_names(), [markup, "A", "\u{202e}B"]);
    assert_eq!(loaded.system.institutions()[0].cash.to_bits(), 0.0_f64.to_bits());
    assert_eq!(loaded.system.holdings().row(0).values, [5.0]);
    let equilibria = loaded.solve(&registry()).expect("solvable");
    let result = delever_io::RunResult::new(&loaded, &equilibria, None).expect("asked for");
    let json = delever_io::json_string(&result, delever_io::Layout::Pretty);
    assert!(json.contains("\\u003c/script>") && !json.contains('<'));
    let read: delever_io::RunResult = serde_json::from_str(&json).expect("reads back");
    assert_eq!(read, result);
}

#[test]
fn no_cut_of_a_sound_input_panics() {
    for (file, content) in [
        ("institutions.csv", INSTITUTIONS),
        ("assets.csv", ASSETS),
        ("holdings.csv", HOLDINGS),
        ("debts.csv", DEBTS),
    ] {
        for end in 0..content.len() {
            let _ = table(file, &content.as_bytes()[..end]).load();
            for byte in [0_u8, b'"', b',', b'\n', b'-', 0xff, b'9'] {
                let mut bytes = content.as_bytes().to_vec();
                bytes[end] = byte;
                let _ = table(file, bytes).load();
            }
        }
    }
    let book = "asset,side,price,quantity\nbond,bid,0.9,100\nloan,bid,1.9,\"9\"\nbond,ask,1.1,5\n";
    let mut with_book = scenario("\"exponential\"", "\"order-book\"\nbook = \"own.csv\"");
    for end in 0..book.len() {
        for byte in [0_u8, b'"', b',', b'\n', b'-', 0xff, b'9'] {
            let mut bytes = book.as_bytes().to_vec();
            bytes[end] = byte;
            with_book.tables = with_book.tables.with("own.csv", bytes);
            let _ = with_book.load();
        }
        with_book.tables = with_book.tables.with("own.csv", &book.as_bytes()[..end]);
        let _ = with_book.load();
    }
    for end in 0..SCENARIO.len() {
        for insert in ["", "\"", "=", "[", "{", ".", "\n", "#", "'''", "\u{7f}", "é"] {
            let mut input = Input::sound();
            input.scenario = format!("{}{insert}{}", &SCENARIO[..end], &SCENARIO[end..]);
            let _ = input.load();
            input.scenario = format!("{}{insert}", &SCENARIO[..end]);
            let _ = input.load();
        }
    }
}

#[test]
fn a_million_dots_do_not_exhaust_the_stack() {
    for text in [
        format!("a = '''{}'''\nversion = 1", ".".repeat(1_000_000)),
        format!("version = 1 # {}", "[.".repeat(1_000_000)),
        format!("name = \"{}\"\nversion = 1", "[{.".repeat(100_000)),
        format!("version = 1\n[shock.prices]\n{}", "bond.x = 1\n".repeat(10_000)),
        format!("version = 1\nx = [{}]", "1.5, ".repeat(100_000)),
        format!(
            "version = 1\nshock = {{ prices = {{ {} }} }}",
            (0..5_000)
                .map(|n| format!("a{n} = -0.1"))
                .collect::<Vec<_>>()
                .join(", ")
        ),
    ] {
        let mut input = Input::sound();
        input.scenario = text;
        let problems = input.problems();
        assert!(problems.iter().all(|problem| problem.code != "D506"));
    }
}
