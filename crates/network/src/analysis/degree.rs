//! Degree and strength: how many counterparties an institution has, and how much passes between them.

use super::{Role, Weight};
use crate::graph::ContagionGraph;
use delever_core::SparseRows;

impl ContagionGraph {
    /// Number of debtors of each institution, shares aside.
    pub fn in_degree(&self) -> Vec<u32> {
        degrees(&self.links(Role::Creditor, Weight::Link))
    }

    /// Number of creditors of each institution inside the system, shares aside.
    pub fn out_degree(&self) -> Vec<u32> {
        degrees(&self.links(Role::Debtor, Weight::Link))
    }

    /// Interbank assets: the face amount of what each institution is owed inside the system, money.
    ///
    /// ```
    /// use delever_network::ContagionGraphBuilder;
    /// let mut builder = ContagionGraphBuilder::new(3);
    /// builder.debt(0, 1, 5.0, 0).debt(2, 1, 3.0, 0).debt(0, 1, 1.0, 1);
    /// let graph = builder.build().expect("valid debts");
    /// assert_eq!((graph.in_degree(), graph.in_strength()), (vec![0, 2, 0], vec![0.0, 9.0, 0.0]));
    /// assert_eq!((graph.out_degree(), graph.out_strength()), (vec![1, 0, 1], vec![6.0, 0.0, 3.0]));
    /// ```
    pub fn in_strength(&self) -> Vec<f64> {
        row_sums(&self.links(Role::Creditor, Weight::Amount))
    }

    /// Interbank liabilities: the face amount of what each institution owes inside the system, money.
    pub fn out_strength(&self) -> Vec<f64> {
        row_sums(&self.links(Role::Debtor, Weight::Amount))
    }
}

fn degrees(links: &SparseRows) -> Vec<u32> {
    let rows = 0..links.row_count();
    rows.map(|row| links.row(row).columns.len() as u32).collect()
}

fn row_sums(links: &SparseRows) -> Vec<f64> {
    let rows = 0..links.row_count();
    rows.map(|row| links.row(row).values.iter().sum::<f64>() + 0.0)
        .collect()
}
