//! Tables as spreadsheets leave them, and what a person writes into cells and options: read, or told in one message what to write.

use delever_io::{
    Diagnostics, LoadOptions, Loaded, MAX_PRINTED_PER_CODE, Problem, Severity, Tables, load_from, registry,
};
use std::fmt::Write as _;

const SCENARIO: &str = "version = 1\n[deleveraging]\nrule = \"leverage-cap\"\nmax_leverage = 12.5\n[impact]\nmodel = \"exponential\"\n\
    [clearing]\nmodel = \"eisenberg-noe\"\n";
const INSTITUTIONS: &str =
    "id,cash,other_assets,external_liabilities\nNorth,5,100,90\nSouth,20,10,10\nWest,1,50,40\n";
const ASSETS: &str = "id,price,depth\nbond,1,1250\nloan,1,500\n";
const HOLDINGS: &str = "institution,asset,quantity\nNorth,bond,100\nSouth,loan,10\n";
const DEBTS: &str = "debtor,creditor,amount\nNorth,South,5\nSouth,West,3\n";

fn tables() -> Tables {
    Tables::new()
        .with("institutions.csv", INSTITUTIONS)
        .with("assets.csv", ASSETS)
        .with("holdings.csv", HOLDINGS)
        .with("debts.csv", DEBTS)
}

fn loaded(tables: &Tables, options: &LoadOptions) -> Result<Loaded, Diagnostics> {
    load_from(tables, "scenario.toml", SCENARIO, &registry(), options)
}

fn with(file: &str, content: impl Into<Vec<u8>>) -> Result<Loaded, Diagnostics> {
    loaded(&tables().with(file, content), &LoadOptions::default())
}

fn set(text: &str) -> Result<Loaded, Diagnostics> {
    let options = LoadOptions {
        overrides: vec![text.to_owned()],
        ..LoadOptions::default()
    };
    loaded(&tables(), &options)
}

/// The one problem.
#[track_caller]
fn one(found: Result<Loaded, Diagnostics>) -> Problem {
    let problems = found.expect_err("refused");
    assert_eq!(problems.problems().len(), 1, "{problems}");
    problems.problems()[0].clone()
}

#[track_caller]
fn read(found: Result<Loaded, Diagnostics>) -> Loaded {
    found.unwrap_or_else(|problems| panic!("{problems}"))
}

#[track_caller]
fn hint(problem: &Problem) -> &str {
    problem
        .hint
        .as_deref()
        .unwrap_or_else(|| panic!("no hint: {problem}"))
}

fn noted(loaded: &Loaded) -> Vec<&'static str> {
    assert!(
        loaded
            .warnings
            .iter()
            .all(|problem| problem.severity == Severity::Note)
    );
    loaded.warnings.iter().map(|problem| problem.code).collect()
}

/// What spreadsheets and people write, with a part of what they are told.
const CELLS: [(&str, &str); 14] = [
    (
        "\"5,000\"",
        "write 5000 where the comma separates thousands, 5.000 where",
    ),
    ("\"12,5\"", "write 12.5"),
    ("\"1.234,56\"", "write 1234.56"),
    ("2 000", "write 2000"),
    ("2\u{a0}000", "write 2000"),
    ("1'000.25", "write 1000.25"),
    ("12%", "write 12 % as 0.12"),
    ("\"12,5 %\"", "as 0.125"),
    ("(5)", "write -5"),
    ("\"(1,000)\"", "write -1000"),
    ("NA", "leave the cell blank"),
    ("n/a", "leave the cell blank"),
    ("#N/A", "leave the cell blank"),
    ("-", "write 0 for nothing"),
];

