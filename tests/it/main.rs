//! One binary for all integration tests: published cases, laws, hostile input, the program.

mod laws;
mod literature;
