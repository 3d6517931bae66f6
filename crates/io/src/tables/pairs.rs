//! Tables of pairs of institutions: debts, shareholdings, and credit default swaps between three. Rows go to their receiver one by one; none is kept here.

use super::cells::{amount, number, number_is_zero};
use super::find;
use super::matrix::{self, Meaning};
use super::names::Names;
use super::reader::{Columns, Table};
use crate::catalogue::Code;
use crate::limits::Limits;
use crate::problem::{Diagnostics, Problem};
use crate::source::TableSource;
use delever_core::CreditDefaultSwap;
use std::collections::HashMap;

/// Two different institutions of one row, by order of appearance; `None`: the problem is reported, or the row relates an
/// institution to itself by an amount of 0, which is nothing.
fn two_institutions(
    table: &Table<'_>,
    names: &mut Names,
    [first, second, amount]: [Option<usize>; 3],
    diagnostics: &mut Diagnostics,
) -> Option<(u32, u32)> {
    let a = names.resolve(table, first, "institution", diagnostics);
    let b = names.resolve(table, second, "institution", diagnostics);
    let (a, b) = (a?, b?);
    if a == b {
        let amount = table.cell(amount);
        if amount.is_empty() || !number_is_zero(amount) {
            diagnostics.push(self_claim(table, second));
        }
        return None;
    }
    Some((a, b))
}

/// The problem of a claim of an institution on itself.
fn self_claim(table: &Table<'_>, place: Option<usize>) -> Problem {
    let message = "the institution stands on both sides of the claim";
    table
        .problem(Code::SelfClaim, place, message)
        .with_hint("remove the claim, or correct one of the ids")
}

const NEGATIVE_DEBT: &str = "a debt is an amount of 0 or more; swap debtor and creditor";
const DEBTS_MATRIX: Meaning = Meaning {
    row: "institution",
    told: "rows owe, columns are owed",
    negative_hint: NEGATIVE_DEBT,
};

/// Reads debts, as a list or as a matrix of debtors by creditors: `receive(debtor, creditor, amount, seniority)` by order of appearance.
pub(crate) fn read_debts(
    source: &dyn TableSource,
    names: &mut Names,
    limits: &Limits,
    diagnostics: &mut Diagnostics,
    mut receive: impl FnMut(u32, u32, f64, u32),
) {
    let Some(file) = find(source, "debts", diagnostics) else {
        return;
    };
    let columns = Columns {
        required: &["debtor", "creditor", "amount"],
        optional: &["seniority"],
        parameters: &[],
    };
    let Some(mut table) = Table::start(source, &file, limits.rows, limits, diagnostics) else {
        return;
    };
    if matrix::is_matrix(&table, &columns, names) {
        if matrix::lacks_labels(&table, names, diagnostics) {
            return;
        }
        table.free_corner();
        let creditors = names.resolve_header(&table, "institution", diagnostics);
        let mut debtors = |table: &Table<'_>, diagnostics: &mut Diagnostics| {
            names.resolve(table, Some(0), "institution", diagnostics)
        };
        matrix::read(
            &mut table,
            &creditors,
            &mut debtors,
            &DEBTS_MATRIX,
            diagnostics,
            |table, debtor, creditor, place, owed, diagnostics| {
                if debtor == creditor {
                    diagnostics.push(self_claim(table, Some(place)));
                } else {
                    receive(debtor, creditor, owed, 0);
                }
            },
        );
        return;
    }
    let Some(mut table) = table.into_list(&columns, diagnostics) else {
        return;
    };
    let [debtor, creditor, face, seniority] =
        ["debtor", "creditor", "amount", "seniority"].map(|column| table.place(column));
    let mut seen: HashMap<(u32, u32, u32), u64> = HashMap::new();
    while table.advance(diagnostics) {
        let pair = two_institutions(&table, names, [debtor, creditor, face], diagnostics);
        if table.cell(face).is_empty() {
            diagnostics.push(table.problem(Code::MissingCell, face, "the amount is not given"));
        }
        let owed = amount(&table, face, NEGATIVE_DEBT, diagnostics);
        let rank = seniority_of(&table, seniority, diagnostics);
        if let (Some((debtor, creditor)), Some(owed), Some(rank)) = (pair, owed, rank) {
            // A debt of 0 repeats nothing.
            let line = table.line();
            if owed == 0.0 {
                receive(debtor, creditor, owed, rank);
                continue;
            }
            let first = *seen.entry((debtor, creditor, rank)).or_insert(line);
            if first != line {
                let message =
                    format!("this debtor and creditor stand first at line {first}; the amounts add up");
                diagnostics.push(table.problem(Code::DuplicatePair, face, message));
            }
            receive(debtor, creditor, owed, rank);
        }
    }
}

