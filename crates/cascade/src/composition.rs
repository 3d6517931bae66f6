//! The composition: a system, a graph and models, compiled for the inner loop.

use crate::declared::{self, Decision, Declaration, Refuted};
use crate::jets::LARGEST_BY_JETS;
use crate::pass::CHUNK;
use delever_core::error_free::add_up;
use delever_core::{
    Claims, Continuity, Execution, FineInterval, ImpactModel, Interval, Order, Profile, Rule, RuleContext,
    SparseRows, Strategy, error_free::CompensatedSum,
};
use delever_network::ContagionGraph;
use delever_portfolio::System;
use delever_solver::MapShape;
use std::borrow::Cow;
use std::ops::Range;

/// A rule and the institutions that follow it, by id, in the order of the rule's rows.
pub struct RuleBlock {
    /// The name by which blocks are ordered; the empty name comes first.
    pub name: String,
    /// The rule.
    pub rule: Box<dyn Rule>,
    /// Institutions by id.
    pub members: Vec<u32>,
}

/// The models of a cascade.
pub struct Models {
    /// How sales push prices.
    pub impact: Box<dyn ImpactModel>,
    /// How sellers are paid.
    pub execution: Execution,
    /// How much is sold: every institution belongs to exactly one block.
    pub rules: Vec<RuleBlock>,
    /// Which assets are sold.
    pub strategy: Box<dyn Strategy>,
    /// What claims between institutions are worth.
    pub claims: Box<dyn Claims>,
}

/// Why models do not fit a system.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CascadeError {
    /// The graph counts other institutions than the system.
    #[error("the contagion graph has {graph} institutions, the system {system}")]
    GraphSize {
        /// Institutions of the graph.
        graph: usize,
        /// Institutions of the system.
        system: usize,
    },
    /// The claims model was built for another number of institutions.
    #[error("the claims model has {claims} institutions, the system {system}")]
    ClaimsSize {
        /// Institutions of the claims model.
        claims: usize,
        /// Institutions of the system.
        system: usize,
    },
    /// An institution belongs to no rule block, to two, or is unknown.
    #[error("institution {institution} belongs to {blocks} rule blocks; each belongs to exactly one")]
    Membership {
        /// The institution.
        institution: u32,
        /// To how many blocks it belongs.
        blocks: usize,
    },
    /// Sellers are to be paid average prices, and the impact model knows none.
    #[error("the impact model states no average price; use terminal execution")]
    NoAveragePrice,
    /// Rounds run on a cascade that was composed with volume-weighted execution.
    #[error("compose the cascade with terminal execution: what rounds pay is a setting of the run")]
    RoundsExecution,
    /// Claims that a process values in waves, where someone would sell meanwhile.
    #[error(
        "the claims model is a process of waves at the prices after the shock, and an institution would sell; use the rule `none`"
    )]
    ProcessSells,
    /// Claims that a process values in waves, in the rounds engine.
    #[error(
        "the claims model is a process of its own waves, which the equilibrium engine runs; rounds cannot"
    )]
    ProcessInRounds,
    /// The terms of the rounds engine count other institutions than the system.
    #[error("there are terms for {given} institutions, the system has {system}")]
    Terms {
        /// Terms given.
        given: usize,
        /// Institutions of the system.
        system: usize,
    },
    /// A term of an institution is outside its range.
    #[error(
        "{name} of institution {institution} is {value}; ratios lie from 0 to below 1, money is 0 or more and finite"
    )]
    Term {
        /// The institution.
        institution: u32,
        /// Which term.
        name: &'static str,
        /// Its value.
        value: f64,
    },
    /// A list of who trades first names an institution twice, or one that is not there.
    #[error("the sequence of orders names institution {institution} twice, or there is no such institution")]
    Sequence {
        /// The institution.
        institution: u32,
    },
    /// The rate at which impact decays is negative or not finite.
    #[error("impact decays at a rate of 0 or more, not {rate}")]
    Persistence {
        /// The rate.
        rate: f64,
    },
    /// Slopes are asked of a cascade that pays sellers average prices.
    #[error("slopes are known under terminal execution only, not where sellers are paid average prices")]
    SlopesExecution,
    /// Slopes are asked of a cascade with credit default swaps.
    #[error("slopes are not known where claims are contingent, as credit default swaps are")]
    SlopesContingent,
    /// A model has no formula that can be differentiated.
    #[error("the {block}{} has no slopes", institution.map_or(String::new(), |n| format!(" of institution {n}")))]
    NoSlopes {
        /// Which kind of model.
        block: &'static str,
        /// The institution that it decides for, where it is one.
        institution: Option<u32>,
    },
    /// What an institution sells or pays changes infinitely fast.
    #[error("what institution {institution} sells or pays has an infinite slope at this state")]
    SteepInstitution {
        /// The institution.
        institution: u32,
    },
    /// The price of an asset falls infinitely fast, and somebody is about to sell.
    #[error("the price of asset {asset} has an infinite slope at this state")]
    SteepAsset {
        /// The asset that is sold.
        asset: u32,
    },
    /// The shock does not fit the system.
    #[error(transparent)]
    Shock(#[from] crate::ShockError),
}

