//! Small maps with known fixed points: every status, and no claim that does not hold.

use delever_solver::linear::NonNegativeRows;
use delever_solver::{
    End, FixedPointMap, MapShape, Method, Precision, Settings, Solution, Status, Step, solve,
};
use std::ops::ControlFlow;

/// A map of one number on `[0, 1]`, given as three functions.
struct Scalar {
    nearest: fn(f64) -> f64,
    above: fn(f64) -> f64,
    below: fn(f64) -> f64,
    shape: MapShape,
}

const ORDERED: MapShape = MapShape {
    isotone: true,
    bounded: true,
    from_below: true,
};

impl FixedPointMap for Scalar {
    type Work = ();
    fn dim(&self) -> usize {
        1
    }
    fn workspace(&self) {}
    fn bounds_into(&self, bottom: &mut [f64], top: &mut [f64]) {
        (bottom[0], top[0]) = (0.0, 1.0);
    }
    fn apply(&self, x: &[f64], out: &mut [f64], (): &mut ()) {
        out[0] = (self.nearest)(x[0]);
    }
    fn apply_above(&self, x: &[f64], out: &mut [f64], _: Precision, (): &mut ()) {
        out[0] = (self.above)(x[0]);
    }
    fn apply_below(&self, x: &[f64], out: &mut [f64], _: Precision, (): &mut ()) {
        out[0] = (self.below)(x[0]);
    }
    fn shape(&self) -> MapShape {
        self.shape
    }
}

fn run(map: &Scalar, end: End) -> Solution {
    solve(map, end, &Settings::default(), &mut ())
}

#[test]
fn a_contraction_is_certified_from_both_ends() {
    let map = Scalar {
        nearest: |x| 0.25 * x + 0.25,
        above: |x| (0.25 * x + 0.25).next_up(),
        below: |x| (0.25 * x + 0.25).next_down(),
        shape: ORDERED,
    };
    for end in [End::Greatest, End::Least] {
        let solution = run(&map, end);
        let bracket = solution.bracket.expect("bounded");
        assert_eq!(solution.status, Status::Certified);
        assert!(bracket.lower[0] <= 1.0 / 3.0 && 1.0 / 3.0 <= bracket.upper[0]);
        assert!((solution.point[0] - 1.0 / 3.0).abs() < 1e-15);
    }
}

#[test]
fn a_point_at_which_only_rounding_rests_is_not_certified() {
    // T(x) = x (1 - 2^-60): the only fixed point is 0, and no double but 0 moves in ordinary rounding.
    let map = Scalar {
        nearest: |x| x,
        above: |x| x,
        below: |x| x.next_down().max(0.0),
        shape: ORDERED,
    };
    let solution = run(&map, End::Greatest);
    let bracket = solution.bracket.expect("bounded");
    assert_eq!(solution.status, Status::Bracketed);
    assert!(bracket.lower[0] <= 0.0, "the bracket holds the true fixed point");
    assert_eq!(solution.residual, 0.0, "a residual of zero proves nothing");
}

#[test]
fn a_fixed_point_on_a_closed_threshold_is_certified_where_the_map_is_exact_there() {
    let map = Scalar {
        nearest: |x| if x >= 0.5 { 0.5 } else { 0.2 },
        above: |x| if x >= 0.5 { 0.5 } else { 0.2 },
        below: |x| if x >= 0.5 { 0.5 } else { 0.2 },
        shape: MapShape {
            from_below: false,
            ..ORDERED
        },
    };
    let greatest = run(&map, End::Greatest);
    assert_eq!((greatest.status, greatest.point[0]), (Status::Certified, 0.5));
    let least = run(&map, End::Least);
    assert_eq!((least.status, least.point[0]), (Status::Certified, 0.2));
}

#[test]
fn a_limit_from_below_that_is_no_fixed_point_is_passed() {
    // Rising iteration tends to 0.5, where the map jumps to 0.75.
    let map = Scalar {
        nearest: |x| {
            if x >= 0.5 {
                0.75
            } else {
                (0.25 + 0.5 * x).min(0.5_f64.next_down())
            }
        },
        above: |x| {
            if x.next_up() >= 0.5 {
                0.75
            } else {
                (0.25 + 0.5 * x).next_up()
            }
        },
        below: |x| {
            if x >= 0.5 {
                0.75
            } else {
                (0.25 + 0.5 * x).next_down()
            }
        },
        shape: MapShape {
            from_below: false,
            ..ORDERED
        },
    };
    let solution = run(&map, End::Least);
    assert_eq!(solution.point[0], 0.75);
    assert_eq!(
        solution.status,
        Status::Bracketed,
        "rounding cannot tell whether the jump is reached"
    );
}

