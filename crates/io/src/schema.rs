//! The JSON schema of scenario files, for completion and checks in editors. Built from a registry, so that kinds and
//! parameters of third parties are in it too.

use crate::model_pages::{allowed, models as all_models};
use crate::scenario::RULE_KEYS;
use crate::tables::participants::asset_parameters;
use delever_core::{NotGiven, ParameterPage, Registry, Role, Values};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// The schema of scenario files, draft 2020-12, with the kinds and parameters of a registry.
///
/// ```
/// let schema = delever_io::schema(&delever_io::registry());
/// let kinds = &schema["properties"]["clearing"]["properties"]["model"]["enum"];
/// assert!(kinds.as_array().expect("a list").contains(&"eisenberg-noe".into()));
/// ```
pub fn schema(registry: &Registry) -> Value {
    let [impacts, rules, claims, strategies] = registry.kinds();
    let rule_parameters = among(&rules, |kind| registry.rule_parameters(kind));
    let mut impact_parameters = among(&impacts, |kind| registry.impact_parameters(kind));
    impact_parameters.extend(asset_parameters(registry));
    let claim_parameters = among(&claims, |kind| registry.claims_parameters(kind));

    let rule = json!({
        "description": "Deleveraging rule: how much an institution sells.",
        "enum": rules, "default": "none"
    });
    let mut one_rule = Map::from_iter([("rule".to_owned(), rule.clone())]);
    one_rule.extend(RULE_KEYS.map(|key| (key.to_owned(), failure_threshold())));
    parameters(&mut one_rule, &rule_parameters, |name| {
        parameter_schema(registry, name, &[Role::Rule], &[])
    });
    let mut deleveraging = one_rule.clone();
    deleveraging.insert(
        "strategy".to_owned(),
        json!({
            "description": "Liquidation strategy: which assets are sold.",
            "enum": strategies, "default": "pro-rata"
        }),
    );
    deleveraging.insert(
        "rules".to_owned(),
        json!({
            "description": "Rules by name; the column `rule` of the institutions table chooses one.",
            "type": "object",
            "additionalProperties": {
                "description": "A rule for the institutions that name it.",
                "type": "object", "required": ["rule"], "properties": one_rule, "additionalProperties": false
            }
        }),
    );

    let mut impact = Map::from_iter([
        (
            "model".to_owned(),
            json!({
                "description": "Price-impact model: how far sales push prices.",
                "enum": impacts, "default": "none"
            }),
        ),
        (
            "execution".to_owned(),
            json!({
                "description": "Price at which sellers are paid: the final one, the average over the sale, or, in rounds, the mean of the prices before and after.",
                "enum": ["terminal", "vwap", "midpoint"], "default": "terminal"
            }),
        ),
        (
            "persistence".to_owned(),
            json!({
                "description": "How long sales weigh on prices, in rounds.",
                "enum": ["permanent", "transient", "propagator", "reset"], "default": "permanent"
            }),
        ),
        (
            "sales_valued_at".to_owned(),
            json!({
                "description": "Price at which sales weigh on prices, in rounds: that before the shock, or that before the trade.",
                "enum": ["initial-price", "current-price"], "default": "initial-price"
            }),
        ),
        (
            "recovery_rate".to_owned(),
            json!({
                "description": "Rate a round at which a transient impact recovers.",
                "type": "number", "minimum": 0
            }),
        ),
        (
            "decay_exponent".to_owned(),
            json!({
                "description": "Exponent with which a propagator's impact decays by rounds.",
                "type": "number", "minimum": 0
            }),
        ),
    ]);
    parameters(&mut impact, &impact_parameters, |name| {
        parameter_schema(registry, name, &[Role::Impact], &[Role::Strategy, Role::Rule])
    });
    let mut clearing = Map::from_iter([(
        "model".to_owned(),
        json!({
            "description": "Clearing or valuation model: what debts between institutions are worth.",
            "enum": claims, "default": "none"
        }),
    )]);
    parameters(&mut clearing, &claim_parameters, |name| {
        parameter_schema(registry, name, &[Role::Clearing], &[])
    });

    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "delever scenario",
        "description": "A shock, the models that answer it, and where the tables stand.",
        "type": "object",
        "required": ["version"],
        "additionalProperties": false,
        "properties": {
            "version": { "description": "Version of the format.", "const": crate::SCENARIO_VERSION },
            "name": { "description": "What the scenario is called in results.", "type": "string" },
            "data": section("Where the tables stand, and in which money.", [
                ("dir", json!({
                    "description": "Folder of the tables, relative to this file and below it.",
                    "type": "string", "default": "."
                })),
                ("currency", json!({ "description": "Currency of all money.", "type": "string" })),
                ("unit", json!({ "description": "Unit of all money, such as mn.", "type": "string" })),
            ]),
            "shock": section("What happens before anyone sells; `*` is every id not named.", [
                ("prices", changes("Relative changes of prices, by asset.")),
                ("cash", changes("Relative changes of cash, by institution.")),
                ("other_assets", changes("Relative changes of other assets, by institution.")),
                ("outside_assets", json!({
                    "description": "Money added to cash (negative: taken from it), by institution.",
                    "type": "object", "additionalProperties": { "type": "number", "minimum": -1e18, "maximum": 1e18 }
                })),
            ]),
            "deleveraging": {
                "description": "How much is sold, and which assets.",
                "type": "object", "properties": deleveraging, "additionalProperties": false
            },
            "impact": {
                "description": "How far sales push prices.",
                "type": "object", "properties": impact, "additionalProperties": false
            },
            "clearing": {
                "description": "What debts between institutions are worth.",
                "type": "object", "properties": clearing, "additionalProperties": false
            },
            "engine": section("What the solver is asked for.", [
                ("kind", json!({
                    "description": "Where the cascade ends, or how it unfolds when sales are final.",
                    "enum": ["equilibrium", "rounds"], "default": "equilibrium"
                })),
                ("select", json!({
                    "description": "Which equilibrium: the best, the worst, or both.",
                    "enum": ["greatest", "least", "both"], "default": "greatest"
                })),
                ("tolerance", json!({
                    "description": "Largest relative width of the certificate asked for.",
                    "type": "number", "exclusiveMinimum": 0, "maximum": 1, "default": 1e-12
                })),
                ("max_iterations", json!({
                    "description": "Largest number of iterations.",
                    "type": "integer", "minimum": 1, "default": 100_000
                })),
                ("max_rounds", json!({
                    "description": "Rounds at most.",
                    "type": "integer", "minimum": 1, "default": 100
                })),
                ("order", json!({
                    "description": "Whether waiting orders clear all at once (simultaneous), one after the other (sequential), or institutions are tested and trade one after the other (in-turn).",
                    "enum": ["simultaneous", "sequential", "in-turn"], "default": "simultaneous"
                })),
                ("seed", json!({ "description": "Seed of the order of sequential trades.", "type": "integer" })),
                ("sequence", json!({
                    "description": "Order of those who trade one after the other, by id; who is not named follows. In turn also a list of such lists, one a round, the last for all that follow.",
                    "type": "array", "items": { "type": ["string", "array"], "items": { "type": "string" } }
                })),
                ("pay_with_cash_first", json!({
                    "description": "Whether cash pays first, and sales raise only the rest.",
                    "type": "boolean", "default": false
                })),
                ("method", json!({
                    "description": "How the fixed point is reached: as far as the proof needs, with other means where iteration is slow (automatic); plain iteration to the last bit, so that order laws hold bit by bit (iteration); policy iteration from the first step (policy).",
                    "enum": ["automatic", "iteration", "policy"], "default": "automatic"
                })),
            ]),
        }
    })
}

