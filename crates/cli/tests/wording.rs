//! Input from standard input, CSV folders, shares as thresholds, and small words.

mod trial;

use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use trial::{code, delever, done, folder, json, scenario, small, text};

/// Runs the program in a folder with a text on standard input.
fn fed(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_delever"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut pipe = child.stdin.take().expect("a pipe");
    // A program that refuses its arguments reads nothing.
    let _ = pipe.write_all(input.as_bytes());
    drop(pipe);
    child.wait_with_output().expect("it ends")
}

#[test]
fn a_scenario_comes_from_standard_input_with_tables_in_the_working_folder() {
    let path = small("standard-input", "");
    let folder = Path::new(&path).parent().expect("a folder");
    let scenario = std::fs::read_to_string(&path).expect("the scenario");
    let format = ["--format", "json", "--no-timing"];
    let named = json(&done(&[&["run", &path], &format[..]].concat()));
    let output = fed(folder, &[&["run", "-"], &format[..]].concat(), &scenario);
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    let piped = json(&output);
    assert_eq!(named["totals"], piped["totals"]);
    assert_eq!(piped["scenario"], "standard input");
    // Read once, loaded at every value.
    let sweep = [
        "sweep",
        "-",
        "--vary",
        "shock.prices.bond=-0.02:0:3",
        "--format",
        "json",
    ];
    let output = fed(folder, &sweep, &scenario);
    assert_eq!(json(&output)["finished"], 3);
    // `[data] dir` is relative to the working folder, and does not lead out of it.
    let parent = folder.parent().expect("a folder");
    let inside = format!("{scenario}[data]\ndir = \"standard-input\"\n");
    assert_eq!(code(&fed(parent, &["validate", "-"], &inside)), 0);
    let outside = format!("{scenario}[data]\ndir = \"..\"\n");
    let output = fed(folder, &["validate", "-"], &outside);
    assert_eq!(code(&output), 3);
    let shown = text(&output.stderr);
    assert!(
        shown.contains("D111") && shown.contains("standard input:"),
        "{shown}"
    );
}

#[test]
fn csv_tables_hold_the_figures_of_the_json() {
    let path = small("tables", "");
    let output = delever(&["run", &path, "--format", "csv"]);
    assert_eq!(code(&output), 2);
    assert!(text(&output.stderr).contains("name a folder with -o"));
    for command in ["validate", "gradient"] {
        assert_eq!(code(&delever(&[command, &path, "--format", "csv"])), 2);
    }
    let to = folder("tables-written");
    let to = to.to_str().expect("a plain path");
    let both = ["--set", "engine.select=both"];
    done(&[&["run", &path, "--format", "csv", "-o", to], &both[..]].concat());
    let result = json(&done(&[&["run", &path, "--format", "json"], &both[..]].concat()));
    for (file, list) in [
        ("assets.csv", "assets"),
        ("institutions.csv", "institutions"),
        ("totals.csv", "totals"),
    ] {
        let table = std::fs::read_to_string(Path::new(to).join(file)).expect("the file");
        let mut lines = table.lines().map(|line| line.split(',').collect::<Vec<_>>());
        let header = lines.next().expect("a header");
        let rows: Vec<_> = lines.collect();
        let records: Vec<&Value> = ["greatest", "least"]
            .iter()
            .flat_map(|end| match &result[end][list] {
                Value::Array(records) => records.iter().collect(),
                one => vec![one],
            })
            .collect();
        assert_eq!(rows.len(), records.len(), "{table}");
        for (row, record) in rows.iter().zip(records) {
            for (column, cell) in header.iter().zip(row) {
                match &record[*column] {
                    Value::Number(number) => {
                        assert_eq!(cell.parse::<f64>().ok(), number.as_f64(), "{column}");
                    }
                    Value::String(text) => assert_eq!(cell, text, "{column}"),
                    _ => {}
                }
            }
        }
    }
}

