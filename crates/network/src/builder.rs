//! Debts, shareholdings and credit default swaps in, frozen graph out; every problem at once.

use crate::graph::ContagionGraph;
use delever_core::{CreditDefaultSwap, SparseRows};
use std::collections::{BTreeMap, BTreeSet};

/// Which record an error is about, counted from 0 in the order of the calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GraphRecord {
    /// The n-th call of [`ContagionGraphBuilder::debt`].
    Debt(usize),
    /// The n-th call of [`ContagionGraphBuilder::shareholding`].
    Shareholding(usize),
    /// The n-th call of [`ContagionGraphBuilder::credit_default_swap`].
    CreditDefaultSwap(usize),
}

/// Why a graph cannot be built.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum GraphError {
    /// An institution number is out of range.
    #[error("{record:?}: institution {institution} of {count}")]
    OutOfRange {
        /// The record.
        record: GraphRecord,
        /// The number that was given.
        institution: u32,
        /// How many institutions there are.
        count: usize,
    },
    /// An institution owes itself, owns its own shares, or insures another against its own failure.
    #[error("{record:?}: institution {institution} on both sides")]
    SelfLoop {
        /// The record.
        record: GraphRecord,
        /// The institution.
        institution: u32,
    },
    /// An amount is negative, not finite, or outside `[1e-9, 1e18]`.
    #[error("{record:?}: amount {amount} is not 0 or within 1e-9 to 1e18")]
    Amount {
        /// The record.
        record: GraphRecord,
        /// The amount.
        amount: f64,
    },
    /// A fraction is not within `[0, 1]`.
    #[error("{record:?}: fraction {fraction} is not within 0 to 1")]
    Fraction {
        /// The record.
        record: GraphRecord,
        /// The fraction.
        fraction: f64,
    },
    /// Holders inside the system own more than all of an issuer.
    #[error("shareholdings in institution {issuer} add up to {sum}, above 1")]
    OwnedAboveOne {
        /// The issuer.
        issuer: u32,
        /// The sum of fractions.
        sum: f64,
    },
}

/// Collects debts, shareholdings and credit default swaps between institutions `0..count`.
#[derive(Clone, Debug, Default)]
pub struct ContagionGraphBuilder {
    count: usize,
    debts: Vec<(u32, u32, f64, u32)>,
    shareholdings: Vec<(u32, u32, f64)>,
    credit_default_swaps: Vec<CreditDefaultSwap>,
}

/// Rounding allowed where fractions of one issuer add up to 1.
const OWNED_SLACK: f64 = 1e-9;

impl ContagionGraphBuilder {
    /// A graph of `count` institutions without edges.
    pub fn new(count: usize) -> Self {
        Self {
            count,
            ..Self::default()
        }
    }

    /// Adds a debt, money; several for one pair and seniority add up. Seniority 0 is paid first.
    pub fn debt(&mut self, debtor: u32, creditor: u32, amount: f64, seniority: u32) -> &mut Self {
        self.debts.push((debtor, creditor, amount, seniority));
        self
    }

    /// Adds a fraction of the issuer's equity that the holder owns.
    pub fn shareholding(&mut self, holder: u32, issuer: u32, fraction: f64) -> &mut Self {
        self.shareholdings.push((holder, issuer, fraction));
        self
    }

    /// Adds a credit default swap.
    pub fn credit_default_swap(&mut self, swap: CreditDefaultSwap) -> &mut Self {
        self.credit_default_swaps.push(swap);
        self
    }

    /// Freezes the graph, or says all that is wrong.
    pub fn build(self) -> Result<ContagionGraph, Vec<GraphError>> {
        let count = self.count;
        let mut errors = Vec::new();
        let pair = |record, a: u32, b: u32, errors: &mut Vec<GraphError>| {
            for institution in [a, b] {
                if institution as usize >= count {
                    errors.push(GraphError::OutOfRange {
                        record,
                        institution,
                        count,
                    });
                }
            }
            if a == b {
                errors.push(GraphError::SelfLoop {
                    record,
                    institution: a,
                });
            }
        };
        let mut layers: BTreeMap<u32, Vec<(u32, u32, f64)>> = BTreeMap::new();
        for (n, &(debtor, creditor, amount, seniority)) in self.debts.iter().enumerate() {
            let record = GraphRecord::Debt(n);
            pair(record, debtor, creditor, &mut errors);
            if !is_amount(amount) {
                errors.push(GraphError::Amount { record, amount });
            }
            if amount > 0.0 {
                layers
                    .entry(seniority)
                    .or_default()
                    .push((creditor, debtor, amount));
            }
        }
        let mut owned = vec![0.0; count];
        let mut shares = Vec::new();
        for (n, &(holder, issuer, fraction)) in self.shareholdings.iter().enumerate() {
            let record = GraphRecord::Shareholding(n);
            pair(record, holder, issuer, &mut errors);
            if !(0.0..=1.0).contains(&fraction) {
                errors.push(GraphError::Fraction { record, fraction });
            } else if let Some(sum) = owned.get_mut(issuer as usize) {
                *sum += fraction;
                if fraction > 0.0 {
                    shares.push((holder, issuer, fraction));
                }
            }
        }
        let mut swaps = Vec::new();
        for (n, &swap) in self.credit_default_swaps.iter().enumerate() {
            let record = GraphRecord::CreditDefaultSwap(n);
            let CreditDefaultSwap {
                writer,
                holder,
                reference,
                notional,
            } = swap;
            pair(record, writer, holder, &mut errors);
            if reference == writer {
                errors.push(GraphError::SelfLoop {
                    record,
                    institution: writer,
                });
            }
            if reference as usize >= count {
                errors.push(GraphError::OutOfRange {
                    record,
                    institution: reference,
                    count,
                });
            }
            if !is_amount(notional) {
                errors.push(GraphError::Amount {
                    record,
                    amount: notional,
                });
            }
            if notional > 0.0 {
                swaps.push(swap);
            }
        }
        swaps.sort_by(|a, b| {
            let key = |swap: &CreditDefaultSwap| (swap.writer, swap.holder, swap.reference);
            key(a).cmp(&key(b)).then(a.notional.total_cmp(&b.notional))
        });
        for (issuer, &sum) in owned.iter().enumerate() {
            if sum > 1.0 + OWNED_SLACK {
                errors.push(GraphError::OwnedAboveOne {
                    issuer: issuer as u32,
                    sum,
                });
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let seniorities: BTreeSet<u32> = layers.keys().copied().collect();
        let debts = seniorities
            .into_iter()
            .filter_map(|seniority| {
                let mut triplets = layers.remove(&seniority)?;
                Some((seniority, canonical(count, &mut triplets)))
            })
            .collect();
        Ok(ContagionGraph {
            count,
            debts,
            shareholdings: canonical(count, &mut shares),
            credit_default_swaps: swaps,
        })
    }
}

fn is_amount(amount: f64) -> bool {
    amount == 0.0 || (1e-9..=1e18).contains(&amount)
}

/// Rows with duplicates added up in the order of their size, so that the order of input does not matter.
fn canonical(count: usize, triplets: &mut [(u32, u32, f64)]) -> SparseRows {
    triplets.sort_unstable_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2)));
    SparseRows::from_triplets(count, count, triplets)
}
