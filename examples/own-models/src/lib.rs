//! Models from outside the project: two rules, a strategy and a price impact, for one scenario file.
//!
//! Like any third party's, the library depends on `delever-core` and serde alone. What each model declares decides what may
//! be said of the answer:
//!
//! | kind | declares | a cascade with it |
//! |---|---|---|
//! | `acme/stop-loss` (rule) | antitone, with bounds | is certified |
//! | `acme/logistic` (impact) | antitone, with bounds | is certified |
//! | `acme/cash-target` (rule) | nothing: the order is lost | is solved, with status `unordered` |
//! | `acme/worst-first` (strategy) | nothing: the order is lost | is solved, with status `unordered` |
//!
//! All of them run in the rounds engine too, which asks for no order. `cargo run --package own-models --example run_scenarios`
//! shows both.

mod cash_target;
mod logistic;
mod stop_loss;
mod worst_first;

pub use cash_target::{CashTarget, CashTargetRow};
pub use logistic::{Logistic, LogisticRow};
pub use stop_loss::{StopLoss, StopLossRow};
pub use worst_first::WorstFirst;

use delever_core::{NoColumns, Registry};

/// Adds all models to a registry.
pub fn register(registry: &mut Registry) {
    registry.add_rule("acme/stop-loss", || StopLoss);
    registry.add_rule("acme/cash-target", || CashTarget);
    registry.add_strategy::<WorstFirst, NoColumns>("acme/worst-first", |_| Ok(WorstFirst));
    registry.add_impact("acme/logistic", || Logistic);
}
