//! Degree, strength and the iterated centralities.

use crate::fixture::*;
use delever_network::ContagionGraph;
use delever_network::analysis::{AnalysisError, CentralitySettings, Role, Weight};
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;

fn by(role: Role, weight: Weight) -> CentralitySettings {
    CentralitySettings {
        role,
        weight,
        ..CentralitySettings::default()
    }
}

#[test]
fn a_star_by_closed_forms() {
    let (count, star) = (5.0_f64, star(5));
    assert_eq!(star.in_degree(), [4, 1, 1, 1, 1]);
    assert_eq!(star.out_strength(), [4.0, 1.0, 1.0, 1.0, 1.0]);
    let leaves = |hub: f64, leaf: f64| [hub, leaf, leaf, leaf, leaf];
    let settings = CentralitySettings::default();

    let scores = star.eigenvector_centrality(&settings);
    assert!(scores.converged);
    all_close(
        &scores.values,
        &leaves(0.5_f64.sqrt(), 8.0_f64.sqrt().recip()),
        1e-11,
    );

    let damping = 0.85;
    let hub = (1.0 + damping * (count - 1.0)) / (count * (1.0 + damping));
    let scores = star.pagerank(damping, &settings).expect("a valid damping");
    assert!(scores.converged);
    all_close(&scores.values, &leaves(hub, (1.0 - hub) / 4.0), 1e-12);

    let attenuation = 0.25;
    let hub = (1.0 + attenuation * 4.0) / (1.0 - attenuation * attenuation * 4.0);
    let scores = star.katz_centrality(attenuation, &settings).expect("valid");
    assert!(scores.converged);
    all_close(&scores.values, &leaves(hub, 1.0 + attenuation * hub), 1e-11);

    let scores = star.hubs_and_authorities(&settings);
    assert!(scores.hubs.converged && scores.authorities.converged);
    // The star has two equal singular values; from even scores, authorities stay even.
    all_close(&scores.authorities.values, &[0.2; 5], 1e-15);
    all_close(&scores.hubs.values, &leaves(0.5, 0.125), 1e-15);
}

#[test]
fn in_a_ring_all_are_alike() {
    for count in [2, 3, 7] {
        let ring = ring(count, 3.0);
        let n = f64::from(count);
        let settings = CentralitySettings::default();
        let scores = ring.eigenvector_centrality(&settings);
        assert!(scores.converged);
        all_close(&scores.values, &vec![n.sqrt().recip(); count as usize], 1e-12);
        let scores = ring.pagerank(0.85, &settings).expect("valid");
        all_close(&scores.values, &vec![n.recip(); count as usize], 1e-12);
        let scores = ring.katz_centrality(0.2, &settings).expect("valid");
        all_close(&scores.values, &vec![1.0 / (1.0 - 0.6); count as usize], 1e-11);
    }
}

#[test]
fn two_cores_are_tied_together_by_their_bridge() {
    let graph = two_cores();
    let scores = graph.eigenvector_centrality(&CentralitySettings::default());
    // By symmetry (a, a, b, b, a, a) with a + b = rho a and 2 a + b = rho b.
    let rho = 1.0 + 2.0_f64.sqrt();
    let a = (4.0 + 2.0 * (rho - 1.0).powi(2)).sqrt().recip();
    let b = (rho - 1.0) * a;
    all_close(&scores.values, &[a, a, b, b, a, a], 1e-11);
}

#[test]
fn roles_look_at_the_two_ends_of_a_chain() {
    let chain = graph(3, &[(0, 1, 1.0), (1, 2, 1.0)]);
    let katz = |role| {
        let scores = chain.katz_centrality(0.5, &by(role, Weight::Link));
        scores.expect("valid").values
    };
    assert_eq!(katz(Role::Creditor), [1.0, 1.5, 1.75]);
    assert_eq!(katz(Role::Debtor), [1.75, 1.5, 1.0]);
    let scores = chain.eigenvector_centrality(&CentralitySettings::default());
    assert_eq!((scores.values, scores.converged), (vec![0.0; 3], true));
}

#[test]
fn hubs_owe_to_authorities() {
    let graph = graph(4, &[(0, 2, 1.0), (0, 3, 1.0), (1, 3, 1.0)]);
    let scores = graph.hubs_and_authorities(&CentralitySettings::default());
    // A A' on (2, 3) is [[1, 1], [1, 2]]: authorities by the golden ratio, hubs too.
    let golden = f64::midpoint(1.0, 5.0_f64.sqrt());
    let (small, large) = (1.0 / (1.0 + golden), golden / (1.0 + golden));
    all_close(&scores.authorities.values, &[0.0, 0.0, small, large], 1e-11);
    all_close(&scores.hubs.values, &[large, small, 0.0, 0.0], 1e-11);
}

