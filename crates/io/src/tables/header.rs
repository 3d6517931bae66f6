//! The first line of a table: which columns it names, and what stands there instead.

use super::reader::Table;
use crate::catalogue::Code;
use crate::problem::{Diagnostics, Problem, shortened};
use delever_core::nearest_name;

/// The columns that a table may have.
pub(crate) struct Columns<'a> {
    pub required: &'a [&'static str],
    pub optional: &'a [&'static str],
    /// Parameters of models.
    pub parameters: &'a [&'static str],
}

impl Columns<'_> {
    pub fn known(&self) -> impl Iterator<Item = &'static str> {
        self.required
            .iter()
            .chain(self.optional)
            .chain(self.parameters)
            .copied()
    }

    /// Whether a column has that name.
    pub fn knows(&self, name: &str) -> bool {
        self.known().any(|known| known == name)
    }
}

/// Checks the header of a list; whether its rows can be read.
pub(super) fn check(table: &Table<'_>, columns: &Columns<'_>, diagnostics: &mut Diagnostics) -> bool {
    let header = table.header();
    let problem =
        |code, message: String| Problem::new(code, table.file(), message).at_row(table.header_line());
    if let Some(whole) = no_list(table, columns) {
        diagnostics.push(whole);
        return false;
    }
    // Needed columns that a misspelt one stands for: one cell, one message.
    let mut meant = Vec::new();
    for (place, name) in header.iter().enumerate() {
        if name.is_empty() || table.is_unreadable(place) {
            continue;
        }
        if header[..place].contains(name) {
            let message = format!("the column `{name}` is there twice");
            diagnostics.push(problem(Code::DuplicateColumn, message).in_column(name));
        } else if !columns.knows(name) {
            let nearest = nearest_name(name, columns.known());
            meant.extend(nearest);
            let shown = shortened(name);
            diagnostics.push(
                problem(Code::UnknownColumn, format!("no column is named `{shown}`"))
                    .in_column(shown)
                    .with_hint(match nearest {
                        Some(nearest) => format!("did you mean `{nearest}`?"),
                        None => format!(
                            "known columns are {}",
                            columns.known().collect::<Vec<_>>().join(", ")
                        ),
                    }),
            );
        }
    }
    let missing = columns
        .required
        .iter()
        .filter(|needed| table.place(needed).is_none());
    let mut complete = true;
    for &needed in missing {
        complete = false;
        if meant.contains(&needed) || (0..header.len()).any(|place| table.is_unreadable(place)) {
            continue;
        }
        diagnostics.push(
            problem(Code::MissingColumn, format!("the column `{needed}` is needed"))
                .in_column(needed)
                .with_hint("the first line names the columns"),
        );
    }
    complete
}

/// The one problem of a first line that is no header with commas.
fn no_list(table: &Table<'_>, columns: &Columns<'_>) -> Option<Problem> {
    let header = table.header();
    let problem = |message: String, hint: String| {
        let column = columns
            .required
            .iter()
            .rfind(|needed| table.place(needed).is_none());
        let problem = Problem::new(Code::MissingColumn, table.file(), message)
            .at_row(table.header_line())
            .with_hint(hint);
        match column {
            Some(column) => problem.in_column(*column),
            None => problem,
        }
    };
    let Some(first) = header.first() else {
        let names = columns.required.join(", ");
        let hint = format!("the first line names the columns; needed: {names}");
        return Some(problem("the table is empty".to_owned(), hint));
    };
    if first
        .get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case("sep="))
    {
        let also = if first[4..].is_empty() {
            ""
        } else {
            ", and separate columns by commas"
        };
        return Some(problem(
            format!(
                "the first line is `{}`, which is meant for spreadsheets, and not the header",
                shortened(first)
            ),
            format!("remove the line{also}"),
        ));
    }
    if header.iter().any(|name| columns.knows(name)) {
        return names_nothing_known(header, columns).then(|| no_columns(header, columns, problem));
    }
    let line = header.join(",");
    let separated = [(';', "semicolons"), ('\t', "tabs"), ('|', "vertical bars")]
        .into_iter()
        .find(|&(separator, _)| {
            line.contains(separator)
                && line
                    .split(separator)
                    .any(|name| columns.knows(name.trim().trim_matches('"')))
        })
        .map(|(_, name)| name);
    match separated {
        Some(name) => Some(problem(
            format!("the columns are separated by {name}"),
            format!("separate columns by commas, not by {name}, and write numbers with a decimal point"),
        )),
        None if names_nothing_known(header, columns) => Some(no_columns(header, columns, problem)),
        None => None,
    }
}

/// Whether no column but perhaps the first is known, or near one that is: a list of pairs has others, and a matrix has ids there.
fn names_nothing_known(header: &[String], columns: &Columns<'_>) -> bool {
    let is_near = |name: &String| nearest_name(name, columns.known()).is_some();
    let mut others = header.iter().skip(1).filter(|name| !name.is_empty()).peekable();
    let misspelt = header
        .first()
        .is_some_and(|first| !columns.knows(first) && is_near(first));
    columns.required.len() > 1 && !misspelt && others.peek().is_some() && !others.any(is_near)
}

/// The problem of a header without the columns of a list.
fn no_columns(
    header: &[String],
    columns: &Columns<'_>,
    problem: impl FnOnce(String, String) -> Problem,
) -> Problem {
    let needed = columns.required.iter().copied();
    let missing: Vec<_> = needed
        .filter(|needed| !header.iter().any(|name| name == needed))
        .collect();
    let there: Vec<_> = header
        .iter()
        .take(5)
        .map(|name| format!("`{}`", shortened(name)))
        .collect();
    problem(
        format!(
            "needed columns are missing: {}; there are {}",
            missing.join(", "),
            there.join(", ")
        ),
        format!(
            "write a list with the columns {}; in a matrix of debts or holdings the first line holds known ids",
            columns.required.join(", ")
        ),
    )
}
