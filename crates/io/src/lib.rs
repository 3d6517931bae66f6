//! Tables, scenario files and results.
//!
//! A scenario file names a folder of CSV tables, a shock and models. [`load`] reads all of it, reports every problem
//! in one pass with file, line, column and a stable code, and returns a frozen system that is ready to be solved;
//! [`load_from`] does the same with tables in memory. [`RunResult`] is what goes out as JSON.
//!
//! The crate holds the registry of built-in models, [`registry`]. It computes nothing of finance itself, and writes
//! no file: writers are handed in.
//!
//! ```no_run
//! use delever_io::{Layout, LoadOptions, RunResult, json_string, load, registry};
//! let registry = registry();
//! match load("scenario.toml".as_ref(), &registry, &LoadOptions::default()) {
//!     Ok(loaded) => {
//!         let equilibria = loaded.solve(&registry)?;
//!         let result = RunResult::new(&loaded, &equilibria, None).expect("a solve returns an equilibrium");
//!         println!("{}", json_string(&result, Layout::Pretty));
//!     }
//!     Err(problems) => eprintln!("{problems}"),
//! }
//! # Ok::<(), delever_io::Diagnostics>(())
//! ```

mod builtin;
mod catalogue;
mod csv_table;
mod files;
pub mod generate;
mod json;
mod limits;
mod load;
mod model_pages;
mod models;
mod overridden;
mod problem;
mod references;
mod result;
mod scenario;
mod schema;
mod source;
mod sweep;
mod tables;

pub use builtin::registry;
pub use catalogue::{Code, Explanation, all_codes, explain};
pub use files::read_scenario_text;
pub use json::{Layout, json_string, write_json};
pub use limits::Limits;
pub use load::{LoadOptions, Loaded, load, load_from, load_text};
pub use model_pages::{
    model_json, model_text, model_title, models, models_markdown, models_named, nearest_subject,
};
pub use problem::{CodeText, Diagnostics, MAX_PRINTED_PER_CODE, MAX_PROBLEMS_PER_FILE, Problem, Severity};
pub use result::{
    AssetResult, BothResult, BoundsResult, CertificateResult, EnclosureResult, InstitutionResult,
    NAMED_NEAR_BOUNDARY, OutcomeResult, RESULT_VERSION, RoundResult, RunResult, SelectName, StateName,
    StatusName, Timing, TotalsResult,
};
pub use scenario::{
    Clearing, Deleveraging, Engine, EngineKind, Impact, ModelChoice, NamedShock, OrderOfTrade, Rounds,
    Scenario, VERSION as SCENARIO_VERSION,
};
pub use schema::schema;
pub use source::{Folder, OpenError, OpenTable, TableSource, Tables};
pub use sweep::{FailedValue, SweepResult, SweepRun, SweepValue};
