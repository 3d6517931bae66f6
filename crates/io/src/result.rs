//! The result of a run as data: field for field what the JSON output holds.

mod enclosure;
mod names;
mod table;

use crate::load::Loaded;
use crate::problem::Problem;
use crate::scenario::EngineKind;
use delever_cascade::rounds::{Round, RoundsOutcome};
use delever_cascade::{AssetOutcome, Equilibria, InstitutionOutcome, Outcome, Totals};
use enclosure::bounds_of_all;
pub use enclosure::{BoundsResult, EnclosureResult};
pub use names::{SelectName, StateName, StatusName};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
pub(crate) use table::{TOTALS, totals_cells};

/// The version of the result's format.
pub const RESULT_VERSION: u32 = 1;

/// Institutions near a boundary that a result names; there may be more.
pub const NAMED_NEAR_BOUNDARY: usize = 20;

/// What a run returns: one equilibrium, both ends, or the end of a run in rounds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RunResult {
    /// The greatest and the least equilibrium.
    Both(Box<BothResult>),
    /// The one that was asked for; of rounds, where they ended.
    One(Box<OutcomeResult>),
}

/// One equilibrium, or where rounds ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutcomeResult {
    /// Version of the format.
    pub version: u32,
    /// Name of the scenario.
    pub scenario: String,
    /// `equilibrium` or `rounds`.
    pub engine: String,
    /// Which equilibrium this is; null for rounds.
    pub select: Option<SelectName>,
    /// How the solve ended.
    pub status: StatusName,
    /// Whether a unit in the last place of the input, or a threshold met exactly, could change who defaults or sells.
    pub near_boundary: bool,
    /// Who it is that could: ids, at most [`NAMED_NEAR_BOUNDARY`].
    #[serde(default)]
    pub near_boundary_of: Vec<String>,
    /// Whether it is the only one; null where that is not established.
    pub unique: Option<bool>,
    /// How far it can be from the true one.
    pub certificate: CertificateResult,
    /// Applications of the cascade map; rounds that were run.
    pub iterations: u64,
    /// Steps of policy iteration, each with a linear solve; 0 where plain iteration sufficed.
    #[serde(default)]
    pub policy_steps: u64,
    /// Passes over the linear systems of these steps.
    #[serde(default)]
    pub linear_sweeps: u64,
    /// Steps after which plain iteration repeats itself, where it was seen to; null otherwise.
    #[serde(default)]
    pub cycle: Option<u64>,
    /// Bounds that hold all equilibria at once, of a system that is not ordered; absent where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enclosure: Option<EnclosureResult>,
    /// Sums over the system.
    pub totals: TotalsResult,
    /// By asset, ascending by id.
    pub assets: Vec<AssetResult>,
    /// By institution, ascending by id.
    pub institutions: Vec<InstitutionResult>,
    /// Rounds, or waves of a process, entry 0 the state after the shock; empty for an equilibrium.
    pub rounds: Vec<RoundResult>,
    /// What was accepted with doubts, and what is worth knowing, in the order in which it was found. Absent in each of two
    /// equilibria that are given together: it stands beside them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warnings: Option<Vec<Problem>>,
    /// Wall-clock times; absent where they are not wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timing: Option<Timing>,
}

/// Both ends of the lattice of equilibria.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BothResult {
    /// Version of the format.
    pub version: u32,
    /// Name of the scenario.
    pub scenario: String,
    /// `equilibrium`.
    pub engine: String,
    /// `both`.
    pub select: SelectName,
    /// The worse of the two.
    pub status: StatusName,
    /// Whether the two are one; null where that is not established.
    pub unique: Option<bool>,
    /// The best equilibrium.
    pub greatest: OutcomeResult,
    /// The worst equilibrium.
    pub least: OutcomeResult,
    /// What was accepted with doubts, and what is worth knowing, in the order in which it was found.
    #[serde(default)]
    pub warnings: Vec<Problem>,
    /// Wall-clock times; absent where they are not wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timing: Option<Timing>,
}

