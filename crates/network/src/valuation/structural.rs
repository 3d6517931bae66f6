//! Structural valuations: a debtor's external assets move as a geometric Brownian motion until its debts fall due.
//!
//! With `a` external assets and `D` all debts at face, what external assets have to cover is `B = D - received`, less what
//! they fall below zero. In `s = volatility sqrt(maturity)`, the distance to default is `-d` with `d = ln(B / a) / s`.

use crate::clearing::Named;
use delever_core::{
    BalanceSheet, ClaimKernel, Continuity, Dual, Execution, Interval, Order, Profile, Real, SpecError,
    elementary, normal,
};

/// Parameters of the structural valuations.
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct StructuralRow {
    /// `asset_volatility`: standard deviation of the logarithm of external assets in a year.
    pub asset_volatility: f64,
    /// `maturity`: years until debts fall due. Default: 1.
    #[serde(default = "one_year")]
    pub maturity: f64,
    /// `recovery`: what creditors recover of a claim in default, from 0 to 1; under Merton, of what assets then cover.
    pub recovery: f64,
}

fn one_year() -> f64 {
    1.0
}

impl StructuralRow {
    /// `s`: standard deviation of the logarithm of external assets until maturity.
    fn deviation(&self) -> f64 {
        self.asset_volatility * self.maturity.sqrt()
    }

    fn check(&self) -> Result<(), SpecError> {
        for (name, value) in [
            ("asset_volatility", self.asset_volatility),
            ("maturity", self.maturity),
        ] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(SpecError::out_of_range(name, value, "above 0"));
            }
        }
        if !(0.0..=1.0).contains(&self.recovery) {
            let allowed = "from 0 to 1 (the share that is recovered)";
            return Err(SpecError::out_of_range("recovery", self.recovery, allowed));
        }
        if !normal::STANDARD_DEVIATIONS.contains(&self.deviation()) {
            let allowed = "such that asset_volatility times the root of maturity lies within 0.001 and 4";
            return Err(SpecError::out_of_range(
                "asset_volatility",
                self.asset_volatility,
                allowed,
            ));
        }
        Ok(())
    }
}

/// What the valuations need of arithmetic beside [`Real`].
trait Structural: Real {
    fn ln(self) -> Self;
    fn distribution(self) -> Self;
    fn first_passage(self, deviation: f64) -> Self;
    fn shortfall(self, deviation: f64) -> Self;
    /// `self / part` for numbers `>= 0`: infinite where the part is nothing, nothing where the whole is.
    fn over(self, part: Self) -> Self;
}

impl Structural for f64 {
    fn ln(self) -> Self {
        elementary::ln(self)
    }
    fn distribution(self) -> Self {
        normal::distribution(self)
    }
    fn first_passage(self, deviation: f64) -> Self {
        normal::first_passage(self, deviation)
    }
    fn shortfall(self, deviation: f64) -> Self {
        normal::shortfall(self, deviation)
    }
    fn over(self, part: Self) -> Self {
        if self <= 0.0 {
            0.0
        } else if part > 0.0 {
            self / part
        } else {
            f64::INFINITY
        }
    }
}

/// The density of the standard normal distribution.
fn density(x: f64) -> f64 {
    Real::exp(-0.5 * x * x) / (2.0 * std::f64::consts::PI).sqrt()
}

/// `exp(-s d) N(d - s/2)`.
fn discounted(d: f64, s: f64) -> f64 {
    let tail = normal::distribution(d - s / 2.0);
    if tail == 0.0 {
        0.0
    } else {
        Real::exp(-s * d) * tail
    }
}

impl Structural for Dual {
    fn ln(self) -> Self {
        self.chain(elementary::ln(self.value), 1.0 / self.value)
    }
    fn distribution(self) -> Self {
        self.chain(normal::distribution(self.value), density(self.value))
    }
    fn first_passage(self, deviation: f64) -> Self {
        let (d, s) = (self.value, deviation);
        let value = self.chain(
            normal::first_passage(d, s),
            2.0 * density(d + s / 2.0) - s * discounted(d, s),
        );
        // At d = 0 the assets are gone: default is certain from there on.
        let sure = || Dual::from(1.0);
        Dual::from(0.0).if_below(self, sure, || value)
    }
    fn shortfall(self, deviation: f64) -> Self {
        let value = normal::shortfall(self.value, deviation);
        self.chain(value, deviation * discounted(self.value, deviation))
    }
    fn over(self, part: Self) -> Self {
        if self.value <= 0.0 {
            Self::from(0.0)
        } else if part.value > 0.0 {
            self / part
        } else {
            Self::from(f64::INFINITY)
        }
    }
}

