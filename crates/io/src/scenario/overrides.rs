//! Overrides: `impact.model=linear` on top of a parsed scenario, before anything is checked.

use super::document::{Node, Place, Value, moved_to_option, parse_fragment};
use super::scaling::Scaling;
use crate::catalogue::Code;
use crate::limits::Limits;
use crate::problem::{Diagnostics, Problem};
use std::collections::BTreeMap;

/// The option of overrides, under which their problems are reported.
pub(crate) const SET: &str = "--set";
/// The option of a sweep, whose values are overrides too.
pub(crate) const VARY: &str = "--vary";

/// Applies `key=value` and `key*=factor` texts in their order; the last one wins. Returns the latter: columns are theirs too.
///
/// Keys are dotted; a part that holds `=`, quotes or, outside of ids, dots stands in quotes. Values are TOML; what is no TOML
/// value is a text.
pub(crate) fn apply<'t>(
    document: &mut BTreeMap<String, Node>,
    option: &'static str,
    overrides: impl IntoIterator<Item = &'t String>,
    diagnostics: &mut Diagnostics,
) -> Vec<Scaling> {
    let mut scalings = Vec::new();
    for text in overrides {
        if let Some((path, factor)) = parse_scaling(text) {
            scalings.extend(Scaling::of_document(
                document,
                (option, text),
                path,
                &factor,
                diagnostics,
            ));
            continue;
        }
        match parse(text) {
            Some((path, mut value)) => {
                moved_to_option(&mut value, option);
                if let Err(section) = set(document, &path, value, option) {
                    let message = format!("`{section}` is a value, not a section");
                    diagnostics.push(Problem::new(Code::BadOverride, option, message).with_cell(text));
                }
            }
            None => diagnostics.push(
                Problem::new(Code::BadOverride, option, "this is not `key=value`")
                    .with_cell(text)
                    .with_hint(format!(
                        "write a dotted key and a value, such as impact.model=linear; an id that holds `=` or starts \
                         with a quote stands in quotes: {option} 'shock.prices.\"a=b\"=-0.1'"
                    )),
            ),
        }
    }
    scalings
}

/// The dotted key and the factor of `key*=factor`.
fn parse_scaling(text: &str) -> Option<(Vec<String>, Value)> {
    text.match_indices('=').find_map(|(at, _)| {
        let key = text[..at].trim_end().strip_suffix('*')?.trim();
        // `shock.prices.*` names the key `*`.
        let path = (!key.ends_with('.'))
            .then(|| quoted_path(key).or_else(|| bare_path(key)))
            .flatten()?;
        Some((with_whole_names(path), parse_value(text[at + 1..].trim())))
    })
}

/// The dotted key and the value. A key in quotes may hold `=`, so the first place that leaves a key counts.
fn parse(text: &str) -> Option<(Vec<String>, Value)> {
    let (path, value) = text
        .match_indices('=')
        .find_map(|(at, _)| Some((quoted_path(&text[..at])?, &text[at + 1..])))
        .or_else(|| {
            let (key, value) = text.split_once('=')?;
            Some((bare_path(key)?, value))
        })?;
    Some((with_whole_names(path), parse_value(value.trim())))
}

/// A key as TOML reads it.
fn quoted_path(key: &str) -> Option<Vec<String>> {
    if key.contains(['\n', '=']) && !key.contains(['"', '\'']) {
        return None;
    }
    let mut table = parse_fragment(&format!("{key} = 0"))?;
    let mut path = Vec::new();
    loop {
        let (name, node) = table.pop_first()?;
        if !table.is_empty() {
            return None;
        }
        path.push(name);
        match node.value {
            Value::Table(inner) => table = inner,
            Value::Integer(0) => return Some(path),
            _ => return None,
        }
    }
}

/// A key whose parts hold letters and signs that TOML wants in quotes, such as `shock.cash.Banco Sur`.
fn bare_path(key: &str) -> Option<Vec<String>> {
    let key = key.trim();
    // Everything behind the third part is an id, dots at its end included.
    let parts: Vec<&str> = match key.strip_prefix("shock.").and_then(|rest| rest.split_once('.')) {
        Some((vector, id)) => vec!["shock", vector, id],
        None => key.split('.').collect(),
    };
    let sound = |part: &&str| {
        let part = part.trim();
        !part.is_empty() && !part.starts_with(['"', '\'']) && !part.contains(|c: char| c.is_control())
    };
    let few = parts.len() <= Limits::default().nesting;
    (few && parts.iter().all(sound)).then(|| parts.into_iter().map(|part| part.trim().to_owned()).collect())
}

