//! Slopes agree with differences, averages with sums over the path, for every model of the crate.

use delever_core::{ImpactKernel, Quote};
use delever_impact::{
    Almgren, AlmgrenRow, DepthRow, Exponential, FlooredExponential, FlooredRow, Linear, MarketMaker,
    MarketMakerRow, NoImpact, Power, PowerRow, SquareRoot, SquareRootRow, StressedDepth, StressedDepthRow,
    StressedVolatility, StressedVolatilityRow, Tanh,
};

const QUOTE: Quote = Quote {
    initial: 2.0,
    shocked: 1.7,
};

/// Slopes against differences, for any model that has them.
fn check_slopes<K: ImpactKernel>(name: &str, kernel: &K, row: &K::Row) {
    assert!(kernel.has_derivative(), "{name}");
    for sold in [0.5, 3.0, 17.0, 60.0, 99.0, 180.0, 400.0] {
        let step = 1e-5 * sold;
        let difference =
            (kernel.price(QUOTE, sold + step, row) - kernel.price(QUOTE, sold - step, row)) / (2.0 * step);
        let slope = kernel.derivative(QUOTE, sold, row).expect("defined");
        assert!(
            (slope - difference).abs() <= 1e-6 * (1e-3 + slope.abs()),
            "{name} at {sold}: {slope} and {difference}"
        );
    }
    assert_eq!(
        kernel.price(QUOTE, 0.0, row),
        QUOTE.shocked,
        "{name} without sales"
    );
}

/// The same, and averages against sums over the path.
fn check<K: ImpactKernel>(name: &str, kernel: &K, row: &K::Row) {
    check_slopes(name, kernel, row);
    assert!(
        kernel.has_average_price() && kernel.average_is_ordered(),
        "{name}"
    );
    for sold in [0.5, 3.0, 17.0, 60.0, 99.0, 180.0, 400.0] {
        // Midpoints of a fine grid, finer near zero where the square root is steep.
        let cells = 20_000;
        let mut sum = 0.0;
        for cell in 0..cells {
            let (low, high) = (
                f64::from(cell) / f64::from(cells),
                f64::from(cell + 1) / f64::from(cells),
            );
            let (low, high) = (sold * low * low, sold * high * high);
            sum += kernel.price(QUOTE, 0.5 * (low + high), row) * (high - low);
        }
        let average = kernel.average_price(QUOTE, sold, row).expect("defined");
        assert!(
            (average - sum / sold).abs() < 1e-7,
            "{name} at {sold}: {average} and {}",
            sum / sold
        );
        let bounds = kernel.average_price_bounds(QUOTE, sold, row).expect("bounded");
        assert!(
            bounds.low <= average && average <= bounds.high,
            "{name} at {sold}"
        );
    }
    assert_eq!(
        kernel.average_price(QUOTE, 0.0, row),
        Some(QUOTE.shocked),
        "{name} without sales"
    );
}

#[test]
fn slopes_are_derivatives_and_averages_are_integrals() {
    check("none", &NoImpact, &delever_core::NoColumns {});
    check("linear", &Linear, &DepthRow { depth: 150.0 });
    check("exponential", &Exponential, &DepthRow { depth: 150.0 });
    check(
        "power",
        &Power,
        &PowerRow {
            c: 0.4,
            g: 0.7,
            depth: 90.0,
        },
    );
    check(
        "power above 1",
        &Power,
        &PowerRow {
            c: 0.2,
            g: 1.5,
            depth: 110.0,
        },
    );
    check(
        "square-root",
        &SquareRoot,
        &SquareRootRow {
            kappa: 1.5,
            volatility: 0.2,
            adv: 40.0,
        },
    );
    check(
        "floored-exponential",
        &FlooredExponential,
        &FlooredRow {
            depth: 150.0,
            price_floor: 0.8,
        },
    );
    check(
        "tanh",
        &Tanh,
        &FlooredRow {
            depth: 150.0,
            price_floor: 0.8,
        },
    );
    check(
        "tanh without a floor",
        &Tanh,
        &FlooredRow {
            depth: 30.0,
            price_floor: 0.0,
        },
    );
    check(
        "stressed-depth",
        &StressedDepth,
        &StressedDepthRow {
            depth: 200.0,
            withdrawal: 4.0,
        },
    );
    check(
        "stressed-volatility",
        &StressedVolatility,
        &StressedVolatilityRow {
            adv: 10.0,
            volatility: 0.02,
            horizon: 2.0,
            depth_scale: 0.4,
            volatility_stress: 3.0,
        },
    );
    check_slopes(
        "almgren",
        &Almgren,
        &AlmgrenRow {
            gamma: 0.314,
            eta: 0.142,
            volatility: 0.03,
            adv: 20.0,
            market_cap: 3000.0,
            horizon: 2.0,
        },
    );
    // Within the healthy range, beyond the jump, and on the floor.
    for (capital, depth_floor) in [(1e4, 0.0), (300.0, 0.05), (40.0, 0.2)] {
        check_slopes(
            "market-maker",
            &MarketMaker,
            &MarketMakerRow {
                depth: 150.0,
                capital,
                depth_floor,
            },
        );
    }
}
