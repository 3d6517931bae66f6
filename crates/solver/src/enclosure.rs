//! Enclosures: a box that holds every fixed point of a map, whatever its order.
//!
//! A map that is neither isotone nor antitone has no greatest fixed point to be found from above. But where it can bound its
//! image of a whole box, `l <= x <= u` implies `f(l, u) <= T(x) <= g(l, u)`, every fixed point of the box lies in
//! `[f(l, u), g(l, u)]` too. So iteration of the two bounds, each new box cut with the old one, is a descending chain of boxes
//! that all hold every fixed point. With bounds that narrow with the box, `(l, -u) -> (f, -g)` is isotone: the embedding of
//! a mixed-monotone map (Gouze and Hadeler 1994; Smith 2008), of which interval arithmetic is one (Moore 1966).
//!
//! Where that chain settles at a wide box, *shaving* goes on: a slab at one side of the box whose own chain comes out empty holds
//! no fixed point and is cut off (Lhomme 1993). A box that comes out empty as a whole proves that there is none.

use crate::map::FixedPointMap;
use crate::solution::Bracket;

/// What is asked of an enclosure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EnclosureSettings {
    /// Width at which to stop, relative to the box in each component.
    pub tolerance: f64,
    /// Largest number of images of boxes that are computed. Whenever it stops, the box reached holds every fixed point.
    pub max_images: u64,
    /// Whether to shave where iteration alone leaves a wide box.
    pub shaving: bool,
}

impl Default for EnclosureSettings {
    /// A width of `1e-12`, 10,000 images, with shaving.
    fn default() -> Self {
        Self {
            tolerance: 1e-12,
            max_images: 10_000,
            shaving: true,
        }
    }
}

/// What is proved of all fixed points of a map at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Enclosure {
    /// Bounds that hold every fixed point; `None`: it is proved that there is none. Bounds prove neither that there is a fixed
    /// point nor, unless their width is 0, that there is one only.
    pub bounds: Option<Bracket>,
    /// Images of boxes that were computed.
    pub images: u64,
}

/// Images after which plain iteration counts as slow.
const PATIENT_IMAGES: u64 = 256;
/// A box that lost less than this part of every width in one step is not worth another one while shaving.
const WORTHWHILE: f64 = 1.0 / 16.0;
/// Parts of a width that are tried as slabs, the largest first.
const PARTS: [f64; 4] = [0.5, 0.25, 0.0625, 0.015_625];
/// Images that are spent on one slab.
const SLAB_IMAGES: u64 = 12;

/// Bounds that hold every fixed point of a map, by iteration of its images of boxes; `None` where it gives none.
///
/// ```
/// use delever_solver::{EnclosureSettings, FixedPointMap, MapShape, enclose};
///
/// /// `T(x) = 1 - x / 2` on `[0, 1]`, antitone, with fixed point 2/3.
/// struct Antitone;
/// impl FixedPointMap for Antitone {
///     type Work = ();
///     fn dim(&self) -> usize { 1 }
///     fn workspace(&self) {}
///     fn bounds_into(&self, bottom: &mut [f64], top: &mut [f64]) { bottom[0] = 0.0; top[0] = 1.0; }
///     fn apply(&self, x: &[f64], out: &mut [f64], (): &mut ()) { out[0] = 1.0 - x[0] / 2.0; }
///     fn enclose_image(&self, low: &[f64], high: &[f64], out_low: &mut [f64], out_high: &mut [f64], (): &mut ()) -> bool {
///         out_low[0] = (1.0 - high[0] / 2.0).next_down();
///         out_high[0] = (1.0 - low[0] / 2.0).next_up();
///         true
///     }
///     fn shape(&self) -> MapShape { MapShape::default() }
/// }
/// let enclosure = enclose(&Antitone, &EnclosureSettings::default()).expect("the map gives images of boxes");
/// let bounds = enclosure.bounds.expect("there is a fixed point");
/// assert!(bounds.lower[0] <= 2.0 / 3.0 && 2.0 / 3.0 <= bounds.upper[0] && bounds.width < 1e-12);
/// ```
pub fn enclose<M: FixedPointMap>(map: &M, settings: &EnclosureSettings) -> Option<Enclosure> {
    let n = map.dim();
    let (mut low, mut high) = (vec![0.0; n], vec![0.0; n]);
    if !map.enclosure_box_into(&mut low, &mut high) {
        return None;
    }
    let sizes = low
        .iter()
        .zip(&high)
        .map(|(low, high)| low.abs().max(high.abs()))
        .map(|size| if size > 0.0 { size } else { 1.0 })
        .collect();
    let mut contractor = Contractor {
        map,
        work: map.workspace(),
        image_low: vec![0.0; n],
        image_high: vec![0.0; n],
        sizes,
        images: 0,
        limit: settings.max_images,
    };
    let mut whole = Region { low, high };
    let patience = if settings.shaving {
        PATIENT_IMAGES
    } else {
        u64::MAX
    };
    let settled = settings.tolerance / 64.0;
    let mut outcome = contractor.contract(&mut whole, patience, |_, change| change <= settled);
    if settings.shaving {
        outcome = contractor.shave(&mut whole, outcome, settings.tolerance);
    }
    let bounds = match outcome {
        Outcome::Unknown => return None,
        Outcome::Empty => None,
        Outcome::Holds => {
            let width = contractor.width(&whole);
            Some(Bracket {
                lower: whole.low,
                upper: whole.high,
                width,
            })
        }
    };
    Some(Enclosure {
        bounds,
        images: contractor.images,
    })
}

