//! Amounts on chosen pairs, and what is still missing in each total: placed by maximum flow, in whole units.
//!
//! A missing amount goes from its debtor to a creditor, who may hand an amount of another debtor back, who places it
//! elsewhere, and so on: augmenting paths, found level by level (Dinic 1970).

use petgraph::algo::kosaraju_scc;
use petgraph::graph::DiGraph;

/// A pair that may hold an amount, and the amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    pub debtor: u32,
    pub creditor: u32,
    pub units: i128,
}

/// Amounts of chosen pairs, and what the totals still miss.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    pub cells: Vec<Cell>,
    /// By debtor and by creditor, what is still to be placed. Never negative.
    pub missing_debts: Vec<i128>,
    pub missing_claims: Vec<i128>,
    pub(super) by_debtor: Vec<Vec<u32>>,
    pub(super) by_creditor: Vec<Vec<u32>>,
}

impl Flow {
    /// Pairs with amounts, each pair once; the amounts are on top of what is missing.
    pub(super) fn new(cells: Vec<Cell>, missing_debts: Vec<i128>, missing_claims: Vec<i128>) -> Self {
        let count = missing_debts.len();
        let mut flow = Self {
            cells: Vec::with_capacity(cells.len()),
            missing_debts,
            missing_claims,
            by_debtor: vec![Vec::new(); count],
            by_creditor: vec![Vec::new(); count],
        };
        for cell in cells {
            flow.push(cell);
        }
        flow
    }

    pub(super) fn push(&mut self, cell: Cell) {
        let index = self.cells.len() as u32;
        self.by_debtor[cell.debtor as usize].push(index);
        self.by_creditor[cell.creditor as usize].push(index);
        self.cells.push(cell);
    }

    /// What no pair holds yet.
    pub(super) fn missing(&self) -> i128 {
        self.missing_debts.iter().sum()
    }

    /// Places as much as the chosen pairs can hold.
    pub(super) fn saturate(&mut self) {
        self.fill();
        while self.missing() > 0 {
            let Some(levels) = self.levels() else { return };
            let count = self.missing_debts.len();
            let mut next = [vec![0; count], vec![0; count]];
            for debtor in 0..count {
                while self.missing_debts[debtor] > 0 {
                    let Some(path) = self.shortest_path(debtor, &levels, &mut next) else {
                        break;
                    };
                    self.send(&path);
                }
            }
        }
    }

    /// Places what debtor and creditor of a pair both miss.
    fn fill(&mut self) {
        for cell in &mut self.cells {
            let debts = &mut self.missing_debts[cell.debtor as usize];
            let claims = &mut self.missing_claims[cell.creditor as usize];
            let units = (*debts).min(*claims);
            cell.units += units;
            *debts -= units;
            *claims -= units;
        }
    }

    /// Distances of debtors and creditors from debtors that miss something; `None` if no creditor in want is reached.
    fn levels(&self) -> Option<[Vec<u32>; 2]> {
        let count = self.missing_debts.len();
        let mut levels = [vec![u32::MAX; count], vec![u32::MAX; count]];
        let mut layer: Vec<usize> = (0..count).filter(|&n| self.missing_debts[n] > 0).collect();
        for &debtor in &layer {
            levels[0][debtor] = 0;
        }
        let mut level = 0;
        while !layer.is_empty() {
            level += 1;
            let mut reached = Vec::new();
            for cell in layer.iter().flat_map(|&debtor| &self.by_debtor[debtor]) {
                let creditor = self.cells[*cell as usize].creditor as usize;
                if levels[1][creditor] == u32::MAX {
                    levels[1][creditor] = level;
                    reached.push(creditor);
                }
            }
            if reached.iter().any(|&creditor| self.missing_claims[creditor] > 0) {
                return Some(levels);
            }
            level += 1;
            layer.clear();
            for cell in reached.iter().flat_map(|&creditor| &self.by_creditor[creditor]) {
                let cell = self.cells[*cell as usize];
                let debtor = cell.debtor as usize;
                if cell.units > 0 && levels[0][debtor] == u32::MAX {
                    levels[0][debtor] = level;
                    layer.push(debtor);
                }
            }
        }
        None
    }

