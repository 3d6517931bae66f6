//! Few links: each takes all that its debtor still owes or its creditor still lends.

use super::draws::{Draws, Stream};
use super::flow::Cell;
use super::{Margins, Reconstruction, Status};

/// Who is paired with whom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Matching {
    /// At each step the debtor and creditor with the largest ratio between what one still owes and the other still
    /// lends: the smallest with the largest, as in markets where small banks deal with a few large ones.
    #[default]
    Disassortative,
    /// Debtors and creditors in an order that is drawn: one of many matrices with as few links.
    Random {
        /// Seed of the draws.
        seed: u64,
    },
}

/// Debts with the totals on at most `n_d + n_c - 1` links, where `n_d` owe and `n_c` are owed: at most `2 n - 1`.
///
/// Establishing a link is costly, so institutions keep few. Each step gives one pair
/// `x_ij = min(what i still owes, what j still lends)`, so each link settles a debtor or a creditor. The pairs are the
/// most probable ones of the heuristic of Anand, Craig and von Peter (2015, Quantitative Finance 15(4)): those with the
/// largest of `a_i / l_j` and `l_j / a_i`, left over totals, as far as the diagonal lets them. They search on with
/// random steps for the least density, which is a hard problem (a subset sum); here the first pass is the answer. An
/// amount is cut short where one institution would be left with nobody but itself.
///
/// Pairs with known debts are passed over. If that leaves something unplaced, it is placed along paths that reroute
/// other amounts and open the fewest pairs, and cycles of links are then emptied, so the bound holds again.
///
/// Runs in `O(n log n)` without known debts. The result is always complete.
///
/// ```
/// use delever_network::reconstruction::{Margins, Matching, minimum_density};
/// let margins = Margins::new(&[0.0, 6.0, 4.0], &[7.0, 1.0, 2.0])?;
/// let network = minimum_density(&margins, Matching::Disassortative);
/// assert_eq!(network.debts, [(1, 0, 4.0), (1, 2, 2.0), (2, 0, 3.0), (2, 1, 1.0)]);
/// # Ok::<(), Vec<delever_network::reconstruction::ReconstructionError>>(())
/// ```
pub fn minimum_density(margins: &Margins, matching: Matching) -> Reconstruction {
    let mut flow = match matching {
        Matching::Disassortative => margins.placement(None),
        Matching::Random { seed } => {
            let mut draws = Draws::new(seed, Stream::MinimumDensity);
            margins.placement(Some(&mut draws))
        }
    };
    if !margins.forbidden.is_diagonal() {
        empty_cycles(&mut flow.cells, margins.institution_count());
    }
    Reconstruction::finish(margins, &flow.cells, Status::Complete, 0)
}

/// Moves amounts around each cycle of links until one of its links is empty, so that no cycle is left.
fn empty_cycles(cells: &mut Vec<Cell>, count: usize) {
    cells.retain(|cell| cell.units > 0);
    // The links so far without a cycle, by node: debtors, then creditors. Emptied ones stay listed and are passed over.
    let mut links: Vec<Vec<usize>> = vec![Vec::new(); 2 * count];
    for new in 0..cells.len() {
        let (debtor, creditor) = (cells[new].debtor as usize, count + cells[new].creditor as usize);
        if let Some(path) = path_between(cells, &links, count, debtor, creditor) {
            // The new link and the path from its debtor to its creditor: odd links of the path lose what it gains.
            let odd = path.iter().step_by(2).map(|&link| cells[link].units).min();
            let even = path.iter().skip(1).step_by(2).map(|&link| cells[link].units);
            let even = even.fold(cells[new].units, i128::min);
            let odd = odd.unwrap_or(0);
            let change = if odd <= even { odd } else { -even };
            cells[new].units += change;
            for (step, &link) in path.iter().enumerate() {
                cells[link].units += if step % 2 == 0 { -change } else { change };
            }
        }
        if cells[new].units > 0 {
            links[debtor].push(new);
            links[creditor].push(new);
        }
    }
    cells.retain(|cell| cell.units > 0);
}

/// Links from one node to another, if there is a way along links that hold something.
fn path_between(
    cells: &[Cell],
    links: &[Vec<usize>],
    count: usize,
    from: usize,
    to: usize,
) -> Option<Vec<usize>> {
    if links[from].is_empty() || links[to].is_empty() {
        return None;
    }
    let mut reached_by = vec![usize::MAX; links.len()];
    let mut queue = vec![from];
    let other_end = |link: usize, node: usize| {
        let (debtor, creditor) = (cells[link].debtor as usize, count + cells[link].creditor as usize);
        if node == debtor { creditor } else { debtor }
    };
    let mut next = 0;
    while reached_by[to] == usize::MAX {
        let node = *queue.get(next)?;
        next += 1;
        for &link in links[node].iter().filter(|&&link| cells[link].units > 0) {
            let other = other_end(link, node);
            if other != from && reached_by[other] == usize::MAX {
                reached_by[other] = link;
                queue.push(other);
            }
        }
    }
    let mut path = Vec::new();
    let mut node = to;
    while node != from {
        path.push(reached_by[node]);
        node = other_end(reached_by[node], node);
    }
    path.reverse();
    Some(path)
}
