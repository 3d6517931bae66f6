//! The institutions table and the assets table: who takes part, with amounts and parameters.

use super::blank::BlankMoney;
use super::cells::{amount, check_id, check_name};
use super::find;
use super::names::Names;
pub(crate) use super::parameters::RowPlaces;
use super::parameters::{ParameterColumns, ordered_rows};
use super::reader::{Columns, Dropped, Table};
use crate::catalogue::Code;
use crate::limits::Limits;
use crate::problem::{Diagnostics, Problem};
use crate::scenario::RULE_KEYS;
use crate::source::TableSource;
use delever_core::{ParameterTable, Registry};
use delever_portfolio::Institution;

/// The institutions table.
#[derive(Debug, Default)]
pub(crate) struct Institutions {
    pub names: Names,
    pub amounts: Vec<Institution>,
    /// The rule section of each, empty for the common one.
    pub sections: Vec<String>,
    /// What sales can repay; `None` where a cell is blank or the column absent.
    pub repayable_debt: Vec<Option<f64>>,
    pub repayable_debt_given: bool,
    lines: Vec<u64>,
    parameters: ParameterColumns,
    file: String,
}

/// The assets table.
#[derive(Debug, Default)]
pub(crate) struct Assets {
    pub names: Names,
    pub prices: Vec<f64>,
    lines: Vec<u64>,
    parameters: ParameterColumns,
    file: String,
}

/// Parameters by asset that are columns of every assets table.
const ASSET_PARAMETERS: [&str; 5] = ["depth", "adv", "volatility", "price_floor", "risk_weight"];
const INSTITUTION_OPTIONAL: [&str; 7] = [
    "name",
    "kind",
    "cash",
    "other_assets",
    "external_liabilities",
    "repayable_debt",
    "rule",
];
const ASSET_OPTIONAL: [&str; 2] = ["name", "price"];
const NEGATIVE_AMOUNT: &str = "write an amount of 0 or more; money taken away is a shock";

/// Parameters that are known columns of the assets table.
pub(crate) fn asset_parameters(registry: &Registry) -> Vec<&'static str> {
    let mut known: Vec<&'static str> = ASSET_PARAMETERS.to_vec();
    known.extend(registry.asset_columns());
    known.sort_unstable();
    known.dedup();
    known.retain(|name| *name != "id" && !ASSET_OPTIONAL.contains(name));
    known
}

/// Parameters that are known columns of the institutions table.
pub(crate) fn institution_parameters(registry: &Registry) -> Vec<&'static str> {
    let mut known: Vec<&'static str> = registry.institution_columns().into_iter().collect();
    known.extend(
        RULE_KEYS
            .into_iter()
            .filter(|key| !registry.institution_columns().contains(key)),
    );
    known.retain(|name| *name != "id" && !INSTITUTION_OPTIONAL.contains(name));
    known
}

/// Says that an id stands twice.
fn report_duplicate(table: &Table<'_>, id: Option<usize>, first_line: u64, diagnostics: &mut Diagnostics) {
    diagnostics.push(
        table
            .problem(
                Code::DuplicateId,
                id,
                format!("the id stands first at line {first_line}"),
            )
            .with_hint("ids are unique within their table"),
    );
}

