//! Cells: amounts, numbers and ids, each with its checks.

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

/// Why a text is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NumberError {
    NotANumber,
    NotFinite,
    /// Written with digits, and beyond the largest double.
    TooLarge,
}

/// Reads a number: decimal digits, point, exponent; `inf` as a word. A negative zero becomes zero.
pub(crate) fn parse_number(text: &str) -> Result<f64, NumberError> {
    let text = text.trim_matches(' ');
    let digits = text
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'));
    match text.parse::<f64>() {
        Ok(value) if digits && value.is_infinite() => Err(NumberError::TooLarge),
        Ok(value) if value.is_nan() => Err(NumberError::NotFinite),
        // Adding a positive zero makes a negative one positive and changes nothing else.
        Ok(value) => Ok(value + 0.0),
        Err(_) => Err(NumberError::NotANumber),
    }
}

/// What to do about a text that is no number.
fn number_hint(text: &str) -> &'static str {
    let digits = text.bytes().any(|b| b.is_ascii_digit());
    if digits && text.contains(',') {
        "write a decimal point, and no thousands separators"
    } else if digits && text.trim_end().ends_with('%') {
        "write 4 % as 0.04"
    } else if digits {
        "write the number alone, without unit or currency"
    } else {
        "write a number, or leave the cell blank where the column has a default"
    }
}

/// Says that a text is no number, or not a finite one.
fn report_number(table: &Table<'_>, place: Option<usize>, error: NumberError, diagnostics: &mut Diagnostics) {
    let text = table.cell(place);
    let problem = match error {
        NumberError::NotANumber => table
            .problem(Code::NotANumber, place, "the cell is not a number")
            .with_hint(number_hint(text)),
        NumberError::NotFinite => table
            .problem(Code::NotFinite, place, "the number is not finite")
            .with_hint("`inf` is allowed for depth, adv and max_leverage only"),
        NumberError::TooLarge => table
            .problem(Code::OutOfRange, place, "the number is too large")
            .with_hint("amounts are 0 or within 1e-9 to 1e18; choose another unit"),
    };
    diagnostics.push(problem);
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

/// A parameter of a model: a number, a flag or a text; `None` where it is blank, or where its problem is reported.
pub(crate) fn parameter(
    table: &Table<'_>,
    name: &str,
    place: Option<usize>,
    diagnostics: &mut Diagnostics,
) -> Option<ParameterValue> {
    let text = table.cell(place);
    match text {
        "" => return None,
        "true" => return Some(ParameterValue::Flag(true)),
        "false" => return Some(ParameterValue::Flag(false)),
        _ => {}
    }
    match parse_number(text) {
        Ok(value) if value.is_infinite() && MAY_BE_INFINITE.contains(&name) => {
            Some(ParameterValue::Number(value))
        }
        Ok(_) if MONEY.contains(&name) => {
            amount(table, place, "write an amount of 0 or more", diagnostics).map(ParameterValue::Number)
        }
        Ok(value) if value.is_infinite() => {
            report_number(table, place, NumberError::NotFinite, diagnostics);
            None
        }
        Ok(value) => Some(ParameterValue::Number(value)),
        // The model says whether it takes a text.
        Err(NumberError::NotANumber) => Some(ParameterValue::Text(text.to_owned())),
        Err(error) => {
            report_number(table, place, error, diagnostics);
            None
        }
    }
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

#[cfg(test)]
mod tests {
    use super::{NumberError, parse_number};

    #[test]
    fn numbers_are_read_as_written_and_words_are_not_numbers() {
        assert_eq!(parse_number("-0.0").map(f64::to_bits), Ok(0.0_f64.to_bits()));
        assert_eq!(parse_number(" 1e3 "), Ok(1000.0));
        assert_eq!(parse_number("inf"), Ok(f64::INFINITY));
        assert_eq!(parse_number("1e999"), Err(NumberError::TooLarge));
        assert_eq!(parse_number("NaN"), Err(NumberError::NotFinite));
        for text in ["", "1,000", "0x10", "1_000", "e", "12 mn", "\u{2212}5", "1.2.3"] {
            assert_eq!(parse_number(text), Err(NumberError::NotANumber), "{text}");
        }
    }
}
