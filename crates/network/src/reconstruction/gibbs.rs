//! Samples of the matrix of debts given its totals, by moving amounts around cycles.

use super::draws::{Draws, Stream};
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
/// creditors, adds `d` to `x(i_s, j_s)` and takes it from `x(i_s, j_(s+1))`, where `d` is drawn from its law given all the
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
/// The chain starts from [`maximum_entropy`](super::maximum_entropy()). It keeps a full matrix, 16 bytes a pair, and has
/// to visit the `n^2` pairs often: meant for hundreds of institutions. Nothing tells that it has settled: compare
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
    /// Weight of an end of a segment, in units.
    end_weight: f64,
    updates: u64,
    moves: u64,
    order: [Vec<usize>; 2],
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
        let start = closest(margins, None, &ScalingSettings::default())?;
        let mut matrix = vec![0; count * count];
        let mut free = vec![true; count * count];
        for cell in &start.cells {
            matrix[cell.debtor as usize * count + cell.creditor as usize] = cell.units;
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
            end_weight: (1.0 - p) / (p * (settings.rate * total)) * margins.unit.whole(total) as f64,
            updates: 0,
            moves: 0,
            order: [(); 2].map(|()| (0..count).collect()),
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
        if largest < 2 {
            return;
        }
        let mut size = 2;
        let mut coins = self.draws.bits();
        while size < largest && coins & 1 == 1 {
            size += 1;
            coins >>= 1;
        }
        self.draw_cycle(size);
        if self.cycle.iter().flatten().any(|&place| !self.free[place]) {
            return;
        }
        let change = self.draw_change();
        if change != 0 {
            self.moves += 1;
            for &[gains, loses] in &self.cycle {
                self.matrix[gains] += change;
                self.matrix[loses] -= change;
            }
        }
    }

    /// `size` different debtors and creditors, each in an order that is drawn.
    fn draw_cycle(&mut self, size: usize) {
        let count = self.margins.institution_count();
        for order in &mut self.order {
            for place in 0..size {
                let other = place + self.draws.below(count - place);
                order.swap(place, other);
            }
        }
        let [debtors, creditors] = &self.order;
        self.cycle.clear();
        self.cycle.extend((0..size).map(|step| {
            let row = debtors[step] * count;
            [row + creditors[step], row + creditors[(step + 1) % size]]
        }));
    }

    /// The change of the amounts along the cycle, given all the rest.
    fn draw_change(&mut self) -> i128 {
        let matrix = &self.matrix;
        let side = |side: usize| {
            let amounts = || self.cycle.iter().map(move |pair| matrix[pair[side]]);
            let least = amounts().min().unwrap_or(0);
            let zeros = amounts().filter(|&units| units == least).count();
            (least, zeros)
        };
        let ((down, low_zeros), (up, high_zeros)) = (side(0), side(1));
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
