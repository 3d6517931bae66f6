//! Bounds that hold for any network against published arithmetic and against what clearing gives.

use crate::fixture::*;
use delever::network::analysis::{GlassermanYoung, SpectralSettings};
use delever::network::distress::{Exposures, SpreadSettings, Transmission};
use delever::prelude::*;
use proptest::prelude::*;

#[test]
fn glasserman_young_2015_bounds() {
    let (worth, leverage, beta, others) = (10.0, 20.0, 0.2, [20.0, 20.0]);
    // One debtor with those figures and no claims of its own, which owes to the others alike.
    let owed = worth * (leverage - 1.0);
    let share = beta * owed / others.len() as f64;
    let mut builder = ContagionGraphBuilder::new(1 + others.len());
    let (mut outside, mut external) = (vec![worth * leverage], vec![(1.0 - beta) * owed]);
    for (n, other) in others.iter().enumerate() {
        builder.debt(0, 1 + n as u32, share, 0);
        outside.push(*other);
        external.push(share);
    }
    let graph = builder.build().expect("valid");
    let bounds = graph.glasserman_young(&outside, &external).expect("sound");
    close(bounds.net_worth[0], worth, 1e-12, "net worth");
    close(bounds.outside_leverage[0], leverage, 1e-12, "leverage");
    close(bounds.connectivity[0], beta, 1e-12, "connectivity");
    all_close(&bounds.net_worth[1..], &others, 1e-12, "net worths of the others");
    close(bounds.contagion_index[0], 38.0, 1e-12, "index");
    let everyone: Vec<u32> = (1..=others.len() as u32).collect();
    // What the others are worth, 40, is more than the index of 10 * 0.2 * 19.
    assert_eq!(bounds.contagion_possible(0, &everyone), Ok(false));

    // Two banks that owe each other the part `beta_max` of their liabilities.
    let (outside, most) = ([100.0, 100.0], 0.5);
    let mut builder = ContagionGraphBuilder::new(2);
    builder.debt(0, 1, 40.0 * most, 0).debt(1, 0, 40.0 * most, 0);
    let graph = builder.build().expect("valid");
    let bounds = graph
        .glasserman_young(&outside, &[40.0 * (1.0 - most); 2])
        .expect("sound");
    let bound = bounds.relative_loss_bound(&[0.01, 0.02]).expect("probabilities");
    // 1 + (0.01 * 100 + 0.02 * 100) / (0.5 * 200).
    close(bound, 1.03, 1e-12, "relative loss");
}

/// Who has negative equity after `i` alone loses `loss` of its outside assets, as Eisenberg and Noe clear it.
fn defaults(outside: &[f64], owed: &[Vec<f64>], external: &[f64], i: usize, loss: f64) -> Vec<u32> {
    let mut left = outside.to_vec();
    left[i] -= loss;
    let both = Clearing::new(&left, owed, external).eisenberg_noe();
    let equity = equities(greatest(&both));
    // Losses that stop just at zero equity are decided by rounding.
    (0..equity.len() as u32)
        .filter(|&n| equity[n as usize] < -1e-9)
        .collect()
}

proptest! {
    /// Whoever defaults by the loss of one bank had to be within its reach: the bound holds for the network at hand.
    #[test]
    fn law_contagion_stays_within_the_glasserman_young_bound(
        (owed, outside, external) in (3..6_usize).prop_flat_map(|count| {
            let amounts = prop_oneof![2 => Just(0.0), 3 => 1.0..50.0_f64];
            (
                prop::collection::vec(prop::collection::vec(amounts, count), count),
                prop::collection::vec(0.0..60.0_f64, count),
                prop::collection::vec(0.0..30.0_f64, count),
            )
        }),
        part in 0.0..=1.0_f64,
    ) {
        let count = outside.len();
        let mut owed = owed;
        (0..count).for_each(|n| owed[n][n] = 0.0);
        // Everybody starts with a net worth of at least 1.
        let outside: Vec<f64> = (0..count)
            .map(|n| {
                let claims: f64 = owed.iter().map(|row| row[n]).sum();
                outside[n].max(1.0 + owed[n].iter().sum::<f64>() + external[n] - claims)
            })
            .collect();
        let problem = Clearing::new(&outside, &owed, &external);
        let bounds: GlassermanYoung = problem.graph.glasserman_young(&outside, &external).expect("sound");
        for i in 0..count {
            let loss = part * outside[i];
            let mut hit = defaults(&outside, &owed, &external, i, loss);
            hit.retain(|&n| n != i as u32);
            if !hit.is_empty() {
                prop_assert_eq!(bounds.contagion_possible(i as u32, &hit), Ok(true));
                let least = bounds.contagion_threshold(i as u32, &hit).expect("others");
                prop_assert!(loss >= least - 1e-9, "{} below {}", loss, least);
            }
        }
    }

    /// Below a spectral radius of 1 small distress dies out, above it grows until a buffer is gone.
    #[test]
    fn law_the_leverage_radius_separates_stable_from_unstable(
        impacts in prop::collection::vec(0.05..1.0_f64, 20),
        equity in prop::collection::vec(1.0..4.0_f64, 5),
        target in prop_oneof![0.1..0.95_f64, 1.05..3.0_f64],
    ) {
        let mut builder = ContagionGraphBuilder::new(5);
        for (n, amount) in impacts.iter().enumerate() {
            let (lender, other) = (n as u32 / 4, n as u32 % 4);
            builder.debt(if other < lender { other } else { other + 1 }, lender, *amount, 0);
        }
        let graph = builder.build().expect("valid");
        let radius = |equity: &[f64]| graph.leverage_radius(equity, &SpectralSettings::default()).expect("valid");
        let scale = radius(&equity).upper / target;
        let equity: Vec<f64> = equity.iter().map(|equity| equity * scale).collect();
        let unstable = radius(&equity).exceeds(1.0);
        prop_assert_eq!(unstable, Some(target > 1.0));
        let exposures = Exposures::new(&graph.exposures(), &equity).expect("valid");
        let shock = [1e-6; 5];
        let spread = exposures.spread(&shock, Transmission::DebtRank, &SpreadSettings::default()).expect("valid");
        let largest = spread.stress.iter().fold(0.0_f64, |largest, &stress| largest.max(stress));
        prop_assert_eq!(Some(largest >= 1.0), unstable);
    }
}
