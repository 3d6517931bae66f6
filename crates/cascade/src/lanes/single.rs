//! One scenario, the quick way.

use super::queue::{Answer, Watch, solve_queue};
use crate::map::CascadeMap;
use crate::shock::Shock;
use delever_core::LANES;
use delever_solver::linear::Effort;
use delever_solver::{Bracket, Observer, Settings, Solution, Status, Step};
use std::ops::ControlFlow;
use std::sync::atomic::AtomicUsize;

/// Hands steps of the only scenario to a solver's observer.
struct Observed<'o, O> {
    observer: &'o mut O,
    /// Its state, where others could stand beside it.
    point: Vec<f64>,
}

impl<O: Observer, const W: usize> Watch<W> for Observed<'_, O> {
    fn on_step(&mut self, iteration: u64, x: &[[f64; W]], change: f64) -> ControlFlow<()> {
        let point = if W == 1 {
            x.as_flattened()
        } else {
            self.point.clear();
            self.point.extend(x.iter().map(|lanes| lanes[0]));
            &self.point
        };
        self.observer.on_step(Step {
            iteration,
            point,
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
    let cascade = map.cascade;
    let models = cascade.in_lanes()?;
    let shock = std::slice::from_ref(shock);
    let watch = Observed {
        observer,
        point: Vec::new(),
    };
    let mut solution = None;
    let only = (&[0][..], &AtomicUsize::new(0));
    if models.take_institutions() {
        solve_queue::<1, _, _>(cascade, models, shock, only, settings, watch, |_, answer| {
            solution = answer.map(|answer| proved(&answer));
        });
    } else {
        // Rules that look at holdings take one institution at a time: in as many scenarios, of which all but one are empty.
        solve_queue::<LANES, _, _>(cascade, models, shock, only, settings, watch, |_, answer| {
            solution = answer.map(|answer| proved(&answer));
        });
    }
    solution
}

fn proved<const W: usize>(answer: &Answer<'_, W>) -> Solution {
    Solution {
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
    }
}
