//! Whatever way a cascade is solved, its models see the same balance sheets.
//!
//! Probing rules, claims models and strategies look at one public amount each, and their answers depend on it strongly. Every way
//! to solve must find what a plain loop finds that fills the sheets itself: institutions or scenarios side by side, by
//! contraction or down from the top, iteration, policy iteration with slopes, enclosures without order, rounds.

mod amounts;
mod declarations;
mod models;
mod plain;
mod rounds;

use amounts::{AMOUNTS, Amount, POSITIONS};
use delever::cascade::{Method, Summary};
use delever::core::{Claims, NoColumns, PerInstitutionClaims, Rule};
use delever::network::clearing::{EisenbergNoeRow, Elsinger};
use delever::portfolio::rules::LeverageCapRow;
use delever::prelude::*;
use delever_testkit::laws::config;
use models::{FORMS, Form, Probe};
use plain::{Case, Clearing, Probes, State, cases, follows_probe};
use proptest::prelude::*;

/// How far prices and what follows from them may be from the plain loop, relative; far below what a missing amount makes.
const CLOSE: f64 = 1e-8;

/// The cascade of a case, every probing model in the form asked for.
fn compose<'a>(
    case: &Case,
    system: &'a System,
    graph: &'a ContagionGraph,
    probes: Probes,
    form: Form,
) -> Cascade<'a> {
    let in_form = |probe: Option<Probe>| probe.map(|probe| Probe { form, ..probe });
    let count = case.banks.len();
    let everyone: Vec<u32> = (0..count as u32).collect();
    let is_probing = |n: &u32| probes.rule.is_some() && follows_probe(*n as usize);
    let (probing, capped): (Vec<u32>, Vec<u32>) = everyone.into_iter().partition(is_probing);
    let block = |name: &str, rule: Box<dyn Rule>, members: Vec<u32>| RuleBlock {
        name: name.to_owned(),
        rule,
        members,
    };
    let caps = capped
        .iter()
        .map(|&n| LeverageCapRow::cap(case.banks[n as usize].max_leverage));
    let mut rules = vec![block(
        "capped",
        Box::new(PerInstitution::new(LeverageCap, caps.collect(), vec![])),
        capped,
    )];
    if let Some(probe) = in_form(probes.rule) {
        let rows = vec![NoColumns {}; probing.len()];
        // Before the others in compiled order, which then is not that of ids.
        rules.push(block(
            "a probe",
            Box::new(PerInstitution::new(probe, rows, vec![])),
            probing,
        ));
    }
    let debts = graph.debts().first().map_or_else(
        || delever::core::SparseRows::empty(count, count),
        |(_, layer)| layer.clone(),
    );
    let external: Vec<f64> = case.banks.iter().map(|bank| bank.external).collect();
    let claims: Box<dyn Claims> = match in_form(probes.claims) {
        Some(probe) => Box::new(PerInstitutionClaims::new(probe, vec![NoColumns {}; count], debts)),
        None => match case.clearing {
            Clearing::Face => Box::new(FaceValue::new(count)),
            Clearing::EisenbergNoe => {
                let rows = vec![EisenbergNoeRow::default(); count];
                Box::new(OneLayer::new(EisenbergNoe, rows, debts, &external))
            }
            Clearing::Elsinger => {
                let model = Elsinger::new(graph.debts(), graph.shareholdings(), &external);
                Box::new(model.expect("some of everybody is held outside"))
            }
        },
    };
    let depths = case.depths.iter().map(|&depth| DepthRow { depth }).collect();
    let models = Models {
        impact: Box::new(PerAsset::new(Linear, depths)),
        execution: case.execution,
        rules,
        strategy: match in_form(probes.strategy) {
            Some(probe) => Box::new(probe),
            None => Box::new(ProRata),
        },
        claims,
    };
    Cascade::new(system, graph, models).expect("models fit")
}

fn near(actual: f64, expected: f64, size: f64) -> bool {
    (actual - expected).abs() <= CLOSE * size
}

