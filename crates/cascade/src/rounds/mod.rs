//! The rounds engine: how a cascade unfolds when sales are final.
//!
//! An equilibrium says where a cascade ends. Here a ledger of holdings, cash and debts is changed round by round: orders clear,
//! proceeds repay debts, prices move, institutions respond. Most published fire-sale studies run so (Greenwood, Landier and
//! Thesmar 2015; Cont and Schaanning 2017; Farmer, Kleinnijenhuis, Nahai-Williamson and Wetzer 2020).
//!
//! One round:
//!
//! 1. institutions that failed in the round before order all their holdings sold;
//! 2. all waiting orders clear: prices follow from the units sold, sellers get units times the execution price, and the
//!    proceeds repay debts to creditors outside the system, unless cash pays first;
//! 3. claims on institutions are valued at the new prices, by the clearing model;
//! 4. each live institution is tested and responds: it fails, or its rule asks for money, and it orders sales that wait for
//!    the next round.
//!
//! The run is over when nobody waits and nobody failed, or after the last round.
//!
//! [`Sequence::InTurn`] takes these steps institution by institution: each is tested at the prices that the ones before left, and
//! what it sells clears at once. Nobody waits then, and the run is over after a round in which nobody traded and nobody failed.
//!
//! **What this engine does not promise.** The end of a run is not a fixed point of one isotone map, and it is *not* monotone
//! in the shock: a larger shock can end in a higher price. [`crate::Cascade::solve`] is monotone. What holds here: units, cash
//! and debts are conserved in every trade, checked in every build; without buyers the units sold never fall; and under
//! simultaneous clearing no order among institutions matters.

mod claims;
mod desk;
mod market;
mod outcome;

pub use outcome::{Round, RoundsOutcome, RoundsStatus};

use crate::composition::{Cascade, CascadeError};
use crate::map::CascadeMap;
use crate::pass::CHUNK;
use crate::shock::Shock;
use claims::ClaimsAtPrices;
use delever_core::Execution;
use delever_solver::{End, FixedPointMap, Settings, Status};
use desk::{Around, Books, Desk};
use market::Market;
use outcome::Recorder;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rayon::prelude::*;
use std::ops::ControlFlow;

/// In which order waiting orders clear.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Sequence {
    /// All at once: the order among institutions has no effect.
    #[default]
    Simultaneous,
    /// One after the other, each at the prices that the ones before left, shuffled anew in every round.
    Shuffled {
        /// The same seed gives the same orders.
        seed: u64,
    },
    /// One after the other in this order, institutions by id; who is not named follows, by id.
    Listed(Vec<u32>),
    /// Institutions take their turns one after the other: who failed sells out, everybody else is tested at the prices that the
    /// ones before left and trades at once. Claims are valued anew whenever somebody traded, so a round can take as many
    /// clearings of debts as there are institutions.
    InTurn(Turns),
}

/// In which order institutions take their turns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turns {
    /// Shuffled anew in every round, as [`Sequence::Shuffled`].
    Shuffled {
        /// The same seed gives the same orders.
        seed: u64,
    },
    /// In this order in every round; who is not named follows, by id.
    Listed(Vec<u32>),
    /// In an order for each round, the last one for all rounds that follow; by id where there is none.
    ListedByRound(Vec<Vec<u32>>),
}

impl Sequence {
    /// The lists of institutions in it.
    fn lists(&self) -> &[Vec<u32>] {
        match self {
            Self::Listed(list) | Self::InTurn(Turns::Listed(list)) => std::slice::from_ref(list),
            Self::InTurn(Turns::ListedByRound(lists)) => lists,
            Self::Simultaneous | Self::Shuffled { .. } | Self::InTurn(Turns::Shuffled { .. }) => &[],
        }
    }
}

/// The price at which units change hands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TradePrice {
    /// The price after the trade.
    #[default]
    Terminal,
    /// The average over the path from the price before to the price after.
    Average,
    /// The mean of the price before and the price after.
    Midpoint,
}

/// How long sales weigh on prices. `Q` is what the impact model sees, in units; `q_t` what is sold in round `t`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Persistence {
    /// For ever: `Q_t = Q_(t-1) + q_t`.
    #[default]
    Permanent,
    /// For one round: `Q_t = q_t`.
    Reset,
    /// The market recovers: `Q_t = Q_(t-1) exp(-recovery) + q_t` (Obizhaeva and Wang 2013, with rounds as time).
    Transient {
        /// `recovery >= 0`, per round.
        recovery: f64,
    },
    /// Impact decays as a power: `Q_t = sum_s q_s (1 + t - s)^-decay` (Bouchaud, Gefen, Potters and Wyart 2004).
    Propagator {
        /// `decay >= 0`.
        decay: f64,
    },
}

