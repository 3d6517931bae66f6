//! The report for people.

use super::{Batch, Report, Single};
use comfy_table::{CellAlignment, Table, presets};

/// Prints all parts that were measured.
pub fn print(report: &Report) {
    let quick = if report.quick { ", quick" } else { "" };
    let machine = &report.machine;
    println!(
        "{}, {} cores, {} threads used{quick}; times are the fastest of several",
        machine.processor.as_deref().unwrap_or("unknown processor"),
        machine.cores,
        report.threads
    );
    if let Some(load) = machine.load.filter(|&load| load > 0.5) {
        println!("the machine was busy when this began (load {load:.1} in the last minute): times are noisy");
    }
    if let Some(bandwidth) = &report.bandwidth {
        println!(
            "read bandwidth: {:.1} GB/s on one thread, {:.1} on {}",
            bandwidth.one_thread * 1e-9,
            bandwidth.all_threads * 1e-9,
            report.threads
        );
    }
    if !report.single.is_empty() {
        singles(&report.single);
    }
    if !report.batch.is_empty() {
        batches(&report.batch);
    }
    if !report.near_tipping.is_empty() {
        let rows = report.near_tipping.iter().map(|near| {
            vec![
                format!("{} {:.0e}", near.system, near.distance),
                format!("{:.0e}", near.tolerance),
                near.status.clone(),
                width(near.width),
                near.iterations.to_string(),
                number(near.milliseconds),
            ]
        });
        table(
            "NEAR THE TIPPING POINT",
            &["system", "asked width", "status", "width", "iterations", "ms"],
            rows,
        );
    }
    if !report.memory.is_empty() {
        let rows = report.memory.iter().map(|memory| {
            if let Some(why) = &memory.unavailable {
                return vec![memory.size.clone(), format!("not measured: {}", why.trim())];
            }
            let megabytes = |bytes: u64| number(bytes as f64 * 1e-6);
            vec![
                memory.size.clone(),
                megabytes(memory.compile_bytes),
                megabytes(memory.cascade_bytes),
                megabytes(memory.solve_bytes),
                number(memory.solve_bytes_per_entry),
                number(memory.bytes_per_entry),
            ]
        });
        table(
            "PEAK MEMORY above the input",
            &[
                "size",
                "compiling MB",
                "compiled MB",
                "solve MB",
                "solve B/entry",
                "in all B/entry",
            ],
            rows,
        );
    }
    if !report.goals.is_empty() {
        let rows = report.goals.iter().map(|goal| {
            vec![
                goal.what.clone(),
                number(goal.measured),
                number(goal.goal),
                number(goal.ratio),
                if goal.met { "met" } else { "missed" }.to_owned(),
            ]
        });
        table("GOALS", &["figure", "measured", "goal", "ratio", ""], rows);
    }
}

fn singles(singles: &[Single]) {
    let rows = singles.iter().map(|one| {
        vec![
            one.size.to_owned(),
            one.entries.to_string(),
            one.status.clone(),
            width(one.width),
            number(one.milliseconds),
            format!("{} ({})", one.passes, one.passes.saturating_sub(one.iterations)),
            number(one.nanoseconds_per_entry_and_pass),
            number(one.naive.milliseconds),
            number(one.naive.iterations),
            number(one.naive.nanoseconds_per_entry_and_iteration),
            number(one.naive_over_solve),
            format!("{:.0e}", one.difference),
        ]
    });
    table(
        "ONE SOLVE to 1e-12, average shock",
        &[
            "size",
            "entries",
            "status",
            "width",
            "ms",
            "passes (proof)",
            "ns/entry/pass",
            "naive ms",
            "naive iterations",
            "naive ns/entry/iteration",
            "naive/solve",
            "difference",
        ],
        rows,
    );
    let rows = singles.iter().map(|one| {
        vec![
            one.size.to_owned(),
            one.threads.to_string(),
            number(one.row_bytes as f64 * 1e-6),
            number(one.read_milliseconds),
            number(one.read_again_milliseconds),
            number(one.bare_pass_milliseconds),
            number(one.rough_pass_milliseconds),
            number(one.sharp_pass_milliseconds),
            number(one.bare_pass_over_read),
            number(one.bare_pass_over_read_again),
            number(one.solve_over_read),
            number(one.solve_over_bare_pass),
        ]
    });
    table(
        "ONE PASS; \"read\" is reading its rows at the bandwidth above, \"again\" from whatever cache they fit into",
        &[
            "size",
            "threads",
            "rows MB",
            "read ms",
            "again ms",
            "pass ms",
            "rough ms",
            "sharp ms",
            "pass/read",
            "pass/again",
            "solve/passes/read",
            "solve/pass",
        ],
        rows,
    );
}

fn batches(batches: &[Batch]) {
    let rows = batches.iter().map(|batch| {
        vec![
            batch.size.to_owned(),
            batch.scenarios.to_string(),
            batch.certified.to_string(),
            number(batch.microseconds_per_scenario),
            optional(batch.processor_microseconds_per_scenario),
            number(batch.iterations),
            number(batch.nanoseconds_per_entry_and_iteration),
            number(batch.nanoseconds_per_entry_and_naive_iteration),
            number(batch.naive.milliseconds * 1e3),
            number(batch.naive.iterations),
            number(batch.naive.nanoseconds_per_entry_and_iteration),
            number(batch.naive_over_batch),
            optional(batch.processor_naive_over_batch),
            format!("{:.0e}", batch.difference),
        ]
    });
    table(
        "BATCHES to 1e-10, the naive engine on all threads too; processor time is divided by the threads",
        &[
            "size",
            "scenarios",
            "certified",
            "us/scenario",
            "processor us",
            "iterations",
            "ns/entry/iteration",
            "ns/entry/naive iteration",
            "naive us",
            "naive iterations",
            "naive ns/entry/iteration",
            "naive/batch",
            "by processor",
            "difference",
        ],
        rows,
    );
}

fn table(title: &str, header: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    println!("\n{title}");
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(header.to_vec());
    for n in 0..header.len() {
        if let Some(column) = table.column_mut(n) {
            column.set_padding((0, 2));
            column.set_cell_alignment(if n == 0 {
                CellAlignment::Left
            } else {
                CellAlignment::Right
            });
        }
    }
    for row in rows {
        table.add_row(row);
    }
    println!("{table}");
}

fn width(width: Option<f64>) -> String {
    width.map_or("none".to_owned(), |width| format!("{width:.1e}"))
}

fn optional(value: Option<f64>) -> String {
    value.map_or("?".to_owned(), number)
}

/// Three digits.
fn number(value: f64) -> String {
    let digits = if value == 0.0 {
        0
    } else {
        (2.0 - value.abs().log10().floor()).clamp(0.0, 9.0) as usize
    };
    format!("{value:.digits$}")
}
