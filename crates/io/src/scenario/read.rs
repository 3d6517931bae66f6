//! From a document to a scenario: every section checked, every problem reported, defaults filled in.

use super::document::{Node, Place, Value};
use super::reserved::is_reserved;
use super::rounds;
use super::section::Section;
use super::settings::{
    Clearing, Deleveraging, Engine, EngineKind, Impact, ModelChoice, NamedShock, Scenario,
};
use crate::catalogue::Code;
use crate::problem::{Diagnostics, Problem};
use crate::tables::cells::starts_badly;
use crate::tables::participants::asset_parameters;
use delever_cascade::rounds::TradePrice;
use delever_cascade::{Method, Select};
use delever_core::{Registry, Role, nearest_name};
use delever_portfolio::check_amount;
use std::collections::{BTreeMap, BTreeSet};

/// The version of the format that this program reads.
pub const VERSION: i64 = 1;

/// A scenario and where its keys stand.
pub(crate) struct Read {
    pub scenario: Scenario,
    pub lines: KeyLines,
}

/// Where keys stand, by dotted path.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct KeyLines {
    places: BTreeMap<String, Place>,
}

impl KeyLines {
    fn of(table: &BTreeMap<String, Node>) -> Self {
        let mut places = BTreeMap::new();
        collect(table, "", &mut places);
        Self { places }
    }

    /// The line of a key, else of the section that it would stand in; `None` for overrides and absent sections.
    pub fn line(&self, path: &str) -> Option<u64> {
        let mut path = path;
        loop {
            if let Some(place) = self.places.get(path) {
                return place.line();
            }
            path = &path[..path.rfind('.')?];
        }
    }

    /// Whether a key is given, and whether by an override.
    pub fn given(&self, path: &str) -> Option<bool> {
        let place = self.places.get(path)?;
        Some(matches!(place, Place::Option(_)))
    }

    /// Where to report a problem of a key: its file, or the option that gives it, and its line.
    pub fn locate<'f>(&self, path: &str, file: &'f str) -> (&'f str, Option<u64>) {
        match self.places.get(path) {
            Some(place) => (place.file(file), place.line()),
            None => (file, self.line(path)),
        }
    }
}

fn collect(table: &BTreeMap<String, Node>, prefix: &str, places: &mut BTreeMap<String, Place>) {
    for (key, node) in table {
        let path = format!("{prefix}{key}");
        if let Value::Table(inner) = &node.value {
            collect(inner, &format!("{path}."), places);
        }
        places.insert(path, node.place);
    }
}

/// Checks a document. What is wrong is reported, and a default stands in its place.
pub(crate) fn read(
    file: &str,
    document: &BTreeMap<String, Node>,
    registry: &Registry,
    diagnostics: &mut Diagnostics,
) -> Read {
    let top = Section::top(file, document);
    check_version(&top, diagnostics);
    let name = top.text("name", diagnostics).unwrap_or_default().to_owned();
    let data = top.section("data", diagnostics);
    data.refuse_unknown(&["dir", "currency", "unit"], diagnostics);
    let data_text = |key, diagnostics: &mut Diagnostics| {
        data.text(key, diagnostics).map(str::to_owned).unwrap_or_default()
    };
    let dir = data_text("dir", diagnostics);
    let scenario = Scenario {
        name,
        dir: if dir.is_empty() { ".".to_owned() } else { dir },
        currency: data_text("currency", diagnostics),
        unit: data_text("unit", diagnostics),
        shock: shock(&top.section("shock", diagnostics), diagnostics),
        deleveraging: deleveraging(&top.section("deleveraging", diagnostics), registry, diagnostics),
        impact: impact(&top.section("impact", diagnostics), registry, diagnostics),
        clearing: clearing(&top.section("clearing", diagnostics), registry, diagnostics),
        engine: engine(&top.section("engine", diagnostics), diagnostics),
    };
    top.refuse_unknown(
        &[
            "version",
            "name",
            "data",
            "shock",
            "deleveraging",
            "impact",
            "clearing",
            "engine",
        ],
        diagnostics,
    );
    rounds::check_engine(&top, scenario.engine.kind, diagnostics);
    report_unread(&top, &scenario, registry, diagnostics);
    Read {
        scenario,
        lines: KeyLines::of(document),
    }
}

