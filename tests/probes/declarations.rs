//! A model that is not as it declares must not be certified where its own answers show it.

use crate::NONE;
use crate::compose;
use crate::models::Form;
use crate::plain::{Bank, Case, cases};
use delever::cascade::{Declaration, Method, Outcome, Summary};
use delever::core::{
    BalanceSheet, ClaimKernel, Continuity, Execution, ImpactKernel, Interval, NoColumns, Order,
    PerInstitutionClaims, Profile, Real, Rule, RuleContext, RuleKernel, Sale,
};
use delever::portfolio::rules::LeverageCapRow;
use delever::prelude::*;
use delever_testkit::laws::config;
use proptest::prelude::*;

/// What is wrong with a rule.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// Sells less the lower prices are.
    SellsLess,
    /// Stops selling when insolvent.
    StopsWhenInsolvent,
    /// The same, at places and under shocks that no sample before the shock sees.
    SellsLessAfterLosses,
    /// Looks at holdings, and says that it does not.
    LooksAtHoldings,
    /// States bounds that do not hold its sale.
    BoundsNothing,
    /// Has another formula for other numbers.
    OtherFormula,
    /// Says that its bounds hold over ranges of states, and bounds one end.
    BoundsOneEnd,
}

struct Faulty(Fault);

impl Faulty {
    fn fraction<N: Real>(&self, sheet: &BalanceSheet<'_, N>) -> N {
        let one = N::from(1.0);
        let worth = (sheet.marketable / N::from(100.0)).at_most(1.0);
        match self.0 {
            Fault::SellsLess => worth * N::from(0.8),
            Fault::StopsWhenInsolvent => {
                let equity = sheet.assets() - sheet.liabilities;
                let half = N::from(0.5) * (one - worth);
                equity.if_below(N::from(0.0), || N::from(0.0), || half + N::from(0.1))
            }
            Fault::SellsLessAfterLosses => {
                let lost = N::given(sheet.equity_shocked) - N::given(sheet.equity_initial);
                lost.if_below(N::from(-1e-6), || worth * N::from(0.8), || N::from(0.3))
            }
            Fault::LooksAtHoldings => {
                let mut sum = N::from(0.0);
                for (_, units) in sheet.holdings.iter() {
                    sum = sum + N::from(0.01 * units);
                }
                sum.at_most(1.0)
            }
            _ => N::from(0.2) + N::from(0.5) * (one - worth),
        }
    }
}

impl RuleKernel for Faulty {
    type Row = NoColumns;
    type AssetRow = NoColumns;

    fn sale(&self, sheet: &BalanceSheet<'_>, _: &NoColumns, _: &[NoColumns]) -> Sale {
        Sale::Fraction(self.fraction(sheet))
    }

    fn sale_in<N: Real>(
        &self,
        sheet: &BalanceSheet<'_, N>,
        _: &NoColumns,
        _: &[NoColumns],
    ) -> Option<Sale<N>> {
        Some(Sale::Fraction(match self.0 {
            Fault::OtherFormula => N::from(0.9),
            _ => self.fraction(sheet),
        }))
    }

    fn sale_bounds(
        &self,
        sheet: &BalanceSheet<'_, Interval>,
        _: &NoColumns,
        _: &[NoColumns],
    ) -> Option<Sale<Interval>> {
        let fraction = self.fraction(sheet);
        Some(Sale::Fraction(match self.0 {
            Fault::BoundsNothing => Interval::from(0.0),
            Fault::BoundsOneEnd => Interval::from(fraction.low),
            _ => fraction,
        }))
    }

    fn encloses(&self) -> bool {
        self.0 == Fault::BoundsOneEnd
    }

    fn reads_amounts_only(&self) -> bool {
        true
    }

    fn profile(&self, _: &NoColumns, _: &[NoColumns], _: RuleContext) -> Profile {
        if self.0 == Fault::BoundsOneEnd {
            return Profile::default();
        }
        let jumps = matches!(self.0, Fault::StopsWhenInsolvent | Fault::SellsLessAfterLosses);
        Profile {
            order: Order::Antitone,
            continuity: if jumps {
                Continuity::FromAbove
            } else {
                Continuity::Both
            },
            bounded: true,
        }
    }
}

