//! The leverage spiral of one institution, closer and closer to the shock at which it collapses.
//!
//! One unit of one asset, debts of 0.9, assets over equity at most 12.5, a price that falls by 8 % if all is sold. After a shock
//! to `q0` the price is a root of a quadratic; its two roots meet at the tipping point, and with them goes the answer.

use delever::cascade::{Cascade, CascadeMap, Settings, Status};
use delever::solver::{self, End, Solution};
use delever_testkit::case::{Case, CaseClearing, CaseImpact, CaseRule};
use num_rational::BigRational;
use num_traits::{FromPrimitive, Zero};

const DEBT: f64 = 0.9;
const DEPTH: f64 = 12.5;
const MAX_LEVERAGE: f64 = 12.5;

/// The spiral at a relative distance `gap` from its tipping point: `D / (r q0) = kappa + 0.02 (1 - gap)`, `kappa = 11.5`.
fn spiral(gap: f64) -> Case {
    let mut case = Case::empty(1, 1);
    case.holdings[0][0] = 1.0;
    case.external_liabilities[0] = DEBT;
    case.rules[0] = CaseRule::MaxLeverage(MAX_LEVERAGE);
    case.depths[0] = DEPTH;
    case.impact = CaseImpact::Linear;
    case.price_changes[0] = DEBT * MAX_LEVERAGE / (11.5 + 0.02 * (1.0 - gap)) - 1.0;
    case
}

/// `q^2 - q0 (q - b (D - (lambda - 1) (q - D)))`, whose larger root is the price while not everything is sold: exactly.
fn quadratic(case: &Case, price: f64) -> BigRational {
    let exact = |x: f64| BigRational::from_f64(x).expect("finite");
    let (q, q0, debt) = (exact(price), exact(case.shocked_prices()[0]), exact(DEBT));
    let need = &debt - (exact(MAX_LEVERAGE) - exact(1.0)) * (&q - &debt);
    &q * &q - q0 * (&q - need / exact(DEPTH))
}

/// The bracket holds the larger root, and the smaller one lies below.
fn holds_the_price(case: &Case, lower: f64, upper: f64, gap: f64) {
    let at = |price: f64| quadratic(case, price);
    assert!(
        at(lower) <= BigRational::zero(),
        "gap {gap}: the price lies below {lower}"
    );
    assert!(
        at(upper) >= BigRational::zero(),
        "gap {gap}: the price lies above {upper}"
    );
    // Between the roots: more than half of the bracket's end is still a price at which the image is higher.
    let vertex = case.shocked_prices()[0] * (1.0 + 11.5 / DEPTH) / 2.0;
    assert!(upper > vertex, "gap {gap}: the other root");
}

fn solve(case: &Case, settings: &Settings, end: End) -> Solution {
    let (system, graph) = (case.system(), case.graph());
    let cascade = Cascade::new(&system, &graph, case.models()).expect("models fit");
    let map = CascadeMap::new(&cascade, &case.shock()).expect("shock fits");
    solver::solve(&map, end, settings, &mut ())
}

fn with_tolerance(tolerance: f64) -> Settings {
    Settings {
        tolerance,
        ..Settings::default()
    }
}

#[test]
fn the_spiral_is_certified_as_narrowly_as_asked_close_to_its_tipping_point() {
    for exponent in 2..=12 {
        let gap = 10.0_f64.powi(-exponent);
        let case = spiral(gap);
        let solution = solve(&case, &Settings::default(), End::Greatest);
        let bracket = solution.bracket.as_ref().expect("bracketed");
        println!(
            "gap {gap:e}: {:?}, width {:e}, {} applications, {} steps",
            solution.status, bracket.width, solution.iterations, solution.policy_steps
        );
        holds_the_price(&case, bracket.lower[0], bracket.upper[0], gap);
        assert_eq!(solution.status, Status::Certified, "gap {gap}");
        assert!(bracket.width <= 1e-12);
        assert!(solution.policy_steps <= 40 && solution.iterations <= 400);
        let point = solution.point[0];
        assert!(bracket.lower[0] <= point && point <= bracket.upper[0]);
    }
}

