//! Laws of the rounds engine. It promises less than an equilibrium: nothing here compares two shocks.

use super::systems::{Bank, Case, Clearing, ImpactKind, RuleKind, Tape, Wired};
use super::{Verdict, close, law, law_with};
use delever::cascade::rounds::{
    Persistence, RoundsOutcome, RoundsSettings, RoundsStatus, SalesValued, Sequence, Terms, TradePrice,
};
use delever::cascade::{Select, Settings, Status};
use proptest::test_runner::TestCaseError;

/// Draws how rounds run.
fn settings(tape: &mut Tape<'_>, banks: usize) -> RoundsSettings {
    let term = |tape: &mut Tape<'_>| Terms {
        default_below: tape.maybe(0.3, 0.0, 0.04),
        repayable_debt: tape.maybe(0.2, 0.0, 10.0),
    };
    RoundsSettings {
        max_rounds: 1 + tape.pick(12) as u32,
        sequence: match tape.pick(3) {
            0 => Sequence::Simultaneous,
            1 => Sequence::Shuffled {
                seed: tape.pick(100) as u64,
            },
            _ => Sequence::Listed((0..banks as u32).rev().collect()),
        },
        trade_price: [TradePrice::Terminal, TradePrice::Average, TradePrice::Midpoint][tape.pick(3)],
        persistence: match tape.pick(4) {
            0 => Persistence::Permanent,
            1 => Persistence::Reset,
            2 => Persistence::Transient {
                recovery: tape.between(0.0, 2.0),
            },
            _ => Persistence::Propagator {
                decay: tape.between(0.0, 2.0),
            },
        },
        sales_valued: [SalesValued::AtInitialPrice, SalesValued::AtCurrentPrice][tape.pick(2)],
        pay_with_cash_first: tape.unit() >= 0.5,
        terms: if tape.unit() >= 0.5 {
            (0..banks).map(|_| term(tape)).collect()
        } else {
            Vec::new()
        },
        clearing: Settings {
            max_iterations: 3_000,
            ..Settings::default()
        },
    }
}

fn run(wired: &Wired<'_>, settings: &RoundsSettings) -> RoundsOutcome {
    wired
        .cascade
        .run_rounds(wired.shock, settings)
        .expect("settings fit")
}

/// Whether anybody sold.
fn moved(outcome: &RoundsOutcome) -> bool {
    outcome.totals.sold_value > 0.0
}

fn fail(what: &str, case: &Case, settings: &RoundsSettings) -> TestCaseError {
    TestCaseError::fail(format!("{what}\n{settings:#?}\n{case:#?}"))
}

/// What sellers got is in their cash or has repaid their debts, to rounding; prices, units and fractions stay in range; the
/// accounts of every institution add up to its equity.
#[test]
fn law_29_cash_units_and_debts_are_conserved() {
    law(0.5, |tape| {
        let case = Case::draw_with_edges(tape);
        let settings = settings(tape, case.banks.len());
        case.wire(|wired| {
            let outcome = run(wired, &settings);
            if matches!(outcome.status, RoundsStatus::ClaimsUnsettled(_)) {
                return Ok(Verdict::Skipped);
            }
            let first = &outcome.rounds[0];
            for entry in &outcome.rounds {
                let cash: f64 = entry.cash.iter().sum::<f64>() - first.cash.iter().sum::<f64>();
                let repaid: f64 =
                    first.repayable_debt.iter().sum::<f64>() - entry.repayable_debt.iter().sum::<f64>();
                let gross: f64 = entry
                    .cash
                    .iter()
                    .chain(&first.cash)
                    .chain(&first.repayable_debt)
                    .map(|x| x.abs())
                    .sum();
                close(
                    "proceeds",
                    cash + repaid,
                    entry.sold_value,
                    gross + entry.sold_value,
                    1e-12,
                )?;
                let in_range = entry
                    .prices
                    .iter()
                    .zip(&first.prices)
                    .all(|(&now, &shocked)| 0.0 <= now && now <= shocked)
                    && entry.sold_quantity.iter().all(|&units| units >= 0.0)
                    && entry.repayable_debt.iter().all(|&debt| debt >= 0.0);
                if !in_range {
                    return Err(fail(&format!("{entry:?}"), &case, &settings));
                }
            }
            let last = &outcome.rounds[outcome.rounds.len() - 1];
            for (n, one) in outcome.institutions.iter().enumerate() {
                let size = one.equity_initial.abs() + one.assets + one.loss.abs();
                close("loss", one.equity_initial - one.equity, one.loss, size, 1e-9)?;
                close("equity", one.equity, last.equity[n], size, 1e-12)?;
                if !(0.0..=1.0).contains(&one.sold_fraction) {
                    return Err(fail(&format!("{one:?}"), &case, &settings));
                }
            }
            Ok(Verdict::of(moved(&outcome)))
        })
    });
}

