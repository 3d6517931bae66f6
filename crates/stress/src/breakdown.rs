//! Market-wide breakdown: how large a shock must be for full liquidation to be all that is left.
//!
//! Along a ray of shocks that grow with a scale `t` from 0 to 1, the greatest equilibrium falls: what it sells at `t`, it sells
//! at any larger scale too. So the scales at which it liquidates every holding reach from some `t*` to 1, and where the
//! greatest equilibrium is full liquidation, every equilibrium is. Bisection finds `t*`; each answer it builds on is taken
//! from the verified bracket of the equilibrium, not from the point alone:
//!
//! * all is sold where even the bound from above, the highest prices and payments that may be true, makes everybody sell
//!   all;
//! * something is left where the bound from below leaves something;
//! * anything else is no claim: solves that end too early to tell, and every cascade whose order is not certified.
//!
//! Rules are evaluated at the bounds in ordinary rounding, so `t*` is meant up to the last place of a rule's formula.

use crate::error::StressError;
use delever_cascade::{Cascade, CascadeError, CascadeMap, Outcome, Select, Settings, Shock, Status};
use delever_solver::{End, solve};

/// What is asked of a search for breakdown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BreakdownSettings {
    /// Largest distance, in scale, between the two sides; above 0, at most 1. Beside a jump a cascade takes about
    /// `distance^(-1/2)` iterations to show on which side it is: a small tolerance needs many in `solve`.
    pub tolerance: f64,
    /// Largest number of cascades that are solved on the way.
    pub max_solves: u32,
    /// What is asked of each.
    pub solve: Settings,
}

impl Default for BreakdownSettings {
    /// A distance of `1e-6`, 128 solves, the default settings of a solve.
    fn default() -> Self {
        Self {
            tolerance: 1e-6,
            max_solves: 128,
            solve: Settings::default(),
        }
    }
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The two sides are as close as asked, and `t*` lies between them.
    Located,
    /// Everything is liquidated at scale 0 already.
    AtOnce,
    /// Something is left at scale 1.
    Never,
    /// Some scales could not be decided, or solves ran out: the sides that there are hold, and no more is claimed.
    Undecided,
}

/// One side of the breakdown.
#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    /// The scale of the shock.
    pub scale: f64,
    /// The greatest equilibrium there.
    pub outcome: Outcome,
}

/// Scales at which nothing could be proved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Doubt {
    /// The smallest of them.
    pub from: f64,
    /// The largest of them.
    pub to: f64,
    /// How the solve at the first that was met ended; [`Status::Certified`] if its bracket, narrow as it is, holds both
    /// answers, [`Status::Unordered`] if the composition allows no claim at all.
    pub status: Status,
}

/// Where the market breaks down, or that it does not.
#[derive(Clone, Debug, PartialEq)]
pub struct Breakdown {
    /// What was found.
    pub verdict: Verdict,
    /// The largest tested scale at which something provably stays unsold: `t*` is above.
    pub below: Option<Side>,
    /// The smallest tested scale at which provably everything is sold: `t*` is here or below.
    pub above: Option<Side>,
    /// Scales between the two at which nothing could be proved.
    pub doubt: Option<Doubt>,
    /// Cascades solved on the way.
    pub solves: u32,
}

