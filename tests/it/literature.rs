//! Published cases, by name, through the public API. Figures come from the shared reference folder.
//!
//! Conventions of the sources differ: see each test.

use crate::fixture::*;
use delever::prelude::*;
use delever::solver::residual;
use delever_testkit::reference::shared_json;

#[test]
#[cfg_attr(shared_absent, ignore = "the shared folder is absent")]
fn eisenberg_noe_2001_siebenbrunner_three_banks() {
    let Some(case) = shared_json("reference/literature/eisenberg_noe_siebenbrunner.json") else {
        return;
    };
    let (input, expected) = (&case["inputs"], &case["expected"]);
    let owed = matrix(&input["L"]);
    let both = Clearing::new(&numbers(&input["e"]), &owed, &[0.0; 3]).eisenberg_noe();
    all_close(&payments(greatest(&both)), &numbers(&expected["p"]), 1e-12, "p");
    all_close(
        &equities(greatest(&both)),
        &numbers(&expected["equity_unfloored"]),
        1e-12,
        "equity",
    );
    assert_eq!(greatest(&both).status, Status::Certified);
    assert_eq!(both.unique, Some(true));
}

#[test]
#[cfg_attr(shared_absent, ignore = "the shared folder is absent")]
fn eisenberg_noe_2001_edge_cases() {
    let Some(file) = shared_json("reference/literature/eisenberg_noe_edge_cases.json") else {
        return;
    };
    let case = |name: &str| {
        file["cases"]
            .as_array()
            .expect("cases")
            .iter()
            .find(|c| c["name"].as_str().is_some_and(|n| n.starts_with(name)))
            .expect("there")
    };
    // A closed ring of mutual debts: every common fraction clears, and the report says so.
    let ring = case("irregular");
    let both = Clearing::new(&numbers(&ring["e"]), &matrix(&ring["L"]), &[0.0; 2]).eisenberg_noe();
    assert_eq!(payments(greatest(&both)), numbers(&ring["greatest"]));
    assert_eq!(payments(least(&both)), numbers(&ring["least"]));
    assert_eq!(
        (greatest(&both).status, least(&both).status),
        (Status::Certified, Status::Certified)
    );
    assert_eq!(both.unique, Some(false));

    let regular = case("regularised");
    let both = Clearing::new(&numbers(&regular["e"]), &matrix(&regular["L"]), &[0.0; 2]).eisenberg_noe();
    assert_eq!(payments(greatest(&both)), numbers(&regular["unique"]));
    assert_eq!(both.unique, Some(true));

    let chain = case("chain");
    for (e, p) in [("e0", "p0"), ("e1", "p1")] {
        let both = Clearing::new(&numbers(&chain[e]), &matrix(&chain["L"]), &[0.0; 4]).eisenberg_noe();
        all_close(&payments(greatest(&both)), &numbers(&chain[p]), 1e-12, p);
    }

    let example = case("systemicrisk");
    let owed = vec![vec![0.0, 0.5, 0.5], vec![0.5, 0.0, 0.5], vec![0.5, 0.5, 0.0]];
    let problem = Clearing::new(
        &numbers(&example["inputs"]["ea"]),
        &owed,
        &numbers(&example["inputs"]["el"]),
    );
    for (both, key) in [
        (problem.eisenberg_noe(), "alpha1_beta1"),
        (problem.rogers_veraart(0.5, 0.7), "alpha0.5_beta0.7"),
    ] {
        let expected = &example[key];
        all_close(&payments(greatest(&both)), &numbers(&expected["p"]), 1e-12, key);
        all_close(
            &equities(greatest(&both)),
            &numbers(&expected["equity_unfloored"]),
            1e-12,
            key,
        );
        assert_eq!(greatest(&both).status, Status::Certified);
    }
}

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

