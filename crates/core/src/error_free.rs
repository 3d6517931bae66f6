//! Error-free transformations and directed rounding without changing the processor's rounding mode.
//!
//! Every function here uses only correctly rounded `+ - * /` and `sqrt`, so its bits are the same on every
//! platform. A result that is exact is returned as it is; an inexact one moves outward by one unit in the last
//! place at most. Sources: Knuth (1969) for the sum, Dekker (1971) for the product, Ogita, Rump and Oishi
//! (2005) for the compensated dot product.

/// Below this magnitude the error of a product may itself be rounded.
const EXACT_PRODUCT_FLOOR: f64 = 1e-280;
/// Above this magnitude splitting may overflow.
const EXACT_PRODUCT_CEILING: f64 = 1e290;

/// `(s, e)` with `s = fl(a + b)` and `a + b = s + e` exactly.
#[inline]
pub fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let s = a + b;
    let t = s - a;
    (s, (a - (s - t)) + (b - t))
}

#[inline]
fn split(a: f64) -> (f64, f64) {
    let c = 134_217_729.0 * a; // 2^27 + 1
    let high = c - (c - a);
    (high, a - high)
}

/// `(p, e)` with `p = fl(a * b)` and `a * b = p + e` exactly, while `|p|` lies in `[1e-280, 1e290]` or is an
/// exact zero.
#[inline]
pub fn two_product(a: f64, b: f64) -> (f64, f64) {
    let p = a * b;
    let (ah, al) = split(a);
    let (bh, bl) = split(b);
    (p, al * bl - (((p - ah * bh) - al * bh) - ah * bl))
}

/// The sign of `a * b - p`, with `p = fl(a * b)`; `None` where it cannot be known.
#[inline]
fn product_error(a: f64, b: f64) -> (f64, Option<f64>) {
    let p = a * b;
    if a == 0.0 || b == 0.0 {
        return (p, Some(0.0));
    }
    if p.abs() < EXACT_PRODUCT_FLOOR
        || p.abs() > EXACT_PRODUCT_CEILING
        || a.abs() > EXACT_PRODUCT_CEILING
        || b.abs() > EXACT_PRODUCT_CEILING
    {
        return (p, None);
    }
    (p, Some(two_product(a, b).1))
}

/// The next number toward `-inf`, almost without branches; infinities stay.
#[inline]
pub(crate) fn below(x: f64) -> f64 {
    if x == 0.0 || x == f64::NEG_INFINITY {
        return x.next_down();
    }
    let step = if x > 0.0 { -1 } else { 1 };
    f64::from_bits(x.to_bits().wrapping_add_signed(step))
}

/// A lower bound of `a + b`, exact where the sum is representable.
#[inline]
pub fn add_down(a: f64, b: f64) -> f64 {
    let (s, e) = two_sum(a, b);
    // An inexact sum is neither zero nor infinite, so its neighbour is one away in its bits.
    let step = if s > 0.0 { -1 } else { 1 };
    f64::from_bits(s.to_bits().wrapping_add_signed(if e < 0.0 { step } else { 0 }))
}

/// An upper bound of `a + b`, exact where the sum is representable.
#[inline]
pub fn add_up(a: f64, b: f64) -> f64 {
    let (s, e) = two_sum(a, b);
    let step = if s > 0.0 { 1 } else { -1 };
    f64::from_bits(s.to_bits().wrapping_add_signed(if e > 0.0 { step } else { 0 }))
}

/// A lower bound of `a * b`, exact where the product is representable.
#[inline]
pub fn mul_down(a: f64, b: f64) -> f64 {
    match product_error(a, b) {
        (value, Some(error)) if !(error < 0.0) => value,
        (value, _) => below(value),
    }
}

/// An upper bound of `a * b`, exact where the product is representable.
#[inline]
pub fn mul_up(a: f64, b: f64) -> f64 {
    -mul_down(-a, b)
}

