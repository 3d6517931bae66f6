//! Policy iteration: near-critical rings, random networks, agreement with plain iteration inside the bracket.

use crate::fixture::Clearing;
use delever::cascade::{Method, Outcome, Select, Settings, Shock, Status};
use delever::core::{Anchor, BalanceSheet, ClaimKernel, Claims, Interval};
use delever::network::clearing::{
    EisenbergNoe, EisenbergNoeRow, ExternalRank, OneLayer, RogersVeraart, RogersVeraartRow,
};
use delever::network::valuation::{DebtRank, DebtRankRow};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

fn settings(method: Method) -> Settings {
    Settings {
        method,
        ..Settings::default()
    }
}

fn eisenberg_noe(clearing: &Clearing) -> Box<dyn Claims> {
    let external = clearing.external();
    let rows = vec![EisenbergNoeRow::default(); external.len()];
    Box::new(OneLayer::new(EisenbergNoe, rows, clearing.debts(), &external))
}

fn solve(clearing: &Clearing, claims: Box<dyn Claims>, method: Method, select: Select) -> Outcome {
    let mut shock = Shock::none(&clearing.system);
    shock.outside_assets.clone_from(&clearing.burdens);
    let found = clearing.solve_by(&settings(method), &shock, claims, select);
    found.greatest.or(found.least).expect("one end is asked for")
}

/// Two who owe each other the same.
fn ring(amount: f64) -> Vec<Vec<f64>> {
    vec![vec![0.0, amount], vec![amount, 0.0]]
}

