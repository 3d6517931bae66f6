//! The same bits whatever the number of threads, in a batch as alone, boxed or not, with vector instructions or without.

use delever::cascade::{CascadeError, Summary};
use delever::core::{Claims, ImpactModel, Rule, Strategy};
use delever::io::generate::Generator;
use delever::prelude::*;
use std::sync::Arc;

/// What the bits of all answers below come to: on every machine, with every choice of vector instructions, and in a build without
/// any (`cargo test -p delever-tests --features portable`). It changes when an operation of the engine does.
const DIGEST: u64 = 0x7eee_f077_a27a_8911;

#[test]
fn bits_do_not_depend_on_threads_or_batches() {
    // More institutions than two chunks of the fixed summation shape hold.
    let generator = Generator {
        institutions: 9_000,
        assets: 40,
        seed: 5,
        ..Generator::default()
    };
    let synthetic = generator.generate().expect("valid sizes");
    let (system, graph) = (
        synthetic.system().expect("valid"),
        synthetic.graph().expect("valid"),
    );
    let cascade = Cascade::new(&system, &graph, synthetic.models(&graph)).expect("models fit");
    let shocks: Vec<Shock> = (0..6)
        .map(|n| {
            let mut shock = synthetic.shock(&system);
            shock
                .prices
                .iter_mut()
                .for_each(|change| *change *= 0.1 * f64::from(n));
            shock
        })
        .collect();
    let settings = Settings::default();
    let alone: Vec<_> = shocks
        .iter()
        .map(|shock| cascade.solve(shock, Select::Both, &settings).expect("fits"))
        .collect();
    assert!(alone.iter().any(|solved| {
        solved
            .greatest
            .as_ref()
            .is_some_and(|best| best.totals.sold_value > 0.0)
    }));
    for threads in [1, 2, 3, 4, 8] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("a pool");
        let batch = pool.install(|| cascade.solve_batch(&shocks, Select::Both, &settings));
        for (one, batched) in alone.iter().zip(batch) {
            assert_eq!(*one, batched.expect("fits"), "{threads} threads");
        }
    }
}

/// Models behind two more pointers each, so that every call is dynamic twice.
fn boxed(models: Models) -> Models {
    let rules = models.rules.into_iter().map(|block| RuleBlock {
        rule: Box::new(Arc::new(block.rule)) as Box<dyn Rule>,
        ..block
    });
    Models {
        impact: Box::new(Arc::new(models.impact)) as Box<dyn ImpactModel>,
        rules: rules.collect(),
        strategy: Box::new(Arc::new(models.strategy)) as Box<dyn Strategy>,
        claims: Box::new(Arc::new(models.claims)) as Box<dyn Claims>,
        ..models
    }
}

/// Fowler, Noll and Vo's hash of the bits of a summary's figures.
fn digest(hash: u64, summary: &Summary) -> u64 {
    let totals = &summary.totals;
    let figures = [
        totals.equity,
        totals.loss_shock,
        totals.loss_fire_sale,
        totals.loss_contagion,
        totals.sold_value,
    ];
    let width = summary.certificate.width.unwrap_or(f64::NAN);
    let all = summary
        .prices
        .iter()
        .chain(&figures)
        .chain([&width, &summary.certificate.residual]);
    all.fold(hash, |hash, figure| {
        figure
            .to_bits()
            .to_le_bytes()
            .into_iter()
            .fold(hash, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            })
    })
}

#[test]
fn two_hundred_scenarios_have_one_set_of_bits() {
    let settings = Settings::default();
    let pools: Vec<_> = [1, 2, 3, 4, 8]
        .into_iter()
        .map(|threads| {
            rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .expect("a pool")
        })
        .collect();
    let mut hash = 0xcbf2_9ce4_8422_2325;
    let (mut scenarios, mut sold) = (0, 0.0);
    for seed in 0..10 {
        let generator = Generator {
            institutions: 30 + 7 * seed as usize,
            assets: 12 + seed as usize,
            seed,
            ..Generator::default()
        };
        let synthetic = generator.generate().expect("valid sizes");
        let (system, graph) = (
            synthetic.system().expect("valid"),
            synthetic.graph().expect("valid"),
        );
        let plain = Cascade::new(&system, &graph, synthetic.models(&graph)).expect("models fit");
        let boxed = Cascade::new(&system, &graph, boxed(synthetic.models(&graph))).expect("models fit");
        let shocks: Vec<Shock> = (0..20)
            .map(|n| {
                let mut shock = synthetic.shock(&system);
                for (asset, change) in shock.prices.iter_mut().enumerate() {
                    *change *= 0.15 * f64::from(n % 11) * (0.8 + 0.1 * ((asset * 7 + n as usize) % 5) as f64);
                }
                shock
            })
            .collect();
        let alone: Vec<Result<Summary, CascadeError>> = shocks
            .iter()
            .map(|shock| {
                let solved = plain.solve(shock, Select::Greatest, &settings)?;
                Ok(Summary::from(solved.greatest.expect("asked for")))
            })
            .collect();
        for pool in &pools {
            for cascade in [&plain, &boxed] {
                let swept = pool.install(|| cascade.sweep(&shocks, &settings));
                assert_eq!(
                    alone,
                    swept,
                    "seed {seed}, {} threads",
                    pool.current_num_threads()
                );
            }
        }
        for summary in alone.iter().map(|summary| summary.as_ref().expect("fits")) {
            hash = digest(hash, summary);
            scenarios += 1;
            sold += summary.totals.sold_value;
        }
    }
    assert_eq!(scenarios, 200);
    assert!(sold > 0.0, "somebody sells, or nothing is tested");
    assert_eq!(hash, DIGEST, "the bits of 200 scenarios: {hash:#x}");
}
