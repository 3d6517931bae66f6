//! The rounds engine at its heaviest: 50 rounds in all of which all of 10,000 funds sell all of their 300,000 holdings in part.

use criterion::{Criterion, criterion_group, criterion_main};
use delever::cascade::rounds::RoundsSettings;
use delever::cascade::{Cascade, Models, RuleBlock, Shock};
use delever::core::{Execution, NoColumns, PerAsset, PerInstitution};
use delever::impact::{DepthRow, Exponential};
use delever::network::ContagionGraphBuilder;
use delever::network::clearing::FaceValue;
use delever::portfolio::rules::{Redemption, RedemptionRow};
use delever::portfolio::strategies::ProRata;
use delever::portfolio::{Institution, System, SystemBuilder};
use delever_benches::draws::Draws;
use std::hint::black_box;

const INSTITUTIONS: usize = 10_000;
const ASSETS: usize = 1_000;
const HOLDINGS_EACH: usize = 30;

/// Everyone holds thirty assets and owes a third of what it owns.
fn system() -> System {
    let mut draws = Draws::new(7, 0);
    let mut builder = SystemBuilder::new();
    for asset in 0..ASSETS {
        builder.asset(&format!("{asset:04}"), 1.0);
    }
    for institution in 0..INSTITUTIONS {
        let name = format!("{institution:05}");
        let mut held = 0.0;
        for _ in 0..HOLDINGS_EACH {
            let asset = draws.below(ASSETS);
            let units = draws.between(1.0, 10.0);
            held += units;
            builder.holding(&name, &format!("{asset:04}"), units);
        }
        let institution = Institution {
            cash: 0.1 * held,
            external_liabilities: held * draws.between(0.3, 0.4),
            ..Institution::default()
        };
        builder.institution(&name, institution);
    }
    builder.build().expect("valid")
}

fn rounds(criterion: &mut Criterion) {
    let system = system();
    let graph = ContagionGraphBuilder::new(INSTITUTIONS)
        .build()
        .expect("no debts");
    let row = RedemptionRow {
        base_flow: 0.02,
        ..RedemptionRow::sensitivity(0.0)
    };
    let models = Models {
        impact: Box::new(PerAsset::new(
            Exponential,
            vec![DepthRow { depth: 20_000.0 }; ASSETS],
        )),
        execution: Execution::Terminal,
        rules: vec![RuleBlock {
            name: String::new(),
            rule: Box::new(PerInstitution::new(
                Redemption,
                vec![row; INSTITUTIONS],
                vec![NoColumns::default(); ASSETS],
            )),
            members: (0..INSTITUTIONS as u32).collect(),
        }],
        strategy: Box::new(ProRata),
        claims: Box::new(FaceValue::new(INSTITUTIONS)),
    };
    let cascade = Cascade::new(&system, &graph, models).expect("models fit");
    let mut shock = Shock::none(&system);
    shock.prices.fill(-0.01);
    let settings = RoundsSettings {
        max_rounds: 50,
        ..RoundsSettings::default()
    };
    let run = || cascade.run_rounds(&shock, &settings).expect("shock fits");
    let outcome = run();
    eprintln!(
        "{} holdings, {} rounds, {} sellers in the first and {} in the last, {:?}, {:.0} sold",
        system.holdings().entry_count(),
        outcome.rounds.len() - 1,
        outcome.rounds[1].sellers,
        outcome.rounds[outcome.rounds.len() - 2].sellers,
        outcome.status,
        outcome.totals.sold_value
    );
    let mut group = criterion.benchmark_group("rounds");
    group.sample_size(10);
    group.bench_function("50 rounds, 10,000 institutions, 1,000 assets", |bencher| {
        bencher.iter(|| black_box(run()));
    });
    group.finish();
}

criterion_group!(benches, rounds);
criterion_main!(benches);
