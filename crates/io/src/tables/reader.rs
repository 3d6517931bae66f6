//! Reading one table: bytes in, records with line numbers out. Knows headers and limits, not what columns mean.

use crate::catalogue::Code;
use crate::limits::Limits;
use crate::problem::{Diagnostics, Problem};
use crate::source::{OpenError, TableSource};
use csv::ByteRecord;
use delever_core::nearest_name;
use std::io::{self, Read};

/// The columns that a table may have.
pub(crate) struct Columns<'a> {
    pub required: &'a [&'static str],
    pub optional: &'a [&'static str],
    /// Parameters of models.
    pub parameters: &'a [&'static str],
}

impl Columns<'_> {
    fn known(&self) -> impl Iterator<Item = &'static str> {
        self.required
            .iter()
            .chain(self.optional)
            .chain(self.parameters)
            .copied()
    }
}

/// A table that is being read, row by row.
pub(crate) struct Table<'a> {
    file: String,
    limits: &'a Limits,
    row_limit: u64,
    reader: csv::Reader<Stream<'a>>,
    header: Vec<String>,
    record: ByteRecord,
    line: u64,
    rows: u64,
    complete: bool,
}

/// The marker of a file that turned out longer than its limit.
#[derive(Debug)]
struct TooLong;

impl std::fmt::Display for TooLong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("longer than the limit")
    }
}

impl std::error::Error for TooLong {}

/// The content of a file up to a limit, then a line feed, so that every record is terminated by one.
struct Stream<'a> {
    content: Box<dyn Read + 'a>,
    left: u64,
    closed: bool,
}

impl Read for Stream<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.closed || buffer.is_empty() {
            return Ok(0);
        }
        let count = self.content.read(buffer)?;
        if count == 0 {
            self.closed = true;
            buffer[0] = b'\n';
            return Ok(1);
        }
        self.left = self
            .left
            .checked_sub(count as u64)
            .ok_or_else(|| io::Error::other(TooLong))?;
        Ok(count)
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

