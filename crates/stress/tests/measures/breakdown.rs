//! Market-wide breakdown along a ray of shocks.

use delever_cascade::{
    Cascade, CascadeError, Models, RuleBlock, Select, Settings, Shock, ShockError, Status,
};
use delever_core::{Execution, ImpactKernel, ImpactModel, PerAsset, PerInstitution};
use delever_impact::{DepthRow, Linear};
use delever_network::clearing::{EisenbergNoe, EisenbergNoeRow, FaceValue, OneLayer};
use delever_network::{ContagionGraph, ContagionGraphBuilder};
use delever_portfolio::rules::{LeverageCap, LeverageCapRow};
use delever_portfolio::strategies::ProRata;
use delever_portfolio::{Institution, System, SystemBuilder};
use delever_stress::StressError;
use delever_stress::breakdown::{Breakdown, BreakdownSettings, Verdict, breakdown, breakdown_along};
use proptest::prelude::*;

/// Institutions with debts and holdings, each unit at a price of 1.
fn system(institutions: &[(f64, Vec<f64>)]) -> System {
    let mut builder = SystemBuilder::new();
    let assets = institutions.first().map_or(0, |(_, held)| held.len());
    for k in 0..assets {
        builder.asset(&format!("a{k}"), 1.0);
    }
    for (n, (external_liabilities, held)) in institutions.iter().enumerate() {
        let amounts = Institution {
            external_liabilities: *external_liabilities,
            ..Institution::default()
        };
        builder.institution(&format!("b{n}"), amounts);
        for (k, &units) in held.iter().enumerate() {
            builder.holding(&format!("b{n}"), &format!("a{k}"), units);
        }
    }
    builder.build().expect("valid")
}

fn models(system: &System, ratio: f64, impact: Box<dyn ImpactModel>) -> Models {
    let count = system.institution_count();
    let row = LeverageCapRow {
        max_leverage: None,
        min_leverage_ratio: Some(ratio),
    };
    Models {
        impact,
        execution: Execution::Terminal,
        rules: vec![RuleBlock {
            name: String::new(),
            rule: Box::new(PerInstitution::new(LeverageCap, vec![row; count], vec![])),
            members: (0..count as u32).collect(),
        }],
        strategy: Box::new(ProRata),
        claims: Box::new(FaceValue::new(count)),
    }
}

fn linear(depths: &[f64]) -> Box<dyn ImpactModel> {
    let rows = depths.iter().map(|&depth| DepthRow { depth }).collect();
    Box::new(PerAsset::new(Linear, rows))
}

fn fall(system: &System, by: f64) -> Shock {
    let mut shock = Shock::none(system);
    shock.prices.fill(-by);
    shock
}

/// One bank with one unit of one asset, debt `debt`, a ratio of 8 %; prices fall by up to `by`.
fn one_bank(debt: f64, b: f64, by: f64, settings: &BreakdownSettings) -> Breakdown {
    let system = system(&[(debt, vec![1.0])]);
    let graph = ContagionGraph::empty(1);
    let cascade =
        Cascade::new(&system, &graph, models(&system, 0.08, linear(&[1.0 / b]))).expect("models fit");
    breakdown(&cascade, &fall(&system, by), settings).expect("fits")
}

fn scales(found: &Breakdown) -> (f64, f64) {
    let side = |side: &Option<delever_stress::breakdown::Side>| side.as_ref().expect("proved").scale;
    (side(&found.below), side(&found.above))
}

