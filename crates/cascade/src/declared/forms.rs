//! One institution at one state in every form of its models: doubles, lanes, jets.

use super::SLACK;
use crate::boundary::MovedMarket;
use crate::composition::{Block, Cascade};
use crate::pass::StateView;
use delever_core::{
    BalanceSheet, Ball, Execution, FractionsInLanes, InLanes, Interval, Jet, LANES, Lane, Pack, Plain,
    RatiosInLanes, Sale, SparseRow,
};

/// What the models of an institution answer in doubles, and the ranges in which their other forms put it.
#[derive(Default)]
pub(super) struct Shown {
    /// As computed; beside a jump, what a hair less and a hair more of everything gives too.
    pub fraction: [f64; 2],
    pub ratio: [f64; 2],
    pub fractions: Vec<Interval>,
    pub ratios: Vec<Interval>,
    /// What they answer where amounts stay and single holdings and prices move, where they say that they do not look at those.
    pub moved_fractions: Vec<f64>,
    pub moved_ratios: Vec<f64>,
}

impl Shown {
    /// Whether some form puts the fraction sold, or the payment ratio, elsewhere.
    pub fn differs(&self) -> [bool; 2] {
        [
            !meet(&self.fractions, self.fraction),
            !meet(&self.ratios, self.ratio),
        ]
    }
}

/// Whether every range holds a value between two that doubles give. An end that is NaN says nothing.
fn meet(ranges: &[Interval], [low, high]: [f64; 2]) -> bool {
    let apart = |range: &Interval| range.low - SLACK > high || low > range.high + SLACK;
    !ranges.iter().any(apart)
}

/// One institution at one state.
pub(super) struct Forms<'f> {
    pub cascade: &'f Cascade<'f>,
    pub block: &'f Block,
    pub n: usize,
    pub sheet: &'f BalanceSheet<'f>,
}

impl Forms<'_> {
    pub fn show(&self, lane_prices: &[[f64; LANES]], jet_prices: &[Jet]) -> Shown {
        let Self {
            cascade,
            block,
            n,
            sheet,
        } = *self;
        let (row, id) = (n - block.range.start, cascade.order[n]);
        let fraction = |sheet: BalanceSheet<'_>| {
            let mut sale = [Sale::nothing()];
            block.rule.sales_into(row, &[sheet], &mut sale);
            sale[0].fraction(&sheet)
        };
        let components = |sheet: BalanceSheet<'_>| {
            let mut components = vec![0.0; cascade.components];
            if !components.is_empty() {
                cascade.claims.settle_into(&[id], &[sheet], &mut components);
            }
            components
        };
        let (sold, ratio) = (
            fraction(*sheet),
            components(*sheet).first().copied().unwrap_or(1.0),
        );
        let mut shown = Shown {
            fraction: [sold; 2],
            ratio: [ratio; 2],
            ..Shown::default()
        };
        // Twice the holdings, and none: what looks at them on any scale sees one of these.
        let moved = [2.0, 0.0].map(|units| Moved::of(sheet, units));
        let elsewhere = [moved[0].on(sheet), moved[1].on(sheet)];
        let plain = || sheet.in_numbers::<Plain>(|x| [x; LANES], lane_prices, lane_prices);
        let balls = || sheet.in_numbers::<Ball<Plain>>(|x| [x; LANES], lane_prices, lane_prices);
        if let Some(rule) = block.rule.in_lanes() {
            shown.moved_fractions.extend(
                elsewhere
                    .iter()
                    .filter(|_| rule.takes_institutions())
                    .map(|&sheet| fraction(sheet)),
            );
            shown
                .fractions
                .extend(fraction_of::<Plain>(rule, row, plain()).map(point));
            shown
                .fractions
                .extend(fraction_of::<Ball<Plain>>(rule, row, balls()).map(range));
        }
        if let Some(claims) = cascade.claims.in_lanes().filter(|_| cascade.components == 1) {
            shown.moved_ratios.extend(
                elsewhere
                    .iter()
                    .filter(|_| claims.takes_institutions())
                    .map(|&sheet| components(sheet)[0]),
            );
            shown
                .ratios
                .extend(ratio_of::<Plain>(claims, id, plain()).map(point));
            shown
                .ratios
                .extend(ratio_of::<Ball<Plain>>(claims, id, balls()).map(range));
        }
        let jets = sheet.in_numbers::<Jet>(Jet::from, jet_prices, jet_prices);
        if cascade.execution == Execution::Terminal
            && let Some(sale) = block.rule.sale_jet(row, &jets)
        {
            shown.fractions.push(sale.fraction(&jets).value.outward());
        }
        // A fraction of holdings that are worth nothing beside the rest is no sale: rounding alone may ask for all of them.
        if sheet.marketable.abs() <= SLACK * (sheet.assets().abs() + sheet.liabilities) {
            shown.fractions.clear();
            shown.moved_fractions.clear();
        }
        if shown.differs() != [false; 2] {
            // Beside a jump, forms that round otherwise may stand on its other side: what lies between both sides is no fault.
            let state = StateView {
                prices: sheet.prices,
                averages: sheet.average_prices,
                claims: &[],
            };
            for step in [-SLACK, SLACK] {
                let market = MovedMarket::new(state, sheet.initial_prices, step);
                let moved = market.sheet(sheet);
                let (sold, ratio) = (fraction(moved), components(moved).first().copied().unwrap_or(1.0));
                shown.fraction = [shown.fraction[0].min(sold), shown.fraction[1].max(sold)];
                shown.ratio = [shown.ratio[0].min(ratio), shown.ratio[1].max(ratio)];
            }
        }
        shown
    }
}

