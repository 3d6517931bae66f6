//! Loading: a scenario and its tables become a frozen system, a graph and a shock, or a list of all problems.

mod declared;
mod refused;
mod scaled;

use crate::catalogue::Code;
use crate::files::{open_folder, read_text};
use crate::limits::Limits;
use crate::models::{self, Inputs, ParameterSources};
use crate::overridden::{report_overridden_keys, report_unread_scalings};
use crate::problem::{Diagnostics, Problem};
use crate::references::{
    Known, Reading, report_unfollowed_sections, report_unread_columns, resolve_sequence, resolve_shock,
    rule_blocks,
};
use crate::scenario::{self, EngineKind, KeyLines, NamedShock, OrderOfTrade, Read, Scaling, Scenario};
use crate::source::TableSource;
use crate::tables::declared::read_declared;
use crate::tables::holdings::{read_holdings, repeated_holdings};
use crate::tables::names::ranks;
use crate::tables::pairs::{read_credit_default_swaps, read_debts, read_shareholdings};
use crate::tables::participants::{Assets, read_assets, read_institutions};
use crate::tables::refuse_unsupported;
use crate::tables::unread::report_unread;
use declared::find_declared;
use delever_cascade::rounds::{RoundsOutcome, RoundsSettings, Sequence, Turns};
use delever_cascade::{Cascade, CascadeError, Equilibria, Models, Shock};
use delever_core::{CreditDefaultSwap, ParameterTable, ParameterValue, Registry};
use delever_network::{ContagionGraph, ContagionGraphBuilder};
use delever_portfolio::{System, SystemBuilder};
use refused::{of_build_error, of_graph_error};
use scaled::scale_columns;
use std::path::Path;

/// Names that one message lists at most.
const MOST_NAMES: usize = 20;

/// Lines that a message names at most.
const LINES_NAMED: usize = 20;

/// How to load.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoadOptions {
    /// Whether `[data] dir` and links may lead out of the scenario's folder.
    pub allow_outside: bool,
    /// Texts such as `impact.model=linear` that change the scenario before it is checked; the last one wins.
    pub overrides: Vec<String>,
    /// One more such text, applied last: the value at which a sweep stands. Its problems are reported as those of a sweep.
    pub varied: Option<String>,
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
    /// Debts, shareholdings and credit default swaps.
    pub graph: ContagionGraph,
    /// The shock.
    pub shock: Shock,
    /// Warnings and notes; no errors.
    pub warnings: Diagnostics,
    sources: ParameterSources,
    blocks: Vec<(String, Vec<u32>)>,
    repayable_debt: Vec<Option<f64>>,
    /// Institutions whose equity is negative before any shock, by id, and that equity.
    insolvent: Vec<(u32, f64)>,
}

/// Loads a scenario file and the tables that it names.
///
/// Every problem of every file is in the error.
pub fn load(path: &Path, registry: &Registry, options: &LoadOptions) -> Result<Loaded, Diagnostics> {
    let file = path.file_name().map_or_else(
        || path.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    );
    let text = read_text(path, &file, &options.limits)?;
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    load_text(&file, &text, folder, registry, options)
}

/// Loads a scenario from a text as if it stood in `folder`, which `[data] dir` is relative to. `file` names it in problems,
/// and in results where it has no name of its own.
pub fn load_text(
    file: &str,
    text: &str,
    folder: &Path,
    registry: &Registry,
    options: &LoadOptions,
) -> Result<Loaded, Diagnostics> {
    let mut diagnostics = Diagnostics::new();
    let Some(read) = read_scenario(file, text, registry, options, &mut diagnostics) else {
        return Err(diagnostics);
    };
    let Some(tables) = open_folder(folder, file, &read.0, options.allow_outside, &mut diagnostics) else {
        return Err(diagnostics);
    };
    assemble(file, read, &tables, registry, options, diagnostics)
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
    let Some(read) = read_scenario(file, text, registry, options, &mut diagnostics) else {
        return Err(diagnostics);
    };
    assemble(file, read, source, registry, options, diagnostics)
}

