//! References between the scenario and the tables: rule sections, ids under a shock, columns that models read.

use crate::catalogue::Code;
use crate::models::ParameterSources;
use crate::problem::{Diagnostics, Problem};
use crate::scenario::{self, KeyLines, NamedShock, Scenario};
use crate::tables::names::{Names, hint_for_id};
use crate::tables::participants::Institutions;
use delever_cascade::Shock;
use delever_core::{Registry, nearest_name};
use delever_portfolio::System;
use std::collections::{BTreeMap, BTreeSet};

/// Rule sections and their members by id. Sections without members are left out.
pub(crate) fn rule_blocks(
    scenario: &Scenario,
    institutions: &Institutions,
    rank: &[u32],
    diagnostics: &mut Diagnostics,
) -> Vec<(String, Vec<u32>)> {
    let mut blocks: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    let rules = &scenario.deleveraging.rules;
    for (position, section) in institutions.sections.iter().enumerate() {
        let mut section = section.as_str();
        if !section.is_empty() && !rules.contains_key(section) {
            let message = format!(
                "the scenario has no section `[deleveraging.rules.{}]`",
                crate::problem::shortened(section)
            );
            let hint = match nearest_name(section, rules.keys().map(String::as_str)) {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => "add the section, or leave the cell blank for `[deleveraging]`".to_owned(),
            };
            diagnostics.push(
                Problem::new(Code::UnknownRuleSection, institutions.file(), message)
                    .at_row(institutions.line(position))
                    .in_column("rule")
                    .with_cell(section)
                    .with_hint(hint),
            );
            section = "";
        }
        blocks.entry(section).or_default().push(rank[position]);
    }
    blocks
        .into_iter()
        .map(|(name, mut members)| {
            members.sort_unstable();
            (name.to_owned(), members)
        })
        .collect()
}

/// Warns of rule sections that no institution names: nothing of them is checked.
pub(crate) fn report_unfollowed_sections(
    scenario: &Scenario,
    blocks: &[(String, Vec<u32>)],
    file: &str,
    lines: &KeyLines,
    diagnostics: &mut Diagnostics,
) {
    for name in scenario.deleveraging.rules.keys() {
        if blocks.iter().all(|(block, _)| block != name) {
            let path = format!("deleveraging.rules.{name}");
            diagnostics.push(
                Problem::new(
                    Code::UnusedKey,
                    file,
                    format!("no institution follows `[{path}]`"),
                )
                .at_row(lines.line(&path))
                .in_column(path)
                .with_hint("name the section in the column `rule` of the institutions table"),
            );
        }
    }
}

/// What is known of the ids of the tables, so that an id that is not there can be said to be unknown.
#[derive(Clone, Copy, Default)]
pub(crate) struct Known<'a> {
    /// `None`: the ids of the system are all there are.
    pub assets: Option<&'a Names>,
    pub institutions: Option<&'a Names>,
}

/// The shock in id order; names that are not there are reported.
pub(crate) fn resolve_shock(
    named: &NamedShock,
    system: &System,
    known: Known<'_>,
    file: &str,
    lines: &KeyLines,
    diagnostics: &mut Diagnostics,
) -> Shock {
    let mut shock = Shock::none(system);
    let vectors = [
        ("prices", &named.prices, &mut shock.prices, system.asset_names()),
        ("cash", &named.cash, &mut shock.cash, system.institution_names()),
        (
            "other_assets",
            &named.other_assets,
            &mut shock.other_assets,
            system.institution_names(),
        ),
        (
            "outside_assets",
            &named.outside_assets,
            &mut shock.outside_assets,
            system.institution_names(),
        ),
    ];
    for (key, changes, vector, ids) in vectors {
        if let Some(&common) = changes.get("*") {
            vector.fill(common);
        }
        let (what, all) = if key == "prices" {
            ("asset", known.assets)
        } else {
            ("institution", known.institutions)
        };
        for (id, &change) in changes.iter().filter(|(id, _)| id.as_str() != "*") {
            if let Ok(place) = ids.binary_search(id) {
                vector[place] = change;
                continue;
            }
            if all.is_some_and(|all| !all.lacks(id)) {
                continue;
            }
            let path = format!("shock.{key}.{id}");
            let (file, line) = lines.locate(&path, file);
            let mut problem = Problem::new(
                Code::ShockUnknownId,
                file,
                format!("no {what} is named `{}`", crate::problem::shortened(id)),
            )
            .at_row(line)
            .in_column(path)
            .with_cell(id);
            if let Some(hint) = hint_for_id(id, ids.iter().map(String::as_str)) {
                problem = problem.with_hint(hint);
            }
            diagnostics.push(problem);
        }
    }
    shock
}