/// How far a reported state can be from the true equilibrium.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CertificateResult {
    /// Largest relative width of the verified bracket; null without one.
    pub width: Option<f64>,
    /// Largest relative change that one more step would make; null where it is no number.
    pub residual: Option<f64>,
}

/// Sums over all institutions, money.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TotalsResult {
    /// Equity before the shock.
    pub equity_initial: f64,
    /// Equity in equilibrium, negative parts included.
    pub equity: f64,
    /// Sum of the three channels.
    pub loss: f64,
    /// Loss by the shock itself.
    pub loss_shock: f64,
    /// Loss by prices that sales pushed down.
    pub loss_fire_sale: f64,
    /// Loss on claims on institutions.
    pub loss_contagion: f64,
    /// The loss on claims that the same models give without any shock, at the same end of the equilibria: what others lose
    /// through institutions that are insolvent before the shock, whatever the shock. Given only where there are such
    /// institutions and the solve without a shock ends as certain as was asked. Not deducted from `loss_contagion`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_contagion_before_shock: Option<f64>,
    /// Value that defaults destroyed, an "of which".
    pub loss_bankruptcy_costs: f64,
    /// Loss over the loss by the shock; null where the latter is 0.
    pub amplification: Option<f64>,
    /// Institutions that failed.
    pub defaults: usize,
    /// Proceeds of all sales.
    pub sold_value: f64,
}

/// One asset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AssetResult {
    /// Its id.
    pub id: String,
    /// Price before the shock, money per unit.
    pub price_initial: f64,
    /// Price after the shock, before any sale.
    pub price_shocked: f64,
    /// Price in equilibrium.
    pub price: f64,
    /// Units sold.
    pub sold_quantity: f64,
    /// Units sold over units held.
    pub sold_fraction: f64,
}

/// One institution, money.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InstitutionResult {
    /// Its id.
    pub id: String,
    /// Equity before the shock, claims at face.
    pub equity_initial: f64,
    /// Equity after the shock, claims at face, before any sale.
    pub equity_shocked: f64,
    /// Equity in equilibrium, negative when insolvent.
    pub equity: f64,
    /// Assets in equilibrium.
    pub assets: f64,
    /// Value that its own failure destroys; not deducted from its assets.
    pub default_cost: f64,
    /// Payments to all creditors.
    pub payment: f64,
    /// Payments over liabilities at face; 1 without liabilities.
    pub payment_ratio: f64,
    /// Share of holdings sold, by value at shocked prices.
    pub sold_fraction: f64,
    /// What became of it.
    pub state: StateName,
    /// Sum of the three channels.
    pub loss: f64,
    /// Loss by the shock itself.
    pub loss_shock: f64,
    /// Loss by prices that sales pushed down.
    pub loss_fire_sale: f64,
    /// Loss on claims on institutions.
    pub loss_contagion: f64,
}

/// The end of one round; entry 0 is the state after the shock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoundResult {
    /// Its number.
    pub round: u32,
    /// Prices by asset, money per unit.
    pub prices: BTreeMap<String, f64>,
    /// Units sold since the shock, less units bought, by asset.
    pub sold_quantity: BTreeMap<String, f64>,
    /// Units that wait to be sold in the next round, by asset.
    pub orders: BTreeMap<String, f64>,
    /// Institutions that failed in this round.
    pub defaults: Vec<String>,
    /// Equity by institution, negative when insolvent.
    pub equity: BTreeMap<String, f64>,
    /// Cash by institution.
    pub cash: BTreeMap<String, f64>,
    /// What sales and cash can still repay, by institution.
    pub repayable_debt: BTreeMap<String, f64>,
}

/// Wall-clock times, seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    /// Reading and checking the tables.
    pub load_seconds: f64,
    /// Composing the cascade.
    pub build_seconds: f64,
    /// Solving it.
    pub solve_seconds: f64,
}

