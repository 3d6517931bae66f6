//! The scenario file and the folder of its tables: what may be opened, and from where.

use crate::catalogue::Code;
use crate::limits::Limits;
use crate::problem::{Diagnostics, Problem};
use crate::scenario;
use crate::source::Folder;
use crate::tables::encoding::foreign;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path};

/// Reads the text of a scenario file, up to the limit.
pub(crate) fn read_text(path: &Path, file: &str, limits: &Limits) -> Result<String, Diagnostics> {
    let failed = |error: io::Error| unreadable(file, format!("{}: {error}", path.display()));
    // Looked at before it is opened: opening a pipe may wait forever.
    if !path.metadata().map_err(failed)?.is_file() {
        return Err(unreadable(file, format!("{} is not a file", path.display())));
    }
    read_scenario_text(File::open(path).map_err(failed)?, file, limits)
}

/// Reads the text of a scenario from anywhere, up to the limit of a scenario file. `file` names it in the problem.
pub fn read_scenario_text(content: impl Read, file: &str, limits: &Limits) -> Result<String, Diagnostics> {
    let limit = limits.bytes / 100;
    let mut bytes = Vec::new();
    content
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(file, format!("{file}: {error}")))?;
    if bytes.len() as u64 > limit {
        let message = format!("the limit of a scenario file is {limit} bytes");
        return Err(Problem::new(Code::TooManyBytes, file, message).into());
    }
    if let Some(foreign) = foreign(&bytes) {
        let message = format!("{file} is {}, not UTF-8 text", foreign.what);
        let problem = Problem::new(Code::ScenarioUnreadable, file, message);
        return Err(problem.with_hint("save the scenario as UTF-8 text").into());
    }
    String::from_utf8(bytes).map_err(|_| unreadable(file, format!("{file} is not UTF-8 text")))
}

fn unreadable(file: &str, message: String) -> Diagnostics {
    let hint = "give the path of a scenario file; `delever init` writes one";
    let problem = Problem::new(Code::ScenarioUnreadable, file, message);
    problem.with_hint(hint).into()
}

/// The folder of the tables of a scenario that stands in the folder `parent`; `None`: what is wrong is reported.
pub(crate) fn open_folder(
    parent: &Path,
    file: &str,
    read: &scenario::Read,
    allow_outside: bool,
    diagnostics: &mut Diagnostics,
) -> Option<Folder> {
    let dir = Path::new(&read.scenario.dir);
    let problem = |code, message: String| {
        Problem::new(code, file, message)
            .at_row(read.lines.line("data.dir"))
            .in_column("data.dir")
            .with_cell(&read.scenario.dir)
    };
    let outside = || {
        problem(
            Code::PathOutside,
            "the folder lies outside the scenario's folder".to_owned(),
        )
        .with_hint("move the tables below the scenario file, or allow it with --allow-outside")
    };
    let leaves = dir.is_absolute()
        || dir
            .components()
            .any(|part| matches!(part, Component::ParentDir | Component::Prefix(_)));
    if leaves && !allow_outside {
        diagnostics.push(outside());
        return None;
    }
    let folder = parent.join(dir);
    let canonical = match folder.canonicalize() {
        Ok(canonical) if canonical.is_dir() => canonical,
        Ok(_) => {
            diagnostics.push(problem(
                Code::FolderMissing,
                format!("{} is not a folder", folder.display()),
            ));
            return None;
        }
        Err(error) => {
            diagnostics.push(problem(
                Code::FolderMissing,
                format!("{}: {error}", folder.display()),
            ));
            return None;
        }
    };
    if allow_outside {
        return Some(Folder::new(folder));
    }
    let root = parent.canonicalize().unwrap_or_else(|_| parent.to_owned());
    if !canonical.starts_with(&root) {
        diagnostics.push(outside());
        return None;
    }
    Some(Folder::within(folder, root))
}