fn check_version(top: &Section<'_>, diagnostics: &mut Diagnostics) {
    if !top.table.contains_key("version") {
        diagnostics.push(
            top.problem(Code::Version, "version", "the version is missing")
                .with_hint(format!("write `version = {VERSION}` in the first line")),
        );
    } else if let Some(version) = top.integer("version", diagnostics)
        && version != VERSION
    {
        let message =
            format!("version {version} of the format is not known; this program reads version {VERSION}");
        diagnostics.push(top.problem(Code::Version, "version", message));
    }
}

fn shock(section: &Section<'_>, diagnostics: &mut Diagnostics) -> NamedShock {
    let keys = ["prices", "cash", "other_assets", "outside_assets"];
    section.refuse_unknown(&keys, diagnostics);
    let [prices, cash, other_assets, outside_assets] = keys.map(|key| {
        let changes = section.section(key, diagnostics);
        let relative = key != "outside_assets";
        let mut by_id = BTreeMap::new();
        for id in changes.table.keys() {
            let Some(change) = changes.number(id, diagnostics) else {
                continue;
            };
            let allowed = if relative {
                (-1.0..=1e18).contains(&change)
            } else {
                check_amount(change.abs()).is_ok()
            };
            if !allowed {
                let problem = if relative {
                    changes
                        .problem(
                            Code::ShockOutOfRange,
                            id,
                            "a relative change is a finite number of at least -1",
                        )
                        .with_hint("write a fall of 20 % as -0.20")
                } else {
                    changes.problem(
                        Code::ShockOutOfRange,
                        id,
                        "money is 0 or, added or taken, an amount within 1e-9 to 1e18",
                    )
                };
                diagnostics.push(problem);
                continue;
            }
            by_id.insert(id.clone(), change);
        }
        by_id
    });
    NamedShock {
        prices,
        cash,
        other_assets,
        outside_assets,
    }
}

/// The kind that a key names, checked against the registry; a default where the key is absent.
fn kind(
    section: &Section<'_>,
    key: &str,
    default: &str,
    role: Role,
    registry: &Registry,
    diagnostics: &mut Diagnostics,
) -> String {
    let Some(name) = section.text(key, diagnostics) else {
        return default.to_owned();
    };
    let kinds = registry.kinds();
    let known = &kinds[role.place()];
    if !known.contains(&name) {
        let shown = crate::problem::shortened(name);
        let problem = if is_reserved(role, name) {
            let message = format!(
                "there is no {} `{shown}` yet; the format reserves the name",
                role.name()
            );
            section.problem(Code::Reserved, key, message)
        } else {
            section.problem(
                Code::UnknownKind,
                key,
                format!("no {} is named `{shown}`", role.name()),
            )
        };
        let hint = match nearest_name(name, known.iter().copied()) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => format!("known are {}", known.join(", ")),
        };
        diagnostics.push(problem.with_hint(hint));
    }
    name.to_owned()
}

fn rule_parameters_of_any_kind(registry: &Registry) -> BTreeSet<&'static str> {
    let [_, rules, ..] = registry.kinds();
    rules
        .into_iter()
        .flat_map(|rule| registry.rule_parameters(rule))
        .chain(rounds::RULE_KEYS)
        .collect()
}

