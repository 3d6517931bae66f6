//! Measures of fire-sale risk against their definitions, written densely, and the laws that they keep.

mod breakdown;
mod fixture;
mod overlap;
mod vulnerability;
