//! One binary for all integration tests: published cases, laws, hostile input, the program.

mod agreement;
mod analysis;
mod composed;
mod credit_default_swaps;
mod cross_holdings;
mod default_costs;
mod distress;
mod experiments;
mod failure_costs;
mod fire_sale_measures;
mod fixture;
mod gradients;
mod laws;
mod literature;
mod policy;
mod price_impact;
mod published_clearing;
mod published_rounds;
mod same_bits;
mod scenario_files;
mod uniqueness;
mod valuation;
