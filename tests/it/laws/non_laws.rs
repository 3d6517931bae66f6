//! Tempting statements that are false, each pinned by a small system that breaks it; and proof that laws can fail.

use super::accounting::outcome;
use super::ordered;
use super::systems::{Asset, Bank, Case, Clearing, ImpactKind, RuleKind, Wired};
use delever::cascade::{Cascade, CascadeMap, Select, Status};
use delever::core::{
    BalanceSheet, Continuity, Execution, NoColumns, Order, PerAsset, PerInstitution, Profile, RuleContext,
    RuleKernel, Sale,
};
use delever::prelude::{
    ContagionGraph, DepthRow, FaceValue, Institution, Linear, Models, ProRata, RuleBlock, Settings, Shock,
    SystemBuilder,
};
use delever::solver::{End, FixedPointMap, Step, residual, solve};
use std::ops::ControlFlow;

/// Institutions with cash and external liabilities, and debts between them.
fn network(banks: &[(f64, f64)], debts: &[(usize, usize, f64)], clearing: Clearing) -> Case {
    let bank = |(n, &(cash, external)): (usize, &(f64, f64))| Bank {
        cash,
        external,
        ..Bank::named(&format!("b{n}"))
    };
    Case {
        banks: banks.iter().enumerate().map(bank).collect(),
        assets: Vec::new(),
        holdings: vec![Vec::new(); banks.len()],
        debts: debts.to_vec(),
        impact: ImpactKind::None,
        clearing,
        most_liquid_first: false,
        execution: Execution::Terminal,
    }
}

/// The same with this recovery of everything in default.
fn with_recovery(mut case: Case, share: f64) -> Case {
    case.clearing = Clearing::RogersVeraart;
    for bank in &mut case.banks {
        (bank.alpha, bank.beta) = (share, share);
    }
    case
}

/// One institution under a leverage cap that holds units of assets at a price of 1.
fn fund(cash: f64, external: f64, cap: f64, holdings: &[(f64, f64)]) -> Case {
    let mut case = network(&[(cash, external)], &[], Clearing::None);
    case.impact = ImpactKind::Linear;
    case.banks[0].rule = RuleKind::LeverageCap;
    case.banks[0].max_leverage = cap;
    case.assets = holdings
        .iter()
        .enumerate()
        .map(|(k, &(_, depth))| Asset::with_depth(&format!("a{k}"), depth))
        .collect();
    case.holdings = vec![holdings.iter().map(|&(units, _)| units).collect()];
    case
}

/// The leverage spiral of one institution: at a price of 0.9765625 all of it is sold at once.
fn spiral(price: f64) -> Case {
    let mut case = fund(0.0, 90.0, 12.5, &[(100.0, 1250.0)]);
    case.assets[0].change = price - 1.0;
    case
}

fn equities(case: &Case) -> Vec<f64> {
    outcome(case)
        .institutions
        .iter()
        .map(|bank| bank.equity)
        .collect()
}

fn payments(case: &Case) -> Vec<f64> {
    outcome(case)
        .institutions
        .iter()
        .map(|bank| bank.payment)
        .collect()
}

fn near(left: f64, right: f64) -> bool {
    (left - right).abs() <= 1e-12 * (1.0 + right.abs())
}

#[track_caller]
fn assert_near(left: &[f64], right: &[f64]) {
    let alike = left.len() == right.len() && left.iter().zip(right).all(|(&a, &b)| near(a, b));
    assert!(alike, "{left:?} and {right:?}");
}

/// A rule of a third party: whoever the shock leaves with some equity and a leverage above 25 sells everything, whoever
/// it leaves insolvent sells nothing.
struct InsolventStopSelling;

impl RuleKernel for InsolventStopSelling {
    type Row = NoColumns;
    type AssetRow = NoColumns;

    fn sale(&self, sheet: &BalanceSheet<'_>, _: &NoColumns, _: &[NoColumns]) -> Sale {
        let equity = sheet.equity_shocked;
        let sells = equity > 0.0 && (equity + sheet.liabilities) / equity > 25.0;
        Sale::Fraction(f64::from(sells))
    }
}