#[test]
fn one_bank_jumps_from_a_part_to_all() {
    let (debt, r, b) = (0.9, 0.08, 0.08);
    let found = one_bank(debt, b, 0.1, &BreakdownSettings::default());
    assert_eq!(found.verdict, Verdict::Located, "{:?}", found.doubt);
    // The tangency of `(s + kappa) (1 - b s)` with `debt / (r q0)`.
    let kappa: f64 = 1.0 / r - 1.0;
    let price = debt / (r * (kappa + (1.0 - kappa * b).powi(2) / (4.0 * b)));
    let expected = (1.0 - price) / 0.1;
    let (below, above) = scales(&found);
    assert!(above - below <= 1e-6);
    assert!(
        below - 1e-12 <= expected && expected <= above + 1e-12,
        "{below} {expected} {above}"
    );
    let (below, above) = (found.below.expect("proved"), found.above.expect("proved"));
    assert!((below.outcome.assets[0].sold_fraction - 0.5).abs() < 1e-2);
    assert_eq!(above.outcome.assets[0].sold_fraction, 1.0);
    assert_eq!(above.outcome.status, Status::Certified);
    assert!(found.solves < 128);
}

#[test]
fn one_bank_in_a_deep_market_reaches_full_liquidation_without_a_jump() {
    let found = one_bank(0.9, 0.02, 0.1, &BreakdownSettings::default());
    assert_eq!(found.verdict, Verdict::Located, "{:?}", found.doubt);
    let expected = (1.0 - 0.9 / (1.0 - 0.02)) / 0.1;
    let (below, above) = scales(&found);
    assert!(below - 1e-10 <= expected && expected <= above + 1e-10);
    let below = found.below.expect("proved");
    assert!(below.outcome.assets[0].sold_fraction > 1.0 - 1e-5);
}

#[test]
fn a_shock_too_small_breaks_nothing_down_and_no_shock_may_do() {
    let never = one_bank(0.9, 0.08, 0.01, &BreakdownSettings::default());
    assert_eq!(never.verdict, Verdict::Never);
    assert_eq!(never.below.expect("proved").scale, 1.0);
    assert_eq!((never.above, never.doubt, never.solves), (None, None, 2));
    let at_once = one_bank(1.5, 0.08, 0.01, &BreakdownSettings::default());
    assert_eq!(at_once.verdict, Verdict::AtOnce);
    assert_eq!(at_once.above.expect("proved").scale, 0.0);
    assert_eq!((at_once.below, at_once.solves), (None, 1));
}

#[test]
fn what_is_not_solved_is_not_claimed() {
    // Two applications of the map prove nothing between the ends.
    let settings = BreakdownSettings {
        solve: Settings {
            max_iterations: 2,
            ..Settings::default()
        },
        ..BreakdownSettings::default()
    };
    let found = one_bank(0.9, 0.08, 0.1, &settings);
    assert_eq!(found.verdict, Verdict::Undecided);
    let doubt = found.doubt.expect("met");
    assert_ne!(doubt.status, Status::Certified);
    let expected = (1.0 - 0.976_562_5) / 0.1;
    assert!(found.below.is_none_or(|side| side.scale <= expected));
    assert!(found.above.is_none_or(|side| side.scale >= expected));

    let settings = BreakdownSettings {
        max_solves: 5,
        ..BreakdownSettings::default()
    };
    let found = one_bank(0.9, 0.08, 0.1, &settings);
    assert_eq!((found.verdict, found.solves), (Verdict::Undecided, 5));
    let (below, above) = scales(&found);
    assert!(below <= expected && expected <= above && above - below <= 0.25);
}

/// Linear, but without a promise of order.
struct Unpromised;

impl ImpactKernel for Unpromised {
    type Row = DepthRow;
    fn survival(&self, sold: f64, row: &DepthRow) -> f64 {
        (1.0 - sold / row.depth).max(0.0)
    }
}

#[test]
fn an_unordered_composition_gives_no_claim() {
    let system = system(&[(0.9, vec![1.0])]);
    let graph = ContagionGraph::empty(1);
    let impact = Box::new(PerAsset::new(Unpromised, vec![DepthRow { depth: 12.5 }]));
    let cascade = Cascade::new(&system, &graph, models(&system, 0.08, impact)).expect("models fit");
    let found = breakdown(&cascade, &fall(&system, 0.1), &BreakdownSettings::default()).expect("fits");
    assert_eq!(found.verdict, Verdict::Undecided);
    assert_eq!((&found.below, &found.above), (&None, &None));
    let doubt = found.doubt.expect("everywhere");
    assert_eq!(
        (doubt.from, doubt.to, doubt.status),
        (0.0, 1.0, Status::Unordered)
    );
}

