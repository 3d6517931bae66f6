//! Two systems beside the point where they collapse, on which plain iteration takes millions of steps.

use delever::core::NoColumns;
use delever::network::clearing::EisenbergNoeRow;
use delever::portfolio::rules::NoSales;
use delever::prelude::*;

/// A system with its models and its shock.
pub struct Tipping {
    system: System,
    graph: ContagionGraph,
    shock: Shock,
    models: fn(&Self) -> Models,
}

/// Share of its holdings that the spiral's institution sells per fall of the price: `b` of linear impact.
const IMPACT: f64 = 0.08;
/// Its least equity over assets.
const LEAST_EQUITY: f64 = 0.08;
/// Its debt, for holdings worth 1 before the shock.
const DEBT: f64 = 0.9;

/// One institution that holds one asset under a leverage cap and linear impact, `gap` short of the price at which it must
/// sell everything.
///
/// Sales `s` solve `(s + k)(1 - b s) = c` with `k = 1 / r - 1`, `c = D / (r q)`; beyond `k + (1 - k b)^2 / (4 b)` no `c` has a
/// solution below 1. The price after the shock is `q = D / (r c)` with `c` short of that by the fraction `gap` of its way
/// from `k`.
pub fn spiral(gap: f64) -> Tipping {
    let k = 1.0 / LEAST_EQUITY - 1.0;
    let critical = k + (1.0 - k * IMPACT).powi(2) / (4.0 * IMPACT);
    let c = k + (critical - k) * (1.0 - gap);
    let mut builder = SystemBuilder::new();
    builder
        .asset("bond", 1.0)
        .institution(
            "bank",
            Institution {
                external_liabilities: 100.0 * DEBT,
                ..Institution::default()
            },
        )
        .holding("bank", "bond", 100.0);
    let system = builder.build().expect("sound");
    let mut shock = Shock::none(&system);
    shock.prices[0] = DEBT / (LEAST_EQUITY * c) - 1.0;
    Tipping {
        graph: ContagionGraph::empty(1),
        system,
        shock,
        models: |_| {
            let row = LeverageCapRow::cap(1.0 / LEAST_EQUITY);
            let depth = DepthRow {
                depth: 100.0 / IMPACT,
            };
            Models {
                impact: Box::new(PerAsset::new(Linear, vec![depth])),
                execution: Execution::Terminal,
                rules: vec![RuleBlock {
                    name: String::new(),
                    rule: Box::new(PerInstitution::new(
                        LeverageCap,
                        vec![row],
                        vec![NoColumns::default()],
                    )),
                    members: vec![0],
                }],
                strategy: Box::new(ProRata),
                claims: Box::new(FaceValue::new(1)),
            }
        },
    }
}

/// Two institutions without assets that owe each other 1,000,000 and others the fraction `leak` of that: nobody can pay anything,
/// and plain iteration finds out at the rate of the leak.
pub fn ring(leak: f64) -> Tipping {
    let mut builder = SystemBuilder::new();
    for name in ["a", "b"] {
        let institution = Institution {
            external_liabilities: 1e6 * leak,
            ..Institution::default()
        };
        builder.institution(name, institution);
    }
    let system = builder.build().expect("sound");
    let mut graph = ContagionGraphBuilder::new(2);
    graph.debt(0, 1, 1e6, 0).debt(1, 0, 1e6, 0);
    Tipping {
        shock: Shock::none(&system),
        graph: graph.build().expect("sound"),
        system,
        models: |ring| {
            let external: Vec<f64> = ring
                .system
                .institutions()
                .iter()
                .map(|institution| institution.external_liabilities)
                .collect();
            let debts = ring.graph.debts()[0].1.clone();
            let rows = vec![EisenbergNoeRow::default(); 2];
            Models {
                impact: Box::new(PerAsset::new(NoImpact, Vec::new())),
                execution: Execution::Terminal,
                rules: vec![RuleBlock {
                    name: String::new(),
                    rule: Box::new(PerInstitution::new(
                        NoSales,
                        vec![NoColumns::default(); 2],
                        Vec::new(),
                    )),
                    members: vec![0, 1],
                }],
                strategy: Box::new(ProRata),
                claims: Box::new(OneLayer::new(EisenbergNoe, rows, debts, &external)),
            }
        },
    }
}

impl Tipping {
    /// The compiled cascade.
    pub fn cascade(&self) -> Cascade<'_> {
        Cascade::new(&self.system, &self.graph, (self.models)(self)).expect("models fit")
    }

    /// The shock.
    pub fn shock(&self) -> &Shock {
        &self.shock
    }
}
