//! Claims that rise when another pays less: solved where that works, and said to be unordered.

use crate::fixture::{Clearing, all_close, bank, greatest, payments};
use delever::core::CreditDefaultSwap;
use delever::io::{LoadOptions, load};
use delever::network::clearing::RogersVeraartRow;
use delever::prelude::*;
use proptest::prelude::*;

pub fn swap(writer: u32, holder: u32, reference: u32, notional: f64) -> CreditDefaultSwap {
    CreditDefaultSwap {
        writer,
        holder,
        reference,
        notional,
    }
}

pub fn solve(problem: &Clearing, swaps: &[CreditDefaultSwap], recovered: f64) -> Equilibria {
    let row = RogersVeraartRow::pari_passu(recovered, recovered);
    let rows = vec![row; problem.graph.institution_count()];
    let model = OneLayer::new(RogersVeraart, rows, problem.debts(), &problem.external());
    problem.solve_for(Box::new(model.with_credit_default_swaps(swaps)), Select::Greatest)
}

/// 0 owes 1 to 1, which owes 1 outside; 0 holds protection on 1, written by 2, which can always pay.
pub fn schuldenzucker(notional: f64) -> (Clearing, CreditDefaultSwap) {
    let owed = vec![vec![0.0, 1.0, 0.0], vec![0.0; 3], vec![0.0; 3]];
    let problem = Clearing::new(&[0.0, 0.0, 10.0], &owed, &[0.0, 1.0, 0.0]);
    (problem, swap(2, 0, 1, notional))
}

/// A pays 0.5 and B pays 0.5 where the protection is on 1; where it is on 3 and half is lost in default, whatever B pays is
/// contradicted by what A then gets. Plain iteration from the top goes round in four steps in the first case.
#[test]
fn a_unique_solution_beside_a_cycle_and_no_solution_at_all() {
    let (problem, protection) = schuldenzucker(1.0);
    let both = solve(&problem, &[protection], 1.0);
    let outcome = greatest(&both);
    assert_eq!((outcome.status, outcome.cycle), (Status::Unordered, Some(4)));
    all_close(&payments(outcome)[..2], &[0.5, 0.5], 1e-11, "payments");
    assert_eq!((both.unique, outcome.certificate.width), (None, None));

    let (problem, protection) = schuldenzucker(3.0);
    let both = solve(&problem, &[protection], 0.5);
    let outcome = greatest(&both);
    assert!(outcome.cycle.is_some(), "plain iteration cycles");
    assert_eq!(outcome.status, Status::Stalled, "there is no solution to find");
    assert_eq!((both.unique, outcome.certificate.width), (None, None));
}

