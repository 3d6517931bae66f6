//! What models declare of themselves, held against what they do on a few states.
//!
//! A proof believes its models: that sales fall and payments rise with the state, that bounds hold, that a formula looks at
//! amounts only, that its forms for several numbers are one formula. When a cascade is composed, some institutions of every
//! rule and all assets are asked at a few states between the healthiest and the worst, before any shock. A declaration that one
//! of these answers refutes is taken back for the whole cascade, and [`crate::Cascade::refuted`] says which.
//!
//! This finds models that are not as they say almost anywhere. It proves nothing: what no sampled answer refutes is trusted, and
//! is tested again at the states that each solve visits.

use crate::arithmetic::{Above, Arithmetic, Below, Nearest};
use crate::composition::{Block, Cascade};
use crate::enclosure::{self, States};
use crate::map::CascadeMap;
use crate::pass::{self, ChunkWork, PassWork, StateView};
use crate::sheet::{Account, Entitled, GivenAmounts};
use delever_core::{
    BalanceSheet, Ball, Execution, FractionsInLanes, InLanes, Interval, Jet, LANES, Lane, Market, Pack,
    Plain, RatiosInLanes, Sale, Single, SparseRow,
};
use delever_solver::{FixedPointMap, Solution};
use std::fmt;

/// Which models a declaration is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// What an institution sells: its rule and the strategy.
    Sales,
    /// What claims on an institution are worth: the claims model.
    Claims,
    /// The price of an asset: the impact model.
    Prices,
}

/// What was declared and does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Declaration {
    /// Sales that fall, claims that rise as the state rises, prices that fall with sales ([`delever_core::Profile::order`]).
    /// Without it nothing is certified.
    Order,
    /// Bounds that hold the model's own answer ([`delever_core::Profile::bounded`]). Without them nothing is certified.
    Bounds,
    /// Bounds over ranges of states (`encloses`). Without them anything that the model may do counts as possible.
    Enclosure,
    /// A formula that looks at amounts alone (`reads_amounts_only`). Without it institutions are computed one after the other.
    AmountsOnly,
    /// Forms for lanes and slopes that agree with the one for doubles. Without it neither is used.
    Formula,
}

/// A declaration that a model's own answer refutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refuted {
    /// Of which models.
    pub decision: Decision,
    /// What was declared.
    pub declaration: Declaration,
    /// The institution, or the asset, where it does not hold, by id.
    pub at: u32,
}

impl fmt::Display for Refuted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, models) = match self.decision {
            Decision::Sales => ("what institution", "its rule and strategy"),
            Decision::Claims => ("what claims on institution", "the claims model"),
            Decision::Prices => ("the price of asset", "the impact model"),
        };
        let verb = match self.decision {
            Decision::Sales => "sells",
            Decision::Claims => "are worth",
            Decision::Prices => "becomes",
        };
        let why = match self.declaration {
            Declaration::Order => "moves against the declared order; the answer is not certified",
            Declaration::Bounds => "lies outside the declared bounds; the answer is not certified",
            Declaration::Enclosure => "lies outside the bounds over a range of states; these are not used",
            Declaration::AmountsOnly => {
                "depends on single holdings or prices, though it is declared to depend on amounts only"
            }
            Declaration::Formula => {
                "differs between the forms of the formula; only the one for doubles and its bounds are used"
            }
        };
        let place = self.at;
        match self.decision {
            Decision::Prices => write!(f, "{what} {place} {why} ({models})"),
            _ => write!(f, "{what} {place} {verb} {why} ({models})"),
        }
    }
}

/// How much of declared order, bounds and agreement rounding may seem to break, relative to what is held, owed or quoted.
pub(crate) const SLACK: f64 = 1e-9;
/// Institutions of one rule, and of all rules, that are asked.
const OF_A_RULE: usize = 8;
const IN_ALL: usize = 64;
/// States from the healthiest to the worst, as shares of prices and claims: finer near the top, where leveraged institutions live.
const LADDER: [f64; 11] = [1.0, 0.996, 0.992, 0.984, 0.97, 0.94, 0.88, 0.75, 0.5, 0.25, 0.0];

/// Finds what the models of a cascade declare and do not keep.
pub(crate) fn refuted(cascade: &Cascade<'_>) -> Vec<Refuted> {
    let mut found = Vec::new();
    let mut probe = Probe::new(cascade);
    for (block, positions) in sample(cascade) {
        for n in positions {
            probe.institution(block, n, &mut found);
        }
    }
    probe.market(&mut found);
    found.dedup();
    found
}

