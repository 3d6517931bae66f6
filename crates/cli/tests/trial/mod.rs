//! The program run on small scenarios, each in a folder of its own.
#![allow(dead_code, reason = "each file of tests uses a part")]

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Runs the program.
pub fn delever(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_delever"))
        .args(arguments)
        .output()
        .expect("the program starts")
}

/// Its exit code.
pub fn code(output: &Output) -> i32 {
    output.status.code().expect("no signal")
}

/// What it printed.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// A folder of its own below the build's folder for temporary files.
pub fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// A small scenario: two banks, one bond, `extra` appended to the scenario.
pub fn small(name: &str, extra: &str) -> String {
    let folder = folder(name);
    let write = |file: &str, content: &str| std::fs::write(folder.join(file), content).expect("a file");
    write(
        "institutions.csv",
        "id,cash,external_liabilities\n</script>,1,90\nB,0,45\n",
    );
    write("assets.csv", "id,price,depth\nbond,1,1250\n");
    write(
        "holdings.csv",
        "institution,asset,quantity\n</script>,bond,100\nB,bond,50\n",
    );
    write("debts.csv", "debtor,creditor,amount\nB,</script>,2\n");
    let scenario = format!(
        "version = 1\n[shock]\nprices = {{ bond = -0.02 }}\n[deleveraging]\nrule = \"leverage-cap\"\n\
         max_leverage = 12.5\n[impact]\nmodel = \"linear\"\n[clearing]\nmodel = \"eisenberg-noe\"\n{extra}"
    );
    write("scenario.toml", &scenario);
    folder
        .join("scenario.toml")
        .to_str()
        .expect("a plain path")
        .to_owned()
}

/// A scenario of given files, the first of which is `scenario.toml`; returns its path.
pub fn scenario(name: &str, files: &[(&str, &str)]) -> String {
    let folder = folder(name);
    for (file, content) in files {
        std::fs::write(folder.join(file), content).expect("a file");
    }
    let path = folder.join("scenario.toml");
    path.to_str().expect("a plain path").to_owned()
}

/// What the program printed as one JSON object.
pub fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

/// Runs the program and expects it to be done.
#[track_caller]
pub fn done(arguments: &[&str]) -> Output {
    let output = delever(arguments);
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    output
}

/// The codes of a list of problems.
pub fn codes(problems: &Value) -> Vec<&str> {
    let problems = problems.as_array().expect("a list");
    problems
        .iter()
        .map(|problem| problem["code"].as_str().expect("a code"))
        .collect()
}
