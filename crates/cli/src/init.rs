//! `delever init`.

use crate::arguments::InitOptions;
use crate::{Exit, output};
use delever::io::generate::Generator;
use std::path::PathBuf;

/// The scenario beside its tables.
const SCENARIO: &str = "scenario.toml";

/// Writes a commented scenario and its tables.
pub(crate) fn init(options: &InitOptions) -> Exit {
    let generator = Generator {
        seed: options.seed,
        institutions: options.institutions,
        assets: options.assets,
        ..Generator::default()
    };
    let system = match generator.generate() {
        Ok(system) => system,
        Err(error) => {
            eprintln!("{error}");
            return Exit::Usage;
        }
    };
    let tables = system.to_csv();
    let mut files: Vec<(&str, String)> = tables
        .iter()
        .map(|(name, content)| (name.as_str(), content.clone()))
        .collect();
    files.push((SCENARIO, system.scenario_toml()));
    let paths: Vec<PathBuf> = files.iter().map(|(name, _)| options.folder.join(name)).collect();
    // A link that leads nowhere is there too: what it leads to would be written.
    let there: Vec<String> = paths
        .iter()
        .filter(|path| path.symlink_metadata().is_ok())
        .map(|path| path.display().to_string())
        .collect();
    if !there.is_empty() && !options.force {
        eprintln!("already there: {}", there.join(", "));
        eprintln!("choose another folder, or replace them with --force");
        return Exit::Usage;
    }
    let written = output::deliver_folder(&files, &options.folder);
    if written != Exit::Done {
        return written;
    }
    let mut lines: Vec<String> = paths
        .iter()
        .map(|path| format!("wrote {}\n", path.display()))
        .collect();
    let scenario = options.folder.join(SCENARIO);
    lines.push(format!("next: delever run {}\n", scenario.display()));
    output::print(&lines.concat())
}
