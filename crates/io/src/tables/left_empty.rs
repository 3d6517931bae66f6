//! What spreadsheets leave behind: rows and columns without content, and space around texts.

use crate::catalogue::Code;
use crate::problem::{Diagnostics, Problem};

/// Rows and columns of one table that were passed over because nothing stands in them.
#[derive(Debug, Default)]
pub(super) struct LeftEmpty {
    rows: u64,
    first_row: u64,
    /// Whether rows go on behind the last column of the header.
    pub wide_rows: bool,
    /// Whether a column without a name has content; that is reported.
    pub content_reported: bool,
}

impl LeftEmpty {
    /// One more row, by its line.
    pub fn add_row(&mut self, line: u64) {
        if self.rows == 0 {
            self.first_row = line;
        }
        self.rows += 1;
    }

    /// Notes what there was; `columns` is the number of columns without a name.
    pub fn report(&self, file: &str, columns: usize, diagnostics: &mut Diagnostics) {
        let mut parts = Vec::new();
        if self.rows > 0 {
            let plural = if self.rows == 1 { "" } else { "s" };
            parts.push(format!(
                "{} row{plural}, the first at line {}",
                self.rows, self.first_row
            ));
        }
        if !self.content_reported && (columns > 0 || self.wide_rows) {
            parts.push("columns without a name".to_owned());
        }
        if !parts.is_empty() {
            let message = format!("nothing stands in {}: ignored", parts.join(", and in "));
            diagnostics.push(Problem::new(Code::EmptyIgnored, file, message));
        }
    }
}

/// A text without the space around it. A tab or a control character at its start stays, because ids are refused for it.
pub(super) fn trimmed(text: &str) -> &str {
    text.trim_end()
        .trim_start_matches(|c: char| c.is_whitespace() && !c.is_control())
}

/// Whether a field holds nothing but space.
pub(super) fn is_blank(field: &[u8]) -> bool {
    field.iter().all(u8::is_ascii_whitespace)
        || (!field.is_ascii() && std::str::from_utf8(field).is_ok_and(|text| text.trim().is_empty()))
}
