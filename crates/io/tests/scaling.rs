//! Keys that columns override, and how columns are scaled.

use delever_io::{
    Diagnostics, Layout, LoadOptions, Loaded, Problem, RunResult, Severity, Tables, json_string, load_from,
    registry,
};

/// A bank and a fund with rules of their own, a bank that follows the common rule, two bonds.
const SCENARIO: &str = r#"
version = 1
shock.prices = { a = -0.02, b = -0.01 }
impact.model = "linear"
clearing.model = "eisenberg-noe"
[deleveraging]
rule = "leverage-cap"
max_leverage = 12.0
[deleveraging.rules.funds]
rule = "leverage-cap"
max_leverage = 3.0
"#;

const ASSETS: &str = "id,depth\na,1250\nb,900\n";
const INSTITUTIONS: &str = "id,external_liabilities,rule,max_leverage\n\
                            bank,90,,\nlender,45,,11\nfund,70,funds,\nhedge,70,funds,3.2\n";
const HOLDINGS: &str =
    "institution,asset,quantity\nbank,a,60\nbank,b,40\nlender,a,50\nfund,b,100\nhedge,a,100\n";

fn tables(institutions: &str, assets: &str) -> Tables {
    Tables::new()
        .with("institutions.csv", institutions)
        .with("assets.csv", assets)
        .with("holdings.csv", HOLDINGS)
}

fn attempt(tables: &Tables, scenario: &str, overrides: &[&str]) -> Result<Loaded, Diagnostics> {
    let options = LoadOptions {
        overrides: overrides.iter().map(|text| (*text).to_owned()).collect(),
        ..LoadOptions::default()
    };
    load_from(tables, "s.toml", scenario, &registry(), &options)
}

/// The result without its warnings, which repeat what was overridden.
#[track_caller]
fn solved(tables: &Tables, scenario: &str, overrides: &[&str]) -> String {
    let loaded = match attempt(tables, scenario, overrides) {
        Ok(loaded) => loaded,
        Err(problems) => panic!("{problems}"),
    };
    let equilibria = loaded.solve(&registry()).expect("solved");
    let mut result = RunResult::new(&loaded, &equilibria, None).expect("one");
    if let RunResult::One(one) = &mut result {
        one.warnings = None;
    }
    json_string(&result, Layout::Compact)
}

#[track_caller]
fn refused(tables: &Tables, overrides: &[&str]) -> Vec<Problem> {
    let problems = attempt(tables, SCENARIO, overrides).expect_err("refused");
    let errors = problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error);
    errors.cloned().collect()
}

fn given() -> Tables {
    tables(INSTITUTIONS, ASSETS)
}

#[test]
fn a_name_alone_scales_the_column_of_every_row_and_the_scenarios_values() {
    let doubled = tables(INSTITUTIONS, "id,depth\na,2500\nb,1800\n");
    for key in ["depth", "impact.depth", "assets.depth"] {
        assert_eq!(
            solved(&given(), SCENARIO, &[&format!("{key}*=2")]),
            solved(&doubled, SCENARIO, &[]),
            "{key}"
        );
    }
    // Blank cells stay blank: the scenario's values are scaled for them, in every section.
    let looser = INSTITUTIONS
        .replace("45,,11", "45,,13.75")
        .replace("funds,3.2", "funds,4");
    let scenario = SCENARIO.replace("12.0", "15.0").replace("3.0", "3.75");
    assert_eq!(
        solved(&given(), SCENARIO, &["max_leverage*=1.25"]),
        solved(&tables(&looser, ASSETS), &scenario, &[])
    );
    assert_ne!(
        solved(&given(), SCENARIO, &[]),
        solved(&given(), SCENARIO, &["max_leverage*=1.25"])
    );
}

