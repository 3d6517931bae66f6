//! The vocabulary that every `delever` crate and every third-party model shares.
//!
//! This crate holds what a model author needs and nothing else: ids, compressed sparse rows, the extension
//! traits for price impact, deleveraging rules, liquidation strategies and claims, the declaration of order
//! that decides whether an answer may carry a certificate, arithmetic with verified bounds, and an explicit
//! registry that maps the `kind` named in a scenario file to a model.
//!
//! It deliberately holds no concrete model, no solver, no file format and no global state.
//!
//! # Writing a price-impact model
//!
//! One method is mandatory. The adapter [`PerAsset`] lifts the scalar kernel to the slice-level
//! [`ImpactModel`] that the engine calls once an iteration.
//!
//! ```
//! use delever_core::{ImpactKernel, ImpactModel, Market, Order, PerAsset};
//!
//! #[derive(serde::Deserialize)]
//! struct Depth {
//!     depth: f64,
//! }
//!
//! /// `q = q0 / (1 + Q / depth)`: a rational impact that never reaches zero.
//! struct Rational;
//!
//! impl ImpactKernel for Rational {
//!     type Row = Depth;
//!     fn survival(&self, sold: f64, row: &Depth) -> f64 {
//!         1.0 / (1.0 + sold / row.depth)
//!     }
//!     fn order(&self, _: &Depth) -> Order {
//!         Order::Antitone
//!     }
//!     fn error_ulps(&self) -> Option<u32> {
//!         Some(3) // three correctly rounded operations, none of which cancels
//!     }
//! }
//!
//! let model = PerAsset::new(Rational, vec![Depth { depth: 100.0 }]);
//! let mut price = [0.0];
//! model.prices_into(Market::new(&[1.0], &[0.8]), &[100.0], &mut price);
//! assert_eq!(price, [0.4]);
//! ```

mod balance_sheet;
mod ball;
mod ball_jet;
mod claims;
mod dual;
pub mod elementary;
pub mod error_free;
mod fine_interval;
mod ids;
mod impact;
mod interval;
mod jet;
mod lanes;
pub mod normal;
mod order;
mod packed;
mod page;
mod parameters;
mod real;
mod registry;
mod rows;
mod rule;
mod sparse;
mod spec_table;
mod strategy;

pub use balance_sheet::{BalanceSheet, Execution};
pub use ball::Ball;
pub use ball_jet::BallJet;
pub use claims::{
    Anchor, ClaimKernel, Claims, ClaimsProcess, ClaimsSpec, Contingent, ContingentBounds, CreditDefaultSwap,
    NetworkView, PerInstitutionClaims, Waves, ramp_slope, residual_slope,
};
pub use dual::Dual;
pub use fine_interval::FineInterval;
pub use ids::{AssetId, InstitutionId};
pub use impact::{
    ImpactKernel, ImpactModel, ImpactSpec, Market, MarketShape, MarketSlopes, PerAsset, PriceSlopes, Quote,
    slope_by_depth,
};
pub use interval::Interval;
pub use jet::Jet;
pub use lanes::{
    ClaimsInLanes, FractionsInLanes, ImpactInLanes, InLanes, LANES, Lane, RatiosInLanes, RuleInLanes,
};
pub use order::{Continuity, Order, Profile};
pub use packed::{
    Alignment, CacheLine, Pack, Packed, PackedWork, Plain, Registers, Single, auto_vectorized, vectorized,
};
pub use page::{ModelPage, NotGiven, ParameterPage, ParameterTableName, Role, Values};
pub use parameters::{
    ParameterTable, ParameterValue, Parameters, Problem as ParameterProblem, SpecError, parameter_names,
};
pub use real::Real;
pub use registry::{Registry, UnknownKind, nearest_name};
pub use rule::{NoColumns, PerInstitution, Rule, RuleContext, RuleKernel, RuleShape, RuleSpec, Sale};
pub use sparse::{SparseRow, SparseRows};
pub use spec_table::{SpecTable, SpecTables, TableShape};
pub use strategy::{Strategy, StrategyScratch, StrategyShape};
