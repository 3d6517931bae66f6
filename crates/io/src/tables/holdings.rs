//! The holdings table. Rows go to their receiver one by one; none is kept here.

use super::cells::amount;
use super::find;
use super::matrix::{self, Meaning};
use super::participants::{Assets, Institutions};
use super::reader::{Columns, Table};
use crate::catalogue::Code;
use crate::limits::Limits;
use crate::problem::{Diagnostics, Problem};
use crate::source::TableSource;
use delever_portfolio::check_amount;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

const SHORT: &str = "holdings are long positions, and no table holds short ones yet";

/// One holding, with where it stands.
pub(crate) struct HoldingRow<'a> {
    pub institution: &'a str,
    pub asset: &'a str,
    pub units: f64,
    pub line: u64,
}

const HOLDINGS_MATRIX: Meaning = Meaning {
    row: "institution",
    told: "rows hold, columns are held",
    negative_hint: SHORT,
};

/// Reads holdings, as a list or as a matrix of institutions by assets.
pub(crate) fn read_holdings(
    source: &dyn TableSource,
    institutions: &mut Institutions,
    assets: Option<&mut Assets>,
    limits: &Limits,
    diagnostics: &mut Diagnostics,
    mut receive: impl FnMut(HoldingRow<'_>),
) {
    let Some(file) = find(source, "holdings", diagnostics) else {
        return;
    };
    let columns = Columns {
        required: &["institution", "asset"],
        optional: &["quantity", "value"],
        parameters: &[],
    };
    let Some(table) = Table::start(source, &file, limits.rows, limits, diagnostics) else {
        return;
    };
    let assets = match assets {
        Some(assets) if matrix::is_matrix(&table, &columns, &assets.names) => {
            if !matrix::lacks_labels(&table, &assets.names, diagnostics) {
                read_holdings_matrix(table, institutions, assets, diagnostics, receive);
            }
            return;
        }
        others => others,
    };
    let Some(mut table) = table.into_list(&columns, diagnostics) else {
        return;
    };
    let [institution, asset, quantity, value] =
        ["institution", "asset", "quantity", "value"].map(|column| table.place(column));
    if quantity.is_none() && value.is_none() {
        diagnostics.push(
            Problem::new(
                Code::MissingColumn,
                &file,
                "one of the columns `quantity` and `value` is needed",
            )
            .at_row(table.header_line())
            .in_column("quantity"),
        );
        return;
    }
    let Some(assets) = assets else {
        if table.advance(diagnostics) {
            diagnostics.push(
                Problem::new(
                    Code::MissingTable,
                    "assets.csv",
                    format!("the assets table is missing, and `{file}` refers to it"),
                )
                .with_hint("list every asset that is held, with its price"),
            );
        }
        return;
    };
    while table.advance(diagnostics) {
        let holder = institutions
            .names
            .resolve(&table, institution, "institution", diagnostics);
        let held = assets.names.resolve(&table, asset, "asset", diagnostics);
        let price = held.map(|held| assets.prices[held as usize]);
        let units = units_held(&table, quantity, value, price, diagnostics);
        if let (Some(_), Some(_), Some(units)) = (holder, held, units) {
            receive(HoldingRow {
                institution: table.cell(institution),
                asset: table.cell(asset),
                units,
                line: table.line(),
            });
        }
    }
}

/// Reads holdings from a matrix. The corner may say what its cells are: `quantity` or `value`.
fn read_holdings_matrix(
    mut table: Table<'_>,
    institutions: &mut Institutions,
    assets: &mut Assets,
    diagnostics: &mut Diagnostics,
    mut receive: impl FnMut(HoldingRow<'_>),
) {
    table.free_corner();
    let columns = assets.names.resolve_header(&table, "asset", diagnostics);
    let values = table.header()[0] == "value";
    let mut said = values || table.header()[0] == "quantity";
    let mut rows = |table: &Table<'_>, diagnostics: &mut Diagnostics| {
        institutions
            .names
            .resolve(table, Some(0), "institution", diagnostics)
    };
    let (prices, ids) = (&assets.prices, assets.names.ids());
    matrix::read(
        &mut table,
        &columns,
        &mut rows,
        &HOLDINGS_MATRIX,
        diagnostics,
        |table, _, asset, place, amount, diagnostics| {
            let price = prices[asset as usize];
            if !said && price != 1.0 {
                let message = "the price is not 1, so it matters whether the cells are quantities or values";
                let problem = table.problem(Code::QuantityOrValue, Some(place), message);
                diagnostics
                    .push(problem.with_hint("write `quantity` or `value` into the first cell of the table"));
                said = true;
            }
            let units = if values {
                units_worth(table, Some(place), amount, price, diagnostics)
            } else {
                Some(amount)
            };
            if let Some(units) = units {
                receive(HoldingRow {
                    institution: table.cell(Some(0)),
                    asset: &ids[asset as usize],
                    units,
                    line: table.line(),
                });
            }
        },
    );
}

/// Holdings other than 0 that repeat an earlier pair, up to a limit: the first line and the later one.
pub(crate) fn repeated_holdings(
    source: &dyn TableSource,
    institutions: &mut Institutions,
    assets: Option<&mut Assets>,
    limits: &Limits,
    most: usize,
) -> Vec<(u64, u64)> {
    let mut first_lines: HashMap<(String, String), u64> = HashMap::new();
    let mut repeated = Vec::new();
    read_holdings(
        source,
        institutions,
        assets,
        limits,
        &mut Diagnostics::new(),
        |row| {
            if row.units != 0.0 && repeated.len() < most {
                let pair = (row.institution.to_owned(), row.asset.to_owned());
                match first_lines.entry(pair) {
                    Entry::Occupied(first) => repeated.push((*first.get(), row.line)),
                    Entry::Vacant(entry) => {
                        entry.insert(row.line);
                    }
                }
            }
        },
    );
    repeated
}

/// Units of one row, from its quantity or its value.
fn units_held(
    table: &Table<'_>,
    quantity: Option<usize>,
    value: Option<usize>,
    price: Option<f64>,
    diagnostics: &mut Diagnostics,
) -> Option<f64> {
    match (table.cell(quantity).is_empty(), table.cell(value).is_empty()) {
        (false, true) => amount(table, quantity, SHORT, diagnostics),
        (true, false) => {
            let money = amount(table, value, SHORT, diagnostics)?;
            units_worth(table, value, money, price?, diagnostics)
        }
        (given_nothing, _) => {
            let message = if given_nothing {
                "neither quantity nor value is given"
            } else {
                "quantity and value are both given"
            };
            diagnostics.push(
                table
                    .problem(Code::QuantityOrValue, quantity.or(value), message)
                    .with_hint("give one of the two"),
            );
            None
        }
    }
}

/// Units whose value is given.
fn units_worth(
    table: &Table<'_>,
    place: Option<usize>,
    money: f64,
    price: f64,
    diagnostics: &mut Diagnostics,
) -> Option<f64> {
    if price == 0.0 {
        let message = "the asset's price is 0, so its value says nothing about units";
        let problem = table.problem(Code::ZeroPriceValue, place, message);
        diagnostics.push(problem.with_hint("give a quantity"));
        return None;
    }
    let units = check_amount(money / price).ok();
    if units.is_none() {
        let message = format!("{money} at a price of {price} is not within 1e-9 to 1e18 units");
        diagnostics.push(table.problem(Code::OutOfRange, place, message));
    }
    units
}
