//! Parameters of models: values from a scenario file, overridden row by row by columns of a table.

use serde::de::value::{MapDeserializer, StrDeserializer};
use serde::de::{self, DeserializeOwned, IntoDeserializer, Visitor};
use std::collections::BTreeMap;
use std::fmt;

/// A parameter's value.
#[derive(Clone, Debug, PartialEq)]
pub enum ParameterValue {
    /// A number.
    Number(f64),
    /// A text, such as the name of an option.
    Text(String),
    /// True or false.
    Flag(bool),
}

/// The parameters that stand beside `rule` or `model` in a scenario file.
pub type Parameters = BTreeMap<String, ParameterValue>;

/// Why a model cannot be built from its parameters.
///
/// The error names the parameter and, where it concerns one row, the row; the reader of the tables adds the
/// file and the line.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}", self.describe())]
pub struct SpecError {
    /// The parameter, as users write it; empty where the model as a whole is concerned.
    pub parameter: String,
    /// The institution's or asset's position in id order.
    pub row: Option<usize>,
    /// Whether `row` counts assets where the model's own rows are institutions.
    pub asset: bool,
    /// The parameter that names the table which `row` counts rows of, where that is a table of the model's own.
    pub table: Option<String>,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with a parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Problem {
    /// Needed and not given.
    Missing,
    /// Not of the expected type; holds what was expected.
    WrongType(String),
    /// A number outside its range; holds the value and what is allowed.
    OutOfRange(f64, String),
    /// Two parameters that cannot stand together; holds what to do.
    Conflict(String),
    /// A combination that the model does not cover; holds what it is and what to use instead.
    Unsupported(String),
}

impl SpecError {
    fn new(parameter: impl Into<String>, problem: Problem) -> Self {
        Self {
            parameter: parameter.into(),
            row: None,
            asset: false,
            table: None,
            problem,
        }
    }

    /// A parameter is needed and not given.
    pub fn missing(parameter: impl Into<String>) -> Self {
        Self::new(parameter, Problem::Missing)
    }

    /// A value is not of the expected kind. `expected` completes "it is not ...".
    pub fn wrong_type(parameter: impl Into<String>, expected: impl Into<String>) -> Self {
        Self::new(parameter, Problem::WrongType(expected.into()))
    }

    /// A number lies outside its range. `allowed` completes "it must be ...".
    pub fn out_of_range(parameter: impl Into<String>, value: f64, allowed: impl Into<String>) -> Self {
        Self::new(parameter, Problem::OutOfRange(value, allowed.into()))
    }

    /// Two parameters contradict each other.
    pub fn conflict(parameter: impl Into<String>, what_to_do: impl Into<String>) -> Self {
        Self::new(parameter, Problem::Conflict(what_to_do.into()))
    }

    /// The model does not cover this input.
    pub fn unsupported(parameter: impl Into<String>, what_to_use: impl Into<String>) -> Self {
        Self::new(parameter, Problem::Unsupported(what_to_use.into()))
    }

    /// The same error, for one row.
    #[must_use]
    pub fn at_row(mut self, row: usize) -> Self {
        self.row = Some(row);
        self
    }

    /// The same error, for a row of the assets table.
    #[must_use]
    pub fn of_asset(mut self) -> Self {
        self.asset = true;
        self
    }

    /// The same error, for a row of the table whose file the parameter `table` names; `parameter` is then a column of it.
    #[must_use]
    pub fn in_table(mut self, table: impl Into<String>) -> Self {
        self.table = Some(table.into());
        self
    }

    /// Whether the model reads a number where something else stands.
    pub fn wants_number(&self) -> bool {
        matches!(&self.problem, Problem::WrongType(wanted) if [NUMBER, WHOLE, COUNT].contains(&wanted.as_str()))
    }

    fn describe(&self) -> String {
        let name = &self.parameter;
        match &self.problem {
            Problem::Missing => format!("`{name}` is needed and not given"),
            Problem::WrongType(expected) => format!("`{name}` is not {expected}"),
            Problem::OutOfRange(value, allowed) => format!("`{name}` is {value}; it must be {allowed}"),
            Problem::Conflict(what) => format!("`{name}`: {what}"),
            Problem::Unsupported(what) => what.clone(),
        }
    }
}

const NUMBER: &str = "a number";
const WHOLE: &str = "a whole number";
const COUNT: &str = "a whole number of 0 or more";

/// What a field expects, in the words of those who fill in tables: the types that derived code expects have developers' names.
fn in_words(expected: &dyn de::Expected) -> String {
    let name = expected.to_string();
    match name.as_str() {
        "f64" | "f32" => NUMBER,
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => WHOLE,
        "u8" | "u16" | "u32" | "u64" | "u128" | "usize" => COUNT,
        "a boolean" => "true or false",
        "a string" | "a character" => "a text",
        _ => return name,
    }
    .to_owned()
}

impl de::Error for SpecError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new("", Problem::WrongType(message.to_string()))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::missing(field)
    }

    fn invalid_type(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::new("", Problem::WrongType(in_words(expected)))
    }

    fn invalid_value(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::new("", Problem::WrongType(in_words(expected)))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        let names: Vec<_> = expected.iter().map(|name| format!("\"{name}\"")).collect();
        Self::new("", Problem::WrongType(format!("one of {}", names.join(", "))))
    }
}

