//! The report: every figure of one run, measured on one machine in one go, so that their ratios mean something.
//!
//! Times are the fastest of several repetitions, batches and the naive engine's batches the one time that they ran.

mod bandwidth;
mod batch;
mod goals;
mod machine;
mod memory;
mod near_tipping;
mod single;
mod table;
mod timing;

pub use bandwidth::{Bandwidth, bandwidth};
pub use batch::{Batch, batch};
pub use goals::{Goal, goals};
pub use machine::Machine;
pub use memory::{MEMORY_FLAG, Memory, memory, memory_of_child};
pub use near_tipping::{NearTipping, near_tipping};
pub use single::{Naive, Single, single};
pub use table::print;

use crate::workload::{Size, Workload};
use serde::Serialize;
use std::time::Duration;

/// How much time is spent on a figure.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Fewest repetitions.
    pub repetitions: u32,
    /// Repetitions go on for so long.
    pub time: Duration,
    /// Scenarios of the batches on M and S.
    pub scenarios: (u64, u64),
    /// Scenarios of the naive engine's batches on M and S.
    pub naive_scenarios: (u64, u64),
}

impl Effort {
    /// For figures to be quoted.
    pub const FULL: Self = Self {
        repetitions: 5,
        time: Duration::from_secs(1),
        scenarios: (10_000, 100_000),
        naive_scenarios: (2_000, 20_000),
    };
    /// For a look.
    pub const QUICK: Self = Self {
        repetitions: 2,
        time: Duration::from_millis(100),
        scenarios: (500, 5_000),
        naive_scenarios: (200, 2_000),
    };
}

/// All that was measured. Parts that were not asked for are empty.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Whether it was a quick run.
    pub quick: bool,
    /// Threads of the engine.
    pub threads: usize,
    /// Where it was measured.
    pub machine: Machine,
    /// How fast the machine reads memory.
    pub bandwidth: Option<Bandwidth>,
    /// One solve of each size.
    pub single: Vec<Single>,
    /// Batches.
    pub batch: Vec<Batch>,
    /// Systems beside the point of collapse.
    pub near_tipping: Vec<NearTipping>,
    /// Peak memory of one solve of each size.
    pub memory: Vec<Memory>,
    /// Figures beside their goals.
    pub goals: Vec<Goal>,
}

/// Measures what `wanted` names: `bandwidth`, `solve-S` to `solve-X`, `batch-M`, `batch-S`, `tipping`, `memory-S` to `memory-X`.
/// `progress` is told each part as it begins.
///
/// Bandwidth is always measured where a solve is, which is set in relation to it.
pub fn report(
    effort: &Effort,
    threads: usize,
    wanted: impl Fn(&str) -> bool,
    mut progress: impl FnMut(&str),
) -> Report {
    let mut begin = |part: String| {
        let begins = wanted(&part);
        if begins {
            progress(&part);
        }
        begins
    };
    let mut report = Report {
        threads,
        machine: Machine::this(),
        ..Report::default()
    };
    let solves: Vec<bool> = Size::ALL
        .iter()
        .map(|size| wanted(&format!("solve-{}", size.name())))
        .collect();
    if begin("bandwidth".into()) || solves.contains(&true) {
        report.bandwidth = Some(bandwidth(effort, threads));
    }
    for size in Size::ALL {
        let name = size.name();
        let measured = if begin(format!("solve-{name}")) {
            report.bandwidth.as_ref()
        } else {
            None
        };
        let batched = matches!(size, Size::S | Size::M) && begin(format!("batch-{name}"));
        if measured.is_some() || batched {
            let workload = Workload::new(size);
            let cascade = workload.cascade();
            if let Some(bandwidth) = measured {
                report
                    .single
                    .push(single(&workload, &cascade, effort, threads, bandwidth));
            }
            if batched {
                report.batch.push(batch(&workload, &cascade, effort, threads));
            }
        }
    }
    if begin("tipping".into()) {
        report.near_tipping = near_tipping(effort);
    }
    for size in Size::ALL {
        if begin(format!("memory-{}", size.name())) {
            report.memory.push(memory_of_child(size));
        }
    }
    report.goals = goals(&report);
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    const GLANCE: Effort = Effort {
        repetitions: 1,
        time: Duration::ZERO,
        scenarios: (64, 64),
        naive_scenarios: (64, 64),
    };

    #[test]
    fn a_report_measures_what_is_asked_for_and_agrees_with_the_naive_engine() {
        let report = report(&GLANCE, 1, |part| part == "solve-S" || part == "batch-S", |_| {});
        let [one] = &report.single[..] else {
            panic!("{:?}", report.single);
        };
        assert_eq!(one.status, "Certified");
        assert!(one.difference < 1e-10, "{}", one.difference);
        assert!(one.passes > one.iterations, "the proof takes passes too");
        let [batch] = &report.batch[..] else {
            panic!("{:?}", report.batch);
        };
        assert_eq!((batch.scenarios, batch.certified), (64, 64));
        assert!(batch.difference < 1e-8, "{}", batch.difference);
        assert!(report.memory.is_empty() && report.near_tipping.is_empty());
        assert!(report.bandwidth.is_some());
    }

    #[test]
    fn memory_is_measured_or_said_not_to_be() {
        let memory = memory(Size::S);
        assert_eq!(memory.entries, 850);
        let measured = memory.unavailable.is_none();
        let possible = std::fs::write("/proc/self/clear_refs", "5").is_ok();
        assert_eq!(measured, possible, "{memory:?}");
    }
}
