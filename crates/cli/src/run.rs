//! `delever run`.

use crate::arguments::{Format, RunOptions};
use crate::input::open;
use crate::picture::{Frame, Picture};
use crate::threshold::Threshold;
use crate::validate::{refuse, warn};
use crate::{Exit, output};
use delever::cascade::rounds::RoundsOutcome;
use delever::cascade::{Cascade, CascadeError, Equilibria, Select, Shock};
use delever::core::Registry;
use delever::io::{Diagnostics, EngineKind, Layout, Loaded, RunResult, Severity, Timing, json_string};
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
    if format == Format::Csv && options.output.is_none() {
        eprintln!(
            "--format csv writes assets.csv, institutions.csv, totals.csv and warnings.csv: name a folder with -o"
        );
        return Exit::Usage;
    }
    let registry = delever::registry();
    let start = Instant::now();
    let loaded = match open(&options.scenario, &registry) {
        Ok(loaded) => loaded,
        Err(problems) => return refuse(&problems, format),
    };
    let load_seconds = start.elapsed().as_secs_f64();
    warn(&loaded.warnings, Severity::Note);
    let solved = match solve(&loaded, &registry, format == Format::Table, &interrupt()) {
        Ok(solved) => solved,
        Err(problems) => return refuse(&problems, format),
    };
    let timing = Timing {
        load_seconds,
        ..solved.timing
    };
    let Some(result) = solved.result(&loaded, (!options.no_timing).then_some(timing)) else {
        eprintln!("internal error: the solve returned no equilibrium");
        return Exit::Internal;
    };
    let file = options.output.as_deref();
    let written = match (format, file) {
        (Format::Csv, Some(folder)) => output::deliver_folder(&result.to_csv(), folder),
        (Format::Json, _) => output::deliver(&format!("{}\n", json_string(&result, Layout::Pretty)), file),
        _ => {
            let picture = Picture {
                loaded: &loaded,
                result: &result,
                frames: &solved.frames,
                top: options.top,
            };
            output::deliver(&picture.draw(), file)
        }
    };
    if written != Exit::Done {
        return written;
    }
    finish(&result, &thresholds)
}

/// The exit code of a result: its status first, then thresholds.
fn finish(result: &RunResult, thresholds: &[Threshold]) -> Exit {
    let status = Exit::of_status(result.status().exit_code());
    let outcomes = match result {
        RunResult::One(one) => vec![&**one],
        RunResult::Both(both) => vec![&both.greatest, &both.least],
    };
    let breaches: Vec<String> = outcomes
        .iter()
        .flat_map(|outcome| thresholds.iter().filter_map(|t| t.breach(outcome)))
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
    Equilibria(Box<Equilibria>),
    Rounds(RoundsOutcome),
}

/// A scenario that was composed and solved.
pub(crate) struct Solved {
    found: Found,
    /// The same without any shock, where an institution is insolvent before it.
    unshocked: Option<Found>,
    frames: Vec<Frame>,
    /// Without the time to load.
    pub timing: Timing,
}

impl Solved {
    /// The result as data. `None`: the solve returned no equilibrium, which none does.
    pub fn result(&self, loaded: &Loaded, timing: Option<Timing>) -> Option<RunResult> {
        let result = |found: &Found, timing| match found {
            Found::Equilibria(equilibria) => RunResult::new(loaded, equilibria, timing),
            Found::Rounds(outcome) => Some(RunResult::of_rounds(loaded, outcome, timing)),
        };
        let mut with_shock = result(&self.found, timing)?;
        if let Some(unshocked) = self.unshocked.as_ref().and_then(|found| result(found, None)) {
            with_shock.set_before_shock(&unshocked);
        }
        Some(with_shock)
    }
}

/// Set by the first interrupt; to be called once.
pub(crate) fn interrupt() -> Arc<AtomicBool> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    // Without a handler an interrupt ends the program at once, which is right too.
    let _ = ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed));
    interrupted
}

