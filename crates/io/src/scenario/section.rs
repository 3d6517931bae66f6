//! One section of a scenario: typed access to its keys, and the refusal of keys that nobody reads.

use super::document::{Node, Place, Value};
use crate::catalogue::Code;
use crate::problem::{Diagnostics, Problem};
use crate::tables::cells::{MAY_BE_INFINITE, MONEY, not_finite_hint};
use crate::tables::numbers::number_hint;
use delever_core::{ParameterValue, Parameters, nearest_name};
use delever_portfolio::check_amount;
use std::collections::BTreeMap;

/// A section and what is needed to report problems of it.
pub(crate) struct Section<'d> {
    pub file: &'d str,
    /// Dotted path, empty for the top.
    pub path: String,
    /// Line of the section's header.
    pub line: Option<u64>,
    pub table: &'d BTreeMap<String, Node>,
}

static EMPTY: BTreeMap<String, Node> = BTreeMap::new();

impl<'d> Section<'d> {
    /// The whole document.
    pub fn top(file: &'d str, table: &'d BTreeMap<String, Node>) -> Self {
        Self {
            file,
            path: String::new(),
            line: Some(1),
            table,
        }
    }

    /// The dotted path of a key.
    pub fn key(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// A problem of a key, located where the key stands.
    pub fn problem(&self, code: Code, key: &str, message: impl Into<String>) -> Problem {
        match self.table.get(key) {
            Some(node) => Problem::new(code, node.place.file(self.file), message)
                .at_row(node.place.line())
                .in_column(self.key(key))
                .with_cell(&node.value.shown()),
            None => Problem::new(code, self.file, message)
                .at_row(self.line)
                .in_column(self.key(key)),
        }
    }

    fn wrong_type(&self, key: &str, node: &Node, expected: &str, diagnostics: &mut Diagnostics) {
        let message = format!("`{}` is {}, not {expected}", self.key(key), node.value.kind());
        diagnostics.push(self.problem(Code::WrongType, key, message));
    }

    /// Says that a number is wanted, and what to write instead of a text.
    fn not_a_number(&self, key: &str, node: &Node, expected: &str, diagnostics: &mut Diagnostics) {
        let problem = match &node.value {
            Value::TooLarge(_) => self
                .problem(Code::OutOfRange, key, "the number is too large")
                .with_hint("only the word `inf` is infinite"),
            Value::Text(text) => {
                let message = format!("`{}` is a text, not {expected}", self.key(key));
                let is_split = matches!(node.place, Place::Option(_)) && text.contains('=');
                self.problem(Code::WrongType, key, message)
                    .with_hint(if is_split {
                        format!(
                            "an id that holds `=` stands in quotes: '{}.\"a=b\"=-0.1'",
                            self.path
                        )
                    } else {
                        number_hint(text)
                    })
            }
            _ => return self.wrong_type(key, node, expected, diagnostics),
        };
        diagnostics.push(problem);
    }

    /// A subsection; empty where it is absent or where its problem is reported.
    pub fn section(&self, key: &str, diagnostics: &mut Diagnostics) -> Section<'d> {
        let (line, table) = match self.table.get(key) {
            None => (self.line, &EMPTY),
            Some(node) => {
                if let Value::Table(table) = &node.value {
                    (node.place.line(), table)
                } else {
                    self.wrong_type(key, node, "a section", diagnostics);
                    (node.place.line(), &EMPTY)
                }
            }
        };
        Section {
            file: self.file,
            path: self.key(key),
            line,
            table,
        }
    }

