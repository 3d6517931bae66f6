//! What the benchmarks measure: one seeded banking system in four sizes, with its shocks, for this engine and the naive one.
//!
//! The criterion groups beside this library, the report (`cargo xtask bench-report`) and the instruction counts
//! (`cargo xtask instructions`) all take their input from [`workload`].

pub mod draws;
pub mod workload;
