//! Frames: single steps of a cascade, as many as a picture shows.

use delever::cascade::Snapshot;
use delever::cascade::rounds::Round;

/// One step of the cascade that the picture shows.
pub(crate) struct Frame {
    pub step: u64,
    pub snapshot: Snapshot,
}

impl Frame {
    /// Frames of a run in rounds: the first rounds, then ever fewer; defaults add up.
    pub fn of_rounds(rounds: &[Round]) -> Vec<Self> {
        let mut defaults = 0;
        let mut frames = Vec::new();
        for entry in rounds {
            defaults += entry.defaults.len();
            let step = u64::from(entry.round);
            if step <= 12 || step.is_power_of_two() {
                let snapshot = Snapshot {
                    prices: entry.prices.clone(),
                    sellers: entry.sellers,
                    sold_out: entry.sold_out,
                    defaults,
                    sold_value: entry.sold_value,
                    loss: entry.loss,
                };
                frames.push(Self { step, snapshot });
            }
        }
        frames
    }

    /// The first steps, then ever fewer, while anything visible moves.
    pub fn is_kept(step: u64, change: f64) -> bool {
        Self::is_visible(change) && (step <= 6 || step.is_power_of_two())
    }

    /// Whether a relative change can be seen in a picture.
    pub fn is_visible(change: f64) -> bool {
        change > 1e-7
    }
}
