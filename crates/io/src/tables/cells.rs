//! Cells: amounts, numbers and ids, each with its checks.

use super::numbers::{NumberError, number_hint, parse_number};
use super::reader::Table;
use crate::catalogue::Code;
use crate::limits::Limits;
use crate::problem::Diagnostics;
use delever_core::ParameterValue;
use delever_portfolio::{AmountError, check_amount};

/// Parameters that may be infinite: no impact, no cap.
pub(crate) const MAY_BE_INFINITE: [&str; 3] = ["depth", "adv", "max_leverage"];
/// Parameters that are amounts of money, so within the range of amounts.
pub(crate) const MONEY: [&str; 6] = [
    "depth",
    "adv",
    "price_floor",
    "withdrawals",
    "market_cap",
    "capital",
];

/// Says that a text is no number, or not a finite one.
fn report_number(table: &Table<'_>, place: Option<usize>, error: NumberError, diagnostics: &mut Diagnostics) {
    let text = table.cell(place);
    let problem = match error {
        NumberError::NotANumber => table
            .problem(Code::NotANumber, place, "the cell is not a number")
            .with_hint(number_hint(text)),
        NumberError::NotFinite => table
            .problem(Code::NotFinite, place, "the number is not finite")
            .with_hint(not_finite_hint(text)),
        NumberError::TooLarge => table
            .problem(Code::OutOfRange, place, "the number is too large")
            .with_hint("amounts are 0 or within 1e-9 to 1e18; only the word `inf` is infinite"),
    };
    diagnostics.push(problem);
}

/// What to do about a number that is not finite.
pub(crate) fn not_finite_hint(text: &str) -> String {
    if text.to_lowercase().contains("nan") {
        return "leave the cell blank where nothing is given".to_owned();
    }
    let (last, others) = MAY_BE_INFINITE.split_last().unwrap_or((&"", &[]));
    format!("`inf` is allowed for {} and {last} only", others.join(", "))
}

/// A number; `None` where it is blank, or where its problem is reported.
pub(crate) fn number(table: &Table<'_>, place: Option<usize>, diagnostics: &mut Diagnostics) -> Option<f64> {
    let text = table.cell(place);
    if text.is_empty() {
        return None;
    }
    match parse_number(text) {
        Ok(value) if value.is_infinite() => {
            report_number(table, place, NumberError::NotFinite, diagnostics);
            None
        }
        Ok(value) => Some(value),
        Err(error) => {
            report_number(table, place, error, diagnostics);
            None
        }
    }
}

/// An amount of money or of units; `None` where it is blank, or where its problem is reported.
pub(crate) fn amount(
    table: &Table<'_>,
    place: Option<usize>,
    negative_hint: &str,
    diagnostics: &mut Diagnostics,
) -> Option<f64> {
    let value = number(table, place, diagnostics)?;
    match check_amount(value) {
        Ok(value) => Some(value),
        Err(error) => {
            let problem = match error {
                AmountError::Negative => table
                    .problem(Code::Negative, place, "the amount is negative")
                    .with_hint(negative_hint),
                AmountError::NotFinite | AmountError::OutOfRange => table
                    .problem(
                        Code::OutOfRange,
                        place,
                        "the amount is outside the range of 1e-9 to 1e18 in which results are promised",
                    )
                    .with_hint("choose another unit of money; write 0 for nothing"),
            };
            diagnostics.push(problem);
            None
        }
    }
}

/// The marker of a cell that is given, and whose problem is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused;

/// Whether a text is blank or a number of 0.
pub(crate) fn number_is_zero(text: &str) -> bool {
    text.is_empty() || parse_number(text) == Ok(0.0)
}

/// A parameter of a model: a number, a flag or a text; `None` where it is blank.
pub(crate) fn parameter(
    table: &Table<'_>,
    name: &str,
    place: Option<usize>,
    diagnostics: &mut Diagnostics,
) -> Result<Option<ParameterValue>, Refused> {
    let text = table.cell(place);
    if text.is_empty() {
        return Ok(None);
    }
    // Spreadsheets write these words in capitals.
    if let Some(flag) = [("true", true), ("false", false)]
        .into_iter()
        .find_map(|(word, flag)| text.eq_ignore_ascii_case(word).then_some(flag))
    {
        return Ok(Some(ParameterValue::Flag(flag)));
    }
    let error = match parse_number(text) {
        Ok(value) if value.is_infinite() && MAY_BE_INFINITE.contains(&name) && value > 0.0 => {
            return Ok(Some(ParameterValue::Number(value)));
        }
        Ok(value) if value.is_infinite() => NumberError::NotFinite,
        Ok(_) if MONEY.contains(&name) => {
            let amount = amount(table, place, "write an amount of 0 or more", diagnostics);
            return amount
                .map(|value| Some(ParameterValue::Number(value)))
                .ok_or(Refused);
        }
        Ok(value) => return Ok(Some(ParameterValue::Number(value))),
        // The model says whether it takes a text.
        Err(NumberError::NotANumber) => return Ok(Some(ParameterValue::Text(text.to_owned()))),
        Err(error) => error,
    };
    report_number(table, place, error, diagnostics);
    Err(Refused)
}

/// Whether a spreadsheet would take the text for a formula, or a terminal for a command.
pub(crate) fn starts_badly(text: &str) -> bool {
    text.chars()
        .next()
        .is_some_and(|first| matches!(first, '=' | '+' | '-' | '@') || first.is_control())
}

/// Reports an id that is not allowed; whether it can be referred to nevertheless.
pub(crate) fn check_id(
    table: &Table<'_>,
    place: Option<usize>,
    limits: &Limits,
    diagnostics: &mut Diagnostics,
) -> bool {
    let id = table.cell(place);
    if id.is_empty() {
        diagnostics.push(table.problem(Code::BadId, place, "the id is empty"));
        return false;
    }
    if id.len() > limits.id {
        let message = format!("the id has {} bytes; the limit is {} bytes", id.len(), limits.id);
        diagnostics.push(table.problem(Code::IdTooLong, place, message));
        return false;
    }
    if starts_badly(id) {
        diagnostics.push(
            table
                .problem(
                    Code::BadId,
                    place,
                    "the id starts with = + - @, a tab or a control character",
                )
                .with_hint("start ids with a letter or a digit"),
        );
    }
    true
}

/// Reports a name that is not allowed.
pub(crate) fn check_name(table: &Table<'_>, place: Option<usize>, diagnostics: &mut Diagnostics) {
    if starts_badly(table.cell(place)) {
        diagnostics.push(
            table
                .problem(
                    Code::BadText,
                    place,
                    "the name starts with = + - @, a tab or a control character",
                )
                .with_hint("start names with a letter or a digit"),
        );
    }
}
