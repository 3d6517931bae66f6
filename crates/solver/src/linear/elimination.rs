//! Gaussian elimination of `I - J`: first where it brings no fill, then densely.

use super::NonNegativeRows;

/// The factors of `I - J`, without pivoting, which an M-matrix does not need (Berman and Plemmons 1994, theorem 6.2.3).
///
/// With `J >= 0` nothing is subtracted except in the pivots, so each factor is accurate to a few roundings of its pivots.
pub(super) struct Elimination {
    steps: Vec<Step>,
    /// (row, multiplier) of the rows from which a step's row was eliminated.
    multipliers: Vec<(u32, f64)>,
    /// (column, value) of the step's own row.
    entries: Vec<(u32, f64)>,
    /// Rows that were left for the dense part, and its factors, row by row.
    core: Vec<u32>,
    dense: Vec<f64>,
}

struct Step {
    row: u32,
    pivot: f64,
    multipliers_end: usize,
    entries_end: usize,
}

/// The matrix while it is being eliminated.
struct Active {
    rows: Vec<Vec<(u32, f64)>>,
    /// Rows that refer or referred to a column.
    users: Vec<Vec<u32>>,
    user_count: Vec<u32>,
    done: Vec<bool>,
}

impl Active {
    fn new(matrix: &NonNegativeRows) -> Self {
        let count = matrix.row_count();
        let mut active = Self {
            rows: (0..count)
                .map(|n| matrix.row(n).map(|(m, value)| (m as u32, value)).collect())
                .collect(),
            users: vec![Vec::new(); count],
            user_count: vec![0; count],
            done: vec![false; count],
        };
        for n in 0..count {
            let mut row = std::mem::take(&mut active.rows[n]);
            // Entries of one column are one entry.
            row.sort_unstable_by_key(|&(column, _)| column);
            row.dedup_by(|next, kept| {
                let same = next.0 == kept.0;
                kept.1 += if same { next.1 } else { 0.0 };
                same
            });
            for &(column, _) in &row {
                active.users[column as usize].push(n as u32);
                active.user_count[column as usize] += 1;
            }
            active.rows[n] = row;
        }
        active
    }

    /// Whether eliminating the row adds no entry on balance (Markowitz 1957).
    fn without_fill(&self, row: u32) -> bool {
        let n = row as usize;
        let (uses, users) = (self.rows[n].len(), self.user_count[n] as usize);
        !self.done[n] && uses * users <= uses + users
    }
}

impl Elimination {
    /// `None` if more than `largest_core` rows are left, or if a pivot is not above zero.
    pub fn new(matrix: &NonNegativeRows, largest_core: usize) -> Option<Self> {
        let count = matrix.row_count();
        let mut this = Self {
            steps: Vec::new(),
            multipliers: Vec::new(),
            entries: Vec::new(),
            core: Vec::new(),
            dense: Vec::new(),
        };
        let mut active = Active::new(matrix);
        if count > largest_core {
            let candidates = (0..count as u32).filter(|&n| active.without_fill(n)).count();
            // A random matrix has next to none to begin with: not worth the trial.
            if candidates * 8 < count {
                return None;
            }
            let mut queue: Vec<u32> = (0..count as u32).rev().collect();
            while let Some(row) = queue.pop() {
                if active.without_fill(row) {
                    this.eliminate(&mut active, row, &mut queue)?;
                }
            }
        }
        this.core = (0..count as u32).filter(|&n| !active.done[n as usize]).collect();
        if this.core.len() > largest_core {
            return None;
        }
        this.factor_core(&active)?;
        Some(this)
    }

    fn eliminate(&mut self, active: &mut Active, row: u32, queue: &mut Vec<u32>) -> Option<()> {
        let n = row as usize;
        let mut own = std::mem::take(&mut active.rows[n]);
        let itself = own
            .iter()
            .find(|entry| entry.0 == row)
            .map_or(0.0, |entry| entry.1);
        own.retain(|entry| entry.0 != row);
        let pivot = 1.0 - itself;
        if pivot <= 0.0 {
            return None;
        }
        active.done[n] = true;
        for &(column, _) in &own {
            active.user_count[column as usize] -= 1;
            queue.push(column);
        }
        for user in std::mem::take(&mut active.users[n]) {
            let target = &mut active.rows[user as usize];
            let Some(place) = target.iter().position(|entry| entry.0 == row) else {
                continue;
            };
            let multiplier = target.swap_remove(place).1 / pivot;
            self.multipliers.push((user, multiplier));
            for &(column, value) in &own {
                if let Some(entry) = target.iter_mut().find(|entry| entry.0 == column) {
                    entry.1 += multiplier * value;
                } else {
                    target.push((column, multiplier * value));
                    active.users[column as usize].push(user);
                    active.user_count[column as usize] += 1;
                }
            }
            queue.push(user);
        }
        self.entries.extend(own);
        self.steps.push(Step {
            row,
            pivot,
            multipliers_end: self.multipliers.len(),
            entries_end: self.entries.len(),
        });
        Some(())
    }

    fn factor_core(&mut self, active: &Active) -> Option<()> {
        let size = self.core.len();
        let mut place = vec![u32::MAX; active.rows.len()];
        for (local, &row) in self.core.iter().enumerate() {
            place[row as usize] = local as u32;
        }
        self.dense = vec![0.0; size * size];
        for (local, &row) in self.core.iter().enumerate() {
            for &(column, value) in &active.rows[row as usize] {
                self.dense[local * size + place[column as usize] as usize] = value;
            }
        }
        for k in 0..size {
            let (above, below) = self.dense.split_at_mut((k + 1) * size);
            let pivot_row = &mut above[k * size..];
            let pivot = 1.0 - pivot_row[k];
            if pivot <= 0.0 {
                return None;
            }
            // The pivot itself stands on the diagonal from here on.
            pivot_row[k] = pivot;
            for row in below.chunks_exact_mut(size) {
                let multiplier = row[k] / pivot;
                row[k] = multiplier;
                if multiplier > 0.0 {
                    for (entry, &value) in row[k + 1..].iter_mut().zip(&pivot_row[k + 1..]) {
                        *entry += multiplier * value;
                    }
                }
            }
        }
        Some(())
    }

    /// `x <- (I - J)^-1 x`.
    pub fn solve(&self, x: &mut [f64]) {
        let mut start = 0;
        for step in &self.steps {
            let value = x[step.row as usize];
            for &(user, multiplier) in &self.multipliers[start..step.multipliers_end] {
                x[user as usize] += multiplier * value;
            }
            start = step.multipliers_end;
        }
        let size = self.core.len();
        let mut inner: Vec<f64> = self.core.iter().map(|&row| x[row as usize]).collect();
        for n in 0..size {
            let row = &self.dense[n * size..][..size];
            inner[n] += (0..n).map(|k| row[k] * inner[k]).sum::<f64>();
        }
        for n in (0..size).rev() {
            let row = &self.dense[n * size..][..size];
            let sum: f64 = (n + 1..size).map(|k| row[k] * inner[k]).sum();
            inner[n] = (inner[n] + sum) / row[n];
        }
        for (&row, value) in self.core.iter().zip(inner) {
            x[row as usize] = value;
        }
        let mut end = self.entries.len();
        for (number, step) in self.steps.iter().enumerate().rev() {
            let begin = if number == 0 {
                0
            } else {
                self.steps[number - 1].entries_end
            };
            let sum = self.entries[begin..end]
                .iter()
                .fold(x[step.row as usize], |sum, &(column, value)| {
                    sum + value * x[column as usize]
                });
            x[step.row as usize] = sum / step.pivot;
            end = begin;
        }
    }
}
