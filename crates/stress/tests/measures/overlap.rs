//! Overlap, indirect contagion index and endogenous risk index.

use crate::fixture::*;
use delever_core::SparseRows;
use delever_network::analysis::SpectralSettings;
use delever_stress::StressError;
use delever_stress::overlap::{EndogenousRisk, Normalisation, Overlap};
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;

fn overlap(p: &Portfolios) -> Overlap {
    Overlap::new(sparse(&p.held, p.assets()), &p.depths).expect("valid")
}

fn risk(overlap: &Overlap) -> EndogenousRisk {
    overlap
        .endogenous_risk_index(Normalisation::TwoNorm, &SpectralSettings::default())
        .expect("valid settings")
}

fn naive(p: &Portfolios) -> Dense {
    let entry = |i: usize, j: usize| {
        (0..p.assets())
            .map(|k| p.held[i][k] * p.held[j][k] / p.depths[k])
            .sum()
    };
    (0..p.institutions())
        .map(|i| (0..p.institutions()).map(|j| entry(i, j)).collect())
        .collect()
}

fn matrix(dense: &Dense) -> DMatrix<f64> {
    DMatrix::from_fn(dense.len(), dense.len(), |i, j| dense[i][j])
}

proptest! {
    #[test]
    fn factors_give_what_the_dense_definition_gives(p in portfolios(), sold in prop::collection::vec(0.0..1.0, 8)) {
        let (overlap, expected) = (overlap(&p), naive(&p));
        let n = p.institutions();
        let dense = overlap.dense();
        for i in 0..n {
            all_close(&dense[i], &expected[i]);
            prop_assert_eq!(&overlap.row(i).expect("there"), &dense[i]);
            for (j, entry) in dense[i].iter().enumerate() {
                prop_assert_eq!(overlap.between(i, j).expect("there"), *entry);
            }
        }
        let v = &sold[..n];
        let products: Vec<f64> = expected.iter().map(|row| row.iter().zip(v).map(|(a, b)| a * b).sum()).collect();
        all_close(&overlap.product(v).expect("fits"), &products);
        let others: Vec<f64> = (0..n).map(|i| (0..n).filter(|&j| j != i).map(|j| expected[i][j]).sum()).collect();
        all_close(&overlap.indirect_contagion_index(), &others);
    }

    #[test]
    fn law_overlap_is_symmetric_and_positive_semidefinite(p in portfolios()) {
        let dense = matrix(&overlap(&p).dense());
        prop_assert_eq!(&dense, &dense.transpose());
        let values = dense.symmetric_eigenvalues();
        prop_assert!(values.min() >= -1e-12 * values.max());
    }

    #[test]
    fn law_endogenous_risk_is_the_non_negative_eigenvector_of_the_largest_eigenvalue(p in portfolios()) {
        let risk = risk(&overlap(&p));
        let dense = matrix(&naive(&p));
        let largest = dense.symmetric_eigenvalues().max();
        prop_assert!(risk.radius.converged);
        prop_assert!(risk.index.iter().all(|&u| u >= 0.0));
        prop_assert!(risk.radius.lower <= largest * (1.0 + 1e-13) && largest * (1.0 - 1e-13) <= risk.radius.upper);
        prop_assert!((risk.eigenvalue - largest).abs() <= 1e-10 * largest);
        if largest > 0.0 {
            let u = DVector::from_vec(risk.index.clone());
            prop_assert!((u.norm() - 1.0).abs() < 1e-14);
            prop_assert!((&dense * &u - &u * risk.eigenvalue).norm() <= 1e-10 * largest);
            prop_assert!(risk.residual <= 1e-10);
        } else {
            prop_assert!(risk.index.iter().all(|&u| u == 0.0));
        }
    }

    #[test]
    fn law_deeper_markets_never_raise_overlap(p in portfolios(), deeper in prop::collection::vec(1.0..10.0, 5)) {
        let mut after = p.clone();
        after.depths.iter_mut().zip(&deeper).for_each(|(depth, factor)| *depth *= factor);
        let (before, after) = (overlap(&p), overlap(&after));
        for (before, after) in before.dense().concat().iter().zip(after.dense().concat()) {
            prop_assert!(after <= *before);
        }
        for (before, after) in before.indirect_contagion_index().iter().zip(after.indirect_contagion_index()) {
            prop_assert!(after <= *before);
        }
        prop_assert!(risk(&after).radius.lower <= risk(&before).radius.upper);
    }

    #[test]
    fn law_the_unit_of_money_does_not_matter(p in portfolios(), power in -20..20_i32) {
        let other = Portfolios {
            held: p.held.iter().map(|row| scaled(row, power)).collect(),
            depths: scaled(&p.depths, power),
        };
        let (one, other) = (overlap(&p), overlap(&other));
        prop_assert_eq!(scaled(&one.dense().concat(), power), other.dense().concat());
        prop_assert_eq!(scaled(&one.indirect_contagion_index(), power), other.indirect_contagion_index());
        let (one, other) = (risk(&one), risk(&other));
        prop_assert_eq!(scaled(&[one.radius.lower, one.radius.upper, one.eigenvalue], power),
            [other.radius.lower, other.radius.upper, other.eigenvalue]);
        prop_assert_eq!((one.index, one.residual), (other.index, other.residual));
    }
}

