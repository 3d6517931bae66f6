//! One cascade and batches of them, each beside the naive engine on the same input in the same run.
//!
//! Two shocks: an average scenario, in which prices fall by 2 %, and a severe one, in which they fall by 4 % and the cascade
//! creeps, because each round of sales breeds nearly another.
//!
//! `cargo bench` prints times; the ratios of neighbouring lines are what counts. The naive engine is the straightforward
//! program that one would write first: lists of pairs, plain iteration to the same width, no proof. Ours includes the proof.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use delever::prelude::*;
use delever_benches::engine::{self, BATCH_TOLERANCE, ITERATION_LIMIT, SINGLE_TOLERANCE};
use delever_benches::workload::{Size, Workload};
use delever_testkit::naive::large::{self, LargeSystem};
use delever_testkit::reference::shared_file;
use std::hint::black_box;
use std::time::Duration;

/// Shocks by their common normal number.
const SHOCKS: [(&str, f64); 2] = [("average shock", 0.0), ("severe shock", -2.0)];

fn one_cascade(criterion: &mut Criterion) {
    for (size, samples) in [(Size::S, 100), (Size::M, 30), (Size::L, 10)] {
        let workload = Workload::new(size);
        let cascade = workload.cascade();
        for (name, common) in SHOCKS {
            let shock = workload.shock_of(common);
            let naive = workload.naive(&shock);
            let mut group = criterion.benchmark_group(format!("one cascade, {name}"));
            group
                .sample_size(samples)
                .measurement_time(Duration::from_secs(5));
            group.bench_function(BenchmarkId::new("certified", size.name()), |bencher| {
                bencher.iter(|| engine::single(&cascade, black_box(&shock), SINGLE_TOLERANCE));
            });
            group.bench_function(BenchmarkId::new("naive", size.name()), |bencher| {
                bencher.iter(|| large::solve(black_box(&naive), SINGLE_TOLERANCE, ITERATION_LIMIT));
            });
            group.finish();
        }
    }
}

/// 48 banks of the EBA's 2018 exercise, where the shared folder stands beside the project.
fn real_banks(criterion: &mut Criterion) {
    let Some(path) = shared_file("data/eba2018/leverage_cap.toml") else {
        eprintln!("SKIPPED: the shared folder is absent, so the EBA 2018 banks are not measured");
        return;
    };
    let registry = registry();
    let loaded = load(&path, &registry, &LoadOptions::default()).expect("valid data");
    let cascade = loaded.cascade(&registry).expect("models fit");
    criterion.bench_function("EBA 2018, 48 banks/certified", |bencher| {
        bencher.iter(|| engine::single(&cascade, black_box(&loaded.shock), SINGLE_TOLERANCE));
    });
}

fn batch(criterion: &mut Criterion) {
    const SCENARIOS: u64 = 1_024;
    let workload = Workload::new(Size::S);
    let cascade = workload.cascade();
    let shocks = workload.shocks(0..SCENARIOS);
    let naive: Vec<LargeSystem> = shocks.iter().map(|shock| workload.naive(shock)).collect();
    let mut group = criterion.benchmark_group("batch of 1,024 scenarios on S");
    group.sample_size(10).throughput(Throughput::Elements(SCENARIOS));
    group.bench_function("certified", |bencher| {
        bencher.iter(|| engine::batch(&cascade, black_box(&shocks)));
    });
    group.bench_function("naive", |bencher| {
        bencher.iter(|| {
            let answers = naive
                .iter()
                .map(|one| large::solve(black_box(one), BATCH_TOLERANCE, ITERATION_LIMIT));
            answers.map(|answer| answer.iterations).sum::<u64>()
        });
    });
    group.finish();
}

criterion_group!(benches, real_banks, one_cascade, batch);
criterion_main!(benches);
