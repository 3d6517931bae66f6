//! The generated system as tables.

use super::SyntheticSystem;
use crate::csv_table::CsvTable as Table;
use std::collections::BTreeMap;

impl SyntheticSystem {
    /// The tables that a scenario reads, by file name: `institutions.csv`, `assets.csv`, `holdings.csv`, `debts.csv`.
    ///
    /// Numbers are written with the fewest digits that read back to the same double.
    pub fn to_csv(&self) -> BTreeMap<String, String> {
        let institution = |n: u32| self.institutions[n as usize].id.as_str();
        let mut institutions = Table::new(&[
            "id",
            "name",
            "kind",
            "cash",
            "other_assets",
            "external_liabilities",
        ]);
        for bank in &self.institutions {
            institutions
                .text(&bank.id)
                .text(&bank.name)
                .text("bank")
                .number(bank.cash)
                .number(bank.other_assets)
                .number(bank.external_liabilities)
                .end();
        }
        let mut assets = Table::new(&[
            "id",
            "name",
            "price",
            "depth",
            "adv",
            "volatility",
            "price_floor",
            "risk_weight",
        ]);
        for asset in &self.assets {
            assets
                .text(&asset.id)
                .text(&asset.name)
                .number(asset.price)
                .number(asset.depth)
                .number(asset.adv)
                .number(asset.volatility)
                .number(asset.price_floor)
                .number(asset.risk_weight)
                .end();
        }
        let mut holdings = Table::new(&["institution", "asset", "quantity"]);
        for holding in &self.holdings {
            holdings
                .text(institution(holding.institution))
                .text(&self.assets[holding.asset as usize].id)
                .number(holding.quantity)
                .end();
        }
        let mut debts = Table::new(&["debtor", "creditor", "amount"]);
        for debt in &self.debts {
            debts
                .text(institution(debt.debtor))
                .text(institution(debt.creditor))
                .number(debt.amount)
                .end();
        }
        [
            ("institutions.csv", institutions),
            ("assets.csv", assets),
            ("holdings.csv", holdings),
            ("debts.csv", debts),
        ]
        .into_iter()
        .map(|(file, table)| (file.to_owned(), table.finish()))
        .collect()
    }
}
