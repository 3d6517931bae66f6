//! Checks of the workspace: `cargo xtask layout` and `cargo xtask features`.

mod features;
mod layout;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."));
    let task = std::env::args().nth(1).unwrap_or_default();
    let problems = match task.as_str() {
        "layout" => layout::check(root),
        "features" => features::check(root),
        other => {
            eprintln!("no task `{other}`; tasks are: layout, features");
            return ExitCode::from(2);
        }
    };
    for problem in &problems {
        eprintln!("{problem}");
    }
    if problems.is_empty() {
        println!("{task}: all rules hold");
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