#[test]
fn without_stated_rounding_a_fixed_point_is_bracketed_without_a_bracket() {
    let shape = MapShape {
        bounded: false,
        ..ORDERED
    };
    let map = Scalar {
        nearest: |x| 0.25 * x + 0.25,
        above: |x| x,
        below: |x| x,
        shape,
    };
    let solution = run(&map, End::Greatest);
    assert_eq!((solution.status, solution.bracket), (Status::Bracketed, None));
}

#[test]
fn a_false_declaration_of_order_is_noticed() {
    let decreasing = |x: f64| 1.0 - 0.5 * x;
    let map = Scalar {
        nearest: decreasing,
        above: decreasing,
        below: decreasing,
        shape: ORDERED,
    };
    assert_eq!(run(&map, End::Greatest).status, Status::Unordered);
}

#[test]
fn unordered_maps_settle_damped_or_stall() {
    let shape = MapShape::default();
    let map = Scalar {
        nearest: |x| 1.0 - x,
        above: |x| x,
        below: |x| x,
        shape,
    };
    let solution = run(&map, End::Greatest);
    assert_eq!(solution.status, Status::Unordered);
    assert!((solution.point[0] - 0.5).abs() < 1e-12 && solution.bracket.is_none());
    // No fixed point at all.
    let map = Scalar {
        nearest: |x| if x < 0.5 { 1.0 } else { 0.0 },
        above: |x| x,
        below: |x| x,
        shape,
    };
    assert_eq!(run(&map, End::Greatest).status, Status::Stalled);
}

#[test]
fn limits_nonsense_and_interrupts_are_statuses_with_the_best_iterate() {
    let slow = |x: f64| 0.999 * x;
    let map = Scalar {
        nearest: slow,
        above: slow,
        below: slow,
        shape: ORDERED,
    };
    let settings = Settings {
        max_iterations: 10,
        method: Method::Iteration,
        ..Settings::default()
    };
    let solution = solve(&map, End::Greatest, &settings, &mut ());
    assert_eq!(solution.status, Status::MaxIterations);
    assert!(
        solution
            .bracket
            .is_some_and(|bracket| bracket.upper[0] < 1.0 && bracket.lower[0] == 0.0)
    );

    let mut steps = 0;
    let mut stop = |step: Step<'_>| {
        steps = step.iteration;
        if step.iteration == 5 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let solution = solve(&map, End::Greatest, &Settings::default(), &mut stop);
    assert_eq!((solution.status, steps), (Status::Interrupted, 5));
    assert!(solution.point[0] < 1.0);

    let nonsense = |x: f64| if x > 0.9 { 0.5 * x } else { f64::NAN };
    let map = Scalar {
        nearest: nonsense,
        above: nonsense,
        below: nonsense,
        shape: ORDERED,
    };
    let solution = run(&map, End::Greatest);
    assert_eq!(solution.status, Status::NonFinite);
    assert!(solution.point[0].is_finite());
}

/// A contraction of two numbers that claims a slope it does not have: the second number does not move at all.
struct SteepLiar;

impl FixedPointMap for SteepLiar {
    type Work = ();
    fn dim(&self) -> usize {
        2
    }
    fn workspace(&self) {}
    fn bounds_into(&self, bottom: &mut [f64], top: &mut [f64]) {
        bottom.fill(0.0);
        top.fill(1.0);
    }
    fn apply(&self, x: &[f64], out: &mut [f64], (): &mut ()) {
        (out[0], out[1]) = (0.5 * x[0], 1.0);
    }
    fn apply_above(&self, x: &[f64], out: &mut [f64], _: Precision, work: &mut ()) {
        self.apply(x, out, work);
    }
    fn apply_below(&self, x: &[f64], out: &mut [f64], _: Precision, work: &mut ()) {
        self.apply(x, out, work);
    }
    fn slopes_into(&self, _: End, _: &[f64], _: &[f64], rows: &mut NonNegativeRows, (): &mut ()) -> bool {
        rows.push(0, 0.5);
        rows.end_row();
        rows.push(0, 0.5);
        rows.end_row();
        true
    }
    fn shape(&self) -> MapShape {
        ORDERED
    }
}