/// Sums of given amounts by institution: as computed, and as bounded for proofs. The bounds hold both the exact sum
/// and the computed one.
#[derive(Clone, Debug)]
pub(crate) struct Amounts {
    pub value: Vec<f64>,
    pub bounds: Vec<Interval>,
    /// How far the bounds lie from the value.
    pub radius: Vec<f64>,
    /// Narrow bounds of the exact sums; empty where the system is too large for them to be asked for.
    pub fine: Vec<FineInterval>,
}

impl Amounts {
    fn sums(rows: &[&SparseRows], plus: &[f64]) -> Self {
        let count = plus.len();
        let mut value = vec![0.0; count];
        let mut bounds = Vec::with_capacity(count);
        let fine = if count <= LARGEST_BY_JETS { count } else { 0 };
        let fine = (0..fine)
            .map(|n| {
                let amounts = rows
                    .iter()
                    .flat_map(|layer| layer.row(n).values)
                    .chain([&plus[n]]);
                amounts.fold(FineInterval::from(0.0), |sum, &amount| sum + amount.into())
            })
            .collect();
        for n in 0..count {
            let mut exact = CompensatedSum::default();
            for amount in rows.iter().flat_map(|layer| layer.row(n).values) {
                value[n] += amount;
                exact.add(*amount);
            }
            value[n] += plus[n];
            exact.add(plus[n]);
            let (low, high) = exact.bounds();
            bounds.push(Interval { low, high }.hull(Interval::from(value[n])));
        }
        Self::bounded(value, bounds, fine)
    }

    fn bounded(value: Vec<f64>, bounds: Vec<Interval>, fine: Vec<FineInterval>) -> Self {
        let radius = value.iter().zip(&bounds);
        let radius = radius.map(|(value, bounds)| (bounds.high - value).max(value - bounds.low));
        Self {
            radius: radius.collect(),
            value,
            bounds,
            fine,
        }
    }

    fn reordered(&self, order: &[u32]) -> Self {
        let fine = order.iter().filter_map(|&n| self.fine.get(n as usize).copied());
        Self::bounded(
            order.iter().map(|&n| self.value[n as usize]).collect(),
            order.iter().map(|&n| self.bounds[n as usize]).collect(),
            fine.collect(),
        )
    }
}

/// A run of institutions under one rule, in compiled order.
pub(crate) struct Block {
    pub range: Range<usize>,
    pub rule: Box<dyn Rule>,
    /// Whether the rule's bounds hold over ranges of states.
    pub encloses: bool,
}

/// Which forms of its models a cascade may be computed in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UsableForms {
    /// Scenarios or institutions side by side.
    pub lanes: bool,
    /// Institutions side by side, slopes in lanes.
    pub institutions: bool,
    /// Slopes over boxes of states.
    pub jets: bool,
}

/// A cascade, compiled: institutions stand in the order of their rule block, then of their id.
pub struct Cascade<'a> {
    pub(crate) system: &'a System,
    /// Compiled position to id.
    pub(crate) order: Vec<u32>,
    pub(crate) blocks: Vec<Block>,
    pub(crate) holdings: Cow<'a, SparseRows>,
    /// Rows of the claims model's entitlements in compiled order; `None` where that is the order of ids.
    pub(crate) entitlements: Option<SparseRows>,
    /// The same for shares.
    share_entitlements: Option<SparseRows>,
    pub(crate) claims_face: Amounts,
    pub(crate) debts_face: Amounts,
    pub(crate) liabilities: Amounts,
    pub(crate) impact: Box<dyn ImpactModel>,
    pub(crate) strategy: Box<dyn Strategy>,
    pub(crate) claims: Box<dyn Claims>,
    pub(crate) execution: Execution,
    /// Components of the claims model for each institution; 0 where claims are worth their face.
    pub(crate) components: usize,
    pub(crate) shape: MapShape,
    pub(crate) forms: UsableForms,
    /// Whether bounds of claims hold over ranges of states.
    pub(crate) claims_enclose: bool,
    /// Declarations that the models' own answers refute.
    refuted: Vec<Refuted>,
    /// Whether claims alone are isotone, prices given.
    pub(crate) claims_ordered: bool,
    pub(crate) largest_row: usize,
    /// Debts outside the system, in compiled order; as all below by institution.
    pub(crate) external_liabilities: Vec<f64>,
    /// Equity before any shock, claims at face, shareholdings not counted.
    pub(crate) equity_initial: Vec<f64>,
    /// Total assets before any shock, likewise.
    pub(crate) assets_initial: Vec<f64>,
    /// Equity strictly below which an institution has failed.
    pub(crate) failure_equity: Vec<f64>,
    /// Whether any shock can leave several equilibria for sure.
    pub(crate) can_be_not_unique: bool,
    /// Roundings of each asset's sum of units sold: the most holders in one chunk, and the chunks.
    pub(crate) holders: Vec<u32>,
    /// Units of each asset that all institutions hold together, rounded up.
    pub(crate) held: Vec<f64>,
}

