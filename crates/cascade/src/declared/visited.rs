//! Order at the states that a solve visits anyway: the top of the box and the answer.

use super::SLACK;
use crate::arithmetic::Nearest;
use crate::map::CascadeMap;
use crate::pass::{self, PassWork};
use delever_solver::{FixedPointMap, Solution};

impl CascadeMap<'_> {
    /// Whether the answer of an ordered cascade lies where its order says: its own image, in doubles and by institution, lies in
    /// the bracket, and nobody sells less or is worth more there than at the top.
    ///
    /// `image` is the map's image of the answer; `seen_at_top` that the second was tested on the way.
    pub(crate) fn keeps_order(&self, solution: &Solution, image: &[f64], seen_at_top: bool) -> bool {
        let Some(bracket) = &solution.bracket else {
            return true;
        };
        let (mut bottom, mut top) = (vec![0.0; self.dim()], vec![0.0; self.dim()]);
        self.bounds_into(&mut bottom, &mut top);
        let inside = (0..self.dim()).all(|n| {
            let slack = SLACK * (top[n] - bottom[n]).abs();
            bracket.lower[n] - slack <= image[n] && image[n] <= bracket.upper[n] + slack
        });
        inside && (seen_at_top || self.falls_from(&top, &solution.point))
    }

    /// Whether nobody sells less, and no claim is worth more, at a state than at the top.
    fn falls_from(&self, top: &[f64], point: &[f64]) -> bool {
        let cascade = self.cascade;
        let mut work = PassWork::<Nearest>::new(cascade);
        let mut at_top = Vec::with_capacity(cascade.holdings.entry_count());
        pass::inspect::<Nearest>(cascade, &self.data, top, &mut work, |seen| {
            at_top.extend_from_slice(seen.units);
        });
        let mut first = vec![0.0; self.dim()];
        pass::conclude(cascade, &self.data, &mut first, &mut work);
        let (mut entry, mut falls) = (0, true);
        pass::inspect::<Nearest>(cascade, &self.data, point, &mut work, |seen| {
            for (units, held) in seen.units.iter().zip(seen.sheet.holdings.values) {
                falls &= *units >= at_top[entry] - SLACK * held;
                entry += 1;
            }
        });
        let mut image = vec![0.0; self.dim()];
        pass::conclude(cascade, &self.data, &mut image, &mut work);
        let below = image.iter().zip(&first).zip(top);
        falls
            && below
                .into_iter()
                .all(|((now, first), top)| *now <= first + SLACK * top.abs())
    }
}
