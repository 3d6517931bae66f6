//! Tables that a model declares and a parameter names: the same reader, limits and checks as for the common tables.

use super::cells::number;
use super::participants::{Assets, RowPlaces};
use super::reader::{Columns, Table};
use crate::catalogue::Code;
use crate::limits::Limits;
use crate::problem::Diagnostics;
use crate::source::TableSource;
use delever_core::{SpecTable, TableShape};

/// Reads a declared table; `None`: what is wrong is reported. Assets are turned into ranks.
pub(crate) fn read_declared(
    source: &dyn TableSource,
    file: &str,
    shape: &TableShape,
    assets: &mut Assets,
    rank: &[u32],
    limits: &Limits,
    diagnostics: &mut Diagnostics,
) -> Option<(SpecTable, RowPlaces)> {
    let required: Vec<&'static str> = shape.columns().collect();
    let columns = Columns {
        required: &required,
        optional: &[],
        parameters: &[],
    };
    let errors_before = diagnostics.error_count();
    let mut table = Table::open(source, file, &columns, limits.rows, limits, diagnostics)?;
    let places_of = |names: &[&'static str]| -> Vec<Option<usize>> {
        names.iter().map(|name| table.place(name)).collect()
    };
    let (asset_places, text_places, number_places) = (
        places_of(shape.assets),
        places_of(shape.texts),
        places_of(shape.numbers),
    );
    let mut rows = SpecTable::new(shape);
    let mut places = RowPlaces {
        file: file.to_owned(),
        ..RowPlaces::default()
    };
    let mut named = Vec::new();
    let mut numbers = Vec::new();
    while table.advance(diagnostics) {
        named.clear();
        numbers.clear();
        for &place in &asset_places {
            let asset = assets.names.resolve(&table, place, "asset", diagnostics);
            named.extend(asset.map(|asset| rank[asset as usize]));
        }
        let mut texts = Vec::with_capacity(text_places.len());
        for &place in &text_places {
            texts.push(table.cell(place));
            if table.cell(place).is_empty() {
                diagnostics.push(table.problem(Code::MissingCell, place, "the text is not given"));
            }
        }
        for &place in &number_places {
            if table.cell(place).is_empty() {
                diagnostics.push(table.problem(Code::MissingCell, place, "the number is not given"));
            }
            numbers.extend(number(&table, place, diagnostics));
        }
        // After a mistake nothing is handed on, so nothing more needs to be kept.
        if diagnostics.error_count() == errors_before
            && named.len() == asset_places.len()
            && numbers.len() == number_places.len()
        {
            rows.push(&named, &texts, &numbers);
            places.lines.push(table.line());
        }
    }
    (diagnostics.error_count() == errors_before && table.complete()).then_some((rows, places))
}
