//! One cascade from portfolios, a contagion graph and price impact: composed, solved, accounted for.
//!
//! A [`Cascade`] joins a frozen system, a contagion graph and models into one map over prices and payments:
//!
//! ```text
//! prices, payments -> balance sheets -> rule -> units sold -> impact -> prices
//!                                    -> claims ----------------------> payments
//! ```
//!
//! Every block is isotone or antitone so that the map is isotone in the healthy direction; its greatest fixed
//! point is the best state that is consistent with itself, its least the worst. [`Cascade::solve`] returns either
//! or both with verified bounds, and splits every institution's loss by channel.
//!
//! The crate names no concrete model: rules, strategies, impact and claims come in as traits.

mod arithmetic;
mod boundary;
mod composition;
mod declared;
mod derivative;
mod enclosure;
mod jets;
mod lanes;
mod map;
mod outcome;
mod pass;
mod process;
pub mod rounds;
mod sheet;
mod shock;
mod solve;

pub use composition::{Cascade, CascadeError, Models, RuleBlock};
pub use declared::{Decision, Declaration, Refuted};
pub use derivative::{Figure, InputSlopes, Kink, Linearization, Participant};
pub use enclosure::EquilibriaEnclosure;
pub use lanes::Summary;
pub use map::CascadeMap;
pub use outcome::{
    AssetOutcome, Certificate, Equilibria, InstitutionOutcome, InstitutionState, Outcome, Snapshot, Totals,
};
pub use shock::{Shock, ShockError};
pub use solve::{CascadeStep, Select};

pub use delever_solver::{EnclosureSettings, End, Method, Settings, Status};
