//! Reference cases in the shared folder beside the project.

use std::path::PathBuf;

/// The folder of reference cases and data beside the project, if there is one.
pub fn shared() -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    folder.is_dir().then_some(folder)
}

/// A file of the shared folder; `None` where the folder is absent. Tests that need it are ignored there.
pub fn shared_file(path: &str) -> Option<PathBuf> {
    shared().map(|folder| folder.join(path))
}

/// A JSON file of the shared folder.
///
/// # Panics
/// If the folder is there and the file is not, or is no JSON.
pub fn shared_json(path: &str) -> Option<serde_json::Value> {
    let file = shared_file(path)?;
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display())))
}