#[test]
#[cfg_attr(shared_absent, ignore = "the shared folder is absent")]
fn rogers_veraart_2013_siebenbrunner_three_banks() {
    let Some(file) = shared_json("reference/literature/rogers_veraart_siebenbrunner.json") else {
        return;
    };
    let problem = Clearing::new(
        &numbers(&file["inputs"]["e"]),
        &matrix(&file["inputs"]["L"]),
        &[0.0; 3],
    );
    for case in file["cases"].as_array().expect("cases") {
        let both = problem.rogers_veraart(
            case["alpha"].as_f64().expect("alpha"),
            case["beta"].as_f64().expect("beta"),
        );
        let expected = &case["expected"];
        all_close(&payments(greatest(&both)), &numbers(&expected["p"]), 1e-12, "p");
        all_close(
            &equities(greatest(&both)),
            &numbers(&expected["equity_unfloored"]),
            1e-12,
            "equity",
        );
        assert_eq!(greatest(&both).status, Status::Certified);
    }
}

#[test]
#[cfg_attr(shared_absent, ignore = "the shared folder is absent")]
fn rogers_veraart_2013_example_3_3() {
    let Some(file) = shared_json("reference/literature/rogers_veraart_example_3_3.json") else {
        return;
    };
    let input = &file["inputs"];
    let (alpha, beta) = (
        input["alpha"].as_f64().expect("alpha"),
        input["beta"].as_f64().expect("beta"),
    );
    for case in file["cases"].as_array().expect("cases") {
        let problem = Clearing::new(&numbers(&input["e"]), &matrix(&case["L"]), &[0.0; 2]);
        let both = problem.rogers_veraart(alpha, beta);
        all_close(
            &payments(greatest(&both)),
            &numbers(&case["greatest"]),
            1e-12,
            "greatest",
        );
        all_close(&payments(least(&both)), &numbers(&case["least"]), 1e-12, "least");
        assert_eq!(greatest(&both).status, Status::Certified);
        // Rising iteration tends to (1, 1), which does not clear in the first case: it must not be returned.
        assert!(greatest(&both).certificate.residual < 1e-15);
        assert!(
            least(&both).certificate.residual < 1e-15,
            "the least point is a fixed point"
        );
        let two = numbers(&case["greatest"]) != numbers(&case["least"]);
        if two {
            assert_eq!(both.unique, Some(false));
        } else {
            // Whether bank 1 reaches exactly zero equity at (1, 1) no rounding can tell: nothing is claimed.
            assert_eq!(least(&both).status, Status::Bracketed);
            assert!(least(&both).near_boundary);
        }
    }
}