/// The breakdown along the ray `t shock`, every component of the shock scaled alike.
///
/// Only for shocks that raise nothing: scaling a gain is no harsher shock. Errors as for [`breakdown_along`].
///
/// One bank at a leverage of ten, capped at 12.5; selling all it holds moves the price by 8 %:
///
/// ```
/// use delever_cascade::{Cascade, Models, RuleBlock, Shock};
/// use delever_core::{Execution, PerAsset, PerInstitution};
/// use delever_impact::{DepthRow, Linear};
/// use delever_network::{ContagionGraph, clearing::FaceValue};
/// use delever_portfolio::rules::{LeverageCap, LeverageCapRow};
/// use delever_portfolio::{Institution, SystemBuilder, strategies::ProRata};
/// use delever_stress::breakdown::{Verdict, breakdown};
/// let mut builder = SystemBuilder::new();
/// builder.asset("bonds", 1.0);
/// builder.institution("bank", Institution { external_liabilities: 90.0, ..Institution::default() });
/// builder.holding("bank", "bonds", 100.0);
/// let (system, graph) = (builder.build().expect("valid"), ContagionGraph::empty(1));
/// let rule = PerInstitution::new(LeverageCap, vec![LeverageCapRow::cap(12.5)], vec![]);
/// let cascade = Cascade::new(&system, &graph, Models {
///     impact: Box::new(PerAsset::new(Linear, vec![DepthRow { depth: 1250.0 }])),
///     execution: Execution::Terminal,
///     rules: vec![RuleBlock { name: String::new(), rule: Box::new(rule), members: vec![0] }],
///     strategy: Box::new(ProRata),
///     claims: Box::new(FaceValue::new(1)),
/// }).expect("models fit");
/// let mut shock = Shock::none(&system);
/// shock.prices[0] = -0.1;
/// let found = breakdown(&cascade, &shock, &Default::default())?;
/// let (below, above) = (found.below.expect("half sold"), found.above.expect("all sold"));
/// assert_eq!(found.verdict, Verdict::Located);
/// // The price falls by 2.34375 %; a rounding further and everything goes.
/// assert!(below.scale <= 0.234_375 && above.scale >= 0.234_375);
/// assert!(below.outcome.assets[0].sold_fraction < 0.51 && above.outcome.assets[0].sold_fraction == 1.0);
/// # Ok::<(), Vec<delever_stress::StressError>>(())
/// ```
pub fn breakdown(
    cascade: &Cascade<'_>,
    shock: &Shock,
    settings: &BreakdownSettings,
) -> Result<Breakdown, Vec<StressError>> {
    let scaled = |values: &[f64], scale: f64| values.iter().map(|value| value * scale).collect();
    breakdown_along(
        cascade,
        |scale| Shock {
            prices: scaled(&shock.prices, scale),
            cash: scaled(&shock.cash, scale),
            other_assets: scaled(&shock.other_assets, scale),
            outside_assets: scaled(&shock.outside_assets, scale),
        },
        settings,
    )
}

/// The breakdown along any ray of shocks that grow harsher: `ray(t)` for scales `t` from 0 to 1.
///
/// No component of `ray(t)` may rise with `t`; scales that are met are checked, and the first pair that breaks the rule is
/// an error. Other errors: a tolerance out of range, a shock that does not fit, and a system without holdings. What cannot be
/// decided is no error but [`Verdict::Undecided`]. [`breakdown`] has an example.
pub fn breakdown_along(
    cascade: &Cascade<'_>,
    ray: impl Fn(f64) -> Shock,
    settings: &BreakdownSettings,
) -> Result<Breakdown, Vec<StressError>> {
    search(cascade, ray, settings).map_err(|error| vec![error])
}

fn search(
    cascade: &Cascade<'_>,
    ray: impl Fn(f64) -> Shock,
    settings: &BreakdownSettings,
) -> Result<Breakdown, StressError> {
    if !(settings.tolerance > 0.0 && settings.tolerance <= 1.0) {
        return Err(StressError::Parameter {
            name: "tolerance",
            value: settings.tolerance,
            wanted: "above 0 and at most 1",
        });
    }
    let mut search = Search {
        cascade,
        holders: (0..cascade.system().institution_count())
            .filter(|&i| !cascade.system().holdings().row(i).values.is_empty())
            .count(),
        settings: &settings.solve,
        below: None,
        above: None,
        doubt: None,
        mildest: None,
        harshest: None,
        solves: 0,
    };
    if search.holders == 0 {
        return Err(StressError::NothingHeld);
    }
    search.visit(0.0, &ray)?;
    if search.above.is_none() {
        search.visit(1.0, &ray)?;
    }
    while search.solves < settings.max_solves {
        let Some(scale) = search.next(settings.tolerance) else {
            break;
        };
        search.visit(scale, &ray)?;
    }
    let verdict = if search.above == Some(0.0) {
        Verdict::AtOnce
    } else if search.below == Some(1.0) {
        Verdict::Never
    } else if search.located(settings.tolerance) {
        Verdict::Located
    } else {
        Verdict::Undecided
    };
    let side = |scale: Option<f64>| {
        let solved = scale.map(|scale| {
            let equilibria = cascade.solve(&ray(scale), Select::Greatest, &settings.solve)?;
            Ok::<_, CascadeError>(equilibria.greatest.map(|outcome| Side { scale, outcome }))
        });
        Ok::<_, CascadeError>(solved.transpose()?.flatten())
    };
    Ok(Breakdown {
        verdict,
        below: side(search.below)?,
        above: side(search.above)?,
        doubt: search.doubt,
        solves: search.solves,
    })
}

/// What the equilibrium at one scale is proved to do.
enum Finding {
    SomethingLeft,
    AllSold,
    Nothing(Status),
}

