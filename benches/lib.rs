//! Benchmarks of the workspace; see `cascade.rs`.
