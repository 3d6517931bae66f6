//! Instructions of the kernels, counted by callgrind and compared with the committed baseline.
//!
//! Counts, unlike times, do not depend on what else the machine does. They do depend on the compiler and on the vector
//! instructions at hand, so the baseline names both, and elsewhere nothing is compared.

use serde_json::{Map, Value, json};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the baseline stands.
const BASELINE: &str = "benches/instructions.json";
/// Growth of a count over its baseline that counts as none, per cent.
const TOLERANCE: u64 = 3;

/// What counts depend on besides the code.
#[derive(Debug, PartialEq)]
struct Environment {
    rustc: String,
    target: String,
    avx2: bool,
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let avx2 = if self.avx2 { "with" } else { "without" };
        write!(f, "{} on {} {avx2} AVX2", self.rustc, self.target)
    }
}

/// Counts, and compares with the baseline, or writes it where the arguments say `--update`; returns what failed.
pub fn run(root: &Path, arguments: &[String]) -> Vec<String> {
    let update = match arguments {
        [] => false,
        [flag] if flag == "--update" => true,
        other => return vec![format!("unknown arguments {other:?}; --update is the only one")],
    };
    match measure_and_compare(root, update) {
        Ok(problems) => problems,
        Err(problem) => vec![problem],
    }
}

fn measure_and_compare(root: &Path, update: bool) -> Result<Vec<String>, String> {
    if let Err(why) = callgrind_works() {
        if update {
            return Err(format!("instructions cannot be counted, because {why}"));
        }
        println!("SKIPPED: instructions are not counted, because {why}");
        return Ok(Vec::new());
    }
    let (rustc, target) = compiler()?;
    let baseline = fs::read_to_string(root.join(BASELINE)).ok();
    if !update {
        // Before anything is built: another compiler makes other code.
        let text = baseline
            .as_ref()
            .ok_or_else(|| format!("{BASELINE} is not there; write it with --update"))?;
        let expected = environment_of(&parse(text)?)?;
        if (&expected.rustc, &expected.target) != (&rustc, &target) {
            println!(
                "SKIPPED: instructions are not counted, because the baseline is of {} on {}, and this is {rustc} on {target}",
                expected.rustc, expected.target
            );
            return Ok(Vec::new());
        }
    }
    let program = build(root)?;
    let (avx2, kernels) = kernels(&program)?;
    let environment = Environment { rustc, target, avx2 };
    if !update {
        let text = baseline.as_deref().unwrap_or_default();
        let expected = environment_of(&parse(text)?)?;
        if expected != environment {
            println!(
                "SKIPPED: instructions are not counted, because the baseline is of {expected}, and this is {environment}"
            );
            return Ok(Vec::new());
        }
    }
    let folder = program.with_file_name("callgrind");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let counts = kernels
        .iter()
        .map(|kernel| Ok((kernel.clone(), count(&program, kernel, &folder)?)))
        .collect::<Result<Vec<_>, String>>()?;
    let before = baseline.as_deref().map(parse).transpose()?;
    let problems = compare(&counts, before.as_ref());
    if update {
        write(root, &environment, &counts)?;
        println!("written to {BASELINE}");
        return Ok(Vec::new());
    }
    Ok(problems)
}

/// Prints counts beside the baseline's; returns which are missing from it or have grown.
fn compare(counts: &[(String, u64)], baseline: Option<&Value>) -> Vec<String> {
    let mut problems = Vec::new();
    println!(
        "{:<24}{:>14}{:>14}{:>10}",
        "kernel", "instructions", "baseline", "change"
    );
    for (kernel, count) in counts {
        let before = baseline.and_then(|baseline| baseline["kernels"][kernel.as_str()].as_u64());
        let Some(before) = before else {
            println!("{kernel:<24}{count:>14}{:>14}{:>10}", "-", "-");
            problems.push(format!(
                "{kernel} is not in {BASELINE}; write it with `cargo xtask instructions --update`"
            ));
            continue;
        };
        let change = *count as f64 / before as f64 - 1.0;
        println!("{kernel:<24}{count:>14}{before:>14}{:>+9.2}%", 100.0 * change);
        if 100 * count > (100 + TOLERANCE) * before {
            problems.push(format!(
                "{kernel} takes {:.1} % more instructions than {BASELINE} says; at most {TOLERANCE} % more are allowed",
                100.0 * change
            ));
        } else if 100 * count < (100 - TOLERANCE) * before {
            println!("  faster than the baseline: `cargo xtask instructions --update` keeps it so");
        }
    }
    let known = baseline.and_then(|baseline| baseline["kernels"].as_object());
    for kernel in known.into_iter().flat_map(Map::keys) {
        if !counts.iter().any(|(counted, _)| counted == kernel) {
            problems.push(format!("{kernel} is in {BASELINE} and there is no such kernel"));
        }
    }
    problems
}