impl<'a> Cascade<'a> {
    /// Compiles a cascade.
    pub fn new(system: &'a System, graph: &'a ContagionGraph, models: Models) -> Result<Self, CascadeError> {
        let count = system.institution_count();
        let Models {
            impact,
            execution,
            mut rules,
            strategy,
            claims,
        } = models;
        if graph.institution_count() != count {
            return Err(CascadeError::GraphSize {
                graph: graph.institution_count(),
                system: count,
            });
        }
        if claims.entitlements().row_count() != count {
            return Err(CascadeError::ClaimsSize {
                claims: claims.entitlements().row_count(),
                system: count,
            });
        }
        if execution == Execution::Vwap && !impact.has_average_prices() {
            return Err(CascadeError::NoAveragePrice);
        }
        let mut memberships = vec![0_usize; count];
        for &member in rules.iter().flat_map(|block| &block.members) {
            match memberships.get_mut(member as usize) {
                Some(blocks) => *blocks += 1,
                None => {
                    return Err(CascadeError::Membership {
                        institution: member,
                        blocks: 0,
                    });
                }
            }
        }
        if let Some(n) = memberships.iter().position(|&blocks| blocks != 1) {
            return Err(CascadeError::Membership {
                institution: n as u32,
                blocks: memberships[n],
            });
        }
        rules.sort_by(|a, b| a.name.as_bytes().cmp(b.name.as_bytes()));
        let components = claims.components();
        let context = RuleContext::new(execution, components > 0).raising_money(strategy.raises_money());
        let mut profile = claims.profile(execution);
        let claims_ordered = profile.order == Order::Isotone;
        let isotone = |ordered: bool, profile: Profile| Profile {
            order: if ordered { Order::Isotone } else { Order::Unordered },
            ..profile
        };
        let impact_profile = match execution {
            Execution::Terminal => impact.profile(),
            Execution::Vwap => impact.profile_at_average(),
        };
        let sellers = [impact_profile, strategy.profile(execution)];
        let sellers = sellers
            .into_iter()
            .chain(rules.iter().map(|block| block.rule.profile(context)));
        for seller in sellers {
            profile = profile.and(isotone(seller.order == Order::Antitone, seller));
        }
        let shape = MapShape {
            isotone: profile.order == Order::Isotone,
            bounded: profile.bounded,
            from_below: profile.continuity == Continuity::Both,
        };
        let mut order = Vec::with_capacity(count);
        let mut blocks = Vec::with_capacity(rules.len());
        for block in rules {
            let start = order.len();
            order.extend_from_slice(&block.members);
            blocks.push(Block {
                range: start..order.len(),
                encloses: block.rule.encloses(),
                rule: block.rule,
            });
        }
        let by_id = order.iter().enumerate().all(|(n, &id)| n == id as usize);
        let layers: Vec<&SparseRows> = graph.debts().iter().map(|(_, layer)| layer).collect();
        let by_debtor: Vec<SparseRows> = layers.iter().map(|layer| layer.transposed()).collect();
        let by_debtor: Vec<&SparseRows> = by_debtor.iter().collect();
        let none = vec![0.0; count];
        let external: Vec<f64> = system
            .institutions()
            .iter()
            .map(|i| i.external_liabilities)
            .collect();
        let claims_face = Amounts::sums(&layers, &none).reordered(&order);
        let debts_face = Amounts::sums(&by_debtor, &none).reordered(&order);
        let liabilities = Amounts::sums(&by_debtor, &external).reordered(&order);
        let reordered = |rows: &SparseRows| rows.with_row_order(&order);
        let (mut entitlements, mut share_entitlements) = (None, None);
        let mut holdings = Cow::Borrowed(system.holdings());
        if !by_id {
            holdings = Cow::Owned(reordered(system.holdings()));
            entitlements = Some(reordered(claims.entitlements()));
            share_entitlements = claims.share_entitlements().map(reordered);
        }
        let largest_row = (0..count)
            .map(|n| holdings.row(n).columns.len())
            .max()
            .unwrap_or(0);
        let mut holders = vec![0; system.asset_count()];
        let mut held = vec![0.0; system.asset_count()];
        let mut in_chunk = vec![0; system.asset_count()];
        for start in (0..count).step_by(CHUNK) {
            in_chunk.fill(0);
            for row in (start..(start + CHUNK).min(count)).map(|n| holdings.row(n)) {
                for (asset, units) in row.iter() {
                    in_chunk[asset] += 1;
                    held[asset] = add_up(held[asset], units);
                }
            }
            for (most, &now) in holders.iter_mut().zip(&in_chunk) {
                *most = now.max(*most);
            }
        }
        let chunks = count.div_ceil(CHUNK) as u32;
        for most in &mut holders {
            *most += chunks;
        }
        let assets_initial: Vec<f64> = (order.iter().zip(&claims_face.value).enumerate())
            .map(|(position, (&id, claims))| {
                let institution = &system.institutions()[id as usize];
                let held = holdings.row(position).product_sum(system.prices());
                institution.cash + institution.other_assets + held + claims
            })
            .collect();
        let cascade = Self {
            external_liabilities: order.iter().map(|&id| external[id as usize]).collect(),
            equity_initial: (assets_initial.iter().zip(&liabilities.value))
                .map(|(assets, owed)| assets - owed)
                .collect(),
            assets_initial,
            failure_equity: order.iter().map(|&id| claims.failure_equity(id)).collect(),
            can_be_not_unique: claims.not_unique(&vec![true; count]),
            claims_enclose: claims.encloses(),
            forms: UsableForms {
                lanes: true,
                institutions: true,
                jets: true,
            },
            refuted: Vec::new(),
            system,
            order,
            blocks,
            holdings,
            entitlements,
            share_entitlements,
            claims_face,
            debts_face,
            liabilities,
            impact,
            strategy,
            claims,
            execution,
            components,
            shape,
            claims_ordered,
            largest_row,
            holders,
            held,
        };
        let refuted = declared::refuted(&cascade);
        Ok(cascade.without(refuted))
    }