/// A system of one institution with 100 units at a price of 1 and these liabilities, under a rule of one's own.
fn with_rule<K: RuleKernel<Row = NoColumns, AssetRow = NoColumns> + 'static, R>(
    kernel: K,
    external: f64,
    depth: f64,
    change: f64,
    use_it: impl FnOnce(&Cascade<'_>, &Shock) -> R,
) -> R {
    let mut builder = SystemBuilder::new();
    builder.asset("bond", 1.0);
    let amounts = Institution {
        external_liabilities: external,
        ..Institution::default()
    };
    builder
        .institution("bank", amounts)
        .holding("bank", "bond", 100.0);
    let system = builder.build().expect("valid");
    let graph = ContagionGraph::empty(1);
    let models = Models {
        impact: Box::new(PerAsset::new(Linear, vec![DepthRow { depth }])),
        execution: Execution::Terminal,
        rules: vec![RuleBlock {
            name: String::new(),
            rule: Box::new(PerInstitution::new(kernel, vec![NoColumns {}], vec![])),
            members: vec![0],
        }],
        strategy: Box::new(ProRata),
        claims: Box::new(FaceValue::new(1)),
    };
    let cascade = Cascade::new(&system, &graph, models).expect("models fit");
    let mut shock = Shock::none(&system);
    shock.prices[0] = change;
    use_it(&cascade, &shock)
}

/// N2: a larger shock lowers the price, also where the insolvent stop selling.
#[test]
fn non_law_02_the_insolvent_stop_selling() {
    let price = |change| {
        with_rule(InsolventStopSelling, 95.0, 1000.0, change, |cascade, shock| {
            let both = cascade
                .solve(shock, Select::Greatest, &Settings::default())
                .expect("shock fits");
            let outcome = both.greatest.expect("asked for");
            assert_eq!(outcome.status, Status::Unordered);
            assert!(outcome.certificate.width.is_none());
            outcome.assets[0].price
        })
    };
    assert_near(&[price(-0.02), price(-0.06)], &[0.882, 0.94]);
}

/// N3: more external debt lowers payments.
#[test]
fn non_law_03_more_debt_can_mean_larger_payments() {
    let paid = |external| payments(&network(&[(1.0, external)], &[], Clearing::EisenbergNoe))[0];
    assert_near(&[paid(0.5), paid(2.0)], &[0.5, 1.0]);
}

/// N4: payments are concave in cash in the full model. Default costs break it, and so do fire sales alone.
#[test]
fn non_law_04_payments_are_not_concave_in_cash() {
    let paid = |cash| {
        let case = network(&[(cash, 0.0), (0.0, 0.0)], &[(0, 1, 1.0)], Clearing::None);
        payments(&with_recovery(case, 0.5))[0]
    };
    assert_near(&[paid(0.8), paid(0.9), paid(1.0)], &[0.4, 0.45, 1.0]);

    // A spiralling seller's cash decides the price of what a debtor without equity holds.
    let paid = |cash| {
        let mut case = spiral(0.97);
        case.clearing = Clearing::EisenbergNoe;
        case.banks[0].cash = cash;
        case.banks.push(Bank::named("b1"));
        case.banks.push(Bank::named("b2"));
        case.holdings.extend([vec![1.0], vec![0.0]]);
        case.debts.push((1, 2, 1.0));
        payments(&case)[1]
    };
    let (low, middle, high) = (paid(0.0), paid(0.5), paid(1.0));
    assert_near(&[low, middle], &[0.97 * 0.92, 0.97 * 0.92]);
    assert!(
        high > 0.95 && middle < 0.5 * (low + high),
        "{low} {middle} {high}"
    );
}

/// N5: payments change by no more than the cash that changes.
#[test]
fn non_law_05_a_chain_pays_the_same_cash_again_and_again() {
    for length in 1..=20_usize {
        let paid = |cash| -> f64 {
            let mut banks = vec![(0.0, 0.0); length + 1];
            banks[0].0 = cash;
            let debts: Vec<_> = (0..length).map(|n| (n, n + 1, 1.0)).collect();
            payments(&network(&banks, &debts, Clearing::EisenbergNoe))
                .iter()
                .sum()
        };
        let ratio = (paid(0.75) - paid(0.5)) / 0.25;
        assert_eq!(ratio, length as f64);
    }
}

