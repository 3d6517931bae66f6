//! Money in whole thousandths of its unit, so that books close exactly and tables are readable.

/// Thousandths of the unit of money.
pub(super) type Thousandths = u64;

/// The nearest number of thousandths.
pub(super) fn thousandths(amount: f64) -> Thousandths {
    (amount * 1000.0).round() as Thousandths
}

/// The double nearest to the decimal number of three places; it prints as that number.
pub(super) fn money(amount: Thousandths) -> f64 {
    amount as f64 / 1000.0
}
