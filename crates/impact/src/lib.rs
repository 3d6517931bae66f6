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
//! | `tanh` | `floor + (q0 - floor) (1 - tanh(Q/((1 - floor/initial) depth)))` | `depth`, `price_floor` |
//! | `almgren` | `q0 max(0, 1 - gamma volatility (Q/adv) (market_cap/adv)^(1/4))` | `gamma`, `eta`, `volatility`, `adv`, `market_cap`, `horizon` |
//! | `stressed-depth` | `q0 exp(-(Q/depth) exp(withdrawal f))`, `f = max(0, 1 - q0/initial)` | `depth`, `withdrawal` |
//! | `stressed-volatility` | `q0 exp(-Q volatility (1 + volatility_stress f)/(depth_scale adv sqrt(horizon)))` | `adv`, `volatility`, `horizon`, `depth_scale`, `volatility_stress` |
//! | `market-maker` | `q0 s`, greatest `s = exp(-Q/(depth max(depth_floor, 1 - Q (1 - s)/capital)))` | `depth`, `capital`, `depth_floor` |
//! | `cross-matrix` | `q0_k max(0, 1 - sum_l M_kl Q_l)` | `matrix` (file) |
//! | `order-book` | lowest bid reached times `q0/initial` | `book` (file), `beyond` |
//!
//! Under `linear` and `exponential`, `fall` and `at_share_sold` may stand in place of `depth`: [`calibration`].
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

mod almgren;
pub mod calibration;
mod checks;
mod cross_matrix;
mod curve;
mod exponential;
mod floored_exponential;
mod linear;
mod market_maker;
mod none;
mod order_book;
mod pages;
mod power;
mod square_root;
mod stressed_depth;
mod tanh;

pub use almgren::{Almgren, AlmgrenRow};
pub use cross_matrix::{CrossMatrix, CrossMatrixSpec};
pub use exponential::Exponential;
pub use floored_exponential::{FlooredExponential, FlooredRow};
pub use linear::{DepthRow, Linear};
pub use market_maker::{MarketMaker, MarketMakerRow};
pub use none::NoImpact;
pub use order_book::{Beyond, BookLevel, OrderBook, OrderBookSpec, Side};
pub use power::{Power, PowerRow};
pub use square_root::{SquareRoot, SquareRootRow};
pub use stressed_depth::{StressedDepth, StressedDepthRow, StressedVolatility, StressedVolatilityRow};
pub use tanh::Tanh;

use calibration::{DepthOrFall, ExponentialSpec, LinearSpec};
use delever_core::{NoColumns, Registry};

/// Registers every impact model of this crate under the kind that scenario files name.
pub fn register(registry: &mut Registry) {
    registry.add_impact("none", || NoImpact);
    registry.add_impact_spec::<LinearSpec, DepthOrFall>();
    registry.add_impact_spec::<ExponentialSpec, DepthOrFall>();
    registry.add_impact("power", || Power);
    registry.add_impact("square-root", || SquareRoot);
    registry.add_impact("floored-exponential", || FlooredExponential);
    registry.add_impact("tanh", || Tanh);
    registry.add_impact("almgren", || Almgren);
    registry.add_impact("stressed-depth", || StressedDepth);
    registry.add_impact("stressed-volatility", || StressedVolatility);
    registry.add_impact("market-maker", || MarketMaker);
    registry.add_impact_spec::<CrossMatrixSpec, NoColumns>();
    registry.add_impact_spec::<OrderBookSpec, NoColumns>();
    pages::document(registry);
}
