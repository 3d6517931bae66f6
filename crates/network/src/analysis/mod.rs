//! What the contagion graph says before anything is cleared.
//!
//! Links run the way value flows, debtor to creditor. An institution is looked at in one of two [`Role`]s: as a creditor
//! it is exposed to others, as a debtor others are exposed to it. Links weigh their face amount or count alike
//! ([`Weight`]). Shareholdings take part in components and exports only; every measure says what it reads.
//!
//! | subject | on [`ContagionGraph`] | cost for `n` institutions, `m` links |
//! |---|---|---|
//! | components, closed classes | `strongly_connected_components`, `closed_classes` | `n + m` |
//! | degree and strength | `in_degree`, `out_degree`, `in_strength`, `out_strength` | `n + m` |
//! | centrality by iteration | `eigenvector_centrality`, `pagerank`, `katz_centrality`, `hubs_and_authorities` | `n + m` a step |
//! | centrality by shortest paths | `betweenness`, `closeness` | `n m` by link, `n (m + n) log n` by amount |
//! | core and periphery | `core_periphery` | `n + m` a sweep |
//! | spectral radius, bounded | `relative_liabilities_radius`, `leverage_radius`, [`spectral_radius`], [`spectral_radius_of_product`] | `n + m` a step |
//! | contagion index and bounds | `glasserman_young` | `n + m` |
//! | files for other programs | `write_dot`, `write_graphml` | `n + m` |

use crate::graph::ContagionGraph;
use delever_core::SparseRows;
// Not Tarjan's: petgraph's recurses, and a chain of debts may be as long as the system.
use petgraph::algo::kosaraju_scc;

mod centrality;
mod core_periphery;
mod degree;
mod error;
mod export;
mod glasserman_young;
mod perron;
mod product;
mod shortest_paths;
mod spectral;

pub use centrality::{CentralitySettings, HubsAndAuthorities, Scores};
pub use core_periphery::{CorePeriphery, TieringErrors};
pub use error::AnalysisError;
pub use glasserman_young::GlassermanYoung;
pub use product::spectral_radius_of_product;
pub use spectral::{SpectralRadius, SpectralSettings, spectral_radius};

/// In which role an institution is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// As a creditor, by its debtors: who is exposed, directly or through others.
    Creditor,
    /// As a debtor, by its creditors: who else is exposed to it, directly or through others.
    Debtor,
}

/// What a link weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// The face amount of all debts between the two, money.
    Amount,
    /// 1, whatever the amount.
    Link,
}

impl ContagionGraph {
    /// Debts of all seniorities together: row = creditor, column = debtor, value = face amount, money.
    pub fn exposures(&self) -> SparseRows {
        match self.debts.as_slice() {
            [(_, only)] => only.clone(),
            layers => {
                let triplets: Vec<_> = layers.iter().flat_map(|(_, layer)| layer.triplets()).collect();
                SparseRows::from_triplets(self.count, self.count, &triplets)
            }
        }
    }

    /// Row = the institution in its role, column = its counterparty in the other role, value = weight of the link.
    fn links(&self, role: Role, weight: Weight) -> SparseRows {
        let weigh = |amount| match weight {
            Weight::Amount => amount,
            Weight::Link => 1.0,
        };
        let exposures = self.exposures();
        let triplets: Vec<_> = exposures
            .triplets()
            .map(|(creditor, debtor, amount)| match role {
                Role::Creditor => (creditor, debtor, weigh(amount)),
                Role::Debtor => (debtor, creditor, weigh(amount)),
            })
            .collect();
        SparseRows::from_triplets(self.count, self.count, &triplets)
    }

    /// Strongly connected components, each ascending, ordered by their first member.
    pub fn strongly_connected_components(&self) -> Vec<Vec<u32>> {
        let mut components: Vec<Vec<u32>> = kosaraju_scc(&self.to_petgraph())
            .into_iter()
            .map(|component| {
                let mut members: Vec<u32> = component.into_iter().map(|node| node.index() as u32).collect();
                members.sort_unstable();
                members
            })
            .collect();
        components.sort_unstable();
        components
    }

