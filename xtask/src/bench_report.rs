//! Runs the report of the benchmarks in release mode.

use std::path::Path;
use std::process::Command;

/// Builds the report's program and runs it with these arguments; returns what failed.
pub fn run(root: &Path, arguments: &[String]) -> Vec<String> {
    let status = Command::new("cargo")
        .current_dir(root)
        .args(["run", "--release", "--locked", "--quiet"])
        .args(["--package", "delever-benches", "--bin", "bench-report", "--"])
        .args(arguments)
        .status();
    match status {
        Ok(status) if status.success() => Vec::new(),
        Ok(status) => vec![format!("the report ended with {status}")],
        Err(error) => vec![format!("cargo did not start: {error}")],
    }
}
