//! Greatest and least fixed points of isotone maps on a box, with verified bounds.
//!
//! For an isotone map `T` on `[bottom, top]` the fixed points form a complete lattice (Tarski 1955). This crate
//! finds its greatest or its least element and says how far the answer can be from the true one:
//!
//! * **Upper chain.** `u <- T^(u)` from the top, every step rounded up, stays above the greatest fixed point.
//! * **Point.** Plain iteration goes on from there in ordinary rounding to bitwise stationarity: the greatest
//!   fixed point of the map *in floating point*.
//! * **Lower bound.** A point `l` with `l <= T_(l)`, rounded down, lies below the greatest fixed point, however it
//!   was found. The upper bound mirrored at the point is tried first: one evaluation. Where it fails, the point is
//!   carried downward until the inequality holds in every component.
//!
//! Where a map gives slopes, policy iteration ([`Method::Policy`]) moves the upper bound by whole linear solves
//! ([`linear`]) instead of single applications: Newton's method from the outer side where the map is curved. Where bounds in
//! doubles stay too wide near a tipping point, a map that can be evaluated with more digits has its bracket checked again.
//!
//! For many problems of one shape at once there are two quick ways to the greatest fixed point. [`solve_by_contraction`] finds a
//! candidate by extrapolation and proves it by one bound of the map's slopes, where these are below 1 and nothing jumps.
//! [`solve_side_by_side`] goes down from the top and stops as soon as a proof fits into the tolerance. Each leaves the rest to the
//! next, the last to [`solve`].
//!
//! A map that passes on all that comes in has lines of fixed points, below which nothing verifies in doubles. Where it knows what
//! stands at the top in the greatest of them ([`FixedPointMap::groups_at_top`]), that bounds it from below.
//!
//! A map without order has no such ends. Where it bounds its images of boxes, [`enclose`] finds a box that holds all of its fixed
//! points at once.
//!
//! For the least fixed point the roles turn. A residual is never used as an error bound.
//!
//! The crate knows vectors and maps, nothing of what they stand for.
//!
//! ```
//! use delever_solver::{End, FixedPointMap, MapShape, Precision, Settings, Status, solve};
//!
//! /// `T(x) = (x + 1) / 4` on `[0, 1]`, with fixed point 1/3.
//! struct Affine;
//! impl FixedPointMap for Affine {
//!     type Work = ();
//!     fn dim(&self) -> usize { 1 }
//!     fn workspace(&self) {}
//!     fn bounds_into(&self, bottom: &mut [f64], top: &mut [f64]) { bottom[0] = 0.0; top[0] = 1.0; }
//!     fn apply(&self, x: &[f64], out: &mut [f64], (): &mut ()) { out[0] = (x[0] + 1.0) / 4.0; }
//!     fn apply_above(&self, x: &[f64], out: &mut [f64], _: Precision, (): &mut ()) { out[0] = ((x[0] + 1.0).next_up() / 4.0).next_up(); }
//!     fn apply_below(&self, x: &[f64], out: &mut [f64], _: Precision, (): &mut ()) { out[0] = ((x[0] + 1.0).next_down() / 4.0).next_down(); }
//!     fn shape(&self) -> MapShape { MapShape { isotone: true, bounded: true, from_below: true } }
//! }
//! let solution = solve(&Affine, End::Greatest, &Settings::default(), &mut ());
//! assert_eq!(solution.status, Status::Certified);
//! assert!((solution.point[0] - 1.0 / 3.0).abs() < 1e-15);
//! ```

mod aligned;
mod chain;
mod contraction;
mod enclosure;
mod fine;
mod floor;
pub mod linear;
mod map;
mod newton;
mod policy;
mod shortfall;
mod side_by_side;
mod solution;
mod solve;

pub use aligned::Aligned;
pub use contraction::{BoundedSlopes, solve_by_contraction};
pub use enclosure::{Enclosure, EnclosureSettings, enclose};
pub use map::{End, FixedPointMap, MapShape, Observer, Precision, Step, Twofold};
pub use side_by_side::{Found, Move, SideBySide, solve_side_by_side};
pub use solution::{Bracket, Solution, Status};
pub use solve::{Method, Settings, residual, solve};