/// Reads the institutions table. An empty answer comes with its problems.
pub(crate) fn read_institutions(
    source: &dyn TableSource,
    registry: &Registry,
    limits: &Limits,
    diagnostics: &mut Diagnostics,
) -> Institutions {
    let mut institutions = Institutions {
        file: "institutions.csv".to_owned(),
        ..Institutions::default()
    };
    let before = diagnostics.error_count();
    let Some(file) = find(source, "institutions", diagnostics) else {
        if diagnostics.error_count() == before {
            diagnostics.push(
                Problem::new(
                    Code::MissingTable,
                    "institutions.csv",
                    "the institutions table is missing",
                )
                .with_hint("put `institutions.csv` in the folder that `[data] dir` names"),
            );
        }
        return institutions;
    };
    let known = institution_parameters(registry);
    let columns = Columns {
        required: &["id"],
        optional: &INSTITUTION_OPTIONAL,
        parameters: &known,
    };
    let Some(mut table) = Table::open(source, &file, &columns, limits.participants, limits, diagnostics)
    else {
        return institutions;
    };
    let [id, name, cash, other, external, repayable, rule] = [
        "id",
        "name",
        "cash",
        "other_assets",
        "external_liabilities",
        "repayable_debt",
        "rule",
    ]
    .map(|column| table.place(column));
    institutions.parameters = ParameterColumns::of(&table, &known);
    institutions.repayable_debt_given = repayable.is_some();
    let mut blank = BlankMoney::new(&[
        ("cash", cash),
        ("other_assets", other),
        ("external_liabilities", external),
    ]);
    table.keep_dropped();
    while table.advance(diagnostics) {
        let referable = check_id(&table, id, limits, diagnostics);
        check_name(&table, name, diagnostics);
        let money = |place, diagnostics: &mut Diagnostics| {
            amount(&table, place, NEGATIVE_AMOUNT, diagnostics).unwrap_or(0.0)
        };
        let amounts = Institution {
            cash: money(cash, diagnostics),
            other_assets: money(other, diagnostics),
            external_liabilities: money(external, diagnostics),
        };
        let repayable = repayable
            .is_some_and(|_| !table.cell(repayable).is_empty())
            .then(|| money(repayable, diagnostics));
        if !referable {
            table.drop_row();
            continue;
        }
        if let Err(first) = institutions.names.add(table.cell(id)) {
            report_duplicate(&table, id, institutions.lines[first as usize], diagnostics);
            continue;
        }
        blank.look(&table, id);
        institutions.amounts.push(amounts);
        institutions.repayable_debt.push(repayable);
        institutions.sections.push(table.cell(rule).to_owned());
        institutions.lines.push(table.line());
        institutions.parameters.read(&table, diagnostics);
    }
    blank.report(&file, diagnostics);
    if table.complete() {
        institutions.names.close(table.take_dropped());
    }
    if institutions.names.len() == 0 && diagnostics.error_count() == before {
        diagnostics.push(
            Problem::new(Code::NoInstitutions, &file, "the table has no rows")
                .with_hint("a system has at least one institution"),
        );
    }
    institutions
}

/// Reads the assets table; `None` where there is none.
pub(crate) fn read_assets(
    source: &dyn TableSource,
    registry: &Registry,
    limits: &Limits,
    diagnostics: &mut Diagnostics,
) -> Option<Assets> {
    let before = diagnostics.error_count();
    let mut assets = Assets {
        file: "assets.csv".to_owned(),
        ..Assets::default()
    };
    let Some(file) = find(source, "assets", diagnostics) else {
        // A table that is there and cannot be read is not a missing one.
        return (diagnostics.error_count() > before).then_some(assets);
    };
    let known = asset_parameters(registry);
    let columns = Columns {
        required: &["id"],
        optional: &ASSET_OPTIONAL,
        parameters: &known,
    };
    let Some(mut table) = Table::open(source, &file, &columns, limits.participants, limits, diagnostics)
    else {
        return Some(assets);
    };
    let [id, name, price] = ["id", "name", "price"].map(|column| table.place(column));
    assets.parameters = ParameterColumns::of(&table, &known);
    table.keep_dropped();
    while table.advance(diagnostics) {
        let referable = check_id(&table, id, limits, diagnostics);
        check_name(&table, name, diagnostics);
        let price = amount(
            &table,
            price,
            "prices are 0 or more; a short position is not an asset",
            diagnostics,
        )
        .unwrap_or(1.0);
        if !referable {
            table.drop_row();
            continue;
        }
        if let Err(first) = assets.names.add(table.cell(id)) {
            report_duplicate(&table, id, assets.lines[first as usize], diagnostics);
            continue;
        }
        assets.prices.push(price);
        assets.lines.push(table.line());
        assets.parameters.read(&table, diagnostics);
    }
    if table.complete() {
        assets.names.close(table.take_dropped());
    }
    Some(assets)
}

impl Institutions {
    /// Takes the parameters in rank order, and where rows stand.
    pub fn take_parameters(&mut self, sorted: &[u32]) -> (ParameterTable, RowPlaces) {
        ordered_rows(
            &self.file,
            &self.lines,
            std::mem::take(&mut self.parameters),
            sorted,
        )
    }

    /// The line of a row, by order of appearance.
    pub fn line(&self, position: usize) -> u64 {
        self.lines[position]
    }

    /// The file.
    pub fn file(&self) -> &str {
        &self.file
    }
}

impl Assets {
    /// No assets, for sure.
    pub fn none() -> Self {
        let mut assets = Self::default();
        assets.names.close(Dropped::default());
        assets
    }

    /// Takes the parameters in rank order, and where rows stand.
    pub fn take_parameters(&mut self, sorted: &[u32]) -> (ParameterTable, RowPlaces) {
        ordered_rows(
            &self.file,
            &self.lines,
            std::mem::take(&mut self.parameters),
            sorted,
        )
    }
}
