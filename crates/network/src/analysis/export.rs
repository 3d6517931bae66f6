//! The graph as text for other programs: DOT (Graphviz) and GraphML (Gephi, Cytoscape, igraph, NetworkX).
//!
//! Nodes are called `n0`, `n1`, ... in the order of institutions, and carry the id as their label: neither format has names
//! that hold any text (GraphML's are XML name tokens, DOT's cannot end in a backslash), while labels do. In NetworkX,
//! `nx.relabel_nodes(g, nx.get_node_attributes(g, "label"))` turns one into the other. Characters that XML cannot hold
//! (most below U+0020, U+FFFE, U+FFFF) become U+FFFD.
//!
//! Edges run debtor to creditor and issuer to holder, one for each debt of a seniority and each shareholding. Numbers are
//! written so that reading them gives the same double. Nothing here touches a file.

use super::AnalysisError;
use super::error::check_length;
use crate::graph::{ContagionGraph, Relation};
use std::fmt::{self, Display, Write};

/// Names that the formats need themselves.
const TAKEN: [&str; 2] = ["label", "id"];

impl ContagionGraph {
    /// Writes the graph in the DOT language, with `kind`, `amount` and `seniority` or `fraction` on each edge.
    ///
    /// `ids`: text by institution. `attributes`: names, and numbers by institution. Graphviz reads some names itself, such
    /// as `width`. Refuses other lengths, the names `label` and `id`, and a name that is used twice. Source of the grammar:
    /// Gansner and North (2000), Software: Practice and Experience 30(11), and graphviz.org/doc/info/lang.html.
    ///
    /// ```
    /// use delever_network::ContagionGraphBuilder;
    /// let mut builder = ContagionGraphBuilder::new(2);
    /// builder.debt(0, 1, 2.5, 0);
    /// let mut dot = String::new();
    /// builder.build().expect("valid").write_dot(&mut dot, &["A \"& Sons\"", "B"], &[("equity", &[1.0, 2.0])])?;
    /// assert!(dot.contains(r#"n0 [label="A \"&amp; Sons\"", "equity"=1];"#));
    /// assert!(dot.contains("n0 -> n1 [kind=debt, amount=2.5, seniority=0];"));
    /// # Ok::<(), delever_network::analysis::AnalysisError>(())
    /// ```
    pub fn write_dot<S: AsRef<str>>(
        &self,
        out: &mut impl Write,
        ids: &[S],
        attributes: &[(&str, &[f64])],
    ) -> Result<(), AnalysisError> {
        self.check_columns(ids.len(), attributes)?;
        writeln!(out, "digraph contagion {{")?;
        for (n, id) in ids.iter().enumerate() {
            write!(out, "  n{n} [label=\"{}\"", DotText(id.as_ref()))?;
            for (name, values) in attributes {
                write!(out, ", \"{}\"={}", DotText(name), DotNumber(values[n]))?;
            }
            writeln!(out, "];")?;
        }
        self.each_edge(|from, to, relation| match relation {
            Relation::Debt { amount, seniority } => writeln!(
                out,
                "  n{from} -> n{to} [kind=debt, amount={amount}, seniority={seniority}];"
            ),
            Relation::Shareholding { fraction } => writeln!(
                out,
                "  n{from} -> n{to} [kind=shareholding, fraction={fraction}, style=dashed];"
            ),
        })?;
        writeln!(out, "}}")?;
        Ok(())
    }

