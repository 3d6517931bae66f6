//! Each crate builds alone, with and without its default features, so that a user may depend on just one.

use std::path::Path;
use std::process::Command;

/// Checks every library and program of the workspace by itself; returns what failed.
pub fn check(root: &Path) -> Vec<String> {
    let mut problems = Vec::new();
    for package in crate::layout::packages(root) {
        for flags in [&["--no-default-features"][..], &["--all-features"]] {
            let status = Command::new("cargo")
                .current_dir(root)
                .args(["check", "--quiet", "--locked", "--package", &package.name])
                .args(flags)
                .status();
            match status {
                Ok(status) if status.success() => {}
                Ok(_) => problems.push(format!(
                    "{} does not build with {}",
                    package.name,
                    flags.join(" ")
                )),
                Err(error) => problems.push(format!("cargo did not start: {error}")),
            }
        }
    }
    problems
}
