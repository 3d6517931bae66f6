//! Files that are no UTF-8 text, told by their first bytes.

/// What a file is, and what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Foreign {
    /// Completes "the file is ...".
    pub what: &'static str,
    pub hint: &'static str,
}

/// Bytes at the start of a file that are looked at.
pub(crate) const START: u64 = 4096;

const SAVE_AS: &str = "save the table as `CSV UTF-8`";
const CONVERT: &str =
    "save it as UTF-8 (in a spreadsheet: `CSV UTF-8`), or convert it: iconv -f UTF-16 -t UTF-8";

const SIGNATURES: [(&[u8], Foreign); 8] = [
    (
        b"\xff\xfe\0\0",
        Foreign {
            what: "UTF-32 text",
            hint: SAVE_AS,
        },
    ),
    (
        b"\0\0\xfe\xff",
        Foreign {
            what: "UTF-32 text",
            hint: SAVE_AS,
        },
    ),
    (b"\xff\xfe", UTF_16),
    (b"\xfe\xff", UTF_16),
    (
        b"PK\x03\x04",
        Foreign {
            what: "a workbook of a spreadsheet, or another ZIP archive",
            hint: "open it, and save the sheet as `CSV UTF-8`",
        },
    ),
    (
        b"\xd0\xcf\x11\xe0",
        Foreign {
            what: "a workbook of a spreadsheet",
            hint: "open it, and save the sheet as `CSV UTF-8`",
        },
    ),
    (
        b"\x1f\x8b",
        Foreign {
            what: "compressed",
            hint: "decompress it first",
        },
    ),
    (
        b"PAR1",
        Foreign {
            what: "in the format Parquet",
            hint: "write the table as CSV",
        },
    ),
];
const UTF_16: Foreign = Foreign {
    what: "UTF-16 text",
    hint: CONVERT,
};

/// What a file is that starts so; `None` where it may be UTF-8 text.
pub(crate) fn foreign(start: &[u8]) -> Option<Foreign> {
    SIGNATURES
        .iter()
        .find_map(|&(signature, foreign)| start.starts_with(signature).then_some(foreign))
        .or_else(|| is_unmarked_utf16(start).then_some(UTF_16))
}

/// Whether every second byte of a text in Latin letters is zero, as in UTF-16 without its mark.
fn is_unmarked_utf16(start: &[u8]) -> bool {
    let pairs = start[..start.len().min(64)].chunks_exact(2);
    let count = pairs.len();
    let zeros = |place: usize| pairs.clone().filter(|pair| pair[place] == 0).count();
    let (first, second) = (zeros(0), zeros(1));
    count >= 2 && first.min(second) == 0 && 4 * first.max(second) >= 3 * count
}

#[cfg(test)]
mod tests {
    use super::foreign;

    #[test]
    fn encodings_and_workbooks_are_told_from_text() {
        let utf16 = |text: &str, little: bool| -> Vec<u8> {
            let bytes = |unit: u16| {
                if little {
                    unit.to_le_bytes()
                } else {
                    unit.to_be_bytes()
                }
            };
            text.encode_utf16().flat_map(bytes).collect()
        };
        for little in [true, false] {
            for text in [
                "\u{feff}id,cash\nA,5\n",
                "id,cash\nA,5\n",
                "id,name\nA,\u{dc}bersee\n",
            ] {
                let found = foreign(&utf16(text, little)).expect("not UTF-8");
                assert_eq!(found.what, "UTF-16 text", "{text:?}");
            }
        }
        assert!(foreign(b"PK\x03\x04\x14").is_some_and(|found| found.what.contains("workbook")));
        for text in [
            "",
            "i",
            "id\n",
            "\u{feff}id,cash\nA,5\n",
            "id,cash\nA,\0\n",
            "\0\0\0\0",
        ] {
            assert_eq!(foreign(text.as_bytes()), None, "{text:?}");
        }
    }
}
