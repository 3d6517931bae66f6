//! Candidates and slopes: proved, the same alone and among others, and left alone where slopes are steep or the map jumps.

use super::fixture::{Answer, Bench, MILD, Problem, bench, is_proved, problem};
use delever_solver::{Move, solve_by_contraction};
use proptest::prelude::*;

fn contract<const W: usize>(problems: &[Problem], broken: Option<usize>, tolerance: f64) -> Bench<W> {
    bench(solve_by_contraction, problems, broken, tolerance)
}

fn answers<const W: usize>(problems: &[Problem], tolerance: f64) -> Vec<Option<Answer>> {
    contract::<W>(problems, None, tolerance).answers
}

proptest! {
    #[test]
    fn answers_are_proved_and_the_same_alone_and_among_others(
        problems in prop::collection::vec(problem(), 1..20),
        tolerance in prop_oneof![Just(1e-6), Just(1e-10), Just(1e-12)],
    ) {
        let alone = answers::<1>(&problems, tolerance);
        prop_assert_eq!(&alone, &answers::<3>(&problems, tolerance));
        prop_assert_eq!(&alone, &answers::<8>(&problems, tolerance));
        for (problem, answer) in problems.iter().zip(&alone) {
            let Problem { top, matrix, .. } = problem;
            // How fast the map can contract in the norm of its weights.
            let rate = (0..2).map(|n| (matrix[n][0] * top[0] + matrix[n][1] * top[1]) / top[n]).fold(0.0, f64::max);
            let Some(answer) = answer else {
                prop_assert!(rate > 0.9, "not proved at a rate of {}", rate);
                continue;
            };
            is_proved(problem, answer, tolerance)?;
        }
    }
}

/// Two components move at two rates: after four steps their last two changes say all, so extrapolation ends.
#[test]
fn extrapolation_needs_few_steps_where_the_map_is_linear() {
    let steep = Problem {
        matrix: [[0.6, 0.2], [0.2, 0.6]],
        fall: [0.01, 0.003],
        ..MILD
    };
    let [Some(answer)] = &answers::<1>(&[steep], 1e-10)[..] else {
        panic!("certified");
    };
    assert!(answer.iterations <= 6, "{}", answer.iterations);
}

#[test]
fn nothing_happens_where_nothing_falls() {
    let still = Problem {
        fall: [0.0; 2],
        ..MILD
    };
    let [Some(answer)] = &answers::<1>(&[still], 1e-10)[..] else {
        panic!("certified");
    };
    assert_eq!(
        (answer.point, answer.upper, answer.iterations),
        ([1.0; 2], [1.0; 2], 1)
    );
}

#[test]
fn jumps_on_the_way_and_steep_slopes_are_left_to_others() {
    let passed = Problem {
        jump: Some((0.99, 0.1)),
        ..MILD
    };
    let below = Problem {
        jump: Some((0.9, 0.1)),
        ..MILD
    };
    let steep = Problem {
        matrix: [[0.6, 0.3999], [0.3999, 0.6]],
        fall: [1e-5, 0.0],
        ..MILD
    };
    let problems = [MILD, passed, below, steep, MILD, MILD];
    let bench = contract::<4>(&problems, Some(4), 1e-10);
    let found: Vec<bool> = bench.answers.iter().map(Option::is_some).collect();
    assert_eq!(found, [true, false, true, false, false, true]);
    assert_eq!(bench.answers[0], bench.answers[5]);
    // What is no number is gone with its problem.
    let after = contract::<1>(&[MILD, MILD, MILD], Some(1), 1e-10).answers;
    assert!(after[0].is_some() && after[0] == after[2] && after[1].is_none());
}

#[test]
fn all_digits_are_settled_where_they_are_asked_for() {
    let [Some(answer)] = &answers::<1>(&[MILD], 1e-12)[..] else {
        panic!("certified");
    };
    assert_eq!(answer.residual, 0.0);
    assert_eq!(contract::<1>(&[MILD], None, 1e-12).moves[0], [Move::Begin]);
}
