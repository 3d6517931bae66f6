//! Every refusal of the reconstruction, each with its data.

#![allow(clippy::unwrap_used)]

use delever_network::reconstruction::ReconstructionError as E;
use delever_network::reconstruction::{
    EntryList, FitnessSettings, GibbsSampler, GibbsSettings, LinkTarget, Margins, ScalingSettings, Side,
    fitness, maximum_entropy,
};

fn problems(debts: &[f64], claims: &[f64], known: &[(u32, u32, f64)]) -> Vec<E> {
    Margins::with_known(debts, claims, known).unwrap_err()
}

#[test]
fn every_problem_of_totals_is_named_at_once() {
    let negative = |side, institution, value| E::Negative {
        side,
        institution,
        value,
    };
    let found = problems(&[-1.0, f64::INFINITY], &[2.0, -3.0, 1.0], &[]);
    let expected = [
        E::Lengths { debts: 2, claims: 3 },
        negative(Side::Debts, 0, -1.0),
        E::NotFinite {
            side: Side::Debts,
            institution: 1,
            value: f64::INFINITY,
        },
        negative(Side::Claims, 1, -3.0),
    ];
    assert_eq!(found, expected);
    assert_eq!(found[1].to_string(), "institution 0: total debts -1 is negative");
    let found = problems(&[f64::NAN, 1.0], &[1.0, 0.0], &[]);
    assert!(matches!(found[..], [E::NotFinite { institution: 0, .. }]));
    let found = problems(&[f64::MAX; 2], &[f64::MAX; 2], &[]);
    assert!(matches!(
        found[..],
        [E::NotFinite {
            value: f64::INFINITY,
            ..
        }]
    ));
}

#[test]
fn totals_that_no_matrix_has_are_named() {
    let found = problems(&[1.0, 2.0], &[1.5, 2.0], &[]);
    assert_eq!(
        found,
        [E::Totals {
            debts: 3.0,
            claims: 3.5
        }]
    );
    let found = problems(&[5.0, 1.0, 1.0], &[3.0, 3.0, 1.0], &[]);
    let exceeds = E::Exceeds {
        institution: 0,
        debts: 5.0,
        claims: 3.0,
        total: 7.0,
    };
    assert_eq!(found, [exceeds]);
    let found = problems(&[1e30, 1.0, 0.0], &[0.0, 1e30, 1.0], &[]);
    let [
        E::TooSmall { institution: 1, .. },
        E::TooSmall { institution: 2, .. },
    ] = found[..]
    else {
        panic!("{found:?}")
    };
}

#[test]
fn every_problem_of_known_debts_is_named() {
    let list = EntryList::Known;
    let known = [(0, 3, 1.0), (1, 1, 1.0), (0, 1, -1.0), (0, 1, 0.5)];
    let (debtor, creditor) = (0, 1);
    let expected = [
        E::Repeated {
            list,
            record: 3,
            debtor,
            creditor,
        },
        E::OutOfRange {
            list,
            record: 0,
            institution: 3,
            count: 3,
        },
        E::Diagonal {
            list,
            record: 1,
            institution: 1,
        },
        E::Entry {
            list,
            record: 2,
            value: -1.0,
        },
    ];
    assert_eq!(problems(&[1.0; 3], &[1.0; 3], &known), expected);
    let above = |side, institution| E::KnownAboveTotal {
        side,
        institution,
        known: 1.5,
        value: 1.0,
    };
    let found = problems(&[1.0; 3], &[1.0; 3], &[(0, 1, 1.5)]);
    assert_eq!(found, [above(Side::Debts, 0), above(Side::Claims, 1)]);
}

#[test]
fn known_debts_that_leave_no_matrix_are_named() {
    // 0 may only owe 1, who is owed less.
    let found = problems(&[2.0, 1.0, 1.0], &[2.0, 1.0, 1.0], &[(0, 2, 0.0)]);
    let infeasible = E::Infeasible {
        unplaced: 1.0,
        total: 4.0,
    };
    assert_eq!(found, [infeasible]);
    // What is left is owed by 1 or to 1, and more than the others can take.
    let found = problems(
        &[2.0, 3.0, 1.0],
        &[1.0, 2.0, 3.0],
        &[(0, 1, 0.0), (0, 2, 2.0), (1, 2, 0.0)],
    );
    let exceeds = E::Exceeds {
        institution: 1,
        debts: 3.0,
        claims: 2.0,
        total: 4.0,
    };
    assert_eq!(found, [exceeds]);
}

#[test]
fn every_setting_out_of_range_is_named() {
    let margins = Margins::new(&[6.0, 5.0, 4.0], &[4.0, 6.5, 4.5]).unwrap();
    let settings = GibbsSettings {
        probability: 0.0,
        rate: f64::NAN,
        largest_cycle: 1,
        burn_in: 0,
        thinning: 0,
        seed: 0,
    };
    let found = GibbsSampler::new(&margins, &settings).unwrap_err();
    let name = |problem: &E| match problem {
        E::Setting { name, .. } => *name,
        other => panic!("{other}"),
    };
    let names: Vec<_> = found.iter().map(name).collect();
    assert_eq!(names, ["probability", "rate", "largest_cycle", "thinning"]);
    for target in [
        LinkTarget::Links(0.0),
        LinkTarget::Links(6.0),
        LinkTarget::Density(f64::NAN),
    ] {
        let found = fitness(&margins, &FitnessSettings::new(target, 1)).unwrap_err();
        assert!(matches!(found[..], [E::Setting { .. }]), "{found:?}");
    }
}

#[test]
fn every_problem_of_a_prior_is_named() {
    let margins = Margins::new(&[6.0, 5.0, 4.0], &[4.0, 6.5, 4.5]).unwrap();
    let scaling = ScalingSettings {
        tolerance: 0.0,
        max_iterations: 1,
    };
    let prior = [(0, 0, 1.0), (0, 1, f64::NAN)];
    let found = maximum_entropy(&margins, Some(&prior), &scaling).unwrap_err();
    let [
        E::Setting {
            name: "tolerance", ..
        },
        E::Diagonal { .. },
        E::Entry { .. },
    ] = found[..]
    else {
        panic!("{found:?}")
    };
    // 0 can place its 6, and nobody else anything.
    let found = maximum_entropy(&margins, Some(&[(0, 1, 1.0)]), &ScalingSettings::default()).unwrap_err();
    let infeasible = E::Infeasible {
        unplaced: 9.0,
        total: 15.0,
    };
    assert_eq!(found, [infeasible]);
}
