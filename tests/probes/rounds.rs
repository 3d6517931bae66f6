//! What rules see in rounds, held against the ledger that the tables and the shock begin.

use crate::CLOSE;
use crate::plain::{Case, cases};
use delever::cascade::rounds::{RoundsSettings, Sequence};
use delever::core::{BalanceSheet, NoColumns, RuleKernel, Sale};
use delever::network::clearing::EisenbergNoeRow;
use delever::prelude::*;
use delever_testkit::laws::config;
use proptest::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What must stay as it was right after the shock, whatever is sold and repaid since.
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize)]
struct Expected {
    other_assets: f64,
    external_liabilities: f64,
    claims_face: f64,
    debts_face: f64,
    assets_initial: f64,
    equity_initial: f64,
    equity_shocked: f64,
    /// Assets after the shock, at shocked prices.
    assets_shocked: f64,
}

/// Sells a tenth of its holdings in every round, and looks at every amount on the way; not before rounds begin.
struct Witness {
    looks: Arc<AtomicBool>,
}

fn same(seen: f64, expected: f64, what: &str) {
    assert!(
        (seen - expected).abs() <= CLOSE * (1.0 + expected.abs()),
        "{what} is {seen} on a sheet, {expected} by the ledger"
    );
}

impl RuleKernel for Witness {
    type Row = Expected;
    type AssetRow = NoColumns;

    fn sale(&self, sheet: &BalanceSheet<'_>, row: &Expected, _: &[NoColumns]) -> Sale {
        if !self.looks.load(Ordering::Relaxed) {
            return Sale::Fraction(0.1);
        }
        let at = |prices: &[f64]| sheet.holdings.product_sum(prices);
        same(sheet.other_assets, row.other_assets, "other assets");
        same(sheet.claims_face, row.claims_face, "claims at face");
        same(sheet.debts_face, row.debts_face, "debts at face");
        same(
            sheet.assets_initial,
            row.assets_initial,
            "assets before the shock",
        );
        same(
            sheet.equity_initial,
            row.equity_initial,
            "equity before the shock",
        );
        same(sheet.equity_shocked, row.equity_shocked, "equity after the shock");
        let owed = sheet.external_liabilities + sheet.repaid;
        same(owed, row.external_liabilities, "debts outside and what is repaid");
        let liabilities = sheet.debts_face + sheet.external_liabilities;
        same(sheet.liabilities, liabilities, "liabilities");
        same(sheet.marketable, at(sheet.prices), "holdings at trial prices");
        same(
            sheet.marketable_at_average,
            at(sheet.average_prices),
            "holdings at average prices",
        );
        same(
            sheet.received,
            sheet.debts_received + sheet.shares,
            "claims and shares",
        );
        same(sheet.execution_gain, 0.0, "the gain of what is not sold yet");
        let outside = sheet.cash + sheet.other_assets + sheet.marketable;
        same(sheet.outside_assets(), outside, "outside assets");
        same(sheet.assets(), outside + sheet.received, "assets");
        // Money only changes hands: what is lost is lost through prices and claims.
        assert!(sheet.assets() + sheet.repaid <= row.assets_shocked * (1.0 + CLOSE) + CLOSE);
        Sale::Fraction(0.1)
    }
}

fn expected(case: &Case) -> Vec<Expected> {
    let (rows, top) = (case.rows(), case.top());
    let of = |n: usize| {
        let sheet = case.sheet(n, &rows[n], &top);
        Expected {
            other_assets: sheet.other_assets,
            external_liabilities: sheet.external_liabilities,
            claims_face: sheet.claims_face,
            debts_face: sheet.debts_face,
            assets_initial: sheet.assets_initial,
            equity_initial: sheet.equity_initial,
            equity_shocked: sheet.equity_shocked,
            assets_shocked: sheet.assets(),
        }
    };
    (0..case.banks.len()).map(of).collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn rules_see_the_ledger_in_rounds(case in cases(), one_by_one in any::<bool>(), pay_with_cash_first in any::<bool>()) {
        let (system, graph) = (case.system(), case.graph());
        let count = case.banks.len();
        let debts = graph.debts().first().map_or_else(
            || delever::core::SparseRows::empty(count, count),
            |(_, layer)| layer.clone(),
        );
        let external: Vec<f64> = case.banks.iter().map(|bank| bank.external).collect();
        let looks = Arc::new(AtomicBool::new(false));
        let witness = Witness { looks: Arc::clone(&looks) };
        let models = Models {
            impact: Box::new(PerAsset::new(Linear, case.depths.iter().map(|&depth| DepthRow { depth }).collect())),
            execution: Execution::Terminal,
            rules: vec![RuleBlock {
                name: String::new(),
                rule: Box::new(PerInstitution::new(witness, expected(&case), vec![])),
                members: (0..count as u32).collect(),
            }],
            strategy: Box::new(ProRata),
            claims: Box::new(OneLayer::new(EisenbergNoe, vec![EisenbergNoeRow::default(); count], debts, &external)),
        };
        let cascade = Cascade::new(&system, &graph, models).expect("models fit");
        let settings = RoundsSettings {
            max_rounds: 8,
            sequence: if one_by_one { Sequence::Shuffled { seed: 7 } } else { Sequence::Simultaneous },
            pay_with_cash_first,
            ..RoundsSettings::default()
        };
        looks.store(true, Ordering::Relaxed);
        let outcome = cascade.run_rounds(&case.shock(&system), &settings).expect("fits");
        prop_assert!(outcome.rounds.len() > 1);
    }
}
