//! One table as CSV: cells in, text out.

/// One table in memory, where writing cannot fail.
pub(crate) struct CsvTable {
    writer: csv::Writer<Vec<u8>>,
    digits: String,
}

impl CsvTable {
    /// A table with its header.
    pub fn new(header: &[&str]) -> Self {
        let mut table = Self {
            writer: csv::Writer::from_writer(Vec::new()),
            digits: String::new(),
        };
        for column in header {
            table.text(column);
        }
        table.end();
        table
    }

    /// A text as it is: for ids and headers, which spreadsheets cannot take for formulas because such ids are refused.
    pub fn text(&mut self, cell: &str) -> &mut Self {
        self.writer.write_field(cell).expect("memory takes every field");
        self
    }

    /// A text that anybody may have written: an apostrophe keeps spreadsheets from running it as a formula.
    pub fn free_text(&mut self, cell: &str) -> &mut Self {
        if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\0']) {
            return self.text(&format!("'{cell}"));
        }
        self.text(cell)
    }

    /// A number with the fewest digits that read back to the same double.
    pub fn number(&mut self, value: f64) -> &mut Self {
        use std::fmt::Write;
        self.digits.clear();
        write!(self.digits, "{value}").expect("memory takes every number");
        self.writer
            .write_field(&self.digits)
            .expect("memory takes every field");
        self
    }

    /// A number, or a blank cell where there is none or it is not finite.
    pub fn optional(&mut self, value: Option<f64>) -> &mut Self {
        match value.filter(|value| value.is_finite()) {
            Some(value) => self.number(value),
            None => self.text(""),
        }
    }

    /// Ends the row.
    pub fn end(&mut self) {
        self.writer
            .write_record(None::<&[u8]>)
            .expect("rows have as many fields as the header");
    }

    /// The whole text.
    pub fn finish(self) -> String {
        let bytes = self.writer.into_inner().expect("memory takes every byte");
        String::from_utf8(bytes).expect("fields are text")
    }
}
