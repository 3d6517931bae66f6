//! Core and periphery, as Craig and von Peter (2014) define them for interbank markets.

use super::{Role, Weight};
use crate::graph::ContagionGraph;
use delever_core::SparseRows;

/// What separates a network from a perfect core and periphery, in links.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TieringErrors {
    /// Links missing between core banks: `c (c - 1)` less those that exist.
    pub within_core: u64,
    /// `n - c` for each core bank that lends to nobody in the periphery.
    pub core_to_periphery: u64,
    /// `n - c` for each core bank that borrows from nobody in the periphery.
    pub periphery_to_core: u64,
    /// Links between periphery banks.
    pub within_periphery: u64,
}

impl TieringErrors {
    /// All errors together.
    pub fn total(&self) -> u64 {
        self.within_core + self.core_to_periphery + self.periphery_to_core + self.within_periphery
    }
}

/// A split into core and periphery.
#[derive(Clone, Debug, PartialEq)]
pub struct CorePeriphery {
    /// Members of the core, ascending.
    pub core: Vec<u32>,
    /// Errors by block.
    pub errors: TieringErrors,
    /// All errors over all links; 0 in a graph without debts.
    pub error_score: f64,
}

impl ContagionGraph {
    /// Splits institutions into a core and a periphery with as small an error score as the search finds.
    ///
    /// In the ideal, core banks all lend to each other, each lends to and borrows from some periphery bank, and periphery
    /// banks deal with the core only. [`TieringErrors`] counts what differs, over existing links of any amount. `n` counts
    /// institutions with a debt or a claim: one without either belongs to the periphery and plays no part. Source: Craig
    /// and von Peter (2014), Journal of Financial Intermediation 23(3).
    ///
    /// Finding the least score is a hard problem. The search is deterministic: the best initial stretch of four orders by
    /// degree, then any change of side that helps, then exchanges between the 64 likeliest on either side. A sweep costs
    /// `n + m`, an exchange the degrees of the two. Of several splits with the same score one is returned.
    ///
    /// ```
    /// use delever_network::ContagionGraphBuilder;
    /// let mut builder = ContagionGraphBuilder::new(4); // 0 and 1 lend to each other; 2 and 3 hang on one each
    /// builder.debt(0, 1, 5.0, 0).debt(1, 0, 5.0, 0);
    /// builder.debt(2, 0, 1.0, 0).debt(0, 2, 1.0, 0).debt(3, 1, 1.0, 0).debt(1, 3, 1.0, 0);
    /// let split = builder.build().expect("valid").core_periphery();
    /// assert_eq!((split.core, split.error_score), (vec![0, 1], 0.0));
    /// ```
    pub fn core_periphery(&self) -> CorePeriphery {
        let lends = self.links(Role::Creditor, Weight::Link);
        let borrows = self.links(Role::Debtor, Weight::Link);
        let degree = |links: &SparseRows, n: u32| links.row(n as usize).columns.len();
        let both = |n: u32| (degree(&lends, n), degree(&borrows, n));
        let active: Vec<u32> = (0..self.count as u32).filter(|&n| both(n) != (0, 0)).collect();
        let orders: [&dyn Fn(u32) -> usize; 4] = [
            &|n| both(n).0 + both(n).1,
            &|n| both(n).0.min(both(n).1),
            &|n| both(n).0,
            &|n| both(n).1,
        ];
        let mut best = Split::new(&lends, &borrows, active.len());
        for key in orders {
            let mut order = active.clone();
            order.sort_by_key(|&n| std::cmp::Reverse(key(n))); // stable: equals stay in the order of their ids
            let mut split = Split::new(&lends, &borrows, active.len());
            split.grow(&order);
            split.settle(&active);
            if split.total() < best.total() {
                best = split;
            }
        }
        while best.exchange(&active) {
            best.settle(&active);
        }
        let links = lends.entry_count();
        let core = active.into_iter().filter(|&n| best.in_core[n as usize]).collect();
        let errors = best.errors();
        let error_score = if links == 0 {
            0.0
        } else {
            errors.total() as f64 / links as f64
        };
        CorePeriphery {
            core,
            errors,
            error_score,
        }
    }
}

/// A split with the counts from which its errors follow.
#[derive(Clone)]
struct Split<'a> {
    lends: &'a SparseRows,
    borrows: &'a SparseRows,
    active: u64,
    in_core: Vec<bool>,
    core: u64,
    core_links: u64,
    periphery_links: u64,
    /// By institution: links to and from the periphery.
    lends_out: Vec<u32>,
    borrows_out: Vec<u32>,
    /// Core banks without such links.
    lend_nothing: u64,
    borrow_nothing: u64,
}

