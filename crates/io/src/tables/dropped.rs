//! Rows that are refused: what they may have named is remembered, so that references to it are no second mistake.

use std::collections::HashSet;

/// What stands in rows that are not handed out.
#[derive(Debug, Default)]
pub(crate) struct Dropped {
    pub texts: HashSet<String>,
    /// Whether a row was lost whose id is not known.
    pub unknown: bool,
}

impl Dropped {
    /// One more row, by its texts, `None` where one is not UTF-8, and by the place of its id; without a place any may be the id.
    pub fn add(&mut self, texts: Vec<Option<String>>, id: Option<usize>) {
        self.unknown |= match id {
            Some(id) => texts[id].is_none(),
            None => texts.contains(&None),
        };
        self.texts.extend(texts.into_iter().flatten());
    }
}
