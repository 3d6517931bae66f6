//! Tables of pairs: holdings, debts, shareholdings, and credit default swaps between three. Rows go to their receiver one by one; none is kept here.

use super::cells::{amount, number};
use super::names::Names;
use super::participants::{Assets, Institutions};
use super::reader::{Columns, Table, find};
use crate::catalogue::Code;
use crate::limits::Limits;
use crate::problem::{Diagnostics, Problem};
use crate::source::TableSource;
use delever_core::CreditDefaultSwap;
use delever_portfolio::check_amount;
use std::collections::HashMap;

const SHORT: &str = "holdings are long positions, and no table holds short ones yet";

/// Reads holdings: `receive(institution, asset, units)` by id.
pub(crate) fn read_holdings(
    source: &dyn TableSource,
    institutions: &mut Institutions,
    assets: Option<&mut Assets>,
    limits: &Limits,
    diagnostics: &mut Diagnostics,
    mut receive: impl FnMut(&str, &str, f64),
) {
    let Some(file) = find(source, "holdings", diagnostics) else {
        return;
    };
    let columns = Columns {
        required: &["institution", "asset"],
        optional: &["quantity", "value"],
        parameters: &[],
    };
    let Some(mut table) = Table::open(source, &file, &columns, limits.rows, limits, diagnostics) else {
        return;
    };
    let [institution, asset, quantity, value] =
        ["institution", "asset", "quantity", "value"].map(|column| table.place(column));
    if quantity.is_none() && value.is_none() {
        diagnostics.push(
            Problem::new(
                Code::MissingColumn,
                &file,
                "one of the columns `quantity` and `value` is needed",
            )
            .at_row(1)
            .in_column("quantity"),
        );
        return;
    }
    let Some(assets) = assets else {
        if table.advance(diagnostics) {
            diagnostics.push(
                Problem::new(
                    Code::MissingTable,
                    "assets.csv",
                    format!("the assets table is missing, and `{file}` refers to it"),
                )
                .with_hint("list every asset that is held, with its price"),
            );
        }
        return;
    };
    while table.advance(diagnostics) {
        let holder = institutions
            .names
            .resolve(&table, institution, "institution", diagnostics);
        let held = assets.names.resolve(&table, asset, "asset", diagnostics);
        let price = held.map(|held| assets.prices[held as usize]);
        let units = units_held(&table, quantity, value, price, diagnostics);
        if let (Some(_), Some(_), Some(units)) = (holder, held, units) {
            receive(table.cell(institution), table.cell(asset), units);
        }
    }
}

/// Units of one row, from its quantity or its value.
fn units_held(
    table: &Table<'_>,
    quantity: Option<usize>,
    value: Option<usize>,
    price: Option<f64>,
    diagnostics: &mut Diagnostics,
) -> Option<f64> {
    match (table.cell(quantity).is_empty(), table.cell(value).is_empty()) {
        (false, true) => amount(table, quantity, SHORT, diagnostics),
        (true, false) => {
            let money = amount(table, value, SHORT, diagnostics)?;
            let price = price?;
            if price == 0.0 {
                diagnostics.push(
                    table
                        .problem(
                            Code::ZeroPriceValue,
                            value,
                            "the asset's price is 0, so its value says nothing about units",
                        )
                        .with_hint("give a quantity"),
                );
                return None;
            }
            let units = check_amount(money / price).ok();
            if units.is_none() {
                let message = format!("{money} at a price of {price} is not within 1e-9 to 1e18 units");
                diagnostics.push(table.problem(Code::OutOfRange, value, message));
            }
            units
        }
        (given_nothing, _) => {
            let message = if given_nothing {
                "neither quantity nor value is given"
            } else {
                "quantity and value are both given"
            };
            diagnostics.push(
                table
                    .problem(Code::QuantityOrValue, quantity.or(value), message)
                    .with_hint("give one of the two"),
            );
            None
        }
    }
}

/// Two different institutions of one row, by order of appearance; `None`: the problem is reported.
fn two_institutions(
    table: &Table<'_>,
    names: &mut Names,
    first: Option<usize>,
    second: Option<usize>,
    diagnostics: &mut Diagnostics,
) -> Option<(u32, u32)> {
    let a = names.resolve(table, first, "institution", diagnostics);
    let b = names.resolve(table, second, "institution", diagnostics);
    let (a, b) = (a?, b?);
    if a == b {
        diagnostics.push(
            table
                .problem(
                    Code::SelfClaim,
                    second,
                    "the institution stands on both sides of the row",
                )
                .with_hint("remove the row, or correct one of the ids"),
        );
        return None;
    }
    Some((a, b))
}

/// Reads debts: `receive(debtor, creditor, amount, seniority)` by order of appearance.
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
    let Some(mut table) = Table::open(source, &file, &columns, limits.rows, limits, diagnostics) else {
        return;
    };
    let [debtor, creditor, face, seniority] =
        ["debtor", "creditor", "amount", "seniority"].map(|column| table.place(column));
    let mut seen: HashMap<(u32, u32, u32), u64> = HashMap::new();
    while table.advance(diagnostics) {
        let pair = two_institutions(&table, names, debtor, creditor, diagnostics);
        if table.cell(face).is_empty() {
            diagnostics.push(table.problem(Code::MissingCell, face, "the amount is not given"));
        }
        let hint = "a debt is an amount of 0 or more; swap debtor and creditor";
        let owed = amount(&table, face, hint, diagnostics);
        let rank = seniority_of(&table, seniority, diagnostics);
        if let (Some((debtor, creditor)), Some(owed), Some(rank)) = (pair, owed, rank) {
            let line = table.line();
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
        let parties = two_institutions(&table, names, writer, holder, diagnostics);
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
        let pair = two_institutions(&table, names, holder, issuer, diagnostics);
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
