//! Monotone chains: iteration in one direction, clamped so that it never turns back.

use crate::linear::NonNegativeRows;
use crate::map::{End, FixedPointMap, Observer, Precision, Step, Twofold};
use crate::solution::Bracket;
use std::ops::ControlFlow;

/// Why a chain ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Halt {
    /// No component moved further than asked.
    Stationary,
    /// The limit of steps came first.
    Limit,
    /// The map's image lies on the wrong side by more than rounding: it is not isotone.
    NotOrdered,
    /// The map returned something that is no number.
    NonFinite,
    /// The observer asked to stop.
    Interrupted,
}

/// A map's image may leave a chain by this much, relative to the box, before the claim of order is refuted.
///
/// Blocks that are monotone in real numbers and not in floating point overshoot by a few units in the last place.
pub(crate) const ORDER_SLACK: f64 = 1e-9;

/// How the map is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rounding {
    Nearest,
    Above(Precision),
    Below(Precision),
}

/// The scratch of a solve and the moves that it consists of.
///
/// A chain moves down for the greatest fixed point and up for the least.
pub(crate) struct Chain<'m, M: FixedPointMap> {
    pub map: &'m M,
    /// The end of the lattice that is sought.
    pub end: End,
    /// Largest number of steps of one run.
    pub limit: u64,
    pub work: M::Work,
    pub bottom: Vec<f64>,
    pub top: Vec<f64>,
    pub image: Vec<f64>,
    /// Components that are held at the top, whatever the map says.
    pub held: Vec<u32>,
    /// A verified bound below the greatest fixed point, if one is known beside the chain's own: images do not fall below it.
    pub floor: Option<Vec<f64>>,
    pub iterations: u64,
    /// Applications of the map, whatever for.
    pub passes: u64,
}

impl<'m, M: FixedPointMap> Chain<'m, M> {
    pub fn new(map: &'m M, end: End, limit: u64) -> Self {
        let n = map.dim();
        let (mut bottom, mut top) = (vec![0.0; n], vec![0.0; n]);
        map.bounds_into(&mut bottom, &mut top);
        Self {
            map,
            end,
            limit,
            work: map.workspace(),
            bottom,
            top,
            image: vec![0.0; n],
            held: Vec::new(),
            floor: None,
            iterations: 0,
            passes: 0,
        }
    }

    /// A chain of the map that has these components at the top in every image.
    pub fn holding(mut self, held: Vec<u32>) -> Self {
        for &n in &held {
            self.bottom[n as usize] = self.top[n as usize];
        }
        self.held = held;
        self
    }

    /// The corner at which iteration starts.
    pub fn near_corner(&self) -> Vec<f64> {
        match self.end {
            End::Greatest => self.top.clone(),
            End::Least => self.bottom.clone(),
        }
    }

    /// The corner on the other side, which bounds every fixed point.
    pub fn far_corner(&self) -> Vec<f64> {
        match self.end {
            End::Greatest => self.bottom.clone(),
            End::Least => self.top.clone(),
        }
    }

    /// Rounding that keeps a chain from the near corner outside the fixed point.
    pub fn outward(&self, precision: Precision) -> Rounding {
        match self.end {
            End::Greatest => Rounding::Above(precision),
            End::Least => Rounding::Below(precision),
        }
    }

    /// Rounding that verifies a bound on the inner side.
    pub fn inward(&self, precision: Precision) -> Rounding {
        match self.end {
            End::Greatest => Rounding::Below(precision),
            End::Least => Rounding::Above(precision),
        }
    }

    /// `image = T(x)` in the given rounding.
    pub fn evaluate(&mut self, rounding: Rounding, x: &[f64]) {
        self.passes += 1;
        match rounding {
            Rounding::Nearest => self.map.apply(x, &mut self.image, &mut self.work),
            Rounding::Above(precision) => self
                .map
                .apply_above(x, &mut self.image, precision, &mut self.work),
            Rounding::Below(precision) => self
                .map
                .apply_below(x, &mut self.image, precision, &mut self.work),
        }
        for &n in &self.held {
            self.image[n as usize] = self.top[n as usize];
        }
        // The map that is nowhere below the floor has the same greatest fixed point. Bounds from above stay as they are: those
        // below a floor refute it.
        if let (Some(floor), Rounding::Nearest | Rounding::Below(_)) = (&self.floor, rounding) {
            for (image, &floor) in self.image.iter_mut().zip(floor) {
                // What is no number stays none.
                if *image < floor {
                    *image = floor;
                }
            }
        }
    }

