//! Formulas with every operation that models use.

use delever_core::Real;
use proptest::prelude::*;

/// A formula with every operation that models use.
#[derive(Clone, Copy, Debug)]
pub enum Formula {
    Money,
    Fraction,
    SignedFraction,
    Threshold,
    Survival,
    Power,
    Floored,
}

pub const FORMULAS: [Formula; 7] = [
    Formula::Money,
    Formula::Fraction,
    Formula::SignedFraction,
    Formula::Threshold,
    Formula::Survival,
    Formula::Power,
    Formula::Floored,
];

impl Formula {
    /// `x, y, z > 0`; sums of the first and the second are of either sign.
    pub fn at<N: Real>(self, x: N, y: N, z: N) -> N {
        let (one, zero) = (N::from(1.0), N::from(0.0));
        match self {
            Self::Money => (y - (z - one) * (x - y)).at_least(0.0),
            Self::Fraction => (x - y * z).fraction_of(z + x),
            Self::SignedFraction => (x - y * z).signed_fraction_of(z),
            Self::Threshold => x.if_below(y, || x / (one + z), || y.fraction_of(x)),
            Self::Survival => (zero - x / (y + z)).exp() * z,
            Self::Power => (one - y * (x / z).pow(0.6)).at_least(0.0),
            Self::Floored => ((x - y).at_least(0.0).at_most(2.0) * z).sqrt() + (x / z).one_minus_tanh(),
        }
    }
}

pub fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        1e-3..1e3,
        (-9.0..9.0).prop_map(|e: f64| 10.0_f64.powf(e)),
        Just(1.0),
        Just(0.25)
    ]
}