#[test]
fn a_bad_cell_of_a_parameter_is_told_as_a_bad_price_is_and_once() {
    for (cell, told) in CELLS {
        let price = one(with(
            "assets.csv",
            format!("id,price,depth\nbond,{cell},1250\nloan,1,500\n"),
        ));
        let depth = one(with(
            "assets.csv",
            format!("id,price,depth\nbond,1,{cell}\nloan,1,500\n"),
        ));
        let cap = one(with(
            "institutions.csv",
            format!("id,cash,max_leverage\nNorth,5,{cell}\nSouth,20,\nWest,1,\n"),
        ));
        assert!(hint(&price).contains(told), "{price}");
        for problem in [&depth, &cap] {
            assert_eq!(problem.message, price.message, "{problem}");
            assert_eq!(problem.hint, price.hint, "{problem}");
            assert_eq!(problem.row, Some(2));
            assert_eq!(problem.cell, price.cell);
        }
    }
}

#[test]
fn a_cell_that_two_models_read_is_told_once() {
    let table = "id,price,depth\nbond,1,\"5,000\"\nloan,1,500\n";
    let options = LoadOptions {
        overrides: vec!["deleveraging.strategy=most-liquid-first".to_owned()],
        ..LoadOptions::default()
    };
    let problem = one(loaded(&tables().with("assets.csv", table), &options));
    assert_eq!((problem.code, problem.column.as_deref()), ("D302", Some("depth")));
}

#[test]
fn a_refused_cell_is_not_missing_on_top_of_that() {
    for (cell, code) in [
        ("-1", "D213"),
        ("1e-30", "D214"),
        ("1e400", "D214"),
        ("nan", "D212"),
        ("-inf", "D212"),
    ] {
        let problem = one(with("assets.csv", format!("id,depth\nbond,{cell}\nloan,500\n")));
        assert_eq!((problem.code, problem.row), (code, Some(2)), "{problem}");
    }
    // The reciprocal takes the place of a leverage.
    let scenario = SCENARIO.replace("max_leverage = 12.5\n", "");
    let content = "id,min_leverage_ratio\nNorth,nan\nSouth,0.1\nWest,0.1\n";
    let found = load_from(
        &tables().with("institutions.csv", content),
        "scenario.toml",
        &scenario,
        &registry(),
        &LoadOptions::default(),
    );
    assert_eq!(one(found).code, "D212");
}

#[test]
fn overrides_tell_numbers_as_cells_do_and_never_a_type() {
    for key in [
        "impact.depth",
        "shock.prices.bond",
        "engine.tolerance",
        "deleveraging.max_leverage",
    ] {
        for (cell, told) in CELLS {
            let cell = cell.trim_matches('"');
            let found = with_no_depth(&format!("{key}={cell}"));
            let problem = one(found);
            assert!(hint(&problem).contains(told), "{key}={cell}: {problem}");
            assert_eq!(problem.file, "--set");
            assert_eq!(problem.cell.as_deref(), Some(cell));
            let text = problem.to_string();
            assert!(
                !["f64", "u32", "i64", "string"]
                    .iter()
                    .any(|name| text.contains(name)),
                "{text}"
            );
        }
    }
}

/// The sound tables without a column `depth`, which the scenario gives to all.
fn with_no_depth(text: &str) -> Result<Loaded, Diagnostics> {
    let options = LoadOptions {
        overrides: vec!["impact.depth=1000".to_owned(), text.to_owned()],
        ..LoadOptions::default()
    };
    loaded(
        &tables().with("assets.csv", "id,price\nbond,1\nloan,1\n"),
        &options,
    )
}

#[test]
fn words_of_spreadsheets_for_true_and_false_are_read() {
    let scenario = SCENARIO.replace("leverage-cap\"\nmax_leverage = 12.5", "leverage-target\"");
    let content = "id,cash,other_assets,external_liabilities,two_sided\nNorth,5,100,90,TRUE\nSouth,20,10,10,False\nWest,1,50,40,\n";
    let tables = tables().with("institutions.csv", content);
    let found = load_from(
        &tables,
        "scenario.toml",
        &scenario,
        &registry(),
        &LoadOptions::default(),
    );
    read(found);
}

