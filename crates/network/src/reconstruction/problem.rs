//! Why totals, known entries or settings are refused.

/// Which side of an institution's interbank business a total is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What it owes to the others: a row of the matrix of debts, interbank liabilities.
    Debts,
    /// What the others owe to it: a column of the matrix of debts, interbank assets.
    Claims,
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Debts => "debts",
            Self::Claims => "claims",
        })
    }
}

/// A list of entries of the matrix that the caller gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryList {
    /// Debts that are known, or forbidden where they are 0.
    Known,
    /// Weights of the prior matrix.
    Prior,
}

impl std::fmt::Display for EntryList {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Known => "known debt",
            Self::Prior => "prior weight",
        })
    }
}

/// One problem of the input. Functions return all that they find.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ReconstructionError {
    /// Totals are not given for the same institutions.
    #[error("totals of debts for {debts} institutions, totals of claims for {claims}")]
    Lengths {
        /// How many totals of debts.
        debts: usize,
        /// How many totals of claims.
        claims: usize,
    },
    /// A total is infinite or no number, or the totals add up to infinity.
    #[error("institution {institution}: total {side} {value} is not finite")]
    NotFinite {
        /// Which total.
        side: Side,
        /// The institution.
        institution: usize,
        /// The total.
        value: f64,
    },
    /// A total is below 0.
    #[error("institution {institution}: total {side} {value} is negative")]
    Negative {
        /// Which total.
        side: Side,
        /// The institution.
        institution: usize,
        /// The total.
        value: f64,
    },
    /// A total is above 0 but below some `3e-24` of the sum of all, too small to be met to `1e-12` of itself.
    #[error("institution {institution}: total {side} {value} is too small beside the sum of all, {total}")]
    TooSmall {
        /// Which total.
        side: Side,
        /// The institution.
        institution: usize,
        /// The total.
        value: f64,
        /// Sum of all totals.
        total: f64,
    },
    /// All debts together are not all claims together, to `1e-12` of them.
    #[error("debts add up to {debts}, claims to {claims}; every debt is somebody's claim")]
    Totals {
        /// Sum of debts.
        debts: f64,
        /// Sum of claims.
        claims: f64,
    },
    /// Nobody owes itself, so an institution's debts are claims of the others: `debts_i + claims_i <= total`.
    #[error(
        "institution {institution}: debts {debts} and claims {claims} exceed the total of {total}; the others cannot take them"
    )]
    Exceeds {
        /// The institution.
        institution: usize,
        /// Its debts that are not known one by one.
        debts: f64,
        /// Its claims that are not known one by one.
        claims: f64,
        /// All debts that are not known one by one.
        total: f64,
    },
    /// An entry names an institution that does not exist.
    #[error("{list} {record}: institution {institution} of {count}")]
    OutOfRange {
        /// The list.
        list: EntryList,
        /// Its record, from 0.
        record: usize,
        /// The number that was given.
        institution: u32,
        /// How many institutions there are.
        count: usize,
    },
    /// An entry lies on the diagonal.
    #[error("{list} {record}: institution {institution} on both sides")]
    Diagonal {
        /// The list.
        list: EntryList,
        /// Its record, from 0.
        record: usize,
        /// The institution.
        institution: u32,
    },
    /// An entry is negative or not finite.
    #[error("{list} {record}: {value} is not a finite number from 0")]
    Entry {
        /// The list.
        list: EntryList,
        /// Its record, from 0.
        record: usize,
        /// The value.
        value: f64,
    },
    /// Two entries for one pair.
    #[error("{list} {record}: debtor {debtor} and creditor {creditor} were given before")]
    Repeated {
        /// The list.
        list: EntryList,
        /// Its record, from 0.
        record: usize,
        /// Who owes.
        debtor: u32,
        /// To whom.
        creditor: u32,
    },
    /// Known debts exceed a total.
    #[error("institution {institution}: known {side} of {known} exceed the total of {value}")]
    KnownAboveTotal {
        /// Which total.
        side: Side,
        /// The institution.
        institution: usize,
        /// Sum of known entries.
        known: f64,
        /// The total.
        value: f64,
    },
    /// No matrix with these totals keeps to the entries that are allowed.
    #[error("no matrix has these totals: {unplaced} of {total} finds no pair that may hold it")]
    Infeasible {
        /// Least amount that cannot be placed.
        unplaced: f64,
        /// All that is to be placed.
        total: f64,
    },
    /// A setting is out of its range.
    #[error("{name} = {value}, expected {expected}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What it has to be.
        expected: &'static str,
    },
}
