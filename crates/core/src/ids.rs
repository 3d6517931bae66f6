//! Ids of assets and institutions inside a frozen system.
//!
//! An id is the rank of the public text id among all ids of its table, sorted bytewise. So it does not depend
//! on the order in which rows were read, and sums that run in id order have the same bits for any input order.

use serde::{Deserialize, Serialize};

/// An institution of a frozen system: its rank by text id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct InstitutionId(pub u32);

/// An asset of a frozen system: its rank by text id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AssetId(pub u32);

impl InstitutionId {
    /// The position in arrays over institutions.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl AssetId {
    /// The position in arrays over assets.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}
