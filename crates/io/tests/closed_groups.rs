//! Groups of debtors that owe only each other and have no money: their greatest payments are certified. And who is paid first in
//! Rogers and Veraart's model.

use delever_io::{LoadOptions, OutcomeResult, RunResult, StatusName, Tables, load_from, registry};

fn run(tables: &Tables, scenario: &str) -> OutcomeResult {
    let loaded = load_from(
        tables,
        "s.toml",
        &format!("version = 1\n{scenario}\n"),
        &registry(),
        &LoadOptions::default(),
    )
    .unwrap_or_else(|problems| panic!("{problems}"));
    let equilibria = loaded.solve(&registry()).expect("models fit");
    match RunResult::new(&loaded, &equilibria, None).expect("asked for") {
        RunResult::One(one) => *one,
        RunResult::Both(both) => both.greatest,
    }
}

fn group(institutions: &str, debts: &str) -> Tables {
    Tables::new()
        .with(
            "institutions.csv",
            format!("id,cash,external_liabilities\n{institutions}"),
        )
        .with("debts.csv", format!("debtor,creditor,amount,seniority\n{debts}"))
}

const RING: &str = "a,b,7,0\nb,c,5,0\nc,a,6,0\n";
const NOBODY: &str = "a,0,0\nb,0,0\nc,0,0\n";

fn assert_payments(result: &OutcomeResult, expected: &[f64]) {
    let payments: Vec<f64> = result.institutions.iter().map(|one| one.payment).collect();
    for (payment, expected) in payments.iter().zip(expected) {
        assert!(
            (payment - expected).abs() <= 1e-11 * expected.max(1.0),
            "{payments:?}"
        );
    }
}

fn assert_certified(result: &OutcomeResult, expected: &[f64]) {
    let width = result.certificate.width;
    assert_eq!(result.status, StatusName::Certified, "{width:?}");
    assert_payments(result, expected);
}

#[test]
fn a_ring_pays_what_its_smallest_debt_lets_through() {
    let ring = group(NOBODY, RING);
    for model in [
        "eisenberg-noe\"",
        "eisenberg-noe\"\nexternal = \"senior\"",
        "elsinger\"",
        // What is received is passed on in full, whatever outside assets fetch.
        "rogers-veraart\"\nalpha = 0.5\nbeta = 1",
        "weber-weske\"\nalpha = 0.5\nbeta = 1\nkappa = 0.5",
    ] {
        for method in ["automatic", "policy", "iteration"] {
            let scenario = format!("clearing.model = \"{}\n", model.replace('\n', "\nclearing."));
            let scenario = format!("{scenario}engine.method = \"{method}\"\n");
            assert_certified(&run(&ring, &scenario), &[5.0, 5.0, 5.0]);
        }
    }
}

#[test]
fn several_creditors_payers_from_outside_and_dependents_are_certified_together() {
    // The ring, a mesh whose stationary measure is (3, 4, 2) / 4, one who owes into the ring and one who is owed by nobody.
    let tables = group(
        "a,0,0\nb,0,0\nc,0,0\nd,0,0\ne,0,0\nf,0,0\npays,0,0\nowes,3,5\n",
        &format!("{RING}d,e,4,0\nd,f,2,0\ne,d,3,0\ne,f,3,0\nf,d,3,0\nf,e,6,0\npays,a,2,0\nowes,pays,4,0\n"),
    );
    let result = run(&tables, "clearing.model = \"eisenberg-noe\"");
    // 3 among 9: 4/3 reach the payer and the ring, so all of it is paid but for what nobody has.
    let third = 4.0 / 3.0;
    assert_certified(&result, &[5.0 + third, 5.0, 5.0, 4.5, 6.0, 4.5, 3.0, third]);
}