/// N6: netting two debts against each other hurts nobody. It takes from the other creditors.
#[test]
fn non_law_06_netting_hurts_a_third() {
    let banks = [(0.0, 0.0), (10.0, 0.0), (0.0, 0.0)];
    let gross = network(
        &banks,
        &[(0, 1, 10.0), (1, 0, 10.0), (0, 2, 10.0)],
        Clearing::EisenbergNoe,
    );
    let net = network(&banks, &[(0, 2, 10.0)], Clearing::EisenbergNoe);
    assert_near(&equities(&gross), &[-10.0, 5.0, 5.0]);
    assert_near(&equities(&net), &[-10.0, 10.0, 0.0]);
}

/// N7: a new claim never hurts its holder. It can dilute a debtor of the holder into default.
#[test]
fn non_law_07_a_new_claim_hurts_its_holder() {
    let banks = [(10.0, 0.0), (0.0, 0.0), (0.0, 0.0)];
    let before = [(0, 1, 10.0), (1, 2, 10.0)];
    let after = [(0, 1, 10.0), (1, 2, 10.0), (0, 2, 10.0)];
    let holder = |debts| equities(&with_recovery(network(&banks, debts, Clearing::None), 0.5))[2];
    assert_near(&[holder(&before)], &[10.0]);
    assert_near(&[holder(&after)], &[3.75]);
}

/// N8: cash taken from another always helps whoever receives it.
#[test]
fn non_law_08_cash_taken_from_a_debtor_hurts_its_creditor() {
    let receiver = |moved: f64| {
        let banks = [(10.0 - moved, 0.0), (moved, 0.0)];
        equities(&with_recovery(
            network(&banks, &[(0, 1, 10.0)], Clearing::None),
            0.5,
        ))[1]
    };
    assert_near(&[receiver(0.0), receiver(1.0)], &[10.0, 5.5]);
}

/// N9: moving cash between institutions cannot raise total equity.
#[test]
fn non_law_09_moving_cash_raises_total_equity() {
    let total = |moved: f64| {
        let banks = [(10.0 - moved, 0.0), (moved, 0.0), (0.0, 0.0)];
        outcome(&network(&banks, &[(1, 2, 10.0)], Clearing::EisenbergNoe))
            .totals
            .equity
    };
    assert_near(&[total(0.0), total(10.0)], &[0.0, 10.0]);
    // With equity floored at zero: default costs saved.
    let floored = |moved: f64| -> f64 {
        let banks = [(10.0 - moved, 0.0), (5.0 + moved, 0.0), (0.0, 0.0)];
        let case = with_recovery(network(&banks, &[(1, 2, 10.0)], Clearing::None), 0.5);
        equities(&case).iter().map(|equity| equity.max(0.0)).sum()
    };
    assert_near(&[floored(0.0), floored(5.0)], &[12.5, 15.0]);
}

/// N10: swapping securities for cash at the price before sales never hurts. The same money then comes from the rest.
#[test]
fn non_law_10_swapping_securities_for_cash_hurts() {
    // Assets 100, equity 10, cap 6: the need is 40, half of what is held.
    let before = fund(0.0, 90.0, 6.0, &[(40.0, f64::INFINITY), (60.0, 1000.0)]);
    let after = fund(40.0, 90.0, 6.0, &[(0.0, f64::INFINITY), (60.0, 1000.0)]);
    let (before, after) = (outcome(&before), outcome(&after));
    assert!(before.institutions[0].sold_fraction < 1.0);
    assert!(after.assets[1].price < before.assets[1].price);
    assert!(after.institutions[0].equity < before.institutions[0].equity);
    // Assets before solve A^2 - 118 A + 1944 = 0; afterwards everything is sold at 0.94.
    let equity = [before, after].map(|outcome| outcome.institutions[0].equity);
    assert_near(&equity, &[1537.0_f64.sqrt() - 31.0, 6.4]);
}

/// N11: a gift of securities never lowers prices. Who sells all sells the gift too.
#[test]
fn non_law_11_a_gift_of_securities_lowers_the_price() {
    let price = |units| outcome(&fund(0.0, 120.0, 10.0, &[(units, 1000.0)])).assets[0].price;
    assert_near(&[price(100.0), price(110.0)], &[0.9, 0.89]);
}

