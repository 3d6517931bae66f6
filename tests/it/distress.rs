//! Distress measures against the R package `NetworkRiskMeasures`, which does not cap impacts either, and counts a
//! bank as failed once its stress reaches 1.

use crate::fixture::*;
use delever::core::SparseRows;
use delever::network::distress::{
    Boundary, DefaultRule, Exposures, FailureImpacts, Spread, SpreadSettings, Transmission, default_cascade,
};
use delever_testkit::reference::shared_json;
use proptest::prelude::*;

fn claims(matrix: &[Vec<f64>]) -> SparseRows {
    let rows = matrix.iter().enumerate();
    let triplets: Vec<_> = rows
        .flat_map(|(i, row)| row.iter().enumerate().map(move |(j, &x)| (i as u32, j as u32, x)))
        .filter(|&(_, _, amount)| amount > 0.0)
        .collect();
    SparseRows::from_triplets(matrix.len(), matrix.len(), &triplets)
}

#[test]
#[cfg_attr(shared_absent, ignore = "the shared folder is absent")]
fn network_risk_measures_stress_by_scenario() {
    for name in [
        "random_n50_debtrank",
        "random_n50_threshold",
        "simdata_debtrank_all",
        "simdata_threshold_all",
        "toy3_debtrank_all",
        "toy3_debtrank_partial",
        "toy3_threshold_all",
    ] {
        let Some(case) = shared_json(&format!("reference/NetworkRiskMeasures/{name}.json")) else {
            return;
        };
        let (input, output) = (&case["input"], &case["output"]);
        let buffers = numbers(&input["buffer"]);
        let exposures = Exposures::new(
            &claims(&matrix(&input["exposures_rowlender_colborrower"])),
            &buffers,
        )
        .expect("positive buffers");
        let weights = numbers(&input["weights"]);
        let whole: f64 = weights.iter().sum();
        let weights: Vec<f64> = weights.iter().map(|weight| weight / whole).collect();
        let transmission = match input["method"].as_str() {
            Some("debtrank") => Transmission::DebtRank,
            _ => Transmission::Default,
        };
        let settings = SpreadSettings {
            tolerance: input["abs_tol"].as_f64().expect("a tolerance"),
            max_steps: 5000,
        };
        let scenarios = output["simulations"].as_array().expect("scenarios");
        let summaries = output["summary"].as_array().expect("summaries");
        for (scenario, summary) in scenarios.iter().zip(summaries) {
            let shock = numbers(&scenario["initial_stress"]);
            let spread = exposures
                .spread(&shock, transmission, &settings)
                .expect("a shock");
            let number = |key: &str| summary[key].as_f64().expect("a number");
            all_close(&spread.stress, &numbers(&scenario["final_stress"]), 1e-11, name);
            assert_eq!(
                u64::from(spread.steps),
                scenario["iterations"].as_u64().expect("a number"),
                "{name}"
            );
            close(
                spread.additional_stress(&shock, &weights),
                number("additional_stress"),
                1e-11,
                name,
            );
            let loss = number("additional_losses");
            close(
                exposures.additional_loss(&shock, &spread),
                loss,
                1e-11 * (1.0 + loss),
                name,
            );
            assert_eq!(
                spread.additional_defaults(&shock) as f64,
                number("additional_defaults"),
                "{name}"
            );
        }
    }
}

