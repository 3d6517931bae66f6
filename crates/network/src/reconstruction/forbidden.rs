//! Pairs that may not be given an amount: the diagonal, and entries that are known already.

/// The diagonal and a list of pairs.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Forbidden {
    /// Sorted.
    pairs: Vec<(u32, u32)>,
}

impl Forbidden {
    pub(super) fn new(mut pairs: Vec<(u32, u32)>) -> Self {
        pairs.sort_unstable();
        Self { pairs }
    }

    /// Whether nothing but the diagonal is forbidden.
    pub(super) fn is_diagonal(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Pairs off the diagonal.
    pub(super) fn pairs(&self) -> &[(u32, u32)] {
        &self.pairs
    }

    pub(super) fn allows(&self, debtor: u32, creditor: u32) -> bool {
        debtor != creditor
            && (self.pairs.is_empty() || self.pairs.binary_search(&(debtor, creditor)).is_err())
    }
}
