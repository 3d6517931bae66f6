//! Valuation functions: what a claim is worth to its holder when its debtor has the equity `E`.
//!
//! In the framework of Barucca et al. (2020), Network Valuation in Financial Systems, a claim at face `L` is worth
//! `V(E) L`, with `V` in `[0, 1]` and rising in the debtor's equity `E`, which itself counts claims at their value. The
//! clearing models of [`crate::clearing`] are such functions too. Any [`delever_core::ClaimKernel`] is one: a function of
//! the debtor's balance sheet, in one method.
//!
//! ```
//! use delever_core::{BalanceSheet, ClaimKernel, NoColumns, SparseRows};
//! use delever_network::clearing::OneLayer;
//!
//! /// A claim keeps half its value while its debtor's assets cover less than 105 % of its debts.
//! struct Cushion;
//! impl ClaimKernel for Cushion {
//!     type Row = NoColumns;
//!     fn payment_ratio(&self, sheet: &BalanceSheet<'_>, _: &NoColumns) -> f64 {
//!         if sheet.assets() < 1.05 * sheet.liabilities { 0.5 } else { 1.0 }
//!     }
//! }
//! let debts = SparseRows::from_triplets(2, 2, &[(0, 1, 10.0)]);
//! let model = OneLayer::new(Cushion, vec![NoColumns {}, NoColumns {}], debts, &[0.0, 0.0]);
//! # let _ = model;
//! ```

mod debtrank;
mod furfine;
mod structural;

pub use debtrank::{DebtRank, DebtRankRow, Hits};
pub use furfine::{Furfine, FurfineRow};
pub use structural::{BlackCox, FurfineMerton, Merton, StructuralRow};

use crate::clearing::OneLayerSpec;
use delever_core::Registry;

pub(crate) fn register(registry: &mut Registry) {
    registry.add_claims_spec::<OneLayerSpec<Furfine>, FurfineRow>();
    registry.add_claims_spec::<OneLayerSpec<DebtRank>, DebtRankRow>();
    registry.add_claims_spec::<OneLayerSpec<BlackCox>, StructuralRow>();
    registry.add_claims_spec::<OneLayerSpec<Merton>, StructuralRow>();
    registry.add_claims_spec::<OneLayerSpec<FurfineMerton>, StructuralRow>();
}