/// Bitwise: sales are final, whatever the order, the memory of the market and the price of trades.
#[test]
fn law_29_cumulative_sales_never_fall() {
    law(0.5, |tape| {
        let case = Case::draw(tape);
        let settings = settings(tape, case.banks.len());
        case.wire(|wired| {
            let outcome = run(wired, &settings);
            for pair in outcome.rounds.windows(2) {
                let fell = pair[1]
                    .sold_quantity
                    .iter()
                    .zip(&pair[0].sold_quantity)
                    .any(|(now, before)| now < before);
                let recovered = settings.persistence == Persistence::Permanent
                    && pair[1]
                        .prices
                        .iter()
                        .zip(&pair[0].prices)
                        .any(|(now, before)| now > before);
                if fell || recovered || pair[1].sold_value < pair[0].sold_value {
                    return Err(fail(&format!("{pair:#?}"), &case, &settings));
                }
            }
            Ok(Verdict::of(moved(&outcome)))
        })
    });
}

/// Bitwise: under simultaneous clearing nobody comes first. The rows of the input in the opposite order change no bit.
#[test]
fn law_29_simultaneous_rounds_do_not_depend_on_the_order_of_institutions() {
    law(0.5, |tape| {
        let case = Case::draw(tape);
        let mut settings = settings(tape, case.banks.len());
        settings.sequence = Sequence::Simultaneous;
        settings.terms.clear();
        let count = case.banks.len();
        let mut other = case.clone();
        other.banks.reverse();
        other.holdings.reverse();
        for debt in &mut other.debts {
            *debt = (count - 1 - debt.0, count - 1 - debt.1, debt.2);
        }
        other.debts.reverse();
        let outcome = case.wire(|wired| run(wired, &settings));
        let reordered = other.wire(|wired| run(wired, &settings));
        if outcome != reordered {
            return Err(fail(&format!("{outcome:#?}\n{reordered:#?}"), &case, &settings));
        }
        // New names change the order of sums, so only their roundings.
        for (n, bank) in other.banks.iter_mut().enumerate() {
            bank.name = format!("c{n}");
        }
        let renamed = other.wire(|wired| run(wired, &settings));
        let at_a_tie = outcome.rounds.len() != renamed.rounds.len()
            || outcome.totals.defaults != renamed.totals.defaults;
        if at_a_tie {
            // A rounding more or less decided who acts.
            return Ok(Verdict::Skipped);
        }
        for (one, other) in outcome.assets.iter().zip(&renamed.assets) {
            close("price", one.price, other.price, one.price_shocked, 1e-9)?;
        }
        Ok(Verdict::of(moved(&outcome)))
    });
}

/// Bitwise: who trades at zero impact moves nothing.
#[test]
fn law_29_without_impact_no_price_moves() {
    law(0.5, |tape| {
        let mut case = Case::draw(tape);
        case.impact = ImpactKind::None;
        let settings = settings(tape, case.banks.len());
        case.wire(|wired| {
            let outcome = run(wired, &settings);
            let shocked = &outcome.rounds[0].prices;
            if outcome.rounds.iter().any(|entry| entry.prices != *shocked) {
                return Err(fail("a price moved", &case, &settings));
            }
            Ok(Verdict::of(moved(&outcome)))
        })
    });
}

/// Without impact nothing that others do matters, and one round of sales is the equilibrium's: what institutions sell in
/// rounds is what they sell in the greatest equilibrium. Left out: redemptions, of which every round has its own, and cases in
/// which an insolvent institution follows a rule that keeps something, as the failed sell everything in rounds. Debts inside
/// the system are left out too: sales repay creditors outside only.
#[test]
fn law_29_without_impact_rounds_sell_what_the_equilibrium_sells() {
    law_with(0.35, 0.6, |tape| {
        let mut case = Case::draw(tape);
        case.impact = ImpactKind::None;
        case.clearing = Clearing::None;
        case.debts.clear();
        case.wire(|wired| {
            let found = wired
                .cascade
                .solve(wired.shock, Select::Greatest, &Settings::default());
            let equilibrium = found.expect("shock fits").greatest.expect("asked for");
            let sells_out = |bank: &Bank| match bank.rule {
                RuleKind::LeverageCap => bank.max_leverage.is_finite(),
                rule => matches!(rule, RuleKind::LeverageThreshold | RuleKind::SellOnDefault),
            };
            let out_of_scope = case.banks.iter().zip(wired.bank_ids).any(|(bank, &id)| {
                let insolvent = equilibrium.institutions[id].equity < 1e-9;
                bank.rule == RuleKind::Redemption || insolvent && !sells_out(bank)
            });
            if out_of_scope || equilibrium.near_boundary {
                return Ok(Verdict::Skipped);
            }
            let outcome = run(wired, &RoundsSettings::default());
            for (one, other) in outcome.assets.iter().zip(&equilibrium.assets) {
                close("fraction sold", one.sold_fraction, other.sold_fraction, 1.0, 1e-9).map_err(
                    |error| {
                        fail(
                            &format!("{error}\n{outcome:#?}"),
                            &case,
                            &RoundsSettings::default(),
                        )
                    },
                )?;
            }
            Ok(Verdict::of(moved(&outcome)))
        })
    });
}

