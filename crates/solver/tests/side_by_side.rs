//! Problems side by side: proved, the same alone and among others, and left alone where the quick way is not the right one.

use delever_solver::{Found, Move, Settings, SideBySide, solve_side_by_side};
use proptest::prelude::*;

/// `T(x) = max(0, top - fall - matrix (top - x))` in two components, one problem in each lane; a jump at a threshold of the first.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Problem {
    top: [f64; 2],
    fall: [f64; 2],
    matrix: [[f64; 2]; 2],
    jump: Option<(f64, f64)>,
}

impl Problem {
    fn image(&self, x: [f64; 2], side: f64) -> [f64; 2] {
        std::array::from_fn(|n| {
            let drops: f64 = (0..2).map(|m| self.matrix[n][m] * (self.top[m] - x[m])).sum();
            let mut value = self.top[n] - self.fall[n] - drops;
            if let Some((threshold, depth)) = self.jump
                && x[0] < threshold
            {
                value -= depth;
            }
            // Far more than the roundings of a handful of operations on numbers near 1.
            (value + side * 1e-15).clamp(0.0, self.top[n])
        })
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Answer {
    point: [f64; 2],
    lower: [f64; 2],
    upper: [f64; 2],
    width: f64,
    residual: f64,
    iterations: u64,
    passes: u64,
}

/// Problems that wait, and what came of them.
struct Bench<const W: usize> {
    problems: Vec<Problem>,
    next: usize,
    at: [usize; W],
    answers: Vec<Option<Answer>>,
    /// An image that is no number, of the problem at this place.
    broken: Option<usize>,
    moves: Vec<[Move; W]>,
}

fn read<const W: usize>(state: &[[f64; W]], lane: usize) -> [f64; 2] {
    [state[0][lane], state[1][lane]]
}

impl<const W: usize> SideBySide<W> for Bench<W> {
    fn dim(&self) -> usize {
        2
    }

    fn load(&mut self, lane: usize, top: &mut [[f64; W]]) -> bool {
        let Some(problem) = self.problems.get(self.next) else {
            return false;
        };
        for (slot, value) in top.iter_mut().zip(problem.top) {
            slot[lane] = value;
        }
        self.at[lane] = self.next;
        self.next += 1;
        true
    }

    fn apply(&mut self, x: &[[f64; W]], moves: &[Move; W], image: &mut [[f64; W]]) {
        self.moves.push(*moves);
        for lane in (0..W).filter(|&lane| moves[lane] != Move::Rest) {
            let problem = &self.problems[self.at[lane]];
            let values = problem.image(read(x, lane), moves[lane].side());
            for (slot, value) in image.iter_mut().zip(values) {
                slot[lane] = if self.broken == Some(self.at[lane]) {
                    f64::NAN
                } else {
                    value
                };
            }
        }
    }

    fn finish(&mut self, lane: usize, found: Option<Found<'_, W>>) {
        self.answers[self.at[lane]] = found.map(|found| Answer {
            point: read(found.point, lane),
            lower: read(found.lower, lane),
            upper: read(found.upper, lane),
            width: found.width,
            residual: found.residual,
            iterations: found.iterations,
            passes: found.passes,
        });
    }
}

fn bench<const W: usize>(problems: &[Problem], broken: Option<usize>, tolerance: f64) -> Bench<W> {
    let mut bench = Bench {
        problems: problems.to_vec(),
        next: 0,
        at: [0; W],
        answers: vec![None; problems.len()],
        broken,
        moves: Vec::new(),
    };
    let settings = Settings {
        tolerance,
        ..Settings::default()
    };
    solve_side_by_side(&mut bench, &settings);
    bench
}

fn answers<const W: usize>(problems: &[Problem], tolerance: f64) -> Vec<Option<Answer>> {
    bench::<W>(problems, None, tolerance).answers
}

/// The fixed point of a problem that stays inside its box, by the two linear equations `d = fall + matrix d` for `d = top - x`.
fn exact(problem: &Problem) -> [f64; 2] {
    let [[a, b], [c, d]] = problem.matrix;
    let determinant = (1.0 - a) * (1.0 - d) - b * c;
    let [p, q] = problem.fall;
    [
        problem.top[0] - ((1.0 - d) * p + b * q) / determinant,
        problem.top[1] - (c * p + (1.0 - a) * q) / determinant,
    ]
}

fn problem() -> impl Strategy<Value = Problem> {
    let share = 0.0..0.35_f64;
    (
        [0.5..2.0_f64, 0.5..2.0],
        [0.0..0.05_f64, 0.0..0.05],
        [[share.clone(), share.clone()], [share.clone(), share]],
    )
        .prop_map(|(top, fall, matrix)| Problem {
            top,
            fall,
            matrix,
            jump: None,
        })
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
            prop_assert!(answer.width <= tolerance && answer.passes >= answer.iterations + 2);
            let exact = exact(problem);
            for n in 0..2 {
                // The closed form rounds too.
                prop_assert!(answer.lower[n] <= exact[n] + 1e-14 && exact[n] <= answer.upper[n] + 1e-14, "{:?} {:?}", answer, exact);
                prop_assert!(answer.lower[n] <= answer.point[n] && answer.point[n] <= answer.upper[n]);
                prop_assert!((answer.point[n] - exact[n]).abs() <= tolerance * 2.0);
            }
        }
    }
}

const MILD: Problem = Problem {
    top: [1.0, 1.0],
    fall: [0.01, 0.0],
    matrix: [[0.2, 0.1], [0.3, 0.1]],
    jump: None,
};

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
    let bench = bench::<2>(&problems, Some(2), 1e-10);
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
    let moves = |tolerance| bench::<1>(&[MILD], None, tolerance).moves;
    assert!(moves(1e-12).contains(&[Move::Settle]) && !moves(1e-10).contains(&[Move::Settle]));
    let [Some(answer)] = &answers::<1>(&[MILD], 1e-12)[..] else {
        panic!("certified");
    };
    assert_eq!(answer.residual, 0.0);
}
