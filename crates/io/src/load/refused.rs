//! What the builders of a system and of a graph refuse, as problems of tables.

use crate::catalogue::Code;
use crate::problem::Problem;
use delever_network::{GraphError, GraphRecord};
use delever_portfolio::BuildError;

pub(super) fn of_build_error(error: &BuildError) -> Problem {
    let code = match error {
        BuildError::Duplicate { .. } => Code::DuplicateId,
        BuildError::UnknownInstitution { .. } | BuildError::UnknownAsset { .. } => Code::UnknownId,
        BuildError::Amount { .. } => Code::OutOfRange,
        BuildError::TooLarge => Code::TooManyRows,
    };
    Problem::new(code, "holdings.csv", error.to_string())
}

pub(super) fn of_graph_error(error: &GraphError) -> Problem {
    let file_of = |record: &GraphRecord| match record {
        GraphRecord::Debt(_) => "debts.csv",
        GraphRecord::Shareholding(_) => "shareholdings.csv",
        GraphRecord::CreditDefaultSwap(_) => "credit_default_swaps.csv",
    };
    let (code, file) = match error {
        GraphError::OutOfRange { record, .. } => (Code::UnknownId, file_of(record)),
        GraphError::SelfLoop { record, .. } => (Code::SelfClaim, file_of(record)),
        GraphError::Amount { record, .. } => (Code::OutOfRange, file_of(record)),
        GraphError::Fraction { record, .. } => (Code::Fraction, file_of(record)),
        GraphError::OwnedAboveOne { .. } => (Code::OwnedAboveOne, "shareholdings.csv"),
    };
    Problem::new(code, file, error.to_string())
}
