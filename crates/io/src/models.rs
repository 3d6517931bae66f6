//! Models by name: from a scenario's choices to built models, with the problems of parameters put where they stand.

use crate::catalogue::Code;
use crate::problem::{Diagnostics, Problem};
use crate::scenario::{KeyLines, ModelChoice, Scenario};
use crate::tables::numbers::number_hint;
use crate::tables::participants::RowPlaces;
use delever_cascade::rounds::{Terms, TradePrice};
use delever_cascade::{Models, RuleBlock};
use delever_core::{
    Market, MarketShape, ParameterProblem, ParameterTable, ParameterValue, Registry, RuleShape, SpecError,
    SpecTables, StrategyShape, UnknownKind,
};
use delever_network::ContagionGraph;
use std::collections::{BTreeMap, BTreeSet};

/// Where parameters come from, and where to report them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ParameterSources {
    pub scenario_file: String,
    pub lines: KeyLines,
    pub institutions: ParameterTable,
    pub institution_places: RowPlaces,
    /// Whether every row of the institutions table was taken.
    pub institutions_whole: bool,
    pub assets: ParameterTable,
    pub asset_places: RowPlaces,
    /// Tables that the impact model declares, by the parameter that names their file, and where their rows stand.
    pub tables: SpecTables,
    pub table_places: BTreeMap<String, RowPlaces>,
    /// Parameters that name a table which could not be read; why is reported.
    pub unread_tables: Vec<&'static str>,
}

/// Everything that models are built from, in id order.
pub(crate) struct Inputs<'a> {
    pub scenario: &'a Scenario,
    pub sources: &'a ParameterSources,
    pub initial_prices: &'a [f64],
    pub shocked_prices: &'a [f64],
    /// Units of each asset that all institutions hold together.
    pub held: &'a [f64],
    pub external_liabilities: &'a [f64],
    pub graph: &'a ContagionGraph,
    /// Rule sections that have members, with their members by id; the empty name is `[deleveraging]` itself.
    pub blocks: &'a [(String, Vec<u32>)],
    /// Whether the scenario has problems of its own: what follows from them is not reported again.
    pub scenario_has_errors: bool,
}

/// Builds all models; `None`: what is wrong is reported.
pub(crate) fn build(
    inputs: &Inputs<'_>,
    registry: &Registry,
    diagnostics: &mut Diagnostics,
) -> Option<Models> {
    let Inputs {
        scenario, sources, ..
    } = *inputs;
    let market = Market::new(inputs.initial_prices, inputs.shocked_prices);
    let impact_parameters = &scenario.impact.model.parameters;
    let mut reporter = Reporter {
        scenario,
        sources,
        diagnostics,
        scenario_has_errors: inputs.scenario_has_errors,
        seen: BTreeSet::new(),
    };

    let shape = MarketShape::new(market, impact_parameters, &sources.assets)
        .with_held(inputs.held)
        .with_tables(&sources.tables);
    let impact = registry.impact(&scenario.impact.model.kind, &shape);
    let impact = reporter.take(impact, "impact", "impact.model", true);

    let shape = StrategyShape::new(
        market,
        &scenario.deleveraging.rule.parameters,
        impact_parameters,
        &sources.assets,
    );
    let strategy = registry.strategy(&scenario.deleveraging.strategy, &shape);
    let strategy = reporter.take(strategy, "impact", "deleveraging.strategy", true);

    let view = inputs.graph.view(
        inputs.external_liabilities,
        &scenario.clearing.model.parameters,
        &sources.institutions,
    );
    let claims = registry.claims(&scenario.clearing.model.kind, &view);
    let claims = reporter.take(claims, "clearing", "clearing.model", false);

    let mut rules = Some(Vec::with_capacity(inputs.blocks.len()));
    for (name, members) in inputs.blocks {
        let (choice, section) = rule_of(scenario, name);
        let shape = RuleShape::new(
            members,
            &choice.parameters,
            &sources.institutions,
            &sources.assets,
        );
        let rule = registry.rule(&choice.kind, &shape);
        let rule = reporter.take(rule, &section, &format!("{section}.rule"), false);
        rules = rules.zip(rule).map(|(mut rules, rule)| {
            rules.push(RuleBlock {
                name: name.clone(),
                rule,
                members: members.clone(),
            });
            rules
        });
    }

    let (impact, strategy, claims, rules) = (impact?, strategy?, claims?, rules?);
    if scenario.impact.execution == TradePrice::Average && !impact.has_average_prices() {
        let message = format!(
            "the impact model `{}` states no average price, which `vwap` needs",
            scenario.impact.model.kind
        );
        let problem = reporter.at_key(Code::Unsupported, "impact.execution", message);
        reporter
            .diagnostics
            .push(problem.with_hint("use `execution = \"terminal\"`"));
        return None;
    }
    Some(Models {
        impact,
        execution: scenario.equilibrium_execution(),
        rules,
        strategy,
        claims,
    })
}

