//! The delever program.

fn main() {}
