//! Linear systems from below: against known solutions, and as bounds.

use delever_solver::linear::{NonNegativeRows, lower_solution};

fn rows(entries: &[&[(u32, f64)]]) -> NonNegativeRows {
    let mut rows = NonNegativeRows::default();
    for row in entries {
        for &(column, value) in *row {
            rows.push(column, value);
        }
        rows.end_row();
    }
    rows
}

fn solve(rows: &NonNegativeRows, r: &[f64]) -> Vec<f64> {
    let mut w = vec![0.0; r.len()];
    lower_solution(rows, r, 1e-14, &mut w);
    w
}

#[test]
fn chains_are_solved_class_by_class() {
    let w = solve(&rows(&[&[(1, 0.5)], &[(2, 0.5)], &[]]), &[1.0, 2.0, 4.0]);
    for (w, exact) in w.iter().zip([3.0, 4.0, 4.0]) {
        assert!(*w <= exact && exact - w < 1e-14, "{w} for {exact}");
    }
}

#[test]
fn a_ring_that_leaks_little_is_solved_to_its_condition() {
    for gap in [1e-1, 1e-4, 1e-8, 1e-12] {
        let a = 1.0 - gap;
        // w = 1 + a w on both: w = 1 / gap, for the gap that the rounded entry leaves.
        let exact = 1.0 / (1.0 - a);
        let w = solve(&rows(&[&[(1, a)], &[(0, a)]]), &[1.0, 1.0]);
        for w in w {
            assert!(w <= exact, "gap {gap}: {w} above {exact}");
            assert!(
                exact - w < exact * (1e-13 + 1e-14 / gap),
                "gap {gap}: {w} below {exact}"
            );
        }
    }
}

#[test]
fn a_closed_ring_has_a_finite_bound() {
    let w = solve(&rows(&[&[(1, 1.0)], &[(0, 1.0)]]), &[1.0, 0.0]);
    assert!(w.iter().all(|w| w.is_finite() && *w >= 0.0));
    assert_eq!(solve(&rows(&[&[(1, 1.0)], &[(0, 1.0)]]), &[0.0, 0.0]), [0.0, 0.0]);
    assert!(solve(&rows(&[&[(0, 1.0)]]), &[2.0])[0].is_finite());
}

#[test]
fn a_long_ring_is_eliminated_without_fill() {
    let count = 20_000;
    let mut ring = NonNegativeRows::default();
    for n in 0..count {
        ring.push((n + 1) % count, 1.0 - 1e-9);
        ring.end_row();
    }
    let mut w = vec![0.0; count as usize];
    let effort = lower_solution(&ring, &vec![1e-9; count as usize], 1e-12, &mut w);
    assert_eq!(effort.direct, count as usize);
    let exact = 1e-9 / (1.0 - (1.0 - 1e-9_f64));
    assert!(w.iter().all(|&w| w <= exact && exact - w < 1e-5), "{:?}", &w[..3]);
}

/// A pseudo-random matrix whose columns sum to at most `radius`.
fn random(count: u32, degree: u32, radius: f64) -> NonNegativeRows {
    let mut state = 12_345_u64;
    let mut draw = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    let mut by_row = vec![Vec::new(); count as usize];
    for column in 0..count {
        for _ in 0..degree {
            by_row[(draw() % u64::from(count)) as usize].push((column, radius / f64::from(degree)));
        }
    }
    let mut rows = NonNegativeRows::default();
    for row in by_row {
        for (column, value) in row {
            rows.push(column, value);
        }
        rows.end_row();
    }
    rows
}

#[test]
fn random_systems_are_solved_and_bounded() {
    for (count, degree, radius) in [
        (30, 3, 0.9),
        (500, 4, 0.5),
        (3_000, 10, 0.9),
        (2_000, 6, 0.999_999),
    ] {
        let rows = random(count, degree, radius);
        let exact: Vec<f64> = (0..count).map(|n| 1.0 + f64::from(n % 7)).collect();
        // r = (I - J) exact, and where that is negative more than that.
        let mut r = Vec::new();
        let mut positive = true;
        for n in 0..count as usize {
            let received: f64 = rows.row(n).map(|(m, value)| value * exact[m]).sum();
            positive &= exact[n] >= received;
            r.push((exact[n] - received).max(0.0));
        }
        let w = solve(&rows, &r);
        let residual = |n: usize| r[n] + rows.row(n).map(|(m, value)| value * w[m]).sum::<f64>() - w[n];
        let largest = w.iter().fold(0.0_f64, |a, &b| a.max(b));
        for n in 0..count as usize {
            assert!(
                residual(n).abs() <= 1e-11 * largest,
                "{count}: residual {}",
                residual(n)
            );
            assert!(!positive || w[n] <= exact[n] * (1.0 + 1e-14));
        }
    }
}
