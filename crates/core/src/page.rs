//! What users are told of a model: formula, parameters, source and order, as text beside the code that it describes.
//!
//! A [`crate::Registry`] holds these pages. The program's reference, the descriptions of the JSON schema of scenario
//! files and the page of models in the documentation are all made from them.

use crate::Order;
use serde::Serialize;

/// What a model is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// How far sales push prices.
    Impact,
    /// How much an institution sells.
    Rule,
    /// What debts and shares between institutions are worth.
    Clearing,
    /// Which assets are sold.
    Strategy,
}

impl Role {
    /// All roles, in the order of [`crate::Registry::kinds`].
    pub const ALL: [Self; 4] = [Self::Impact, Self::Rule, Self::Clearing, Self::Strategy];

    /// The role in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Impact => "impact model",
            Self::Rule => "deleveraging rule",
            Self::Clearing => "clearing model",
            Self::Strategy => "liquidation strategy",
        }
    }

    /// Its place in [`crate::Registry::kinds`].
    pub fn place(self) -> usize {
        self as usize
    }

    /// The section of a scenario file and the key in it that names the model.
    pub fn key(self) -> (&'static str, &'static str) {
        match self {
            Self::Impact => ("impact", "model"),
            Self::Rule => ("deleveraging", "rule"),
            Self::Clearing => ("clearing", "model"),
            Self::Strategy => ("deleveraging", "strategy"),
        }
    }
}

/// The table in whose rows a parameter may also stand, where it wins over the key of the section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ParameterTableName {
    /// None: the parameter is a key of the section only.
    None,
    /// A column of the institutions table.
    Institutions,
    /// A column of the assets table.
    Assets,
}

/// What values a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Values {
    /// A number; the text says which ones are allowed.
    Number(&'static str),
    /// True or false.
    Flag,
    /// One of a few words.
    OneOf(&'static [&'static str]),
    /// The name of a CSV file beside the tables; the text lists its columns.
    File(&'static str),
}

/// What holds where a parameter is not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotGiven {
    /// An error.
    Error,
    /// This value, written as in a scenario file without quotes.
    Default(&'static str),
    /// What the text says.
    Otherwise(&'static str),
}

/// A parameter of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ParameterPage {
    /// The key or column.
    pub name: &'static str,
    /// What it is, in one line.
    pub meaning: &'static str,
    /// Its unit, such as `money` or `assets / equity`; empty for words and files.
    pub unit: &'static str,
    /// What it may be.
    pub values: Values,
    /// What holds without it.
    pub not_given: NotGiven,
}

impl ParameterPage {
    /// A number that has to be given.
    pub const fn number(
        name: &'static str,
        unit: &'static str,
        allowed: &'static str,
        meaning: &'static str,
    ) -> Self {
        Self {
            name,
            meaning,
            unit,
            values: Values::Number(allowed),
            not_given: NotGiven::Error,
        }
    }

    /// One of a few words, the first of which is the default.
    pub const fn word(
        name: &'static str,
        words: &'static [&'static str],
        default: &'static str,
        meaning: &'static str,
    ) -> Self {
        Self {
            name,
            meaning,
            unit: "",
            values: Values::OneOf(words),
            not_given: NotGiven::Default(default),
        }
    }

    /// True or false.
    pub const fn flag(name: &'static str, default: &'static str, meaning: &'static str) -> Self {
        Self {
            name,
            meaning,
            unit: "",
            values: Values::Flag,
            not_given: NotGiven::Default(default),
        }
    }

    /// A file that has to be named.
    pub const fn file(name: &'static str, columns: &'static str, meaning: &'static str) -> Self {
        Self {
            name,
            meaning,
            unit: "",
            values: Values::File(columns),
            not_given: NotGiven::Error,
        }
    }

    /// The same with a default.
    #[must_use]
    pub const fn or(mut self, default: &'static str) -> Self {
        self.not_given = NotGiven::Default(default);
        self
    }

    /// The same for one that need not be given; the text says what holds without it.
    #[must_use]
    pub const fn or_else(mut self, otherwise: &'static str) -> Self {
        self.not_given = NotGiven::Otherwise(otherwise);
        self
    }
}

/// The page of a model.
///
/// ```
/// use delever_core::{ModelPage, Order, ParameterPage, Registry, Role};
/// const FLAT: ModelPage = ModelPage {
///     title: "Flat impact",
///     summary: "Any sale lowers the price by the same share.",
///     formula: "q = q0 (1 - haircut) if Q > 0, else q0",
///     order: Order::Antitone,
///     order_conditions: "Always; the price jumps down at the first unit sold.",
///     source: "Own.",
///     parameters: &[ParameterPage::number("haircut", "share", "from 0 to 1", "Relative fall of the price.")],
///     example: "haircut = 0.02",
/// };
/// let mut registry = Registry::new();
/// registry.document(Role::Impact, "acme/flat", FLAT);
/// assert_eq!(registry.page(Role::Impact, "acme/flat"), Some(&FLAT));
/// assert_eq!(registry.page(Role::Impact, "acme/other"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ModelPage {
    /// Name in words.
    pub title: &'static str,
    /// What the model does, in a sentence or two.
    pub summary: &'static str,
    /// The formula, line by line, with the symbols that it defines.
    pub formula: &'static str,
    /// What the model declares with the parameters of the example, where sellers are paid final prices.
    pub order: Order,
    /// What that means here, and when the model is unordered instead.
    pub order_conditions: &'static str,
    /// Author, year and journal; what is the library's own says so.
    pub source: &'static str,
    /// Its parameters, in the order of the formula.
    pub parameters: &'static [ParameterPage],
    /// Keys of a scenario's section that choose all parameters that have to be given; empty where there are none.
    pub example: &'static str,
}
