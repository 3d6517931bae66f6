//! Bounds of all equilibria at once, by hand: where there is one, where there are several, and where there is none.

use crate::credit_default_swaps::{schuldenzucker, solve, swap};
use crate::fixture::{Clearing, all_close, bank, close, equities, everyone, greatest, least, no_sales};
use delever::cascade::{EnclosureSettings, EquilibriaEnclosure};
use delever::core::{
    BalanceSheet, ImpactKernel, NoColumns, Rule, RuleKernel, Sale, Strategy, StrategyScratch,
};
use delever::network::clearing::EisenbergNoeRow;
use delever::portfolio::rules::{LeverageTarget, LeverageTargetRow};
use delever::prelude::*;

fn enclosure(outcome: &Outcome) -> &EquilibriaEnclosure {
    outcome.enclosure.as_ref().expect("not ordered, and bounded")
}

/// Every equity lies within its bounds, bit by bit.
fn holds(enclosure: &EquilibriaEnclosure, equities: &[f64]) {
    assert_eq!(enclosure.equities.len(), equities.len());
    for (bounds, &equity) in enclosure.equities.iter().zip(equities) {
        assert!(
            bounds.low <= equity && equity <= bounds.high,
            "{equity} {enclosure:?}"
        );
    }
}

#[test]
fn the_one_clearing_vector_beside_a_cycle_and_bounds_where_there_is_none() {
    let (problem, protection) = schuldenzucker(1.0);
    let both = solve(&problem, &[protection], 1.0);
    let outcome = greatest(&both);
    assert_eq!(outcome.status, Status::Unordered);
    let bounds = enclosure(outcome);
    // Both owe 1 and pay a half; the writer, who has 10, owes what the reference leaves unpaid.
    holds(bounds, &[-0.5, -0.5, 9.5]);
    assert!(bounds.width <= 1e-12, "{bounds:?}");
    for one in &bounds.equities {
        assert!(one.high - one.low < 1e-11, "{bounds:?}");
    }
    // Proved of all equilibria, claimed of none.
    assert_eq!((both.unique, outcome.certificate.width), (None, None));

    // Bounds are no proof that there is an equilibrium: they close in on the jump over which there would be one.
    let (problem, protection) = schuldenzucker(3.0);
    let both = solve(&problem, &[protection], 0.5);
    let outcome = greatest(&both);
    assert_eq!(outcome.status, Status::Stalled);
    holds(enclosure(outcome), &[0.0, 0.0, 9.0]);
    assert_eq!((both.unique, outcome.certificate.width), (None, None));
}

#[test]
fn without_shaving_the_bounds_hold_too_and_are_wide() {
    let (problem, swap) = schuldenzucker(1.0);
    let rows = vec![EisenbergNoeRow::default(); 3];
    let claims = OneLayer::new(EisenbergNoe, rows, problem.debts(), &problem.external())
        .with_credit_default_swaps(&[swap]);
    let models = Models {
        impact: Box::new(PerAsset::new(NoImpact, vec![])),
        execution: Execution::Terminal,
        rules: no_sales(3),
        strategy: Box::new(ProRata),
        claims: Box::new(claims),
    };
    let cascade = Cascade::new(&problem.system, &problem.graph, models).expect("models fit");
    let within = |shaving| {
        let settings = EnclosureSettings {
            shaving,
            ..EnclosureSettings::default()
        };
        let enclosure = cascade.enclose(&Shock::none(&problem.system), &settings);
        enclosure.expect("the shock fits").expect("bounded")
    };
    // One pays half if the other does: every step of the bounds turns the box around, and it stays as it is.
    let wide = within(false);
    holds(&wide, &[-0.5, -0.5, 9.5]);
    assert_eq!(wide.width, 1.0);
    let narrow = within(true);
    holds(&narrow, &[-0.5, -0.5, 9.5]);
    assert!(narrow.width <= 1e-12, "{narrow:?}");
}

