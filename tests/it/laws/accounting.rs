//! Accounting: ranges, limited liability, priority, and where value goes.

use super::systems::{Case, Clearing, SETTINGS};
use super::{Verdict, close, law};
use delever::cascade::{InstitutionState, Outcome, Select, Status};
use proptest::test_runner::TestCaseError;

/// The accounted outcome. Names of drawn cases stand in the order of ids.
pub fn outcome(case: &Case) -> Outcome {
    case.wire(|wired| {
        let both = wired.cascade.solve(wired.shock, Select::Greatest, &SETTINGS);
        both.expect("drawn shocks fit").greatest.expect("asked for")
    })
}

fn settled(outcome: &Outcome) -> bool {
    matches!(outcome.status, Status::Certified | Status::Bracketed)
}

/// Whether the outcome is worth an accounting test: somebody sells or fails.
fn binds(outcome: &Outcome) -> bool {
    outcome
        .institutions
        .iter()
        .any(|bank| bank.state != InstitutionState::Sound)
}

fn explain(case: &Case) -> impl Fn(TestCaseError) -> TestCaseError {
    move |error| TestCaseError::fail(format!("{error}\n{case:#?}"))
}

/// What is paid to creditors inside and outside, and value destroyed, by the models' definitions.
fn paid(case: &Case, n: usize, assets: f64) -> (f64, f64, f64) {
    let (inside, outside) = (case.debts_of(n), case.banks[n].external);
    let face = inside + outside;
    if case.clearing == Clearing::None || assets >= face {
        return (inside, outside, 0.0);
    }
    match case.clearing {
        Clearing::EisenbergNoeSenior => {
            let outside = outside.min(assets);
            (assets - outside, outside, 0.0)
        }
        _ => (assets * inside / face, assets * outside / face, 0.0),
    }
}

/// Bitwise: payments between 0 and face, prices between 0 and the shocked price, fractions between 0 and 1, nothing
/// infinite. After bad limits of iteration too.
#[test]
fn law_24_everything_stays_in_range() {
    law(0.5, |tape| {
        let case = Case::draw_with_edges(tape);
        let outcome = outcome(&case);
        let mut sound = true;
        for (asset, given) in outcome.assets.iter().zip(&case.assets) {
            sound &= asset.price_shocked == given.price * (1.0 + given.change);
            sound &= (0.0..=asset.price_shocked).contains(&asset.price);
            sound &= (0.0..=1.0).contains(&asset.sold_fraction);
            sound &= asset.sold_quantity >= 0.0 && asset.sold_quantity.is_finite();
        }
        for (n, bank) in outcome.institutions.iter().enumerate() {
            let liabilities = case.debts_of(n) + case.banks[n].external;
            sound &= bank.payment >= 0.0 && bank.payment <= liabilities * (1.0 + 1e-15);
            sound &= (0.0..=1.0).contains(&bank.payment_ratio);
            sound &= (0.0..=1.0).contains(&bank.sold_fraction);
            sound &= [
                bank.equity_initial,
                bank.equity_shocked,
                bank.equity,
                bank.assets,
                bank.loss,
            ]
            .iter()
            .all(|value| value.is_finite());
        }
        if !sound {
            return Err(TestCaseError::fail(format!("{outcome:#?}\n{case:#?}")));
        }
        let state = case.greatest();
        let ranged = state
            .ratios
            .iter()
            .chain(&state.fractions)
            .all(|value| (0.0..=1.0).contains(value));
        if !ranged {
            return Err(TestCaseError::fail(format!("{state:?}\n{case:#?}")));
        }
        Ok(Verdict::of(binds(&outcome)))
    });
}

