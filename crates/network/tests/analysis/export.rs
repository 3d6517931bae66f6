//! Exports, read back by an XML parser and by the rules of DOT's quoted strings.

use delever_network::analysis::AnalysisError;
use delever_network::{ContagionGraph, ContagionGraphBuilder};
use proptest::prelude::*;
use roxmltree::{Document, Node};

const AWKWARD: [&str; 9] = [
    "plain",
    "",
    "\"quoted\" & <tagged> 'too' ]]> --",
    "two\nlines\r\nand\ttabs ",
    " leading and   inner blanks",
    "back\\slash\\",
    "Ünïcødé 銀行 🏦",
    "&amp; &lt; &#10; \\n \\N \\\"",
    "semi;colon, [bracket] {brace} -> //",
];

fn graph() -> ContagionGraph {
    let mut builder = ContagionGraphBuilder::new(AWKWARD.len());
    builder
        .debt(0, 1, 0.1, 0)
        .debt(0, 1, 1e18, 3)
        .debt(5, 2, 1e-9, 0)
        .shareholding(4, 3, 1.0 / 3.0);
    builder.build().expect("valid")
}

fn graphml<S: AsRef<str>>(graph: &ContagionGraph, ids: &[S], attributes: &[(&str, &[f64])]) -> String {
    let mut xml = String::new();
    graph.write_graphml(&mut xml, ids, attributes).expect("valid");
    xml
}

fn dot<S: AsRef<str>>(graph: &ContagionGraph, ids: &[S], attributes: &[(&str, &[f64])]) -> String {
    let mut text = String::new();
    graph.write_dot(&mut text, ids, attributes).expect("valid");
    text
}

fn named<'a>(document: &'a Document<'a>, name: &'static str) -> Vec<Node<'a, 'a>> {
    let nodes = document.descendants();
    nodes.filter(|node| node.has_tag_name(name)).collect()
}

fn data<'a>(node: &Node<'a, 'a>, key: &str) -> Option<&'a str> {
    let child = node
        .children()
        .find(|child| child.attribute("key") == Some(key))?;
    Some(child.text().unwrap_or_default())
}

#[test]
fn graphml_gives_back_what_went_in() {
    let values: Vec<f64> = (0..AWKWARD.len()).map(|n| 0.1 * n as f64 - 0.3).collect();
    let odd = [
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
        -0.0,
        5e-324,
        f64::MAX,
        1.0,
        2.0,
        3.0,
    ];
    let name = "a \"name\" <&>\nwith a break";
    let xml = graphml(&graph(), &AWKWARD, &[(name, &values), ("odd", &odd)]);
    let document = Document::parse(&xml).expect("well-formed");
    assert_eq!(
        document.root_element().tag_name().namespace(),
        Some("http://graphml.graphdrawing.org/xmlns")
    );

    let keys = named(&document, "key");
    let key = |name| {
        keys.iter()
            .find(|key| key.attribute("attr.name") == Some(name))
            .expect("declared")
    };
    let id = key(name).attribute("id").expect("an id");
    assert_eq!(key(name).attribute("attr.type"), Some("double"));
    let nodes = named(&document, "node");
    for (n, node) in nodes.iter().enumerate() {
        assert_eq!(node.attribute("id"), Some(format!("n{n}").as_str()));
        assert_eq!(data(node, "label"), Some(AWKWARD[n]));
        let value: f64 = data(node, id).expect("a value").parse().expect("a number");
        assert_eq!(value.to_bits(), values[n].to_bits());
        let value: f64 = data(node, "a1").expect("a value").parse().expect("a number");
        assert!(value.to_bits() == odd[n].to_bits() || value.is_nan() && odd[n].is_nan());
    }
    assert_eq!(nodes.len(), AWKWARD.len());

    let read: Vec<_> = named(&document, "edge")
        .iter()
        .map(|edge| {
            let number = |key| data(edge, key).map(|text| text.parse::<f64>().expect("a number"));
            let ends = (
                edge.attribute("source").expect("a source"),
                edge.attribute("target").expect("a target"),
            );
            (
                ends,
                data(edge, "kind").expect("a kind"),
                number("amount"),
                number("seniority"),
                number("fraction"),
            )
        })
        .collect();
    let expected = [
        (("n0", "n1"), "debt", Some(0.1), Some(0.0), None),
        (("n5", "n2"), "debt", Some(1e-9), Some(0.0), None),
        (("n0", "n1"), "debt", Some(1e18), Some(3.0), None),
        (("n3", "n4"), "shareholding", None, None, Some(1.0 / 3.0)),
    ];
    assert_eq!(read, expected);
}

