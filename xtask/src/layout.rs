//! The layout rules of docs/ARCHITECTURE.md, as checks.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What each room may depend on among the crates of the project. A room that is not listed here is an error.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("delever-core", &[]),
    ("delever-solver", &[]),
    ("delever-portfolio", &["delever-core"]),
    ("delever-network", &["delever-core"]),
    ("delever-impact", &["delever-core"]),
    (
        "delever-cascade",
        &[
            "delever-core",
            "delever-portfolio",
            "delever-network",
            "delever-solver",
        ],
    ),
    (
        "delever-stress",
        &[
            "delever-core",
            "delever-portfolio",
            "delever-network",
            "delever-solver",
            "delever-cascade",
        ],
    ),
    (
        "delever-io",
        &[
            "delever-core",
            "delever-portfolio",
            "delever-network",
            "delever-impact",
            "delever-solver",
            "delever-cascade",
        ],
    ),
    (
        "delever",
        &[
            "delever-core",
            "delever-portfolio",
            "delever-network",
            "delever-impact",
            "delever-solver",
            "delever-cascade",
            "delever-stress",
            "delever-io",
        ],
    ),
    ("delever-cli", &["delever"]),
    ("delever-testkit", &["delever"]),
    ("delever-benches", &["delever", "delever-testkit"]),
    ("own-impact-model", &["delever-core"]),
    ("own-models", &["delever-core"]),
];

/// Rooms that may touch files, the clock and the environment.
const OUTSIDE_WORLD: &[&str] = &[
    "delever-io",
    "delever-cli",
    "delever-testkit",
    "delever-benches",
    "xtask",
];

/// Words of the domain that the solver must not know.
const DOMAIN_WORDS: &[&str] = &[
    "price",
    "bank",
    "debt",
    "equity",
    "institution",
    "asset",
    "cascade",
    "portfolio",
    "shock",
    "margin call",
];

/// Concrete models, which the composition must not name.
const CONCRETE_MODELS: &[&str] = &[
    "LeverageCap",
    "CapitalRatio",
    "LiquidityShortfall",
    "SellOnDefault",
    "ProRata",
    "PeckingOrder",
    "LeastImpact",
    "EisenbergNoe",
    "RogersVeraart",
    "FaceValue",
    "Exponential",
    "SquareRoot",
];

/// Names that say nothing.
const EMPTY_NAMES: &[&str] = &["util", "utils", "helper", "helpers", "manager", "common", "misc"];

/// A package of the workspace.
pub struct Package {
    /// Its name.
    pub name: String,
    folder: PathBuf,
    manifest: toml::Table,
}

/// All packages of the workspace, in the order of their folders.
pub fn packages(root: &Path) -> Vec<Package> {
    let mut folders = vec![root.join("xtask"), root.join("tests"), root.join("benches")];
    for parent in ["crates", "examples"] {
        folders.extend(children(&root.join(parent)));
    }
    folders.sort();
    folders
        .into_iter()
        .filter_map(|folder| {
            let manifest: toml::Table = fs::read_to_string(folder.join("Cargo.toml")).ok()?.parse().ok()?;
            let name = manifest.get("package")?.get("name")?.as_str()?.to_owned();
            Some(Package {
                name,
                folder,
                manifest,
            })
        })
        .collect()
}