/// Every way to solve finds what the plain loop finds.
fn all_ways_agree(case: &Case, probes: Probes) -> Result<(), TestCaseError> {
    let Some(expected) = case.settle(probes) else {
        return Err(TestCaseError::reject("the plain loop does not settle"));
    };
    let (system, graph) = (case.system(), case.graph());
    let (shock, top) = (case.shock(&system), case.top());
    for form in FORMS {
        let cascade = compose(case, &system, &graph, probes, form);
        prop_assert!(
            cascade.refuted().is_empty(),
            "{:?}: {:?}",
            form,
            cascade.refuted()
        );
        for method in [Method::Automatic, Method::Iteration, Method::Policy] {
            let settings = Settings {
                method,
                ..Settings::default()
            };
            let outcome = cascade.solve(&shock, Select::Greatest, &settings).expect("fits");
            let outcome = outcome.greatest.expect("asked for");
            let way = format!("{form:?} by {method:?}, {:?}", outcome.status);
            let prices = outcome.assets.iter().map(|asset| asset.price).collect::<Vec<_>>();
            holds(&prices, &expected, &top, &way)?;
            // A probing rule that nobody follows takes nothing back.
            if outcome.status == Status::Unordered {
                prop_assert_eq!(form, Form::Unordered, "{}", way);
                let enclosure = outcome.enclosure.as_ref().expect("all models are bounded");
                for (k, bounds) in enclosure.prices.iter().enumerate() {
                    let (price, slack) = (expected.prices[k], CLOSE * top.prices[k]);
                    prop_assert!(
                        bounds.low - slack <= price && price <= bounds.high + slack,
                        "{way}: price {k} is {price}, enclosed in {bounds:?}"
                    );
                }
            } else {
                let status = outcome.status;
                prop_assert!(matches!(status, Status::Certified | Status::Bracketed), "{way}");
            }
            if method == Method::Automatic {
                // In company of other scenarios, and the totals of one that went alone.
                let mut other = shock.clone();
                other.prices.fill(-0.01);
                let shocks = [other.clone(), shock.clone(), other];
                let swept = cascade.sweep(&shocks, &settings).swap_remove(1).expect("fits");
                let alone = Summary::from(outcome);
                if form == Form::Unordered {
                    prop_assert_eq!(&swept.prices, &alone.prices);
                } else {
                    prop_assert_eq!(swept, alone, "{}", way);
                }
            }
        }
    }
    Ok(())
}

fn holds(prices: &[f64], expected: &State, top: &State, way: &str) -> Result<(), TestCaseError> {
    for (k, (price, expected)) in prices.iter().zip(&expected.prices).enumerate() {
        prop_assert!(
            near(*price, *expected, top.prices[k]),
            "{way}: price {k} is {price}, by plain iteration {expected}"
        );
    }
    Ok(())
}

fn amounts() -> impl proptest::strategy::Strategy<Value = Amount> {
    proptest::sample::select([&AMOUNTS[..], &POSITIONS[..]].concat())
}

fn probe(case: &Case, amount: Amount) -> Probe {
    Probe {
        amount,
        scale: case.scale(amount),
        form: Form::AmountsOnly,
    }
}

const NONE: Probes = Probes {
    rule: None,
    claims: None,
    strategy: None,
};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn rules_see_the_same_amounts_whichever_way_a_cascade_is_solved(case in cases(), amount in amounts()) {
        let rule = Some(probe(&case, amount));
        all_ways_agree(&case, Probes { rule, ..NONE })?;
    }

    #[test]
    fn claims_models_see_the_same_amounts_whichever_way_a_cascade_is_solved(case in cases(), amount in amounts()) {
        let claims = Some(probe(&case, amount));
        all_ways_agree(&case, Probes { claims, ..NONE })?;
    }

    #[test]
    fn strategies_see_the_same_amounts_whichever_way_a_cascade_is_solved(case in cases(), amount in amounts()) {
        let strategy = Some(probe(&case, amount));
        all_ways_agree(&case, Probes { strategy, ..NONE })?;
    }

    #[test]
    fn rules_and_claims_models_that_probe_together_see_the_same(
        case in cases(),
        of_rule in amounts(),
        of_claims in amounts(),
    ) {
        let (rule, claims) = (Some(probe(&case, of_rule)), Some(probe(&case, of_claims)));
        all_ways_agree(&case, Probes { rule, claims, strategy: None })?;
    }

    #[test]
    fn rules_and_strategies_see_the_same_where_sellers_are_paid_average_prices(
        case in cases(),
        of_rule in amounts(),
        of_strategy in amounts(),
    ) {
        // Where payments answer to sellers' gains, such probes are not ordered.
        let case = Case { execution: Execution::Vwap, clearing: Clearing::Face, ..case };
        all_ways_agree(&case, Probes { rule: Some(probe(&case, of_rule)), ..NONE })?;
        all_ways_agree(&case, Probes { strategy: Some(probe(&case, of_strategy)), ..NONE })?;
    }

    #[test]
    fn rules_and_strategies_see_what_shares_are_worth(case in cases(), of_rule in amounts(), of_strategy in amounts()) {
        let case = Case { clearing: Clearing::Elsinger, ..case };
        all_ways_agree(&case, Probes { rule: Some(probe(&case, of_rule)), ..NONE })?;
        all_ways_agree(&case, Probes { strategy: Some(probe(&case, of_strategy)), ..NONE })?;
    }
}