/// The package's vulnerability matrix caps at 1 what its simulations do not.
#[test]
fn network_risk_measures_vulnerability_matrix() {
    // Six banks of the package's own test: a debtor a row, with buffers of the creditors.
    let owed = [
        [0.0, 5.0, 0.0, 0.0, 10.0, 2.0],
        [0.0, 0.0, 3.0, 0.0, 2.0, 0.0],
        [0.0, 0.0, 0.0, 4.0, 0.0, 0.0],
        [0.0; 6],
        [0.0, 0.0, 2.0, 5.0, 5.0, 0.0],
        [0.0, 2.0, 2.0, 0.0, 0.0, 0.0],
    ];
    let expected_rows = [
        [0.0, 1.0, 0.0, 0.0, 1.0, 0.5],
        [0.0, 0.0, 1.0, 0.0, 0.2, 0.0],
        [0.0, 0.0, 0.0, 1.0, 0.0, 0.0],
        [0.0; 6],
        [0.0, 0.0, 1.0, 1.0, 0.5, 0.0],
        [0.0, 1.0, 1.0, 0.0, 0.0, 0.0],
    ];
    let lent: Vec<Vec<f64>> = (0..owed.len())
        .map(|lender| owed.iter().map(|row| row[lender]).collect())
        .collect();
    let exposures =
        Exposures::new(&claims(&lent), &[10.0, 2.0, 2.0, 1.0, 10.0, 4.0]).expect("positive buffers");
    for (borrower, expected) in expected_rows.iter().enumerate() {
        let mut capped = vec![0.0; owed.len()];
        for (lender, impact) in exposures.impacts().row(borrower).iter() {
            capped[lender] = impact.min(1.0);
        }
        all_close(&capped, expected, 1e-15, "vulnerability");
    }
}

/// The package's example of three banks, each of which fails in turn: final stress, steps, additional losses and defaults.
#[test]
fn network_risk_measures_three_banks_that_fail_in_turn() {
    let lent = [vec![0.0, 1.0, 0.0], vec![10.0, 0.0, 3.0], vec![3.0, 2.0, 0.0]];
    let exposures = Exposures::new(&claims(&lent), &[2.0, 5.0, 2.0]).expect("positive buffers");
    let settings = SpreadSettings {
        tolerance: 1e-12,
        max_steps: 5000,
    };
    let check = |transmission, failing: usize, stress: [f64; 3], steps: u32, loss: f64, defaults: usize| {
        let mut shock = [0.0; 3];
        shock[failing] = 1.0;
        let spread = exposures
            .spread(&shock, transmission, &settings)
            .expect("a shock");
        all_close(&spread.stress, &stress, 1e-11, "stress");
        assert_eq!(spread.steps, steps);
        close(exposures.additional_loss(&shock, &spread), loss, 1e-10, "losses");
        assert_eq!(spread.additional_defaults(&shock), defaults);
    };
    check(Transmission::DebtRank, 0, [1.5, 2.6, 2.5], 3, 19.0, 2);
    check(Transmission::DebtRank, 1, [0.5, 2.6, 1.75], 3, 12.5, 1);
    check(Transmission::DebtRank, 2, [0.5, 1.6, 2.75], 6, 12.5, 1);
    check(Transmission::Default, 0, [1.5, 2.6, 2.5], 3, 19.0, 2);
    check(Transmission::Default, 1, [0.5, 1.6, 1.0], 3, 6.0, 1);
    check(Transmission::Default, 2, [0.0, 0.6, 1.0], 2, 3.0, 0);
}

/// The definition, dense and on its own: everyone sends what stress below 1 they have not sent.
fn naive(exposed: &[Vec<f64>], buffers: &[f64], shock: &[f64], transmission: Transmission) -> Vec<f64> {
    let n = buffers.len();
    let (mut stress, mut sent) = (shock.to_vec(), vec![0.0; n]);
    for _ in 0..5000 {
        let now: Vec<f64> = (0..n)
            .map(|j| match transmission {
                Transmission::DebtRank => stress[j].min(1.0) - sent[j],
                Transmission::Default => f64::from(u8::from(stress[j] >= 1.0)) - sent[j],
                Transmission::FirstHit | Transmission::FirstHitUncapped if sent[j] == 0.0 => {
                    stress[j].min(1.0)
                }
                Transmission::FirstHit | Transmission::FirstHitUncapped => 0.0,
            })
            .collect();
        for i in 0..n {
            stress[i] += (0..n).map(|j| exposed[i][j] / buffers[i] * now[j]).sum::<f64>();
        }
        (0..n).for_each(|j| sent[j] += now[j]);
    }
    stress
}

