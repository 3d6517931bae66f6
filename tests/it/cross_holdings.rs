//! Debts by seniority and shareholdings: published cases, an engine without rounding, scenario files.

use crate::fixture::*;
use delever::io::{LoadOptions, load};
use delever::network::clearing::Elsinger;
use delever::prelude::*;
use delever_testkit::exact::clearing::rational;
use delever_testkit::exact::cross_holdings::CrossHoldings;
use delever_testkit::reference::shared_json;
use proptest::prelude::*;

fn transposed(matrix: &[Vec<f64>]) -> Vec<Vec<f64>> {
    (0..matrix.len())
        .map(|i| matrix.iter().map(|row| row[i]).collect())
        .collect()
}

/// Figures of the same case in doubles: `suzuki_four_firms` among the published cases.
#[test]
fn suzuki_2002_four_firms_in_exact_fractions() {
    let shares = [
        [0.0, 0.2, 0.3, 0.1],
        [0.2, 0.0, 0.2, 0.1],
        [0.1, 0.1, 0.0, 0.3],
        [0.1, 0.1, 0.1, 0.0],
    ];
    let parts = [
        [0.0, 0.0, 0.1, 0.0],
        [0.0, 0.0, 0.0, 0.1],
        [0.1, 0.0, 0.0, 0.1],
        [0.0, 0.1, 0.0, 0.0],
    ];
    // M[i][j] is the part of j's claim that i holds; who holds the rest stands outside.
    let faces = [0.8; 4];
    let decimal = |value: f64| {
        let tenths = num_rational::BigRational::from_integer(
            (value * 1000.0).round().to_string().parse().expect("whole"),
        );
        tenths / num_rational::BigRational::from_integer(1000.into())
    };
    let debts: Vec<Vec<_>> = (0..4)
        .map(|debtor| {
            (0..4)
                .map(|holder| decimal(parts[holder][debtor]) * decimal(faces[debtor]))
                .collect()
        })
        .collect();
    let exact = CrossHoldings {
        outside: [2.0, 0.5, 0.6, 0.6].map(decimal).to_vec(),
        external: (0..4)
            .map(|i| decimal(faces[i]) - debts[i].iter().sum::<num_rational::BigRational>())
            .collect(),
        debts: vec![debts],
        shares: shares
            .iter()
            .map(|row| row.iter().map(|&x| decimal(x)).collect())
            .collect(),
    };
    let assets = exact.assets().expect("regular");
    for (i, fraction) in ["13747/10335", "734/10335", "29/265", "107/3445"]
        .into_iter()
        .enumerate()
    {
        let fraction = fraction.parse().expect("a fraction");
        assert_eq!(exact.equity(i, &assets[i]), fraction, "firm {i}");
        assert_eq!(exact.payment(0, i, &assets[i]), decimal(0.8), "firm {i}");
    }
}

/// The source stops when the change falls below a hundred-thousandth of the largest debt; ours goes on to the last bit.
#[test]
#[cfg_attr(shared_absent, ignore = "the shared folder is absent")]
fn network_valuation_one_seniority_and_shares() {
    for name in [
        "elsinger_onelayer_n3",
        "elsinger_onelayer_n20",
        "elsinger_onelayer_n50",
        "elsinger_stressed_n20",
    ] {
        let Some(case) = shared_json(&format!("reference/networkvaluation/{name}.json")) else {
            return;
        };
        let (input, expected) = (&case["input"], &case["output"]);
        let owed = matrix(&input["liabilities_rowdebtor_colcreditor"]);
        let held = transposed(&matrix(&input["theta_rowissuer_colholder"]));
        let largest = owed.iter().map(|row| row.iter().sum::<f64>()).fold(0.0, f64::max);
        let outside = numbers(&input["external_assets"]);
        let none = vec![0.0; outside.len()];
        let both = Clearing::layered(&outside, &[(0, owed)], &held, &none).elsinger();
        let outcome = greatest(&both);
        assert_eq!(outcome.status, Status::Certified, "{name}");
        all_close(
            &payments(outcome),
            &numbers(&expected["payments"]),
            1e-5 * largest,
            name,
        );
        all_close(
            &equities(outcome),
            &numbers(&expected["equity"]),
            1e-5 * largest,
            name,
        );
    }
}

/// Everyone owes in two seniorities and holds shares; outsiders hold some of everything.
#[derive(Clone, Debug)]
pub struct Random {
    pub outside: Vec<f64>,
    pub external: Vec<f64>,
    pub layers: Vec<(u32, Vec<Vec<f64>>)>,
    pub held: Vec<Vec<f64>>,
}

pub fn random() -> impl Strategy<Value = Random> {
    (2_usize..6).prop_flat_map(|n| {
        let amounts = |n: usize| {
            let cell = prop_oneof![2 => Just(0.0), 3 => (1_u32..400).prop_map(|x| f64::from(x) / 16.0)];
            prop::collection::vec(prop::collection::vec(cell, n), n)
        };
        let outside = prop::collection::vec((-40_i32..800).prop_map(|x| f64::from(x) / 16.0), n);
        let external = prop::collection::vec((1_u32..160).prop_map(|x| f64::from(x) / 16.0), n);
        let fraction = (0_u32..60).prop_map(move |x| f64::from(x) / 64.0 / n as f64);
        let held = prop::collection::vec(prop::collection::vec(fraction, n), n);
        (outside, external, amounts(n), amounts(n), held).prop_map(
            |(outside, external, mut senior, mut junior, mut held)| {
                for matrix in [&mut senior, &mut junior, &mut held] {
                    (0..matrix.len()).for_each(|i| matrix[i][i] = 0.0);
                }
                // The last owes nobody inside and is owed something by everyone: junior debts leave the others too.
                let last = outside.len() - 1;
                for layer in [&mut senior, &mut junior] {
                    layer[last].fill(0.0);
                    (0..last).for_each(|i| layer[i][last] += 0.25);
                }
                Random {
                    outside,
                    external,
                    layers: vec![(0, senior), (3, junior)],
                    held,
                }
            },
        )
    })
}