#[test]
fn markets_without_limit_give_no_overlap() {
    let p = Portfolios {
        held: vec![vec![3.0, 4.0], vec![1.0, 2.0]],
        depths: vec![f64::INFINITY; 2],
    };
    let overlap = overlap(&p);
    assert_eq!(overlap.dense(), [[0.0; 2]; 2]);
    assert_eq!(overlap.indirect_contagion_index(), [0.0; 2]);
    let risk = risk(&overlap);
    assert_eq!(
        (risk.eigenvalue, risk.radius.upper, risk.radius.converged),
        (0.0, 0.0, true)
    );
    assert_eq!(risk.index, [0.0; 2]);
    assert!(!risk.rival);
}

#[test]
fn the_index_is_scaled_as_asked() {
    let p = Portfolios {
        held: vec![vec![3.0], vec![1.0]],
        depths: vec![10.0],
    };
    let index = |normalisation| {
        overlap(&p)
            .endogenous_risk_index(normalisation, &SpectralSettings::default())
            .expect("valid")
            .index
    };
    all_close(&index(Normalisation::OneNorm), &[0.75, 0.25]);
    all_close(&index(Normalisation::Maximum), &[1.0, 1.0 / 3.0]);
    all_close(
        &index(Normalisation::TwoNorm),
        &[3.0 / 10.0_f64.sqrt(), 1.0 / 10.0_f64.sqrt()],
    );
}

#[test]
fn separate_markets_of_equal_weight_are_rivals() {
    let block = |second: f64| Portfolios {
        held: vec![vec![0.0, second], vec![3.0, 0.0], vec![4.0, 0.0], vec![0.0, 4.0]],
        depths: vec![10.0, 10.0],
    };
    let tied = risk(&overlap(&block(3.0)));
    assert!(tied.rival);
    assert_eq!(tied.radius.class, [0, 3]);
    all_close(&tied.index, &[0.6, 0.0, 0.0, 0.8]);
    let clear = risk(&overlap(&block(2.0)));
    assert!(!clear.rival);
    assert_eq!(clear.radius.class, [1, 2]);
    all_close(&clear.index, &[0.0, 0.6, 0.8, 0.0]);
}

/// Two blocks with nearly the same root, and a thread between them: plain iteration would need millions of steps.
#[test]
fn a_root_hardly_larger_than_the_next_is_told_apart() {
    let p = Portfolios {
        held: vec![
            vec![5.0, 0.0, 1e-4],
            vec![5.0, 0.0, 0.0],
            vec![0.0, 5.0, 1e-4],
            vec![0.0, 5.000_000_1, 0.0],
        ],
        depths: vec![10.0; 3],
    };
    let risk = risk(&overlap(&p));
    assert!(
        risk.radius.converged && risk.residual < 1e-12,
        "{:?}",
        risk.radius
    );
    assert!(risk.radius.steps < 100);
    let eigen = matrix(&naive(&p)).symmetric_eigen();
    let top = eigen.eigenvectors.column(eigen.eigenvalues.imax());
    for (u, expected) in risk.index.iter().zip(top.iter()) {
        assert!((u - expected.abs()).abs() < 1e-7, "{:?} {top:?}", risk.index);
    }
}