/// Some positions of every block, evenly spread.
fn sample<'c>(cascade: &'c Cascade<'_>) -> impl Iterator<Item = (&'c Block, Vec<usize>)> {
    let each = (IN_ALL / cascade.blocks.len().max(1)).clamp(1, OF_A_RULE);
    cascade.blocks.iter().take(IN_ALL).map(move |block| {
        let length = block.range.len();
        let count = each.min(length);
        let places = (0..count).map(|k| block.range.start + k * length / count);
        (block, places.collect())
    })
}

/// A state between the worst and the healthiest.
#[derive(Clone)]
struct State {
    prices: Vec<f64>,
    claims: Vec<f64>,
}

impl State {
    fn view(&self) -> StateView<'_> {
        StateView {
            prices: &self.prices,
            averages: &self.prices,
            claims: &self.claims,
        }
    }
}

/// What one institution answers at one state.
#[derive(Default)]
struct Answer {
    units: Vec<f64>,
    components: Vec<f64>,
}

struct Probe<'c> {
    cascade: &'c Cascade<'c>,
    /// Range of claims, by id.
    bottom: Vec<f64>,
    top: Vec<f64>,
    state: State,
    before: State,
    nearest: ChunkWork<f64>,
    above: ChunkWork<<Above as Arithmetic>::Sum>,
    below: ChunkWork<<Below as Arithmetic>::Sum>,
    lane_prices: Vec<[f64; LANES]>,
    jet_prices: Vec<Jet>,
}

impl<'c> Probe<'c> {
    fn new(cascade: &'c Cascade<'_>) -> Self {
        let (count, assets) = (cascade.order.len(), cascade.system.asset_count());
        let claims = count * cascade.components;
        let (mut bottom, mut top) = (vec![0.0; claims], vec![0.0; claims]);
        let mut equity = Vec::new();
        if cascade.claims.share_entitlements().is_some() {
            equity = vec![Interval::from(0.0); count];
            for (n, &id) in cascade.order.iter().enumerate() {
                let held = cascade.holdings.row(n).product_sum(cascade.system.prices());
                let initial = cascade.equity_initial[n];
                equity[id as usize] = Interval::new(initial - held, initial.max(initial - held));
            }
        }
        if cascade.components > 0 {
            cascade.claims.range_into(&equity, &mut bottom, &mut top);
        }
        let state = || State {
            prices: vec![0.0; assets],
            claims: vec![0.0; claims],
        };
        let one = count.min(1);
        Self {
            state: state(),
            before: state(),
            nearest: ChunkWork::new(cascade, 0..one),
            above: ChunkWork::new(cascade, 0..one),
            below: ChunkWork::new(cascade, 0..one),
            lane_prices: vec![[0.0; LANES]; assets],
            jet_prices: vec![Jet::from(0.0); assets],
            bottom,
            top,
            cascade,
        }
    }

    /// Sets what the institution at position `n` sees: these shares of prices, and of claims from bottom to top.
    fn set(&mut self, n: usize, [prices, claims]: [f64; 2]) {
        std::mem::swap(&mut self.state, &mut self.before);
        let cascade = self.cascade;
        for &asset in cascade.holdings.row(n).columns {
            let asset = asset as usize;
            let price = cascade.system.prices()[asset] * prices;
            self.state.prices[asset] = price;
            self.lane_prices[asset] = [price; LANES];
            self.jet_prices[asset] = price.into();
        }
        if cascade.components > 0 {
            let debts = cascade.entitlements().row(n);
            let shares = cascade.share_entitlements().map(|shares| shares.row(n));
            for &column in debts
                .columns
                .iter()
                .chain(shares.iter().flat_map(|row| row.columns))
            {
                let column = column as usize;
                let (low, high) = (self.bottom[column], self.top[column]);
                self.state.claims[column] = low + claims * (high - low);
            }
        }
    }