    /// A text; `None` where it is absent or where its problem is reported.
    pub fn text(&self, key: &str, diagnostics: &mut Diagnostics) -> Option<&'d str> {
        let node = self.table.get(key)?;
        if let Value::Text(text) = &node.value {
            return Some(text);
        }
        self.wrong_type(key, node, "a text in quotes", diagnostics);
        None
    }

    /// A number, NaN excluded; `None` where it is absent or where its problem is reported.
    pub fn number(&self, key: &str, diagnostics: &mut Diagnostics) -> Option<f64> {
        let node = self.table.get(key)?;
        match node.value {
            Value::Integer(value) => Some(value as f64),
            // Adding a positive zero makes a negative one positive and changes nothing else.
            Value::Float(value) => Some(value + 0.0),
            _ => {
                self.not_a_number(key, node, "a number", diagnostics);
                None
            }
        }
    }

    /// A whole number; `None` where it is absent or where its problem is reported.
    pub fn integer(&self, key: &str, diagnostics: &mut Diagnostics) -> Option<i64> {
        let node = self.table.get(key)?;
        if let Value::Integer(value) = node.value {
            return Some(value);
        }
        self.not_a_number(key, node, "a whole number", diagnostics);
        None
    }

    /// True or false; `None` where it is absent or where its problem is reported.
    pub fn flag(&self, key: &str, diagnostics: &mut Diagnostics) -> Option<bool> {
        let node = self.table.get(key)?;
        if let Value::Flag(flag) = node.value {
            return Some(flag);
        }
        self.wrong_type(key, node, "true or false", diagnostics);
        None
    }

    /// A list of texts, or several of them.
    pub fn lists_of_texts(&self, key: &str, diagnostics: &mut Diagnostics) -> Option<Vec<Vec<String>>> {
        let node = self.table.get(key)?;
        let texts = |values: &Vec<Value>| {
            let text = |value: &Value| match value {
                Value::Text(text) => Some(text.clone()),
                _ => None,
            };
            values.iter().map(text).collect::<Option<Vec<_>>>()
        };
        if let Value::List(values) = &node.value {
            let list = |value: &Value| match value {
                Value::List(values) => texts(values),
                _ => None,
            };
            let lists = values.iter().map(list).collect::<Option<Vec<_>>>();
            let several = lists.filter(|lists| !lists.is_empty());
            if let Some(lists) = several.or_else(|| texts(values).map(|only| vec![only])) {
                return Some(lists);
            }
        }
        let expected = "a list of texts in quotes, or a list of such lists";
        self.wrong_type(key, node, expected, diagnostics);
        None
    }

    /// All keys but those of the section itself, as parameters of a model.
    pub fn parameters(&self, own: &[&str], diagnostics: &mut Diagnostics) -> Parameters {
        let mut parameters = Parameters::new();
        for (key, node) in self.table {
            if own.contains(&key.as_str()) {
                continue;
            }
            let value = match &node.value {
                Value::Text(text) => ParameterValue::Text(text.clone()),
                Value::Flag(flag) => ParameterValue::Flag(*flag),
                Value::Integer(_) | Value::Float(_) | Value::TooLarge(_) => {
                    let Some(number) = self.number(key, diagnostics) else {
                        continue;
                    };
                    let infinite = number == f64::INFINITY && MAY_BE_INFINITE.contains(&key.as_str());
                    if !number.is_finite() && !infinite {
                        diagnostics.push(
                            self.problem(Code::NotFinite, key, "the number is not finite")
                                .with_hint(not_finite_hint(&node.value.shown())),
                        );
                        continue;
                    }
                    if MONEY.contains(&key.as_str()) && number.is_finite() && check_amount(number).is_err() {
                        let code = if number < 0.0 {
                            Code::Negative
                        } else {
                            Code::OutOfRange
                        };
                        diagnostics.push(self.problem(code, key, "an amount is 0 or within 1e-9 to 1e18"));
                        continue;
                    }
                    ParameterValue::Number(number)
                }
                Value::Table(_) | Value::List(_) | Value::Other(_) => {
                    self.wrong_type(key, node, "a number, a text, true or false", diagnostics);
                    continue;
                }
            };
            parameters.insert(key.clone(), value);
        }
        parameters
    }

    /// Refuses keys that are not known.
    pub fn refuse_unknown(&self, known: &[&str], diagnostics: &mut Diagnostics) {
        for key in self.table.keys().filter(|key| !known.contains(&key.as_str())) {
            let shown = crate::problem::shortened(key);
            let section = if self.path.is_empty() {
                "the scenario has no key".to_owned()
            } else {
                format!("`[{}]` has no key", self.path)
            };
            let hint = match nearest_name(key, known.iter().copied()) {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => format!("known keys are {}", known.join(", ")),
            };
            diagnostics.push(
                self.problem(Code::UnknownKey, key, format!("{section} `{shown}`"))
                    .with_hint(hint),
            );
        }
    }
}
