//! Scalings of columns: every cell of a parameter that is given, multiplied, with the checks that cells as written get.

use crate::catalogue::Code;
use crate::models::ParameterSources;
use crate::problem::{Diagnostics, Problem};
use crate::scenario::{Columns, Scaling};
use crate::tables::cells::{MAY_BE_INFINITE, MONEY};
use crate::tables::participants::{RowPlaces, asset_parameters, institution_parameters};
use delever_core::{ParameterTable, ParameterValue, Registry, nearest_name};
use delever_portfolio::check_amount;

/// Columns that hold amounts, which a shock changes.
const AMOUNTS: [&str; 6] = [
    "cash",
    "other_assets",
    "external_liabilities",
    "repayable_debt",
    "price",
    "quantity",
];

/// Multiplies columns. `blocks` are the rule sections with their members; `complete` says that both tables were read to
/// their end, so that what is not there is missing for sure.
pub(super) fn scale_columns(
    scalings: &[Scaling],
    sources: &mut ParameterSources,
    blocks: &[(String, Vec<u32>)],
    complete: bool,
    registry: &Registry,
    diagnostics: &mut Diagnostics,
) {
    for scaling in scalings {
        let name = scaling.name.as_str();
        let all = |table: &ParameterTable| (0..table.row_count() as u32).collect::<Vec<_>>();
        let mut cells = 0;
        let by_asset = match &scaling.columns {
            Columns::Both | Columns::Assets => true,
            // A group's parameter by asset is everybody's: the column is no group's own.
            Columns::Section(section) => section.is_empty(),
            Columns::Institutions | Columns::None => false,
        };
        if by_asset {
            let rows = all(&sources.assets);
            let (table, places) = (&mut sources.assets, &sources.asset_places);
            cells += scale(scaling, table, places, &rows, diagnostics);
        }
        let rows = match &scaling.columns {
            Columns::Both | Columns::Institutions => all(&sources.institutions),
            Columns::Section(section) => blocks
                .iter()
                .find(|(block, _)| block == section)
                .map_or_else(Vec::new, |(_, members)| members.clone()),
            Columns::Assets | Columns::None => Vec::new(),
        };
        let (table, places) = (&mut sources.institutions, &sources.institution_places);
        cells += scale(scaling, table, places, &rows, diagnostics);
        if cells == 0 && scaling.keys.is_empty() && complete {
            diagnostics.push(nothing(scaling, name, registry));
        }
    }
}

/// Multiplies the cells of some rows of a column; returns how many are given. Cells that cannot be multiplied have one
/// cause, and are one problem.
fn scale(
    scaling: &Scaling,
    table: &mut ParameterTable,
    places: &RowPlaces,
    rows: &[u32],
    diagnostics: &mut Diagnostics,
) -> usize {
    let name = scaling.name.as_str();
    let (mut cells, mut refused, mut first) = (0, 0, None);
    for &row in rows {
        let row = row as usize;
        let Some(value) = table.get(name, row) else {
            continue;
        };
        cells += 1;
        match multiplied(name, value, scaling.factor) {
            Ok(product) => table.set(name, row, ParameterValue::Number(product)),
            Err((code, message)) => {
                refused += 1;
                first.get_or_insert_with(|| {
                    Problem::new(code, &places.file, message)
                        .at_row(places.lines.get(row).copied())
                        .in_column(name)
                        .with_cell(&crate::models::shown(value))
                });
            }
        }
    }
    if let Some(mut problem) = first {
        let others = match refused - 1 {
            0 => String::new(),
            1 => ", and another cell of the column likewise".to_owned(),
            more => format!(", and {more} other cells of the column likewise"),
        };
        problem.message = format!("{}{others}", problem.message);
        diagnostics.push(problem.with_hint(format!(
            "choose another factor than in {} {}",
            scaling.option, scaling.text
        )));
    }
    cells
}

fn multiplied(name: &str, value: &ParameterValue, factor: f64) -> Result<f64, (Code, &'static str)> {
    let ParameterValue::Number(number) = value else {
        return Err((
            Code::NotANumber,
            "the cell is not a number, so it cannot be scaled",
        ));
    };
    // Adding a positive zero makes a negative one positive and changes nothing else.
    let product = number * factor + 0.0;
    let infinite = number.is_infinite() && product == f64::INFINITY && MAY_BE_INFINITE.contains(&name);
    if infinite {
        return Ok(product);
    }
    if !product.is_finite() {
        return Err((Code::NotFinite, "the scaled number is not finite"));
    }
    if MONEY.contains(&name) && check_amount(product).is_err() {
        let code = if product < 0.0 {
            Code::Negative
        } else {
            Code::OutOfRange
        };
        return Err((code, "a scaled amount is 0 or within 1e-9 to 1e18"));
    }
    Ok(product)
}

/// Why nothing was scaled.
fn nothing(scaling: &Scaling, name: &str, registry: &Registry) -> Problem {
    let shown = crate::problem::shortened(name);
    let problem = |message: String| {
        Problem::new(Code::NothingToScale, scaling.option, message)
            .in_column(name)
            .with_cell(&scaling.text)
    };
    let mut known = asset_parameters(registry);
    known.extend(institution_parameters(registry));
    if AMOUNTS.contains(&name) {
        return problem(format!("`{shown}` is an amount, not a parameter")).with_hint(
            "a shock changes amounts: shock.prices, shock.cash and shock.other_assets are relative, `*` is every id",
        );
    }
    if known.contains(&name) || scaling.columns == Columns::None {
        return problem(format!("neither the scenario nor a column gives `{shown}` here"))
            .with_hint("give it a value first, with `key=value` before `key*=factor`");
    }
    match nearest_name(name, known) {
        Some(nearest) => problem(format!("no parameter is named `{shown}`"))
            .with_hint(format!("did you mean `{nearest}`?")),
        None => problem(format!("no parameter is named `{shown}`")).with_hint(
            "name a parameter such as depth or max_leverage, or a dotted key such as shock.prices.\"*\"",
        ),
    }
}
