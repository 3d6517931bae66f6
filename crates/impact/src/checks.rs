//! Ranges of parameters that several models share.

use delever_core::{Quote, SpecError};

/// A depth or a daily volume: money, above zero; `inf` is no impact.
pub(crate) fn depth(name: &str, value: f64) -> Result<(), SpecError> {
    if value > 0.0 {
        Ok(())
    } else {
        Err(SpecError::out_of_range(
            name,
            value,
            "above 0; `inf` means no impact",
        ))
    }
}

/// A coefficient that is zero or more, and finite.
pub(crate) fn coefficient(name: &str, value: f64) -> Result<(), SpecError> {
    if value >= 0.0 && value.is_finite() {
        Ok(())
    } else {
        Err(SpecError::out_of_range(name, value, "0 or more, and finite"))
    }
}

/// A number above zero, and finite.
pub(crate) fn above_zero(name: &str, value: f64) -> Result<(), SpecError> {
    if value > 0.0 && value.is_finite() {
        Ok(())
    } else {
        Err(SpecError::out_of_range(name, value, "above 0, and finite"))
    }
}

/// A price below which nothing is sold, money per unit.
pub(crate) fn price_floor(quote: Quote, floor: f64) -> Result<(), SpecError> {
    if floor >= 0.0 && floor < quote.initial {
        Ok(())
    } else {
        Err(SpecError::out_of_range(
            "price_floor",
            floor,
            format!("0 or more and below the initial price of {}", quote.initial),
        ))
    }
}
