//! The quick engine: scenarios side by side, each certified on its own.
//!
//! It takes cascades whose models have a form over lanes ([`delever_core::RuleInLanes`] and its kin): ordered and bounded,
//! pro-rata sellers paid the terminal price, claims of one number a debtor. A single solve goes the same way with one
//! lane, so a scenario has the same bits alone and among others. What is not certified here is solved by
//! [`delever_solver::solve`].

mod books;
mod pass;
mod queue;
mod single;
mod sweep;

use crate::composition::Cascade;
use delever_core::{Claims, ClaimsInLanes, Execution, ImpactInLanes, ImpactModel, LANES, Rule, RuleInLanes};

pub(crate) use single::solve_quickly;
pub use sweep::Summary;

/// The models of a cascade, over `W` scenarios.
pub(crate) struct LaneModels<'c, const W: usize> {
    pub rules: Vec<&'c dyn RuleInLanes<W>>,
    /// `None` where claims are worth their face.
    pub claims: Option<&'c dyn ClaimsInLanes<W>>,
    pub impact: &'c dyn ImpactInLanes<W>,
}

/// Looks a model up in its form over `W` scenarios.
pub(crate) trait Width<const W: usize> {
    fn rule(rule: &dyn Rule) -> Option<&dyn RuleInLanes<W>>;
    fn claims(claims: &dyn Claims) -> Option<&dyn ClaimsInLanes<W>>;
    fn impact(impact: &dyn ImpactModel) -> Option<&dyn ImpactInLanes<W>>;
}

/// The widths that there are.
pub(crate) struct Widths;

macro_rules! width {
    ($lanes:expr, $look_up:ident) => {
        impl Width<$lanes> for Widths {
            fn rule(rule: &dyn Rule) -> Option<&dyn RuleInLanes<$lanes>> {
                rule.$look_up()
            }
            fn claims(claims: &dyn Claims) -> Option<&dyn ClaimsInLanes<$lanes>> {
                claims.$look_up()
            }
            fn impact(impact: &dyn ImpactModel) -> Option<&dyn ImpactInLanes<$lanes>> {
                impact.$look_up()
            }
        }
    };
}
width!(1, in_one_lane);
width!({ LANES }, in_lanes);

impl Cascade<'_> {
    /// The models over `W` scenarios, if the quick engine can take this cascade.
    pub(crate) fn in_lanes<const W: usize>(&self) -> Option<LaneModels<'_, W>>
    where
        Widths: Width<W>,
    {
        let plain = self.shape.isotone
            && self.shape.bounded
            && self.execution == Execution::Terminal
            && self.components <= 1
            && self.share_entitlements().is_none()
            && !self.claims.has_contingent()
            && self.strategy.sells_pro_rata();
        if !plain {
            return None;
        }
        let rules = self.blocks.iter().map(|block| Widths::rule(&*block.rule));
        Some(LaneModels {
            rules: rules.collect::<Option<_>>()?,
            claims: match self.components {
                0 => None,
                _ => Some(Widths::claims(&*self.claims)?),
            },
            impact: Widths::impact(&*self.impact)?,
        })
    }
}
