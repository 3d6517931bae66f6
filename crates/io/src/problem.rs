//! Problems of the input: what is wrong, where, and what to do about it. Data first, text second.

use crate::catalogue::{Code, explain};
use serde::{Deserialize, Deserializer, Serialize, de};
use std::collections::BTreeMap;
use std::fmt;

/// How much a problem matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing, such as a column that no chosen model reads.
    Note,
    /// Accepted, and probably not what was meant.
    Warning,
    /// Refused: nothing is computed.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// One problem of the input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// Stable code, such as `D213`; [`crate::explain`] tells more.
    #[serde(deserialize_with = "known_code")]
    pub code: CodeText,
    /// How much it matters.
    pub severity: Severity,
    /// The file, as the scenario or the folder names it; `--set` for an override.
    pub file: String,
    /// Line in the file, 1 is the first line (of a table: its header).
    pub row: Option<u64>,
    /// Column of a table, or dotted key of a scenario.
    pub column: Option<String>,
    /// The offending text, shortened where it is long.
    pub cell: Option<String>,
    /// What is wrong, one or more lines.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

/// The text of a code of the catalogue. Under a name of its own, because the derived reader takes a plain reference for a
/// borrow from what it reads.
pub type CodeText = &'static str;

/// A code of the catalogue, which is where the texts of all codes stand.
fn known_code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<&'static str, D::Error> {
    let code = String::deserialize(deserializer)?;
    explain(&code)
        .map(|known| known.code)
        .ok_or_else(|| de::Error::custom(format!("`{code}` is no code of this version")))
}

/// Longest text of a cell that a problem repeats, in characters.
const LONGEST_CELL: usize = 80;

/// A text short enough to be repeated in a message.
pub(crate) fn shortened(text: &str) -> String {
    let mut characters = text.char_indices();
    match characters.nth(LONGEST_CELL) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

impl Problem {
    /// A problem of a file as a whole.
    pub fn new(code: Code, file: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.as_str(),
            severity: code.severity(),
            file: file.into(),
            row: None,
            column: None,
            cell: None,
            message: message.into(),
            hint: None,
        }
    }

    /// The same, at a line.
    #[must_use]
    pub fn at_row(mut self, row: impl Into<Option<u64>>) -> Self {
        self.row = row.into();
        self
    }

    /// The same, in a column or at a key.
    #[must_use]
    pub fn in_column(mut self, column: impl Into<String>) -> Self {
        self.column = Some(column.into());
        self
    }

    /// The same, with the offending text.
    #[must_use]
    pub fn with_cell(mut self, cell: &str) -> Self {
        self.cell = Some(shortened(cell));
        self
    }

    /// The same, with what to do.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}] {}", self.severity, self.code, printable(&self.file))?;
        if let Some(row) = self.row {
            write!(f, ":{row}")?;
        }
        if let Some(column) = &self.column {
            // Headers come from files: nothing in them may move the cursor of a terminal.
            write!(f, ":{}", column.escape_debug())?;
        }
        if let Some(cell) = &self.cell {
            write!(f, "  cell {cell:?}")?;
        }
        for line in self.message.lines() {
            write!(f, "\n  {}", printable(line))?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\nhelp: {}", printable(hint))?;
        }
        Ok(())
    }
}

/// A text without control characters.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

/// Problems listed for one file before the rest is left out.
pub const MAX_PROBLEMS_PER_FILE: usize = 10_000;

/// All problems found in one pass, in the order in which they were found.
///
/// Displayed, it is one block a problem with an empty line between, at most [`MAX_PRINTED_PER_CODE`] of one code; as data it is
/// the list itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Diagnostics {
    problems: Vec<Problem>,
    /// Problems by file and code, listed or not.
    #[serde(skip)]
    counts: BTreeMap<String, BTreeMap<&'static str, usize>>,
    #[serde(skip)]
    errors: usize,
}

/// Problems of one code that are printed; what follows is counted.
pub const MAX_PRINTED_PER_CODE: usize = 20;

