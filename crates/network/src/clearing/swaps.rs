//! Credit default swaps beside debts: claims that rise when another pays less.

use delever_core::{Contingent, ContingentBounds, CreditDefaultSwap, Interval};

/// Swaps by writer and by holder. With payment ratios `r`, a writer owes `notional (1 - r_reference)` and the holder receives
/// the part `r_writer` of it.
///
/// A writer's debts rise when the reference pays less and a holder's assets with them, so clearing is not ordered: there may
/// be no solution, or several of which none is the best, and plain iteration may cycle beside a unique one. Source:
/// Schuldenzucker, Seuken and Battiston (2020), Management Science 66(5).
#[derive(Clone, Debug, Default)]
pub(super) struct Swaps {
    written: ByInstitution,
    held: ByInstitution,
}

/// Swaps grouped by one of their sides.
#[derive(Clone, Debug, Default)]
struct ByInstitution {
    swaps: Vec<CreditDefaultSwap>,
    /// Where the swaps of institution `n` end; empty without swaps.
    ends: Vec<usize>,
}

impl ByInstitution {
    fn new(count: usize, swaps: &[CreditDefaultSwap], side: fn(&CreditDefaultSwap) -> u32) -> Self {
        let mut swaps = swaps.to_vec();
        swaps.sort_by_key(side);
        let ends = (0..count as u32)
            .map(|n| swaps.partition_point(|swap| side(swap) <= n))
            .collect();
        Self { swaps, ends }
    }

    fn of(&self, institution: u32) -> &[CreditDefaultSwap] {
        let place = institution as usize;
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.swaps[start..self.ends[place]]
    }
}

impl Swaps {
    pub fn new(count: usize, swaps: &[CreditDefaultSwap]) -> Self {
        if swaps.is_empty() {
            return Self::default();
        }
        Self {
            written: ByInstitution::new(count, swaps, |swap| swap.writer),
            held: ByInstitution::new(count, swaps, |swap| swap.holder),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.written.swaps.is_empty()
    }

    /// What an institution receives and owes at these payment ratios.
    pub fn contingent(&self, institution: u32, ratios: &[f64]) -> Contingent {
        if self.is_empty() {
            return Contingent::default();
        }
        let due = |swap: &CreditDefaultSwap| swap.notional * (1.0 - ratios[swap.reference as usize]);
        Contingent {
            received: self
                .held
                .of(institution)
                .iter()
                .map(|swap| due(swap) * ratios[swap.writer as usize])
                .sum(),
            owed: self.written.of(institution).iter().map(due).sum(),
        }
    }

    /// The same over all payment ratios from `low` to `high`. What is due falls as the reference pays more.
    pub fn bounds(&self, institution: u32, low: &[f64], high: &[f64]) -> ContingentBounds {
        let zero = Interval::from(0.0);
        let mut bounds = ContingentBounds {
            received: zero,
            owed: zero,
        };
        if self.is_empty() {
            return bounds;
        }
        let ratio = |n: u32| Interval {
            low: low[n as usize],
            high: high[n as usize],
        };
        let due = |swap: &CreditDefaultSwap| {
            Interval::from(swap.notional) * (Interval::from(1.0) - ratio(swap.reference))
        };
        for swap in self.held.of(institution) {
            bounds.received = bounds.received + due(swap) * ratio(swap.writer);
        }
        for swap in self.written.of(institution) {
            bounds.owed = bounds.owed + due(swap);
        }
        bounds
    }
}
