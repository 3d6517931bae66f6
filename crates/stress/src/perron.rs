//! The Perron root and vector of a non-negative matrix that is known by its factors, never by its entries.
//!
//! `T = diag(left) H diag(through) H' diag(right)` with `H` institutions by assets. Up to a diagonal scaling it is symmetric and
//! positive semidefinite, so that power iteration needs no shift. For any `x > 0` on an irreducible class the root lies
//! between the least and the largest of `(T x)_i / x_i` (Collatz 1942, Wielandt 1950).

use delever_core::SparseRows;
use delever_core::error_free::{add_down, add_up, mul_down, mul_up};
use delever_network::analysis::{SpectralRadius, SpectralSettings};

/// `T = diag(left) H diag(through) H' diag(right)`, all factors non-negative.
pub(crate) struct Factors<'a> {
    /// `H`: row = institution, column = asset.
    pub rows: &'a SparseRows,
    /// `H'`.
    pub columns: &'a SparseRows,
    /// One an institution.
    pub left: &'a [f64],
    /// One an institution.
    pub right: &'a [f64],
    /// One an asset.
    pub through: &'a [Coefficient],
}

/// A coefficient as used, and bounds of the one that is meant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Coefficient {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

impl Coefficient {
    pub fn exact(value: f64) -> Self {
        Self {
            value,
            low: value,
            high: value,
        }
    }

    /// `1 / depth`, correctly rounded, so that the exact quotient is a neighbour at most.
    pub fn reciprocal(depth: f64) -> Self {
        let value = 1.0 / depth;
        if depth.is_infinite() || is_power_of_two(depth) {
            return Self::exact(value);
        }
        Self {
            value,
            low: value.next_down(),
            high: value.next_up(),
        }
    }
}

fn is_power_of_two(value: f64) -> bool {
    const FRACTION: u64 = (1 << (f64::MANTISSA_DIGITS - 1)) - 1;
    value.to_bits() & FRACTION == 0
}

/// The root, and its vector with the largest component 1.
pub(crate) struct Perron {
    /// The bracket of the root.
    pub radius: SpectralRadius,
    /// Zero outside the class of the root.
    pub vector: Vec<f64>,
    /// Whether another class may have as large a root, so that the vector is not the only one.
    pub rival: bool,
}

/// Institutions that share assets with impact, directly or through others.
struct Class {
    members: Vec<u32>,
    assets: Vec<u32>,
}

