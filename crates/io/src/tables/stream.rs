//! The bytes of a table: opened, looked at, and read up to a limit.

use super::encoding::{START, foreign};
use crate::catalogue::Code;
use crate::problem::{Diagnostics, Problem};
use crate::source::{OpenError, TableSource};
use std::io::{self, Read};

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
pub(super) struct Stream<'a> {
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

/// Opens a file; with its size, as far as that is known. `None`: what is wrong is reported.
pub(super) fn open<'a>(
    source: &'a dyn TableSource,
    file: &str,
    limit: u64,
    diagnostics: &mut Diagnostics,
) -> Option<(Stream<'a>, u64)> {
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
    let (mut content, mut start) = (opened.content, Vec::new());
    if let Err(error) = content.by_ref().take(START).read_to_end(&mut start) {
        let message = format!("reading failed: {error}");
        diagnostics.push(Problem::new(Code::TableUnreadable, file, message));
        return None;
    }
    if let Some(problem) = no_lines_of_text(file, &start) {
        diagnostics.push(problem);
        return None;
    }
    let stream = Stream {
        content: Box::new(io::Cursor::new(start).chain(content)),
        left: limit,
        closed: false,
    };
    Some((stream, opened.bytes))
}

/// Whether reading failed because a file is longer than its limit.
pub(super) fn is_too_long(error: &io::Error) -> bool {
    error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<TooLong>())
        .is_some()
}

/// What is wrong with a file that is not made of lines of UTF-8 text, by its start.
fn no_lines_of_text(file: &str, start: &[u8]) -> Option<Problem> {
    let problem =
        |code, message: String, hint| Some(Problem::new(code, file, message).at_row(1).with_hint(hint));
    if let Some(foreign) = foreign(start) {
        let message = format!("the file is {}, not UTF-8 text", foreign.what);
        return problem(Code::NotUtf8, message, foreign.hint);
    }
    let lone = start.contains(&b'\r') && !start.contains(&b'\n');
    // A single line may end so where the file ends.
    if lone && start.iter().position(|&byte| byte == b'\r') != Some(start.len() - 1) {
        let message = "the lines end with carriage returns alone, so the table is a single line".to_owned();
        let hint = "save the table with line feeds (in a spreadsheet: `CSV UTF-8`)";
        return problem(Code::MissingColumn, message, hint);
    }
    None
}
