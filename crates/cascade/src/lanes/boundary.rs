//! Whether somebody is so near to trading, or to not trading, that bounds have to tell: as [`crate::boundary`] asks, in lanes.

use super::chunk::SHEETS;
use super::numbers::ImageNumber;
use super::{Width, Widths};
use crate::boundary::{FAR, differ, money_for};
use delever_core::{BalanceSheet, FractionsInLanes, LANES, Pack, RuleInLanes};

/// Takes the margin of solvency away from scenarios in which one of the `count` institutions on these sheets, from row `first`
/// of the rule on, trades on the sheet moved one way and not on the sheet moved the other.
#[inline(always)]
pub(super) fn mark_undecided<const W: usize, P: Pack<Array = [f64; LANES]>, N: ImageNumber>(
    like: P,
    rule: &dyn RuleInLanes,
    first: usize,
    sheets: &[BalanceSheet<'_, N>],
    count: usize,
    margin: &mut [f64; W],
) where
    Widths: Width<W>,
    for<'m> dyn RuleInLanes + 'm: FractionsInLanes<N>,
{
    let mut asked = [[[0.0; LANES]; 2]; SHEETS];
    for (side, step) in [-FAR, FAR].into_iter().enumerate() {
        let mut moved = [BalanceSheet::<N>::empty(); SHEETS];
        let mut fractions = [N::from(0.0); SHEETS];
        let (moved, fractions) = (&mut moved[..sheets.len()], &mut fractions[..sheets.len()]);
        for (moved, sheet) in moved.iter_mut().zip(sheets) {
            *moved = shifted(like, sheet, step);
        }
        rule.fractions_in_lanes(<Widths as Width<W>>::LANE, first, moved, fractions);
        for (asked, fraction) in asked.iter_mut().zip(fractions) {
            asked[side] = fraction.center().lanes();
        }
    }
    for ((sheet, asked), place) in sheets.iter().zip(asked).zip((0..).step_by(LANES / W)) {
        let (size, held) = (size(like, sheet).lanes(), sheet.marketable.center().lanes());
        for l in 0..LANES {
            let money = asked.map(|fractions| money_for(fractions[l], held[l]));
            // Behind the last institution lanes are empty.
            if place + l / W < count && differ(money, held[l], FAR / 2.0 * size[l]) {
                margin[l % W] = f64::NEG_INFINITY;
            }
        }
    }
}

/// All that stands on a sheet, money.
#[inline(always)]
fn size<P: Pack<Array = [f64; LANES]>, N: ImageNumber>(like: P, sheet: &BalanceSheet<'_, N>) -> P {
    let amounts = [sheet.marketable, sheet.received, sheet.liabilities];
    let given = like.load(sheet.cash).abs() + like.load(sheet.other_assets).abs();
    amounts.iter().fold(given, |sum, amount| {
        sum + like.load(amount.center().lanes()).abs()
    })
}

/// The sheet with its amounts moved by the share `step`, assets up and debts down; prices stay.
#[inline(always)]
fn shifted<'b, P: Pack<Array = [f64; LANES]>, N: ImageNumber>(
    like: P,
    sheet: &BalanceSheet<'b, N>,
    step: f64,
) -> BalanceSheet<'b, N> {
    let center = |number: N| like.load(number.center().lanes());
    let exactly = |number: P| N::known(number.lanes(), [0.0; LANES]);
    let by = size(like, sheet) * like.splat(step);
    let mut moved = *sheet;
    moved.marketable = exactly(center(sheet.marketable) * like.splat(1.0 + step));
    moved.marketable_at_average = moved.marketable;
    moved.received = exactly(center(sheet.received) + by);
    moved.debts_received = moved.received;
    moved.liabilities = exactly(center(sheet.liabilities) - by);
    moved.settle_in(like);
    // What happened since before the shock stays.
    let since = |given: [f64; LANES], before: P, now: P| (now + (like.load(given) - before)).lanes();
    let (before, assets) = (center(sheet.assets()), center(moved.assets()));
    moved.assets_initial = since(sheet.assets_initial, before, assets);
    let (before, equity) = (
        before - center(sheet.liabilities),
        assets - center(moved.liabilities),
    );
    moved.equity_initial = since(sheet.equity_initial, before, equity);
    moved.equity_shocked = since(sheet.equity_shocked, before, equity);
    moved
}