fn deleveraging(section: &Section<'_>, registry: &Registry, diagnostics: &mut Diagnostics) -> Deleveraging {
    let any = rule_parameters_of_any_kind(registry);
    let own = ["rule", "strategy", "rules"];
    let known: Vec<&str> = own.into_iter().chain(any.iter().copied()).collect();
    section.refuse_unknown(&known, diagnostics);
    let rule = ModelChoice {
        kind: kind(section, "rule", "none", Role::Rule, registry, diagnostics),
        parameters: parameters_among(section, &own, &any, diagnostics),
    };
    let strategy = kind(
        section,
        "strategy",
        "pro-rata",
        Role::Strategy,
        registry,
        diagnostics,
    );
    let by_name = section.section("rules", diagnostics);
    let mut rules = BTreeMap::new();
    for name in by_name.table.keys() {
        if name.is_empty() || starts_badly(name) {
            diagnostics.push(by_name.problem(
                Code::BadId,
                name,
                "the name of a rule section is empty, or starts with = + - @ or a control character",
            ));
            continue;
        }
        let one = by_name.section(name, diagnostics);
        let known: Vec<&str> = ["rule"].into_iter().chain(any.iter().copied()).collect();
        one.refuse_unknown(&known, diagnostics);
        if !one.table.contains_key("rule") {
            let message = format!("`[{}]` names no rule", one.path);
            diagnostics.push(one.problem(Code::MissingKey, "rule", message));
        }
        let choice = ModelChoice {
            kind: kind(&one, "rule", "none", Role::Rule, registry, diagnostics),
            parameters: parameters_among(&one, &["rule"], &any, diagnostics),
        };
        rules.insert(name.clone(), choice);
    }
    Deleveraging {
        rule,
        strategy,
        rules,
    }
}

/// The parameters of a section, unknown keys left out: they are reported already.
fn parameters_among(
    section: &Section<'_>,
    own: &[&str],
    any: &BTreeSet<&'static str>,
    diagnostics: &mut Diagnostics,
) -> delever_core::Parameters {
    let skipped: Vec<&str> = section
        .table
        .keys()
        .map(String::as_str)
        .filter(|key| own.contains(key) || !any.contains(key))
        .collect();
    section.parameters(&skipped, diagnostics)
}

fn impact(section: &Section<'_>, registry: &Registry, diagnostics: &mut Diagnostics) -> Impact {
    let [impacts, ..] = registry.kinds();
    let mut any: BTreeSet<&'static str> = impacts
        .into_iter()
        .flat_map(|model| registry.impact_parameters(model))
        .collect();
    any.extend(asset_parameters(registry));
    let own: Vec<&str> = ["model", "execution"]
        .into_iter()
        .chain(rounds::IMPACT_KEYS)
        .collect();
    let known: Vec<&str> = own.iter().copied().chain(any.iter().copied()).collect();
    section.refuse_unknown(&known, diagnostics);
    let model = ModelChoice {
        kind: kind(section, "model", "none", Role::Impact, registry, diagnostics),
        parameters: parameters_among(section, &own, &any, diagnostics),
    };
    let execution = match section.text("execution", diagnostics) {
        None | Some("terminal") => TradePrice::Terminal,
        Some("vwap") => TradePrice::Average,
        Some("midpoint") => TradePrice::Midpoint,
        Some(other) => {
            let known = ["terminal", "vwap", "midpoint"];
            unknown_option(section, "execution", other, &known, diagnostics);
            TradePrice::Terminal
        }
    };
    Impact {
        model,
        execution,
        persistence: rounds::persistence(section, diagnostics),
        sales_valued: rounds::sales_valued(section, diagnostics),
    }
}

pub(super) fn unknown_option(
    section: &Section<'_>,
    key: &str,
    given: &str,
    known: &[&str],
    diagnostics: &mut Diagnostics,
) {
    let hint = match nearest_name(given, known.iter().copied()) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => format!("known are {}", known.join(", ")),
    };
    let message = format!(
        "`{}` has no option `{}`",
        section.key(key),
        crate::problem::shortened(given)
    );
    diagnostics.push(section.problem(Code::UnknownOption, key, message).with_hint(hint));
}

fn clearing(section: &Section<'_>, registry: &Registry, diagnostics: &mut Diagnostics) -> Clearing {
    let [_, _, models, _] = registry.kinds();
    let any: BTreeSet<&'static str> = models
        .into_iter()
        .flat_map(|model| registry.claims_parameters(model))
        .collect();
    let known: Vec<&str> = ["model"].into_iter().chain(any.iter().copied()).collect();
    section.refuse_unknown(&known, diagnostics);
    Clearing {
        model: ModelChoice {
            kind: kind(section, "model", "none", Role::Clearing, registry, diagnostics),
            parameters: parameters_among(section, &["model"], &any, diagnostics),
        },
    }
}