/// The ids of `engine.sequence`, by id; `None`: names that are not there, or are there twice, are reported.
pub(crate) fn resolve_sequence(
    names: &[String],
    system: &System,
    sources: &ParameterSources,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<u32>> {
    const PATH: &str = "engine.sequence";
    let (file, line) = sources.lines.locate(PATH, &sources.scenario_file);
    let mut seen = BTreeSet::new();
    let mut sequence = Vec::with_capacity(names.len());
    for name in names {
        let shown = crate::problem::shortened(name);
        let problem = |code, message: String| {
            Problem::new(code, file, message)
                .at_row(line)
                .in_column(PATH)
                .with_cell(name)
        };
        let Some(institution) = system.institution(name) else {
            if !sources.institutions_whole {
                continue;
            }
            let known = system.institution_names().iter().map(String::as_str);
            let mut problem = problem(Code::ShockUnknownId, format!("no institution is named `{shown}`"));
            if let Some(hint) = hint_for_id(name, known) {
                problem = problem.with_hint(hint);
            }
            diagnostics.push(problem);
            continue;
        };
        if !seen.insert(institution) {
            diagnostics.push(problem(
                Code::DuplicateId,
                format!("`{shown}` stands twice in the sequence"),
            ));
        }
        sequence.push(institution.0);
    }
    (seen.len() == names.len()).then_some(sequence)
}

/// Parameters that the chosen models read, as columns of the two tables.
pub(crate) struct Reading {
    pub by_institution: Vec<&'static str>,
    pub by_asset: Vec<&'static str>,
}

impl Reading {
    /// What the models of a scenario read.
    pub fn of(scenario: &Scenario, blocks: &[(String, Vec<u32>)], registry: &Registry) -> Self {
        let deleveraging = &scenario.deleveraging;
        let mut by_institution = registry.claims_parameters(&scenario.clearing.model.kind);
        for (section, _) in blocks {
            let choice = deleveraging.rules.get(section).unwrap_or(&deleveraging.rule);
            by_institution.extend(registry.rule_parameters(&choice.kind));
        }
        by_institution.extend(scenario::read_by_every_rule(scenario.engine.kind));
        let mut by_asset = by_institution.clone();
        by_asset.extend(registry.impact_parameters(&scenario.impact.model.kind));
        by_asset.extend(registry.strategy_parameters(&deleveraging.strategy));
        Self {
            by_institution,
            by_asset,
        }
    }
}

/// Notes columns of parameters that no chosen model reads.
pub(crate) fn report_unread_columns(
    scenario: &Scenario,
    sources: &ParameterSources,
    reading: &Reading,
    repayable_debt: bool,
    diagnostics: &mut Diagnostics,
) {
    for (places, read) in [
        (&sources.institution_places, &reading.by_institution),
        (&sources.asset_places, &reading.by_asset),
    ] {
        for parameter in places.parameters.iter().filter(|name| !read.contains(name)) {
            let message = format!("no chosen model reads the column `{parameter}`");
            diagnostics.push(
                Problem::new(Code::UnusedColumn, &places.file, message)
                    .at_row(1)
                    .in_column(*parameter),
            );
        }
    }
    if repayable_debt && scenario.engine.kind == scenario::EngineKind::Equilibrium {
        diagnostics.push(
            Problem::new(
                Code::UnusedColumn,
                &sources.institution_places.file,
                "`repayable_debt` is read by the rounds engine only",
            )
            .at_row(1)
            .in_column("repayable_debt"),
        );
    }
}
