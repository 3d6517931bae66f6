//! Tables: from bytes to checked rows, with every problem of every row reported.

mod blank;
pub(crate) mod cells;
pub(crate) mod declared;
mod dropped;
pub(crate) mod encoding;
mod header;
pub(crate) mod holdings;
mod left_empty;
mod matrix;
pub(crate) mod names;
pub(crate) mod numbers;
pub(crate) mod pairs;
mod parameters;
pub(crate) mod participants;
mod reader;
mod stream;
pub(crate) mod unread;

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

/// The file of a table, or what stands in its way.
///
/// `None`: there is no such table, or its problem is reported.
pub(crate) fn find(source: &dyn TableSource, name: &str, diagnostics: &mut Diagnostics) -> Option<String> {
    let (csv, parquet) = (format!("{name}.csv"), format!("{name}.parquet"));
    match (source.contains(&csv), source.contains(&parquet)) {
        (false, false) => None,
        (true, false) => Some(csv),
        (false, true) => {
            let problem = Problem::new(Code::ParquetUnsupported, parquet, "Parquet is not read");
            diagnostics.push(problem.with_hint(format!("write the table as `{csv}`")));
            None
        }
        (true, true) => {
            let message = format!("`{csv}` and `{parquet}` are both there");
            diagnostics
                .push(Problem::new(Code::BothFormats, csv, message).with_hint("remove or move one of them"));
            None
        }
    }
}
