//! Sweeps that end early say so and say how much they hold; values keep their type.

mod trial;

use serde_json::Value;
use trial::{code, delever, done, json, small, text};

#[test]
fn a_sweep_that_fails_at_a_value_says_so_in_every_format() {
    let path = small("failing", "");
    let vary = "shock.prices.bond=-0.03,-0.02,-3,-0.01";
    let run = |format: &str| {
        let output = delever(&["sweep", &path, "--vary", vary, "--format", format]);
        assert_eq!(code(&output), 3);
        assert!(text(&output.stderr).contains("at shock.prices.bond = -3:"));
        output
    };
    let picture = text(&run("table").stdout);
    assert!(
        picture.contains("invalid-input: 2 of 4 values; 2 runs (2 certified)"),
        "{picture}"
    );
    assert!(
        picture.contains("the input was refused at shock.prices.bond = -3: 1 error"),
        "{picture}"
    );
    let result = json(&run("json"));
    assert_eq!(result["status"], "invalid-input");
    assert_eq!((&result["finished"], &result["count"]), (&2.into(), &4.into()));
    assert_eq!(result["failed"]["value"], -3);
    assert_eq!(result["failed"]["problems"][0]["code"], "D110");
    let table = text(&run("csv").stdout);
    let last = table.lines().last().expect("a row");
    assert!(last.starts_with("3,4,-3,,invalid-input,,"), "{table}");
}

#[test]
fn a_finished_sweep_counts_its_values_and_statuses() {
    let path = small("finished", "");
    let result = json(&done(&[
        "sweep",
        &path,
        "--vary",
        "shock.prices.bond=-0.03:0:4",
        "--format",
        "json",
    ]));
    assert_eq!((&result["finished"], &result["count"]), (&4.into(), &4.into()));
    assert_eq!(
        (&result["status"], &result["failed"]),
        (&"certified".into(), &Value::Null)
    );
    assert_eq!(result["statuses"], serde_json::json!({"certified": 4}));
    let one = text(&done(&["sweep", &path, "--vary", "shock.prices.bond=-0.03"]).stdout);
    assert!(one.contains("\n1 run, all certified"), "{one}");
}

