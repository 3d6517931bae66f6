//! Numbers side by side.

mod ball;
mod ball_jet;
mod formula;
