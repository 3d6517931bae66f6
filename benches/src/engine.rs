//! How the benchmarks call the engine: the one place to change when its interface does.

use delever::cascade::{CascadeError, CascadeMap, Summary};
use delever::prelude::*;
use delever::solver::{FixedPointMap, Precision};

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
pub struct BatchAnswers(Vec<Result<Summary, CascadeError>>);

/// The greatest equilibria of many scenarios, each proved to [`BATCH_TOLERANCE`].
pub fn batch(cascade: &Cascade<'_>, shocks: &[Shock]) -> BatchAnswers {
    BatchAnswers(cascade.sweep(shocks, &settings(BATCH_TOLERANCE)))
}

impl BatchAnswers {
    /// By scenario.
    ///
    /// # Panics
    /// If a shock did not fit the system.
    pub fn each(&self) -> impl Iterator<Item = &Summary> + '_ {
        self.0
            .iter()
            .map(|answer| answer.as_ref().expect("the shock fits"))
    }
}

/// Prices of an outcome, by asset.
pub fn prices(outcome: &Outcome) -> Vec<f64> {
    outcome.assets.iter().map(|asset| asset.price).collect()
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
