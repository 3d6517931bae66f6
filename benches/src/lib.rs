//! What the benchmarks measure, and how: one seeded banking system in four sizes, for this engine and the naive one.
//!
//! The criterion groups beside this library, the report (`cargo xtask bench-report`) and the instruction counts
//! (`cargo xtask instructions`) all take their input from [`workload`] and [`tipping`].

pub mod draws;
pub mod engine;
pub mod report;
pub mod tipping;
pub mod workload;