/// The price at which the impact model values what is sold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SalesValued {
    /// The price before the shock, as in an equilibrium: equal units weigh alike whenever they are sold.
    #[default]
    AtInitialPrice,
    /// The price just before the trade, as in Cont and Schaanning (2017): what is sold late is worth less, and weighs less.
    AtCurrentPrice,
}

/// What the rounds engine asks of one institution beside its rule.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Terms {
    /// Equity over assets strictly below which it fails; `None`: it fails when equity is below zero, or below what the
    /// clearing model asks for.
    pub default_below: Option<f64>,
    /// Money that sales and cash can repay; `None`: all debts to creditors outside the system.
    pub repayable_debt: Option<f64>,
}

/// How rounds run.
#[derive(Clone, Debug, PartialEq)]
pub struct RoundsSettings {
    /// Rounds at most. Orders of the last round never clear.
    pub max_rounds: u32,
    /// In which order orders clear.
    pub sequence: Sequence,
    /// The price at which units change hands.
    pub trade_price: TradePrice,
    /// How long sales weigh on prices.
    pub persistence: Persistence,
    /// The price at which the impact model values what is sold.
    pub sales_valued: SalesValued,
    /// Whether what a rule asks for is paid out of cash first, and sales raise only the rest. Otherwise proceeds repay debts
    /// at once.
    pub pay_with_cash_first: bool,
    /// By institution, in id order; empty: the defaults for all.
    pub terms: Vec<Terms>,
    /// For the clearing of debts inside each round.
    pub clearing: Settings,
}

impl Default for RoundsSettings {
    fn default() -> Self {
        Self {
            max_rounds: 100,
            sequence: Sequence::default(),
            trade_price: TradePrice::default(),
            persistence: Persistence::default(),
            sales_valued: SalesValued::default(),
            pay_with_cash_first: false,
            terms: Vec::new(),
            clearing: Settings::default(),
        }
    }
}

impl Cascade<'_> {
    /// Runs the cascade round by round. The cascade must have been composed with terminal execution: what sellers get is
    /// [`RoundsSettings::trade_price`].
    ///
    /// Errors are for shocks and settings that do not fit. That debts could not be cleared in some round, or that a model
    /// returned no number, is a status of the outcome, and what was finished is kept.
    pub fn run_rounds(
        &self,
        shock: &Shock,
        settings: &RoundsSettings,
    ) -> Result<RoundsOutcome, CascadeError> {
        self.run_rounds_observed(shock, settings, |_| ControlFlow::Continue(()))
    }

    /// Runs many shocks in parallel; results stand in the order of the shocks and have the bits of each run alone.
    pub fn run_rounds_batch(
        &self,
        shocks: &[Shock],
        settings: &RoundsSettings,
    ) -> Vec<Result<RoundsOutcome, CascadeError>> {
        shocks
            .par_iter()
            .map(|shock| self.run_rounds(shock, settings))
            .collect()
    }

    /// Runs the cascade and calls `watch` after every round; `Break` interrupts, with all finished rounds kept.
    pub fn run_rounds_observed(
        &self,
        shock: &Shock,
        settings: &RoundsSettings,
        mut watch: impl FnMut(&Round) -> ControlFlow<()>,
    ) -> Result<RoundsOutcome, CascadeError> {
        self.check_rounds(settings)?;
        let map = CascadeMap::new(self, shock)?;
        let mut run = Run::new(&map, settings);
        let mut status = run.value_claims().err().unwrap_or(RoundsStatus::Complete);
        run.record(0);
        let mut round = 0;
        while status == RoundsStatus::Complete && round < settings.max_rounds {
            if let ControlFlow::Break(()) = watch(run.recorder.last()) {
                status = RoundsStatus::Interrupted;
                break;
            }
            round += 1;
            let stopped = match &settings.sequence {
                Sequence::InTurn(_) => run.take_turns(round),
                _ => run.clear_and_respond(round),
            };
            if let Err(stopped) = stopped {
                status = stopped;
                break;
            }
            run.record(round);
            if run.is_over() {
                break;
            }
        }
        Ok(run.finish(status))
    }

    fn check_rounds(&self, settings: &RoundsSettings) -> Result<(), CascadeError> {
        let count = self.system.institution_count();
        if self.execution != Execution::Terminal {
            return Err(CascadeError::RoundsExecution);
        }
        if self.process().is_some() {
            return Err(CascadeError::ProcessInRounds);
        }
        if settings.trade_price == TradePrice::Average && !self.impact.has_average_prices() {
            return Err(CascadeError::NoAveragePrice);
        }
        if !settings.terms.is_empty() && settings.terms.len() != count {
            return Err(CascadeError::Terms {
                given: settings.terms.len(),
                system: count,
            });
        }
        let allowed = |value: f64| value >= 0.0 && value.is_finite();
        for (institution, terms) in settings.terms.iter().enumerate() {
            let wrong = [
                (
                    "default_below",
                    terms.default_below.filter(|&x| !(x < 1.0 && allowed(x))),
                ),
                ("repayable_debt", terms.repayable_debt.filter(|&x| !allowed(x))),
            ];
            if let Some((name, value)) = wrong.into_iter().find_map(|(name, value)| Some((name, value?))) {
                return Err(CascadeError::Term {
                    institution: institution as u32,
                    name,
                    value,
                });
            }
        }
        for listed in settings.sequence.lists() {
            let mut seen = vec![false; count];
            for &institution in listed {
                let known = seen.get_mut(institution as usize);
                if known.is_none_or(|seen| std::mem::replace(seen, true)) {
                    return Err(CascadeError::Sequence { institution });
                }
            }
        }
        match settings.persistence {
            Persistence::Transient { recovery: rate } | Persistence::Propagator { decay: rate }
                if !allowed(rate) =>
            {
                Err(CascadeError::Persistence { rate })
            }
            _ => Ok(()),
        }
    }
}

