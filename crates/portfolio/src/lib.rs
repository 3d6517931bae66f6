//! Assets, institutions and holdings; deleveraging rules; liquidation strategies.
//!
//! [`SystemBuilder`] takes names in and gives a frozen [`System`] out: ids sorted, holdings in compressed rows.
//! Rules say how much an institution must sell at trial prices, strategies which assets it sells.
//!
//! ```
//! use delever_portfolio::{Institution, SystemBuilder};
//! let mut builder = SystemBuilder::new();
//! builder.asset("bonds", 1.0);
//! builder.institution("bank", Institution { cash: 5.0, external_liabilities: 90.0, ..Institution::default() });
//! builder.holding("bank", "bonds", 100.0);
//! let system = builder.build().expect("names and amounts are valid");
//! assert_eq!(system.equity(0, &[1.0]), 15.0);
//! ```

mod builder;
mod range;
pub mod rules;
pub mod strategies;
mod system;

pub use builder::{BuildError, Record, SystemBuilder};
pub use range::{AmountError, check_amount};
pub use system::{Institution, System};

use delever_core::Registry;

/// Registers every rule and strategy of this crate under the kind that scenario files name.
pub fn register(registry: &mut Registry) {
    rules::register(registry);
    strategies::register(registry);
}
