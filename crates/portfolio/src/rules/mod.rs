//! Deleveraging rules: how much an institution must sell at trial prices and payments.
//!
//! `A` total assets, `D` liabilities at face, `E = A - D`, `M` marketable assets, `V` the same at average
//! execution prices. Money is in the unit of the tables.
//!
//! | kind | sells | parameters |
//! |---|---|---|
//! | `none` | nothing | |
//! | `leverage-cap` | `clip((A - max_leverage E) / M, 0, 1)` of every holding | `max_leverage` or `min_leverage_ratio` |
//! | `leverage-threshold` | `max(0, A - E / target)` in money if `E / A < act_below` | `act_below`, `target`, `default_below` |
//! | `leverage-target` | `A - target_leverage E` in money, at least 0 unless two-sided | `target_leverage`, `two_sided` |
//! | `value-at-risk` | the same with the leverage that perceived variance allows | `leverage_scale`, `cyclicality`, `historic_volatility`, `volatility_offset`, `shock_weight` |
//! | `capital-ratio` | `clip((W + a_o o - E / min_ratio) / W, 0, 1)`, `W` risk-weighted holdings | `min_ratio`, `risk_weight`, `other_risk_weight` |
//! | `haircut` | `clip((X - E) / X, 0, 1)`, `X` the margins on holdings | `haircut`, `procyclicality` |
//! | `liquidity-shortfall` | `(debts + withdrawals - cash - received)^+` in money | `withdrawals` |
//! | `funding-withdrawal` | `(w external - cash)^+` in money, `w` rising as `E / A` falls | `run_below`, `run_complete_below` |
//! | `redemption` | the share of a fund that investors redeem after its loss | `base_flow`, `flow_sensitivity`, `gate`, `swing_price`, `liquidity`, `cash_buffer` |
//! | `sell-on-default` | everything if `E < 0` | |

mod capital_ratio;
mod funding_withdrawal;
mod haircut;
mod leverage_cap;
mod leverage_target;
mod leverage_threshold;
mod liquidity_shortfall;
mod none;
mod pages;
mod redemption;
mod sell_on_default;
mod value_at_risk;

pub use capital_ratio::{CapitalRatio, CapitalRatioRow, RiskWeight};
pub use funding_withdrawal::{FundingWithdrawal, FundingWithdrawalRow};
pub use haircut::{Haircut, Margin};
pub use leverage_cap::{LeverageCap, LeverageCapRow};
pub use leverage_target::{LeverageTarget, LeverageTargetRow};
pub use leverage_threshold::{LeverageThreshold, LeverageThresholdRow};
pub use liquidity_shortfall::{LiquidityShortfall, LiquidityShortfallRow};
pub use none::NoSales;
pub use redemption::{Liquidity, Redemption, RedemptionRow};
pub use sell_on_default::SellOnDefault;
pub use value_at_risk::{ValueAtRisk, ValueAtRiskRow};

use delever_core::{Continuity, Execution, Order, Profile, Registry, RuleContext};

pub(crate) fn register(registry: &mut Registry) {
    registry.add_rule("none", || NoSales);
    registry.add_rule("leverage-cap", || LeverageCap);
    registry.add_rule("leverage-threshold", || LeverageThreshold);
    registry.add_rule("leverage-target", || LeverageTarget);
    registry.add_rule("value-at-risk", || ValueAtRisk);
    registry.add_rule("capital-ratio", || CapitalRatio);
    registry.add_rule("haircut", || Haircut);
    registry.add_rule("liquidity-shortfall", || LiquidityShortfall);
    registry.add_rule("funding-withdrawal", || FundingWithdrawal);
    registry.add_rule("redemption", || Redemption);
    registry.add_rule("sell-on-default", || SellOnDefault);
    pages::document(registry);
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

/// What a rule declares whose sellers' gains above the final price may grow as prices fall: ordered unless those gains
/// reach others through payments that respond to assets.
fn ordered_while_gains_stay(context: RuleContext) -> Profile {
    Profile {
        order: if at_average(context.execution) && context.payments_respond {
            Order::Unordered
        } else {
            Order::Antitone
        },
        ..ORDERED
    }
}
