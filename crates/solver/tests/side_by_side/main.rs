//! Problems side by side.

#![allow(clippy::expect_used, clippy::panic)]

mod contraction;
mod descent;
mod fixture;
