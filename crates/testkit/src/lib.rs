//! What tests and benchmarks share: reference engines, generators, published cases.

pub mod reference;