fn children(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in children(folder) {
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// Checks all rules; returns what is broken.
pub fn check(root: &Path) -> Vec<String> {
    let packages = packages(root);
    let mut problems = Vec::new();
    if packages.len() < 10 {
        problems.push(format!(
            "only {} packages found below {}",
            packages.len(),
            root.display()
        ));
    }
    for package in &packages {
        dependencies(package, &mut problems);
        manifest(package, &mut problems);
        for path in sources(&package.folder) {
            let text = fs::read_to_string(&path).unwrap_or_default();
            source(package, &path, &text, &mut problems);
        }
    }
    readme(root, &mut problems);
    problems
}

fn dependencies(package: &Package, problems: &mut Vec<String>) {
    let ours: Vec<&str> = package
        .manifest
        .get("dependencies")
        .and_then(toml::Value::as_table)
        .map(|table| {
            table
                .keys()
                .map(String::as_str)
                .filter(|name| name.starts_with("delever"))
                .collect()
        })
        .unwrap_or_default();
    let rules: BTreeMap<_, _> = MAY_KNOW.iter().copied().collect();
    match rules.get(package.name.as_str()) {
        Some(allowed) => {
            for name in ours.iter().filter(|name| !allowed.contains(name)) {
                problems.push(format!("{} must not depend on {name}", package.name));
            }
        }
        None if package
            .folder
            .components()
            .any(|part| part.as_os_str() == "crates") =>
        {
            problems.push(format!("{} has no rule that says what it may know", package.name));
        }
        None => {}
    }
    if package.name.starts_with("own-") {
        let all = package
            .manifest
            .get("dependencies")
            .and_then(toml::Value::as_table);
        let names: Vec<_> = all
            .map(|table| table.keys().cloned().collect())
            .unwrap_or_default();
        if names != ["delever-core", "serde"] {
            problems.push(format!(
                "{} depends on {names:?}, not on delever-core and serde alone",
                package.name
            ));
        }
    }
}

fn manifest(package: &Package, problems: &mut Vec<String>) {
    let inherits = package
        .manifest
        .get("lints")
        .and_then(|lints| lints.get("workspace"))
        .and_then(toml::Value::as_bool);
    if inherits != Some(true) {
        problems.push(format!(
            "{} does not take the lints of the workspace",
            package.name
        ));
    }
    let described = package
        .manifest
        .get("package")
        .and_then(|p| p.get("description"))
        .is_some();
    if !described {
        problems.push(format!("{} has no description", package.name));
    }
}

fn source(package: &Package, path: &Path, text: &str, problems: &mut Vec<String>) {
    let mut broken = |rule: String| problems.push(format!("{}: {rule}", path.display()));
    let stem = path
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or_default();
    if EMPTY_NAMES.contains(&stem) {
        broken(format!("`{stem}` names no subject"));
    }
    if !text.trim_start().starts_with("//!") && !text.trim_start().starts_with("#![doc") {
        broken("does not open with what it is for".to_owned());
    }
    let code: String = text
        .lines()
        .take_while(|line| !line.contains("#[cfg(test)]"))
        .collect::<Vec<_>>()
        .join("\n");
    let in_src = path.components().any(|part| part.as_os_str() == "src");
    if in_src && !OUTSIDE_WORLD.contains(&package.name.as_str()) {
        for outside in ["std::fs", "std::env", "std::time", "SystemTime", "Instant::now"] {
            if code.contains(outside) {
                broken(format!(
                    "{outside}: only {OUTSIDE_WORLD:?} touch the world outside"
                ));
            }
        }
    }
    if package.name == "delever-solver" && in_src {
        let lower = text.to_lowercase();
        for word in DOMAIN_WORDS.iter().filter(|word| lower.contains(*word)) {
            broken(format!("the solver knows the word `{word}`"));
        }
    }
    if package.name == "delever-cascade" && in_src {
        for model in CONCRETE_MODELS.iter().filter(|model| code.contains(*model)) {
            broken(format!("the composition names the concrete model {model}"));
        }
    }
    if package.name == "delever-core" && in_src {
        for foreign in ["nalgebra", "petgraph", "arrow"] {
            if code.contains(foreign) {
                broken(format!("{foreign} in the crate that third parties depend on"));
            }
        }
    }
}

/// The README's commands are the ones that continuous integration runs.
fn readme(root: &Path, problems: &mut Vec<String>) {
    let readme = fs::read_to_string(root.join("README.md")).unwrap_or_default();
    let ci = fs::read_to_string(root.join(".ci/run")).unwrap_or_default();
    for command in ["cargo run --release -- run --demo", "cargo test --workspace"] {
        if !readme.lines().any(|line| line.trim() == command) {
            problems.push(format!(
                "README.md does not give the command `{command}` on a line of its own"
            ));
        }
        let locked = command.replacen("--release", "--release --locked", 1).replacen(
            "--workspace",
            "--workspace --locked",
            1,
        );
        if !ci.lines().any(|line| line == locked) {
            problems.push(format!(".ci/run does not run `{locked}`"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_keeps_its_layout_rules() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .expect("the workspace");
        assert_eq!(check(root), Vec::<String>::new());
    }

    #[test]
    fn a_broken_rule_is_noticed() {
        let manifest: toml::Table =
            "[package]\nname = \"delever-solver\"\n[dependencies]\ndelever-core = \"1\""
                .parse()
                .expect("valid");
        let package = Package {
            name: "delever-solver".into(),
            folder: PathBuf::from("crates/solver"),
            manifest,
        };
        let mut problems = Vec::new();
        dependencies(&package, &mut problems);
        manifest_and_source(&package, &mut problems);
        assert_eq!(problems.len(), 5, "{problems:?}");
    }

    fn manifest_and_source(package: &Package, problems: &mut Vec<String>) {
        manifest(package, problems);
        source(
            package,
            Path::new("crates/solver/src/utils.rs"),
            "//! Prices.\nuse x;\n",
            problems,
        );
    }
}