    /// Closed classes: sets of at least two institutions that are connected by debts both ways, owe nothing
    /// outside the set, and have no external creditors. Value that enters never leaves.
    pub fn closed_classes(&self, external_liabilities: &[f64]) -> Vec<Vec<u32>> {
        closed_classes(
            &self.debts.iter().map(|(_, layer)| layer).collect::<Vec<_>>(),
            external_liabilities,
        )
    }
}

/// Closed classes of debts given as row = creditor, column = debtor.
pub(crate) fn closed_classes(layers: &[&SparseRows], external_liabilities: &[f64]) -> Vec<Vec<u32>> {
    let count = external_liabilities.len();
    let mut graph = petgraph::graph::DiGraph::<(), ()>::with_capacity(count, 0);
    let nodes: Vec<_> = (0..count).map(|_| graph.add_node(())).collect();
    for (creditor, debtor, _) in layers.iter().flat_map(|layer| layer.triplets()) {
        graph.add_edge(nodes[debtor as usize], nodes[creditor as usize], ());
    }
    let mut class = vec![0_usize; count];
    let components = kosaraju_scc(&graph);
    for (number, component) in components.iter().enumerate() {
        for node in component {
            class[node.index()] = number;
        }
    }
    let mut open: Vec<bool> = components.iter().map(|component| component.len() < 2).collect();
    for (n, &external) in external_liabilities.iter().enumerate() {
        open[class[n]] |= external > 0.0;
    }
    for edge in graph.edge_indices() {
        if let Some((debtor, creditor)) = graph.edge_endpoints(edge) {
            let (from, to) = (class[debtor.index()], class[creditor.index()]);
            open[from] |= from != to;
        }
    }
    let mut closed: Vec<Vec<u32>> = components
        .iter()
        .zip(&open)
        .filter(|(_, open)| !**open)
        .map(|(component, _)| {
            let mut members: Vec<u32> = component.iter().map(|node| node.index() as u32).collect();
            members.sort_unstable();
            members
        })
        .collect();
    closed.sort_unstable();
    closed
}

#[cfg(test)]
mod tests {
    use crate::{ContagionGraph, ContagionGraphBuilder};

    #[test]
    fn petgraph_round_trip_keeps_every_edge() {
        let mut builder = ContagionGraphBuilder::new(4);
        builder
            .debt(0, 1, 5.0, 0)
            .debt(1, 0, 2.0, 1)
            .debt(2, 3, 1.5, 0)
            .shareholding(3, 0, 0.25);
        let graph = builder.build().expect("valid");
        assert_eq!(ContagionGraph::from_petgraph(&graph.to_petgraph()), Ok(graph));
    }

    #[test]
    fn a_ring_is_closed_until_someone_outside_is_owed() {
        let mut builder = ContagionGraphBuilder::new(3);
        builder.debt(0, 1, 1.0, 0).debt(1, 0, 1.0, 0).debt(2, 0, 1.0, 0);
        let graph = builder.build().expect("valid");
        assert_eq!(graph.closed_classes(&[0.0, 0.0, 0.0]), vec![vec![0, 1]]);
        assert!(graph.closed_classes(&[0.1, 0.0, 0.0]).is_empty());
    }

    #[test]
    fn a_chain_through_the_whole_system_is_no_deep_recursion() {
        let count = 200_000;
        let mut builder = ContagionGraphBuilder::new(count as usize);
        (1..count).for_each(|n| {
            builder.debt(n - 1, n, 1.0, 0);
        });
        let graph = builder.build().expect("valid");
        assert_eq!(graph.strongly_connected_components().len(), count as usize);
    }

    #[test]
    fn exposures_add_up_seniorities() {
        let mut builder = ContagionGraphBuilder::new(2);
        builder.debt(0, 1, 5.0, 0).debt(0, 1, 2.0, 3);
        let exposures = builder.build().expect("valid").exposures();
        assert_eq!(exposures.triplets().collect::<Vec<_>>(), [(1, 0, 7.0)]);
    }
}
