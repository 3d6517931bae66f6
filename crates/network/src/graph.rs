//! The frozen contagion graph and its conversion to and from petgraph.

use crate::builder::{ContagionGraphBuilder, GraphError};
use delever_core::{CreditDefaultSwap, NetworkView, ParameterTable, Parameters, SparseRows};
use petgraph::graph::DiGraph;
use petgraph::visit::EdgeRef;

/// Debts by seniority, shareholdings and credit default swaps between institutions, numbered by id.
#[derive(Clone, Debug, PartialEq)]
pub struct ContagionGraph {
    pub(crate) count: usize,
    pub(crate) debts: Vec<(u32, SparseRows)>,
    pub(crate) shareholdings: SparseRows,
    pub(crate) credit_default_swaps: Vec<CreditDefaultSwap>,
}

/// What an edge of the petgraph form stands for. Edges run the way value flows: debtor to creditor, issuer to holder.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Relation {
    /// The source owes the target.
    Debt {
        /// Face amount, money.
        amount: f64,
        /// 0 is paid first.
        seniority: u32,
    },
    /// The target owns a share of the source.
    Shareholding {
        /// Fraction of the source's equity.
        fraction: f64,
    },
}

impl ContagionGraph {
    /// A graph without edges.
    pub fn empty(count: usize) -> Self {
        Self {
            count,
            debts: Vec::new(),
            shareholdings: SparseRows::empty(count, count),
            credit_default_swaps: Vec::new(),
        }
    }

    /// Number of institutions.
    pub fn institution_count(&self) -> usize {
        self.count
    }

    /// Debts of one seniority each, most senior first: row = creditor, column = debtor, value = face amount.
    pub fn debts(&self) -> &[(u32, SparseRows)] {
        &self.debts
    }

    /// Row = holder, column = issuer, value = fraction of the issuer's equity.
    pub fn shareholdings(&self) -> &SparseRows {
        &self.shareholdings
    }

    /// Credit default swaps, in the order of writer, holder, reference.
    pub fn credit_default_swaps(&self) -> &[CreditDefaultSwap] {
        &self.credit_default_swaps
    }

    /// What an institution owes inside the system, all seniorities, money.
    pub fn debts_of(&self, debtor: u32) -> f64 {
        self.debts
            .iter()
            .flat_map(|(_, layer)| layer.triplets())
            .filter(|&(_, column, _)| column == debtor)
            .map(|(_, _, amount)| amount)
            .sum()
    }

    /// The graph as a claims model sees it when it is built.
    pub fn view<'a>(
        &'a self,
        external_liabilities: &'a [f64],
        parameters: &'a Parameters,
        institutions: &'a ParameterTable,
    ) -> NetworkView<'a> {
        NetworkView::new(
            &self.debts,
            &self.shareholdings,
            external_liabilities,
            parameters,
            institutions,
        )
        .with_credit_default_swaps(&self.credit_default_swaps)
    }

    /// The graph in petgraph's form: one node an institution, in order; one edge a debt or shareholding. Credit default swaps
    /// join three institutions and are left out.
    pub fn to_petgraph(&self) -> DiGraph<u32, Relation> {
        let mut graph = DiGraph::with_capacity(self.count, 0);
        let nodes: Vec<_> = (0..self.count as u32).map(|n| graph.add_node(n)).collect();
        for &(seniority, ref layer) in &self.debts {
            for (creditor, debtor, amount) in layer.triplets() {
                graph.add_edge(
                    nodes[debtor as usize],
                    nodes[creditor as usize],
                    Relation::Debt { amount, seniority },
                );
            }
        }
        for (holder, issuer, fraction) in self.shareholdings.triplets() {
            graph.add_edge(
                nodes[issuer as usize],
                nodes[holder as usize],
                Relation::Shareholding { fraction },
            );
        }
        graph
    }

    /// The graph from petgraph's form; nodes count in the order of their indices, whatever their weights.
    pub fn from_petgraph<N>(graph: &DiGraph<N, Relation>) -> Result<Self, Vec<GraphError>> {
        let mut builder = ContagionGraphBuilder::new(graph.node_count());
        for edge in graph.edge_references() {
            let (source, target) = (edge.source().index() as u32, edge.target().index() as u32);
            match *edge.weight() {
                Relation::Debt { amount, seniority } => builder.debt(source, target, amount, seniority),
                Relation::Shareholding { fraction } => builder.shareholding(target, source, fraction),
            };
        }
        builder.build()
    }
}
