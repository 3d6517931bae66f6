//! Solving a cascade: one end of the lattice or both, one shock or many.

use crate::composition::{Cascade, CascadeError};
use crate::enclosure::EquilibriaEnclosure;
use crate::lanes::solve_quickly;
use crate::map::CascadeMap;
use crate::outcome::{Equilibria, Outcome, Snapshot};
use crate::shock::Shock;
use delever_solver::{
    Bracket, EnclosureSettings, End, FixedPointMap, Method, Observer, Settings, Solution, Status, Step,
    residual, solve,
};
use rayon::prelude::*;
use std::ops::ControlFlow;

/// Which equilibria are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Select {
    /// The best one.
    #[default]
    Greatest,
    /// The worst one: what a self-fulfilling loss of confidence can reach.
    Least,
    /// Both, and whether they are one.
    Both,
}

/// One step of a cascade's iteration, to be looked at lazily.
pub struct CascadeStep<'s> {
    /// Number of applications of the map so far.
    pub iteration: u64,
    /// Largest relative change in this step.
    pub change: f64,
    map: &'s CascadeMap<'s>,
    point: &'s [f64],
}

impl CascadeStep<'_> {
    /// Trial prices, in id order.
    pub fn prices(&self) -> &[f64] {
        self.map.cascade.view(self.point).prices
    }

    /// Who sells, who fails, what is lost at this step. Costs a pass.
    pub fn snapshot(&self) -> Snapshot {
        self.map.snapshot(self.point)
    }
}

/// Hands steps of the solver on as steps of a cascade.
struct Watch<'w, F> {
    map: &'w CascadeMap<'w>,
    watch: F,
}

