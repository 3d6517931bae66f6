//! Files of a model's own tables, which parameters name.

use super::LoadOptions;
use crate::catalogue::Code;
use crate::models::ParameterSources;
use crate::problem::{Diagnostics, Problem};
use crate::source::TableSource;
use delever_core::TableShape;
use std::path::{Component, Path};

/// The file that a parameter names, if it may be read and is there; else its problem is reported.
pub(super) fn find_declared<'f>(
    source: &dyn TableSource,
    table: &'f str,
    shape: &TableShape,
    sources: &ParameterSources,
    options: &LoadOptions,
    diagnostics: &mut Diagnostics,
) -> Option<&'f str> {
    let key = format!("impact.{}", shape.parameter);
    let (file, line) = sources.lines.locate(&key, &sources.scenario_file);
    let problem = |code, message: String| {
        Problem::new(code, file, message)
            .at_row(line)
            .in_column(&key)
            .with_cell(table)
    };
    let leaves = Path::new(table)
        .components()
        .any(|part| !matches!(part, Component::Normal(_) | Component::CurDir));
    let found = if leaves && !options.allow_outside {
        problem(
            Code::PathOutside,
            "the file lies outside the folder of the tables".to_owned(),
        )
        .with_hint("move it beside the tables, or allow it with --allow-outside")
    } else if table.ends_with(".parquet") {
        problem(Code::ParquetUnsupported, "Parquet is not read".to_owned())
            .with_hint("write the table as CSV")
    } else if table.is_empty() || !source.contains(table) {
        let columns: Vec<_> = shape.columns().collect();
        problem(Code::MissingTable, "there is no such file".to_owned()).with_hint(format!(
            "name a CSV file in the folder of the tables, with the columns {}",
            columns.join(", ")
        ))
    } else {
        return Some(table);
    };
    diagnostics.push(found);
    None
}
