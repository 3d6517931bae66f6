//! `delever validate`, and how every command opens a scenario.

use crate::Exit;
use crate::arguments::{Format, ScenarioOptions};
use crate::output;
use delever::core::Registry;
use delever::io::{Diagnostics, LoadOptions, Loaded, Severity, Tables, load, load_from};

/// Loads the scenario that the options name.
pub(crate) fn open(options: &ScenarioOptions, registry: &Registry) -> Result<Loaded, Diagnostics> {
    let load_options = LoadOptions {
        allow_outside: options.allow_outside,
        overrides: options.set.clone(),
        varied: options.varied.clone(),
        ..LoadOptions::default()
    };
    if let Some(path) = &options.scenario {
        return load(path, registry, &load_options);
    }
    let (scenario, tables) = demo();
    load_from(&tables, "demo/scenario.toml", &scenario, registry, &load_options)
}

/// The embedded scenario: what `delever init` writes with its defaults.
fn demo() -> (String, Tables) {
    let generated = delever::io::generate::Generator::default().generate();
    let mut tables = Tables::new();
    let mut scenario = String::new();
    if let Ok(system) = generated {
        for (file, content) in system.to_csv() {
            tables = tables.with(file, content);
        }
        scenario = system.scenario_toml();
    }
    (scenario, tables)
}

/// Reports problems: as text on standard error, or as data on standard output.
pub(crate) fn refuse(problems: &Diagnostics, format: Format) -> Exit {
    match format {
        Format::Table => {
            // Which columns nobody reads does not matter until the errors are mended.
            warn(problems, Severity::Warning);
            let errors = problems.error_count();
            let plural = if errors == 1 { "" } else { "s" };
            eprintln!("{errors} error{plural}; `delever explain CODE` tells more about a code");
            Exit::InvalidInput
        }
        Format::Json => {
            let report = serde_json::json!({"version": 1, "valid": false, "problems": problems});
            match output::print(&format!(
                "{}\n",
                delever::io::json_string(&report, delever::io::Layout::Pretty)
            )) {
                Exit::Done => Exit::InvalidInput,
                failed => failed,
            }
        }
    }
}

/// Shows what was accepted with doubts on standard error; notes too, where they are asked for.
pub(crate) fn warn(found: &Diagnostics, least: Severity) {
    for block in found.blocks(least) {
        eprintln!("{}\n", visible_lines(&block));
    }
}

fn visible_lines(text: &str) -> String {
    text.lines().map(output::visible).collect::<Vec<_>>().join("\n")
}

/// Checks a scenario and its tables, models included.
pub(crate) fn validate(options: &ScenarioOptions) -> Exit {
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
    match options.format {
        Format::Table => {
            warn(&loaded.warnings, Severity::Note);
            output::print(&format!(
                "valid: {} institutions, {} assets, {} holdings, {debts} debts, {} shareholdings\n",
                system.institution_count(),
                system.asset_count(),
                system.holdings().entry_count(),
                graph.shareholdings().entry_count(),
            ))
        }
        Format::Json => {
            let report = serde_json::json!({"version": 1, "valid": true, "problems": loaded.warnings});
            output::print(&format!(
                "{}\n",
                delever::io::json_string(&report, delever::io::Layout::Pretty)
            ))
        }
    }
}