#[test]
fn a_dotted_key_scales_what_it_gives_and_the_rows_that_override_it() {
    // The common rule: its key, and the lender's cell.
    let lender = INSTITUTIONS.replace("45,,11", "45,,13.75");
    assert_eq!(
        solved(&given(), SCENARIO, &["deleveraging.max_leverage *= 1.25"]),
        solved(&tables(&lender, ASSETS), &SCENARIO.replace("12.0", "15.0"), &[])
    );
    // A group's rule: its key, and the cell of the hedge fund.
    let hedge = INSTITUTIONS.replace("funds,3.2", "funds,4");
    assert_eq!(
        solved(
            &given(),
            SCENARIO,
            &["deleveraging.rules.funds.max_leverage*=1.25"]
        ),
        solved(&tables(&hedge, ASSETS), &SCENARIO.replace("3.0", "3.75"), &[])
    );
    // The column alone.
    let both = lender.replace("funds,3.2", "funds,4");
    assert_eq!(
        solved(&given(), SCENARIO, &["institutions.max_leverage*=1.25"]),
        solved(&tables(&both, ASSETS), SCENARIO, &[])
    );
}

#[test]
fn shocks_and_settings_are_scaled_and_the_last_override_wins() {
    let milder = SCENARIO
        .replace("-0.02", "-0.01")
        .replace("-0.01 }", "-0.005 }")
        .replace("b = -0.01", "b = -0.005");
    assert_eq!(
        solved(&given(), SCENARIO, &["shock.prices*=0.5"]),
        solved(&given(), &milder, &[])
    );
    assert_eq!(
        solved(&given(), SCENARIO, &["shock.prices.a*=0.5"]),
        solved(&given(), SCENARIO, &["shock.prices.a=-0.01"])
    );
    assert_eq!(
        solved(
            &given(),
            SCENARIO,
            &[
                "shock.prices.a=-0.02",
                "shock.prices.a*=2",
                "shock.prices.a*=0.25"
            ]
        ),
        solved(&given(), SCENARIO, &["shock.prices.a=-0.01"])
    );
    assert_eq!(
        solved(&given(), SCENARIO, &["depth*=2", "depth*=0.5"]),
        solved(&given(), SCENARIO, &[])
    );
    // An id `*`, and a count that stays whole.
    let every = SCENARIO.replace("a = -0.02, b = -0.01", "\"*\" = -0.02");
    assert_eq!(
        solved(
            &given(),
            &every,
            &[
                "shock.prices.\"*\"*=0.5",
                "engine.max_iterations=100",
                "engine.max_iterations*=3"
            ]
        ),
        solved(
            &given(),
            &every,
            &["shock.prices.\"*\"=-0.01", "engine.max_iterations=300"]
        )
    );
    // No impact stays no impact.
    let infinite = tables(INSTITUTIONS, "id,depth\na,inf\nb,900\n");
    assert!(attempt(&infinite, SCENARIO, &["depth*=0.5"]).is_ok());
}

#[test]
fn what_cannot_be_scaled_is_one_problem() {
    for (key, code, hint) in [
        ("dpth*=2", "D123", "did you mean `depth`?"),
        ("cash*=2", "D123", "a shock changes amounts"),
        ("kappa*=2", "D123", "give it a value first"),
        ("shock.cash.bank*=2", "D123", "give it a value first"),
        ("depth*=x", "D113", "`key*=2` multiplies"),
        ("depth*=inf", "D113", "`key*=2` multiplies"),
        ("depth*=1e30", "D214", "choose another factor"),
        ("depth*=-1", "D213", "choose another factor"),
    ] {
        let problems = refused(&given(), &[key]);
        assert_eq!(problems.len(), 1, "{key}: {problems:?}");
        assert_eq!(problems[0].code, code, "{key}");
        let found = problems[0].hint.as_deref().unwrap_or_default();
        assert!(found.contains(hint), "{key}: {found}");
    }
    let range = &refused(&given(), &["depth*=1e30"])[0];
    assert_eq!(
        (range.file.as_str(), range.row, range.column.as_deref()),
        ("assets.csv", Some(2), Some("depth"))
    );
    assert!(range.message.contains("another cell"), "{}", range.message);
    let unread = tables(INSTITUTIONS, "id,depth,adv\na,1250,3\nb,900,4\n");
    let loaded = attempt(&unread, SCENARIO, &["adv*=2"]).expect("accepted");
    let warned = loaded
        .warnings
        .iter()
        .find(|problem| problem.code == "D115")
        .expect("a warning");
    assert!(warned.message.contains("scaling it has no effect"), "{warned}");
}

