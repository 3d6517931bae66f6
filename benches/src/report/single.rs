//! One solve, certified, beside the naive engine.

use super::bandwidth::reading_time;
use super::timing::fastest;
use super::{Bandwidth, Effort};
use crate::engine::{self, BarePass, ITERATION_LIMIT, SINGLE_TOLERANCE};
use crate::workload::Workload;
use delever::prelude::Cascade;
use delever::solver::Precision;
use delever_testkit::naive::large;
use serde::Serialize;
use std::time::Duration;

/// Systems above this number of institutions share their rows among threads.
const INSTITUTIONS_OF_ONE_THREAD: usize = 4_096;
/// Bytes of an entry: its column and its value.
const ENTRY_BYTES: usize = 12;
/// Bytes of where a row starts.
const START_BYTES: usize = 4;

/// One solve of one size. An entry is a holding or a debt; a pass reads all rows once.
#[derive(Clone, Debug, Serialize)]
pub struct Single {
    /// Name of the size.
    pub size: &'static str,
    /// Holdings and debts.
    pub entries: usize,
    /// Threads that share a pass.
    pub threads: usize,
    /// Asked width.
    pub tolerance: f64,
    /// How the solve ended.
    pub status: String,
    /// Proved width.
    pub width: Option<f64>,
    /// Time of the whole solve: compiling the shock, iteration, proof, balance sheets of the outcome.
    pub milliseconds: f64,
    /// Passes until nothing moved.
    pub iterations: u64,
    /// All passes, those of the proof included.
    pub passes: u64,
    /// Time of the whole solve by entry and pass.
    pub nanoseconds_per_entry_and_pass: f64,
    /// Columns, values and starts of all rows, bytes.
    pub row_bytes: usize,
    /// Time to read so many bytes at the bandwidth of the machine, on as many threads.
    pub read_milliseconds: f64,
    /// Time to read an array of so many bytes, which may lie in a cache.
    pub read_again_milliseconds: f64,
    /// Time of one pass in ordinary rounding.
    pub bare_pass_milliseconds: f64,
    /// Time of one pass rounded up, with rough bounds.
    pub rough_pass_milliseconds: f64,
    /// Time of one pass rounded up, with sharp bounds.
    pub sharp_pass_milliseconds: f64,
    /// Bare pass over reading its rows at the bandwidth of the machine.
    pub bare_pass_over_read: f64,
    /// Bare pass over reading an array of the size of its rows.
    pub bare_pass_over_read_again: f64,
    /// The whole solve, by pass, over reading the rows at the bandwidth of the machine.
    pub solve_over_read: f64,
    /// The whole solve over one bare pass: what iteration, dearer passes of the proof and reads that are no pass come to.
    pub solve_over_bare_pass: f64,
    /// The naive engine to the same width, on one thread.
    pub naive: Naive,
    /// The naive engine's time over this engine's.
    pub naive_over_solve: f64,
    /// Largest relative difference of a price from the naive engine's.
    pub difference: f64,
}

/// The naive engine on the same input.
#[derive(Clone, Debug, Serialize)]
pub struct Naive {
    /// Time of a solve.
    pub milliseconds: f64,
    /// Applications of the map.
    pub iterations: f64,
    /// By entry and iteration.
    pub nanoseconds_per_entry_and_iteration: f64,
}

impl Naive {
    pub(super) fn new(time: Duration, solves: u64, iterations: u64, entries: usize) -> Self {
        Self {
            milliseconds: time.as_secs_f64() * 1e3 / solves as f64,
            iterations: iterations as f64 / solves as f64,
            nanoseconds_per_entry_and_iteration: time.as_secs_f64() * 1e9
                / (entries as f64 * iterations as f64),
        }
    }
}

/// Measures one solve of the average shock.
pub fn single(
    workload: &Workload,
    cascade: &Cascade<'_>,
    effort: &Effort,
    threads: usize,
    bandwidth: &Bandwidth,
) -> Single {
    let size = workload.size();
    let (institutions, _, _, debts_each) = size.counts();
    let entries = size.entries();
    let shock = workload.average_shock();
    let outcome = engine::single(cascade, &shock, SINGLE_TOLERANCE);
    let solve = fastest(effort, || engine::single(cascade, &shock, SINGLE_TOLERANCE));
    let passes = outcome.passes;

    let (threads, rate) = if institutions > INSTITUTIONS_OF_ONE_THREAD {
        (threads, bandwidth.all_threads)
    } else {
        (1, bandwidth.one_thread)
    };
    let matrices = if debts_each > 0 { 2 } else { 1 };
    let row_bytes = entries * ENTRY_BYTES + matrices * (institutions + 1) * START_BYTES;
    let read = Duration::from_secs_f64(row_bytes as f64 / rate);
    let read_again = reading_time(row_bytes, threads, effort);
    let mut pass = BarePass::new(cascade, &shock);
    let bare = fastest(effort, || pass.nearest());
    let rough = fastest(effort, || pass.above(Precision::Rough));
    let sharp = fastest(effort, || pass.above(Precision::Sharp));
    drop(pass);

    let naive_input = workload.naive(&shock);
    let answer = large::solve(&naive_input, SINGLE_TOLERANCE, ITERATION_LIMIT);
    let naive = fastest(effort, || {
        large::solve(&naive_input, SINGLE_TOLERANCE, ITERATION_LIMIT)
    });
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    let ratio = |time: Duration, to: Duration| time.as_secs_f64() / to.as_secs_f64();
    Single {
        size: size.name(),
        entries,
        threads,
        tolerance: SINGLE_TOLERANCE,
        status: format!("{:?}", outcome.status),
        width: outcome.certificate.width,
        milliseconds: milliseconds(solve),
        iterations: outcome.iterations,
        nanoseconds_per_entry_and_pass: solve.as_secs_f64() * 1e9 / (entries as f64 * passes as f64),
        solve_over_read: ratio(solve, read) / passes as f64,
        passes,
        row_bytes,
        read_milliseconds: milliseconds(read),
        read_again_milliseconds: milliseconds(read_again),
        bare_pass_milliseconds: milliseconds(bare),
        rough_pass_milliseconds: milliseconds(rough),
        sharp_pass_milliseconds: milliseconds(sharp),
        bare_pass_over_read: ratio(bare, read),
        bare_pass_over_read_again: ratio(bare, read_again),
        solve_over_bare_pass: ratio(solve, bare),
        naive_over_solve: ratio(naive, solve),
        naive: Naive::new(naive, 1, answer.iterations, entries),
        difference: difference(&engine::prices(&outcome), &answer.prices),
    }
}

/// Largest relative difference of a price.
pub(super) fn difference(ours: &[f64], theirs: &[f64]) -> f64 {
    ours.iter()
        .zip(theirs)
        .map(|(ours, theirs)| (ours - theirs).abs() / theirs.abs())
        .fold(0.0, f64::max)
}