/// Composes and solves a scenario with the engine that it names, watching for an interrupt. Frames of the cascade are kept
/// where it is pictured. Where an institution is insolvent before the shock, the scenario is solved without any shock too.
pub(crate) fn solve(
    loaded: &Loaded,
    registry: &Registry,
    pictured: bool,
    interrupted: &AtomicBool,
) -> Result<Solved, Diagnostics> {
    let start = Instant::now();
    let cascade = loaded.cascade(registry)?;
    let build_seconds = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let unless_interrupted = || {
        if interrupted.load(Ordering::Relaxed) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let find = |cascade: &Cascade<'_>, shock: &Shock, pictured| match loaded.scenario.engine.kind {
        EngineKind::Equilibrium => find_equilibria(loaded, shock, cascade, pictured, unless_interrupted)
            .map_err(|error| loaded.misfit(&error)),
        EngineKind::Rounds => run_rounds(loaded, shock, cascade, unless_interrupted),
    };
    let (found, frames) = find(&cascade, &loaded.shock, pictured)?;
    let unshocked = loaded.insolvent_before_shock().next().and_then(|_| {
        let none = Shock::none(&loaded.system);
        // A model that cannot be built for the prices before the shock leaves the figure out.
        let cascade = loaded.cascade_under(&none, registry).ok()?;
        find(&cascade, &none, false).ok().map(|(found, _)| found)
    });
    Ok(Solved {
        found,
        unshocked,
        frames,
        timing: Timing {
            load_seconds: 0.0,
            build_seconds,
            solve_seconds: start.elapsed().as_secs_f64(),
        },
    })
}

/// Every round can be a frame of the picture.
fn run_rounds(
    loaded: &Loaded,
    shock: &Shock,
    cascade: &Cascade<'_>,
    unless_interrupted: impl Fn() -> ControlFlow<()>,
) -> Result<(Found, Vec<Frame>), Diagnostics> {
    let settings = loaded.rounds_settings()?;
    let outcome = cascade
        .run_rounds_observed(shock, &settings, |_| unless_interrupted())
        .map_err(|error| loaded.misfit(&error))?;
    let frames = Frame::of_rounds(&outcome.rounds);
    Ok((Found::Rounds(outcome), frames))
}

/// Steps after which a cascade that still moves is pictured no further.
const LONGEST_PICTURE: u64 = 256;

/// A few frames of the cascade as it unfolds.
fn unfold(
    cascade: &Cascade<'_>,
    shock: &Shock,
    unless_interrupted: impl Fn() -> ControlFlow<()>,
) -> Result<Vec<Frame>, CascadeError> {
    let mut frames = Vec::new();
    cascade.unfold(shock, |wave| {
        if Frame::is_kept(wave.iteration, wave.change) {
            frames.push(Frame {
                step: wave.iteration,
                snapshot: wave.snapshot(),
            });
        }
        if wave.iteration == LONGEST_PICTURE || !Frame::is_visible(wave.change) {
            return ControlFlow::Break(());
        }
        unless_interrupted()
    })?;
    Ok(frames)
}

/// Solves, and keeps a few frames of the cascade where it is pictured.
fn find_equilibria(
    loaded: &Loaded,
    shock: &Shock,
    cascade: &Cascade<'_>,
    pictured: bool,
    unless_interrupted: impl Fn() -> ControlFlow<()>,
) -> Result<(Found, Vec<Frame>), CascadeError> {
    let engine = &loaded.scenario.engine;
    let mut frames = Vec::new();
    if pictured && engine.select != Select::Least {
        frames = unfold(cascade, shock, &unless_interrupted)?;
    }
    let equilibria =
        cascade.solve_observed(shock, engine.select, &engine.settings, |_| unless_interrupted())?;
    if let Some(waves) = equilibria.greatest.as_ref().map(|outcome| &outcome.waves)
        && pictured
        && !waves.is_empty()
    {
        frames = Frame::of_rounds(waves);
    }
    Ok((Found::Equilibria(Box::new(equilibria)), frames))
}