#[test]
fn a_number_with_a_comma_in_a_scenario_is_told_as_such() {
    for number in ["12,5", "1 000", "1'000.5"] {
        let scenario = SCENARIO.replace("12.5", number);
        let found = load_from(
            &tables(),
            "s.toml",
            &scenario,
            &registry(),
            &LoadOptions::default(),
        );
        let problem = one(found);
        assert_eq!((problem.code, problem.row), ("D102", Some(4)));
        assert!(hint(&problem).contains("decimal point"), "{number}: {problem}");
    }
    // A number that stands in a wrong place is not told to be one.
    let scenario = SCENARIO.replace("max_leverage = 12.5", "max_leverage = 12.5\nmax_leverage = 3");
    let found = load_from(
        &tables(),
        "s.toml",
        &scenario,
        &registry(),
        &LoadOptions::default(),
    );
    assert!(hint(&one(found)).contains("double quotes"));
}

#[test]
fn only_the_word_inf_is_infinite() {
    for text in [
        "impact.depth=1e400",
        "deleveraging.max_leverage=1e400",
        "shock.prices.bond=-1e400",
    ] {
        let problem = one(with_no_depth(text));
        assert_eq!(
            (problem.code, problem.file.as_str()),
            ("D214", "--set"),
            "{problem}"
        );
    }
    let nines = "9".repeat(400);
    for digits in ["1e400", "1_0e400", &nines] {
        let scenario = SCENARIO.replace("12.5", digits);
        let found = load_from(
            &tables(),
            "scenario.toml",
            &scenario,
            &registry(),
            &LoadOptions::default(),
        );
        let problem = one(found);
        assert_eq!((problem.code, problem.row), ("D214", Some(4)), "{problem}");
        assert_eq!(problem.message, "the number is too large");
    }
    for text in ["impact.depth=inf", "deleveraging.max_leverage=inf"] {
        read(with_no_depth(text));
    }
}

#[test]
fn empty_columns_and_rows_of_spreadsheets_are_ignored_with_a_note() {
    let sound = read(with("institutions.csv", INSTITUTIONS));
    for content in [
        "id,cash,other_assets,external_liabilities,,\nNorth,5,100,90,,\nSouth,20,10,10,,\nWest,1,50,40,,\n",
        "id,cash,other_assets,external_liabilities\nNorth,5,100,90,,\nSouth,20,10,10,,\nWest,1,50,40,,\n",
        "id,cash,other_assets,external_liabilities,,\nNorth,5,100,90\nSouth,20,10,10,\nWest,1,50,40\n",
        "id,cash,other_assets,external_liabilities\nNorth,5,100,90\n,,,\nSouth,20,10,10\nWest,1,50,40\n,,,\n,,,\n",
        "id,cash,other_assets,external_liabilities\r\nNorth,5,100,90\r\n , ,\u{a0},\r\nSouth,20,10,10\r\nWest,1,50,40\r\n",
        ",,,\nid,cash,other_assets,external_liabilities\nNorth,5,100,90\nSouth,20,10,10\nWest,1,50,40\n",
        "id,,cash,other_assets,external_liabilities\nNorth,,5,100,90\nSouth,,20,10,10\nWest,,1,50,40\n",
    ] {
        let loaded = read(with("institutions.csv", content));
        assert_eq!(
            loaded.system.institutions(),
            sound.system.institutions(),
            "{content}"
        );
        assert_eq!(noted(&loaded), ["D232"], "{content}");
    }
    // A column without a name that holds something is no empty one.
    let problem = one(with("assets.csv", "id,price,depth,,\nbond,1,5,,\nloan,1,5,,x\n"));
    assert_eq!(
        (problem.code, problem.row, problem.column.as_deref()),
        ("D209", Some(1), Some(""))
    );
    assert!(
        problem.message.contains("column 5") && problem.message.contains("line 3"),
        "{problem}"
    );
    let problem = one(with("assets.csv", "id,price,depth\nbond,1,5,,x\nloan,1,5\n"));
    assert_eq!((problem.code, problem.row), ("D207", Some(2)));
    // Needed cells are still asked for.
    let problem = one(with("assets.csv", "id,price,depth\nbond,1\nloan,1,5\n"));
    assert_eq!((problem.code, problem.row), ("D207", Some(2)));
}

