//! DebtRank with a single hit, as a process of claims.

use super::{Exposures, SpreadSettings, Transmission};
use delever_core::{ClaimsProcess, SparseRows, Waves};

/// Below this, equity measures nothing: its institution counts as failed from the start.
const SMALLEST_EQUITY: f64 = 1e-9;

/// DebtRank of Battiston et al. (2012) on debts: each institution passes on its relative loss of equity once, in the wave after
/// it is first hit, and is spent ([`Transmission::FirstHit`]).
///
/// Buffers are equity before the shock, stress at first the part of it that the shock takes; who had none is in full distress
/// from the start.
///
/// ```
/// use delever_core::{ClaimsProcess, SparseRows};
/// use delever_network::distress::SingleHit;
/// // 1 lent 5 to 0, and 2 lent 4 to 1.
/// let claims = SparseRows::from_triplets(3, 3, &[(1, 0, 5.0), (2, 1, 4.0)]);
/// let waves = SingleHit::new(claims, true).waves(&[10.0; 3], &[0.0, 10.0, 10.0]);
/// assert_eq!(waves.losses, [[0.0, 0.0, 0.0], [0.0, 5.0, 0.0], [0.0, 5.0, 2.0]]);
/// assert_eq!(waves.ratios, [0.0, 0.5, 0.8]);
/// ```
#[derive(Clone, Debug)]
pub struct SingleHit {
    claims: SparseRows,
    transmission: Transmission,
}

impl SingleHit {
    /// On debts given as row = creditor, column = debtor. `cap`: no impact counts for more than the creditor's equity.
    pub fn new(claims: SparseRows, cap: bool) -> Self {
        let transmission = if cap {
            Transmission::FirstHit
        } else {
            Transmission::FirstHitUncapped
        };
        Self { claims, transmission }
    }
}

impl ClaimsProcess for SingleHit {
    fn waves(&self, equity_initial: &[f64], equity_shocked: &[f64]) -> Waves {
        let count = equity_initial.len();
        let (mut buffers, mut shock) = (equity_initial.to_vec(), vec![1.0; count]);
        for n in 0..count {
            if buffers[n] >= SMALLEST_EQUITY {
                shock[n] = ((buffers[n] - equity_shocked[n]) / buffers[n]).clamp(0.0, 1.0);
            } else {
                // Any buffer that no claim exceeds: what it loses is money all the same.
                buffers[n] = self
                    .claims
                    .row(n)
                    .values
                    .iter()
                    .fold(1.0, |sum, claim| sum + claim);
            }
        }
        let Ok(exposures) = Exposures::new(&self.claims, &buffers) else {
            // Amounts that are no amounts: nothing is known.
            return Waves {
                losses: vec![vec![f64::NAN; count]],
                ratios: vec![f64::NAN; count],
            };
        };
        let mut waves = Waves {
            losses: Vec::new(),
            ratios: vec![1.0; count],
        };
        let mut before = shock.clone();
        for wave in 0.. {
            let settings = SpreadSettings {
                tolerance: 0.0,
                max_steps: wave,
            };
            let Ok(spread) = exposures.spread(&shock, self.transmission, &settings) else {
                break;
            };
            if wave > 0 && spread.stress == before {
                break;
            }
            let lost = spread.stress.iter().zip(&shock).zip(&buffers);
            waves.losses.push(
                lost.map(|((now, first), buffer)| buffer * (now - first))
                    .collect(),
            );
            before = spread.stress;
            for (ratio, &stress) in waves.ratios.iter_mut().zip(&before) {
                // What it is first hit by is what it passes on.
                if *ratio == 1.0 && stress > 0.0 {
                    *ratio = 1.0 - stress.min(1.0);
                }
            }
        }
        waves
    }
}
