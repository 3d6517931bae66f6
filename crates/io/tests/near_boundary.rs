//! Who stands where the last place of the input decides: named in both engines, for rules of any author, and nobody else.

use delever_cascade::rounds::RoundsSettings;
use delever_cascade::{Cascade, Models, RuleBlock, Select, Settings, Shock};
use delever_core::{BalanceSheet, Execution, NoColumns, PerAsset, PerInstitution, RuleKernel, Sale};
use delever_impact::{DepthRow, Exponential};
use delever_io::{LoadOptions, OutcomeResult, RunResult, Tables, load_from, registry};
use delever_network::ContagionGraphBuilder;
use delever_network::clearing::FaceValue;
use delever_portfolio::strategies::ProRata;
use delever_portfolio::{Institution, SystemBuilder};
use std::fmt::Write;

const BOTH: [&str; 2] = ["equilibrium", "rounds"];

fn run(tables: &Tables, scenario: &str, engine: &str) -> OutcomeResult {
    let scenario = format!("version = 1\n{scenario}\n[engine]\nkind = \"{engine}\"\n");
    let loaded = load_from(tables, "s.toml", &scenario, &registry(), &LoadOptions::default())
        .unwrap_or_else(|problems| panic!("{problems}"));
    let result = if engine == "rounds" {
        let outcome = loaded.run_rounds(&registry()).expect("models fit");
        RunResult::of_rounds(&loaded, &outcome, None)
    } else {
        let equilibria = loaded.solve(&registry()).expect("models fit");
        RunResult::new(&loaded, &equilibria, None).expect("asked for")
    };
    match result {
        RunResult::One(one) => *one,
        RunResult::Both(_) => panic!("one was asked for"),
    }
}

fn named(tables: &Tables, scenario: &str, engine: &str) -> Vec<String> {
    let result = run(tables, scenario, engine);
    assert_eq!(result.near_boundary, !result.near_boundary_of.is_empty());
    result.near_boundary_of
}

/// Banks with cash and one bond each: id, other assets, debts outside, bonds.
fn banks(banks: &[(&str, f64, f64, f64)]) -> Tables {
    let mut institutions = "id,other_assets,external_liabilities\n".to_owned();
    let mut holdings = "institution,asset,quantity\n".to_owned();
    for (id, other, debts, bonds) in banks {
        let _ = writeln!(institutions, "{id},{other:?},{debts:?}");
        let _ = writeln!(holdings, "{id},bond,{bonds:?}");
    }
    Tables::new()
        .with("institutions.csv", institutions)
        .with("assets.csv", "id,depth\nbond,5000\n")
        .with("holdings.csv", holdings)
}

#[test]
fn a_sum_of_decimals_that_just_covers_a_debt_is_named_in_both_engines() {
    let tables = Tables::new()
        .with("institutions.csv", "id,cash\ndebtor,0.3\none,1\nother,1\n")
        .with(
            "debts.csv",
            "debtor,creditor,amount\ndebtor,one,0.1\ndebtor,other,0.2\n",
        );
    let scenario = "[clearing]\nmodel = \"rogers-veraart\"\nalpha = 0.5\nbeta = 0.5";
    for engine in BOTH {
        assert_eq!(named(&tables, scenario, engine), ["debtor"], "{engine}");
    }
}

#[test]
fn thresholds_and_caps_that_are_met_exactly_are_named_in_both_engines() {
    // Equity 7 of 100, equity 10 of 100, and 9 of 100: the first at the threshold, the second at the cap.
    let tables = banks(&[
        ("seven", 50.0, 93.0, 50.0),
        ("ten", 60.0, 90.0, 40.0),
        ("nine", 60.0, 91.0, 40.0),
    ]);
    let rules = [
        (
            "rule = \"leverage-threshold\"\nact_below = 0.07\ntarget = 0.08",
            "seven",
        ),
        ("rule = \"leverage-cap\"\nmin_leverage_ratio = 0.1", "ten"),
        ("rule = \"sell-on-default\"", ""),
    ];
    for (rule, whom) in rules {
        for engine in BOTH {
            let of = named(&tables, &format!("[deleveraging]\n{rule}"), engine);
            assert_eq!(of.concat(), whom, "{rule}, {engine}");
        }
    }
}

