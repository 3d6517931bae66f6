//! Weber and Weske (2017): debts by seniority, shareholdings and default costs together, with and without fire sales.

use crate::cross_holdings::{Random, random};
use crate::fixture::{Clearing, all_close, equities, greatest, least, payments};
use delever::io::{LoadOptions, load};
use delever::network::clearing::{Elsinger, RecoveryRow};
use delever::prelude::*;
use proptest::prelude::*;

fn everything(share: f64) -> RecoveryRow {
    RecoveryRow {
        alpha: share,
        beta: share,
        kappa: share,
    }
}

fn solve(problem: &Clearing, row: RecoveryRow) -> Equilibria {
    let graph = &problem.graph;
    let model =
        Elsinger::new(graph.debts(), graph.shareholdings(), &problem.external()).expect("owned outside");
    let rows = vec![row; graph.institution_count()];
    problem.solve(Box::new(model.with_default_costs(rows)))
}

#[test]
fn by_hand() {
    // 0 owes 10 and has 2 outside, 4 from its debtor 1, and half of 2, which is worth 6. 12 - 3 = 9 < 10: it defaults, and
    // 2/2 + 4/4 + 3/3 = 3 is left of 9.
    let owed = vec![vec![0.0, 0.0, 10.0], vec![4.0, 0.0, 0.0], vec![0.0; 3]];
    let held = vec![vec![0.0, 0.0, 0.5], vec![0.0; 3], vec![0.0; 3]];
    let problem = Clearing::layered(&[2.0, 4.0, 3.0], &[(0, owed)], &held, &[0.0; 3]);
    let row = RecoveryRow {
        alpha: 0.5,
        beta: 0.25,
        kappa: 1.0 / 3.0,
    };
    // Bank 2 has 3 and what 0 pays, p; 0 has 6 + (3 + p)/2 and pays 2 + (3 + p)/6 in default: p = 3.
    let both = solve(&problem, row);
    let outcome = least(&both);
    all_close(&payments(outcome), &[3.0, 4.0, 0.0], 1e-12, "least");
    all_close(&equities(outcome), &[-1.0, 0.0, 6.0], 1e-12, "least");
    all_close(&[outcome.institutions[0].default_cost], &[6.0], 1e-12, "least");
    // Paid in full, bank 2 is worth 13, and 0 has 12.5: that holds as well.
    all_close(&payments(greatest(&both)), &[10.0, 4.0, 0.0], 1e-12, "greatest");
    assert_eq!(both.unique, Some(false));
    assert_eq!(
        (greatest(&both).status, outcome.status),
        (Status::Certified, Status::Certified)
    );
}

/// Iteration from full payment, written out plainly: payments by institution at the greatest solution.
fn plainly(system: &Random, row: RecoveryRow) -> Vec<f64> {
    let n = system.outside.len();
    let face = |layer: usize, i: usize| {
        let outside = if layer == 0 { system.external[i] } else { 0.0 };
        system.layers[layer].1[i].iter().sum::<f64>() + outside
    };
    let owed: Vec<f64> = (0..n).map(|i| face(0, i) + face(1, i)).collect();
    let all: f64 = system.outside.iter().map(|x| x.max(0.0)).sum::<f64>() + owed.iter().sum::<f64>();
    let (mut ratios, mut worth) = (vec![[1.0; 2]; n], vec![1e3 * all; n]);
    for _ in 0..20_000 {
        let (mut next_ratios, mut next_worth) = (ratios.clone(), worth.clone());
        for i in 0..n {
            let debts: f64 = (0..n)
                .map(|j| {
                    (0..2)
                        .map(|l| ratios[j][l] * system.layers[l].1[j][i])
                        .sum::<f64>()
                })
                .sum();
            let shares: f64 = (0..n).map(|j| system.held[i][j] * worth[j]).sum();
            let outside = system.outside[i];
            let assets = outside + debts + shares;
            let left = if assets < owed[i] {
                row.alpha * outside.max(0.0) + outside.min(0.0) + row.beta * debts + row.kappa * shares
            } else {
                assets
            };
            let mut senior = 0.0;
            for (l, ratio) in next_ratios[i].iter_mut().enumerate() {
                let face = face(l, i);
                *ratio = if face > 0.0 {
                    ((left - senior) / face).clamp(0.0, 1.0)
                } else {
                    1.0
                };
                senior += face;
            }
            next_worth[i] = (assets - owed[i]).max(0.0);
        }
        (ratios, worth) = (next_ratios, next_worth);
    }
    (0..n)
        .map(|i| (0..2).map(|l| ratios[i][l] * face(l, i)).sum())
        .collect()
}

proptest! {
    #![proptest_config(delever_testkit::laws::config_of_at_most(500))]

    #[test]
    fn agrees_with_plain_iteration(system in random(), alpha in 0_u32..=8, beta in 0_u32..=8, kappa in 0_u32..=8) {
        let share = |eighths: u32| f64::from(eighths) / 8.0;
        let row = RecoveryRow { alpha: share(alpha), beta: share(beta), kappa: share(kappa) };
        let problem = Clearing::layered(&system.outside, &system.layers, &system.held, &system.external);
        let both = solve(&problem, row);
        let outcome = greatest(&both);
        if !outcome.near_boundary {
            prop_assert_eq!(outcome.status, Status::Certified);
            for (ours, theirs) in payments(outcome).iter().zip(plainly(&system, row)) {
                prop_assert!((ours - theirs).abs() < 1e-8, "{} {}", ours, theirs);
            }
        }
        for (a, b) in payments(outcome).iter().zip(payments(least(&both))) {
            prop_assert!(*a >= b - 1e-9);
        }
    }
}