impl Structural for Interval {
    fn ln(self) -> Self {
        Self::new(
            elementary::ln_bounds(self.low).0,
            elementary::ln_bounds(self.high).1,
        )
    }
    fn distribution(self) -> Self {
        Self::new(
            normal::distribution_bounds(self.low).0,
            normal::distribution_bounds(self.high).1,
        )
    }
    fn first_passage(self, deviation: f64) -> Self {
        let bounds = |d| normal::first_passage_bounds(d, deviation);
        Self::new(bounds(self.low).0, bounds(self.high).1)
    }
    fn shortfall(self, deviation: f64) -> Self {
        let bounds = |d| normal::shortfall_bounds(d, deviation);
        Self::new(bounds(self.low).0, bounds(self.high).1)
    }
    fn over(self, part: Self) -> Self {
        // A quotient that rounds to infinity still has finite numbers below it.
        let low = self.low.over(part.high).next_down().max(0.0);
        Self::new(low, self.high.over(part.low).next_up())
    }
}

/// What external assets have to cover, `B`.
fn to_cover<N: Structural>(sheet: &BalanceSheet<'_, N>) -> N {
    sheet.liabilities - sheet.received - sheet.outside_assets().at_most(0.0)
}

/// `d`, where something has to be covered.
fn default_point<N: Structural>(sheet: &BalanceSheet<'_, N>, needed: N, row: &StructuralRow) -> N {
    needed.over(sheet.outside_assets().at_least(0.0)).ln() / N::from(row.deviation())
}

/// `1 - (1 - recovery) probability`.
#[inline(always)]
fn expected<N: Real>(probability: N, row: &StructuralRow) -> N {
    N::from(1.0) - (N::from(1.0) - N::from(row.recovery)) * probability
}

/// Of a debtor whose assets do not cover its debts, what its creditors do not value.
fn lost_in_default(sheet: &BalanceSheet<'_>, ratio: f64) -> f64 {
    if sheet.assets() < sheet.liabilities {
        (sheet.assets() - ratio * sheet.liabilities).at_least(0.0)
    } else {
        0.0
    }
}

/// Claims on a debtor that defaults when its external assets first touch what they have to cover:
/// `V = 1 - (1 - recovery) PD` with `PD = N(d + s/2) + exp(-s d) N(d - s/2)`, and `PD = 1` once equity is gone.
///
/// Sources: Black and Cox (1976), The Journal of Finance 31(2); in networks Bardoscia, Barucca, Brinley Codd and Hill (2019),
/// Forward-looking solvency contagion, Journal of Economic Dynamics and Control 108.
///
/// ```
/// use delever_core::{BalanceSheet, ClaimKernel};
/// use delever_network::valuation::{BlackCox, StructuralRow};
/// let mut sheet = BalanceSheet::empty();
/// (sheet.cash, sheet.debts_face, sheet.liabilities) = (10.0, 9.0, 9.0);
/// let row = StructuralRow { asset_volatility: 0.1, maturity: 1.0, recovery: 0.5 };
/// let value = BlackCox.payment_ratio(&sheet, &row);
/// assert!((value - 0.846_173_187_600_668_2).abs() < 1e-15);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct BlackCox;

/// Claims on a debtor that defaults at maturity: creditors then have what its assets cover, times `recovery`.
///
/// `V = max(0, 1 - (1 - recovery) N(d + s/2) - recovery (B / D) P)`, with `P = N(d + s/2) - exp(-s d) N(d - s/2)` the put on
/// external assets at `B`, as a share of `B`. At a recovery of 1 the loss is the put alone.
///
/// Sources: Merton (1974), The Journal of Finance 29(2); as a valuation Barucca et al. (2020).
///
/// ```
/// use delever_core::{BalanceSheet, ClaimKernel};
/// use delever_network::valuation::{Merton, StructuralRow};
/// let mut sheet = BalanceSheet::empty();
/// (sheet.cash, sheet.debts_face, sheet.liabilities) = (10.0, 9.0, 9.0);
/// let row = StructuralRow { asset_volatility: 0.1, maturity: 1.0, recovery: 1.0 };
/// let value = Merton.payment_ratio(&sheet, &row);
/// assert!((value - 0.992_084_656_710_292_6).abs() < 1e-15);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Merton;

