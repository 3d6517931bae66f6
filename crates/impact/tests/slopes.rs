//! Slopes of prices in what is sold, in the shocked price and in depth are limits of differences, and kinks are where they
//! are said to be.

use delever_core::{ImpactKernel, ImpactModel, Market, NoColumns, PriceSlopes, Quote, SparseRows};
use delever_impact::{
    Almgren, AlmgrenRow, CrossMatrix, DepthRow, Exponential, FlooredExponential, FlooredRow, Linear,
    MarketMaker, MarketMakerRow, NoImpact, Power, PowerRow, SquareRoot, SquareRootRow, StressedDepth,
    StressedDepthRow, StressedVolatility, StressedVolatilityRow, Tanh,
};

const QUOTE: Quote = Quote {
    initial: 1.25,
    shocked: 1.0,
};

fn central(step: f64, at: impl Fn(f64) -> f64) -> f64 {
    (8.0 * (at(step) - at(-step)) - (at(2.0 * step) - at(-2.0 * step))) / (12.0 * step)
}

#[track_caller]
fn near(found: f64, expected: f64, what: &str) {
    assert!(
        (found - expected).abs() <= 1e-8 * expected.abs().max(1e-3),
        "{what}: {found} instead of {expected}"
    );
}

/// Checks all slopes at one amount sold; `deeper` is the row with another depth.
#[track_caller]
fn check<K: ImpactKernel>(
    kernel: &K,
    sold: f64,
    row: &K::Row,
    deeper: Option<&dyn Fn(f64) -> K::Row>,
) -> PriceSlopes {
    let slopes = kernel.price_slopes(QUOTE, sold, row).expect("known");
    near(
        slopes.by_sold,
        central(1e-3 * sold, |h| kernel.price(QUOTE, sold + h, row)),
        "by sold",
    );
    let by_shocked = central(1e-3, |h| {
        let quote = Quote {
            shocked: QUOTE.shocked + h,
            ..QUOTE
        };
        kernel.price(quote, sold, row)
    });
    near(slopes.by_shocked, by_shocked, "by shocked price");
    match deeper {
        Some(deeper) => {
            let by_depth = central(0.1, |h| kernel.price(QUOTE, sold, &deeper(100.0 + h)));
            near(slopes.by_depth.expect("has a depth"), by_depth, "by depth");
        }
        None => assert_eq!(slopes.by_depth, None),
    }
    slopes
}

#[test]
fn slopes_are_limits_of_differences() {
    let depth = |depth| DepthRow { depth };
    let slopes = check(&Linear, 30.0, &depth(100.0), Some(&depth));
    assert!((slopes.kink - 70.0).abs() < 1e-12, "{slopes:?}");
    let slopes = check(&Exponential, 30.0, &depth(100.0), Some(&depth));
    assert_eq!(slopes.kink, f64::INFINITY);
    let power = |depth| PowerRow {
        c: 0.8,
        g: 0.6,
        depth,
    };
    let slopes = check(&Power, 30.0, &power(100.0), Some(&power));
    let zero_at = 30.0 + slopes.kink;
    assert!(Power.survival(zero_at * (1.0 - 1e-9), &power(100.0)) > 0.0);
    assert!(Power.survival(zero_at * (1.0 + 1e-9), &power(100.0)) == 0.0);
    let root = |adv| SquareRootRow {
        kappa: 1.2,
        volatility: 0.5,
        adv,
    };
    let slopes = check(&SquareRoot, 30.0, &root(100.0), Some(&root));
    assert!((slopes.kink - (100.0 / 0.36 - 30.0)).abs() < 1e-9);
    let floored = |depth| FlooredRow {
        depth,
        price_floor: 0.4,
    };
    let slopes = check(&FlooredExponential, 30.0, &floored(100.0), Some(&floored));
    assert_eq!(slopes.shocked_kink, 0.6);
    check(&Tanh, 30.0, &floored(100.0), Some(&floored));
    let stressed = |depth| StressedDepthRow {
        depth,
        withdrawal: 3.0,
    };
    let slopes = check(&StressedDepth, 30.0, &stressed(100.0), Some(&stressed));
    assert_eq!((slopes.kink, slopes.shocked_kink), (f64::INFINITY, 0.25));
    let volatile = |adv| StressedVolatilityRow {
        adv,
        volatility: 0.2,
        horizon: 4.0,
        depth_scale: 0.4,
        volatility_stress: 5.0,
    };
    check(&StressedVolatility, 30.0, &volatile(100.0), Some(&volatile));
    let maker = |depth| MarketMakerRow {
        depth,
        capital: 40.0,
        depth_floor: 0.1,
    };
    let slopes = check(&MarketMaker, 15.0, &maker(100.0), Some(&maker));
    assert!(slopes.kink > 1.0 && slopes.kink.is_finite());
    let almgren = AlmgrenRow {
        gamma: 0.314,
        eta: 0.142,
        volatility: 0.3,
        adv: 100.0,
        market_cap: 1e4,
        horizon: 1.0,
    };
    check(&Almgren, 30.0, &almgren, None);
    let flat = check(&NoImpact, 30.0, &NoColumns {}, None);
    assert_eq!((flat.by_sold, flat.kink), (0.0, f64::INFINITY));
}

/// At the floor nothing that is sold moves the price, and a price at or below its floor follows the shock alone.
#[test]
fn beyond_a_kink_the_other_formula_holds() {
    let row = DepthRow { depth: 100.0 };
    let slopes = Linear.price_slopes(QUOTE, 130.0, &row).expect("known");
    assert_eq!((slopes.by_sold, slopes.by_shocked), (0.0, 0.0));
    assert!((slopes.kink - 30.0).abs() < 1e-12);
    let row = FlooredRow {
        depth: 100.0,
        price_floor: 1.1,
    };
    let slopes = FlooredExponential.price_slopes(QUOTE, 30.0, &row).expect("known");
    assert_eq!(
        (slopes.by_sold, slopes.by_shocked, slopes.by_depth),
        (0.0, 1.0, Some(0.0))
    );
    // Nothing is sold, and nothing would come of a deeper market.
    let row = SquareRootRow {
        kappa: 1.0,
        volatility: 0.2,
        adv: 100.0,
    };
    let slopes = SquareRoot.price_slopes(QUOTE, 0.0, &row).expect("known");
    assert_eq!((slopes.by_sold, slopes.by_depth), (f64::NEG_INFINITY, Some(0.0)));
}

#[test]
fn sales_of_one_asset_move_another() {
    let impacts = SparseRows::from_triplets(2, 2, &[(0, 0, 0.002), (0, 1, 0.001), (1, 1, 0.004)]);
    let model = CrossMatrix::new(impacts);
    let market = Market::new(&[1.0, 1.0], &[0.9, 0.5]);
    let slopes = model.price_slopes(market, &[50.0, 125.0]).expect("known");
    let by_sold: Vec<_> = slopes.by_sold.triplets().collect();
    assert_eq!(
        by_sold,
        [(0, 0, -0.9 * 0.002), (0, 1, -0.9 * 0.001), (1, 1, -0.5 * 0.004)]
    );
    assert_eq!(slopes.by_shocked, [1.0 - 0.225, 0.5]);
    assert_eq!(slopes.by_depth, [None, None]);
    assert!((slopes.kink[0] - 0.775 / 0.002).abs() < 1e-9 && (slopes.kink[1] - 125.0).abs() < 1e-9);
    // At a price of zero nothing moves it.
    let slopes = model.price_slopes(market, &[0.0, 300.0]).expect("known");
    assert_eq!(slopes.by_sold.row(1).values, [0.0]);
}