impl Factors<'_> {
    /// The root and its vector; among classes with the same root, of the one with the first institution.
    pub fn perron(&self, settings: &SpectralSettings) -> Perron {
        let count = self.left.len();
        let mut best = Perron {
            radius: SpectralRadius {
                lower: 0.0,
                upper: 0.0,
                class: Vec::new(),
                steps: 0,
                converged: true,
            },
            vector: vec![0.0; count],
            rival: false,
        };
        let mut others = 0.0_f64;
        let mut steps = 0;
        let mut scratch = Scratch {
            x: vec![0.0; count],
            next: vec![0.0; count],
            through: vec![0.0; self.through.len()],
        };
        for class in self.classes() {
            let floor = best.radius.lower;
            self.iterate(&class, settings, floor, &mut steps, &mut scratch);
            let (lower, upper) = self.bounds(&class, &scratch.x);
            if lower > best.radius.lower {
                others = others.max(best.radius.upper);
                best.vector.fill(0.0);
                for &i in &class.members {
                    best.vector[i as usize] = scratch.x[i as usize];
                }
                best.radius = SpectralRadius {
                    lower,
                    upper,
                    class: class.members,
                    steps: 0,
                    converged: false,
                };
            } else {
                others = others.max(upper);
            }
        }
        best.rival = !best.radius.class.is_empty() && others >= best.radius.lower;
        let radius = &mut best.radius;
        radius.upper = radius.upper.max(others);
        radius.steps = steps;
        radius.converged = radius.upper - radius.lower <= settings.tolerance * radius.upper;
        best
    }

    /// Classes in the order of their first member; who has no part in any ring is in none.
    fn classes(&self) -> Vec<Class> {
        let takes_part = |i: usize| self.left[i] > 0.0 && self.right[i] > 0.0;
        let mut seen = vec![false; self.left.len()];
        let mut met = vec![false; self.through.len()];
        let mut classes = Vec::new();
        for first in 0..self.left.len() {
            if seen[first] || !takes_part(first) {
                continue;
            }
            seen[first] = true;
            let (mut members, mut assets) = (vec![first as u32], Vec::new());
            let mut next = 0;
            while let Some(&i) = members.get(next) {
                next += 1;
                for (k, held) in self.rows.row(i as usize).iter() {
                    if met[k] || held == 0.0 || self.through[k].value == 0.0 {
                        continue;
                    }
                    met[k] = true;
                    assets.push(k as u32);
                    for (j, held) in self.columns.row(k).iter() {
                        if held > 0.0 && takes_part(j) && !seen[j] {
                            seen[j] = true;
                            members.push(j as u32);
                        }
                    }
                }
            }
            if !assets.is_empty() {
                members.sort_unstable();
                assets.sort_unstable();
                classes.push(Class { members, assets });
            }
        }
        classes
    }

    /// Power iteration until the bracket is narrow, lies below `floor`, or stalls; leaves the vector in `scratch.x`.
    fn iterate(
        &self,
        class: &Class,
        settings: &SpectralSettings,
        floor: f64,
        steps: &mut u32,
        scratch: &mut Scratch,
    ) {
        /// Steps without a narrower bracket after which rounding is what is left.
        const PATIENCE: u32 = 64;
        self.start(class, scratch);
        let (mut narrowest, mut since) = (f64::INFINITY, 0);
        for _ in 0..settings.max_steps {
            *steps += 1;
            self.apply(class, scratch);
            let (mut low, mut high) = (f64::INFINITY, 0.0_f64);
            let mut largest = 0.0_f64;
            for &i in &class.members {
                let (x, next) = (scratch.x[i as usize], scratch.next[i as usize]);
                (low, high) = (low.min(next / x), high.max(next / x));
                largest = largest.max(next);
            }
            let width = high - low;
            since = if width < narrowest { 0 } else { since + 1 };
            narrowest = narrowest.min(width);
            // Half of the tolerance is left to rounding. A class that stays below another's root does not matter.
            let narrow = width <= 0.5 * settings.tolerance * high || high < floor;
            if narrow || since == PATIENCE || !high.is_finite() {
                break;
            }
            for &i in &class.members {
                // Any positive vector gives valid bounds.
                scratch.x[i as usize] = (scratch.next[i as usize] / largest).max(1e-290);
            }
        }
    }

    /// `next = T x` on the class.
    fn apply(&self, class: &Class, scratch: &mut Scratch) {
        for &k in &class.assets {
            let k = k as usize;
            let mut sum = 0.0;
            for (i, held) in self.columns.row(k).iter() {
                sum += held * (self.right[i] * scratch.x[i]);
            }
            scratch.through[k] = self.through[k].value * sum;
        }
        for &i in &class.members {
            let i = i as usize;
            let mut sum = 0.0;
            for (k, held) in self.rows.row(i).iter() {
                if self.through[k].value > 0.0 {
                    sum += held * scratch.through[k];
                }
            }
            scratch.next[i] = self.left[i] * sum;
        }
    }

    /// A start that makes iteration short where the class has few assets: squaring the matrix between them doubles the
    /// number of steps taken at once, so that even a root hardly larger than the next stands out.
    fn start(&self, class: &Class, scratch: &mut Scratch) {
        /// Assets up to which squaring is cheaper than the steps it saves.
        const FEW: usize = 96;
        // Institutions outside the class that hold its assets must count as zero.
        scratch.x.fill(0.0);
        class.members.iter().for_each(|&i| scratch.x[i as usize] = 1.0);
        if class.assets.len() > FEW {
            return;
        }
        let mut place = vec![usize::MAX; self.through.len()];
        for (n, &k) in class.assets.iter().enumerate() {
            place[k as usize] = n;
        }
        let size = class.assets.len();
        let mut matrix = vec![0.0; size * size];
        for &i in &class.members {
            let i = i as usize;
            let both = self.left[i] * self.right[i];
            let entries = || self.rows.row(i).iter().filter(|&(k, _)| place[k] != usize::MAX);
            for (k, held) in entries() {
                let scaled = self.through[k].value * (held * both);
                for (l, other) in entries() {
                    matrix[place[k] * size + place[l]] += scaled * other;
                }
            }
        }
        let by_asset = dominant(matrix, size);
        let mut largest = 0.0_f64;
        for &i in &class.members {
            let i = i as usize;
            let entries = self.rows.row(i).iter().filter(|&(k, _)| place[k] != usize::MAX);
            let sum: f64 = entries.map(|(k, held)| held * by_asset[place[k]]).sum();
            scratch.x[i] = self.left[i] * sum;
            largest = largest.max(scratch.x[i]);
        }
        for &i in &class.members {
            let x = &mut scratch.x[i as usize];
            *x = (*x / largest).max(1e-290);
        }
    }

    /// The least and the largest of `(T x)_i / x_i` over the class, rounded outward.
    fn bounds(&self, class: &Class, x: &[f64]) -> (f64, f64) {
        let mut through = vec![(0.0, 0.0); self.through.len()];
        for &k in &class.assets {
            let k = k as usize;
            let (mut below, mut above) = (0.0, 0.0);
            for (i, held) in self.columns.row(k).iter() {
                below = add_down(
                    below,
                    mul_down(held, mul_down(self.right[i], x[i]).max(0.0)).max(0.0),
                );
                above = add_up(above, mul_up(held, mul_up(self.right[i], x[i])));
            }
            through[k] = (
                mul_down(self.through[k].low.max(0.0), below).max(0.0),
                mul_up(self.through[k].high, above),
            );
        }
        let (mut lower, mut upper) = (f64::INFINITY, 0.0_f64);
        for &i in &class.members {
            let i = i as usize;
            let (mut below, mut above) = (0.0, 0.0);
            for (k, held) in self.rows.row(i).iter() {
                below = add_down(below, mul_down(held, through[k].0).max(0.0));
                above = add_up(above, mul_up(held, through[k].1));
            }
            let below = mul_down(self.left[i], below).max(0.0);
            let above = mul_up(self.left[i], above);
            lower = lower.min((below / x[i]).next_down().max(0.0));
            upper = upper.max((above / x[i]).next_up());
        }
        (lower, upper)
    }
}