#[test]
#[cfg_attr(shared_absent, ignore = "the shared folder is absent")]
fn rogers_veraart_2013_section_5_1_ring() {
    let Some(file) = shared_json("reference/literature/rogers_veraart_ring_5_1.json") else {
        return;
    };
    let input = &file["inputs"];
    let problem = Clearing::new(&numbers(&input["e"]), &matrix(&input["L"]), &[0.0; 6]);
    let both = problem.rogers_veraart(0.5, 0.5);
    all_close(
        &payments(greatest(&both)),
        &numbers(&file["expected"]["p"]),
        1e-12,
        "p",
    );
    all_close(
        &equities(greatest(&both)),
        &numbers(&file["expected"]["equity_unfloored"]),
        1e-12,
        "equity",
    );
    assert_eq!(greatest(&both).totals.defaults, 6);
    assert_eq!(greatest(&both).status, Status::Certified);
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

#[test]
#[cfg_attr(shared_absent, ignore = "the shared folder is absent")]
fn single_bank_leverage_spiral_closed_form() {
    let Some(file) = shared_json("reference/literature/single_bank_leverage_spiral.json") else {
        return;
    };
    let debt = file["inputs"]["D"].as_f64().expect("D");
    let ratio = file["inputs"]["r"].as_f64().expect("r");
    let solve = |b: f64, q0: f64| {
        let row = LeverageCapRow {
            max_leverage: None,
            min_leverage_ratio: Some(ratio),
        };
        fire_sale(
            &[(
                Institution {
                    external_liabilities: debt,
                    ..Institution::default()
                },
                vec![1.0],
            )],
            &[1.0],
            Box::new(PerInstitution::new(LeverageCap, vec![row], vec![])),
            Box::new(PerAsset::new(Linear, vec![DepthRow { depth: 1.0 / b }])),
            &[q0],
            &Settings::default(),
        )
    };
    let points = file["expected"].as_array().expect("points");
    assert_eq!(points.len(), 25);
    for point in points {
        let (b, q0) = (point["b"].as_f64().expect("b"), point["q0"].as_f64().expect("q0"));
        let both = solve(b, q0);
        let what = format!("b = {b}, q0 = {q0}");
        let best = greatest(&both);
        assert_eq!(best.status, Status::Certified, "{what}");
        close(
            best.assets[0].sold_quantity,
            point["s_least"].as_f64().expect("s"),
            1e-9,
            &what,
        );
        close(
            best.assets[0].price,
            point["q_final"].as_f64().expect("q"),
            1e-9,
            &what,
        );
    }
    // Three equilibria: both ends are returned, the middle one is verified as a fixed point.
    let many = &file["multiple_fixed_points"];
    let both = solve(0.08, 0.9775);
    let roots = numbers(&many["fixed_points_s"]);
    close(greatest(&both).assets[0].sold_quantity, roots[0], 1e-12, "best");
    close(least(&both).assets[0].sold_quantity, roots[2], 1e-12, "worst");
    assert_eq!(both.unique, Some(false));
    // The collapse: a rounding apart in the shock, half sold or everything.
    close(
        greatest(&solve(0.08, 0.976_563)).assets[0].sold_quantity,
        0.5,
        1e-2,
        "before the collapse",
    );
    assert_eq!(greatest(&solve(0.08, 0.976_562)).assets[0].sold_quantity, 1.0);
}

#[test]
#[cfg_attr(shared_absent, ignore = "the shared folder is absent")]
fn breuer_summer_urosevic_2021_appendix_a3_three_equilibria() {
    let Some(file) = shared_json("reference/literature/breuer_summer_urosevic_multiple_equilibria.json")
    else {
        return;
    };
    let (input, expected) = (&file["inputs"], &file["expected"]);
    let cap = input["lambda_bar"].as_f64().expect("cap");
    let (equity, loans) = (numbers(&input["e_t1"]), numbers(&input["L_t1"]));
    let securities = numbers(&input["S_t1"]);
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
            vec![LeverageCapRow::cap(cap); 3],
            vec![],
        ))
    };
    let impact = || Box::new(PerAsset::new(Power, vec![row]));
    let cascade = Cascade::new(&system, &graph, fire_sale_models(3, rule(), impact())).expect("models fit");
    let shock = Shock::none(&system);
    let both = cascade
        .solve(&shock, Select::Both, &Settings::default())
        .expect("shock fits");
    let discount = |outcome: &Outcome| 1.0 - outcome.assets[0].price;
    close(
        discount(greatest(&both)),
        expected["least_delta_(greatest_price)"].as_f64().expect("delta"),
        1e-12,
        "least discount",
    );
    close(
        discount(least(&both)),
        expected["greatest_delta_(least_price)"].as_f64().expect("delta"),
        1e-12,
        "greatest discount",
    );
    assert_eq!(
        (greatest(&both).status, least(&both).status),
        (Status::Certified, Status::Certified)
    );
    assert_eq!(both.unique, Some(false));
    let sold = |outcome: &Outcome| {
        outcome
            .institutions
            .iter()
            .map(|i| i.sold_fraction)
            .collect::<Vec<_>>()
    };
    assert_eq!(sold(greatest(&both)), numbers(&expected["theta_at_least"]));
    assert_eq!(sold(least(&both)), numbers(&expected["theta_at_greatest"]));
    // The middle root repels iteration from either side, and is a fixed point all the same.
    let middle = expected["all_roots_by_scan"][1].as_f64().expect("root");
    let map = delever::cascade::CascadeMap::new(&cascade, &shock).expect("shock fits");
    assert!(residual(&map, &[1.0 - middle]) < 1e-11);
    assert!(residual(&map, &[1.0 - middle + 1e-3]) > 1e-5);
}