/// Bounds of `sqrt(a)` for `a >= 0`, exact where the root is representable.
#[inline]
pub fn sqrt_bounds(a: f64) -> (f64, f64) {
    let root = a.sqrt();
    if root == 0.0 || root.is_infinite() {
        return (root, root);
    }
    match product_error(root, root) {
        (p, Some(e)) => {
            let remainder = (a - p) - e;
            if remainder == 0.0 {
                (root, root)
            } else if remainder > 0.0 {
                (root, root.next_up())
            } else {
                (root.next_down(), root)
            }
        }
        (_, None) => (root.next_down(), root.next_up()),
    }
}

/// A running sum that keeps its own rounding error and so yields bounds a unit or two apart, whatever its length.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CompensatedSum {
    sum: f64,
    error: f64,
    /// Sum of the magnitudes of all errors: zero exactly when the sum is exact so far.
    magnitude: f64,
}

impl CompensatedSum {
    /// Adds one number.
    #[inline]
    pub fn add(&mut self, value: f64) {
        let (sum, error) = two_sum(self.sum, value);
        self.sum = sum;
        self.error += error;
        self.magnitude += error.abs();
    }

    /// Adds the product of two numbers, each of magnitude at most `1e140`.
    #[inline]
    pub fn add_product(&mut self, a: f64, b: f64) {
        let (product, lost) = two_product(a, b);
        let (sum, error) = two_sum(self.sum, product);
        self.sum = sum;
        self.error += lost + error;
        self.magnitude += lost.abs() + error.abs();
        if product.abs() < EXACT_PRODUCT_FLOOR && a != 0.0 && b != 0.0 {
            self.magnitude += EXACT_PRODUCT_FLOOR;
        }
    }

    /// Adds another running sum.
    #[inline]
    pub fn merge(&mut self, other: Self) {
        let (sum, error) = two_sum(self.sum, other.sum);
        self.sum = sum;
        self.error += other.error + error;
        self.magnitude += other.magnitude + error.abs();
    }

    /// Lower and upper bound of the exact sum; equal when no term was rounded.
    ///
    /// The errors are summed in at most `2^27` steps, each of relative error `2^-53`, so their own sum is wrong
    /// by less than `2^-24` of their total magnitude.
    #[inline]
    pub fn bounds(&self) -> (f64, f64) {
        if self.magnitude == 0.0 {
            return (self.sum, self.sum);
        }
        let slack = self.magnitude * 1e-7;
        (
            add_down(self.sum, (self.error - slack).next_down()),
            add_up(self.sum, (self.error + slack).next_up()),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_operations_do_not_move() {
        assert_eq!((add_down(0.5, 0.25), add_up(0.5, 0.25)), (0.75, 0.75));
        assert_eq!((mul_down(3.0, 0.0), mul_up(3.0, 0.0)), (0.0, 0.0));
        assert_eq!(sqrt_bounds(2.25), (1.5, 1.5));
    }

    #[test]
    fn inexact_operations_move_to_one_side_only() {
        assert_eq!(add_down(1.0, 1e-30), 1.0);
        assert_eq!(add_up(1.0, 1e-30), 1.0_f64.next_up());
        assert_eq!(
            mul_down(1.0 + f64::EPSILON, 1.0 + f64::EPSILON).next_up(),
            mul_up(1.0 + f64::EPSILON, 1.0 + f64::EPSILON)
        );
    }

    #[test]
    fn the_next_number_below_crosses_zero() {
        for x in [1.0, -1.0, 0.0, -0.0, f64::MIN_POSITIVE, 5e-324, -5e-324, 1e300] {
            assert_eq!(below(x), x.next_down(), "{x:e}");
        }
        assert!(mul_down(1e-200, 1e-200) <= 0.0 && mul_up(1e-200, 1e-200) > 0.0);
    }

    #[test]
    fn compensated_sum_brackets_a_cancelling_sum() {
        let mut sum = CompensatedSum::default();
        for value in [1e16, 1.0, -1e16, 0.1] {
            sum.add(value);
        }
        let (low, high) = sum.bounds();
        assert!(low <= 1.1 && 1.1 <= high && high - low < 1e-6, "{low} {high}");
    }
}