#[test]
fn rays_that_do_not_grow_harsher_and_other_misuse_are_errors() {
    let system = system(&[(0.9, vec![1.0])]);
    let graph = ContagionGraph::empty(1);
    let cascade = Cascade::new(&system, &graph, models(&system, 0.08, linear(&[12.5]))).expect("models fit");
    let settings = BreakdownSettings::default();
    let refused = |shock: &Shock, settings: &BreakdownSettings| {
        let mut errors = breakdown(&cascade, shock, settings).expect_err("refused");
        assert_eq!(errors.len(), 1);
        errors.remove(0)
    };
    assert!(matches!(
        refused(&fall(&system, -0.1), &settings),
        StressError::NotHarsher {
            name: "prices",
            position: 0,
            ..
        }
    ));
    assert!(matches!(
        refused(&fall(&system, f64::NAN), &settings),
        StressError::Cascade(CascadeError::Shock(ShockError::Value { .. }))
    ));
    let mut long = fall(&system, 0.1);
    long.cash.push(0.0);
    assert!(matches!(
        refused(&long, &settings),
        StressError::Cascade(CascadeError::Shock(ShockError::Length { .. }))
    ));
    for tolerance in [0.0, -1.0, f64::NAN, 2.0] {
        let settings = BreakdownSettings {
            tolerance,
            ..settings
        };
        let error = refused(&fall(&system, 0.1), &settings);
        assert!(matches!(
            error,
            StressError::Parameter {
                name: "tolerance",
                ..
            }
        ));
    }
    // Harsher at both ends, milder between them.
    let bent = |scale: f64| fall(&system, if scale == 0.5 { 0.0 } else { 0.02 + 0.08 * scale });
    let error = breakdown_along(&cascade, bent, &settings).expect_err("bent");
    assert!(matches!(error[..], [StressError::NotHarsher { .. }]), "{error:?}");

    let empty = SystemBuilder::new().build().expect("valid");
    let graph = ContagionGraph::empty(0);
    let cascade = Cascade::new(&empty, &graph, models(&empty, 0.08, linear(&[]))).expect("models fit");
    let error = breakdown(&cascade, &Shock::none(&empty), &settings).expect_err("nothing to sell");
    assert_eq!(error, [StressError::NothingHeld]);
}

#[test]
fn a_ray_of_ones_own_bends_as_it_likes() {
    let system = system(&[(0.9, vec![1.0])]);
    let graph = ContagionGraph::empty(1);
    let cascade = Cascade::new(&system, &graph, models(&system, 0.08, linear(&[12.5]))).expect("models fit");
    let found = breakdown_along(
        &cascade,
        |scale| fall(&system, 0.1 * scale * scale),
        &BreakdownSettings::default(),
    )
    .expect("falls");
    let (below, above) = scales(&found);
    let expected = ((1.0 - 0.976_562_5) / 0.1_f64).sqrt();
    assert_eq!(found.verdict, Verdict::Located);
    assert!(below - 1e-12 <= expected && expected <= above + 1e-12);
}