#[test]
fn files_that_are_no_tables_with_commas_are_told_once() {
    let utf16 = |little: bool| -> Vec<u8> {
        let bytes = |unit: u16| {
            if little {
                unit.to_le_bytes()
            } else {
                unit.to_be_bytes()
            }
        };
        format!("\u{feff}{INSTITUTIONS}")
            .encode_utf16()
            .flat_map(bytes)
            .collect()
    };
    for (content, message, told) in [
        (utf16(true), "UTF-16", "UTF-8"),
        (utf16(false), "UTF-16", "UTF-8"),
        (utf16(true)[2..].to_vec(), "UTF-16", "UTF-8"),
        (b"PK\x03\x04\x14\0\x06\0".to_vec(), "workbook", "CSV UTF-8"),
        (b"sep=,\nid,cash\nNorth,5\n".to_vec(), "`sep=`", "remove the line"),
        (
            b"sep=;\nid;cash\nNorth;5\n".to_vec(),
            "`sep=;`",
            "separate columns by commas",
        ),
        (
            b"\xef\xbb\xbfSEP=;\r\nid;cash\r\nNorth;5\r\n".to_vec(),
            "`SEP=;`",
            "remove the line",
        ),
        (b"id;cash\nNorth;5\n".to_vec(), "semicolons", "by commas"),
        (
            b"id;cash;other_assets\nNorth;5,5;1.000\n".to_vec(),
            "semicolons",
            "decimal point",
        ),
        (b"id\tcash\nNorth\t5\n".to_vec(), "tabs", "by commas"),
        (b"\"id\"|\"cash\"\n".to_vec(), "vertical bars", "by commas"),
        (
            b"id,cash\rNorth,5\rSouth,6\r".to_vec(),
            "carriage returns",
            "line feeds",
        ),
        (Vec::new(), "the table is empty", "id"),
        (b"\n\n,,\n".to_vec(), "the table is empty", "id"),
    ] {
        let problem = one(with("institutions.csv", content));
        assert_eq!(problem.row, Some(1), "{problem}");
        assert!(problem.message.contains(message), "{problem}");
        assert!(hint(&problem).contains(told), "{problem}");
    }
    let problem = one(with("holdings.csv", "institution;asset;quantity\nNorth;bond;5\n"));
    assert_eq!(problem.code, "D208");
    // A misspelt column is not missing on top of that.
    let problem = one(with("debts.csv", "debtor,creditr,amount\nNorth,South,5\n"));
    assert_eq!(
        (problem.code, hint(&problem)),
        ("D209", "did you mean `creditor`?")
    );
    // A header without rows is a table of nothing.
    assert_eq!(
        read(with("debts.csv", "debtor,creditor,amount\r\n"))
            .graph
            .debts()
            .iter()
            .count(),
        0
    );
}

#[test]
fn ids_and_numbers_are_read_without_the_space_around_them() {
    let content = "id,cash,other_assets,external_liabilities\n North ,5,100,90\nSouth\t,20 ,\u{a0}10\u{a0},10\n\"West \", 1,50,40\r\n";
    let sound = read(with("institutions.csv", INSTITUTIONS));
    let loaded = read(with("institutions.csv", content));
    assert_eq!(
        loaded.system.institution_names(),
        sound.system.institution_names()
    );
    assert_eq!(loaded.system.institutions(), sound.system.institutions());
    read(with(
        "debts.csv",
        "debtor , creditor,amount\nNorth ,\u{a0}South,5\n",
    ));
    let problem = one(with("institutions.csv", format!("{INSTITUTIONS}West ,1,1,1\n")));
    assert_eq!(problem.code, "D216");
    // Spaces inside of ids differ where the eye sees none.
    let banks = "id,cash\nBanco Sur,5\nNorth,5\nSouth,5\nWest,5\n";
    for id in ["Banco\u{a0}Sur", "Banco  Sur"] {
        let tables = tables().with("institutions.csv", banks);
        let debts = format!("debtor,creditor,amount\n{id},North,5\n");
        let problem = one(loaded_with(&tables, "debts.csv", &debts));
        assert!(hint(&problem).contains("the spaces differ"), "{problem}");
    }
    let problem = one(set("shock.prices.\"bond \"=-0.1"));
    assert!(hint(&problem).contains("a space stands beside"), "{problem}");
}

