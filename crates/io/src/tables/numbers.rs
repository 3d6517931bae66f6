//! Numbers as texts: which are read, and what to write instead of those that are not.

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
    let text = text.trim();
    match text.parse::<f64>() {
        Ok(value) if value.is_infinite() && text.bytes().any(|b| b.is_ascii_digit()) => {
            Err(NumberError::TooLarge)
        }
        Ok(value) if value.is_nan() => Err(NumberError::NotFinite),
        // Adding a positive zero makes a negative one positive and changes nothing else.
        Ok(value) => Ok(value + 0.0),
        Err(_) => Err(NumberError::NotANumber),
    }
}

/// Words that stand for a value that is not there.
const ABSENT: [&str; 14] = [
    "na", "n/a", "n.a.", "n.a", "nan", "#n/a", "null", "none", "nil", "missing", "?", ".", "..", "...",
];
/// Signs that accounts write for nothing.
const NOTHING: [&str; 5] = ["-", "--", "\u{2212}", "\u{2013}", "\u{2014}"];

/// What to do about a text that is no number.
pub(crate) fn number_hint(text: &str) -> String {
    let text = text.trim();
    let lower = text.to_lowercase();
    if ABSENT.contains(&lower.as_str()) {
        return "leave the cell blank where nothing is given; write 0 for nothing".to_owned();
    }
    if NOTHING.contains(&text) {
        return "write 0 for nothing, or leave the cell blank where nothing is given".to_owned();
    }
    if text.starts_with('#') {
        return "a formula of the spreadsheet failed here: mend it, or leave the cell blank".to_owned();
    }
    if !text.bytes().any(|b| b.is_ascii_digit()) {
        return "write a number, or leave the cell blank where the column has a default".to_owned();
    }
    if let Ok(number) = parse_number(text) {
        return format!("write {number}, without quotes");
    }
    if let Some(share) = text.strip_suffix('%').map(str::trim_end)
        && let Some(number) = share_of_percent(share)
    {
        return format!("write {share} % as {number}");
    }
    if let Some(inner) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'))
        && let Some(number) = plain(inner)
    {
        return format!("parentheses stand for a negative number in accounts: write -{number}");
    }
    if let Some(number) = text
        .strip_suffix(['-', '\u{2212}', '\u{2013}'])
        .or_else(|| text.strip_prefix(['\u{2212}', '\u{2013}', '\u{2014}']))
        .and_then(|digits| plain(digits.trim()))
    {
        return format!("write a minus sign in front: -{number}");
    }
    if let Some((whole, fraction)) = ambiguous(text) {
        return format!(
            "write {whole}{fraction} where the comma separates thousands, {whole}.{fraction} where it is the decimal sign"
        );
    }
    let sign = if text.starts_with('-') { "-" } else { "" };
    match plain(text.trim_start_matches(['-', '+'])) {
        Some(number) => format!("write {sign}{number}: a decimal point, and no thousands separators"),
        None if text.contains(',') => "write a decimal point, and no thousands separators".to_owned(),
        None => "write the number alone, without unit or currency".to_owned(),
    }
}

/// A number that may be meant with one comma before three digits, in its two parts.
fn ambiguous(text: &str) -> Option<(&str, &str)> {
    let (whole, fraction) = text.split_once(',')?;
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let unsigned = whole.trim_start_matches(['-', '+']);
    let both = digits(unsigned) && digits(fraction);
    // No thousands separator stands behind a leading zero or more than three digits.
    let groups = (1..=3).contains(&unsigned.len()) && !unsigned.starts_with('0') && fraction.len() == 3;
    (both && groups).then_some((whole, fraction))
}

/// Digits with separators as this program reads them; `None` where the text is something else.
fn plain(text: &str) -> Option<String> {
    let text: String = text
        .chars()
        .filter(|c| !(c.is_whitespace() || matches!(c, '\'' | '\u{2019}' | '_')))
        .collect();
    let (commas, points) = (text.matches(',').count(), text.matches('.').count());
    let number = match (text.rfind(','), text.rfind('.')) {
        // The later of the two is the decimal sign, and stands once.
        (Some(comma), Some(point)) if comma > point && commas == 1 => text.replace('.', "").replace(',', "."),
        (Some(comma), Some(point)) if comma < point && points == 1 => text.replace(',', ""),
        (Some(_), None) if commas == 1 && ambiguous(&text).is_none() => text.replace(',', "."),
        (Some(_), None) => text.replace(',', ""),
        (None, Some(_)) if points > 1 => text.replace('.', ""),
        _ => text,
    };
    let digits = number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    (digits && parse_number(&number).is_ok()).then_some(number)
}

