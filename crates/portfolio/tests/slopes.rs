//! Sales have the slopes that differences have: in cash, in receipts, in prices, and in the parameters that can be moved.

use delever_core::{BalanceSheet, Dual, NoColumns, RuleKernel, Sale, SparseRow, Strategy, StrategyScratch};
use delever_portfolio::rules::{
    CapitalRatio, CapitalRatioRow, FundingWithdrawal, FundingWithdrawalRow, Haircut, LeverageCap,
    LeverageCapRow, LeverageTarget, LeverageTargetRow, LeverageThreshold, LeverageThresholdRow, Liquidity,
    LiquidityShortfall, LiquidityShortfallRow, Margin, Redemption, RedemptionRow, RiskWeight, SellOnDefault,
};
use delever_portfolio::strategies::{ImpactCurve, LeastImpact, PeckingOrder, ProRata};

const HELD: [f64; 3] = [40.0, 30.0, 30.0];
const PRICES: [f64; 3] = [0.9, 1.1, 0.8];
const INITIAL: [f64; 3] = [1.0, 1.2, 0.9];
const CASH: usize = 3;
const RECEIVED: usize = 4;
/// A direction in which no amount moves.
const FREE: usize = 7;

/// Prices, then cash and receipts: what the sheets of these tests are made of.
type Amounts = [f64; 5];

const NOW: Amounts = [PRICES[0], PRICES[1], PRICES[2], 2.0, 10.0];

