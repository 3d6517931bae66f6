//! The JSON schema of scenario files, for completion and checks in editors. Built from a registry, so that kinds and
//! parameters of third parties are in it too.

use crate::scenario::RULE_KEYS;
use crate::tables::cells::MAY_BE_INFINITE;
use crate::tables::participants::asset_parameters;
use delever_core::Registry;
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
    let mut rule_parameters = among(&rules, |kind| registry.rule_parameters(kind));
    rule_parameters.extend(RULE_KEYS);
    let mut impact_parameters = among(&impacts, |kind| registry.impact_parameters(kind));
    impact_parameters.extend(asset_parameters(registry));
    let claim_parameters = among(&claims, |kind| registry.claims_parameters(kind));

    let rule = json!({
        "description": "Deleveraging rule: how much an institution sells.",
        "enum": rules, "default": "none"
    });
    let mut one_rule = Map::from_iter([("rule".to_owned(), rule.clone())]);
    parameters(&mut one_rule, &rule_parameters);
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
    parameters(&mut impact, &impact_parameters);
    let mut clearing = Map::from_iter([(
        "model".to_owned(),
        json!({
            "description": "Clearing or valuation model: what debts between institutions are worth.",
            "enum": claims, "default": "none"
        }),
    )]);
    parameters(&mut clearing, &claim_parameters);

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
fn parameters(section: &mut Map<String, Value>, names: &BTreeSet<&'static str>) {
    for &name in names {
        section.entry(name).or_insert_with(|| parameter(name));
    }
}

/// What a parameter means; parameters of third parties are described by their name alone.
fn parameter(name: &str) -> Value {
    let number = |description: &str| json!({ "description": description, "type": "number" });
    match name {
        "default_below" => number("Equity over assets strictly below which an institution fails, in rounds."),
        "max_leverage" => number("Assets over equity, above 1; inf is no cap. Or give min_leverage_ratio."),
        "min_leverage_ratio" => number("Equity over assets, between 0 and 1. Or give max_leverage."),
        "min_ratio" => number("Equity over risk-weighted assets; 0.08 is 8 %."),
        "risk_weight" => number("Risk weight of an asset; 1 is 100 %."),
        "other_risk_weight" => number("Risk weight of other assets and of claims on institutions."),
        "act_below" => {
            number("Equity over assets strictly below which an institution acts, above 0 and at most 1.")
        }
        "target" => number("Equity over assets that it sells to, at least act_below."),
        "target_leverage" => {
            number("Assets over equity to return to, 1 or more; the initial leverage if not given.")
        }
        "two_sided" => json!({
            "description": "Whether institutions below their target leverage buy.", "type": "boolean", "default": false
        }),
        "leverage_scale" => {
            number("Leverage at a perceived volatility of one; 1 / z for z standard deviations at risk.")
        }
        "cyclicality" => {
            number("Exponent of perceived variance; -0.5 is value at risk, 0 a constant leverage.")
        }
        "historic_volatility" => number("Volatility of the portfolio as perceived before the shock."),
        "volatility_offset" => number("Volatility that is always perceived."),
        "shock_weight" => number("Weight of the latest return in perceived variance, from 0 to 1."),
        "haircut" => number("Margin on an asset, from 0 to 1; 0.05 is 5 %."),
        "procyclicality" => number("Rise of the haircut with a relative fall of the price of one."),
        "run_below" => number("Equity over assets strictly below which creditors outside begin to withdraw."),
        "run_complete_below" => number("Equity over assets from which on they withdraw everything."),
        "base_flow" => number("Share of a fund that is redeemed without any loss."),
        "flow_sensitivity" => number("Share of a fund that is redeemed for a relative loss of one."),
        "gate" => number("Largest share of a fund that may be redeemed, from 0 to 1."),
        "swing_price" => number("Relative discount at which redeemers are paid, from 0 to 1."),
        "liquidity" => json!({
            "description": "How a fund pays redeemers.",
            "enum": ["vertical-slice", "cash-first"], "default": "vertical-slice"
        }),
        "cash_buffer" => number("Share of assets that a fund keeps in cash under cash-first, from 0 to 1."),
        "sale_priority" => number("Rank of an asset in the order of sale, the lowest first."),
        "withdrawals" => number("External liabilities that fall due now, money."),
        "depth" => number("Market depth, money; inf is no impact."),
        "adv" => number("Average daily volume, money per day; inf is no impact."),
        "volatility" => number("Standard deviation of daily returns."),
        "price_floor" => number("Price below which sales do not push, money per unit."),
        "c" => number("Relative fall of the price when sales equal the depth."),
        "g" => number("Exponent of the power law; 0.5 is the square-root law."),
        "kappa" => number("Coefficient of the square-root law, of order one."),
        "fall" => {
            number("Relative fall of the price when at_share_sold is sold, below 1. In place of depth.")
        }
        "at_share_sold" => {
            number("Share of all holdings of an asset that is sold for a fall, above 0 and at most 1.")
        }
        "gamma" => number("Coefficient of the permanent impact; 0.314 as published."),
        "eta" => number("Coefficient of the temporary impact; 0.142 as published."),
        "market_cap" => number("Value of all units outstanding, money."),
        "horizon" => number("Days over which sales are spread."),
        "withdrawal" => number(
            "Depth is multiplied by exp(-withdrawal f) when the shock lowers a price by f; from 0 to 50.",
        ),
        "depth_scale" => number("Number in front of adv / volatility * sqrt(horizon); 0.4 by default."),
        "volatility_stress" => {
            number("Volatility is multiplied by 1 + volatility_stress f when the shock lowers a price by f.")
        }
        "capital" => number("Capital of an asset's market makers, money."),
        "depth_floor" => {
            number("Share of the depth that stays when market makers lost their capital, from 0 to 1.")
        }
        "matrix" => json!({
            "description": "CSV file of cross-impacts beside the tables: asset, seller, impact (for each unit of money).",
            "type": "string"
        }),
        "book" => json!({
            "description": "CSV file of an order book beside the tables: asset, side (bid, ask), price, quantity.",
            "type": "string"
        }),
        "beyond" => json!({
            "description": "Price behind the last bid of an order book.",
            "enum": ["zero", "last-bid"], "default": "zero"
        }),
        "alpha" => number("Share of outside and marketable assets recovered in default, from 0 to 1."),
        "beta" => number("Share of interbank assets recovered in default, from 0 to 1."),
        "external" => json!({
            "description": "Rank of creditors outside the system.",
            "enum": ["pari-passu", "senior"], "default": "pari-passu"
        }),
        _ if MAY_BE_INFINITE.contains(&name) => number(name),
        _ => json!({ "description": name, "type": ["number", "string", "boolean"] }),
    }
}
