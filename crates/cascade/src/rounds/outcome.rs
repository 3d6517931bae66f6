//! What a run leaves: every round, and where everyone stands at the end.

use super::desk::{Books, Desk, Standing};
use super::market::Market;
use crate::map::CascadeMap;
use crate::outcome::{AssetOutcome, InstitutionOutcome, InstitutionState, Totals, units_held};
use crate::pass::StateView;
use delever_core::BalanceSheet;
use delever_solver::Status;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoundsStatus {
    /// Nobody waits any more, or all rounds are done.
    Complete,
    /// The debts could not be cleared in the round after the last one recorded, for this reason.
    ClaimsUnsettled(Status),
    /// A model returned something that is no number.
    NonFinite,
    /// Stopped from outside.
    Interrupted,
}

/// The end of one round; entry 0 is the state after the shock. Assets and institutions stand in id order.
#[derive(Clone, Debug, PartialEq)]
pub struct Round {
    /// Its number.
    pub round: u32,
    /// Prices, money per unit.
    pub prices: Vec<f64>,
    /// Units sold since the shock, less units bought.
    pub sold_quantity: Vec<f64>,
    /// Units that wait to be sold in the next round, by asset.
    pub orders: Vec<f64>,
    /// Institutions that failed in this round, by id.
    pub defaults: Vec<u32>,
    /// Equity by institution, negative when insolvent.
    pub equity: Vec<f64>,
    /// Cash by institution.
    pub cash: Vec<f64>,
    /// What sales and cash can still repay, by institution.
    pub repayable_debt: Vec<f64>,
    /// Institutions with waiting orders; where they trade in turn, those that traded in this round.
    pub sellers: usize,
    /// Institutions that have sold all that they held.
    pub sold_out: usize,
    /// Proceeds of all sales since the shock, less what purchases cost.
    pub sold_value: f64,
    /// Equity lost since before the shock.
    pub loss: f64,
}

/// A run of the rounds engine. Institutions and assets stand in id order.
#[derive(Clone, Debug, PartialEq)]
pub struct RoundsOutcome {
    /// How it ended.
    pub status: RoundsStatus,
    /// Sums over the system at the end.
    pub totals: Totals,
    /// By asset, at the end.
    pub assets: Vec<AssetOutcome>,
    /// By institution, at the end. `Defaulted` are those that failed in some round.
    pub institutions: Vec<InstitutionOutcome>,
    /// All rounds; entry 0 is the state after the shock.
    pub rounds: Vec<Round>,
    /// Whether a unit in the last place of the input, or a threshold met exactly, could change who fails or sells.
    pub near_boundary: bool,
    /// Who it is that could, by id.
    pub near_boundary_of: Vec<u32>,
}

/// Keeps the rounds, and what the check of units needs.
pub(super) struct Recorder {
    rounds: Vec<Round>,
    /// Units held before any sale, by asset, and the roundings that their sums may take.
    held: Vec<f64>,
    entries: usize,
}

impl Recorder {
    pub fn new(map: &CascadeMap<'_>) -> Self {
        Self {
            rounds: Vec::new(),
            held: units_held(map.cascade),
            entries: map.cascade.holdings.entry_count(),
        }
    }

    /// In turn nobody waits; who traded in the round just recorded counts in their place.
    pub fn count_traders(&mut self, traders: usize) {
        if let Some(round) = self.rounds.last_mut() {
            round.sellers = traders;
        }
    }

    pub fn last(&self) -> &Round {
        &self.rounds[self.rounds.len() - 1]
    }

    /// Units are neither made nor lost: what is held and what was sold is what was held, up to the rounding of the sums.
    ///
    /// # Panics
    /// If that does not hold, which no input can bring about.
    pub fn check_units(&self, desks: &[Desk], market: &Market<'_>) {
        let mut now = vec![0.0; self.held.len()];
        let mut gross = vec![0.0; self.held.len()];
        for (_, asset, units) in desks.iter().flat_map(|desk| desk.holdings.triplets()) {
            now[asset as usize] += units;
            gross[asset as usize] += units.abs();
        }
        let rounds = self.rounds.len() as f64;
        for (asset, &before) in self.held.iter().enumerate() {
            let sold = market.sold[asset];
            let slack =
                f64::EPSILON * (self.entries as f64 + 4.0) * rounds * (before + gross[asset] + sold.abs());
            let missing = now[asset] + sold - before;
            assert!(
                !(missing.abs() > slack),
                "{missing} units of asset {asset} came from nowhere: a bug in the rounds engine"
            );
        }
    }

    pub fn record(
        &mut self,
        round: u32,
        map: &CascadeMap<'_>,
        state: StateView<'_>,
        desks: &[Desk],
        market: &Market<'_>,
        ordered: &[f64],
    ) {
        let count = map.cascade.order.len();
        let mut entry = Round {
            round,
            prices: market.prices().to_vec(),
            sold_quantity: market.sold.clone(),
            orders: ordered.to_vec(),
            defaults: Vec::new(),
            equity: vec![0.0; count],
            cash: vec![0.0; count],
            repayable_debt: vec![0.0; count],
            sellers: desks.iter().map(Desk::waiting).sum(),
            sold_out: 0,
            sold_value: 0.0,
            loss: 0.0,
        };
        visit(map, state, desks, |position, row, desk, sheet| {
            let id = map.cascade.order[position] as usize;
            let equity = sheet.assets() - sheet.liabilities;
            entry.equity[id] = equity;
            entry.cash[id] = desk.cash[row];
            entry.repayable_debt[id] = desk.repayable[row];
            entry.sold_out += usize::from(sold_out(map, position, sheet));
            entry.sold_value += desk.proceeds[row];
            entry.loss += map.data.equity_initial[position] - equity;
            if desk.standing[row] == Standing::Failing {
                entry.defaults.push(id as u32);
            }
        });
        entry.defaults.sort_unstable();
        self.rounds.push(entry);
    }

