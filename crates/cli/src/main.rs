//! `delever`: recursive deleveraging on tables.
//!
//! Each command has a file; this one maps what they return to the exit codes of the contract. Results go to standard
//! output, everything else to standard error.

mod arguments;
mod completions;
mod explain;
mod gradient;
mod init;
mod input;
mod numbers;
mod output;
mod picture;
mod run;
mod schema;
mod sweep;
mod threshold;
mod validate;

use arguments::{Arguments, Command};
use clap::Parser;
use std::process::ExitCode;

/// How a command ended. The numbers are the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Done = 0,
    Internal = 1,
    Usage = 2,
    InvalidInput = 3,
    NotCertain = 4,
    Threshold = 5,
    NotWritten = 6,
    Interrupted = 130,
}

impl Exit {
    /// The exit of an exit code of a result's status.
    fn of_status(code: u8) -> Self {
        match code {
            0 => Self::Done,
            3 => Self::InvalidInput,
            130 => Self::Interrupted,
            _ => Self::NotCertain,
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // A panic is a bug: say so, and leave with the code that is reserved for it.
    let exit = std::panic::catch_unwind(|| dispatch(arguments)).unwrap_or_else(|_| {
        eprintln!(
            "internal error: this is a bug in delever {}. Please report it with the scenario, its tables and the \
             message above.",
            env!("CARGO_PKG_VERSION")
        );
        Exit::Internal
    });
    ExitCode::from(exit as u8)
}

fn dispatch(arguments: Arguments) -> Exit {
    match arguments.command {
        Command::Run(options) => run::run(&options),
        Command::Sweep(options) => sweep::sweep(&options),
        Command::Gradient(options) => gradient::gradient(&options),
        Command::Validate(options) => validate::validate(&options),
        Command::Init(options) => init::init(&options),
        Command::Explain(options) => explain::explain(&options),
        Command::Schema => schema::schema(),
        Command::Completions(options) => completions::completions(&options),
    }
}