proptest! {
    #[test]
    fn without_costs_it_is_elsinger(system in random()) {
        let problem = Clearing::layered(&system.outside, &system.layers, &system.held, &system.external);
        let (costless, elsinger) = (solve(&problem, everything(1.0)), problem.elsinger());
        for (ours, theirs) in [(greatest(&costless), greatest(&elsinger)), (least(&costless), least(&elsinger))] {
            for (a, b) in payments(ours).iter().zip(payments(theirs)) {
                prop_assert!((a - b).abs() < 1e-9, "{} {}", a, b);
            }
        }
    }

    #[test]
    fn without_shares_it_is_rogers_veraart(system in random(), alpha in 0_u32..=8, beta in 0_u32..=8) {
        let (alpha, beta) = (f64::from(alpha) / 8.0, f64::from(beta) / 8.0);
        let problem = Clearing::layered(&system.outside, &system.layers[..1], &[], &system.external);
        let ours = solve(&problem, RecoveryRow { alpha, beta, kappa: 0.0 });
        let theirs = problem.rogers_veraart(alpha, beta);
        // The sums of one payment run in another order, which can decide who defaults where that hangs by a rounding.
        prop_assume!(!greatest(&ours).near_boundary);
        // Both are certified to 1e-12 of what is owed; a payment that decays to 0 in a ring is 0 to either in its own way.
        let owed = system.layers[0].1.iter().zip(&system.external);
        let owed = owed.map(|(inside, outside)| inside.iter().sum::<f64>() + outside);
        let paid = payments(greatest(&ours)).into_iter().zip(payments(greatest(&theirs)));
        for ((a, b), owed) in paid.zip(owed) {
            prop_assert!((a - b).abs() <= 1e-12 * owed, "{} {} of {}", a, b, owed);
        }
    }

    #[test]
    fn more_is_recovered_never_lowers_a_payment(system in random(), share in 0_u32..8, which in 0_usize..3) {
        let problem = Clearing::layered(&system.outside, &system.layers, &system.held, &system.external);
        let lower = everything(f64::from(share) / 8.0);
        let mut higher = lower;
        *[&mut higher.alpha, &mut higher.beta, &mut higher.kappa][which] += 0.125;
        let (low, high) = (solve(&problem, lower), solve(&problem, higher));
        for (a, b) in payments(greatest(&low)).iter().zip(payments(greatest(&high))) {
            prop_assert!(*a <= b, "{} {}", a, b);
        }
    }
}

#[test]
fn a_scenario_with_fire_sales_debts_shares_and_costs() {
    let folder = std::env::temp_dir().join(format!("delever-default-costs-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("written");
    write(
        "institutions.csv",
        "id,cash,external_liabilities\na,1,4\nb,2,3\nc,8,0\n",
    );
    write("assets.csv", "id,price,depth\nbond,1,40\n");
    write(
        "holdings.csv",
        "institution,asset,quantity\na,bond,10\nb,bond,8\n",
    );
    write(
        "debts.csv",
        "debtor,creditor,amount,seniority\na,b,6,0\nb,c,5,1\n",
    );
    write("shareholdings.csv", "holder,issuer,fraction\nb,a,0.25\nc,b,0.5\n");
    let scenario = |kappa: &str| {
        format!(
            "version = 1\nname = \"all\"\n[data]\ndir = \".\"\n[shock]\nprices = {{ bond = -0.2 }}\n[deleveraging]\nrule = \
             \"leverage-cap\"\nmax_leverage = 4\n[impact]\nmodel = \"power\"\nc = 1\ng = 0.5\n[clearing]\nmodel = \
             \"weber-weske\"\nalpha = 0.8\nbeta = 0.7\nkappa = {kappa}\n[engine]\nkind = \"equilibrium\"\nselect = \"both\"\n"
        )
    };
    let registry = registry();
    write("scenario.toml", &scenario("0.5"));
    let run = load(&folder.join("scenario.toml"), &registry, &LoadOptions::default())
        .unwrap_or_else(|problems| panic!("{problems}"));
    let both = run.solve(&registry).expect("models fit");
    let outcome = greatest(&both);
    assert_eq!(outcome.status, Status::Certified);
    // Checked by its own equations: the price of what is sold, then what each pays and is worth.
    let price = outcome.assets[0].price;
    let sold = outcome.assets[0].sold_quantity;
    assert!(
        (price - 0.8 * (1.0 - (sold / 40.0).sqrt()).max(0.0)).abs() < 1e-12,
        "{price}"
    );
    let [a, b, c] = [0, 1, 2].map(|n| outcome.institutions[n]);
    let assets_a = 1.0 + 10.0 * price;
    assert!((a.assets - assets_a).abs() < 1e-12 && a.assets < 10.0);
    let paid_a = 0.8 * assets_a;
    assert!((a.payment - paid_a).abs() < 1e-12, "{}", a.payment);
    let received_b = paid_a * 6.0 / 10.0;
    let assets_b = 2.0 + 8.0 * price + received_b;
    assert!((b.assets - assets_b).abs() < 1e-12);
    let left_b = if assets_b < 8.0 {
        0.8 * (2.0 + 8.0 * price) + 0.7 * received_b
    } else {
        assets_b
    };
    let junior = (left_b - 3.0).clamp(0.0, 5.0);
    assert!((c.assets - (8.0 + junior + 0.5 * (assets_b - 8.0).max(0.0))).abs() < 1e-12);

    write("scenario.toml", &scenario("1.5"));
    let problems = load(&folder.join("scenario.toml"), &registry, &LoadOptions::default())
        .expect_err("a share above 1")
        .to_string();
    assert!(problems.contains("kappa"), "{problems}");
    std::fs::remove_dir_all(&folder).expect("removed");
}