/// Vectors over all institutions and assets, of which a class uses its part.
struct Scratch {
    x: Vec<f64>,
    next: Vec<f64>,
    through: Vec<f64>,
}

/// A vector close to the dominant one of a non-negative square matrix, by repeated squaring; sums of products of
/// non-negative numbers lose no digits.
fn dominant(mut matrix: Vec<f64>, size: usize) -> Vec<f64> {
    /// Squarings after which `2^n` steps tell apart whatever doubles can.
    const SQUARINGS: u32 = 52;
    normalise(&mut matrix);
    let mut square = vec![0.0; size * size];
    for _ in 0..SQUARINGS {
        square.fill(0.0);
        for (row, out) in matrix.chunks_exact(size).zip(square.chunks_exact_mut(size)) {
            for (&value, other) in row.iter().zip(matrix.chunks_exact(size)) {
                if value > 0.0 {
                    for (out, &other) in out.iter_mut().zip(other) {
                        *out += value * other;
                    }
                }
            }
        }
        normalise(&mut square);
        let moved = matrix
            .iter()
            .zip(&square)
            .fold(0.0_f64, |most, (a, b)| most.max((a - b).abs()));
        std::mem::swap(&mut matrix, &mut square);
        if moved <= 1e-15 {
            break;
        }
    }
    let sums: Vec<f64> = matrix.chunks_exact(size).map(|row| row.iter().sum()).collect();
    sums
}

fn normalise(matrix: &mut [f64]) {
    let largest = matrix.iter().fold(0.0_f64, |largest, &value| largest.max(value));
    if largest > 0.0 {
        for value in matrix {
            *value /= largest;
        }
    }
}