#[test]
#[cfg_attr(shared_absent, ignore = "the shared folder is absent")]
fn cifuentes_type_liquidation_with_two_roots() {
    let Some(file) = shared_json("reference/literature/liquidation_two_roots.json") else {
        return;
    };
    let input = &file["inputs"];
    let (units, b, cash_needed) = (
        input["x"].as_f64().expect("x"),
        input["b"].as_f64().expect("b"),
        input["h"].as_f64().expect("h"),
    );
    let row = delever::portfolio::rules::LiquidityShortfallRow {
        withdrawals: cash_needed,
    };
    let both = fire_sale(
        &[(
            Institution {
                external_liabilities: 1.0,
                ..Institution::default()
            },
            vec![units],
        )],
        &[1.0],
        Box::new(PerInstitution::new(LiquidityShortfall, vec![row], vec![])),
        Box::new(PerAsset::new(Linear, vec![DepthRow { depth: 1.0 / b }])),
        &[1.0],
        &Settings::default(),
    );
    let expected = &file["expected"];
    let roots = numbers(&expected["fixed_points_s"]);
    close(greatest(&both).assets[0].sold_quantity, roots[0], 1e-12, "best");
    close(
        greatest(&both).assets[0].price,
        expected["greatest_price"].as_f64().expect("price"),
        1e-12,
        "best",
    );
    close(least(&both).assets[0].sold_quantity, roots[2], 1e-12, "worst");
    close(
        least(&both).assets[0].price,
        expected["least_price"].as_f64().expect("price"),
        1e-12,
        "worst",
    );
    assert_eq!(both.unique, Some(false));
    assert_eq!(
        (greatest(&both).status, least(&both).status),
        (Status::Certified, Status::Certified)
    );
}

#[test]
#[cfg_attr(shared_absent, ignore = "the shared folder is absent")]
fn caccioli_2014_overlapping_portfolios_end_where_the_waves_end() {
    let Some(file) = shared_json("reference/literature/overlapping_portfolio_cascade.json") else {
        return;
    };
    let input = &file["inputs"];
    let (cash, debt) = (numbers(&input["cash"]), numbers(&input["debt"]));
    let institutions: Vec<_> = matrix(&input["holdings_units"])
        .into_iter()
        .enumerate()
        .map(|(n, units)| {
            (
                Institution {
                    cash: cash[n],
                    external_liabilities: debt[n],
                    ..Institution::default()
                },
                units,
            )
        })
        .collect();
    let alpha = input["alpha"].as_f64().expect("alpha");
    // Q counts money at the initial price of 1, so the depth is the outstanding amount over alpha.
    let rows = numbers(&input["outstanding"])
        .iter()
        .map(|units| DepthRow { depth: units / alpha })
        .collect();
    let none = || (0..3).map(|_| delever::core::NoColumns {}).collect();
    let both = fire_sale(
        &institutions,
        &[1.0, 1.0],
        Box::new(PerInstitution::new(SellOnDefault, none(), vec![])),
        Box::new(PerAsset::new(Exponential, rows)),
        &numbers(&input["initial_price"]),
        &Settings::default(),
    );
    let waves = matrix(&file["prices_after_each_wave"]);
    let prices: Vec<f64> = greatest(&both).assets.iter().map(|a| a.price).collect();
    all_close(&prices, waves.last().expect("a last wave"), 1e-12, "prices");
    all_close(
        &equities(greatest(&both)),
        &numbers(&file["final_equity"]),
        1e-11,
        "equity",
    );
    assert_eq!(greatest(&both).totals.defaults, 3);
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
    let Some(case) = shared_json("reference/literature/eisenberg_noe_gradient.json") else {
        return;
    };
    let owed = vec![vec![0.0, 20.0, 10.0], vec![5.0, 0.0, 24.0], vec![10.0, 0.0, 0.0]];
    let paid = |cash: &[f64]| payments(greatest(&Clearing::new(cash, &owed, &[0.0; 3]).eisenberg_noe()));
    let base = paid(&[10.0; 3]);
    let published = matrix(&case["expected"]["dp_de"]);
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
