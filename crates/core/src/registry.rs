//! The explicit registry: which model a kind named in a scenario file stands for. A value, never global.

use crate::page::{ModelPage, ParameterTableName, Role};
use crate::parameters::{Parameters, SpecError, parameter_names};
use crate::{
    ClaimKernel, Claims, ClaimsSpec, ImpactKernel, ImpactModel, ImpactSpec, MarketShape, NetworkView,
    PerAsset, PerInstitution, PerInstitutionClaims, Rule, RuleKernel, RuleShape, RuleSpec, Strategy,
    StrategyShape, TableShape,
};
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};

struct Entry<B> {
    build: B,
    /// Parameters by institution (rules, claims) or by asset (impact), and keys of the scenario's section.
    parameters: Vec<&'static str>,
    /// Parameters by asset: columns of the assets table.
    asset_parameters: Vec<&'static str>,
}

type ImpactBuild =
    Box<dyn Fn(&MarketShape<'_>) -> Result<Box<dyn ImpactModel>, Vec<SpecError>> + Send + Sync>;
type ImpactEntry = Entry<ImpactBuild>;
type RuleEntry = Entry<Box<dyn Fn(&RuleShape<'_>) -> Result<Box<dyn Rule>, Vec<SpecError>> + Send + Sync>>;
type ClaimsEntry =
    Entry<Box<dyn Fn(&NetworkView<'_>) -> Result<Box<dyn Claims>, Vec<SpecError>> + Send + Sync>>;
type StrategyEntry =
    Entry<Box<dyn Fn(&StrategyShape<'_>) -> Result<Box<dyn Strategy>, Vec<SpecError>> + Send + Sync>>;

/// A kind that no model is registered for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no {role} is named `{kind}`; known are {}", known.join(", "))]
pub struct UnknownKind {
    /// What was looked for, such as `impact model`.
    pub role: &'static str,
    /// The name that was given.
    pub kind: String,
    /// All names that are registered.
    pub known: Vec<String>,
}

/// Models by the kind that scenario files name.
///
/// ```
/// use delever_core::{ImpactKernel, Registry};
/// struct Flat;
/// #[derive(serde::Deserialize)]
/// struct Row { haircut: f64 }
/// impl ImpactKernel for Flat {
///     type Row = Row;
///     fn survival(&self, sold: f64, row: &Row) -> f64 {
///         if sold > 0.0 { 1.0 - row.haircut } else { 1.0 }
///     }
/// }
/// let mut registry = Registry::new();
/// registry.add_impact("acme/flat", || Flat);
/// assert_eq!(registry.impact_parameters("acme/flat"), ["haircut"]);
/// ```
#[derive(Default)]
pub struct Registry {
    impacts: BTreeMap<String, ImpactEntry>,
    impact_tables: BTreeMap<String, &'static [TableShape]>,
    rules: BTreeMap<String, RuleEntry>,
    rule_alternatives: BTreeMap<String, &'static [&'static [&'static str]]>,
    claims: BTreeMap<String, ClaimsEntry>,
    strategies: BTreeMap<String, StrategyEntry>,
    pages: BTreeMap<(Role, String), ModelPage>,
}

/// A spec is read from the scenario's parameters alone: it has no rows.
fn spec_from<T: DeserializeOwned>(parameters: &Parameters) -> Result<T, Vec<SpecError>> {
    crate::ParameterTable::new(1)
        .row(0, parameters, &[])
        .map_err(|mut error: SpecError| {
            error.row = None;
            vec![error]
        })
}

fn find<'a, T>(map: &'a BTreeMap<String, T>, role: Role, kind: &str) -> Result<&'a T, UnknownKind> {
    map.get(kind).ok_or_else(|| UnknownKind {
        role: role.name(),
        kind: kind.to_owned(),
        known: map.keys().cloned().collect(),
    })
}

impl Registry {
    /// An empty registry. The facade's and the program's come with all built-in models.
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers an impact kernel under a kind; an earlier model of that kind is replaced.
    pub fn add_impact<K: ImpactKernel + 'static>(
        &mut self,
        kind: &str,
        kernel: impl Fn() -> K + Send + Sync + 'static,
    ) {
        let build = move |shape: &MarketShape<'_>| {
            Ok(Box::new(PerAsset::from_shape(kernel(), shape)?) as Box<dyn ImpactModel>)
        };
        let parameters = parameter_names::<K::Row>().to_vec();
        self.insert_impact(kind, Box::new(build), parameters.clone(), parameters, &[]);
    }

    /// Registers an impact model that is built from a spec, whose fields are keys of the section alone.
    ///
    /// `Row` names the parameters by asset, which are columns of the assets table too; [`crate::NoColumns`] for none.
    pub fn add_impact_spec<S: ImpactSpec, Row: DeserializeOwned>(&mut self) {
        let build = |shape: &MarketShape<'_>| {
            let spec: S = spec_from(shape.parameters)?;
            Ok(Box::new(spec.build(shape)?) as Box<dyn ImpactModel>)
        };
        let by_asset = parameter_names::<Row>().to_vec();
        let parameters = [parameter_names::<S>(), &by_asset].concat();
        self.insert_impact(S::KIND, Box::new(build), parameters, by_asset, S::TABLES);
    }

    fn insert_impact(
        &mut self,
        kind: &str,
        build: ImpactBuild,
        parameters: Vec<&'static str>,
        asset_parameters: Vec<&'static str>,
        tables: &'static [TableShape],
    ) {
        let entry = Entry {
            build,
            parameters,
            asset_parameters,
        };
        self.impacts.insert(kind.to_owned(), entry);
        self.impact_tables.insert(kind.to_owned(), tables);
    }

    /// Registers a rule kernel under a kind.
    pub fn add_rule<K: RuleKernel + 'static>(
        &mut self,
        kind: &str,
        kernel: impl Fn() -> K + Send + Sync + 'static,
    ) {
        let build = move |shape: &RuleShape<'_>| {
            Ok(Box::new(PerInstitution::from_shape(kernel(), shape)?) as Box<dyn Rule>)
        };
        let entry = Entry {
            build: Box::new(build) as Box<_>,
            parameters: parameter_names::<K::Row>().to_vec(),
            asset_parameters: parameter_names::<K::AssetRow>().to_vec(),
        };
        self.rules.insert(kind.to_owned(), entry);
        self.rule_alternatives.insert(kind.to_owned(), K::ALTERNATIVES);
    }

    /// Registers a rule that is built from a spec.
    pub fn add_rule_spec<S: RuleSpec>(&mut self) {
        let build = |shape: &RuleShape<'_>| {
            let spec: S = spec_from(shape.parameters)?;
            Ok(Box::new(spec.build(shape)?) as Box<dyn Rule>)
        };
        let parameters = parameter_names::<S>().to_vec();
        self.rule_alternatives.remove(S::KIND);
        self.rules.insert(
            S::KIND.to_owned(),
            Entry {
                build: Box::new(build),
                parameters,
                asset_parameters: Vec::new(),
            },
        );
    }

    /// Registers a claims kernel under a kind.
    pub fn add_claims<K: ClaimKernel + 'static>(
        &mut self,
        kind: &str,
        kernel: impl Fn() -> K + Send + Sync + 'static,
    ) {
        let build = move |view: &NetworkView<'_>| {
            Ok(Box::new(PerInstitutionClaims::from_view(kernel(), view)?) as Box<dyn Claims>)
        };
        let parameters = parameter_names::<K::Row>().to_vec();
        self.claims.insert(
            kind.to_owned(),
            Entry {
                build: Box::new(build),
                parameters,
                asset_parameters: Vec::new(),
            },
        );
    }

    /// Registers a claims model that is built from a spec whose parameters may also be columns.
    ///
    /// `Row` names the parameters by institution, besides the fields of the spec.
    pub fn add_claims_spec<S: ClaimsSpec, Row: DeserializeOwned>(&mut self) {
        let build = |view: &NetworkView<'_>| {
            let spec: S = spec_from(view.parameters)?;
            Ok(Box::new(spec.build(view)?) as Box<dyn Claims>)
        };
        let mut parameters = parameter_names::<S>().to_vec();
        parameters.extend(parameter_names::<Row>());
        self.claims.insert(
            S::KIND.to_owned(),
            Entry {
                build: Box::new(build),
                parameters,
                asset_parameters: Vec::new(),
            },
        );
    }

    /// Registers a liquidation strategy whose parameters by asset are the fields of `AssetRow`.
    pub fn add_strategy<M: Strategy + 'static, AssetRow: DeserializeOwned>(
        &mut self,
        kind: &str,
        build: impl Fn(&StrategyShape<'_>) -> Result<M, Vec<SpecError>> + Send + Sync + 'static,
    ) {
        let entry = Entry {
            build: Box::new(move |shape: &StrategyShape<'_>| Ok(Box::new(build(shape)?) as Box<dyn Strategy>))
                as Box<_>,
            parameters: Vec::new(),
            asset_parameters: parameter_names::<AssetRow>().to_vec(),
        };
        self.strategies.insert(kind.to_owned(), entry);
    }

    /// Attaches what users are told of the model of a kind; an earlier page of that kind is replaced.
    pub fn document(&mut self, role: Role, kind: &str, page: ModelPage) {
        self.pages.insert((role, kind.to_owned()), page);
    }

    /// The page of a model; `None` for a kind that has none.
    pub fn page(&self, role: Role, kind: &str) -> Option<&ModelPage> {
        self.pages.get(&(role, kind.to_owned()))
    }

    /// Names of all parameters of a model; empty for an unknown kind.
    pub fn parameters(&self, role: Role, kind: &str) -> Vec<&'static str> {
        match role {
            Role::Impact => self.impact_parameters(kind),
            Role::Rule => self.rule_parameters(kind),
            Role::Clearing => self.claims_parameters(kind),
            Role::Strategy => self.strategy_parameters(kind),
        }
    }

    /// The table in which a parameter of a model may also stand.
    pub fn parameter_table(&self, role: Role, kind: &str, parameter: &str) -> ParameterTableName {
        let by_asset = match role {
            Role::Impact => self.impacts.get(kind).map(|entry| &entry.asset_parameters),
            Role::Rule => self.rules.get(kind).map(|entry| &entry.asset_parameters),
            Role::Strategy => self.strategies.get(kind).map(|entry| &entry.asset_parameters),
            Role::Clearing => None,
        };
        if by_asset.is_some_and(|names| names.contains(&parameter)) {
            ParameterTableName::Assets
        } else if matches!(role, Role::Rule | Role::Clearing) {
            ParameterTableName::Institutions
        } else {
            ParameterTableName::None
        }
    }

    /// Builds the impact model of a kind.
    pub fn impact(
        &self,
        kind: &str,
        shape: &MarketShape<'_>,
    ) -> Result<Result<Box<dyn ImpactModel>, Vec<SpecError>>, UnknownKind> {
        Ok((find(&self.impacts, Role::Impact, kind)?.build)(shape))
    }

    /// Builds the rule of a kind.
    pub fn rule(
        &self,
        kind: &str,
        shape: &RuleShape<'_>,
    ) -> Result<Result<Box<dyn Rule>, Vec<SpecError>>, UnknownKind> {
        Ok((find(&self.rules, Role::Rule, kind)?.build)(shape))
    }

    /// Builds the claims model of a kind.
    pub fn claims(
        &self,
        kind: &str,
        view: &NetworkView<'_>,
    ) -> Result<Result<Box<dyn Claims>, Vec<SpecError>>, UnknownKind> {
        Ok((find(&self.claims, Role::Clearing, kind)?.build)(view))
    }

    /// Builds the strategy of a kind.
    pub fn strategy(
        &self,
        kind: &str,
        shape: &StrategyShape<'_>,
    ) -> Result<Result<Box<dyn Strategy>, Vec<SpecError>>, UnknownKind> {
        Ok((find(&self.strategies, Role::Strategy, kind)?.build)(shape))
    }

    /// Parameters of an impact model; empty for an unknown kind.
    pub fn impact_parameters(&self, kind: &str) -> Vec<&'static str> {
        self.impacts
            .get(kind)
            .map(|entry| entry.parameters.clone())
            .unwrap_or_default()
    }

    /// Tables that an impact model reads besides the common ones; empty for an unknown kind.
    pub fn impact_tables(&self, kind: &str) -> &'static [TableShape] {
        self.impact_tables.get(kind).copied().unwrap_or_default()
    }

    /// Parameters of a rule, those by asset included; empty for an unknown kind.
    pub fn rule_parameters(&self, kind: &str) -> Vec<&'static str> {
        self.rules
            .get(kind)
            .map(|entry| [entry.parameters.clone(), entry.asset_parameters.clone()].concat())
            .unwrap_or_default()
    }

    /// Groups of a rule's parameters that state the same thing: a row that gives one of a group does without the scenario's
    /// values of that group. Empty for an unknown kind.
    pub fn rule_alternatives(&self, kind: &str) -> &'static [&'static [&'static str]] {
        self.rule_alternatives.get(kind).copied().unwrap_or_default()
    }

    /// Parameters of a claims model; empty for an unknown kind.
    pub fn claims_parameters(&self, kind: &str) -> Vec<&'static str> {
        self.claims
            .get(kind)
            .map(|entry| entry.parameters.clone())
            .unwrap_or_default()
    }

    /// Parameters by asset of a liquidation strategy; empty for an unknown kind.
    pub fn strategy_parameters(&self, kind: &str) -> Vec<&'static str> {
        self.strategies
            .get(kind)
            .map(|entry| entry.asset_parameters.clone())
            .unwrap_or_default()
    }

    /// Every column of the institutions table that some registered model knows.
    pub fn institution_columns(&self) -> BTreeSet<&'static str> {
        let rules = self.rules.values().flat_map(|entry| &entry.parameters);
        let claims = self.claims.values().flat_map(|entry| &entry.parameters);
        rules.chain(claims).copied().collect()
    }

    /// Every column of the assets table that some registered model knows.
    pub fn asset_columns(&self) -> BTreeSet<&'static str> {
        let impacts = self.impacts.values().flat_map(|entry| &entry.asset_parameters);
        let rules = self.rules.values().flat_map(|entry| &entry.asset_parameters);
        let strategies = self.strategies.values().flat_map(|entry| &entry.asset_parameters);
        impacts.chain(rules).chain(strategies).copied().collect()
    }

    /// Names of all registered impact models, rules, claims models and strategies, in that order.
    pub fn kinds(&self) -> [Vec<&str>; 4] {
        [
            self.impacts.keys().map(String::as_str).collect(),
            self.rules.keys().map(String::as_str).collect(),
            self.claims.keys().map(String::as_str).collect(),
            self.strategies.keys().map(String::as_str).collect(),
        ]
    }
}

/// The known name nearest to a misspelt one, if any is near: an edit for every three letters, at least one.
///
/// ```
/// use delever_core::nearest_name;
/// assert_eq!(nearest_name("exponental", ["linear", "exponential"]), Some("exponential"));
/// assert_eq!(nearest_name("zebra", ["linear", "exponential"]), None);
/// ```
pub fn nearest_name<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (name.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (edit_distance(name, candidate, limit), candidate))
        .filter(|&(distance, _)| distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance; anything above `limit` counts as `limit + 1`.
fn edit_distance(a: &str, b: &str, limit: usize) -> usize {
    let b: Vec<char> = b.chars().take(256).collect();
    let a: Vec<char> = a.chars().take(256).collect();
    if a.len().abs_diff(b.len()) > limit {
        return limit + 1;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let cost = usize::from(!x.eq_ignore_ascii_case(y));
            let next = (diagonal + cost).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = row[j + 1];
            row[j + 1] = next;
        }
    }
    row[b.len()]
}