#[test]
fn values_are_numbers_where_they_are_numbers() {
    let path = small("values", "");
    let values = |vary: &str| {
        let result = json(&done(&["sweep", &path, "--vary", vary, "--format", "json"]));
        let runs = result["runs"].as_array().expect("runs").clone();
        runs.iter().map(|run| run["value"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(values("shock.prices.bond=-0.03:0:3"), [-0.03, -0.015, 0.0]);
    assert_eq!(values("engine.max_iterations=100,200"), [100, 200]);
    assert_eq!(values("impact.model=linear,none"), ["linear", "none"]);
}

#[test]
fn csv_holds_the_figures_of_the_json() {
    let path = small("sweep-csv", "");
    let vary = ["--vary", "shock.prices.bond=-0.03:0:3"];
    let both = ["--set", "engine.select=both"];
    let sweep = |format: &str| done(&[&["sweep", &path, "--format", format], &vary[..], &both[..]].concat());
    let table = text(&sweep("csv").stdout);
    let result = json(&sweep("json"));
    let mut lines = table.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().expect("a header");
    assert_eq!(header[..4], ["value", "of", "set:shock.prices.bond", "select"]);
    let place = |name: &str| {
        header
            .iter()
            .position(|column| *column == name)
            .expect("a column")
    };
    let rows: Vec<_> = lines.collect();
    let runs = result["runs"].as_array().expect("runs");
    assert_eq!(rows.len(), 6);
    for (row, run) in rows.iter().zip(runs) {
        let number = |name: &str| row[place(name)].parse::<f64>().expect("a number");
        assert_eq!(number("value"), run["number"].as_f64().expect("a number"));
        assert_eq!(number("loss"), run["totals"]["loss"].as_f64().expect("a number"));
        assert_eq!(
            number("price:bond"),
            run["assets"][0]["price"].as_f64().expect("a number")
        );
        assert_eq!(row[place("select")], run["select"]);
        assert_eq!(row[place("status")], run["status"]);
    }
}

#[test]
fn a_column_is_scaled_value_by_value() {
    let path = small("scaled", "");
    let result = json(&done(&[
        "sweep",
        &path,
        "--vary",
        "depth*=0.5:2:4",
        "--format",
        "json",
    ]));
    assert_eq!(result["key"], "depth*");
    let prices: Vec<f64> = result["runs"]
        .as_array()
        .expect("runs")
        .iter()
        .map(|run| run["assets"][0]["price"].as_f64().expect("a price"))
        .collect();
    assert!(prices.is_sorted_by(|less, more| less < more), "{prices:?}");
    let output = delever(&[
        "sweep",
        &path,
        "--vary",
        "impact.depth=500,1000",
        "--format",
        "json",
    ]);
    assert_eq!(code(&output), 3);
    let report = json(&output);
    assert_eq!(report["problems"][0]["code"], "D120", "{report}");
    let hint = report["problems"][0]["hint"].as_str().expect("a hint");
    assert!(hint.contains("--vary \"depth*=0.5:2:16\""), "{hint}");
}

#[cfg(unix)]
mod interrupted {
    use super::{small, text};
    use serde_json::Value;
    use std::process::{Command, Stdio};
    use std::time::Duration;

    /// Starts a sweep that takes long and interrupts it; returns the file that it wrote.
    fn interrupted(path: &str, format: &str) -> String {
        let file = std::path::Path::new(path).with_file_name(format!("sweep.{format}"));
        for wait in [500, 1_000, 2_000, 4_000] {
            let child = Command::new(env!("CARGO_BIN_EXE_delever"))
                .args([
                    "sweep",
                    path,
                    "--vary",
                    "shock.prices.bond=-0.05:0:100000",
                    "--format",
                    format,
                    "-o",
                ])
                .arg(&file)
                .stderr(Stdio::piped())
                .spawn()
                .expect("the program starts");
            std::thread::sleep(Duration::from_millis(wait));
            let pid = child.id().to_string();
            let sent = Command::new("kill")
                .args(["-INT", &pid])
                .status()
                .expect("a signal");
            assert!(sent.success(), "it ended within {wait} ms");
            let output = child.wait_with_output().expect("it ends");
            // A program that is not yet listening is ended by the signal itself.
            if output.status.code() == Some(130) {
                assert!(text(&output.stderr).contains("of 100000 values are finished"));
                return std::fs::read_to_string(&file).expect("what was finished");
            }
        }
        panic!("never interrupted in time");
    }

    #[test]
    fn it_says_so_and_how_many_of_how_many_it_holds() {
        let path = small("interrupted", "");
        let result: Value = serde_json::from_str(&interrupted(&path, "json")).expect("one object");
        assert_eq!(result["status"], "interrupted");
        assert_eq!(result["count"], 100_000);
        let runs = result["runs"].as_array().expect("runs");
        assert_eq!(result["finished"], runs.len());
        assert!(runs.len() < 100_000);
        assert!(runs.iter().all(|run| run["status"] == "certified"));
        assert_eq!(
            result["statuses"]["certified"].as_u64().unwrap_or(0) as usize,
            runs.len()
        );

        let picture = interrupted(&path, "table");
        let last = picture.lines().last().expect("a line");
        assert!(
            last.starts_with("interrupted: ") && last.contains(" of 100000 values; "),
            "{last}"
        );
        assert!(!last.contains("all certified"), "{last}");

        let table = interrupted(&path, "csv");
        let rows = table.lines().count() - 2;
        let last = table.lines().last().expect("a row");
        assert!(
            last.starts_with(&format!("{},100000,,,interrupted,,", rows + 1)),
            "{last}"
        );
    }
}
