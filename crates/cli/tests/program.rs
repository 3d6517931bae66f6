//! The program as a user meets it: exit codes, streams, files, bytes.

mod trial;

use serde_json::Value;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use trial::{code, delever, folder, small, text};

#[test]
fn the_demonstration_prints_a_cascade_and_is_certified() {
    let output = delever(&["run", "--demo"]);
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    let picture = text(&output.stdout);
    for part in [
        "CASCADE",
        "PRICES",
        "LOSS by channel",
        "INSTITUTIONS",
        "certified: the true equilibrium",
    ] {
        assert!(picture.contains(part), "{part} is missing in:\n{picture}");
    }
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
    // Waves of sales, not the steps of a solver: each forces more.
    let waves = picture.lines().skip_while(|line| *line != "CASCADE");
    let waves = waves.skip(2).take_while(|line| !line.is_empty());
    let sold = waves.map(|line| {
        let sold = line.split_whitespace().nth(4).expect("a column").replace(',', "");
        sold.parse::<f64>().expect("money")
    });
    let sold: Vec<f64> = sold.collect();
    assert!(sold.len() > 6 && sold.is_sorted(), "{sold:?}");
}

#[test]
fn the_readme_shows_what_the_demonstration_prints() {
    let readme = include_str!("../../../README.md");
    let picture = text(&delever(&["run", "--demo"]).stdout);
    let mut printed = picture.lines();
    let shown = readme.lines().skip_while(|line| *line != "CASCADE");
    let shown = shown
        .take_while(|line| *line != "```")
        .filter(|line| !line.is_empty());
    let mut count = 0;
    for line in shown {
        // The last line goes on with the number of steps.
        let found = printed.any(|printed| printed.starts_with(line));
        assert!(found, "not printed in this place: {line}\n{picture}");
        count += 1;
    }
    assert!(count > 15, "{count} lines are too few");
}

#[test]
fn json_is_one_object_with_escaped_ids_and_the_same_bytes_whatever_the_threads() {
    let scenario = small("json", "");
    let run = |threads: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_delever"));
        command
            .args(["run", &scenario, "--format", "json", "--no-timing"])
            .env("RAYON_NUM_THREADS", threads);
        let output = command.output().expect("starts");
        assert_eq!(code(&output), 0, "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let one = run("1");
    assert_eq!(one, run("4"));
    assert!(
        !one.contains("</script>") && one.contains("\\u003c/script>"),
        "{one}"
    );
    let result: Value = serde_json::from_str(&one).expect("one JSON object");
    assert_eq!(result["status"], "certified");
    assert_eq!(result["institutions"][0]["id"], "</script>");
    assert!(result.get("timing").is_none());
    for loss in result["institutions"].as_array().expect("a list") {
        let part = |key: &str| loss[key].as_f64().expect("a number");
        assert_eq!(
            part("loss"),
            part("loss_shock") + part("loss_fire_sale") + part("loss_contagion")
        );
    }
}

#[test]
fn both_ends_and_uniqueness_are_reported() {
    let scenario = small("both", "[engine]\nselect = \"both\"\n");
    let output = delever(&["run", &scenario, "--format", "json"]);
    let result: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(code(&output), 0);
    assert!(result["greatest"]["assets"].is_array() && result["least"]["assets"].is_array());
    assert!(!result["unique"].is_null());
    assert!(result["timing"]["solve_seconds"].is_number());
}

#[test]
fn wrong_usage_is_2_and_invalid_input_is_3_with_every_problem() {
    assert_eq!(code(&delever(&["run"])), 2);
    assert_eq!(code(&delever(&["fly"])), 2);
    assert_eq!(code(&delever(&["explain", "D999"])), 2);
    assert_eq!(code(&delever(&["run", "--demo", "--fail-if", "defaults"])), 2);
    assert_eq!(code(&delever(&["run", "no-such-file.toml"])), 3);
    let scenario = small("invalid", "[engin]\nselect = \"both\"\n");
    let folder = Path::new(&scenario).parent().expect("a folder");
    let holdings = "institution,asset,quantity\nB,bnd,1\n=cmd(),bond,-5\n";
    std::fs::write(folder.join("holdings.csv"), holdings).expect("a file");
    let output = delever(&["run", &scenario]);
    assert_eq!(code(&output), 3);
    assert!(output.stdout.is_empty());
    let problems = text(&output.stderr);
    for part in [
        "did you mean `engine`",
        "did you mean `bond`",
        "holdings.csv:2:asset",
        "holdings.csv:3:quantity",
    ] {
        assert!(problems.contains(part), "{part} is missing in:\n{problems}");
    }
    let output = delever(&["validate", &scenario, "--format", "json"]);
    assert_eq!(code(&output), 3);
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["valid"], false);
    assert!(
        report["problems"]
            .as_array()
            .is_some_and(|problems| problems.len() >= 4)
    );
}