fn read_scenario(
    file: &str,
    text: &str,
    registry: &Registry,
    options: &LoadOptions,
    diagnostics: &mut Diagnostics,
) -> Option<(Read, Vec<Scaling>)> {
    let limits = &options.limits;
    if text.len() as u64 > limits.bytes / 100 {
        let message = format!("the limit of a scenario file is {} bytes", limits.bytes / 100);
        diagnostics.push(Problem::new(Code::TooManyBytes, file, message));
        return None;
    }
    let mut document = scenario::parse(file, text, limits.nesting, diagnostics)?;
    let mut scalings = Vec::new();
    for (option, texts) in [
        (scenario::overrides::SET, options.overrides.as_slice()),
        (scenario::overrides::VARY, options.varied.as_slice()),
    ] {
        scalings.extend(scenario::overrides::apply(
            &mut document,
            option,
            texts,
            diagnostics,
        ));
    }
    let mut read = scenario::read(file, &document, registry, diagnostics);
    if read.scenario.name.is_empty() {
        let name = Path::new(file).with_extension("");
        read.scenario.name = name.to_string_lossy().into_owned();
    }
    Some((read, scalings))
}

/// Warns of institutions that are insolvent before the shock, by name.
fn report_insolvent(loaded: &Loaded, diagnostics: &mut Diagnostics) {
    let insolvent = &loaded.insolvent;
    let Some(&(first, _)) = insolvent.first() else {
        return;
    };
    let name = |id: u32| crate::problem::shortened(&loaded.system.institution_names()[id as usize]);
    let names: Vec<String> = insolvent
        .iter()
        .take(MOST_NAMES)
        .map(|&(id, equity)| format!("`{}` ({equity})", name(id)))
        .collect();
    let more = match insolvent.len() - names.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let (who, places) = (names.join(", "), &loaded.sources.institution_places);
    let message = match insolvent.len() {
        1 => format!("{who} is insolvent before the shock"),
        count => format!("{count} institutions are insolvent before the shock: {who}{more}"),
    };
    let problem = Problem::new(Code::InsolventBefore, &places.file, message);
    let problem = match insolvent.len() {
        1 => problem.at_row(places.lines.get(first as usize).copied()),
        _ => problem,
    };
    diagnostics.push(problem.with_hint(
        "in brackets stands equity before the shock, claims at face; what others lose through it without any shock is \
         `loss_contagion_before_shock`",
    ));
}

