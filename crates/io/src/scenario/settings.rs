//! What a scenario file says, checked and with defaults filled in.

use delever_cascade::rounds::{Persistence, SalesValued, TradePrice};
use delever_cascade::{Select, Settings};
use delever_core::{Execution, ParameterValue, Parameters};
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
    /// The price at which sellers are paid. Default terminal; midpoint in rounds only.
    pub execution: TradePrice,
    /// How long sales weigh on prices, in rounds. Default permanent.
    pub persistence: Persistence,
    /// The price at which sales weigh on prices, in rounds. Default the initial one.
    pub sales_valued: SalesValued,
}

/// The section `[clearing]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Clearing {
    /// The clearing or valuation model. Default `none`.
    pub model: ModelChoice,
}

/// The section `[engine]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Engine {
    /// Which engine runs. Default the equilibrium engine.
    pub kind: EngineKind,
    /// Which equilibria are asked for. Default the greatest.
    pub select: Select,
    /// Tolerance, limit of iterations and method. Defaults of the solver. In rounds they are those of each round's clearing.
    pub settings: Settings,
    /// How rounds run.
    pub rounds: Rounds,
}

/// Which engine runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EngineKind {
    /// Where the cascade ends, as a state that is consistent with itself.
    #[default]
    Equilibrium,
    /// How it unfolds when sales are final.
    Rounds,
}

impl EngineKind {
    /// The name in scenario files and results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Equilibrium => "equilibrium",
            Self::Rounds => "rounds",
        }
    }
}

/// The keys of `[engine]` that rounds read.
#[derive(Clone, Debug, PartialEq)]
pub struct Rounds {
    /// Rounds at most. Default 100.
    pub max_rounds: u32,
    /// In which order orders clear. Default all at once.
    pub order: OrderOfTrade,
    /// Whether cash pays first. Default no.
    pub pay_with_cash_first: bool,
}

impl Default for Rounds {
    fn default() -> Self {
        Self {
            max_rounds: 100,
            order: OrderOfTrade::Simultaneous,
            pay_with_cash_first: false,
        }
    }
}

/// In which order waiting orders clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderOfTrade {
    /// All at once.
    Simultaneous,
    /// One after the other, shuffled from this seed.
    Shuffled(u64),
    /// One after the other, in this order of ids; who is not named follows, by id.
    Listed(Vec<String>),
    /// Institutions take their turns, shuffled from this seed.
    TurnsShuffled(u64),
    /// They take their turns in these orders of ids, one a round, the last for all that follow.
    TurnsListed(Vec<Vec<String>>),
}

impl Scenario {
    /// The texts of all parameters: whichever of them name files, no other text of the scenario does.
    pub(crate) fn files_named(&self) -> Vec<&str> {
        let Self {
            deleveraging,
            impact,
            clearing,
            ..
        } = self;
        let choices = [&deleveraging.rule, &impact.model, &clearing.model];
        choices
            .into_iter()
            .chain(deleveraging.rules.values())
            .flat_map(|choice| choice.parameters.values())
            .filter_map(|value| match value {
                ParameterValue::Text(text) => Some(text.as_str()),
                _ => None,
            })
            .collect()
    }

    /// How an equilibrium pays sellers; terminal in rounds, which have their own settings.
    pub(crate) fn equilibrium_execution(&self) -> Execution {
        match (self.engine.kind, self.impact.execution) {
            (EngineKind::Equilibrium, TradePrice::Average) => Execution::Vwap,
            _ => Execution::Terminal,
        }
    }
}