impl Diagnostics {
    /// No problems.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a problem. Beyond [`MAX_PROBLEMS_PER_FILE`] of one file only errors are counted, and one closing line says so.
    pub fn push(&mut self, problem: Problem) {
        self.errors += usize::from(problem.severity == Severity::Error);
        let by_code = match self.counts.get_mut(&problem.file) {
            Some(by_code) => by_code,
            None => self.counts.entry(problem.file.clone()).or_default(),
        };
        *by_code.entry(problem.code).or_default() += 1;
        let count: usize = by_code.values().sum();
        if count <= MAX_PROBLEMS_PER_FILE {
            self.problems.push(problem);
        } else if count == MAX_PROBLEMS_PER_FILE + 1 {
            let message = format!("more problems follow; the first {MAX_PROBLEMS_PER_FILE} are listed");
            self.problems
                .push(Problem::new(Code::TooManyProblems, problem.file, message));
        }
    }

    /// The problems that are listed.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The problems that are listed, one by one.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.problems.iter()
    }

    /// The problems as text, one block each, from a severity on: at most [`MAX_PRINTED_PER_CODE`] of one code, then a block that
    /// counts the rest by file.
    pub fn blocks(&self, least: Severity) -> Vec<String> {
        let mut printed: BTreeMap<&'static str, usize> = BTreeMap::new();
        let mut blocks = Vec::new();
        for problem in self.problems.iter().filter(|problem| problem.severity >= least) {
            let count = printed.entry(problem.code).or_default();
            *count += 1;
            if *count <= MAX_PRINTED_PER_CODE {
                let text = problem.to_string();
                // A note that says no more takes one line.
                let is_short = problem.severity == Severity::Note && problem.hint.is_none();
                blocks.push(if is_short { text.replace('\n', "") } else { text });
            }
            if *count == MAX_PRINTED_PER_CODE + 1 {
                blocks.push(self.rest_of(problem));
            }
        }
        blocks
    }

    /// How many problems of the code of `first`, the first that is not printed, there are from it on.
    fn rest_of(&self, first: &Problem) -> String {
        let mut printed: BTreeMap<&str, usize> = BTreeMap::new();
        let listed = self.problems.iter().filter(|problem| problem.code == first.code);
        for problem in listed.take(MAX_PRINTED_PER_CODE) {
            *printed.entry(&problem.file).or_default() += 1;
        }
        let (mut all, mut parts) = (0, Vec::new());
        for (file, by_code) in &self.counts {
            let count = by_code.get(first.code).copied().unwrap_or_default();
            let left = count.saturating_sub(printed.get(file.as_str()).copied().unwrap_or_default());
            all += left;
            if left > 0 {
                parts.push(format!("{left} in {}", printable(file)));
            }
        }
        let (severity, code) = (first.severity, first.code);
        format!("{severity}[{code}] and {all} more: {}", parts.join(", "))
    }

    /// The same without the problems of one code.
    #[must_use]
    pub fn without(mut self, code: Code) -> Self {
        let is_error = |problem: &&Problem| problem.severity == Severity::Error;
        let listed = self.problems.iter().filter(is_error).count();
        self.problems.retain(|problem| problem.code != code.as_str());
        self.errors -= listed - self.problems.iter().filter(is_error).count();
        for by_code in self.counts.values_mut() {
            by_code.remove(code.as_str());
        }
        self
    }

    /// Whether any problem, listed or not, is an error.
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// Whether there is no problem at all.
    pub fn is_empty(&self) -> bool {
        self.problems.is_empty()
    }

    /// Number of errors, listed or not.
    pub fn error_count(&self) -> usize {
        self.errors
    }

    /// Itself as an error where it holds any.
    pub(crate) fn refuse_errors(self) -> Result<Self, Self> {
        if self.has_errors() { Err(self) } else { Ok(self) }
    }
}

impl From<Problem> for Diagnostics {
    fn from(problem: Problem) -> Self {
        let mut all = Self::new();
        all.push(problem);
        all
    }
}

impl FromIterator<Problem> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Problem>>(problems: I) -> Self {
        let mut all = Self::new();
        for problem in problems {
            all.push(problem);
        }
        all
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.blocks(Severity::Note).join("\n\n"))
    }
}

impl std::error::Error for Diagnostics {}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
