//! The result of a run as data: field for field what the JSON output holds.

use crate::load::Loaded;
use delever_cascade::{Equilibria, InstitutionState, Outcome, Select, Status};
use serde::{Deserialize, Serialize};

/// The version of the result's format.
pub const RESULT_VERSION: u32 = 1;

/// What a run returns: one equilibrium, or both ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RunResult {
    /// The greatest and the least equilibrium.
    Both(Box<BothResult>),
    /// The one that was asked for.
    One(Box<EquilibriumResult>),
}

/// One equilibrium.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EquilibriumResult {
    /// Version of the format.
    pub version: u32,
    /// Name of the scenario.
    pub scenario: String,
    /// `equilibrium`.
    pub engine: String,
    /// Which equilibrium this is.
    pub select: SelectName,
    /// How the solve ended.
    pub status: StatusName,
    /// Whether a unit in the last place of the input could change who defaults.
    pub near_boundary: bool,
    /// Whether it is the only one; null where that is not established.
    pub unique: Option<bool>,
    /// How far it can be from the true one.
    pub certificate: CertificateResult,
    /// Applications of the cascade map.
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
    /// Sums over the system.
    pub totals: TotalsResult,
    /// By asset, ascending by id.
    pub assets: Vec<AssetResult>,
    /// By institution, ascending by id.
    pub institutions: Vec<InstitutionResult>,
    /// Rounds, empty for this engine.
    pub rounds: Vec<RoundResult>,
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
    pub greatest: EquilibriumResult,
    /// The worst equilibrium.
    pub least: EquilibriumResult,
    /// Wall-clock times; absent where they are not wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timing: Option<Timing>,
}

/// Which equilibrium.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SelectName {
    /// The best.
    Greatest,
    /// The worst.
    Least,
    /// Both.
    Both,
}

/// How a solve ended. Ascending: the worse of two is the larger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StatusName {
    /// The true solution lies within the certificate's width, which is as narrow as asked.
    Certified,
    /// A block breaks the order: solved, and nothing is claimed.
    Unordered,
    /// The true solution lies within a width that is larger than asked.
    Bracketed,
    /// The limit of iterations came first.
    MaxIterations,
    /// The iteration neither settles nor improves.
    Stalled,
    /// A model returned something that is no number.
    NonFinite,
    /// Stopped from outside.
    Interrupted,
}

impl From<Status> for StatusName {
    fn from(status: Status) -> Self {
        match status {
            Status::Certified => Self::Certified,
            Status::Unordered => Self::Unordered,
            Status::Bracketed => Self::Bracketed,
            Status::MaxIterations => Self::MaxIterations,
            Status::Stalled => Self::Stalled,
            Status::NonFinite => Self::NonFinite,
            Status::Interrupted => Self::Interrupted,
        }
    }
}

impl StatusName {
    /// The exit code of a program whose run ended so: 0, 4, or 130 where it was interrupted.
    ///
    /// ```
    /// use delever_io::StatusName;
    /// assert_eq!(StatusName::Certified.exit_code(), 0);
    /// assert_eq!(StatusName::Stalled.exit_code(), 4);
    /// ```
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Certified | Self::Unordered => 0,
            Self::Bracketed | Self::MaxIterations | Self::Stalled | Self::NonFinite => 4,
            Self::Interrupted => 130,
        }
    }
}

/// What became of an institution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StateName {
    /// Failed: negative equity, or equity below what the claims model asks for.
    Defaulted,
    /// All holdings sold.
    Liquidated,
    /// Some holdings sold.
    Deleveraging,
    /// Nothing sold.
    Sound,
}

impl From<InstitutionState> for StateName {
    fn from(state: InstitutionState) -> Self {
        match state {
            InstitutionState::Defaulted => Self::Defaulted,
            InstitutionState::Liquidated => Self::Liquidated,
            InstitutionState::Deleveraging => Self::Deleveraging,
            InstitutionState::Sound => Self::Sound,
        }
    }
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

/// One round of the rounds engine, which this build does not have: no value of this type exists.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum RoundResult {}

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
        match (&equilibria.greatest, &equilibria.least) {
            (Some(greatest), Some(least)) => Some(Self::Both(Box::new(BothResult {
                version: RESULT_VERSION,
                scenario: loaded.scenario.name.clone(),
                engine: ENGINE.to_owned(),
                select: SelectName::Both,
                status: StatusName::from(greatest.status).max(least.status.into()),
                unique: equilibria.unique,
                greatest: one(greatest, SelectName::Greatest, None),
                least: one(least, SelectName::Least, None),
                timing,
            }))),
            (Some(outcome), None) => Some(Self::One(Box::new(one(outcome, SelectName::Greatest, timing)))),
            (None, Some(outcome)) => Some(Self::One(Box::new(one(outcome, SelectName::Least, timing)))),
            (None, None) => None,
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

impl From<Select> for SelectName {
    fn from(select: Select) -> Self {
        match select {
            Select::Greatest => Self::Greatest,
            Select::Least => Self::Least,
            Select::Both => Self::Both,
        }
    }
}

const ENGINE: &str = "equilibrium";

fn equilibrium(
    loaded: &Loaded,
    outcome: &Outcome,
    select: SelectName,
    timing: Option<Timing>,
) -> EquilibriumResult {
    let totals = &outcome.totals;
    let finite = |value: f64| Some(value).filter(|value| value.is_finite());
    EquilibriumResult {
        version: RESULT_VERSION,
        scenario: loaded.scenario.name.clone(),
        engine: ENGINE.to_owned(),
        select,
        status: outcome.status.into(),
        near_boundary: outcome.near_boundary,
        unique: outcome.unique,
        certificate: CertificateResult {
            width: outcome.certificate.width.and_then(finite),
            residual: finite(outcome.certificate.residual),
        },
        iterations: outcome.iterations,
        policy_steps: outcome.policy_steps,
        cycle: outcome.cycle,
        linear_sweeps: outcome.linear_sweeps,
        totals: TotalsResult {
            equity_initial: totals.equity_initial,
            equity: totals.equity,
            loss: totals.loss,
            loss_shock: totals.loss_shock,
            loss_fire_sale: totals.loss_fire_sale,
            loss_contagion: totals.loss_contagion,
            loss_bankruptcy_costs: totals.loss_bankruptcy_costs,
            amplification: totals.amplification.and_then(finite),
            defaults: totals.defaults,
            sold_value: totals.sold_value,
        },
        assets: loaded
            .system
            .asset_names()
            .iter()
            .zip(&outcome.assets)
            .map(|(id, asset)| AssetResult {
                id: id.clone(),
                price_initial: asset.price_initial,
                price_shocked: asset.price_shocked,
                price: asset.price,
                sold_quantity: asset.sold_quantity,
                sold_fraction: asset.sold_fraction,
            })
            .collect(),
        institutions: loaded
            .system
            .institution_names()
            .iter()
            .zip(&outcome.institutions)
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
            .collect(),
        rounds: Vec::new(),
        timing,
    }
}
