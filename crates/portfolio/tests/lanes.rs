//! Rules in lanes: institutions side by side get what each gets alone, whatever stands beside it and whether or not they share
//! their parameters.

#![allow(clippy::expect_used)]

use delever_core::{
    BalanceSheet, Ball, LANES, Lane, NoColumns, Pack, PerInstitution, Plain, Rule, RuleKernel,
};
use delever_portfolio::rules::{
    LeverageCap, LeverageCapRow, LeverageTarget, LeverageTargetRow, LeverageThreshold, LeverageThresholdRow,
    Redemption, RedemptionRow,
};
use proptest::prelude::*;

/// Institutions, more than on one sheet, and not as many as on two.
const COUNT: usize = LANES + LANES / 2;

/// One institution: what it holds, what it owes, and its equity before the shock.
type Amounts = (f64, f64, f64, f64);

/// A sheet that shows these institutions, one in each lane; empty lanes behind the last.
fn sheet(institutions: &[Amounts]) -> BalanceSheet<'static, Ball<Plain>> {
    let amount = |of: fn(&Amounts) -> f64| {
        let mut lanes = [0.0; LANES];
        for (lane, institution) in lanes.iter_mut().zip(institutions) {
            *lane = of(institution);
        }
        lanes
    };
    let mut sheet = BalanceSheet::empty();
    sheet.cash = amount(|amounts| amounts.0);
    sheet.marketable = Ball::sum_of_products(Plain::of(amount(|amounts| amounts.1)), [3.0; LANES]);
    sheet.marketable_at_average = sheet.marketable;
    sheet.liabilities = Ball::exact(Plain::of(amount(|amounts| amounts.2)));
    sheet.equity_initial = amount(|amounts| amounts.3);
    sheet.assets_initial = [100.0; LANES];
    sheet.settle();
    sheet
}

/// Fractions of all institutions with their rounding, side by side and one at a time.
fn same_side_by_side_and_alone<K: RuleKernel<AssetRow = NoColumns>>(
    kernel: K,
    rows: Vec<K::Row>,
    institutions: &[Amounts],
) -> Result<(), TestCaseError> {
    let rule = PerInstitution::new(kernel, rows, Vec::new());
    let rule = rule.in_lanes().expect("a formula in any arithmetic");
    prop_assert!(rule.takes_institutions());
    let sheets: Vec<_> = institutions.chunks(LANES).map(sheet).collect();
    let mut together = vec![Ball::from(0.0); sheets.len()];
    prop_assert!(rule.fractions_in_lanes(Lane::Institution, 0, &sheets, &mut together));
    for (n, institution) in institutions.iter().enumerate() {
        let mut alone = [Ball::from(0.0)];
        let copies = [sheet(&[*institution; LANES])];
        prop_assert!(rule.fractions_in_lanes(Lane::Scenario, n, &copies, &mut alone));
        let (sheet, l) = (n / LANES, n % LANES);
        for (together, alone) in [
            (together[sheet].center, alone[0].center),
            (together[sheet].radius, alone[0].radius),
        ] {
            let (together, alone) = (together.lanes()[l], alone.lanes()[l]);
            prop_assert_eq!(
                together.to_bits(),
                alone.to_bits(),
                "institution {}: {} {}",
                n,
                together,
                alone
            );
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn institutions_side_by_side_get_what_each_gets_alone(
        institutions in proptest::collection::vec(
            (-1.0..5.0_f64, 0.0..100.0_f64, prop_oneof![Just(0.0), 50.0..100.0_f64], -5.0..20.0_f64),
            COUNT,
        ),
        kinds in proptest::collection::vec(0..3_usize, COUNT),
        shared in any::<bool>(),
    ) {
        let kinds: Vec<usize> = kinds.iter().map(|&kind| if shared { kinds[0] } else { kind }).collect();
        let caps = [5.0, 20.0, f64::INFINITY];
        let rows = kinds.iter().map(|&kind| LeverageCapRow::cap(caps[kind])).collect();
        same_side_by_side_and_alone(LeverageCap, rows, &institutions)?;
        let targets = [None, Some(8.0), Some(15.0)];
        let row = |kind: usize| LeverageTargetRow {
            target_leverage: targets[kind],
            two_sided: kind == 2,
        };
        let rows = kinds.iter().map(|&kind| row(kind)).collect();
        same_side_by_side_and_alone(LeverageTarget, rows, &institutions)?;
        let row = |kind: usize| LeverageThresholdRow {
            act_below: [0.03, 0.04, 0.05][kind],
            target: 0.05,
            default_below: (kind > 0).then_some(0.01),
        };
        let rows = kinds.iter().map(|&kind| row(kind)).collect();
        same_side_by_side_and_alone(LeverageThreshold, rows, &institutions)?;
        let rows = kinds.iter().map(|&kind| RedemptionRow::sensitivity([0.5, 1.0, 2.0][kind])).collect();
        same_side_by_side_and_alone(Redemption, rows, &institutions)?;
    }
}