/// A hundredth, exactly: the decimal point moves by two places.
fn share_of_percent(text: &str) -> Option<String> {
    let (sign, digits) = match text.strip_prefix(['-', '\u{2212}']) {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let number = plain(digits)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((&number, ""));
    let whole = format!("{whole:0>3}");
    let (units, hundredths) = whole.split_at(whole.len() - 2);
    let units = match units.trim_start_matches('0') {
        "" => "0",
        units => units,
    };
    let decimals = format!("{hundredths}{fraction}");
    Some(match decimals.trim_end_matches('0') {
        "" => format!("{sign}{units}"),
        decimals => format!("{sign}{units}.{decimals}"),
    })
}

#[cfg(test)]
mod tests {
    use super::{NumberError, number_hint, parse_number};

    #[test]
    fn numbers_are_read_as_written_and_words_are_not_numbers() {
        assert_eq!(parse_number("-0.0").map(f64::to_bits), Ok(0.0_f64.to_bits()));
        assert_eq!(parse_number(" 1e3 "), Ok(1000.0));
        assert_eq!(parse_number("\u{a0}7\u{a0}"), Ok(7.0));
        assert_eq!(parse_number("inf"), Ok(f64::INFINITY));
        assert_eq!(parse_number("1e999"), Err(NumberError::TooLarge));
        assert_eq!(parse_number("-1e400"), Err(NumberError::TooLarge));
        assert_eq!(parse_number("NaN"), Err(NumberError::NotFinite));
        for text in ["", "1,000", "0x10", "1_000", "e", "12 mn", "\u{2212}5", "1.2.3"] {
            assert_eq!(parse_number(text), Err(NumberError::NotANumber), "{text}");
        }
    }

    #[test]
    fn hints_say_what_to_write() {
        for (text, part) in [
            ("12,5", "write 12.5:"),
            ("-0,25", "write -0.25:"),
            ("0,125", "write 0.125:"),
            ("1234,567", "write 1234.567:"),
            (
                "5,000",
                "write 5000 where the comma separates thousands, 5.000 where",
            ),
            ("1,000,000", "write 1000000:"),
            ("1.234.567", "write 1234567:"),
            ("1.234,56", "write 1234.56:"),
            ("1,234.56", "write 1234.56:"),
            ("1,234,567.8", "write 1234567.8:"),
            ("2 000", "write 2000:"),
            ("2\u{a0}000,5", "write 2000.5:"),
            ("2\u{202f}000", "write 2000:"),
            ("1'000.25", "write 1000.25:"),
            ("1\u{2019}000", "write 1000:"),
            ("1_000", "write 1000:"),
            ("12%", "write 12 % as 0.12"),
            ("12,5 %", "write 12,5 % as 0.125"),
            ("-5%", "write -5 % as -0.05"),
            ("0.25 %", "write 0.25 % as 0.0025"),
            ("100 %", "write 100 % as 1"),
            ("1250%", "write 1250 % as 12.5"),
            ("(5)", "write -5"),
            ("(1,000.5)", "write -1000.5"),
            ("5-", "in front: -5"),
            ("\u{2212}5", "in front: -5"),
            ("NA", "leave the cell blank"),
            ("n/a", "leave the cell blank"),
            ("#N/A", "leave the cell blank"),
            ("#DIV/0!", "formula"),
            ("-", "write 0 for nothing"),
            ("12 mn", "without unit or currency"),
            ("EUR 5", "without unit or currency"),
            ("deep", "write a number"),
            ("33", "write 33, without quotes"),
            (".5", "write 0.5, without quotes"),
        ] {
            assert!(number_hint(text).contains(part), "{text}: {}", number_hint(text));
        }
    }

    #[test]
    fn no_text_breaks_a_hint() {
        let parts = [
            "", "1", "000", ",", ".", "%", "(", ")", "-", "\u{2212}", "'", "\u{a0}", "e", "\u{e9}", "#",
        ];
        for a in parts {
            for b in parts {
                for c in parts {
                    for d in parts {
                        assert!(!number_hint(&format!("{a}{b}{c}{d}")).is_empty());
                    }
                }
            }
        }
    }
}