/// To rounding: under clearing nobody pays more than its assets, who does not pay in full has nothing left for its
/// owners, and creditors of one rank get the same ratio.
#[test]
fn law_25_limited_liability_and_absolute_priority() {
    law(0.25, |tape| {
        let mut case = Case::draw(tape);
        if case.clearing == Clearing::None {
            case.clearing = Clearing::RogersVeraart;
        }
        let outcome = outcome(&case);
        if !settled(&outcome) {
            return Ok(Verdict::Skipped);
        }
        for (n, bank) in outcome.institutions.iter().enumerate() {
            let liabilities = case.debts_of(n) + case.banks[n].external;
            let slack = 1e-9 * (bank.assets + liabilities);
            let problem = if bank.payment > bank.assets + slack {
                "pays more than it has"
            } else if bank.payment < liabilities - slack && bank.equity > slack {
                "owners keep something though creditors do not get all"
            } else if bank.equity > slack && bank.payment < liabilities - slack {
                "a solvent institution does not pay"
            } else if (bank.equity - (bank.assets - liabilities)).abs() > slack {
                "equity is not assets less liabilities"
            } else {
                continue;
            };
            return Err(TestCaseError::fail(format!("{n} {problem}: {bank:?}\n{case:#?}")));
        }
        if matches!(case.clearing, Clearing::EisenbergNoe | Clearing::RogersVeraart) {
            let state = case.greatest();
            for (n, bank) in outcome.institutions.iter().enumerate() {
                if case.debts_of(n) > 0.0 {
                    close("ratio inside", state.ratios[n], bank.payment_ratio, 1.0, 1e-9)
                        .map_err(explain(&case))?;
                }
            }
        }
        Ok(Verdict::of(outcome.totals.defaults > 0))
    });
}

/// Within 1e-9: what owners and creditors outside get, and what defaults destroy, is what there was at final prices.
#[test]
fn law_26_value_is_conserved_up_to_default_costs() {
    law(0.25, |tape| {
        let mut case = Case::draw(tape);
        if case.clearing == Clearing::None {
            case.clearing = Clearing::EisenbergNoe;
        }
        let outcome = outcome(&case);
        if !settled(&outcome) {
            return Ok(Verdict::Skipped);
        }
        let (mut given, mut there, mut destroyed, mut size) = (0.0, 0.0, 0.0, 0.0);
        for (n, bank) in outcome.institutions.iter().enumerate() {
            let received = case.claims_of(n) - bank.loss_contagion;
            let outside_assets = bank.assets - received;
            let (inside, outside) = (case.debts_of(n), case.banks[n].external);
            let face = inside + outside;
            let external = if case.clearing == Clearing::RogersVeraart && bank.assets < face {
                let costs = &case.banks[n];
                let left = costs.alpha * outside_assets + costs.beta * received;
                destroyed += (1.0 - costs.alpha) * outside_assets + (1.0 - costs.beta) * received;
                left * outside / face
            } else {
                paid(&case, n, bank.assets).1
            };
            given += bank.equity.max(0.0) + external;
            let prices = outcome.assets.iter().map(|asset| asset.price);
            let held: f64 = case.holdings[n]
                .iter()
                .zip(prices)
                .map(|(units, price)| units * price)
                .sum();
            there += case.liquid_after(n) + held;
            size += bank.assets + face;
        }
        close("value", given + destroyed, there, size, 1e-9).map_err(explain(&case))?;
        close(
            "costs",
            outcome.totals.loss_bankruptcy_costs,
            destroyed,
            size,
            1e-9,
        )
        .map_err(explain(&case))?;
        Ok(Verdict::of(outcome.totals.defaults > 0))
    });
}

