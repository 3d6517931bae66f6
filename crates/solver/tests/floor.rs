//! Groups that pass on all that comes in: their greatest fixed points are bounded by who ends at the top.

use delever_solver::{End, FixedPointMap, MapShape, Method, Precision, Settings, Solution, Status, solve};

/// `T_n(x) = min(1, sum_m a_nm x_m / s_n + b_n)` on `[0, 1]^dim`, with `s_m = sum_n a_nm`: of what `m` sends, `n` gets `a_nm`.
struct Passing {
    weights: Vec<Vec<f64>>,
    added: Vec<f64>,
    groups: Vec<Vec<Vec<u32>>>,
}

impl Passing {
    /// One group of all components.
    fn closed(weights: &[&[f64]]) -> Self {
        let dim = weights.len() as u32;
        Self {
            weights: weights.iter().map(|row| row.to_vec()).collect(),
            added: vec![0.0; weights.len()],
            groups: vec![(0..dim).map(|n| vec![n]).collect()],
        }
    }

    /// `0 -> 1 -> ... -> 0` with these amounts.
    fn ring(amounts: &[f64]) -> Self {
        let dim = amounts.len();
        let mut weights = vec![vec![0.0; dim]; dim];
        for (n, &amount) in amounts.iter().enumerate() {
            weights[(n + 1) % dim][n] = amount;
        }
        let rows: Vec<&[f64]> = weights.iter().map(|row| &row[..]).collect();
        Self::closed(&rows)
    }

    fn image(&self, x: &[f64], out: &mut [f64], outward: fn(f64) -> f64) {
        for (n, row) in self.weights.iter().enumerate() {
            // All roundings on the one side: sums are moved outward after each step, and their divisor inward.
            let sent = self.weights.iter().map(|row| row[n]).fold(0.0, |s, a| s + a);
            let sum = row.iter().zip(x).fold(0.0, |sum, (a, x)| {
                if *a == 0.0 || *x == 0.0 {
                    sum
                } else {
                    outward(sum + outward(a * x))
                }
            });
            let ratio = if sum == 0.0 {
                0.0
            } else {
                outward(outward(sum / sent))
            };
            out[n] = (ratio + self.added[n]).clamp(0.0, 1.0);
        }
    }
}

impl FixedPointMap for Passing {
    type Work = ();
    fn dim(&self) -> usize {
        self.added.len()
    }
    fn workspace(&self) {}
    fn bounds_into(&self, bottom: &mut [f64], top: &mut [f64]) {
        bottom.fill(0.0);
        top.fill(1.0);
    }
    fn apply(&self, x: &[f64], out: &mut [f64], (): &mut ()) {
        self.image(x, out, |x| x);
    }
    fn apply_above(&self, x: &[f64], out: &mut [f64], _: Precision, (): &mut ()) {
        self.image(x, out, f64::next_up);
    }
    fn apply_below(&self, x: &[f64], out: &mut [f64], _: Precision, (): &mut ()) {
        self.image(x, out, f64::next_down);
    }
    fn groups_at_top(&self) -> Vec<Vec<Vec<u32>>> {
        self.groups.clone()
    }
    fn shape(&self) -> MapShape {
        MapShape {
            isotone: true,
            bounded: true,
            from_below: true,
        }
    }
}

fn greatest(map: &Passing) -> Solution {
    solve(map, End::Greatest, &Settings::default(), &mut ())
}

fn assert_certified(map: &Passing, expected: &[f64]) {
    for method in [Method::Automatic, Method::Iteration] {
        let settings = Settings {
            method,
            ..Settings::default()
        };
        let solution = solve(map, End::Greatest, &settings, &mut ());
        let bracket = solution.bracket.expect("bounded");
        assert_eq!(solution.status, Status::Certified, "{}", bracket.width);
        for (n, &x) in expected.iter().enumerate() {
            assert!((solution.point[n] - x).abs() <= 1e-13, "{:?}", solution.point);
            assert!(bracket.lower[n] <= x && x <= bracket.upper[n]);
        }
    }
}

#[test]
fn a_ring_ends_where_its_smallest_link_is_full() {
    assert_certified(&Passing::ring(&[7.0, 5.0, 6.0]), &[5.0 / 7.0, 1.0, 5.0 / 6.0]);
    // Without the word on who ends at the top nothing but the bottom bounds it.
    let mut alone = Passing::ring(&[7.0, 5.0, 6.0]);
    alone.groups.clear();
    let settings = Settings {
        max_iterations: 1_000,
        ..Settings::default()
    };
    let solution = solve(&alone, End::Greatest, &settings, &mut ());
    assert_ne!(solution.status, Status::Certified);
}

#[test]
fn several_may_end_at_the_top() {
    assert_certified(
        &Passing::ring(&[5.0, 7.0, 5.0, 6.0]),
        &[1.0, 5.0 / 7.0, 1.0, 5.0 / 6.0],
    );
}

#[test]
fn a_mesh_ends_at_its_stationary_measure() {
    // Rates m -> n in column m: measure (x) with x_m sum_n a_nm = sum_m a_nm x_m. By hand: (3, 4, 2) / 4.
    let map = Passing::closed(&[&[0.0, 3.0, 3.0], &[4.0, 0.0, 6.0], &[2.0, 3.0, 0.0]]);
    assert_certified(&map, &[0.75, 1.0, 0.5]);
}

#[test]
fn two_groups_and_what_depends_on_them_are_bounded_together() {
    let mut map = Passing::ring(&[7.0, 5.0]);
    for row in &mut map.weights {
        row.extend([0.0, 0.0, 0.0]);
    }
    // A second ring, and one that is fed by nobody's full amount but a fixed tenth.
    map.weights.push(vec![0.0, 0.0, 0.0, 3.0, 0.0]);
    map.weights.push(vec![0.0, 0.0, 9.0, 0.0, 0.0]);
    map.weights.push(vec![0.0, 0.0, 0.0, 0.0, 0.0]);
    map.added = vec![0.0, 0.0, 0.0, 0.0, 0.1];
    map.groups = vec![vec![vec![0], vec![1]], vec![vec![2], vec![3]]];
    assert_certified(&map, &[5.0 / 7.0, 1.0, 1.0 / 3.0, 1.0, 0.1]);
}

#[test]
fn a_word_that_bounds_from_above_refute_is_no_certificate() {
    // Half of what each sends goes to a third, so that nothing remains; the map says that one of the two is full.
    let mut leaking = Passing::closed(&[&[0.0, 5.0, 0.0], &[7.0, 0.0, 0.0], &[7.0, 5.0, 0.0]]);
    leaking.groups = vec![vec![vec![0], vec![1]]];
    let solution = greatest(&leaking);
    assert_eq!(solution.status, Status::Unordered);
    assert!(solution.bracket.is_none());
}
