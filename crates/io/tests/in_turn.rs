//! Rounds in which institutions take their turns, against a plain restatement of them and against turns worked out by hand.

use delever_cascade::rounds::{RoundsOutcome, RoundsStatus};
use delever_io::{LoadOptions, Tables, load_from, registry};
use std::fmt::Write;

/// A bank of the restatement: cash, other assets, debts outside, of which a loan can be repaid, units of two bonds.
#[derive(Clone)]
struct Bank {
    cash: f64,
    other: f64,
    debts: f64,
    loan: f64,
    units: [f64; 2],
    live: bool,
    failing: bool,
}

const fn bank(cash: f64, other: f64, debts: f64, loan: f64, units: [f64; 2]) -> Bank {
    Bank {
        cash,
        other,
        debts,
        loan,
        units,
        live: true,
        failing: false,
    }
}

const BANKS: [Bank; 4] = [
    bank(5.0, 30.0, 94.4, 40.0, [40.0, 25.0]),
    bank(2.0, 51.0, 95.7, 55.0, [10.0, 37.0]),
    bank(8.0, 10.0, 93.1, 60.0, [70.0, 12.0]),
    bank(3.0, 20.0, 60.0, 30.0, [25.0, 32.0]),
];
const DEPTHS: [f64; 2] = [900.0, 700.0];
const FALLS: [f64; 2] = [0.01, 0.02];
const FAILS_BELOW: f64 = 0.03;
const ACTS_BELOW: f64 = 0.04;
const TARGET: f64 = 0.05;

/// Prices, cash and equity at the end of each round, and who failed in it.
type Trace = Vec<([f64; 2], Vec<f64>, Vec<f64>, Vec<u32>)>;

/// The banks in turn: who failed in the round before sells out; everybody else pays from cash what it can of what leverage asks, and
/// sells the rest at once, at the mean of the prices before and after.
fn restated(orders: &[Vec<usize>], rounds: usize) -> Trace {
    let mut banks = BANKS.to_vec();
    let mut sold = [0.0; 2];
    let price = |k: usize, sold: f64| (1.0 - FALLS[k]) * (-sold / DEPTHS[k]).exp();
    let sell = |bank: &mut Bank, units: [f64; 2], sold: &mut [f64; 2]| {
        for k in 0..2 {
            let before = price(k, sold[k]);
            sold[k] += units[k];
            bank.units[k] -= units[k];
            bank.cash += units[k] * (before + price(k, sold[k])) / 2.0;
        }
    };
    let equity = |bank: &Bank, sold: [f64; 2]| {
        let held: f64 = (0..2).map(|k| bank.units[k] * price(k, sold[k])).sum();
        let assets = bank.cash + bank.other + held;
        (assets, assets - bank.debts, held)
    };
    let mut trace: Trace = Vec::new();
    for round in 0..=rounds {
        let (mut failed, mut traded) = (Vec::new(), round == 0);
        let order = &orders[round.saturating_sub(1).min(orders.len() - 1)];
        for &n in order.iter().take(if round == 0 { 0 } else { order.len() }) {
            let mut bank = banks[n].clone();
            if std::mem::take(&mut bank.failing) {
                let all = bank.units;
                sell(&mut bank, all, &mut sold);
                traded = true;
            }
            if bank.live {
                let (assets, equity, held) = equity(&bank, sold);
                if equity < FAILS_BELOW * assets {
                    (bank.live, bank.failing) = (false, true);
                    failed.push(n as u32);
                } else if equity < ACTS_BELOW * assets {
                    let need = (assets - equity / TARGET).max(0.0);
                    let paid = need.min(bank.cash).min(bank.loan);
                    bank.cash -= paid;
                    bank.debts -= paid;
                    bank.loan -= paid;
                    let raised = (need - paid - bank.cash).clamp(0.0, held);
                    if raised > 0.0 {
                        let units = bank.units.map(|units| units * raised / held);
                        sell(&mut bank, units, &mut sold);
                        traded = true;
                    }
                }
            }
            banks[n] = bank;
        }
        failed.sort_unstable();
        let over = !traded && failed.is_empty();
        trace.push((
            [price(0, sold[0]), price(1, sold[1])],
            banks.iter().map(|bank| bank.cash).collect(),
            banks.iter().map(|bank| equity(bank, sold).1).collect(),
            failed,
        ));
        if over {
            break;
        }
    }
    trace
}

