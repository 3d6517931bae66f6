//! The reference of models: the pages of a registry as text, as Markdown and as data.

use delever_core::{
    ModelPage, NotGiven, Order, ParameterPage, ParameterTableName, Registry, Role, Values, nearest_name,
};
use serde_json::{Value, json};
use std::fmt::Write;

/// Longest line of a text.
const WIDTH: usize = 110;

/// Role and kind of every model of a registry, in the order of [`Role::ALL`].
pub fn models(registry: &Registry) -> Vec<(Role, &str)> {
    let kinds = registry.kinds();
    let of_role = |role: Role| {
        kinds[role.place()]
            .clone()
            .into_iter()
            .map(move |kind| (role, kind))
    };
    Role::ALL.into_iter().flat_map(of_role).collect()
}

/// The models of a kind, one for each role that has it, and of a parameter those that read it; names in any case of
/// letters.
///
/// ```
/// let registry = delever_io::registry();
/// assert_eq!(delever_io::models_named(&registry, "none").len(), 3);
/// assert_eq!(delever_io::models_named(&registry, "Kappa").len(), 3);
/// assert!(delever_io::models_named(&registry, "D201").is_empty());
/// ```
pub fn models_named<'r>(registry: &'r Registry, word: &str) -> Vec<(Role, &'r str)> {
    let mut found = models(registry);
    let is_a_kind = found.iter().any(|(_, kind)| kind.eq_ignore_ascii_case(word));
    found.retain(|&(role, kind)| {
        if is_a_kind {
            return kind.eq_ignore_ascii_case(word);
        }
        let parameters = registry.parameters(role, kind);
        parameters.iter().any(|name| name.eq_ignore_ascii_case(word))
    });
    found
}

/// The kind of model, parameter or code of a problem that is nearest to a misspelt word, if any is near.
///
/// ```
/// let registry = delever_io::registry();
/// assert_eq!(delever_io::nearest_subject(&registry, "leverage-cup").as_deref(), Some("leverage-cap"));
/// assert_eq!(delever_io::nearest_subject(&registry, "DD201").as_deref(), Some("D201"));
/// assert_eq!(delever_io::nearest_subject(&registry, "weather"), None);
/// ```
pub fn nearest_subject(registry: &Registry, word: &str) -> Option<String> {
    let mut known: Vec<&str> = crate::all_codes().collect();
    for (role, kind) in models(registry) {
        known.push(kind);
        known.extend(registry.parameters(role, kind));
    }
    nearest_name(word, known).map(str::to_owned)
}

/// One line about a model: what it is called, or that it has no page.
pub fn model_title(registry: &Registry, role: Role, kind: &str) -> String {
    match registry.page(role, kind) {
        Some(page) => page.title.to_owned(),
        None => "no description is registered with this model".to_owned(),
    }
}

/// The page of a model as text for a terminal.
///
/// A model without a page gets the names of its parameters, and a line that says that nothing is registered.
pub fn model_text(registry: &Registry, role: Role, kind: &str) -> String {
    let mut text = format!(
        "{kind}: {}, {}\n",
        model_title(registry, role, kind),
        article(role)
    );
    let Some(page) = registry.page(role, kind) else {
        let names = registry.parameters(role, kind);
        if !names.is_empty() {
            line(&mut text, format_args!("\nParameters: {}", names.join(", ")));
        }
        return text;
    };
    line(&mut text, format_args!("\n{}", wrapped(page.summary, 0)));
    line(&mut text, format_args!("\nFormula"));
    for formula in page.formula.lines() {
        line(&mut text, format_args!("{}", wrapped(formula, 4)));
    }
    if !page.parameters.is_empty() {
        line(&mut text, format_args!("\nParameters"));
    }
    for parameter in page.parameters {
        line(
            &mut text,
            format_args!("    {}: {}", parameter.name, allowed(parameter)),
        );
        let place = place(role, registry.parameter_table(role, kind, parameter.name));
        for sentence in [
            parameter.meaning.to_owned(),
            format!("Not given: {}.", not_given(parameter)),
            format!("Stands in {place}."),
        ] {
            line(&mut text, format_args!("{}", wrapped(&sentence, 8)));
        }
    }
    line(&mut text, format_args!("\nOrder"));
    let order = format!("{}. {}", order_name(page.order), page.order_conditions);
    line(&mut text, format_args!("{}", wrapped(&order, 4)));
    line(&mut text, format_args!("\nSource"));
    line(&mut text, format_args!("{}", wrapped(page.source, 4)));
    line(&mut text, format_args!("\nExample"));
    for row in example(role, kind, page).lines() {
        line(&mut text, format_args!("    {row}"));
    }
    text
}

/// All pages as one Markdown document.
///
/// ```
/// let page = delever_io::models_markdown(&delever_io::registry());
/// assert!(page.contains("### `eisenberg-noe`"));
/// ```
pub fn models_markdown(registry: &Registry) -> String {
    let mut text = INTRODUCTION.to_owned();
    for role in Role::ALL {
        let (section, key) = role.key();
        line(
            &mut text,
            format_args!("\n## {}s: `[{section}] {key}`", capitalised(role.name())),
        );
        for kind in &registry.kinds()[role.place()] {
            markdown(&mut text, registry, role, kind);
        }
    }
    text
}

const INTRODUCTION: &str = "\
# Models

<!-- Written by `delever explain --format markdown`; edit the pages beside the models, not this file. -->

Every model that the program knows: `delever explain leverage-cap` prints one of these pages, `delever explain max_leverage`
the pages of the models that read a parameter.

