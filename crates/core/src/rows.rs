//! Parameters by row, what comes again kept once.

use std::ops::Range;

/// One value for each row. Most tables give all their rows the same parameters; then there is one to keep and to read.
#[derive(Clone, Debug)]
pub(crate) struct Rows<R> {
    distinct: Vec<R>,
    /// Which of them each row has; empty where all rows have the first.
    which: Vec<u32>,
    count: usize,
}

/// How many of the last distinct values a row is compared with.
const REMEMBERED: usize = 8;

impl<R: PartialEq> Rows<R> {
    pub fn new(rows: Vec<R>) -> Self {
        let count = rows.len();
        let mut distinct: Vec<R> = Vec::new();
        let mut which = Vec::with_capacity(count);
        for row in rows {
            let recent = distinct.len().saturating_sub(REMEMBERED);
            let known = distinct[recent..].iter().position(|known| *known == row);
            which.push(known.map_or(distinct.len(), |place| recent + place) as u32);
            if known.is_none() {
                distinct.push(row);
            }
        }
        distinct.shrink_to_fit();
        if distinct.len() == 1 {
            which = Vec::new();
        }
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

    /// The place among the distinct values of what a row has.
    #[inline(always)]
    pub fn which(&self, row: usize) -> usize {
        self.which.get(row).map_or(0, |&which| which as usize)
    }

    #[inline(always)]
    pub fn get(&self, row: usize) -> &R {
        &self.distinct[self.which(row)]
    }

    /// Whether all these rows have one value.
    #[inline(always)]
    pub fn agree(&self, mut rows: impl Iterator<Item = usize>) -> bool {
        self.which.is_empty() || {
            let first = rows.next().map(|row| self.which(row));
            rows.all(|row| Some(self.which(row)) == first)
        }
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
                    assert_eq!(rows.agree(start..end), same);
                }
            }
        }
    }

    #[test]
    fn what_comes_again_soon_is_kept_once() {
        assert_eq!(Rows::new(vec![7; 100]).distinct(), [7]);
        assert_eq!(Rows::new(vec![1, 1, 2, 2, 1]).distinct(), [1, 2]);
        let all_different: Vec<i32> = (0..20).collect();
        assert_eq!(Rows::new(all_different.clone()).distinct(), all_different);
    }
}