impl RunResult {
    /// The result of a solve. `timing` is left out of the output where it is `None`.
    ///
    /// Returns `None` for equilibria that hold neither end, which no solve returns.
    pub fn new(loaded: &Loaded, equilibria: &Equilibria, timing: Option<Timing>) -> Option<Self> {
        let one = |outcome: &Outcome, select, timing| equilibrium(loaded, outcome, select, timing);
        let alone = |outcome: &Outcome, select| {
            let warnings = Some(warnings(loaded));
            Some(Self::One(Box::new(OutcomeResult {
                warnings,
                ..one(outcome, select, timing)
            })))
        };
        match (&equilibria.greatest, &equilibria.least) {
            (Some(greatest), Some(least)) => Some(Self::Both(Box::new(BothResult {
                version: RESULT_VERSION,
                scenario: loaded.scenario.name.clone(),
                engine: EngineKind::Equilibrium.name().to_owned(),
                select: SelectName::Both,
                status: StatusName::from(greatest.status).max(least.status.into()),
                unique: equilibria.unique,
                greatest: one(greatest, SelectName::Greatest, None),
                least: one(least, SelectName::Least, None),
                warnings: warnings(loaded),
                timing,
            }))),
            (Some(outcome), None) => alone(outcome, SelectName::Greatest),
            (None, Some(outcome)) => alone(outcome, SelectName::Least),
            (None, None) => None,
        }
    }

    /// The result of a run in rounds. `timing` is left out of the output where it is `None`.
    pub fn of_rounds(loaded: &Loaded, outcome: &RoundsOutcome, timing: Option<Timing>) -> Self {
        Self::One(Box::new(OutcomeResult {
            version: RESULT_VERSION,
            scenario: loaded.scenario.name.clone(),
            engine: EngineKind::Rounds.name().to_owned(),
            select: None,
            status: outcome.status.into(),
            near_boundary: outcome.near_boundary,
            near_boundary_of: names(loaded, &outcome.near_boundary_of),
            unique: None,
            certificate: CertificateResult {
                width: None,
                residual: None,
            },
            iterations: outcome.rounds.last().map_or(0, |round| u64::from(round.round)),
            policy_steps: 0,
            linear_sweeps: 0,
            cycle: None,
            enclosure: None,
            totals: totals(&outcome.totals),
            assets: assets(loaded, &outcome.assets),
            institutions: institutions(loaded, &outcome.institutions),
            rounds: outcome.rounds.iter().map(|entry| round(loaded, entry)).collect(),
            warnings: Some(warnings(loaded)),
            timing,
        }))
    }

    /// Takes the losses on claims that arise without any shock from the result of the same scenario with no shock. Of
    /// a result that did not end as certain as was asked, nothing is taken.
    pub fn set_before_shock(&mut self, unshocked: &Self) {
        let taken = |from: &OutcomeResult, to: &mut OutcomeResult| {
            if from.status.exit_code() == 0 {
                to.totals.loss_contagion_before_shock = Some(from.totals.loss_contagion);
            }
        };
        match (unshocked, self) {
            (Self::One(from), Self::One(to)) => taken(from, to),
            (Self::Both(from), Self::Both(to)) => {
                taken(&from.greatest, &mut to.greatest);
                taken(&from.least, &mut to.least);
            }
            _ => {}
        }
    }

    /// What was accepted with doubts, and what is worth knowing.
    pub fn warnings(&self) -> &[Problem] {
        match self {
            Self::Both(both) => &both.warnings,
            Self::One(one) => one.warnings.as_deref().unwrap_or_default(),
        }
    }

    /// How the run ended: of two equilibria, the worse status.
    pub fn status(&self) -> StatusName {
        match self {
            Self::Both(both) => both.status,
            Self::One(one) => one.status,
        }
    }
}

