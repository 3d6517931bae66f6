//! Order laws: which way the greatest fixed point moves when one input moves.
//!
//! The order laws with zero tolerance bind on the greatest fixed point in floating point. Each runs twice: with an
//! arbitrary change of one input, and with a change of one unit in the last place, which coarse draws never meet.

use super::systems::{Asset, Bank, Case, Clearing, ImpactKind, RuleKind, State, Tape};
use super::{Verdict, alike, clearing_only, close, law, law_with, ordered};
use delever::core::Execution;
use delever::solver::{FixedPointMap, Status};
use proptest::test_runner::TestCaseError;

/// By how much one input moves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Move {
    Anything,
    OneUlp,
}

impl Move {
    /// A larger number: one unit in the last place up, or a multiple by up to `factor`.
    fn raise(self, value: f64, factor: f64, tape: &mut Tape<'_>) -> f64 {
        match self {
            Self::Anything => value * tape.across(1.0, factor).max(1.0),
            Self::OneUlp => value.next_up(),
        }
    }
}

fn pick<T>(items: &mut [T], tape: &mut Tape<'_>) -> Option<usize> {
    (!items.is_empty()).then(|| tape.pick(items.len()))
}

/// Tests a law that says: after `improve` the greatest fixed point is nowhere lower, bitwise.
fn improves(binding: f64, skips: f64, improve: impl Fn(&mut Case, &mut Tape<'_>) -> bool) {
    law_with(binding, skips, |tape| {
        let mut knobs = Tape(&tape.0[..8]);
        tape.0 = &tape.0[8..];
        let mut worse = Case::draw(tape);
        if let Some(place) = knobs.maybe(0.08, 0.0, worse.banks.len() as f64) {
            worse.put_on_the_edge(place as usize);
        }
        let mut better = worse.clone();
        if !improve(&mut better, &mut knobs) {
            return Ok(Verdict::Skipped);
        }
        let (low, high) = (worse.greatest(), better.greatest());
        if !(low.settled() && high.settled()) {
            return Ok(Verdict::Skipped);
        }
        ordered(&low, &high, &[&worse, &better])?;
        Ok(Verdict::of(low.binds()))
    });
}

/// Prices, payments and sales of plain iteration from the top, and the plain limit.
fn iterate(
    case: &Case,
    mut watch: impl FnMut(&State) -> Result<(), TestCaseError>,
) -> Result<Option<Vec<f64>>, TestCaseError> {
    case.wire(|wired| {
        let map = wired.map();
        let (mut x, mut top) = (vec![0.0; map.dim()], vec![0.0; map.dim()]);
        map.bounds_into(&mut x, &mut top);
        let mut work = map.workspace();
        x.copy_from_slice(&top);
        for _ in 0..2_000 {
            watch(&wired.state(&map, &x, None))?;
            map.apply(&x, &mut top, &mut work);
            if x == top {
                return Ok(Some(x));
            }
            std::mem::swap(&mut x, &mut top);
        }
        Ok(None)
    })
}

/// Bitwise: each iterate from the top lies below the one before, and more is sold.
#[test]
fn law_01_iteration_from_the_top_descends() {
    law(0.5, |tape| {
        let case = Case::draw_with_edges(tape);
        let mut last: Option<State> = None;
        let settled = iterate(&case, |state| {
            if let Some(last) = &last {
                ordered(state, last, &[&case])?;
            }
            last = Some(state.clone());
            Ok(())
        })?;
        Ok(match (settled, last) {
            (Some(_), Some(last)) => Verdict::of(last.binds()),
            _ => Verdict::Skipped,
        })
    });
}

/// Bitwise: what the solver returns is where plain iteration from the top comes to rest.
#[test]
fn law_01_the_solution_is_the_limit_of_plain_iteration_from_the_top() {
    law(0.5, |tape| {
        let case = Case::draw_with_edges(tape);
        let limit = iterate(&case, |_| Ok(()))?;
        let solved = case.greatest();
        let Some(limit) = limit.filter(|_| solved.settled()) else {
            return Ok(Verdict::Skipped);
        };
        let limit = case.wire(|wired| wired.state(&wired.map(), &limit, None));
        ordered(&solved, &limit, &[&case])?;
        ordered(&limit, &solved, &[&case])?;
        Ok(Verdict::of(solved.binds()))
    });
}

/// Assets equal liabilities in doubles and fall short of them by less than a rounding in real numbers: the solution is
/// the greatest fixed point in doubles, and the bracket holds the other verdict as well instead of certifying one.
#[test]
fn an_institution_on_the_edge_of_default_is_bracketed() {
    let asset = |name: &str, price, change, depth| Asset {
        price,
        change,
        ..Asset::with_depth(name, depth)
    };
    let case = Case {
        banks: vec![Bank {
            external: 0.461_941_959_637_299_8,
            rule: RuleKind::SellOnDefault,
            ..Bank::named("b")
        }],
        assets: vec![
            asset("a0", 0.1, -0.064_213_429_718_107_35, 0.249_225_906_691_198_57),
            asset("a1", 0.1, -0.002_353_628_265_859_530_5, 0.204_874_737_050_385_75),
            asset("a2", 0.791_736_791_200_563_8, 0.0, 0.255_298_144_929_694_44),
        ],
        holdings: vec![vec![
            1.661_506_044_607_990_3,
            1.365_831_580_335_905,
            0.214_968_869_930_092_7,
        ]],
        debts: Vec::new(),
        impact: ImpactKind::Linear,
        clearing: Clearing::EisenbergNoe,
        most_liquid_first: false,
        execution: Execution::Terminal,
    };
    let outcome = super::accounting::outcome(&case);
    assert_eq!((outcome.status, outcome.near_boundary), (Status::Bracketed, true));
    assert!(
        outcome
            .assets
            .iter()
            .all(|asset| asset.price == asset.price_shocked)
    );
    assert!(outcome.certificate.width.expect("bracketed") > 0.5);
}

fn price_shock(size: Move) -> impl Fn(&mut Case, &mut Tape<'_>) -> bool {
    move |better, tape| {
        let Some(k) = pick(&mut better.assets, tape) else {
            return true;
        };
        let asset = &mut better.assets[k];
        let factor = 1.0 + asset.change;
        let raised = match size {
            Move::Anything => factor + 0.2 * tape.unit() * tape.unit(),
            Move::OneUlp => factor.next_up(),
        };
        // Exact: both lie within a factor of two, or the shock takes the whole price.
        asset.change = raised - 1.0;
        true
    }
}

/// Bitwise: a lower price after the shock means lower prices, payments and more sales.
#[test]
fn law_02_a_larger_price_shock_is_never_healthier() {
    improves(0.5, 0.02, price_shock(Move::Anything));
}

/// Bitwise, one unit in the last place.
#[test]
fn law_02_one_ulp_of_price_shock() {
    improves(0.5, 0.02, price_shock(Move::OneUlp));
}

/// To rounding: a lower price after the shock means lower equity of everyone.
#[test]
fn law_02_a_larger_price_shock_never_raises_equity() {
    law(0.5, |tape| {
        let mut knobs = Tape(&tape.0[..8]);
        tape.0 = &tape.0[8..];
        let worse = Case::draw(tape);
        let mut better = worse.clone();
        price_shock(Move::Anything)(&mut better, &mut knobs);
        let (low, high) = (worse.greatest(), better.greatest());
        if !(low.settled() && high.settled()) {
            return Ok(Verdict::Skipped);
        }
        for n in 0..worse.banks.len() {
            let (a, b) = (worse.assets_at(n, &low), better.assets_at(n, &high));
            if a > b + 1e-12 * a {
                return Err(TestCaseError::fail(format!(
                    "bank {n}: {a:?} above {b:?}\n{worse:#?}"
                )));
            }
        }
        Ok(Verdict::of(low.binds()))
    });
}

fn cash(size: Move) -> impl Fn(&mut Case, &mut Tape<'_>) -> bool {
    move |better, tape| {
        let n = tape.pick(better.banks.len());
        let bank = &mut better.banks[n];
        let more = (tape.across(1e-9, 1.0) * (bank.external + bank.cash)).max(1e-9);
        // A fund's investors compare with its balance sheet before the shock, so theirs comes after it.
        let cash = match bank.rule {
            RuleKind::Redemption => &mut bank.outside,
            _ => &mut bank.cash,
        };
        *cash = match size {
            Move::Anything => *cash + more,
            Move::OneUlp if *cash < 0.0 => cash.next_up(),
            // The smallest amount there is, where there was none.
            Move::OneUlp => cash.next_up().max(1e-9),
        };
        true
    }
}

/// Bitwise: cash into any one institution never makes anybody worse, with default costs too.
#[test]
fn law_03_outside_cash_never_hurts() {
    improves(0.5, 0.02, cash(Move::Anything));
}

/// Bitwise, one unit in the last place.
#[test]
fn law_03_one_ulp_of_cash() {
    improves(0.5, 0.02, cash(Move::OneUlp));
}

fn depth(size: Move) -> impl Fn(&mut Case, &mut Tape<'_>) -> bool {
    move |better, tape| {
        if let Some(k) = pick(&mut better.assets, tape) {
            let asset = &mut better.assets[k];
            asset.depth = size.raise(asset.depth, 10.0, tape);
        }
        true
    }
}

/// Bitwise: a deeper market. The ranking of most-liquid-first sellers is held, since it is another input.
#[test]
fn law_04_deeper_market_never_lowers_prices() {
    improves(0.5, 0.02, depth(Move::Anything));
}

/// Bitwise, one unit in the last place.
#[test]
fn law_04_one_ulp_of_depth() {
    improves(0.5, 0.02, depth(Move::OneUlp));
}

fn recovery(size: Move) -> impl Fn(&mut Case, &mut Tape<'_>) -> bool {
    move |better, tape| {
        better.clearing = Clearing::RogersVeraart;
        let n = tape.pick(better.banks.len());
        let which = tape.unit() < 0.5;
        let bank = &mut better.banks[n];
        let share = if which { &mut bank.alpha } else { &mut bank.beta };
        *share = match size {
            Move::Anything => *share + (1.0 - *share) * tape.unit(),
            Move::OneUlp => share.next_up().min(1.0),
        };
        true
    }
}

/// Like [`improves`], with default costs in every case.
fn improves_with_costs(improve: impl Fn(&mut Case, &mut Tape<'_>) -> bool) {
    law(0.5, |tape| {
        let mut knobs = Tape(&tape.0[..8]);
        tape.0 = &tape.0[8..];
        let mut worse = Case::draw(tape);
        worse.clearing = Clearing::RogersVeraart;
        let mut better = worse.clone();
        improve(&mut better, &mut knobs);
        let (low, high) = (worse.greatest(), better.greatest());
        if !(low.settled() && high.settled()) {
            return Ok(Verdict::Skipped);
        }
        ordered(&low, &high, &[&worse, &better])?;
        Ok(Verdict::of(low.binds()))
    });
}

/// Bitwise: a larger recovery in default of outside or of interbank assets.
#[test]
fn law_05_higher_recovery_never_hurts() {
    improves_with_costs(recovery(Move::Anything));
}

/// Bitwise, one unit in the last place.
#[test]
fn law_05_one_ulp_of_recovery() {
    improves_with_costs(recovery(Move::OneUlp));
}

fn cap(size: Move) -> impl Fn(&mut Case, &mut Tape<'_>) -> bool {
    move |better, tape| {
        let capped: Vec<usize> = (0..better.banks.len())
            .filter(|&n| better.banks[n].rule == RuleKind::LeverageCap)
            .collect();
        if capped.is_empty() {
            return false;
        }
        let bank = &mut better.banks[capped[tape.pick(capped.len())]];
        bank.max_leverage = match tape.maybe(0.1, 0.0, 1.0) {
            Some(_) if size == Move::Anything => f64::INFINITY,
            _ => size.raise(bank.max_leverage, 3.0, tape),
        };
        true
    }
}

/// Bitwise: a relaxed leverage cap. Cases without one are left out.
#[test]
fn law_06_relaxed_cap_never_hurts() {
    improves(0.4, 0.45, cap(Move::Anything));
}

/// Bitwise, one unit in the last place.
#[test]
fn law_06_one_ulp_of_cap() {
    improves(0.4, 0.45, cap(Move::OneUlp));
}

/// Bitwise: without caps and needs nobody sells, and prices stay where the shock put them.
#[test]
fn law_06_without_constraints_nothing_is_sold() {
    law(0.3, |tape| {
        let mut case = Case::draw(tape);
        for bank in &mut case.banks {
            match bank.rule {
                RuleKind::LeverageCap => bank.max_leverage = f64::INFINITY,
                _ => bank.rule = RuleKind::None,
            }
        }
        let state = case.greatest();
        if !state.settled() {
            return Ok(Verdict::Skipped);
        }
        for (asset, &price) in case.assets.iter().zip(&state.prices) {
            let shocked = asset.price * (1.0 + asset.change);
            if price != shocked {
                return Err(TestCaseError::fail(format!(
                    "price {price:?}, shocked {shocked:?}\n{case:#?}"
                )));
            }
        }
        if state.sold.iter().chain(&state.fractions).any(|&sold| sold != 0.0) {
            return Err(TestCaseError::fail(format!(
                "something is sold: {state:?}\n{case:#?}"
            )));
        }
        Ok(Verdict::of(state.ratios.iter().any(|&ratio| ratio < 1.0)))
    });
}

/// Bitwise for payment ratios, prices and sales, to rounding for equities: more external debt is never healthier.
#[test]
fn law_07_external_debt_never_raises_ratios_prices_equities() {
    law(0.5, |tape| {
        let mut knobs = Tape(&tape.0[..8]);
        tape.0 = &tape.0[8..];
        let better = Case::draw(tape).without_funds();
        let mut worse = better.clone();
        let n = knobs.pick(worse.banks.len());
        let size = [Move::Anything, Move::OneUlp][knobs.pick(2)];
        worse.banks[n].external = match size {
            Move::Anything => worse.banks[n].external * (1.0 + knobs.unit()) + knobs.unit(),
            Move::OneUlp => worse.banks[n].external.next_up().max(1e-9),
        };
        let (low, high) = (worse.greatest(), better.greatest());
        if !(low.settled() && high.settled()) {
            return Ok(Verdict::Skipped);
        }
        ordered(&low, &high, &[&worse, &better])?;
        for n in 0..worse.banks.len() {
            let equity =
                |case: &Case, state| case.assets_at(n, state) - case.debts_of(n) - case.banks[n].external;
            let (a, b) = (equity(&worse, &low), equity(&better, &high));
            if a > b + 1e-12 * (worse.assets_at(n, &low) + worse.banks[n].external) {
                return Err(TestCaseError::fail(format!(
                    "equity {n}: {a:?} above {b:?}\n{worse:#?}"
                )));
            }
        }
        Ok(Verdict::of(low.binds()))
    });
}

/// Bitwise: the greatest fixed point lies nowhere below the least; within the certificates' width where the two
/// brackets prove uniqueness.
#[test]
fn law_08_greatest_is_never_below_least() {
    law(0.5, |tape| {
        let case = Case::draw_with_edges(tape);
        let (top, bottom) = (case.greatest(), case.least());
        if !(top.settled() && bottom.settled()) {
            return Ok(Verdict::Skipped);
        }
        ordered(&bottom, &top, &[&case])?;
        if case.wire(|wired| unique(wired.cascade, wired.shock)) == Some(true) {
            alike(&top, &bottom, &case, 1e-11)?;
        }
        Ok(Verdict::of(top.binds()))
    });
}

/// The same where rounding cannot judge a debtor with default costs: in doubles 0.1 + 0.7 falls short of 0.8, rounded up
/// it does not. The jump that iteration from the bottom would take there is no solution.
#[test]
fn law_08_on_the_edge_of_default() {
    let debtor = Bank {
        cash: 0.1,
        other: 0.7,
        external: 0.3,
        alpha: 0.5,
        ..Bank::named("b0")
    };
    let case = Case {
        banks: vec![debtor, Bank::named("b1")],
        assets: Vec::new(),
        holdings: vec![Vec::new(); 2],
        debts: vec![(0, 1, 0.5)],
        impact: ImpactKind::None,
        clearing: Clearing::RogersVeraart,
        most_liquid_first: false,
        execution: Execution::Terminal,
    };
    let (top, bottom) = (case.greatest(), case.least());
    assert!(top.ratios[0] < 0.5 && top.image_is_point, "{top:?}");
    assert_eq!(bottom.ratios, top.ratios);
    assert_eq!(
        (top.status, bottom.status),
        (Some(Status::Bracketed), Some(Status::Bracketed))
    );
}

fn unique(cascade: &delever::cascade::Cascade<'_>, shock: &delever::cascade::Shock) -> Option<bool> {
    use delever::cascade::Select;
    let both = cascade.solve(shock, Select::Both, &super::systems::SETTINGS);
    both.expect("drawn shocks fit").unique
}

/// Bitwise: whatever lies below its own image lies below the greatest fixed point; whatever lies above its image and
/// above the fixed point stays above it.
#[test]
fn law_09_sub_solutions_lie_below_and_super_solutions_stay_above() {
    law(0.5, |tape| {
        let mut knobs = Tape(&tape.0[..8]);
        tape.0 = &tape.0[8..];
        let case = Case::draw_with_edges(tape);
        case.wire(|wired| {
            let map = wired.map();
            let solution = delever::solver::solve(
                &map,
                delever::solver::End::Greatest,
                &super::systems::SETTINGS,
                &mut (),
            );
            if !matches!(solution.status, Status::Certified | Status::Bracketed) {
                return Ok(Verdict::Skipped);
            }
            let (mut bottom, mut top) = (vec![0.0; map.dim()], vec![0.0; map.dim()]);
            map.bounds_into(&mut bottom, &mut top);
            let mut work = map.workspace();
            let mut image = vec![0.0; map.dim()];
            // Near the solution, where the comparison is hardest, or anywhere.
            let near = knobs.unit() < 0.5;
            let mut x: Vec<f64> = solution
                .point
                .iter()
                .zip(&top)
                .map(|(&point, &top)| {
                    let raised = if near {
                        point * (1.0 + f64::EPSILON * (8.0 * knobs.unit()).floor())
                    } else {
                        top * knobs.unit().sqrt()
                    };
                    raised.min(top)
                })
                .collect();
            let mut is_below = false;
            for _ in 0..2_000 {
                map.apply(&x, &mut image, &mut work);
                is_below = x.iter().zip(&image).all(|(x, image)| x <= image);
                if is_below {
                    break;
                }
                for (x, &image) in x.iter_mut().zip(&image) {
                    *x = x.min(image);
                }
            }
            if !is_below {
                return Ok(Verdict::Skipped);
            }
            for (n, (x, point)) in x.iter().zip(&solution.point).enumerate() {
                if x > point {
                    return Err(TestCaseError::fail(format!(
                        "component {n}: the sub-solution's {x:?} above the greatest fixed point's {point:?}\n{case:#?}"
                    )));
                }
            }
            // The iterates of a larger start are super-solutions; one is stopped halfway and taken on.
            let mut y = top.clone();
            for _ in 0..40 {
                map.apply(&y, &mut image, &mut work);
                if let Some(n) = (0..y.len()).find(|&n| image[n] < solution.point[n]) {
                    return Err(TestCaseError::fail(format!(
                        "component {n}: image {:?} of a super-solution below the fixed point's {:?}\n{case:#?}",
                        image[n], solution.point[n]
                    )));
                }
                y.copy_from_slice(&image);
            }
            Ok(Verdict::of(wired.state(&map, &solution.point, None).binds()))
        })
    });
}

/// Eisenberg-Noe alone, to rounding: payments are concave in cash.
///
/// External creditors rank pari passu: where they are senior, those inside get the positive part of what is left, which
/// is not concave.
#[test]
fn law_10_payments_are_concave_in_cash() {
    law(0.3, |tape| {
        let mut knobs = Tape(&tape.0[..8]);
        tape.0 = &tape.0[8..];
        let mut low = Case::draw(tape);
        clearing_only(&mut low);
        low.clearing = Clearing::EisenbergNoe;
        let (mut middle, mut high) = (low.clone(), low.clone());
        for n in 0..low.banks.len() {
            let more = knobs.unit() * 0.3 * (low.banks[n].external + low.banks[n].cash);
            high.banks[n].cash += more;
            middle.banks[n].cash += 0.5 * more;
        }
        let states = [&low, &middle, &high].map(Case::greatest);
        if !states.iter().all(State::settled) {
            return Ok(Verdict::Skipped);
        }
        let ratios = states.each_ref().map(|state| &state.ratios);
        for ((low, middle), high) in ratios[0].iter().zip(ratios[1]).zip(ratios[2]) {
            let chord = 0.5 * (low + high);
            if *middle < chord - 1e-12 {
                return Err(TestCaseError::fail(format!(
                    "{middle:?} below the chord's {chord:?}"
                )));
            }
        }
        Ok(Verdict::of(states[0].ratios.iter().any(|&ratio| ratio < 1.0)))
    });
}

/// Eisenberg-Noe alone, to rounding: creditors outside gain at most the cash that comes in, and so do they and the
/// owners together, who gain exactly that.
#[test]
fn law_11_outside_gains_at_most_the_cash_injected() {
    law(0.3, |tape| {
        let mut knobs = Tape(&tape.0[..8]);
        tape.0 = &tape.0[8..];
        let mut low = Case::draw(tape);
        clearing_only(&mut low);
        let mut high = low.clone();
        let mut injected = 0.0;
        for n in 0..low.banks.len() {
            let more = knobs.unit() * 0.3 * (low.banks[n].external + low.banks[n].cash);
            high.banks[n].cash += more;
            injected += (1.0 + low.banks[n].cash_change) * more;
        }
        let (before, after) = (low.greatest(), high.greatest());
        if !(before.settled() && after.settled()) {
            return Ok(Verdict::Skipped);
        }
        let outside = |case: &Case, state: &State| -> (f64, f64) {
            (0..case.banks.len()).fold((0.0, 0.0), |(external, value), n| {
                let assets = case.assets_at(n, state);
                let paid = case.paid_outside(n, assets);
                let equity = (assets - case.debts_of(n) - case.banks[n].external).max(0.0);
                (external + paid, value + paid + equity)
            })
        };
        let (low_value, high_value) = (outside(&low, &before), outside(&high, &after));
        let size = high_value.1;
        let rise = high_value.0 - low_value.0;
        if rise > injected + 1e-10 * size || rise < -1e-10 * size {
            return Err(TestCaseError::fail(format!(
                "external payments rise by {rise} of {injected}\n{low:#?}"
            )));
        }
        close("value outside", high_value.1 - low_value.1, injected, size, 1e-10)?;
        Ok(Verdict::of(before.ratios.iter().any(|&ratio| ratio < 1.0)))
    });
}

/// To rounding: sellers that are paid the average price, which is never below the final one, end no worse.
///
/// Most-liquid-first is left out, and sell-on-default under clearing: with average prices these are unordered.
#[test]
fn law_12_average_execution_is_no_worse_than_final() {
    law(0.5, |tape| {
        let mut terminal = Case::draw(tape);
        terminal.most_liquid_first = false;
        for bank in &mut terminal.banks {
            // Gains of whoever sells in a jump, or faster than prices fall, reach creditors.
            if let RuleKind::SellOnDefault
            | RuleKind::LeverageThreshold
            | RuleKind::FundingWithdrawal
            | RuleKind::Redemption = bank.rule
            {
                bank.rule = RuleKind::LeverageCap;
            }
            // With `beta < alpha` a debtor's gain counts for more than its receipts: unordered under this execution.
            if bank.beta < bank.alpha {
                std::mem::swap(&mut bank.alpha, &mut bank.beta);
            }
        }
        let mut average = terminal.clone();
        average.execution = Execution::Vwap;
        let (low, high) = (terminal.greatest(), average.greatest());
        if !(low.settled() && high.settled()) {
            return Ok(Verdict::Skipped);
        }
        for (k, (&low, &high)) in low.prices.iter().zip(&high.prices).enumerate() {
            if low > high + 1e-9 * terminal.assets[k].price {
                return Err(TestCaseError::fail(format!(
                    "price {k}: {low:?} above {high:?}\n{terminal:#?}"
                )));
            }
        }
        for (low, high) in low.ratios.iter().zip(&high.ratios) {
            if *low > high + 1e-9 {
                return Err(TestCaseError::fail(format!(
                    "ratio: {low:?} above {high:?}\n{terminal:#?}"
                )));
            }
        }
        Ok(Verdict::of(low.binds() && terminal.impact != ImpactKind::None))
    });
}

/// Bitwise: one more application of the map changes nothing.
#[test]
fn law_35_the_solution_is_its_own_image() {
    law(0.5, |tape| {
        let case = Case::draw_with_edges(tape);
        let state = case.greatest();
        if !state.settled() {
            return Ok(Verdict::Skipped);
        }
        if !state.image_is_point {
            return Err(TestCaseError::fail(format!(
                "{state:?} moves once more\n{case:#?}"
            )));
        }
        Ok(Verdict::of(state.binds()))
    });
}