fn point(x: Plain) -> Interval {
    Interval::from(x.lanes()[0])
}

fn range(ball: Ball<Plain>) -> Interval {
    let (center, radius) = (ball.center.lanes()[0], ball.radius.lanes()[0]);
    Interval {
        low: center - radius,
        high: center + radius,
    }
}

fn fraction_of<N: InLanes<Given = [f64; LANES]>>(
    rule: &(impl FractionsInLanes<N> + ?Sized),
    row: usize,
    sheet: BalanceSheet<'_, N>,
) -> Option<N> {
    let mut fraction = [N::from(0.0)];
    rule.fractions_in_lanes(Lane::Scenario, row, &[sheet], &mut fraction)
        .then_some(fraction[0])
}

fn ratio_of<N: InLanes<Given = [f64; LANES]>>(
    claims: &(impl RatiosInLanes<N> + ?Sized),
    id: u32,
    sheet: BalanceSheet<'_, N>,
) -> Option<N> {
    let mut ratio = [N::from(0.0)];
    claims
        .ratios_in_lanes(Lane::Scenario, &[id], &[sheet], &mut ratio)
        .then_some(ratio[0])
}

/// Other holdings and prices, for a sheet whose amounts stay as they are.
struct Moved {
    units: Vec<f64>,
    prices: Vec<f64>,
    initial_prices: Vec<f64>,
}

impl Moved {
    fn of(sheet: &BalanceSheet<'_>, units: f64) -> Self {
        let scaled = |values: &[f64], by: f64| values.iter().map(|x| by * x).collect();
        Self {
            units: scaled(sheet.holdings.values, units),
            prices: scaled(sheet.prices, 0.75),
            initial_prices: scaled(sheet.initial_prices, 0.5),
        }
    }

    fn on<'m>(&'m self, sheet: &BalanceSheet<'m>) -> BalanceSheet<'m> {
        let mut moved = *sheet;
        moved.holdings = SparseRow {
            columns: sheet.holdings.columns,
            values: &self.units,
        };
        (moved.prices, moved.average_prices) = (&self.prices, &self.prices);
        moved.initial_prices = &self.initial_prices;
        moved
    }
}