fn loaded_with(tables: &Tables, file: &str, content: &str) -> Result<Loaded, Diagnostics> {
    loaded(&tables.clone().with(file, content), &LoadOptions::default())
}

#[test]
fn a_matrix_is_read_as_the_list_that_it_stands_for() {
    let debts = |loaded: &Loaded| -> Vec<(u32, u32, f64)> {
        let layers = loaded.graph.debts().iter();
        layers
            .flat_map(|(_, layer)| layer.triplets().collect::<Vec<_>>())
            .collect()
    };
    let list = read(with("debts.csv", DEBTS));
    for content in [
        ",North,South,West\nNorth,0,5,0\nSouth,0,0,3\nWest,0,0,0\n",
        "debtor,West,North,South\nSouth,3,,\nNorth,,,5\n",
        "owes,South,West\nNorth,5,\nSouth,0,3\n",
        ",South,West,,\nNorth,5,0.0,,\nSouth,,3,,\n,,,,\n",
        "\u{feff}\"\",\"South\",\"West\"\r\n\"North\",\"5\",\"0\"\r\n\"South\",\"0\",\"3\"\r\n",
    ] {
        let matrix = read(with("debts.csv", content));
        assert_eq!(debts(&matrix), debts(&list), "{content}");
        assert!(noted(&matrix).contains(&"D234"), "{content}");
    }
    let holdings = |loaded: &Loaded| loaded.system.holdings().triplets().collect::<Vec<_>>();
    let list = read(with("holdings.csv", HOLDINGS));
    for content in [
        ",bond,loan\nNorth,100,0\nSouth,,10\n",
        "institution,loan,bond\nSouth,10,\nNorth,,100\n",
    ] {
        let matrix = read(with("holdings.csv", content));
        assert_eq!(holdings(&matrix), holdings(&list), "{content}");
        assert_eq!(noted(&matrix), ["D234"]);
    }
    // Where prices differ from 1, the corner says what the cells are.
    let priced = tables().with("assets.csv", "id,price,depth\nbond,2,1250\nloan,1,500\n");
    let matrix = |corner: &str| {
        loaded_with(
            &priced,
            "holdings.csv",
            &format!("{corner},bond,loan\nNorth,100,1\n"),
        )
    };
    assert_eq!(holdings(&read(matrix("quantity")))[0].2, 100.0);
    assert_eq!(holdings(&read(matrix("value")))[0].2, 50.0);
    let problem = matrix("").expect_err("it matters");
    assert_eq!(problem.error_count(), 1);
    assert!(
        problem.to_string().contains("write `quantity` or `value`"),
        "{problem}"
    );
}

