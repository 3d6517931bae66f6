//! Systems with models of every kind that the registry knows, drawn around the balance sheets of a case.

use delever::cascade::{Models, RuleBlock};
use delever::core::{
    Execution, Market, MarketShape, NetworkView, ParameterTable, ParameterValue, Parameters, Registry,
    RuleShape, SpecTable, SpecTables, StrategyShape,
};
use delever::network::{ContagionGraph, ContagionGraphBuilder};
use delever::portfolio::System;
use delever_testkit::case::Case;

/// Numbers that a system's models may draw.
pub const DRAWS: usize = 400;

/// Numbers in `[0, 1)`, one after the other; a half where there are no more.
pub struct Draws<'d>(pub std::slice::Iter<'d, f64>);

impl Draws<'_> {
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.0.next().copied().unwrap_or(0.5)
    }

    fn happens(&mut self, probability: f64) -> bool {
        self.between(0.0, 1.0) < probability
    }

    fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[(self.between(0.0, from.len() as f64) as usize).min(from.len() - 1)]
    }

    fn many(&mut self, count: usize, low: f64, high: f64) -> Vec<f64> {
        (0..count).map(|_| self.between(low, high)).collect()
    }
}

/// The names of a system's models.
#[derive(Clone, Debug)]
struct Kinds {
    impact: String,
    rules: Vec<String>,
    strategy: String,
    claims: String,
    vwap: bool,
}

/// Models by name, with parameters that are drawn around the balance sheets of a case.
struct Drawn {
    kinds: Kinds,
    graph: ContagionGraph,
    models: Models,
}

fn graph_of(case: &Case, claims: &str, draws: &mut Draws<'_>) -> ContagionGraph {
    let count = case.institution_count();
    let mut builder = ContagionGraphBuilder::new(count);
    let values_shares = ["elsinger", "weber-weske", "elliott-golub-jackson"].contains(&claims);
    let seniorities = ["elsinger", "weber-weske"].contains(&claims);
    for (debtor, row) in case.debts.iter().enumerate() {
        for (creditor, &amount) in row.iter().enumerate() {
            let seniority = u32::from(seniorities && draws.happens(0.3));
            if amount != 0.0 && claims != "elliott-golub-jackson" {
                builder.debt(debtor as u32, creditor as u32, amount, seniority);
            }
            if values_shares && debtor != creditor && draws.happens(0.3) {
                let fraction = draws.between(0.0, 0.9 / count as f64);
                if fraction > 1e-9 {
                    builder.shareholding(debtor as u32, creditor as u32, fraction);
                }
            }
        }
    }
    builder.build().expect("drawn debts and shares are valid")
}

fn asset_columns(case: &Case, draws: &mut Draws<'_>) -> ParameterTable {
    let count = case.asset_count();
    let mut table = ParameterTable::new(count);
    table.set_numbers("depth", &case.depths);
    table.set_numbers("adv", &case.depths);
    table.set_numbers("risk_weight", &case.risk_weights);
    let floors: Vec<f64> = case
        .prices
        .iter()
        .map(|price| price * draws.between(0.0, 0.95))
        .collect();
    table.set_numbers("price_floor", &floors);
    for (name, low, high) in [
        ("c", 0.0, 1.2),
        ("g", 0.3, 2.0),
        ("kappa", 0.0, 1.5),
        ("volatility", 0.01, 0.3),
        ("gamma", 0.1, 0.4),
        ("eta", 0.05, 0.2),
        ("market_cap", 1e3, 1e5),
        ("horizon", 0.5, 5.0),
        ("withdrawal", 0.0, 5.0),
        ("depth_scale", 0.2, 0.6),
        ("volatility_stress", 0.0, 3.0),
        ("capital", 50.0, 5e3),
        ("depth_floor", 0.05, 1.0),
        ("haircut", 0.01, 0.2),
        ("procyclicality", 0.0, 0.5),
        ("sale_priority", 0.0, 3.0),
    ] {
        table.set_numbers(name, &draws.many(count, low, high));
    }
    table
}

fn institution_columns(case: &Case, draws: &mut Draws<'_>) -> ParameterTable {
    let count = case.institution_count();
    let mut table = ParameterTable::new(count);
    for i in 0..count {
        let claims: f64 = case.debts.iter().map(|row| row[i]).sum();
        let held: f64 = case.holdings[i]
            .iter()
            .zip(&case.prices)
            .map(|(h, p)| h * p)
            .sum();
        let assets = case.cash[i] + case.other_assets[i] + claims + held;
        let owed: f64 = case.debts[i].iter().sum::<f64>() + case.external_liabilities[i];
        // The ratio before the shock, or some other for those that have none.
        let ratio = if assets > owed && owed > 0.0 {
            (assets - owed) / assets
        } else {
            0.08
        };
        let act_below = (ratio * draws.between(0.5, 1.1)).clamp(1e-4, 0.9);
        let target = (act_below * draws.between(1.0, 1.3)).clamp(act_below, 0.95);
        let run_below = (ratio * draws.between(0.4, 1.2)).clamp(1e-4, 1.0);
        let mut set = |name: &str, value: f64| table.set(name, i, ParameterValue::Number(value));
        set("max_leverage", (draws.between(0.7, 1.5) / ratio).max(1.001));
        set("act_below", act_below);
        set("target", target);
        if draws.happens(0.4) {
            set("default_below", act_below * draws.between(0.0, 0.9));
        }
        if draws.happens(0.5) {
            set("target_leverage", (1.0 / target).max(1.0));
        }
        set("min_ratio", draws.between(0.01, 0.4));
        set("other_risk_weight", draws.between(0.0, 1.2));
        set(
            "withdrawals",
            case.external_liabilities[i] * draws.between(0.0, 0.5),
        );
        set("run_below", run_below);
        set("run_complete_below", run_below * draws.between(0.0, 1.0));
        set("base_flow", draws.between(-0.1, 0.1));
        set("flow_sensitivity", draws.between(0.0, 3.0));
        set("gate", draws.between(0.1, 1.0));
        set("swing_price", draws.between(0.0, 0.1));
        for name in ["alpha", "beta", "kappa", "recovery"] {
            set(name, draws.between(0.0, 1.0));
        }
        set("asset_volatility", draws.between(0.02, 0.4));
        set("maturity", draws.between(0.5, 3.0));
        set(
            "failure_value",
            (assets - owed).max(0.0) * draws.between(0.0, 0.9),
        );
        set("failure_cost", assets * draws.between(0.0, 0.3));
    }
    table
}