#[test]
fn texts_that_a_spreadsheet_would_run_are_written_as_texts() {
    let files = [
        ("scenario.toml", "version = 1\nname = \"=1+1, \\\"sum\\\"\"\n"),
        ("institutions.csv", "id,cash\n\"A, B\",5\n"),
    ];
    let path = scenario("formulas", &files);
    let to = folder("formulas-written");
    done(&[
        "run",
        &path,
        "--format",
        "csv",
        "-o",
        to.to_str().expect("a plain path"),
    ]);
    let read = |file: &str| std::fs::read_to_string(to.join(file)).expect("the file");
    assert!(
        read("totals.csv").contains("\n\"'=1+1, \"\"sum\"\"\",equilibrium,"),
        "{}",
        read("totals.csv")
    );
    assert!(
        read("institutions.csv").contains(",\"A, B\",sound,5,"),
        "{}",
        read("institutions.csv")
    );
}

#[test]
fn shares_can_be_thresholds() {
    let share = |condition: &str| code(&delever(&["run", "--demo", "--fail-if", condition]));
    // 216,516 of 499,938 are lost; 4 of 50 fail.
    assert_eq!((share("loss_share > 0.43"), share("loss_share > 0.44")), (5, 0));
    assert_eq!(
        (share("default_share >= 0.08"), share("default_share > 0.08")),
        (5, 0)
    );
    assert_eq!(
        (
            share("loss_fire_sale_share > 0.19"),
            share("loss_fire_sale_share > 0.2")
        ),
        (5, 0)
    );
    let output = delever(&["run", "--demo", "--fail-if", "lost_share > 1"]);
    assert_eq!(code(&output), 2);
    assert!(text(&output.stderr).contains("did you mean `loss_share`"));
}

#[test]
fn a_gradient_in_what_no_rule_knows_is_refused_and_blank_columns_are_not_printed() {
    let path = small("gradient-by", "");
    let output = delever(&["gradient", &path, "--by", "max_levrage"]);
    assert_eq!(code(&output), 2);
    assert!(
        text(&output.stderr).contains("did you mean `max_leverage`"),
        "{}",
        text(&output.stderr)
    );
    assert_eq!(code(&delever(&["gradient", &path, "--by", "nonsense"])), 2);
    // A parameter of another rule.
    let output = done(&["gradient", &path, "--by", "min_ratio"]);
    assert!(
        !text(&output.stdout).contains("min_ratio"),
        "{}",
        text(&output.stdout)
    );
    assert!(text(&output.stderr).contains("no rule of this scenario has slopes in `min_ratio`"));
    let rule = ["--set", "deleveraging.rule=sell-on-default"];
    let output = done(&[&["gradient", &path], &rule[..]].concat());
    assert!(
        !text(&output.stdout).contains("max_leverage"),
        "{}",
        text(&output.stdout)
    );
    assert!(
        !text(&output.stdout).contains("parameter"),
        "{}",
        text(&output.stdout)
    );
}

#[test]
fn one_is_singular_and_no_line_ends_in_blanks() {
    let one = scenario(
        "one",
        &[
            ("scenario.toml", "version = 1\n"),
            ("institutions.csv", "id,cash\nA,5\n"),
            ("assets.csv", "id\nbond\n"),
            ("holdings.csv", "institution,asset,quantity\nA,bond,1\n"),
        ],
    );
    let picture = text(&done(&["run", &one]).stdout);
    assert!(picture.contains("\n1 institution, 1 asset\n"), "{picture}");
    // Where nothing can move, the width is 0 and not 0.0e0.
    let files = [
        ("scenario.toml", "version = 1\n"),
        ("institutions.csv", "id,cash\nA,5\n"),
    ];
    let still = text(&done(&["run", &scenario("still", &files)]).stdout);
    assert!(
        still.contains("within 0 (relative)") && !still.contains("0e0"),
        "{still}"
    );
    let valid = text(&done(&["validate", &one]).stdout);
    assert!(
        valid.starts_with("valid: 1 institution, 1 asset, 1 holding, 0 debts"),
        "{valid}"
    );
    let small = small("blanks", "");
    let vary = "shock.prices.bond=-0.02,0";
    let commands: [&[&str]; 6] = [
        &["run", "--demo"],
        &["run", &small, "--set", "engine.select=both"],
        &["run", &small, "--set", "engine.kind=rounds"],
        &["sweep", &small, "--vary", vary],
        &["gradient", &small, "--set", "shock.prices.bond=-0.005"],
        &["explain"],
    ];
    for command in commands {
        let printed = text(&done(command).stdout);
        for line in printed.lines() {
            assert!(!line.ends_with(' '), "{command:?} prints blanks behind:\n{line}");
        }
    }
}