#[test]
fn slopes_that_are_not_there_are_noticed_and_nothing_is_claimed() {
    let settings = Settings {
        method: Method::Policy,
        ..Settings::default()
    };
    let solution = solve(&SteepLiar, End::Greatest, &settings, &mut ());
    assert_eq!(solution.status, Status::Unordered);
    assert_eq!(solution.bracket, None);
}

/// `T(x) = max(0, x - (x - 3/4)^2 + shift)` on `[0, 1]`: the greatest fixed point is `3/4 + sqrt(shift)`, and 0 where the
/// shift is below 0. Slopes are those of the box.
struct Tangent {
    shift: f64,
}

impl Tangent {
    fn rounded(&self, x: f64, toward: fn(f64) -> f64) -> f64 {
        let away = if toward(1.0) > 1.0 {
            f64::next_down
        } else {
            f64::next_up
        };
        let d = x - 0.75; // exact beyond 3/8, and below that far from all that is tested
        let square = away(d * d);
        toward(toward(x - square) + self.shift).max(0.0)
    }
}

impl FixedPointMap for Tangent {
    type Work = ();
    fn dim(&self) -> usize {
        1
    }
    fn workspace(&self) {}
    fn bounds_into(&self, bottom: &mut [f64], top: &mut [f64]) {
        bottom[0] = 0.0;
        top[0] = 1.0;
    }
    fn apply(&self, x: &[f64], out: &mut [f64], (): &mut ()) {
        out[0] = (x[0] - (x[0] - 0.75) * (x[0] - 0.75) + self.shift).max(0.0);
    }
    fn apply_above(&self, x: &[f64], out: &mut [f64], _: Precision, (): &mut ()) {
        out[0] = self.rounded(x[0], f64::next_up);
    }
    fn apply_below(&self, x: &[f64], out: &mut [f64], _: Precision, (): &mut ()) {
        out[0] = self.rounded(x[0], f64::next_down);
    }
    fn slopes_into(
        &self,
        _: End,
        anchor: &[f64],
        other: &[f64],
        rows: &mut NonNegativeRows,
        (): &mut (),
    ) -> bool {
        // Where the image may be 0, nothing.
        let positive = anchor[0].min(other[0]) > 0.5;
        let slope = (1.0 - 2.0 * (anchor[0].max(other[0]) - 0.75)) * (1.0 - 1e-14);
        rows.push(0, if positive { slope } else { 0.0 });
        rows.end_row();
        true
    }
    fn slopes_bend(&self) -> bool {
        true
    }
    fn shape(&self) -> MapShape {
        MapShape {
            isotone: true,
            bounded: true,
            from_below: true,
        }
    }
}

#[test]
fn a_curved_map_takes_few_steps_close_to_a_tangency() {
    for exponent in [10, 20, 30, 40] {
        let root = 2.0_f64.powi(-exponent / 2);
        let map = Tangent { shift: root * root };
        for (method, tolerance) in [
            (Method::Automatic, 1e-8),
            (Method::Policy, 1e-8),
            (Method::Automatic, 1e-4),
        ] {
            let settings = Settings {
                method,
                tolerance,
                ..Settings::default()
            };
            let solution = solve(&map, End::Greatest, &settings, &mut ());
            assert_eq!(
                solution.status,
                Status::Certified,
                "shift 2^-{exponent}, {method:?}"
            );
            let bracket = solution.bracket.expect("certified");
            assert!(bracket.lower[0] <= 0.75 + root && 0.75 + root <= bracket.upper[0]);
            assert!(
                solution.policy_steps <= 30 && solution.iterations <= 1_000,
                "{} steps, {} applications",
                solution.policy_steps,
                solution.iterations
            );
        }
    }
}

#[test]
fn a_curved_map_passes_a_tangency_that_it_misses() {
    for exponent in [10, 20, 30] {
        let map = Tangent {
            shift: -(2.0_f64.powi(-exponent)),
        };
        let solution = solve(&map, End::Greatest, &Settings::default(), &mut ());
        assert_eq!(solution.status, Status::Certified, "shift -2^-{exponent}");
        assert_eq!(solution.bracket.expect("certified").upper, [0.0]);
        assert!(
            solution.iterations <= 1_000,
            "{} applications",
            solution.iterations
        );
    }
}
