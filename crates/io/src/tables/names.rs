//! Ids of one table and where they stand: by order of appearance, and by rank.

use super::reader::Table;
use crate::catalogue::Code;
use crate::problem::Diagnostics;
use delever_core::nearest_name;
use std::collections::HashMap;

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

    /// Says that the table was read to its end.
    pub fn close(&mut self) {
        self.complete = true;
    }

    /// Whether an id that is not here is unknown for sure.
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

    /// The nearest known id, while such searches are affordable.
    pub fn nearest(&mut self, id: &str) -> Option<&str> {
        self.lookups += 1;
        if self.lookups > NEAREST_LOOKUPS {
            return None;
        }
        nearest_name(id, self.ids.iter().map(String::as_str))
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
        let found = self.get(id);
        if found.is_none() && self.complete {
            let mut problem = table.problem(
                Code::UnknownId,
                place,
                format!("no {what} is named `{}`", crate::problem::shortened(id)),
            );
            if let Some(nearest) = self.nearest(id) {
                problem = problem.with_hint(format!("did you mean `{nearest}`?"));
            }
            diagnostics.push(problem);
        }
        found
    }
}

/// The rank of each position, from the positions in rank order.
pub(crate) fn ranks(sorted: &[u32]) -> Vec<u32> {
    let mut ranks = vec![0; sorted.len()];
    for (rank, &position) in sorted.iter().enumerate() {
        ranks[position as usize] = rank as u32;
    }
    ranks
}
