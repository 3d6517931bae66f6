//! Small problems in lanes, with their answers in closed form.

use delever_solver::{BoundedSlopes, Found, Move, Settings, SideBySide};
use proptest::prelude::*;

/// `T(x) = max(0, top - fall - matrix (top - x))` in two components, one problem in each lane; a jump at a threshold of the first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Problem {
    pub top: [f64; 2],
    pub fall: [f64; 2],
    pub matrix: [[f64; 2]; 2],
    pub jump: Option<(f64, f64)>,
}

impl Problem {
    pub fn image(&self, x: [f64; 2], side: f64) -> [f64; 2] {
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
pub struct Answer {
    pub point: [f64; 2],
    pub lower: [f64; 2],
    pub upper: [f64; 2],
    pub width: f64,
    pub residual: f64,
    pub iterations: u64,
    pub passes: u64,
}

/// Problems that wait, and what came of them.
pub struct Bench<const W: usize> {
    pub problems: Vec<Problem>,
    pub next: usize,
    pub at: [usize; W],
    pub answers: Vec<Option<Answer>>,
    /// An image that is no number, of the problem at this place.
    pub broken: Option<usize>,
    pub moves: Vec<[Move; W]>,
}

pub fn read<const W: usize>(state: &[[f64; W]], lane: usize) -> [f64; 2] {
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

/// Solved by `method`, `W` side by side.
pub fn bench<const W: usize>(
    method: fn(&mut Bench<W>, &Settings),
    problems: &[Problem],
    broken: Option<usize>,
    tolerance: f64,
) -> Bench<W> {
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
    method(&mut bench, &settings);
    bench
}

/// The fixed point of a problem that stays inside its box, by the two linear equations `d = fall + matrix d` for `d = top - x`.
pub fn exact(problem: &Problem) -> [f64; 2] {
    let [[a, b], [c, d]] = problem.matrix;
    let determinant = (1.0 - a) * (1.0 - d) - b * c;
    let [p, q] = problem.fall;
    [
        problem.top[0] - ((1.0 - d) * p + b * q) / determinant,
        problem.top[1] - (c * p + (1.0 - a) * q) / determinant,
    ]
}

/// The bracket is as narrow as asked, and holds the point and the fixed point.
pub fn is_proved(problem: &Problem, answer: &Answer, tolerance: f64) -> Result<(), TestCaseError> {
    prop_assert!(answer.width <= tolerance && answer.passes >= answer.iterations + 2);
    let exact = exact(problem);
    for n in 0..2 {
        let Answer {
            point, lower, upper, ..
        } = answer;
        // The closed form rounds too.
        let holds = lower[n] <= exact[n] + 1e-14 && exact[n] <= upper[n] + 1e-14;
        prop_assert!(holds, "{:?} {:?}", answer, exact);
        prop_assert!(lower[n] <= point[n] && point[n] <= upper[n]);
        prop_assert!((point[n] - exact[n]).abs() <= tolerance * 2.0);
    }
    Ok(())
}

pub fn problem() -> impl Strategy<Value = Problem> {
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

pub const MILD: Problem = Problem {
    top: [1.0, 1.0],
    fall: [0.01, 0.0],
    matrix: [[0.2, 0.1], [0.3, 0.1]],
    jump: None,
};

/// Slopes are those of the matrix, which the floor at zero only flattens.
impl<const W: usize> BoundedSlopes<W> for Bench<W> {
    fn weights_into(&self, top: &[[f64; W]], _: &[[f64; W]], weights: &mut [[f64; W]]) {
        weights.copy_from_slice(top);
    }

    fn slopes_into(
        &mut self,
        low: &[[f64; W]],
        high: &[[f64; W]],
        weights: &[[f64; W]],
        slopes: &mut [[f64; W]],
    ) -> bool {
        for lane in 0..W {
            let Some(problem) = self.problems.get(self.at[lane]) else {
                continue;
            };
            let in_doubt =
                |(threshold, _): (f64, f64)| low[0][lane] < threshold && threshold <= high[0][lane];
            for (n, slope) in slopes.iter_mut().enumerate() {
                let row = problem.matrix[n].iter().zip(weights);
                let steepness: f64 = row.map(|(entry, weight)| entry.abs() * weight[lane]).sum();
                slope[lane] = if problem.jump.is_some_and(in_doubt) {
                    f64::INFINITY
                } else {
                    steepness * (1.0 + 1e-14)
                };
            }
        }
        true
    }

    fn enclose(&mut self, x: &[[f64; W]], moves: &[Move; W], image: &mut [[f64; W]], reach: &mut [[f64; W]]) {
        self.apply(x, moves, image);
        for reach in reach {
            *reach = [1e-15; W];
        }
    }
}