#[test]
fn several_equilibria_of_which_none_is_the_best() {
    // Each is protected against the other's failure by 2: r0 = min(1, 2 (1 - r1)) and the mirror image, solved by (1, 0),
    // (0, 1) and (2/3, 2/3).
    let problem = Clearing::new(&[0.0, 0.0, 10.0], &vec![vec![0.0; 3]; 3], &[1.0, 1.0, 0.0]);
    let both = solve(&problem, &[swap(2, 0, 1, 2.0), swap(2, 1, 0, 2.0)], 1.0);
    let enclosure = enclosure(greatest(&both));
    for ratios in [[1.0, 0.0], [0.0, 1.0]] {
        let assets = [2.0 * (1.0 - ratios[1]), 2.0 * (1.0 - ratios[0])];
        holds(enclosure, &[assets[0] - 1.0, assets[1] - 1.0, 8.0]);
    }
    holds(enclosure, &[2.0 / 3.0 - 1.0, 2.0 / 3.0 - 1.0, 10.0 - 4.0 / 3.0]);
    assert!(enclosure.width >= 1.0, "as wide as their distance: {enclosure:?}");
    assert_eq!(both.unique, None);
}

/// A buyer and a seller: `first` gains from the shock to `b` and `second` loses on `a`.
fn traders() -> System {
    let mut builder = SystemBuilder::new();
    builder.asset("a", 1.0).asset("b", 1.0);
    let owing = |external_liabilities| Institution {
        external_liabilities,
        ..Institution::default()
    };
    builder
        .institution("first", owing(80.0))
        .institution("second", owing(85.0));
    builder.holding("first", "a", 10.0).holding("first", "b", 90.0);
    builder.holding("second", "a", 90.0).holding("second", "b", 10.0);
    builder.build().expect("valid")
}

fn shocked(system: &System) -> Shock {
    let mut shock = Shock::none(system);
    shock.prices = vec![-0.02, 0.03];
    shock
}

fn two_sided() -> Box<dyn Rule> {
    let row = LeverageTargetRow {
        target_leverage: None,
        two_sided: true,
    };
    Box::new(PerInstitution::new(LeverageTarget, vec![row; 2], vec![]))
}

