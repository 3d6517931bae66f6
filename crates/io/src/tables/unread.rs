//! Tables that are there and that nobody reads: named, because their rows would silently be left out.

use super::UNSUPPORTED;
use crate::catalogue::Code;
use crate::problem::{Diagnostics, Problem};
use crate::source::TableSource;
use delever_core::nearest_name;

/// Tables that are read by their name.
const READ: [&str; 6] = [
    "institutions",
    "assets",
    "holdings",
    "debts",
    "shareholdings",
    "credit_default_swaps",
];
/// Endings of files that hold tables.
const ENDINGS: [&str; 8] = ["csv", "parquet", "tsv", "xlsx", "xls", "xlsm", "ods", "txt"];
/// Endings of files that are noted whatever their name.
const TABLES_FOR_SURE: [&str; 2] = ["csv", "parquet"];

/// Reports files that look like tables and are not read. `named` are the files that the scenario names.
pub(crate) fn report_unread(source: &dyn TableSource, named: &[&str], diagnostics: &mut Diagnostics) {
    let files = source.files();
    let known: Vec<&str> = READ.into_iter().chain(UNSUPPORTED).collect();
    for file in &files {
        let Some((stem, ending)) = file.rsplit_once('.') else {
            continue;
        };
        let lower = ending.to_lowercase();
        let by_name = |exact: &&str| {
            let parquet = format!("{exact}.parquet");
            *file == format!("{exact}.csv") || *file == parquet
        };
        let is_named = named.iter().any(|named| named.trim_start_matches("./") == file);
        if !ENDINGS.contains(&lower.as_str()) || known.iter().any(by_name) || is_named {
            continue;
        }
        let near = near_table(stem, &known);
        // Where letters of either case are the same to the file system, the file is read under its other name.
        let is_read = |table: &str| {
            let expected = format!("{table}.csv");
            file.eq_ignore_ascii_case(&expected) && source.contains(&expected) && !files.contains(&expected)
        };
        // A workbook beside the table that was saved from it.
        let is_origin = |table: &str| {
            !TABLES_FOR_SURE.contains(&lower.as_str()) && source.contains(&format!("{table}.csv"))
        };
        match near {
            Some(table) if is_read(table) || is_origin(table) => {}
            Some(table) => {
                let message =
                    format!("the file is not read, and its name is near that of the table `{table}`");
                let hint =
                    format!("name it `{table}.csv` if it is the table; else move it or give it another name");
                diagnostics.push(Problem::new(Code::NameNearTable, file, message).with_hint(hint));
            }
            None if TABLES_FOR_SURE.contains(&lower.as_str()) => {
                let message =
                    "the file is not read: no table has that name, and the scenario does not name it";
                diagnostics.push(Problem::new(Code::FileNotRead, file, message));
            }
            None => {}
        }
    }
}

/// The table whose name a file's name is near, whatever the case of letters, the spaces, and endings that copies are given.
fn near_table<'a>(stem: &str, known: &[&'a str]) -> Option<&'a str> {
    let stem = stem.trim().to_lowercase().replace([' ', '-'], "_");
    let stem = ENDINGS
        .iter()
        .find_map(|ending| stem.strip_suffix(&format!(".{ending}")))
        .unwrap_or(&stem);
    let near = nearest_name(stem, known.iter().copied())?;
    // A copy, such as `holdings_old`, is not a misspelt name.
    let is_copy = |rest: &str| rest.starts_with(['_', '.', '(']);
    (!stem.strip_prefix(near).is_some_and(is_copy)).then_some(near)
}

#[cfg(test)]
mod tests {
    use super::{READ, near_table};

    #[test]
    fn misspelt_tables_are_near_and_other_names_are_not() {
        for (stem, table) in [
            ("debt", "debts"),
            ("Holdings", "holdings"),
            ("holding", "holdings"),
            ("ASSETS", "assets"),
            ("asset", "assets"),
            ("institution", "institutions"),
            ("Instituions", "institutions"),
            ("debts.csv", "debts"),
            (" debts ", "debts"),
            ("credit-default-swaps", "credit_default_swaps"),
            ("share_holdings", "shareholdings"),
        ] {
            assert_eq!(near_table(stem, &READ), Some(table), "{stem}");
        }
        for stem in [
            "prices",
            "book",
            "holdings_old",
            "debts (1)",
            "results_2020",
            "totals",
            "",
            "notes",
        ] {
            assert_eq!(near_table(stem, &READ), None, "{stem}");
        }
    }
}
