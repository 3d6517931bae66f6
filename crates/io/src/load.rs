//! Loading: a scenario and its tables become a frozen system, a graph and a shock, or a list of all problems.

use crate::catalogue::Code;
use crate::limits::Limits;
use crate::models::{self, Inputs, ParameterSources};
use crate::problem::{Diagnostics, Problem};
use crate::scenario::{self, KeyLines, NamedShock, Read, Scenario};
use crate::source::{Folder, TableSource};
use crate::tables::names::ranks;
use crate::tables::pairs::{read_debts, read_holdings, read_shareholdings};
use crate::tables::participants::{Assets, Institutions, read_assets, read_institutions};
use crate::tables::refuse_unsupported;
use delever_cascade::{Cascade, CascadeError, Equilibria, Models, Shock};
use delever_core::{ParameterTable, Registry, nearest_name};
use delever_network::{ContagionGraph, ContagionGraphBuilder, GraphError};
use delever_portfolio::{BuildError, System, SystemBuilder};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

/// How to load.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoadOptions {
    /// Whether `[data] dir` and links may lead out of the scenario's folder.
    pub allow_outside: bool,
    /// Texts such as `impact.model=linear` that change the scenario before it is checked; the last one wins.
    pub overrides: Vec<String>,
    /// Caps on the size of input.
    pub limits: Limits,
}

/// A scenario with everything that it runs on. Arrays stand in id order.
#[derive(Debug)]
pub struct Loaded {
    /// The scenario, with defaults filled in.
    pub scenario: Scenario,
    /// Institutions, assets and holdings.
    pub system: System,
    /// Debts and shareholdings.
    pub graph: ContagionGraph,
    /// The shock.
    pub shock: Shock,
    /// Warnings and notes; no errors.
    pub warnings: Diagnostics,
    sources: ParameterSources,
    blocks: Vec<(String, Vec<u32>)>,
}

/// Loads a scenario file and the tables that it names.
///
/// Every problem of every file is in the error.
pub fn load(path: &Path, registry: &Registry, options: &LoadOptions) -> Result<Loaded, Diagnostics> {
    let file = path.file_name().map_or_else(
        || path.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    );
    let mut diagnostics = Diagnostics::new();
    let text = match read_text(path, &file, &options.limits) {
        Ok(text) => text,
        Err(problem) => {
            diagnostics.push(*problem);
            return Err(diagnostics);
        }
    };
    let Some(mut read) = read_scenario(&file, &text, registry, options, &mut diagnostics) else {
        return Err(diagnostics);
    };
    if read.scenario.name.is_empty() {
        read.scenario.name = path
            .file_stem()
            .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    }
    let Some(folder) = open_folder(path, &file, &read, options.allow_outside, &mut diagnostics) else {
        return Err(diagnostics);
    };
    assemble(&file, read, &folder, registry, &options.limits, diagnostics)
}

/// Loads a scenario from a text, with tables from any source. `[data] dir` has no effect.
///
/// ```
/// use delever_io::{LoadOptions, Tables, load_from, registry};
/// let tables = Tables::new()
///     .with("institutions.csv", "id,external_liabilities\nbank,90\n")
///     .with("assets.csv", "id,depth\nbond,1250\n")
///     .with("holdings.csv", "institution,asset,quantity\nbank,bond,100\n");
/// let scenario = r#"
/// version = 1
/// shock.prices = { bond = -0.0225 }
/// deleveraging = { rule = "leverage-cap", max_leverage = 12.5 }
/// impact.model = "linear"
/// "#;
/// let loaded = load_from(&tables, "spiral.toml", scenario, &registry(), &LoadOptions::default())?;
/// let equilibria = loaded.solve(&registry())?;
/// let sold = equilibria.greatest.expect("asked for").assets[0].sold_fraction;
/// assert!((sold - 0.128_371_937_443_1).abs() < 1e-10);
/// # Ok::<(), delever_io::Diagnostics>(())
/// ```
pub fn load_from(
    source: &dyn TableSource,
    file: &str,
    text: &str,
    registry: &Registry,
    options: &LoadOptions,
) -> Result<Loaded, Diagnostics> {
    let mut diagnostics = Diagnostics::new();
    let Some(mut read) = read_scenario(file, text, registry, options, &mut diagnostics) else {
        return Err(diagnostics);
    };
    if read.scenario.name.is_empty() {
        file.strip_suffix(".toml")
            .unwrap_or(file)
            .clone_into(&mut read.scenario.name);
    }
    assemble(file, read, source, registry, &options.limits, diagnostics)
}

