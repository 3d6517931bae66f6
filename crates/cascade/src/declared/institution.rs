//! One institution at a few states: what it sells and pays, held against declared order and bounds.

use super::forms::{Forms, Shown};
use super::{Decision, Declaration, LADDER, Refuted, SLACK};
use crate::arithmetic::{Above, Arithmetic, Below, Nearest};
use crate::composition::{Block, Cascade};
use crate::enclosure::{self, States};
use crate::pass::{self, ChunkWork, StateView};
use crate::sheet::{Account, Entitled, GivenAmounts};
use delever_core::{BalanceSheet, Execution, Interval, Jet, LANES, Sale};

/// A state between the worst and the healthiest.
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

pub(super) struct Probe<'c> {
    cascade: &'c Cascade<'c>,
    /// Who is asked: the block of its rule, and its compiled position.
    sample: Vec<(&'c Block, usize)>,
    /// Components of claims that these receive.
    received: Vec<u32>,
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
    pub fn new(cascade: &'c Cascade<'_>, sample: Vec<(&'c Block, usize)>) -> Self {
        let mut received = Vec::new();
        if cascade.components > 0 {
            for &(_, n) in &sample {
                received.extend_from_slice(cascade.entitlements().row(n).columns);
                let shares = cascade.share_entitlements().map(|shares| shares.row(n));
                received.extend(shares.iter().flat_map(|row| row.columns));
            }
        }
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
            sample,
            received,
            cascade,
        }
    }

    /// Sets the state: these shares of all prices, and of the claims that are received from bottom to top.
    fn set(&mut self, [prices, claims]: [f64; 2]) {
        std::mem::swap(&mut self.state, &mut self.before);
        for (asset, initial) in self.cascade.system.prices().iter().enumerate() {
            let price = initial * prices;
            self.state.prices[asset] = price;
            self.lane_prices[asset] = [price; LANES];
            self.jet_prices[asset] = price.into();
        }
        for &column in &self.received {
            let column = column as usize;
            let (low, high) = (self.bottom[column], self.top[column]);
            self.state.claims[column] = low + claims * (high - low);
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

    /// Asks everybody of the sample from state to state.
    pub fn run(mut self, found: &mut Vec<Refuted>) {
        let cascade = self.cascade;
        let sample = self.sample.clone();
        let ladders: [fn(f64) -> [f64; 2]; 3] = [|t| [t, t], |t| [t, 1.0], |t| [1.0, t]];
        let ladders = if cascade.components > 0 {
            &ladders[..]
        } else {
            &ladders[..1]
        };
        // States at which forms of sales, and of claims, differ, by member of the sample.
        let mut apart = vec![[0_u32; 2]; sample.len()];
        for (ladder, place) in ladders.iter().enumerate() {
            let mut before: Vec<Answer> = Vec::new();
            for (step, &t) in LADDER.iter().enumerate() {
                self.set(place(t));
                let answers: Vec<Answer> = sample.iter().map(|&(_, n)| self.answer(n)).collect();
                for (k, (&(block, n), answer)) in sample.iter().zip(&answers).enumerate() {
                    let better = before.get(k);
                    let mut refuted = self.breaches(block, n, better, answer, ladder == 0);
                    if ladder == 0 && step % 2 == 0 {
                        let mut other = self.other_forms(block, n);
                        // Rounding can part the forms of one formula at a state where it is all that counts, and at no other.
                        other.retain(|&(decision, declaration)| {
                            let seen = &mut apart[k][usize::from(decision == Decision::Claims)];
                            *seen += u32::from(declaration == Declaration::Formula);
                            declaration != Declaration::Formula || *seen > 1
                        });
                        refuted.extend(other);
                    }
                    let at = cascade.order[n];
                    found.extend(refuted.into_iter().map(|(decision, declaration)| Refuted {
                        decision,
                        declaration,
                        at,
                    }));
                }
                before = answers;
            }
        }
    }

    /// What the answer at a state refutes: declared order beside the answer at the better state before, and bounds.
    fn breaches(
        &mut self,
        block: &Block,
        n: usize,
        better: Option<&Answer>,
        answer: &Answer,
        with_bounds: bool,
    ) -> Vec<(Decision, Declaration)> {
        let shape = self.cascade.shape;
        let mut refuted = Vec::new();
        let mut keeps = |[sales, claims]: [bool; 2], declaration| {
            refuted.extend((!sales).then_some((Decision::Sales, declaration)));
            refuted.extend((!claims).then_some((Decision::Claims, declaration)));
        };
        if let Some(better) = better {
            if shape.isotone {
                let kept = [
                    !self.sells_less(n, better, answer),
                    !self.is_worth_more(n, better, answer),
                ];
                keeps(kept, Declaration::Order);
            } else if with_bounds {
                keeps(self.enclosed(block, n, [better, answer]), Declaration::Enclosure);
            }
        }
        if shape.bounded && with_bounds {
            keeps(self.within_bounds(n, answer), Declaration::Bounds);
        }
        refuted
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

    /// What the other forms of the institution's models answer at the state that they may not.
    fn other_forms(&mut self, block: &Block, n: usize) -> Vec<(Decision, Declaration)> {
        let shown = self.show(block, n);
        let moves = |moved: &[f64], [low, high]: [f64; 2]| {
            let apart = |&moved: &f64| !(low - SLACK <= moved && moved <= high + SLACK);
            moved.iter().any(apart)
        };
        let [sales, claims] = shown.differs();
        let all = [
            (
                moves(&shown.moved_fractions, shown.fraction),
                Decision::Sales,
                Declaration::AmountsOnly,
            ),
            (
                moves(&shown.moved_ratios, shown.ratio),
                Decision::Claims,
                Declaration::AmountsOnly,
            ),
            (sales, Decision::Sales, Declaration::Formula),
            (claims, Decision::Claims, Declaration::Formula),
        ];
        let refuted = all.into_iter().filter(|(refuted, ..)| *refuted);
        refuted
            .map(|(_, decision, declaration)| (decision, declaration))
            .collect()
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
}
