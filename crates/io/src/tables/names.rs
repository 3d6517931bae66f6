//! Ids of one table and where they stand: by order of appearance, and by rank.

use super::reader::{Dropped, Table};
use crate::catalogue::Code;
use crate::problem::{Diagnostics, Problem, shortened};
use delever_core::nearest_name;
use std::collections::{HashMap, HashSet};

/// Unknown ids for which the nearest known one is looked up; the search visits every id.
const NEAREST_LOOKUPS: usize = 25;

/// Ids in the order of their first appearance.
#[derive(Debug, Default)]
pub(crate) struct Names {
    ids: Vec<String>,
    index: HashMap<String, u32>,
    lookups: usize,
    /// Whether the table was read to its end; what is missing from a part of it is no mistake of others.
    complete: bool,
    /// Texts of rows that were refused: what refers to them is no second mistake.
    dropped: HashSet<String>,
}

impl Names {
    /// Adds an id; `Err` holds where it stands already.
    pub fn add(&mut self, id: &str) -> Result<(), u32> {
        if let Some(&first) = self.index.get(id) {
            return Err(first);
        }
        self.index.insert(id.to_owned(), self.ids.len() as u32);
        self.ids.push(id.to_owned());
        Ok(())
    }

    /// All ids, in the order of their first appearance.
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// Says that the table was read to its end, but for rows that were dropped.
    pub fn close(&mut self, dropped: Dropped) {
        self.complete = !dropped.unknown;
        self.dropped = dropped.texts;
    }

    /// Whether an id that is not here is unknown for sure.
    pub fn lacks(&self, id: &str) -> bool {
        self.complete && !self.dropped.contains(id) && !self.index.contains_key(id)
    }

    /// Whether the table was read to its end, and no row was dropped.
    pub fn is_whole(&self) -> bool {
        self.complete && self.dropped.is_empty()
    }

    /// Whether every id of the table that is not here was seen in a row that was dropped.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Number of ids.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Where an id stands.
    pub fn get(&self, id: &str) -> Option<u32> {
        self.index.get(id).copied()
    }

    /// What to do about an id that is not here, while the search for it is affordable.
    fn hint(&mut self, id: &str) -> Option<String> {
        self.lookups += 1;
        if self.lookups > NEAREST_LOOKUPS {
            return None;
        }
        hint_for_id(id, self.ids.iter().map(String::as_str))
    }

    /// Positions in the order of ids, bytewise: the order of every array of a frozen system.
    pub fn sorted(&self) -> Vec<u32> {
        let mut order: Vec<u32> = (0..self.ids.len() as u32).collect();
        order.sort_unstable_by(|&a, &b| {
            self.ids[a as usize]
                .as_bytes()
                .cmp(self.ids[b as usize].as_bytes())
        });
        order
    }

    /// The institution or asset that a cell names; `None`: the problem is reported.
    pub fn resolve(
        &mut self,
        table: &Table<'_>,
        place: Option<usize>,
        what: &str,
        diagnostics: &mut Diagnostics,
    ) -> Option<u32> {
        let id = table.cell(place);
        if id.is_empty() {
            diagnostics.push(table.problem(Code::MissingCell, place, format!("the {what} is not given")));
            return None;
        }
        let problem = || {
            let message = format!("no {what} is named `{}`", shortened(id));
            table.problem(Code::UnknownId, place, message)
        };
        self.find(id, problem, diagnostics)
    }

    /// The institutions or assets that the header names from its second column on, with their columns. Unknown ones are reported.
    pub fn resolve_header(
        &mut self,
        table: &Table<'_>,
        what: &str,
        diagnostics: &mut Diagnostics,
    ) -> Vec<(usize, u32)> {
        let mut found = Vec::new();
        for (place, id) in table.header().iter().enumerate().skip(1) {
            if id.is_empty() || table.is_unreadable(place) {
                continue;
            }
            let problem = |code, message: String| {
                Problem::new(code, table.file(), message)
                    .at_row(table.header_line())
                    .in_column(shortened(id))
                    .with_cell(id)
            };
            if table.header()[1..place].contains(id) {
                let message = format!("the column `{}` is there twice", shortened(id));
                diagnostics.push(problem(Code::DuplicateColumn, message));
                continue;
            }
            let unknown = || problem(Code::UnknownId, format!("no {what} is named `{}`", shortened(id)));
            found.extend(self.find(id, unknown, diagnostics).map(|named| (place, named)));
        }
        found
    }

    /// Where an id stands; where it is unknown for sure, that is reported.
    fn find(
        &mut self,
        id: &str,
        problem: impl FnOnce() -> Problem,
        diagnostics: &mut Diagnostics,
    ) -> Option<u32> {
        if self.lacks(id) {
            let problem = problem();
            diagnostics.push(match self.hint(id) {
                Some(hint) => problem.with_hint(hint),
                None => problem,
            });
        }
        self.get(id)
    }
}

/// What to do about an id that is not among the known ones: a near one, or a space that the eye does not see.
pub(crate) fn hint_for_id<'a>(id: &str, known: impl Iterator<Item = &'a str> + Clone) -> Option<String> {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let plain = words(id);
    if let Some(same) = known.clone().find(|known| words(known) == plain) {
        return Some(if id.trim() == same {
            format!("a space stands beside the id: write `{same}`")
        } else {
            format!("the spaces differ, by their number or kind: write `{same}`")
        });
    }
    nearest_name(id, known).map(|nearest| format!("did you mean `{nearest}`?"))
}

/// The rank of each position, from the positions in rank order.
pub(crate) fn ranks(sorted: &[u32]) -> Vec<u32> {
    let mut ranks = vec![0; sorted.len()];
    for (rank, &position) in sorted.iter().enumerate() {
        ranks[position as usize] = rank as u32;
    }
    ranks
}