/// Reads the text of a scenario file, up to the limit.
fn read_text(path: &Path, file: &str, limits: &Limits) -> Result<String, Box<Problem>> {
    let unreadable = |message: String| {
        let hint = "give the path of a scenario file; `delever init` writes one";
        Box::new(Problem::new(Code::ScenarioUnreadable, file, message).with_hint(hint))
    };
    let failed = |error: std::io::Error| unreadable(format!("{}: {error}", path.display()));
    let limit = limits.bytes / 100;
    // Looked at before it is opened: opening a pipe may wait forever.
    if !path.metadata().map_err(failed)?.is_file() {
        return Err(unreadable(format!("{} is not a file", path.display())));
    }
    let mut bytes = Vec::new();
    File::open(path)
        .map_err(failed)?
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > limit {
        let message = format!("the limit of a scenario file is {limit} bytes");
        return Err(Box::new(Problem::new(Code::TooManyBytes, file, message)));
    }
    String::from_utf8(bytes).map_err(|_| unreadable(format!("{} is not UTF-8 text", path.display())))
}

fn read_scenario(
    file: &str,
    text: &str,
    registry: &Registry,
    options: &LoadOptions,
    diagnostics: &mut Diagnostics,
) -> Option<Read> {
    let limits = &options.limits;
    if text.len() as u64 > limits.bytes / 100 {
        let message = format!("the limit of a scenario file is {} bytes", limits.bytes / 100);
        diagnostics.push(Problem::new(Code::TooManyBytes, file, message));
        return None;
    }
    let mut document = scenario::parse(file, text, limits.nesting, diagnostics)?;
    scenario::overrides::apply(&mut document, &options.overrides, diagnostics);
    Some(scenario::read(file, &document, registry, diagnostics))
}

/// The folder of the tables; `None`: what is wrong is reported.
fn open_folder(
    path: &Path,
    file: &str,
    read: &Read,
    allow_outside: bool,
    diagnostics: &mut Diagnostics,
) -> Option<Folder> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let dir = Path::new(&read.scenario.dir);
    let problem = |code, message: String| {
        Problem::new(code, file, message)
            .at_row(read.lines.line("data.dir"))
            .in_column("data.dir")
            .with_cell(&read.scenario.dir)
    };
    let outside = || {
        problem(
            Code::PathOutside,
            "the folder lies outside the scenario's folder".to_owned(),
        )
        .with_hint("move the tables below the scenario file, or allow it with --allow-outside")
    };
    let leaves = dir.is_absolute()
        || dir
            .components()
            .any(|part| matches!(part, Component::ParentDir | Component::Prefix(_)));
    if leaves && !allow_outside {
        diagnostics.push(outside());
        return None;
    }
    let folder = parent.join(dir);
    let canonical = match folder.canonicalize() {
        Ok(canonical) if canonical.is_dir() => canonical,
        Ok(_) => {
            diagnostics.push(problem(
                Code::FolderMissing,
                format!("{} is not a folder", folder.display()),
            ));
            return None;
        }
        Err(error) => {
            diagnostics.push(problem(
                Code::FolderMissing,
                format!("{}: {error}", folder.display()),
            ));
            return None;
        }
    };
    if allow_outside {
        return Some(Folder::new(folder));
    }
    let root = parent.canonicalize().unwrap_or(parent);
    if !canonical.starts_with(&root) {
        diagnostics.push(outside());
        return None;
    }
    Some(Folder::within(folder, root))
}