#[test]
fn a_unit_beside_the_cap_counts_and_a_billionth_does_not() {
    let rule = "[deleveraging]\nrule = \"leverage-cap\"\nmax_leverage = 10";
    for engine in BOTH {
        for (debts, near) in [
            (90.0_f64.next_up(), true),
            (90.0_f64.next_down(), true),
            (90.0 + 1e-9, false),
            (90.0 - 1e-9, false),
        ] {
            let tables = banks(&[("bank", 60.0, debts, 40.0)]);
            assert_eq!(
                !named(&tables, rule, engine).is_empty(),
                near,
                "{debts}, {engine}"
            );
        }
    }
}

#[test]
fn sellers_on_the_slope_of_a_rule_are_not_named() {
    let many: Vec<(String, f64, f64, f64)> = (0..60)
        .map(|n| {
            (
                format!("b{n:02}"),
                50.0,
                84.0 + 0.17 * f64::from(n),
                45.0 + 0.03 * f64::from(n),
            )
        })
        .collect();
    let many: Vec<_> = many
        .iter()
        .map(|(id, o, d, b)| (id.as_str(), *o, *d, *b))
        .collect();
    let tables = banks(&many);
    let rules = [
        "leverage-cap\"\nmax_leverage = 12.3",
        "leverage-threshold\"\nact_below = 0.07\ntarget = 0.08",
        "leverage-target",
        "liquidity-shortfall\"\nwithdrawals = 3.3",
        "sell-on-default",
        "redemption\"\nflow_sensitivity = 0.4",
    ];
    for rule in rules {
        let rule = if rule.contains('"') {
            rule.to_owned()
        } else {
            format!("{rule}\"")
        };
        let scenario = format!(
            "[shock]\nprices = {{ bond = -0.0123 }}\n[impact]\nmodel = \"exponential\"\n[deleveraging]\nrule = \"{rule}"
        );
        for engine in BOTH {
            let of = named(&tables, &scenario, engine);
            assert!(of.is_empty(), "{rule}, {engine}: {of:?}");
        }
    }
}

#[test]
fn who_is_as_before_the_shock_is_at_no_boundary_of_rules_that_refer_to_it() {
    let tables = banks(&[
        ("a", 50.1, 84.7, 45.3),
        ("b", 3.3, 71.9, 77.7),
        ("c", 0.7, 60.1, 91.1),
    ]);
    for rule in ["leverage-target", "redemption"] {
        let more = if rule == "redemption" {
            "flow_sensitivity = 0.4"
        } else {
            ""
        };
        let scenario = format!("[deleveraging]\nrule = \"{rule}\"\n{more}");
        for engine in BOTH {
            let of = named(&tables, &scenario, engine);
            assert!(of.is_empty(), "{rule}, {engine}: {of:?}");
        }
    }
}

#[test]
fn at_most_twenty_are_named() {
    let many: Vec<String> = (0..30).map(|n| format!("b{n:02}")).collect();
    let tables = banks(
        &many
            .iter()
            .map(|id| (id.as_str(), 60.0, 90.0, 40.0))
            .collect::<Vec<_>>(),
    );
    let scenario = "[deleveraging]\nrule = \"leverage-cap\"\nmax_leverage = 10";
    for engine in BOTH {
        assert_eq!(named(&tables, scenario, engine), many[..20], "{engine}");
    }
}

/// A rule of a third party in doubles alone: a third of everything is sold below a price that it knows.
struct StopLoss {
    below: f64,
}

impl RuleKernel for StopLoss {
    type Row = NoColumns;
    type AssetRow = NoColumns;

    fn sale(&self, sheet: &BalanceSheet<'_>, _: &NoColumns, _: &[NoColumns]) -> Sale {
        let stopped = sheet
            .holdings
            .iter()
            .any(|(asset, _)| sheet.price(asset) < self.below);
        Sale::Fraction(if stopped { 1.0 / 3.0 } else { 0.0 })
    }
}

