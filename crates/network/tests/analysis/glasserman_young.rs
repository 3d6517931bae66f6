//! Contagion index and bounds.

use crate::fixture::*;
use delever_network::analysis::AnalysisError;

#[test]
fn figures_by_hand() {
    let graph = graph(3, &[(0, 1, 20.0), (1, 2, 24.0), (2, 0, 10.0)]);
    let bounds = graph
        .glasserman_young(&[30.0, 30.0, 6.0], &[10.0, 16.0, 10.0])
        .expect("sound");
    assert_eq!(bounds.net_worth, [10.0, 10.0, 10.0]);
    assert_eq!(bounds.outside_leverage, [3.0, 3.0, 0.6]);
    all_close(&bounds.connectivity, &[2.0 / 3.0, 0.6, 0.5], 1e-15);
    all_close(&bounds.contagion_index, &[40.0 / 3.0, 12.0, -2.0], 1e-14);
    // 40/3 can wipe out one buffer of 10, not two.
    assert_eq!(bounds.contagion_possible(0, &[1]), Ok(true));
    assert_eq!(bounds.contagion_possible(0, &[1, 2]), Ok(false));
    assert_eq!(bounds.contagion_possible(0, &[1, 1]), Ok(true));
    assert_eq!(bounds.contagion_possible(2, &[0]), Ok(false));
    let threshold = bounds.contagion_threshold(0, &[1]).expect("another");
    assert!((threshold - 25.0).abs() < 1e-13); // 10 + 10 / (2/3), of the 30 it has
    assert!(bounds.contagion_threshold(0, &[1, 2]).expect("others") > 30.0);
    // 10 against 40/3 * 1/3; and the expected losses of all by at most 1 + (0.3 * 66) / (1/3 * 66).
    assert_eq!(bounds.contagion_weak(0, &[1]), Ok(true));
    let bound = bounds.relative_loss_bound(&[0.3; 3]).expect("probabilities");
    assert!((bound - 1.9).abs() < 1e-14);
}

#[test]
fn strong_contagion_is_not_called_weak() {
    // 0 passes on nearly all it loses, and 1 has a thin buffer, few outside assets, and so a low outside leverage.
    let graph = graph(2, &[(0, 1, 90.0)]);
    let bounds = graph
        .glasserman_young(&[101.0, 2.0], &[10.0, 91.0])
        .expect("sound");
    assert_eq!(
        (bounds.contagion_possible(0, &[1]), bounds.contagion_weak(0, &[1])),
        (Ok(true), Ok(false))
    );
}

#[test]
fn what_does_not_fit_is_refused() {
    let ring = ring(3, 1.0);
    assert!(ring.glasserman_young(&[1.0; 2], &[0.0; 3]).is_err());
    assert!(ring.glasserman_young(&[1.0, f64::NAN, 1.0], &[0.0; 3]).is_err());
    let failed = ring
        .glasserman_young(&[1.0, 1.0, 1.0], &[0.0, 1.0, 2.0])
        .expect_err("two failed");
    assert!(matches!(
        failed[..],
        [
            AnalysisError::Value {
                name: "net worth",
                institution: 1,
                ..
            },
            _
        ]
    ));
    let bounds = ring.glasserman_young(&[2.0; 3], &[1.0; 3]).expect("sound");
    for others in [&[0_u32][..], &[3]] {
        assert!(matches!(
            bounds
                .contagion_possible(0, others)
                .as_ref()
                .map_err(Vec::as_slice),
            Err([AnalysisError::NotAnother { .. }])
        ));
    }
    assert!(bounds.contagion_threshold(7, &[]).is_err());
    assert!(bounds.relative_loss_bound(&[0.5, 0.5, 1.5]).is_err());
}

#[test]
fn degenerate_bounds_say_what_they_mean() {
    let ring = ring(3, 1.0);
    let bounds = ring.glasserman_young(&[2.0; 3], &[0.0; 3]).expect("sound");
    assert_eq!(bounds.relative_loss_bound(&[0.1; 3]), Ok(f64::INFINITY));
    assert_eq!(bounds.relative_loss_bound(&[0.0; 3]), Ok(1.0));
    let apart = graph(2, &[])
        .glasserman_young(&[2.0; 2], &[1.0; 2])
        .expect("sound");
    assert_eq!(apart.connectivity, [0.0, 0.0]);
    assert_eq!(apart.contagion_threshold(0, &[1]), Ok(f64::INFINITY));
    assert_eq!(apart.contagion_possible(0, &[1]), Ok(false));
    assert_eq!(apart.relative_loss_bound(&[0.25, 0.25]), Ok(1.25));
}
