//! `delever sweep`: one scenario at many values of one key.

use crate::arguments::{Format, ScenarioOptions, SweepOptions};
use crate::numbers::{money, percent, price};
use crate::output::visible;
use crate::picture::table;
use crate::run::{interrupt, solve};
use crate::validate::{open, refuse, warn};
use crate::{Exit, output};
use delever::io::{Layout, SelectName, Severity, StatusName, SweepResult, SweepRun, Timing, json_string};
use std::fmt::Write;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// Values of a key at most.
const MOST_VALUES: usize = 100_000;
/// Assets shown by name.
const ASSETS_BESIDE: usize = 3;

/// Solves the scenario at every value. Where a value makes it invalid, the runs before it are printed all the same.
pub(crate) fn sweep(options: &SweepOptions) -> Exit {
    let (key, values) = match parse(&options.vary) {
        Ok(varied) => varied,
        Err(error) => {
            eprintln!("--vary: {error}");
            return Exit::Usage;
        }
    };
    let format = options.scenario.format;
    let registry = delever::registry();
    let interrupted = interrupt();
    let mut result: Option<SweepResult> = None;
    let mut timing = Timing::default();
    let mut stopped = None;
    for value in &values {
        if interrupted.load(Ordering::Relaxed) {
            stopped = Some(Exit::Interrupted);
            break;
        }
        let start = Instant::now();
        let scenario = ScenarioOptions {
            varied: Some(format!("{key}={value}")),
            ..options.scenario.clone()
        };
        let loaded = match open(&scenario, &registry) {
            Ok(loaded) => loaded,
            Err(problems) => {
                eprintln!("at {key} = {value}:");
                stopped = Some(refuse(&problems, Format::Table));
                break;
            }
        };
        timing.load_seconds += start.elapsed().as_secs_f64();
        if result.is_none() && format == Format::Table {
            warn(&loaded.warnings, Severity::Warning);
        }
        let solved = match solve(&loaded, &registry, false, &interrupted) {
            Ok(solved) => solved,
            Err(refused) => {
                eprintln!("at {key} = {value}:");
                stopped = Some(refused.exit(Format::Table));
                break;
            }
        };
        timing.build_seconds += solved.timing.build_seconds;
        timing.solve_seconds += solved.timing.solve_seconds;
        let Some(found) = solved.result(&loaded, None) else {
            eprintln!("internal error: the solve returned no equilibrium");
            return Exit::Internal;
        };
        result
            .get_or_insert_with(|| SweepResult::new(&loaded.scenario.name, key))
            .push(value, found);
    }
    let Some(mut result) = result else {
        return stopped.unwrap_or(Exit::Usage);
    };
    let text = match format {
        Format::Table => draw(&result, timing),
        Format::Json => {
            result.timing = (!options.no_timing).then_some(timing);
            format!("{}\n", json_string(&result, Layout::Pretty))
        }
    };
    match output::deliver(&text, options.output.as_deref()) {
        Exit::Done => stopped.unwrap_or(Exit::of_status(result.status.exit_code())),
        failed => failed,
    }
}

/// The key and its values.
fn parse(vary: &str) -> Result<(&str, Vec<String>), String> {
    // A key in quotes may hold `=`; the values never do.
    let Some((key, values)) = vary.rsplit_once('=') else {
        return Err(format!(
            "`{vary}` is not KEY=VALUES, such as shock.prices.bonds=-0.3:0:31"
        ));
    };
    let (key, values) = (key.trim(), values.trim());
    if key.is_empty() || values.is_empty() {
        return Err(format!("`{vary}` names no key, or no value"));
    }
    let parts: Vec<&str> = values.split(':').map(str::trim).collect();
    let [from, to, count] = parts[..] else {
        if parts.len() > 1 {
            return Err(format!("`{values}` is not from:to:count"));
        }
        return Ok((
            key,
            values.split(',').map(|value| value.trim().to_owned()).collect(),
        ));
    };
    let number = |text: &str| text.parse::<f64>().ok().filter(|value| value.is_finite());
    let (Some(from), Some(to)) = (number(from), number(to)) else {
        return Err(format!("`{from}` and `{to}` are not both numbers"));
    };
    match count.parse::<usize>() {
        Ok(1) if from == to => Ok((key, vec![format!("{from:?}")])),
        Ok(count) if (2..=MOST_VALUES).contains(&count) => {
            let last = (count - 1) as f64;
            let value = |n: usize| {
                let weight = n as f64 / last;
                // Twelve digits: 0.3 is written so, not as the double nearest to its sum of parts.
                let near = format!("{:.11e}", from * (1.0 - weight) + to * weight);
                format!("{:?}", near.parse::<f64>().unwrap_or(to) + 0.0)
            };
            Ok((key, (0..count).map(value).collect()))
        }
        _ => Err(format!(
            "`{count}` is not a number of values from 2 to {MOST_VALUES}"
        )),
    }
}

fn draw(result: &SweepResult, timing: Timing) -> String {
    let mut text = format!(
        "{}\n{} from {} to {}\n\n",
        visible(&result.scenario),
        visible(&result.key),
        visible(&result.runs[0].value),
        visible(&result.runs[result.runs.len() - 1].value),
    );
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
        let mut row = vec![visible(&run.value)];
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
            row.push(status_of(run.status));
        }
        rows.add_row(row);
    }
    let _ = writeln!(text, "{}\n", rows.trim_fmt());
    let all = if statuses {
        String::new()
    } else {
        format!(", all {}", status_of(result.runs[0].status))
    };
    let _ = writeln!(
        text,
        "{} runs{all}, {:.1} ms in the solver",
        result.runs.len(),
        timing.solve_seconds * 1e3
    );
    text
}

fn end_of(run: &SweepRun) -> &'static str {
    match run.select {
        Some(SelectName::Greatest) => "greatest",
        Some(SelectName::Least) => "least",
        _ => "",
    }
}

/// The status as the result names it.
fn status_of(status: StatusName) -> String {
    json_string(&status, Layout::Compact).trim_matches('"').to_owned()
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

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn values_are_listed_or_at_equal_distances() {
        let values = |text| parse(text).map(|(key, values)| (key.to_owned(), values.join(" ")));
        let found = |key: &str, values: &str| Ok((key.to_owned(), values.to_owned()));
        assert_eq!(values("a.b=0:0.1:5"), found("a.b", "0.0 0.025 0.05 0.075 0.1"));
        assert_eq!(values("a=-0.3:0:4"), found("a", "-0.3 -0.2 -0.1 0.0"));
        assert_eq!(
            values("impact.model=linear, exponential"),
            found("impact.model", "linear exponential")
        );
        assert_eq!(values("a=2:2:1"), found("a", "2.0"));
        for wrong in [
            "a",
            "=1",
            "a=",
            "a=1:2",
            "a=1:2:1",
            "a=1:x:3",
            "a=0:1:0",
            "a=0:1:1000000",
            "a=0:inf:3",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
