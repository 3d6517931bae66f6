//! Blank cells of money in rows that give other money: read as 0, and worth a note.

use super::reader::Table;
use crate::catalogue::Code;
use crate::problem::{Diagnostics, Problem, shortened};

/// Ids that a note lists.
const LISTED: usize = 20;

/// The columns of money of one table, with the rows in which each is blank and another is not.
pub(super) struct BlankMoney {
    columns: Vec<Column>,
}

struct Column {
    name: &'static str,
    place: usize,
    count: usize,
    ids: Vec<String>,
}

impl BlankMoney {
    /// Of the columns that are there.
    pub fn new(columns: &[(&'static str, Option<usize>)]) -> Self {
        let columns = columns.iter().filter_map(|&(name, place)| {
            Some(Column {
                name,
                place: place?,
                count: 0,
                ids: Vec::new(),
            })
        });
        Self {
            columns: columns.collect(),
        }
    }

    /// Looks at the current row.
    pub fn look(&mut self, table: &Table<'_>, id: Option<usize>) {
        let blank = |column: &Column| table.cell(Some(column.place)).is_empty();
        if self.columns.iter().all(blank) {
            return;
        }
        for column in self.columns.iter_mut().filter(|column| blank(column)) {
            column.count += 1;
            if column.count <= LISTED {
                column.ids.push(shortened(table.cell(id)));
            }
        }
    }

    /// One note for each column with such cells.
    pub fn report(self, file: &str, diagnostics: &mut Diagnostics) {
        for column in self.columns.into_iter().filter(|column| column.count > 0) {
            let plural = if column.count == 1 { "" } else { "s" };
            let more = match column.count - column.ids.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let message = format!(
                "blank in {} row{plural} with other amounts, read as 0: {}{more}",
                column.count,
                column.ids.join(", ")
            );
            diagnostics.push(
                Problem::new(Code::BlankMoney, file, message)
                    .in_column(column.name)
                    .with_hint("write 0 where nothing is meant"),
            );
        }
    }
}