    /// As [`FixedPointMap::slopes_into`], from an anchor at the chain's own end.
    pub fn slopes(&mut self, anchor: &[f64], other: &[f64], rows: &mut NonNegativeRows) -> bool {
        rows.clear();
        let known = self
            .map
            .slopes_into(self.end, anchor, other, rows, &mut self.work);
        if known && !self.held.is_empty() {
            rows.empty(&self.held);
        }
        known
    }

    /// As [`FixedPointMap::apply_above_finely`] and its counterpart.
    pub fn evaluate_finely(&mut self, above: bool, x: &Twofold, image: &mut Twofold) -> bool {
        let known = if above {
            self.map.apply_above_finely(x, image, &mut self.work)
        } else {
            self.map.apply_below_finely(x, image, &mut self.work)
        };
        for &n in &self.held {
            image.set(n as usize, (self.top[n as usize], 0.0));
        }
        if let (Some(floor), false) = (&self.floor, above) {
            for (n, &floor) in floor.iter().enumerate() {
                let (high, low) = image.part(n);
                if high < floor || high == floor && low < 0.0 {
                    image.set(n, (floor, 0.0));
                }
            }
        }
        known
    }

    /// A bracket from its outer and its inner side. Sides that have crossed refute what the map says of itself, its order or
    /// its slopes: the width is then infinite.
    pub fn bracket(&self, outer: Vec<f64>, inner: Vec<f64>) -> Bracket {
        let (lower, upper) = match self.end {
            End::Greatest => (inner, outer),
            End::Least => (outer, inner),
        };
        let width = (0..lower.len()).fold(0.0_f64, |width, n| {
            let gap = upper[n] - lower[n];
            width.max(if gap >= 0.0 {
                gap / self.size(n)
            } else {
                f64::INFINITY
            })
        });
        Bracket { lower, upper, width }
    }

    /// Size of component `n`, by which widths and changes are measured.
    pub fn size(&self, n: usize) -> f64 {
        let size = self.top[n].abs().max(self.bottom[n].abs());
        if size > 0.0 { size } else { 1.0 }
    }

    /// Moves `x` along the chain by the image, never back; returns the largest relative change, or why not.
    fn advance(&self, x: &mut [f64], check_order: bool) -> Result<f64, Halt> {
        let mut change = 0.0_f64;
        for (n, (slot, &new)) in x.iter_mut().zip(&self.image).enumerate() {
            // A negative zero is a zero.
            let (old, new) = (*slot, new + 0.0);
            if !new.is_finite() {
                return Err(Halt::NonFinite);
            }
            let step = match self.end {
                End::Greatest => old - new,
                End::Least => new - old,
            };
            if step > 0.0 {
                *slot = new;
                change = change.max(step / self.size(n));
            } else if check_order && step < -ORDER_SLACK * self.size(n) {
                return Err(Halt::NotOrdered);
            }
        }
        Ok(change)
    }

    /// Iterates from `x` until no component moves by more than `settled`, relative to the box.
    ///
    /// `check_order` is off where the start is no image of a corner, so that a step back is no contradiction.
    pub fn run(
        &mut self,
        rounding: Rounding,
        x: &mut [f64],
        settled: f64,
        check_order: bool,
        observer: &mut impl Observer,
    ) -> Halt {
        let last = self.iterations.saturating_add(self.limit);
        while self.iterations < last {
            self.evaluate(rounding, x);
            self.iterations += 1;
            let change = match self.advance(x, check_order) {
                Ok(change) => change,
                Err(halt) => return halt,
            };
            let step = Step {
                iteration: self.iterations,
                point: x,
                change,
            };
            if let ControlFlow::Break(()) = observer.on_step(step) {
                return Halt::Interrupted;
            }
            if change <= settled {
                return Halt::Stationary;
            }
        }
        Halt::Limit
    }
}
