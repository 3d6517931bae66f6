//! Jets of balls: no number moves faster than its slope says, and none jumps where that is finite.

use super::formula::{FORMULAS, number};
use delever_core::{Ball, BallJet, LANES, Pack, PackedWork, Plain, Real, Single, vectorized};
use proptest::prelude::*;

/// What a jet says of a number: the ends of its range and how steep it is.
fn read(jet: BallJet<Single>) -> [f64; 3] {
    let end = |side: f64| jet.value.end(Single::of([side])).lanes()[0];
    [end(-1.0), end(1.0), jet.steepness().lanes()[0]]
}

/// A jet in the widest registers that there are.
struct Wide {
    which: usize,
    arguments: [BallJet<Plain>; 3],
}

impl PackedWork for Wide {
    type Output = BallJet<Plain>;

    fn run<P: Pack<Array = [f64; LANES]>>(self, like: P) -> BallJet<Plain> {
        let [x, y, z] = self.arguments.map(|jet| jet.load(like));
        FORMULAS[self.which].at(x, y, z).load(Plain::of([0.0; LANES]))
    }
}

proptest! {
    /// All three arguments move, each in its own direction, along a line through the box.
    #[test]
    fn numbers_stay_in_their_range_and_move_no_faster_than_their_slopes(
        middles in prop::array::uniform3(number()),
        spread in prop_oneof![Just(0.0), 1e-9..1e-6_f64, 0.001..0.2_f64],
        directions in prop::array::uniform3(-1.0..1.0_f64),
        places in prop::array::uniform2(-1.0..1.0_f64),
        which in 0..FORMULAS.len(),
    ) {
        let formula = FORMULAS[which];
        let arguments: [[f64; 3]; 3] = std::array::from_fn(|n| {
            let reach = middles[n] * spread;
            [middles[n], reach, directions[n] * reach]
        });
        let jet = |[middle, reach, slope]: [f64; 3]| {
            let value = Ball { center: Single::of([middle]), radius: Single::of([reach * (1.0 + 1e-12)]) };
            BallJet::moving(value, Single::of([slope]))
        };
        let [x, y, z] = arguments.map(jet);
        let alone = formula.at(x, y, z);
        let [low, high, steepness] = read(alone);
        let value_at = |place: f64| -> f64 {
            let [x, y, z] = arguments.map(|[middle, _, slope]| middle + place * slope);
            formula.at(x, y, z)
        };
        let [a, b] = places.map(value_at);
        for value in [a, b] {
            let rounding = 1e-13 * (1.0 + value.abs());
            // What is no number says nothing.
            prop_assert!(!(value < low - rounding) && !(value > high + rounding), "{:?}: {} not in {:?}", formula, value, (low, high));
        }
        let scale: f64 = arguments.iter().map(|[middle, ..]| middle.abs()).sum::<f64>() + a.abs() + b.abs();
        let moved = (a - b).abs() - 1e-12 * scale * (1.0 + scale);
        prop_assert!(moved <= steepness * (places[0] - places[1]).abs(), "{:?}: {} to {}, steepness {}", formula, a, b, steepness);

        let spread_out = |part: fn(BallJet<Single>) -> Single, jet: BallJet<Single>| Plain::of([part(jet).lanes()[0]; LANES]);
        let wide = |jet: BallJet<Single>| BallJet {
            value: Ball { center: spread_out(|jet| jet.value.center, jet), radius: spread_out(|jet| jet.value.radius, jet) },
            slope: Ball { center: spread_out(|jet| jet.slope.center, jet), radius: spread_out(|jet| jet.slope.radius, jet) },
        };
        let computed = vectorized(Wide { which, arguments: [x, y, z].map(wide) });
        let bits = |lanes: &[f64]| lanes.iter().map(|lane| lane.to_bits()).collect::<Vec<_>>();
        for lane in computed.steepness().lanes() {
            prop_assert_eq!(bits(&[lane]), bits(&alone.steepness().lanes()), "{:?}", formula);
        }
    }
}

#[test]
fn kinks_hold_both_slopes_and_jumps_none() {
    let x = BallJet::<Single>::moving(
        Ball {
            center: Single::of([1.5]),
            radius: Single::of([0.5]),
        },
        Single::of([1.0]),
    );
    let constant = |value: f64| BallJet::<Single>::from(value);
    let steepness = |jet: BallJet<Single>| read(jet)[2];
    let near = |value: f64, expected: f64| (expected..expected * 1.001).contains(&value);
    // Flat on one side.
    assert!(near(steepness((x - constant(1.2)).at_least(0.0)), 1.0));
    assert!(near(steepness(x.at_most(1.7)), 1.0));
    assert!(near(steepness(x.fraction_of(constant(1.9))), 1.0 / 1.9));
    // Flat everywhere.
    assert_eq!(steepness(x.at_most(0.5)), 0.0);
    assert_eq!(steepness(x.at_least(2.5)), 0.0);
    assert_eq!(steepness(x.fraction_of(constant(0.5))), 0.0);
    assert_eq!(steepness((constant(0.5) - x).fraction_of(x)), 0.0);
    // A jump, decided and not.
    let jump = |at: f64| x.if_below(constant(at), || constant(0.0), || constant(1.0));
    assert_eq!(steepness(jump(0.5)), 0.0);
    assert_eq!(steepness(jump(2.5)), 0.0);
    assert_eq!(steepness(jump(1.5)), f64::INFINITY);
    // Of nothing, everything is a fraction: it jumps.
    assert_eq!(
        steepness(constant(1.0).fraction_of(x - constant(1.5))),
        f64::INFINITY
    );
}
