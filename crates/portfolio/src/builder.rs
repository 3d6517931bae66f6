//! Names in, frozen system out; every problem at once.

use crate::range::{AmountError, check_amount};
use crate::system::{Institution, System};
use delever_core::SparseRows;
use std::collections::HashMap;

/// Which record of the input an error is about, counted from 0 in the order of the calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    /// The n-th call of [`SystemBuilder::asset`].
    Asset(usize),
    /// The n-th call of [`SystemBuilder::institution`].
    Institution(usize),
    /// The n-th call of [`SystemBuilder::holding`].
    Holding(usize),
}

/// Why a system cannot be built.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BuildError {
    /// An id is given twice.
    #[error("{record:?}: `{id}` is given twice; it stands first at record {first}")]
    Duplicate {
        /// The second record.
        record: Record,
        /// The id.
        id: String,
        /// The number of the first record of that kind with that id.
        first: usize,
    },
    /// A holding names an institution that is not there.
    #[error("{record:?}: no institution is named `{id}`")]
    UnknownInstitution {
        /// The record.
        record: Record,
        /// The name that is not there.
        id: String,
    },
    /// A holding names an asset that is not there.
    #[error("{record:?}: no asset is named `{id}`")]
    UnknownAsset {
        /// The record.
        record: Record,
        /// The name that is not there.
        id: String,
    },
    /// An amount is not allowed.
    #[error("{record:?}: {column} = {value} {problem}")]
    Amount {
        /// The record.
        record: Record,
        /// The name of the amount, as the column of its table.
        column: &'static str,
        /// The amount.
        value: f64,
        /// What is wrong with it.
        problem: AmountError,
    },
    /// There are too many institutions, assets or holdings for the index type.
    #[error("a system holds at most 2^32 - 1 institutions, assets and holdings")]
    TooLarge,
}

/// Names that holdings mention, each stored once.
#[derive(Clone, Debug, Default)]
struct Mentions {
    numbers: HashMap<String, u32>,
}

impl Mentions {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        let number = self.numbers.len() as u32;
        self.numbers.insert(name.to_owned(), number);
        number
    }

    /// Mention number to rank of the id, where there is one; and to the name, for errors.
    fn resolve(self, index: &HashMap<String, u32>) -> Vec<(Option<u32>, String)> {
        let mut resolved = vec![(None, String::new()); self.numbers.len()];
        let mut entries: Vec<_> = self.numbers.into_iter().collect();
        entries.sort_unstable_by_key(|&(_, number)| number);
        for (slot, (name, _)) in resolved.iter_mut().zip(entries) {
            *slot = (index.get(&name).copied(), name);
        }
        resolved
    }
}

/// Collects assets, institutions and holdings by name.
#[derive(Clone, Debug, Default)]
pub struct SystemBuilder {
    assets: Vec<(String, f64)>,
    institutions: Vec<(String, Institution)>,
    holders: Mentions,
    held: Mentions,
    holdings: Vec<(u32, u32, f64)>,
}

impl SystemBuilder {
    /// An empty builder.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an asset with its initial price, money per unit.
    pub fn asset(&mut self, name: &str, price: f64) -> &mut Self {
        self.assets.push((name.to_owned(), price));
        self
    }

    /// Adds an institution with its amounts, money.
    pub fn institution(&mut self, name: &str, amounts: Institution) -> &mut Self {
        self.institutions.push((name.to_owned(), amounts));
        self
    }

    /// Adds units of an asset that an institution holds; several for one pair add up.
    pub fn holding(&mut self, institution: &str, asset: &str, units: f64) -> &mut Self {
        let pair = (self.holders.number(institution), self.held.number(asset));
        self.holdings.push((pair.0, pair.1, units));
        self
    }

    /// Freezes the system, or says all that is wrong.
    pub fn build(mut self) -> Result<System, Vec<BuildError>> {
        let mut errors = Vec::new();
        let limit = u32::MAX as usize;
        if self.assets.len() >= limit || self.institutions.len() >= limit || self.holdings.len() >= limit {
            return Err(vec![BuildError::TooLarge]);
        }
        let mut amount = |record: Record, column: &'static str, value: &mut f64| match check_amount(*value) {
            Ok(clean) => *value = clean,
            Err(problem) => errors.push(BuildError::Amount {
                record,
                column,
                value: *value,
                problem,
            }),
        };
        for (n, (_, price)) in self.assets.iter_mut().enumerate() {
            amount(Record::Asset(n), "price", price);
        }
        for (n, (_, amounts)) in self.institutions.iter_mut().enumerate() {
            let record = Record::Institution(n);
            amount(record, "cash", &mut amounts.cash);
            amount(record, "other_assets", &mut amounts.other_assets);
            amount(record, "external_liabilities", &mut amounts.external_liabilities);
        }
        for (n, (_, _, units)) in self.holdings.iter_mut().enumerate() {
            amount(Record::Holding(n), "quantity", units);
        }
        let (asset_order, asset_index) = sorted(
            self.assets.iter().map(|(name, _)| name.as_str()),
            Record::Asset,
            &mut errors,
        );
        let (institution_order, institution_index) = sorted(
            self.institutions.iter().map(|(name, _)| name.as_str()),
            Record::Institution,
            &mut errors,
        );
        let holders = self.holders.resolve(&institution_index);
        let held = self.held.resolve(&asset_index);
        let mut triplets = self.holdings;
        for (n, (institution, asset, _)) in triplets.iter_mut().enumerate() {
            let record = Record::Holding(n);
            match &holders[*institution as usize] {
                (Some(rank), _) => *institution = *rank,
                (None, id) => errors.push(BuildError::UnknownInstitution {
                    record,
                    id: id.clone(),
                }),
            }
            match &held[*asset as usize] {
                (Some(rank), _) => *asset = *rank,
                (None, id) => errors.push(BuildError::UnknownAsset {
                    record,
                    id: id.clone(),
                }),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        // No units are no holding: they must not count among an asset's holders.
        triplets.retain(|&(_, _, units)| units > 0.0);
        // Several holdings of one pair add up in the order of their size, not of the input.
        triplets.sort_unstable_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2)));
        let holdings = SparseRows::from_triplets(institution_order.len(), asset_order.len(), &triplets);
        drop(triplets);
        Ok(System {
            prices: asset_order.iter().map(|&n| self.assets[n].1).collect(),
            institutions: institution_order
                .iter()
                .map(|&n| self.institutions[n].1)
                .collect(),
            asset_names: asset_order.iter().map(|&n| self.assets[n].0.clone()).collect(),
            institution_names: institution_order
                .iter()
                .map(|&n| self.institutions[n].0.clone())
                .collect(),
            holdings,
            institution_index,
            asset_index,
        })
    }
}

/// The order of names sorted bytewise, and the rank of each name; duplicates are reported.
fn sorted<'a>(
    names: impl Iterator<Item = &'a str>,
    record: fn(usize) -> Record,
    errors: &mut Vec<BuildError>,
) -> (Vec<usize>, HashMap<String, u32>) {
    let names: Vec<&str> = names.collect();
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_by(|&a, &b| names[a].as_bytes().cmp(names[b].as_bytes()));
    let mut index: HashMap<String, u32> = HashMap::with_capacity(names.len());
    for (rank, &n) in order.iter().enumerate() {
        if let Some(&first) = index.get(names[n]) {
            // Equal names stand in input order, because the sort is stable.
            let first = order[first as usize];
            errors.push(BuildError::Duplicate {
                record: record(n),
                id: names[n].to_owned(),
                first,
            });
        } else {
            index.insert(names[n].to_owned(), rank as u32);
        }
    }
    (order, index)
}
