//! Warnings stand in every format and on standard error; `run` and `validate` show the same ones.

mod trial;

use serde_json::Value;
use std::path::Path;
use trial::{code, codes, delever, done, json, scenario, text};

/// A key that is not read (D115), debts of one pair twice (D222), a column that is not read (D224).
fn doubtful(name: &str) -> String {
    scenario(
        name,
        &[
            (
                "scenario.toml",
                "version = 1\nshock.prices = { \"*\" = -0.01 }\n\
                 deleveraging = { rule = \"leverage-cap\", max_leverage = 12.5 }\n\
                 impact = { model = \"linear\", kappa = 2.0 }\nclearing.model = \"eisenberg-noe\"\n",
            ),
            ("institutions.csv", "id,external_liabilities\nA,90\nB,45\n"),
            ("assets.csv", "id,depth,adv\nbond,1250,3\n"),
            (
                "holdings.csv",
                "institution,asset,quantity\nA,bond,100\nB,bond,50\n",
            ),
            ("debts.csv", "debtor,creditor,amount\nB,A,1\nB,A,1\n"),
        ],
    )
}

const CODES: [&str; 3] = ["D115", "D222", "D224"];

#[test]
fn every_result_carries_them_and_standard_error_shows_them() {
    let path = doubtful("warnings");
    let folder = Path::new(&path).with_file_name("csv");
    let tables = folder.to_str().expect("a plain path");
    let vary = "shock.prices.bond=-0.02,-0.01";
    let commands: [&[&str]; 4] = [
        &["run", &path],
        &["validate", &path],
        &["gradient", &path],
        &["sweep", &path, "--vary", vary],
    ];
    for command in commands {
        for format in ["table", "json"] {
            let output = done(&[command, &["--format", format]].concat());
            let shown = text(&output.stderr);
            for code in CODES {
                assert_eq!(
                    shown.matches(code).count(),
                    1,
                    "{code} of {command:?} in:\n{shown}"
                );
            }
            if format == "json" {
                let result = json(&output);
                assert_eq!(codes(&result["warnings"]), CODES, "{command:?}");
                for key in ["file", "row", "column", "message"] {
                    assert!(result["warnings"][1].get(key).is_some(), "{key} of {command:?}");
                }
            }
        }
    }
    let output = done(&["run", &path, "--format", "csv", "-o", tables]);
    let file = std::fs::read_to_string(folder.join("warnings.csv")).expect("the file");
    for code in CODES {
        assert!(
            text(&output.stderr).contains(code) && file.contains(&format!("\n{code},")),
            "{file}"
        );
    }
    let both = json(&done(&[
        "run",
        &path,
        "--set",
        "engine.select=both",
        "--format",
        "json",
    ]));
    assert_eq!(codes(&both["warnings"]), CODES);
}

#[test]
fn without_any_the_list_is_empty_and_standard_error_too() {
    let output = done(&["run", "--demo", "--format", "json"]);
    assert_eq!(json(&output)["warnings"], Value::Array(Vec::new()));
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
}

#[test]
fn invalid_input_of_a_sweep_is_json_with_its_warnings_apart() {
    let path = doubtful("invalid-sweep");
    let vary = "shock.prices.bnd=-0.02,-0.01";
    let output = delever(&["sweep", &path, "--vary", vary, "--format", "json"]);
    assert_eq!(code(&output), 3);
    let report = json(&output);
    assert_eq!(report["valid"], false);
    assert!(codes(&report["problems"]).contains(&"D109"), "{report}");
    assert_eq!(codes(&report["warnings"]), CODES);
}

/// Bank b owes 135 and has 130: it pays 26/27, so that a loses 10/9 of its claim of 30, whatever the shock.
fn insolvent(name: &str, scenario_text: &str) -> String {
    scenario(
        name,
        &[
            ("scenario.toml", scenario_text),
            (
                "institutions.csv",
                "id,cash,other_assets,external_liabilities\na,20,80,60\nb,30,100,105\nc,50,0,40\n",
            ),
            ("debts.csv", "debtor,creditor,amount\nb,a,30\na,c,8\n"),
        ],
    )
}

