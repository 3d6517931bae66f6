//! Balls: centers are what doubles give, ends hold what intervals hold, lanes never mix.

use super::formula::{FORMULAS, Formula, number};
use delever_core::elementary::{exp, exp_side_by_side};
use delever_core::{Ball, Interval, LANES, Pack, PackedWork, Plain, Real, Single, vectorized};
use proptest::prelude::*;

/// A formula in the widest registers that there are: centers and radii.
struct Wide {
    formula: Formula,
    arguments: [Ball<Plain>; 3],
}

impl PackedWork for Wide {
    type Output = Ball<Plain>;

    fn run<P: Pack<Array = [f64; LANES]>>(self, like: P) -> Ball<Plain> {
        let [x, y, z] = self.arguments.map(|ball| ball.load(like));
        self.formula.at(x, y, z).load(Plain::of([0.0; LANES]))
    }
}

/// The same in doubles without bounds.
struct Doubles {
    formula: Formula,
    arguments: [[f64; LANES]; 3],
}

impl PackedWork for Doubles {
    type Output = [f64; LANES];

    fn run<P: Pack<Array = [f64; LANES]>>(self, like: P) -> [f64; LANES] {
        let [x, y, z] = self.arguments.map(|lanes| like.load(lanes));
        self.formula.at(x, y, z).lanes()
    }
}

proptest! {
    #[test]
    fn centers_are_doubles_and_ends_reach_around_the_exact_value(
        values in proptest::array::uniform8([number(), number(), number()]),
        which in 0..FORMULAS.len(),
    ) {
        let formula = FORMULAS[which];
        let arguments = [0, 1, 2].map(|place| Ball::given(values.map(|lane| lane[place])));
        let ball: Ball<Plain> = formula.at(arguments[0], arguments[1], arguments[2]);
        let wide = vectorized(Wide { formula, arguments });
        let end = |side: f64| ball.end(Plain::of([side; LANES])).lanes();
        let (low, high) = (end(-1.0), end(1.0));
        let (center, radius) = (ball.center.lanes(), ball.radius.lanes());
        for (l, &[x, y, z]) in values.iter().enumerate() {
            let value: f64 = formula.at(x, y, z);
            prop_assert_eq!(center[l].to_bits(), value.to_bits(), "{:?} {} {}", formula, center[l], value);
            // The exact value lies in both: where they do not meet, one of them is wrong.
            let exact: Interval = formula.at(Interval::from(x), Interval::from(y), Interval::from(z));
            prop_assert!(low[l] <= exact.high && exact.low <= high[l], "{:?}: {:?} {} {}", formula, exact, low[l], high[l]);
            let alone: Ball<Single> = formula.at(Ball::given([x]), Ball::given([y]), Ball::given([z]));
            for (center_of, radius_of) in [
                (alone.center.lanes()[0], alone.radius.lanes()[0]),
                (wide.center.lanes()[l], wide.radius.lanes()[l]),
            ] {
                prop_assert_eq!(center_of.to_bits(), center[l].to_bits(), "{:?}", formula);
                prop_assert_eq!(radius_of.to_bits(), radius[l].to_bits(), "{:?}", formula);
            }
        }
    }

    #[test]
    fn doubles_in_lanes_are_doubles(
        values in prop::array::uniform8([number(), number(), number()]),
        which in 0..FORMULAS.len(),
    ) {
        let formula = FORMULAS[which];
        let arguments = [0, 1, 2].map(|place| values.map(|lane| lane[place]));
        for (l, computed) in vectorized(Doubles { formula, arguments }).into_iter().enumerate() {
            let [x, y, z] = values[l];
            let value: f64 = formula.at(x, y, z);
            prop_assert_eq!(computed.to_bits(), value.to_bits(), "{:?} {} {}", formula, computed, value);
        }
    }

    /// A radius that is already there is carried on: the ball around a moved argument still holds the exact value.
    #[test]
    fn a_radius_is_carried_through_every_operation(
        [x, y, z] in [number(), number(), number()],
        parts in [-1.0..1.0_f64, -1.0..1.0_f64, -1.0..1.0_f64],
        spread in (1e-12..1e-3_f64),
        which in 0..FORMULAS.len(),
    ) {
        let formula = FORMULAS[which];
        let around = |value: f64| Ball::<Single> { center: Single::of([value]), radius: Single::of([value * spread]) };
        let inside = |value: f64, part: f64| Interval::from(value + value * spread * part * 0.999);
        let ball = formula.at(around(x), around(y), around(z));
        let exact = formula.at(inside(x, parts[0]), inside(y, parts[1]), inside(z, parts[2]));
        prop_assert!(
            ball.end(Single::of([-1.0])).lanes()[0] <= exact.high
                && exact.low <= ball.end(Single::of([1.0])).lanes()[0],
            "{:?}: {:?} not in {:?}", formula, exact, ball
        );
    }
}

#[test]
fn an_exponential_side_by_side_has_the_bits_of_one_alone() {
    let points = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        1e-320,
        -1e-9,
        -745.3,
        -745.1,
        -720.0,
        -708.5,
        709.7,
        709.8,
        1e300,
        -1e300,
        f64::INFINITY,
        f64::NEG_INFINITY,
        0.010_830_424_696_249_145,
        -0.010_830_424_696_249_145,
    ];
    let mut x = -800.0;
    let dense = std::iter::from_fn(|| {
        x += 0.000_917;
        (x < 0.5).then_some(x)
    });
    for x in points.into_iter().chain(dense) {
        for value in vectorized(Exponential([x; LANES])) {
            assert_eq!(value.to_bits(), exp(x).to_bits(), "{x:e}");
        }
        let [alone] = exp_side_by_side(Single::of([x])).lanes();
        assert_eq!(alone.to_bits(), exp(x).to_bits(), "{x:e}");
    }
    assert!(vectorized(Exponential([f64::NAN; LANES]))[0].is_nan());
    assert!(exp_side_by_side(Single::of([f64::NAN])).lanes()[0].is_nan());
}

struct Exponential([f64; LANES]);

impl PackedWork for Exponential {
    type Output = [f64; LANES];

    fn run<P: Pack<Array = [f64; LANES]>>(self, like: P) -> [f64; LANES] {
        exp_side_by_side(like.load(self.0)).lanes()
    }
}
