//! Boxes that hold every fixed point: where images narrow, where only shaving does, where there is nothing to hold.

use delever_solver::{Enclosure, EnclosureSettings, FixedPointMap, MapShape, enclose};

/// A map of one number in `[0, 1]` with bounds of its images of intervals.
struct Scalar<F, G> {
    map: F,
    image: G,
}

impl<F: Fn(f64) -> f64, G: Fn(f64, f64) -> Option<(f64, f64)>> FixedPointMap for Scalar<F, G> {
    type Work = ();
    fn dim(&self) -> usize {
        1
    }
    fn workspace(&self) {}
    fn bounds_into(&self, bottom: &mut [f64], top: &mut [f64]) {
        (bottom[0], top[0]) = (0.0, 1.0);
    }
    fn apply(&self, x: &[f64], out: &mut [f64], (): &mut ()) {
        out[0] = (self.map)(x[0]);
    }
    fn enclose_image(
        &self,
        low: &[f64],
        high: &[f64],
        out_low: &mut [f64],
        out_high: &mut [f64],
        (): &mut (),
    ) -> bool {
        match (self.image)(low[0], high[0]) {
            Some(image) => {
                (out_low[0], out_high[0]) = image;
                true
            }
            None => false,
        }
    }
    fn shape(&self) -> MapShape {
        MapShape::default()
    }
}

/// A falling map whose images are those of the ends, rounded outward.
fn falling(map: impl Fn(f64) -> f64 + Copy) -> impl FixedPointMap {
    Scalar {
        map,
        image: move |low: f64, high: f64| Some((map(high).next_down(), map(low).next_up())),
    }
}

fn with(map: &impl FixedPointMap, max_images: u64, shaving: bool) -> Enclosure {
    let settings = EnclosureSettings {
        tolerance: 1e-12,
        max_images,
        shaving,
    };
    enclose(map, &settings).expect("the map bounds its images")
}

fn bounds(enclosure: &Enclosure) -> (f64, f64, f64) {
    let bounds = enclosure.bounds.as_ref().expect("not empty");
    (bounds.lower[0], bounds.upper[0], bounds.width)
}

#[test]
fn bounds_close_in_by_themselves_where_the_map_contracts() {
    let map = falling(|x| (1.0 - x) / 2.0);
    let enclosure = with(&map, 1_000, false);
    let (lower, upper, width) = bounds(&enclosure);
    assert!(
        lower <= 1.0 / 3.0 && 1.0 / 3.0 <= upper && width < 1e-13,
        "{enclosure:?}"
    );
    assert!(enclosure.images < 100, "{enclosure:?}");
}

#[test]
fn shaving_finds_what_turning_the_box_around_does_not() {
    let map = falling(|x| 1.0 - x);
    assert_eq!(bounds(&with(&map, 1_000, false)).2, 1.0);
    let (lower, upper, width) = bounds(&with(&map, 1_000, true));
    assert!(lower <= 0.5 && 0.5 <= upper && width <= 1e-12);
}

#[test]
fn every_box_on_the_way_holds_every_fixed_point() {
    // Three of them: 0, 1/2 and 1.
    let cubic = |x: f64| x + 2.0 * x * (x - 0.5) * (1.0 - x);
    let lipschitz = 3.0;
    let map = Scalar {
        map: cubic,
        image: move |low: f64, high: f64| {
            let (middle, reach) = (cubic(low.midpoint(high)), lipschitz * (high - low) / 2.0);
            Some((middle - reach - 1e-15, middle + reach + 1e-15))
        },
    };
    for max_images in 0..50 {
        let (lower, upper, _) = bounds(&with(&map, max_images, true));
        assert!(lower <= 0.0 && upper >= 1.0, "{max_images}");
    }
    // And one, wherever the work ends.
    let map = falling(|x| 0.9 * (1.0 - x));
    let fixed = 0.9 / 1.9;
    let mut last = f64::INFINITY;
    for max_images in 0..400 {
        let enclosure = with(&map, max_images, true);
        let (lower, upper, width) = bounds(&enclosure);
        assert!(lower <= fixed && fixed <= upper && enclosure.images <= max_images);
        assert!(width <= last, "more work never widens the box");
        last = width;
    }
    assert!(last <= 1e-12);
}

#[test]
fn a_jump_leaves_the_place_where_a_fixed_point_would_be() {
    let step = |x: f64| if x < 0.3 { 1.0 } else { 0.0 };
    let map = Scalar {
        map: step,
        image: move |low: f64, high: f64| Some((step(high), step(low))),
    };
    let (lower, upper, width) = bounds(&with(&map, 1_000, true));
    assert!(lower < 0.3 && 0.3 <= upper && width <= 1e-12, "{lower} {upper}");
}

#[test]
fn an_image_beside_the_box_proves_that_there_is_no_fixed_point() {
    let map = Scalar {
        map: |x| x + 2.0,
        image: |low: f64, high: f64| Some((low + 2.0, high + 2.0)),
    };
    let enclosure = with(&map, 1_000, true);
    assert_eq!((enclosure.bounds, enclosure.images), (None, 1));
}

#[test]
fn what_is_no_number_says_nothing_and_a_map_without_images_is_not_enclosed() {
    let map = Scalar {
        map: |x| x,
        image: |_: f64, _: f64| Some((f64::NAN, f64::INFINITY)),
    };
    assert_eq!(bounds(&with(&map, 1_000, true)), (0.0, 1.0, 1.0));
    let silent = Scalar {
        map: |x| x,
        image: |_: f64, _: f64| None,
    };
    assert_eq!(enclose(&silent, &EnclosureSettings::default()), None);
}
