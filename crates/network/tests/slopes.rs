//! What creditors get has the slopes that differences have, in cash, in receipts and in the value of holdings.

use delever_core::{BalanceSheet, ClaimKernel, Dual};
use delever_network::clearing::{
    EisenbergNoe, EisenbergNoeRow, ExternalRank, RogersVeraart, RogersVeraartRow,
};
use delever_network::valuation::{
    BlackCox, DebtRank, DebtRankRow, Furfine, FurfineMerton, FurfineRow, Merton, StructuralRow,
};

const CASH: usize = 0;
const RECEIVED: usize = 1;
const MARKETABLE: usize = 2;

/// A debtor with cash, receipts and holdings; owes 50 inside and 40 outside.
fn sheet(cash: f64, received: f64, marketable: f64) -> BalanceSheet<'static> {
    let mut sheet = BalanceSheet::empty();
    (sheet.cash, sheet.received, sheet.marketable) = (cash, received, marketable);
    (sheet.debts_face, sheet.external_liabilities, sheet.liabilities) = (50.0, 40.0, 90.0);
    sheet.equity_initial = 10.0;
    sheet
}

/// Compares slopes with differences; returns the distance to the next kink.
#[track_caller]
fn check<K: ClaimKernel>(kernel: &K, row: &K::Row, amounts: [f64; 3]) -> f64 {
    let [cash, received, marketable] = amounts;
    let mut moving = sheet(cash, received, marketable).in_duals(&[]);
    moving.cash.slopes[CASH] = 1.0;
    moving.received.slopes[RECEIVED] = 1.0;
    moving.marketable.slopes[MARKETABLE] = 1.0;
    moving.settle();
    let ratio = kernel.payment_ratio_in_duals(&moving, row).expect("has slopes");
    let at =
        |by: [f64; 3]| kernel.payment_ratio(&sheet(cash + by[0], received + by[1], marketable + by[2]), row);
    assert_eq!(ratio.value, at([0.0; 3]));
    let step = 1e-3;
    for direction in [CASH, RECEIVED, MARKETABLE] {
        let along = |by: f64| {
            let mut moved = [0.0; 3];
            moved[direction] = by * step;
            at(moved)
        };
        let difference = (8.0 * (along(1.0) - along(-1.0)) - (along(2.0) - along(-2.0))) / (12.0 * step);
        let slope = ratio.slopes[direction];
        assert!(
            (slope - difference).abs() <= 1e-9 * difference.abs().max(0.01),
            "direction {direction}: {slope} instead of {difference}"
        );
    }
    ratio.kink
}

#[test]
fn every_kernel_has_the_slopes_of_its_differences() {
    let noe = |external| EisenbergNoeRow { external };
    // 84 of 90: 6 are missing.
    let (failing, healthy) = ([4.0, 30.0, 50.0], [4.0, 30.0, 66.0]);
    assert!((check(&EisenbergNoe, &noe(ExternalRank::PariPassu), failing) - 6.0).abs() < 1e-12);
    assert!((check(&EisenbergNoe, &noe(ExternalRank::Senior), failing) - 6.0).abs() < 1e-12);
    assert!((check(&EisenbergNoe, &noe(ExternalRank::Senior), [4.0, 10.0, 50.0]) - 24.0).abs() < 1e-12);
    assert!((check(&EisenbergNoe, &noe(ExternalRank::PariPassu), healthy) - 10.0).abs() < 1e-12);
    let haircuts = RogersVeraartRow::pari_passu(0.8, 0.6);
    assert!((check(&RogersVeraart, &haircuts, failing) - 6.0).abs() < 1e-12);
    assert!((check(&RogersVeraart, &haircuts, healthy) - 10.0).abs() < 1e-12);
    assert!((check(&DebtRank, &DebtRankRow::default(), [4.0, 30.0, 60.0]) - 4.0).abs() < 1e-12);
    assert!((check(&Furfine, &FurfineRow { recovery: 0.4 }, failing) - 6.0).abs() < 1e-12);
    for recovery in [0.0, 0.4, 1.0] {
        let row = StructuralRow {
            asset_volatility: 0.15,
            maturity: 2.0,
            recovery,
        };
        for amounts in [failing, healthy, [4.0, 30.0, 57.0], [20.0, 10.0, 90.0]] {
            check(&Merton, &row, amounts);
            check(&FurfineMerton, &row, amounts);
            check(&BlackCox, &row, amounts);
        }
    }
    // External assets of 54 have to cover 60: default is certain, and 6 more would make it doubtful.
    let row = StructuralRow {
        asset_volatility: 0.15,
        maturity: 1.0,
        recovery: 0.5,
    };
    let kink = check(&BlackCox, &row, failing);
    assert!((kink - 6.0).abs() < 0.5, "to first order {kink}");
}

/// Debts that are covered whatever happens have no slope, and one that only receipts cover has none in cash.
#[test]
fn claims_that_cannot_move_do_not() {
    let row = StructuralRow {
        asset_volatility: 0.15,
        maturity: 1.0,
        recovery: 0.5,
    };
    let ratio = |cash: f64, received: f64| {
        let mut moving = sheet(cash, received, 0.0).in_duals(&[]);
        moving.cash = Dual::variable(cash, CASH);
        moving.settle();
        Merton.payment_ratio_in_duals(&moving, &row).expect("has slopes")
    };
    assert_eq!(
        (ratio(1.0, 95.0).value, ratio(1.0, 95.0).slopes[CASH]),
        (1.0, 0.0)
    );
    // Without outside assets default is certain, and half of what is received is recovered.
    let receipts_only = ratio(0.0, 18.0);
    assert!((receipts_only.value - 0.1).abs() < 1e-15 && receipts_only.slopes[CASH] == 0.0);
}
