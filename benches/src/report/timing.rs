//! Repetition of what is measured.

use super::Effort;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// The fastest of several repetitions: what others do on the machine only ever adds.
pub(super) fn fastest<R>(effort: &Effort, mut work: impl FnMut() -> R) -> Duration {
    let begun = Instant::now();
    let mut best = Duration::MAX;
    let mut repetitions = 0;
    while repetitions < effort.repetitions || begun.elapsed() < effort.time {
        let start = Instant::now();
        black_box(work());
        best = best.min(start.elapsed());
        repetitions += 1;
    }
    best
}

/// What a run took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spent {
    /// On the clock.
    pub clock: Duration,
    /// Of processors, all threads together; `None` where the system does not tell it.
    pub processor: Option<Duration>,
}

impl Spent {
    /// No time at all.
    pub fn nothing() -> Self {
        Self {
            clock: Duration::ZERO,
            processor: Some(Duration::ZERO),
        }
    }

    /// Adds what another run took.
    pub fn add(&mut self, other: Self) {
        self.clock += other.clock;
        self.processor = self.processor.zip(other.processor).map(|(sum, more)| sum + more);
    }
}

/// Runs something once.
pub(super) fn once<R>(work: impl FnOnce() -> R) -> (Spent, R) {
    let (before, start) = (processor_time(), Instant::now());
    let done = work();
    let clock = start.elapsed();
    let processor = processor_time().zip(before);
    let processor = processor.map(|(after, before)| after.saturating_sub(before));
    (Spent { clock, processor }, done)
}

/// Processor time of this process and all its threads so far, where the system tells it.
///
/// Unlike time on the clock it does not grow while others have the processor.
fn processor_time() -> Option<Duration> {
    let mut nanoseconds = 0;
    for task in std::fs::read_dir("/proc/self/task").ok()? {
        let schedule = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        nanoseconds += schedule.split_whitespace().next()?.parse::<u64>().ok()?;
    }
    Some(Duration::from_nanos(nanoseconds))
}