type Drawn = (Vec<Vec<f64>>, Vec<f64>, Vec<f64>);

fn drawn() -> impl Strategy<Value = Drawn> {
    (2_usize..7).prop_flat_map(|n| {
        let claim = prop_oneof![1 => Just(0.0), 1 => 0.1_f64..3.0];
        (
            prop::collection::vec(prop::collection::vec(claim, n), n),
            prop::collection::vec(1.0_f64..20.0, n),
            prop::collection::vec(prop_oneof![Just(0.0), Just(1.0), 0.0_f64..1.0], n),
        )
            .prop_map(|(mut exposed, buffers, shock)| {
                (0..exposed.len()).for_each(|i| exposed[i][i] = 0.0);
                (exposed, buffers, shock)
            })
    })
}

proptest! {
    #[test]
    fn stress_agrees_with_the_dense_definition((exposed, buffers, shock) in drawn()) {
        let exposures = Exposures::new(&claims(&exposed), &buffers).expect("valid");
        // Impacts below 1 only: the single hit alone caps them.
        let transmissions = [Transmission::DebtRank, Transmission::Default, Transmission::FirstHit];
        let capped = exposures.impacts().triplets().any(|(_, _, impact)| impact > 1.0);
        for &transmission in &transmissions[..if capped { 2 } else { 3 }] {
            let ours = exposures.spread(&shock, transmission, &SpreadSettings::default()).expect("valid");
            // A stress of 1 but for rounding may count on one side and not on the other.
            prop_assume!(ours.stress.iter().all(|s| (s - 1.0).abs() > 1e-9 || shock.contains(s)));
            let theirs = naive(&exposed, &buffers, &shock, transmission);
            for (a, b) in ours.stress.iter().zip(&theirs) {
                prop_assert!((a - b).abs() <= 1e-8 * b.max(1.0), "{a} {b}");
            }
        }
    }

    #[test]
    fn failures_side_by_side_have_the_bits_of_each_alone((exposed, buffers, _) in drawn(), copies in 1_usize..4) {
        let count = buffers.len() * copies;
        let wide: Vec<Vec<f64>> = (0..count)
            .map(|i| (0..count).map(|j| exposed[i % exposed.len()][j % exposed.len()]).collect())
            .collect();
        let buffers: Vec<f64> = (0..count).map(|i| buffers[i % buffers.len()]).collect();
        let exposures = Exposures::new(&claims(&wide), &buffers).expect("valid");
        let settings = SpreadSettings { max_steps: 500, ..SpreadSettings::default() };
        for transmission in [Transmission::DebtRank, Transmission::Default, Transmission::FirstHit] {
            let all = exposures.each_failure(transmission, &settings);
            prop_assert_eq!(all.len(), count);
            for (failed, together) in all.iter().enumerate() {
                let mut shock = vec![0.0; count];
                shock[failed] = 1.0;
                let alone = exposures.spread(&shock, transmission, &settings).expect("valid");
                prop_assert_eq!(together, &alone);
            }
        }
    }

    #[test]
    fn a_larger_shock_never_ends_in_less_stress((exposed, buffers, shock) in drawn(), who in 0_usize..7) {
        let exposures = Exposures::new(&claims(&exposed), &buffers).expect("valid");
        let mut larger = shock.clone();
        let who = who % larger.len();
        larger[who] = (larger[who] + 0.3).min(1.0);
        for transmission in [Transmission::DebtRank, Transmission::Default] {
            let run = |shock: &[f64]| -> Spread {
                exposures.spread(shock, transmission, &SpreadSettings::default()).expect("valid")
            };
            for (more, less) in run(&larger).stress.iter().zip(run(&shock).stress) {
                prop_assert!(*more >= less - 1e-10 * less.max(1.0), "{more} {less}");
            }
        }
    }
}