impl<'a> Split<'a> {
    /// Everyone in the periphery.
    fn new(lends: &'a SparseRows, borrows: &'a SparseRows, active: usize) -> Self {
        let degrees = |links: &SparseRows| {
            let rows = 0..links.row_count();
            rows.map(|row| links.row(row).columns.len() as u32).collect()
        };
        Self {
            lends,
            borrows,
            active: active as u64,
            in_core: vec![false; lends.row_count()],
            core: 0,
            core_links: 0,
            periphery_links: lends.entry_count() as u64,
            lends_out: degrees(lends),
            borrows_out: degrees(borrows),
            lend_nothing: 0,
            borrow_nothing: 0,
        }
    }

    fn errors(&self) -> TieringErrors {
        let periphery = self.active - self.core;
        TieringErrors {
            within_core: self.core * self.core.saturating_sub(1) - self.core_links,
            core_to_periphery: periphery * self.lend_nothing,
            periphery_to_core: periphery * self.borrow_nothing,
            within_periphery: self.periphery_links,
        }
    }

    fn total(&self) -> u64 {
        self.errors().total()
    }

    /// Moves one institution to the other side.
    fn flip(&mut self, n: u32) {
        let n = n as usize;
        let joins = !self.in_core[n];
        if !joins {
            self.core -= 1;
            self.lend_nothing -= u64::from(self.lends_out[n] == 0);
            self.borrow_nothing -= u64::from(self.borrows_out[n] == 0);
        }
        self.in_core[n] = false;
        let sides = [
            (self.lends, &mut self.borrows_out, &mut self.borrow_nothing),
            (self.borrows, &mut self.lends_out, &mut self.lend_nothing),
        ];
        for (links, back, nothing) in sides {
            for &other in links.row(n).columns {
                let other = other as usize;
                let count = if self.in_core[other] {
                    &mut self.core_links
                } else {
                    &mut self.periphery_links
                };
                // `other` has one link fewer to the periphery if `n` joins the core, one more if it leaves.
                match (joins, self.in_core[other]) {
                    (true, true) | (false, false) => *count += 1,
                    (true, false) | (false, true) => *count -= 1,
                }
                let alone = back[other] - u32::from(joins) == 0;
                *nothing = match (self.in_core[other] && alone, joins) {
                    (true, true) => *nothing + 1,
                    (true, false) => *nothing - 1,
                    (false, _) => *nothing,
                };
                back[other] = if joins { back[other] - 1 } else { back[other] + 1 };
            }
        }
        if joins {
            self.core += 1;
            self.lend_nothing += u64::from(self.lends_out[n] == 0);
            self.borrow_nothing += u64::from(self.borrows_out[n] == 0);
        }
        self.in_core[n] = joins;
    }

    /// What the total would be with some on the other side.
    fn total_after(&mut self, moved: &[u32]) -> u64 {
        for &n in moved {
            self.flip(n);
        }
        let total = self.total();
        for &n in moved {
            self.flip(n);
        }
        total
    }

    /// From nobody in the core to the initial stretch of `order` with the least total.
    fn grow(&mut self, order: &[u32]) {
        let (mut least, mut length) = (self.total(), 0);
        for (n, &joins) in order.iter().enumerate() {
            self.flip(joins);
            if self.total() < least {
                (least, length) = (self.total(), n + 1);
            }
        }
        for &leaves in &order[length..] {
            self.flip(leaves);
        }
    }

    /// Moves single institutions, by id, until no move helps.
    fn settle(&mut self, active: &[u32]) {
        let mut moved = true;
        while moved {
            moved = false;
            for &n in active {
                let total = self.total();
                self.flip(n);
                if self.total() < total {
                    moved = true;
                } else {
                    self.flip(n);
                }
            }
        }
    }

    /// Exchanges the first of the likeliest core banks for whom it helps for the best periphery bank; false where none does.
    fn exchange(&mut self, active: &[u32]) -> bool {
        /// Candidates on either side.
        const LIKELIEST: usize = 64;
        let mut sides = [Vec::new(), Vec::new()];
        for &n in active {
            let total = self.total_after(&[n]);
            sides[usize::from(self.in_core[n as usize])].push((total, n));
        }
        for side in &mut sides {
            side.sort_unstable();
            side.truncate(LIKELIEST);
        }
        let [joining, leaving] = sides;
        let mut best = (self.total(), None);
        for &(_, leaves) in &leaving {
            self.flip(leaves);
            for &(_, joins) in &joining {
                let total = self.total_after(&[joins]);
                if total < best.0 {
                    best = (total, Some(joins));
                }
            }
            self.flip(leaves);
            if let (_, Some(joins)) = best {
                self.flip(leaves);
                self.flip(joins);
                return true;
            }
        }
        false
    }
}
