//! Links drawn by the sizes of both sides, at a given density; amounts scaled to the totals.

use super::flow::{Cell, Flow};
use super::link_probability::Model;
use super::matching::Remaining;
use super::scaling::{Scaled, ScalingSettings, scale};
use super::{Margins, Reconstruction, ReconstructionError, Status};

/// How many links the network is to have on average, known ones included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LinkTarget {
    /// So many.
    Links(f64),
    /// So many of all `n (n - 1)` pairs: a fraction.
    Density(f64),
}

/// What to draw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FitnessSettings {
    /// Mean number of links, which calibrates `z`.
    pub target: LinkTarget,
    /// Seed of the draws.
    pub seed: u64,
    /// When the scaling of amounts counts as settled.
    pub scaling: ScalingSettings,
}

impl FitnessSettings {
    /// A target and a seed, with scaling to `1e-6` in at most 1,000 rounds.
    ///
    /// On sparse links scaling creeps, and no digit of the weights beyond that is knowledge. The totals are met in any case.
    pub fn new(target: LinkTarget, seed: u64) -> Self {
        Self {
            target,
            seed,
            scaling: ScalingSettings {
                tolerance: 1e-6,
                max_iterations: 1_000,
            },
        }
    }
}

/// A network drawn from the fitness model.
#[derive(Clone, Debug, PartialEq)]
pub struct FitnessReconstruction {
    /// The debts.
    pub reconstruction: Reconstruction,
    /// `z`, for fitnesses that are fractions of the sum of all totals; no unit.
    pub z: f64,
    /// Mean number of links under `z` that are not known beforehand.
    pub expected_links: f64,
    /// Links that were drawn.
    pub drawn_links: usize,
    /// Links that were added because the drawn ones cannot hold the totals.
    pub added_links: usize,
    /// Drawn links without an amount: every matrix on these links and with these totals is 0 there.
    pub dropped_links: usize,
}

/// A network whose links are drawn with probability `p_ij = z x_i y_j / (1 + z x_i y_j)`, with amounts that have the totals.
///
/// `x_i = debts_i / total` and `y_j = claims_j / total` are the fitnesses (without what is known), and `z` is the number at
/// which `sum_ij p_ij` is the target, found by bisection (Cimini, Squartini, Garlaschelli and Gabrielli 2015, Scientific
/// Reports 5, 15758). Links are drawn independently. Amounts start from the weights of that paper, `x_i y_j / p_ij`, which
/// have the totals on average, and are scaled until they have them (RAS, see [`maximum_entropy`](super::maximum_entropy())).
///
/// Drawn links may be unable to hold the totals, for one because somebody drew none. Then as much as possible is placed on
/// them by maximum flow, and what the totals still miss is placed on new links, each of which settles a debtor or a
/// creditor: one fewer than there are debtors and creditors left open, or fewer. Where the diagonal or known entries are
/// in the way of that, paths that reroute other amounts and open the fewest new links follow. The least number possible is
/// a hard problem (a fixed charge for each link) and is not sought. A sparse target is therefore exceeded: every debtor
/// and creditor has a link in the end.
///
/// Draws take time in proportion to the links; `z` is found on classes of fitness less than 1 % wide where there are more
/// than 2,000 debtors or creditors, which misses the target by less than `1e-5` of it.
///
/// # Errors
///
/// A target below the number of known links, or not below the number of pairs that can be linked; bad scaling settings.
///
/// ```
/// use delever_network::reconstruction::{FitnessSettings, LinkTarget, Margins, fitness};
/// let margins = Margins::new(&[30.0, 20.0, 10.0, 7.0], &[21.0, 25.0, 15.0, 6.0])?;
/// let network = fitness(&margins, &FitnessSettings::new(LinkTarget::Density(0.6), 1))?;
/// assert!((network.expected_links - 7.2).abs() < 1e-9);
/// assert!(network.reconstruction.worst_margin_error < 1e-12);
/// # Ok::<(), Vec<delever_network::reconstruction::ReconstructionError>>(())
/// ```
pub fn fitness(
    margins: &Margins,
    settings: &FitnessSettings,
) -> Result<FitnessReconstruction, Vec<ReconstructionError>> {
    let network = draw(margins, settings)?;
    let status = if network.scaled.settled {
        Status::Complete
    } else {
        Status::IterationLimit
    };
    let iterations = network.scaled.iterations;
    Ok(FitnessReconstruction {
        dropped_links: network.scaled.dropped,
        reconstruction: Reconstruction::finish(margins, &network.scaled.cells, status, iterations),
        z: network.z,
        expected_links: network.expected_links,
        drawn_links: network.drawn_links,
        added_links: network.added_links,
    })
}

