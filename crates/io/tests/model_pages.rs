//! The reference of models: complete, true to the code as far as a run can tell, and the same wherever it is printed.

use delever_core::{
    ImpactKernel, ModelPage, NotGiven, Order, ParameterPage, ParameterTableName, Registry, Role, Values,
};
use delever_io::{
    Layout, LoadOptions, RunResult, Tables, all_codes, explain, json_string, load_from, model_json,
    model_text, models, models_markdown, models_named, nearest_subject, registry, schema,
};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

/// Two banks that owe each other and a fund, with a column of one table that holds a parameter.
struct Bench {
    role: Role,
    kind: &'static str,
    /// A column beside the tables' own: its name, the table, its cells.
    column: Option<(&'static str, ParameterTableName, String)>,
    parameters: String,
    execution: &'static str,
    /// Relative change of the price of the bond.
    shock: f64,
}

/// A shock after which both banks are solvent, and one after which they are not.
const SHOCKS: [f64; 2] = [-0.15, -0.4];

impl Bench {
    fn new((role, kind): (Role, &'static str), page: &ModelPage) -> Self {
        Self {
            role,
            kind,
            column: None,
            parameters: page.example.to_owned(),
            execution: "terminal",
            shock: SHOCKS[0],
        }
    }

    fn tables(&self) -> Tables {
        let with_column = |table: ParameterTableName, head: &str, rows: &[&str]| {
            let column = self.column.as_ref().filter(|column| column.1 == table);
            let mut text = head.to_owned();
            if let Some((name, ..)) = column {
                let _ = write!(text, ",{name}");
            }
            for (n, row) in rows.iter().enumerate() {
                let _ = write!(text, "\n{row}");
                match column {
                    // Assets differ in the parameter, as what is common to all of them may cancel out.
                    Some((_, ParameterTableName::Assets, _)) if n > 0 => text.push(','),
                    Some((_, _, cell)) => text.extend([",", cell]),
                    None => {}
                }
            }
            text + "\n"
        };
        let banks = ["a,5,10,105", "b,2,20,40", "fund,10,0,0"];
        let mut tables = Tables::new()
            .with(
                "institutions.csv",
                with_column(
                    ParameterTableName::Institutions,
                    "id,cash,other_assets,external_liabilities",
                    &banks,
                ),
            )
            .with(
                "assets.csv",
                with_column(ParameterTableName::Assets, "id,price", &["bond,1", "loan,1"]),
            )
            .with(
                "holdings.csv",
                "institution,asset,quantity\na,bond,50\na,loan,50\nb,bond,30\nfund,bond,40\nfund,loan,20\n",
            )
            .with(
                "matrix.csv",
                "asset,seller,impact\nbond,bond,0.001\nbond,loan,0.0005\nloan,loan,0.002\n",
            )
            .with(
                "book.csv",
                "asset,side,price,quantity\nbond,bid,0.99,20\nbond,bid,0.97,15\nloan,bid,0.98,9\n",
            );
        if self.kind != "elliott-golub-jackson" {
            tables = tables.with("debts.csv", "debtor,creditor,amount\na,b,5\nb,a,10\n");
        }
        if ["elsinger", "weber-weske", "elliott-golub-jackson"].contains(&self.kind) {
            tables = tables.with(
                "shareholdings.csv",
                "holder,issuer,fraction\na,b,0.2\nfund,a,0.1\n",
            );
        }
        tables
    }

    fn scenario(&self) -> String {
        let own = |role: Role, otherwise: &str| {
            if self.role == role {
                format!("{} = \"{}\"\n{}\n", role.key().1, self.kind, self.parameters)
            } else {
                otherwise.to_owned()
            }
        };
        let rule = match self.role {
            Role::Clearing => "rule = \"none\"",
            _ => "rule = \"leverage-cap\"\nmax_leverage = 15.0",
        };
        let (strategy, impact) = match self.role {
            Role::Strategy => (
                format!("strategy = \"{}\"", self.kind),
                format!(
                    "model = \"linear\"\ndepth = 1000.0\n{}",
                    self.parameters.replace("depth = 1000.0", "")
                ),
            ),
            _ => (
                String::new(),
                own(Role::Impact, "model = \"exponential\"\ndepth = 1000.0"),
            ),
        };
        format!(
            "version = 1\n[shock]\nprices = {{ bond = {}, loan = -0.05 }}\n[deleveraging]\n{}\n{strategy}\n\
             [impact]\nexecution = \"{}\"\n{impact}\n[clearing]\n{}\n",
            self.shock,
            own(Role::Rule, rule),
            self.execution,
            own(Role::Clearing, "model = \"eisenberg-noe\""),
        )
    }

    /// The result as JSON; `Err` holds the problems.
    fn result(&self, registry: &Registry) -> Result<String, String> {
        let options = LoadOptions::default();
        let loaded = load_from(&self.tables(), "bench.toml", &self.scenario(), registry, &options)
            .map_err(|problems| problems.to_string())?;
        let equilibria = loaded.solve(registry).map_err(|problems| problems.to_string())?;
        let result = RunResult::new(&loaded, &equilibria, None).expect("an equilibrium was asked for");
        Ok(json_string(&result, Layout::Compact))
    }
}

fn documented(registry: &Registry) -> Vec<((Role, &'static str), ModelPage)> {
    models(registry)
        .into_iter()
        .map(|(role, kind)| {
            let page = *registry
                .page(role, kind)
                .unwrap_or_else(|| panic!("{role:?} {kind} has no page"));
            // The name outlives the registry, which each test makes anew.
            ((role, &*kind.to_owned().leak()), page)
        })
        .collect()
}

#[test]
fn every_model_has_a_page_that_describes_its_parameters_and_no_others() {
    let registry = registry();
    for ((role, kind), page) in documented(&registry) {
        let read: BTreeSet<&str> = registry.parameters(role, kind).into_iter().collect();
        let described: BTreeSet<&str> = page.parameters.iter().map(|one| one.name).collect();
        assert_eq!(described, read, "{role:?} {kind}");
        assert_eq!(
            described.len(),
            page.parameters.len(),
            "{role:?} {kind}: a parameter stands twice"
        );
        for text in [
            page.title,
            page.summary,
            page.formula,
            page.order_conditions,
            page.source,
        ] {
            assert!(!text.is_empty() && text.trim() == text, "{role:?} {kind}: {text}");
        }
        let has_year = page
            .source
            .split(['(', ')'])
            .any(|part| part.len() == 4 && part.parse::<u16>().is_ok());
        assert!(
            has_year || page.source.starts_with("Own"),
            "{kind}: {}",
            page.source
        );
        for parameter in page.parameters {
            assert!(
                parameter.meaning.ends_with('.') && !parameter.meaning.contains('|'),
                "{kind}: {}",
                parameter.name
            );
            let is_number = matches!(parameter.values, Values::Number(_));
            assert_eq!(
                is_number,
                !parameter.unit.is_empty(),
                "{kind}: the unit of {}",
                parameter.name
            );
            if parameter.not_given == NotGiven::Error {
                let given = format!("{} = ", parameter.name);
                assert!(
                    page.example.lines().any(|line| line.starts_with(&given)),
                    "{kind}: {given}in the example"
                );
            }
        }
    }
}

#[test]
fn examples_run_and_are_ordered_as_their_page_says() {
    let registry = registry();
    for (model, page) in documented(&registry) {
        let result = Bench::new(model, &page)
            .result(&registry)
            .unwrap_or_else(|why| panic!("{model:?}: {why}"));
        let unordered = result.contains("\"status\":\"unordered\"");
        assert_eq!(unordered, page.order == Order::Unordered, "{model:?}");
    }
}

#[test]
fn models_are_unordered_under_the_conditions_that_their_pages_name() {
    let registry = registry();
    let cases = [
        (Role::Impact, "almgren", "", "vwap", "volume-weighted"),
        (
            Role::Rule,
            "leverage-target",
            "two_sided = true",
            "terminal",
            "two_sided",
        ),
        (
            Role::Rule,
            "redemption",
            "liquidity = \"cash-first\"",
            "terminal",
            "cash-first",
        ),
        (
            Role::Rule,
            "capital-ratio",
            "",
            "terminal",
            "risk_weight * min_ratio",
        ),
        (Role::Rule, "sell-on-default", "", "vwap", "volume-weighted"),
        (Role::Rule, "leverage-threshold", "", "vwap", "volume-weighted"),
        (Role::Rule, "funding-withdrawal", "", "vwap", "volume-weighted"),
        (Role::Clearing, "rogers-veraart", "", "vwap", "beta < alpha"),
        (Role::Clearing, "weber-weske", "", "vwap", "kappa < alpha"),
        (Role::Clearing, "merton", "", "vwap", "volume-weighted"),
        (Role::Clearing, "furfine-merton", "", "vwap", "volume-weighted"),
        (Role::Strategy, "by-priority", "", "vwap", "volume-weighted"),
    ];
    for (role, kind, parameters, execution, named) in cases {
        let page = registry.page(role, kind).expect("documented");
        assert!(
            page.order_conditions.contains(named),
            "{kind}: {}",
            page.order_conditions
        );
        let mut bench = Bench::new((role, kind), page);
        let _ = write!(bench.parameters, "\n{parameters}");
        if kind == "capital-ratio" {
            bench.parameters = page
                .example
                .replace("\nrisk_weight = 1.0", "\nrisk_weight = 13.0");
        }
        bench.execution = execution;
        let result = bench
            .result(&registry)
            .unwrap_or_else(|why| panic!("{kind}: {why}"));
        assert!(result.contains("\"status\":\"unordered\""), "{kind}");
    }
}

/// Values that are not the default, the first of which a model may refuse.
fn alternatives(parameter: &ParameterPage, default: &str) -> Vec<String> {
    match parameter.values {
        Values::Flag => vec![(default != "true").to_string()],
        Values::OneOf(words) => words
            .iter()
            .filter(|&&word| word != default)
            .map(|&word| word.to_owned())
            .collect(),
        Values::Number(_) | Values::File(_) => {
            let number: f64 = default
                .parse()
                .unwrap_or_else(|_| panic!("{default} is no number"));
            [0.3, -0.3, 0.99, -0.99]
                .map(|by| (number + by).to_string())
                .to_vec()
        }
    }
}

#[test]
fn defaults_that_pages_state_are_the_ones_in_force() {
    let registry = registry();
    let mut count = 0;
    for (model, page) in documented(&registry) {
        for parameter in page.parameters {
            let NotGiven::Default(default) = parameter.not_given else {
                continue;
            };
            count += 1;
            let table = registry.parameter_table(model.0, model.1, parameter.name);
            let run = |execution: &'static str, shock: f64, value: Option<&str>| {
                let mut bench = Bench::new(model, &page);
                (bench.execution, bench.shock) = (execution, shock);
                if parameter.name == "cash_buffer" {
                    bench.parameters += "\nliquidity = \"cash-first\"";
                }
                match (value, table) {
                    (None, _) => {}
                    (Some(value), ParameterTableName::None) => {
                        let quote = if matches!(parameter.values, Values::OneOf(_)) {
                            "\""
                        } else {
                            ""
                        };
                        let _ = write!(bench.parameters, "\n{} = {quote}{value}{quote}", parameter.name);
                    }
                    (Some(value), table) => bench.column = Some((parameter.name, table, value.to_owned())),
                }
                bench.result(&registry)
            };
            let at = format!("{model:?} {}", parameter.name);
            let mut matters = false;
            for (execution, shock) in ["terminal", "vwap"]
                .into_iter()
                .flat_map(|one| SHOCKS.map(|shock| (one, shock)))
            {
                let Ok(without) = run(execution, shock, None) else {
                    continue;
                };
                let with_default = run(execution, shock, Some(default));
                assert_eq!(with_default, Ok(without.clone()), "{at}, {execution}, {shock}");
                matters |= alternatives(parameter, default)
                    .iter()
                    .any(|other| run(execution, shock, Some(other)).is_ok_and(|with| with != without));
            }
            // No creditor of this system can lose more than its equity to one debtor; `single_hit.rs` has one that does.
            assert!(
                matters || parameter.name == "cap",
                "{at} changes nothing: the test would not see its default"
            );
        }
    }
    assert!(count >= 15, "{count} defaults");
}

#[test]
fn the_page_in_the_documentation_is_the_one_that_is_generated() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/MODELS.md");
    let written = std::fs::read_to_string(&path).expect("docs/MODELS.md");
    let generated = models_markdown(&registry());
    assert!(
        written == generated,
        "docs/MODELS.md is out of date: cargo run -p delever-cli -- explain --format markdown > docs/MODELS.md"
    );
}

/// A third party's impact model.
struct Flat;

#[derive(serde::Deserialize)]
struct FlatRow {
    flat_share: f64,
}

impl ImpactKernel for Flat {
    type Row = FlatRow;
    fn survival(&self, sold: f64, row: &FlatRow) -> f64 {
        if sold > 0.0 { 1.0 - row.flat_share } else { 1.0 }
    }
}

const FLAT: ModelPage = ModelPage {
    title: "Flat impact",
    summary: "Any sale lowers the price by the same share.",
    formula: "q = q0 (1 - flat_share) if Q > 0, else q0",
    order: Order::Unordered,
    order_conditions: "Nothing is declared.",
    source: "Own.",
    parameters: &[ParameterPage::number(
        "flat_share",
        "share",
        "from 0 to 1",
        "Relative fall of the price.",
    )],
    example: "flat_share = 0.02",
};

#[test]
fn models_of_third_parties_are_described_by_their_own_page_or_said_to_have_none() {
    let mut registry = registry();
    registry.add_impact("acme/flat", || Flat);
    let described = |registry: &Registry| {
        let schema = schema(registry);
        schema["properties"]["impact"]["properties"]["flat_share"]["description"]
            .as_str()
            .expect("text")
            .to_owned()
    };
    let text = model_text(&registry, Role::Impact, "acme/flat");
    assert!(
        text.contains("no description is registered") && text.contains("flat_share"),
        "{text}"
    );
    assert!(
        models_markdown(&registry)
            .contains("No description is registered with this model. Parameters: `flat_share`.")
    );
    assert!(described(&registry).contains("describes none"));
    let page = model_json(&registry, Role::Impact, "acme/flat");
    assert_eq!(
        (&page["described"], &page["parameters"][0]["name"]),
        (&false.into(), &"flat_share".into())
    );

    registry.document(Role::Impact, "acme/flat", FLAT);
    let text = model_text(&registry, Role::Impact, "acme/flat");
    for part in [
        "acme/flat: Flat impact, an impact model",
        "Unordered.",
        "share, from 0 to 1",
        "[impact] or assets.csv",
    ] {
        assert!(text.contains(part), "{part} is missing in:\n{text}");
    }
    assert_eq!(
        described(&registry),
        "Relative fall of the price (share, from 0 to 1)."
    );
    assert_eq!(
        models_named(&registry, "flat_share"),
        [(Role::Impact, "acme/flat")]
    );
    assert_eq!(
        nearest_subject(&registry, "acme/flit").as_deref(),
        Some("acme/flat")
    );
}

#[test]
fn the_schema_takes_its_descriptions_from_the_pages() {
    let schema = schema(&registry());
    let description = |section: &str, key: &str| {
        let text = &schema["properties"][section]["properties"][key]["description"];
        text.as_str()
            .unwrap_or_else(|| panic!("{section}.{key}"))
            .to_owned()
    };
    // The same name stands for another number in each section.
    assert!(description("clearing", "kappa").contains("shareholdings"));
    assert!(description("impact", "kappa").contains("square-root law"));
    for key in [
        "recovery",
        "asset_volatility",
        "maturity",
        "hits",
        "failure_value",
        "failure_cost",
    ] {
        assert!(description("clearing", key).len() > 20, "{key}");
    }
    // Where models of a section differ, each is named.
    let recovery = description("clearing", "recovery");
    assert!(
        recovery.contains("merton:") && recovery.contains("black-cox, furfine"),
        "{recovery}"
    );
    let clearing = &schema["properties"]["clearing"]["properties"];
    assert_eq!(clearing["maturity"]["default"], 1);
    assert_eq!(clearing["external"]["default"], "pari-passu");
    assert_eq!(
        schema["properties"]["impact"]["properties"]["gamma"]["default"],
        0.314
    );
    for section in ["impact", "clearing", "deleveraging"] {
        for (key, value) in schema["properties"][section]["properties"]
            .as_object()
            .expect("keys")
        {
            let text = value["description"].as_str().unwrap_or_default();
            assert!(text.contains(' ') && text != key, "{section}.{key}: {text}");
        }
    }
}

#[test]
fn the_generated_scenario_names_every_model_and_what_rounds_and_groups_offer() {
    let system = delever_io::generate::Generator::default()
        .generate()
        .expect("a system");
    let scenario = system.scenario_toml();
    let registry = registry();
    for (role, kind) in models(&registry) {
        assert!(scenario.contains(&format!("\"{kind}\"")), "{role:?} {kind}");
    }
    for part in [
        "\"rounds\"",
        "\"midpoint\"",
        "\nmethod = ",
        "[deleveraging.rules.funds]",
        "`max_rounds`",
    ] {
        assert!(scenario.contains(part), "{part} is missing in:\n{scenario}");
    }
    assert!(
        scenario
            .lines()
            .all(|line| line.len() <= 130 && line.trim_end() == line)
    );
}

#[test]
fn messages_speak_of_nothing_that_does_not_exist() {
    for explanation in all_codes().filter_map(explain) {
        let text = format!("{} {}", explanation.title, explanation.text).to_lowercase();
        for claim in ["margin account", "this build", "report"] {
            assert!(!text.contains(claim), "{}: {text}", explanation.code);
        }
    }
    let reserved = Bench {
        role: Role::Impact,
        kind: "stableswap",
        column: None,
        parameters: String::new(),
        execution: "terminal",
        shock: SHOCKS[0],
    };
    let problems = reserved.result(&registry()).expect_err("no such model");
    assert!(
        problems.contains("D108") && problems.contains("there is no impact model `stableswap` yet"),
        "{problems}"
    );
}