impl<F: FnMut(&CascadeStep<'_>) -> ControlFlow<()>> Observer for Watch<'_, F> {
    fn on_step(&mut self, step: Step<'_>) -> ControlFlow<()> {
        let Step {
            iteration,
            point,
            change,
        } = step;
        (self.watch)(&CascadeStep {
            iteration,
            change,
            map: self.map,
            point,
        })
    }
}

impl Cascade<'_> {
    /// Solves the cascade under a shock.
    ///
    /// Errors are for shocks that do not fit. Non-convergence is a status of the outcome.
    pub fn solve(
        &self,
        shock: &Shock,
        select: Select,
        settings: &Settings,
    ) -> Result<Equilibria, CascadeError> {
        self.solve_observed(shock, select, settings, |_| ControlFlow::Continue(()))
    }

    /// Solves the cascade and calls `watch` after every step; `Break` interrupts with the best iterate kept.
    ///
    /// Steps are the solver's own: it takes shorter ways than waves of sales do, which [`Self::unfold`] shows.
    pub fn solve_observed(
        &self,
        shock: &Shock,
        select: Select,
        settings: &Settings,
        mut watch: impl FnMut(&CascadeStep<'_>) -> ControlFlow<()>,
    ) -> Result<Equilibria, CascadeError> {
        let map = CascadeMap::new(self, shock)?;
        if let Some(process) = self.process() {
            let outcome = map.run_process(process)?;
            return Ok(Equilibria {
                greatest: (select != Select::Least).then(|| outcome.clone()),
                least: (select != Select::Greatest).then_some(outcome),
                unique: None,
            });
        }
        let mut find = |end| {
            let mut observer = Watch {
                map: &map,
                watch: &mut watch,
            };
            let quick = (end == End::Greatest && settings.method == Method::Automatic)
                .then(|| solve_quickly(&map, shock, settings, &mut observer));
            match quick.flatten() {
                Some(solution) => (solution, true),
                None => (solve(&map, end, settings, &mut observer), false),
            }
        };
        let greatest = (select != Select::Least).then(|| find(End::Greatest));
        let least = (select != Select::Greatest).then(|| find(End::Least));
        let mut unique = match (&greatest, &least) {
            (Some((greatest, _)), Some((least, _))) => compare(&map, greatest, least, settings.tolerance)
                .or_else(|| compare_closely(&map, greatest, least, settings)),
            _ => None,
        };
        let by_structure = self.not_unique_under(shock).then_some(false);
        unique = unique.or(by_structure);
        let enclosure = map.enclose_if_unordered(settings);
        let finish = |(mut solution, seen_at_top): (Solution, bool)| {
            if let Some((bounds, _)) = &enclosure {
                move_into(&map, &mut solution, bounds);
            }
            Outcome {
                enclosure: enclosure.as_ref().map(|(_, enclosure)| enclosure.clone()),
                ..map.outcome(&solution, seen_at_top)
            }
        };
        let (mut greatest, mut least) = (greatest.map(finish), least.map(finish));
        // Brackets of models that are not as ordered as they declare compare nothing.
        let mut outcomes = greatest.iter().chain(&least);
        if outcomes.any(|outcome| outcome.status == Status::Unordered) {
            unique = by_structure;
        }
        for outcome in greatest.iter_mut().chain(&mut least) {
            outcome.unique = unique;
        }
        Ok(Equilibria {
            greatest,
            least,
            unique,
        })
    }

    /// Lets the cascade unfold from the state after the shock in ordinary rounding, each application of the map a wave of sales
    /// that the prices and payments of the last one force. Calls `watch` with the state after the shock as step 0, its change
    /// infinite, and after every wave; ends with the first that changes nothing, or at `Break`.
    ///
    /// Where the cascade is ordered, a wave is `x <- min(x, T(x))`, component by component: no wave raises a price or a payment,
    /// and the waves end, since doubles can fall only finitely often. In exact arithmetic `T(x) <= x` after every wave, so the
    /// minimum changes nothing; in doubles it discards last digits that rounding raises again, which could go to and fro for
    /// ever. What is left at the end is a state that no further wave pushes down.
    ///
    /// Where it is not ordered, a wave is `x <- T(x)`, may raise prices and need not end: let `watch` break.
    ///
    /// Nothing is proved: [`Self::solve`] says where it ends.
    pub fn unfold(
        &self,
        shock: &Shock,
        mut watch: impl FnMut(&CascadeStep<'_>) -> ControlFlow<()>,
    ) -> Result<(), CascadeError> {
        let map = CascadeMap::new(self, shock)?;
        let (mut bottom, mut top) = (vec![0.0; map.dim()], vec![0.0; map.dim()]);
        map.bounds_into(&mut bottom, &mut top);
        let ordered = map.shape().isotone;
        let (mut x, mut image, mut work) = (top.clone(), top.clone(), map.workspace());
        let mut change = f64::INFINITY;
        for iteration in 0.. {
            let step = CascadeStep {
                iteration,
                change,
                map: &map,
                point: &x,
            };
            // A process is no map: its waves are in the outcome.
            if watch(&step).is_break() || change == 0.0 || self.process().is_some() {
                break;
            }
            map.apply(&x, &mut image, &mut work);
            change = 0.0;
            for ((new, old), top) in image.iter_mut().zip(&x).zip(&top) {
                // NaN is no price to fall back from: it stays.
                if ordered && *new > *old {
                    *new = *old;
                }
                if *top > 0.0 {
                    change = ((*new - old).abs() / top).max(change);
                }
            }
            std::mem::swap(&mut x, &mut image);
        }
        Ok(())
    }

    /// Bounds that hold all equilibria under a shock, whether the models are ordered or not; `None` where some model cannot be
    /// bounded at all.
    ///
    /// A solve of a system that is not ordered has such bounds in its outcomes; here one may ask for more of them. They hold every
    /// equilibrium of the models in exact arithmetic; they prove neither that there is one nor, unless their width is 0, that
    /// there is one only. Where rules jump or claims rise as others fall, they may be wide.
    pub fn enclose(
        &self,
        shock: &Shock,
        settings: &EnclosureSettings,
    ) -> Result<Option<EquilibriaEnclosure>, CascadeError> {
        let map = CascadeMap::new(self, shock)?;
        // A process is no map, and has no equilibria.
        Ok(self.process().is_none().then(|| map.enclose(settings)).flatten())
    }

    /// Solves the cascade under many shocks, in parallel; results stand in the order of the shocks.
    ///
    /// Every result has the same bits as from [`Self::solve`], whatever the number of threads. Where sums over the system and
    /// prices are enough, [`Self::sweep`] is several times as fast.
    pub fn solve_batch(
        &self,
        shocks: &[Shock],
        select: Select,
        settings: &Settings,
    ) -> Vec<Result<Equilibria, CascadeError>> {
        shocks
            .par_iter()
            .map(|shock| self.solve(shock, select, settings))
            .collect()
    }
}

/// Moves a point that was called a fixed point into bounds that hold all of them: nearer to each, in every component.
fn move_into(map: &CascadeMap<'_>, solution: &mut Solution, bounds: &Bracket) {
    if solution.status != Status::Unordered {
        return;
    }
    let inside: Vec<f64> = solution
        .point
        .iter()
        .zip(bounds.lower.iter().zip(&bounds.upper))
        .map(|(x, (&lower, &upper))| x.clamp(lower, upper))
        .collect();
    if inside != solution.point {
        solution.residual = residual(map, &inside);
        solution.point = inside;
    }
}

/// Unique if the brackets leave no room between the ends; not unique if they prove a gap.
fn compare(map: &CascadeMap<'_>, greatest: &Solution, least: &Solution, tolerance: f64) -> Option<bool> {
    let (above, below) = (greatest.bracket.as_ref()?, least.bracket.as_ref()?);
    let (mut bottom, mut top) = (vec![0.0; map.dim()], vec![0.0; map.dim()]);
    map.bounds_into(&mut bottom, &mut top);
    let components = || (0..map.dim()).filter(|&n| top[n] > 0.0);
    if components().any(|n| above.lower[n] > below.upper[n]) {
        Some(false)
    } else if components().all(|n| above.upper[n] - below.lower[n] <= tolerance * top[n]) {
        Some(true)
    } else {
        None
    }
}

/// [`compare`] where two brackets, each as narrow as asked, are not so together: both ends once more, in narrower ones.
fn compare_closely(
    map: &CascadeMap<'_>,
    greatest: &Solution,
    least: &Solution,
    settings: &Settings,
) -> Option<bool> {
    if [greatest, least]
        .iter()
        .any(|end| end.status != Status::Certified)
    {
        return None;
    }
    let narrower = Settings {
        tolerance: settings.tolerance / 4.0,
        ..*settings
    };
    let [greatest, least] = [End::Greatest, End::Least].map(|end| solve(map, end, &narrower, &mut ()));
    compare(map, &greatest, &least, settings.tolerance)
}
