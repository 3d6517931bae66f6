//! Scenario files: from TOML to checked settings, with every problem reported where it stands.

mod document;
mod later;
pub(crate) mod overrides;
pub(crate) mod read;
mod section;
mod settings;

pub use read::VERSION;
pub use settings::{Clearing, Deleveraging, Engine, Impact, ModelChoice, NamedShock, Scenario};

pub(crate) use document::parse;
pub(crate) use read::{KeyLines, Read, read};
