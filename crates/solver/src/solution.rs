//! What a solve returns.

use crate::linear::Effort;

/// How a solve ended. Never a bare "converged".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The true solution lies in the bracket, and the bracket is as narrow as asked.
    Certified,
    /// The true solution lies in the bracket, which is wider than asked, or no bracket could be proved.
    Bracketed,
    /// The iteration limit came first. The best iterate is returned.
    MaxIterations,
    /// The iteration neither settles nor goes on improving. The best iterate is returned.
    Stalled,
    /// The map returned something that is no number.
    NonFinite,
    /// An observer asked to stop.
    Interrupted,
    /// The map makes no promise of order: a fixed point was found, nothing is claimed of it.
    Unordered,
}

/// Verified bounds of the true solution.
#[derive(Clone, Debug, PartialEq)]
pub struct Bracket {
    /// No component of the true solution lies below.
    pub lower: Vec<f64>,
    /// No component of the true solution lies above.
    pub upper: Vec<f64>,
    /// Largest of `(upper - lower) / top` over components.
    pub width: f64,
}

/// A fixed point and what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Solution {
    /// The best iterate.
    pub point: Vec<f64>,
    /// Verified bounds, where the map allows any.
    pub bracket: Option<Bracket>,
    /// How the solve ended.
    pub status: Status,
    /// Applications of the map on the way from the end of the box to the point; the proof's own not counted.
    pub iterations: u64,
    /// Applications of the map in all, the proof's own counted.
    pub passes: u64,
    /// Steps of policy iteration, each with a linear solve; 0 if iteration alone was used.
    pub policy_steps: u64,
    /// What the linear solves of policy iteration took.
    pub linear: Effort,
    /// Steps after which plain iteration of an unordered map repeats itself, if it was seen to.
    pub cycle: Option<u64>,
    /// Largest of `|T(point) - point| / top`. No error bound: near a tipping point it can be tiny and wrong.
    pub residual: f64,
}
