//! Checks of totals and of lists of entries by themselves.

use super::problem::{EntryList, ReconstructionError, Side};

/// Problems of totals: lengths, and numbers that are negative or not finite.
pub(super) fn values(debts: &[f64], claims: &[f64]) -> Vec<ReconstructionError> {
    let mut problems = Vec::new();
    if debts.len() != claims.len() {
        problems.push(ReconstructionError::Lengths {
            debts: debts.len(),
            claims: claims.len(),
        });
    }
    for (side, totals) in [(Side::Debts, debts), (Side::Claims, claims)] {
        for (institution, &value) in totals.iter().enumerate() {
            if !value.is_finite() {
                problems.push(ReconstructionError::NotFinite {
                    side,
                    institution,
                    value,
                });
            } else if value < 0.0 {
                problems.push(ReconstructionError::Negative {
                    side,
                    institution,
                    value,
                });
            }
        }
        let sum: f64 = totals.iter().sum();
        if problems.is_empty() && !sum.is_finite() {
            problems.push(ReconstructionError::NotFinite {
                side,
                institution: 0,
                value: sum,
            });
        }
    }
    problems
}

/// Problems of a list of entries by themselves.
pub(super) fn entries(
    list: EntryList,
    entries: &[(u32, u32, f64)],
    count: usize,
) -> Vec<ReconstructionError> {
    let mut problems = Vec::new();
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by_key(|&record| (entries[record].0, entries[record].1, record));
    for pair in order.windows(2) {
        let (debtor, creditor, _) = entries[pair[1]];
        if (debtor, creditor) == (entries[pair[0]].0, entries[pair[0]].1) {
            problems.push(ReconstructionError::Repeated {
                list,
                record: pair[1],
                debtor,
                creditor,
            });
        }
    }
    for (record, &(debtor, creditor, value)) in entries.iter().enumerate() {
        let strangers = [debtor, creditor].into_iter().filter(|&n| n as usize >= count);
        problems.extend(strangers.map(|institution| ReconstructionError::OutOfRange {
            list,
            record,
            institution,
            count,
        }));
        if debtor == creditor {
            problems.push(ReconstructionError::Diagonal {
                list,
                record,
                institution: debtor,
            });
        }
        if !(value >= 0.0 && value.is_finite()) {
            problems.push(ReconstructionError::Entry { list, record, value });
        }
    }
    problems
}
