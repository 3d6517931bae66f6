//! Writing results: whole or not at all, and harmless on a terminal.

use crate::Exit;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// Prints to standard output.
pub(crate) fn print(text: &str) -> Exit {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Exit::Done,
        Err(error) => {
            // A reader that has seen enough closes the pipe: no message, but no claim of success either.
            if error.kind() != io::ErrorKind::BrokenPipe {
                eprintln!("standard output could not be written: {error}");
            }
            Exit::NotWritten
        }
    }
}

/// Writes a file under a temporary name beside it and renames it, so that no reader sees half of it.
pub(crate) fn write_file(path: &Path, text: &str) -> io::Result<()> {
    let mut name = path
        .file_name()
        .map(std::ffi::OsStr::to_os_string)
        .unwrap_or_default();
    name.push(format!(".tmp.{}", std::process::id()));
    let temporary = path.with_file_name(name);
    let written = fs::File::create(&temporary)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Prints a finished text, or writes it to a file where one is named.
pub(crate) fn deliver(text: &str, file: Option<&Path>) -> Exit {
    let Some(path) = file else {
        return print(text);
    };
    match write_file(path, text) {
        Ok(()) => Exit::Done,
        Err(error) => {
            eprintln!("{} could not be written: {error}", path.display());
            Exit::NotWritten
        }
    }
}

/// A text with control characters and invisible direction marks made visible, for terminals.
pub(crate) fn visible(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => {
                c.escape_unicode().to_string()
            }
            c if c.is_control() => c.escape_default().to_string(),
            c => c.to_string(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn control_characters_and_direction_marks_become_visible() {
        assert_eq!(super::visible("a\u{1b}[31mb\u{202e}c"), "a\\u{1b}[31mb\\u{202e}c");
        assert_eq!(
            super::visible("Crédit Agricole </script>"),
            "Crédit Agricole </script>"
        );
    }
}