#[test]
fn what_does_not_converge_says_so() {
    let ring = ring(3, 1.0);
    for attenuation in [1.0, 1.0 + 1e-14, 2.0, 1e300] {
        let scores = ring.katz_centrality(attenuation, &CentralitySettings::default());
        assert!(!scores.expect("valid").converged, "{attenuation}");
    }
    // At one over the radius scores grow by 1 a step: less and less of themselves, and without end.
    let lenient = CentralitySettings {
        tolerance: 1e-3,
        ..CentralitySettings::default()
    };
    let scores = ring.katz_centrality(1.0, &lenient);
    assert!(!scores.expect("valid").converged);
    let hurried = CentralitySettings {
        max_steps: 1,
        ..CentralitySettings::default()
    };
    assert!(!star(5).eigenvector_centrality(&hurried).converged);
}

#[test]
fn wrong_parameters_are_refused() {
    let ring = ring(3, 1.0);
    for damping in [1.0, -0.1, f64::NAN] {
        let refused = ring.pagerank(damping, &CentralitySettings::default());
        assert!(matches!(
            refused,
            Err(AnalysisError::Parameter { name: "damping", .. })
        ));
    }
    for attenuation in [-1.0, f64::INFINITY, f64::NAN] {
        assert!(
            ring.katz_centrality(attenuation, &CentralitySettings::default())
                .is_err()
        );
    }
}

#[test]
fn nobody_has_no_scores() {
    let nobody = ContagionGraph::empty(0);
    let settings = CentralitySettings::default();
    assert!(nobody.in_degree().is_empty() && nobody.out_strength().is_empty());
    assert!(nobody.pagerank(0.85, &settings).expect("valid").values.is_empty());
    assert!(nobody.eigenvector_centrality(&settings).values.is_empty());
    assert!(nobody.hubs_and_authorities(&settings).hubs.values.is_empty());
    let alone = ContagionGraph::empty(2);
    assert_eq!(alone.hubs_and_authorities(&settings).hubs.values, [0.0, 0.0]);
    assert_eq!(alone.pagerank(0.85, &settings).expect("valid").values, [0.5, 0.5]);
}

/// `(I - B)^-1 b`.
fn solve(matrix: &DMatrix<f64>, right: &DVector<f64>) -> Vec<f64> {
    let system = DMatrix::identity(matrix.nrows(), matrix.ncols()) - matrix;
    let solution = system.lu().solve(right).expect("regular");
    solution.iter().copied().collect()
}

proptest! {
    #[test]
    fn pagerank_solves_its_equations(graph in graphs(8), damping in 0.0..0.99_f64, creditor: bool) {
        let role = if creditor { Role::Creditor } else { Role::Debtor };
        let count = graph.institution_count();
        let mut walk = if creditor { dense(&graph) } else { dense(&graph).transpose() };
        for mut column in walk.column_iter_mut() {
            let sum = column.sum();
            column.apply(|x| *x = if sum > 0.0 { *x / sum } else { 1.0 / count as f64 });
        }
        let right = DVector::from_element(count, (1.0 - damping) / count as f64);
        let scores = graph.pagerank(damping, &by(role, Weight::Amount)).expect("valid");
        prop_assert!(scores.converged);
        all_close(&scores.values, &solve(&(walk * damping), &right), 1e-12 / (1.0 - damping) + 1e-13);
    }

    #[test]
    fn katz_solves_its_equations(graph in graphs(8), part in 0.0..0.95_f64) {
        let matrix = dense(&graph);
        // Below one over the largest row sum, hence below one over the spectral radius.
        let largest = matrix.column_sum().max().max(1.0);
        let scores = graph.katz_centrality(part / largest, &by(Role::Creditor, Weight::Amount)).expect("valid");
        prop_assert!(scores.converged);
        let right = DVector::from_element(matrix.nrows(), 1.0);
        all_close(&scores.values, &solve(&(matrix * (part / largest)), &right), 1e-9);
    }

    #[test]
    fn scores_are_eigenvectors(graph in graphs(8)) {
        let matrix = dense(&graph);
        let settings = by(Role::Creditor, Weight::Amount);
        let scores = graph.eigenvector_centrality(&settings);
        if scores.converged {
            let x = DVector::from_vec(scores.values);
            let image = &matrix * &x;
            prop_assert!((&image - &x * image.dot(&x)).norm() <= 1e-6 * matrix.norm().max(1.0));
        }
        let both = graph.hubs_and_authorities(&settings);
        if both.authorities.converged {
            let (hubs, authorities) = (DVector::from_vec(both.hubs.values), DVector::from_vec(both.authorities.values));
            let image = &matrix * &hubs;
            let scaled = &image / image.sum().max(1e-300);
            prop_assert!((scaled - authorities).norm() <= 1e-9);
        }
    }
}