/// The path with names that hold dots in one piece, where the format says which part is a name: an id under `shock`, a section
/// under `deleveraging.rules`.
/// In `shock.prices.DE.02` that is `DE.02`: nothing else can be meant.
fn with_whole_names(mut path: Vec<String>) -> Vec<String> {
    let starts = |start: &[&str]| path.iter().zip(start).all(|(part, &start)| part == start);
    let name = if path.len() > 3 && starts(&["shock"]) {
        2..path.len()
    } else if path.len() > 4 && starts(&["deleveraging", "rules"]) {
        2..path.len() - 1
    } else {
        return path;
    };
    let whole = path[name.clone()].join(".");
    path.splice(name, [whole]);
    path
}

pub(crate) fn parse_value(text: &str) -> Value {
    let parsed = parse_fragment(&format!("v = {text}")).and_then(|mut table| {
        let node = table.remove("v")?;
        table.is_empty().then_some(node.value)
    });
    parsed.unwrap_or_else(|| Value::Text(text.to_owned()))
}

/// Sets a value; `Err` names the part of the path that is no section.
fn set(
    table: &mut BTreeMap<String, Node>,
    path: &[String],
    value: Value,
    option: &'static str,
) -> Result<(), String> {
    let place = Place::Option(option);
    match path {
        [] => Ok(()),
        [key] => {
            table.insert(key.clone(), Node { value, place });
            Ok(())
        }
        [section, rest @ ..] => {
            let node = table.entry(section.clone()).or_insert_with(|| Node {
                value: Value::Table(BTreeMap::new()),
                place,
            });
            match &mut node.value {
                Value::Table(inner) => {
                    set(inner, rest, value, option).map_err(|deeper| match deeper.as_str() {
                        "" => section.clone(),
                        _ => format!("{section}.{deeper}"),
                    })
                }
                _ => Err(section.clone()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Value, parse};

    #[test]
    fn ids_need_no_quotes_where_it_is_plain_what_they_are() {
        for (text, path) in [
            ("shock.prices.bond=-0.1", &["shock", "prices", "bond"][..]),
            ("shock.prices.DE.02=-0.1", &["shock", "prices", "DE.02"]),
            ("shock.prices.\"DE.02\"=-0.1", &["shock", "prices", "DE.02"]),
            ("shock.prices.'DE.02'=-0.1", &["shock", "prices", "DE.02"]),
            ("shock.cash.Banco Sur=-0.1", &["shock", "cash", "Banco Sur"]),
            (
                "shock.cash.Banco Sur S.A.=-0.1",
                &["shock", "cash", "Banco Sur S.A."],
            ),
            ("shock.cash.*=-0.1", &["shock", "cash", "*"]),
            ("shock.cash.\u{dc}bersee=-0.1", &["shock", "cash", "\u{dc}bersee"]),
            ("shock.cash.O'Neil & Co=-0.1", &["shock", "cash", "O'Neil & Co"]),
            ("shock.prices.\"a=b\"=-0.1", &["shock", "prices", "a=b"]),
            ("shock.prices.1.5=-0.1", &["shock", "prices", "1.5"]),
            (
                "deleveraging.rules.a.b.max_leverage=3",
                &["deleveraging", "rules", "a.b", "max_leverage"],
            ),
            (
                "deleveraging.rules.big funds.max_leverage=3",
                &["deleveraging", "rules", "big funds", "max_leverage"],
            ),
            ("impact.model=linear", &["impact", "model"]),
            ("engine.x.y.z=1", &["engine", "x", "y", "z"]),
        ] {
            let (found, _) = parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(found, path, "{text}");
        }
        for text in [
            "impact.model",
            "=linear",
            "shock..a=1",
            "shock.prices.\"a=1",
            ".a=1",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn only_the_word_is_infinite() {
        let value = |text: &str| parse(&format!("a={text}")).map(|(_, value)| value);
        assert_eq!(value("inf"), Some(Value::Float(f64::INFINITY)));
        for digits in ["1e400", "-1e999", &"9".repeat(400), "0xffffffffffffffffffff"] {
            assert!(matches!(value(digits), Some(Value::TooLarge(_))), "{digits}");
        }
    }
}
