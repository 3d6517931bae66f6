//! Samples of the matrix of debts given its totals, by moving amounts around cycles.

use super::draws::{Draws, Stream};
use super::fitness::{FitnessSettings, LinkTarget, draw};
use super::flow::Cell;
use super::maximum_entropy::closest;
use super::scaling::ScalingSettings;
use super::{Margins, Reconstruction, ReconstructionError, Status};

/// The prior of the links and the pace of the chain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GibbsSettings {
    /// `p`, above 0 up to 1: probability of each debt before the totals are known.
    pub probability: f64,
    /// `lambda`, above 0, per unit of money: rate of the exponential amounts, so `1 / lambda` is the mean of a debt.
    pub rate: f64,
    /// Largest number of debtors in a cycle, at least 2; sizes above the number of institutions are not drawn.
    ///
    /// Size `k` is drawn with probability `2^(1 - k)`, the last one with what is left. Three institutions need 3; a
    /// sparse network may need as many as it has institutions for every matrix to be within reach.
    pub largest_cycle: usize,
    /// Updates of cycles before the first sample.
    pub burn_in: u64,
    /// Updates of cycles from one sample to the next, at least 1.
    pub thinning: u64,
    /// Seed of the draws.
    pub seed: u64,
}

impl GibbsSettings {
    /// Settings for the link probability `p`, with the rate `lambda = p n (n - 1) / total`, at which the prior expects
    /// the total. Cycles of up to 8 debtors, `100 n^2` updates first, `10 n^2` from sample to sample, seed 0.
    pub fn expecting(margins: &Margins, probability: f64) -> Self {
        let count = margins.institution_count() as f64;
        let total = margins.total();
        let expected = probability * count * (count - 1.0) / total;
        let updates = margins.institution_count().pow(2) as u64;
        Self {
            probability,
            rate: if total > 0.0 { expected } else { 1.0 },
            largest_cycle: 8,
            burn_in: 100 * updates,
            thinning: (10 * updates).max(1),
            seed: 0,
        }
    }

    fn problems(&self) -> Vec<ReconstructionError> {
        let mut problems = Vec::new();
        let mut require = |holds: bool, name, value, expected| {
            if !holds {
                problems.push(ReconstructionError::Setting {
                    name,
                    value,
                    expected,
                });
            }
        };
        let p = self.probability;
        require(p > 0.0 && p <= 1.0, "probability", p, "above 0, up to 1");
        let rate = self.rate;
        require(rate > 0.0 && rate.is_finite(), "rate", rate, "above 0");
        require(
            self.largest_cycle >= 2,
            "largest_cycle",
            self.largest_cycle as f64,
            "at least 2",
        );
        require(self.thinning >= 1, "thinning", self.thinning as f64, "at least 1");
        problems
    }
}

/// A chain of matrices of debts whose long-run law is that of an Erdos-Renyi network given its totals.
///
/// Before the totals are known, each debt is 0 with probability `1 - p` and exponential with rate `lambda` otherwise, all
/// independent (Gandy and Veraart 2017, Management Science 63(12)). An update draws a cycle of `k` debtors and `k`
/// creditors, takes `d` from `x(i_s, j_s)` and adds it to `x(i_s, j_(s+1))`, where `d` is drawn from its law given all the
/// rest: on the segment of length `L` that keeps amounts from falling below 0, it is
///
/// * uniform inside with weight `L`, because the exponentials cancel along a cycle,
/// * at an end where one amount becomes 0, with weight `(1 - p) / (p lambda)` of money,
/// * at the end with more zeros for certain, if more than one amount becomes 0 there; at each with `1/2` if they tie;
/// * with `p = 1` no end has any weight.
///
/// Zeros beyond one have probability 0 unless the matrix is built so, and are then evidence. In particular, where some
/// debtors together owe *exactly* what some creditors are owed, the law puts these debts among them. Round totals that
/// coincide by accident should be given a little noise.
///
/// Cycles through absent debts alone could not move, so the debts `(i_s, j_s)` are drawn among those above 0. That makes a
/// cycle as likely as `c / m^k`, with `m` debts above 0 and `c` of its two sides positive throughout; the draw of `d` is
/// accepted with probability `min(1, after / before)` of that, which keeps the law.
///
/// The chain starts from a [`fitness`](super::fitness()) network of density `p`. It keeps a full matrix, 24 bytes a pair,
/// and has to visit each debt often: meant for hundreds of institutions. Nothing tells that it has settled: compare
/// samples of several seeds, and of longer `burn_in` and `thinning`.
///
/// As an iterator it never ends.
///
/// ```
/// use delever_network::reconstruction::{GibbsSampler, GibbsSettings, Margins};
/// let margins = Margins::new(&[30.0, 20.0, 10.0, 7.0], &[21.0, 25.0, 15.0, 6.0])?;
/// let settings = GibbsSettings { seed: 7, ..GibbsSettings::expecting(&margins, 0.5) };
/// let samples: Vec<_> = GibbsSampler::new(&margins, &settings)?.take(3).collect();
/// assert!(samples.iter().all(|sample| sample.worst_margin_error < 1e-12));
/// # Ok::<(), Vec<delever_network::reconstruction::ReconstructionError>>(())
/// ```
#[derive(Clone, Debug)]
pub struct GibbsSampler<'a> {
    margins: &'a Margins,
    settings: GibbsSettings,
    draws: Draws,
    /// Row-major, debtor by creditor, in units.
    matrix: Vec<i128>,
    /// Whether an amount may change.
    free: Vec<bool>,
    /// Places of amounts above 0, in any order, and where each of them is in this list.
    positive: Vec<u32>,
    listed: Vec<u32>,
    /// Weight of an end of a segment, in units.
    end_weight: f64,
    updates: u64,
    moves: u64,
    /// Places along the cycle: one that loses and one that gains, in each debtor's row.
    cycle: Vec<[usize; 2]>,
}