#[test]
fn seniorities_inside_a_group_are_certified() {
    // a owes b 5; b owes a 4, and c 3 behind them; c owes a 2, and b 2 behind them.
    let tables = group(NOBODY, "a,b,5,0\nb,a,4,0\nb,c,3,1\nc,a,2,0\nc,b,2,1\n");
    assert_certified(&run(&tables, "clearing.model = \"elsinger\""), &[5.0, 5.0, 1.0]);
    // A third of a junior debt of 3 is what keeps the senior one whole.
    let tables = group("a,0,0\nb,0,0\n", "a,b,5,0\nb,a,4,0\nb,a,3,1\n");
    assert_certified(&run(&tables, "clearing.model = \"elsinger\""), &[5.0, 5.0]);
}

#[test]
fn a_group_that_holds_worthless_or_falling_assets_is_certified_too() {
    let tables = group(NOBODY, RING)
        .with("assets.csv", "id,depth\nbond,100\n")
        .with("holdings.csv", "institution,asset,quantity\na,bond,0.3\n");
    let result = run(
        &tables,
        "shock.prices = { bond = -0.25 }\ndeleveraging.rule = \"leverage-cap\"\ndeleveraging.max_leverage = 3\n\
         impact.model = \"linear\"\nclearing.model = \"eisenberg-noe\"",
    );
    assert_eq!(result.status, StatusName::Certified);
    let worthless = run(
        &tables,
        "shock.prices = { bond = -1 }\nclearing.model = \"eisenberg-noe\"",
    );
    assert_certified(&worthless, &[5.0, 5.0, 5.0]);
}

#[test]
fn what_leaks_or_lacks_money_is_not_taken_for_closed() {
    // A leak of a millionth: nothing is paid in the end.
    let leaking = group("a,0,0.000001\nb,0,0\nc,0,0\n", RING);
    let result = run(&leaking, "clearing.model = \"eisenberg-noe\"");
    assert_certified(&result, &[0.0, 0.0, 0.0]);
    // A debt before all others, which no receipts outlast.
    let short = run(
        &group(NOBODY, RING),
        "shock.outside_assets = { a = -0.5 }\nclearing.model = \"eisenberg-noe\"",
    );
    assert_certified(&short, &[0.0, 0.0, 0.0]);
    // Where defaults cost part of what is received, nothing remains either.
    let costly = run(
        &group(NOBODY, RING),
        "clearing.model = \"rogers-veraart\"\nclearing.alpha = 1\nclearing.beta = 0.5",
    );
    assert_certified(&costly, &[0.0, 0.0, 0.0]);
}

#[test]
fn creditors_outside_come_first_where_they_are_senior() {
    // Assets 14 of 16 owed: 0.75 x 14 = 10.5 is recovered.
    let tables = group("a,14,6\nb,100,0\n", "a,b,10,0\n");
    let scenario = "clearing.model = \"rogers-veraart\"\nclearing.alpha = 0.75\nclearing.beta = 0.5\n";
    let pari_passu = run(&tables, scenario);
    assert_eq!(pari_passu.institutions[0].payment, 10.5);
    assert_eq!(pari_passu.institutions[1].equity, 100.0 + 10.5 / 16.0 * 10.0);
    let senior = run(&tables, &format!("{scenario}clearing.external = \"senior\""));
    assert_certified(&senior, &[10.5, 0.0]);
    assert_eq!(senior.institutions[1].equity, 104.5);
    assert_eq!(senior.totals.loss_bankruptcy_costs, 3.5);
    // What is recovered does not reach beyond them.
    let less = group("a,7,6\nb,100,0\n", "a,b,10,0\n");
    let senior = run(&less, &format!("{scenario}clearing.external = \"senior\""));
    assert_certified(&senior, &[5.25, 0.0]);
    assert_eq!(senior.institutions[1].equity, 100.0);
    // Who is solvent pays everybody.
    let sound = group("a,16,6\nb,100,0\n", "a,b,10,0\n");
    let senior = run(&sound, &format!("{scenario}clearing.external = \"senior\""));
    assert_certified(&senior, &[16.0, 0.0]);
}
