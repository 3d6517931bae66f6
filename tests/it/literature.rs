//! Published cases that need more than a result: maps, derivatives, large systems from the shared reference folder. What a
//! result shows stands among the published cases of `crates/testkit`.

use crate::fixture::*;
use delever::prelude::*;
use delever::solver::residual;
use delever_testkit::reference::shared_json;

#[test]
fn a_closed_ring_of_mutual_debts_is_not_unique_even_if_one_end_is_solved() {
    let ring = [vec![0.0, 1.0, 0.0], vec![0.0, 0.0, 1.0], vec![1.0, 0.0, 0.0]];
    let solved = Clearing::new(&[0.0; 3], &ring, &[0.0; 3]).eisenberg_noe_greatest();
    assert_eq!(payments(greatest(&solved)), [1.0; 3]);
    assert_eq!(
        (solved.unique, greatest(&solved).unique),
        (Some(false), Some(false))
    );
    // Any cash inside, or any creditor outside, and the structure alone no longer says so.
    assert_eq!(
        Clearing::new(&[0.1, 0.0, 0.0], &ring, &[0.0; 3])
            .eisenberg_noe_greatest()
            .unique,
        None
    );
    assert_eq!(
        Clearing::new(&[0.0; 3], &ring, &[0.1, 0.0, 0.0])
            .eisenberg_noe_greatest()
            .unique,
        None
    );
}

#[test]
fn eisenberg_noe_open_ring_of_two_needs_many_plain_iterations_and_says_so() {
    // External debt of 1e-2 makes (0, 0) the only clearing vector; plain iteration needs about 74,000 steps.
    let problem = Clearing::new(&[0.0, 0.0], &[vec![0.0, 1.0], vec![1.0, 0.0]], &[1e-2, 1e-2]);
    let both = problem.eisenberg_noe();
    for outcome in [greatest(&both), least(&both)] {
        assert!(matches!(
            outcome.status,
            Status::Certified | Status::Bracketed | Status::MaxIterations
        ));
        assert!(
            payments(outcome).iter().all(|&p| p < 1e-300),
            "{:?}",
            payments(outcome)
        );
    }
}

/// Institutions with one rule, holdings in units, and an impact model; no claims.
fn fire_sale(
    institutions: &[(Institution, Vec<f64>)],
    prices: &[f64],
    rule: Box<dyn delever::core::Rule>,
    impact: Box<dyn delever::core::ImpactModel>,
    after: &[f64],
    settings: &Settings,
) -> Equilibria {
    let (system, graph) = portfolio(institutions, prices);
    let cascade = Cascade::new(
        &system,
        &graph,
        fire_sale_models(institutions.len(), rule, impact),
    )
    .expect("models fit");
    let mut shock = Shock::none(&system);
    for (n, (&before, &after)) in prices.iter().zip(after).enumerate() {
        shock.prices[n] = after / before - 1.0;
    }
    cascade.solve(&shock, Select::Both, settings).expect("shock fits")
}

fn portfolio(institutions: &[(Institution, Vec<f64>)], prices: &[f64]) -> (System, ContagionGraph) {
    let mut builder = SystemBuilder::new();
    for (n, &price) in prices.iter().enumerate() {
        builder.asset(&format!("a{n:02}"), price);
    }
    for (n, (amounts, units)) in institutions.iter().enumerate() {
        builder.institution(&bank(n), *amounts);
        for (asset, &held) in units.iter().enumerate() {
            builder.holding(&bank(n), &format!("a{asset:02}"), held);
        }
    }
    (
        builder.build().expect("valid"),
        ContagionGraph::empty(institutions.len()),
    )
}

fn fire_sale_models(
    count: usize,
    rule: Box<dyn delever::core::Rule>,
    impact: Box<dyn delever::core::ImpactModel>,
) -> Models {
    Models {
        impact,
        execution: Execution::Terminal,
        rules: everyone(rule, count),
        strategy: Box::new(ProRata),
        claims: Box::new(FaceValue::new(count)),
    }
}

/// Both ends are the published case `breuer_summer_urosevic_three_banks`.
#[test]
fn breuer_summer_urosevic_2021_appendix_a3_the_middle_equilibrium() {
    let (equity, loans) = ([28.0, 80.0, 65.0], [1170.0, 1245.0, 1190.0]);
    let securities = [145.0, 435.0, 300.0];
    let institutions: Vec<_> = (0..3)
        .map(|n| {
            let external_liabilities = loans[n] + securities[n] - equity[n];
            let amounts = Institution {
                other_assets: loans[n],
                external_liabilities,
                ..Institution::default()
            };
            (amounts, vec![securities[n]])
        })
        .collect();
    // delta = sqrt(0.000022 Q): a power law with exponent one half.
    let row = delever::impact::PowerRow {
        c: 1.0,
        g: 0.5,
        depth: 1.0 / 0.000_022,
    };
    let (system, graph) = portfolio(&institutions, &[1.0]);
    let rule = || {
        Box::new(PerInstitution::new(
            LeverageCap,
            vec![LeverageCapRow::cap(44.0); 3],
            vec![],
        ))
    };
    let impact = || Box::new(PerAsset::new(Power, vec![row]));
    let cascade = Cascade::new(&system, &graph, fire_sale_models(3, rule(), impact())).expect("models fit");
    let shock = Shock::none(&system);
    // The middle root repels iteration from either side, and is a fixed point all the same.
    let middle = 0.114_085_032_949_429_55;
    let map = delever::cascade::CascadeMap::new(&cascade, &shock).expect("shock fits");
    assert!(residual(&map, &[1.0 - middle]) < 1e-11);
    assert!(residual(&map, &[1.0 - middle + 1e-3]) > 1e-5);
}

