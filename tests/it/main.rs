//! One binary for the integration tests: published cases, laws, hostile input, the program. What is built in several ways
//! stands beside it.

mod agreement;
mod analysis;
mod certainty;
mod composed;
mod credit_default_swaps;
mod cross_holdings;
mod default_costs;
mod distress;
mod enclosures;
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
mod registry_models;
mod scenario_files;
mod slopes;
mod tipping_point;
mod uniqueness;
mod valuation;