/// What rounds ask of an institution whatever its rule.
#[derive(serde::Deserialize)]
struct FailureRow {
    /// Equity over assets strictly below which it fails.
    default_below: Option<f64>,
}

/// What rounds ask of each institution beside its rule, in id order; `None`: what is wrong is reported.
pub(crate) fn terms(
    inputs: &Inputs<'_>,
    repayable_debt: &[Option<f64>],
    diagnostics: &mut Diagnostics,
) -> Option<Vec<Terms>> {
    let sources = inputs.sources;
    let mut reporter = Reporter {
        scenario: inputs.scenario,
        sources,
        diagnostics,
        scenario_has_errors: inputs.scenario_has_errors,
        seen: BTreeSet::new(),
    };
    let mut terms: Vec<Terms> = repayable_debt
        .iter()
        .map(|&repayable_debt| Terms {
            default_below: None,
            repayable_debt,
        })
        .collect();
    let mut wrong = false;
    for (name, members) in inputs.blocks {
        let (choice, section) = rule_of(inputs.scenario, name);
        for &member in members {
            let row = member as usize;
            let default_below = match sources
                .institutions
                .row::<FailureRow>(row, &choice.parameters, &[])
            {
                Ok(found) => found.default_below,
                Err(error) => {
                    reporter.report(&error, &section, false);
                    wrong = true;
                    continue;
                }
            };
            if let Some(ratio) = default_below
                && !(0.0..1.0).contains(&ratio)
            {
                let error =
                    SpecError::out_of_range("default_below", ratio, "from 0 to below 1 (equity / assets)");
                reporter.report(&error.at_row(row), &section, false);
                wrong = true;
            }
            terms[row].default_below = default_below;
        }
    }
    (!wrong).then_some(terms)
}

/// The choice of a rule section, and its dotted path.
fn rule_of<'a>(scenario: &'a Scenario, name: &str) -> (&'a ModelChoice, String) {
    match scenario.deleveraging.rules.get(name) {
        Some(choice) if !name.is_empty() => (choice, format!("deleveraging.rules.{name}")),
        _ => (&scenario.deleveraging.rule, "deleveraging".to_owned()),
    }
}

/// Parameters of which one takes the place of the others: where one is given and refused, none is missing.
const ALTERNATIVES: [&[&str]; 2] = [
    &["max_leverage", "min_leverage_ratio"],
    &["depth", "fall", "at_share_sold"],
];

/// Puts problems of parameters where they stand: a cell of a table, or a key of the scenario.
struct Reporter<'a> {
    scenario: &'a Scenario,
    sources: &'a ParameterSources,
    diagnostics: &'a mut Diagnostics,
    scenario_has_errors: bool,
    /// Places and messages of keys, which come back once for each row, and places of cells, which more than one model may read:
    /// one message for each.
    seen: BTreeSet<(String, String)>,
}

