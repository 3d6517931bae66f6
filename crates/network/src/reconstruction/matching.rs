//! Placing totals on few pairs: each pair takes all that its debtor still owes or its creditor still lends.

use super::draws::Draws;
use super::flow::Cell;
use super::forbidden::Forbidden;
use std::collections::BTreeSet;

/// What is left to place, by debtor and by creditor, in the order in which they are paired.
pub(super) struct Remaining {
    pub debts: Vec<i128>,
    pub claims: Vec<i128>,
    /// Keys are amounts, or random numbers.
    debtors: BTreeSet<(i128, u32)>,
    creditors: BTreeSet<(i128, u32)>,
    /// `debts + claims` of each: nobody's may exceed what is left, or it would be left with itself.
    both: BTreeSet<(i128, u32)>,
    random: Option<[Vec<i128>; 2]>,
}

impl Remaining {
    pub(super) fn new(debts: Vec<i128>, claims: Vec<i128>, draws: Option<&mut Draws>) -> Self {
        let random =
            draws.map(|draws| [(); 2].map(|()| debts.iter().map(|_| i128::from(draws.bits())).collect()));
        let mut remaining = Self {
            debtors: BTreeSet::new(),
            creditors: BTreeSet::new(),
            both: BTreeSet::new(),
            random,
            debts,
            claims,
        };
        for n in 0..remaining.debts.len() as u32 {
            remaining.enter(n);
        }
        remaining
    }

    /// Pairs until nothing is left, where everybody may deal with everybody else and totals allow it.
    pub(super) fn place_all(&mut self) -> Vec<Cell> {
        let mut cells = Vec::new();
        let mut left: i128 = self.debts.iter().sum();
        while let Some((debtor, creditor)) = self.next_pair(left) {
            let stays = |n: u32| n != debtor && n != creditor;
            let largest = self.both.iter().rev().find(|&&(_, n)| stays(n));
            let limit = largest.map_or(left, |&(both, _)| left - both);
            left -= self.place(debtor, creditor, limit, &mut cells);
        }
        cells
    }

    /// Pairs while anybody finds an allowed partner. What cannot be placed so stays in `debts` and `claims`.
    pub(super) fn place_where_allowed(&mut self, forbidden: &Forbidden) -> Vec<Cell> {
        let mut cells = Vec::new();
        loop {
            let first = self.choose(&|debtor, creditor| forbidden.allows(debtor, creditor));
            if let Some((debtor, creditor)) = first {
                self.place(debtor, creditor, i128::MAX, &mut cells);
            } else if let (Some(&debtor), Some(&creditor)) = (self.debtors.first(), self.creditors.first()) {
                // Neither finds a partner, and creditors only become fewer.
                self.debtors.remove(&debtor);
                self.creditors.remove(&creditor);
            } else {
                return cells;
            }
        }
    }

    fn next_pair(&self, left: i128) -> Option<(u32, u32)> {
        let &(both, hub) = self.both.last()?;
        if both < left {
            return self.choose(&|debtor, creditor| debtor != creditor);
        }
        // Whoever holds one side of all that is left is one side of every pair from here on.
        let other = |set: &BTreeSet<(i128, u32)>| set.iter().rev().map(|&(_, n)| n).find(|&n| n != hub);
        let creditor = other(&self.creditors).filter(|_| self.debts[hub as usize] > 0);
        let debtor = || other(&self.debtors).filter(|_| self.claims[hub as usize] > 0);
        creditor
            .map(|creditor| (hub, creditor))
            .or_else(|| debtor().map(|debtor| (debtor, hub)))
    }

    /// The smallest with the largest on the other side: of the two such pairs, the one with the larger ratio.
    ///
    /// In random order: the first debtor and the first creditor.
    fn choose(&self, allowed: &dyn Fn(u32, u32) -> bool) -> Option<(u32, u32)> {
        let &(_, debtor) = self.debtors.first()?;
        let &(_, creditor) = self.creditors.first()?;
        let lender = self.creditors.iter().rev().find(|&&(_, n)| allowed(debtor, n));
        let borrower = self.debtors.iter().rev().find(|&&(_, n)| allowed(n, creditor));
        let ratio = |larger: i128, smaller: i128| larger as f64 / smaller as f64;
        match (lender, borrower) {
            (None, None) => None,
            (Some(&(_, lender)), None) => Some((debtor, lender)),
            (None, Some(&(_, borrower))) => Some((borrower, creditor)),
            (Some(&(_, lender)), Some(_)) if self.random.is_some() => Some((debtor, lender)),
            (Some(&(claims, lender)), Some(&(debts, borrower))) => {
                let of_debtor = ratio(claims, self.debts[debtor as usize]);
                let of_creditor = ratio(debts, self.claims[creditor as usize]);
                Some(if of_debtor >= of_creditor {
                    (debtor, lender)
                } else {
                    (borrower, creditor)
                })
            }
        }
    }

    /// Gives a pair all that both have left, up to a limit.
    fn place(&mut self, debtor: u32, creditor: u32, limit: i128, cells: &mut Vec<Cell>) -> i128 {
        let units = self.debts[debtor as usize]
            .min(self.claims[creditor as usize])
            .min(limit);
        self.leave(debtor);
        self.leave(creditor);
        self.debts[debtor as usize] -= units;
        self.claims[creditor as usize] -= units;
        self.enter(debtor);
        self.enter(creditor);
        cells.push(Cell {
            debtor,
            creditor,
            units,
        });
        units
    }

    fn entries(&self, n: u32) -> [(i128, u32); 3] {
        let (debts, claims) = (self.debts[n as usize], self.claims[n as usize]);
        let keys = match &self.random {
            None => [debts, claims],
            Some([debtor, creditor]) => [debtor[n as usize], creditor[n as usize]],
        };
        [(keys[0], n), (keys[1], n), (debts + claims, n)]
    }

    fn enter(&mut self, n: u32) {
        let [debtor, creditor, both] = self.entries(n);
        if self.debts[n as usize] > 0 {
            self.debtors.insert(debtor);
        }
        if self.claims[n as usize] > 0 {
            self.creditors.insert(creditor);
        }
        if both.0 > 0 {
            self.both.insert(both);
        }
    }

    fn leave(&mut self, n: u32) {
        let [debtor, creditor, both] = self.entries(n);
        self.debtors.remove(&debtor);
        self.creditors.remove(&creditor);
        self.both.remove(&both);
    }
}