#[test]
fn mistakes_in_a_matrix_are_told_where_they_stand() {
    let errors = |file: &str, content: &str| -> Vec<(&'static str, Option<u64>, Option<String>)> {
        let problems = with(file, content).expect_err("refused");
        let errors = problems
            .iter()
            .filter(|problem| problem.severity == Severity::Error);
        errors
            .map(|problem| (problem.code, problem.row, problem.column.clone()))
            .collect()
    };
    let at = |code, row: u64, column: &str| (code, Some(row), Some(column.to_owned()));
    for (content, expected) in [
        (",North,South\nNorth,2,5\nSouth,3,0\n", at("D218", 2, "North")),
        (",North,Sout\nNorth,0,5\nSouth,3,0\n", at("D217", 1, "Sout")),
        (",North,South\nNort,0,5\nSouth,3,0\n", at("D217", 2, "")),
        (
            ",North,South\nNorth,0,\"1,5\"\nSouth,3,0\n",
            at("D211", 2, "South"),
        ),
        (",North,South\nNorth,0,-5\nSouth,3,0\n", at("D213", 2, "South")),
        (",North,South,South\nNorth,0,5,5\n", at("D210", 1, "South")),
        (",North,South\nNorth,0,5\nNorth,0,5\n", at("D216", 3, "")),
    ] {
        assert_eq!(errors("debts.csv", content), [expected], "{content}");
    }
    // What is neither a list nor a matrix is told once, as are amounts without the ids of their rows.
    for (file, content, told) in [
        (
            "debts.csv",
            "from,to,amt\nNorth,South,5\n",
            "missing: debtor, creditor, amount;",
        ),
        (
            "holdings.csv",
            "institution,cash,securities\nNorth,5,1\n",
            "missing: asset;",
        ),
        (
            "debts.csv",
            "North,South,West\n0,5,0\n0,0,3\n0,0,0\n",
            "first column",
        ),
        ("holdings.csv", "bond,loan\n1,2\n", "first column"),
    ] {
        let problem = one(with(file, content));
        assert_eq!((problem.code, problem.row), ("D208", Some(1)), "{problem}");
        assert!(problem.message.contains(told), "{problem}");
    }
    // All ids unknown: still a matrix, and said of each.
    let found = errors("debts.csv", ",Q1,Q2\nQ1,0,5\nQ2,0,0\n");
    assert!(
        found.len() == 4 && found.iter().all(|problem| problem.0 == "D217"),
        "{found:?}"
    );
    // The ids of a table that cannot be read are not unknown ids of a matrix.
    let tables = tables().with("institutions.csv", "id;cash\nNorth;5\n");
    for content in [",North,South\nNorth,0,5\n", "owes,North,South\nNorth,0,5\n"] {
        let problems = loaded_with(&tables, "debts.csv", content).expect_err("no ids");
        assert_eq!(problems.error_count(), 1, "{problems}");
    }
}

#[test]
fn nothing_repeats_nothing_and_owes_nothing_to_itself() {
    let loaded = read(with(
        "holdings.csv",
        "institution,asset,quantity\nNorth,bond,0\nNorth,bond,5\nNorth,loan,0\nNorth,loan,0\nSouth,bond,0\n",
    ));
    assert_eq!(noted(&loaded), [""; 0]);
    let loaded = read(with(
        "debts.csv",
        "debtor,creditor,amount\nNorth,South,0\nNorth,South,5\nNorth,North,0\nWest,West,0.0\n",
    ));
    assert_eq!(noted(&loaded), [""; 0]);
    let loaded = read(with(
        "holdings.csv",
        "institution,asset,quantity\nNorth,bond,5\nNorth,loan,0\n\nNorth,bond,7\nSouth,loan,1\nNorth,bond,1\n",
    ));
    let found = &loaded.warnings.problems()[0];
    assert_eq!((found.code, loaded.warnings.problems().len()), ("D222", 1));
    assert!(
        found
            .message
            .contains("line 5 repeats line 2, line 7 repeats line 2"),
        "{found}"
    );
}

