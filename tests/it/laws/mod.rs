//! The laws of the model as property tests.
//!
//! Each test is named after its statement. "Bitwise" in a doc comment means that doubles are compared with `>=`, `<=`
//! and `==` and no tolerance. Every law runs on as many random systems as `PROPTEST_CASES` says, 1,000 where nothing does: 0
//! failures in N cases bound the rate of failures by 3 / N at 95 %.

#![allow(clippy::expect_used)]

mod accounting;
mod enclosures;
mod gradients;
mod mixed;
mod non_laws;
mod order;
mod rounds;
mod symmetry;
mod systems;

use delever_testkit::laws::config;
use proptest::collection::vec;
use proptest::test_runner::{TestCaseError, TestCaseResult, TestError, TestRunner};
use std::cell::Cell;
use systems::{Case, Clearing, State, TAPE, Tape};

/// What one case says about a law that it does not break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// The law held, and somebody sold, failed, or whatever else makes the statement worth testing.
    Binding,
    /// The law held where little happens.
    Idle,
    /// The case lies outside the law's hypotheses or did not settle within the limit of iterations.
    Skipped,
}

impl Verdict {
    fn of(binding: bool) -> Self {
        if binding { Self::Binding } else { Self::Idle }
    }
}

/// Tests a law on random tapes. At least this share of the cases must bind, and 98 % must be inside the hypotheses,
/// so that the law cannot become vacuous.
fn law(binding: f64, test: impl Fn(&mut Tape<'_>) -> Result<Verdict, TestCaseError>) {
    law_with(binding, 0.02, test);
}

/// [`law`] with another share of cases that may lie outside the hypotheses.
fn law_with(binding: f64, skips: f64, test: impl Fn(&mut Tape<'_>) -> Result<Verdict, TestCaseError>) {
    let (bound, skipped) = (Cell::new(0_u32), Cell::new(0_u32));
    let config = config();
    let cases = f64::from(config.cases);
    let outcome = TestRunner::new(config).run(&vec(0.0_f64..1.0, TAPE), |cells| {
        match test(&mut Tape(&cells))? {
            Verdict::Binding => bound.set(bound.get() + 1),
            Verdict::Idle => (),
            Verdict::Skipped => skipped.set(skipped.get() + 1),
        }
        Ok(())
    });
    match outcome {
        Ok(()) => (),
        Err(TestError::Fail(why, cells)) => panic!("{why}\ntape: {:?}", trimmed(&cells)),
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
    let (bound, skipped) = (f64::from(bound.get()) / cases, f64::from(skipped.get()) / cases);
    // Few cases say little about shares.
    let slack = 2.0 / cases.sqrt();
    assert!(bound + slack >= binding, "only {bound} of the cases bind");
    assert!(skipped <= skips + slack, "{skipped} of the cases are skipped");
}

fn trimmed(cells: &[f64]) -> &[f64] {
    let used = cells
        .iter()
        .rposition(|&cell| cell != 0.0)
        .map_or(0, |last| last + 1);
    &cells[..used]
}

/// Fails with both cases printed unless `worse` is nowhere healthier than `better`, bitwise.
fn ordered(worse: &State, better: &State, cases: &[&Case]) -> TestCaseResult {
    for ((name, n, low), (_, _, high)) in worse.health().into_iter().zip(better.health()) {
        if !(low <= high) {
            return Err(TestCaseError::fail(format!(
                "{name} {n}: {low:?} in the worse case, {high:?} in the better\nworse {worse:?}\nbetter {better:?}\n{cases:#?}"
            )));
        }
    }
    Ok(())
}

/// Fails unless the numbers are equal within `tolerance` of `size`.
fn close(what: &str, left: f64, right: f64, size: f64, tolerance: f64) -> TestCaseResult {
    if (left - right).abs() <= tolerance * size.abs() {
        Ok(())
    } else {
        Err(TestCaseError::fail(format!(
            "{what}: {left:?} and {right:?}, size {size:?}"
        )))
    }
}

/// Fails unless prices, payment ratios and fractions sold are equal within `tolerance`.
fn alike(left: &State, right: &State, case: &Case, tolerance: f64) -> TestCaseResult {
    let describe =
        |error: TestCaseError| TestCaseError::fail(format!("{error}\n{left:?}\n{right:?}\n{case:#?}"));
    for (k, (&a, &b)) in left.prices.iter().zip(&right.prices).enumerate() {
        close("price", a, b, case.assets[k].price, tolerance).map_err(describe)?;
    }
    for (&a, &b) in left.ratios.iter().zip(&right.ratios) {
        close("payment ratio", a, b, 1.0, tolerance).map_err(describe)?;
    }
    Ok(())
}

/// Restricts a case to Eisenberg-Noe alone: no sales, no price impact, no default costs.
fn clearing_only(case: &mut Case) {
    if !matches!(
        case.clearing,
        Clearing::EisenbergNoe | Clearing::EisenbergNoeSenior
    ) {
        case.clearing = Clearing::EisenbergNoe;
    }
    case.impact = systems::ImpactKind::None;
    for bank in &mut case.banks {
        bank.rule = systems::RuleKind::None;
    }
}

/// A tape's worth of zeros.
fn zeros() -> Vec<f64> {
    vec![0.0; TAPE]
}
