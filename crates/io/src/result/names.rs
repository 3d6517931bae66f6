//! Names in results: which equilibrium, how it ended, what became of an institution.

use delever_cascade::rounds::RoundsStatus;
use delever_cascade::{InstitutionState, Select, Status};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Which equilibrium.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SelectName {
    /// The best.
    Greatest,
    /// The worst.
    Least,
    /// Both.
    Both,
}

/// How a solve ended. Ascending: the worse of two is the larger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StatusName {
    /// The true solution lies within the certificate's width, which is as narrow as asked.
    Certified,
    /// All rounds are done, or nobody waits any more.
    RoundsComplete,
    /// A block breaks the order: solved, and nothing is claimed.
    Unordered,
    /// The true solution lies within a width that is larger than asked.
    Bracketed,
    /// The limit of iterations came first.
    MaxIterations,
    /// The iteration neither settles nor improves.
    Stalled,
    /// A model returned something that is no number.
    NonFinite,
    /// Stopped from outside.
    Interrupted,
    /// The input was refused at a value of a sweep: what comes before it is there.
    InvalidInput,
}

impl From<Status> for StatusName {
    fn from(status: Status) -> Self {
        match status {
            Status::Certified => Self::Certified,
            Status::Unordered => Self::Unordered,
            Status::Bracketed => Self::Bracketed,
            Status::MaxIterations => Self::MaxIterations,
            Status::Stalled => Self::Stalled,
            Status::NonFinite => Self::NonFinite,
            Status::Interrupted => Self::Interrupted,
        }
    }
}

impl From<RoundsStatus> for StatusName {
    fn from(status: RoundsStatus) -> Self {
        match status {
            RoundsStatus::Complete => Self::RoundsComplete,
            RoundsStatus::ClaimsUnsettled(why) => why.into(),
            RoundsStatus::NonFinite => Self::NonFinite,
            RoundsStatus::Interrupted => Self::Interrupted,
        }
    }
}

impl StatusName {
    /// The exit code of a program whose run ended so: 0, 4, 130 where it was interrupted, 3 where input was refused.
    ///
    /// ```
    /// use delever_io::StatusName;
    /// assert_eq!(StatusName::Certified.exit_code(), 0);
    /// assert_eq!(StatusName::Stalled.exit_code(), 4);
    /// ```
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Certified | Self::RoundsComplete | Self::Unordered => 0,
            Self::Bracketed | Self::MaxIterations | Self::Stalled | Self::NonFinite => 4,
            Self::Interrupted => 130,
            Self::InvalidInput => 3,
        }
    }
}

impl fmt::Display for StatusName {
    /// The name as results write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// What became of an institution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StateName {
    /// Failed: negative equity, or equity below what the claims model asks for.
    Defaulted,
    /// All holdings sold.
    Liquidated,
    /// Some holdings sold.
    Deleveraging,
    /// Nothing sold.
    Sound,
}

impl From<InstitutionState> for StateName {
    fn from(state: InstitutionState) -> Self {
        match state {
            InstitutionState::Defaulted => Self::Defaulted,
            InstitutionState::Liquidated => Self::Liquidated,
            InstitutionState::Deleveraging => Self::Deleveraging,
            InstitutionState::Sound => Self::Sound,
        }
    }
}

impl fmt::Display for SelectName {
    /// The name as results write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

impl From<Select> for SelectName {
    fn from(select: Select) -> Self {
        match select {
            Select::Greatest => Self::Greatest,
            Select::Least => Self::Least,
            Select::Both => Self::Both,
        }
    }
}

impl fmt::Display for StateName {
    /// The name as results write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}