/// A cascade of nobody but the faulty.
fn faulty<'a>(case: &Case, system: &'a System, graph: &'a ContagionGraph, fault: Fault) -> Cascade<'a> {
    let rule = PerInstitution::new(Faulty(fault), vec![NoColumns {}; case.banks.len()], vec![]);
    with(case, system, graph, Box::new(rule), |models| models)
}

/// The cascade of a case under one rule, with one of its models put in the place of another.
fn with<'a>(
    case: &Case,
    system: &'a System,
    graph: &'a ContagionGraph,
    rule: Box<dyn Rule>,
    change: impl FnOnce(Models) -> Models,
) -> Cascade<'a> {
    let count = case.banks.len();
    let models = Models {
        impact: Box::new(PerAsset::new(
            Linear,
            case.depths.iter().map(|&depth| DepthRow { depth }).collect(),
        )),
        execution: Execution::Terminal,
        rules: vec![RuleBlock {
            name: String::new(),
            rule,
            members: (0..count as u32).collect(),
        }],
        strategy: Box::new(ProRata),
        claims: Box::new(FaceValue::new(count)),
    };
    Cascade::new(system, graph, change(models)).expect("models fit")
}

/// The greatest equilibrium however it is asked for; a sweep must say the same.
fn solved(case: &Case, cascade: &Cascade<'_>) -> Result<Vec<Outcome>, TestCaseError> {
    let shock = case.shock(cascade.system());
    let mut outcomes = Vec::new();
    for method in [Method::Automatic, Method::Iteration, Method::Policy] {
        let settings = Settings {
            method,
            ..Settings::default()
        };
        let outcome = cascade.solve(&shock, Select::Greatest, &settings).expect("fits");
        let outcome = outcome.greatest.expect("asked for");
        if method == Method::Automatic {
            let swept = cascade
                .sweep(std::slice::from_ref(&shock), &settings)
                .swap_remove(0);
            prop_assert_eq!(swept.expect("fits").status, Summary::from(outcome.clone()).status);
        }
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

/// Solved, perhaps, and nothing proved.
fn claims_nothing(outcome: &Outcome) -> Result<(), TestCaseError> {
    prop_assert!(
        !matches!(outcome.status, Status::Certified | Status::Bracketed),
        "{:?}",
        outcome.status
    );
    prop_assert_eq!(outcome.certificate.width, None);
    Ok(())
}

fn somebody_holds(case: &Case) -> bool {
    case.banks
        .iter()
        .flat_map(|bank| &bank.held)
        .any(|units| *units > 0.0)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn rules_that_are_not_antitone_are_never_certified(case in cases()) {
        prop_assume!(somebody_holds(&case));
        let (system, graph) = (case.system(), case.graph());
        let cascade = faulty(&case, &system, &graph, Fault::SellsLess);
        prop_assert!(cascade.refuted().iter().any(|refuted| refuted.declaration == Declaration::Order));
        for outcome in solved(&case, &cascade)? {
            claims_nothing(&outcome)?;
        }
        // Who stops selling when insolvent: somebody solvent is not at the worst states that are asked at.
        let cascade = faulty(&case, &system, &graph, Fault::StopsWhenInsolvent);
        let fails = |bank: &Bank| {
            let liquid = bank.cash + bank.other;
            let held: f64 = bank.held.iter().zip(&case.prices).map(|(units, price)| units * price).sum();
            liquid + 1e-6 < bank.external && bank.external < liquid + held
        };
        if case.debts.is_empty() && case.banks.len() <= 8 && case.banks.iter().any(fails) {
            for outcome in solved(&case, &cascade)? {
                claims_nothing(&outcome)?;
            }
        }
    }

    #[test]
    fn what_only_shows_after_a_shock_is_seen_at_the_states_of_the_solve(case in cases()) {
        let (system, graph) = (case.system(), case.graph());
        let cascade = faulty(&case, &system, &graph, Fault::SellsLessAfterLosses);
        let shock = case.shock(&system);
        let calm = Shock::none(&system);
        let settings = Settings::default();
        let at_rest = cascade.solve(&calm, Select::Greatest, &settings).expect("fits").greatest.expect("asked for");
        prop_assert_eq!(at_rest.status, Status::Certified);
        let outcome = cascade.solve(&shock, Select::Greatest, &settings).expect("fits").greatest.expect("asked for");
        // Where prices fall by sales, whoever lost by the shock sells less there than at the top.
        let falls = |n: usize| {
            let bank = &case.banks[n];
            let loses = outcome.institutions[n].loss_shock > 1e-6;
            loses && bank.held.iter().zip(&outcome.assets).any(|(&units, asset)| {
                units > 0.0 && asset.price < asset.price_shocked * (1.0 - 1e-6)
            })
        };
        let saturated = |n: usize| {
            let bank = &case.banks[n];
            bank.held.iter().zip(&outcome.assets).map(|(units, asset)| units * asset.price).sum::<f64>() >= 99.0
        };
        if (0..case.banks.len()).any(|n| falls(n) && !saturated(n)) {
            for outcome in solved(&case, &cascade)? {
                claims_nothing(&outcome)?;
            }
        }
    }

    #[test]
    fn a_rule_that_looks_at_holdings_is_seen_to(case in cases()) {
        prop_assume!(somebody_holds(&case));
        let (system, graph) = (case.system(), case.graph());
        let cascade = faulty(&case, &system, &graph, Fault::LooksAtHoldings);
        prop_assert!(cascade.refuted().iter().any(|refuted| refuted.declaration == Declaration::AmountsOnly));
        let outcomes = solved(&case, &cascade)?;
        for outcome in &outcomes {
            prop_assert_eq!(outcome.status, Status::Certified);
            for (one, other) in outcome.assets.iter().zip(&outcomes[1].assets) {
                prop_assert!((one.price - other.price).abs() <= 1e-9);
            }
        }
    }

    #[test]
    fn bounds_that_do_not_hold_and_formulas_that_differ_are_seen(case in cases()) {
        prop_assume!(somebody_holds(&case));
        let (system, graph) = (case.system(), case.graph());
        for (fault, declaration) in [
            (Fault::BoundsNothing, Declaration::Bounds),
            (Fault::OtherFormula, Declaration::Formula),
        ] {
            let cascade = faulty(&case, &system, &graph, fault);
            prop_assert!(cascade.refuted().iter().any(|refuted| refuted.declaration == declaration), "{:?}", fault);
            let outcomes = solved(&case, &cascade)?;
            for outcome in &outcomes {
                if fault == Fault::BoundsNothing {
                    prop_assert_ne!(outcome.status, Status::Certified);
                }
                for (one, other) in outcome.assets.iter().zip(&outcomes[1].assets) {
                    prop_assert!((one.price - other.price).abs() <= 1e-9, "{:?}", fault);
                }
            }
        }
        let cascade = faulty(&case, &system, &graph, Fault::BoundsOneEnd);
        for outcome in solved(&case, &cascade)? {
            let Some(enclosure) = &outcome.enclosure else { continue };
            for (bounds, asset) in enclosure.prices.iter().zip(&outcome.assets) {
                prop_assert!(bounds.low - 1e-9 <= asset.price && asset.price <= bounds.high + 1e-9);
            }
        }
    }

    #[test]
    fn prices_that_rise_with_sales_and_claims_that_rise_as_debtors_fall_are_never_certified(case in cases()) {
        prop_assume!(somebody_holds(&case));
        let (system, graph) = (case.system(), case.graph());
        let cap = || {
            let rows = case.banks.iter().map(|bank| LeverageCapRow::cap(bank.max_leverage));
            Box::new(PerInstitution::new(LeverageCap, rows.collect(), vec![]))
        };
        let rows = || case.depths.iter().map(|&depth| DepthRow { depth }).collect();
        let rebounding = with(&case, &system, &graph, cap(), |models| Models {
            impact: Box::new(PerAsset::new(Rebounds, rows())),
            ..models
        });
        prop_assert!(!rebounding.refuted().is_empty());
        let upside_down = with(&case, &system, &graph, cap(), |models| Models {
            claims: Box::new(PerInstitutionClaims::new(
                PaysMoreWhenPoorer,
                vec![NoColumns {}; case.banks.len()],
                graph.debts().first().map_or_else(
                    || delever::core::SparseRows::empty(case.banks.len(), case.banks.len()),
                    |(_, layer)| layer.clone(),
                ),
            )),
            ..models
        });
        prop_assert!(!upside_down.refuted().is_empty());
        for cascade in [rebounding, upside_down] {
            for outcome in solved(&case, &cascade)? {
                claims_nothing(&outcome)?;
            }
        }
    }

    #[test]
    fn a_rule_may_look_at_prices_of_what_nobody_holds(case in cases()) {
        let (system, graph) = (case.system(), case.graph());
        let rows = vec![NoColumns {}; case.banks.len()];
        let rule = Box::new(PerInstitution::new(FollowsBenchmark, rows, vec![]));
        let cascade = with(&case, &system, &graph, rule, |models| models);
        prop_assert_eq!(cascade.refuted(), &[]);
        for outcome in solved(&case, &cascade)? {
            prop_assert!(matches!(outcome.status, Status::Certified | Status::Bracketed), "{:?}", outcome.status);
        }
    }

    #[test]
    fn the_projects_own_models_are_as_they_declare(case in cases()) {
        let (system, graph) = (case.system(), case.graph());
        let cascade = compose(&case, &system, &graph, NONE, Form::AmountsOnly);
        prop_assert_eq!(cascade.refuted(), &[]);
    }
}

/// Sells the more, the lower the first asset's price is, whether it is held or not.
struct FollowsBenchmark;

impl RuleKernel for FollowsBenchmark {
    type Row = NoColumns;
    type AssetRow = NoColumns;

    fn sale(&self, sheet: &BalanceSheet<'_>, row: &NoColumns, assets: &[NoColumns]) -> Sale {
        self.sale_in(sheet, row, assets).expect("a formula")
    }

    fn sale_in<N: Real>(
        &self,
        sheet: &BalanceSheet<'_, N>,
        _: &NoColumns,
        _: &[NoColumns],
    ) -> Option<Sale<N>> {
        let share = (sheet.price(0) / N::from(2.0)).at_most(1.0);
        Some(Sale::Fraction((N::from(1.0) - share) * N::from(0.5)))
    }

    fn profile(&self, _: &NoColumns, _: &[NoColumns], _: RuleContext) -> Profile {
        Profile {
            order: Order::Antitone,
            continuity: Continuity::Both,
            bounded: true,
        }
    }
}

/// Declared to fall with sales, and rebounds once much is sold.
struct Rebounds;

impl ImpactKernel for Rebounds {
    type Row = DepthRow;

    fn survival(&self, sold: f64, row: &DepthRow) -> f64 {
        self.survival_in(sold, row).expect("a formula")
    }

    fn survival_in<N: Real>(&self, sold: N, row: &DepthRow) -> Option<N> {
        // A tenth off after any sale at all, ever less as more is sold.
        let z = (sold / N::from(row.depth * 1e-4)).at_most(1.0);
        let back = (sold / N::from(row.depth)).at_most(1.0);
        Some(N::from(1.0) - z * (N::from(1.0) - back) * N::from(0.1))
    }

    fn order(&self, _: &DepthRow) -> Order {
        Order::Antitone
    }

    fn price_bounds(&self, quote: delever::core::Quote, sold: f64, row: &DepthRow) -> Option<Interval> {
        Some(Interval::from(quote.shocked) * self.survival_in(Interval::from(sold), row)?)
    }
}

/// Declared isotone, and pays the more the less it has.
struct PaysMoreWhenPoorer;

impl ClaimKernel for PaysMoreWhenPoorer {
    type Row = NoColumns;

    fn payment_ratio(&self, sheet: &BalanceSheet<'_>, row: &NoColumns) -> f64 {
        self.payment_ratio_in(sheet, row).expect("a formula")
    }

    fn payment_ratio_in<N: Real>(&self, sheet: &BalanceSheet<'_, N>, _: &NoColumns) -> Option<N> {
        Some((N::from(1.0) - sheet.marketable / N::from(1000.0)).at_least(0.0))
    }

    fn profile(&self, _: &NoColumns, _: Execution) -> Profile {
        Profile {
            order: Order::Isotone,
            continuity: Continuity::Both,
            bounded: true,
        }
    }
}

/// Two institutions, one of which sells everything once too much of its equity after the shock is gone: 0.882, and not the
/// 0.97777 that a solve finds which does not know that equity.
#[test]
fn a_rule_that_reads_equity_after_the_shock_sells() {
    struct StopLossAfterShock;
    impl RuleKernel for StopLossAfterShock {
        type Row = NoColumns;
        type AssetRow = NoColumns;
        fn sale(&self, sheet: &BalanceSheet<'_>, row: &NoColumns, assets: &[NoColumns]) -> Sale {
            self.sale_in(sheet, row, assets).expect("a formula")
        }
        fn sale_in<N: Real>(
            &self,
            sheet: &BalanceSheet<'_, N>,
            _: &NoColumns,
            _: &[NoColumns],
        ) -> Option<Sale<N>> {
            let limit = N::from(0.99) * N::given(sheet.equity_shocked);
            let equity = sheet.assets() - sheet.liabilities;
            Some(Sale::Fraction(equity.if_below(
                limit,
                || N::from(1.0),
                || N::from(0.0),
            )))
        }
        fn reads_amounts_only(&self) -> bool {
            true
        }
        fn profile(&self, _: &NoColumns, _: &[NoColumns], _: RuleContext) -> Profile {
            Profile {
                order: Order::Antitone,
                continuity: Continuity::FromAbove,
                bounded: true,
            }
        }
    }
    let mut builder = SystemBuilder::new();
    builder.asset("bonds", 1.0);
    for (name, debts) in [("capped", 92.0), ("stopped", 90.0)] {
        let institution = Institution {
            external_liabilities: debts,
            ..Institution::default()
        };
        builder
            .institution(name, institution)
            .holding(name, "bonds", 100.0);
    }
    let system = builder.build().expect("valid");
    let graph = ContagionGraphBuilder::new(2).build().expect("valid");
    let block = |name: &str, rule: Box<dyn Rule>, member| RuleBlock {
        name: name.to_owned(),
        rule,
        members: vec![member],
    };
    let models = Models {
        impact: Box::new(PerAsset::new(Linear, vec![DepthRow { depth: 2000.0 }])),
        execution: Execution::Terminal,
        rules: vec![
            block(
                "cap",
                Box::new(PerInstitution::new(
                    LeverageCap,
                    vec![LeverageCapRow::cap(12.0)],
                    vec![],
                )),
                0,
            ),
            block(
                "stop",
                Box::new(PerInstitution::new(
                    StopLossAfterShock,
                    vec![NoColumns {}],
                    vec![],
                )),
                1,
            ),
        ],
        strategy: Box::new(ProRata),
        claims: Box::new(FaceValue::new(2)),
    };
    let cascade = Cascade::new(&system, &graph, models).expect("models fit");
    assert_eq!(cascade.refuted(), []);
    let mut shock = Shock::none(&system);
    shock.prices[0] = -0.02;
    for method in [Method::Automatic, Method::Iteration, Method::Policy] {
        let settings = Settings {
            method,
            ..Settings::default()
        };
        let solved = cascade.solve(&shock, Select::Greatest, &settings).expect("fits");
        let outcome = solved.greatest.expect("asked for");
        assert!(
            (outcome.assets[0].price - 0.882).abs() < 1e-12,
            "{method:?}: {}",
            outcome.assets[0].price
        );
        assert_eq!(outcome.status, Status::Certified, "{method:?}");
        let swept = cascade
            .sweep(std::slice::from_ref(&shock), &settings)
            .swap_remove(0)
            .expect("fits");
        assert!((swept.prices[0] - 0.882).abs() < 1e-12, "{method:?}");
    }
}
