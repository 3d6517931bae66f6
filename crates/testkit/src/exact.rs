//! Proved bounds of the true equilibria of small systems.
//!
//! The *true* equilibrium is the greatest (or least) fixed point of the cascade map in real arithmetic, on the
//! doubles that describe the system after the shock. [`ExactCascade`] computes in binary fractions of any length:
//! balance sheets and comparisons are exact, quotients and transcendental functions are enclosed to some 70 digits,
//! and every component is rounded outward. So the bounds are proofs, far narrower than a double can tell.
//! [`clearing`] solves pure clearing without any rounding at all, in fractions of integers.
//!
//! Formulas are in their textbook form, written from the definitions and from nothing else; this module shares no
//! code with the engine that it checks.

mod cascade;
pub mod clearing;
pub mod cross_holdings;
mod dyadic;
pub mod functions;

pub use cascade::{End, ExactBracket, ExactCascade};
pub use dyadic::Dyadic;