/// Reads all tables, checks them against the scenario, and freezes the system.
fn assemble(
    file: &str,
    (read, scalings): (Read, Vec<Scaling>),
    source: &dyn TableSource,
    registry: &Registry,
    options: &LoadOptions,
    mut diagnostics: Diagnostics,
) -> Result<Loaded, Diagnostics> {
    let limits = &options.limits;
    let Read { scenario, lines } = read;
    let scenario_has_errors = diagnostics.has_errors();
    let found = &mut diagnostics;
    refuse_unsupported(source, found);
    report_unread(source, &scenario.files_named(), found);
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
    read_holdings(source, &mut institutions, assets.as_mut(), limits, found, |row| {
        // A holding of 0 repeats nothing.
        holding_rows += usize::from(row.units != 0.0);
        builder.holding(row.institution, row.asset, row.units);
    });
    let rank = ranks(&by_institution);
    let mut graph = ContagionGraphBuilder::new(rank.len());
    let names = &mut institutions.names;
    read_debts(source, names, limits, found, |a, b, amount, seniority| {
        graph.debt(rank[a as usize], rank[b as usize], amount, seniority);
    });
    read_shareholdings(source, names, limits, found, |a, b, fraction| {
        graph.shareholding(rank[a as usize], rank[b as usize], fraction);
    });
    read_credit_default_swaps(source, names, limits, found, |swap| {
        graph.credit_default_swap(CreditDefaultSwap {
            writer: rank[swap.writer as usize],
            holder: rank[swap.holder as usize],
            reference: rank[swap.reference as usize],
            ..swap
        });
    });

    let blocks = rule_blocks(&scenario, &institutions, &rank, found);
    if institutions.names.is_whole() {
        report_unfollowed_sections(&scenario, &blocks, file, &lines, found);
    }
    let (institution_table, institution_places) = institutions.take_parameters(&by_institution);
    let (asset_table, asset_places) = match &mut assets {
        Some(assets) => assets.take_parameters(&by_asset),
        None => Assets::default().take_parameters(&[]),
    };
    let mut sources = ParameterSources {
        scenario_file: file.to_owned(),
        lines,
        institutions: institution_table,
        institution_places,
        institutions_whole: institutions.names.is_whole(),
        assets: asset_table,
        asset_places,
        ..ParameterSources::default()
    };
    let complete =
        institutions.names.is_complete() && assets.as_ref().is_none_or(|assets| assets.names.is_complete());
    scale_columns(&scalings, &mut sources, &blocks, complete, registry, found);
    for shape in registry.impact_tables(&scenario.impact.model.kind) {
        let named = scenario.impact.model.parameters.get(shape.parameter);
        // Without the key, or with a value of another kind, the model says what it needs.
        let Some(ParameterValue::Text(table)) = named else {
            continue;
        };
        let rank = ranks(&by_asset);
        let read = find_declared(source, table, shape, &sources, options, found).and_then(|table| {
            let mut nothing = Assets::none();
            let assets = assets.as_mut().unwrap_or(&mut nothing);
            read_declared(source, table, shape, assets, &rank, limits, found)
        });
        match read {
            Some((rows, places)) => {
                sources.tables.insert(shape.parameter.to_owned(), rows);
                sources.table_places.insert(shape.parameter.to_owned(), places);
            }
            None => sources.unread_tables.push(shape.parameter),
        }
    }
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
    let entries = system
        .holdings()
        .triplets()
        .filter(|&(.., units)| units != 0.0)
        .count();
    if entries < holding_rows {
        let repeated = holding_rows - entries;
        let lines = repeated_holdings(source, &mut institutions, assets.as_mut(), limits, LINES_NAMED);
        let lines = lines
            .iter()
            .map(|(first, again)| format!("line {again} repeats line {first}"));
        let mut lines = lines.collect::<Vec<_>>().join(", ");
        if repeated > LINES_NAMED {
            lines.push_str(", ...");
        }
        let plural = if repeated == 1 {
            "row repeats"
        } else {
            "rows repeat"
        };
        let message =
            format!("{repeated} {plural} a pair of institution and asset; the units add up\n{lines}");
        found.push(Problem::new(Code::DuplicatePair, "holdings.csv", message));
    }
    let known = Known {
        assets: assets.as_ref().map(|assets| &assets.names),
        institutions: Some(&institutions.names),
    };
    let shock = resolve_shock(&scenario.shock, &system, known, file, &sources.lines, found);
    let mut loaded = Loaded {
        scenario,
        system,
        graph,
        shock,
        warnings: Diagnostics::new(),
        sources,
        blocks,
        repayable_debt: by_institution
            .iter()
            .map(|&row| institutions.repayable_debt[row as usize])
            .collect(),
        insolvent: Vec::new(),
    };
    if loaded.system.institution_count() > 0 {
        // Which model a scenario with mistakes means to choose is not known.
        if !scenario_has_errors {
            let (scenario, sources, blocks) = (&loaded.scenario, &loaded.sources, &loaded.blocks);
            let reading = Reading::of(scenario, blocks, registry);
            let repayable = institutions.repayable_debt_given;
            report_unread_columns(scenario, sources, &reading, repayable, found);
            report_unread_scalings(&scalings, &reading, sources, found);
            report_overridden_keys(scenario, sources, blocks, &scalings, registry, found);
        }
        let models = loaded.models(&loaded.shock, registry, scenario_has_errors, found);
        let cascade = models.map(|models| Cascade::new(&loaded.system, &loaded.graph, models));
        // Rows with problems are left out, and nothing follows from what is left.
        if let Some(Ok(cascade)) = cascade.filter(|_| !found.has_errors()) {
            let equity = cascade.equity_before_shock();
            loaded.insolvent = (0..).zip(equity).filter(|&(_, equity)| equity < 0.0).collect();
            report_insolvent(&loaded, found);
        }
        if loaded.scenario.engine.kind == EngineKind::Rounds {
            loaded.rounds_with(scenario_has_errors, found);
        }
    }
    let warnings = diagnostics.refuse_errors().map_err(|problems| {
        // Who gives a value of its own is not known while cells are refused.
        problems.without(Code::CommonValue)
    })?;
    Ok(Loaded { warnings, ..loaded })
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

    /// Institutions that are insolvent before any shock, ascending: assets, with claims at face, are worth less than debts.
    pub fn insolvent_before_shock(&self) -> impl Iterator<Item = usize> {
        self.insolvent.iter().map(|&(id, _)| id as usize)
    }

    fn models(
        &self,
        shock: &Shock,
        registry: &Registry,
        scenario_has_errors: bool,
        diagnostics: &mut Diagnostics,
    ) -> Option<Models> {
        self.with_inputs(shock, scenario_has_errors, |inputs| {
            models::build(inputs, registry, diagnostics)
        })
    }

    /// How rounds run; `None`: what is wrong is reported.
    fn rounds_with(
        &self,
        scenario_has_errors: bool,
        diagnostics: &mut Diagnostics,
    ) -> Option<RoundsSettings> {
        let scenario = &self.scenario;
        let sequence = match &scenario.engine.rounds.order {
            OrderOfTrade::Simultaneous => Some(Sequence::Simultaneous),
            OrderOfTrade::Shuffled(seed) => Some(Sequence::Shuffled { seed: *seed }),
            OrderOfTrade::Listed(names) => {
                resolve_sequence(names, &self.system, &self.sources, diagnostics).map(Sequence::Listed)
            }
            OrderOfTrade::TurnsShuffled(seed) => Some(Sequence::InTurn(Turns::Shuffled { seed: *seed })),
            OrderOfTrade::TurnsListed(lists) => {
                let lists: Vec<Option<Vec<u32>>> = lists
                    .iter()
                    .map(|names| resolve_sequence(names, &self.system, &self.sources, diagnostics))
                    .collect();
                let lists: Option<Vec<Vec<u32>>> = lists.into_iter().collect();
                lists.map(|lists| Sequence::InTurn(Turns::ListedByRound(lists)))
            }
        };
        let terms = self.with_inputs(&self.shock, scenario_has_errors, |inputs| {
            models::terms(inputs, &self.repayable_debt, diagnostics)
        });
        Some(RoundsSettings {
            max_rounds: scenario.engine.rounds.max_rounds,
            sequence: sequence?,
            trade_price: scenario.impact.execution,
            persistence: scenario.impact.persistence,
            sales_valued: scenario.impact.sales_valued,
            pay_with_cash_first: scenario.engine.rounds.pay_with_cash_first,
            terms: terms?,
            clearing: scenario.engine.settings,
        })
    }

    fn with_inputs<T>(
        &self,
        shock: &Shock,
        scenario_has_errors: bool,
        build: impl FnOnce(&Inputs<'_>) -> T,
    ) -> T {
        let external: Vec<f64> = self
            .system
            .institutions()
            .iter()
            .map(|institution| institution.external_liabilities)
            .collect();
        let mut held = vec![0.0; self.system.asset_count()];
        for (_, asset, units) in self.system.holdings().triplets() {
            held[asset as usize] += units;
        }
        build(&Inputs {
            scenario: &self.scenario,
            sources: &self.sources,
            initial_prices: self.system.prices(),
            shocked_prices: &shock.prices_after(&self.system),
            held: &held,
            external_liabilities: &external,
            graph: &self.graph,
            blocks: &self.blocks,
            scenario_has_errors,
        })
    }

    /// Another shock by id, in id order; every name that is not there is in the error.
    ///
    /// Ranges are checked when the shock is solved.
    pub fn shock_by_id(&self, named: &NamedShock) -> Result<Shock, Diagnostics> {
        let mut diagnostics = Diagnostics::new();
        let known = Known::default();
        let nowhere = KeyLines::default();
        let file = &self.sources.scenario_file;
        let shock = resolve_shock(named, &self.system, known, file, &nowhere, &mut diagnostics);
        diagnostics.refuse_errors().map(|_| shock)
    }

    /// Composes the cascade from the scenario's models.
    pub fn cascade(&self, registry: &Registry) -> Result<Cascade<'_>, Diagnostics> {
        self.cascade_under(&self.shock, registry)
    }

    /// Composes the cascade as if the scenario's shock were another one: some models are built for the prices after it.
    pub fn cascade_under(&self, shock: &Shock, registry: &Registry) -> Result<Cascade<'_>, Diagnostics> {
        let mut diagnostics = Diagnostics::new();
        let Some(models) = self.models(shock, registry, false, &mut diagnostics) else {
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

    /// How rounds run, as the scenario and its tables say, whichever engine the scenario names.
    ///
    /// Where it names the equilibrium engine, what only rounds read was not checked before: the error lists what is wrong.
    pub fn rounds_settings(&self) -> Result<RoundsSettings, Diagnostics> {
        let mut diagnostics = Diagnostics::new();
        self.rounds_with(false, &mut diagnostics).ok_or(diagnostics)
    }

    /// Composes the cascade and runs it in rounds, whichever engine the scenario names.
    ///
    /// A bank fails after the shock and sells out one round later, at a price that its own sale has pushed down:
    ///
    /// ```
    /// use delever_io::{LoadOptions, Tables, load_from, registry};
    /// let tables = Tables::new()
    ///     .with("institutions.csv", "id,external_liabilities\nbank,90\n")
    ///     .with("assets.csv", "id,depth\nbond,400\n")
    ///     .with("holdings.csv", "institution,asset,quantity\nbank,bond,100\n");
    /// let scenario = r#"
    /// version = 1
    /// shock.prices = { bond = -0.2 }
    /// impact.model = "linear"
    /// engine = { kind = "rounds", max_rounds = 10 }
    /// "#;
    /// let loaded = load_from(&tables, "fails.toml", scenario, &registry(), &LoadOptions::default())?;
    /// let outcome = loaded.run_rounds(&registry())?;
    /// assert_eq!(outcome.rounds[1].defaults, [0]);
    /// assert_eq!(outcome.rounds[2].prices, [0.8 * 0.75]);
    /// assert_eq!(outcome.rounds[2].cash, [0.8 * 0.75 * 100.0]);
    /// # Ok::<(), delever_io::Diagnostics>(())
    /// ```
    pub fn run_rounds(&self, registry: &Registry) -> Result<RoundsOutcome, Diagnostics> {
        let settings = self.rounds_settings()?;
        self.cascade(registry)?
            .run_rounds(&self.shock, &settings)
            .map_err(|error| self.misfit(&error))
    }

    /// What the engine refuses, as a problem of the scenario.
    pub fn misfit(&self, error: &CascadeError) -> Diagnostics {
        let mut diagnostics = Diagnostics::new();
        diagnostics.push(Problem::new(
            Code::ModelMismatch,
            &self.sources.scenario_file,
            error.to_string(),
        ));
        diagnostics
    }
}