proptest! {
    #[test]
    fn two_seniorities_and_shares_agree_with_exact_fractions(system in random()) {
        let exactly = |matrix: &[Vec<f64>]| -> Vec<Vec<_>> {
            matrix.iter().map(|row| row.iter().map(|&x| rational(x)).collect()).collect()
        };
        let exact = CrossHoldings {
            outside: system.outside.iter().map(|&x| rational(x)).collect(),
            external: system.external.iter().map(|&x| rational(x)).collect(),
            debts: system.layers.iter().map(|(_, layer)| exactly(layer)).collect(),
            shares: exactly(&system.held),
        };
        let assets = exact.assets().expect("patterns settle in all cases drawn so far");
        let problem = Clearing::layered(&system.outside, &system.layers, &system.held, &system.external);
        let both = problem.elsinger();
        for outcome in [greatest(&both), least(&both)] {
            prop_assert_eq!(outcome.status, Status::Certified);
            for (i, institution) in outcome.institutions.iter().enumerate() {
                let equity = exact.equity(i, &assets[i]);
                let paid = (0..2).map(|layer| exact.payment(layer, i, &assets[i])).sum::<num_rational::BigRational>();
                for (ours, theirs) in [(institution.equity, equity), (institution.payment, paid)] {
                    let wrong = num_traits::ToPrimitive::to_f64(&(rational(ours) - theirs)).expect("finite");
                    prop_assert!(wrong.abs() < 1e-9, "institution {}: {} off by {:e}", i, ours, wrong);
                }
                let parts = institution.loss_shock + institution.loss_fire_sale + institution.loss_contagion;
                prop_assert!((institution.loss - parts).abs() == 0.0);
                let lost = institution.equity_initial - institution.equity;
                prop_assert!((institution.loss - lost).abs() < 1e-9, "{} of {}", institution.loss, lost);
            }
        }
        prop_assert_eq!(both.unique, Some(true));
    }

    #[test]
    fn more_outside_assets_never_lower_any_payment_or_equity(system in random(), who in 0_usize..6, more in 0.0_f64..20.0) {
        let poorer = Clearing::layered(&system.outside, &system.layers, &system.held, &system.external).elsinger();
        let mut outside = system.outside.clone();
        let who = who % outside.len();
        outside[who] += more;
        let richer = Clearing::layered(&outside, &system.layers, &system.held, &system.external).elsinger();
        for (poor, rich) in [(greatest(&poorer), greatest(&richer)), (least(&poorer), least(&richer))] {
            for (a, b) in poor.institutions.iter().zip(&rich.institutions) {
                // Zero tolerance holds for payments, which start at one end whatever the amounts. Share values start
                // at a bound that itself depends on them, so equity is compared to a few roundings.
                prop_assert!(b.payment >= a.payment - 1e-12 * a.payment.abs(), "{} {}", a.payment, b.payment);
                prop_assert!(b.equity >= a.equity - 1e-9, "{} {}", a.equity, b.equity);
            }
        }
    }
}

#[test]
fn institutions_that_own_each_other_wholly_are_refused() {
    let held = vec![vec![0.0, 1.0, 0.0], vec![1.0, 0.0, 0.25], vec![0.0, 0.0, 0.0]];
    let problem = Clearing::layered(&[1.0; 3], &[], &held, &[0.0; 3]);
    let error = Elsinger::new(problem.graph.debts(), problem.graph.shareholdings(), &[0.0; 3])
        .expect_err("nobody outside owns 0 or 1");
    assert_eq!(error.issuers, [0, 1]);
}

#[test]
fn a_scenario_of_debts_and_shareholdings_alone_is_a_clearing_run() {
    let folder = std::env::temp_dir().join(format!("delever-cross-holdings-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("written");
    // The example of Elsinger (2009) as restated by Siebenbrunner (2018).
    write("institutions.csv", "id,cash\na,0\nb,50\nc,10\n");
    write(
        "debts.csv",
        "debtor,creditor,amount,seniority\na,b,20,0\na,c,10,0\nb,a,5,0\nb,c,40,0\nc,a,10,0\na,c,15,1\nb,c,24,1\nc,a,10,1\n",
    );
    write("shareholdings.csv", "holder,issuer,fraction\nb,a,0.1\nc,b,0.15\n");
    write(
        "scenario.toml",
        "version = 1\nname = \"cross-holdings\"\n[data]\ndir = \".\"\n[clearing]\nmodel = \"elsinger\"\n[engine]\nkind = \"equilibrium\"\nselect = \"both\"\n",
    );
    let registry = registry();
    let run = load(&folder.join("scenario.toml"), &registry, &LoadOptions::default())
        .unwrap_or_else(|problems| panic!("{problems}"));
    let both = run.solve(&registry).expect("models fit");
    all_close(
        &equities(greatest(&both)),
        &[-20.0, -7.0 / 3.0, 60.0],
        1e-12,
        "equity",
    );
    assert_eq!(both.unique, Some(true));

    write("shareholdings.csv", "holder,issuer,fraction\nb,a,1\na,b,1\n");
    let problems = load(&folder.join("scenario.toml"), &registry, &LoadOptions::default())
        .expect_err("owned wholly")
        .to_string();
    assert!(problems.contains("owned wholly"), "{problems}");
    std::fs::remove_dir_all(&folder).expect("removed");
}
