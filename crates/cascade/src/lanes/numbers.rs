//! The numbers that sheets are filled with: doubles on the way to a candidate, balls where rounding counts, jets for slopes.

use delever_core::{Ball, BallJet, InLanes, LANES, Pack, Plain};

/// A kind of number that models compute with in lanes.
pub(super) trait Number: InLanes<Given = [f64; LANES]> {
    /// Given sums with their rounding.
    fn known(value: [f64; LANES], radius: [f64; LANES]) -> Self;
}

/// A kind of number that a pass computes the image in.
pub(super) trait ImageNumber: Number {
    /// Sums of as many products of numbers `>= 0`.
    fn sum<P: Pack<Array = [f64; LANES]>>(sum: P, terms: [f64; LANES]) -> Self::In<P>;
    /// The numbers as computed.
    fn center(self) -> Plain;
    /// The numbers in registers like these, at the end that the side says, where they have one.
    fn end<P: Pack<Array = [f64; LANES]>>(self, side: P) -> P;
    /// How far exact numbers can be from these, in registers like those; infinite where that is not known.
    fn reach<P: Pack<Array = [f64; LANES]>>(self, like: P) -> P;
}

impl Number for Plain {
    #[inline(always)]
    fn known(value: [f64; LANES], _: [f64; LANES]) -> Self {
        Pack::of(value)
    }
}

impl ImageNumber for Plain {
    #[inline(always)]
    fn sum<P: Pack<Array = [f64; LANES]>>(sum: P, _: [f64; LANES]) -> P {
        sum
    }
    #[inline(always)]
    fn center(self) -> Plain {
        self
    }
    #[inline(always)]
    fn end<P: Pack<Array = [f64; LANES]>>(self, side: P) -> P {
        side.load(self.lanes())
    }
    #[inline(always)]
    fn reach<P: Pack<Array = [f64; LANES]>>(self, like: P) -> P {
        like.splat(f64::INFINITY)
    }
}

impl Number for Ball<Plain> {
    #[inline(always)]
    fn known(value: [f64; LANES], radius: [f64; LANES]) -> Self {
        Self {
            center: Pack::of(value),
            radius: Pack::of(radius),
        }
    }
}

impl ImageNumber for Ball<Plain> {
    #[inline(always)]
    fn sum<P: Pack<Array = [f64; LANES]>>(sum: P, terms: [f64; LANES]) -> Ball<P> {
        Ball::sum_of_products(sum, terms)
    }
    #[inline(always)]
    fn center(self) -> Plain {
        self.center
    }
    #[inline(always)]
    fn end<P: Pack<Array = [f64; LANES]>>(self, side: P) -> P {
        Self::load(self, side).end(side)
    }
    #[inline(always)]
    fn reach<P: Pack<Array = [f64; LANES]>>(self, like: P) -> P {
        Self::load(self, like).reach()
    }
}

impl Number for BallJet<Plain> {
    #[inline(always)]
    fn known(value: [f64; LANES], radius: [f64; LANES]) -> Self {
        Self::constant(Ball::known(value, radius))
    }
}
