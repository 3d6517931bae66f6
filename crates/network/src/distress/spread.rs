//! Stress that spreads step by step: one shock, or many side by side.

use super::{DistressError, LARGEST, check_length, refuse, refuse_claims};
use delever_core::SparseRows;
use rayon::prelude::*;

/// What an institution sends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transmission {
    /// Every loss, in proportion.
    DebtRank,
    /// Its failure, all at once.
    Default,
    /// What it has lost when it is first hit, and nothing after, impacts of at most 1. Unordered.
    FirstHit,
    /// The same with impacts as they are.
    FirstHitUncapped,
}

impl Transmission {
    /// Whether more stress at first can never end in less: not under a single hit, which spends early victims.
    pub fn order(self) -> delever_core::Order {
        match self {
            Self::DebtRank | Self::Default => delever_core::Order::Isotone,
            Self::FirstHit | Self::FirstHitUncapped => delever_core::Order::Unordered,
        }
    }

    /// What an institution sends now, from its stress and all that it has sent before.
    #[inline]
    fn sends(self, stress: f64, sent: f64) -> f64 {
        match self {
            Self::DebtRank => (if stress < 1.0 { stress } else { 1.0 }) - sent,
            Self::Default if stress >= 1.0 => 1.0 - sent,
            Self::FirstHit | Self::FirstHitUncapped if sent == 0.0 => stress.min(1.0),
            Self::Default | Self::FirstHit | Self::FirstHitUncapped => 0.0,
        }
    }
}

/// When a spread counts as settled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpreadSettings {
    /// Euclidean length of the last step's change of stress. At 0 it runs until nothing moves at all.
    pub tolerance: f64,
    /// Largest number of steps.
    pub max_steps: u32,
}

impl Default for SpreadSettings {
    /// A change of `1e-12`, and 100,000 steps.
    fn default() -> Self {
        Self {
            tolerance: 1e-12,
            max_steps: 100_000,
        }
    }
}

/// Shocks that are spread side by side, so that each impact is read once for all of them: as many as fit into
/// vector registers as sums.
const LANES: usize = 8;

/// Stress after distress has spread.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// By institution: lost part of the buffer, above 1 where more was lost.
    pub stress: Vec<f64>,
    /// By institution: the step at which its stress reached 1, 0 for those that start there; `None` if it never did.
    pub wave: Vec<Option<u32>>,
    /// Steps until nothing moved by more than the tolerance.
    pub steps: u32,
    /// Whether that happened before the limit of steps.
    pub settled: bool,
}

impl Spread {
    /// Institutions with all of their buffer lost that did not start so: `s > 1 - 1e-12`.
    pub fn additional_defaults(&self, shock: &[f64]) -> usize {
        let failed = |(&s, &s0): (&f64, &f64)| s > 1.0 - 1e-12 && s0 < 1.0;
        self.stress.iter().zip(shock).filter(|&pair| failed(pair)).count()
    }

    /// `sum_i w_i (min(s_i, 1) - min(s0_i, 1))`: the DebtRank of a shock, for weights that sum to 1.
    pub fn additional_stress(&self, shock: &[f64], weights: &[f64]) -> f64 {
        let stress = self.stress.iter().zip(shock).zip(weights);
        stress
            .map(|((s, s0), weight)| weight * (s.min(1.0) - s0.min(1.0)))
            .sum()
    }
}

/// Who loses how much of its buffer when another is in distress.
#[derive(Clone, Debug)]
pub struct Exposures {
    /// Row = borrower, column = lender, value = claim over the lender's buffer.
    impacts: SparseRows,
    /// The same by lender: row = lender, column = borrower.
    received: SparseRows,
    buffers: Vec<f64>,
}

impl Exposures {
    /// From claims (row = lender, column = borrower, money) and each institution's buffer, usually its equity.
    ///
    /// A claim on oneself is taken as it is given.
    pub fn new(claims: &SparseRows, buffers: &[f64]) -> Result<Self, Vec<DistressError>> {
        let count = claims.row_count();
        check_length("buffers", buffers, count)?;
        let mut problems = refuse_claims(claims);
        problems.extend(refuse(
            buffers,
            |value| (1e-9..=LARGEST).contains(&value),
            |institution, value| DistressError::Buffer { institution, value },
        ));
        if !problems.is_empty() {
            return Err(problems);
        }
        let triplets: Vec<_> = claims
            .triplets()
            .map(|(lender, borrower, amount)| (lender, borrower, amount / buffers[lender as usize]))
            .collect();
        let received = SparseRows::from_triplets(count, count, &triplets);
        Ok(Self {
            impacts: received.transposed(),
            received,
            buffers: buffers.to_vec(),
        })
    }

    /// Number of institutions.
    pub fn institution_count(&self) -> usize {
        self.buffers.len()
    }

