//! Checks of the workspace: `cargo xtask layout`, `cargo xtask features`, `cargo xtask instructions`, `cargo xtask soak`;
//! measurements: `cargo xtask bench-report`.

mod bench_report;
mod features;
mod instructions;
mod layout;
mod soak;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."));
    let mut arguments = std::env::args().skip(1);
    let task = arguments.next().unwrap_or_default();
    let arguments: Vec<String> = arguments.collect();
    let problems = match task.as_str() {
        "layout" => layout::check(root),
        "features" => features::check(root),
        "instructions" => instructions::run(root, &arguments),
        "soak" => soak::run(root, &arguments),
        "bench-report" => bench_report::run(root, &arguments),
        other => {
            eprintln!("no task `{other}`; tasks are: layout, features, instructions, soak, bench-report");
            return ExitCode::from(2);
        }
    };
    for problem in &problems {
        eprintln!("{problem}");
    }
    if problems.is_empty() {
        println!("{task}: no problems");
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