    /// The account before any shock.
    fn account<A: Arithmetic>(&self, n: usize) -> Account<'c, A::Number> {
        let cascade = self.cascade;
        let institution = &cascade.system.institutions()[cascade.order[n] as usize];
        Account {
            holdings: cascade.holdings.row(n),
            given: GivenAmounts {
                cash: institution.cash,
                other_assets: institution.other_assets,
                external_liabilities: institution.external_liabilities,
                equity_initial: cascade.equity_initial[n],
                equity_shocked: cascade.equity_initial[n],
                assets_initial: cascade.assets_initial[n],
                repaid: 0.0,
            },
            liabilities: A::amount(cascade.liabilities.value[n], cascade.liabilities.bounds[n]),
        }
    }

    fn institution(&mut self, block: &Block, n: usize, found: &mut Vec<Refuted>) {
        let cascade = self.cascade;
        let at = cascade.order[n];
        let mut refute = |decision, declaration| {
            let refuted = Refuted {
                decision,
                declaration,
                at,
            };
            if !found
                .iter()
                .any(|other| (other.decision, other.declaration) == (decision, declaration))
            {
                found.push(refuted);
            }
        };
        let ladders: [fn(f64) -> [f64; 2]; 3] = [|t| [t, t], |t| [t, 1.0], |t| [1.0, t]];
        let ladders = if cascade.components > 0 {
            &ladders[..]
        } else {
            &ladders[..1]
        };
        for (ladder, place) in ladders.iter().enumerate() {
            let mut before = Answer::default();
            for (step, &t) in LADDER.iter().enumerate() {
                self.set(n, place(t));
                let answer = self.answer(n);
                if ladder == 0 && step % 2 == 0 {
                    for (decision, declaration) in self.other_forms(block, n, t) {
                        refute(decision, declaration);
                    }
                }
                if cascade.shape.isotone && step > 0 {
                    if self.sells_less(n, &before, &answer) {
                        refute(Decision::Sales, Declaration::Order);
                    }
                    if self.is_worth_more(n, &before, &answer) {
                        refute(Decision::Claims, Declaration::Order);
                    }
                }
                if cascade.shape.bounded && ladder == 0 {
                    let [sales, claims] = self.within_bounds(n, &answer);
                    if !sales {
                        refute(Decision::Sales, Declaration::Bounds);
                    }
                    if !claims {
                        refute(Decision::Claims, Declaration::Bounds);
                    }
                }
                if !cascade.shape.isotone && ladder == 0 && step > 0 {
                    let [sales, claims] = self.enclosed(block, n, [&before, &answer]);
                    if !sales {
                        refute(Decision::Sales, Declaration::Enclosure);
                    }
                    if !claims {
                        refute(Decision::Claims, Declaration::Enclosure);
                    }
                }
                before = answer;
            }
        }
    }

    /// What the institution sells and pays at the state, in doubles.
    fn answer(&mut self, n: usize) -> Answer {
        let account = self.account::<Nearest>(n);
        let mut units = Vec::new();
        self.nearest.move_to(n);
        let visit = |seen: pass::Visit<'_, f64>| units.extend_from_slice(seen.units);
        pass::run_chunk::<Nearest>(
            self.cascade,
            |_| account,
            self.state.view(),
            &mut self.nearest,
            visit,
        );
        Answer {
            units,
            components: self.nearest.components().to_vec(),
        }
    }

    /// What the other forms of the institution's models answer at this share of prices and claims that they may not.
    fn other_forms(&mut self, block: &Block, n: usize, t: f64) -> Vec<(Decision, Declaration)> {
        let mut refuted = Vec::new();
        let shown = self.show(block, n);
        let ratio = shown.components.first().copied().unwrap_or(1.0);
        if shown
            .moved_fractions
            .iter()
            .any(|&moved| !is_near(moved, shown.fraction))
        {
            refuted.push((Decision::Sales, Declaration::AmountsOnly));
        }
        if shown.moved_ratios.iter().any(|&moved| !is_near(moved, ratio)) {
            refuted.push((Decision::Claims, Declaration::AmountsOnly));
        }
        let differs = |fraction: [f64; 2], ratio: [f64; 2]| {
            [
                !meet(&shown.fractions, fraction[0], fraction[1]),
                !meet(&shown.ratios, ratio[0], ratio[1]),
            ]
        };
        if differs([shown.fraction; 2], [ratio; 2]) != [false; 2] {
            // Beside a jump, forms that round otherwise may stand on its other side: what lies between both sides is no fault.
            let (mut fractions, mut ratios) = ([shown.fraction; 2], [ratio; 2]);
            let before = self.before.clone();
            for beside in [t * (1.0 - SLACK), t * (1.0 + SLACK)] {
                self.set(n, [beside; 2]);
                let there = self.show(block, n);
                let ratio = there.components.first().copied().unwrap_or(1.0);
                fractions = [fractions[0].min(there.fraction), fractions[1].max(there.fraction)];
                ratios = [ratios[0].min(ratio), ratios[1].max(ratio)];
            }
            self.set(n, [t; 2]);
            self.before = before;
            let [sales, claims] = differs(fractions, ratios);
            refuted.extend(sales.then_some((Decision::Sales, Declaration::Formula)));
            refuted.extend(claims.then_some((Decision::Claims, Declaration::Formula)));
        }
        refuted
    }

    fn show(&mut self, block: &Block, n: usize) -> Shown {
        let account = self.account::<Nearest>(n);
        let Self {
            cascade,
            state,
            nearest,
            lane_prices,
            jet_prices,
            ..
        } = self;
        nearest.move_to(n);
        let mut shown = Shown::default();
        pass::run_chunk::<Nearest>(
            cascade,
            |_| account,
            state.view(),
            nearest,
            |seen| {
                let forms = Forms {
                    cascade,
                    block,
                    n,
                    sheet: seen.sheet,
                };
                shown = forms.show(lane_prices, jet_prices);
            },
        );
        shown
    }

    /// Whether less of some holding is sold than in the better state before.
    fn sells_less(&self, n: usize, better: &Answer, worse: &Answer) -> bool {
        let held = self.cascade.holdings.row(n).values;
        let units = better.units.iter().zip(&worse.units).zip(held);
        units
            .into_iter()
            .any(|((before, now), held)| !(*now >= before - SLACK * held))
    }

    fn size(&self, n: usize, component: usize) -> f64 {
        let place = self.cascade.order[n] as usize * self.cascade.components + component;
        (self.top[place] - self.bottom[place])
            .abs()
            .max(f64::MIN_POSITIVE)
    }

    fn is_worth_more(&self, n: usize, better: &Answer, worse: &Answer) -> bool {
        let claims = better.components.iter().zip(&worse.components).enumerate();
        claims
            .into_iter()
            .any(|(c, (before, now))| !(*now <= before + SLACK * self.size(n, c)))
    }

    /// Whether bounds at the state hold what is sold, and what claims are worth.
    fn within_bounds(&mut self, n: usize, answer: &Answer) -> [bool; 2] {
        let held = self.cascade.holdings.row(n).values;
        let mut sales = true;
        let mut check = |low: &[f64], high: &[f64]| {
            for (((units, low), high), held) in answer.units.iter().zip(low).zip(high).zip(held) {
                sales &= low - SLACK * held <= *units && *units <= high + SLACK * held;
            }
        };
        let (above, below) = (self.account::<Above>(n), self.account::<Below>(n));
        let (cascade, state) = (self.cascade, self.state.view());
        self.above.move_to(n);
        self.below.move_to(n);
        pass::run_chunk::<Above>(
            cascade,
            |_| above,
            state,
            &mut self.above,
            |seen| {
                check(seen.units, seen.most_units);
            },
        );
        pass::run_chunk::<Below>(
            cascade,
            |_| below,
            state,
            &mut self.below,
            |seen| {
                check(seen.units, seen.most_units);
            },
        );
        let bounds = self.below.components().iter().zip(self.above.components());
        let claims = answer.components.iter().zip(bounds).enumerate();
        let claims = claims.into_iter().all(|(c, (value, (low, high)))| {
            let slack = SLACK * self.size(n, c);
            low - slack <= *value && *value <= high + slack
        });
        [sales, claims]
    }

    /// Whether bounds over all states between this one and the last hold what either leads to: fractions sold, claims.
    fn enclosed(&mut self, block: &Block, n: usize, answers: [&Answer; 2]) -> [bool; 2] {
        let cascade = self.cascade;
        let mut sheet = BalanceSheet::<Interval>::empty();
        let states = States {
            low: self.state.view(),
            high: self.before.view(),
        };
        let account = self.account::<Below>(n);
        let entitled = Entitled::of(cascade).without_contingent();
        // What is paid at average prices depends on what is sold; the engine then asks in another order.
        if cascade.execution == Execution::Vwap
            || enclosure::fill(cascade, entitled, states, n, account, &mut sheet).is_err()
        {
            return [true; 2];
        }
        let mut sales = true;
        if block.encloses && cascade.strategy.sells_pro_rata() {
            let mut sale = [Sale::nothing()];
            block
                .rule
                .sale_bounds_into(n - block.range.start, &[sheet], &mut sale);
            let bounds = sale[0].fraction(&sheet);
            for answer in answers {
                for (units, held) in answer.units.iter().zip(sheet.holdings.values) {
                    let (low, high) = (bounds.low - SLACK, bounds.high + SLACK);
                    sales &= low * held <= *units && *units <= high * held;
                }
            }
        }
        let mut claims = true;
        if cascade.claims_enclose && cascade.components > 0 {
            let (mut low, mut high) = (vec![0.0; cascade.components], vec![0.0; cascade.components]);
            cascade
                .claims
                .settle_bounds_into(&cascade.order[n..=n], &[sheet], &mut low, &mut high);
            for answer in answers {
                for (c, value) in answer.components.iter().enumerate() {
                    let slack = SLACK * self.size(n, c);
                    claims &= low[c] - slack <= *value && *value <= high[c] + slack;
                }
            }
        }
        [sales, claims]
    }

    /// Prices after sales from nothing to all that is held, all assets at once.
    fn market(&self, found: &mut Vec<Refuted>) {
        let cascade = self.cascade;
        let prices = cascade.system.prices();
        let market = Market::new(prices, prices);
        let count = prices.len();
        let mut before: [Vec<f64>; 2] = [prices.to_vec(), prices.to_vec()];
        let mut quoted = before.clone();
        let (mut low, mut high) = (vec![0.0; count], vec![0.0; count]);
        let pays_averages = cascade.execution == Execution::Vwap;
        for &left in &LADDER {
            let sold: Vec<f64> = (cascade.held.iter().zip(prices))
                .map(|(held, price)| (1.0 - left) * held * price)
                .collect();
            cascade.impact.prices_into(market, &sold, &mut quoted[0]);
            if pays_averages {
                cascade.impact.average_prices_into(market, &sold, &mut quoted[1]);
            }
            let kinds = if pays_averages { 2 } else { 1 };
            for kind in 0..kinds {
                let (now, last) = (&quoted[kind], &before[kind]);
                let mut refute = |k: usize, declaration| {
                    found.push(Refuted {
                        decision: Decision::Prices,
                        declaration,
                        at: k as u32,
                    });
                };
                let rises = |&k: &usize| !(now[k] <= last[k] + SLACK * prices[k]);
                if cascade.shape.isotone
                    && let Some(k) = (0..count).find(rises)
                {
                    refute(k, Declaration::Order);
                }
                if cascade.shape.bounded {
                    if kind == 0 {
                        cascade
                            .impact
                            .price_bounds_into(market, &sold, &mut low, &mut high);
                    } else {
                        cascade
                            .impact
                            .average_price_bounds_into(market, &sold, &mut low, &mut high);
                    }
                    let is_outside = |&k: &usize| {
                        let slack = SLACK * prices[k];
                        !(low[k] - slack <= now[k] && now[k] <= high[k] + slack)
                    };
                    if let Some(k) = (0..count).find(is_outside) {
                        refute(k, Declaration::Bounds);
                    }
                }
                if kind == 0
                    && let Some(k) = self.another_price(market, &sold, now)
                {
                    refute(k, Declaration::Formula);
                }
            }
            std::mem::swap(&mut before, &mut quoted);
        }
    }

    /// The asset whose price is another one in lanes or in jets.
    fn another_price(&self, market: Market<'_>, sold: &[f64], prices: &[f64]) -> Option<usize> {
        let cascade = self.cascade;
        // Beside a jump, forms that round otherwise may stand on its other side.
        let mut range: [Vec<f64>; 2] = [prices.to_vec(), prices.to_vec()];
        let mut beside = vec![0.0; prices.len()];
        for factor in [1.0 - SLACK, 1.0 + SLACK] {
            let sold: Vec<f64> = sold.iter().map(|sold| sold * factor).collect();
            cascade.impact.prices_into(market, &sold, &mut beside);
            for (k, &price) in beside.iter().enumerate() {
                range[0][k] = range[0][k].min(price);
                range[1][k] = range[1][k].max(price);
            }
        }
        let differs = |k: usize, low: f64, high: f64| {
            let slack = SLACK * market.shocked[k];
            !(low - slack <= range[1][k] && range[0][k] <= high + slack)
        };
        if let Some(impact) = cascade.impact.in_lanes() {
            let mut balls: Vec<Ball<Single>> = sold.iter().map(|&sold| Ball::from(sold)).collect();
            impact.survive_alone(0, &mut balls);
            for (k, ball) in balls.iter().enumerate() {
                let price = market.shocked[k] * ball.center.lanes()[0];
                if differs(k, price, price) {
                    return Some(k);
                }
            }
        }
        let sold: Vec<Jet> = sold.iter().map(|&sold| Jet::from(sold)).collect();
        let (mut jets, mut averages) = (sold.clone(), Vec::new());
        if cascade
            .impact
            .price_jets_into(market, &sold, &mut jets, &mut averages)
        {
            return (0..jets.len()).find(|&k| {
                let value = jets[k].value.outward();
                differs(k, value.low, value.high)
            });
        }
        None
    }
}