    /// Each institution's buffer, money.
    pub fn buffers(&self) -> &[f64] {
        &self.buffers
    }

    /// Row = borrower, column = lender, value = `v_ji`, the part of the lender's buffer that its claim is. Not capped.
    pub fn impacts(&self) -> &SparseRows {
        &self.impacts
    }

    /// Row = lender, column = borrower, value = `v_ji`: the leverage matrix `Lambda` of Bardoscia et al. (2015).
    ///
    /// Its spectral radius says whether small shocks die out (below 1) or grow until buffers are gone.
    pub fn leverage_matrix(&self) -> &SparseRows {
        &self.received
    }

    /// Spreads the initial stress `shock`, from 0 to 1 by institution, until nothing moves.
    pub fn spread(
        &self,
        shock: &[f64],
        transmission: Transmission,
        settings: &SpreadSettings,
    ) -> Result<Spread, Vec<DistressError>> {
        self.check_shock(shock)?;
        let [spread] = self.run(shock.iter().map(|&s| [s]).collect(), transmission, settings);
        Ok(spread)
    }

    /// Spreads many shocks in parallel; entry `n` has the bits of [`Self::spread`] of `shocks[n]`.
    ///
    /// ```
    /// # use delever_core::SparseRows;
    /// # use delever_network::distress::{Exposures, SpreadSettings, Transmission};
    /// let claims = SparseRows::from_triplets(2, 2, &[(1, 0, 5.0)]);
    /// let exposures = Exposures::new(&claims, &[10.0, 10.0])?;
    /// let shocks = [vec![1.0, 0.0], vec![0.5, 0.0]];
    /// let spreads = exposures.spread_batch(&shocks, Transmission::DebtRank, &SpreadSettings::default())?;
    /// assert_eq!(spreads[0].stress, [1.0, 0.5]);
    /// assert_eq!(spreads[1].stress, [0.5, 0.25]);
    /// # Ok::<(), Vec<delever_network::distress::DistressError>>(())
    /// ```
    pub fn spread_batch(
        &self,
        shocks: &[Vec<f64>],
        transmission: Transmission,
        settings: &SpreadSettings,
    ) -> Result<Vec<Spread>, Vec<DistressError>> {
        let problems: Vec<_> = shocks
            .iter()
            .filter_map(|shock| self.check_shock(shock).err())
            .flatten()
            .collect();
        if !problems.is_empty() {
            return Err(problems);
        }
        let initial = |shock: usize, n: usize| shocks[shock][n];
        Ok(self.side_by_side(shocks.len(), initial, transmission, settings, |_, spread| spread))
    }

    /// Spreads the failure of each institution alone, in parallel: entry `j` is what follows when `j` fails.
    ///
    /// Stress times buffers is what everyone loses by the failure of `j`, beyond buffers too; see
    /// [`FailureImpacts`](super::FailureImpacts) for the usual sums of it.
    pub fn each_failure(&self, transmission: Transmission, settings: &SpreadSettings) -> Vec<Spread> {
        self.map_each_failure(transmission, settings, |_, spread| spread)
    }

    /// As [`Self::each_failure`], keeping of each failure only what `keep(j, spread)` makes of it.
    pub fn map_each_failure<T: Send>(
        &self,
        transmission: Transmission,
        settings: &SpreadSettings,
        keep: impl Fn(usize, Spread) -> T + Sync,
    ) -> Vec<T> {
        let initial = |failed: usize, n: usize| f64::from(u8::from(failed == n));
        self.side_by_side(self.institution_count(), initial, transmission, settings, keep)
    }

    /// `sum_i buffer_i (s_i - s0_i)`, money: what contagion took, beyond buffers too.
    pub fn additional_loss(&self, shock: &[f64], spread: &Spread) -> f64 {
        let stress = spread.stress.iter().zip(shock).zip(&self.buffers);
        stress.map(|((s, s0), buffer)| buffer * (s - s0)).sum()
    }

    fn check_shock(&self, shock: &[f64]) -> Result<(), Vec<DistressError>> {
        check_length("initial stress", shock, self.institution_count())?;
        let problems: Vec<_> = refuse(
            shock,
            |value| (0.0..=1.0).contains(&value),
            |institution, value| DistressError::Stress { institution, value },
        )
        .collect();
        if problems.is_empty() {
            Ok(())
        } else {
            Err(problems)
        }
    }

