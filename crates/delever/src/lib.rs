#![doc = include_str!("../README.md")]

pub use delever_cascade as cascade;
pub use delever_core as core;
pub use delever_impact as impact;
pub use delever_network as network;
pub use delever_portfolio as portfolio;
pub use delever_solver as solver;

/// A registry with every built-in model, to which models of one's own can be added.
///
/// ```
/// let registry = delever::registry();
/// assert!(registry.kinds()[0].contains(&"exponential"));
/// ```
pub fn registry() -> core::Registry {
    let mut registry = core::Registry::new();
    impact::register(&mut registry);
    portfolio::register(&mut registry);
    network::register(&mut registry);
    registry
}

/// What most programs need.
pub mod prelude {
    pub use crate::cascade::{
        Cascade, Equilibria, InstitutionState, Models, Outcome, RuleBlock, Select, Settings, Shock, Status,
    };
    pub use crate::core::{Execution, PerAsset, PerInstitution, Registry};
    pub use crate::impact::{DepthRow, Exponential, FlooredExponential, Linear, NoImpact, Power, SquareRoot};
    pub use crate::network::clearing::{EisenbergNoe, FaceValue, OneLayer, RogersVeraart};
    pub use crate::network::{ContagionGraph, ContagionGraphBuilder};
    pub use crate::portfolio::rules::{
        CapitalRatio, LeverageCap, LeverageCapRow, LiquidityShortfall, SellOnDefault,
    };
    pub use crate::portfolio::strategies::{MostLiquidFirst, ProRata};
    pub use crate::portfolio::{Institution, System, SystemBuilder};
    pub use crate::registry;
}
