//! How fast the machine reads memory.

use super::Effort;
use super::timing::fastest;
use rayon::prelude::*;
use serde::Serialize;
use std::time::Duration;

/// Words of the large array: 512 MiB, beyond every cache.
const WORDS: usize = 64 << 20;

/// Bytes a second that are read from a large array.
#[derive(Clone, Debug, Serialize)]
pub struct Bandwidth {
    /// Size of the array, bytes.
    pub array_bytes: usize,
    /// On one thread.
    pub one_thread: f64,
    /// On as many threads as the engine has.
    pub all_threads: f64,
}

/// Measures it: the sum of all words, which takes as long as reading them.
pub fn bandwidth(effort: &Effort, threads: usize) -> Bandwidth {
    let words = vec![1_u64; WORDS];
    let array_bytes = size_of_val(&words[..]);
    let rate = |threads| array_bytes as f64 / read(&words, threads, effort).as_secs_f64();
    Bandwidth {
        array_bytes,
        one_thread: rate(1),
        all_threads: rate(threads),
    }
}

/// Time to read so many bytes over and over, from whatever cache they fit into.
pub(super) fn reading_time(bytes: usize, threads: usize, effort: &Effort) -> Duration {
    let words = vec![1_u64; bytes.div_ceil(size_of::<u64>())];
    read(&words, threads, effort)
}

fn read(words: &[u64], threads: usize, effort: &Effort) -> Duration {
    fastest(effort, || {
        if threads == 1 {
            sum(words)
        } else {
            words.par_chunks(words.len().div_ceil(threads)).map(sum).sum()
        }
    })
}

fn sum(words: &[u64]) -> u64 {
    let mut sums = [0_u64; 16];
    let (chunks, rest) = words.as_chunks::<16>();
    for chunk in chunks {
        for (sum, word) in sums.iter_mut().zip(chunk) {
            *sum = sum.wrapping_add(*word);
        }
    }
    sums.into_iter()
        .chain(rest.iter().copied())
        .fold(0, u64::wrapping_add)
}
