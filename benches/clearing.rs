//! Eisenberg-Noe clearing alone: policy iteration and plain iteration, on random networks and on a ring that leaks little.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use delever::cascade::{Cascade, Method, Models, RuleBlock, Select, Settings, Shock};
use delever::core::{Execution, NoColumns, PerAsset};
use delever::impact::NoImpact;
use delever::network::clearing::{EisenbergNoe, EisenbergNoeRow, OneLayer};
use delever::network::{ContagionGraph, ContagionGraphBuilder};
use delever::portfolio::rules::NoSales;
use delever::portfolio::strategies::ProRata;
use delever::portfolio::{Institution, System, SystemBuilder};
use delever_benches::draws::Draws;
use delever_benches::engine::{self, SINGLE_TOLERANCE};
use delever_benches::tipping;
use std::hint::black_box;

const DEBTS_EACH: usize = 10;

/// Everyone owes ten others; many cannot pay in full.
fn random_network(count: usize) -> (System, ContagionGraph) {
    let mut draws = Draws::new(1, 0);
    let mut system = SystemBuilder::new();
    let mut graph = ContagionGraphBuilder::new(count);
    for debtor in 0..count {
        for _ in 0..DEBTS_EACH {
            let creditor = draws.below(count);
            if creditor != debtor {
                graph.debt(debtor as u32, creditor as u32, (1 + draws.below(100)) as f64, 0);
            }
        }
        let institution = Institution {
            cash: (draws.below(60)) as f64,
            external_liabilities: (1 + draws.below(10)) as f64,
            ..Institution::default()
        };
        system.institution(&format!("{debtor:07}"), institution);
    }
    (system.build().expect("valid"), graph.build().expect("valid"))
}

fn cascade<'a>(system: &'a System, graph: &'a ContagionGraph) -> Cascade<'a> {
    let count = system.institution_count();
    let external: Vec<f64> = system
        .institutions()
        .iter()
        .map(|institution| institution.external_liabilities)
        .collect();
    let debts = graph.debts()[0].1.clone();
    let rows = vec![EisenbergNoeRow::default(); count];
    let rule = RuleBlock {
        name: String::new(),
        rule: Box::new(delever::core::PerInstitution::new(
            NoSales,
            vec![NoColumns::default(); count],
            vec![],
        )),
        members: (0..count as u32).collect(),
    };
    let models = Models {
        impact: Box::new(PerAsset::new(NoImpact, vec![])),
        execution: Execution::Terminal,
        rules: vec![rule],
        strategy: Box::new(ProRata),
        claims: Box::new(OneLayer::new(EisenbergNoe, rows, debts, &external)),
    };
    Cascade::new(system, graph, models).expect("models fit")
}

fn clearing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("eisenberg-noe");
    group.sample_size(10);
    for count in [1_000, 10_000, 100_000] {
        let (system, graph) = random_network(count);
        let cascade = cascade(&system, &graph);
        let shock = Shock::none(&system);
        let mut answers = Vec::new();
        for method in [Method::Policy, Method::Iteration] {
            let settings = Settings {
                method,
                ..Settings::default()
            };
            let solve = || {
                let found = cascade.solve(&shock, Select::Greatest, &settings);
                found.expect("shock fits").greatest.expect("asked for")
            };
            let outcome = solve();
            eprintln!(
                "{count} institutions, {method:?}: {:?}, width {:?}, {} defaults, {} applications, {} policy steps, {} sweeps",
                outcome.status,
                outcome.certificate.width,
                outcome.totals.defaults,
                outcome.iterations,
                outcome.policy_steps,
                outcome.linear_sweeps
            );
            answers.push(outcome);
            group.bench_function(BenchmarkId::new(format!("{method:?}"), count), |bencher| {
                bencher.iter(|| black_box(solve()));
            });
        }
        let width = |n: usize| answers[n].certificate.width.expect("both are bracketed");
        for (a, b) in answers[0].institutions.iter().zip(&answers[1].institutions) {
            // Payments lie within the widths of both, relative to the debts of at most 1,010.
            let tolerance = (width(0) + width(1)) * 1010.0;
            assert!(
                (a.payment - b.payment).abs() <= tolerance,
                "{} and {}",
                a.payment,
                b.payment
            );
        }
    }
    for leak in [1e-1, 1e-6, 1e-12] {
        let ring = tipping::ring(leak);
        let cascade = ring.cascade();
        group.bench_function(BenchmarkId::new("ring", leak), |bencher| {
            bencher.iter(|| black_box(engine::single(&cascade, ring.shock(), SINGLE_TOLERANCE)));
        });
    }
    group.finish();
}

criterion_group!(benches, clearing);
criterion_main!(benches);
