#![doc = include_str!("../README.md")]

pub use delever_cascade as cascade;
pub use delever_core as core;
pub use delever_impact as impact;
pub use delever_io as io;
pub use delever_network as network;
pub use delever_portfolio as portfolio;
pub use delever_solver as solver;
pub use delever_stress as stress;

pub use delever_io::registry;

/// What most programs need.
pub mod prelude {
    pub use crate::cascade::{
        Cascade, Equilibria, InstitutionState, Models, Outcome, RuleBlock, Select, Settings, Shock, Status,
    };
    pub use crate::core::{Execution, PerAsset, PerInstitution, Registry};
    pub use crate::impact::{DepthRow, Exponential, FlooredExponential, Linear, NoImpact, Power, SquareRoot};
    pub use crate::io::{Diagnostics, LoadOptions, Loaded, RunResult, Tables, load, load_from};
    pub use crate::network::clearing::{EisenbergNoe, FaceValue, OneLayer, RogersVeraart};
    pub use crate::network::{ContagionGraph, ContagionGraphBuilder};
    pub use crate::portfolio::rules::{
        CapitalRatio, LeverageCap, LeverageCapRow, LiquidityShortfall, SellOnDefault,
    };
    pub use crate::portfolio::strategies::{PeckingOrder, ProRata};
    pub use crate::portfolio::{Institution, System, SystemBuilder};
    pub use crate::registry;
}