fn equilibrium(
    loaded: &Loaded,
    outcome: &Outcome,
    select: SelectName,
    timing: Option<Timing>,
) -> OutcomeResult {
    OutcomeResult {
        version: RESULT_VERSION,
        scenario: loaded.scenario.name.clone(),
        engine: EngineKind::Equilibrium.name().to_owned(),
        select: Some(select),
        status: outcome.status.into(),
        near_boundary: outcome.near_boundary,
        near_boundary_of: names(loaded, &outcome.near_boundary_of),
        unique: outcome.unique,
        certificate: CertificateResult {
            width: outcome.certificate.width.and_then(finite),
            residual: finite(outcome.certificate.residual),
        },
        iterations: outcome.iterations,
        policy_steps: outcome.policy_steps,
        cycle: outcome.cycle,
        linear_sweeps: outcome.linear_sweeps,
        enclosure: outcome
            .enclosure
            .as_ref()
            .map(|enclosure| bounds_of_all(loaded, enclosure)),
        totals: totals(&outcome.totals),
        assets: assets(loaded, &outcome.assets),
        institutions: institutions(loaded, &outcome.institutions),
        rounds: outcome.waves.iter().map(|entry| round(loaded, entry)).collect(),
        warnings: None,
        timing,
    }
}

fn warnings(loaded: &Loaded) -> Vec<Problem> {
    loaded.warnings.problems().to_vec()
}

/// The first of these institutions, by id.
fn names(loaded: &Loaded, institutions: &[u32]) -> Vec<String> {
    let ids = loaded.system.institution_names();
    let first = institutions.iter().take(NAMED_NEAR_BOUNDARY);
    first.map(|&n| ids[n as usize].clone()).collect()
}

fn finite(value: f64) -> Option<f64> {
    Some(value).filter(|value| value.is_finite())
}

fn totals(totals: &Totals) -> TotalsResult {
    TotalsResult {
        equity_initial: totals.equity_initial,
        equity: totals.equity,
        loss: totals.loss,
        loss_shock: totals.loss_shock,
        loss_fire_sale: totals.loss_fire_sale,
        loss_contagion: totals.loss_contagion,
        loss_contagion_before_shock: None,
        loss_bankruptcy_costs: totals.loss_bankruptcy_costs,
        amplification: totals.amplification.and_then(finite),
        defaults: totals.defaults,
        sold_value: totals.sold_value,
    }
}

fn assets(loaded: &Loaded, outcomes: &[AssetOutcome]) -> Vec<AssetResult> {
    let ids = loaded.system.asset_names();
    ids.iter()
        .zip(outcomes)
        .map(|(id, asset)| AssetResult {
            id: id.clone(),
            price_initial: asset.price_initial,
            price_shocked: asset.price_shocked,
            price: asset.price,
            sold_quantity: asset.sold_quantity,
            sold_fraction: asset.sold_fraction,
        })
        .collect()
}

fn institutions(loaded: &Loaded, outcomes: &[InstitutionOutcome]) -> Vec<InstitutionResult> {
    let ids = loaded.system.institution_names();
    ids.iter()
        .zip(outcomes)
        .map(|(id, institution)| InstitutionResult {
            id: id.clone(),
            equity_initial: institution.equity_initial,
            equity_shocked: institution.equity_shocked,
            equity: institution.equity,
            assets: institution.assets,
            default_cost: institution.default_cost,
            payment: institution.payment,
            payment_ratio: institution.payment_ratio,
            sold_fraction: institution.sold_fraction,
            state: institution.state.into(),
            loss: institution.loss,
            loss_shock: institution.loss_shock,
            loss_fire_sale: institution.loss_fire_sale,
            loss_contagion: institution.loss_contagion,
        })
        .collect()
}

fn round(loaded: &Loaded, entry: &Round) -> RoundResult {
    let by_id = |ids: &[String], values: &[f64]| ids.iter().cloned().zip(values.iter().copied()).collect();
    let by_asset = |values: &[f64]| by_id(loaded.system.asset_names(), values);
    let institutions = loaded.system.institution_names();
    RoundResult {
        round: entry.round,
        prices: by_asset(&entry.prices),
        sold_quantity: by_asset(&entry.sold_quantity),
        orders: by_asset(&entry.orders),
        defaults: entry
            .defaults
            .iter()
            .map(|&id| institutions[id as usize].clone())
            .collect(),
        equity: by_id(institutions, &entry.equity),
        cash: by_id(institutions, &entry.cash),
        repayable_debt: by_id(institutions, &entry.repayable_debt),
    }
}