/// A box.
#[derive(Clone)]
struct Region {
    low: Vec<f64>,
    high: Vec<f64>,
}

/// What the images of a box say of the fixed points in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// They lie in what is left of the box, if there are any.
    Holds,
    /// There are none.
    Empty,
    /// The map gives no image.
    Unknown,
}

struct Contractor<'m, M: FixedPointMap> {
    map: &'m M,
    work: M::Work,
    image_low: Vec<f64>,
    image_high: Vec<f64>,
    sizes: Vec<f64>,
    images: u64,
    limit: u64,
}

impl<M: FixedPointMap> Contractor<'_, M> {
    fn width_of(&self, region: &Region, n: usize) -> f64 {
        (region.high[n] - region.low[n]) / self.sizes[n]
    }

    fn width(&self, region: &Region) -> f64 {
        (0..self.sizes.len()).fold(0.0, |width, n| width.max(self.width_of(region, n)))
    }

    /// Cuts a box with its images until `settled`, which is told the largest part that any width lost in a step and the largest
    /// change of an end relative to the size of the first box.
    fn contract(
        &mut self,
        region: &mut Region,
        patience: u64,
        settled: impl Fn(f64, f64) -> bool,
    ) -> Outcome {
        let last = self.limit.min(self.images.saturating_add(patience));
        while self.images < last {
            self.images += 1;
            let known = self.map.enclose_image(
                &region.low,
                &region.high,
                &mut self.image_low,
                &mut self.image_high,
                &mut self.work,
            );
            if !known {
                return Outcome::Unknown;
            }
            let (mut part, mut change) = (0.0_f64, 0.0_f64);
            for n in 0..self.sizes.len() {
                // What is no number says nothing: `max` and `min` pass it over.
                let low = region.low[n].max(self.image_low[n]);
                let high = region.high[n].min(self.image_high[n]);
                if low > high {
                    return Outcome::Empty;
                }
                let lost = (low - region.low[n]).max(region.high[n] - high);
                if lost > 0.0 {
                    part = part.max(lost / (region.high[n] - region.low[n]));
                    change = change.max(lost / self.sizes[n]);
                    (region.low[n], region.high[n]) = (low, high);
                }
            }
            if settled(part, change) {
                break;
            }
        }
        Outcome::Holds
    }

    /// Cuts off slabs that hold no fixed point, component after component, until none goes any more.
    fn shave(&mut self, whole: &mut Region, mut outcome: Outcome, tolerance: f64) -> Outcome {
        while outcome == Outcome::Holds && self.images < self.limit && self.width(whole) > tolerance {
            let mut cut = false;
            for n in 0..self.sizes.len() {
                for from_below in [true, false] {
                    match self.shave_side(whole, n, from_below, tolerance) {
                        Some(shaved) => cut |= shaved,
                        None => return Outcome::Unknown,
                    }
                }
            }
            if !cut {
                break;
            }
            outcome = self.contract(whole, PATIENT_IMAGES, |part, _| part <= WORTHWHILE);
        }
        outcome
    }

    /// Cuts slabs off one side of one component; whether any went. `None` where the map gives no image.
    fn shave_side(&mut self, whole: &mut Region, n: usize, from_below: bool, tolerance: f64) -> Option<bool> {
        let mut shaved = false;
        let mut parts = PARTS.iter().peekable();
        while let Some(&&part) = parts.peek() {
            if self.width_of(whole, n) <= tolerance || self.images >= self.limit {
                break;
            }
            let (low, high) = (whole.low[n], whole.high[n]);
            let mut slab = whole.clone();
            let edge = if from_below {
                low + (high - low) * part
            } else {
                high - (high - low) * part
            };
            if !(low < edge && edge < high) {
                break;
            }
            if from_below {
                slab.high[n] = edge;
            } else {
                slab.low[n] = edge;
            }
            match self.contract(&mut slab, SLAB_IMAGES, |part, _| part <= WORTHWHILE) {
                Outcome::Unknown => return None,
                Outcome::Empty => {
                    let side = if from_below {
                        &mut whole.low
                    } else {
                        &mut whole.high
                    };
                    side[n] = edge;
                    shaved = true;
                }
                Outcome::Holds => {
                    parts.next();
                }
            }
        }
        Some(shaved)
    }
}