fn seniority_of(table: &Table<'_>, place: Option<usize>, diagnostics: &mut Diagnostics) -> Option<u32> {
    let text = table.cell(place);
    if text.is_empty() {
        return Some(0);
    }
    let rank = text.trim_matches(' ').parse::<u32>().ok();
    if rank.is_none() {
        diagnostics.push(
            table
                .problem(
                    Code::Seniority,
                    place,
                    "the seniority is not a whole number of 0 or more",
                )
                .with_hint("0 is paid first, then 1, 2 and so on"),
        );
    }
    rank
}

/// Reads credit default swaps by order of appearance.
pub(crate) fn read_credit_default_swaps(
    source: &dyn TableSource,
    names: &mut Names,
    limits: &Limits,
    diagnostics: &mut Diagnostics,
    mut receive: impl FnMut(CreditDefaultSwap),
) {
    let Some(file) = find(source, "credit_default_swaps", diagnostics) else {
        return;
    };
    let columns = Columns {
        required: &["writer", "holder", "reference", "notional"],
        optional: &[],
        parameters: &[],
    };
    let Some(mut table) = Table::open(source, &file, &columns, limits.rows, limits, diagnostics) else {
        return;
    };
    let [writer, holder, reference, notional] =
        ["writer", "holder", "reference", "notional"].map(|column| table.place(column));
    while table.advance(diagnostics) {
        let parties = two_institutions(&table, names, [writer, holder, notional], diagnostics);
        let insured = names.resolve(&table, reference, "institution", diagnostics);
        let own_failure = parties.is_some() && parties.map(|(writer, _)| writer) == insured;
        if own_failure {
            diagnostics.push(
                table
                    .problem(Code::SelfClaim, reference, "the writer is its own reference")
                    .with_hint("nobody insures against its own failure: correct one of the ids"),
            );
        }
        if table.cell(notional).is_empty() {
            diagnostics.push(table.problem(Code::MissingCell, notional, "the notional is not given"));
        }
        let hint = "a notional is an amount of 0 or more; swap writer and holder";
        let amount = amount(&table, notional, hint, diagnostics);
        if let (Some((writer, holder)), Some(reference), Some(notional)) =
            (parties, insured.filter(|_| !own_failure), amount)
        {
            receive(CreditDefaultSwap {
                writer,
                holder,
                reference,
                notional,
            });
        }
    }
}

/// Rounding allowed where fractions of one issuer add up to 1.
const OWNED_SLACK: f64 = 1e-9;

/// Reads shareholdings: `receive(holder, issuer, fraction)` by order of appearance.
pub(crate) fn read_shareholdings(
    source: &dyn TableSource,
    names: &mut Names,
    limits: &Limits,
    diagnostics: &mut Diagnostics,
    mut receive: impl FnMut(u32, u32, f64),
) {
    let Some(file) = find(source, "shareholdings", diagnostics) else {
        return;
    };
    let columns = Columns {
        required: &["holder", "issuer", "fraction"],
        optional: &[],
        parameters: &[],
    };
    let Some(mut table) = Table::open(source, &file, &columns, limits.rows, limits, diagnostics) else {
        return;
    };
    let [holder, issuer, fraction] = ["holder", "issuer", "fraction"].map(|column| table.place(column));
    let mut owned = vec![0.0; names.len()];
    while table.advance(diagnostics) {
        let pair = two_institutions(&table, names, [holder, issuer, fraction], diagnostics);
        if table.cell(fraction).is_empty() {
            diagnostics.push(table.problem(Code::MissingCell, fraction, "the fraction is not given"));
        }
        let Some(share) = number(&table, fraction, diagnostics) else {
            continue;
        };
        if !(0.0..=1.0).contains(&share) {
            diagnostics.push(
                table
                    .problem(Code::Fraction, fraction, "the fraction is not within 0 to 1")
                    .with_hint("write 25 % as 0.25"),
            );
            continue;
        }
        if let Some((holder, issuer)) = pair {
            let sum: &mut f64 = &mut owned[issuer as usize];
            let before = *sum;
            *sum += share;
            if *sum > 1.0 + OWNED_SLACK && before <= 1.0 + OWNED_SLACK {
                let message = format!("up to this row, holders own {sum} of the issuer, more than all of it");
                diagnostics.push(
                    table
                        .problem(Code::OwnedAboveOne, fraction, message)
                        .with_hint("the fractions of one issuer add up to at most 1"),
                );
            } else if *sum <= 1.0 + OWNED_SLACK {
                receive(holder, issuer, share);
            }
        }
    }
}