#[test]
fn what_is_not_certain_is_4_and_still_written() {
    // Two banks that owe each other, and a little outside: plain iteration takes hundreds of thousands of steps.
    let folder = folder("uncertain");
    let write = |file: &str, content: &str| std::fs::write(folder.join(file), content).expect("a file");
    write("institutions.csv", "id,external_liabilities\nA,0.001\nB,0.001\n");
    write("debts.csv", "debtor,creditor,amount\nA,B,1\nB,A,1\n");
    write(
        "scenario.toml",
        "version = 1\n[clearing]\nmodel = \"eisenberg-noe\"\n[engine]\nmax_iterations = 1000\n",
    );
    let scenario = folder.join("scenario.toml");
    let run = |method: &str| {
        delever(&[
            "run",
            scenario.to_str().expect("a plain path"),
            "--format",
            "json",
            "--set",
            &format!("engine.method={method}"),
        ])
    };
    let output = run("policy");
    assert_eq!(code(&output), 0);
    let result: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(result["status"], "certified");
    assert!(result["policy_steps"].as_u64().is_some_and(|steps| steps > 0));
    let output = run("iteration");
    assert_eq!(code(&output), 4);
    let result: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(result["status"], "max-iterations");
}

#[test]
fn thresholds_are_5_and_unwritable_output_is_6() {
    let output = delever(&["run", "--demo", "--fail-if", "defaults > 0"]);
    assert_eq!(code(&output), 5);
    assert!(text(&output.stderr).contains("defaults"));
    assert_eq!(
        code(&delever(&["run", "--demo", "--fail-if", "defaults > 1000"])),
        0
    );
    assert_eq!(
        code(&delever(&[
            "run",
            "--demo",
            "--output",
            "/no/such/folder/result.json"
        ])),
        6
    );
    let file = folder("output").join("result.json");
    let path = file.to_str().expect("a plain path");
    assert_eq!(
        code(&delever(&["run", "--demo", "--format", "json", "--output", path])),
        0
    );
    let written = std::fs::read_to_string(&file).expect("the file");
    assert!(serde_json::from_str::<Value>(&written).is_ok());
}

#[test]
fn init_writes_what_run_takes_and_never_overwrites() {
    let folder = folder("init").join("made");
    let path = folder.to_str().expect("a plain path");
    let output = delever(&["init", path, "--institutions", "20", "--seed", "7"]);
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    let scenario = folder.join("scenario.toml");
    let first = std::fs::read_to_string(&scenario).expect("the scenario");
    assert!(
        first.lines().filter(|line| line.contains('#')).count() > 10,
        "a commented scenario"
    );
    let scenario = scenario.to_str().expect("a plain path");
    assert_eq!(code(&delever(&["validate", scenario])), 0);
    assert_eq!(code(&delever(&["run", scenario])), 0);
    assert_eq!(code(&delever(&["init", path])), 2, "files are there");
    assert_eq!(
        code(&delever(&[
            "init",
            path,
            "--institutions",
            "20",
            "--seed",
            "7",
            "--force"
        ])),
        0
    );
    assert_eq!(std::fs::read_to_string(scenario).expect("the scenario"), first);
    assert_eq!(
        code(&delever(&["init", path, "--institutions", "0", "--force"])),
        2
    );
}

