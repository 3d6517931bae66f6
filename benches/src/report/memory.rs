//! Peak memory of one solve above its input, measured in a process of its own.
//!
//! The peak of a process is never lowered but by writing 5 to `/proc/self/clear_refs`, and memory that the allocator keeps for
//! reuse would hide what is asked for next. So each size gets a process, whose allocator returns what is freed at once.

use crate::engine::{self, SINGLE_TOLERANCE};
use crate::workload::{Size, Workload};
use delever::prelude::Cascade;
use serde::{Deserialize, Serialize};
use std::process::Command;

/// The flag that makes the report's program measure memory and print it as JSON.
pub const MEMORY_FLAG: &str = "--memory";

/// Peak memory of one size above its input: balance sheets, holdings, debts and the models' parameters.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Memory {
    /// Name of the size.
    pub size: String,
    /// Holdings and debts.
    pub entries: usize,
    /// Why nothing could be measured; `None` where it was.
    pub unavailable: Option<String>,
    /// Peak while the cascade is compiled, above the input, bytes.
    pub compile_bytes: u64,
    /// What the compiled cascade keeps, bytes.
    pub cascade_bytes: u64,
    /// Peak of the solve above the input and the compiled cascade, bytes.
    pub solve_bytes: u64,
    /// The larger of both peaks above the input, by entry.
    pub bytes_per_entry: f64,
    /// Peak of the solve above the input and the compiled cascade, by entry.
    pub solve_bytes_per_entry: f64,
}

impl Memory {
    fn unavailable(size: Size, why: String) -> Self {
        Self {
            size: size.name().to_owned(),
            entries: size.entries(),
            unavailable: Some(why),
            compile_bytes: 0,
            cascade_bytes: 0,
            solve_bytes: 0,
            bytes_per_entry: 0.0,
            solve_bytes_per_entry: 0.0,
        }
    }
}

/// Measures one size in a new process.
pub fn memory_of_child(size: Size) -> Memory {
    let run = || {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let output = Command::new(program)
            .args([MEMORY_FLAG, size.name()])
            .env("MALLOC_MMAP_THRESHOLD_", "65536")
            .env("MALLOC_TRIM_THRESHOLD_", "0")
            .output()
            .map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
    };
    run().unwrap_or_else(|why| Memory::unavailable(size, why))
}

/// Measures one size in this process.
pub fn memory(size: Size) -> Memory {
    measured(size).unwrap_or_else(|why| Memory::unavailable(size, why))
}

fn measured(size: Size) -> Result<Memory, String> {
    let workload = Workload::new(size);
    let shock = workload.average_shock();
    let models = workload.models();
    forget_peak()?;
    let input = status("VmRSS")?;
    let cascade = Cascade::new(workload.system(), workload.graph(), models).expect("models fit");
    let compile_peak = status("VmHWM")?;
    forget_peak()?;
    let compiled = status("VmRSS")?;
    let outcome = engine::single(&cascade, &shock, SINGLE_TOLERANCE);
    let solve_peak = status("VmHWM")?;
    drop(outcome);
    let above = |peak: u64, base: u64| peak.saturating_sub(base);
    let entries = size.entries();
    Ok(Memory {
        size: size.name().to_owned(),
        entries,
        unavailable: None,
        compile_bytes: above(compile_peak, input),
        cascade_bytes: above(compiled, input),
        solve_bytes: above(solve_peak, compiled),
        bytes_per_entry: above(compile_peak.max(solve_peak), input) as f64 / entries as f64,
        solve_bytes_per_entry: above(solve_peak, compiled) as f64 / entries as f64,
    })
}

/// Makes the memory in use now the peak.
fn forget_peak() -> Result<(), String> {
    std::fs::write("/proc/self/clear_refs", "5").map_err(|error| format!("/proc/self/clear_refs: {error}"))
}

/// A size in `/proc/self/status`, bytes.
fn status(field: &str) -> Result<u64, String> {
    let status = std::fs::read_to_string("/proc/self/status")
        .map_err(|error| format!("/proc/self/status: {error}"))?;
    let kilobytes = status.lines().find_map(|line| {
        let rest = line.strip_prefix(field)?.strip_prefix(':')?;
        rest.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()
    });
    kilobytes
        .map(|kilobytes| 1024 * kilobytes)
        .ok_or_else(|| format!("/proc/self/status has no {field}"))
}