#[test]
fn an_open_ring_clears_at_exactly_nothing() {
    for exponent in 1..=12 {
        let external = 10.0_f64.powi(-exponent);
        let ring = Clearing::new(&[0.0; 2], &ring(1e6), &[1e6 * external; 2]);
        for method in [Method::Automatic, Method::Policy] {
            for select in [Select::Greatest, Select::Least] {
                let outcome = solve(&ring, eisenberg_noe(&ring), method, select);
                assert_eq!(
                    outcome.status,
                    Status::Certified,
                    "external debt {external}, {select:?}"
                );
                assert!(outcome.policy_steps <= 12, "{} steps", outcome.policy_steps);
                for institution in &outcome.institutions {
                    assert_eq!(
                        institution.payment, 0.0,
                        "external debt {external}, {method:?} {select:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_ring_with_assets_is_bracketed_as_narrowly_as_its_condition_allows() {
    for exponent in 1..=9 {
        let external = 10.0_f64.powi(-exponent);
        // In units of the debt p (1 + eps) = p + eps / 2 for both, so half of every debt is paid.
        let debt = 1e6;
        let ring = Clearing::new(&[debt * external / 2.0; 2], &ring(debt), &[debt * external; 2]);
        for select in [Select::Greatest, Select::Least] {
            let outcome = solve(&ring, eisenberg_noe(&ring), Method::Policy, select);
            let width = outcome.certificate.width.expect("bracketed");
            assert!(
                width <= 1e-13 / external,
                "external debt {external} {select:?}: width {width}"
            );
            for institution in &outcome.institutions {
                let ratio = institution.payment / (debt * (1.0 + external));
                assert!((ratio - 0.5).abs() <= width, "external debt {external}: {ratio}");
            }
        }
    }
}

/// A network in which everyone owes `degree` others, with a fraction of debts owed outside and little cash.
fn random_network(count: usize, degree: usize, seed: u64) -> Clearing {
    let mut state = seed;
    let mut draw = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    let mut owed = vec![vec![0.0; count]; count];
    let (mut cash, mut external) = (Vec::new(), Vec::new());
    for (debtor, row) in owed.iter_mut().enumerate() {
        for _ in 0..degree {
            let creditor = draw() % count;
            if creditor != debtor {
                row[creditor] += (1 + draw() % 100) as f64;
            }
        }
        cash.push((draw() % 60 * degree) as f64 / 10.0);
        external.push((1 + draw() % 100) as f64 / 10.0);
    }
    Clearing::new(&cash, &owed, &external)
}

fn agree(a: &Outcome, b: &Outcome, what: &str) {
    assert_eq!(
        (a.status, b.status),
        (Status::Certified, Status::Certified),
        "{what}"
    );
    let width = a.certificate.width.expect("bracket") + b.certificate.width.expect("bracket");
    for (a, b) in a.institutions.iter().zip(&b.institutions) {
        let tolerance = (width + 4.0 * f64::EPSILON) * a.payment.abs().max(b.payment.abs()).max(1e3);
        assert!(
            (a.payment - b.payment).abs() <= tolerance,
            "{what}: {} and {}",
            a.payment,
            b.payment
        );
    }
}

#[test]
fn random_networks_take_few_steps() {
    for seed in 1..=5 {
        let network = random_network(1_000, 10, seed);
        let policy = solve(
            &network,
            eisenberg_noe(&network),
            Method::Policy,
            Select::Greatest,
        );
        let plain = solve(
            &network,
            eisenberg_noe(&network),
            Method::Iteration,
            Select::Greatest,
        );
        assert!(policy.policy_steps <= 12, "{} steps", policy.policy_steps);
        assert!(policy.linear_sweeps > 0);
        agree(&policy, &plain, "1,000 institutions");
    }
}

proptest! {
    #[test]
    fn policy_and_plain_iteration_agree(seed in any::<u64>(), count in 2_usize..20, degree in 1_usize..5, model in 0..4, least in any::<bool>()) {
        let network = random_network(count, degree, seed);
        let claims = || -> Box<dyn Claims> {
            let external = network.external();
            match model {
                0 => eisenberg_noe(&network),
                1 | 2 => {
                    let row = if model == 1 {
                        RogersVeraartRow::pari_passu(0.7, 0.6)
                    } else {
                        RogersVeraartRow::pari_passu(1.0, 1.0)
                    };
                    Box::new(OneLayer::new(RogersVeraart, vec![row; count], network.debts(), &external))
                }
                _ => Box::new(OneLayer::new(DebtRank, vec![DebtRankRow::default(); count], network.debts(), &external)),
            }
        };
        let select = if least { Select::Least } else { Select::Greatest };
        let plain = solve(&network, claims(), Method::Iteration, select);
        prop_assume!(plain.status == Status::Certified);
        let policy = solve(&network, claims(), Method::Policy, select);
        agree(&policy, &plain, "small network");
    }
}

/// What [`delever::core::ClaimKernel::slope`] promises: between the sheet and the other end the ratio moves by at least the slope
/// times what the receipts move. Debtors without debts inside, without external creditors and without anything are drawn too.
fn slope_holds<K: ClaimKernel>(
    kernel: &K,
    row: &K::Row,
    drawn: [f64; 6],
    upper: bool,
) -> Result<(), TestCaseError> {
    let [cash, debts, external, equity_initial, one, other] = drawn;
    let sheet = |received: f64| {
        let mut sheet = BalanceSheet::<f64>::empty();
        (sheet.cash, sheet.debts_face, sheet.external_liabilities) = (cash, debts, external);
        (sheet.liabilities, sheet.received, sheet.debts_received) = (debts + external, received, received);
        sheet.equity_initial = equity_initial;
        sheet
    };
    let (anchor, at, end) = if upper {
        (Anchor::Upper, one.max(other), one.min(other))
    } else {
        (Anchor::Lower, one.min(other), one.max(other))
    };
    let mut bounds = BalanceSheet::<Interval>::empty();
    (bounds.cash, bounds.external_liabilities, bounds.equity_initial) = (cash, external, equity_initial);
    (bounds.debts_face, bounds.liabilities) = (Interval::from(debts), Interval::from(debts + external));
    (bounds.received, bounds.debts_received) = (Interval::from(at), Interval::from(at));
    let slope = kernel.slope(anchor, &bounds, Interval::from(end), row);
    prop_assert!(slope >= 0.0);
    for share in [0.0, 0.25, 0.5, 1.0] {
        let between = at + share * (end - at);
        let moved =
            (kernel.payment_ratio(&sheet(at), row) - kernel.payment_ratio(&sheet(between), row)).abs();
        prop_assert!(
            moved >= slope * (at - between).abs() - 1e-12,
            "slope {slope}, from {at} to {between}: {moved}"
        );
    }
    Ok(())
}

proptest! {
    #[test]
    fn claims_move_at_least_as_steeply_as_they_say(
        drawn in prop::array::uniform6(prop_oneof![Just(0.0), (0_u32..64).prop_map(|x| f64::from(x) / 16.0)]),
        negative in any::<bool>(),
        upper in any::<bool>(),
        (alpha, beta) in (0_u32..=4, 0_u32..=4),
    ) {
        let mut drawn = drawn;
        drawn[0] *= if negative { -1.0 } else { 1.0 };
        for external in [ExternalRank::PariPassu, ExternalRank::Senior] {
            slope_holds(&EisenbergNoe, &EisenbergNoeRow { external }, drawn, upper)?;
        }
        let row = RogersVeraartRow::pari_passu(f64::from(alpha) / 4.0, f64::from(beta) / 4.0);
        slope_holds(&RogersVeraart, &row, drawn, upper)?;
        slope_holds(&DebtRank, &DebtRankRow::default(), drawn, upper)?;
    }
}
