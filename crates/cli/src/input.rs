//! Where a scenario comes from: a file, standard input, or the program itself.

use crate::arguments::ScenarioOptions;
use delever::core::Registry;
use delever::io::{
    Code, Diagnostics, LoadOptions, Loaded, Tables, load, load_from, load_text, read_scenario_text,
};
use std::path::{Path, PathBuf};

/// The name of standard input in problems.
const STANDARD_INPUT: &str = "standard input";

/// A scenario that can be loaded again and again, each time with other overrides.
pub(crate) struct Input {
    source: Source,
    options: LoadOptions,
}

enum Source {
    File(PathBuf),
    /// Standard input, which can be read once only.
    Text(String),
    Demo(String, Tables),
}

impl Input {
    /// What the options name. Standard input is read here.
    pub fn of(options: &ScenarioOptions) -> Result<Self, Diagnostics> {
        let load_options = LoadOptions {
            allow_outside: options.allow_outside,
            overrides: options.set.clone(),
            ..LoadOptions::default()
        };
        let source = match &options.scenario {
            Some(path) if path == Path::new("-") => {
                let content = std::io::stdin().lock();
                Source::Text(read_scenario_text(content, STANDARD_INPUT, &load_options.limits)?)
            }
            Some(path) => Source::File(path.clone()),
            None => demo(),
        };
        Ok(Self {
            source,
            options: load_options,
        })
    }

    /// Loads it, at one value of a sweep where there is one.
    pub fn load(&self, registry: &Registry, varied: Option<String>) -> Result<Loaded, Diagnostics> {
        let options = LoadOptions {
            varied,
            ..self.options.clone()
        };
        match &self.source {
            Source::File(path) => load(path, registry, &options),
            Source::Text(text) => load_text(STANDARD_INPUT, text, Path::new("."), registry, &options),
            Source::Demo(scenario, tables) => {
                let mut loaded = load_from(tables, "demo/scenario.toml", scenario, registry, &options)?;
                // The embedded tables serve every model on purpose; columns for others are nothing to note.
                loaded.warnings = loaded.warnings.without(Code::UnusedColumn);
                Ok(loaded)
            }
        }
    }
}

/// Loads the scenario that the options name.
pub(crate) fn open(options: &ScenarioOptions, registry: &Registry) -> Result<Loaded, Diagnostics> {
    Input::of(options)?.load(registry, None)
}

/// The embedded scenario: what `delever init` writes with its defaults.
fn demo() -> Source {
    let generated = delever::io::generate::Generator::default().generate();
    let mut tables = Tables::new();
    let mut scenario = String::new();
    if let Ok(system) = generated {
        for (file, content) in system.to_csv() {
            tables = tables.with(file, content);
        }
        scenario = system.scenario_toml();
    }
    Source::Demo(scenario, tables)
}