fn write(root: &Path, environment: &Environment, counts: &[(String, u64)]) -> Result<(), String> {
    let kernels: Map<String, Value> = counts
        .iter()
        .map(|(kernel, count)| (kernel.clone(), json!(count)))
        .collect();
    let baseline = json!({
        "rustc": environment.rustc,
        "target": environment.target,
        "avx2": environment.avx2,
        "kernels": kernels,
    });
    fs::write(root.join(BASELINE), format!("{baseline:#}\n")).map_err(|error| format!("{BASELINE}: {error}"))
}

fn parse(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("{BASELINE}: {error}"))
}

fn environment_of(baseline: &Value) -> Result<Environment, String> {
    let text = |field: &str| {
        let value = baseline[field].as_str().map(str::to_owned);
        value.ok_or_else(|| format!("{BASELINE} names no `{field}`"))
    };
    Ok(Environment {
        rustc: text("rustc")?,
        target: text("target")?,
        avx2: baseline["avx2"]
            .as_bool()
            .ok_or_else(|| format!("{BASELINE} does not say whether there is AVX2"))?,
    })
}

/// What a command writes to its standard output, or why it failed.
fn output(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .map_err(|error| format!("{name} did not start: {error}"))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{name} ended with {}: {}", output.status, errors.trim()));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("{name}: {error}"))
}

fn callgrind() -> Command {
    let mut command = Command::new("valgrind");
    command.arg("--tool=callgrind");
    command
}

fn callgrind_works() -> Result<(), String> {
    output(callgrind().args(["--callgrind-out-file=/dev/null", "true"])).map(|_| ())
}

/// The compiler's version and the target that it compiles for by default.
fn compiler() -> Result<(String, String), String> {
    let version = output(Command::new("rustc").arg("-vV"))?;
    let field = |name: &str| {
        let value = version.lines().find_map(|line| line.strip_prefix(name));
        value
            .map(str::to_owned)
            .ok_or_else(|| format!("`rustc -vV` does not print `{name}`"))
    };
    Ok((
        version.lines().next().unwrap_or_default().to_owned(),
        field("host: ")?,
    ))
}

/// Builds the kernels' program; returns where it is.
fn build(root: &Path) -> Result<PathBuf, String> {
    let messages = output(
        Command::new("cargo")
            .current_dir(root)
            .args([
                "build",
                "--profile",
                "counted",
                "--locked",
                "--message-format=json",
            ])
            .args(["--package", "delever-benches", "--bin", "instructions"]),
    )?;
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == "instructions")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .ok_or_else(|| "cargo built no program `instructions`".to_owned())
}

/// Whether AVX2 is at hand under callgrind, and the names of the kernels.
fn kernels(program: &Path) -> Result<(bool, Vec<String>), String> {
    let listed = output(callgrind().arg("--callgrind-out-file=/dev/null").arg(program))?;
    let named = |name: &str| {
        let lines = listed.lines();
        lines
            .filter_map(|line| line.strip_prefix(name).map(str::to_owned))
            .collect::<Vec<_>>()
    };
    Ok((named("avx2 ") == ["true"], named("kernel ")))
}

/// Instructions from the entry of a kernel to its exit.
fn count(program: &Path, kernel: &str, folder: &Path) -> Result<u64, String> {
    let file = folder.join(kernel);
    output(
        callgrind()
            .arg("--collect-atstart=no")
            .arg(format!("--toggle-collect=*::{kernel}"))
            .arg(format!("--callgrind-out-file={}", file.display()))
            .arg(program)
            .arg(kernel),
    )?;
    let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let count = text
        .lines()
        .find_map(|line| line.strip_prefix("summary:")?.trim().parse().ok())
        .unwrap_or(0);
    if count == 0 {
        return Err(format!("callgrind saw no instruction of {kernel}"));
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grown(counts: &[(&str, u64)]) -> Vec<String> {
        let baseline = json!({"kernels": {"pass": 1_000, "exp": 100}});
        let counts: Vec<_> = counts.iter().map(|&(name, n)| (name.to_owned(), n)).collect();
        compare(&counts, Some(&baseline))
    }

    #[test]
    fn growth_above_three_per_cent_is_a_problem() {
        assert_eq!(grown(&[("pass", 1_030), ("exp", 50)]), Vec::<String>::new());
        assert_eq!(grown(&[("pass", 1_031), ("exp", 104)]).len(), 2);
    }

    #[test]
    fn a_kernel_without_a_baseline_is_a_problem() {
        assert_eq!(grown(&[("pass", 1), ("exp", 1), ("solve", 5)]).len(), 1);
    }

    #[test]
    fn a_kernel_that_is_gone_is_a_problem() {
        assert_eq!(grown(&[("pass", 1_000)]).len(), 1);
    }
}
