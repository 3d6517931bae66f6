//! The contagion graph of debts and shareholdings, and models that clear it.
//!
//! [`ContagionGraph`] holds debts by seniority and shareholdings between institutions, numbered by id. Its
//! [`analysis`] needs no clearing; the graph goes to petgraph and back; the inner loops see compressed rows.
//!
//! | kind | payments | parameters |
//! |---|---|---|
//! | `none` | debts are worth their face | |
//! | `eisenberg-noe` | `min(face, assets)`, pari passu | `external = "pari-passu"` or `"senior"` |
//! | `rogers-veraart` | face, or in default `alpha outside + beta interbank assets` | `alpha`, `beta` |
//! | `elsinger` | layer after layer, then to shareholders | |
//! | `furfine` | face, or in default `recovery` of it | `recovery` |
//! | `debtrank` | `clip(E / E0, 0, 1)` of face | |
//!
//! ```
//! use delever_network::ContagionGraphBuilder;
//! let mut builder = ContagionGraphBuilder::new(3);
//! builder.debt(0, 1, 20.0, 0).debt(1, 2, 24.0, 0).debt(2, 0, 10.0, 0);
//! let graph = builder.build().expect("valid debts");
//! assert_eq!(graph.debts_of(0), 20.0);
//! assert_eq!(graph.strongly_connected_components(), vec![vec![0, 1, 2]]);
//! ```

pub mod analysis;
mod builder;
pub mod clearing;
pub mod distress;
mod graph;
mod pages;
pub mod reconstruction;
pub mod valuation;

pub use builder::{ContagionGraphBuilder, GraphError, GraphRecord};
pub use graph::{ContagionGraph, Relation};

use delever_core::Registry;

/// Registers every clearing model of this crate under the kind that scenario files name.
pub fn register(registry: &mut Registry) {
    clearing::register(registry);
    valuation::register(registry);
    pages::document(registry);
}