#[test]
fn a_key_that_columns_override_is_named_with_the_count() {
    let codes = |loaded: &Loaded| {
        let about = loaded
            .warnings
            .iter()
            .filter(|problem| problem.code.starts_with("D12"));
        about
            .map(|problem| (problem.code, problem.message.clone()))
            .collect::<Vec<_>>()
    };
    // In every row: an error where it is an override, with the way out.
    let problem = &refused(&given(), &["impact.depth=1000"])[0];
    assert_eq!((problem.code, problem.file.as_str()), ("D120", "--set"));
    assert_eq!(problem.column.as_deref(), Some("impact.depth"));
    let hint = problem.hint.as_deref().unwrap_or_default();
    assert!(
        hint.contains("--set \"depth*=0.5\"") && hint.contains("--vary"),
        "{hint}"
    );
    // In the file itself a warning.
    let scenario = SCENARIO.replace(
        "impact.model = \"linear\"",
        "impact = { model = \"linear\", depth = 1000 }",
    );
    let loaded = attempt(&given(), &scenario, &[]).expect("accepted");
    let depth = codes(&loaded)
        .into_iter()
        .find(|(_, message)| message.contains("depth"));
    assert!(depth.is_some_and(|(code, message)| code == "D121" && message.contains("no effect")));
    // In some rows: a warning with the count where it is an override, else a note.
    let loaded = attempt(&given(), SCENARIO, &["deleveraging.max_leverage=13"]).expect("accepted");
    let found = codes(&loaded);
    assert_eq!(
        found.iter().map(|(code, _)| *code).collect::<Vec<_>>(),
        ["D121", "D122"]
    );
    assert!(
        found[0].1.starts_with("1 of 2 rows of `institutions.csv`"),
        "{found:?}"
    );
    assert!(
        found[0].1.ends_with("the key counts for the other 1"),
        "{found:?}"
    );
    // Scaling reaches both, so there is nothing to say of it.
    let loaded = attempt(&given(), SCENARIO, &["max_leverage*=1.5"]).expect("accepted");
    assert_eq!(codes(&loaded), []);
    // A column that states the same in another way overrides too.
    let full = INSTITUTIONS.replace("bank,90,,\n", "bank,90,,12\n");
    let ratio = SCENARIO.replace("max_leverage = 12.0", "min_leverage_ratio = 0.08");
    let problems = attempt(
        &tables(&full, ASSETS),
        &ratio,
        &["deleveraging.min_leverage_ratio=0.09"],
    );
    let problems = problems.expect_err("refused");
    let problem = problems
        .iter()
        .find(|problem| problem.code == "D120")
        .expect("an error");
    assert!(
        problem.message.contains("gives its own `max_leverage`"),
        "{problem}"
    );
    // A key that no chosen model reads has its own warning, and no second one.
    let loaded = attempt(&given(), SCENARIO, &["impact.model=none", "impact.depth=1000"]).expect("accepted");
    assert!(loaded.warnings.iter().any(|problem| problem.code == "D115"));
    assert!(
        codes(&loaded)
            .iter()
            .all(|(_, message)| !message.contains("depth"))
    );
}

#[test]
fn warnings_are_read_back_from_a_result() {
    let loaded = attempt(&given(), SCENARIO, &["impact.kappa=2"]).expect("accepted");
    let equilibria = loaded.solve(&registry()).expect("solved");
    let result = RunResult::new(&loaded, &equilibria, None).expect("one");
    assert!(result.warnings().iter().any(|problem| problem.code == "D115"));
    let read: RunResult = serde_json::from_str(&json_string(&result, Layout::Pretty)).expect("a result");
    assert_eq!(read, result);
}
