//! What a scenario file says, checked and with defaults filled in.

use delever_cascade::{Select, Settings};
use delever_core::{Execution, Parameters};
use std::collections::BTreeMap;

/// A scenario: where the data stand, what happens, and which models answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// What users call it; the file's name where the file says nothing.
    pub name: String,
    /// Folder of the tables, relative to the scenario file. Default `.`.
    pub dir: String,
    /// Currency of all money, for reports. Default empty.
    pub currency: String,
    /// Unit of all money, for reports. Default empty.
    pub unit: String,
    /// The shock, by id.
    pub shock: NamedShock,
    /// How much is sold, and which assets.
    pub deleveraging: Deleveraging,
    /// How far sales push prices.
    pub impact: Impact,
    /// What debts between institutions are worth.
    pub clearing: Clearing,
    /// What the solver is asked for.
    pub engine: Engine,
}

/// A shock by id; `*` is every id not named.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NamedShock {
    /// Relative changes of prices, by asset.
    pub prices: BTreeMap<String, f64>,
    /// Relative changes of cash, by institution.
    pub cash: BTreeMap<String, f64>,
    /// Relative changes of other assets, by institution.
    pub other_assets: BTreeMap<String, f64>,
    /// Money added to cash, by institution; negative: taken from it.
    pub outside_assets: BTreeMap<String, f64>,
}

/// A model by its kind, with the parameters that stand beside it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelChoice {
    /// The kind that the registry knows.
    pub kind: String,
    /// Its parameters.
    pub parameters: Parameters,
}

/// The section `[deleveraging]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Deleveraging {
    /// The rule of institutions that name no other. Default `none`.
    pub rule: ModelChoice,
    /// The liquidation strategy. Default `pro-rata`.
    pub strategy: String,
    /// Rules by the name that the column `rule` of the institutions table gives.
    pub rules: BTreeMap<String, ModelChoice>,
}

/// The section `[impact]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Impact {
    /// The price-impact model. Default `none`.
    pub model: ModelChoice,
    /// The price at which sellers are paid. Default terminal.
    pub execution: Execution,
}

/// The section `[clearing]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Clearing {
    /// The clearing or valuation model. Default `none`.
    pub model: ModelChoice,
}

/// The section `[engine]`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Engine {
    /// Which equilibria are asked for. Default the greatest.
    pub select: Select,
    /// Tolerance, limit of iterations and method. Defaults of the solver.
    pub settings: Settings,
}