#[test]
fn rows_that_are_refused_make_no_ids_unknown_elsewhere() {
    for content in [
        // A number with a comma, a row that is too short, text in another encoding, an id that is too long.
        b"id,cash,other_assets\nNorth,1,000,5\nSouth,1,1\nWest,1,1\n".to_vec(),
        b"id,cash,other_assets\nNorth\nSouth,1,1\nWest,1,1\n".to_vec(),
        b"id,cash,name\nNorth,1,Cr\xe9dit\nSouth,1,x\nWest,1,x\n".to_vec(),
        format!(
            "id,cash,name\n{},1,x\nNorth,1,x\nSouth,1,x\nWest,1,x\n",
            "x".repeat(300)
        )
        .into_bytes(),
    ] {
        let tables = tables().with("institutions.csv", content);
        let options = LoadOptions {
            overrides: vec![
                "shock.cash.North=-0.1".to_owned(),
                "engine.kind=rounds".to_owned(),
                "engine.order=sequential".to_owned(),
                "engine.sequence=[\"North\"]".to_owned(),
            ],
            ..LoadOptions::default()
        };
        let problems = loaded(&tables, &options).expect_err("a row is refused");
        assert_eq!(problems.error_count(), 1, "{problems}");
        // An id that stands nowhere is unknown all the same.
        let wrong = loaded_with(
            &tables,
            "holdings.csv",
            "institution,asset,quantity\nEast,bond,1\n",
        );
        let wrong = wrong.expect_err("two mistakes");
        assert!(wrong.iter().any(|problem| problem.code == "D217"), "{wrong}");
    }
    // An open quote swallows rows whose ids nobody knows.
    let open = format!(
        "id,name\nNorth,\"open\n{}South,x\nWest,x\n",
        "A,x\n".repeat(20_000)
    );
    let problems = with("institutions.csv", open).expect_err("a field is too long");
    assert!(
        problems.iter().all(|problem| problem.code != "D217"),
        "{problems}"
    );
    let problems = with("assets.csv", "id,depth\nbond,1,000\nloan,5\n").expect_err("a row is refused");
    assert_eq!(problems.error_count(), 1, "{problems}");
}

#[test]
fn at_most_twenty_of_one_kind_are_printed_and_the_rest_is_counted() {
    let mut holdings = "institution,asset,quantity\n".to_owned();
    let mut debts = "debtor,creditor,amount\n".to_owned();
    for n in 0..30 {
        writeln!(holdings, "North,none{n},-1").expect("a text");
        writeln!(debts, "North,none{n},1").expect("a text");
    }
    let tables = tables().with("holdings.csv", holdings).with("debts.csv", debts);
    let problems = loaded(&tables, &LoadOptions::default()).expect_err("unknown ids");
    assert_eq!(problems.problems().len(), 90, "data are complete");
    let text = problems.to_string();
    assert_eq!(text.matches("error[D217] holdings").count(), MAX_PRINTED_PER_CODE);
    assert_eq!(text.matches("error[D213] holdings").count(), MAX_PRINTED_PER_CODE);
    assert!(
        text.contains("error[D217] and 40 more: 30 in debts.csv, 10 in holdings.csv"),
        "{text}"
    );
    assert!(
        text.contains("error[D213] and 10 more: 10 in holdings.csv"),
        "{text}"
    );
    assert_eq!(problems.blocks(Severity::Error).len(), 42);
}

#[test]
fn ids_with_dots_spaces_and_stars_work_unquoted_in_overrides() {
    let banks = "id,cash,other_assets\nDE.02,1,100\nBanco Sur,2,100\n\u{dc}bersee,3,100\nS.A.,4,100\n";
    let tables = Tables::new().with("institutions.csv", banks);
    let shocked = |text: &str, varied: bool| {
        let texts = vec![text.to_owned()];
        let options = LoadOptions {
            overrides: if varied { Vec::new() } else { texts.clone() },
            varied: varied.then(|| texts[0].clone()),
            ..LoadOptions::default()
        };
        load_from(&tables, "s.toml", "version = 1\n", &registry(), &options)
    };
    let cash = |id: &str| read(shocked(&format!("shock.cash.{id}=-0.5"), false)).shock.cash;
    // By id: Banco Sur, DE.02, S.A., Übersee.
    assert_eq!(cash("DE.02"), [0.0, -0.5, 0.0, 0.0]);
    assert_eq!(cash("\"DE.02\""), [0.0, -0.5, 0.0, 0.0]);
    assert_eq!(cash("Banco Sur"), [-0.5, 0.0, 0.0, 0.0]);
    assert_eq!(cash("S.A."), [0.0, 0.0, -0.5, 0.0]);
    assert_eq!(cash("\u{dc}bersee"), [0.0, 0.0, 0.0, -0.5]);
    assert_eq!(cash("*"), [-0.5; 4]);
    let problem = one(shocked("shock.cash.DE.03=-0.5", false));
    assert_eq!((problem.code, problem.file.as_str()), ("D109", "--set"));
    assert_eq!(hint(&problem), "did you mean `DE.02`?");
    for text in ["shock.cash.a=b=-0.5", "shock.cash.\"a=-0.5"] {
        let problem = one(shocked(text, false));
        assert!(
            hint(&problem).contains("in quotes") && hint(&problem).contains("\"a=b\""),
            "{problem}"
        );
    }
    // Mistakes of a sweep are reported as such.
    assert_eq!(
        read(shocked("shock.cash.DE.02=-0.5", true)).shock.cash,
        [0.0, -0.5, 0.0, 0.0]
    );
    for text in [
        "shock.cash.DE.03=-0.5",
        "shock.cash.DE.02=half",
        "shock.cash.DE.02=-1.5",
        "shock.cash.DE.02=-1e400",
        "impact.modle=linear",
        "impact.model=linaer",
        "version.x=1",
        "nonsense",
        "deleveraging.max_leverage=x",
        "impact={ modle = 1 }",
    ] {
        let problems = shocked(text, true).map_or_else(|problems| problems, |loaded| loaded.warnings);
        assert!(!problems.is_empty(), "{text}");
        assert!(
            problems.iter().all(|problem| problem.file == "--vary"),
            "{text}: {problems}"
        );
    }
}

