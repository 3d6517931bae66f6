//! Many scenarios of one cascade: what a stress sweep keeps of each.

use super::queue::{Answer, solve_queue};
use crate::composition::{Cascade, CascadeError};
use crate::map::CascadeMap;
use crate::outcome::{Certificate, Outcome, Totals};
use crate::shock::Shock;
use crate::solve::Select;
use delever_core::LANES;
use delever_solver::{Method, Settings, Status};
use rayon::prelude::*;
use std::sync::atomic::AtomicUsize;

/// The greatest equilibrium under one shock, in figures of the whole system.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// How the solve ended.
    pub status: Status,
    /// Whether a unit in the last place of the input, or a threshold met exactly, could change who defaults or sells.
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
        // Every thread takes the next scenario when a lane of its own is free.
        let (order, next) = (self.by_severity(shocks), AtomicUsize::new(0));
        let quick: Vec<(usize, Summary)> = (0..rayon::current_num_threads())
            .into_par_iter()
            .with_max_len(1)
            .flat_map_iter(|_| self.sweep_quickly(shocks, (&order, &next), settings))
            .collect();
        let mut found: Vec<Option<Summary>> = shocks.iter().map(|_| None).collect();
        for (place, summary) in quick {
            found[place] = Some(summary);
        }
        let alone = |shock| {
            let solved = self.solve(shock, Select::Greatest, settings)?;
            Ok(solved
                .greatest
                .map_or_else(|| unreachable!("the greatest was asked for"), Summary::from))
        };
        found
            .into_par_iter()
            .zip(shocks)
            .map(|(summary, shock)| summary.map_or_else(|| alone(shock), Ok))
            .collect()
    }

    /// Places of shocks, those together that are about as severe: they take about as many steps side by side.
    fn by_severity(&self, shocks: &[Shock]) -> Vec<usize> {
        let values = self.held.iter().zip(self.system.prices());
        let values: Vec<f64> = values.map(|(held, price)| held * price).collect();
        let severity = |shock: &Shock| {
            let losses = values.iter().zip(&shock.prices);
            losses.map(|(value, change)| value * change).sum::<f64>()
        };
        let severities: Vec<f64> = shocks.par_iter().map(severity).collect();
        let mut order: Vec<usize> = (0..shocks.len()).collect();
        order.sort_by(|&a, &b| severities[a].total_cmp(&severities[b]));
        order
    }

    /// What is certified the quick way, of scenarios that nobody has taken, by their places.
    fn sweep_quickly(
        &self,
        shocks: &[Shock],
        queue: (&[usize], &AtomicUsize),
        settings: &Settings,
    ) -> Vec<(usize, Summary)> {
        let mut found = Vec::new();
        let quick = settings.method == Method::Automatic;
        let Some(models) = self.in_lanes().filter(|_| quick) else {
            return found;
        };
        solve_queue::<LANES, _, _>(self, models, shocks, queue, settings, (), |place, answer| {
            found.extend(answer.map(|answer| (place, self.summary(&shocks[place], &answer))));
        });
        found
    }

    fn summary(&self, shock: &Shock, answer: &Answer<'_, LANES>) -> Summary {
        let assets = self.system.asset_count();
        let width = answer.found.width;
        let near = || {
            let (upper, lower) = (answer.read(answer.found.upper), answer.read(answer.found.lower));
            CascadeMap::new(self, shock).is_ok_and(|map| !map.near_boundary(&upper, &lower).is_empty())
        };
        Summary {
            status: Status::Certified,
            near_boundary: !(answer.margin_of_solvency > 2.0 * width) && near(),
            unique: self.not_unique_under(shock).then_some(false),
            certificate: Certificate {
                width: Some(width),
                residual: answer.found.residual,
            },
            iterations: answer.found.iterations,
            passes: answer.found.passes,
            totals: answer.totals,
            prices: answer.read(&answer.found.point[..assets]),
        }
    }
}