/// N14: a small residual means a small error. Just above the spiral's tipping point it does not.
#[test]
fn non_law_14_a_small_residual_is_no_small_error() {
    // s solves (s + kappa)(1 - b s) = c, with kappa = 11.5, b = 0.08; collapse at c = 11.52.
    let gap = 1e-6;
    let (kappa, b) = (11.5_f64, 0.08_f64);
    let c = kappa + 0.02 * (1.0 - gap);
    let price = 0.9 * 12.5 / c;
    let exact = ((1.0 - kappa * b) - ((1.0 - kappa * b).powi(2) - 4.0 * b * (c - kappa)).sqrt()) / (2.0 * b);
    spiral(price).wire(|wired| {
        let map = wired.map();
        let settings = Settings {
            tolerance: 1e-12,
            max_iterations: 10_000_000,
            method: delever::solver::Method::Iteration,
        };
        let mut stop = |step: Step<'_>| {
            if step.change < 1e-9 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        let stopped = solve(&map, End::Greatest, &settings, &mut stop);
        assert_eq!(stopped.status, Status::Interrupted);
        assert!(stopped.residual < 1e-9);
        let shocked = map_top(&map)[0];
        let error = stopped.point[0] / shocked - (1.0 - b * exact);
        assert!(
            error > 1000.0 * stopped.residual,
            "error {error}, residual {}",
            stopped.residual
        );
    });
}

fn map_top(map: &CascadeMap<'_>) -> Vec<f64> {
    let (mut bottom, mut top) = (vec![0.0; map.dim()], vec![0.0; map.dim()]);
    map.bounds_into(&mut bottom, &mut top);
    top
}

/// N17: iteration from the bottom gives the least point. In example 3.3 of Rogers and Veraart (2013) it comes to rest
/// next to (1, 1), which does not clear.
#[test]
fn non_law_17_iteration_from_the_bottom_can_end_at_no_solution() {
    let case = network(
        &[(1.0, 0.0), (1.0, 0.0)],
        &[(0, 1, 2.0), (1, 0, 2.2)],
        Clearing::None,
    );
    with_recovery(case.clone(), 0.5).wire(|wired: &Wired<'_>| {
        let map = wired.map();
        let (mut x, mut image) = (vec![0.0; 2], vec![0.0; 2]);
        let mut work = map.workspace();
        for _ in 0..45 {
            map.apply(&x, &mut image, &mut work);
            x.copy_from_slice(&image);
        }
        let limit = [0.5, 1.0 / 2.2];
        assert!((0..2).all(|n| (x[n] - limit[n]).abs() < 1e-12), "{x:?}");
        // The limit itself: the first pays in full.
        map.apply(&[0.5, (1.0_f64 / 2.2).next_up()], &mut image, &mut work);
        assert_eq!(image[0], 1.0);
        let least = solve(&map, End::Least, &Settings::default(), &mut ());
        assert_eq!(least.point, [1.0, 1.0]);
    });
    // With 2.2 both ways the least point is what the limit looks like.
    let both = network(
        &[(1.0, 0.0), (1.0, 0.0)],
        &[(0, 1, 2.2), (1, 0, 2.2)],
        Clearing::None,
    );
    let both = with_recovery(both, 0.5);
    assert_eq!(both.greatest().ratios, [1.0, 1.0]);
    assert_near(&both.least().ratios, &[1.0 / 2.2, 1.0 / 2.2]);
}

/// N19: amplification rises with the shock. The losses do, their ratio does not.
#[test]
fn non_law_19_amplification_falls_as_the_shock_grows() {
    let totals = |price| outcome(&spiral(price)).totals;
    let (small, large) = (totals(0.97), totals(0.9));
    assert!(large.loss > small.loss);
    let amplification = [small, large].map(|totals| totals.amplification.expect("the shock loses money"));
    assert_near(&amplification, &[1.0 + 7.76 / 3.0, 1.0 + 7.2 / 10.0]);
}