impl<'a> Table<'a> {
    /// Opens a table and reads its header. `None`: what is wrong is reported.
    pub fn open(
        source: &'a dyn TableSource,
        file: &str,
        columns: &Columns<'_>,
        row_limit: u64,
        limits: &'a Limits,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let opened = match source.open(file) {
            Ok(opened) => opened,
            Err(OpenError::Outside) => {
                let message = "the file, or a link to it, leads out of the scenario's folder";
                diagnostics.push(
                    Problem::new(Code::PathOutside, file, message)
                        .with_hint("copy the file, or allow it with --allow-outside"),
                );
                return None;
            }
            Err(OpenError::Io(error)) => {
                diagnostics.push(Problem::new(
                    Code::TableUnreadable,
                    file,
                    format!("reading failed: {error}"),
                ));
                return None;
            }
        };
        let mut table = Self {
            file: file.to_owned(),
            limits,
            row_limit,
            // The stream's last line feed guarantees that a carriage return never ends a record, so lines can be
            // counted; it stays at the end of the last field and is cut off there.
            reader: csv::ReaderBuilder::new()
                .has_headers(false)
                .flexible(true)
                .terminator(csv::Terminator::Any(b'\n'))
                .buffer_capacity(1 << 16)
                .from_reader(Stream {
                    content: opened.content,
                    left: limits.bytes,
                    closed: false,
                }),
            header: Vec::new(),
            record: ByteRecord::new(),
            line: 1,
            rows: 0,
            complete: true,
        };
        if opened.bytes > limits.bytes {
            diagnostics.push(table.too_long());
            return None;
        }
        table.read_header(columns, diagnostics).then_some(table)
    }

    /// Reads and checks the header; whether rows can be read.
    fn read_header(&mut self, columns: &Columns<'_>, diagnostics: &mut Diagnostics) -> bool {
        if !self.next_record(diagnostics) {
            self.record.clear();
            self.line = 1;
        }
        if self.record.len() > self.limits.columns {
            let message = format!(
                "the header has {} columns; the limit is {} columns",
                self.record.len(),
                self.limits.columns
            );
            diagnostics.push(Problem::new(Code::TooManyColumns, &self.file, message).at_row(self.line));
            return false;
        }
        for place in 0..self.record.len() {
            let name = if let Ok(name) = std::str::from_utf8(self.field(place)) {
                name.trim().to_owned()
            } else {
                diagnostics.push(self.not_utf8(place));
                String::new()
            };
            self.header.push(name);
        }
        let mut complete = true;
        for (place, name) in self.header.iter().enumerate() {
            if self.header[..place].contains(name) {
                let message = format!("the column `{name}` is there twice");
                diagnostics.push(
                    Problem::new(Code::DuplicateColumn, &self.file, message)
                        .at_row(self.line)
                        .in_column(name),
                );
            } else if !columns.known().any(|known| known == name) {
                let mut problem = Problem::new(
                    Code::UnknownColumn,
                    &self.file,
                    format!("no column is named `{}`", crate::problem::shortened(name)),
                )
                .at_row(self.line)
                .in_column(crate::problem::shortened(name));
                let candidates = columns.known();
                problem = problem.with_hint(match nearest_name(name, candidates) {
                    Some(nearest) => format!("did you mean `{nearest}`?"),
                    None => format!(
                        "known columns are {}",
                        columns.known().collect::<Vec<_>>().join(", ")
                    ),
                });
                diagnostics.push(problem);
            }
        }
        for &needed in columns.required {
            if self.place(needed).is_none() {
                complete = false;
                let separator_hint = match self.header.as_slice() {
                    [only] if only.contains(';') || only.contains('\t') => {
                        "separate columns by commas, not by semicolons or tabs"
                    }
                    _ => "the first line names the columns",
                };
                diagnostics.push(
                    Problem::new(
                        Code::MissingColumn,
                        &self.file,
                        format!("the column `{needed}` is needed"),
                    )
                    .at_row(self.line)
                    .in_column(needed)
                    .with_hint(separator_hint),
                );
            }
        }
        complete
    }

    /// Where a column stands.
    pub fn place(&self, column: &str) -> Option<usize> {
        self.header.iter().position(|name| name == column)
    }

    /// The line of the current row.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Whether nothing stopped the reading before the end.
    pub fn complete(&self) -> bool {
        self.complete
    }

    /// Reads the next row; `false` at the end. Rows that are no rows at all are reported and passed over.
    pub fn advance(&mut self, diagnostics: &mut Diagnostics) -> bool {
        while self.next_record(diagnostics) {
            self.rows += 1;
            if self.rows > self.row_limit {
                let message = format!("the limit is {} rows", self.row_limit);
                diagnostics.push(Problem::new(Code::TooManyRows, &self.file, message).at_row(self.line));
                self.complete = false;
                return false;
            }
            if self.record.len() != self.header.len() {
                let message = format!(
                    "the row has {} fields, the header {}",
                    self.record.len(),
                    self.header.len()
                );
                diagnostics.push(
                    Problem::new(Code::FieldCount, &self.file, message)
                        .at_row(self.line)
                        .with_hint("put texts that contain commas in double quotes"),
                );
            } else if let Some(place) = self.first_not_utf8() {
                diagnostics.push(self.not_utf8(place));
            } else {
                return true;
            }
        }
        false
    }

    /// The text of a cell in the current row; empty where the column is absent.
    pub fn cell(&self, place: Option<usize>) -> &str {
        // Rows that are not UTF-8 are passed over before.
        place.map_or("", |place| {
            std::str::from_utf8(self.field(place)).unwrap_or_default()
        })
    }

    /// A problem of a cell in the current row.
    pub fn problem(&self, code: Code, place: Option<usize>, message: impl Into<String>) -> Problem {
        let problem = Problem::new(code, &self.file, message).at_row(self.line);
        match place {
            Some(place) => problem
                .in_column(self.header.get(place).cloned().unwrap_or_default())
                .with_cell(self.cell(Some(place))),
            None => problem,
        }
    }

    fn field(&self, place: usize) -> &[u8] {
        let field = self.record.get(place).unwrap_or_default();
        if place + 1 == self.record.len() {
            field.strip_suffix(b"\r").unwrap_or(field)
        } else {
            field
        }
    }

    fn first_not_utf8(&self) -> Option<usize> {
        if self.record.as_slice().is_ascii() {
            return None;
        }
        (0..self.record.len()).find(|&place| std::str::from_utf8(self.field(place)).is_err())
    }

    fn not_utf8(&self, place: usize) -> Problem {
        let shown = String::from_utf8_lossy(self.field(place)).into_owned();
        let problem = Problem::new(Code::NotUtf8, &self.file, "the cell is not UTF-8 text")
            .at_row(self.line)
            .with_cell(&shown)
            .with_hint("save the table as UTF-8");
        match self.header.get(place) {
            Some(column) => problem.in_column(column),
            None => problem,
        }
    }

    fn too_long(&self) -> Problem {
        let message = format!("the limit is {} bytes", self.limits.bytes);
        Problem::new(Code::TooManyBytes, &self.file, message)
    }

    /// Reads the next record that is no blank line; `false` at the end, and where reading cannot go on.
    fn next_record(&mut self, diagnostics: &mut Diagnostics) -> bool {
        loop {
            match self.reader.read_byte_record(&mut self.record) {
                Ok(true) => {}
                Ok(false) => return false,
                Err(error) => {
                    self.complete = false;
                    let too_long = matches!(error.kind(), csv::ErrorKind::Io(inner)
                        if inner.get_ref().and_then(|inner| inner.downcast_ref::<TooLong>()).is_some());
                    diagnostics.push(if too_long {
                        self.too_long()
                    } else {
                        let message = format!("reading failed: {error}");
                        Problem::new(Code::TableUnreadable, &self.file, message).at_row(self.line)
                    });
                    return false;
                }
            }
            // The reader stands behind the record's line feed; fields may hold line feeds of their own.
            let inside = count_line_feeds(self.record.as_slice());
            let before = self.record.position().map_or(1, csv::Position::line);
            // A quote that is never closed swallows the last line feed, hence the lower bound.
            self.line = self
                .reader
                .position()
                .line()
                .saturating_sub(1 + inside)
                .max(before);
            if self.record.len() == 1 && self.field(0).is_empty() {
                continue;
            }
            let long = (0..self.record.len()).find(|&place| self.field(place).len() > self.limits.field);
            if let Some(place) = long {
                let message = format!(
                    "the field has {} bytes; the limit is {} bytes",
                    self.field(place).len(),
                    self.limits.field
                );
                let mut problem = Problem::new(Code::FieldTooLong, &self.file, message)
                    .at_row(self.line)
                    .with_hint("look for a double quote that is never closed");
                if let Some(column) = self.header.get(place) {
                    problem = problem.in_column(column);
                }
                diagnostics.push(problem);
                continue;
            }
            return true;
        }
    }
}

fn count_line_feeds(bytes: &[u8]) -> u64 {
    bytes.split(|&byte| byte == b'\n').count() as u64 - 1
}
