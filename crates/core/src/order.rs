//! Declarations of order and continuity.
//!
//! The state of a cascade is oriented so that up is healthier: higher prices, higher payments. A composition
//! of declared blocks is isotone, and only an isotone map may carry a certificate.

/// How a block's output moves when its input moves up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// Output moves up, or stays (claims: higher assets, higher payments).
    Isotone,
    /// Output moves down, or stays (rules: higher prices, fewer sales; impact: more sales, lower prices).
    Antitone,
    /// No promise. The cascade is solved, but its result carries no certificate.
    #[default]
    Unordered,
}

/// Whether a block follows limits of its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Continuity {
    /// Continuous from above and from below.
    Both,
    /// Continuous from above only: it jumps down at a threshold that itself counts as healthy.
    FromAbove,
    /// No promise.
    #[default]
    None,
}

/// What a model declares of itself to the engine.
///
/// A proof rests on it. The engine tests it with the model's own answers at a few states, when a cascade is composed and when it
/// is solved, and takes back what an answer refutes; between those states it is trusted. Declare what holds over the whole
/// range of prices and payments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Profile {
    /// Order of the output in the input.
    pub order: Order,
    /// Continuity of the output in the input.
    pub continuity: Continuity,
    /// Whether the model can bound its own rounding error, without which no result is certified.
    pub bounded: bool,
}

impl Profile {
    /// The weaker of two declarations: what holds for a collection of rows holds for each of them.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            order: if self.order == other.order {
                self.order
            } else {
                Order::Unordered
            },
            continuity: match (self.continuity, other.continuity) {
                (Continuity::None, _) | (_, Continuity::None) => Continuity::None,
                (Continuity::Both, Continuity::Both) => Continuity::Both,
                _ => Continuity::FromAbove,
            },
            bounded: self.bounded && other.bounded,
        }
    }
}