#[test]
fn every_code_is_explained_and_the_schema_and_completions_are_there() {
    let list = text(&delever(&["explain"]).stdout);
    assert!(list.lines().count() > 50, "{list}");
    for line in list.lines() {
        let known = line.split_whitespace().next().expect("a code");
        let output = delever(&["explain", known]);
        assert_eq!(code(&output), 0, "{known}");
        assert!(text(&output.stdout).len() > 80, "{known}");
    }
    // Models and parameters are explained too, and the list names them.
    assert!(
        list.contains("leverage-cap  deleveraging rule: Leverage cap\n"),
        "{list}"
    );
    let page = text(&delever(&["explain", "leverage-cap"]).stdout);
    for part in [
        "clip((A - max_leverage E) / M, 0, 1)",
        "assets / equity, above 1",
        "Greenwood",
        "Antitone.",
    ] {
        assert!(page.contains(part), "{part} is missing in:\n{page}");
    }
    let pages = text(&delever(&["explain", "kappa"]).stdout);
    assert!(
        pages.contains("square-root: ") && pages.contains("weber-weske: "),
        "{pages}"
    );
    let output = delever(&["explain", "leverage-cup"]);
    assert_eq!(code(&output), 2);
    assert!(text(&output.stderr).contains("did you mean leverage-cap?"));
    let page: Value =
        serde_json::from_slice(&delever(&["explain", "eisenberg-noe", "--format", "json"]).stdout)
            .expect("JSON");
    assert_eq!(page["models"][0]["parameters"][0]["name"], "external");
    let all: Value = serde_json::from_slice(&delever(&["explain", "--format", "json"]).stdout).expect("JSON");
    assert!(
        all["codes"].as_array().expect("a list").len() > 50
            && all["models"].as_array().expect("a list").len() > 35
    );
    assert!(text(&delever(&["explain", "--format", "markdown"]).stdout).starts_with("# Models\n"));
    assert_eq!(code(&delever(&["explain", "linear", "--format", "markdown"])), 2);
    let schema: Value = serde_json::from_slice(&delever(&["schema"]).stdout).expect("JSON");
    assert!(schema["properties"]["impact"].is_object());
    assert!(text(&delever(&["completions", "bash"]).stdout).contains("delever"));
}

#[test]
fn overrides_reach_the_model() {
    let price = |set: &[&str]| {
        let scenario = small("set", "");
        let arguments: Vec<&str> = ["run", &scenario, "--format", "json"]
            .into_iter()
            .chain(set.iter().copied())
            .collect();
        let output = delever(&arguments);
        assert_eq!(code(&output), 0, "{}", text(&output.stderr));
        let result: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        result["assets"][0]["price"].as_f64().expect("a price")
    };
    let none = price(&["--set", "impact.model=none"]);
    assert_eq!(none, 0.98);
    assert!(price(&["--set", "impact.model=exponential"]) < none);
}

#[test]
fn rounds_are_pictured_and_every_round_is_in_the_json() {
    let scenario = small("rounds", "[engine]\nkind = \"rounds\"\nmax_rounds = 3\n");
    let output = delever(&["run", &scenario]);
    let picture = text(&output.stdout);
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    assert!(picture.contains("round  sellers"), "{picture}");
    assert!(
        picture.contains("rounds-complete: 3 rounds, orders still wait"),
        "{picture}"
    );
    let output = delever(&["run", &scenario, "--format", "json", "--no-timing"]);
    let result: Value = serde_json::from_slice(&output.stdout).expect("one object");
    assert_eq!(
        (&result["engine"], &result["status"]),
        (&"rounds".into(), &"rounds-complete".into())
    );
    assert_eq!(result["select"], Value::Null);
    let rounds = result["rounds"].as_array().expect("rounds");
    assert_eq!(rounds.len(), 4);
    assert_eq!(rounds[0]["prices"]["bond"], 0.98);
    // 100 bonds at 0.98 beside 1 cash against 90: A - 12.5 E is 99 - 112.5, so only B, 49 against 45, has to sell nothing either.
    for (t, entry) in rounds.iter().enumerate() {
        assert_eq!(entry["round"], t);
        for key in ["sold_quantity", "orders"] {
            assert!(entry[key]["bond"].is_number(), "{entry}");
        }
        for key in ["equity", "cash", "repayable_debt"] {
            assert!(entry[key]["</script>"].is_number(), "{entry}");
        }
        assert!(entry["defaults"].is_array(), "{entry}");
    }
}

