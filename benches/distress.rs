//! DebtRank of every institution's failure alone: in parallel over exposures, and by the dense definition.

use criterion::{Criterion, criterion_group, criterion_main};
use delever::core::SparseRows;
use delever::network::distress::{Exposures, SpreadSettings, Transmission};
use delever_benches::draws::Draws;
use std::hint::black_box;

const INSTITUTIONS: usize = 1_000;
const BORROWERS_EACH: usize = 10;

/// Claims of 1 to 10 on ten borrowers each, drawn at random, and buffers that leave stress room to spread.
fn network() -> (SparseRows, Vec<f64>) {
    let mut draws = Draws::new(1, 0);
    let mut triplets = Vec::new();
    for lender in 0..INSTITUTIONS {
        for _ in 0..BORROWERS_EACH {
            let borrower = draws.below(INSTITUTIONS);
            if borrower != lender {
                triplets.push((lender as u32, borrower as u32, (1 + draws.below(10)) as f64));
            }
        }
    }
    let claims = SparseRows::from_triplets(INSTITUTIONS, INSTITUTIONS, &triplets);
    (claims, vec![80.0; INSTITUTIONS])
}

fn dense(exposed: &[f64], buffers: &[f64], failed: usize) -> f64 {
    let count = buffers.len();
    let (mut stress, mut sent) = (vec![0.0; count], vec![0.0; count]);
    stress[failed] = 1.0;
    loop {
        let now: Vec<f64> = stress
            .iter()
            .zip(&sent)
            .map(|(s, sent): (&f64, &f64)| s.min(1.0) - sent)
            .collect();
        let mut change = 0.0;
        for (lender, row) in exposed.chunks(count).enumerate() {
            let gain: f64 = row
                .iter()
                .zip(&now)
                .map(|(amount, sends)| amount * sends)
                .sum::<f64>()
                / buffers[lender];
            stress[lender] += gain;
            change += gain * gain;
        }
        sent.iter_mut().zip(&now).for_each(|(sent, now)| *sent += now);
        if change.sqrt() < 1e-12 {
            return stress.iter().sum();
        }
    }
}

fn every_failure(criterion: &mut Criterion) {
    let (claims, buffers) = network();
    let exposures = Exposures::new(&claims, &buffers).expect("valid");
    let mut exposed = vec![0.0; INSTITUTIONS * INSTITUTIONS];
    for (lender, borrower, amount) in claims.triplets() {
        exposed[lender as usize * INSTITUTIONS + borrower as usize] = amount;
    }
    let settings = SpreadSettings::default();
    let mut group = criterion.benchmark_group("distress");
    group.sample_size(10);
    group.bench_function("debtrank, 1,000 failures of 1,000", |bench| {
        bench.iter(|| exposures.each_failure(Transmission::DebtRank, &settings));
    });
    group.bench_function("debtrank, 10 failures of 1,000, dense", |bench| {
        bench.iter(|| {
            (0..10)
                .map(|failed| dense(&exposed, &buffers, black_box(failed)))
                .sum::<f64>()
        });
    });
    group.finish();
}

criterion_group!(benches, every_failure);
criterion_main!(benches);