struct Search<'s, 'a> {
    cascade: &'s Cascade<'a>,
    /// Institutions that hold anything.
    holders: usize,
    settings: &'s Settings,
    below: Option<f64>,
    above: Option<f64>,
    doubt: Option<Doubt>,
    /// The shocks next to the gap that is being narrowed.
    mildest: Option<(f64, Shock)>,
    harshest: Option<(f64, Shock)>,
    solves: u32,
}

impl Search<'_, '_> {
    fn located(&self, tolerance: f64) -> bool {
        match (self.below, self.above) {
            (Some(below), Some(above)) => above - below <= tolerance,
            _ => false,
        }
    }

    /// The middle of the widest gap that is to be narrowed.
    fn next(&self, tolerance: f64) -> Option<f64> {
        /// What each gap beside a doubt may take of the tolerance, so that half of it is left to the doubt.
        const QUARTER: f64 = 0.25;
        if self.below == Some(1.0) || self.above == Some(0.0) || self.located(tolerance) {
            return None;
        }
        let (low, high) = (self.below.unwrap_or(0.0), self.above.unwrap_or(1.0));
        let (from, to) = match self.doubt {
            None => (low, high),
            Some(doubt) if doubt.from - low >= high - doubt.to => (low, doubt.from),
            Some(doubt) => (doubt.to, high),
        };
        let middle = from + 0.5 * (to - from);
        (to - from > QUARTER * tolerance && from < middle && middle < to).then_some(middle)
    }

    fn visit(&mut self, scale: f64, ray: &impl Fn(f64) -> Shock) -> Result<(), StressError> {
        let shock = ray(scale);
        shock.check(self.cascade.system()).map_err(CascadeError::from)?;
        if let Some((smaller, milder)) = self.mildest.as_ref().filter(|(at, _)| *at < scale) {
            falls((*smaller, milder), (scale, &shock))?;
        }
        if let Some((larger, harsher)) = self.harshest.as_ref().filter(|(at, _)| *at > scale) {
            falls((scale, &shock), (*larger, harsher))?;
        }
        self.solves += 1;
        match self.find(&shock)? {
            Finding::SomethingLeft => {
                self.below = Some(scale);
                self.mildest = Some((scale, shock));
                // What lies below is settled too.
                self.doubt = self.doubt.filter(|doubt| doubt.from > scale);
            }
            Finding::AllSold => {
                self.above = Some(scale);
                self.harshest = Some((scale, shock));
                self.doubt = self.doubt.filter(|doubt| doubt.to < scale);
            }
            Finding::Nothing(status) => {
                let doubt = self.doubt.get_or_insert(Doubt {
                    from: scale,
                    to: scale,
                    status,
                });
                doubt.from = doubt.from.min(scale);
                doubt.to = doubt.to.max(scale);
                if scale == 0.0 {
                    self.mildest = Some((scale, shock));
                } else if scale == 1.0 {
                    self.harshest = Some((scale, shock));
                }
            }
        }
        Ok(())
    }

    fn find(&self, shock: &Shock) -> Result<Finding, StressError> {
        let map = CascadeMap::new(self.cascade, shock)?;
        let solution = solve(&map, End::Greatest, self.settings, &mut ());
        // A bracket holds however the solve ended; a wide one decides less.
        let Some(bracket) = solution.bracket.as_ref() else {
            return Ok(Finding::Nothing(solution.status));
        };
        Ok(if map.snapshot(&bracket.upper).sold_out == self.holders {
            Finding::AllSold
        } else if map.snapshot(&bracket.lower).sold_out < self.holders {
            Finding::SomethingLeft
        } else {
            Finding::Nothing(solution.status)
        })
    }
}

/// Refuses a shock that is milder anywhere than the one of a smaller scale.
fn falls((smaller, mild): (f64, &Shock), (scale, harsh): (f64, &Shock)) -> Result<(), StressError> {
    let vectors = [
        ("prices", &mild.prices, &harsh.prices),
        ("cash", &mild.cash, &harsh.cash),
        ("other_assets", &mild.other_assets, &harsh.other_assets),
        ("outside_assets", &mild.outside_assets, &harsh.outside_assets),
    ];
    for (name, mild, harsh) in vectors {
        let mut pairs = mild.iter().zip(harsh).enumerate();
        if let Some((position, (&milder, &harsher))) = pairs.find(|(_, (milder, harsher))| harsher > milder) {
            return Err(StressError::NotHarsher {
                name,
                position,
                smaller,
                milder,
                scale,
                harsher,
            });
        }
    }
    Ok(())
}