/// What impact models read besides the columns of assets.
fn tables_of(case: &Case, registry: &Registry, kind: &str, draws: &mut Draws<'_>) -> SpecTables {
    let mut tables = SpecTables::new();
    for shape in registry.impact_tables(kind) {
        let mut table = SpecTable::new(shape);
        for k in 0..case.asset_count() {
            if kind == "order-book" {
                let held: f64 = case.holdings.iter().map(|row| row[k]).sum();
                for level in 0..4 {
                    let price = case.prices[k] * (1.0 - draws.between(0.05, 0.2) * f64::from(level));
                    table.push(
                        &[k as u32],
                        &["bid"],
                        &[price, (held * draws.between(0.1, 0.5)).max(1.0)],
                    );
                }
            } else {
                for seller in 0..case.asset_count() {
                    let share = if seller == k { 1.0 } else { draws.between(0.0, 0.3) };
                    table.push(&[k as u32, seller as u32], &[], &[share / case.depths[seller]]);
                }
            }
        }
        tables.insert(shape.parameter.to_owned(), table);
    }
    tables
}

/// Draws models from the registry. `None`: the combination is refused, as unordered ones are by whoever asks.
fn draw_models(case: &Case, system: &System, registry: &Registry, draws: &mut Draws<'_>) -> Option<Drawn> {
    let [impacts, mut rules, claims, strategies] = registry.kinds();
    // Ordered with no parameters at all.
    rules.retain(|rule| *rule != "value-at-risk");
    let kinds = Kinds {
        impact: draws.pick(&impacts).to_owned(),
        rules: {
            let common = draws.happens(0.5).then(|| draws.pick(&rules).to_owned());
            (0..case.institution_count())
                .map(|_| common.clone().unwrap_or_else(|| draws.pick(&rules).to_owned()))
                .collect()
        },
        strategy: draws.pick(&strategies).to_owned(),
        claims: draws.pick(&claims).to_owned(),
        vwap: draws.happens(0.2),
    };
    let graph = graph_of(case, &kinds.claims, draws);
    let (assets, institutions) = (asset_columns(case, draws), institution_columns(case, draws));
    let tables = tables_of(case, registry, &kinds.impact, draws);
    let mut parameters = Parameters::default();
    for shape in registry.impact_tables(&kinds.impact) {
        parameters.insert(
            shape.parameter.to_owned(),
            ParameterValue::Text(format!("{}.csv", shape.parameter)),
        );
    }
    let none = Parameters::default();
    let shocked = case.shocked_prices();
    let market = Market::new(&case.prices, &shocked);
    let shape = MarketShape::new(market, &parameters, &assets).with_tables(&tables);
    let impact = registry.impact(&kinds.impact, &shape).expect("registered").ok()?;
    let mut blocks = Vec::new();
    for name in rules {
        let members: Vec<u32> = (0..case.institution_count() as u32)
            .filter(|&i| kinds.rules[i as usize] == name)
            .collect();
        if !members.is_empty() {
            let shape = RuleShape::new(&members, &none, &institutions, &assets);
            let rule = registry.rule(name, &shape).expect("registered");
            let rule = rule.unwrap_or_else(|problems| panic!("{name}: {problems:?}"));
            blocks.push(RuleBlock {
                name: name.to_owned(),
                rule,
                members,
            });
        }
    }
    let shape = StrategyShape::new(market, &none, &none, &assets);
    let strategy = registry
        .strategy(&kinds.strategy, &shape)
        .expect("registered")
        .ok()?;
    let external: Vec<f64> = system
        .institutions()
        .iter()
        .map(|i| i.external_liabilities)
        .collect();
    let view = NetworkView::new(
        graph.debts(),
        graph.shareholdings(),
        &external,
        &none,
        &institutions,
    );
    let claims = registry.claims(&kinds.claims, &view).expect("registered");
    let claims = claims.unwrap_or_else(|problems| panic!("{}: {problems:?}", kinds.claims));
    let models = Models {
        impact,
        execution: if kinds.vwap {
            Execution::Vwap
        } else {
            Execution::Terminal
        },
        rules: blocks,
        strategy,
        claims,
    };
    Some(Drawn { kinds, graph, models })
}

/// A case's graph and models, or some of the registry's in their place; and what they are called.
pub fn compose(
    case: &Case,
    system: &System,
    from_registry: Option<(&Registry, &mut Draws<'_>)>,
) -> Option<(ContagionGraph, Models, String)> {
    let Some((registry, draws)) = from_registry else {
        let names = format!(
            "{:?} {:?} {:?} {:?}",
            case.rules, case.impact, case.clearing, case.strategy
        );
        return Some((case.graph(), case.models(), names));
    };
    let drawn = draw_models(case, system, registry, draws)?;
    Some((drawn.graph, drawn.models, format!("{:?}", drawn.kinds)))
}