Symbols that all pages share: `A` is an institution's total assets at current prices and payments, `E` its equity, `Q` what is
sold of an asset in money at its initial price, `q` a price and `q0` the same after the shock and before any sale, `h` units
held, `clip(x, 0, 1)` the number in 0 to 1 that is nearest to `x`. Ratios and shares are plain numbers: 0.04 is 4 %.

An equilibrium is certified only where every model in it is ordered: rules and impact antitone (healthier states mean fewer
sales, more sales lower prices), clearing isotone (higher assets mean higher payments). What is unordered is solved, and carries
no certificate.
";

fn markdown(text: &mut String, registry: &Registry, role: Role, kind: &str) {
    line(text, format_args!("\n### `{kind}`"));
    let Some(page) = registry.page(role, kind) else {
        let names = registry.parameters(role, kind).join("`, `");
        line(
            text,
            format_args!("\nNo description is registered with this model. Parameters: `{names}`."),
        );
        return;
    };
    line(text, format_args!("\n{}. {}", page.title, page.summary));
    line(text, format_args!("\n```text\n{}\n```", page.formula));
    if !page.parameters.is_empty() {
        line(
            text,
            format_args!("\n| parameter | meaning | values | not given | stands in |\n|---|---|---|---|---|"),
        );
    }
    for parameter in page.parameters {
        let place = place(role, registry.parameter_table(role, kind, parameter.name));
        line(
            text,
            format_args!(
                "| `{}` | {} | {} | {} | {place} |",
                parameter.name,
                parameter.meaning,
                allowed(parameter),
                not_given(parameter)
            ),
        );
    }
    line(
        text,
        format_args!(
            "\n**Order:** {}. {}",
            order_name(page.order),
            page.order_conditions
        ),
    );
    line(text, format_args!("\n**Source:** {}", page.source));
    line(
        text,
        format_args!("\n```toml\n{}\n```", example(role, kind, page)),
    );
}

/// The page of a model as data: every field of [`ModelPage`], and the table in which each parameter may stand.
///
/// ```
/// use delever_core::Role;
/// let page = delever_io::model_json(&delever_io::registry(), Role::Rule, "leverage-cap");
/// assert_eq!(page["parameters"][0]["column_of"], "institutions");
/// ```
pub fn model_json(registry: &Registry, role: Role, kind: &str) -> Value {
    let page = registry.page(role, kind);
    let parameters: Vec<Value> = registry
        .parameters(role, kind)
        .into_iter()
        .map(|name| {
            let described = page.and_then(|page| page.parameters.iter().find(|one| one.name == name));
            let mut value = json!(described);
            if described.is_none() {
                value = json!({ "name": name });
            }
            value["column_of"] = match registry.parameter_table(role, kind, name) {
                ParameterTableName::None => Value::Null,
                table => json!(table),
            };
            value
        })
        .collect();
    let mut value = json!(page);
    if page.is_none() {
        value = json!({});
    }
    value["role"] = json!(role);
    value["kind"] = json!(kind);
    value["described"] = json!(page.is_some());
    value["parameters"] = json!(parameters);
    value["example"] = json!(page.map(|page| example(role, kind, page)));
    value
}

/// A scenario's section that chooses a model.
fn example(role: Role, kind: &str, page: &ModelPage) -> String {
    let (section, key) = role.key();
    let choice = format!("[{section}]\n{key} = \"{kind}\"");
    match (role, page.example) {
        (_, "") => choice,
        // A strategy reads the parameters of the impact model.
        (Role::Strategy, parameters) => format!("{choice}\n\n[impact]\n{parameters}"),
        (_, parameters) => format!("{choice}\n{parameters}"),
    }
}

/// Unit and range, words, or columns.
pub(crate) fn allowed(parameter: &ParameterPage) -> String {
    match parameter.values {
        Values::Number(range) if parameter.unit.is_empty() => range.to_owned(),
        Values::Number(range) => format!("{}, {range}", parameter.unit),
        Values::Flag => "true or false".to_owned(),
        Values::OneOf(words) => {
            let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
            quoted.join(" or ")
        }
        Values::File(columns) => format!("name of a CSV file with the columns {columns}"),
    }
}

fn not_given(parameter: &ParameterPage) -> String {
    match (parameter.not_given, parameter.values) {
        (NotGiven::Error, _) => "an error".to_owned(),
        (NotGiven::Default(value), Values::OneOf(_)) => format!("\"{value}\""),
        (NotGiven::Default(value), _) => value.to_owned(),
        (NotGiven::Otherwise(text), _) => text.to_owned(),
    }
}

fn place(role: Role, table: ParameterTableName) -> String {
    let section = match role {
        Role::Strategy => "impact",
        role => role.key().0,
    };
    match table {
        ParameterTableName::None => format!("[{section}]"),
        ParameterTableName::Institutions => format!("[{section}] or institutions.csv"),
        ParameterTableName::Assets => format!("[{section}] or assets.csv"),
    }
}

fn order_name(order: Order) -> &'static str {
    match order {
        Order::Isotone => "Isotone",
        Order::Antitone => "Antitone",
        Order::Unordered => "Unordered",
    }
}

fn article(role: Role) -> String {
    let article = if role == Role::Impact { "an" } else { "a" };
    format!("{article} {}", role.name())
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().collect::<String>() + letters.as_str()
    })
}

/// A text in lines of at most [`WIDTH`], all of them indented.
fn wrapped(text: &str, indent: usize) -> String {
    let mut lines = vec![" ".repeat(indent)];
    for word in text.split_whitespace() {
        let full = lines
            .last()
            .is_some_and(|line| line.trim() != "" && line.len() + 1 + word.len() > WIDTH);
        if full {
            lines.push(" ".repeat(indent));
        }
        if let Some(line) = lines.last_mut() {
            if !line.trim().is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.join("\n")
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to memory cannot fail.
    let _ = writeln!(text, "{line}");
}
