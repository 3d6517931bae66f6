//! Balls: centers are what doubles give, ends hold what intervals hold, lanes never mix.

use delever_core::{Ball, Interval, Real};
use proptest::prelude::*;

/// A formula with every operation that models use.
#[derive(Clone, Copy, Debug)]
enum Formula {
    Money,
    Fraction,
    SignedFraction,
    Threshold,
    Survival,
    Power,
    Floored,
}

const FORMULAS: [Formula; 7] = [
    Formula::Money,
    Formula::Fraction,
    Formula::SignedFraction,
    Formula::Threshold,
    Formula::Survival,
    Formula::Power,
    Formula::Floored,
];

impl Formula {
    /// `x, y, z > 0`; sums of the first and the second are of either sign.
    fn at<N: Real>(self, x: N, y: N, z: N) -> N {
        let (one, zero) = (N::from(1.0), N::from(0.0));
        match self {
            Self::Money => (y - (z - one) * (x - y)).at_least(0.0),
            Self::Fraction => (x - y * z).fraction_of(z + x),
            Self::SignedFraction => (x - y * z).signed_fraction_of(z),
            Self::Threshold => x.if_below(y, || x / (one + z), || y.fraction_of(x)),
            Self::Survival => (zero - x / (y + z)).exp() * z,
            Self::Power => (one - y * (x / z).pow(0.6)).at_least(0.0),
            Self::Floored => ((x - y).at_least(0.0).at_most(2.0) * z).sqrt() + (x / z).one_minus_tanh(),
        }
    }
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        1e-3..1e3,
        (-9.0..9.0).prop_map(|e: f64| 10.0_f64.powf(e)),
        Just(1.0),
        Just(0.25)
    ]
}

fn lanes<const W: usize>(values: &[[f64; 3]; 8], place: usize, from: usize) -> Ball<W> {
    Ball::given(std::array::from_fn(|l| values[from + l][place]))
}

proptest! {
    #[test]
    fn centers_are_doubles_and_ends_reach_around_the_exact_value(
        values in proptest::array::uniform8([number(), number(), number()]),
        which in 0..FORMULAS.len(),
    ) {
        let formula = FORMULAS[which];
        let ball: Ball<8> = formula.at(lanes(&values, 0, 0), lanes(&values, 1, 0), lanes(&values, 2, 0));
        let (low, high) = (ball.end([-1.0; 8]), ball.end([1.0; 8]));
        for (l, &[x, y, z]) in values.iter().enumerate() {
            let value: f64 = formula.at(x, y, z);
            prop_assert_eq!(ball.center[l].to_bits(), value.to_bits(), "{:?} {} {}", formula, ball.center[l], value);
            // The exact value lies in both: where they do not meet, one of them is wrong.
            let exact: Interval = formula.at(Interval::from(x), Interval::from(y), Interval::from(z));
            prop_assert!(low[l] <= exact.high && exact.low <= high[l], "{:?}: {:?} {} {}", formula, exact, low[l], high[l]);
            let alone: Ball<1> = formula.at(lanes(&values, 0, l), lanes(&values, 1, l), lanes(&values, 2, l));
            prop_assert_eq!(alone.center[0].to_bits(), ball.center[l].to_bits());
            prop_assert_eq!(alone.radius[0].to_bits(), ball.radius[l].to_bits());
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
        let around = |value: f64| Ball::<1> { center: [value], radius: [value * spread] };
        let inside = |value: f64, part: f64| Interval::from(value + value * spread * part * 0.999);
        let ball = formula.at(around(x), around(y), around(z));
        let exact = formula.at(inside(x, parts[0]), inside(y, parts[1]), inside(z, parts[2]));
        prop_assert!(
            ball.end([-1.0])[0] <= exact.high && exact.low <= ball.end([1.0])[0],
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
        let [several] = delever_core::elementary::exp_side_by_side([x]);
        assert_eq!(
            several.to_bits(),
            delever_core::elementary::exp(x).to_bits(),
            "{x:e}"
        );
    }
    assert!(delever_core::elementary::exp_side_by_side([f64::NAN])[0].is_nan());
}