/// Reads all tables, checks them against the scenario, and freezes the system.
fn assemble(
    file: &str,
    read: Read,
    source: &dyn TableSource,
    registry: &Registry,
    limits: &Limits,
    mut diagnostics: Diagnostics,
) -> Result<Loaded, Diagnostics> {
    let Read { scenario, lines } = read;
    let scenario_has_errors = diagnostics.has_errors();
    let found = &mut diagnostics;
    refuse_unsupported(source, found);
    let mut institutions = read_institutions(source, registry, limits, found);
    let mut assets = read_assets(source, registry, limits, found);

    let by_institution = institutions.names.sorted();
    let by_asset = assets
        .as_ref()
        .map_or_else(Vec::new, |assets| assets.names.sorted());
    let mut builder = SystemBuilder::new();
    for (id, &amounts) in institutions.names.ids().iter().zip(&institutions.amounts) {
        builder.institution(id, amounts);
    }
    if let Some(assets) = &assets {
        for (id, &price) in assets.names.ids().iter().zip(&assets.prices) {
            builder.asset(id, price);
        }
    }
    let mut holding_rows = 0;
    read_holdings(
        source,
        &mut institutions,
        assets.as_mut(),
        limits,
        found,
        |holder, held, units| {
            holding_rows += 1;
            builder.holding(holder, held, units);
        },
    );
    let rank = ranks(&by_institution);
    let mut graph = ContagionGraphBuilder::new(rank.len());
    let names = &mut institutions.names;
    read_debts(source, names, limits, found, |a, b, amount, seniority| {
        graph.debt(rank[a as usize], rank[b as usize], amount, seniority);
    });
    read_shareholdings(source, names, limits, found, |a, b, fraction| {
        graph.shareholding(rank[a as usize], rank[b as usize], fraction);
    });

    let blocks = rule_blocks(&scenario, &institutions, &rank, found);
    if institutions.names.is_complete() {
        report_unfollowed_sections(&scenario, &blocks, file, &lines, found);
    }
    let (institution_table, institution_places) = institutions.take_parameters(&by_institution);
    let (asset_table, asset_places) = match &mut assets {
        Some(assets) => assets.take_parameters(&by_asset),
        None => Assets::default().take_parameters(&[]),
    };
    let sources = ParameterSources {
        scenario_file: file.to_owned(),
        lines,
        institutions: institution_table,
        institution_places,
        assets: asset_table,
        asset_places,
    };
    // Only rows without a problem reached the builders, so these are second locks on the same door.
    let graph = graph
        .build()
        .map_err(|errors| errors.iter().for_each(|error| found.push(of_graph_error(error))));
    let system = builder
        .build()
        .map_err(|errors| errors.iter().for_each(|error| found.push(of_build_error(error))));
    let (Ok(graph), Ok(system)) = (graph, system) else {
        return Err(diagnostics);
    };
    if system.holdings().entry_count() < holding_rows {
        let repeated = holding_rows - system.holdings().entry_count();
        let message = format!("{repeated} rows repeat a pair of institution and asset; the units add up");
        found.push(Problem::new(Code::DuplicatePair, "holdings.csv", message));
    }
    let known = Known {
        // Without an assets table there are no assets, which is complete knowledge.
        assets: assets.as_ref().is_none_or(|assets| assets.names.is_complete()),
        institutions: institutions.names.is_complete(),
    };
    let shock = resolve_shock(&scenario.shock, &system, &known, file, &sources.lines, found);
    let loaded = Loaded {
        scenario,
        system,
        graph,
        shock,
        warnings: Diagnostics::new(),
        sources,
        blocks,
    };
    if loaded.system.institution_count() > 0 {
        // Which model a scenario with mistakes means to choose is not known.
        if !scenario_has_errors {
            report_unread_columns(&loaded, institutions.repayable_debt_given, registry, found);
        }
        loaded.models(registry, scenario_has_errors, found);
    }
    let warnings = diagnostics.refuse_errors()?;
    Ok(Loaded { warnings, ..loaded })
}

