//! One cascade and batches of them, each beside the naive engine on the same input in the same run.
//!
//! Two markets: a deep one, where sales move prices a quarter as far, and a tense one, the default of `delever init`,
//! where the cascade creeps for a hundred steps and more because each round of sales breeds nearly another.
//!
//! `cargo bench` prints times; the ratios of neighbouring lines are what counts. The naive engine is the straightforward
//! program that one would write first: lists of pairs, plain iteration to 1e-12, no proof. Ours includes the proof.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use delever::core::SparseRows;
use delever::io::generate::{Generator, MAX_LEVERAGE, SyntheticSystem};
use delever::network::clearing::EisenbergNoeRow;
use delever::prelude::*;
use delever_testkit::naive::large::{self, LargeSystem};
use delever_testkit::reference::shared_file;
use std::hint::black_box;
use std::time::Duration;

/// A generated banking system with 30 holdings and 10 debts for each institution, in both engines' forms.
struct Workload {
    synthetic: SyntheticSystem,
    system: System,
    graph: ContagionGraph,
    shock: Shock,
}

impl Workload {
    fn new(institutions: usize, assets: usize, depth: f64) -> Self {
        let generator = Generator {
            institutions,
            assets,
            holdings_per_institution: 30,
            debts_per_institution: 10,
            ..Generator::default()
        };
        let mut synthetic = generator.generate().expect("valid sizes");
        for asset in &mut synthetic.assets {
            asset.depth *= depth;
        }
        let system = synthetic.system().expect("valid system");
        let graph = synthetic.graph().expect("valid graph");
        let shock = synthetic.shock(&system);
        Self {
            synthetic,
            system,
            graph,
            shock,
        }
    }

    /// The models of the default scenario, with external creditors pari passu as in the naive engine.
    fn cascade(&self) -> Cascade<'_> {
        let count = self.system.institution_count();
        let debts = match self.graph.debts() {
            [(_, only)] => only.clone(),
            _ => SparseRows::empty(count, count),
        };
        let external: Vec<f64> = self
            .system
            .institutions()
            .iter()
            .map(|i| i.external_liabilities)
            .collect();
        let rows = vec![EisenbergNoeRow::default(); count];
        let claims = Box::new(OneLayer::new(EisenbergNoe, rows, debts, &external));
        let models = Models {
            claims,
            ..self.synthetic.models(&self.graph)
        };
        Cascade::new(&self.system, &self.graph, models).expect("models fit")
    }

    fn naive(&self, shock: &Shock) -> LargeSystem {
        let count = self.system.institution_count();
        let rows = |matrix: &SparseRows| (0..count).map(|n| matrix.row(n).iter().collect()).collect();
        let institutions = self.system.institutions();
        LargeSystem {
            outside_assets: institutions.iter().map(|i| i.cash + i.other_assets).collect(),
            external_liabilities: institutions.iter().map(|i| i.external_liabilities).collect(),
            max_leverage: vec![MAX_LEVERAGE; count],
            holdings: rows(self.system.holdings()),
            debts: rows(&self.graph.debts()[0].1),
            initial_prices: self.system.prices().to_vec(),
            shocked_prices: shock.prices_after(&self.system),
            depths: self.synthetic.assets.iter().map(|a| a.depth).collect(),
        }
    }

    /// Shocks around the default one, each another by a fixed rule.
    fn shocks(&self, count: usize) -> Vec<Shock> {
        (0..count)
            .map(|n| {
                let mut shock = self.shock.clone();
                for (asset, change) in shock.prices.iter_mut().enumerate() {
                    *change -= 0.01 * ((n * 31 + asset * 17) % 101) as f64 / 101.0;
                }
                shock
            })
            .collect()
    }
}

const NAIVE_TOLERANCE: f64 = 1e-12;
const NAIVE_LIMIT: u64 = 100_000;

/// Markets by how much deeper they are than the default of the generator.
const MARKETS: [(&str, f64); 2] = [("deep market", 4.0), ("tense market", 1.0)];

fn one_cascade(criterion: &mut Criterion) {
    for (market, depth) in MARKETS {
        for (institutions, assets, samples) in [(50, 40, 100), (1_000, 500, 30), (100_000, 5_000, 10)] {
            let workload = Workload::new(institutions, assets, depth);
            let cascade = workload.cascade();
            let naive = workload.naive(&workload.shock);
            let mut group = criterion.benchmark_group(format!("one cascade, {market}"));
            group
                .sample_size(samples)
                .measurement_time(Duration::from_secs(5));
            group.bench_function(BenchmarkId::new("certified", institutions), |bencher| {
                bencher.iter(|| {
                    let shock = black_box(&workload.shock);
                    cascade
                        .solve(shock, Select::Greatest, &Settings::default())
                        .expect("fits")
                });
            });
            group.bench_function(BenchmarkId::new("naive", institutions), |bencher| {
                bencher.iter(|| large::solve(black_box(&naive), NAIVE_TOLERANCE, NAIVE_LIMIT));
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
        bencher.iter(|| {
            let shock = black_box(&loaded.shock);
            cascade
                .solve(shock, Select::Greatest, &Settings::default())
                .expect("fits")
        });
    });
}

fn batch(criterion: &mut Criterion) {
    const SCENARIOS: usize = 1_000;
    let workload = Workload::new(50, 40, MARKETS[0].1);
    let cascade = workload.cascade();
    let shocks = workload.shocks(SCENARIOS);
    let naive: Vec<LargeSystem> = shocks.iter().map(|shock| workload.naive(shock)).collect();
    let mut group = criterion.benchmark_group("batch of 1,000 scenarios, 50 institutions");
    group
        .sample_size(10)
        .throughput(Throughput::Elements(SCENARIOS as u64));
    group.bench_function("certified", |bencher| {
        bencher.iter(|| cascade.solve_batch(black_box(&shocks), Select::Greatest, &Settings::default()));
    });
    group.bench_function("naive", |bencher| {
        bencher.iter(|| {
            let answers = naive
                .iter()
                .map(|one| large::solve(black_box(one), NAIVE_TOLERANCE, NAIVE_LIMIT));
            answers.map(|answer| answer.iterations).sum::<u64>()
        });
    });
    group.finish();
}

criterion_group!(benches, real_banks, one_cascade, batch);
criterion_main!(benches);