#[test]
fn a_sweep_prints_one_line_a_value_and_keeps_what_was_finished() {
    let scenario = small("sweep", "");
    let vary = "shock.prices.bond=-0.03:0:4";
    let output = delever(&["sweep", &scenario, "--vary", vary]);
    let printed = text(&output.stdout);
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    for value in ["-0.03", "-0.02", "-0.01", "0.0"] {
        assert!(
            printed.lines().any(|line| line.starts_with(&format!("{value} "))),
            "{printed}"
        );
    }
    assert!(printed.contains("4 runs, all certified"), "{printed}");
    let output = delever(&[
        "sweep",
        &scenario,
        "--vary",
        vary,
        "--format",
        "json",
        "--no-timing",
    ]);
    let result: Value = serde_json::from_slice(&output.stdout).expect("one object");
    let runs = result["runs"].as_array().expect("runs");
    let losses: Vec<f64> = runs
        .iter()
        .map(|run| run["totals"]["loss"].as_f64().expect("a number"))
        .collect();
    assert!(losses.is_sorted_by(|more, less| more >= less), "{losses:?}");
    let single = delever(&[
        "run",
        &scenario,
        "--format",
        "json",
        "--set",
        "shock.prices.bond=-0.02",
    ]);
    let single: Value = serde_json::from_slice(&single.stdout).expect("one object");
    assert_eq!(
        runs[1]["totals"], single["totals"],
        "a sweep is a run at each value"
    );

    let output = delever(&["sweep", &scenario, "--vary", "shock.prices.bond=-0.02,-3"]);
    assert_eq!(code(&output), 3);
    assert!(
        text(&output.stdout).contains("invalid-input: 1 of 2 values; 1 run (1 certified)"),
        "{}",
        text(&output.stdout)
    );
    assert!(
        text(&output.stderr).contains("at shock.prices.bond = -3"),
        "{}",
        text(&output.stderr)
    );
    assert_eq!(code(&delever(&["sweep", &scenario, "--vary", "shock"])), 2);
}

#[test]
fn mistakes_of_a_sweep_are_told_of_its_own_option_and_ids_need_no_quotes() {
    let scenario = small("sweep_mistakes", "");
    for vary in [
        "shock.prices.bnod=-0.1,0",
        "impact.modle=linear,none",
        "shock.prices.bond=1e400,0",
        "nonsense.key=1,2",
    ] {
        let output = delever(&["sweep", &scenario, "--vary", vary]);
        let told = text(&output.stderr);
        assert_eq!(code(&output), 3, "{told}");
        assert!(told.contains("--vary") && !told.contains("--set"), "{told}");
    }
    let both = [
        "sweep",
        &scenario,
        "--set",
        "impact.modle=none",
        "--vary",
        "shock.prices.bond=0,1",
    ];
    assert!(text(&delever(&both).stderr).contains("--set:impact.modle"));
    for vary in ["shock.cash.</script>=-0.1,0", "shock.cash.*=-0.1,0"] {
        let output = delever(&["sweep", &scenario, "--vary", vary]);
        assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    }
}

#[test]
fn many_problems_of_one_kind_are_counted_on_standard_error_and_listed_in_json() {
    let scenario = small("many_problems", "");
    let mut debts = "debtor,creditor,amount\n".to_owned();
    for n in 0..50 {
        writeln!(debts, "B,nobody{n},1").expect("a text");
    }
    std::fs::write(Path::new(&scenario).with_file_name("debts.csv"), debts).expect("a file");
    let told = text(&delever(&["validate", &scenario]).stderr);
    assert_eq!(told.matches("error[D217] debts.csv").count(), 20, "{told}");
    assert!(
        told.contains("error[D217] and 30 more: 30 in debts.csv"),
        "{told}"
    );
    assert!(told.contains("50 errors"), "{told}");
    let output = delever(&["validate", &scenario, "--format", "json"]);
    let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(json["problems"].as_array().map(Vec::len), Some(50));
}

