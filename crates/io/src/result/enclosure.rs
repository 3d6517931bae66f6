//! Bounds of all equilibria at once, by id.

use crate::load::Loaded;
use delever_cascade::EquilibriaEnclosure;
use delever_core::Interval;
use serde::{Deserialize, Serialize};

/// Bounds that hold all equilibria at once. They prove neither that there is one nor, unless their width is 0, that there is one
/// only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EnclosureResult {
    /// Largest relative width of the bounds of prices and claims.
    pub width: f64,
    /// By asset, ascending by id: bounds of its price, money per unit.
    pub prices: Vec<BoundsResult>,
    /// By institution, ascending by id: bounds of its equity, money.
    pub equities: Vec<BoundsResult>,
}

/// Bounds of one number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BoundsResult {
    /// Whose number it is.
    pub id: String,
    /// It is never below this.
    pub lower: f64,
    /// It is never above this.
    pub upper: f64,
}

pub(super) fn bounds_of_all(loaded: &Loaded, enclosure: &EquilibriaEnclosure) -> EnclosureResult {
    let by_id = |ids: &[String], bounds: &[Interval]| {
        let named = |(id, bounds): (&String, &Interval)| BoundsResult {
            id: id.clone(),
            lower: bounds.low,
            upper: bounds.high,
        };
        ids.iter().zip(bounds).map(named).collect()
    };
    EnclosureResult {
        width: enclosure.width,
        prices: by_id(loaded.system.asset_names(), &enclosure.prices),
        equities: by_id(loaded.system.institution_names(), &enclosure.equities),
    }
}
