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

/// Time of one run.
pub(super) fn once<R>(work: impl FnOnce() -> R) -> (Duration, R) {
    let start = Instant::now();
    let done = work();
    (start.elapsed(), done)
}
