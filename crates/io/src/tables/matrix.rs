//! Matrices in the place of lists: a header row of ids, and a row of amounts for each id in the first column.

use super::cells::{amount, number_is_zero};
use super::header::Columns;
use super::names::Names;
use super::reader::Table;
use crate::catalogue::Code;
use crate::problem::{Diagnostics, Problem};
use delever_core::nearest_name;
use std::collections::BTreeMap;

/// How a matrix is read.
pub(super) struct Meaning {
    /// What a row stands for, such as `institution`.
    pub row: &'static str,
    /// Said to the user: what an amount in a cell means.
    pub told: &'static str,
    pub negative_hint: &'static str,
}

/// Whether a header names ids from its second column on, and no columns of a list.
pub(super) fn is_matrix(table: &Table<'_>, columns: &Columns<'_>, ids: &Names) -> bool {
    let [corner, names @ ..] = table.header() else {
        return false;
    };
    let mut names = names.iter().filter(|name| !name.is_empty()).peekable();
    if names.peek().is_none() || names.clone().any(|name| columns.knows(name)) {
        return false;
    }
    // Where the ids are not known for sure, or all are misspelt, a header that is near no list's is a matrix's.
    let near_a_list = |name: &str| nearest_name(name, columns.known()).is_some();
    names.clone().any(|name| ids.get(name).is_some())
        || (corner.is_empty() || !ids.is_complete()) && !names.any(|name| near_a_list(name))
}

/// Reports a matrix whose first column holds amounts and no ids: its header begins with an id that stands nowhere else in it.
pub(super) fn lacks_labels(table: &Table<'_>, ids: &Names, diagnostics: &mut Diagnostics) -> bool {
    let [corner, names @ ..] = table.header() else {
        return false;
    };
    let lacks = ids.get(corner).is_some() && !names.contains(corner);
    if lacks {
        let message = "a matrix, and its first column does not say what the rows are";
        diagnostics.push(
            Problem::new(Code::MissingColumn, table.file(), message)
                .at_row(table.header_line())
                .in_column(corner)
                .with_hint("put a column with the id of each row in front; its first cell may be blank"),
        );
    }
    lacks
}

/// Reads the amounts of a matrix that are not 0: `receive(table, row, column, place, amount)` by order of appearance.
pub(super) fn read(
    table: &mut Table<'_>,
    columns: &[(usize, u32)],
    mut rows: impl FnMut(&Table<'_>, &mut Diagnostics) -> Option<u32>,
    meaning: &Meaning,
    diagnostics: &mut Diagnostics,
    mut receive: impl FnMut(&Table<'_>, u32, u32, usize, f64, &mut Diagnostics),
) {
    let message = format!("a matrix, read as a list: {}", meaning.told);
    diagnostics.push(Problem::new(Code::MatrixRead, table.file(), message).at_row(table.header_line()));
    let mut first_lines: BTreeMap<u32, u64> = BTreeMap::new();
    while table.advance(diagnostics) {
        let row = rows(table, diagnostics);
        if let Some(row) = row {
            let line = table.line();
            let first = *first_lines.entry(row).or_insert(line);
            if first != line {
                let message = format!("the {} stands first at line {first}", meaning.row);
                let problem = table.problem(Code::DuplicateId, Some(0), message);
                diagnostics.push(problem.with_hint("a matrix has one row for each id"));
                continue;
            }
        }
        for &(place, column) in columns {
            if number_is_zero(table.cell(Some(place))) {
                continue;
            }
            let amount = amount(table, Some(place), meaning.negative_hint, diagnostics);
            if let (Some(row), Some(amount)) = (row, amount) {
                receive(table, row, column, place, amount, diagnostics);
            }
        }
    }
}
