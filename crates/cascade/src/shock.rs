//! The shock: what happens before anyone sells.

use delever_core::Market;
use delever_portfolio::{Institution, System};

/// Relative changes of prices and amounts, and money added to or taken from cash, in id order.
///
/// ```
/// use delever_cascade::Shock;
/// use delever_portfolio::{Institution, SystemBuilder};
/// let mut builder = SystemBuilder::new();
/// builder.asset("bonds", 2.0);
/// let system = builder.build().expect("valid");
/// let mut shock = Shock::none(&system);
/// shock.prices[0] = -0.25;
/// assert_eq!(shock.prices_after(&system), [1.5]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Shock {
    /// Relative change of each asset's price, at least -1.
    pub prices: Vec<f64>,
    /// Relative change of each institution's cash, at least -1.
    pub cash: Vec<f64>,
    /// Relative change of each institution's other assets, at least -1.
    pub other_assets: Vec<f64>,
    /// Money added to each institution's cash; negative: taken from it.
    pub outside_assets: Vec<f64>,
}

/// Why a shock is refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ShockError {
    /// A vector has another length than the system.
    #[error("the shock has {given} values of {name}, the system {expected}")]
    Length {
        /// Which vector.
        name: &'static str,
        /// Its length.
        given: usize,
        /// The length that the system needs.
        expected: usize,
    },
    /// A relative change is below -1 or no number, or an amount is not finite or above `1e18`.
    #[error(
        "{name}[{position}] = {value} is not allowed: relative changes are at least -1, all values finite"
    )]
    Value {
        /// Which vector.
        name: &'static str,
        /// Where in it.
        position: usize,
        /// The value.
        value: f64,
    },
}

impl Shock {
    /// No change at all.
    pub fn none(system: &System) -> Self {
        let n = system.institution_count();
        Self {
            prices: vec![0.0; system.asset_count()],
            cash: vec![0.0; n],
            other_assets: vec![0.0; n],
            outside_assets: vec![0.0; n],
        }
    }

    /// Checks lengths and ranges.
    pub fn check(&self, system: &System) -> Result<(), ShockError> {
        let n = system.institution_count();
        let vectors = [
            ("prices", &self.prices, system.asset_count(), -1.0),
            ("cash", &self.cash, n, -1.0),
            ("other_assets", &self.other_assets, n, -1.0),
            ("outside_assets", &self.outside_assets, n, -1e18),
        ];
        for (name, values, expected, least) in vectors {
            if values.len() != expected {
                return Err(ShockError::Length {
                    name,
                    given: values.len(),
                    expected,
                });
            }
            let is_sound = |value: f64| value >= least && value <= 1e18;
            // Without a branch: sweeps check many shocks.
            let all_sound = values.iter().fold(true, |all, &value| all & is_sound(value));
            if !all_sound && let Some(position) = values.iter().position(|&value| !is_sound(value)) {
                return Err(ShockError::Value {
                    name,
                    position,
                    value: values[position],
                });
            }
        }
        Ok(())
    }

    /// Prices after the shock: `price (1 + change)`.
    pub fn prices_after(&self, system: &System) -> Vec<f64> {
        system
            .prices()
            .iter()
            .zip(&self.prices)
            .map(|(price, change)| price * (1.0 + change))
            .collect()
    }

    /// Amounts after the shock: `value (1 + change) + outside assets`.
    pub fn institution_after(&self, institution: usize, before: &Institution) -> Institution {
        Institution {
            cash: before.cash * (1.0 + self.cash[institution]) + self.outside_assets[institution],
            other_assets: before.other_assets * (1.0 + self.other_assets[institution]),
            external_liabilities: before.external_liabilities,
        }
    }
}

/// Prices before and after the shock, owned.
#[derive(Clone, Debug)]
pub(crate) struct ShockedMarket {
    pub initial: Vec<f64>,
    pub shocked: Vec<f64>,
}

impl ShockedMarket {
    pub fn view(&self) -> Market<'_> {
        Market::new(&self.initial, &self.shocked)
    }
}
