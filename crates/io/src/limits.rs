//! Caps on the size of input, so that a hostile file costs an error and no memory.

/// Caps on the size of input. Each is named in the error that it raises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one table. The scenario file may have a hundredth of that.
    pub bytes: u64,
    /// Rows of one table of pairs.
    pub rows: u64,
    /// Rows of the institutions table and of the assets table: order laws are promised up to a million terms.
    pub participants: u64,
    /// Columns of one table.
    pub columns: usize,
    /// Bytes of one field.
    pub field: usize,
    /// Bytes of one id.
    pub id: usize,
    /// Levels of the scenario file.
    pub nesting: usize,
}

impl Default for Limits {
    /// 1 GiB, 100 million rows, a million institutions and assets, 1,000 columns, 64 KiB, 256 bytes, 64 levels.
    fn default() -> Self {
        Self {
            bytes: 1 << 30,
            rows: 100_000_000,
            participants: 1_000_000,
            columns: 1_000,
            field: 64 << 10,
            id: 256,
            nesting: 64,
        }
    }
}