#[test]
fn a_rule_of_a_third_party_without_bounds_is_asked_all_the_same() {
    let mut builder = SystemBuilder::new();
    builder.asset("x", 1.0).asset("y", 1.0);
    for id in ["p", "q"] {
        let institution = Institution {
            cash: 1.0,
            other_assets: 0.0,
            external_liabilities: 2.0,
        };
        builder.institution(id, institution);
    }
    builder.holding("p", "x", 3.0).holding("q", "y", 3.0);
    let system = builder.build().expect("valid");
    let graph = ContagionGraphBuilder::new(2).build().expect("no debts");
    let (none, row) = (vec![NoColumns::default(); 2], vec![NoColumns::default(); 2]);
    // One tenth less than 1, as doubles have it, is the threshold itself.
    let rule = PerInstitution::new(StopLoss { below: 0.9 }, row, none);
    let models = Models {
        impact: Box::new(PerAsset::new(Exponential, vec![DepthRow { depth: 100.0 }; 2])),
        execution: Execution::Terminal,
        rules: vec![RuleBlock {
            name: "stop".to_owned(),
            members: vec![0, 1],
            rule: Box::new(rule),
        }],
        strategy: Box::new(ProRata),
        claims: Box::new(FaceValue::new(2)),
    };
    let cascade = Cascade::new(&system, &graph, models).expect("models fit");
    for (change, near) in [(-0.1, vec![0]), (-0.11, vec![]), (-0.09, vec![])] {
        let mut shock = Shock::none(&system);
        shock.prices[0] = change;
        let rounds = cascade
            .run_rounds(&shock, &RoundsSettings::default())
            .expect("fits");
        assert_eq!(rounds.near_boundary_of, near, "{change} in rounds");
        let solved = cascade
            .solve(&shock, Select::Greatest, &Settings::default())
            .expect("fits");
        let greatest = solved.greatest.expect("asked for");
        assert_eq!(greatest.near_boundary_of, near, "{change}: {:?}", greatest.status);
    }
}

#[test]
fn sweeps_say_the_same_as_solves() {
    let banks_of = [
        ("a", 50.0, 93.0, 50.0),
        ("b", 60.0, 91.0, 40.0),
        ("c", 20.0, 40.0, 35.0),
    ];
    let rules = [
        (
            "leverage-threshold\"\nact_below = 0.07\ntarget = 0.08",
            &banks_of[..],
        ),
        ("leverage-cap\"\nmax_leverage = 10.1", &banks_of[1..]),
    ];
    for (rule, of) in rules {
        let tables = banks(of);
        let scenario =
            format!("version = 1\n[impact]\nmodel = \"exponential\"\n[deleveraging]\nrule = \"{rule}\n");
        let loaded = load_from(&tables, "s.toml", &scenario, &registry(), &LoadOptions::default())
            .unwrap_or_else(|problems| panic!("{problems}"));
        let cascade = loaded.cascade(&registry()).expect("models fit");
        let shocks: Vec<Shock> = (0..40)
            .map(|n| {
                let mut shock = Shock::none(&loaded.system);
                // Some of these put the second bank just at its cap.
                shock.prices[0] = if n % 2 == 0 { -0.001 * f64::from(n) } else { 0.025 };
                shock
            })
            .collect();
        let summaries = cascade.sweep(&shocks, &Settings::default());
        let mut near = 0;
        for (shock, summary) in shocks.iter().zip(summaries) {
            let solved = cascade
                .solve(shock, Select::Greatest, &Settings::default())
                .expect("fits");
            let outcome = solved.greatest.expect("asked for");
            let summary = summary.expect("fits");
            assert_eq!(summary.near_boundary, outcome.near_boundary, "{:?}", shock.prices);
            near += usize::from(summary.near_boundary);
        }
        assert!(near > 0 && near < 40, "{near} of 40 under {rule}");
    }
}
