//! `delever explain`: codes of problems, and the reference of models.

use crate::Exit;
use crate::arguments::{ExplainFormat, ExplainOptions};
use crate::output;
use delever::core::{Registry, Role};
use delever::io::{
    Explanation, Layout, all_codes, explain as explanation, json_string, model_json, model_text, model_title,
    models, models_markdown, models_named, nearest_subject,
};
use std::fmt::Write;

/// Explains one code, model or parameter, or lists all codes and models.
pub(crate) fn explain(options: &ExplainOptions) -> Exit {
    let registry = delever::registry();
    let Some(subject) = &options.subject else {
        return match options.format {
            ExplainFormat::Text => output::print(&list(&registry)),
            ExplainFormat::Json => {
                let codes: Vec<_> = all_codes().filter_map(explanation).collect();
                output::print(&as_json(&registry, &codes, &models(&registry)))
            }
            ExplainFormat::Markdown => output::print(&models_markdown(&registry)),
        };
    };
    let word = subject.trim();
    let code = explanation(word);
    let models = models_named(&registry, word);
    if code.is_none() && models.is_empty() {
        let hint = nearest_subject(&registry, word)
            .map_or_else(String::new, |near| format!("; did you mean {near}?"));
        eprintln!(
            "no code, model or parameter is named `{}`{hint}",
            output::visible(subject)
        );
        eprintln!("`delever explain` lists all codes and models");
        return Exit::Usage;
    }
    match options.format {
        ExplainFormat::Text => {
            let pages = models
                .iter()
                .map(|&(role, kind)| model_text(&registry, role, kind));
            let texts: Vec<String> = code.map(code_text).into_iter().chain(pages).collect();
            output::print(&texts.join("\n\n"))
        }
        ExplainFormat::Json => {
            let codes: Vec<_> = code.into_iter().collect();
            output::print(&as_json(&registry, &codes, &models))
        }
        ExplainFormat::Markdown => {
            eprintln!("--format markdown prints the reference of all models, and takes no word");
            Exit::Usage
        }
    }
}

/// A line for each code and each model.
fn list(registry: &Registry) -> String {
    let mut text = String::new();
    for known in all_codes().filter_map(explanation) {
        let _ = writeln!(text, "{}  {}", known.code, known.title);
    }
    for (role, kind) in models(registry) {
        let title = model_title(registry, role, kind);
        let _ = writeln!(text, "{kind}  {}: {title}", role.name());
    }
    text
}

fn as_json(registry: &Registry, codes: &[&Explanation], models: &[(Role, &str)]) -> String {
    let models: Vec<_> = models
        .iter()
        .map(|&(role, kind)| model_json(registry, role, kind))
        .collect();
    let value = serde_json::json!({ "version": 1, "codes": codes, "models": models });
    format!("{}\n", json_string(&value, Layout::Pretty))
}

fn code_text(found: &Explanation) -> String {
    let mut text = format!("{}: {}\n\n{}\n", found.code, found.title, found.text);
    for (label, example) in [("Wrong", found.example_wrong), ("Right", found.example_right)] {
        if !example.is_empty() {
            let _ = writeln!(text, "\n{label}:");
            for line in example.lines() {
                let _ = writeln!(text, "    {line}");
            }
        }
    }
    text
}
