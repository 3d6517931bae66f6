//! Parameters by row, equal neighbours kept once.

use std::ops::Range;

/// One value for each row. Most tables give all their rows the same parameters; then there is one to keep and to read.
#[derive(Clone, Debug)]
pub(crate) struct Rows<R> {
    distinct: Vec<R>,
    /// Which of them each row has; empty where all rows have the first.
    which: Vec<u32>,
    count: usize,
}

impl<R: PartialEq> Rows<R> {
    pub fn new(rows: Vec<R>) -> Self {
        let count = rows.len();
        let mut distinct: Vec<R> = Vec::new();
        let mut which = Vec::new();
        for (n, row) in rows.into_iter().enumerate() {
            if distinct.last() != Some(&row) {
                if distinct.len() == 1 {
                    which = vec![0; n];
                }
                distinct.push(row);
            }
            if distinct.len() > 1 {
                which.push(distinct.len() as u32 - 1);
            }
        }
        distinct.shrink_to_fit();
        Self {
            distinct,
            which,
            count,
        }
    }
}

impl<R> Rows<R> {
    pub fn len(&self) -> usize {
        self.count
    }

    /// Every value that a row has, in the order of rows.
    pub fn distinct(&self) -> &[R] {
        &self.distinct
    }

    #[inline(always)]
    pub fn get(&self, row: usize) -> &R {
        &self.distinct[self.which.get(row).map_or(0, |&which| which as usize)]
    }

    /// The value of all these rows, if they share one.
    #[inline(always)]
    pub fn shared(&self, mut rows: impl Iterator<Item = usize>) -> Option<&R> {
        if self.which.is_empty() {
            return self.distinct.first();
        }
        let first = self.which[rows.next()?];
        rows.all(|row| self.which[row] == first)
            .then(|| &self.distinct[first as usize])
    }

    pub fn range(&self, rows: Range<usize>) -> impl Iterator<Item = &R> {
        rows.map(|row| self.get(row))
    }
}

#[cfg(test)]
mod tests {
    use super::Rows;

    #[test]
    fn rows_are_what_was_given() {
        for given in [vec![], vec![7], vec![7, 7, 7], vec![7, 7, 8, 8, 7], vec![1, 2, 3]] {
            let rows = Rows::new(given.clone());
            assert_eq!(rows.len(), given.len());
            assert!(rows.range(0..rows.len()).eq(&given));
            for start in 0..given.len() {
                for end in start + 1..=given.len() {
                    let same = given[start..end].iter().all(|row| *row == given[start]);
                    assert_eq!(rows.shared(start..end), same.then_some(&given[start]));
                }
            }
        }
    }

    #[test]
    fn equal_neighbours_are_kept_once() {
        assert_eq!(Rows::new(vec![7; 100]).distinct(), [7]);
        assert_eq!(Rows::new(vec![1, 1, 2, 2, 1]).distinct(), [1, 2, 1]);
    }
}
