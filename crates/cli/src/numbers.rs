//! Numbers for people.

/// Money: thousands grouped, as many decimals as make sense at its size.
pub(crate) fn money(value: f64) -> String {
    let decimals = match value.abs() {
        x if x >= 1000.0 => 0,
        x if x >= 10.0 => 1,
        0.0 => 0,
        x if x >= 0.01 => 3,
        _ => return format!("{value:.2e}"),
    };
    let text = format!("{value:.decimals$}");
    let (sign, digits) = text
        .strip_prefix('-')
        .map_or(("", text.as_str()), |rest| ("-", rest));
    let (whole, fraction) = digits
        .split_once('.')
        .map_or((digits, None), |(w, f)| (w, Some(f)));
    let mut grouped = String::new();
    for (n, digit) in whole.chars().enumerate() {
        if n > 0 && (whole.len() - n) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if grouped == "0" && fraction.is_none_or(|f| f.bytes().all(|b| b == b'0')) {
        ""
    } else {
        sign
    };
    fraction.map_or_else(
        || format!("{sign}{grouped}"),
        |fraction| format!("{sign}{grouped}.{fraction}"),
    )
}

/// How many of what: `1 asset`, `2 assets`.
pub(crate) fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// A relative width: two significant digits.
pub(crate) fn width(value: f64) -> String {
    if value == 0.0 {
        "0".to_owned()
    } else {
        format!("{value:.1e}")
    }
}

/// A share as a percentage.
pub(crate) fn percent(share: f64) -> String {
    let value = share * 100.0;
    if value == 0.0 {
        "0 %".to_owned()
    } else if value.abs() < 0.01 {
        format!("{value:.1e} %")
    } else if value.abs() < 10.0 {
        format!("{value:.2} %")
    } else {
        format!("{value:.1} %")
    }
}

/// A price: six significant digits.
pub(crate) fn price(value: f64) -> String {
    let magnitude = if value == 0.0 {
        0.0
    } else {
        value.abs().log10().floor()
    };
    if (-4.0..7.0).contains(&magnitude) {
        let decimals = (5.0 - magnitude).clamp(0.0, 9.0) as usize;
        format!("{value:.decimals$}")
    } else {
        format!("{value:.5e}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_grouped_and_rounded_to_its_size() {
        assert_eq!(money(1_234_567.8), "1,234,568");
        assert_eq!(money(-45.25), "-45.2");
        assert_eq!(money(999.96), "1,000.0");
        assert_eq!(money(0.0), "0");
        assert_eq!(money(-0.0), "0");
        assert_eq!(money(0.5), "0.500");
        assert_eq!(money(1e-7), "1.00e-7");
    }

    #[test]
    fn prices_have_six_significant_digits() {
        assert_eq!(price(0.870_010_179_9), "0.870010");
        assert_eq!(price(1.0), "1.00000");
        assert_eq!(price(0.0), "0.00000");
        assert_eq!(price(123_456.78), "123457");
        assert_eq!(price(1e-9), "1.00000e-9");
    }
}
