//! The scenario file as a tree of values that know their line. Knows TOML, not what keys mean.

use crate::catalogue::Code;
use crate::limits::Limits;
use crate::problem::{Diagnostics, Problem, shortened};
use crate::tables::numbers::{number_hint, parse_number};
use std::collections::BTreeMap;
use toml::de::{DeTable, DeValue};

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub value: Value,
    pub place: Place,
}

/// Where a key stands: at a line of the file, or in an option of the command line, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Line(u64),
    Option(&'static str),
}

impl Place {
    /// The line; `None` for options, which have none.
    pub fn line(self) -> Option<u64> {
        match self {
            Self::Line(line) => Some(line),
            Self::Option(_) => None,
        }
    }

    /// The file, or the option in its place.
    pub fn file(self, file: &str) -> &str {
        match self {
            Self::Line(_) => file,
            Self::Option(name) => name,
        }
    }
}

/// Values of TOML, as far as scenarios tell them apart.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Table(BTreeMap<String, Node>),
    Text(String),
    Integer(i64),
    Float(f64),
    Flag(bool),
    List(Vec<Value>),
    /// A number beyond the largest double, as it is written.
    TooLarge(String),
    /// Dates, which no key takes.
    Other(&'static str),
}

impl Value {
    /// The kind of value, with its article.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Table(_) => "a table",
            Self::Text(_) => "a text",
            Self::Integer(_) => "a whole number",
            Self::Float(_) => "a number",
            Self::Flag(_) => "true or false",
            Self::List(_) => "a list",
            Self::TooLarge(_) => "a number that is too large",
            Self::Other(kind) => kind,
        }
    }

    /// The value as text, for messages.
    pub fn shown(&self) -> String {
        match self {
            Self::Table(_) => "{...}".to_owned(),
            Self::Text(text) | Self::TooLarge(text) => shortened(text),
            Self::Integer(value) => value.to_string(),
            Self::Float(value) => value.to_string(),
            Self::Flag(flag) => flag.to_string(),
            Self::List(_) => "[...]".to_owned(),
            Self::Other(kind) => (*kind).to_owned(),
        }
    }
}

/// Byte offsets of line starts, to turn spans into lines.
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        let mut starts = vec![0];
        starts.extend(text.match_indices('\n').map(|(at, _)| at + 1));
        Self { text, starts }
    }

    /// The line of an offset, from 1.
    fn line(&self, offset: usize) -> u64 {
        self.starts.partition_point(|&start| start <= offset) as u64
    }

    /// The line's text and a caret under the offset.
    fn excerpt(&self, offset: usize) -> String {
        let line = self.line(offset) as usize;
        let start = self.starts[line - 1];
        let text = self.text[start..].lines().next().unwrap_or_default();
        let before = self.text.get(start..offset).unwrap_or_default().chars().count();
        let skipped = before.saturating_sub(60);
        let shown: String = text.chars().skip(skipped).take(100).collect();
        format!("{shown}\n{}^", " ".repeat(before - skipped))
    }
}

