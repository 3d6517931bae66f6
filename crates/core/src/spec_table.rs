//! Tables that a model reads besides the common ones: an order book, a matrix of cross-impacts, a list of pools.
//!
//! A spec declares their columns, the reader of scenario files fills them, and the spec gets numbers, texts and positions of
//! assets. No model opens a file.

use std::collections::BTreeMap;

/// A table that a spec needs, as it declares it: one row for each record, no blank cells.
///
/// ```
/// use delever_core::{SpecTable, TableShape};
/// const QUOTES: TableShape = TableShape {
///     parameter: "quotes",
///     assets: &["asset"],
///     texts: &["side"],
///     numbers: &["price"],
/// };
/// let mut table = SpecTable::new(&QUOTES);
/// table.push(&[0], &["bid"], &[99.5]);
/// assert_eq!((table.assets("asset")[0], table.texts("side")[0].as_str(), table.numbers("price")[0]), (0, "bid", 99.5));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableShape {
    /// The key of the scenario's section whose text is the file's name, relative to the folder of the tables.
    pub parameter: &'static str,
    /// Columns that name assets; unknown names are refused before the spec sees them.
    pub assets: &'static [&'static str],
    /// Columns of texts, not empty.
    pub texts: &'static [&'static str],
    /// Columns of finite numbers.
    pub numbers: &'static [&'static str],
}

impl TableShape {
    /// All columns: assets, then texts, then numbers.
    pub fn columns(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.assets.iter().chain(self.texts).chain(self.numbers).copied()
    }
}

/// The rows of a table that a spec declared, column by column.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SpecTable {
    row_count: usize,
    assets: Vec<(&'static str, Vec<u32>)>,
    texts: Vec<(&'static str, Vec<String>)>,
    numbers: Vec<(&'static str, Vec<f64>)>,
}

/// The tables of a spec, by the parameter that names their file.
pub type SpecTables = BTreeMap<String, SpecTable>;

fn empty_columns<T>(names: &[&'static str]) -> Vec<(&'static str, Vec<T>)> {
    names.iter().map(|&name| (name, Vec::new())).collect()
}

fn find<'t, T>(columns: &'t [(&'static str, Vec<T>)], name: &str) -> Option<&'t [T]> {
    columns
        .iter()
        .find(|(column, _)| *column == name)
        .map(|(_, cells)| cells.as_slice())
}

impl SpecTable {
    /// A table without rows.
    pub fn new(shape: &TableShape) -> Self {
        Self {
            row_count: 0,
            assets: empty_columns(shape.assets),
            texts: empty_columns(shape.texts),
            numbers: empty_columns(shape.numbers),
        }
    }

    /// Adds a row; cells stand in the order in which the shape declares their columns. Assets are positions in id order.
    ///
    /// # Panics
    /// If the number of cells of a kind is not that of its columns.
    pub fn push(&mut self, assets: &[u32], texts: &[&str], numbers: &[f64]) {
        assert_eq!(
            (assets.len(), texts.len(), numbers.len()),
            (self.assets.len(), self.texts.len(), self.numbers.len()),
            "cells and columns"
        );
        for ((_, column), &cell) in self.assets.iter_mut().zip(assets) {
            column.push(cell);
        }
        for ((_, column), &cell) in self.texts.iter_mut().zip(texts) {
            column.push(cell.to_owned());
        }
        for ((_, column), &cell) in self.numbers.iter_mut().zip(numbers) {
            column.push(cell);
        }
        self.row_count += 1;
    }

    /// Number of rows.
    pub fn row_count(&self) -> usize {
        self.row_count
    }

    /// A column of assets, as positions in id order.
    ///
    /// # Panics
    /// If the shape declares no such column.
    pub fn assets(&self, column: &str) -> &[u32] {
        find(&self.assets, column).unwrap_or_else(|| panic!("no column of assets is named `{column}`"))
    }

    /// A column of texts.
    ///
    /// # Panics
    /// If the shape declares no such column.
    pub fn texts(&self, column: &str) -> &[String] {
        find(&self.texts, column).unwrap_or_else(|| panic!("no column of texts is named `{column}`"))
    }

    /// A column of numbers.
    ///
    /// # Panics
    /// If the shape declares no such column.
    pub fn numbers(&self, column: &str) -> &[f64] {
        find(&self.numbers, column).unwrap_or_else(|| panic!("no column of numbers is named `{column}`"))
    }

    /// A cell of a column of texts or numbers as a text, for messages.
    pub fn shown(&self, column: &str, row: usize) -> Option<String> {
        let text = find(&self.texts, column)
            .and_then(|cells| cells.get(row))
            .cloned();
        text.or_else(|| {
            find(&self.numbers, column)
                .and_then(|cells| cells.get(row))
                .map(f64::to_string)
        })
    }
}