/// Columns of a table that hold parameters; a blank cell is `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ParameterTable {
    row_count: usize,
    columns: BTreeMap<String, Vec<Option<ParameterValue>>>,
}

impl ParameterTable {
    /// A table with rows and no columns.
    pub fn new(row_count: usize) -> Self {
        Self {
            row_count,
            columns: BTreeMap::new(),
        }
    }

    /// Number of rows.
    pub fn row_count(&self) -> usize {
        self.row_count
    }

    /// Sets one cell, adding the column where it is new.
    ///
    /// # Panics
    /// If `row` is out of range.
    pub fn set(&mut self, column: &str, row: usize, value: ParameterValue) {
        assert!(row < self.row_count, "row {row} of {}", self.row_count);
        if !self.columns.contains_key(column) {
            self.columns.insert(column.to_owned(), vec![None; self.row_count]);
        }
        if let Some(cells) = self.columns.get_mut(column) {
            cells[row] = Some(value);
        }
    }

    /// Sets a whole column of numbers.
    ///
    /// # Panics
    /// If the length is not the number of rows.
    pub fn set_numbers(&mut self, column: &str, values: &[f64]) {
        assert_eq!(values.len(), self.row_count);
        let cells = values
            .iter()
            .map(|&value| Some(ParameterValue::Number(value)))
            .collect();
        self.columns.insert(column.to_owned(), cells);
    }

    /// One cell; `None` where it is blank or the column is absent.
    pub fn get(&self, column: &str, row: usize) -> Option<&ParameterValue> {
        self.columns.get(column).and_then(|cells| cells[row].as_ref())
    }

