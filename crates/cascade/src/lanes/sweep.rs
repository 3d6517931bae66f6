//! Many scenarios of one cascade: what a stress sweep keeps of each.

use super::queue::solve_queue;
use crate::composition::{Cascade, CascadeError};
use crate::map::CascadeMap;
use crate::outcome::{Certificate, Outcome, Totals};
use crate::shock::Shock;
use crate::solve::Select;
use delever_core::LANES;
use delever_solver::{Method, Settings, Status};
use rayon::prelude::*;

/// Scenarios of one task: enough that lanes are rarely idle, few enough that threads share evenly.
const TASK: usize = 512;

/// The greatest equilibrium under one shock, in figures of the whole system.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// How the solve ended.
    pub status: Status,
    /// Whether a unit in the last place of the input could change who defaults.
    pub near_boundary: bool,
    /// `Some(false)` where several equilibria exist for sure.
    pub unique: Option<bool>,
    /// How far the answer can be from the true one.
    pub certificate: Certificate,
    /// Applications of the cascade map until the answer, its proof not counted.
    pub iterations: u64,
    /// Applications in all, the proof's own counted: each reads all holdings and debts once.
    pub passes: u64,
    /// Sums over the system.
    pub totals: Totals,
    /// Prices in equilibrium, by asset.
    pub prices: Vec<f64>,
}

impl From<Outcome> for Summary {
    fn from(outcome: Outcome) -> Self {
        Self {
            status: outcome.status,
            near_boundary: outcome.near_boundary,
            unique: outcome.unique,
            certificate: outcome.certificate,
            iterations: outcome.iterations,
            passes: outcome.passes,
            totals: outcome.totals,
            prices: outcome.assets.iter().map(|asset| asset.price).collect(),
        }
    }
}

impl Cascade<'_> {
    /// The greatest equilibrium under each of many shocks, as sums and prices; results stand in the order of the shocks.
    ///
    /// Scenarios are solved side by side and in parallel, each with its own certificate. The figures have the same bits
    /// as those of [`Self::solve`], whatever the number of threads and whatever stands beside a scenario.
    pub fn sweep(&self, shocks: &[Shock], settings: &Settings) -> Vec<Result<Summary, CascadeError>> {
        shocks
            .par_chunks(TASK)
            .flat_map_iter(|task| self.sweep_task(task, settings))
            .collect()
    }

    fn sweep_task(&self, shocks: &[Shock], settings: &Settings) -> Vec<Result<Summary, CascadeError>> {
        let checked: Result<(), _> = shocks.iter().try_for_each(|shock| shock.check(self.system));
        let mut found: Vec<Option<Summary>> = shocks.iter().map(|_| None).collect();
        let quick = checked.is_ok() && settings.method == Method::Automatic;
        if let Some(models) = self.in_lanes().filter(|_| quick) {
            solve_queue::<LANES, _, _>(self, models, shocks, settings, (), |place, answer| {
                found[place] = answer.map(|answer| {
                    let assets = self.system.asset_count();
                    let width = answer.found.width;
                    let near = || {
                        let (upper, lower) =
                            (answer.read(answer.found.upper), answer.read(answer.found.lower));
                        CascadeMap::new(self, &shocks[place])
                            .is_ok_and(|map| map.near_boundary(&upper, &lower))
                    };
                    Summary {
                        status: Status::Certified,
                        near_boundary: !(answer.margin_of_solvency > 2.0 * width) && near(),
                        unique: self.not_unique_under(&shocks[place]).then_some(false),
                        certificate: Certificate {
                            width: Some(width),
                            residual: answer.found.residual,
                        },
                        iterations: answer.found.iterations,
                        passes: answer.found.passes,
                        totals: answer.totals,
                        prices: answer.read(&answer.found.point[..assets]),
                    }
                });
            });
        }
        let alone = |shock| {
            let solved = self.solve(shock, Select::Greatest, settings)?;
            Ok(solved
                .greatest
                .map_or_else(|| unreachable!("the greatest was asked for"), Summary::from))
        };
        found
            .into_iter()
            .zip(shocks)
            .map(|(summary, shock)| summary.map_or_else(|| alone(shock), Ok))
            .collect()
    }
}