/// A run under way.
struct Run<'r> {
    map: &'r CascadeMap<'r>,
    settings: &'r RoundsSettings,
    market: Market<'r>,
    desks: Vec<Desk>,
    /// Prices, then claims, as the cascade's state is laid out.
    state: Vec<f64>,
    /// Units ordered by asset.
    ordered: Vec<f64>,
    /// Institutions that traded in this round, where they do in turn.
    traders: usize,
    recorder: Recorder,
}

impl<'r> Run<'r> {
    fn new(map: &'r CascadeMap<'r>, settings: &'r RoundsSettings) -> Self {
        let (mut bottom, mut top) = (vec![0.0; map.dim()], vec![0.0; map.dim()]);
        map.bounds_into(&mut bottom, &mut top);
        let desks = Desk::all(map.cascade, &map.data, settings);
        let market = Market::new(map, settings);
        Self {
            recorder: Recorder::new(map),
            ordered: vec![0.0; market.prices().len()],
            traders: 0,
            state: top,
            market,
            desks,
            map,
            settings,
        }
    }

    /// One round in which orders of the round before clear first, and everybody responds to the prices that they leave.
    fn clear_and_respond(&mut self, round: u32) -> Result<(), RoundsStatus> {
        self.clear_orders(round);
        if !self.market.is_finite() {
            return Err(RoundsStatus::NonFinite);
        }
        self.value_claims()?;
        if self.respond() {
            Ok(())
        } else {
            Err(RoundsStatus::NonFinite)
        }
    }

    /// One round in which institutions take their turns.
    fn take_turns(&mut self, round: u32) -> Result<(), RoundsStatus> {
        let (map, cash_first) = (self.map, self.settings.pay_with_cash_first);
        self.market.begin_round();
        self.take_prices();
        self.traders = 0;
        // What is known at the prices of the moment; nothing once somebody traded.
        let mut around = None;
        for position in self.sequence(round).unwrap_or_default() {
            let position = position as usize;
            let desk = position / CHUNK;
            self.desks[desk].liquidate_if_failed(position);
            let sold_out = self.trade(position)?;
            if sold_out {
                around = None;
            }
            if self.desks[desk].is_live(position) {
                if around.is_none() {
                    self.value_claims()?;
                }
                let state = map.cascade.view(&self.state);
                let around_here = around.get_or_insert_with(|| Around::new(&map.data, state));
                let books = Books::new(map.cascade, &map.data, state);
                if !self.desks[desk].respond_alone(books, around_here, cash_first, position) {
                    return Err(RoundsStatus::NonFinite);
                }
                let trades = self.trade(position)?;
                if trades {
                    around = None;
                }
                self.traders += usize::from(trades);
            }
            self.traders += usize::from(sold_out);
        }
        if around.is_none() {
            self.value_claims()?;
        }
        self.recorder.check_units(&self.desks, &self.market);
        self.add_up_orders();
        Ok(())
    }

    /// The waiting orders of one institution clear. Whether it had any.
    fn trade(&mut self, position: usize) -> Result<bool, RoundsStatus> {
        let desk = &mut self.desks[position / CHUNK];
        let Some(orders) = desk.orders_of(position) else {
            return Ok(false);
        };
        self.market.trade_row(orders);
        desk.execute(position, &self.market.executed, self.settings.pay_with_cash_first);
        self.take_prices();
        if self.market.is_finite() {
            Ok(true)
        } else {
            Err(RoundsStatus::NonFinite)
        }
    }

    /// Prices of the market become those of the state.
    fn take_prices(&mut self) {
        self.state[..self.market.prices().len()].copy_from_slice(self.market.prices());
    }

