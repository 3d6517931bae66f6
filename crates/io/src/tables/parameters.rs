//! Columns of model parameters in the tables of institutions and assets.

use super::cells::parameter;
use super::reader::Table;
use crate::problem::Diagnostics;
use delever_core::{ParameterTable, ParameterValue};
use std::collections::BTreeSet;

/// Columns of parameters as they stand in a file.
#[derive(Debug, Default)]
pub(super) struct ParameterColumns {
    names: Vec<&'static str>,
    places: Vec<usize>,
    cells: Vec<Vec<Option<ParameterValue>>>,
    /// Cells that are given and whose problem is reported: line and column.
    refused: BTreeSet<(u64, &'static str)>,
}

impl ParameterColumns {
    /// The columns that a table has of those that are known.
    pub fn of(table: &Table<'_>, known: &[&'static str]) -> Self {
        let mut columns = Self::default();
        for &name in known {
            if let Some(place) = table.place(name) {
                columns.names.push(name);
                columns.places.push(place);
                columns.cells.push(Vec::new());
            }
        }
        columns
    }

    /// Reads the cells of the current row.
    pub fn read(&mut self, table: &Table<'_>, diagnostics: &mut Diagnostics) {
        for ((&name, &place), cells) in self.names.iter().zip(&self.places).zip(&mut self.cells) {
            let value = parameter(table, name, Some(place), diagnostics);
            if value.is_err() {
                self.refused.insert((table.line(), name));
            }
            cells.push(value.unwrap_or_default());
        }
    }

    /// The columns in rank order.
    fn ordered(self, sorted: &[u32]) -> ParameterTable {
        let mut table = ParameterTable::new(sorted.len());
        for (name, mut cells) in self.names.into_iter().zip(self.cells) {
            for (rank, &position) in sorted.iter().enumerate() {
                if let Some(value) = cells[position as usize].take() {
                    table.set(name, rank, value);
                }
            }
        }
        table
    }
}

/// Where the rows of a table stand, by rank, and which parameters are columns of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct RowPlaces {
    /// The file; the name it would have where it is absent.
    pub file: String,
    pub lines: Vec<u64>,
    pub parameters: Vec<&'static str>,
    /// Cells of parameters that are given and whose problem is reported: line and column.
    pub refused: BTreeSet<(u64, &'static str)>,
}

/// Takes the parameters of a table in rank order, and where its rows stand.
pub(super) fn ordered_rows(
    file: &str,
    lines: &[u64],
    mut parameters: ParameterColumns,
    sorted: &[u32],
) -> (ParameterTable, RowPlaces) {
    let places = RowPlaces {
        file: file.to_owned(),
        lines: sorted.iter().map(|&position| lines[position as usize]).collect(),
        parameters: parameters.names.clone(),
        refused: std::mem::take(&mut parameters.refused),
    };
    (parameters.ordered(sorted), places)
}