    pub fn finish(
        self,
        status: RoundsStatus,
        map: &CascadeMap<'_>,
        state: StateView<'_>,
        desks: &[Desk],
        market: &Market<'_>,
    ) -> RoundsOutcome {
        let cascade = map.cascade;
        let shocked = &map.data.market.shocked;
        let mut institutions: Vec<Option<InstitutionOutcome>> = vec![None; cascade.order.len()];
        let mut proceeds = vec![0.0; cascade.order.len()];
        visit(map, state, desks, |position, row, desk, sheet| {
            let id = cascade.order[position];
            let before = cascade.holdings.row(position);
            let (initial, after_shock) = (
                map.data.equity_initial[position],
                map.data.equity_shocked[position],
            );
            let held_at_shocked = before.product_sum(shocked);
            let kept_at_shocked = sheet.holdings.product_sum(shocked);
            let loss_shock = initial - after_shock;
            let loss_fire_sale = held_at_shocked - sheet.marketable - desk.proceeds[row];
            let claims_before = cascade.claims_face.value[position] + map.data.shareholdings[position];
            let owed_by_swaps = sheet.debts_face - cascade.debts_face.value[position];
            let loss_contagion = if cascade.components == 0 {
                0.0
            } else {
                claims_before - sheet.received + owed_by_swaps
            };
            let failed = desk.standing[row] != Standing::Live;
            let sold_out = sold_out(map, position, sheet);
            let sold_fraction = if sold_out {
                1.0
            } else if held_at_shocked > 0.0 {
                (1.0 - kept_at_shocked / held_at_shocked).clamp(0.0, 1.0)
            } else {
                0.0
            };
            let payment = cascade.claims.payment(id, sheet);
            proceeds[id as usize] = desk.proceeds[row];
            institutions[id as usize] = Some(InstitutionOutcome {
                equity_initial: initial,
                equity_shocked: after_shock,
                equity: sheet.assets() - sheet.liabilities,
                assets: sheet.assets(),
                default_cost: cascade.claims.value_destroyed(id, sheet),
                payment,
                payment_ratio: if sheet.liabilities > 0.0 {
                    (payment / sheet.liabilities).min(1.0)
                } else {
                    1.0
                },
                sold_fraction,
                state: if failed {
                    InstitutionState::Defaulted
                } else if sold_out {
                    InstitutionState::Liquidated
                } else if sold_fraction > 0.0 {
                    InstitutionState::Deleveraging
                } else {
                    InstitutionState::Sound
                },
                loss: loss_shock + loss_fire_sale + loss_contagion,
                loss_shock,
                loss_fire_sale,
                loss_contagion,
            });
        });
        let institutions: Vec<InstitutionOutcome> = institutions.into_iter().flatten().collect();
        let assets = (0..self.held.len())
            .map(|k| AssetOutcome {
                price_initial: map.data.market.initial[k],
                price_shocked: shocked[k],
                price: market.prices()[k],
                sold_quantity: market.sold[k],
                sold_fraction: if self.held[k] > 0.0 {
                    (market.sold[k] / self.held[k]).min(1.0)
                } else {
                    0.0
                },
            })
            .collect();
        let mut near_boundary_of: Vec<u32> = desks
            .iter()
            .flat_map(|desk| desk.positions().zip(&desk.undecided))
            .filter(|(_, undecided)| **undecided)
            .map(|(position, _)| cascade.order[position])
            .collect();
        near_boundary_of.sort_unstable();
        RoundsOutcome {
            near_boundary: !near_boundary_of.is_empty(),
            near_boundary_of,
            status,
            totals: Totals {
                sold_value: proceeds.iter().sum::<f64>() + 0.0,
                ..Totals::of(&institutions)
            },
            assets,
            institutions,
            rounds: self.rounds,
        }
    }
}

/// Whether an institution that held something holds nothing any more.
fn sold_out(map: &CascadeMap<'_>, position: usize, sheet: &BalanceSheet<'_>) -> bool {
    let before = map.cascade.holdings.row(position).values;
    before.iter().any(|&units| units > 0.0) && sheet.holdings.values.iter().all(|&units| units == 0.0)
}

/// Visits every institution's sheet at a state, in compiled order: compiled position, row of its desk, desk, sheet.
fn visit(
    map: &CascadeMap<'_>,
    state: StateView<'_>,
    desks: &[Desk],
    mut seen: impl FnMut(usize, usize, &Desk, &BalanceSheet<'_>),
) {
    let books = Books::new(map.cascade, &map.data, state);
    for desk in desks {
        for (row, position) in desk.positions().enumerate() {
            let mut sheet = BalanceSheet::empty();
            desk.fill(books, position, &mut sheet);
            seen(position, row, desk, &sheet);
        }
    }
}