/// A chain of impacts of one half. The counterexample to monotonicity of the single hit: a small shock to the second
/// institution spends it before the first one's failure arrives.
#[test]
fn a_larger_shock_can_end_in_less_stress_under_a_single_hit() {
    let chain = SparseRows::from_triplets(3, 3, &[(1, 0, 5.0), (2, 1, 5.0)]);
    let exposures = Exposures::new(&chain, &[10.0; 3]).expect("valid");
    for (shock, single, multi) in [
        ([1.0, 0.0, 0.0], [1.0, 0.5, 0.25], [1.0, 0.5, 0.25]),
        ([1.0, 0.01, 0.0], [1.0, 0.51, 0.005], [1.0, 0.51, 0.255]),
    ] {
        for (transmission, expected) in [(Transmission::FirstHit, single), (Transmission::DebtRank, multi)] {
            let settings = SpreadSettings::default();
            let spread = exposures.spread(&shock, transmission, &settings).expect("valid");
            all_close(&spread.stress, &expected, 1e-15, "stress");
        }
    }
}

#[test]
fn failures_come_in_waves_and_each_alone() {
    // 1 lent 12 to 0, 2 lent 11 to 1, 3 lent 5 to 2; buffers of 10.
    let exposed = SparseRows::from_triplets(4, 4, &[(1, 0, 12.0), (2, 1, 11.0), (3, 2, 5.0)]);
    let exposures = Exposures::new(&exposed, &[10.0; 4]).expect("valid");
    let alone = exposures.each_failure(Transmission::Default, &SpreadSettings::default());
    assert_eq!(alone[0].wave, [Some(0), Some(1), Some(2), None]);
    assert_eq!(alone[0].stress, [1.0, 1.2, 1.1, 0.5]);
    assert_eq!(alone[2].wave, [None, None, Some(0), None]);
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let exposed = SparseRows::from_triplets(3, 3, &[(1, 0, 1.0)]);
    let errors = Exposures::new(&exposed, &[1.0, 0.0, f64::NAN]).expect_err("no buffers");
    assert_eq!(errors.len(), 2);
    assert!(Exposures::new(&exposed, &[1.0]).is_err());
    let exposures = Exposures::new(&exposed, &[1.0; 3]).expect("valid");
    let settings = SpreadSettings::default();
    let shocked = |shock: &[f64]| exposures.spread(shock, Transmission::DebtRank, &settings);
    assert_eq!(shocked(&[1.5, -0.1, 0.0]).expect_err("out of range").len(), 2);
    assert!(shocked(&[0.0; 2]).is_err());
}

/// Failures by definition: whoever cannot bear what the failed owe it fails, until nobody else does.
fn naive_failures(exposed: &[Vec<f64>], worth: &[f64], failed: &[usize], rule: &DefaultRule) -> Vec<bool> {
    let n = worth.len();
    let mut down: Vec<bool> = (0..n).map(|i| failed.contains(&i)).collect();
    for _ in 0..=n {
        let before = down.clone();
        for i in 0..n {
            let lost: f64 = (0..n).filter(|&j| before[j]).map(|j| exposed[i][j]).sum();
            let loss = (1.0 - rule.recovery) * lost;
            down[i] |= match rule.boundary {
                Boundary::Survives => worth[i] < loss,
                Boundary::Fails => worth[i] <= loss,
            };
        }
    }
    down
}

