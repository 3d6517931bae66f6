//! From above, each step rounded up: proved, the same alone and among others, and left alone where it is not the right way.

use super::fixture::{Answer, Bench, MILD, Problem, bench, exact, is_proved, problem};
use delever_solver::{Move, solve_side_by_side};
use proptest::prelude::*;

fn answers<const W: usize>(problems: &[Problem], tolerance: f64) -> Vec<Option<Answer>> {
    descend::<W>(problems, None, tolerance).answers
}

fn descend<const W: usize>(problems: &[Problem], broken: Option<usize>, tolerance: f64) -> Bench<W> {
    bench(solve_side_by_side, problems, broken, tolerance)
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
            let answer = answer.as_ref().expect("contractions are certified");
            is_proved(problem, answer, tolerance)?;
        }
    }
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
fn what_a_jump_leaves_above_is_found_and_proved() {
    // The chain passes 0.99 and falls by a tenth; the fixed point below is the greatest, since none lies above the threshold.
    let jumping = Problem {
        jump: Some((0.99, 0.1)),
        ..MILD
    };
    let steady = Problem {
        jump: Some((0.9, 0.1)),
        ..MILD
    };
    let both = answers::<2>(&[jumping, steady], 1e-10);
    let [Some(fell), Some(stayed)] = &both[..] else {
        panic!("{both:?}");
    };
    assert!(fell.point[0] < 0.9 && stayed.point[0] > 0.98);
    let alone = exact(&Problem {
        fall: [0.11, 0.1],
        ..MILD
    });
    assert!(
        (fell.point[0] - alone[0]).abs() < 1e-9,
        "{} {}",
        fell.point[0],
        alone[0]
    );
}

#[test]
fn slow_ways_and_broken_maps_are_given_up_and_leave_others_alone() {
    let slow = Problem {
        matrix: [[0.6, 0.3999], [0.3999, 0.6]],
        fall: [1e-5, 0.0],
        ..MILD
    };
    let problems = [MILD, slow, MILD, MILD];
    let bench = descend::<2>(&problems, Some(2), 1e-10);
    let found: Vec<bool> = bench.answers.iter().map(Option::is_some).collect();
    assert_eq!(found, [true, false, false, true]);
    assert_eq!(bench.answers[0], bench.answers[3]);
}

/// Falls where its argument rises: not what it says of itself.
#[test]
fn a_map_out_of_order_is_not_proved() {
    let turned = Problem {
        matrix: [[-0.9, 0.0], [0.0, 0.0]],
        fall: [0.5, 0.0],
        ..MILD
    };
    assert_eq!(answers::<1>(&[turned], 1e-10), [None]);
}

#[test]
fn all_digits_are_settled_where_they_are_asked_for() {
    let moves = |tolerance| descend::<1>(&[MILD], None, tolerance).moves;
    assert!(moves(1e-12).contains(&[Move::Seek]) && !moves(1e-10).contains(&[Move::Seek]));
    let [Some(answer)] = &answers::<1>(&[MILD], 1e-12)[..] else {
        panic!("certified");
    };
    assert_eq!(answer.residual, 0.0);
}
