//! Tables and scenario files in, results out.

pub mod generate;
