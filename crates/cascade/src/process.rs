//! Claims that lose value in waves instead of settling in an equilibrium: their accounts, wave by wave.

use crate::composition::{Cascade, CascadeError};
use crate::map::CascadeMap;
use crate::outcome::{
    AssetOutcome, Certificate, InstitutionOutcome, InstitutionState, Outcome, Totals, units_held,
};
use crate::rounds::Round;
use delever_core::{ClaimsProcess, Waves};
use delever_solver::{FixedPointMap, Status};

impl CascadeMap<'_> {
    /// Accounts for the waves of a process. Prices stay as the shock leaves them, so an error says if someone would sell.
    pub(crate) fn run_process(&self, process: &dyn ClaimsProcess) -> Result<Outcome, CascadeError> {
        let (cascade, data) = (self.cascade, &self.data);
        let by_id = |amounts: &[f64]| {
            let mut sorted = vec![0.0; amounts.len()];
            for (&amount, &id) in amounts.iter().zip(&cascade.order) {
                sorted[id as usize] = amount;
            }
            sorted
        };
        let initial = by_id(&data.equity_initial);
        let shocked = by_id(&data.equity_shocked);
        let liabilities = by_id(&cascade.liabilities.value);
        let waves = process.waves(&initial, &shocked);
        let last = waves.losses.last().cloned().unwrap_or_default();
        let (mut bottom, mut end) = (vec![0.0; self.dim()], vec![0.0; self.dim()]);
        self.bounds_into(&mut bottom, &mut end);
        let (_, _, claims) = cascade.split(&mut end);
        claims.copy_from_slice(&waves.ratios);
        if self.snapshot(&end).sellers > 0 {
            return Err(CascadeError::ProcessSells);
        }
        let institutions: Vec<InstitutionOutcome> = (0..initial.len())
            .map(|id| {
                let equity = shocked[id] - last[id];
                let (loss_shock, loss_contagion) = (initial[id] - shocked[id], last[id]);
                InstitutionOutcome {
                    equity_initial: initial[id],
                    equity_shocked: shocked[id],
                    equity,
                    assets: equity + liabilities[id],
                    payment: waves.ratios[id] * liabilities[id],
                    payment_ratio: if liabilities[id] > 0.0 {
                        waves.ratios[id]
                    } else {
                        1.0
                    },
                    state: if equity < 0.0 {
                        InstitutionState::Defaulted
                    } else {
                        InstitutionState::Sound
                    },
                    loss: loss_shock + 0.0 + loss_contagion,
                    loss_shock,
                    loss_contagion,
                    ..InstitutionOutcome::NOTHING
                }
            })
            .collect();
        let market = &data.market;
        let assets = (0..market.initial.len())
            .map(|k| AssetOutcome {
                price_initial: market.initial[k],
                price_shocked: market.shocked[k],
                price: market.shocked[k],
                sold_quantity: 0.0,
                sold_fraction: 0.0,
            })
            .collect();
        let rounds = self.rounds_of(
            &waves,
            &shocked,
            [by_id(&data.cash), by_id(&data.external_liabilities)],
        );
        Ok(Outcome {
            status: if last.iter().all(|loss| loss.is_finite()) {
                Status::Unordered
            } else {
                Status::NonFinite
            },
            near_boundary: false,
            near_boundary_of: Vec::new(),
            unique: None,
            certificate: Certificate {
                width: None,
                residual: 0.0,
            },
            iterations: rounds.len().saturating_sub(1) as u64,
            passes: rounds.len() as u64,
            policy_steps: 0,
            linear_sweeps: 0,
            cycle: None,
            enclosure: None,
            totals: Totals::of(&institutions),
            assets,
            institutions,
            waves: rounds,
        })
    }

    /// Each wave as a round in which nobody trades.
    fn rounds_of(&self, waves: &Waves, shocked: &[f64], [cash, repayable_debt]: [Vec<f64>; 2]) -> Vec<Round> {
        let prices = &self.data.market.shocked;
        let nothing = vec![0.0; units_held(self.cascade).len()];
        let initial: f64 = self.data.equity_initial.iter().sum();
        let mut failed = vec![false; shocked.len()];
        let rounds = waves.losses.iter().zip(0..).map(|(losses, round)| {
            let equity: Vec<f64> = shocked.iter().zip(losses).map(|(e, loss)| e - loss).collect();
            let mut defaults = Vec::new();
            for (id, (&equity, failed)) in equity.iter().zip(&mut failed).enumerate() {
                if equity < 0.0 && !std::mem::replace(failed, true) {
                    defaults.push(id as u32);
                }
            }
            Round {
                round,
                prices: prices.clone(),
                sold_quantity: nothing.clone(),
                orders: nothing.clone(),
                defaults,
                loss: initial - equity.iter().sum::<f64>(),
                equity,
                cash: cash.clone(),
                repayable_debt: repayable_debt.clone(),
                sellers: 0,
                sold_out: 0,
                sold_value: 0.0,
            }
        });
        rounds.collect()
    }
}

impl Cascade<'_> {
    /// The process that values claims, where it is no map.
    pub(crate) fn process(&self) -> Option<&dyn ClaimsProcess> {
        self.claims.process()
    }
}