    /// The cascade without the declarations that are refuted.
    fn without(mut self, refuted: Vec<Refuted>) -> Self {
        for Refuted {
            decision,
            declaration,
            ..
        } in &refuted
        {
            match declaration {
                Declaration::Order => {
                    self.shape.isotone = false;
                    self.claims_ordered &= *decision != Decision::Claims;
                }
                Declaration::Bounds => self.shape.bounded = false,
                Declaration::Enclosure => {
                    self.claims_enclose &= *decision != Decision::Claims;
                    for block in &mut self.blocks {
                        block.encloses &= *decision != Decision::Sales;
                    }
                }
                Declaration::AmountsOnly => self.forms.institutions = false,
                Declaration::Formula => {
                    self.forms.lanes = false;
                    self.forms.jets = false;
                }
            }
        }
        self.refuted = refuted;
        self
    }

    /// Declarations of the models that their own answers refute, found by asking some institutions and all assets at a few
    /// states. Empty where models are as they declare, as far as is seen.
    ///
    /// What is refuted is taken back: without order or bounds nothing is certified, without a common formula the engine falls
    /// back to doubles and their bounds.
    pub fn refuted(&self) -> &[Refuted] {
        &self.refuted
    }

    /// The system that the cascade runs on.
    pub fn system(&self) -> &'a System {
        self.system
    }

    /// The rule of the institution at a compiled position, and its row in the rule's block.
    pub(crate) fn rule_of(&self, position: usize) -> (&dyn Rule, usize) {
        let block = self.blocks.partition_point(|block| block.range.end <= position);
        let block = &self.blocks[block];
        (&*block.rule, position - block.range.start)
    }

    /// Whether compiled order is the order of ids.
    pub(crate) fn is_by_id(&self) -> bool {
        matches!(self.holdings, Cow::Borrowed(_))
    }

    pub(crate) fn entitlements(&self) -> &SparseRows {
        self.entitlements
            .as_ref()
            .unwrap_or_else(|| self.claims.entitlements())
    }

    pub(crate) fn share_entitlements(&self) -> Option<&SparseRows> {
        self.share_entitlements
            .as_ref()
            .or_else(|| self.claims.share_entitlements())
    }
}
