//! Deleveraging rules: how much an institution must sell at trial prices and payments.
//!
//! `A` total assets, `D` liabilities at face, `E = A - D`, `M` marketable assets, `V` the same at average
//! execution prices. Money is in the unit of the tables.
//!
//! | kind | sells | parameters |
//! |---|---|---|
//! | `none` | nothing | |
//! | `leverage-cap` | `clip((A - max_leverage E) / M, 0, 1)` of every holding | `max_leverage` or `min_leverage_ratio` |
//! | `capital-ratio` | `clip((W + a_o o - E / min_ratio) / W, 0, 1)`, `W` risk-weighted holdings | `min_ratio`, `risk_weight`, `other_risk_weight` |
//! | `liquidity-shortfall` | `(debts + withdrawals - cash - received)^+` in money | `withdrawals` |
//! | `sell-on-default` | everything if `E < 0` | |

mod capital_ratio;
mod leverage_cap;
mod liquidity_shortfall;
mod none;
mod sell_on_default;

pub use capital_ratio::{CapitalRatio, CapitalRatioRow, RiskWeight};
pub use leverage_cap::{LeverageCap, LeverageCapRow};
pub use liquidity_shortfall::{LiquidityShortfall, LiquidityShortfallRow};
pub use none::NoSales;
pub use sell_on_default::SellOnDefault;

use delever_core::{Continuity, Execution, Order, Profile, Registry};

pub(crate) fn register(registry: &mut Registry) {
    registry.add_rule("none", || NoSales);
    registry.add_rule("leverage-cap", || LeverageCap);
    registry.add_rule("capital-ratio", || CapitalRatio);
    registry.add_rule("liquidity-shortfall", || LiquidityShortfall);
    registry.add_rule("sell-on-default", || SellOnDefault);
}

/// What a continuous rule with a known order declares.
const ORDERED: Profile = Profile {
    order: Order::Antitone,
    continuity: Continuity::Both,
    bounded: true,
};

/// Whether sellers are paid another price than the final one.
fn at_average(execution: Execution) -> bool {
    execution == Execution::Vwap
}