#[test]
fn what_is_not_ordered_is_enclosed_and_nothing_is_claimed_of_the_answer() {
    let scenario = small("enclosure", "");
    let run = |arguments: &[&str]| {
        let rule = [
            "--set",
            "deleveraging.rule=capital-ratio",
            "--set",
            "deleveraging.min_ratio=0.06",
        ];
        // A weight above the reciprocal of the ratio: a fall in price relieves the institution.
        let weights = [
            "--set",
            "deleveraging.risk_weight=20",
            "--set",
            "deleveraging.other_risk_weight=0",
        ];
        let output = delever(&[&["run", &scenario], &rule[..], &weights[..], arguments].concat());
        assert_eq!(code(&output), 0, "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let picture = run(&[]);
    assert!(
        picture.contains("unordered: ") && picture.contains("\nenclosure: "),
        "{picture}"
    );
    let result: Value = serde_json::from_str(&run(&["--format", "json"])).expect("JSON");
    assert_eq!(result["status"], "unordered");
    assert!(result["certificate"]["width"].is_null() && result["unique"].is_null());
    let bounds = &result["enclosure"]["equities"][0];
    let equity = result["institutions"][0]["equity"].as_f64().expect("a number");
    let end = |end: &str| bounds[end].as_f64().expect("a number");
    assert!(end("lower") <= equity && equity <= end("upper"), "{result}");
}

#[test]
fn a_gradient_names_what_matters_and_agrees_with_runs() {
    let scenario = small("gradient", "");
    let mild = "shock.prices.bond=-0.005";
    let output = delever(&["gradient", &scenario, "--set", mild]);
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    let picture = text(&output.stdout);
    for part in [
        "total equity",
        "spectral radius 0.",
        "nearest kink",
        "PRICES",
        "bond",
        "INSTITUTIONS",
        "max_leverage +1",
    ] {
        assert!(picture.contains(part), "{part} is missing in:\n{picture}");
    }
    let output = delever(&["gradient", &scenario, "--set", mild, "--format", "json"]);
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(found["status"], "certified");
    // Two runs, 0.01 % apart.
    let equity = |change: &str| {
        let set = format!("shock.prices.bond={change}");
        let output = delever(&["run", &scenario, "--format", "json", "--set", &set]);
        let result: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        result["totals"]["equity"].as_f64().expect("a number")
    };
    let difference = (equity("-0.00495") - equity("-0.00505")) / 1e-4;
    let slope = found["assets"][0]["by_price_shock"].as_f64().expect("a number");
    assert!(
        (slope - difference).abs() < 1e-4 * slope.abs(),
        "{slope} {difference}"
    );
    let radius = found["spectral_radius"]["upper"].as_f64().expect("a number");
    assert!(radius > 0.0 && radius < 1.0);
    // One institution's equity, one asset's price, other parameters.
    let output = delever(&[
        "gradient",
        &scenario,
        "--of",
        "B",
        "--by",
        "min_leverage_ratio",
        "--format",
        "json",
    ]);
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(
        found["institutions"][1]["by_parameter"]["min_leverage_ratio"].is_number(),
        "{found}"
    );
    let output = delever(&["gradient", &scenario, "--of", "bond"]);
    assert!(text(&output.stdout).contains("price of bond"));
    assert_eq!(code(&delever(&["gradient", &scenario, "--of", "nobody"])), 2);
    let average = delever(&["gradient", &scenario, "--set", "impact.execution=vwap"]);
    assert_eq!(code(&average), 3);
    assert!(
        text(&average.stderr).contains("terminal execution"),
        "{}",
        text(&average.stderr)
    );
    assert_eq!(
        code(&delever(&["gradient", &scenario, "--set", "engine.kind=rounds"])),
        3
    );
}
