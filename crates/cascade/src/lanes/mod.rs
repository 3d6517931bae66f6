//! The quick engine: scenarios side by side, each certified on its own.
//!
//! It takes cascades whose models have a form over lanes ([`delever_core::RuleInLanes`] and its kin): ordered and bounded,
//! pro-rata sellers paid the terminal price, claims of one number a debtor. Many scenarios go side by side, [`LANES`] at a
//! time; of a single one, as many institutions do. A scenario has the same bits either way. What is not certified here is
//! solved by [`delever_solver::solve`].

mod books;
mod boundary;
mod chunk;
mod numbers;
mod pass;
mod queue;
mod single;
mod slopes;
mod sweep;

use crate::composition::Cascade;
use delever_core::{
    Ball, BallJet, ClaimsInLanes, Execution, ImpactInLanes, LANES, Lane, Pack, Plain, RuleInLanes, Single,
};

pub(crate) use single::solve_quickly;
pub use sweep::Summary;

/// The models of a cascade, in lanes.
pub(crate) struct LaneModels<'c> {
    pub rules: Vec<&'c dyn RuleInLanes>,
    /// `None` where claims are worth their face.
    pub claims: Option<&'c dyn ClaimsInLanes>,
    pub impact: &'c dyn ImpactInLanes,
    /// Whether none of them jumps.
    pub continuous: bool,
    /// Whether those that say that they look at amounts only are seen to.
    pub by_amounts: bool,
}

impl LaneModels<'_> {
    /// Whether the map that they make up has slopes: all look at amounts only, and none jumps.
    pub fn have_slopes(&self) -> bool {
        self.continuous && self.take_institutions()
    }

    /// Whether all of them compute institutions side by side.
    pub fn take_institutions(&self) -> bool {
        self.by_amounts
            && self.rules.iter().all(|rule| rule.takes_institutions())
            && self.claims.is_none_or(ClaimsInLanes::takes_institutions)
    }
}

/// Scenarios a state holds: [`LANES`], or one. Lane `l` of a balance sheet is scenario `l % W` of the sheet's institution `l / W`.
pub(crate) trait Width<const W: usize> {
    /// A state's lanes in memory.
    type Memory: Pack<Array = [f64; W]>;
    /// What the lanes of a sheet are.
    const LANE: Lane;
    /// Institutions on a sheet.
    const INSTITUTIONS: usize = LANES / W;
    /// One institution's sums in all scenarios, beside sheets in registers `P`.
    type Sums<P: Pack<Array = [f64; LANES]>>: Pack<Array = [f64; W]>;

    /// Registers for sums.
    fn sums<P: Pack<Array = [f64; LANES]>>(like: P) -> Self::Sums<P>;
    /// The prices that sheets show.
    fn shown(prices: &[[f64; W]]) -> &[[f64; LANES]];
    /// Turns what is sold of each asset from `first` on into the multiplier of its price.
    fn survive(impact: &dyn ImpactInLanes, first: usize, sold: &mut [Ball<Self::Memory>]);
    /// The same of all assets, in jets; `false`: there are none.
    fn survive_in_jets(impact: &dyn ImpactInLanes, sold: &mut [BallJet<Self::Memory>]) -> bool;
}

/// The widths that there are.
pub(crate) struct Widths;

impl Width<LANES> for Widths {
    type Memory = Plain;
    const LANE: Lane = Lane::Scenario;
    type Sums<P: Pack<Array = [f64; LANES]>> = P;

    #[inline(always)]
    fn sums<P: Pack<Array = [f64; LANES]>>(like: P) -> P {
        like
    }
    #[inline(always)]
    fn shown(prices: &[[f64; LANES]]) -> &[[f64; LANES]] {
        prices
    }
    fn survive(impact: &dyn ImpactInLanes, first: usize, sold: &mut [Ball<Plain>]) {
        impact.survive(first, sold);
    }
    fn survive_in_jets(impact: &dyn ImpactInLanes, sold: &mut [BallJet<Plain>]) -> bool {
        impact.survive_in_jets(0, sold)
    }
}

impl Width<1> for Widths {
    type Memory = Single;
    const LANE: Lane = Lane::Institution;
    type Sums<P: Pack<Array = [f64; LANES]>> = Single;

    #[inline(always)]
    fn sums<P: Pack<Array = [f64; LANES]>>(_: P) -> Single {
        Single::of([0.0])
    }
    #[inline(always)]
    fn shown(_: &[[f64; 1]]) -> &[[f64; LANES]] {
        &[]
    }
    fn survive(impact: &dyn ImpactInLanes, first: usize, sold: &mut [Ball<Single>]) {
        impact.survive_alone(first, sold);
    }
    fn survive_in_jets(impact: &dyn ImpactInLanes, sold: &mut [BallJet<Single>]) -> bool {
        impact.survive_alone_in_jets(0, sold)
    }
}

impl Cascade<'_> {
    /// The models in lanes, if the quick engine can take this cascade.
    pub(crate) fn in_lanes(&self) -> Option<LaneModels<'_>> {
        let plain = self.forms.lanes
            && self.shape.isotone
            && self.shape.bounded
            && self.execution == Execution::Terminal
            && self.components <= 1
            && self.share_entitlements().is_none()
            && !self.claims.has_contingent()
            && self.strategy.sells_pro_rata();
        if !plain {
            return None;
        }
        let rules = self.blocks.iter().map(|block| block.rule.in_lanes());
        Some(LaneModels {
            rules: rules.collect::<Option<_>>()?,
            claims: match self.components {
                0 => None,
                _ => Some(self.claims.in_lanes()?),
            },
            impact: self.impact.in_lanes()?,
            continuous: self.shape.from_below,
            by_amounts: self.forms.institutions,
        })
    }
}