/// Debts of 100 against holdings of 93, cash of 2 and receipts of 10: leverage of 21.
fn with<R>(amounts: Amounts, use_it: impl FnOnce(&BalanceSheet<'_>) -> R) -> R {
    let prices = [amounts[0], amounts[1], amounts[2]];
    let mut sheet = BalanceSheet::empty();
    sheet.holdings = SparseRow {
        columns: &[0, 1, 2],
        values: &HELD,
    };
    (sheet.initial_prices, sheet.prices, sheet.average_prices) = (&INITIAL, &prices, &prices);
    sheet.marketable = sheet.holdings.product_sum(&prices);
    sheet.marketable_at_average = sheet.marketable;
    (sheet.cash, sheet.received) = (amounts[CASH], amounts[RECEIVED]);
    (sheet.liabilities, sheet.debts_face, sheet.external_liabilities) = (100.0, 30.0, 70.0);
    (sheet.equity_initial, sheet.assets_initial) = (15.0, 115.0);
    use_it(&sheet)
}

/// The sheet with every amount moving in its own direction.
fn moving<'a>(sheet: &BalanceSheet<'a>, prices: &'a [Dual]) -> BalanceSheet<'a, Dual> {
    let mut moving = sheet.in_duals(prices);
    for (asset, units) in sheet.holdings.iter() {
        moving.marketable.slopes[asset] = units;
    }
    moving.cash.slopes[CASH] = 1.0;
    moving.received.slopes[RECEIVED] = 1.0;
    moving.settle();
    moving
}

fn moving_prices() -> Vec<Dual> {
    (0..3).map(|k| Dual::variable(PRICES[k], k)).collect()
}

fn central(step: f64, at: impl Fn(f64) -> f64) -> f64 {
    (8.0 * (at(step) - at(-step)) - (at(2.0 * step) - at(-2.0 * step))) / (12.0 * step)
}

#[track_caller]
fn near(found: f64, expected: f64, what: &str) {
    assert!(
        (found - expected).abs() <= 1e-8 * expected.abs().max(0.01),
        "{what}: {found} instead of {expected}"
    );
}

/// Compares the units sold with differences under one strategy; returns whether any unit moves.
fn compare(
    units: impl Fn(&BalanceSheet<'_>) -> [f64; 3],
    duals: impl Fn(&BalanceSheet<'_, Dual>) -> [Dual; 3],
    what: &str,
) -> bool {
    let prices = moving_prices();
    let found = with(NOW, |sheet| duals(&moving(sheet, &prices)));
    let mut moves = false;
    for (place, found) in found.iter().enumerate() {
        assert_eq!(found.value, with(NOW, &units)[place], "{what}");
        for direction in 0..NOW.len() {
            let difference = central(2e-5, |by| {
                let mut amounts = NOW;
                amounts[direction] += by;
                with(amounts, &units)[place]
            });
            near(
                found.slopes[direction],
                difference,
                &format!("{what}, unit {place} in {direction}"),
            );
            moves |= difference.abs() > 1e-6;
        }
    }
    moves
}

fn check<K: RuleKernel>(kernel: &K, row: &K::Row, assets: &[K::AssetRow], what: &str) {
    let by_priority = PeckingOrder::by_priority(&[2.0, 0.5, 1.0]);
    let curve = |depth: f64, g: f64| ImpactCurve { c: 0.7, g, depth };
    let filling = LeastImpact::new(&[curve(300.0, 0.8), curve(90.0, 0.8), curve(40.0, 0.8)], &INITIAL);
    let uneven = LeastImpact::new(
        &[curve(300.0, 0.5), curve(900.0, 1.2), curve(40.0, 1.0)],
        &INITIAL,
    );
    let with_free = LeastImpact::new(
        &[curve(300.0, 1.0), curve(90.0, 1.0), curve(f64::INFINITY, 1.0)],
        &INITIAL,
    );
    let strategies: [&dyn Strategy; 5] = [&ProRata, &by_priority, &filling, &uneven, &with_free];
    for (n, strategy) in strategies.into_iter().enumerate() {
        let what = &format!("{what}, strategy {n}");
        let scratch = StrategyScratch::default;
        let moves = compare(
            |sheet| {
                let mut units = [0.0; 3];
                strategy.units_into(kernel.sale(sheet, row, assets), sheet, &mut scratch(), &mut units);
                units
            },
            |sheet| {
                let mut units = with(NOW, |sheet| {
                    let mut units = [0.0; 3];
                    strategy.units_into(kernel.sale(sheet, row, assets), sheet, &mut scratch(), &mut units);
                    units.map(Dual::from)
                });
                let sale = kernel.sale_in_duals(sheet, row, assets).expect("has slopes");
                assert!(strategy.units_in_duals(sale, sheet, &mut scratch(), &mut units));
                units
            },
            what,
        );
        assert!(moves, "{what}: a test of nothing");
    }
}

/// The derivative of the fraction sold in a parameter, against rows with another value.
fn check_parameter<K: RuleKernel>(
    kernel: &K,
    name: &str,
    assets: &[K::AssetRow],
    value: f64,
    row: impl Fn(f64) -> K::Row,
) {
    let difference = central(1e-4 * value, |by| {
        with(NOW, |sheet| {
            kernel.sale(sheet, &row(value + by), assets).fraction(sheet)
        })
    });
    let prices = moving_prices();
    let found = with(NOW, |sheet| {
        let still = sheet.in_duals(&prices);
        let by = Dual::variable(0.0, FREE);
        assert_eq!(
            kernel.sale_moved("no such parameter", by, &still, &row(value), assets),
            None
        );
        let sale = kernel.sale_moved(name, by, &still, &row(value), assets);
        sale.expect("can be moved").fraction(&still)
    });
    assert!(found.value > 0.0 && found.value < 1.0 && difference != 0.0);
    near(found.slopes[FREE], difference, name);
}

#[test]
fn rules_have_the_slopes_of_their_differences() {
    let weights = [0.2, 0.5, 0.3].map(|risk_weight| RiskWeight { risk_weight });
    let margins = [(0.02, 0.1), (0.06, 0.0), (0.1, 0.3)].map(|(haircut, procyclicality)| Margin {
        haircut,
        procyclicality,
    });
    check(&LeverageCap, &LeverageCapRow::cap(14.0), &[], "leverage cap");
    let threshold = LeverageThresholdRow {
        act_below: 0.06,
        target: 0.07,
        default_below: None,
    };
    check(&LeverageThreshold, &threshold, &[], "leverage threshold");
    check(
        &LeverageTarget,
        &LeverageTargetRow::default(),
        &[],
        "initial leverage",
    );
    let ratio = CapitalRatioRow {
        min_ratio: 0.16,
        other_risk_weight: 0.4,
    };
    check(&CapitalRatio, &ratio, &weights, "capital ratio");
    check(&Haircut, &NoColumns {}, &margins, "haircut");
    let shortfall = LiquidityShortfallRow { withdrawals: 20.0 };
    check(&LiquidityShortfall, &shortfall, &[], "liquidity shortfall");
    let run = FundingWithdrawalRow {
        run_below: 0.06,
        run_complete_below: 0.02,
    };
    check(&FundingWithdrawal, &run, &[], "funding withdrawal");
    let fund = RedemptionRow {
        liquidity: Liquidity::CashFirst,
        ..RedemptionRow::sensitivity(0.9)
    };
    check(&Redemption, &fund, &[], "redemption, cash first");
    check(
        &Redemption,
        &RedemptionRow::sensitivity(0.9),
        &[],
        "redemption, a slice",
    );
}

#[test]
fn rules_have_slopes_in_their_parameters() {
    let weights = [0.2, 0.5, 0.3].map(|risk_weight| RiskWeight { risk_weight });
    check_parameter(&LeverageCap, "max_leverage", &[], 14.0, LeverageCapRow::cap);
    check_parameter(&LeverageCap, "min_leverage_ratio", &[], 0.07, |ratio| {
        LeverageCapRow {
            max_leverage: None,
            min_leverage_ratio: Some(ratio),
        }
    });
    check_parameter(&LeverageThreshold, "target", &[], 0.07, |target| {
        LeverageThresholdRow {
            act_below: 0.06,
            target,
            default_below: None,
        }
    });
    check_parameter(&LeverageTarget, "target_leverage", &[], 15.0, |leverage| {
        LeverageTargetRow {
            target_leverage: Some(leverage),
            two_sided: false,
        }
    });
    check_parameter(&CapitalRatio, "min_ratio", &weights, 0.16, |min_ratio| {
        CapitalRatioRow {
            min_ratio,
            other_risk_weight: 0.4,
        }
    });
    check_parameter(&LiquidityShortfall, "withdrawals", &[], 20.0, |withdrawals| {
        LiquidityShortfallRow { withdrawals }
    });
    // No cap has no slope, whichever way it would be given.
    let prices = moving_prices();
    let uncapped = LeverageCapRow::cap(f64::INFINITY);
    let sale = with(NOW, |sheet| {
        let still = sheet.in_duals(&prices);
        LeverageCap.sale_moved("max_leverage", Dual::variable(0.0, FREE), &still, &uncapped, &[])
    });
    assert_eq!(sale, Some(Sale::nothing()));
}

/// Who buys does so in proportion, and who sells on default does not move between jumps.
#[test]
fn purchases_have_slopes_and_defaults_have_none() {
    let two_sided = LeverageTargetRow {
        target_leverage: Some(25.0),
        two_sided: true,
    };
    check(&LeverageTarget, &two_sided, &[], "two-sided target");
    let prices = moving_prices();
    let sale = with(NOW, |sheet| {
        SellOnDefault.sale_in_duals(&moving(sheet, &prices), &NoColumns {}, &[])
    });
    let Some(Sale::Fraction(fraction)) = sale else {
        panic!("a fraction");
    };
    assert_eq!((fraction.value, fraction.slopes), (0.0, [0.0; Dual::DIRECTIONS]));
    // 5 of equity: at the steepest, a price of the 40 units that are held of the first asset must fall by 1/8.
    assert!((fraction.kink - 5.0 / 40.0).abs() < 1e-12, "{}", fraction.kink);
}