/// A network before its amounts are money.
pub(super) struct Draft {
    pub scaled: Scaled,
    z: f64,
    expected_links: f64,
    drawn_links: usize,
    added_links: usize,
}

pub(super) fn draw(margins: &Margins, settings: &FitnessSettings) -> Result<Draft, Vec<ReconstructionError>> {
    let model = Model::new(margins);
    let mut problems = settings.scaling.problems();
    problems.extend(target_problem(&model, margins, settings.target));
    if !problems.is_empty() {
        return Err(problems);
    }
    let z = model.calibrate(free_target(margins, settings.target));
    let drawn = model.draw(margins, z, settings.seed);
    let drawn_links = drawn.len();
    let mut flow = Flow::new(drawn, margins.free_debts.clone(), margins.free_claims.clone());
    flow.saturate();
    if flow.missing() > 0 {
        flow = complete(margins, flow);
    }
    let added_links = flow.cells.len() - drawn_links;
    let weight = |cell: &Cell| 1.0 / z + model.product(cell.debtor as usize, cell.creditor as usize);
    let weights: Vec<f64> = flow.cells.iter().map(weight).collect();
    Ok(Draft {
        scaled: scale(margins, flow, &weights, &settings.scaling),
        z,
        expected_links: model.expected_links(z),
        drawn_links,
        added_links,
    })
}

/// Places on new links what the drawn ones cannot hold.
fn complete(margins: &Margins, flow: Flow) -> Flow {
    let mut remaining = Remaining::new(flow.missing_debts, flow.missing_claims, None);
    let mut cells = flow.cells;
    cells.extend(remaining.place_where_allowed(&margins.forbidden));
    cells.sort_by_key(|cell| (cell.debtor, cell.creditor));
    cells.dedup_by(|again, cell| {
        let same = (again.debtor, again.creditor) == (cell.debtor, cell.creditor);
        if same {
            cell.units += again.units;
        }
        same
    });
    let mut flow = Flow::new(cells, remaining.debts, remaining.claims);
    flow.extend(&margins.forbidden);
    flow
}

/// The target without what is known.
fn free_target(margins: &Margins, target: LinkTarget) -> f64 {
    let count = margins.institution_count() as f64;
    let links = match target {
        LinkTarget::Links(links) => links,
        LinkTarget::Density(density) => density * count * (count - 1.0),
    };
    links
        - margins
            .known()
            .iter()
            .filter(|&&(_, _, amount)| amount > 0.0)
            .count() as f64
}

fn target_problem(model: &Model, margins: &Margins, target: LinkTarget) -> Option<ReconstructionError> {
    let free = free_target(margins, target);
    let (name, value) = match target {
        LinkTarget::Links(links) => ("links", links),
        LinkTarget::Density(density) => ("density", density),
    };
    let nothing_to_draw = model.debtors.is_empty() && free >= 0.0;
    let holds = nothing_to_draw || (free > 0.0 && free < model.pair_count());
    (!holds).then_some(ReconstructionError::Setting {
        name,
        value,
        expected: "more links than are known, fewer than all pairs that can be linked",
    })
}
