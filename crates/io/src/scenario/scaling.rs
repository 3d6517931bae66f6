//! Scaling: `depth*=0.5` multiplies what a key of the scenario gives, and what a column gives in its place.
//!
//! A name alone, such as `depth`, is the parameter wherever it stands: in every section of a model and in the columns of both
//! tables. A dotted key is that key with the column that overrides it, row by row; `assets.depth` and
//! `institutions.max_leverage` are the columns alone.

use super::document::{Node, Place, Value};
use crate::catalogue::Code;
use crate::problem::{Diagnostics, Problem};
use std::collections::BTreeMap;

/// One scaling, already applied to the scenario, with the columns that it is still to be applied to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scaling {
    /// As it was written, and in which option.
    pub text: String,
    pub option: &'static str,
    /// The parameter.
    pub name: String,
    /// What is multiplied by.
    pub factor: f64,
    /// Dotted keys of the scenario that were multiplied.
    pub keys: Vec<String>,
    /// Which columns follow.
    pub columns: Columns,
}

/// Which columns a scaling multiplies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Columns {
    /// Of both tables.
    Both,
    /// Of the assets table.
    Assets,
    /// Of the institutions table, all rows.
    Institutions,
    /// Of the institutions table, rows that follow a rule section; the empty name is `[deleveraging]` itself. Its parameters
    /// by asset are columns of the assets table.
    Section(String),
    /// None: the key is no parameter of a model.
    None,
}

impl Columns {
    fn of(path: &[&str]) -> Self {
        match path {
            [_] => Self::Both,
            ["assets" | "impact", _] => Self::Assets,
            ["institutions" | "clearing", _] => Self::Institutions,
            ["deleveraging", _] => Self::Section(String::new()),
            ["deleveraging", "rules", section, _] => Self::Section((*section).to_owned()),
            _ => Self::None,
        }
    }
}

impl Scaling {
    /// Multiplies what the document gives; `None`: what is wrong is reported.
    pub fn of_document(
        document: &mut BTreeMap<String, Node>,
        (option, text): (&'static str, &str),
        path: Vec<String>,
        factor: &Value,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let factor = match *factor {
            Value::Integer(factor) => factor as f64,
            Value::Float(factor) => factor,
            _ => f64::NAN,
        };
        if !factor.is_finite() {
            diagnostics.push(
                Problem::new(Code::BadOverride, option, "the factor is not a finite number")
                    .with_cell(text)
                    .with_hint("`key*=2` multiplies what the key or its column gives"),
            );
            return None;
        }
        let parts: Vec<&str> = path.iter().map(String::as_str).collect();
        let mut keys = Vec::new();
        for place in places(document, &parts) {
            scale_at(document, &place, (option, factor), &mut keys);
        }
        Some(Self {
            text: text.to_owned(),
            option,
            factor,
            keys,
            columns: Columns::of(&parts),
            name: path.into_iter().next_back().unwrap_or_default(),
        })
    }
}

/// The paths of the scenario that a name or a dotted key stands for, whether there is a value or not.
fn places(document: &BTreeMap<String, Node>, path: &[&str]) -> Vec<Vec<String>> {
    let owned = |parts: &[&str]| parts.iter().map(|&part| part.to_owned()).collect();
    let [name] = path else {
        return vec![owned(path)];
    };
    let mut places: Vec<Vec<String>> = ["impact", "clearing", "deleveraging"]
        .into_iter()
        .map(|section| owned(&[section, name]))
        .collect();
    let rules = match document.get("deleveraging").map(|node| &node.value) {
        Some(Value::Table(own)) => own.get("rules").map(|node| &node.value),
        _ => None,
    };
    if let Some(Value::Table(rules)) = rules {
        places.extend(
            rules
                .keys()
                .map(|rule| owned(&["deleveraging", "rules", rule, name])),
        );
    }
    places
}

/// Multiplies the number at a path, of a section of the shock every number in it; collects their dotted keys.
fn scale_at(
    document: &mut BTreeMap<String, Node>,
    path: &[String],
    factor: (&'static str, f64),
    keys: &mut Vec<String>,
) -> Option<()> {
    let (last, sections) = path.split_last()?;
    let mut table = document;
    for section in sections {
        let Value::Table(inner) = &mut table.get_mut(section)?.value else {
            return None;
        };
        table = inner;
    }
    let node = table.get_mut(last)?;
    let whole_section = path.first().is_some_and(|first| first == "shock");
    scale(node, path.join("."), factor, whole_section, keys);
    Some(())
}

fn scale(
    node: &mut Node,
    key: String,
    (option, factor): (&'static str, f64),
    sections_too: bool,
    keys: &mut Vec<String>,
) {
    match &mut node.value {
        Value::Integer(value) => {
            let product = *value as f64 * factor;
            // A whole number stays one, so that counts can be scaled.
            node.value = if product.fract() == 0.0 && product.abs() < 9e15 {
                Value::Integer(product as i64)
            } else {
                Value::Float(product)
            };
        }
        Value::Float(value) => *value *= factor,
        Value::Table(inner) if sections_too => {
            for (name, node) in inner {
                scale(node, format!("{key}.{name}"), (option, factor), true, keys);
            }
            return;
        }
        _ => return,
    }
    // From here on the value is the override's.
    node.place = Place::Option(option);
    keys.push(key);
}
