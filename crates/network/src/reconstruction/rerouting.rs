//! Opening new pairs for what the chosen ones cannot hold, few at a time.

use super::flow::{Cell, Flow};
use super::forbidden::Forbidden;

impl Flow {
    /// Places what is missing on any pair that is not forbidden, each time along a path with the fewest new pairs.
    ///
    /// What stays missing cannot be placed at all. Debtors with the least to place come first.
    pub(super) fn extend(&mut self, forbidden: &Forbidden) {
        let mut debtors: Vec<usize> = (0..self.missing_debts.len())
            .filter(|&n| self.missing_debts[n] > 0)
            .collect();
        debtors.sort_by_key(|&n| (self.missing_debts[n], n));
        self.extend_in_order(&debtors, forbidden);
    }

    /// The same, with debtors in an order of choice: what stays missing is missed by the last ones.
    pub(super) fn extend_in_order(&mut self, debtors: &[usize], forbidden: &Forbidden) {
        // Whoever was reached without reaching a creditor in want never reaches one later: nobody there opens a pair.
        let mut stuck = vec![false; self.missing_debts.len()];
        for &debtor in debtors {
            while self.missing_debts[debtor] > 0 && !stuck[debtor] && self.wants() {
                self.extend_from(debtor, forbidden, &mut stuck);
            }
        }
    }

    fn wants(&self) -> bool {
        self.missing_claims.iter().any(|&units| units > 0)
    }

    /// One path from a debtor, or all that it reaches marked as stuck.
    fn extend_from(&mut self, start: usize, forbidden: &Forbidden, stuck: &mut [bool]) {
        let count = self.missing_debts.len();
        // How each was reached: a debtor on a pair from a creditor, a creditor from a debtor.
        let mut debtor_by = vec![u32::MAX; count];
        let mut creditor_by = vec![u32::MAX; count];
        let mut seen = vec![false; count];
        seen[start] = true;
        let mut reached = vec![start];
        let (wanting, others): (Vec<usize>, Vec<usize>) =
            (0..count).partition(|&n| self.missing_claims[n] > 0);
        let mut unreached: Vec<usize> = wanting.into_iter().chain(others).collect();
        let mut expanded = 0;
        let mut fresh: Vec<usize> = Vec::new();
        let end = 'search: loop {
            // All that is reached without another new pair.
            while expanded < reached.len() || !fresh.is_empty() {
                if let Some(creditor) = fresh.pop() {
                    if self.missing_claims[creditor] > 0 {
                        break 'search creditor;
                    }
                    for &index in &self.by_creditor[creditor] {
                        let cell = self.cells[index as usize];
                        let debtor = cell.debtor as usize;
                        if cell.units > 0 && !seen[debtor] {
                            seen[debtor] = true;
                            debtor_by[debtor] = index;
                            reached.push(debtor);
                        }
                    }
                    continue;
                }
                let debtor = reached[expanded];
                expanded += 1;
                for &index in &self.by_debtor[debtor] {
                    let creditor = self.cells[index as usize].creditor as usize;
                    if creditor_by[creditor] == u32::MAX {
                        creditor_by[creditor] = debtor as u32;
                        fresh.push(creditor);
                    }
                }
            }
            unreached.retain(|&creditor| creditor_by[creditor] == u32::MAX);
            for &creditor in &unreached {
                let opens = |&&debtor: &&usize| forbidden.allows(debtor as u32, creditor as u32);
                if let Some(&debtor) = reached.iter().find(opens) {
                    creditor_by[creditor] = debtor as u32;
                    fresh.push(creditor);
                    if self.missing_claims[creditor] > 0 {
                        break;
                    }
                }
            }
            if fresh.is_empty() {
                for debtor in reached {
                    stuck[debtor] = true;
                }
                return;
            }
        };
        let mut path = Vec::new();
        let mut creditor = end;
        loop {
            let debtor = creditor_by[creditor] as usize;
            path.push(self.pair(debtor, creditor));
            if debtor == start {
                break;
            }
            let back = debtor_by[debtor];
            path.push(back);
            creditor = self.cells[back as usize].creditor as usize;
        }
        path.reverse();
        self.send(&path);
    }

    /// The place of a pair, which is added if it is new.
    fn pair(&mut self, debtor: usize, creditor: usize) -> u32 {
        let known = self.by_debtor[debtor]
            .iter()
            .find(|&&index| self.cells[index as usize].creditor as usize == creditor);
        if let Some(&index) = known {
            return index;
        }
        self.push(Cell {
            debtor: debtor as u32,
            creditor: creditor as u32,
            units: 0,
        });
        self.cells.len() as u32 - 1
    }
}