impl<'a> GibbsSampler<'a> {
    /// A chain before its burn-in. Every setting that is out of range is an error.
    pub fn new(margins: &'a Margins, settings: &GibbsSettings) -> Result<Self, Vec<ReconstructionError>> {
        let problems = settings.problems();
        if !problems.is_empty() {
            return Err(problems);
        }
        let count = margins.institution_count();
        let start = start(margins, settings)?;
        let mut matrix = vec![0; count * count];
        let mut free = vec![true; count * count];
        let mut listed = vec![0; count * count];
        let mut positive = Vec::new();
        for cell in start.iter().filter(|cell| cell.units > 0) {
            let place = cell.debtor as usize * count + cell.creditor as usize;
            matrix[place] = cell.units;
            listed[place] = positive.len() as u32;
            positive.push(place as u32);
        }
        for n in 0..count {
            free[n * count + n] = false;
        }
        for &(debtor, creditor) in margins.forbidden.pairs() {
            free[debtor as usize * count + creditor as usize] = false;
        }
        let p = settings.probability;
        let total = margins.total();
        Ok(Self {
            margins,
            settings: *settings,
            draws: Draws::new(settings.seed, Stream::Gibbs),
            matrix,
            free,
            positive,
            listed,
            end_weight: (1.0 - p) / (p * (settings.rate * total)) * margins.unit.whole(total) as f64,
            updates: 0,
            moves: 0,
            cycle: Vec::new(),
        })
    }

    /// Updates of cycles so far.
    pub fn update_count(&self) -> u64 {
        self.updates
    }

    /// How many of them moved an amount.
    pub fn move_count(&self) -> u64 {
        self.moves
    }

    /// The matrix as it is.
    pub fn current(&self) -> Reconstruction {
        let count = self.margins.institution_count();
        let held = self.matrix.iter().enumerate().filter(|&(_, &units)| units > 0);
        let cells: Vec<Cell> = held
            .map(|(place, &units)| Cell {
                debtor: (place / count) as u32,
                creditor: (place % count) as u32,
                units,
            })
            .collect();
        Reconstruction::finish(self.margins, &cells, Status::Complete, self.updates)
    }

    /// One update of a cycle that is drawn.
    pub fn update(&mut self) {
        self.updates += 1;
        let largest = self.settings.largest_cycle.min(self.margins.institution_count());
        if largest < 2 || self.positive.is_empty() {
            return;
        }
        let mut size = 2;
        let mut coins = self.draws.bits();
        while size < largest && coins & 1 == 1 {
            size += 1;
            coins >>= 1;
        }
        if !self.draw_cycle(size) {
            return;
        }
        let change = self.draw_change();
        if change == 0 || !self.accept(change) {
            return;
        }
        self.moves += 1;
        for step in 0..size {
            let [loses, gains] = self.cycle[step];
            self.set(loses, self.matrix[loses] - change);
            self.set(gains, self.matrix[gains] + change);
        }
    }

