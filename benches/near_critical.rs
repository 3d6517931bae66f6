//! The leverage spiral of one institution close to the shock at which it collapses: certified solves, and plain iteration.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use delever::cascade::{Cascade, Method, Outcome, Select, Settings};
use delever_testkit::case::{Case, CaseImpact, CaseRule};
use std::hint::black_box;

/// One unit of one asset, debts of 0.9, leverage at most 12.5, a fall by 8 % if all is sold; `gap` is the relative distance
/// from the tipping point.
fn spiral(gap: f64) -> Case {
    let mut case = Case::empty(1, 1);
    case.holdings[0][0] = 1.0;
    case.external_liabilities[0] = 0.9;
    case.rules[0] = CaseRule::MaxLeverage(12.5);
    case.depths[0] = 12.5;
    case.impact = CaseImpact::Linear;
    case.price_changes[0] = 0.9 * 12.5 / (11.5 + 0.02 * (1.0 - gap)) - 1.0;
    case
}

fn report(gap: f64, what: &str, outcome: &Outcome) {
    eprintln!(
        "spiral, gap {gap:e}, {what}: {:?}, width {:?}, {} applications, {} policy steps",
        outcome.status, outcome.certificate.width, outcome.iterations, outcome.policy_steps
    );
}

fn near_critical(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("near-critical");
    for gap in [1e-4, 1e-8, 1e-12] {
        let case = spiral(gap);
        let (system, graph) = (case.system(), case.graph());
        let cascade = Cascade::new(&system, &graph, case.models()).expect("models fit");
        let shock = case.shock();
        let solve = |settings: &Settings| {
            let found = cascade.solve(&shock, Select::Greatest, settings);
            found.expect("shock fits").greatest.expect("asked for")
        };
        for tolerance in [6e-11, 1e-12] {
            let settings = Settings {
                tolerance,
                ..Settings::default()
            };
            report(gap, &format!("tolerance {tolerance:e}"), &solve(&settings));
            group.bench_function(
                BenchmarkId::new(format!("spiral to {tolerance:e}"), gap),
                |bencher| bencher.iter(|| black_box(solve(&settings))),
            );
        }
        let plain = Settings {
            method: Method::Iteration,
            max_iterations: 20_000_000,
            ..Settings::default()
        };
        report(gap, "plain iteration", &solve(&plain));
    }
    group.finish();
}

criterion_group!(benches, near_critical);
criterion_main!(benches);
