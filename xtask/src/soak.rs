//! `cargo xtask soak`: the laws on cases that nobody chose.
//!
//! `--minutes N` draws from fresh seeds until the time is over (10; a seed that is begun is finished), `--seed S` begins with
//! this one, `--seeds N` ends after so many, `--cases N` draws so many cases of each law and seed (10,000), `--only LAW` runs
//! tests whose names contain the word.
//!
//! A case that fails is kept by the test that draws it, in a file of a folder `regressions` or `proptest-regressions`. Every
//! later run draws it first: commit the file with the repair.

use serde_json::Value;
use std::hash::BuildHasher;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

struct Options {
    seed: Option<u64>,
    seeds: u64,
    minutes: f64,
    cases: u32,
    only: Option<String>,
}

impl Options {
    fn read(arguments: &[String]) -> Result<Self, String> {
        let mut options = Self {
            seed: None,
            seeds: u64::MAX,
            minutes: 10.0,
            cases: 10_000,
            only: None,
        };
        let mut arguments = arguments.iter();
        while let Some(name) = arguments.next() {
            let value = arguments
                .next()
                .ok_or_else(|| format!("`{name}` needs a value"))?;
            let wrong = || format!("`{name} {value}`: not a number that it can take");
            match name.as_str() {
                "--seed" => options.seed = Some(value.parse().map_err(|_| wrong())?),
                "--seeds" => options.seeds = value.parse().map_err(|_| wrong())?,
                "--minutes" => options.minutes = value.parse().map_err(|_| wrong())?,
                "--cases" => options.cases = value.parse().map_err(|_| wrong())?,
                "--only" => options.only = Some(value.clone()),
                _ => {
                    return Err(format!(
                        "no option `{name}`; options are: --seed S, --seeds N, --minutes N, --cases N, --only LAW"
                    ));
                }
            }
        }
        Ok(options)
    }
}

/// A binary of tests.
struct Binary {
    executable: PathBuf,
    folder: PathBuf,
    /// How cargo is told to run it.
    flags: String,
}

/// Draws until the time is over; returns what failed, and how to see it again.
pub fn run(root: &Path, arguments: &[String]) -> Vec<String> {
    let options = match Options::read(arguments) {
        Ok(options) => options,
        Err(problem) => return vec![problem],
    };
    let binaries = match build(root) {
        Ok(binaries) => binaries,
        Err(problem) => return vec![problem],
    };
    let begin = Instant::now();
    let time = Duration::from_secs_f64((options.minutes * 60.0).clamp(0.0, 1e9));
    let mut problems = Vec::new();
    // Random, without a generator or a clock.
    let fresh = || std::hash::RandomState::new().hash_one(0);
    let mut seed = options.seed.unwrap_or_else(fresh);
    for _ in 0..options.seeds {
        let (mut passed, mut failed) = (0, 0);
        for binary in &binaries {
            let outcome = draw(binary, seed, &options);
            passed += outcome.passed;
            failed += outcome.failed.len();
            problems.extend(outcome.failed);
        }
        println!(
            "seed {seed}: {passed} tests passed, {failed} failed, {} s",
            begin.elapsed().as_secs()
        );
        if begin.elapsed() >= time {
            break;
        }
        seed = fresh();
    }
    if !problems.is_empty() {
        problems.extend(kept(root));
    }
    problems
}

/// The binaries of all packages that draw cases.
fn build(root: &Path) -> Result<Vec<Binary>, String> {
    let built = Command::new("cargo")
        .current_dir(root)
        .args([
            "test",
            "--workspace",
            "--locked",
            "--no-run",
            "--message-format=json-render-diagnostics",
        ])
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cargo did not start: {error}"))?;
    if !built.status.success() {
        return Err("the tests do not build".to_owned());
    }
    let messages = String::from_utf8_lossy(&built.stdout);
    let binaries = messages.lines().filter_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let executable = message["executable"].as_str()?;
        let manifest = PathBuf::from(message["manifest_path"].as_str()?);
        let target = message["target"]["name"].as_str()?;
        let kind = message["target"]["kind"][0].as_str()?;
        let of_tests = message["profile"]["test"].as_bool()?;
        let described: toml::Table = std::fs::read_to_string(&manifest).ok()?.parse().ok()?;
        let package = described.get("package")?.get("name")?.as_str()?.to_owned();
        let dependencies = ["dependencies", "dev-dependencies"];
        let draws = dependencies.iter().any(|section| {
            described
                .get(*section)
                .is_some_and(|table| table.get("proptest").is_some())
        });
        let target = match kind {
            "test" => format!("--test {target}"),
            _ => "--lib".to_owned(),
        };
        (of_tests && draws && target != "--test same_bits").then(|| Binary {
            executable: executable.into(),
            folder: manifest.parent().unwrap_or(root).to_owned(),
            flags: format!("-p {package} {target}"),
        })
    });
    Ok(binaries.collect())
}

struct Drawn {
    passed: usize,
    failed: Vec<String>,
}

/// Runs one binary from one seed.
fn draw(binary: &Binary, seed: u64, options: &Options) -> Drawn {
    let output = Command::new(&binary.executable)
        .current_dir(&binary.folder)
        .env("PROPTEST_CASES", options.cases.to_string())
        .env("PROPTEST_RNG_SEED", seed.to_string())
        .env("RUST_BACKTRACE", "0")
        .args(&options.only)
        .output();
    let output = match output {
        Ok(output) => output,
        Err(error) => {
            return Drawn {
                passed: 0,
                failed: vec![format!("{} did not start: {error}", binary.executable.display())],
            };
        }
    };
    let text = String::from_utf8_lossy(&output.stdout);
    let ended = |how: &str| {
        let how = format!(" ... {how}");
        let names = text
            .lines()
            .filter_map(move |line| line.strip_prefix("test ")?.strip_suffix(&how));
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    let again = |name: &str| {
        format!(
            "{name} failed; again: PROPTEST_CASES={} PROPTEST_RNG_SEED={seed} cargo test {} -- --exact {name}",
            options.cases, binary.flags
        )
    };
    let mut failed: Vec<String> = ended("FAILED").iter().map(|name| again(name)).collect();
    if !output.status.success() {
        println!("{text}");
        if failed.is_empty() {
            failed.push(format!("{} ended with {}", binary.flags, output.status));
        }
    }
    Drawn {
        passed: ended("ok").len(),
        failed,
    }
}

/// Files with cases that failed and are not committed yet.
fn kept(root: &Path) -> Vec<String> {
    let status = Command::new("git")
        .current_dir(root)
        .args(["status", "--porcelain", "--untracked-files=all"])
        .output();
    let Ok(status) = status else {
        return Vec::new();
    };
    let text = String::from_utf8_lossy(&status.stdout);
    let files = text.lines().filter_map(|line| line.get(3..));
    files
        .filter(|file| file.contains("regressions/"))
        .map(|file| format!("{file} holds cases that failed: commit it with the repair"))
        .collect()
}