/// Claims on a debtor that defaults at maturity, at a given recovery of face: `V = 1 - (1 - recovery) N(d + s/2)`.
///
/// Sources: Furfine (2003) for the recovery, Merton (1974) for the default; as a valuation Barucca et al. (2020).
///
/// ```
/// use delever_core::{BalanceSheet, ClaimKernel};
/// use delever_network::valuation::{FurfineMerton, StructuralRow};
/// let mut sheet = BalanceSheet::empty();
/// (sheet.cash, sheet.debts_face, sheet.liabilities) = (10.0, 9.0, 9.0);
/// let row = StructuralRow { asset_volatility: 0.1, maturity: 1.0, recovery: 0.5 };
/// let value = FurfineMerton.payment_ratio(&sheet, &row);
/// assert!((value - 0.921_107_757_977_907_2).abs() < 1e-15);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct FurfineMerton;

/// A valuation as one formula over doubles, intervals and dual numbers.
trait Formula {
    /// Whether claims rise with external assets and payments under every way that sellers are paid.
    const ORDERED_IN_TOTAL_ASSETS: bool;

    /// `V` at needed assets `B` and default point `d`.
    fn value<N: Structural>(needed: N, distance: N, debts: N, row: &StructuralRow) -> N;
}

impl Formula for BlackCox {
    const ORDERED_IN_TOTAL_ASSETS: bool = true;

    fn value<N: Structural>(_: N, distance: N, _: N, row: &StructuralRow) -> N {
        expected(distance.first_passage(row.deviation()), row)
    }
}

impl Formula for FurfineMerton {
    const ORDERED_IN_TOTAL_ASSETS: bool = false;

    fn value<N: Structural>(_: N, distance: N, _: N, row: &StructuralRow) -> N {
        expected((distance + N::from(row.deviation() / 2.0)).distribution(), row)
    }
}

impl Formula for Merton {
    const ORDERED_IN_TOTAL_ASSETS: bool = false;

    fn value<N: Structural>(needed: N, distance: N, debts: N, row: &StructuralRow) -> N {
        let put = needed.over(debts) * distance.shortfall(row.deviation());
        let value = FurfineMerton::value(needed, distance, debts, row) - N::from(row.recovery) * put;
        value.at_least(0.0).at_most(1.0)
    }
}

fn value<F: Formula, N: Structural>(sheet: &BalanceSheet<'_, N>, row: &StructuralRow) -> N {
    let needed = to_cover(sheet).at_least(0.0);
    let covered = || N::from(1.0);
    let at_risk = || {
        let distance = default_point(sheet, needed, row);
        F::value(needed, distance, sheet.liabilities, row)
    };
    sheet
        .liabilities
        .if_zero(covered, || needed.if_zero(covered, at_risk))
}

macro_rules! claim_kernel {
    ($kernel:ident, $kind:literal) => {
        impl ClaimKernel for $kernel {
            type Row = StructuralRow;

            fn payment_ratio(&self, sheet: &BalanceSheet<'_>, row: &StructuralRow) -> f64 {
                value::<Self, _>(sheet, row)
            }

            fn payment_ratio_bounds(
                &self,
                sheet: &BalanceSheet<'_, Interval>,
                row: &StructuralRow,
            ) -> Option<Interval> {
                Some(value::<Self, _>(sheet, row))
            }

            fn payment_ratio_in_duals(
                &self,
                sheet: &BalanceSheet<'_, Dual>,
                row: &StructuralRow,
            ) -> Option<Dual> {
                Some(value::<Self, _>(sheet, row))
            }

            fn value_destroyed(&self, sheet: &BalanceSheet<'_>, row: &StructuralRow) -> f64 {
                lost_in_default(sheet, self.payment_ratio(sheet, row))
            }

            fn external_payment_ratio_bounds(
                &self,
                sheet: &BalanceSheet<'_, Interval>,
                row: &StructuralRow,
            ) -> Option<Interval> {
                self.payment_ratio_bounds(sheet, row)
            }

            fn encloses(&self) -> bool {
                true
            }

            fn profile(&self, row: &StructuralRow, execution: Execution) -> Profile {
                Profile {
                    order: if Self::ORDERED_IN_TOTAL_ASSETS || execution == Execution::Terminal {
                        Order::Isotone
                    } else {
                        Order::Unordered
                    },
                    // Without external assets nothing moves, and claims jump where debts begin to be covered.
                    continuity: if row.recovery < 1.0 {
                        Continuity::FromAbove
                    } else {
                        Continuity::Both
                    },
                    bounded: true,
                }
            }

            fn check(&self, row: &StructuralRow) -> Result<(), SpecError> {
                row.check()
            }
        }

        impl Named for $kernel {
            const KIND: &'static str = $kind;
            const PAYS: bool = false;
        }
    };
}

claim_kernel!(BlackCox, "black-cox");
claim_kernel!(Merton, "merton");
claim_kernel!(FurfineMerton, "furfine-merton");