#[test]
#[cfg_attr(shared_absent, ignore = "the shared folder is absent")]
fn syslosseval_both_equilibria_of_every_case() {
    for name in [
        "random_n50_m5",
        "random_n100_m8",
        "multiple_equilibria_lb40",
        "eba2016_h1_kappa15",
        "eba2016_h3_kappa50",
    ] {
        let Some(file) = shared_json(&format!("reference/syslosseval/{name}.json")) else {
            return;
        };
        let (input, output) = (&file["input"], &file["output"]);
        let cap = input["lambda_bar"].as_f64().expect("cap");
        let (equity, loans, securities) = (
            numbers(&input["e_1"]),
            numbers(&input["L_1"]),
            matrix(&input["S_1"]),
        );
        let institutions: Vec<_> = securities
            .iter()
            .enumerate()
            .map(|(n, values)| {
                let external_liabilities = loans[n] + values.iter().sum::<f64>() - equity[n];
                (
                    Institution {
                        other_assets: loans[n],
                        external_liabilities,
                        ..Institution::default()
                    },
                    values.clone(),
                )
            })
            .collect();
        let count = securities[0].len();
        let impact: Box<dyn delever::core::ImpactModel> = if let Some(kappa) = input["kappa"].as_f64() {
            let volatility = numbers(input.get("volatility_used").unwrap_or(&input["volatility"]));
            let adv = numbers(input.get("adv_used").unwrap_or(&input["adv"]));
            let rows = (0..count)
                .map(|k| delever::impact::SquareRootRow {
                    kappa,
                    volatility: volatility[k],
                    adv: adv[k],
                })
                .collect();
            Box::new(PerAsset::new(SquareRoot, rows))
        } else {
            Box::new(PerAsset::new(
                Power,
                vec![delever::impact::PowerRow {
                    c: 1.0,
                    g: 0.5,
                    depth: 1.0 / 0.000_022,
                }],
            ))
        };
        let ones = vec![1.0; count];
        let rule = PerInstitution::new(LeverageCap, vec![LeverageCapRow::cap(cap); equity.len()], vec![]);
        let both = fire_sale(
            &institutions,
            &ones,
            Box::new(rule),
            impact,
            &ones,
            &Settings::default(),
        );
        let discounts = |outcome: &Outcome| outcome.assets.iter().map(|a| 1.0 - a.price).collect::<Vec<_>>();
        let expected = |key: &str| {
            output[key]
                .as_f64()
                .map_or_else(|| numbers(&output[key]), |x| vec![x])
        };
        // The source stops at a residual of 1e-9, so its figures are that far from the fixed point.
        all_close(&discounts(greatest(&both)), &expected("delta_lower"), 1e-8, name);
        all_close(&discounts(least(&both)), &expected("delta_upper"), 1e-8, name);
        assert_eq!(both.unique, Some(name != "multiple_equilibria_lb40"), "{name}");
    }
}

/// Payments are linear in cash as long as the same institutions fail, so differences are the derivative, to the last digits.
#[test]
fn eisenberg_noe_payments_move_with_cash_as_the_published_derivative() {
    let owed = vec![vec![0.0, 20.0, 10.0], vec![5.0, 0.0, 24.0], vec![10.0, 0.0, 0.0]];
    let paid = |cash: &[f64]| payments(greatest(&Clearing::new(cash, &owed, &[0.0; 3]).eisenberg_noe()));
    let base = paid(&[10.0; 3]);
    // (I - L P')^-1 L with L the defaulters and P the shares in which they pay.
    let published = [
        [87.0 / 77.0, 15.0 / 77.0, 0.0],
        [58.0 / 77.0, 87.0 / 77.0, 0.0],
        [0.0; 3],
    ];
    let adjoint = [145.0 / 77.0, 102.0 / 77.0, 0.0];
    for moved in 0..3 {
        let mut cash = [10.0; 3];
        cash[moved] += 0.25;
        let slopes: Vec<f64> = paid(&cash)
            .iter()
            .zip(&base)
            .map(|(a, b)| (a - b) / 0.25)
            .collect();
        let expected: Vec<f64> = published.iter().map(|row| row[moved]).collect();
        all_close(&slopes, &expected, 1e-12, &format!("cash of {moved}"));
        close(slopes.iter().sum(), adjoint[moved], 1e-12, "sum of payments");
    }
}
