//! Compressed sparse rows: the one matrix shape of the inner loops.
//!
//! Columns of a row are sorted and unique, so that a row's sum has one order whatever the order of the input.

/// A matrix in compressed sparse rows with `u32` columns and `f64` values.
///
/// ```
/// use delever_core::SparseRows;
/// let m = SparseRows::from_triplets(2, 3, &[(1, 2, 5.0), (0, 0, 1.0), (1, 2, 2.0)]);
/// assert_eq!(m.row(1).values, [7.0]); // duplicates add up
/// assert_eq!(m.row(0).product_sum(&[4.0, 0.0, 0.0]), 4.0);
/// ```
#[derive(Clone, Debug, PartialEq, Default)]
pub struct SparseRows {
    column_count: usize,
    starts: Vec<u32>,
    columns: Vec<u32>,
    values: Vec<f64>,
}

/// One row of [`SparseRows`]: `columns[n]` holds `values[n]`, columns ascending.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct SparseRow<'a> {
    /// Column indices, ascending, without duplicates.
    pub columns: &'a [u32],
    /// The value at each column.
    pub values: &'a [f64],
}

impl<'a> SparseRow<'a> {
    /// Pairs of column and value in ascending column order.
    pub fn iter(self) -> impl Iterator<Item = (usize, f64)> + 'a {
        self.columns
            .iter()
            .zip(self.values)
            .map(|(&column, &value)| (column as usize, value))
    }

    /// `sum_k value_k * vector[column_k]`, left to right, from `+0.0`.
    ///
    /// # Panics
    /// If `vector` is shorter than the matrix has columns.
    #[inline]
    pub fn product_sum(self, vector: &[f64]) -> f64 {
        let mut sum = 0.0;
        for (&column, &value) in self.columns.iter().zip(self.values) {
            sum += value * vector[column as usize];
        }
        sum
    }
}

impl SparseRows {
    /// An empty matrix of the given shape.
    pub fn empty(rows: usize, columns: usize) -> Self {
        Self {
            column_count: columns,
            starts: vec![0; rows + 1],
            columns: Vec::new(),
            values: Vec::new(),
        }
    }

    /// Builds a matrix from `(row, column, value)`; duplicates add up in the order of `triplets`.
    ///
    /// # Panics
    /// If an index is out of range, or there are `2^32` entries or more.
    pub fn from_triplets(rows: usize, columns: usize, triplets: &[(u32, u32, f64)]) -> Self {
        assert!(
            u32::try_from(triplets.len()).is_ok(),
            "a matrix holds at most 2^32 - 1 entries"
        );
        let mut starts = vec![0_u32; rows + 1];
        for &(row, column, _) in triplets {
            assert!((column as usize) < columns, "column {column} of {columns}");
            starts[row as usize + 1] += 1;
        }
        for row in 0..rows {
            starts[row + 1] += starts[row];
        }
        let mut next = starts.clone();
        let mut entries = vec![(0_u32, 0.0_f64); triplets.len()];
        for &(row, column, value) in triplets {
            let place = &mut next[row as usize];
            entries[*place as usize] = (column, value);
            *place += 1;
        }
        let mut matrix = Self::empty(rows, columns);
        matrix.columns.reserve_exact(entries.len());
        matrix.values.reserve_exact(entries.len());
        for row in 0..rows {
            let range = starts[row] as usize..starts[row + 1] as usize;
            let slice = &mut entries[range];
            slice.sort_by_key(|&(column, _)| column);
            let row_start = matrix.columns.len();
            for &(column, value) in slice.iter() {
                if matrix.columns.len() > row_start && matrix.columns.last() == Some(&column) {
                    let last = matrix.values.len() - 1;
                    matrix.values[last] += value;
                } else {
                    matrix.columns.push(column);
                    matrix.values.push(value);
                }
            }
            matrix.starts[row + 1] = matrix.columns.len() as u32;
        }
        matrix
    }

    /// Number of rows.
    pub fn row_count(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Number of columns.
    pub fn column_count(&self) -> usize {
        self.column_count
    }

    /// Number of stored entries.
    pub fn entry_count(&self) -> usize {
        self.columns.len()
    }

    /// One row.
    ///
    /// # Panics
    /// If `row` is out of range.
    #[inline]
    pub fn row(&self, row: usize) -> SparseRow<'_> {
        let range = self.entries_of(row);
        SparseRow {
            columns: &self.columns[range.clone()],
            values: &self.values[range],
        }
    }

    /// Neighbouring rows, one after the other.
    ///
    /// ```
    /// use delever_core::SparseRows;
    /// let m = SparseRows::from_triplets(3, 2, &[(0, 1, 5.0), (2, 0, 1.0), (2, 1, 2.0)]);
    /// let sums: Vec<f64> = m.rows(1..3).map(|row| row.values.iter().sum()).collect();
    /// assert_eq!(sums, [0.0, 3.0]);
    /// ```
    ///
    /// # Panics
    /// If a row is out of range.
    #[inline(always)]
    pub fn rows(&self, rows: std::ops::Range<usize>) -> impl Iterator<Item = SparseRow<'_>> {
        let starts = &self.starts[rows.start..=rows.end];
        let first = starts[0] as usize;
        let end = starts[starts.len() - 1] as usize;
        let (mut columns, mut values) = (&self.columns[first..end], &self.values[first..end]);
        starts.windows(2).map(move |ends| {
            let (of_row, rest) = columns.split_at((ends[1] - ends[0]) as usize);
            columns = rest;
            let (values_of_row, rest) = values.split_at(of_row.len());
            values = rest;
            SparseRow {
                columns: of_row,
                values: values_of_row,
            }
        })
    }

    /// Where the entries of a row stand among all entries.
    ///
    /// # Panics
    /// If `row` is out of range.
    #[inline]
    pub fn entries_of(&self, row: usize) -> std::ops::Range<usize> {
        self.starts[row] as usize..self.starts[row + 1] as usize
    }

    /// The values of all entries, row by row, to be changed in place.
    #[inline]
    pub fn values_mut(&mut self) -> &mut [f64] {
        &mut self.values
    }

    /// The matrix with row `n` taken from row `order[n]` of this one.
    #[must_use]
    pub fn with_row_order(&self, order: &[u32]) -> Self {
        let mut matrix = Self::empty(order.len(), self.column_count);
        matrix.columns.reserve_exact(self.columns.len());
        matrix.values.reserve_exact(self.values.len());
        for (place, &row) in order.iter().enumerate() {
            let row = self.row(row as usize);
            matrix.columns.extend_from_slice(row.columns);
            matrix.values.extend_from_slice(row.values);
            matrix.starts[place + 1] = matrix.columns.len() as u32;
        }
        matrix
    }

    /// All entries as `(row, column, value)`, row by row.
    pub fn triplets(&self) -> impl Iterator<Item = (u32, u32, f64)> + '_ {
        (0..self.row_count()).flat_map(move |row| {
            self.row(row)
                .iter()
                .map(move |(column, value)| (row as u32, column as u32, value))
        })
    }

    /// The transposed matrix.
    #[must_use]
    pub fn transposed(&self) -> Self {
        let triplets: Vec<_> = self
            .triplets()
            .map(|(row, column, value)| (column, row, value))
            .collect();
        Self::from_triplets(self.column_count, self.row_count(), &triplets)
    }
}
