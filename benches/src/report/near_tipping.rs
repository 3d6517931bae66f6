//! Time and width beside the point of collapse.

use super::Effort;
use super::timing::fastest;
use crate::engine::{self, SINGLE_TOLERANCE};
use crate::tipping::{Tipping, ring, spiral};
use serde::Serialize;

/// Gaps of the spiral.
const GAPS: [f64; 3] = [1e-4, 1e-6, 1e-8];
/// What spirals of these gaps can be certified to at least, as their condition allows.
const SPIRAL_TOLERANCES: [f64; 3] = [1e-12, 1e-11, 1e-10];
/// Leaks of the ring.
const LEAKS: [f64; 2] = [1e-6, 1e-12];

/// A solve beside the point of collapse.
#[derive(Clone, Debug, Serialize)]
pub struct NearTipping {
    /// Which system.
    pub system: &'static str,
    /// How far from the point of collapse: gap of the spiral, leak of the ring.
    pub distance: f64,
    /// Asked width.
    pub tolerance: f64,
    /// How the solve ended.
    pub status: String,
    /// Proved width.
    pub width: Option<f64>,
    /// Passes until nothing moved.
    pub iterations: u64,
    /// Time of a solve.
    pub milliseconds: f64,
}

/// Measures the leverage spiral at several gaps and a ring of debts at several leaks.
pub fn near_tipping(effort: &Effort) -> Vec<NearTipping> {
    let measure = |system, distance, tolerance, tipping: &Tipping| {
        let cascade = tipping.cascade();
        let outcome = engine::single(&cascade, tipping.shock(), tolerance);
        let time = fastest(effort, || engine::single(&cascade, tipping.shock(), tolerance));
        NearTipping {
            system,
            distance,
            tolerance,
            status: format!("{:?}", outcome.status),
            width: outcome.certificate.width,
            iterations: outcome.iterations,
            milliseconds: time.as_secs_f64() * 1e3,
        }
    };
    let spirals = GAPS
        .into_iter()
        .zip(SPIRAL_TOLERANCES)
        .chain([(GAPS[2], SINGLE_TOLERANCE)])
        .map(|(gap, tolerance)| measure("spiral", gap, tolerance, &spiral(gap)));
    let rings = LEAKS
        .into_iter()
        .map(|leak| measure("ring", leak, SINGLE_TOLERANCE, &ring(leak)));
    spirals.chain(rings).collect()
}
