//! Claims that lose value in waves: a measure that is no map of balance sheets, and has no equilibrium.

/// What waves of distress leave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Waves {
    /// By wave, then by institution: money that it has lost through its claims so far. Wave 0, nothing lost yet, is the first.
    pub losses: Vec<Vec<f64>>,
    /// By institution: what its creditors have of one unit of face value in the end.
    pub ratios: Vec<f64>,
}

/// A claims model whose values follow from who is hit when, not from the balance sheets that they end in.
///
/// Its institutions trade nothing meanwhile. Nothing is proved of where it ends.
pub trait ClaimsProcess: Send + Sync {
    /// The waves that follow a shock, from each institution's equity before and after it, claims at face.
    fn waves(&self, equity_initial: &[f64], equity_shocked: &[f64]) -> Waves;
}
