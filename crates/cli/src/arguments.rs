//! The command line. Everything that concerns a model stands in the scenario file; flags only override it.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Recursive deleveraging: who must sell, what that does to prices, and who fails because of it.
#[derive(Debug, Parser)]
#[command(name = "delever", version, about, propagate_version = true, after_help = EXIT_CODES)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 internal error, 2 wrong usage, 3 invalid input, 4 not solved to the \
asked certainty, 5 a --fail-if threshold was breached, 6 output not written, 130 interrupted.";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Solve a scenario and print its cascade
    Run(RunOptions),
    /// Solve a scenario at many values of one key, and print how its totals change
    Sweep(SweepOptions),
    /// Solve a scenario and print what one figure owes to every input: derivatives, spectral radius, nearest kink
    Gradient(GradientOptions),
    /// Check a scenario and its tables, and list every problem
    Validate(ScenarioOptions),
    /// Write a commented scenario with tables of a synthetic banking system
    Init(InitOptions),
    /// Explain a problem's code, a model or a parameter, or list all codes and models
    Explain(ExplainOptions),
    /// Print the JSON schema of scenario files, for editors
    Schema,
    /// Print completions for a shell
    Completions(CompletionOptions),
}

/// Which scenario, and how it is read.
#[derive(Args, Clone, Debug)]
pub struct ScenarioOptions {
    /// Scenario file (TOML); its tables stand where its [data] section says. `-` is standard input, and [data] dir is then
    /// relative to the working folder
    #[arg(required_unless_present = "demo", conflicts_with = "demo")]
    pub scenario: Option<PathBuf>,
    /// Use the embedded scenario: 50 synthetic banks, nothing to prepare
    #[arg(long)]
    pub demo: bool,
    /// Override a key of the scenario, such as impact.model=linear, or scale a parameter wherever it is given, columns of tables
    /// included, such as "depth*=0.5"; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Allow [data] dir to lie outside the folder of the scenario
    #[arg(long)]
    pub allow_outside: bool,
    /// What is printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Tables for people
    Table,
    /// One JSON object for programs
    Json,
    /// CSV: of `run` several tables, into the folder that -o names; of `sweep` one table
    Csv,
}

#[derive(Args, Debug)]
pub struct RunOptions {
    #[command(flatten)]
    pub scenario: ScenarioOptions,
    /// Write the result to a file instead of standard output, with --format csv into a folder; files appear whole or not at all
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Leave timings out of the JSON, so that equal input gives equal bytes
    #[arg(long)]
    pub no_timing: bool,
    /// Institutions to list in the table, those with the largest losses first
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub top: usize,
    /// Exit with 5 if a total or a share breaches a threshold, such as "defaults > 3" or "loss_share > 0.3" (of equity before
    /// the shock); may be repeated
    #[arg(long, value_name = "CONDITION")]
    pub fail_if: Vec<String>,
}

#[derive(Args, Debug)]
pub struct SweepOptions {
    #[command(flatten)]
    pub scenario: ScenarioOptions,
    /// The key that varies and its values: `KEY=a,b,c`, or `KEY=from:to:count` for numbers at equal distances; `KEY*=...`
    /// multiplies what the key and its column give, such as "depth*=0.5:2:16"
    #[arg(long, value_name = "KEY=VALUES")]
    pub vary: String,
    /// Write the result to a file instead of standard output; the file appears whole or not at all
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Leave timings out of the JSON, so that equal input gives equal bytes
    #[arg(long)]
    pub no_timing: bool,
}

#[derive(Args, Debug)]
pub struct GradientOptions {
    #[command(flatten)]
    pub scenario: ScenarioOptions,
    /// The institution whose equity, or the asset whose price is differentiated; total equity without it
    #[arg(long, value_name = "ID")]
    pub of: Option<String>,
    /// Differentiate in a parameter of deleveraging rules; may be repeated; default: max_leverage
    #[arg(long, value_name = "PARAMETER")]
    pub by: Vec<String>,
    /// Write the result to a file instead of standard output; the file appears whole or not at all
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Rows of each table, those with the largest derivatives first
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub top: usize,
}

#[derive(Args, Debug)]
pub struct InitOptions {
    /// Folder to write to; made if it is not there
    pub folder: PathBuf,
    /// Seed: the same seed gives the same files
    #[arg(long, default_value_t = delever::io::generate::Generator::default().seed)]
    pub seed: u64,
    /// Number of institutions
    #[arg(long, default_value_t = delever::io::generate::Generator::default().institutions)]
    pub institutions: usize,
    /// Number of assets
    #[arg(long, default_value_t = delever::io::generate::Generator::default().assets)]
    pub assets: usize,
    /// Replace files that are already there
    #[arg(long)]
    pub force: bool,
}

#[derive(Args, Debug)]
pub struct ExplainOptions {
    /// A code such as D203, a model such as leverage-cap, or a parameter such as max_leverage; without one, all codes and models are listed
    pub subject: Option<String>,
    /// What is printed
    #[arg(long, value_enum, default_value_t = ExplainFormat::Text)]
    pub format: ExplainFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExplainFormat {
    /// Text for people
    Text,
    /// One JSON object for programs: codes and models
    Json,
    /// The reference of all models as one Markdown page
    Markdown,
}

#[derive(Args, Debug)]
pub struct CompletionOptions {
    /// The shell
    pub shell: clap_complete::Shell,
}