fn run(sequence: &str, max_rounds: usize) -> RoundsOutcome {
    let mut institutions = "id,cash,other_assets,external_liabilities,repayable_debt\n".to_owned();
    let mut holdings = "institution,asset,quantity\n".to_owned();
    for (n, bank) in BANKS.iter().enumerate() {
        let _ = writeln!(
            institutions,
            "b{n},{},{},{},{}",
            bank.cash, bank.other, bank.debts, bank.loan
        );
        for (k, units) in bank.units.iter().enumerate() {
            let _ = writeln!(holdings, "b{n},a{k},{units}");
        }
    }
    let tables = Tables::new()
        .with("institutions.csv", institutions)
        .with("holdings.csv", holdings)
        .with(
            "assets.csv",
            format!("id,depth\na0,{}\na1,{}\n", DEPTHS[0], DEPTHS[1]),
        );
    let scenario = format!(
        "version = 1\n[shock]\nprices = {{ a0 = -{}, a1 = -{} }}\n[deleveraging]\nrule = \"leverage-threshold\"\n\
         act_below = {ACTS_BELOW}\ntarget = {TARGET}\ndefault_below = {FAILS_BELOW}\n[impact]\nmodel = \"exponential\"\n\
         execution = \"midpoint\"\n[engine]\nkind = \"rounds\"\nmax_rounds = {max_rounds}\npay_with_cash_first = true\n\
         order = \"in-turn\"\n{sequence}\n",
        FALLS[0], FALLS[1]
    );
    let loaded = load_from(&tables, "s.toml", &scenario, &registry(), &LoadOptions::default())
        .unwrap_or_else(|problems| panic!("{problems}"));
    loaded.run_rounds(&registry()).expect("models fit")
}

fn assert_agree(outcome: &RoundsOutcome, trace: &Trace) {
    assert_eq!(outcome.status, RoundsStatus::Complete);
    assert_eq!(outcome.rounds.len(), trace.len());
    let close = |ours: &[f64], theirs: &[f64], what: &str, round: u32| {
        for (ours, theirs) in ours.iter().zip(theirs) {
            let error = (ours - theirs).abs();
            assert!(error <= 1e-11, "{what} in round {round}: {ours} {theirs}");
        }
    };
    for (round, (prices, cash, equity, failed)) in outcome.rounds.iter().zip(trace) {
        close(&round.prices, prices, "prices", round.round);
        close(&round.cash, cash, "cash", round.round);
        close(&round.equity, equity, "equity", round.round);
        assert_eq!(round.defaults, *failed, "round {}", round.round);
        assert!(round.orders.iter().all(|&units| units == 0.0), "nobody waits");
    }
}

#[test]
fn one_list_for_all_rounds_is_what_the_steps_say() {
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] {
        let sequence = format!(
            "sequence = [\"b{}\", \"b{}\", \"b{}\", \"b{}\"]",
            order[0], order[1], order[2], order[3]
        );
        let (outcome, trace) = (run(&sequence, 30), restated(&[order.to_vec()], 30));
        assert!(trace.len() > 3 && trace.iter().any(|(.., failed)| !failed.is_empty()));
        assert_agree(&outcome, &trace);
    }
}

#[test]
fn lists_by_round_are_followed_and_the_last_one_stays() {
    let orders = [vec![2, 1, 0, 3], vec![0, 1, 3, 2], vec![3, 1, 0, 2]];
    let sequence =
        "sequence = [[\"b2\", \"b1\", \"b0\"], [\"b0\", \"b1\", \"b3\", \"b2\"], [\"b3\", \"b1\"]]";
    let (outcome, trace) = (run(sequence, 30), restated(&orders, 30));
    assert!(trace.len() > 4);
    assert_agree(&outcome, &trace);
    let fixed = run("sequence = [\"b2\", \"b1\", \"b0\"]", 30);
    assert_ne!(fixed.rounds[2].prices, outcome.rounds[2].prices);
    // The last round counts as any other: sales clear at once.
    assert_agree(&run(sequence, 2), &restated(&orders, 2));
}

