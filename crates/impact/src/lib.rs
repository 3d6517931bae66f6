//! Price-impact models: how the price of an asset falls with the units that are sold.
//!
//! Each model is an [`ImpactKernel`](delever_core::ImpactKernel) for one asset; [`delever_core::PerAsset`] lifts
//! it to all assets. `Q` is money at the initial price, `q0` the shocked price, `q` the price after sales.
//!
//! | kind | `q` | parameters |
//! |---|---|---|
//! | `none` | `q0` | |
//! | `linear` | `q0 max(0, 1 - Q/depth)` | `depth` |
//! | `exponential` | `q0 exp(-Q/depth)` | `depth` |
//! | `power` | `q0 max(0, 1 - c (Q/depth)^g)` | `c`, `g`, `depth` |
//! | `square-root` | `q0 max(0, 1 - kappa volatility sqrt(Q/adv))` | `kappa`, `volatility`, `adv` |
//! | `floored-exponential` | `floor + (q0 - floor) exp(-Q/((1 - floor/initial) depth))` | `depth`, `price_floor` |
//!
//! Every formula enters each argument with one sign only, so prices are monotone in floating point: in the units
//! sold, and in the depth.
//!
//! ```
//! use delever_core::{ImpactModel, Market, PerAsset};
//! use delever_impact::{Linear, DepthRow};
//! let model = PerAsset::new(Linear, vec![DepthRow { depth: 200.0 }]);
//! let mut price = [0.0];
//! model.prices_into(Market::new(&[1.0], &[0.9]), &[50.0], &mut price);
//! assert_eq!(price, [0.9 * 0.75]);
//! ```

mod checks;
mod curve;
mod exponential;
mod floored_exponential;
mod linear;
mod none;
mod power;
mod square_root;

pub use exponential::Exponential;
pub use floored_exponential::{FlooredExponential, FlooredRow};
pub use linear::{DepthRow, Linear};
pub use none::NoImpact;
pub use power::{Power, PowerRow};
pub use square_root::{SquareRoot, SquareRootRow};

use delever_core::Registry;

/// Registers every impact model of this crate under the kind that scenario files name.
pub fn register(registry: &mut Registry) {
    registry.add_impact("none", || NoImpact);
    registry.add_impact("linear", || Linear);
    registry.add_impact("exponential", || Exponential);
    registry.add_impact("power", || Power);
    registry.add_impact("square-root", || SquareRoot);
    registry.add_impact("floored-exponential", || FlooredExponential);
}