/// What the models of an institution answer in doubles, and the ranges in which their other forms put it.
#[derive(Default)]
struct Shown {
    fraction: f64,
    components: Vec<f64>,
    fractions: Vec<Interval>,
    ratios: Vec<Interval>,
    /// What they answer where amounts stay and single holdings and prices move, where they say that they do not look at those.
    moved_fractions: Vec<f64>,
    moved_ratios: Vec<f64>,
}

/// Whether every range holds a value between two that doubles give.
fn meet(ranges: &[Interval], low: f64, high: f64) -> bool {
    ranges
        .iter()
        .all(|range| range.low - SLACK <= high && low <= range.high + SLACK)
}

/// One institution at one state.
struct Forms<'f> {
    cascade: &'f Cascade<'f>,
    block: &'f Block,
    n: usize,
    sheet: &'f BalanceSheet<'f>,
}

impl Forms<'_> {
    fn show(&self, lane_prices: &[[f64; LANES]], jet_prices: &[Jet]) -> Shown {
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
        let mut shown = Shown {
            fraction: fraction(*sheet),
            components: components(*sheet),
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

fn is_near(a: f64, b: f64) -> bool {
    (a - b).abs() <= SLACK || a == b
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

impl CascadeMap<'_> {
    /// Whether the answer of an ordered cascade lies where its order says: its own image, in doubles and by institution, lies in
    /// the bracket, and nobody sells less or is worth more there than at the top.
    ///
    /// `image` is the map's image of the answer; `seen_at_top` that the second was tested on the way.
    pub(crate) fn keeps_order(&self, solution: &Solution, image: &[f64], seen_at_top: bool) -> bool {
        let Some(bracket) = &solution.bracket else {
            return true;
        };
        let (mut bottom, mut top) = (vec![0.0; self.dim()], vec![0.0; self.dim()]);
        self.bounds_into(&mut bottom, &mut top);
        let inside = (0..self.dim()).all(|n| {
            let slack = SLACK * (top[n] - bottom[n]).abs();
            bracket.lower[n] - slack <= image[n] && image[n] <= bracket.upper[n] + slack
        });
        inside && (seen_at_top || self.falls_from(&top, &solution.point))
    }

    /// Whether nobody sells less, and no claim is worth more, at a state than at the top.
    fn falls_from(&self, top: &[f64], point: &[f64]) -> bool {
        let cascade = self.cascade;
        let mut work = PassWork::<Nearest>::new(cascade);
        let mut at_top = Vec::with_capacity(cascade.holdings.entry_count());
        pass::inspect::<Nearest>(cascade, &self.data, top, &mut work, |seen| {
            at_top.extend_from_slice(seen.units);
        });
        let mut first = vec![0.0; self.dim()];
        pass::conclude(cascade, &self.data, &mut first, &mut work);
        let (mut entry, mut falls) = (0, true);
        pass::inspect::<Nearest>(cascade, &self.data, point, &mut work, |seen| {
            for (units, held) in seen.units.iter().zip(seen.sheet.holdings.values) {
                falls &= *units >= at_top[entry] - SLACK * held;
                entry += 1;
            }
        });
        let mut image = vec![0.0; self.dim()];
        pass::conclude(cascade, &self.data, &mut image, &mut work);
        let below = image.iter().zip(&first).zip(top);
        falls
            && below
                .into_iter()
                .all(|((now, first), top)| *now <= first + SLACK * top.abs())
    }
}