/// What Graphviz shows for the label that starts after `label="` in a line: quoted string, then entities, then escapes.
fn shown(line: &str) -> String {
    let start = line.find("label=\"").expect("a label") + 7;
    let mut quoted = String::new();
    let mut rest = line[start..].chars();
    loop {
        match rest.next().expect("a closing quote") {
            '"' => break,
            '\\' => match rest.next().expect("a character") {
                '"' => quoted.push('"'),
                other => quoted.extend(['\\', other]),
            },
            other => quoted.push(other),
        }
    }
    let entities = quoted.replace("&#13;", "\r").replace("&amp;", "&");
    let (mut text, mut rest) = (String::new(), entities.chars());
    while let Some(c) = rest.next() {
        text.push(match c {
            '\\' => match rest.next().expect("an escape") {
                'n' => '\n',
                '\\' => '\\',
                other => panic!("unexpected escape {other}"),
            },
            c => c,
        });
    }
    text
}

#[test]
fn dot_shows_what_went_in() {
    let values = [0.5; AWKWARD.len()];
    let text = dot(
        &graph(),
        &AWKWARD,
        &[("page rank", &values), ("odd", &[f64::NAN; AWKWARD.len()])],
    );
    let lines: Vec<_> = text.lines().collect();
    assert_eq!((lines[0], lines[lines.len() - 1]), ("digraph contagion {", "}"));
    for (n, id) in AWKWARD.iter().enumerate() {
        let line = lines[n + 1];
        assert!(line.starts_with(&format!("  n{n} [label=\"")), "{line}");
        assert!(line.ends_with(", \"page rank\"=0.5, \"odd\"=\"NaN\"];"), "{line}");
        assert_eq!(shown(line), *id);
    }
    assert!(text.contains("  n0 -> n1 [kind=debt, amount=1000000000000000000, seniority=3];"));
    assert!(text.contains("  n3 -> n4 [kind=shareholding, fraction=0.3333333333333333, style=dashed];"));
}

#[test]
fn what_xml_cannot_hold_is_replaced() {
    let graph = ContagionGraph::empty(2);
    let ids = ["a\u{0}b\u{8}c", "d\u{FFFE}e\u{1b}"];
    let xml = graphml(&graph, &ids, &[]);
    let document = Document::parse(&xml).expect("well-formed");
    let labels: Vec<_> = named(&document, "node")
        .iter()
        .filter_map(|node| data(node, "label"))
        .collect();
    assert_eq!(labels, ["a\u{FFFD}b\u{FFFD}c", "d\u{FFFD}e\u{FFFD}"]);
}

#[test]
fn columns_that_do_not_fit_are_refused() {
    let graph = ContagionGraph::empty(2);
    let refused = |ids: &[&str], attributes: &[(&str, &[f64])]| {
        let mut text = String::new();
        let errors = [
            graph.write_dot(&mut text, ids, attributes).expect_err("refused"),
            graph
                .write_graphml(&mut text, ids, attributes)
                .expect_err("refused"),
        ];
        assert!(text.is_empty() && errors[0] == errors[1]);
        errors[0].clone()
    };
    assert!(matches!(refused(&["a"], &[]), AnalysisError::Length { .. }));
    assert!(matches!(
        refused(&["a", "b"], &[("x", &[1.0])]),
        AnalysisError::Length { .. }
    ));
    let two = &[1.0, 2.0][..];
    for attributes in [&[("label", two)][..], &[("x", two), ("x", two)]] {
        assert!(matches!(
            refused(&["a", "b"], attributes),
            AnalysisError::AttributeName(_)
        ));
    }
}

proptest! {
    #[test]
    fn any_text_is_an_id(ids in prop::collection::vec(any::<String>(), 1..4)) {
        let graph = ContagionGraph::empty(ids.len());
        let held = |c: char| if matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..) { c } else { '\u{FFFD}' };
        let expected: Vec<String> = ids.iter().map(|id| id.chars().map(held).collect()).collect();
        let xml = graphml(&graph, &ids, &[]);
        let document = Document::parse(&xml).expect("well-formed");
        let labels: Vec<_> = named(&document, "node").iter().filter_map(|node| data(node, "label")).collect();
        prop_assert_eq!(&labels, &expected);
        let text = dot(&graph, &ids, &[]);
        let shown: Vec<_> = text.split('\n').filter(|line| line.starts_with("  n")).map(shown).collect();
        prop_assert_eq!(&shown, &expected);
    }
}
