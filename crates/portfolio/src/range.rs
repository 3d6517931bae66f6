//! The range of amounts within which sums and products neither overflow nor lose order.

/// Smallest positive amount.
pub const SMALLEST_AMOUNT: f64 = 1e-9;
/// Largest amount.
pub const LARGEST_AMOUNT: f64 = 1e18;

/// Why an amount is refused.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum AmountError {
    /// NaN or infinite.
    #[error("is not a finite number")]
    NotFinite,
    /// Below zero.
    #[error("is negative")]
    Negative,
    /// Neither 0 nor within `[1e-9, 1e18]`.
    #[error("is outside the range of 1e-9 to 1e18 in which results are promised")]
    OutOfRange,
}

/// Checks that an amount is 0 or within `[1e-9, 1e18]`; returns it with `-0.0` made `0.0`.
pub fn check_amount(amount: f64) -> Result<f64, AmountError> {
    if !amount.is_finite() {
        Err(AmountError::NotFinite)
    } else if amount < 0.0 {
        Err(AmountError::Negative)
    } else if amount == 0.0 {
        Ok(0.0)
    } else if (SMALLEST_AMOUNT..=LARGEST_AMOUNT).contains(&amount) {
        Ok(amount)
    } else {
        Err(AmountError::OutOfRange)
    }
}
