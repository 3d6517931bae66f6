//! Tables: from bytes to checked rows, with every problem of every row reported.

pub(crate) mod cells;
pub(crate) mod declared;
pub(crate) mod names;
pub(crate) mod pairs;
pub(crate) mod participants;
mod reader;

use crate::catalogue::Code;
use crate::problem::{Diagnostics, Problem};
use crate::source::TableSource;

/// Tables whose names the format reserves and that nothing reads.
const UNSUPPORTED: [&str; 4] = ["accounts", "positions", "loans", "margin_tiers"];

/// Refuses tables that would silently be left out.
pub(crate) fn refuse_unsupported(source: &dyn TableSource, diagnostics: &mut Diagnostics) {
    for name in UNSUPPORTED {
        for file in [format!("{name}.csv"), format!("{name}.parquet")] {
            if source.contains(&file) {
                let message =
                    format!("the table `{name}` is reserved by the format, and nothing reads it yet");
                diagnostics.push(
                    Problem::new(Code::TableUnsupported, file, message)
                        .with_hint("remove the table from the folder: its positions would not be counted"),
                );
            }
        }
    }
}
