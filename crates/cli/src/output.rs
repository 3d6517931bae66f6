//! Writing results: whole or not at all, and harmless on a terminal.

mod file;

use crate::Exit;
use file::write_file;
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

/// Prints a finished text, or writes it to a file where one is named; `-` names standard output.
pub(crate) fn deliver(text: &str, file: Option<&Path>) -> Exit {
    let Some(path) = file.filter(|path| *path != Path::new("-")) else {
        return print(text);
    };
    delivered(path, write_file(path, text))
}

/// Writes several files into a folder, which is made where it is missing; each file appears whole or not at all.
pub(crate) fn deliver_folder(files: &[(&str, String)], folder: &Path) -> Exit {
    if folder == Path::new("-") {
        eprintln!("several files are written, and `-` is not a folder: name one");
        return Exit::NotWritten;
    }
    let made = match fs::metadata(folder) {
        Ok(found) if !found.is_dir() => Err(io::Error::new(
            io::ErrorKind::NotADirectory,
            "it is there and not a folder; several files are written, so name a folder",
        )),
        _ => fs::create_dir_all(folder),
    };
    if made.is_err() {
        return delivered(folder, made);
    }
    for (name, text) in files {
        let path = folder.join(name);
        let written = write_file(&path, text);
        if written.is_err() {
            return delivered(&path, written);
        }
    }
    Exit::Done
}

fn delivered(path: &Path, written: io::Result<()>) -> Exit {
    match written {
        Ok(()) => Exit::Done,
        Err(error) => {
            eprintln!(
                "{} could not be written: {error}",
                visible(&path.display().to_string())
            );
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
