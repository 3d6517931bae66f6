//! Where tables come from: a folder, or texts in memory.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// An opened table.
pub struct OpenTable<'a> {
    /// Its size in bytes, as far as known before reading; the reader does not trust it.
    pub bytes: u64,
    /// Its content.
    pub content: Box<dyn Read + 'a>,
}

/// Why a table cannot be opened.
#[derive(Debug)]
pub enum OpenError {
    /// A link leads out of the folder.
    Outside,
    /// The system refused.
    Io(io::Error),
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Gives tables by file name, such as `assets.csv`.
pub trait TableSource {
    /// Whether there is a file of that name.
    fn contains(&self, file: &str) -> bool;

    /// The names of all files, as far as the source can list them: those that nobody reads are named to the user.
    fn files(&self) -> Vec<String> {
        Vec::new()
    }

    /// Opens a file. Called only for names that the source contains.
    fn open(&self, file: &str) -> Result<OpenTable<'_>, OpenError>;
}

/// Tables in a folder.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
    /// Canonical folder that files may not leave; `None`: anywhere.
    root: Option<PathBuf>,
}

impl Folder {
    /// A folder whose files may stand anywhere, links included.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            root: None,
        }
    }

    /// A folder whose files must stand below `root`, links followed. `root` is a canonical path.
    pub fn within(path: impl Into<PathBuf>, root: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            root: Some(root.into()),
        }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl TableSource for Folder {
    fn contains(&self, file: &str) -> bool {
        // A link that leads nowhere is a file that cannot be opened, not an absent table.
        self.path.join(file).symlink_metadata().is_ok()
    }

    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.path).into_iter().flatten().flatten();
        let files = entries.filter(|entry| entry.path().is_file());
        let mut names: Vec<String> = files
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        names.sort_unstable();
        names
    }

    fn open(&self, file: &str) -> Result<OpenTable<'_>, OpenError> {
        let path = self.path.join(file).canonicalize()?;
        if self.root.as_ref().is_some_and(|root| !path.starts_with(root)) {
            return Err(OpenError::Outside);
        }
        let metadata = path.metadata()?;
        if !metadata.is_file() {
            // Opening a pipe may wait forever, and a device may never end.
            return Err(OpenError::Io(io::Error::new(
                io::ErrorKind::InvalidInput,
                "it is not a regular file",
            )));
        }
        Ok(OpenTable {
            bytes: metadata.len(),
            content: Box::new(File::open(path)?),
        })
    }
}

/// Tables in memory, by file name.
///
/// ```
/// use delever_io::{TableSource, Tables};
/// let tables = Tables::new().with("institutions.csv", "id,cash\nA,5\n");
/// assert!(tables.contains("institutions.csv"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Tables {
    files: BTreeMap<String, Vec<u8>>,
}

impl Tables {
    /// No tables.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with one more table, or with another content of it.
    #[must_use]
    pub fn with(mut self, file: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        self.files.insert(file.into(), content.into());
        self
    }

    /// The same without one table.
    #[must_use]
    pub fn without(mut self, file: &str) -> Self {
        self.files.remove(file);
        self
    }
}

impl TableSource for Tables {
    fn contains(&self, file: &str) -> bool {
        self.files.contains_key(file)
    }

    fn files(&self) -> Vec<String> {
        self.files.keys().cloned().collect()
    }

    fn open(&self, file: &str) -> Result<OpenTable<'_>, OpenError> {
        match self.files.get(file) {
            Some(content) => Ok(OpenTable {
                bytes: content.len() as u64,
                content: Box::new(content.as_slice()),
            }),
            None => Err(OpenError::Io(io::Error::from(io::ErrorKind::NotFound))),
        }
    }
}
