//! Keys that columns override, and scalings of what nobody reads: changes that would not change anything.

use crate::catalogue::Code;
use crate::models::ParameterSources;
use crate::problem::{Diagnostics, Problem};
use crate::references::Reading;
use crate::scenario::{ModelChoice, Scaling, Scenario, read_by_every_rule};
use crate::tables::participants::RowPlaces;
use delever_core::{ParameterTable, Registry};

/// Reports keys of parameters that columns override. In every row: an error where the key is an override, for it would have
/// no effect; else a warning. In some rows: a warning with the count where the key is an override; else a note, for that is
/// what a common value with exceptions looks like.
pub(crate) fn report_overridden_keys(
    scenario: &Scenario,
    sources: &ParameterSources,
    blocks: &[(String, Vec<u32>)],
    scalings: &[Scaling],
    registry: &Registry,
    diagnostics: &mut Diagnostics,
) {
    let mut check = Check {
        sources,
        scalings,
        diagnostics,
    };
    let everybody: Vec<u32> = (0..sources.institutions.row_count() as u32).collect();
    let all_assets: Vec<u32> = (0..sources.assets.row_count() as u32).collect();
    let by_institution = (&sources.institutions, &sources.institution_places);
    let by_asset = (&sources.assets, &sources.asset_places);

    let impact = &scenario.impact.model;
    let mut read = registry.impact_parameters(&impact.kind);
    read.extend(registry.strategy_parameters(&scenario.deleveraging.strategy));
    check.section("impact", impact, &read, &[], by_asset, &all_assets);

    let clearing = &scenario.clearing.model;
    let read = registry.claims_parameters(&clearing.kind);
    check.section("clearing", clearing, &read, &[], by_institution, &everybody);

    for (name, members) in blocks {
        let (choice, section) = match scenario.deleveraging.rules.get(name) {
            Some(choice) if !name.is_empty() => (choice, format!("deleveraging.rules.{name}")),
            _ => (&scenario.deleveraging.rule, "deleveraging".to_owned()),
        };
        let mut read = registry.rule_parameters(&choice.kind);
        read.extend(read_by_every_rule(scenario.engine.kind));
        let same = registry.rule_alternatives(&choice.kind);
        check.section(&section, choice, &read, same, by_institution, members);
        check.section(&section, choice, &read, same, by_asset, &all_assets);
    }
}

struct Check<'a> {
    sources: &'a ParameterSources,
    scalings: &'a [Scaling],
    diagnostics: &'a mut Diagnostics,
}

impl Check<'_> {
    /// Checks the parameters of one section against the columns of one table, in the rows that read them.
    fn section(
        &mut self,
        section: &str,
        choice: &ModelChoice,
        read: &[&'static str],
        alternatives: &[&[&'static str]],
        (table, places): (&ParameterTable, &RowPlaces),
        rows: &[u32],
    ) {
        for parameter in choice.parameters.keys() {
            let parameter = parameter.as_str();
            let key = format!("{section}.{parameter}");
            let is_scaled = || self.scalings.iter().any(|scaling| scaling.keys.contains(&key));
            if !read.contains(&parameter) || is_scaled() {
                continue;
            }
            let same = alternatives.iter().find(|group| group.contains(&parameter));
            let gives = |row: usize| match same {
                Some(group) => group.iter().find(|name| table.get(name, row).is_some()).copied(),
                None => table.get(parameter, row).map(|_| parameter),
            };
            let given: Vec<&str> = rows.iter().filter_map(|&row| gives(row as usize)).collect();
            if let Some(&column) = given.first() {
                let rows = (given.len(), rows.len());
                let problem = self.overridden(&key, parameter, column, &places.file, rows);
                self.diagnostics.push(problem);
            }
        }
    }

    fn overridden(
        &self,
        key: &str,
        parameter: &str,
        column: &str,
        table: &str,
        (given, rows): (usize, usize),
    ) -> Problem {
        let lines = &self.sources.lines;
        let by_override = lines.given(key) == Some(true);
        let everywhere = given == rows;
        let code = match (everywhere, by_override) {
            (true, true) => Code::OverriddenEverywhere,
            (false, false) => Code::CommonValue,
            _ => Code::OverriddenKey,
        };
        let (file, line) = lines.locate(key, &self.sources.scenario_file);
        let message = if everywhere {
            format!(
                "every row of `{table}` that reads `{parameter}` gives its own `{column}`: the key has no effect"
            )
        } else {
            format!(
                "{given} of {rows} rows of `{table}` give their own `{column}`; the key counts for the other {}",
                rows - given
            )
        };
        let problem = Problem::new(code, file, message).at_row(line).in_column(key);
        if code == Code::CommonValue {
            return problem;
        }
        problem.with_hint(format!(
            "to scale the column write --set \"{column}*=0.5\", or --vary \"{column}*=0.5:2:16\"; or blank its cells"
        ))
    }
}

/// Warns of scalings of columns that no chosen model reads.
pub(crate) fn report_unread_scalings(
    scalings: &[Scaling],
    reading: &Reading,
    sources: &ParameterSources,
    diagnostics: &mut Diagnostics,
) {
    for scaling in scalings.iter().filter(|scaling| scaling.keys.is_empty()) {
        let name = scaling.name.as_str();
        let column = |places: &RowPlaces| places.parameters.contains(&name);
        let (of_institutions, of_assets) =
            (column(&sources.institution_places), column(&sources.asset_places));
        let read = (of_institutions && reading.by_institution.contains(&name))
            || (of_assets && reading.by_asset.contains(&name));
        if (of_institutions || of_assets) && !read {
            let message = format!("no chosen model reads `{name}`, so that scaling it has no effect");
            diagnostics.push(Problem::new(Code::UnusedKey, scaling.option, message).in_column(name));
        }
    }
}
