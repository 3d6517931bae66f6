//! Strongly connected classes of a matrix's graph (Tarjan 1972), without recursion.

use super::NonNegativeRows;

const UNSEEN: u32 = u32::MAX;

/// Calls `visit` with each class, so that a class comes after every class that its rows refer to.
pub(super) fn strongly_connected(rows: &NonNegativeRows, mut visit: impl FnMut(&[u32])) {
    let count = rows.row_count();
    let mut number = vec![UNSEEN; count];
    let mut low = vec![0_u32; count];
    let mut on_stack = vec![false; count];
    let mut stack: Vec<u32> = Vec::new();
    // Rows that are being explored, with the next entry of each.
    let mut path: Vec<(u32, u32)> = Vec::new();
    let mut next = 0_u32;
    for root in 0..count {
        if number[root] != UNSEEN {
            continue;
        }
        if rows.parts(root).0.is_empty() {
            number[root] = next;
            next += 1;
            visit(&[root as u32]);
            continue;
        }
        path.push((root as u32, 0));
        while let Some(&mut (row, ref mut entry)) = path.last_mut() {
            let n = row as usize;
            if *entry == 0 {
                number[n] = next;
                low[n] = next;
                next += 1;
                stack.push(row);
                on_stack[n] = true;
            }
            let columns = rows.parts(n).0;
            let mut deeper = None;
            while let Some(&column) = columns.get(*entry as usize) {
                let m = column as usize;
                *entry += 1;
                if number[m] == UNSEEN {
                    deeper = Some(column);
                    break;
                }
                if on_stack[m] {
                    low[n] = low[n].min(number[m]);
                }
            }
            if let Some(column) = deeper {
                path.push((column, 0));
                continue;
            }
            path.pop();
            if let Some(&(parent, _)) = path.last() {
                low[parent as usize] = low[parent as usize].min(low[n]);
            }
            if low[n] == number[n] {
                let start = stack.iter().rposition(|&member| member == row).unwrap_or(0);
                for &member in &stack[start..] {
                    on_stack[member as usize] = false;
                }
                // Rows of a class stand in ascending order, whatever way the search took.
                stack[start..].sort_unstable();
                visit(&stack[start..]);
                stack.truncate(start);
            }
        }
    }
}
