//! The fitness model of links: probabilities by size, their calibration, and draws in time that goes with the links.

use super::Margins;
use super::draws::{Draws, Stream};
use super::flow::Cell;

/// Fitnesses above 0: fractions of the sum of all totals, the largest first.
pub(super) struct Model {
    /// By institution, 0 where nothing is left to place.
    x: Vec<f64>,
    y: Vec<f64>,
    pub(super) debtors: Vec<u32>,
    creditors: Vec<u32>,
    /// Pairs of a debtor and a creditor that may not be linked.
    excluded: Vec<(u32, u32)>,
    /// Mean fitness and number of members of each class.
    classes: [Vec<(f64, f64)>; 2],
}

/// Debtors or creditors up to which each fitness is a class of its own.
const EXACT: usize = 2_000;

/// Smallest fitness of a class over the largest. A class's mean stands for its members: the error of `p` is of second
/// order, below `ln(1 / WIDTH)^2 / 32` of it.
const WIDTH: f64 = 0.99;

impl Model {
    pub(super) fn new(margins: &Margins) -> Self {
        let total = margins.free_total() as f64;
        let fitness = |side: &[i128]| -> Vec<f64> {
            let share = |&units: &i128| if units > 0 { units as f64 / total } else { 0.0 };
            side.iter().map(share).collect()
        };
        let largest_first = |fitness: &[f64]| {
            let mut members: Vec<u32> = (0..fitness.len() as u32)
                .filter(|&n| fitness[n as usize] > 0.0)
                .collect();
            members.sort_by(|&a, &b| {
                fitness[b as usize]
                    .total_cmp(&fitness[a as usize])
                    .then(a.cmp(&b))
            });
            members
        };
        let (x, y) = (fitness(&margins.free_debts), fitness(&margins.free_claims));
        let (debtors, creditors) = (largest_first(&x), largest_first(&y));
        let diagonal = (0..x.len() as u32).map(|n| (n, n));
        let excluded = diagonal
            .chain(margins.forbidden.pairs().iter().copied())
            .filter(|&(debtor, creditor)| x[debtor as usize] > 0.0 && y[creditor as usize] > 0.0)
            .collect();
        let width = if debtors.len().max(creditors.len()) > EXACT {
            WIDTH
        } else {
            1.0
        };
        let classes = [classes(&x, &debtors, width), classes(&y, &creditors, width)];
        Self {
            x,
            y,
            debtors,
            creditors,
            excluded,
            classes,
        }
    }

    pub(super) fn product(&self, debtor: usize, creditor: usize) -> f64 {
        self.x[debtor] * self.y[creditor]
    }

    /// Pairs that can be linked.
    pub(super) fn pair_count(&self) -> f64 {
        self.debtors.len() as f64 * self.creditors.len() as f64 - self.excluded.len() as f64
    }

    /// `sum p_ij` over pairs that can be linked.
    pub(super) fn expected_links(&self, z: f64) -> f64 {
        let mut links = 0.0;
        for &(x, debtors) in &self.classes[0] {
            let row: f64 = self.classes[1]
                .iter()
                .map(|&(y, members)| members * probability(z * x * y))
                .sum();
            links += debtors * row;
        }
        let excluded = self.excluded.iter();
        let never = excluded
            .map(|&(debtor, creditor)| probability(z * self.product(debtor as usize, creditor as usize)));
        links - never.sum::<f64>()
    }

    /// The `z` at which the expected number of links is the target.
    pub(super) fn calibrate(&self, target: f64) -> f64 {
        if self.debtors.is_empty() {
            return 1.0;
        }
        let (mut low, mut high) = (1.0, 1.0);
        while self.expected_links(low) > target && low > 1e-150 {
            low /= 16.0;
        }
        while self.expected_links(high) < target && high < 1e150 {
            high *= 16.0;
        }
        for _ in 0..60 {
            let middle = (low * high).sqrt();
            if self.expected_links(middle) < target {
                low = middle;
            } else {
                high = middle;
            }
        }
        (low * high).sqrt()
    }

    /// Each pair with its probability, sorted by debtor and creditor.
    ///
    /// Along a row with the largest creditors first, probabilities fall. So the next candidate is found by skipping as
    /// many as would fail at the present probability, and kept with the ratio of its own to that (Miller and Hagberg
    /// 2011, WAW): time goes with the links, not the pairs.
    pub(super) fn draw(&self, margins: &Margins, z: f64, seed: u64) -> Vec<Cell> {
        let mut draws = Draws::new(seed, Stream::Fitness);
        let mut cells = Vec::new();
        for (debtor, &x) in self.x.iter().enumerate().filter(|&(_, &x)| x > 0.0) {
            let debtor = debtor as u32;
            let odds = |place: usize| self.creditors.get(place).map(|&n| z * x * self.y[n as usize]);
            let mut place = 0;
            let first = cells.len();
            while let Some(bound) = odds(place) {
                let skipped = draws.failures(bound);
                if skipped >= (self.creditors.len() - place) as f64 {
                    break;
                }
                place += skipped as usize;
                let Some(own) = odds(place) else { break };
                let creditor = self.creditors[place];
                let kept = draws.uniform() * probability(bound) < probability(own);
                if kept && margins.forbidden.allows(debtor, creditor) {
                    cells.push(Cell {
                        debtor,
                        creditor,
                        units: 0,
                    });
                }
                place += 1;
            }
            cells[first..].sort_unstable_by_key(|cell| cell.creditor);
        }
        cells
    }
}

/// `odds / (1 + odds)`, 1 for infinite odds.
fn probability(odds: f64) -> f64 {
    if odds > 1.0 {
        1.0 / (1.0 + 1.0 / odds)
    } else {
        odds / (1.0 + odds)
    }
}

/// Neighbours in size whose fitness is within a factor, as their mean and number.
fn classes(fitness: &[f64], members: &[u32], width: f64) -> Vec<(f64, f64)> {
    let mut classes = Vec::new();
    let mut rest = members;
    while let Some(&largest) = rest.first() {
        let least = fitness[largest as usize] * width;
        let count = rest.partition_point(|&n| fitness[n as usize] >= least);
        let sum: f64 = rest[..count].iter().map(|&n| fitness[n as usize]).sum();
        let mean = if width < 1.0 { sum / count as f64 } else { least };
        classes.push((mean, count as f64));
        rest = &rest[count..];
    }
    classes
}
