//! The scenario file and the folder of its tables: what may be opened, and from where.

use crate::catalogue::Code;
use crate::limits::Limits;
use crate::problem::{Diagnostics, Problem};
use crate::scenario::Read;
use crate::source::Folder;
use crate::tables::encoding::foreign;
use std::fs::File;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

/// Reads the text of a scenario file, up to the limit.
pub(crate) fn read_text(path: &Path, file: &str, limits: &Limits) -> Result<String, Box<Problem>> {
    let unreadable = |message: String| {
        let hint = "give the path of a scenario file; `delever init` writes one";
        Box::new(Problem::new(Code::ScenarioUnreadable, file, message).with_hint(hint))
    };
    let failed = |error: std::io::Error| unreadable(format!("{}: {error}", path.display()));
    let limit = limits.bytes / 100;
    // Looked at before it is opened: opening a pipe may wait forever.
    if !path.metadata().map_err(failed)?.is_file() {
        return Err(unreadable(format!("{} is not a file", path.display())));
    }
    let mut bytes = Vec::new();
    File::open(path)
        .map_err(failed)?
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > limit {
        let message = format!("the limit of a scenario file is {limit} bytes");
        return Err(Box::new(Problem::new(Code::TooManyBytes, file, message)));
    }
    if let Some(foreign) = foreign(&bytes) {
        let message = format!("{} is {}, not UTF-8 text", path.display(), foreign.what);
        let problem = Problem::new(Code::ScenarioUnreadable, file, message);
        return Err(Box::new(problem.with_hint("save the scenario as UTF-8 text")));
    }
    String::from_utf8(bytes).map_err(|_| unreadable(format!("{} is not UTF-8 text", path.display())))
}

/// The folder of the tables; `None`: what is wrong is reported.
pub(crate) fn open_folder(
    path: &Path,
    file: &str,
    read: &Read,
    allow_outside: bool,
    diagnostics: &mut Diagnostics,
) -> Option<Folder> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
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
    let root = parent.canonicalize().unwrap_or(parent);
    if !canonical.starts_with(&root) {
        diagnostics.push(outside());
        return None;
    }
    Some(Folder::within(folder, root))
}