/// Rule sections and their members by id. Sections without members are left out.
fn rule_blocks(
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
fn report_unfollowed_sections(
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

/// Which tables were read to their end, so that an id that is not there is unknown for sure.
struct Known {
    assets: bool,
    institutions: bool,
}

/// The shock in id order; names that are not there are reported.
fn resolve_shock(
    named: &NamedShock,
    system: &System,
    known: &Known,
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
        let (what, complete) = if key == "prices" {
            ("asset", known.assets)
        } else {
            ("institution", known.institutions)
        };
        for (id, &change) in changes.iter().filter(|(id, _)| id.as_str() != "*") {
            if let Ok(place) = ids.binary_search(id) {
                vector[place] = change;
                continue;
            }
            if !complete {
                continue;
            }
            let path = format!("shock.{key}.{id}");
            let (file, line) = match lines.given(&path) {
                Some(true) => (scenario::overrides::OVERRIDE, None),
                _ => (file, lines.line(&path)),
            };
            let mut problem = Problem::new(
                Code::ShockUnknownId,
                file,
                format!("no {what} is named `{}`", crate::problem::shortened(id)),
            )
            .at_row(line)
            .in_column(path)
            .with_cell(id);
            if let Some(nearest) = nearest_name(id, ids.iter().map(String::as_str)) {
                problem = problem.with_hint(format!("did you mean `{nearest}`?"));
            }
            diagnostics.push(problem);
        }
    }
    shock
}

/// Notes columns of parameters that no chosen model reads.
fn report_unread_columns(
    loaded: &Loaded,
    repayable_debt: bool,
    registry: &Registry,
    diagnostics: &mut Diagnostics,
) {
    let deleveraging = &loaded.scenario.deleveraging;
    let mut by_institution = registry.claims_parameters(&loaded.scenario.clearing.model.kind);
    for (section, _) in &loaded.blocks {
        let choice = deleveraging.rules.get(section).unwrap_or(&deleveraging.rule);
        by_institution.extend(registry.rule_parameters(&choice.kind));
    }
    let mut by_asset = by_institution.clone();
    by_asset.extend(registry.impact_parameters(&loaded.scenario.impact.model.kind));
    by_asset.extend(registry.strategy_parameters(&deleveraging.strategy));
    let sources = &loaded.sources;
    for (places, read) in [
        (&sources.institution_places, &by_institution),
        (&sources.asset_places, &by_asset),
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
    if repayable_debt {
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

fn of_build_error(error: &BuildError) -> Problem {
    let code = match error {
        BuildError::Duplicate { .. } => Code::DuplicateId,
        BuildError::UnknownInstitution { .. } | BuildError::UnknownAsset { .. } => Code::UnknownId,
        BuildError::Amount { .. } => Code::OutOfRange,
        BuildError::TooLarge => Code::TooManyRows,
    };
    Problem::new(code, "holdings.csv", error.to_string())
}

fn of_graph_error(error: &GraphError) -> Problem {
    let (code, file) = match error {
        GraphError::OutOfRange { .. } => (Code::UnknownId, "debts.csv"),
        GraphError::SelfLoop { .. } => (Code::SelfClaim, "debts.csv"),
        GraphError::Amount { .. } => (Code::OutOfRange, "debts.csv"),
        GraphError::Fraction { .. } => (Code::Fraction, "shareholdings.csv"),
        GraphError::OwnedAboveOne { .. } => (Code::OwnedAboveOne, "shareholdings.csv"),
    };
    Problem::new(code, file, error.to_string())
}

impl Loaded {
    /// Columns of the institutions table that are parameters, in id order.
    pub fn institution_parameters(&self) -> &ParameterTable {
        &self.sources.institutions
    }

    /// Columns of the assets table that are parameters, in id order.
    pub fn asset_parameters(&self) -> &ParameterTable {
        &self.sources.assets
    }

    fn models(
        &self,
        registry: &Registry,
        scenario_has_errors: bool,
        diagnostics: &mut Diagnostics,
    ) -> Option<Models> {
        let external: Vec<f64> = self
            .system
            .institutions()
            .iter()
            .map(|institution| institution.external_liabilities)
            .collect();
        let inputs = Inputs {
            scenario: &self.scenario,
            sources: &self.sources,
            initial_prices: self.system.prices(),
            shocked_prices: &self.shock.prices_after(&self.system),
            external_liabilities: &external,
            graph: &self.graph,
            blocks: &self.blocks,
            scenario_has_errors,
        };
        models::build(&inputs, registry, diagnostics)
    }

    /// Another shock by id, in id order; every name that is not there is in the error.
    ///
    /// Ranges are checked when the shock is solved.
    pub fn shock_by_id(&self, named: &NamedShock) -> Result<Shock, Diagnostics> {
        let mut diagnostics = Diagnostics::new();
        let known = Known {
            assets: true,
            institutions: true,
        };
        let nowhere = KeyLines::default();
        let file = &self.sources.scenario_file;
        let shock = resolve_shock(named, &self.system, &known, file, &nowhere, &mut diagnostics);
        diagnostics.refuse_errors().map(|_| shock)
    }

    /// Composes the cascade from the scenario's models.
    pub fn cascade(&self, registry: &Registry) -> Result<Cascade<'_>, Diagnostics> {
        let mut diagnostics = Diagnostics::new();
        let Some(models) = self.models(registry, false, &mut diagnostics) else {
            return Err(diagnostics);
        };
        Cascade::new(&self.system, &self.graph, models).map_err(|error| self.misfit(&error))
    }

    /// Composes and solves the cascade as the scenario says.
    pub fn solve(&self, registry: &Registry) -> Result<Equilibria, Diagnostics> {
        let engine = &self.scenario.engine;
        self.cascade(registry)?
            .solve(&self.shock, engine.select, &engine.settings)
            .map_err(|error| self.misfit(&error))
    }

    fn misfit(&self, error: &CascadeError) -> Diagnostics {
        let mut diagnostics = Diagnostics::new();
        diagnostics.push(Problem::new(
            Code::ModelMismatch,
            &self.sources.scenario_file,
            error.to_string(),
        ));
        diagnostics
    }
}
