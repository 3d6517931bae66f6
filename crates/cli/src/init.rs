//! `delever init`.

use crate::arguments::InitOptions;
use crate::{Exit, output};
use delever::io::generate::Generator;
use std::path::PathBuf;

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
    let mut files: Vec<(PathBuf, String)> = system
        .to_csv()
        .into_iter()
        .map(|(name, content)| (options.folder.join(name), content))
        .collect();
    let scenario = options.folder.join("scenario.toml");
    files.push((scenario.clone(), system.scenario_toml()));
    let there: Vec<String> = files
        .iter()
        .filter(|(path, _)| path.exists())
        .map(|(path, _)| path.display().to_string())
        .collect();
    if !there.is_empty() && !options.force {
        eprintln!("already there: {}", there.join(", "));
        eprintln!("choose another folder, or replace them with --force");
        return Exit::Usage;
    }
    let written = std::fs::create_dir_all(&options.folder).and_then(|()| {
        files
            .iter()
            .try_for_each(|(path, content)| output::write_file(path, content))
    });
    if let Err(error) = written {
        eprintln!("{} could not be written: {error}", options.folder.display());
        return Exit::NotWritten;
    }
    let mut lines: Vec<String> = files
        .iter()
        .map(|(path, _)| format!("wrote {}\n", path.display()))
        .collect();
    lines.push(format!("next: delever run {}\n", scenario.display()));
    output::print(&lines.concat())
}
