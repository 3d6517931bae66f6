//! Measures the engine beside the naive one and the machine's bandwidth, prints the ratios and writes them as JSON.

use clap::Parser;
use delever_benches::report::{self, Effort, Report};
use delever_benches::workload::Size;
use std::error::Error;
use std::path::{Path, PathBuf};

/// Speed and memory of the engine: one run, one table, one JSON file
#[derive(Debug, Parser)]
#[command(name = "bench-report")]
struct Arguments {
    /// Where the figures are written
    #[arg(long, value_name = "FILE", default_value = "target/bench-report.json")]
    json: PathBuf,
    /// Fewer repetitions and scenarios
    #[arg(long)]
    quick: bool,
    /// Threads of the engine
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Measure only parts whose names begin so: bandwidth, solve-S, solve-M, solve-L, solve-X, batch-S, batch-M, tipping,
    /// memory-S, memory-M, memory-L, memory-X; may be repeated
    #[arg(long, value_name = "NAME", num_args = 1..)]
    only: Vec<String>,
    /// Measure the peak memory of this size in this process and print it as JSON
    #[arg(long, value_name = "SIZE", hide = true)]
    memory: Option<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    rayon::ThreadPoolBuilder::new()
        .num_threads(arguments.threads)
        .build_global()?;
    if let Some(name) = arguments.memory {
        let size = Size::named(&name).ok_or_else(|| format!("no size is named {name}"))?;
        println!("{}", serde_json::to_string(&report::memory(size))?);
        return Ok(());
    }
    let effort = if arguments.quick {
        Effort::QUICK
    } else {
        Effort::FULL
    };
    let wanted = |part: &str| {
        arguments.only.is_empty() || arguments.only.iter().any(|only| part.starts_with(only.as_str()))
    };
    let mut report = report::report(&effort, arguments.threads, wanted, |part| {
        eprintln!("measuring {part}");
    });
    report.quick = arguments.quick;
    report::print(&report);
    write(&report, &arguments.json)?;
    println!("\nwritten to {}", arguments.json.display());
    Ok(())
}

fn write(report: &Report, path: &Path) -> Result<(), Box<dyn Error>> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, serde_json::to_string_pretty(report)? + "\n")?;
    Ok(())
}
