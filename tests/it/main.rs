//! One binary for all integration tests: published cases, laws, hostile input, the program.

mod agreement;
mod laws;
mod literature;
mod same_bits;
mod scenario_files;