fn trade<R>(
    rule: Box<dyn Rule>,
    strategy: Box<dyn Strategy>,
    impact: Box<dyn delever::core::ImpactModel>,
    use_it: impl FnOnce(&Cascade<'_>, &Shock) -> R,
) -> R {
    let system = traders();
    let graph = ContagionGraph::empty(2);
    let models = Models {
        impact,
        execution: Execution::Terminal,
        rules: everyone(rule, 2),
        strategy,
        claims: Box::new(FaceValue::new(2)),
    };
    let cascade = Cascade::new(&system, &graph, models).expect("models fit");
    use_it(&cascade, &shocked(&system))
}

fn linear(depth: f64) -> Box<dyn delever::core::ImpactModel> {
    Box::new(PerAsset::new(Linear, vec![DepthRow { depth }; 2]))
}

#[test]
fn buyers_and_sellers_in_deep_markets_have_one_equilibrium_and_the_answer_is_it() {
    let (both, images) = trade(
        two_sided(),
        Box::new(ProRata),
        linear(3_000.0),
        |cascade, shock| {
            let both = cascade
                .solve(shock, Select::Both, &Settings::default())
                .expect("fits");
            let plain = EnclosureSettings {
                shaving: false,
                ..EnclosureSettings::default()
            };
            let enclosure = cascade.enclose(shock, &plain).expect("fits").expect("bounded");
            (both, enclosure.images)
        },
    );
    for outcome in [greatest(&both), least(&both)] {
        assert_eq!(outcome.status, Status::Unordered);
        let enclosure = enclosure(outcome);
        assert!(enclosure.width <= 1e-12, "{enclosure:?}");
        holds(enclosure, &equities(outcome));
        for (bounds, asset) in enclosure.prices.iter().zip(&outcome.assets) {
            assert!(
                bounds.low <= asset.price && asset.price <= bounds.high,
                "{enclosure:?}"
            );
        }
    }
    let first = greatest(&both);
    assert!(first.assets[0].sold_quantity > 0.0 && first.institutions[0].sold_fraction < 0.0);
    all_close(&equities(first), &equities(least(&both)), 1e-9, "one equilibrium");
    assert!(images < 200, "the bounds contract by themselves: {images}");
    assert_eq!((both.unique, first.certificate.width), (None, None));
}

/// A third party's rule that bounds nothing.
struct Unbounded;

impl RuleKernel for Unbounded {
    type Row = NoColumns;
    type AssetRow = NoColumns;

    fn sale(&self, sheet: &BalanceSheet<'_>, _: &NoColumns, _: &[NoColumns]) -> Sale {
        Sale::Fraction((sheet.marketable - 99.0).clamp(-1.0, 1.0))
    }
}

/// A third party's strategy that bounds nothing: only the first holding is traded.
struct FirstOnly;

impl Strategy for FirstOnly {
    fn units_into(&self, sale: Sale, sheet: &BalanceSheet<'_>, _: &mut StrategyScratch, units: &mut [f64]) {
        units.fill(0.0);
        units[0] = sale.fraction(sheet) * sheet.holdings.values[0];
    }
}

/// A third party's price impact without a declared order.
struct NoOrder;

impl ImpactKernel for NoOrder {
    type Row = NoColumns;

    fn survival(&self, sold: f64, _: &NoColumns) -> f64 {
        0.9 + 0.1 * sold.cos()
    }
}

#[test]
fn what_a_model_does_not_bound_counts_as_anything_it_may_do() {
    let unbounded =
        || -> Box<dyn Rule> { Box::new(PerInstitution::new(Unbounded, vec![NoColumns {}; 2], vec![])) };
    let enclosed = |rule, strategy, impact| {
        trade(rule, strategy, impact, |cascade, shock| {
            let both = cascade
                .solve(shock, Select::Greatest, &Settings::default())
                .expect("fits");
            let outcome = greatest(&both);
            if let Some(enclosure) = &outcome.enclosure {
                holds(enclosure, &equities(outcome));
            }
            outcome.enclosure.clone()
        })
    };
    // The rule may sell all 100 units of either asset into a depth of 400.
    let bounds = enclosed(unbounded(), Box::new(ProRata), linear(400.0)).expect("rules may do what they may");
    close(bounds.prices[0].low, 0.98 * 0.75, 1e-12, "all sold");
    assert_eq!(bounds.prices[0].high, 1.0 + -0.02, "nothing sold");
    // Nobody knows what a strategy buys that says nothing, nor what prices without order are.
    assert_eq!(enclosed(two_sided(), Box::new(FirstOnly), linear(400.0)), None);
    let no_order = Box::new(PerAsset::new(NoOrder, vec![NoColumns {}; 2]));
    assert_eq!(enclosed(unbounded(), Box::new(ProRata), no_order), None);
}

#[test]
fn ordered_systems_can_be_enclosed_between_their_ends() {
    // A pool of 2 units owes 1; sold at 1 - s / 2 each, it clears at s = 0.5, 1.5 or 2 units.
    let mut builder = SystemBuilder::new();
    builder.asset("pool", 1.0);
    builder.institution(
        "fund",
        Institution {
            external_liabilities: 0.375,
            ..Institution::default()
        },
    );
    builder.holding("fund", "pool", 2.0);
    let system = builder.build().expect("valid");
    let graph = ContagionGraph::empty(1);
    let row = delever::portfolio::rules::LiquidityShortfallRow { withdrawals: 0.375 };
    let models = Models {
        impact: Box::new(PerAsset::new(Linear, vec![DepthRow { depth: 2.0 }])),
        execution: Execution::Terminal,
        rules: everyone(
            Box::new(PerInstitution::new(LiquidityShortfall, vec![row], vec![])),
            1,
        ),
        strategy: Box::new(ProRata),
        claims: Box::new(FaceValue::new(1)),
    };
    let cascade = Cascade::new(&system, &graph, models).expect("models fit");
    let shock = Shock::none(&system);
    let both = cascade
        .solve(&shock, Select::Both, &Settings::default())
        .expect("fits");
    assert!(greatest(&both).enclosure.is_none(), "brackets say more");
    close(greatest(&both).assets[0].price, 0.75, 1e-12, "0.5 sold");
    assert_eq!(least(&both).assets[0].price, 0.0, "all sold");
    let enclosure = cascade
        .enclose(&shock, &EnclosureSettings::default())
        .expect("fits")
        .expect("bounded");
    let price = enclosure.prices[0];
    assert!(
        price.low == 0.0 && (0.75..0.75 + 1e-11).contains(&price.high),
        "{price:?}"
    );
}

#[test]
fn in_the_result_of_a_scenario() {
    use delever::io::{Layout, json_string, load_from};
    let load = |rule: &str| {
        let tables = Tables::new()
            .with(
                "institutions.csv",
                "id,external_liabilities\nfirst,80\nsecond,85\n",
            )
            .with("assets.csv", "id,depth\na,3000\nb,3000\n")
            .with(
                "holdings.csv",
                "institution,asset,quantity\nfirst,a,10\nfirst,b,90\nsecond,a,90\nsecond,b,10\n",
            );
        let scenario = format!(
            "version = 1\nname = \"traders\"\n[shock]\nprices = {{ a = -0.02, b = 0.03 }}\n[deleveraging]\n{rule}\n\
             [impact]\nmodel = \"linear\"\n"
        );
        let loaded = load_from(&tables, "s.toml", &scenario, &registry(), &LoadOptions::default())
            .unwrap_or_else(|problems| panic!("{problems}"));
        let equilibria = loaded.solve(&registry()).expect("models fit");
        let result = RunResult::new(&loaded, &equilibria, None).expect("one");
        let text = json_string(&result, Layout::Compact);
        let back: RunResult = serde_json::from_str(&text).expect("its own output");
        assert_eq!(back, result);
        (
            result.status(),
            serde_json::from_str::<serde_json::Value>(&text).expect("JSON"),
        )
    };
    let (status, result) = load("rule = \"leverage-target\"\ntwo_sided = true");
    assert_eq!(status.exit_code(), 0);
    assert_eq!(result["status"], "unordered");
    assert!(result["unique"].is_null() && result["certificate"]["width"].is_null());
    let enclosure = &result["enclosure"];
    assert!(enclosure["width"].as_f64().expect("a number") <= 1e-12);
    for (bounds, values, figure) in [
        ("prices", "assets", "price"),
        ("equities", "institutions", "equity"),
    ] {
        let rows = result[values].as_array().expect("an array");
        let bounds = enclosure[bounds].as_array().expect("an array");
        assert_eq!(rows.len(), bounds.len());
        for (row, bounds) in rows.iter().zip(bounds) {
            assert_eq!(row["id"], bounds["id"]);
            let number = |value: &serde_json::Value| value.as_f64().expect("a number");
            assert!(number(&bounds["lower"]) <= number(&row[figure]));
            assert!(number(&row[figure]) <= number(&bounds["upper"]));
        }
    }
    let (_, ordered) = load("rule = \"leverage-target\"");
    assert_eq!(ordered["status"], "certified");
    assert!(ordered.get("enclosure").is_none(), "brackets say more");
}

#[test]
fn more_institutions_than_are_summed_in_one_chunk() {
    let count = 5_000;
    let mut builder = SystemBuilder::new();
    builder.asset("a", 1.0).asset("b", 1.0);
    for n in 0..count {
        let name = bank(n);
        builder.institution(
            &name,
            Institution {
                external_liabilities: 80.0 + (n % 13) as f64,
                ..Institution::default()
            },
        );
        builder.holding(&name, "a", (n % 101) as f64);
        builder.holding(&name, "b", 100.0 - (n % 101) as f64);
    }
    let system = builder.build().expect("valid");
    let graph = ContagionGraph::empty(count);
    let row = LeverageTargetRow {
        target_leverage: None,
        two_sided: true,
    };
    let models = Models {
        impact: linear(3e7),
        execution: Execution::Terminal,
        rules: everyone(
            Box::new(PerInstitution::new(LeverageTarget, vec![row; count], vec![])),
            count,
        ),
        strategy: Box::new(ProRata),
        claims: Box::new(FaceValue::new(count)),
    };
    let cascade = Cascade::new(&system, &graph, models).expect("models fit");
    let both = cascade
        .solve(&shocked(&system), Select::Greatest, &Settings::default())
        .expect("fits");
    let outcome = greatest(&both);
    assert_eq!(outcome.status, Status::Unordered);
    assert!(
        outcome
            .assets
            .iter()
            .any(|asset| asset.price < asset.price_shocked)
    );
    let enclosure = enclosure(outcome);
    holds(enclosure, &equities(outcome));
    assert!(enclosure.width <= 1e-12, "{enclosure:?}");
}
