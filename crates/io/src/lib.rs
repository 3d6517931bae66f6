//! Tables and scenario files in, results out.