/// What bounds in doubles leave open grows with the inverse root of the gap.
#[test]
fn bounds_in_doubles_are_as_narrow_as_the_multiplier_allows() {
    for (gap, allowed) in [(1e-4, 6e-13), (1e-6, 6e-12), (1e-8, 6e-11)] {
        let case = spiral(gap);
        let solution = solve(&case, &with_tolerance(allowed), End::Greatest);
        let bracket = solution.bracket.as_ref().expect("bracketed");
        println!("gap {gap:e}: width {:e}", bracket.width);
        holds_the_price(&case, bracket.lower[0], bracket.upper[0], gap);
        assert_eq!(solution.status, Status::Certified, "gap {gap}");
    }
}

/// The same balance sheet cut into parts of a half, a quarter and a quarter, which owe one another claims that cancel: the same
/// price, now from a coupled system.
#[test]
fn clones_with_debts_to_one_another_tip_together() {
    for exponent in [4, 8, 10] {
        let gap = 10.0_f64.powi(-exponent);
        let single = spiral(gap);
        let mut case = Case::empty(3, 1);
        for (i, share) in [0.5, 0.25, 0.25].into_iter().enumerate() {
            case.holdings[i][0] = share;
            // A sixteenth is owed inside instead of outside, and as much is owned inside instead of in cash: assets and debts,
            // and so what has to be sold, are as they were.
            case.external_liabilities[i] = DEBT * share - 0.0625;
            case.outside_assets[i] = -0.0625;
            case.debts[i][(i + 1) % 3] = 0.0625;
            case.rules[i] = CaseRule::MaxLeverage(MAX_LEVERAGE);
        }
        case.clearing = CaseClearing::EisenbergNoe {
            external_senior: vec![false; 3],
        };
        (case.depths, case.impact) = (single.depths.clone(), single.impact.clone());
        case.price_changes.clone_from(&single.price_changes);
        let solution = solve(&case, &Settings::default(), End::Greatest);
        let bracket = solution.bracket.as_ref().expect("bracketed");
        assert_eq!(solution.status, Status::Certified, "gap {gap}");
        assert!(solution.policy_steps > 0 && solution.policy_steps <= 40);
        holds_the_price(&case, bracket.lower[0], bracket.upper[0], gap);
        assert_eq!(bracket.upper[1..], [1.0; 3], "nobody fails");
    }
}

/// A residual far below a wide tolerance says nothing: the long way is not gone step by step then either.
#[test]
fn wide_brackets_do_not_take_longer() {
    let case = spiral(1e-8);
    for exponent in 3..=12 {
        let solution = solve(&case, &with_tolerance(10.0_f64.powi(-exponent)), End::Greatest);
        let bracket = solution.bracket.as_ref().expect("bracketed");
        assert_eq!(solution.status, Status::Certified, "tolerance 1e-{exponent}");
        holds_the_price(&case, bracket.lower[0], bracket.upper[0], 1e-8);
        assert!(
            solution.iterations <= 600,
            "tolerance 1e-{exponent}: {}",
            solution.iterations
        );
    }
}

#[test]
fn past_the_tipping_point_everything_is_sold() {
    for exponent in 2..=10 {
        let case = spiral(-(10.0_f64.powi(-exponent)));
        for end in [End::Greatest, End::Least] {
            let solution = solve(&case, &Settings::default(), end);
            let bracket = solution.bracket.as_ref().expect("bracketed");
            println!(
                "beyond by 1e-{exponent} {end:?}: {:?}, {} applications, {} steps",
                solution.status, solution.iterations, solution.policy_steps
            );
            assert_eq!(solution.status, Status::Certified);
            let sold_out = case.shocked_prices()[0] * 0.92;
            assert!(
                bracket.lower[0] <= sold_out * (1.0 + 1e-15) && sold_out * (1.0 - 1e-15) <= bracket.upper[0]
            );
        }
    }
}