    /// Pairs from a debtor to a creditor in want, taken forward and back in turn, each step one level on.
    fn shortest_path(
        &self,
        start: usize,
        levels: &[Vec<u32>; 2],
        next: &mut [Vec<usize>; 2],
    ) -> Option<Vec<u32>> {
        let mut path: Vec<u32> = Vec::new();
        let mut debtor = start;
        loop {
            // `debtor` holds something to place: forward to a creditor of the next level.
            let Some(&index) = self.by_debtor[debtor].get(next[0][debtor]) else {
                let back = path.pop()?;
                let creditor = self.cells[back as usize].creditor as usize;
                next[1][creditor] += 1;
                if let Some(found) = self.step_back(creditor, levels, next) {
                    path.push(found);
                    debtor = self.cells[found as usize].debtor as usize;
                } else {
                    let forward = path.pop()?;
                    debtor = self.cells[forward as usize].debtor as usize;
                    next[0][debtor] += 1;
                }
                continue;
            };
            let creditor = self.cells[index as usize].creditor as usize;
            if levels[1][creditor] != levels[0][debtor] + 1 {
                next[0][debtor] += 1;
                continue;
            }
            if self.missing_claims[creditor] > 0 {
                path.push(index);
                return Some(path);
            }
            if let Some(found) = self.step_back(creditor, levels, next) {
                path.extend([index, found]);
                debtor = self.cells[found as usize].debtor as usize;
            } else {
                next[0][debtor] += 1;
            }
        }
    }

    /// The next pair on which a creditor may hand an amount back to a debtor of the next level.
    fn step_back(&self, creditor: usize, levels: &[Vec<u32>; 2], next: &mut [Vec<usize>; 2]) -> Option<u32> {
        let place = &mut next[1][creditor];
        while let Some(&index) = self.by_creditor[creditor].get(*place) {
            let cell = self.cells[index as usize];
            let level = levels[0][cell.debtor as usize];
            if cell.units > 0 && level != u32::MAX && level == levels[1][creditor].saturating_add(1) {
                return Some(index);
            }
            *place += 1;
        }
        None
    }

    /// Sends all that fits along a path of pairs, forward and back in turn.
    pub(super) fn send(&mut self, path: &[u32]) {
        let (Some(&first), Some(&last)) = (path.first(), path.last()) else {
            return;
        };
        let debtor = self.cells[first as usize].debtor as usize;
        let creditor = self.cells[last as usize].creditor as usize;
        let backward = path
            .iter()
            .skip(1)
            .step_by(2)
            .map(|&cell| self.cells[cell as usize].units);
        let ends = self.missing_debts[debtor].min(self.missing_claims[creditor]);
        let units = backward.fold(ends, i128::min);
        for (step, &cell) in path.iter().enumerate() {
            let change = if step % 2 == 0 { units } else { -units };
            self.cells[cell as usize].units += change;
        }
        self.missing_debts[debtor] -= units;
        self.missing_claims[creditor] -= units;
    }

    /// By pair, whether some placement of the same totals gives it an amount above 0.
    ///
    /// It does if it has one now, or if its creditor can hand amounts around until they come back to its debtor: both
    /// lie in one strongly connected component.
    pub(super) fn can_be_positive(&self) -> Vec<bool> {
        let count = self.missing_debts.len();
        let mut graph = DiGraph::<(), ()>::with_capacity(2 * count, 2 * self.cells.len());
        let nodes: Vec<_> = (0..2 * count).map(|_| graph.add_node(())).collect();
        for cell in &self.cells {
            let (debtor, creditor) = (nodes[cell.debtor as usize], nodes[count + cell.creditor as usize]);
            graph.add_edge(debtor, creditor, ());
            if cell.units > 0 {
                graph.add_edge(creditor, debtor, ());
            }
        }
        let mut component = vec![0; 2 * count];
        for (number, members) in kosaraju_scc(&graph).iter().enumerate() {
            for member in members {
                component[member.index()] = number;
            }
        }
        let together =
            |cell: &Cell| component[cell.debtor as usize] == component[count + cell.creditor as usize];
        self.cells
            .iter()
            .map(|cell| cell.units > 0 || together(cell))
            .collect()
    }
}
