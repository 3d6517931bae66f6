//! The frozen system: what institutions own and owe outside the contagion graph.

use delever_core::{AssetId, InstitutionId, SparseRows};
use std::collections::HashMap;

/// Money that one institution holds and owes, besides its holdings and its debts inside the system.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Institution {
    /// Cash.
    pub cash: f64,
    /// Assets that are neither cash, nor marketable, nor claims on institutions.
    pub other_assets: f64,
    /// Debts to creditors outside the system.
    pub external_liabilities: f64,
}

/// A frozen system of institutions and assets.
///
/// Institutions and assets are numbered by text id, sorted bytewise, so nothing depends on the order of input.
#[derive(Clone, Debug)]
pub struct System {
    pub(crate) institution_names: Vec<String>,
    pub(crate) asset_names: Vec<String>,
    pub(crate) institutions: Vec<Institution>,
    pub(crate) prices: Vec<f64>,
    pub(crate) holdings: SparseRows,
    pub(crate) institution_index: HashMap<String, u32>,
    pub(crate) asset_index: HashMap<String, u32>,
}

impl System {
    /// Number of institutions.
    pub fn institution_count(&self) -> usize {
        self.institutions.len()
    }

    /// Number of assets.
    pub fn asset_count(&self) -> usize {
        self.prices.len()
    }

    /// Text ids of institutions, ascending bytewise: the order of every array over institutions.
    pub fn institution_names(&self) -> &[String] {
        &self.institution_names
    }

    /// Text ids of assets, ascending bytewise: the order of every array over assets.
    pub fn asset_names(&self) -> &[String] {
        &self.asset_names
    }

    /// The institution of a text id.
    pub fn institution(&self, name: &str) -> Option<InstitutionId> {
        self.institution_index.get(name).copied().map(InstitutionId)
    }

    /// The asset of a text id.
    pub fn asset(&self, name: &str) -> Option<AssetId> {
        self.asset_index.get(name).copied().map(AssetId)
    }

    /// Amounts of all institutions.
    pub fn institutions(&self) -> &[Institution] {
        &self.institutions
    }

    /// Initial prices of all assets, money per unit.
    pub fn prices(&self) -> &[f64] {
        &self.prices
    }

    /// Units held: row = institution, column = asset.
    pub fn holdings(&self) -> &SparseRows {
        &self.holdings
    }

    /// Equity of one institution at given prices, without claims and debts inside the system.
    ///
    /// # Panics
    /// If `institution` is out of range or `prices` is shorter than the number of assets.
    pub fn equity(&self, institution: usize, prices: &[f64]) -> f64 {
        let amounts = &self.institutions[institution];
        amounts.cash + amounts.other_assets + self.holdings.row(institution).product_sum(prices)
            - amounts.external_liabilities
    }
}