/// What stands beside every rule in rounds; a rule of an equilibrium may read it too.
fn failure_threshold() -> Value {
    json!({
        "description": "Equity over assets strictly below which an institution fails in rounds, whatever its rule; under leverage-threshold everything is sold strictly below it.",
        "type": "number"
    })
}

fn among(kinds: &[&str], parameters: impl Fn(&str) -> Vec<&'static str>) -> BTreeSet<&'static str> {
    kinds.iter().flat_map(|kind| parameters(kind)).collect()
}

fn section<const N: usize>(description: &str, keys: [(&str, Value); N]) -> Value {
    let properties: Map<String, Value> = keys
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
    json!({ "description": description, "type": "object", "properties": properties, "additionalProperties": false })
}

fn changes(description: &str) -> Value {
    json!({
        "description": description,
        "type": "object", "additionalProperties": { "type": "number", "minimum": -1, "maximum": 1e18 }
    })
}

/// Adds parameters that are not keys of the section already.
fn parameters(
    section: &mut Map<String, Value>,
    names: &BTreeSet<&'static str>,
    describe: impl Fn(&'static str) -> Value,
) {
    for &name in names {
        section.entry(name).or_insert_with(|| describe(name));
    }
}

/// What a parameter of a section means, for the schema: the same text for all models that share it, else model by model.
///
/// `models` are those of the section, and `others` those whose parameters may stand there too.
fn parameter_schema(registry: &Registry, name: &str, models: &[Role], others: &[Role]) -> Value {
    let described = |roles: &[Role]| -> Vec<(String, ParameterPage)> {
        let pages = all_models(registry).into_iter().filter_map(|(role, kind)| {
            let page = registry.page(role, kind).filter(|_| roles.contains(&role))?;
            let parameter = page.parameters.iter().find(|parameter| parameter.name == name)?;
            Some((kind.to_owned(), *parameter))
        });
        pages.collect()
    };
    let mut pages = described(models);
    if pages.is_empty() {
        pages = described(others);
    }
    let Some((_, first)) = pages.first() else {
        return json!({
            "description": "Parameter of a registered model that describes none of its parameters.",
            "type": ["number", "string", "boolean"]
        });
    };
    let mut schema = match first.values {
        Values::Number(_) => json!({ "type": "number" }),
        Values::Flag => json!({ "type": "boolean" }),
        Values::OneOf(words) => json!({ "enum": words }),
        Values::File(_) => json!({ "type": "string" }),
    };
    if let NotGiven::Default(default) = first.not_given
        && pages.iter().all(|(_, page)| page.not_given == first.not_given)
    {
        schema["default"] = serde_json::from_str(default).unwrap_or_else(|_| json!(default));
    }
    // Models with one text stand together, in the order of the first of them.
    let mut texts: Vec<(String, Vec<String>)> = Vec::new();
    for (kind, parameter) in &pages {
        let text = match parameter.values {
            Values::Number(_) | Values::File(_) => {
                format!(
                    "{} ({})",
                    parameter.meaning.trim_end_matches('.'),
                    allowed(parameter)
                )
            }
            Values::Flag | Values::OneOf(_) => parameter.meaning.trim_end_matches('.').to_owned(),
        };
        match texts.iter_mut().find(|(known, _)| *known == text) {
            Some((_, kinds)) => kinds.push(kind.clone()),
            None => texts.push((text, vec![kind.clone()])),
        }
    }
    let described: Vec<String> = match &texts[..] {
        [(text, _)] => vec![text.clone()],
        several => several
            .iter()
            .map(|(text, kinds)| format!("{}: {text}", kinds.join(", ")))
            .collect(),
    };
    schema["description"] = json!(format!("{}.", described.join("; ")));
    schema
}