#[test]
fn tables_that_nobody_reads_are_named() {
    for (file, table) in [
        ("debt.csv", "debts"),
        ("Holdings.csv", "holdings"),
        ("asset.csv", "assets"),
        ("INSTITUTIONS.CSV", "institutions"),
        ("debts.csv.csv", "debts"),
        ("debts .csv", "debts"),
        ("share_holdings.csv", "shareholdings"),
        ("shareholdings.xlsx", "shareholdings"),
    ] {
        let problem = one(with(file, "id\n"));
        assert_eq!((problem.code, problem.file.as_str()), ("D230", file));
        assert!(hint(&problem).contains(&format!("`{table}.csv`")), "{problem}");
    }
    for file in ["rates.csv", "holdings_2019.csv", "Totals.parquet"] {
        let loaded = read(with(file, "id\n"));
        assert_eq!(noted(&loaded), ["D231"], "{file}");
        assert_eq!(loaded.warnings.problems()[0].file, file);
    }
    // Notes, workbooks from which a table was saved, and files that the scenario names are not strays.
    for file in ["notes.txt", "debts.xlsx", "README.md", "scenario.toml"] {
        assert_eq!(noted(&read(with(file, ""))), [""; 0], "{file}");
    }
    let scenario = SCENARIO.replace("\"exponential\"", "\"cross-matrix\"\nmatrix = \"./cross.csv\"");
    let tables = tables()
        .with("assets.csv", "id,price\nbond,1\nloan,1\n")
        .with("cross.csv", "asset,seller,impact\nbond,loan,0.0001\n");
    let found = load_from(&tables, "s.toml", &scenario, &registry(), &LoadOptions::default());
    let codes: Vec<_> = match &found {
        Ok(loaded) => loaded.warnings.iter().map(|problem| problem.code).collect(),
        Err(problems) => problems.iter().map(|problem| problem.code).collect(),
    };
    assert!(!codes.contains(&"D231") && !codes.contains(&"D230"), "{codes:?}");
}

#[test]
fn blank_money_is_noted_once_by_column() {
    let content =
        "id,cash,other_assets,external_liabilities\nNorth,,100,90\nSouth,20,,10\nWest,,50,40\nEast,,,\n";
    let loaded = read(with("institutions.csv", content));
    let found: Vec<_> = loaded
        .warnings
        .iter()
        .map(|problem| {
            (
                problem.code,
                problem.column.as_deref().unwrap_or_default(),
                problem.message.as_str(),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            (
                "D233",
                "cash",
                "blank in 2 rows with other amounts, read as 0: North, West"
            ),
            (
                "D233",
                "other_assets",
                "blank in 1 row with other amounts, read as 0: South"
            ),
        ]
    );
    assert_eq!(noted(&loaded), ["D233", "D233"]);
}
