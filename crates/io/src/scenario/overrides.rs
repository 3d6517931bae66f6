//! Overrides: `impact.model=linear` on top of a parsed scenario, before anything is checked.

use super::document::{Node, Value, parse_fragment};
use super::scaling::Scaling;
use crate::catalogue::Code;
use crate::problem::{Diagnostics, Problem};
use std::collections::BTreeMap;

/// The name under which problems of overrides are reported.
pub(crate) const OVERRIDE: &str = "--set";

/// Applies `key=value` and `key*=factor` texts in their order; the last one wins. Returns the latter: columns are theirs too.
///
/// Keys are dotted, with parts in quotes where they hold dots. Values are TOML; what is no TOML value is a text.
pub(crate) fn apply(
    document: &mut BTreeMap<String, Node>,
    overrides: &[String],
    diagnostics: &mut Diagnostics,
) -> Vec<Scaling> {
    let mut scalings = Vec::new();
    for text in overrides {
        if let Some((path, factor)) = parse_scaling(text) {
            scalings.extend(Scaling::of_document(document, text, path, &factor, diagnostics));
            continue;
        }
        match parse(text) {
            Some((path, value)) => {
                if let Err(section) = set(document, &path, value) {
                    let message = format!("`{section}` is a value, not a section");
                    diagnostics.push(Problem::new(Code::BadOverride, OVERRIDE, message).with_cell(text));
                }
            }
            None => diagnostics.push(
                Problem::new(Code::BadOverride, OVERRIDE, "this is not `key=value`")
                    .with_cell(text)
                    .with_hint("write a dotted key and a value, such as impact.model=linear"),
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
        let path = (!key.ends_with('.')).then(|| parse_path(key)).flatten()?;
        Some((path, parse_value(text[at + 1..].trim())))
    })
}

/// The dotted key and the value. A key in quotes may hold `=`, so the first place that leaves a key counts.
fn parse(text: &str) -> Option<(Vec<String>, Value)> {
    text.match_indices('=').find_map(|(at, _)| {
        let path = parse_path(&text[..at])?;
        Some((path, parse_value(text[at + 1..].trim())))
    })
}

fn parse_path(key: &str) -> Option<Vec<String>> {
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

pub(crate) fn parse_value(text: &str) -> Value {
    let parsed = parse_fragment(&format!("v = {text}")).and_then(|mut table| {
        let node = table.remove("v")?;
        table.is_empty().then_some(node.value)
    });
    parsed.unwrap_or_else(|| Value::Text(text.to_owned()))
}

/// Sets a value; `Err` names the part of the path that is no section.
fn set(table: &mut BTreeMap<String, Node>, path: &[String], value: Value) -> Result<(), String> {
    match path {
        [] => Ok(()),
        [key] => {
            table.insert(key.clone(), Node { value, line: None });
            Ok(())
        }
        [section, rest @ ..] => {
            let node = table.entry(section.clone()).or_insert_with(|| Node {
                value: Value::Table(BTreeMap::new()),
                line: None,
            });
            match &mut node.value {
                Value::Table(inner) => set(inner, rest, value).map_err(|deeper| match deeper.as_str() {
                    "" => section.clone(),
                    _ => format!("{section}.{deeper}"),
                }),
                _ => Err(section.clone()),
            }
        }
    }
}
