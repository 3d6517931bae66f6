//! A sweep as a table for people.

use crate::numbers::{counted, money, percent, price};
use crate::output::visible;
use crate::picture::table;
use delever::io::{SelectName, Severity, StatusName, SweepResult, SweepRun, Timing};
use std::fmt::Write;

/// Assets shown by name.
const ASSETS_BESIDE: usize = 3;

/// The whole table.
pub(super) fn draw(result: &SweepResult, timing: Timing) -> String {
    let mut text = format!("{}\n{}", visible(&result.scenario), visible(&result.key));
    if let (Some(first), Some(last)) = (result.runs.first(), result.runs.last()) {
        let value = |run: &SweepRun| visible(&run.value.to_string());
        let _ = writeln!(
            text,
            " from {} to {}\n\n{}\n",
            value(first),
            value(last),
            rows(result)
        );
    } else {
        text.push_str("\n\n");
    }
    let finished = match result.status {
        StatusName::Interrupted => "interrupted: ",
        StatusName::InvalidInput => "invalid-input: ",
        _ => "",
    };
    if result.finished < result.count {
        let _ = write!(
            text,
            "{finished}{} of {}; ",
            result.finished,
            counted(result.count, "value")
        );
    }
    let _ = write!(text, "{}", counted(result.runs.len(), "run"));
    let statuses: Vec<String> = (result.statuses.iter())
        .map(|(status, count)| format!("{count} {status}"))
        .collect();
    match (
        &result.statuses.keys().collect::<Vec<_>>()[..],
        finished.is_empty(),
    ) {
        ([only], true) => {
            let _ = write!(text, ", all {only}");
        }
        ([], _) => {}
        _ => {
            let _ = write!(text, " ({})", statuses.join(", "));
        }
    }
    let _ = writeln!(text, ", {:.1} ms in the solver", timing.solve_seconds * 1e3);
    if let Some(failed) = &result.failed {
        let value = visible(&failed.value.to_string());
        let errors = failed
            .problems
            .iter()
            .filter(|problem| problem.severity == Severity::Error);
        let errors = counted(errors.count(), "error");
        let _ = writeln!(
            text,
            "the input was refused at {} = {value}: {errors}",
            visible(&result.key)
        );
    }
    text
}

/// One line for each run.
fn rows(result: &SweepResult) -> String {
    let shown = most_moved(result);
    let mut header = vec!["value".to_owned()];
    let twice = result
        .runs
        .iter()
        .any(|run| run.select == Some(SelectName::Least));
    let statuses = result.runs.iter().any(|run| run.status != result.runs[0].status);
    if twice {
        header.push("end".to_owned());
    }
    header.extend(["defaults", "sold", "loss", "of equity", "amplified"].map(str::to_owned));
    header.extend(shown.iter().map(|&k| visible(&result.runs[0].assets[k].id)));
    if statuses {
        header.push("status".to_owned());
    }
    let mut rows = table(header);
    for run in &result.runs {
        let totals = &run.totals;
        let mut row = vec![visible(&run.value.to_string())];
        if twice {
            row.push(end_of(run).to_owned());
        }
        row.extend([
            totals.defaults.to_string(),
            money(totals.sold_value),
            money(totals.loss),
            percent(if totals.equity_initial > 0.0 {
                totals.loss / totals.equity_initial
            } else {
                0.0
            }),
            totals
                .amplification
                .map_or_else(String::new, |times| format!("{times:.2}")),
        ]);
        row.extend(shown.iter().map(|&k| price(run.assets[k].price)));
        if statuses {
            row.push(run.status.to_string());
        }
        rows.add_row(row);
    }
    rows.trim_fmt()
}

fn end_of(run: &SweepRun) -> &'static str {
    match run.select {
        Some(SelectName::Greatest) => "greatest",
        Some(SelectName::Least) => "least",
        _ => "",
    }
}

/// Assets whose prices differ most over the sweep, in id order.
fn most_moved(result: &SweepResult) -> Vec<usize> {
    let count = result.runs.iter().map(|run| run.assets.len()).min().unwrap_or(0);
    let span = |k: usize| {
        let prices = || {
            result
                .runs
                .iter()
                .map(|run| run.assets[k].price / run.assets[k].price_initial)
        };
        prices().fold(0.0, f64::max) - prices().fold(f64::INFINITY, f64::min)
    };
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|&a, &b| span(b).total_cmp(&span(a)).then(a.cmp(&b)));
    order.truncate(ASSETS_BESIDE);
    order.sort_unstable();
    order
}
