//! One cascade and batches of them, each against the naive engine.

fn main() {}
