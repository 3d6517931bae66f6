//! The same bits whatever the number of threads, and in a batch as alone.

use delever::io::generate::Generator;
use delever::prelude::*;

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
