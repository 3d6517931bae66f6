//! Batches of scenarios, each certified, beside the naive engine on as many threads.

use super::Effort;
use super::single::{Naive, difference};
use super::timing::{Spent, once};
use crate::engine::{self, BATCH_TOLERANCE, ITERATION_LIMIT};
use crate::workload::{Size, Workload};
use delever::cascade::Status;
use delever::prelude::Cascade;
use delever_testkit::naive::large::{self, LargeAnswer, LargeSystem};
use rayon::prelude::*;
use serde::Serialize;
use std::time::Duration;

/// Bytes of shocks that are in memory at once: some thousand scenarios, that threads share evenly.
const SHOCK_BYTES: usize = 1 << 26;

/// Shortest processor time that is told well enough.
const SHORTEST: Duration = Duration::from_millis(100);

/// A batch of scenarios on one size.
#[derive(Clone, Debug, Serialize)]
pub struct Batch {
    /// Name of the size.
    pub size: &'static str,
    /// Holdings and debts.
    pub entries: usize,
    /// Scenarios.
    pub scenarios: u64,
    /// Threads.
    pub threads: usize,
    /// Asked width.
    pub tolerance: f64,
    /// How many were certified to it.
    pub certified: u64,
    /// Time by scenario, certificate included, all threads at work.
    pub microseconds_per_scenario: f64,
    /// Processor time by scenario over the number of threads: what it would take with the machine to itself. `None` where the
    /// system does not tell it, or it is too short to tell.
    pub processor_microseconds_per_scenario: Option<f64>,
    /// Passes until nothing moved, those of the proof not counted, on average.
    pub iterations: f64,
    /// By entry and own iteration; the proof's time is in it, its passes are not.
    pub nanoseconds_per_entry_and_iteration: f64,
    /// By entry and iteration of the naive engine: the same work done, however many iterations it takes.
    pub nanoseconds_per_entry_and_naive_iteration: f64,
    /// The naive engine's scenarios, a part of the same.
    pub naive_scenarios: u64,
    /// The naive engine, on as many threads, to the same width.
    pub naive: Naive,
    /// The naive engine's processor time by scenario over the number of threads.
    pub naive_processor_microseconds_per_scenario: Option<f64>,
    /// The naive engine's processor time by scenario over this engine's.
    pub processor_naive_over_batch: Option<f64>,
    /// The naive engine's time by scenario over this engine's.
    pub naive_over_batch: f64,
    /// Largest relative difference of a price from the naive engine's, over its scenarios.
    pub difference: f64,
}

/// Measures a batch.
pub fn batch(workload: &Workload, cascade: &Cascade<'_>, effort: &Effort, threads: usize) -> Batch {
    let size = workload.size();
    let entries = size.entries();
    let of_size = |(m, s): (u64, u64)| if size == Size::S { s } else { m };
    let scenarios = of_size(effort.scenarios);
    let naive_scenarios = of_size(effort.naive_scenarios).min(scenarios);

    let (naive, answers) = naive_batch(workload, naive_scenarios, threads);
    let naive_iterations: u64 = answers.iter().map(|answer| answer.iterations).sum();
    let mut theirs = answers.iter();

    let mut time = Spent::nothing();
    let (mut certified, mut iterations, mut furthest) = (0, 0, 0.0_f64);
    let (institutions, assets, ..) = size.counts();
    let block = (SHOCK_BYTES / ((assets + 3 * institutions) * size_of::<f64>())).max(1);
    for first in (0..scenarios).step_by(block) {
        let shocks = workload.shocks(first..(first + block as u64).min(scenarios));
        let (block, answers) = once(|| engine::batch(cascade, &shocks));
        time.add(block);
        for answer in answers.each() {
            certified += u64::from(answer.status == Status::Certified);
            iterations += answer.iterations;
            if let Some(naive) = theirs.next() {
                furthest = furthest.max(difference(&answer.prices, &naive.prices));
            }
        }
    }

    let per_scenario = time.clock.as_secs_f64() / scenarios as f64;
    let iterations = iterations as f64 / scenarios as f64;
    let alone = |spent: Spent, scenarios: u64| {
        let processor = spent.processor.filter(|&time| time > SHORTEST)?;
        Some(processor.as_secs_f64() * 1e6 / (scenarios as f64 * threads as f64))
    };
    let (processor, naive_processor) = (alone(time, scenarios), alone(naive, naive_scenarios));
    let naive = Naive::new(naive.clock, naive_scenarios, naive_iterations, entries);
    Batch {
        size: size.name(),
        entries,
        scenarios,
        threads,
        tolerance: BATCH_TOLERANCE,
        certified,
        microseconds_per_scenario: per_scenario * 1e6,
        processor_microseconds_per_scenario: processor,
        iterations,
        nanoseconds_per_entry_and_iteration: per_scenario * 1e9 / (entries as f64 * iterations),
        nanoseconds_per_entry_and_naive_iteration: per_scenario * 1e9 / (entries as f64 * naive.iterations),
        naive_scenarios,
        naive_processor_microseconds_per_scenario: naive_processor,
        processor_naive_over_batch: naive_processor.zip(processor).map(|(naive, ours)| naive / ours),
        naive_over_batch: naive.milliseconds * 1e-3 / per_scenario,
        naive,
        difference: furthest,
    }
}

/// The naive engine on the first scenarios, a share of them to each thread; each thread has a system of its own.
fn naive_batch(workload: &Workload, scenarios: u64, threads: usize) -> (Spent, Vec<LargeAnswer>) {
    let prices: Vec<Vec<f64>> = (0..scenarios)
        .map(|scenario| workload.shock(scenario).prices_after(workload.system()))
        .collect();
    let system = workload.naive(&workload.average_shock());
    let mut shares: Vec<(LargeSystem, &[Vec<f64>])> = prices
        .chunks(prices.len().div_ceil(threads))
        .map(|share| (system.clone(), share))
        .collect();
    once(|| {
        shares
            .par_iter_mut()
            .flat_map_iter(|(system, share)| {
                share.iter().map(|prices| {
                    system.shocked_prices.clone_from(prices);
                    large::solve(system, BATCH_TOLERANCE, ITERATION_LIMIT)
                })
            })
            .collect()
    })
}