fn engine(section: &Section<'_>, diagnostics: &mut Diagnostics) -> Engine {
    let own = ["kind", "select", "tolerance", "max_iterations", "method"];
    let known: Vec<&str> = own.into_iter().chain(rounds::ENGINE_KEYS).collect();
    section.refuse_unknown(&known, diagnostics);
    let kind = match section.text("kind", diagnostics) {
        None | Some("equilibrium") => EngineKind::Equilibrium,
        Some("rounds") => EngineKind::Rounds,
        Some(other) => {
            let message = format!("no engine is named `{}`", crate::problem::shortened(other));
            diagnostics.push(
                section
                    .problem(Code::UnknownKind, "kind", message)
                    .with_hint("known are equilibrium, rounds"),
            );
            EngineKind::Equilibrium
        }
    };
    let select = match section.text("select", diagnostics) {
        None | Some("greatest") => Select::Greatest,
        Some("least") => Select::Least,
        Some("both") => Select::Both,
        Some(other) => {
            let known = ["greatest", "least", "both"];
            unknown_option(section, "select", other, &known, diagnostics);
            Select::Greatest
        }
    };
    let mut engine = Engine {
        kind,
        select,
        rounds: rounds::settings(section, diagnostics),
        ..Engine::default()
    };
    if let Some(tolerance) = section.number("tolerance", diagnostics) {
        if tolerance > 0.0 && tolerance <= 1.0 {
            engine.settings.tolerance = tolerance;
        } else {
            diagnostics.push(section.problem(
                Code::EngineSetting,
                "tolerance",
                "the tolerance lies above 0 and at most at 1",
            ));
        }
    }
    match section.text("method", diagnostics) {
        None | Some("automatic") => {}
        Some("iteration") => engine.settings.method = Method::Iteration,
        Some("policy") => engine.settings.method = Method::Policy,
        Some(other) => {
            let known = ["automatic", "iteration", "policy"];
            unknown_option(section, "method", other, &known, diagnostics);
        }
    }
    if let Some(limit) = section.integer("max_iterations", diagnostics) {
        if limit >= 1 {
            engine.settings.max_iterations = limit as u64;
        } else {
            diagnostics.push(section.problem(
                Code::EngineSetting,
                "max_iterations",
                "the limit of iterations is at least 1",
            ));
        }
    }
    engine
}

/// Warns of parameters that the chosen models do not read.
fn report_unread(top: &Section<'_>, scenario: &Scenario, registry: &Registry, diagnostics: &mut Diagnostics) {
    let mut silent = Diagnostics::new();
    let mut warn = |section: &Section<'_>, choice: &ModelChoice, read: &[&str], role: Role| {
        let kinds = registry.kinds();
        if !kinds[role.place()].contains(&choice.kind.as_str()) {
            return;
        }
        for key in choice
            .parameters
            .keys()
            .filter(|key| !read.contains(&key.as_str()))
        {
            let message = format!("the {} `{}` does not read `{key}`", role.name(), choice.kind);
            let problem: Problem = section.problem(Code::UnusedKey, key, message);
            diagnostics.push(problem);
        }
    };
    let deleveraging = top.section("deleveraging", &mut silent);
    let rule = &scenario.deleveraging.rule;
    let read_by_rule = |kind: &str| {
        let mut read = registry.rule_parameters(kind);
        read.extend(rounds::read_by_every_rule(scenario.engine.kind));
        read
    };
    warn(&deleveraging, rule, &read_by_rule(&rule.kind), Role::Rule);
    let by_name = deleveraging.section("rules", &mut silent);
    for (name, choice) in &scenario.deleveraging.rules {
        let read = read_by_rule(&choice.kind);
        warn(&by_name.section(name, &mut silent), choice, &read, Role::Rule);
    }
    let impact = &scenario.impact.model;
    let mut read = registry.impact_parameters(&impact.kind);
    read.extend(registry.strategy_parameters(&scenario.deleveraging.strategy));
    warn(&top.section("impact", &mut silent), impact, &read, Role::Impact);
    let clearing = &scenario.clearing.model;
    let read = registry.claims_parameters(&clearing.kind);
    warn(
        &top.section("clearing", &mut silent),
        clearing,
        &read,
        Role::Clearing,
    );
}