#[test]
fn who_is_insolvent_before_the_shock_is_named_listed_and_told_apart() {
    let path = insolvent("insolvent", "version = 1\nclearing.model = \"eisenberg-noe\"\n");
    let output = done(&["run", &path]);
    let (picture, shown) = (text(&output.stdout), text(&output.stderr));
    assert!(
        shown.contains("D240") && shown.contains("`b` (-5) is insolvent before the shock"),
        "{shown}"
    );
    assert!(
        picture.contains("(2 of 2 hit; 1 insolvent before the shock)"),
        "{picture}"
    );
    assert!(
        picture
            .lines()
            .any(|line| line.starts_with("b  ") && line.contains("defaulted")),
        "{picture}"
    );
    assert!(picture.contains("  before it          1.111"), "{picture}");
    // With few rows it is listed all the same.
    let picture = text(&done(&["run", &path, "--top", "1"]).stdout);
    assert!(picture.lines().any(|line| line.starts_with("b  ")), "{picture}");
    // A shock changes the losses, not what is lost without it.
    let total = |set: &str, key: &str| {
        let result = json(&done(&["run", &path, "--set", set, "--format", "json"]));
        result["totals"][key].as_f64().expect("a number")
    };
    let key = "loss_contagion_before_shock";
    let before = total("shock.cash.b=0", "loss_contagion");
    assert!((before - 30.0 * 5.0 / 135.0).abs() < 1e-12, "{before}");
    assert_eq!(total("shock.cash.b=0", key), before);
    assert_eq!(total("shock.cash.b=-0.5", key), before);
    assert!(total("shock.cash.b=-0.5", "loss_contagion") > 2.0 * before);
    // In rounds, at both ends, and in a sweep too.
    assert_eq!(total("engine.kind=rounds", key), before);
    let both = json(&done(&[
        "run",
        &path,
        "--set",
        "engine.select=both",
        "--format",
        "json",
    ]));
    for end in ["greatest", "least"] {
        assert_eq!(both[end]["totals"][key], before);
    }
    let sweep = json(&done(&[
        "sweep",
        &path,
        "--vary",
        "shock.cash.b=-0.5,0",
        "--format",
        "json",
    ]));
    assert_eq!(sweep["runs"][0]["totals"][key], before);
    assert_eq!(
        code(&delever(&[
            "run",
            &path,
            "--fail-if",
            "loss_contagion_before_shock > 1"
        ])),
        5
    );
}

#[test]
fn a_figure_before_the_shock_is_given_only_where_somebody_is_insolvent_and_it_is_certain() {
    let key = "loss_contagion_before_shock";
    let demo = json(&done(&["run", "--demo", "--format", "json"]));
    assert!(demo["totals"].get(key).is_none());
    // One step of iteration is not enough, with the shock or without it.
    let path = insolvent(
        "insolvent-uncertain",
        "version = 1\nclearing.model = \"eisenberg-noe\"\nengine = { method = \"iteration\", max_iterations = 1 }\n",
    );
    let output = delever(&["run", &path, "--format", "json"]);
    assert_eq!(code(&output), 4);
    assert!(json(&output)["totals"].get(key).is_none());
}

#[test]
fn at_most_twenty_names_are_given_then_a_count() {
    let rows: Vec<String> = (10..35).map(|n| format!("bank{n},1")).collect();
    let institutions = format!("id,external_liabilities\n{}\n", rows.join("\n"));
    let files = [
        ("scenario.toml", "version = 1\n"),
        ("institutions.csv", &institutions),
    ];
    let shown = text(&done(&["validate", &scenario("many-insolvent", &files)]).stderr);
    assert!(
        shown.contains("25 institutions are insolvent before the shock: `bank10` (-1)"),
        "{shown}"
    );
    assert!(
        shown.contains("`bank29` (-1) and 5 more") && !shown.contains("bank30"),
        "{shown}"
    );
}
