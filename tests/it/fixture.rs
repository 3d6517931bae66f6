//! Reading published cases, and pure clearing problems from them.

use delever::network::clearing::{EisenbergNoeRow, Elsinger};
use delever::prelude::*;
use serde_json::Value;

pub fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .expect("an array")
        .iter()
        .map(|x| x.as_f64().expect("a number"))
        .collect()
}

pub fn matrix(value: &Value) -> Vec<Vec<f64>> {
    value.as_array().expect("an array").iter().map(numbers).collect()
}

pub fn close(actual: f64, expected: f64, tolerance: f64, what: &str) {
    assert!(
        (actual - expected).abs() <= tolerance,
        "{what}: {actual} instead of {expected}"
    );
}

/// Ids that sort as they count.
pub fn bank(n: usize) -> String {
    format!("b{n:03}")
}

/// One rule for all institutions.
pub fn everyone(rule: Box<dyn delever::core::Rule>, count: usize) -> Vec<RuleBlock> {
    vec![RuleBlock {
        name: String::new(),
        rule,
        members: (0..count as u32).collect(),
    }]
}

pub fn no_sales(count: usize) -> Vec<RuleBlock> {
    let rows = (0..count).map(|_| delever::core::NoColumns {}).collect();
    everyone(
        Box::new(PerInstitution::new(
            delever::portfolio::rules::NoSales,
            rows,
            vec![],
        )),
        count,
    )
}

/// A pure clearing problem: `e` cash, `L[i][j]` owed by i to j, `external` owed outside.
pub struct Clearing {
    pub system: System,
    pub graph: ContagionGraph,
    /// What each has to bear beyond its cash, at most zero: it falls due with the shock.
    pub burdens: Vec<f64>,
}

impl Clearing {
    pub fn new(e: &[f64], owed: &[Vec<f64>], external: &[f64]) -> Self {
        Self::layered(e, &[(0, owed.to_vec())], &[], external)
    }

    /// Debts by seniority, and `held[i][j]`, the fraction of `j` that `i` holds.
    pub fn layered(e: &[f64], layers: &[(u32, Vec<Vec<f64>>)], held: &[Vec<f64>], external: &[f64]) -> Self {
        let mut builder = SystemBuilder::new();
        let mut edges = ContagionGraphBuilder::new(e.len());
        let entries = |matrix: &[Vec<f64>]| {
            let mut entries = Vec::new();
            for (n, row) in matrix.iter().enumerate() {
                let positive = row.iter().enumerate().filter(|(_, value)| **value > 0.0);
                entries.extend(positive.map(|(to, &value)| (n as u32, to as u32, value)));
            }
            entries
        };
        for (n, &cash) in e.iter().enumerate() {
            let institution = Institution {
                cash: cash.max(0.0),
                external_liabilities: external[n],
                ..Institution::default()
            };
            builder.institution(&bank(n), institution);
        }
        for (seniority, owed) in layers {
            for (debtor, creditor, amount) in entries(owed) {
                edges.debt(debtor, creditor, amount, *seniority);
            }
        }
        for (holder, issuer, fraction) in entries(held) {
            edges.shareholding(holder, issuer, fraction);
        }
        Self {
            system: builder.build().expect("valid"),
            graph: edges.build().expect("valid"),
            burdens: e.iter().map(|cash| cash.min(0.0)).collect(),
        }
    }

    pub fn elsinger(&self) -> Equilibria {
        let model = Elsinger::new(self.graph.debts(), self.graph.shareholdings(), &self.external());
        self.solve(Box::new(model.expect("some shares held outside")))
    }

    pub fn solve(&self, claims: Box<dyn delever::core::Claims>) -> Equilibria {
        self.solve_for(claims, Select::Both)
    }

    pub fn solve_for(&self, claims: Box<dyn delever::core::Claims>, select: Select) -> Equilibria {
        let mut shock = Shock::none(&self.system);
        shock.outside_assets.clone_from(&self.burdens);
        self.solve_after(&shock, claims, select)
    }

    pub fn solve_after(
        &self,
        shock: &Shock,
        claims: Box<dyn delever::core::Claims>,
        select: Select,
    ) -> Equilibria {
        self.solve_by(&Settings::default(), shock, claims, select)
    }

    pub fn solve_by(
        &self,
        settings: &Settings,
        shock: &Shock,
        claims: Box<dyn delever::core::Claims>,
        select: Select,
    ) -> Equilibria {
        let count = self.system.institution_count();
        let models = Models {
            impact: Box::new(PerAsset::new(NoImpact, vec![])),
            execution: Execution::Terminal,
            rules: no_sales(count),
            strategy: Box::new(ProRata),
            claims,
        };
        let cascade = Cascade::new(&self.system, &self.graph, models).expect("models fit");
        cascade.solve(shock, select, settings).expect("shock fits")
    }

    pub fn debts(&self) -> delever::core::SparseRows {
        let count = self.system.institution_count();
        self.graph.debts().first().map_or_else(
            || delever::core::SparseRows::empty(count, count),
            |(_, layer)| layer.clone(),
        )
    }

    pub fn external(&self) -> Vec<f64> {
        self.system
            .institutions()
            .iter()
            .map(|i| i.external_liabilities)
            .collect()
    }

    /// The greatest clearing vector alone: what the graph's structure says of uniqueness.
    pub fn eisenberg_noe_greatest(&self) -> Equilibria {
        let rows = vec![EisenbergNoeRow::default(); self.system.institution_count()];
        let claims = OneLayer::new(EisenbergNoe, rows, self.debts(), &self.external());
        self.solve_for(Box::new(claims), Select::Greatest)
    }

    pub fn eisenberg_noe(&self) -> Equilibria {
        let rows = vec![EisenbergNoeRow::default(); self.system.institution_count()];
        self.solve(Box::new(OneLayer::new(
            EisenbergNoe,
            rows,
            self.debts(),
            &self.external(),
        )))
    }

    pub fn rogers_veraart(&self, alpha: f64, beta: f64) -> Equilibria {
        let row = delever::network::clearing::RogersVeraartRow::pari_passu(alpha, beta);
        let rows = vec![row; self.system.institution_count()];
        self.solve(Box::new(OneLayer::new(
            RogersVeraart,
            rows,
            self.debts(),
            &self.external(),
        )))
    }
}

pub fn payments(outcome: &Outcome) -> Vec<f64> {
    outcome.institutions.iter().map(|i| i.payment).collect()
}

pub fn equities(outcome: &Outcome) -> Vec<f64> {
    outcome.institutions.iter().map(|i| i.equity).collect()
}

pub fn all_close(actual: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(actual.len(), expected.len(), "{what}");
    for (n, (&a, &e)) in actual.iter().zip(expected).enumerate() {
        close(a, e, tolerance, &format!("{what}[{n}]"));
    }
}

pub fn greatest(both: &Equilibria) -> &Outcome {
    both.greatest.as_ref().expect("asked for")
}

pub fn least(both: &Equilibria) -> &Outcome {
    both.least.as_ref().expect("asked for")
}
