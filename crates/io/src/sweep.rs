//! The result of a sweep as data: one scenario at many values of one key.

use crate::csv_table::CsvTable;
use crate::problem::{Diagnostics, Problem};
use crate::result::{
    AssetResult, OutcomeResult, RESULT_VERSION, RunResult, SelectName, StatusName, TOTALS, Timing,
    TotalsResult, totals_cells,
};
use crate::scenario::Value;
use crate::scenario::overrides::parse_value;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What a sweep returns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepResult {
    /// Version of the format.
    pub version: u32,
    /// Name of the scenario.
    pub scenario: String,
    /// The dotted key that varies; with `*` at its end, values multiply what the key and its column give.
    pub key: String,
    /// The worst status of all runs; `interrupted` or `invalid-input` where not all values were run.
    pub status: StatusName,
    /// Values that were asked for.
    pub count: usize,
    /// Values whose runs are here.
    pub finished: usize,
    /// How many runs ended how.
    pub statuses: BTreeMap<String, usize>,
    /// The value at which the input was refused, and why; null where none was.
    pub failed: Option<FailedValue>,
    /// Warnings and notes of all values, each once, as it was first found.
    pub warnings: Vec<Problem>,
    /// The runs, in the order of the values; a run that was asked for both equilibria stands twice.
    pub runs: Vec<SweepRun>,
    /// Wall-clock times of all runs together; absent where they are not wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timing: Option<Timing>,
}

/// A value at which the input was refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FailedValue {
    /// The value.
    pub value: SweepValue,
    /// What is wrong with the scenario at this value.
    pub problems: Vec<Problem>,
}

/// One run of a sweep: its totals and its assets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepRun {
    /// Which value it is, from 1.
    pub number: usize,
    /// The value of the key.
    pub value: SweepValue,
    /// Which equilibrium; null for rounds.
    pub select: Option<SelectName>,
    /// How the run ended.
    pub status: StatusName,
    /// Relative width of the certificate; null without one.
    pub width: Option<f64>,
    /// Applications of the cascade map; rounds that were run.
    pub iterations: u64,
    /// Sums over the system.
    pub totals: TotalsResult,
    /// By asset, ascending by id.
    pub assets: Vec<AssetResult>,
}

/// A value of the key that varies: a number is a number in the output too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SweepValue {
    /// True or false.
    Flag(bool),
    /// A whole number.
    Integer(i64),
    /// A finite number.
    Number(f64),
    /// Anything else, as it was written.
    Text(String),
}

impl SweepValue {
    /// Reads a value as an override reads it.
    ///
    /// ```
    /// use delever_io::SweepValue;
    /// assert_eq!(SweepValue::of("-0.30"), SweepValue::Number(-0.3));
    /// assert_eq!(SweepValue::of("24"), SweepValue::Integer(24));
    /// assert_eq!(SweepValue::of("linear"), SweepValue::Text("linear".to_owned()));
    /// ```
    pub fn of(text: &str) -> Self {
        match parse_value(text) {
            Value::Flag(flag) => Self::Flag(flag),
            Value::Integer(value) => Self::Integer(value),
            Value::Float(value) if value.is_finite() => Self::Number(value + 0.0),
            Value::Text(text) => Self::Text(text),
            _ => Self::Text(text.to_owned()),
        }
    }
}

impl fmt::Display for SweepValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Number(value) => write!(f, "{value:?}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl SweepResult {
    /// A sweep of so many values, without runs yet.
    pub fn new(scenario: &str, key: &str, count: usize) -> Self {
        Self {
            version: RESULT_VERSION,
            scenario: scenario.to_owned(),
            key: key.to_owned(),
            status: StatusName::Certified,
            count,
            finished: 0,
            statuses: BTreeMap::new(),
            failed: None,
            warnings: Vec::new(),
            runs: Vec::new(),
            timing: None,
        }
    }

    /// Adds the run at a value. A run that was interrupted is no run: the sweep ends there.
    pub fn push(&mut self, value: &str, result: RunResult) {
        self.warn(result.warnings());
        if result.status() == StatusName::Interrupted {
            return self.interrupt();
        }
        self.status = self.status.max(result.status());
        self.finished += 1;
        let outcomes = match result {
            RunResult::One(one) => vec![*one],
            RunResult::Both(both) => vec![both.greatest, both.least],
        };
        for outcome in outcomes {
            let OutcomeResult {
                select,
                status,
                certificate,
                iterations,
                totals,
                assets,
                ..
            } = outcome;
            *self.statuses.entry(status.to_string()).or_default() += 1;
            self.runs.push(SweepRun {
                number: self.finished,
                value: SweepValue::of(value),
                select,
                status,
                width: certificate.width,
                iterations,
                totals,
                assets,
            });
        }
    }

    /// Says that the sweep was interrupted before all values were run.
    pub fn interrupt(&mut self) {
        self.status = StatusName::Interrupted;
    }

    /// Says that the input was refused at a value, where the sweep ends.
    pub fn fail(&mut self, value: &str, problems: &Diagnostics) {
        self.status = StatusName::InvalidInput;
        self.failed = Some(FailedValue {
            value: SweepValue::of(value),
            problems: problems.problems().to_vec(),
        });
    }

    fn warn(&mut self, warnings: &[Problem]) {
        for warning in warnings {
            // The cell may be the value that varies.
            let place = |of: &Problem| {
                (
                    of.code,
                    of.file.clone(),
                    of.row,
                    of.column.clone(),
                    of.message.clone(),
                )
            };
            if self.warnings.iter().all(|seen| place(seen) != place(warning)) {
                self.warnings.push(warning.clone());
            }
        }
    }

    /// The sweep as one CSV table, a row for each run. `value` counts the values from 1 and `of` says how many were asked
    /// for; `set:KEY` is the value itself. Where the sweep ended early, the last row holds its status and no figures.
    pub fn to_csv(&self) -> String {
        let key = format!("set:{}", self.key);
        let own = ["value", "of", &key, "select", "status", "width", "iterations"];
        // A value that names other tables has other assets.
        let ids: BTreeSet<&str> = (self.runs.iter())
            .flat_map(|run| run.assets.iter().map(|asset| asset.id.as_str()))
            .collect();
        let prices: Vec<String> = ids.iter().map(|id| format!("price:{id}")).collect();
        let header: Vec<&str> = (own.into_iter().chain(TOTALS))
            .chain(prices.iter().map(String::as_str))
            .collect();
        let mut table = CsvTable::new(&header);
        for run in &self.runs {
            self.start_row(&mut table, run.number, Some(&run.value));
            table
                .text(&run.select.map_or_else(String::new, |select| select.to_string()))
                .text(&run.status.to_string())
                .optional(run.width)
                .number(run.iterations as f64);
            totals_cells(&mut table, &run.totals);
            let found: BTreeMap<&str, f64> = (run.assets.iter())
                .map(|asset| (asset.id.as_str(), asset.price))
                .collect();
            for id in &ids {
                table.optional(found.get(id).copied());
            }
            table.end();
        }
        if self.finished < self.count {
            let value = self.failed.as_ref().map(|failed| &failed.value);
            self.start_row(&mut table, self.finished + 1, value);
            table.text("").text(&self.status.to_string());
            for _ in 5..header.len() {
                table.text("");
            }
            table.end();
        }
        table.finish()
    }

    fn start_row(&self, table: &mut CsvTable, number: usize, value: Option<&SweepValue>) {
        table.number(number as f64).number(self.count as f64);
        match value {
            Some(SweepValue::Text(text)) => table.free_text(text),
            Some(value) => table.text(&value.to_string()),
            None => table.text(""),
        };
    }
}
