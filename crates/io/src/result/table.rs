//! Results as CSV tables: the same figures under the same names as in JSON.

use super::{OutcomeResult, RunResult, TotalsResult};
use crate::csv_table::CsvTable;
use crate::problem::Problem;

/// Columns of totals, in the order of [`totals_cells`].
pub(crate) const TOTALS: [&str; 11] = [
    "equity_initial",
    "equity",
    "loss",
    "loss_shock",
    "loss_fire_sale",
    "loss_contagion",
    "loss_contagion_before_shock",
    "loss_bankruptcy_costs",
    "amplification",
    "defaults",
    "sold_value",
];

/// Totals as cells.
pub(crate) fn totals_cells(table: &mut CsvTable, totals: &TotalsResult) {
    for value in [
        Some(totals.equity_initial),
        Some(totals.equity),
        Some(totals.loss),
        Some(totals.loss_shock),
        Some(totals.loss_fire_sale),
        Some(totals.loss_contagion),
        totals.loss_contagion_before_shock,
        Some(totals.loss_bankruptcy_costs),
        totals.amplification,
        Some(totals.defaults as f64),
        Some(totals.sold_value),
    ] {
        table.optional(value);
    }
}

impl RunResult {
    /// The result as CSV tables by file name: `assets.csv`, `institutions.csv`, `totals.csv` and `warnings.csv`.
    ///
    /// Columns bear the names of the fields of the JSON result; what is null there is blank here. `select` tells two equilibria
    /// apart; rounds have none. The states of single rounds and the bounds of an enclosure are in the JSON result only.
    pub fn to_csv(&self) -> [(&'static str, String); 4] {
        let outcomes = match self {
            Self::One(one) => vec![&**one],
            Self::Both(both) => vec![&both.greatest, &both.least],
        };
        [
            ("assets.csv", assets(&outcomes)),
            ("institutions.csv", institutions(&outcomes)),
            ("totals.csv", totals(&outcomes)),
            ("warnings.csv", warnings(self.warnings())),
        ]
    }
}

fn select(outcome: &OutcomeResult) -> String {
    outcome
        .select
        .map_or_else(String::new, |select| select.to_string())
}

fn assets(outcomes: &[&OutcomeResult]) -> String {
    let mut table = CsvTable::new(&[
        "select",
        "id",
        "price_initial",
        "price_shocked",
        "price",
        "sold_quantity",
        "sold_fraction",
    ]);
    for outcome in outcomes {
        for asset in &outcome.assets {
            table.text(&select(outcome)).text(&asset.id);
            for value in [
                asset.price_initial,
                asset.price_shocked,
                asset.price,
                asset.sold_quantity,
                asset.sold_fraction,
            ] {
                table.optional(Some(value));
            }
            table.end();
        }
    }
    table.finish()
}

fn institutions(outcomes: &[&OutcomeResult]) -> String {
    let mut table = CsvTable::new(&[
        "select",
        "id",
        "state",
        "equity_initial",
        "equity_shocked",
        "equity",
        "assets",
        "default_cost",
        "payment",
        "payment_ratio",
        "sold_fraction",
        "loss",
        "loss_shock",
        "loss_fire_sale",
        "loss_contagion",
    ]);
    for outcome in outcomes {
        for one in &outcome.institutions {
            table.text(&select(outcome)).text(&one.id);
            table.text(&one.state.to_string());
            for value in [
                one.equity_initial,
                one.equity_shocked,
                one.equity,
                one.assets,
                one.default_cost,
                one.payment,
                one.payment_ratio,
                one.sold_fraction,
                one.loss,
                one.loss_shock,
                one.loss_fire_sale,
                one.loss_contagion,
            ] {
                table.optional(Some(value));
            }
            table.end();
        }
    }
    table.finish()
}

fn totals(outcomes: &[&OutcomeResult]) -> String {
    let own = [
        "scenario",
        "engine",
        "select",
        "status",
        "near_boundary",
        "unique",
        "width",
        "residual",
        "iterations",
    ];
    let mut table = CsvTable::new(&[&own[..], &TOTALS].concat());
    for outcome in outcomes {
        let unique = outcome.unique.map(|unique| unique.to_string());
        table
            .free_text(&outcome.scenario)
            .text(&outcome.engine)
            .text(&select(outcome))
            .text(&outcome.status.to_string())
            .text(&outcome.near_boundary.to_string())
            .text(&unique.unwrap_or_default())
            .optional(outcome.certificate.width)
            .optional(outcome.certificate.residual)
            .number(outcome.iterations as f64);
        totals_cells(&mut table, &outcome.totals);
        table.end();
    }
    table.finish()
}

fn warnings(problems: &[Problem]) -> String {
    let mut table = CsvTable::new(&[
        "code", "severity", "file", "row", "column", "cell", "message", "hint",
    ]);
    for problem in problems {
        table
            .text(problem.code)
            .text(&problem.severity.to_string())
            .free_text(&problem.file)
            .optional(problem.row.map(|row| row as f64))
            .free_text(problem.column.as_deref().unwrap_or_default())
            .free_text(problem.cell.as_deref().unwrap_or_default())
            .free_text(&problem.message)
            .free_text(problem.hint.as_deref().unwrap_or_default())
            .end();
    }
    table.finish()
}