/// Exactly: each institution's loss is the sum of its channels, left to right. Within 1e-9 of the balance sheet: that
/// is what its equity lost, and for the system what owners and creditors outside lost is shock, price effect and costs.
#[test]
fn law_27_losses_split_by_channel() {
    law(0.5, |tape| {
        let case = Case::draw(tape);
        let outcome = outcome(&case);
        if !settled(&outcome) {
            return Ok(Verdict::Skipped);
        }
        let (mut before, mut after, mut size) = (0.0, 0.0, 0.0);
        for (n, bank) in outcome.institutions.iter().enumerate() {
            let channels = bank.loss_shock + bank.loss_fire_sale + bank.loss_contagion;
            if bank.loss.to_bits() != channels.to_bits() {
                return Err(TestCaseError::fail(format!("{n}: {bank:?}\n{case:#?}")));
            }
            let liabilities = case.debts_of(n) + case.banks[n].external;
            let sheet = bank.assets + liabilities + bank.equity_initial.abs();
            close("loss", bank.loss, bank.equity_initial - bank.equity, sheet, 1e-9)
                .map_err(explain(&case))?;
            size += sheet;
            let given = &case.banks[n];
            before += given.cash + given.other + case.value_of(n, |asset| asset.price);
            // Debts at face cancel against claims at face, so the unfloored equity is what owners are left with.
            after += match case.clearing {
                Clearing::None => bank.equity + given.external,
                _ => bank.equity.max(0.0) + external_part(&case, n, bank.payment),
            };
        }
        let totals = &outcome.totals;
        let explained = totals.loss_shock + totals.loss_fire_sale + totals.loss_bankruptcy_costs;
        close("value lost", before - after, explained, size, 1e-9).map_err(explain(&case))?;
        let bits = totals.loss_shock + totals.loss_fire_sale + totals.loss_contagion;
        if totals.loss.to_bits() != bits.to_bits() {
            return Err(TestCaseError::fail(format!("{totals:?}\n{case:#?}")));
        }
        Ok(Verdict::of(binds(&outcome)))
    });
}

/// The part of a payment that goes to creditors outside.
fn external_part(case: &Case, n: usize, payment: f64) -> f64 {
    let (inside, outside) = (case.debts_of(n), case.banks[n].external);
    if case.clearing == Clearing::EisenbergNoeSenior {
        payment.min(outside)
    } else if inside + outside > 0.0 {
        payment * outside / (inside + outside)
    } else {
        0.0
    }
}

/// How cases end, and that they are worth testing: at least half have sales, a third defaults, and nearly all a
/// certificate.
#[test]
fn drawn_cases_bind_and_nearly_all_are_certified() {
    use std::cell::Cell;
    let counts: [Cell<u32>; 6] = Default::default();
    let count = |n: usize, yes: bool| counts[n].set(counts[n].get() + u32::from(yes));
    law(0.5, |tape| {
        let case = Case::draw(tape);
        let outcome = outcome(&case);
        count(0, true);
        count(1, outcome.assets.iter().any(|asset| asset.sold_quantity > 0.0));
        count(2, outcome.totals.defaults > 0);
        count(3, outcome.status == Status::Certified);
        count(4, outcome.status == Status::MaxIterations);
        count(
            5,
            outcome
                .institutions
                .iter()
                .any(|bank| bank.state == InstitutionState::Deleveraging),
        );
        let known = [Status::Certified, Status::Bracketed, Status::MaxIterations];
        if !known.contains(&outcome.status) {
            return Err(TestCaseError::fail(format!("{:?}\n{case:#?}", outcome.status)));
        }
        Ok(Verdict::of(binds(&outcome)))
    });
    let share = |n: usize| f64::from(counts[n].get()) / f64::from(counts[0].get());
    let slack = 2.0 / f64::from(counts[0].get()).sqrt();
    assert!(share(1) + slack >= 0.5, "{} of the cases have sales", share(1));
    assert!(
        share(2) + slack >= 0.33,
        "{} of the cases have defaults",
        share(2)
    );
    assert!(
        share(5) + slack >= 0.2,
        "{} of the cases have partial sales",
        share(5)
    );
    assert!(
        share(3) + slack >= 0.97,
        "{} of the cases are certified",
        share(3)
    );
    assert!(
        share(4) <= 0.02 + slack,
        "{} of the cases reach the limit of iterations",
        share(4)
    );
}
