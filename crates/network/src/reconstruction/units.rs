//! Money in whole units, so that totals add up exactly and an entry is 0 or it is not.
//!
//! The unit is a power of two, `2^-122` of the sum of all totals or a little less. A double whose last bit is worth a
//! unit converts without rounding, and back again.

/// Amounts below this many units could not be met to `1e-12` of themselves.
pub(super) const SMALLEST: i128 = 1 << 43;

/// Bits that the sum of all totals takes.
const BITS: i32 = 122;

/// The unit of one problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    exponent: i32,
}

impl Unit {
    /// The unit for amounts that add up to `total`, finite and not negative.
    pub(super) fn for_total(total: f64) -> Self {
        let (_, exponent) = parts(total);
        // total < 2^(exponent + 53)
        Self {
            exponent: exponent + 53 - BITS,
        }
    }

    /// A finite amount that is not negative, to the nearest unit.
    pub(super) fn whole(self, amount: f64) -> i128 {
        let (mantissa, exponent) = parts(amount);
        let shift = exponent - self.exponent;
        match shift {
            0.. => i128::from(mantissa) << shift.min(BITS - 53 + 1),
            -60..0 => (i128::from(mantissa) + (1 << (-shift - 1))) >> -shift,
            _ => 0,
        }
    }

    /// The nearest double.
    pub(super) fn amount(self, units: i128) -> f64 {
        // In two steps, because a power of two alone may leave the range of doubles.
        let half = self.exponent / 2;
        units as f64 * power_of_two(half) * power_of_two(self.exponent - half)
    }
}

/// `value = mantissa 2^exponent`, the mantissa below `2^53`; a normal number has its top bit set.
fn parts(value: f64) -> (i64, i32) {
    let bits = value.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i32;
    let fraction = (bits & ((1 << 52) - 1)) as i64;
    if exponent == 0 {
        (fraction, -1074)
    } else {
        (fraction | (1 << 52), exponent - 1075)
    }
}

/// `2^n` for `n` within the normal range.
fn power_of_two(n: i32) -> f64 {
    f64::from_bits(((n + 1023) as u64) << 52)
}

/// Adds `change` to the amounts in proportion to weights. Amounts of 0 stay, none falls below 0.
pub(super) fn spread(amounts: &mut [i128], weights: &[i128], change: i128) {
    let mut left = change;
    while left != 0 {
        let open = amounts.iter().zip(weights).filter(|&(&amount, _)| amount > 0);
        let total: i128 = open.map(|(_, &weight)| weight).sum();
        if total == 0 {
            return;
        }
        let share = left as f64 / total as f64;
        let before = left;
        for (amount, &weight) in amounts.iter_mut().zip(weights).filter(|pair| *pair.0 > 0) {
            let part = (weight as f64 * share) as i128;
            let part = part.clamp(left.min(0), left.max(0)).max(-*amount);
            *amount += part;
            left -= part;
        }
        if left == before {
            // Less than a unit each: one unit for one after the other.
            for amount in amounts.iter_mut().filter(|amount| **amount > 0) {
                *amount += left.signum();
                left -= left.signum();
                if left == 0 {
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_near_the_total_convert_exactly() {
        for total in [1.0, 3.7e9, 1e-300, 4e-320, 1.7e308, 0.1] {
            let unit = Unit::for_total(total);
            for amount in [total, total / 3.0, total * 1e-9, 0.0] {
                let units = unit.whole(amount);
                assert!(units < 1 << 122, "{total} {amount}");
                assert_eq!(unit.amount(units), amount, "{total} {amount}");
            }
        }
    }

    #[test]
    fn a_change_is_spread_without_remainder() {
        let mut amounts = [1_i128 << 100, 0, 1 << 50, 3 << 98];
        let total: i128 = amounts.iter().sum();
        for change in [1, -1, 12_345, -(1 << 70), 1 << 60] {
            let before = amounts.iter().sum::<i128>();
            let weights = amounts;
            spread(&mut amounts, &weights, change);
            assert_eq!(amounts.iter().sum::<i128>(), before + change);
            assert_eq!(amounts[1], 0);
        }
        assert!(amounts[2] > (1 << 50) - (1 << 25) && total > 0);
        let mut amounts = [5, 1 << 60, 0];
        spread(&mut amounts, &[1 << 90, 1 << 61, 1 << 100], -100);
        assert_eq!(amounts, [0, (1 << 60) - 95, 0]);
    }
}
