//! Linear systems `w = r + J w` with `J >= 0` and `r >= 0`, solved from below with proof.
//!
//! The least non-negative solution is `sum_k J^k r`; where `I - J` is a non-singular M-matrix it is
//! `(I - J)^-1 r` (Berman and Plemmons 1994, chapter 6). [`lower_solution`] returns a vector that provably does not exceed
//! it, and comes as close as rounding allows. Rows are split into strongly connected classes, solved in the order in which
//! they depend on each other: directly where a class is small or eliminates without fill, else by Gauss-Seidel sweeps,
//! else by a Krylov method. What comes out of the last two steps of a class is verified before it is believed.

mod class;
mod classes;
mod elimination;
mod krylov;

use class::Class;
use classes::strongly_connected;

/// Above what rounding near the smallest numbers can add up to in a row of any length.
const SMALL: f64 = 1e-290;

/// A square non-negative matrix, row by row.
///
/// ```
/// use delever_solver::linear::NonNegativeRows;
/// let mut rows = NonNegativeRows::default();
/// rows.push(1, 0.5);
/// rows.end_row();
/// rows.end_row();
/// assert_eq!((rows.row_count(), rows.entry_count()), (2, 1));
/// assert_eq!(rows.row(0).collect::<Vec<_>>(), [(1, 0.5)]);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NonNegativeRows {
    ends: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f64>,
}

impl NonNegativeRows {
    /// Forgets all rows and keeps the memory.
    pub fn clear(&mut self) {
        self.ends.clear();
        self.columns.clear();
        self.values.clear();
    }

    /// Adds an entry to the row that is being written. Entries that are not above zero are left out.
    pub fn push(&mut self, column: u32, value: f64) {
        if value > 0.0 {
            self.columns.push(column);
            self.values.push(value);
        }
    }

    /// Ends the row that is being written.
    pub fn end_row(&mut self) {
        self.ends.push(self.columns.len());
    }

    /// Takes all entries out of some rows.
    pub(crate) fn empty(&mut self, rows: &[u32]) {
        let mut emptied = vec![false; self.ends.len()];
        for &row in rows {
            emptied[row as usize] = true;
        }
        let (mut start, mut kept) = (0, 0);
        for (end, emptied) in self.ends.iter_mut().zip(emptied) {
            let entries = start..*end;
            start = *end;
            if !emptied {
                self.columns.copy_within(entries.clone(), kept);
                self.values.copy_within(entries.clone(), kept);
                kept += entries.len();
            }
            *end = kept;
        }
        self.columns.truncate(kept);
        self.values.truncate(kept);
    }

    /// Number of rows that have ended.
    pub fn row_count(&self) -> usize {
        self.ends.len()
    }

    /// Number of entries.
    pub fn entry_count(&self) -> usize {
        self.values.len()
    }

    /// The entries of a row, as (column, value).
    pub fn row(&self, row: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let (columns, values) = self.parts(row);
        columns
            .iter()
            .zip(values)
            .map(|(&column, &value)| (column as usize, value))
    }

    fn parts(&self, row: usize) -> (&[u32], &[f64]) {
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        let range = start..self.ends[row];
        (&self.columns[range.clone()], &self.values[range])
    }

    /// `start + sum_m J_nm x_m` of row `n`, in ordinary rounding.
    #[inline]
    fn product_sum(&self, row: usize, start: f64, x: &[f64]) -> f64 {
        let (columns, values) = self.parts(row);
        columns
            .iter()
            .zip(values)
            .fold(start, |sum, (&column, value)| sum + value * x[column as usize])
    }

    /// Largest relative error of [`Self::product_sum`] of non-negative terms, twice over (Higham 2002, section 3.1).
    #[inline]
    fn rounding(&self, row: usize) -> f64 {
        (self.parts(row).0.len() + 4) as f64 * f64::EPSILON
    }

    /// A lower bound of the exact `start + sum_m J_nm x_m` of non-negative terms.
    #[inline]
    pub(crate) fn product_sum_below(&self, row: usize, start: f64, x: &[f64]) -> f64 {
        let sum = self.product_sum(row, start, x);
        // Near the smallest numbers rounding is no longer relative; zero bounds what is that small.
        if sum < SMALL {
            0.0
        } else {
            sum * (1.0 - self.rounding(row))
        }
    }

    /// An upper bound of the exact `sum_m J_nm x_m` of non-negative terms.
    #[inline]
    pub(crate) fn product_sum_above(&self, row: usize, x: &[f64]) -> f64 {
        let sum = self.product_sum(row, 0.0, x);
        sum * (1.0 + self.rounding(row)) + SMALL
    }
}

/// What a linear solve took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effort {
    /// Passes over the rows of classes that were solved by iteration.
    pub sweeps: u64,
    /// Rows in classes of at least two that were solved directly.
    pub direct: usize,
}

impl Effort {
    pub(crate) fn add(&mut self, other: Self) {
        self.sweeps += other.sweeps;
        self.direct += other.direct;
    }
}

/// Writes to `w` a lower bound of every `d >= 0` with `d >= r + J d`, close to the least solution of `w = r + J w`.
///
/// `r >= 0`. `accuracy` is the error wanted relative to the largest component of a class; rounding may leave more. Where no
/// finite solution exists, the bound is finite all the same.
///
/// ```
/// use delever_solver::linear::{NonNegativeRows, lower_solution};
/// // w_0 = 1 + w_1 / 2, w_1 = w_0 / 2
/// let mut rows = NonNegativeRows::default();
/// rows.push(1, 0.5);
/// rows.end_row();
/// rows.push(0, 0.5);
/// rows.end_row();
/// let mut w = [0.0; 2];
/// lower_solution(&rows, &[1.0, 0.0], 1e-12, &mut w);
/// assert!(w[0] <= 4.0 / 3.0 && 4.0 / 3.0 - w[0] < 1e-14);
/// ```
///
/// # Panics
/// If the lengths differ.
pub fn lower_solution(rows: &NonNegativeRows, r: &[f64], accuracy: f64, w: &mut [f64]) -> Effort {
    assert_eq!((r.len(), w.len()), (rows.row_count(), rows.row_count()));
    w.fill(0.0);
    let mut effort = Effort::default();
    let mut place = vec![u32::MAX; r.len()];
    strongly_connected(rows, |members| {
        if let &[only] = members {
            let n = only as usize;
            w[n] = alone(rows, n, r[n], w);
        } else {
            let class = Class::new(rows, members, r, w, &mut place);
            effort.add(class.solve(accuracy, |n, value| w[members[n] as usize] = value));
        }
    });
    effort
}

/// A row that is no part of a cycle, except perhaps through itself.
fn alone(rows: &NonNegativeRows, n: usize, r: f64, w: &[f64]) -> f64 {
    let itself: f64 = rows.row(n).filter(|&(m, _)| m == n).map(|(_, value)| value).sum();
    // w[n] is still zero, so the sum holds the other terms only.
    let start = rows.product_sum_below(n, r, w);
    let gap = 1.0 - itself;
    if itself > 0.0 && gap > 0.0 {
        start / gap.next_up() * (1.0 - 2.0 * f64::EPSILON)
    } else {
        start
    }
}