/// Where brackets and dotted keys of one statement first nest deeper than a limit, found without recursion.
///
/// The parser limits each construct on its own; their product is what would exhaust a stack.
fn too_deep(text: &str, limit: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    // Dots since the last separator, for the statement and for each open bracket.
    let mut dots = vec![0_usize];
    let (mut at, mut all_dots) = (0, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'#' => {
                at = end_of(bytes, at, |rest| rest.starts_with(b"\n"));
                continue;
            }
            quote @ (b'"' | b'\'') => {
                at = end_of_text(bytes, at, quote);
                continue;
            }
            b'[' | b'{' => dots.push(0),
            b']' | b'}' if dots.len() > 1 => all_dots -= dots.pop().unwrap_or_default(),
            b'.' => {
                all_dots += 1;
                if let Some(own) = dots.last_mut() {
                    *own += 1;
                }
            }
            b',' => {
                if let Some(own) = dots.last_mut() {
                    all_dots -= std::mem::take(own);
                }
            }
            b'\n' if dots.len() == 1 => {
                dots[0] = 0;
                all_dots = 0;
            }
            _ => {}
        }
        if dots.len() - 1 + all_dots > limit {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// The place behind a text in quotes of one or three; texts of one quote end with their line.
fn end_of_text(bytes: &[u8], start: usize, quote: u8) -> usize {
    let triple = [quote; 3];
    let end: &[u8] = if bytes[start..].starts_with(&triple) {
        &triple
    } else {
        &triple[..1]
    };
    let mut at = start + end.len();
    while at < bytes.len() && !bytes[at..].starts_with(end) {
        if end.len() == 1 && bytes[at] == b'\n' {
            return at;
        }
        let escaped = quote == b'"' && bytes[at] == b'\\';
        at += if escaped { 2 } else { 1 };
    }
    (at + end.len()).min(bytes.len())
}

fn end_of(bytes: &[u8], from: usize, is_end: impl Fn(&[u8]) -> bool) -> usize {
    (from..bytes.len())
        .find(|&at| is_end(&bytes[at..]))
        .unwrap_or(bytes.len())
}

/// Parses a scenario; `None`: what is wrong is reported.
pub(crate) fn parse(
    file: &str,
    text: &str,
    nesting: usize,
    diagnostics: &mut Diagnostics,
) -> Option<BTreeMap<String, Node>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = Lines::new(text);
    if let Some(at) = too_deep(text, nesting) {
        let message = format!("sections and values are nested too deeply; the limit is {nesting} levels");
        diagnostics.push(Problem::new(Code::TooDeep, file, message).at_row(lines.line(at)));
        return None;
    }
    match DeTable::parse(text) {
        Ok(table) => Some(tree(table.into_inner(), &lines)),
        Err(error) => {
            let offset = error.span().map_or(0, |span| span.start.min(text.len()));
            let message = format!("{}\n{}", error.message(), lines.excerpt(offset));
            diagnostics.push(
                Problem::new(Code::NotToml, file, message)
                    .at_row(lines.line(offset))
                    .with_hint(split_number(text, offset).unwrap_or_else(|| {
                        "texts stand in double quotes; sections in square brackets".to_owned()
                    })),
            );
            None
        }
    }
}

/// What to write where the line at which reading stopped gives a number that TOML does not read, such as `12,5`.
fn split_number(text: &str, offset: usize) -> Option<String> {
    let start = text.get(..offset)?.rfind('\n').map_or(0, |at| at + 1);
    let line = text[start..].lines().next()?;
    let value = line.split_once('=')?.1.split('#').next()?.trim();
    let is_number = value.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '('));
    (is_number && parse_number(value).is_err()).then(|| number_hint(value))
}

/// Parses without lines, for overrides.
pub(crate) fn parse_fragment(text: &str) -> Option<BTreeMap<String, Node>> {
    if too_deep(text, Limits::default().nesting).is_some() {
        return None;
    }
    let table = DeTable::parse(text).ok()?;
    Some(tree(table.into_inner(), &Lines::new(text)))
}

/// Says that a value, with all that is in it, stands in an option.
pub(crate) fn moved_to_option(value: &mut Value, option: &'static str) {
    if let Value::Table(inner) = value {
        for node in inner.values_mut() {
            node.place = Place::Option(option);
            moved_to_option(&mut node.value, option);
        }
    }
}

fn tree(table: DeTable<'_>, lines: &Lines<'_>) -> BTreeMap<String, Node> {
    table
        .into_iter()
        .map(|(key, value)| {
            let node = Node {
                place: Place::Line(lines.line(key.span().start)),
                value: value_of(value.into_inner(), lines),
            };
            (key.into_inner().into_owned(), node)
        })
        .collect()
}

fn value_of(value: DeValue<'_>, lines: &Lines<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(integer) => match i64::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(value) => Value::Integer(value),
            Err(_) => number(integer.as_str()),
        },
        DeValue::Float(float) => number(float.as_str()),
        DeValue::Boolean(flag) => Value::Flag(flag),
        DeValue::Datetime(_) => Value::Other("a date"),
        DeValue::Array(values) => {
            let values = values
                .into_iter()
                .map(|value| value_of(value.into_inner(), lines));
            Value::List(values.collect())
        }
        DeValue::Table(table) => Value::Table(tree(table, lines)),
    }
}

/// A number from its text. Only the word `inf` is infinite; digits that reach beyond the doubles are too large.
fn number(text: &str) -> Value {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() || !text.bytes().any(|b| b.is_ascii_digit()) => Value::Float(value),
        _ => Value::TooLarge(text.to_owned()),
    }
}