    /// Names of all columns.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.keys().map(String::as_str)
    }

    /// The parameters of one row: a given cell wins over the scenario's value.
    ///
    /// `alternatives` are groups of names that state the same thing: where a row gives one of a group, the
    /// scenario's values of that group do not count.
    pub fn row<T: DeserializeOwned>(
        &self,
        row: usize,
        scenario: &Parameters,
        alternatives: &[&[&str]],
    ) -> Result<T, SpecError> {
        let given_in_row = |name: &str| self.get(name, row).is_some();
        let overridden = |name: &str| {
            alternatives
                .iter()
                .any(|group| group.contains(&name) && group.iter().any(|other| given_in_row(other)))
        };
        let value = |name: &str| {
            self.get(name, row).or_else(|| {
                if overridden(name) {
                    None
                } else {
                    scenario.get(name)
                }
            })
        };
        T::deserialize(RowDeserializer { value }).map_err(|error| error.at_row(row))
    }

    /// The parameters of every row, or every row's problem.
    pub fn rows<T: DeserializeOwned>(
        &self,
        scenario: &Parameters,
        alternatives: &[&[&str]],
    ) -> Result<Vec<T>, Vec<SpecError>> {
        let all: Vec<u32> = (0..self.row_count as u32).collect();
        self.rows_of(&all, scenario, alternatives)
    }

    /// The parameters of some rows, or every problem among them.
    pub fn rows_of<T: DeserializeOwned>(
        &self,
        members: &[u32],
        scenario: &Parameters,
        alternatives: &[&[&str]],
    ) -> Result<Vec<T>, Vec<SpecError>> {
        let mut rows = Vec::with_capacity(members.len());
        let mut problems = Vec::new();
        for &member in members {
            match self.row(member as usize, scenario, alternatives) {
                Ok(row) => rows.push(row),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() {
            Ok(rows)
        } else {
            Err(problems)
        }
    }
}

/// Hands the fields of one struct to serde, each looked up by name.
struct RowDeserializer<F> {
    value: F,
}

impl<'de, 'v, F: Fn(&str) -> Option<&'v ParameterValue>> de::Deserializer<'de> for RowDeserializer<F> {
    type Error = SpecError;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, SpecError> {
        let given = fields
            .iter()
            .filter_map(|&field| (self.value)(field).map(|value| (field, NamedValue { field, value })));
        visitor.visit_map(MapDeserializer::new(given))
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SpecError> {
        visitor.visit_map(MapDeserializer::new(std::iter::empty::<(&str, NamedValue<'v>)>()))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// A value that knows its field's name, so that a type error can say it.
#[derive(Clone, Copy)]
struct NamedValue<'v> {
    field: &'static str,
    value: &'v ParameterValue,
}

impl NamedValue<'_> {
    fn named<T>(self, result: Result<T, SpecError>) -> Result<T, SpecError> {
        result.map_err(|mut error| {
            if error.parameter.is_empty() {
                self.field.clone_into(&mut error.parameter);
            }
            error
        })
    }
}

impl IntoDeserializer<'_, SpecError> for NamedValue<'_> {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! integer {
    ($($name:ident)*) => {$(
        fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SpecError> {
            match self.value {
                ParameterValue::Number(x) if x.fract() == 0.0 && x.abs() < 9e15 => {
                    self.named(visitor.visit_i64(*x as i64))
                }
                _ => self.deserialize_any(visitor),
            }
        }
    )*};
}

impl<'de> de::Deserializer<'de> for NamedValue<'_> {
    type Error = SpecError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SpecError> {
        self.named(match self.value {
            ParameterValue::Number(x) => visitor.visit_f64(*x),
            ParameterValue::Text(text) => visitor.visit_str(text),
            ParameterValue::Flag(flag) => visitor.visit_bool(*flag),
        })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, SpecError> {
        visitor.visit_some(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, SpecError> {
        match self.value {
            ParameterValue::Text(text) => {
                let text: StrDeserializer<'_, SpecError> = text.as_str().into_deserializer();
                self.named(de::Deserializer::deserialize_enum(text, name, variants, visitor))
            }
            _ => self.named(Err(de::Error::unknown_variant("", variants))),
        }
    }

    integer! { deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
    deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 }

    serde::forward_to_deserialize_any! {
        bool i128 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// The field names of a struct that derives `Deserialize`: the parameters that a model knows.
///
/// ```
/// #[derive(serde::Deserialize)]
/// struct Row { depth: f64, price_floor: f64 }
/// assert_eq!(delever_core::parameter_names::<Row>(), ["depth", "price_floor"]);
/// ```
pub fn parameter_names<T: DeserializeOwned>() -> &'static [&'static str] {
    struct Names<'a>(&'a mut &'static [&'static str]);
    impl<'de> de::Deserializer<'de> for Names<'_> {
        type Error = SpecError;
        fn deserialize_struct<V: Visitor<'de>>(
            self,
            _: &'static str,
            fields: &'static [&'static str],
            _: V,
        ) -> Result<V::Value, SpecError> {
            *self.0 = fields;
            Err(SpecError::missing(""))
        }
        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, SpecError> {
            Err(SpecError::missing(""))
        }
        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
            unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
        }
    }
    let mut names: &'static [&'static str] = &[];
    // The probe always stops with an error; what it saw on the way is the answer.
    let _ = T::deserialize(Names(&mut names));
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize, Debug, PartialEq)]
    struct Row {
        c: f64,
        #[serde(default)]
        days: u32,
        max: Option<f64>,
    }

    #[test]
    fn a_cell_wins_over_the_scenario_and_blanks_fall_back() {
        let mut table = ParameterTable::new(2);
        table.set("c", 1, ParameterValue::Number(2.0));
        let scenario = Parameters::from([
            ("c".into(), ParameterValue::Number(1.0)),
            ("days".into(), ParameterValue::Number(3.0)),
        ]);
        let rows: Vec<Row> = table.rows(&scenario, &[]).expect("complete");
        assert_eq!(
            rows[0],
            Row {
                c: 1.0,
                days: 3,
                max: None
            }
        );
        assert_eq!(
            rows[1],
            Row {
                c: 2.0,
                days: 3,
                max: None
            }
        );
    }

    #[test]
    fn every_row_reports_its_missing_or_mistyped_parameter() {
        let mut table = ParameterTable::new(3);
        table.set("c", 1, ParameterValue::Text("deep".into()));
        table.set("c", 2, ParameterValue::Number(1.0));
        let problems = table
            .rows::<Row>(&Parameters::new(), &[])
            .expect_err("two rows are wrong");
        assert_eq!(problems.len(), 2);
        assert_eq!((problems[0].parameter.as_str(), problems[0].row), ("c", Some(0)));
        assert_eq!(problems[0].problem, Problem::Missing);
        assert_eq!((problems[1].parameter.as_str(), problems[1].row), ("c", Some(1)));
        assert!(matches!(problems[1].problem, Problem::WrongType(_)));
    }

    #[test]
    fn expectations_are_said_in_words_and_not_as_types() {
        let told = |parameter: &str, value: ParameterValue| {
            let mut table = ParameterTable::new(1);
            table.set("c", 0, ParameterValue::Number(1.0));
            table.set(parameter, 0, value);
            let error = table
                .row::<Row>(0, &Parameters::new(), &[])
                .expect_err("mistyped");
            (error.to_string(), error.wants_number())
        };
        let told = |parameter, value| {
            let (text, number) = told(parameter, value);
            assert!(number, "{text}");
            text
        };
        let text = || ParameterValue::Text("5,000".into());
        assert_eq!(told("c", text()), "`c` is not a number");
        assert_eq!(told("max", text()), "`max` is not a number");
        assert_eq!(told("c", ParameterValue::Flag(true)), "`c` is not a number");
        let count = "`days` is not a whole number of 0 or more";
        for value in [text(), ParameterValue::Number(2.5), ParameterValue::Number(-1.0)] {
            assert_eq!(told("days", value), count);
        }
    }
}
