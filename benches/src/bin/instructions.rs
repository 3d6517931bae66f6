//! The kernels whose instructions `cargo xtask instructions` counts under callgrind: one function each, never inlined, called
//! once, after everything that it needs is made and warm.
//!
//! `instructions` lists the kernels, one to a line, and whether the processor has AVX2; `instructions NAME` runs one.

use delever::core::elementary::{exp, exp_side_by_side};
use delever::core::{ImpactModel, Market};
use delever::core::{LANES, Pack, PackedWork, vectorized};
use delever::prelude::*;
use delever::solver::Precision;
use delever_benches::engine::{self, BarePass, SINGLE_TOLERANCE};
use delever_benches::workload::{Size, Workload};
use std::error::Error;
use std::hint::black_box;

/// Scenarios of the small batch.
const SCENARIOS: u64 = 64;
/// Numbers whose exponentials are taken, and assets whose prices fall.
const SLICE: usize = 4_096;

/// Names of the kernels, which are those of the functions below.
const KERNELS: [&str; 9] = [
    "kernel_pass_nearest",
    "kernel_pass_rough",
    "kernel_pass_sharp",
    "kernel_value_rows",
    "kernel_exp",
    "kernel_exp_side_by_side",
    "kernel_impact",
    "kernel_solve",
    "kernel_batch",
];

/// One pass over M in ordinary rounding.
#[inline(never)]
fn kernel_pass_nearest(pass: &mut BarePass<'_>) {
    pass.nearest();
    black_box(pass);
}

/// One pass over M, rounded up with rough bounds.
#[inline(never)]
fn kernel_pass_rough(pass: &mut BarePass<'_>) {
    pass.above(Precision::Rough);
    black_box(pass);
}

/// One pass over M, rounded up with sharp bounds.
#[inline(never)]
fn kernel_pass_sharp(pass: &mut BarePass<'_>) {
    pass.above(Precision::Sharp);
    black_box(pass);
}

/// What every institution of M holds, valued row by row.
#[inline(never)]
fn kernel_value_rows(system: &System, values: &mut [f64]) {
    for (row, value) in values.iter_mut().enumerate() {
        *value = system.holdings().row(row).product_sum(system.prices());
    }
    black_box(values);
}

/// Exponentials of a slice.
#[inline(never)]
fn kernel_exp(numbers: &[f64], values: &mut [f64]) {
    for (number, value) in numbers.iter().zip(&mut *values) {
        *value = exp(*number);
    }
    black_box(values);
}

/// Exponentials of a slice, side by side.
#[inline(never)]
fn kernel_exp_side_by_side(numbers: &[f64], values: &mut [f64]) {
    vectorized(Exponentials {
        numbers,
        values: &mut *values,
    });
    black_box(values);
}

struct Exponentials<'s> {
    numbers: &'s [f64],
    values: &'s mut [f64],
}

impl PackedWork for Exponentials<'_> {
    type Output = ();

    #[inline(always)]
    fn run<P: Pack<Array = [f64; LANES]>>(self, like: P) {
        let numbers = self.numbers.as_chunks().0;
        let values = self.values.as_chunks_mut().0;
        for (numbers, values) in numbers.iter().zip(values) {
            *values = exp_side_by_side(like.load(*numbers)).lanes();
        }
    }
}

/// Prices of a slice of assets under exponential impact, as the engine asks for them.
#[inline(never)]
fn kernel_impact(model: &dyn ImpactModel, market: Market<'_>, sold: &[f64], prices: &mut [f64]) {
    model.prices_into(market, sold, prices);
    black_box(prices);
}

/// One solve of S, certified to 1e-12.
#[inline(never)]
fn kernel_solve(cascade: &Cascade<'_>, shock: &Shock) {
    black_box(engine::single(cascade, shock, SINGLE_TOLERANCE));
}

/// A batch of 64 scenarios on S, each certified to 1e-10.
#[inline(never)]
fn kernel_batch(cascade: &Cascade<'_>, shocks: &[Shock]) {
    black_box(engine::batch(cascade, shocks).each().count());
}

fn main() -> Result<(), Box<dyn Error>> {
    // All on this thread: what callgrind switches on at the kernel's entry, it would not see elsewhere.
    rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .use_current_thread()
        .build_global()?;
    let Some(kernel) = std::env::args().nth(1) else {
        println!("avx2 {}", has_avx2());
        for kernel in KERNELS {
            println!("kernel {kernel}");
        }
        return Ok(());
    };
    match kernel.as_str() {
        "kernel_pass_nearest" | "kernel_pass_rough" | "kernel_pass_sharp" => {
            let workload = Workload::new(Size::M);
            let cascade = workload.cascade();
            let mut pass = BarePass::new(&cascade, &workload.average_shock());
            // The memory of a rounding is made when it is first asked for.
            pass.above(Precision::Rough);
            pass.above(Precision::Sharp);
            match kernel.as_str() {
                "kernel_pass_nearest" => kernel_pass_nearest(&mut pass),
                "kernel_pass_rough" => kernel_pass_rough(&mut pass),
                _ => kernel_pass_sharp(&mut pass),
            }
        }
        "kernel_value_rows" => {
            let workload = Workload::new(Size::M);
            let system = workload.system();
            kernel_value_rows(system, &mut vec![0.0; system.institution_count()]);
        }
        "kernel_exp" => kernel_exp(&falling(), &mut vec![0.0; SLICE]),
        "kernel_exp_side_by_side" => kernel_exp_side_by_side(&falling(), &mut vec![0.0; SLICE]),
        "kernel_impact" => {
            let model = PerAsset::new(Exponential, vec![DepthRow { depth: 1.0 }; SLICE]);
            let sold: Vec<f64> = falling().iter().map(|number| -number).collect();
            let prices = vec![1.0; SLICE];
            kernel_impact(
                black_box(&model),
                Market::new(&prices, &prices),
                &sold,
                &mut vec![0.0; SLICE],
            );
        }
        "kernel_solve" => {
            let workload = Workload::new(Size::S);
            kernel_solve(&workload.cascade(), &workload.average_shock());
        }
        "kernel_batch" => {
            let workload = Workload::new(Size::S);
            kernel_batch(&workload.cascade(), &workload.shocks(0..SCENARIOS));
        }
        other => return Err(format!("no kernel is named {other}").into()),
    }
    Ok(())
}

/// Numbers from 0 down to nearly -1.
fn falling() -> Vec<f64> {
    (0..SLICE).map(|n| -(n as f64) / SLICE as f64).collect()
}

#[cfg(target_arch = "x86_64")]
fn has_avx2() -> bool {
    std::arch::is_x86_feature_detected!("avx2")
}

#[cfg(not(target_arch = "x86_64"))]
fn has_avx2() -> bool {
    false
}
