//! DebtRank with a single hit from scenario files: a process in waves, and no equilibrium.

use delever_cascade::Settings;
use delever_io::{
    LoadOptions, Loaded, OutcomeResult, RunResult, StateName, StatusName, Tables, load_from, registry,
};

/// `a` owes `b`, and `b` owes `c`; everybody has equity of 10.
fn chain(b_owes: f64) -> Tables {
    Tables::new()
        .with(
            "institutions.csv",
            format!(
                "id,cash,external_liabilities\na,15,0\nb,{},0\nc,10,{b_owes}\n",
                5.0 + b_owes
            ),
        )
        .with(
            "debts.csv",
            format!("debtor,creditor,amount\na,b,5\nb,c,{b_owes}\n"),
        )
        .with("assets.csv", "id,depth\nbond,100\n")
}

fn load(tables: &Tables, scenario: &str) -> Result<Loaded, delever_io::Diagnostics> {
    let scenario = format!("version = 1\n{scenario}\n");
    load_from(tables, "s.toml", &scenario, &registry(), &LoadOptions::default())
}

fn run(tables: &Tables, scenario: &str) -> OutcomeResult {
    let loaded = load(tables, scenario).unwrap_or_else(|problems| panic!("{problems}"));
    let equilibria = loaded.solve(&registry()).expect("models fit");
    match RunResult::new(&loaded, &equilibria, None).expect("asked for") {
        RunResult::One(one) => *one,
        RunResult::Both(both) => both.least,
    }
}

fn assert_equity(result: &OutcomeResult, expected: [f64; 3]) {
    for (one, expected) in result.institutions.iter().zip(expected) {
        assert!((one.equity - expected).abs() < 1e-12, "{} {expected}", one.equity);
        let parts = one.loss_shock + one.loss_fire_sale + one.loss_contagion;
        assert!((one.equity_initial - one.equity - parts).abs() < 1e-12);
        assert_eq!(one.loss, parts);
    }
}

/// A loss of ten takes all of `a`'s equity; one of a tenth, a hundredth of `b`'s.
const FIRST: &str = "shock.outside_assets = { a = -10 }";
const FIRST_AND_SECOND: &str = "shock.outside_assets = { a = -10, b = -0.1 }";
const SINGLE: &str = "clearing = { model = \"debtrank\", hits = \"single\" }";
const UNCAPPED: &str = "clearing = { model = \"debtrank\", hits = \"single\", cap = false }";
const MULTI: &str = "clearing.model = \"debtrank\"";

#[test]
fn who_is_hit_early_by_little_passes_on_little() {
    let tables = chain(5.0);
    let one = run(&tables, &format!("{FIRST}\n{SINGLE}"));
    assert_equity(&one, [0.0, 5.0, 7.5]);
    let both = run(&tables, &format!("{FIRST_AND_SECOND}\n{SINGLE}"));
    assert_equity(&both, [0.0, 4.9, 9.95]);
    for result in [&one, &both] {
        assert_eq!((result.status, result.unique), (StatusName::Unordered, None));
        assert_eq!(result.certificate.width, None);
    }
    // Multiple hits are an equilibrium, in which a larger shock is never better for anybody.
    let multi = run(&tables, &format!("{FIRST_AND_SECOND}\n{MULTI}"));
    assert_eq!(multi.status, StatusName::Certified);
    assert_equity(&multi, [0.0, 4.9, 7.45]);
}

#[test]
fn waves_stand_in_rounds() {
    let result = run(&chain(5.0), &format!("{FIRST}\n{SINGLE}"));
    let equity: Vec<[f64; 3]> = result
        .rounds
        .iter()
        .map(|round| ["a", "b", "c"].map(|id| round.equity[id]))
        .collect();
    assert_eq!(equity, [[0.0, 10.0, 10.0], [0.0, 5.0, 10.0], [0.0, 5.0, 7.5]]);
    assert_eq!(
        result.rounds.iter().map(|round| round.round).collect::<Vec<_>>(),
        [0, 1, 2]
    );
    assert_eq!(result.iterations, 2);
    // What creditors have of a claim is what its debtor did not pass on.
    let ratios: Vec<f64> = result.institutions.iter().map(|one| one.payment_ratio).collect();
    assert_eq!(ratios[..2], [0.0, 0.5]);
    assert_eq!(result.rounds[0].cash["a"], 5.0);
    assert!(run(&chain(5.0), &format!("{FIRST}\n{MULTI}")).rounds.is_empty());
}

#[test]
fn impacts_are_capped_unless_they_are_not() {
    // Half of 20 is all of c's equity.
    let tables = chain(20.0);
    assert_equity(&run(&tables, &format!("{FIRST}\n{SINGLE}")), [0.0, 5.0, 5.0]);
    assert_equity(&run(&tables, &format!("{FIRST}\n{UNCAPPED}")), [0.0, 5.0, 0.0]);
    // Stress beyond 1: two parts in three of 20 are more than there is.
    let deeper = run(
        &tables,
        &format!("shock.outside_assets = {{ b = -6 }}\n{UNCAPPED}"),
    );
    assert_equity(&deeper, [10.0, 4.0, -2.0]);
    assert_eq!(deeper.institutions[2].state, StateName::Defaulted);
    assert_eq!(
        (deeper.totals.defaults, &deeper.rounds[1].defaults[..]),
        (1, &["c".to_owned()][..])
    );
}

#[test]
fn who_had_no_equity_is_in_full_distress_from_the_start() {
    let tables = chain(5.0).with(
        "institutions.csv",
        "id,cash,external_liabilities\na,4,0\nb,10,0\nc,10,5\n",
    );
    let result = run(&tables, SINGLE);
    assert_equity(&result, [-1.0, 5.0, 7.5]);
    assert_eq!(result.totals.loss_shock, 0.0);
}

#[test]
fn sweeps_say_the_same_and_claim_nothing() {
    let tables = chain(5.0);
    let loaded = load(&tables, &format!("{FIRST_AND_SECOND}\n{SINGLE}"))
        .unwrap_or_else(|problems| panic!("{problems}"));
    let cascade = loaded.cascade(&registry()).expect("models fit");
    let summaries = cascade.sweep(std::slice::from_ref(&loaded.shock), &Settings::default());
    let summary = summaries[0].as_ref().expect("fits");
    assert_eq!(summary.status, delever_cascade::Status::Unordered);
    assert!((summary.totals.loss_contagion - 5.05).abs() < 1e-12);
}

#[test]
fn what_a_process_cannot_be_composed_with_is_refused() {
    let tables = chain(5.0).with("holdings.csv", "institution,asset,quantity\nb,bond,1\n");
    let refused = |tables: &Tables, scenario: &str| match load(tables, scenario) {
        Err(problems) => problems.to_string(),
        Ok(loaded) => {
            let problems = if scenario.contains("rounds") {
                loaded.run_rounds(&registry()).expect_err("refused")
            } else {
                loaded.solve(&registry()).expect_err("refused")
            };
            problems.to_string()
        }
    };
    let sells =
        format!("{FIRST}\n{SINGLE}\ndeleveraging = {{ rule = \"leverage-cap\", max_leverage = 1.2 }}");
    assert!(refused(&tables, &sells).contains("would sell"));
    let rounds = format!("{FIRST}\n{SINGLE}\nengine.kind = \"rounds\"");
    assert!(refused(&tables, &rounds).contains("rounds cannot"));
    let mixed = tables.with(
        "institutions.csv",
        "id,cash,hits\na,15,single\nb,10,multi\nc,10,single\n",
    );
    assert!(refused(&mixed, MULTI).contains("the same for all"));
}
