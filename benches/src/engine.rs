//! How the benchmarks call the engine: the one place to change when its interface does.

use delever::cascade::{CascadeError, CascadeMap};
use delever::prelude::*;
use delever::solver::linear::NonNegativeRows;
use delever::solver::{End, FixedPointMap, MapShape, Precision, solve};
use serde::Serialize;
use std::cell::Cell;

/// Asked width of batches, relative.
pub const BATCH_TOLERANCE: f64 = 1e-10;
/// Asked width of single solves, relative.
pub const SINGLE_TOLERANCE: f64 = 1e-12;
/// Most applications of the map.
pub const ITERATION_LIMIT: u64 = 100_000;

/// Settings with this width.
pub fn settings(tolerance: f64) -> Settings {
    Settings {
        tolerance,
        max_iterations: ITERATION_LIMIT,
        ..Settings::default()
    }
}

/// The greatest equilibrium, proved.
///
/// # Panics
/// If the shock does not fit the system.
pub fn single(cascade: &Cascade<'_>, shock: &Shock, tolerance: f64) -> Outcome {
    let found = cascade.solve(shock, Select::Greatest, &settings(tolerance));
    found.expect("the shock fits").greatest.expect("asked for")
}

/// What a batch leaves behind.
pub struct BatchAnswers(Vec<Result<Equilibria, CascadeError>>);

/// The greatest equilibria of many scenarios, each proved to [`BATCH_TOLERANCE`].
pub fn batch(cascade: &Cascade<'_>, shocks: &[Shock]) -> BatchAnswers {
    BatchAnswers(cascade.solve_batch(shocks, Select::Greatest, &settings(BATCH_TOLERANCE)))
}

impl BatchAnswers {
    /// By scenario: whether it is certified, the iterations it took, and its prices.
    ///
    /// # Panics
    /// If a shock did not fit the system.
    pub fn each(&self) -> impl Iterator<Item = (bool, u64, Vec<f64>)> + '_ {
        self.0.iter().map(|answer| {
            let equilibria = answer.as_ref().expect("the shock fits");
            let outcome = equilibria.greatest.as_ref().expect("asked for");
            (
                outcome.status == Status::Certified,
                outcome.iterations,
                prices(outcome),
            )
        })
    }
}

/// Prices of an outcome, by asset.
pub fn prices(outcome: &Outcome) -> Vec<f64> {
    outcome.assets.iter().map(|asset| asset.price).collect()
}

/// Applications of the map, by rounding. Each reads all rows once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Passes {
    /// In ordinary rounding.
    pub nearest: u64,
    /// Rounded up, with rough bounds.
    pub roughly_above: u64,
    /// Rounded up, with sharp bounds.
    pub sharply_above: u64,
    /// Rounded down, with rough bounds.
    pub roughly_below: u64,
    /// Rounded down, with sharp bounds.
    pub sharply_below: u64,
}

impl Passes {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.nearest + self.roughly_above + self.sharply_above + self.roughly_below + self.sharply_below
    }
}

/// A map that counts how often it is applied.
struct Counted<'m> {
    map: CascadeMap<'m>,
    nearest: Cell<u64>,
    above: [Cell<u64>; 2],
    below: [Cell<u64>; 2],
}

fn count(counter: &Cell<u64>) {
    counter.set(counter.get() + 1);
}

fn place(precision: Precision) -> usize {
    usize::from(precision == Precision::Sharp)
}

impl<'m> FixedPointMap for Counted<'m> {
    type Work = <CascadeMap<'m> as FixedPointMap>::Work;

    fn dim(&self) -> usize {
        self.map.dim()
    }

    fn workspace(&self) -> Self::Work {
        self.map.workspace()
    }

    fn bounds_into(&self, bottom: &mut [f64], top: &mut [f64]) {
        self.map.bounds_into(bottom, top);
    }

    fn apply(&self, x: &[f64], out: &mut [f64], work: &mut Self::Work) {
        count(&self.nearest);
        self.map.apply(x, out, work);
    }

    fn apply_above(&self, x: &[f64], out: &mut [f64], precision: Precision, work: &mut Self::Work) {
        count(&self.above[place(precision)]);
        self.map.apply_above(x, out, precision, work);
    }

    fn apply_below(&self, x: &[f64], out: &mut [f64], precision: Precision, work: &mut Self::Work) {
        count(&self.below[place(precision)]);
        self.map.apply_below(x, out, precision, work);
    }

    fn slopes_into(
        &self,
        end: End,
        anchor: &[f64],
        other: &[f64],
        rows: &mut NonNegativeRows,
        work: &mut Self::Work,
    ) -> bool {
        self.map.slopes_into(end, anchor, other, rows, work)
    }

    fn shape(&self) -> MapShape {
        self.map.shape()
    }
}

/// Counts the passes of a solve, those of its proof included; `None` if the solver, put on the map by hand, goes another way
/// than [`single`] did.
///
/// # Panics
/// If the shock does not fit the system.
pub fn passes(cascade: &Cascade<'_>, shock: &Shock, tolerance: f64, outcome: &Outcome) -> Option<Passes> {
    let counted = Counted {
        map: CascadeMap::new(cascade, shock).expect("the shock fits"),
        nearest: Cell::default(),
        above: Default::default(),
        below: Default::default(),
    };
    let solution = solve(&counted, End::Greatest, &settings(tolerance), &mut ());
    let [roughly_above, sharply_above] = counted.above.map(Cell::into_inner);
    let [roughly_below, sharply_below] = counted.below.map(Cell::into_inner);
    let passes = Passes {
        nearest: counted.nearest.into_inner(),
        roughly_above,
        sharply_above,
        roughly_below,
        sharply_below,
    };
    (solution.iterations == outcome.iterations && solution.status == outcome.status).then_some(passes)
}

/// One application of the map at a state, to be measured by itself.
pub struct BarePass<'m> {
    map: CascadeMap<'m>,
    state: Vec<f64>,
    image: Vec<f64>,
    work: <CascadeMap<'m> as FixedPointMap>::Work,
}

impl<'m> BarePass<'m> {
    /// A pass at the state after two passes from the top: sellers sell, prices have fallen.
    ///
    /// # Panics
    /// If the shock does not fit the system.
    pub fn new(cascade: &'m Cascade<'m>, shock: &Shock) -> Self {
        let map = CascadeMap::new(cascade, shock).expect("the shock fits");
        let (mut state, mut image) = (vec![0.0; map.dim()], vec![0.0; map.dim()]);
        map.bounds_into(&mut image, &mut state);
        let mut work = map.workspace();
        for _ in 0..2 {
            map.apply(&state, &mut image, &mut work);
            std::mem::swap(&mut state, &mut image);
        }
        Self {
            map,
            state,
            image,
            work,
        }
    }

    /// In ordinary rounding.
    pub fn nearest(&mut self) {
        self.map.apply(&self.state, &mut self.image, &mut self.work);
    }

    /// Rounded up.
    pub fn above(&mut self, precision: Precision) {
        self.map
            .apply_above(&self.state, &mut self.image, precision, &mut self.work);
    }
}
