//! One binary for all integration tests: published cases, laws, hostile input, the program.

mod literature;
mod scenario_files;