#[test]
fn many_assets_are_iterated_plainly() {
    let (institutions, assets) = (60_u32, 150_u32);
    let held: Vec<_> = (0..institutions)
        .flat_map(|i| {
            (0..8).map(move |n| (i, (i * 7 + n * n * 11) % assets, f64::from(1 + (i + 3 * n) % 13)))
        })
        .collect();
    let overlap = Overlap::new(
        SparseRows::from_triplets(60, 150, &held),
        &vec![500.0; assets as usize],
    )
    .expect("valid");
    let risk = risk(&overlap);
    assert!(
        risk.radius.converged && risk.residual < 1e-10,
        "{:?}",
        risk.radius
    );
    let largest = matrix(&overlap.dense()).symmetric_eigenvalues().max();
    assert!((risk.eigenvalue - largest).abs() < 1e-10 * largest);
}

#[test]
fn an_iteration_cut_short_says_so_and_its_bracket_holds() {
    let (institutions, assets) = (120_u32, 119_u32);
    // A chain: neighbours share one asset each.
    let held: Vec<_> = (0..assets).flat_map(|k| [(k, k, 1.0), (k + 1, k, 1.0)]).collect();
    let chain = Overlap::new(
        SparseRows::from_triplets(institutions as usize, assets as usize, &held),
        &vec![1.0; assets as usize],
    )
    .expect("valid");
    let settings = SpectralSettings {
        max_steps: 3,
        ..SpectralSettings::default()
    };
    let risk = chain
        .endogenous_risk_index(Normalisation::TwoNorm, &settings)
        .expect("valid");
    assert!(!risk.radius.converged);
    let largest = 2.0 + 2.0 * (std::f64::consts::PI / 120.0).cos();
    assert!(risk.radius.lower <= largest && largest <= risk.radius.upper);
}

#[test]
fn all_that_is_wrong_is_named() {
    let held = SparseRows::from_triplets(2, 2, &[(0, 0, f64::NAN), (1, 0, -1.0), (1, 1, 1e19)]);
    let problems = Overlap::new(held, &[0.0, f64::NAN]).expect_err("five problems");
    assert_eq!(problems.len(), 5, "{problems:?}");
    assert!(matches!(
        problems[0],
        StressError::Asset {
            asset: 0,
            value: 0.0,
            ..
        }
    ));
    assert!(matches!(
        problems[3],
        StressError::Entry {
            institution: 1,
            asset: 0,
            value: -1.0,
            ..
        }
    ));
    assert!(Overlap::new(SparseRows::empty(2, 2), &[1.0, -5.0]).is_err());
    assert_eq!(
        Overlap::new(SparseRows::empty(2, 2), &[1.0]).expect_err("short"),
        [StressError::Length {
            name: "depth",
            given: 1,
            expected: 2
        }]
    );
    let overlap = Overlap::new(SparseRows::empty(2, 2), &[1.0; 2]).expect("valid");
    assert!(overlap.product(&[1.0, f64::NAN]).is_err());
    assert!(overlap.product(&[1.0, 1.0, f64::INFINITY]).is_err());
    assert_eq!(overlap.between(2, 7).expect_err("strangers").len(), 2);
    assert!(overlap.row(2).is_err());
    let settings = SpectralSettings {
        tolerance: f64::NAN,
        ..SpectralSettings::default()
    };
    assert!(
        overlap
            .endogenous_risk_index(Normalisation::TwoNorm, &settings)
            .is_err()
    );
}

#[test]
fn nobody_is_no_problem() {
    let overlap = Overlap::new(SparseRows::empty(0, 0), &[]).expect("valid");
    assert!(overlap.dense().is_empty() && overlap.indirect_contagion_index().is_empty());
    assert!(risk(&overlap).index.is_empty());
}
