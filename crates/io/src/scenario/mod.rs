//! Scenario files: from TOML to checked settings, with every problem reported where it stands.

mod document;
pub(crate) mod overrides;
pub(crate) mod read;
mod reserved;
mod rounds;
mod scaling;
mod section;
mod settings;

pub use read::VERSION;
pub use settings::{
    Clearing, Deleveraging, Engine, EngineKind, Impact, ModelChoice, NamedShock, OrderOfTrade, Rounds,
    Scenario,
};

pub(crate) use document::{Value, parse};
pub(crate) use read::{KeyLines, Read, read};
pub(crate) use rounds::{RULE_KEYS, read_by_every_rule};
pub(crate) use scaling::{Columns, Scaling};
