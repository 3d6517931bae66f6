//! `delever sweep`: one scenario at many values of one key.

mod draw;

use crate::arguments::{Format, SweepOptions};
use crate::input::Input;
use crate::run::{interrupt, solve};
use crate::validate::{refuse, warn};
use crate::{Exit, output};
use delever::core::Registry;
use delever::io::{Diagnostics, Layout, Loaded, Severity, SweepResult, Timing, json_string};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Values of a key at most.
const MOST_VALUES: usize = 100_000;

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
    let input = match Input::of(&options.scenario) {
        Ok(input) => input,
        Err(problems) => return refuse(&problems, format),
    };
    let mut sweep = Sweep {
        registry: &registry,
        interrupted: &interrupted,
        timing: Timing::default(),
        result: None,
        count: values.len(),
    };
    for value in &values {
        // The first value is loaded whatever happens: it names the scenario.
        if let Some(result) = sweep
            .result
            .as_mut()
            .filter(|_| interrupted.load(Ordering::Relaxed))
        {
            result.interrupt();
            break;
        }
        match sweep.run(&input, key, value) {
            Ok(()) => {}
            Err(problems) => {
                eprintln!("at {key} = {value}:");
                let Some(result) = &mut sweep.result else {
                    return refuse(&problems, format);
                };
                // On standard output stands the result, which holds the problems too.
                refuse(&problems, Format::Table);
                result.fail(value, &problems);
                break;
            }
        }
    }
    let Some(mut result) = sweep.result else {
        eprintln!("internal error: the solve returned no equilibrium");
        return Exit::Internal;
    };
    let exit = Exit::of_status(result.status.exit_code());
    if exit == Exit::Interrupted {
        eprintln!(
            "interrupted: {} of {} values are finished",
            result.finished, result.count
        );
    }
    let text = match format {
        Format::Table => draw::draw(&result, sweep.timing),
        Format::Csv => result.to_csv(),
        Format::Json => {
            result.timing = (!options.no_timing).then_some(sweep.timing);
            format!("{}\n", json_string(&result, Layout::Pretty))
        }
    };
    match output::deliver(&text, options.output.as_deref()) {
        Exit::Done => exit,
        failed => failed,
    }
}

/// A sweep under way.
struct Sweep<'s> {
    registry: &'s Registry,
    interrupted: &'s AtomicBool,
    timing: Timing,
    result: Option<SweepResult>,
    count: usize,
}

impl Sweep<'_> {
    /// Loads and solves the scenario at one value.
    fn run(&mut self, input: &Input, key: &str, value: &str) -> Result<(), Diagnostics> {
        let start = Instant::now();
        let loaded: Loaded = input.load(self.registry, Some(format!("{key}={value}")))?;
        self.timing.load_seconds += start.elapsed().as_secs_f64();
        let solved = solve(&loaded, self.registry, false, self.interrupted)?;
        self.timing.build_seconds += solved.timing.build_seconds;
        self.timing.solve_seconds += solved.timing.solve_seconds;
        let Some(found) = solved.result(&loaded, None) else {
            return Ok(());
        };
        let count = self.count;
        let result = (self.result).get_or_insert_with(|| SweepResult::new(&loaded.scenario.name, key, count));
        let seen = result.warnings.len();
        result.push(value, found);
        warn(&result.warnings[seen..].iter().cloned().collect(), Severity::Note);
        Ok(())
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
