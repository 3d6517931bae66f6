//! What models declare of themselves, held against what they do on a few states.
//!
//! A proof believes its models: that sales fall and payments rise with the state, that bounds hold, that a formula looks at
//! amounts only, that its forms for several numbers are one formula. When a cascade is composed, some institutions of every
//! rule and all assets are asked at a few states between the healthiest and the worst, before any shock. A declaration that one
//! of these answers refutes is taken back for the whole cascade, and [`crate::Cascade::refuted`] says which.
//!
//! This finds models that are not as they say almost anywhere. It proves nothing: what no sampled answer refutes is trusted, and
//! is tested again at the states that each solve visits.

mod forms;
mod institution;
mod market;
mod visited;

use crate::composition::{Block, Cascade};
use institution::Probe;
use std::fmt;

/// Which models a declaration is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// What an institution sells: its rule and the strategy.
    Sales,
    /// What claims on an institution are worth: the claims model.
    Claims,
    /// The price of an asset: the impact model.
    Prices,
}

/// What was declared and does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Declaration {
    /// Sales that fall, claims that rise as the state rises, prices that fall with sales ([`delever_core::Profile::order`]).
    /// Without it nothing is certified.
    Order,
    /// Bounds that hold the model's own answer ([`delever_core::Profile::bounded`]). Without them nothing is certified.
    Bounds,
    /// Bounds over ranges of states (`encloses`). Without them anything that the model may do counts as possible.
    Enclosure,
    /// A formula that looks at amounts alone (`reads_amounts_only`). Without it institutions are computed one after the other.
    AmountsOnly,
    /// Forms for lanes and slopes that agree with the one for doubles. Without it neither is used.
    Formula,
}

/// A declaration that a model's own answer refutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refuted {
    /// Of which models.
    pub decision: Decision,
    /// What was declared.
    pub declaration: Declaration,
    /// The institution, or the asset, where it does not hold, by id.
    pub at: u32,
}

impl fmt::Display for Refuted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, models) = match self.decision {
            Decision::Sales => ("what institution", "its rule and strategy"),
            Decision::Claims => ("what claims on institution", "the claims model"),
            Decision::Prices => ("the price of asset", "the impact model"),
        };
        let verb = match self.decision {
            Decision::Sales => "sells",
            Decision::Claims => "are worth",
            Decision::Prices => "becomes",
        };
        let why = match self.declaration {
            Declaration::Order => "moves against the declared order; the answer is not certified",
            Declaration::Bounds => "lies outside the declared bounds; the answer is not certified",
            Declaration::Enclosure => "lies outside the bounds over a range of states; these are not used",
            Declaration::AmountsOnly => {
                "depends on single holdings or prices, though it is declared to depend on amounts only"
            }
            Declaration::Formula => {
                "differs between the forms of the formula; only the one for doubles and its bounds are used"
            }
        };
        let place = self.at;
        match self.decision {
            Decision::Prices => write!(f, "{what} {place} {why} ({models})"),
            _ => write!(f, "{what} {place} {verb} {why} ({models})"),
        }
    }
}

/// How much of declared order, bounds and agreement rounding may seem to break, relative to what is held, owed or quoted.
pub(crate) const SLACK: f64 = 1e-9;
/// Institutions of one rule, and of all rules, that are asked.
const OF_A_RULE: usize = 8;
const IN_ALL: usize = 64;
/// States from the healthiest to the worst, as shares of prices and claims: finer near the top, where leveraged institutions live.
const LADDER: [f64; 11] = [1.0, 0.996, 0.992, 0.984, 0.97, 0.94, 0.88, 0.75, 0.5, 0.25, 0.0];

/// Finds what the models of a cascade declare and do not keep: each declaration once, where it was first seen.
pub(crate) fn refuted(cascade: &Cascade<'_>) -> Vec<Refuted> {
    let mut found = Vec::new();
    Probe::new(cascade, sample(cascade)).run(&mut found);
    market::check(cascade, &mut found);
    let mut first: Vec<Refuted> = Vec::new();
    for refuted in found {
        let same =
            |other: &Refuted| (other.decision, other.declaration) == (refuted.decision, refuted.declaration);
        if !first.iter().any(same) {
            first.push(refuted);
        }
    }
    first
}

/// Some institutions of every block, evenly spread: the block, and their compiled positions.
fn sample<'c>(cascade: &'c Cascade<'_>) -> Vec<(&'c Block, usize)> {
    let each = (IN_ALL / cascade.blocks.len().max(1)).clamp(1, OF_A_RULE);
    let of_block = |block: &'c Block| {
        let length = block.range.len();
        let count = each.min(length);
        (0..count).map(move |k| (block, block.range.start + k * length / count))
    };
    cascade.blocks.iter().take(IN_ALL).flat_map(of_block).collect()
}