/// N20: fire sales have one equilibrium. Three banks and one bond, after Breuer, Summer and Urosevic (2021), have three.
#[test]
fn non_law_20_three_equilibria_of_leverage_caps() {
    let (equity, held, loans) = (
        [28.0, 80.0, 65.0],
        [145.0, 435.0, 300.0],
        [1170.0, 1245.0, 1190.0],
    );
    let mut case = network(&[(0.0, 0.0); 3], &[], Clearing::None);
    case.impact = ImpactKind::SquareRoot;
    case.assets = vec![Asset::with_depth("bond", 1.0 / 0.000_022)];
    case.holdings = held.iter().map(|&units| vec![units]).collect();
    for (n, bank) in case.banks.iter_mut().enumerate() {
        bank.rule = RuleKind::LeverageCap;
        bank.max_leverage = 44.0;
        bank.other = loans[n];
        bank.external = loans[n] + held[n] - equity[n];
    }
    three_points(
        &case,
        [
            0.056_480_084_985_771_756,
            0.114_085_032_949_429_55,
            0.139_140_217_047_408_7,
        ],
    );
}

/// N20: so has one seller that must raise cash at the price that its own sale makes.
#[test]
fn non_law_20_three_equilibria_of_a_need_for_cash() {
    let mut case = fund(0.0, 0.375, 10.0, &[(2.0, 2.0)]);
    case.banks[0].rule = RuleKind::LiquidityShortfall;
    case.banks[0].withdrawals = 0.375;
    three_points(&case, [0.25, 0.75, 1.0]);
}

/// Asserts that the discounts on the only price are the greatest point's, that of a fixed point between, the least's.
fn three_points(case: &Case, discounts: [f64; 3]) {
    case.wire(|wired| {
        let both = wired
            .cascade
            .solve(wired.shock, Select::Both, &Settings::default())
            .expect("shock fits");
        assert_eq!(both.unique, Some(false));
        let ends = [both.greatest, both.least].map(|end| 1.0 - end.expect("asked for").assets[0].price);
        let apart = |a: f64, b: f64| (a - b).abs();
        assert!(apart(ends[0], discounts[0]) < 1e-10, "{ends:?}");
        assert!(apart(ends[1], discounts[2]) < 1e-10, "{ends:?}");
        assert!(residual(&wired.map(), &[1.0 - discounts[1]]) < 1e-12);
    });
}

/// Claims to sell more as prices fall, and sells less.
struct Liar;

impl RuleKernel for Liar {
    type Row = NoColumns;
    type AssetRow = NoColumns;

    fn sale(&self, sheet: &BalanceSheet<'_>, _: &NoColumns, _: &[NoColumns]) -> Sale {
        Sale::Fraction((sheet.prices[0] - 0.5).max(0.0))
    }

    fn profile(&self, _: &NoColumns, _: &[NoColumns], _: RuleContext) -> Profile {
        Profile {
            order: Order::Antitone,
            continuity: Continuity::Both,
            bounded: false,
        }
    }
}

/// The harness can fail: a rule that lies about its order is found out by the engine and by the laws.
#[test]
fn a_rule_that_lies_about_its_order_is_noticed() {
    with_rule(Liar, 0.0, 200.0, 0.0, |cascade, shock| {
        // Already at the states that are asked for when the cascade is composed.
        assert!(!cascade.refuted().is_empty());
        let map = CascadeMap::new(cascade, shock).expect("shock fits");
        let solution = solve(&map, End::Greatest, &Settings::default(), &mut ());
        assert_eq!(solution.status, Status::Unordered);
        assert!(solution.bracket.is_none());
        // Law 1 on the same map: the second iterate rises again.
        let (mut first, mut second) = (vec![0.0], vec![0.0]);
        let mut work = map.workspace();
        map.apply(&map_top(&map), &mut first, &mut work);
        map.apply(&first, &mut second, &mut work);
        assert_near(&[first[0], second[0]], &[0.75, 0.875]);
    });
}

/// The harness can fail: one unit in the last place on the wrong side is a violation.
#[test]
fn one_ulp_on_the_wrong_side_is_a_violation() {
    let case = spiral(0.98);
    let state = case.greatest();
    assert!(ordered(&state, &state, &[&case]).is_ok());
    for component in 0..2 {
        let mut higher = state.clone();
        match component {
            0 => higher.prices[0] = higher.prices[0].next_up(),
            _ => higher.sold[0] = higher.sold[0].next_down(),
        }
        assert!(ordered(&higher, &state, &[&case]).is_err());
        assert!(ordered(&state, &higher, &[&case]).is_ok());
    }
}