#[test]
fn a_seed_shuffles_turns_and_gives_the_same_each_time() {
    let (one, same) = (run("seed = 7", 30), run("seed = 7", 30));
    assert_eq!(one.rounds, same.rounds);
    assert!((0..20).any(|seed| run(&format!("seed = {seed}"), 30).rounds != one.rounds));
}

/// A bank is tested at the price that the one before left: alone each of the two would stay.
#[test]
fn who_comes_later_sees_what_those_before_did() {
    let tables = Tables::new()
        .with(
            "institutions.csv",
            "id,other_assets,external_liabilities\nfirst,0,98\nsecond,0,90\n",
        )
        .with("assets.csv", "id,depth\nbond,1000\n")
        .with(
            "holdings.csv",
            "institution,asset,quantity\nfirst,bond,100\nsecond,bond,100\n",
        );
    let run = |sequence: &str, order: &str| {
        let scenario = format!(
            "version = 1\n[shock]\nprices = {{ bond = -0.01 }}\n[deleveraging]\nrule = \"leverage-cap\"\n\
             min_leverage_ratio = 0.05\n[impact]\nmodel = \"linear\"\n[engine]\nkind = \"rounds\"\nmax_rounds = 1\n\
             order = \"{order}\"\nsequence = {sequence}\n"
        );
        let loaded = load_from(&tables, "s.toml", &scenario, &registry(), &LoadOptions::default())
            .unwrap_or_else(|problems| panic!("{problems}"));
        loaded.run_rounds(&registry()).expect("models fit")
    };
    let first = run("[\"first\", \"second\"]", "in-turn");
    // Assets 99, equity 1: 99 - 20 x 1 = 79 must go, and the price falls.
    let sold = 79.0 / 0.99;
    let price: f64 = 0.99 * (1.0 - sold / 1000.0);
    // At that price the second has equity 1.1 of 91.1 and sells as well; before, its 9 of 99 were enough.
    let equity = 100.0 * price - 90.0;
    let also = (90.0 - 19.0 * equity) / price;
    assert!((first.rounds[1].sold_quantity[0] - (sold + also)).abs() < 1e-9);
    assert!((first.rounds[1].prices[0] - 0.99 * (1.0 - (sold + also) / 1000.0)).abs() < 1e-12);
    assert_eq!(first.rounds[1].sellers, 2);
    let second = run("[\"second\", \"first\"]", "in-turn");
    assert_eq!(second.rounds[1].sellers, 1);
    // Orders that wait clear in the round after: nothing has moved yet.
    assert_eq!(
        run("[\"first\", \"second\"]", "sequential").rounds[1].prices,
        [0.99]
    );
}

#[test]
fn what_no_order_can_follow_is_refused() {
    let tables = Tables::new()
        .with("institutions.csv", "id\na\nb\n")
        .with("assets.csv", "id\nx\n");
    for (engine, message) in [
        ("order = \"in-turn\"", "needs an order"),
        (
            "order = \"in-turn\"\nsequence = [[\"a\"], [\"c\"]]",
            "no institution is named `c`",
        ),
        ("order = \"in-turn\"\nsequence = [[\"a\", \"a\"]]", "twice"),
        (
            "order = \"in-turn\"\nsequence = [\"a\", [\"b\"]]",
            "a list of such lists",
        ),
        (
            "order = \"sequential\"\nsequence = [[\"a\"], [\"b\"]]",
            "one list for all rounds",
        ),
        ("order = \"in-turns\"", "in-turn"),
    ] {
        let scenario = format!("version = 1\n[engine]\nkind = \"rounds\"\n{engine}\n");
        let problems = load_from(&tables, "s.toml", &scenario, &registry(), &LoadOptions::default())
            .expect_err("refused")
            .to_string();
        assert!(problems.contains(message), "{engine}: {problems}");
    }
}
