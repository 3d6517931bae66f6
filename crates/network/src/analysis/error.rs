//! Why an analysis is refused.

/// Why a graph cannot be analysed, or written, as asked.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AnalysisError {
    /// A vector has the wrong length.
    #[error("{given} values of {name} where {expected} are expected")]
    Length {
        /// Which vector.
        name: String,
        /// Its length.
        given: usize,
        /// The length it must have.
        expected: usize,
    },
    /// A value of one institution, or of one row of a matrix, is out of range.
    #[error("institution {institution}: {name} {value} is not {wanted}")]
    Value {
        /// Which vector or matrix.
        name: &'static str,
        /// The institution or row.
        institution: usize,
        /// The value.
        value: f64,
        /// What it must be.
        wanted: &'static str,
    },
    /// A parameter is out of range.
    #[error("{name} {value} is not {wanted}")]
    Parameter {
        /// Which parameter.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What it must be.
        wanted: &'static str,
    },
    /// A set of other institutions holds one that is none.
    #[error("institution {institution} is not among the other {others}")]
    NotAnother {
        /// The number that was given.
        institution: u32,
        /// How many others there are.
        others: usize,
    },
    /// The name of an attribute is taken, or used twice.
    #[error("the attribute name {0:?} is taken")]
    AttributeName(String),
    /// The target of an export refuses text.
    #[error("the export cannot be written")]
    Write(#[from] std::fmt::Error),
}

/// Refuses a vector that has not `expected` values.
pub(super) fn check_length(name: &str, given: usize, expected: usize) -> Result<(), AnalysisError> {
    if given == expected {
        return Ok(());
    }
    let name = name.to_owned();
    Err(AnalysisError::Length {
        name,
        given,
        expected,
    })
}

/// Refuses a vector of another length, or names every value that is not as wanted.
pub(super) fn check_values(
    name: &'static str,
    values: &[f64],
    expected: usize,
    wanted: &'static str,
    fits: impl Fn(f64) -> bool,
) -> Result<(), Vec<AnalysisError>> {
    check_length(name, values.len(), expected).map_err(|error| vec![error])?;
    let bad = values.iter().enumerate().filter(|&(_, &value)| !fits(value));
    let problems: Vec<_> = bad
        .map(|(institution, &value)| AnalysisError::Value {
            name,
            institution,
            value,
            wanted,
        })
        .collect();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems)
    }
}
