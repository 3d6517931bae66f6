//! The keys of a scenario that the rounds engine reads.

use super::read::unknown_option;
use super::section::Section;
use super::settings::{EngineKind, OrderOfTrade, Rounds};
use crate::catalogue::Code;
use crate::problem::Diagnostics;
use delever_cascade::rounds::{Persistence, SalesValued};

/// Keys of `[engine]`.
pub(super) const ENGINE_KEYS: [&str; 5] = ["max_rounds", "order", "seed", "sequence", "pay_with_cash_first"];
/// Keys of `[impact]`.
pub(super) const IMPACT_KEYS: [&str; 4] = [
    "persistence",
    "recovery_rate",
    "decay_exponent",
    "sales_valued_at",
];
/// Parameters of institutions that stand beside every rule.
pub(crate) const RULE_KEYS: [&str; 1] = ["default_below"];

/// Parameters that are read whatever the rule.
pub(crate) fn read_by_every_rule(engine: EngineKind) -> impl Iterator<Item = &'static str> {
    RULE_KEYS
        .into_iter()
        .filter(move |_| engine == EngineKind::Rounds)
}

/// The settings of rounds; a default stands in the place of what is wrong.
pub(super) fn settings(section: &Section<'_>, diagnostics: &mut Diagnostics) -> Rounds {
    let mut rounds = Rounds::default();
    if let Some(limit) = section.integer("max_rounds", diagnostics) {
        match u32::try_from(limit) {
            Ok(limit) if limit >= 1 => rounds.max_rounds = limit,
            _ => diagnostics.push(section.problem(
                Code::EngineSetting,
                "max_rounds",
                "the number of rounds is at least 1",
            )),
        }
    }
    if let Some(first) = section.flag("pay_with_cash_first", diagnostics) {
        rounds.pay_with_cash_first = first;
    }
    let seed = section.integer("seed", diagnostics);
    let sequence = section.lists_of_texts("sequence", diagnostics);
    match section.text("order", diagnostics) {
        None | Some("simultaneous") => {
            for key in ["seed", "sequence"]
                .into_iter()
                .filter(|key| section.table.contains_key(*key))
            {
                let message = format!("`{key}` has no effect where all orders clear at once");
                let problem = section.problem(Code::UnusedKey, key, message);
                diagnostics.push(problem.with_hint("write `order = \"sequential\"` or `\"in-turn\"`"));
            }
        }
        Some(order @ ("sequential" | "in-turn")) => {
            let in_turn = order == "in-turn";
            match (seed, sequence) {
                (_, Some(lists)) if in_turn => rounds.order = OrderOfTrade::TurnsListed(lists),
                (_, Some(mut lists)) => {
                    if lists.len() > 1 {
                        let message = "orders that clear one after the other have one list for all rounds";
                        let problem = section.problem(Code::WrongType, "sequence", message);
                        diagnostics.push(
                            problem.with_hint("`order = \"in-turn\"` takes one list or one list a round"),
                        );
                    }
                    rounds.order = OrderOfTrade::Listed(lists.swap_remove(0));
                }
                (Some(seed), None) if in_turn => rounds.order = OrderOfTrade::TurnsShuffled(seed as u64),
                (Some(seed), None) => rounds.order = OrderOfTrade::Shuffled(seed as u64),
                (None, None) => {
                    let asked = ["seed", "sequence"]
                        .iter()
                        .any(|key| section.table.contains_key(*key));
                    if !asked {
                        let message = "who trades one after the other needs an order";
                        diagnostics.push(
                            section
                                .problem(Code::MissingKey, "seed", message)
                                .with_hint("add a `seed` to shuffle from, or a `sequence` of ids"),
                        );
                    }
                }
            }
        }
        Some(other) => unknown_option(
            section,
            "order",
            other,
            &["simultaneous", "sequential", "in-turn"],
            diagnostics,
        ),
    }
    rounds
}

/// The price at which sales weigh on prices.
pub(super) fn sales_valued(section: &Section<'_>, diagnostics: &mut Diagnostics) -> SalesValued {
    match section.text("sales_valued_at", diagnostics) {
        None | Some("initial-price") => SalesValued::AtInitialPrice,
        Some("current-price") => SalesValued::AtCurrentPrice,
        Some(other) => {
            let known = ["initial-price", "current-price"];
            unknown_option(section, "sales_valued_at", other, &known, diagnostics);
            SalesValued::AtInitialPrice
        }
    }
}

/// How long sales weigh on prices.
pub(super) fn persistence(section: &Section<'_>, diagnostics: &mut Diagnostics) -> Persistence {
    let rate = |key: &str, diagnostics: &mut Diagnostics| {
        if !section.table.contains_key(key) {
            let message = format!("`persistence` needs the key `{key}`");
            diagnostics.push(section.problem(Code::MissingKey, key, message));
            return 0.0;
        }
        let rate = section.number(key, diagnostics).unwrap_or(0.0);
        if rate >= 0.0 && rate.is_finite() {
            rate
        } else {
            diagnostics.push(section.problem(
                Code::ParameterRange,
                key,
                "a rate of decay is 0 or more, and finite",
            ));
            0.0
        }
    };
    let (persistence, read) = match section.text("persistence", diagnostics) {
        None | Some("permanent") => (Persistence::Permanent, None),
        Some("reset") => (Persistence::Reset, None),
        Some("transient") => {
            let recovery = rate("recovery_rate", diagnostics);
            (Persistence::Transient { recovery }, Some("recovery_rate"))
        }
        Some("propagator") => {
            let decay = rate("decay_exponent", diagnostics);
            (Persistence::Propagator { decay }, Some("decay_exponent"))
        }
        Some(other) => {
            let known = ["permanent", "transient", "propagator", "reset"];
            unknown_option(section, "persistence", other, &known, diagnostics);
            return Persistence::Permanent;
        }
    };
    for key in ["recovery_rate", "decay_exponent"] {
        if section.table.contains_key(key) && read != Some(key) {
            let message = format!("this persistence of impact does not read `{key}`");
            diagnostics.push(section.problem(Code::UnusedKey, key, message));
        }
    }
    persistence
}

/// Warns of keys that the chosen engine does not read, so that engines can be switched, and refuses what it cannot do.
pub(super) fn check_engine(top: &Section<'_>, engine: EngineKind, diagnostics: &mut Diagnostics) {
    let mut silent = Diagnostics::new();
    let section = top.section("engine", &mut silent);
    let impact = top.section("impact", &mut silent);
    let unread: Vec<(&Section<'_>, &str)> = match engine {
        EngineKind::Equilibrium => {
            let of_engine = ENGINE_KEYS.into_iter().map(|key| (&section, key));
            let of_impact = IMPACT_KEYS.into_iter().map(|key| (&impact, key));
            of_engine.chain(of_impact).collect()
        }
        EngineKind::Rounds => vec![(&section, "select")],
    };
    for (section, key) in unread {
        if section.table.contains_key(key) {
            let message = format!(
                "the engine `{}` does not read `{}`",
                engine.name(),
                section.key(key)
            );
            diagnostics.push(section.problem(Code::UnusedKey, key, message));
        }
    }
    if engine == EngineKind::Equilibrium && impact.text("execution", &mut silent) == Some("midpoint") {
        let message = "an equilibrium has no price before the sale, so no mean of two";
        let problem = impact.problem(Code::OtherEngine, "execution", message);
        diagnostics
            .push(problem.with_hint("use `terminal` or `vwap`, or `kind = \"rounds\"` under `[engine]`"));
    }
}