impl Reporter<'_> {
    /// The model, or `None` with its problems reported.
    fn take<M>(
        &mut self,
        built: Result<Result<M, Vec<SpecError>>, UnknownKind>,
        section: &str,
        kind_key: &str,
        rows_are_assets: bool,
    ) -> Option<M> {
        match built {
            Ok(Ok(model)) => Some(model),
            Ok(Err(errors)) => {
                for error in errors {
                    self.report(&error, section, error.asset || rows_are_assets);
                }
                None
            }
            Err(unknown) => {
                if !self.scenario_has_errors {
                    let problem = self.at_key(Code::UnknownKind, kind_key, unknown.to_string());
                    self.diagnostics.push(problem);
                }
                None
            }
        }
    }

    fn at_key(&self, code: Code, key: &str, message: impl Into<String>) -> Problem {
        let lines = &self.sources.lines;
        let (file, line) = lines.locate(key, &self.sources.scenario_file);
        Problem::new(code, file, message).at_row(line).in_column(key)
    }

    fn report(&mut self, error: &SpecError, section: &str, of_asset: bool) {
        let (table, places) = if of_asset {
            (&self.sources.assets, &self.sources.asset_places)
        } else {
            (&self.sources.institutions, &self.sources.institution_places)
        };
        let parameter = error.parameter.as_str();
        let code = match &error.problem {
            ParameterProblem::Missing => Code::MissingParameter,
            ParameterProblem::WrongType(_) => Code::ParameterType,
            ParameterProblem::OutOfRange(..) => Code::ParameterRange,
            ParameterProblem::Conflict(_) => Code::ParameterConflict,
            ParameterProblem::Unsupported(_) => Code::Unsupported,
        };
        let missing = code == Code::MissingParameter;
        let key_is_given = self
            .sources
            .lines
            .given(&format!("{section}.{parameter}"))
            .is_some();
        let reported = self.scenario_has_errors || self.sources.unread_tables.contains(&parameter);
        if missing && reported && key_is_given {
            return;
        }
        if missing && error.row.is_some_and(|row| is_refused(places, row, parameter)) {
            return;
        }
        let message = error.to_string();
        if let Some(name) = &error.table {
            let problem = self.in_table(error, name, code, message);
            self.diagnostics.push(problem);
            return;
        }
        let at_cell = |row: usize| {
            Problem::new(code, &places.file, &message)
                .at_row(places.lines.get(row).copied())
                .in_column(parameter)
        };
        let cell = error.row.and_then(|row| Some((row, table.get(parameter, row)?)));
        if let Some((row, _)) = cell {
            let place = format!("{}:{row}:{parameter}", places.file);
            if !self.seen.insert((place, String::new())) {
                return;
            }
        }
        let is_column = places.parameters.contains(&parameter);
        let mut problem = match (cell, error.row, parameter) {
            (Some((row, ParameterValue::Text(text))), _, _) if error.wants_number() => {
                let mut problem = at_cell(row).with_cell(text).with_hint(number_hint(text));
                "the cell is not a number".clone_into(&mut problem.message);
                problem
            }
            (Some((row, value)), _, _) => at_cell(row).with_cell(&shown(value)),
            (None, Some(row), _) if missing && is_column => at_cell(row).with_cell(""),
            (None, Some(row), _) if code == Code::Unsupported && of_asset => {
                Problem::new(code, &places.file, &message).at_row(places.lines.get(row).copied())
            }
            (None, Some(row), "shareholdings") => {
                Problem::new(Code::WhollyOwned, &places.file, &message).at_row(places.lines.get(row).copied())
            }
            (None, None, "debts") => Problem::new(code, "debts.csv", &message),
            (None, None, "seniority") => Problem::new(code, "debts.csv", &message).in_column(parameter),
            (None, None, "credit_default_swaps") => Problem::new(code, "credit_default_swaps.csv", &message),
            (None, None, "shareholdings") => Problem::new(code, "shareholdings.csv", &message),
            (None, ..) => {
                // What misses without a row is a key and no column.
                let problem = if missing && of_asset && error.row.is_some() && !places.lines.is_empty() {
                    Problem::new(code, &places.file, &message)
                        .at_row(1)
                        .in_column(parameter)
                } else if parameter.is_empty() {
                    self.at_key(code, section, &message)
                } else {
                    let problem = self.at_key(code, &format!("{section}.{parameter}"), &message);
                    match self.given(section, parameter) {
                        Some(ParameterValue::Text(text)) if error.wants_number() => {
                            problem.with_cell(text).with_hint(number_hint(text))
                        }
                        Some(value) => problem.with_cell(&shown(value)),
                        None => problem,
                    }
                };
                let place = format!("{}:{:?}", problem.file, problem.column);
                if !self.seen.insert((place, message)) {
                    return;
                }
                problem
            }
        };
        if missing && of_asset && error.row.is_none() {
            problem = problem.with_hint(format!("add a key `{parameter}` to `[{section}]`"));
        } else if missing {
            problem = problem.with_hint(format!(
                "add a column `{parameter}` to `{}`, or a key `{parameter}` to `[{section}]`",
                places.file
            ));
        }
        self.diagnostics.push(problem);
    }

    /// The value of a key of a model's section.
    fn given(&self, section: &str, parameter: &str) -> Option<&ParameterValue> {
        let choice = match section {
            "impact" => &self.scenario.impact.model,
            "clearing" => &self.scenario.clearing.model,
            _ => match section.strip_prefix("deleveraging.rules.") {
                Some(name) => self.scenario.deleveraging.rules.get(name)?,
                None => &self.scenario.deleveraging.rule,
            },
        };
        choice.parameters.get(parameter)
    }

    /// A problem of a row of a table that the model declared.
    fn in_table(&self, error: &SpecError, name: &str, code: Code, message: String) -> Problem {
        let (file, line) = match self.sources.table_places.get(name) {
            Some(places) => (
                places.file.as_str(),
                error.row.and_then(|row| places.lines.get(row).copied()),
            ),
            None => (name, None),
        };
        let problem = Problem::new(code, file, message)
            .at_row(line)
            .in_column(&error.parameter);
        let table = self.sources.tables.get(name);
        let cell = error
            .row
            .and_then(|row| table.and_then(|table| table.shown(&error.parameter, row)));
        match cell {
            Some(cell) => problem.with_cell(&cell),
            None => problem,
        }
    }
}

/// Whether a cell of a row, or one that takes its place, is given and its problem reported.
fn is_refused(places: &RowPlaces, row: usize, parameter: &str) -> bool {
    let Some(&line) = places.lines.get(row) else {
        return false;
    };
    let own = [parameter];
    let group = ALTERNATIVES.into_iter().find(|group| group.contains(&parameter));
    let group = group.unwrap_or(&own);
    places
        .refused
        .range((line, "")..(line + 1, ""))
        .any(|(_, column)| group.contains(column))
}

/// A parameter as a table would hold it.
pub(crate) fn shown(value: &ParameterValue) -> String {
    match value {
        ParameterValue::Number(number) => number.to_string(),
        ParameterValue::Text(text) => text.clone(),
        ParameterValue::Flag(flag) => flag.to_string(),
    }
}
