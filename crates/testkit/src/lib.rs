//! What tests and benchmarks share: reference engines, generators, published cases.
//!
//! | module | what |
//! |---|---|
//! | [`case`] | small systems, written densely, from which every engine gets its input |
//! | [`strategies`] | random cases that shrink |
//! | [`exact`] | proved bounds of the true equilibria, in exact and high-precision arithmetic |
//! | [`naive`] | the textbook formulas in plain doubles, by plain iteration |
//! | [`published`] | published cases from this project's own files |
//! | [`mod@reference`] | larger cases of a folder beside the project |
//! | [`laws`] | how many cases a law draws, from which seed, and where failures are kept |

// Panics are how test code says that its own premises are broken.
#![allow(clippy::unwrap_used)]

pub mod case;
pub mod exact;
pub mod laws;
pub mod naive;
pub mod published;
pub mod reference;
pub mod strategies;