    /// Spreads shocks `0..count`, as many together as there are lanes, groups in parallel.
    fn side_by_side<T: Send>(
        &self,
        count: usize,
        initial: impl Fn(usize, usize) -> f64 + Sync,
        transmission: Transmission,
        settings: &SpreadSettings,
        keep: impl Fn(usize, Spread) -> T + Sync,
    ) -> Vec<T> {
        let together = |first: usize| {
            // The last group repeats its last shock in the lanes that are over.
            let shocks: [usize; LANES] = std::array::from_fn(|lane| (first + lane).min(count - 1));
            let stress = (0..self.institution_count())
                .map(|n| shocks.map(|shock| initial(shock, n)))
                .collect();
            let spreads = self.run(stress, transmission, settings);
            let wanted = spreads.into_iter().take(count - first).enumerate();
            wanted
                .map(|(lane, spread)| keep(first + lane, spread))
                .collect::<Vec<T>>()
        };
        let firsts: Vec<usize> = (0..count).step_by(LANES).collect();
        firsts.into_par_iter().flat_map_iter(together).collect()
    }

    /// Spreads several shocks side by side, `stress[n][lane]` at first; each lane has the bits that it has alone.
    fn run<const L: usize>(
        &self,
        stress: Vec<[f64; L]>,
        transmission: Transmission,
        settings: &SpreadSettings,
    ) -> [Spread; L] {
        let capped;
        let received = match transmission {
            Transmission::DebtRank | Transmission::Default | Transmission::FirstHitUncapped => &self.received,
            Transmission::FirstHit => {
                capped = capped_at_one(&self.received);
                &capped
            }
        };
        // Wider vectors where the machine has them; nothing fuses two roundings, so the bits are the same.
        pulp::Arch::new().dispatch(Steps {
            received,
            stress,
            transmission,
            settings,
        })
    }
}

/// Shocks that spread side by side.
struct Steps<'a, const L: usize> {
    received: &'a SparseRows,
    stress: Vec<[f64; L]>,
    transmission: Transmission,
    settings: &'a SpreadSettings,
}

impl<const L: usize> pulp::NullaryFnOnce for Steps<'_, L> {
    type Output = [Spread; L];

    // Only what is inlined into the dispatching function is compiled for its vectors.
    #[inline(always)]
    fn call(self) -> [Spread; L] {
        let Self {
            received,
            mut stress,
            transmission,
            settings,
        } = self;
        let count = stress.len();
        let mut spreads: [Spread; L] = std::array::from_fn(|lane| Spread {
            stress: Vec::new(),
            wave: stress.iter().map(|s| (s[lane] >= 1.0).then_some(0)).collect(),
            steps: 0,
            settled: false,
        });
        let (mut sent, mut sends) = (vec![[0.0; L]; count], vec![[0.0; L]; count]);
        // Who sends anything in any lane: only those exposed to them are visited.
        let mut active = vec![false; count];
        let mut step = 0;
        while step < settings.max_steps && spreads.iter().any(|spread| !spread.settled) {
            step += 1;
            let runs: [bool; L] = std::array::from_fn(|lane| !spreads[lane].settled);
            for (((stress, sent), sends), active) in
                stress.iter().zip(&mut sent).zip(&mut sends).zip(&mut active)
            {
                *active = false;
                for lane in 0..L {
                    let now = transmission.sends(stress[lane], sent[lane]);
                    sends[lane] = if runs[lane] { now } else { 0.0 };
                    sent[lane] += sends[lane];
                    *active |= sends[lane] != 0.0;
                }
            }
            let mut change = [0.0; L];
            for (n, stress) in stress.iter_mut().enumerate() {
                let row = received.row(n);
                if !row.columns.iter().any(|&borrower| active[borrower as usize]) {
                    continue;
                }
                let mut gained = [0.0; L];
                for (&borrower, &impact) in row.columns.iter().zip(row.values) {
                    let sends = &sends[borrower as usize];
                    for lane in 0..L {
                        gained[lane] += impact * sends[lane];
                    }
                }
                let mut crossed = false;
                let before = *stress;
                for lane in 0..L {
                    stress[lane] += gained[lane];
                    change[lane] += gained[lane] * gained[lane];
                    crossed |= before[lane] < 1.0 && stress[lane] >= 1.0;
                }
                if crossed {
                    for lane in (0..L).filter(|&lane| before[lane] < 1.0 && stress[lane] >= 1.0) {
                        spreads[lane].wave[n] = Some(step);
                    }
                }
            }
            for (lane, spread) in spreads.iter_mut().enumerate().filter(|(lane, _)| runs[*lane]) {
                spread.steps = step;
                spread.settled = change[lane].sqrt() < settings.tolerance || change[lane] == 0.0;
            }
        }
        for (lane, spread) in spreads.iter_mut().enumerate() {
            spread.stress = stress.iter().map(|stress| stress[lane]).collect();
        }
        spreads
    }
}

/// Impacts of at most 1, as the single hit has them.
fn capped_at_one(impacts: &SparseRows) -> SparseRows {
    let triplets: Vec<_> = impacts
        .triplets()
        .map(|(lender, borrower, impact)| (lender, borrower, impact.min(1.0)))
        .collect();
    SparseRows::from_triplets(impacts.row_count(), impacts.column_count(), &triplets)
}
