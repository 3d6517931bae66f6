//! JSON: shortest floats that read back to the same bits, and texts that cannot close a script element.

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};
use std::io::{self, Write};

/// How JSON is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Layout {
    /// Indented by two blanks.
    #[default]
    Pretty,
    /// On one line.
    Compact,
}

/// Writes a value as JSON, with `<` inside texts written `\u003c`. Numbers that are not finite become null.
///
/// ```
/// use delever_io::{Layout, json_string};
/// assert_eq!(json_string(&"</script>", Layout::Compact), r#""\u003c/script>""#);
/// assert_eq!(json_string(&[0.1, f64::NAN], Layout::Compact), "[0.1,null]");
/// ```
pub fn write_json<T: Serialize + ?Sized>(writer: impl Write, value: &T, layout: Layout) -> io::Result<()> {
    match layout {
        Layout::Pretty => {
            let formatter = ScriptSafe(PrettyFormatter::new());
            value.serialize(&mut Serializer::with_formatter(writer, formatter))?;
        }
        Layout::Compact => {
            value.serialize(&mut Serializer::with_formatter(
                writer,
                ScriptSafe(CompactFormatter),
            ))?;
        }
    }
    Ok(())
}

/// A value as JSON text; see [`write_json`]. Empty where the value refuses to be serialised, which none of ours does.
pub fn json_string<T: Serialize + ?Sized>(value: &T, layout: Layout) -> String {
    let mut bytes = Vec::new();
    match write_json(&mut bytes, value, layout) {
        Ok(()) => String::from_utf8(bytes).unwrap_or_default(),
        Err(_) => String::new(),
    }
}

/// A formatter that writes `<` as an escape, so that JSON can stand inside HTML.
struct ScriptSafe<F>(F);

impl<F: Formatter> Formatter for ScriptSafe<F> {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut parts = fragment.split('<');
        if let Some(first) = parts.next() {
            writer.write_all(first.as_bytes())?;
        }
        for part in parts {
            writer.write_all(b"\\u003c")?;
            writer.write_all(part.as_bytes())?;
        }
        Ok(())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}