#[test]
fn through_a_scenario_file() {
    let folder = std::env::temp_dir().join(format!("delever-swaps-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("written");
    write(
        "institutions.csv",
        "id,cash,external_liabilities\na,0,0\nb,0,1\nc,10,0\n",
    );
    write("debts.csv", "debtor,creditor,amount\na,b,1\n");
    write(
        "credit_default_swaps.csv",
        "writer,holder,reference,notional\nc,a,b,1\n",
    );
    let scenario = |clearing: &str| {
        format!(
            "version = 1\nname = \"swaps\"\n[data]\ndir = \".\"\n[clearing]\nmodel = {clearing}\n[engine]\nkind = \"equilibrium\"\n"
        )
    };
    let registry = registry();
    write("scenario.toml", &scenario("\"eisenberg-noe\""));
    let run = load(&folder.join("scenario.toml"), &registry, &LoadOptions::default())
        .unwrap_or_else(|problems| panic!("{problems}"));
    let both = run.solve(&registry).expect("models fit");
    let outcome = greatest(&both);
    assert_eq!((outcome.status, outcome.cycle), (Status::Unordered, Some(4)));
    // The writer pays half of the notional: its equity is 10 - 0.5, and losses by channel still add up.
    all_close(&payments(outcome), &[0.5, 0.5, 0.5], 1e-11, "payments");
    for institution in &outcome.institutions {
        let lost = institution.equity_initial - institution.equity;
        assert!((institution.loss - lost).abs() < 1e-12, "{institution:?}");
    }
    for model in [
        "\"none\"",
        "\"elsinger\"",
        "\"furfine\"\nrecovery = 0.5",
        "\"elliott-golub-jackson\"\nfailure_value = 0\nfailure_cost = 0",
    ] {
        write("scenario.toml", &scenario(model));
        let problems = load(&folder.join("scenario.toml"), &registry, &LoadOptions::default())
            .expect_err("swaps would be left out")
            .to_string();
        assert!(
            problems.contains("D305") && problems.contains("credit_default_swaps.csv"),
            "{problems}"
        );
    }
    std::fs::remove_dir_all(&folder).expect("removed");
}

#[test]
fn a_larger_shock_can_help_whoever_is_protected() {
    // 0 holds protection on 1, which owes 4 outside: what 1 loses, 0 gains. No order law holds.
    let payment = |cash: f64| {
        let owed = vec![vec![0.0; 3]; 3];
        let problem = Clearing::new(&[1.0, cash, 10.0], &owed, &[4.0, 4.0, 0.0]);
        let both = solve(&problem, &[swap(2, 0, 1, 4.0)], 1.0);
        assert_eq!(greatest(&both).status, Status::Unordered);
        payments(greatest(&both))
    };
    all_close(&payment(4.0), &[1.0, 4.0, 0.0], 1e-12, "calm");
    all_close(&payment(2.0), &[3.0, 2.0, 2.0], 1e-12, "shocked");
}

fn random() -> impl Strategy<Value = (Vec<f64>, Vec<Vec<f64>>, Vec<f64>, Vec<CreditDefaultSwap>)> {
    (3_usize..6).prop_flat_map(|n| {
        let amount = || prop_oneof![2 => Just(0.0), 3 => (1_u32..160).prop_map(|x| f64::from(x) / 16.0)];
        let owed = prop::collection::vec(prop::collection::vec(amount(), n), n).prop_map(|mut owed| {
            (0..owed.len()).for_each(|n| owed[n][n] = 0.0);
            owed
        });
        let n = n as u32;
        let swaps = prop::collection::vec((0..n, 1..n, 1..n, 1_u32..160), 0..6).prop_map(move |drawn| {
            let place = |(writer, holder, reference, notional): (u32, u32, u32, u32)| {
                swap(
                    writer,
                    (writer + holder) % n,
                    (writer + reference) % n,
                    f64::from(notional) / 16.0,
                )
            };
            drawn.into_iter().map(place).collect::<Vec<_>>()
        });
        let n = n as usize;
        (
            prop::collection::vec(amount(), n),
            owed,
            prop::collection::vec(amount(), n),
            swaps,
        )
    })
}

proptest! {
    #![proptest_config(delever_testkit::laws::config_of_at_most(2_000))]

    #[test]
    fn what_is_called_solved_clears((cash, owed, external, swaps) in random(), recovered in 0_u32..=4) {
        let recovered = f64::from(recovered) / 4.0;
        let problem = Clearing::new(&cash, &owed, &external);
        let both = solve(&problem, &swaps, recovered);
        let outcome = greatest(&both);
        if swaps.is_empty() {
            prop_assert!(outcome.status != Status::Unordered && outcome.cycle.is_none());
        } else {
            prop_assert!(matches!(outcome.status, Status::Unordered | Status::Stalled), "{:?}", outcome.status);
        }
        if outcome.status == Status::Unordered {
            let n = cash.len();
            let ratio: Vec<f64> = outcome.institutions.iter().map(|i| {
                let liabilities = i.assets - i.equity;
                if liabilities > 0.0 { i.payment / liabilities } else { 1.0 }
            }).collect();
            for i in 0..n {
                let due = |s: &CreditDefaultSwap| s.notional * (1.0 - ratio[s.reference as usize]);
                let inside: f64 = (0..n).map(|j| owed[j][i] * ratio[j]).sum();
                let protected: f64 = swaps.iter().filter(|s| s.holder == i as u32).map(|s| due(s) * ratio[s.writer as usize]).sum();
                let written: f64 = swaps.iter().filter(|s| s.writer == i as u32).map(due).sum();
                let assets = cash[i] + inside + protected;
                let liabilities = owed[i].iter().sum::<f64>() + external[i] + written;
                let institution = &outcome.institutions[i];
                prop_assert!((institution.assets - assets).abs() < 1e-8, "{}: {} {}", bank(i), institution.assets, assets);
                prop_assert!((institution.assets - institution.equity - liabilities).abs() < 1e-8);
                // Near the point of default a residual of rounding decides which branch is paid.
                if (assets - liabilities).abs() > 1e-8 {
                    let paid = if assets >= liabilities { liabilities } else { recovered * assets };
                    prop_assert!((institution.payment - paid).abs() < 1e-8, "{}: {} {}", bank(i), institution.payment, paid);
                }
            }
        }
    }
}
