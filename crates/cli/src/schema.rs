//! `delever schema`.

use crate::Exit;
use crate::output;

/// Prints the JSON schema of scenario files.
pub(crate) fn schema() -> Exit {
    let schema = delever::io::schema(&delever::registry());
    match serde_json::to_string_pretty(&schema) {
        Ok(text) => output::print(&format!("{text}\n")),
        Err(error) => {
            eprintln!("the schema could not be written: {error}");
            Exit::Internal
        }
    }
}
