//! `delever run`.

use crate::arguments::{Format, RunOptions};
use crate::picture::{Frame, Picture};
use crate::threshold::Threshold;
use crate::validate::{open, refuse, warn};
use crate::{Exit, output};
use delever::cascade::rounds::RoundsOutcome;
use delever::cascade::{Cascade, CascadeError, CascadeMap, Equilibria, Select};
use delever::io::{EngineKind, Layout, Loaded, RunResult, Severity, Timing, json_string};
use delever::solver::FixedPointMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Solves a scenario and prints it.
pub(crate) fn run(options: &RunOptions) -> Exit {
    let format = options.scenario.format;
    let mut thresholds = Vec::new();
    for condition in &options.fail_if {
        match Threshold::parse(condition) {
            Ok(threshold) => thresholds.push(threshold),
            Err(error) => {
                eprintln!("--fail-if: {error}");
                return Exit::Usage;
            }
        }
    }
    let registry = delever::registry();
    let start = Instant::now();
    let loaded = match open(&options.scenario, &registry) {
        Ok(loaded) => loaded,
        Err(problems) => return refuse(&problems, format),
    };
    let load_seconds = start.elapsed().as_secs_f64();
    if format == Format::Table {
        warn(&loaded.warnings, Severity::Warning);
    }
    let start = Instant::now();
    let cascade = match loaded.cascade(&registry) {
        Ok(cascade) => cascade,
        Err(problems) => return refuse(&problems, format),
    };
    let build_seconds = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let solved = match loaded.scenario.engine.kind {
        EngineKind::Equilibrium => solve(&loaded, &cascade, format == Format::Table),
        EngineKind::Rounds => run_rounds(&loaded, &cascade),
    };
    let (found, frames) = match solved {
        Ok(solved) => solved,
        Err(error) => {
            eprintln!("{error}");
            return Exit::InvalidInput;
        }
    };
    let solve_seconds = start.elapsed().as_secs_f64();
    let timing = (!options.no_timing).then_some(Timing {
        load_seconds,
        build_seconds,
        solve_seconds,
    });
    let result = match &found {
        Found::Equilibria(equilibria) => RunResult::new(&loaded, equilibria, timing),
        Found::Rounds(outcome) => Some(RunResult::of_rounds(&loaded, outcome, timing)),
    };
    let Some(result) = result else {
        eprintln!("internal error: the solve returned no equilibrium");
        return Exit::Internal;
    };
    let text = match format {
        Format::Json => format!("{}\n", json_string(&result, Layout::Pretty)),
        Format::Table => Picture {
            loaded: &loaded,
            result: &result,
            frames: &frames,
            top: options.top,
        }
        .draw(),
    };
    let written = match &options.output {
        None => output::print(&text),
        Some(path) => match output::write_file(path, &text) {
            Ok(()) => Exit::Done,
            Err(error) => {
                eprintln!("{} could not be written: {error}", path.display());
                Exit::NotWritten
            }
        },
    };
    if written != Exit::Done {
        return written;
    }
    finish(&result, &thresholds)
}

/// The exit code of a result: its status first, then thresholds.
fn finish(result: &RunResult, thresholds: &[Threshold]) -> Exit {
    let status = Exit::of_status(result.status().exit_code());
    let totals = match result {
        RunResult::One(one) => vec![&one.totals],
        RunResult::Both(both) => vec![&both.greatest.totals, &both.least.totals],
    };
    let breaches: Vec<String> = totals
        .iter()
        .flat_map(|totals| thresholds.iter().filter_map(|t| t.breach(totals)))
        .collect();
    for breach in &breaches {
        eprintln!("--fail-if: {breach}");
    }
    if status != Exit::Done {
        status
    } else if breaches.is_empty() {
        Exit::Done
    } else {
        Exit::Threshold
    }
}

/// What the engine found.
enum Found {
    Equilibria(Equilibria),
    Rounds(RoundsOutcome),
}

/// Set by the first interrupt.
fn interrupt() -> Arc<AtomicBool> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    // Without a handler an interrupt ends the program at once, which is right too.
    let _ = ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed));
    interrupted
}

fn unless(interrupted: &AtomicBool) -> ControlFlow<()> {
    if interrupted.load(Ordering::Relaxed) {
        ControlFlow::Break(())
    } else {
        ControlFlow::Continue(())
    }
}

/// Runs in rounds, watching for an interrupt; every round can be a frame of the picture.
fn run_rounds(loaded: &Loaded, cascade: &Cascade<'_>) -> Result<(Found, Vec<Frame>), CascadeError> {
    let interrupted = interrupt();
    let settings = loaded.rounds_settings().unwrap_or_default();
    let outcome = cascade.run_rounds_observed(&loaded.shock, &settings, |_| unless(&interrupted))?;
    let frames = Frame::of_rounds(&outcome.rounds);
    Ok((Found::Rounds(outcome), frames))
}

/// Solves, watching for an interrupt and keeping a few frames of the cascade for the picture.
fn solve(
    loaded: &Loaded,
    cascade: &Cascade<'_>,
    pictured: bool,
) -> Result<(Found, Vec<Frame>), CascadeError> {
    let interrupted = interrupt();
    let engine = &loaded.scenario.engine;
    let mut frames = Vec::new();
    let pictured = pictured && engine.select != Select::Least;
    if pictured {
        let map = CascadeMap::new(cascade, &loaded.shock)?;
        let (mut bottom, mut top) = (vec![0.0; map.dim()], vec![0.0; map.dim()]);
        map.bounds_into(&mut bottom, &mut top);
        frames.push(Frame {
            step: 0,
            snapshot: map.snapshot(&top),
        });
    }
    let mut first_chain = pictured;
    let mut last = 0;
    let equilibria = cascade.solve_observed(&loaded.shock, engine.select, &engine.settings, |step| {
        first_chain &= step.iteration > last;
        last = step.iteration;
        if first_chain && Frame::is_kept(step.iteration, step.change) {
            frames.push(Frame {
                step: step.iteration,
                snapshot: step.snapshot(),
            });
        }
        unless(&interrupted)
    })?;
    Ok((Found::Equilibria(equilibria), frames))
}