proptest! {
    #[test]
    fn default_cascades_agree_with_the_definition((exposed, worth, _) in drawn(), who in 0_usize..7, recovery in 0_u32..=4, reach in 0_u32..2) {
        let boundary = if reach == 0 { Boundary::Survives } else { Boundary::Fails };
        let rule = DefaultRule { recovery: f64::from(recovery) / 4.0, boundary };
        let worth: Vec<f64> = worth.iter().map(|worth| worth - 2.0).collect();
        let who = who % worth.len();
        let claims = claims(&exposed);
        let cascade = default_cascade(&claims, &worth, &[who as u32], &rule).expect("valid");
        let down: Vec<bool> = cascade.wave.iter().map(Option::is_some).collect();
        prop_assert_eq!(&down, &naive_failures(&exposed, &worth, &[who], &rule));
        for wave in 1..=cascade.last_wave() {
            prop_assert!(cascade.members(wave).count() > 0, "wave {} of {:?}", wave, cascade.wave);
        }
    }

    #[test]
    fn impacts_are_sums_over_each_failure_alone((exposed, buffers, _) in drawn()) {
        let exposures = Exposures::new(&claims(&exposed), &buffers).expect("valid");
        let settings = SpreadSettings { max_steps: 500, ..SpreadSettings::default() };
        let n = buffers.len();
        let weights = vec![2.0; n];
        let impacts = FailureImpacts::of_stress(&exposures, &weights, Transmission::DebtRank, &settings).expect("valid");
        let mut hurt = vec![0.0; n];
        for (failed, spread) in exposures.each_failure(Transmission::DebtRank, &settings).iter().enumerate() {
            let mut debtrank = 0.0;
            for i in (0..n).filter(|&i| i != failed) {
                let share = spread.stress[i].min(1.0);
                prop_assert!((impacts.loss(i, failed) - share * buffers[i]).abs() < 1e-12);
                debtrank += share / n as f64;
                hurt[i] += share / (n - 1) as f64;
            }
            prop_assert!((impacts.institutions[failed].debtrank - debtrank).abs() < 1e-12);
        }
        for (ours, theirs) in impacts.vulnerability.iter().zip(&hurt) {
            prop_assert!((ours - theirs).abs() < 1e-12);
        }
    }

    #[test]
    fn furfine_impacts_count_only_what_would_not_fail_anyway((exposed, worth, _) in drawn()) {
        let worth: Vec<f64> = worth.iter().map(|worth| worth - 2.0).collect();
        let (claims, rule) = (claims(&exposed), DefaultRule::furfine(0.25));
        let n = worth.len();
        let impacts = FailureImpacts::of_defaults(&claims, &worth, &vec![1.0; n], &rule).expect("valid");
        let anyway = naive_failures(&exposed, &worth, &[], &rule);
        for failed in 0..n {
            let down = naive_failures(&exposed, &worth, &[failed], &rule);
            let others = (0..n).filter(|&i| i != failed && down[i] && !anyway[i]).count();
            prop_assert_eq!(impacts.institutions[failed].failures as usize, others);
            prop_assert!(impacts.losses_caused_by(failed).iter().all(|&loss| loss >= 0.0));
        }
    }
}

#[test]
fn a_cascade_with_recovery_stops_where_losses_are_borne() {
    let exposed = SparseRows::from_triplets(3, 3, &[(1, 0, 12.0), (2, 1, 8.0)]);
    let waves = |recovery: f64, boundary| {
        let rule = DefaultRule { recovery, boundary };
        default_cascade(&exposed, &[5.0, 9.0, 8.0], &[0], &rule)
            .expect("valid")
            .wave
    };
    assert_eq!(waves(0.0, Boundary::Survives), [Some(0), Some(1), None]);
    assert_eq!(waves(0.0, Boundary::Fails), [Some(0), Some(1), Some(2)]);
    assert_eq!(waves(0.25, Boundary::Survives), [Some(0), None, None]);
    let rule = DefaultRule {
        recovery: 1.5,
        boundary: Boundary::Fails,
    };
    let errors = default_cascade(&exposed, &[f64::NAN, 1.0, 1.0], &[7], &rule).expect_err("three problems");
    assert_eq!(errors.len(), 3, "{errors:?}");
}