    /// Writes the graph as GraphML, with `kind`, `amount` and `seniority` or `fraction` as data of each edge.
    ///
    /// Arguments and errors as for [`ContagionGraph::write_dot`]. Source of the format: Brandes, Eiglsperger, Herman,
    /// Himsolt and Marshall (2002), Graph Drawing, and graphml.graphdrawing.org.
    ///
    /// ```
    /// use delever_network::ContagionGraphBuilder;
    /// let mut builder = ContagionGraphBuilder::new(2);
    /// builder.shareholding(1, 0, 0.25);
    /// let mut xml = String::new();
    /// builder.build().expect("valid").write_graphml(&mut xml, &["A & Sons", "B"], &[])?;
    /// assert!(xml.contains(r#"<node id="n0"><data key="label">A &amp; Sons</data></node>"#));
    /// assert!(xml.contains(r#"<data key="fraction">0.25</data>"#));
    /// # Ok::<(), delever_network::analysis::AnalysisError>(())
    /// ```
    pub fn write_graphml<S: AsRef<str>>(
        &self,
        out: &mut impl Write,
        ids: &[S],
        attributes: &[(&str, &[f64])],
    ) -> Result<(), AnalysisError> {
        self.check_columns(ids.len(), attributes)?;
        writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
        writeln!(out, r#"<graphml xmlns="http://graphml.graphdrawing.org/xmlns">"#)?;
        let fixed = [
            ("label", "node", "string"),
            ("kind", "edge", "string"),
            ("amount", "edge", "double"),
            ("seniority", "edge", "long"),
            ("fraction", "edge", "double"),
        ];
        for (name, on, kind) in fixed {
            writeln!(
                out,
                r#"  <key id="{name}" for="{on}" attr.name="{name}" attr.type="{kind}"/>"#
            )?;
        }
        for (n, (name, _)) in attributes.iter().enumerate() {
            let name = XmlText(name);
            writeln!(
                out,
                r#"  <key id="a{n}" for="node" attr.name="{name}" attr.type="double"/>"#
            )?;
        }
        writeln!(out, r#"  <graph id="contagion" edgedefault="directed">"#)?;
        for (n, id) in ids.iter().enumerate() {
            write!(
                out,
                r#"    <node id="n{n}"><data key="label">{}</data>"#,
                XmlText(id.as_ref())
            )?;
            for (key, (_, values)) in attributes.iter().enumerate() {
                write!(out, r#"<data key="a{key}">{}</data>"#, XmlNumber(values[n]))?;
            }
            writeln!(out, "</node>")?;
        }
        self.each_edge(|from, to, relation| {
            write!(out, r#"    <edge source="n{from}" target="n{to}">"#)?;
            match relation {
                Relation::Debt { amount, seniority } => write!(
                    out,
                    r#"<data key="kind">debt</data><data key="amount">{amount}</data><data key="seniority">{seniority}</data>"#
                ),
                Relation::Shareholding { fraction } => write!(
                    out,
                    r#"<data key="kind">shareholding</data><data key="fraction">{fraction}</data>"#
                ),
            }?;
            writeln!(out, "</edge>")
        })?;
        writeln!(out, "  </graph>\n</graphml>")?;
        Ok(())
    }

    fn check_columns(&self, ids: usize, attributes: &[(&str, &[f64])]) -> Result<(), AnalysisError> {
        check_length("ids", ids, self.count)?;
        for (n, &(name, values)) in attributes.iter().enumerate() {
            check_length(name, values.len(), self.count)?;
            if TAKEN.contains(&name) || attributes[..n].iter().any(|&(other, _)| other == name) {
                return Err(AnalysisError::AttributeName(name.to_owned()));
            }
        }
        Ok(())
    }

    fn each_edge(&self, mut edge: impl FnMut(u32, u32, Relation) -> fmt::Result) -> fmt::Result {
        for &(seniority, ref layer) in &self.debts {
            for (creditor, debtor, amount) in layer.triplets() {
                edge(debtor, creditor, Relation::Debt { amount, seniority })?;
            }
        }
        for (holder, issuer, fraction) in self.shareholdings.triplets() {
            edge(issuer, holder, Relation::Shareholding { fraction })?;
        }
        Ok(())
    }
}

/// Whether XML 1.0 has the character at all.
fn in_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..)
}

/// Text inside an element or a quoted attribute. White space as references, or readers would change it.
struct XmlText<'a>(&'a str);

impl Display for XmlText<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '&' => out.write_str("&amp;"),
            '<' => out.write_str("&lt;"),
            '>' => out.write_str("&gt;"),
            '"' => out.write_str("&quot;"),
            '\t' | '\n' | '\r' => write!(out, "&#{};", c as u32),
            c if in_xml(c) => out.write_char(c),
            _ => out.write_char(char::REPLACEMENT_CHARACTER),
        })
    }
}

/// Text inside a quoted label, where Graphviz reads escapes and character entities.
struct DotText<'a>(&'a str);

impl Display for DotText<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '"' => out.write_str("\\\""),
            '\\' => out.write_str("\\\\"),
            '&' => out.write_str("&amp;"),
            '\n' => out.write_str("\\n"),
            // `\r` in a label aligns the line to the right.
            '\r' => out.write_str("&#13;"),
            c if in_xml(c) => out.write_char(c),
            _ => out.write_char(char::REPLACEMENT_CHARACTER),
        })
    }
}

/// A number as XML Schema writes it.
struct XmlNumber(f64);

impl Display for XmlNumber {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            x if x == f64::INFINITY => out.write_str("INF"),
            x if x == f64::NEG_INFINITY => out.write_str("-INF"),
            x => write!(out, "{x}"),
        }
    }
}

/// A number as DOT writes it, in quotes where it is no numeral.
struct DotNumber(f64);

impl Display for DotNumber {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_finite() {
            write!(out, "{}", self.0)
        } else {
            write!(out, "\"{}\"", self.0)
        }
    }
}
