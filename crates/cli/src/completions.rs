//! `delever completions`.

use crate::Exit;
use crate::arguments::{Arguments, CompletionOptions};
use crate::output;
use clap::CommandFactory;

/// Prints the completion script of a shell.
pub(crate) fn completions(options: &CompletionOptions) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut Arguments::command(), "delever", &mut script);
    output::print(&String::from_utf8_lossy(&script))
}
