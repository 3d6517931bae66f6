//! Greatest and least clearing vectors differ exactly where the theory says so, on constructed networks.
//!
//! Eisenberg and Noe (2001), theorem 2, and Csoka and Herings (2021): a clearing vector is not unique exactly if some closed
//! class of mutual debtors, owing nobody outside of it, has no cash that could reach it. What its members owe each other then
//! circulates or not, and both are consistent.

use crate::fixture::*;
use proptest::prelude::*;

/// Who can be reached from `start` along debts, `start` included.
fn reach(owed: &[Vec<f64>], start: usize) -> Vec<bool> {
    let mut seen = vec![false; owed.len()];
    let mut open = vec![start];
    while let Some(n) = open.pop() {
        if !std::mem::replace(&mut seen[n], true) {
            open.extend((0..owed.len()).filter(|&to| owed[n][to] > 0.0));
        }
    }
    seen
}

/// Whether some closed class without creditors outside gets no cash from anywhere: by definition, over all pairs.
fn theory_says_several(cash: &[f64], owed: &[Vec<f64>], external: &[f64]) -> bool {
    let count = cash.len();
    let reached: Vec<Vec<bool>> = (0..count).map(|n| reach(owed, n)).collect();
    (0..count).any(|n| {
        let class: Vec<usize> = (0..count).filter(|&m| reached[n][m]).collect();
        let closed = class.iter().all(|&m| reached[m][n] && external[m] == 0.0);
        let funded = (0..count).any(|source| cash[source] > 0.0 && class.iter().any(|&m| reached[source][m]));
        class.len() > 1 && closed && !funded
    })
}

/// Sparse networks in eighths, half of the institutions without cash, most without debts outside.
fn networks() -> impl Strategy<Value = (Vec<f64>, Vec<Vec<f64>>, Vec<f64>)> {
    (2_usize..7).prop_flat_map(|n| {
        let eighths = |zero: u32, most: u32| {
            prop_oneof![zero => Just(0.0), 10 - zero => (1..most).prop_map(|x| f64::from(x) / 8.0)]
        };
        let rows = prop::collection::vec(prop::collection::vec(eighths(6, 40), n), n);
        (
            prop::collection::vec(eighths(8, 16), n),
            rows,
            prop::collection::vec(eighths(9, 16), n),
        )
            .prop_map(|(cash, mut owed, external)| {
                (0..owed.len()).for_each(|i| owed[i][i] = 0.0);
                (cash, owed, external)
            })
    })
}

proptest! {
    #[test]
    fn eisenberg_noe_ends_differ_exactly_where_cash_reaches_no_closed_class((cash, owed, external) in networks()) {
        let both = Clearing::new(&cash, &owed, &external).eisenberg_noe();
        let several = theory_says_several(&cash, &owed, &external);
        prop_assert_eq!(both.unique, Some(!several), "{:?} {:?} {:?}", cash, owed, external);
        let (best, worst) = (payments(greatest(&both)), payments(least(&both)));
        let differ = best.iter().zip(&worst).any(|(a, b)| a - b > 1e-9);
        prop_assert_eq!(differ, several, "{:?} {:?}", best, worst);
    }
}

#[test]
fn both_kinds_of_networks_are_drawn() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let several = (0..1_000)
        .filter(|_| {
            let (cash, owed, external) = networks().new_tree(&mut runner).expect("drawn").current();
            theory_says_several(&cash, &owed, &external)
        })
        .count();
    assert!(
        (50..950).contains(&several),
        "{several} of 1,000 have several solutions"
    );
}

/// Rogers and Veraart (2013), theorem 3.1 and section 3.3: with default costs two institutions that can pay each other only
/// if both do have two clearing vectors, and one as soon as either can pay alone.
#[test]
fn rogers_veraart_ends_differ_exactly_where_neither_can_pay_alone() {
    let owed = vec![vec![0.0, 1.0], vec![1.0, 0.0]];
    for cash in [[0.25, 0.25], [0.5, 0.75], [0.25, 1.0], [1.0, 1.0], [2.0, 0.0]] {
        let both = Clearing::new(&cash, &owed, &[0.25; 2]).rogers_veraart(0.5, 0.5);
        // Healthy together: 1 received and 1.25 owed. Who has 1.25 alone pays whatever the other does.
        let together = cash.iter().all(|c| c + 1.0 >= 1.25);
        let alone = cash.iter().any(|&c| c >= 1.25);
        let several = together && !alone && {
            // If one fails it pays half of what it has, pari passu; the other must not get by on that.
            let paid = |c: f64, received: f64| 0.5 * (c + received) / 1.25;
            let mut ratios = [0.0_f64; 2];
            for _ in 0..200 {
                ratios = [0, 1].map(|n: usize| {
                    let received = ratios[1 - n];
                    if cash[n] + received >= 1.25 {
                        1.0
                    } else {
                        paid(cash[n], received)
                    }
                });
            }
            ratios.iter().any(|&ratio| ratio < 1.0)
        };
        assert_eq!(both.unique, Some(!several), "{cash:?}");
    }
}

/// With some of every claim held outside the system, claims are worth one thing only (contraction in the sum of amounts).
#[test]
fn shares_and_debts_partly_held_outside_have_one_solution() {
    for leak in [0.5, 0.1, 0.01] {
        let held = vec![vec![0.0, 1.0 - leak], vec![1.0 - leak, 0.0]];
        let owed = vec![vec![0.0, 2.0], vec![1.0, 0.0]];
        let system = Clearing::layered(&[0.5, 1.0], &[(0, owed)], &held, &[0.25; 2]);
        assert_eq!(system.elsinger().unique, Some(true), "{leak} held outside");
    }
}