/// Where institutions do nothing but sell out when they fail, rounds and the greatest equilibrium fail the same ones: in
/// both, failures spread from the shock alone (Caccioli, Shrestha, Moore and Farmer 2014).
#[test]
fn law_29_failures_alone_end_in_the_greatest_equilibrium() {
    law_with(0.3, 0.15, |tape| {
        let mut case = Case::draw(tape);
        case.clearing = Clearing::None;
        for bank in &mut case.banks {
            bank.rule = RuleKind::SellOnDefault;
        }
        case.wire(|wired| {
            let found = wired
                .cascade
                .solve(wired.shock, Select::Greatest, &Settings::default());
            let equilibrium = found.expect("shock fits").greatest.expect("asked for");
            if equilibrium.status != Status::Certified || equilibrium.near_boundary {
                return Ok(Verdict::Skipped);
            }
            let outcome = run(wired, &RoundsSettings::default());
            for (one, other) in outcome.assets.iter().zip(&equilibrium.assets) {
                close("price", one.price, other.price, one.price_shocked, 1e-9)?;
            }
            let fails = |states: &[delever::cascade::InstitutionOutcome]| -> Vec<bool> {
                states
                    .iter()
                    .map(|one| one.state == delever::cascade::InstitutionState::Defaulted)
                    .collect()
            };
            if fails(&outcome.institutions) != fails(&equilibrium.institutions) {
                return Err(fail(
                    &format!("{outcome:#?}\n{equilibrium:#?}"),
                    &case,
                    &RoundsSettings::default(),
                ));
            }
            Ok(Verdict::of(outcome.totals.defaults > 0))
        })
    });
}

/// Bitwise: the same input gives the same rounds on one thread and on several, alone and in a batch.
#[test]
fn law_31_rounds_do_not_depend_on_threads() {
    law(0.5, |tape| {
        let case = Case::draw(tape);
        let settings = settings(tape, case.banks.len());
        case.wire(|wired| {
            let alone = run(wired, &settings);
            let shocks = vec![wired.shock.clone(); 3];
            for together in wired.cascade.run_rounds_batch(&shocks, &settings) {
                if together.as_ref() != Ok(&alone) {
                    return Err(fail("the batch differs", &case, &settings));
                }
            }
            Ok(Verdict::of(moved(&alone)))
        })
    });
}

/// N1: a larger shock can end at a higher price. The second bank holds what the shock does not hit. At 4 % it stays above
/// its threshold until the first bank's sales push it below, and then it is deep below; at 5 % it acts at once, at prices
/// that nobody has pushed yet, and sells less. In an equilibrium it sells more at 5 %, as the law says.
#[test]
fn non_law_01_a_larger_shock_can_end_at_a_higher_price() {
    use delever::io::{LoadOptions, Tables, load_from};
    let tables = Tables::new()
        .with(
            "institutions.csv",
            "id,other_assets,external_liabilities\nfirst,20,56.4\nsecond,40,66.5\n",
        )
        .with("assets.csv", "id,depth\ncalm,2000\nhit,500\n")
        .with(
            "holdings.csv",
            "institution,asset,quantity\nfirst,hit,40\nsecond,calm,20\nsecond,hit,10\n",
        );
    let scenario = "version = 1\n[deleveraging]\nrule = \"leverage-threshold\"\nact_below = 0.04\ntarget = 0.05\n\
                    [impact]\nmodel = \"linear\"\n";
    let registry = delever::registry();
    let calm = |shock: f64| {
        let options = LoadOptions {
            overrides: vec![format!("shock.prices.hit={:?}", -shock)],
            ..LoadOptions::default()
        };
        let loaded = load_from(&tables, "n1.toml", scenario, &registry, &options).expect("valid");
        let rounds = loaded.run_rounds(&registry).expect("models fit").assets[0].price;
        let solved = loaded.solve(&registry).expect("models fit");
        (rounds, solved.greatest.expect("asked for").assets[0].price)
    };
    let (smaller, larger) = (calm(0.04), calm(0.05));
    assert!((smaller.0 - 0.990_952_090_424_507_8).abs() < 1e-12, "{smaller:?}");
    assert!((larger.0 - 0.993_312_629_399_586).abs() < 1e-12, "{larger:?}");
    assert!(larger.1 <= smaller.1, "{larger:?} {smaller:?}");
}
