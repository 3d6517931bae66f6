//! Published cases as files of this project: a system, models, and the figures that the literature or another program
//! gives for it.
//!
//! A case is a TOML file in `crates/testkit/cases`:
//!
//! ```toml
//! source = "Author (year), journal: which example; who computed what is not printed there"
//! note = "conventions that differ from ours"                      # may be left out
//! tolerance = 1e-12                                               # largest absolute difference of a number
//! scenario = '''
//! version = 1                                                     # a scenario file, as users write it
//! [clearing]
//! model = "eisenberg-noe"
//! [engine]
//! select = "both"
//! '''
//!
//! [tables]                                                        # its tables
//! institutions = '''
//! id,cash
//! a,10
//! b,2
//! '''
//! debts = '''
//! debtor,creditor,amount
//! a,b,30
//! '''
//!
//! [[run]]                                                         # one or several
//! name = "as published"
//! set = ["clearing.model=eisenberg-noe"]                          # overrides, as after --set; may be left out
//! tolerance = 1e-9                                                # in the place of the case's; may be left out
//! [run.expect]                                                    # keys of the result as JSON, as far as they are known
//! unique = true
//! greatest.status = "certified"
//! greatest.institutions.payment = { a = 10, b = 0 }               # a field of a list: by id
//! greatest.institutions.equity = { a = "-20", b = "36/3" }        # numbers may be exact fractions
//! greatest.totals.defaults = 1
//! ```
//!
//! Under `rounds`, entries of the result's list `rounds` are named by their number: `rounds.2.prices = { bond = 0.9 }`.

use delever::io::{EngineKind, Layout, LoadOptions, RunResult, Tables, json_string, load_from};
use serde_json::Value as Json;
use std::path::{Path, PathBuf};
use toml::Value;

/// The folder of the cases.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases")
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    source: String,
    #[serde(default)]
    #[expect(dead_code, reason = "for readers of the file")]
    note: String,
    tolerance: f64,
    scenario: String,
    tables: toml::Table,
    run: Vec<Run>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Run {
    name: String,
    #[serde(default)]
    set: Vec<String>,
    tolerance: Option<f64>,
    expect: toml::Table,
}

/// Runs a case and returns what differs from its figures, one line for each, with the number of figures compared.
///
/// `Err` is a case that is not of the format, or input that the program refuses.
pub fn differences(text: &str) -> Result<(usize, Vec<String>), String> {
    let case: Case = toml::from_str(text).map_err(|error| error.to_string())?;
    let years = case.source.split(|c: char| !c.is_ascii_digit());
    if !years.into_iter().any(|digits| digits.len() == 4) {
        return Err("the source names no year".to_owned());
    }
    let mut tables = Tables::new();
    for (name, table) in &case.tables {
        let table = table
            .as_str()
            .ok_or_else(|| format!("the table {name} is no text"))?;
        tables = tables.with(format!("{name}.csv"), table);
    }
    let mut comparison = Comparison {
        tolerance: 0.0,
        count: 0,
        differences: Vec::new(),
    };
    for run in &case.run {
        let options = LoadOptions {
            overrides: run.set.clone(),
            ..LoadOptions::default()
        };
        let result =
            result(&tables, &case.scenario, &options).map_err(|why| format!("{}: {why}", run.name))?;
        comparison.tolerance = run.tolerance.unwrap_or(case.tolerance);
        comparison.table(&run.name, &result, &run.expect);
    }
    Ok((comparison.count, comparison.differences))
}

/// The result as the program prints it.
fn result(tables: &Tables, scenario: &str, options: &LoadOptions) -> Result<Json, String> {
    let registry = delever::registry();
    let loaded =
        load_from(tables, "case.toml", scenario, &registry, options).map_err(|why| why.to_string())?;
    let result = match loaded.scenario.engine.kind {
        EngineKind::Equilibrium => {
            let equilibria = loaded.solve(&registry).map_err(|why| why.to_string())?;
            RunResult::new(&loaded, &equilibria, None).ok_or("no equilibrium was returned")?
        }
        EngineKind::Rounds => {
            let outcome = loaded.run_rounds(&registry).map_err(|why| why.to_string())?;
            RunResult::of_rounds(&loaded, &outcome, None)
        }
    };
    serde_json::from_str(&json_string(&result, Layout::Compact)).map_err(|error| error.to_string())
}

struct Comparison {
    tolerance: f64,
    count: usize,
    differences: Vec<String>,
}

impl Comparison {
    fn differ(&mut self, path: &str, actual: &impl std::fmt::Display, expected: &impl std::fmt::Display) {
        self.differences
            .push(format!("{path} is {actual} instead of {expected}"));
    }

    fn table(&mut self, path: &str, actual: &Json, expected: &toml::Table) {
        for (key, expected) in expected {
            let path = format!("{path}.{key}");
            match actual {
                Json::Array(rounds) if rounds.iter().all(|entry| entry.get("round").is_some()) => {
                    let number = key.parse::<u64>().ok();
                    let entry = rounds.iter().find(|entry| entry["round"].as_u64() == number);
                    self.value(&path, entry, expected);
                }
                Json::Array(list) => self.field_by_id(&path, list, key, expected),
                _ => self.value(&path, actual.get(key), expected),
            }
        }
    }

    /// One field of each entry of a list, by the entry's id.
    fn field_by_id(&mut self, path: &str, list: &[Json], field: &str, expected: &Value) {
        let Some(expected) = expected.as_table() else {
            self.differ(path, &"a list with ids", expected);
            return;
        };
        for (id, expected) in expected {
            let entry = list.iter().find(|entry| entry["id"] == id.as_str());
            self.value(
                &format!("{path}.{id}"),
                entry.and_then(|entry| entry.get(field)),
                expected,
            );
        }
    }

    fn value(&mut self, path: &str, actual: Option<&Json>, expected: &Value) {
        let Some(actual) = actual else {
            self.differ(path, &"not there", expected);
            return;
        };
        match expected {
            Value::Table(expected) => self.table(path, actual, expected),
            Value::Array(expected) => self.list(path, actual, expected),
            _ => {
                self.count += 1;
                let same = match (actual, number(expected)) {
                    (Json::Number(actual), Some(expected)) => actual
                        .as_f64()
                        .is_some_and(|actual| (actual - expected).abs() <= self.tolerance),
                    (Json::String(actual), _) => expected.as_str() == Some(actual),
                    (Json::Bool(actual), _) => expected.as_bool() == Some(*actual),
                    _ => false,
                };
                if !same {
                    self.differ(path, actual, expected);
                }
            }
        }
    }

    fn list(&mut self, path: &str, actual: &Json, expected: &[Value]) {
        let entries = actual.as_array().map(Vec::as_slice).unwrap_or_default();
        if entries.len() != expected.len() {
            self.differ(path, actual, &format!("a list of {}", expected.len()));
        }
        for (n, (actual, expected)) in entries.iter().zip(expected).enumerate() {
            self.value(&format!("{path}.{n}"), Some(actual), expected);
        }
    }
}

/// A number, or a text with a fraction of two.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Integer(value) => Some(*value as f64),
        Value::Float(value) => Some(*value),
        Value::String(text) => match text.split_once('/') {
            Some((over, under)) => Some(over.parse::<f64>().ok()? / under.parse::<f64>().ok()?),
            None => text.parse().ok(),
        },
        _ => None,
    }
}
