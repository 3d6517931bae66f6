//! The map to be solved, and the observer of a solve.

use crate::linear::NonNegativeRows;
use std::ops::ControlFlow;

/// A map from a box `[bottom, top]` to itself.
///
/// All vectors have length [`Self::dim`].
pub trait FixedPointMap {
    /// Scratch memory: a solve makes one and reuses it, so that no iteration allocates.
    type Work;

    /// Number of components.
    fn dim(&self) -> usize;

    /// Makes the scratch memory.
    fn workspace(&self) -> Self::Work;

    /// The corners of the box.
    fn bounds_into(&self, bottom: &mut [f64], top: &mut [f64]);

    /// `out = T(x)` in ordinary rounding.
    fn apply(&self, x: &[f64], out: &mut [f64], work: &mut Self::Work);

    /// `out >= T(x)`: no component of the exact image lies above. Called only where the shape says `bounded`.
    fn apply_above(&self, _x: &[f64], _out: &mut [f64], _precision: Precision, _work: &mut Self::Work) {}

    /// `out <= T(x)`: no component of the exact image lies below. Called only where the shape says `bounded`.
    fn apply_below(&self, _x: &[f64], _out: &mut [f64], _precision: Precision, _work: &mut Self::Work) {}

    /// Slopes below which the map does not fall between an anchor and every point on the way to `other`: rows of a matrix
    /// `J >= 0` with `T(anchor) - T(x) >= J (anchor - x)` for `other <= x <= anchor` at [`End::Greatest`], and the mirror image
    /// at [`End::Least`].
    ///
    /// `true` if `rows` was filled. Zero is always a bound; policy iteration is as fast as these slopes are steep.
    fn slopes_into(
        &self,
        _end: End,
        _anchor: &[f64],
        _other: &[f64],
        _rows: &mut NonNegativeRows,
        _work: &mut Self::Work,
    ) -> bool {
        false
    }

    /// Whether slopes are steeper, or only then known, where `other` is near the anchor: policy iteration then asks for them on
    /// boxes as long as its steps.
    fn slopes_bend(&self) -> bool {
        false
    }

    /// About how many applications of the map one call of [`Self::slopes_into`] is worth: the dearer, the longer the automatic method
    /// waits before it asks.
    fn slopes_cost(&self) -> u64 {
        1
    }

    /// As [`Self::apply_above`], of a point and to a bound with about twice the digits of a double. `false`: the map has no
    /// such arithmetic, and `out` means nothing.
    fn apply_above_finely(&self, _x: &Twofold, _out: &mut Twofold, _work: &mut Self::Work) -> bool {
        false
    }

    /// As [`Self::apply_below`], of a point and to a bound with about twice the digits of a double.
    fn apply_below_finely(&self, _x: &Twofold, _out: &mut Twofold, _work: &mut Self::Work) -> bool {
        false
    }

    /// What is known of the greatest fixed point beside the map: of each group, at least one alternative, a set of components,
    /// stands at the top in it.
    ///
    /// A map that passes on within a group exactly what comes in has a line of fixed points there. No rounded inequality holds
    /// below any of them but the smallest; that the greatest ends at the top bounds it. Asked for once, only where nothing else
    /// bounds an ordered map. A claim that is wrong is found out where its bounds cross those from above, not otherwise.
    fn groups_at_top(&self) -> Vec<Vec<Vec<u32>>> {
        Vec::new()
    }

    /// A box that holds every fixed point, for [`crate::enclose`] to begin with; `true` if there is one. Default: the box that
    /// the map maps to itself.
    fn enclosure_box_into(&self, low: &mut [f64], high: &mut [f64]) -> bool {
        self.bounds_into(low, high);
        true
    }

    /// Bounds of the image of a box: `out_low <= T(x) <= out_high` for the exact image of every `x` with `low <= x <= high`.
    ///
    /// `true` if both were filled; infinite ends, and ends that are no number, say nothing of a component. The narrower the
    /// bounds, and the more they narrow with the box, the better is what [`crate::enclose`] makes of them.
    fn enclose_image(
        &self,
        _low: &[f64],
        _high: &[f64],
        _out_low: &mut [f64],
        _out_high: &mut [f64],
        _work: &mut Self::Work,
    ) -> bool {
        false
    }

    /// What the map promises.
    fn shape(&self) -> MapShape;
}

/// A vector of numbers that are unevaluated sums of two doubles, the second at most half a unit in the last place of the first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Twofold {
    high: Vec<f64>,
    low: Vec<f64>,
}

impl Twofold {
    /// Number of components.
    pub fn len(&self) -> usize {
        self.high.len()
    }

    /// Whether there are no components.
    pub fn is_empty(&self) -> bool {
        self.high.is_empty()
    }

    /// Component `n` as `(high, low)`, the number being their exact sum.
    pub fn part(&self, n: usize) -> (f64, f64) {
        (self.high[n], self.low[n])
    }

    /// Sets component `n` to `part.0 + part.1`, where the second does not reach into the first.
    pub fn set(&mut self, n: usize, part: (f64, f64)) {
        (self.high[n], self.low[n]) = part;
    }

    /// The nearest double that does not lie above component `n`.
    pub fn below(&self, n: usize) -> f64 {
        let (high, low) = self.part(n);
        if low < 0.0 { high.next_down() } else { high }
    }

    /// The nearest double that does not lie below component `n`.
    pub fn above(&self, n: usize) -> f64 {
        let (high, low) = self.part(n);
        if low > 0.0 { high.next_up() } else { high }
    }
}

impl From<Vec<f64>> for Twofold {
    fn from(high: Vec<f64>) -> Self {
        let low = vec![0.0; high.len()];
        Self { high, low }
    }
}

/// How close to the exact image a bound should lie. A map may always give its sharpest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// At least as cheap as an ordinary application: for the long way from the end of the box.
    Rough,
    /// As sharp as the map can: for the last steps and for what is claimed.
    Sharp,
}

/// What a map promises of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct MapShape {
    /// `x <= y` implies `T(x) <= T(y)`.
    pub isotone: bool,
    /// [`FixedPointMap::apply_above`] and [`FixedPointMap::apply_below`] are implemented.
    pub bounded: bool,
    /// Continuous along rising sequences. Without it a limit from below need not be a fixed point.
    pub from_below: bool,
}

/// Which fixed point is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The largest in every component.
    Greatest,
    /// The smallest in every component.
    Least,
}

/// One step of an iteration.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// Number of applications of the map so far.
    pub iteration: u64,
    /// The iterate after the step.
    pub point: &'a [f64],
    /// Largest change of a component in this step, relative to the size of the box in that component.
    pub change: f64,
}

/// Watches a solve and may stop it. `()` watches nothing and costs nothing.
pub trait Observer {
    /// Called after every step of the main iteration.
    fn on_step(&mut self, step: Step<'_>) -> ControlFlow<()>;
}

impl Observer for () {
    #[inline]
    fn on_step(&mut self, _: Step<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

impl<F: FnMut(Step<'_>) -> ControlFlow<()>> Observer for F {
    #[inline]
    fn on_step(&mut self, step: Step<'_>) -> ControlFlow<()> {
        self(step)
    }
}
