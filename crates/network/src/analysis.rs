//! Structure of the contagion graph: components and closed classes.

use crate::graph::ContagionGraph;
use delever_core::SparseRows;
use petgraph::algo::tarjan_scc;

impl ContagionGraph {
    /// Strongly connected components, each ascending, ordered by their first member.
    pub fn strongly_connected_components(&self) -> Vec<Vec<u32>> {
        let mut components: Vec<Vec<u32>> = tarjan_scc(&self.to_petgraph())
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
    let components = tarjan_scc(&graph);
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

/// Closed classes whose members have no claims on anyone outside their class.
pub(crate) fn secluded_classes(debts: &SparseRows, external_liabilities: &[f64]) -> Vec<Vec<u32>> {
    let mut classes = closed_classes(&[debts], external_liabilities);
    classes.retain(|class| {
        let inside = |debtor: &u32| class.binary_search(debtor).is_ok();
        class
            .iter()
            .all(|&n| debts.row(n as usize).columns.iter().all(inside))
    });
    classes
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
}
