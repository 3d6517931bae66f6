//! Rows of lanes in memory, each inside as few cache lines as can be.

use std::ops::{Deref, DerefMut};

/// Bytes of a cache line, and of the widest vectors.
const LINE: usize = 64;

/// A fixed number of rows of `W` doubles, zero at first. The first row begins a cache line: vectors that straddle two lines take
/// twice as long to load.
#[derive(Debug)]
pub struct Aligned<const W: usize> {
    memory: Vec<f64>,
    start: usize,
    len: usize,
}

impl<const W: usize> Aligned<W> {
    /// So many rows of zeros.
    pub fn zeros(len: usize) -> Self {
        let memory = vec![0.0; len * W + LINE / size_of::<f64>()];
        // A pointer that cannot be aligned leaves the rows where they are.
        let start = memory.as_ptr().align_offset(LINE).min(LINE / size_of::<f64>());
        Self { memory, start, len }
    }
}

impl<const W: usize> Deref for Aligned<W> {
    type Target = [[f64; W]];

    #[inline(always)]
    fn deref(&self) -> &[[f64; W]] {
        self.memory[self.start..][..self.len * W].as_chunks().0
    }
}

impl<const W: usize> DerefMut for Aligned<W> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [[f64; W]] {
        self.memory[self.start..][..self.len * W].as_chunks_mut().0
    }
}

impl<'a, const W: usize> IntoIterator for &'a Aligned<W> {
    type Item = &'a [f64; W];
    type IntoIter = std::slice::Iter<'a, [f64; W]>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a, const W: usize> IntoIterator for &'a mut Aligned<W> {
    type Item = &'a mut [f64; W];
    type IntoIter = std::slice::IterMut<'a, [f64; W]>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::{Aligned, LINE};

    #[test]
    fn rows_begin_cache_lines() {
        for len in [0, 1, 7, 100] {
            let mut rows = Aligned::<8>::zeros(len);
            assert_eq!(rows.len(), len);
            assert_eq!(rows.as_ptr().align_offset(LINE), 0);
            rows.iter_mut().for_each(|row| *row = [1.0; 8]);
            assert!(rows.iter().all(|row| *row == [1.0; 8]));
            assert_eq!(Aligned::<1>::zeros(len).len(), len);
        }
    }
}
