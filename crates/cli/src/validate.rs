//! `delever validate`, and how every command reports problems.

use crate::Exit;
use crate::arguments::{Format, ScenarioOptions};
use crate::input::open;
use crate::numbers::counted;
use crate::output;
use delever::io::{Diagnostics, Layout, Problem, Severity, json_string};

/// Reports problems: as text on standard error, or as data on standard output.
pub(crate) fn refuse(problems: &Diagnostics, format: Format) -> Exit {
    match format {
        Format::Table | Format::Csv => {
            // Which columns nobody reads does not matter until the errors are mended.
            warn(problems, Severity::Warning);
            let errors = counted(problems.error_count(), "error");
            eprintln!("{errors}; `delever explain CODE` tells more about a code");
            Exit::InvalidInput
        }
        Format::Json => {
            let warnings: Vec<&Problem> = problems
                .iter()
                .filter(|problem| problem.severity < Severity::Error)
                .collect();
            let report = serde_json::json!({
                "version": 1, "valid": false, "warnings": warnings, "problems": problems,
            });
            match output::print(&format!("{}\n", json_string(&report, Layout::Pretty))) {
                Exit::Done => Exit::InvalidInput,
                failed => failed,
            }
        }
    }
}

/// Shows problems on standard error, from a severity on.
pub(crate) fn warn(found: &Diagnostics, least: Severity) {
    for block in found.blocks(least) {
        let text = visible_lines(&block);
        // A note in one line stands close to the next.
        let gap = if text.contains('\n') { "\n" } else { "" };
        eprintln!("{text}{gap}");
    }
}

/// Says that a command has no CSV output.
pub(crate) fn no_csv(command: &str) -> Exit {
    eprintln!("`{command}` prints tables for people or --format json; `run` and `sweep` write CSV");
    Exit::Usage
}

fn visible_lines(text: &str) -> String {
    text.lines().map(output::visible).collect::<Vec<_>>().join("\n")
}

/// Checks a scenario and its tables, models included.
pub(crate) fn validate(options: &ScenarioOptions) -> Exit {
    if options.format == Format::Csv {
        return no_csv("validate");
    }
    let registry = delever::registry();
    let loaded = match open(options, &registry) {
        Ok(loaded) => loaded,
        Err(problems) => return refuse(&problems, options.format),
    };
    if let Err(problems) = loaded.cascade(&registry) {
        return refuse(&problems, options.format);
    }
    let (system, graph) = (&loaded.system, &loaded.graph);
    let debts: usize = graph.debts().iter().map(|(_, layer)| layer.entry_count()).sum();
    warn(&loaded.warnings, Severity::Note);
    if options.format == Format::Json {
        let report = serde_json::json!({
            "version": 1, "valid": true, "warnings": loaded.warnings, "problems": loaded.warnings,
        });
        return output::print(&format!("{}\n", json_string(&report, Layout::Pretty)));
    }
    let parts = [
        counted(system.institution_count(), "institution"),
        counted(system.asset_count(), "asset"),
        counted(system.holdings().entry_count(), "holding"),
        counted(debts, "debt"),
        counted(graph.shareholdings().entry_count(), "shareholding"),
    ];
    output::print(&format!("valid: {}\n", parts.join(", ")))
}
