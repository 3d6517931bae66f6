//! A price-impact model from outside the project.
