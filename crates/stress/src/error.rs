//! Why a measure is refused.

use delever_cascade::{CascadeError, Status};
use delever_core::SparseRows;
use delever_network::analysis::AnalysisError;

/// Why a measure cannot be taken of what was given.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum StressError {
    /// A vector, or one side of a matrix, has the wrong length.
    #[error("{given} {name} where {expected} are expected")]
    Length {
        /// What is counted.
        name: &'static str,
        /// How many there are.
        given: usize,
        /// How many there must be.
        expected: usize,
    },
    /// A value of one institution is out of range.
    #[error("institution {institution}: {name} {value} is not {wanted}")]
    Institution {
        /// Which value.
        name: &'static str,
        /// The institution.
        institution: usize,
        /// The value.
        value: f64,
        /// What it must be.
        wanted: &'static str,
    },
    /// A value of one asset is out of range.
    #[error("asset {asset}: {name} {value} is not {wanted}")]
    Asset {
        /// Which value.
        name: &'static str,
        /// The asset.
        asset: usize,
        /// The value.
        value: f64,
        /// What it must be.
        wanted: &'static str,
    },
    /// What one institution has of one asset is out of range.
    #[error("institution {institution}, asset {asset}: {name} {value} is not {wanted}")]
    Entry {
        /// Which value.
        name: &'static str,
        /// The institution.
        institution: usize,
        /// The asset.
        asset: usize,
        /// The value.
        value: f64,
        /// What it must be.
        wanted: &'static str,
    },
    /// A parameter, or a sum over the system, is out of range.
    #[error("{name} {value} is not {wanted}")]
    Parameter {
        /// Which parameter.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What it must be.
        wanted: &'static str,
    },
    /// There is no such institution.
    #[error("institution {institution} is not among the {count}")]
    UnknownInstitution {
        /// The number that was given.
        institution: usize,
        /// How many there are.
        count: usize,
    },
    /// There is no such asset.
    #[error("asset {asset} is not among the {count}")]
    UnknownAsset {
        /// The number that was given.
        asset: usize,
        /// How many there are.
        count: usize,
    },
    /// Nobody holds anything, so that full liquidation means nothing.
    #[error("no institution holds any asset")]
    NothingHeld,
    /// A shock is milder somewhere than one of a smaller scale.
    #[error("{name}[{position}]: {harsher} at scale {scale} is milder than {milder} at scale {smaller}")]
    NotHarsher {
        /// Which vector of the shock.
        name: &'static str,
        /// Where in it.
        position: usize,
        /// The smaller scale.
        smaller: f64,
        /// The value there.
        milder: f64,
        /// The larger scale.
        scale: f64,
        /// The value there, which should not be above.
        harsher: f64,
    },
    /// What was solved is no fixed point, so there is nothing to differentiate.
    #[error("the cascade is not solved: {status:?}, residual {residual}")]
    NotSolved {
        /// How the solve ended.
        status: Status,
        /// The largest relative change that one more application of the map would make.
        residual: f64,
    },
    /// Small changes are passed on without loss, so that what they come to has no limit: a closed ring of debts, or a state
    /// at which the market tips over.
    #[error("small changes never die out at this state: the linear system of its derivatives is singular")]
    Singular,
    /// The linear system of the derivatives was not solved to the digits that are promised.
    #[error("the linear system of the derivatives is solved to a relative residual of {residual} only")]
    Inaccurate {
        /// Its residual, relative to the right-hand side.
        residual: f64,
    },
    /// The spectral radius cannot be bounded.
    #[error("the spectral radius: {0}")]
    Radius(AnalysisError),
    /// The cascade cannot be solved under a shock.
    #[error(transparent)]
    Cascade(#[from] CascadeError),
}

/// What an amount, a coefficient or a share may be: products of five neither overflow nor vanish.
pub(crate) const AMOUNT: &str = "0 or within 1e-60 to 1e18";
/// What is divided by, other than depths.
pub(crate) const DIVISOR: &str = "within 1e-9 to 1e18";
pub(crate) const DEPTH: &str = "within 1e-9 to 1e60, or `inf` for no impact";

pub(crate) fn is_amount(value: f64) -> bool {
    value == 0.0 || (1e-60..=1e18).contains(&value)
}

pub(crate) fn is_divisor(value: f64) -> bool {
    (1e-9..=1e18).contains(&value)
}

pub(crate) fn is_depth(value: f64) -> bool {
    (1e-9..=1e60).contains(&value) || value == f64::INFINITY
}

/// Collects all that is wrong.
#[derive(Default)]
pub(crate) struct Problems(Vec<StressError>);

impl Problems {
    /// Notes a wrong length; says whether it was right.
    pub fn length(&mut self, name: &'static str, given: usize, expected: usize) -> bool {
        if given != expected {
            self.0.push(StressError::Length {
                name,
                given,
                expected,
            });
        }
        given == expected
    }

    /// Notes every value of an institution that is not as wanted, and a wrong length.
    pub fn institutions(
        &mut self,
        name: &'static str,
        values: &[f64],
        expected: usize,
        wanted: &'static str,
        fits: impl Fn(f64) -> bool,
    ) {
        self.length(name, values.len(), expected);
        for (institution, &value) in values.iter().enumerate().filter(|&(_, &value)| !fits(value)) {
            self.0.push(StressError::Institution {
                name,
                institution,
                value,
                wanted,
            });
        }
    }

    /// Notes every value of an asset that is not as wanted, and a wrong length.
    pub fn assets(
        &mut self,
        name: &'static str,
        values: &[f64],
        expected: usize,
        wanted: &'static str,
        fits: impl Fn(f64) -> bool,
    ) {
        self.length(name, values.len(), expected);
        for (asset, &value) in values.iter().enumerate().filter(|&(_, &value)| !fits(value)) {
            self.0.push(StressError::Asset {
                name,
                asset,
                value,
                wanted,
            });
        }
    }

    /// Notes every entry that is not as wanted.
    pub fn entries(
        &mut self,
        name: &'static str,
        matrix: &SparseRows,
        wanted: &'static str,
        fits: impl Fn(f64) -> bool,
    ) {
        for (institution, asset, value) in matrix.triplets().filter(|&(_, _, value)| !fits(value)) {
            self.0.push(StressError::Entry {
                name,
                institution: institution as usize,
                asset: asset as usize,
                value,
                wanted,
            });
        }
    }

    pub fn push(&mut self, problem: StressError) {
        self.0.push(problem);
    }

    /// All that was noted, if anything was.
    pub fn result(self) -> Result<(), Vec<StressError>> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }
}
