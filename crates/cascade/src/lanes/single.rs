//! One scenario, the quick way.

use super::queue::{Watch, solve_queue};
use crate::map::CascadeMap;
use crate::shock::Shock;
use delever_solver::linear::Effort;
use delever_solver::{Bracket, Observer, Settings, Solution, Status, Step};
use std::ops::ControlFlow;

/// Hands steps of a single lane to a solver's observer.
struct Observed<'o, O>(&'o mut O);

impl<O: Observer> Watch<1> for Observed<'_, O> {
    fn on_step(&mut self, iteration: u64, x: &[[f64; 1]], change: f64) -> ControlFlow<()> {
        self.0.on_step(Step {
            iteration,
            point: x.as_flattened(),
            change,
        })
    }
}

/// The greatest equilibrium with its proof, if it is found the quick way; `None` leaves it to [`delever_solver::solve`].
pub(crate) fn solve_quickly(
    map: &CascadeMap<'_>,
    shock: &Shock,
    settings: &Settings,
    observer: &mut impl Observer,
) -> Option<Solution> {
    let mut solution = None;
    solve_queue::<1, _, _>(
        map.cascade,
        std::slice::from_ref(shock),
        settings,
        Observed(observer),
        |_, answer| {
            solution = answer.map(|answer| Solution {
                point: answer.read(answer.found.point),
                bracket: Some(Bracket {
                    lower: answer.read(answer.found.lower),
                    upper: answer.read(answer.found.upper),
                    width: answer.found.width,
                }),
                residual: answer.found.residual,
                status: Status::Certified,
                iterations: answer.found.iterations,
                passes: answer.found.passes,
                policy_steps: 0,
                linear: Effort::default(),
                cycle: None,
            });
        },
    );
    solution
}
