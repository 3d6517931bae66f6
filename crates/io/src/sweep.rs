//! The result of a sweep as data: one scenario at many values of one key.

use crate::result::{
    AssetResult, OutcomeResult, RESULT_VERSION, RunResult, SelectName, StatusName, Timing, TotalsResult,
};
use serde::{Deserialize, Serialize};

/// What a sweep returns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepResult {
    /// Version of the format.
    pub version: u32,
    /// Name of the scenario.
    pub scenario: String,
    /// The dotted key that varies.
    pub key: String,
    /// The worst status of all runs.
    pub status: StatusName,
    /// The runs, in the order of the values; a run that was asked for both equilibria stands twice.
    pub runs: Vec<SweepRun>,
    /// Wall-clock times of all runs together; absent where they are not wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timing: Option<Timing>,
}

/// One run of a sweep: its totals and its assets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepRun {
    /// The value of the key, as it was written.
    pub value: String,
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

impl SweepResult {
    /// A sweep without runs yet.
    pub fn new(scenario: &str, key: &str) -> Self {
        Self {
            version: RESULT_VERSION,
            scenario: scenario.to_owned(),
            key: key.to_owned(),
            status: StatusName::Certified,
            runs: Vec::new(),
            timing: None,
        }
    }

    /// Adds the run at a value.
    pub fn push(&mut self, value: &str, result: RunResult) {
        self.status = self.status.max(result.status());
        let outcomes = match result {
            RunResult::One(one) => vec![*one],
            RunResult::Both(both) => vec![both.greatest, both.least],
        };
        self.runs.extend(outcomes.into_iter().map(|outcome| {
            let OutcomeResult {
                select,
                status,
                certificate,
                iterations,
                totals,
                assets,
                ..
            } = outcome;
            SweepRun {
                value: value.to_owned(),
                select,
                status,
                width: certificate.width,
                iterations,
                totals,
                assets,
            }
        }));
    }
}