    /// Steps 1 and 2: the failed order everything, and all orders clear.
    fn clear_orders(&mut self, round: u32) {
        self.desks.par_iter_mut().for_each(Desk::liquidate_failed);
        self.add_up_orders();
        self.market.begin_round();
        let cash_first = self.settings.pay_with_cash_first;
        if let Some(sequence) = self.sequence(round) {
            for position in sequence {
                let desk = &mut self.desks[position as usize / CHUNK];
                if let Some(orders) = desk.orders_of(position as usize) {
                    self.market.trade_row(orders);
                    desk.execute(position as usize, &self.market.executed, cash_first);
                }
            }
        } else {
            self.market.trade(&self.ordered);
            let executed = &self.market.executed;
            self.desks
                .par_iter_mut()
                .for_each(|desk| desk.execute_all(executed, cash_first));
        }
        self.recorder.check_units(&self.desks, &self.market);
        self.take_prices();
    }

    /// The compiled positions in the order in which they trade; `None`: all at once.
    fn sequence(&self, round: u32) -> Option<Vec<u32>> {
        let sequence = &self.settings.sequence;
        if *sequence == Sequence::Simultaneous {
            return None;
        }
        let order = &self.map.cascade.order;
        let mut position = vec![0; order.len()];
        for (place, &id) in order.iter().enumerate() {
            position[id as usize] = place as u32;
        }
        match sequence {
            Sequence::Simultaneous => None,
            Sequence::Shuffled { seed } | Sequence::InTurn(Turns::Shuffled { seed }) => {
                let mut random = ChaCha8Rng::seed_from_u64(*seed);
                random.set_stream(u64::from(round));
                // Fisher and Yates, on ids, so that the rules of others change nothing.
                let mut sequence = position;
                for last in (1..sequence.len()).rev() {
                    let other = (u128::from(random.next_u64()) * (last as u128 + 1)) >> 64;
                    sequence.swap(last, other as usize);
                }
                Some(sequence)
            }
            Sequence::Listed(_) | Sequence::InTurn(Turns::Listed(_) | Turns::ListedByRound(_)) => {
                let lists = sequence.lists();
                let place = (round as usize).min(lists.len());
                let listed = place.checked_sub(1).map_or(&[][..], |place| &lists[place]);
                let mut named = vec![false; position.len()];
                for &id in listed {
                    named[id as usize] = true;
                }
                let rest = (0..position.len() as u32).filter(|&id| !named[id as usize]);
                let sequence = listed.iter().copied().chain(rest);
                Some(sequence.map(|id| position[id as usize]).collect())
            }
        }
    }

    /// Step 3. An error: the debts could not be cleared.
    fn value_claims(&mut self) -> Result<(), RoundsStatus> {
        if self.map.cascade.components == 0 {
            return Ok(());
        }
        let (prices, _) = self.state.split_at(self.market.prices().len());
        let claims = ClaimsAtPrices {
            map: self.map,
            desks: &self.desks,
            prices,
        };
        let solution = delever_solver::solve(&claims, End::Greatest, &self.settings.clearing, &mut ());
        let first = self.market.prices().len();
        self.state[first..].copy_from_slice(&solution.point);
        match solution.status {
            // Without bounds nothing is certified; a fixed point is one all the same.
            Status::Certified | Status::Bracketed | Status::Unordered => Ok(()),
            other => Err(RoundsStatus::ClaimsUnsettled(other)),
        }
    }

    /// Step 4. Whether every model returned numbers.
    fn respond(&mut self) -> bool {
        let (map, settings) = (self.map, self.settings);
        let state = map.cascade.view(&self.state);
        let (books, around) = (
            Books::new(map.cascade, &map.data, state),
            Around::new(&map.data, state),
        );
        let cash_first = settings.pay_with_cash_first;
        let numbers: Vec<bool> = self
            .desks
            .par_iter_mut()
            .map(|desk| desk.respond(books, &around, cash_first))
            .collect();
        self.add_up_orders();
        numbers.into_iter().all(|finite| finite)
    }

    /// Units ordered by asset: inside desks, then over desks.
    fn add_up_orders(&mut self) {
        self.ordered.fill(0.0);
        for desk in &mut self.desks {
            desk.add_orders(&mut self.ordered);
        }
    }

    fn is_over(&self) -> bool {
        self.traders == 0 && self.desks.iter().all(Desk::is_idle)
    }

    fn record(&mut self, round: u32) {
        let state = self.map.cascade.view(&self.state);
        self.recorder
            .record(round, self.map, state, &self.desks, &self.market, &self.ordered);
        if let Sequence::InTurn(_) = self.settings.sequence {
            self.recorder.count_traders(self.traders);
        }
    }

    fn finish(self, status: RoundsStatus) -> RoundsOutcome {
        let state = self.map.cascade.view(&self.state);
        self.recorder
            .finish(status, self.map, state, &self.desks, &self.market)
    }
}
