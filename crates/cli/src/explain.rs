//! `delever explain`.

use crate::Exit;
use crate::arguments::ExplainOptions;
use crate::output;
use delever::core::nearest_name;
use delever::io::{all_codes, explain as explanation};
use std::fmt::Write;

/// Explains one code, or lists all.
pub(crate) fn explain(options: &ExplainOptions) -> Exit {
    let mut text = String::new();
    let Some(code) = &options.code else {
        for known in all_codes().filter_map(explanation) {
            let _ = writeln!(text, "{}  {}", known.code, known.title);
        }
        return output::print(&text);
    };
    let wanted = code.trim().to_uppercase();
    let Some(found) = explanation(&wanted) else {
        let hint = nearest_name(&wanted, all_codes())
            .map_or_else(String::new, |near| format!("; did you mean {near}?"));
        eprintln!("no code is named `{}`{hint}", output::visible(code));
        eprintln!("`delever explain` lists all codes");
        return Exit::Usage;
    };
    let _ = writeln!(text, "{}: {}\n\n{}", found.code, found.title, found.text);
    for (label, example) in [("Wrong", found.example_wrong), ("Right", found.example_right)] {
        if !example.is_empty() {
            let _ = writeln!(text, "\n{label}:");
            for line in example.lines() {
                let _ = writeln!(text, "    {line}");
            }
        }
    }
    output::print(&text)
}