    /// Debts above 0, each drawn alone; whether they have different debtors and creditors and form a cycle of free pairs.
    fn draw_cycle(&mut self, size: usize) -> bool {
        let count = self.margins.institution_count();
        self.cycle.clear();
        for _ in 0..size {
            let place = self.positive[self.draws.below(self.positive.len())] as usize;
            let apart =
                |&[other, _]: &[usize; 2]| other / count != place / count && other % count != place % count;
            if !self.cycle.iter().all(apart) {
                return false;
            }
            self.cycle.push([place, place]);
        }
        for step in 0..size {
            let next = self.cycle[(step + 1) % size][0];
            let gains = self.cycle[step][0] / count * count + next % count;
            if !self.free[gains] {
                return false;
            }
            self.cycle[step][1] = gains;
        }
        true
    }

    /// Accepts a change by how likely the cycle is to be drawn after it and before it.
    fn accept(&mut self, change: i128) -> bool {
        let odds = |change: i128| {
            let amounts = self.cycle.iter().map(|&[loses, gains]| {
                let (lost, gained) = (self.matrix[loses] - change, self.matrix[gains] + change);
                [i32::from(lost > 0), i32::from(gained > 0)]
            });
            let [losing, gaining] =
                amounts.fold([0; 2], |sum, amounts| [sum[0] + amounts[0], sum[1] + amounts[1]]);
            let size = self.cycle.len() as i32;
            let sides = i32::from(losing == size) + i32::from(gaining == size);
            (f64::from(sides), losing + gaining)
        };
        let ((sides_before, before), (sides_after, after)) = (odds(0), odds(change));
        let links = self.positive.len() as f64;
        let fewer = links / (links + f64::from(after - before));
        let ratio = (0..self.cycle.len()).fold(sides_after / sides_before, |ratio, _| ratio * fewer);
        ratio >= 1.0 || self.draws.uniform() < ratio
    }

    fn set(&mut self, place: usize, units: i128) {
        let before = std::mem::replace(&mut self.matrix[place], units);
        if before == 0 && units > 0 {
            self.listed[place] = self.positive.len() as u32;
            self.positive.push(place as u32);
        } else if before > 0 && units == 0 {
            let slot = self.listed[place] as usize;
            self.positive.swap_remove(slot);
            if let Some(&moved) = self.positive.get(slot) {
                self.listed[moved as usize] = slot as u32;
            }
        }
    }

    /// What the losing side loses, given all the rest.
    fn draw_change(&mut self) -> i128 {
        let matrix = &self.matrix;
        let side = |side: usize| {
            let amounts = || self.cycle.iter().map(move |pair| matrix[pair[side]]);
            let least = amounts().min().unwrap_or(0);
            let zeros = amounts().filter(|&units| units == least).count();
            (least, zeros)
        };
        let ((up, high_zeros), (down, low_zeros)) = (side(0), side(1));
        let length = up + down;
        if length == 0 {
            return 0;
        }
        let certain = self.end_weight > 0.0 && low_zeros.max(high_zeros) > 1;
        let [low, inside, high] = if certain {
            let has_most = |zeros: usize| f64::from(u8::from(zeros == low_zeros.max(high_zeros)));
            [has_most(low_zeros), 0.0, has_most(high_zeros)]
        } else {
            [self.end_weight, length as f64, self.end_weight]
        };
        let ticket = self.draws.uniform() * (low + inside + high);
        if ticket < low {
            -down
        } else if ticket < low + inside {
            // Not the ends: an amount of 0 is a debt that does not exist.
            let part = (self.draws.uniform() * length as f64) as i128;
            part.clamp(1.min(length - 1), (length - 1).max(0)) - down
        } else {
            up
        }
    }
}

/// A matrix with about as many links as the prior expects, or the most even one where that is next to all.
fn start(margins: &Margins, settings: &GibbsSettings) -> Result<Vec<Cell>, Vec<ReconstructionError>> {
    let target = LinkTarget::Density(settings.probability);
    if let Ok(network) = draw(margins, &FitnessSettings::new(target, settings.seed)) {
        return Ok(network.scaled.cells);
    }
    Ok(closest(margins, None, &ScalingSettings::default())?.cells)
}

impl Iterator for GibbsSampler<'_> {
    type Item = Reconstruction;

    fn next(&mut self) -> Option<Reconstruction> {
        let target = if self.updates < self.settings.burn_in {
            self.settings.burn_in
        } else {
            self.updates + self.settings.thinning
        };
        while self.updates < target {
            self.update();
        }
        Some(self.current())
    }
}
