//! Reading one table: bytes in, records with line numbers out. Knows limits and what spreadsheets leave, not what columns mean.

pub(crate) use super::dropped::Dropped;
pub(crate) use super::header::Columns;

use super::header;
use super::left_empty::{LeftEmpty, is_blank, trimmed};
use super::stream::{self, Stream};
use crate::catalogue::Code;
use crate::limits::Limits;
use crate::problem::{Diagnostics, Problem};
use crate::source::TableSource;
use csv::ByteRecord;

/// A table that is being read, row by row.
pub(crate) struct Table<'a> {
    file: String,
    limits: &'a Limits,
    row_limit: u64,
    reader: csv::Reader<Stream<'a>>,
    header: Vec<String>,
    header_line: u64,
    /// Columns whose name is not UTF-8; that is reported.
    unreadable: Vec<usize>,
    /// Whether the first column needs no name, as in a matrix.
    corner_is_free: bool,
    record: ByteRecord,
    line: u64,
    rows: u64,
    complete: bool,
    left_empty: LeftEmpty,
    dropped: Option<Dropped>,
}

impl<'a> Table<'a> {
    /// Opens a list and reads its header. `None`: what is wrong is reported.
    pub fn open(
        source: &'a dyn TableSource,
        file: &str,
        columns: &Columns<'_>,
        row_limit: u64,
        limits: &'a Limits,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        Self::start(source, file, row_limit, limits, diagnostics)?.into_list(columns, diagnostics)
    }

    /// Opens a table and reads its first line, whatever it names. `None`: what is wrong is reported.
    pub fn start(
        source: &'a dyn TableSource,
        file: &str,
        row_limit: u64,
        limits: &'a Limits,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let (stream, bytes) = stream::open(source, file, limits.bytes, diagnostics)?;
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
                .from_reader(stream),
            header: Vec::new(),
            header_line: 1,
            unreadable: Vec::new(),
            corner_is_free: false,
            record: ByteRecord::new(),
            line: 1,
            rows: 0,
            complete: true,
            left_empty: LeftEmpty::default(),
            dropped: None,
        };
        if bytes > limits.bytes {
            diagnostics.push(table.too_long());
            return None;
        }
        table.read_header(diagnostics).then_some(table)
    }

    /// The table as a list with the columns that are known. `None`: what is wrong is reported.
    pub fn into_list(self, columns: &Columns<'_>, diagnostics: &mut Diagnostics) -> Option<Self> {
        header::check(&self, columns, diagnostics).then_some(self)
    }

    /// Reads the first line that is not blank; whether rows can be read.
    fn read_header(&mut self, diagnostics: &mut Diagnostics) -> bool {
        if !self.next_record(diagnostics) {
            if !self.complete {
                return false;
            }
            self.record.clear();
            self.line = 1;
        }
        self.header_line = self.line;
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
                self.unreadable.push(place);
                String::from_utf8_lossy(self.field(place)).into_owned()
            };
            self.header.push(name);
        }
        true
    }

    /// The file.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The names of the columns.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// The line of the header.
    pub fn header_line(&self) -> u64 {
        self.header_line
    }

    /// Whether the name of a column could not be read; that is reported.
    pub fn is_unreadable(&self, place: usize) -> bool {
        self.unreadable.contains(&place)
    }

    /// From now on the first column needs no name.
    pub fn free_corner(&mut self) {
        self.corner_is_free = true;
    }

    /// From now on the texts of rows that are not handed out are kept.
    pub fn keep_dropped(&mut self) {
        self.dropped = Some(Dropped::default());
    }

    /// What was dropped since it is kept.
    pub fn take_dropped(&mut self) -> Dropped {
        self.dropped.take().unwrap_or_default()
    }

    /// Keeps the texts of the current row, which is not used: where a comma too many moved its cells, any may be the id.
    pub fn drop_row(&mut self) {
        let texts: Vec<Option<String>> = (0..self.record.len())
            .map(|place| std::str::from_utf8(self.field(place)).ok())
            .map(|text| text.map(|text| trimmed(text).to_owned()))
            .collect();
        let id = self.place("id").filter(|_| texts.len() == self.header.len());
        if let Some(dropped) = &mut self.dropped {
            dropped.add(texts, id);
        }
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
            let named = self
                .header
                .iter()
                .rposition(|name| !name.is_empty())
                .map_or(0, |last| last + 1);
            let beyond = self.header.len()..self.record.len();
            let goes_on = !beyond.is_empty();
            let is_wide = beyond.into_iter().any(|place| !is_blank(self.field(place)));
            self.left_empty.wide_rows |= goes_on && !is_wide;
            if self.record.len() < named || is_wide {
                let message = format!(
                    "the row has {} fields, the header {}",
                    self.record.len(),
                    self.header.len()
                );
                diagnostics.push(
                    Problem::new(Code::FieldCount, &self.file, message)
                        .at_row(self.line)
                        .with_hint(
                            "put texts that contain commas in double quotes; write numbers with a decimal point, and \
                             no thousands separators",
                        ),
                );
            } else if let Some(place) = self.first_not_utf8() {
                diagnostics.push(self.not_utf8(place));
            } else {
                self.check_unnamed(diagnostics);
                return true;
            }
            self.drop_row();
        }
        if self.complete {
            let columns = self.unnamed().count();
            std::mem::take(&mut self.left_empty).report(&self.file, columns, diagnostics);
        }
        false
    }

    /// Places of columns without a name.
    fn unnamed(&self) -> impl Iterator<Item = usize> + '_ {
        let free = usize::from(self.corner_is_free);
        (free..self.header.len()).filter(|&place| self.header[place].is_empty())
    }

    /// Reports, once, that a column without a name has content.
    fn check_unnamed(&mut self, diagnostics: &mut Diagnostics) {
        if self.left_empty.content_reported {
            return;
        }
        let filled = self.unnamed().find(|&place| !is_blank(self.field(place)));
        if let Some(place) = filled {
            let message = format!(
                "column {} has no name, and content from line {} on",
                place + 1,
                self.line
            );
            diagnostics.push(
                Problem::new(Code::UnknownColumn, &self.file, message)
                    .at_row(self.header_line)
                    .in_column("")
                    .with_cell(self.cell(Some(place)))
                    .with_hint("name the column in the first line, or remove it"),
            );
            self.left_empty.content_reported = true;
        }
    }

    /// The text of a cell in the current row, without space around it; empty where the column is absent.
    pub fn cell(&self, place: Option<usize>) -> &str {
        // Rows that are not UTF-8 are passed over before.
        place.map_or("", |place| {
            trimmed(std::str::from_utf8(self.field(place)).unwrap_or_default())
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
                    let too_long =
                        matches!(error.kind(), csv::ErrorKind::Io(inner) if stream::is_too_long(inner));
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
            if (0..self.record.len()).all(|place| is_blank(self.field(place))) {
                // A blank line is no row of a spreadsheet.
                if self.record.len() > 1 {
                    self.left_empty.add_row(self.line);
                }
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
                if let Some(dropped) = &mut self.dropped {
                    dropped.unknown = true;
                }
                continue;
            }
            return true;
        }
    }
}

fn count_line_feeds(bytes: &[u8]) -> u64 {
    bytes.split(|&byte| byte == b'\n').count() as u64 - 1
}
