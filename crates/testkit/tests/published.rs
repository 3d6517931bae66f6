//! Published cases from the project's own files: each is a test, and needs nothing beside the project.

use delever_testkit::published::{differences, folder};
use std::collections::BTreeSet;

fn read(name: &str) -> String {
    let path = folder().join(format!("{name}.toml"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// One test for each file, by its name.
macro_rules! cases {
    ($($name:ident,)*) => {
        $(
            #[test]
            fn $name() {
                let (count, differences) = differences(&read(stringify!($name))).unwrap_or_else(|why| panic!("{why}"));
                assert!(differences.is_empty(), "{} of {count} figures:\n{}", differences.len(), differences.join("\n"));
                assert!(count > 0, "nothing is compared");
            }
        )*

        const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

cases! {
    black_cox_three_banks,
    breuer_summer_urosevic_three_banks,
    caccioli_overlapping_portfolios,
    cont_schaanning_two_banks,
    debtrank_own_equity,
    default_swaps_cycle,
    default_swaps_no_solution,
    eisenberg_noe_chain,
    eisenberg_noe_three_banks,
    eisenberg_noe_two_cycle,
    elliott_golub_jackson_europe_9,
    elliott_golub_jackson_europe_93,
    elliott_golub_jackson_europe_935,
    elliott_golub_jackson_europe_94,
    elsinger_one_seniority,
    elsinger_two_seniorities,
    firesale_one_bank,
    firesale_one_bank_fails,
    firesale_two_banks,
    firesale_two_banks_without_impact,
    leverage_spiral,
    liquidation_two_roots,
    neva_chain,
    neva_cycle,
    neva_ring_by_hand,
    neva_tree,
    rogers_veraart_example_3_3_one,
    rogers_veraart_example_3_3_two,
    rogers_veraart_ring,
    rogers_veraart_three_banks,
    suzuki_four_firms,
    systemicrisk_x000,
    systemicrisk_x025,
    systemicrisk_x050,
    systemicrisk_x100,
}

#[test]
fn every_file_is_a_test() {
    let files: BTreeSet<String> = std::fs::read_dir(folder())
        .expect("a folder")
        .map(|entry| {
            entry
                .expect("readable")
                .file_name()
                .into_string()
                .expect("a plain name")
        })
        .collect();
    let tests: BTreeSet<String> = NAMES.iter().map(|name| format!("{name}.toml")).collect();
    assert_eq!(files, tests);
}

const RING: &str = r#"
source = "Own arithmetic (2026)"
tolerance = 1e-12
scenario = """
version = 1
[clearing]
model = "eisenberg-noe"
"""
[tables]
institutions = "id,cash\na,10\nb,0\n"
debts = "debtor,creditor,amount\na,b,30\n"
[[run]]
name = "one debt"
[run.expect]
status = "certified"
institutions.payment = { a = 10, b = 0 }
institutions.equity = { a = "-40/2" }
totals.defaults = 1
"#;

#[test]
fn figures_that_are_not_so_are_reported_by_their_place() {
    assert_eq!(differences(RING), Ok((5, Vec::new())));
    for (from, to, place) in [
        (
            "a = 10",
            "a = 10.001",
            "one debt.institutions.payment.a is 10.0 instead of 10.001",
        ),
        (
            "b = 0 ",
            "c = 0 ",
            "one debt.institutions.payment.c is not there instead of 0",
        ),
        (
            "-40/2",
            "-41/2",
            "one debt.institutions.equity.a is -20.0 instead of",
        ),
        ("certified", "bracketed", "one debt.status is"),
        ("defaults", "failures", "one debt.totals.failures is not there"),
    ] {
        let (_, found) = differences(&RING.replace(from, to)).expect("a case");
        assert!(
            found.len() == 1 && found[0].starts_with(place),
            "{place}: {found:?}"
        );
    }
    let unknown = RING.replace("tolerance", "tolerrance");
    assert!(differences(&unknown).is_err());
    let unsound = RING.replace("a,b,30", "a,b,-30");
    assert!(differences(&unsound).expect_err("refused").contains("negative"));
    assert!(
        differences(&RING.replace("(2026)", ""))
            .expect_err("no year")
            .contains("year")
    );
}