/// 2 to 8 banks with 1 to 5 assets, some near their limit.
fn markets() -> impl Strategy<Value = (Vec<(f64, Vec<f64>)>, Vec<f64>)> {
    (2..=8_usize, 1..=5_usize).prop_flat_map(|(banks, assets)| {
        let bank = (0.80..0.93, prop::collection::vec(0.1..2.0, assets)).prop_map(|(leverage, held)| {
            let total: f64 = held.iter().sum();
            (leverage * total, held)
        });
        (
            prop::collection::vec(bank, banks),
            prop::collection::vec(10.0..200.0, assets),
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.min(500), ..ProptestConfig::default() })]

    #[test]
    fn law_everything_is_sold_from_the_breakdown_on_and_not_before((banks, depths) in markets()) {
        let system = system(&banks);
        let graph = ContagionGraph::empty(banks.len());
        let cascade = Cascade::new(&system, &graph, models(&system, 0.08, linear(&depths))).expect("models fit");
        let shock = fall(&system, 0.25);
        let settings = BreakdownSettings { tolerance: 1e-4, ..BreakdownSettings::default() };
        let found = breakdown(&cascade, &shock, &settings).expect("fits");
        prop_assert_ne!(found.verdict, Verdict::Undecided);
        let all_sold = |scale: f64| {
            let solved = cascade.solve(&fall(&system, 0.25 * scale), Select::Greatest, &Settings::default()).expect("fits");
            solved.greatest.expect("asked for").institutions.iter().all(|bank| bank.sold_fraction == 1.0)
        };
        let below = found.below.map(|side| side.scale);
        let above = found.above.map(|side| side.scale);
        for scale in (0..=20).map(|n| f64::from(n) / 20.0) {
            if below.is_some_and(|below| scale <= below) {
                prop_assert!(!all_sold(scale), "{scale} below {below:?}");
            }
            if above.is_some_and(|above| scale >= above) {
                prop_assert!(all_sold(scale), "{scale} above {above:?}");
            }
        }
    }

    /// Debts inside, a ring: losses on claims make the market break down no later, and the sides hold as without.
    #[test]
    fn law_losses_on_claims_never_delay_the_breakdown((banks, depths) in markets(), owed in 0.01..0.5) {
        let system = system(&banks);
        let count = banks.len();
        let mut ring = ContagionGraphBuilder::new(count);
        (0..count as u32).for_each(|n| {
            ring.debt(n, (n + 1) % count as u32, owed, 0);
        });
        let graph = ring.build().expect("valid");
        let external: Vec<f64> = banks.iter().map(|(debt, _)| *debt).collect();
        let rows = vec![EisenbergNoeRow::default(); count];
        let clearing = Models {
            claims: Box::new(OneLayer::new(EisenbergNoe, rows, graph.debts()[0].1.clone(), &external)),
            ..models(&system, 0.06, linear(&depths))
        };
        let clearing = Cascade::new(&system, &graph, clearing).expect("models fit");
        let at_face = Cascade::new(&system, &graph, models(&system, 0.06, linear(&depths))).expect("models fit");
        let settings = BreakdownSettings { tolerance: 1e-4, ..BreakdownSettings::default() };
        let shock = fall(&system, 0.4);
        let (with, without) =
            (breakdown(&clearing, &shock, &settings).expect("fits"), breakdown(&at_face, &shock, &settings).expect("fits"));
        if let (Some(below), Some(above)) = (&with.below, &without.above) {
            prop_assert!(below.scale <= above.scale);
        }
        for (side, all) in [(&with.below, false), (&with.above, true)] {
            if let Some(side) = side {
                prop_assert_eq!(side.outcome.institutions.iter().all(|bank| bank.sold_fraction == 1.0), all);
            }
        }
        prop_assert_ne!(with.verdict, Verdict::Undecided);
    }

    /// Deeper markets break down later, if at all.
    #[test]
    fn law_deeper_markets_never_break_down_earlier((banks, depths) in markets(), factor in 1.0..5.0) {
        let system = system(&banks);
        let graph = ContagionGraph::empty(banks.len());
        let find = |depths: &[f64]| {
            let cascade = Cascade::new(&system, &graph, models(&system, 0.08, linear(depths))).expect("models fit");
            let settings = BreakdownSettings { tolerance: 1e-4, ..BreakdownSettings::default() };
            breakdown(&cascade, &fall(&system, 0.25), &settings).expect("fits")
        };
        let shallow = find(&depths);
        let deep = find(&depths.iter().map(|depth| depth * factor).collect::<Vec<_>>());
        if let (Some(below), Some(above)) = (&shallow.below, &deep.above) {
            prop_assert!(below.scale <= above.scale);
        }
    }
}
