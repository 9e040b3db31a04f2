//! The JSON writer: values are appended to one buffer, without allocation per value.

use super::Json;
use super::scan::plain_prefix;
use driftless_model::literal::print;

/// Writes JSON on one line into a growing buffer and sets the commas itself.
///
/// Names and values must be written in the order of the grammar; the writer does not check it.
#[derive(Debug, Default)]
pub struct JsonWriter {
    out: Vec<u8>,
    /// Whether the next name or value needs a comma before it.
    comma_due: bool,
}

impl JsonWriter {
    /// A writer with an empty buffer.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A writer that appends to `buffer`.
    #[must_use]
    pub fn appending_to(buffer: Vec<u8>) -> Self {
        Self { out: buffer, comma_due: false }
    }

    /// Bytes in the buffer.
    #[must_use]
    pub fn len(&self) -> usize {
        self.out.len()
    }

    /// Whether the buffer is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// What was written since the last [`take`](Self::take).
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.out
    }

    /// Hands out the buffer and goes on in `replacement`, in the middle of a document if need be.
    pub fn take(&mut self, replacement: Vec<u8>) -> Vec<u8> {
        std::mem::replace(&mut self.out, replacement)
    }

    /// The finished buffer.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    /// Opens an object.
    pub fn begin_object(&mut self) {
        self.open(b'{');
    }

    /// Closes an object.
    pub fn end_object(&mut self) {
        self.close(b'}');
    }

    /// Opens an array.
    pub fn begin_array(&mut self) {
        self.open(b'[');
    }

    /// Closes an array.
    pub fn end_array(&mut self) {
        self.close(b']');
    }

    /// A member name; its value must follow.
    pub fn name(&mut self, name: &str) {
        self.separate();
        push_text(&mut self.out, name);
        self.out.push(b':');
        self.comma_due = false;
    }

    /// A member name prepared once by [`prepare_name`](Self::prepare_name); its value must follow.
    pub fn prepared_name(&mut self, piece: &[u8]) {
        self.separate();
        self.out.extend_from_slice(piece);
        self.comma_due = false;
    }

    /// `null`.
    pub fn null(&mut self) {
        self.raw(b"null");
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, value: bool) {
        self.raw(if value { b"true" } else { b"false" });
    }

    /// A string.
    pub fn text(&mut self, text: &str) {
        self.value(|out| push_text(out, text));
    }

    /// A whole number.
    pub fn integer(&mut self, value: i64) {
        self.value(|out| print::push_integer(out, value));
    }

    /// A floating-point number; one that is not finite becomes the string that OData has for it.
    pub fn double(&mut self, value: f64) {
        if value.is_finite() {
            self.value(|out| print::push_double(out, value));
        } else {
            self.quoted(|out| print::push_double(out, value));
        }
    }

    /// The decimal number `mantissa` / 10^`scale` with all its digits.
    pub fn decimal(&mut self, mantissa: i128, scale: u8) {
        self.value(|out| print::push_decimal(out, mantissa, scale));
    }

    /// A whole number as a string, for `IEEE754Compatible=true` (web-api 3).
    pub fn quoted_integer(&mut self, value: i64) {
        self.quoted(|out| print::push_integer(out, value));
    }

    /// A decimal number as a string, for `IEEE754Compatible=true` (web-api 3).
    pub fn quoted_decimal(&mut self, mantissa: i128, scale: u8) {
        self.quoted(|out| print::push_decimal(out, mantissa, scale));
    }

    /// A GUID as a string: lower case, no braces.
    pub fn guid(&mut self, guid: &[u8; 16]) {
        self.quoted(|out| print::push_guid(out, guid));
    }

    /// A date as the string `yyyy-MM-dd`; days since 1970-01-01.
    pub fn date(&mut self, days: i32) {
        self.quoted(|out| print::push_date(out, days));
    }

    /// A date-time as the string `yyyy-MM-ddTHH:mm:ssZ`; seconds since 1970-01-01T00:00:00Z.
    pub fn date_time(&mut self, seconds: i64) {
        self.quoted(|out| print::push_date_time(out, seconds));
    }

    /// A complete value that is JSON already, such as a number text or a prepared object.
    pub fn raw(&mut self, json: &[u8]) {
        self.value(|out| out.extend_from_slice(json));
    }

    /// A tree, as the reader made it. Trees are as deep as the reader's limit at most.
    pub fn tree(&mut self, tree: &Json<'_>) {
        match tree {
            Json::Null => self.null(),
            Json::Bool(value) => self.boolean(*value),
            Json::Number(text) => self.raw(text.as_bytes()),
            Json::Text(text) => self.text(text),
            Json::Array(items) => {
                self.begin_array();
                items.iter().for_each(|item| self.tree(item));
                self.end_array();
            }
            Json::Object(members) => {
                self.begin_object();
                for (name, value) in members {
                    self.name(name);
                    self.tree(value);
                }
                self.end_object();
            }
        }
    }

    /// The prepared form of a member name: quotes, escapes and colon.
    #[must_use]
    pub fn prepare_name(name: &str) -> Vec<u8> {
        let mut out = Vec::with_capacity(name.len() + 3);
        push_text(&mut out, name);
        out.push(b':');
        out
    }

    fn value(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        self.separate();
        write(&mut self.out);
        self.comma_due = true;
    }

    fn quoted(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        self.value(|out| {
            out.push(b'"');
            write(out);
            out.push(b'"');
        });
    }

    fn open(&mut self, bracket: u8) {
        self.separate();
        self.out.push(bracket);
        self.comma_due = false;
    }

    fn close(&mut self, bracket: u8) {
        self.out.push(bracket);
        self.comma_due = true;
    }

    fn separate(&mut self) {
        if self.comma_due {
            self.out.push(b',');
        }
    }
}

/// Appends a quoted string with its escapes.
fn push_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    loop {
        let (plain, special) = rest.split_at(plain_prefix(rest));
        out.extend_from_slice(plain);
        let Some((byte, after)) = special.split_first() else {
            break;
        };
        push_escape(out, *byte);
        rest = after;
    }
    out.push(b'"');
}

/// Appends the escape of a quote, a backslash or a control character.
fn push_escape(out: &mut Vec<u8>, byte: u8) {
    let letter = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        8 => b'b',
        12 => b'f',
        _ => {
            let low = b"0123456789abcdef"[usize::from(byte & 15)];
            out.extend_from_slice(&[b'\\', b'u', b'0', b'0', b'0' + (byte >> 4), low]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', letter]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use driftless_model::literal;

    fn written(write: impl FnOnce(&mut JsonWriter)) -> String {
        let mut writer = JsonWriter::new();
        write(&mut writer);
        String::from_utf8(writer.into_bytes()).unwrap()
    }

    #[test]
    fn commas_come_by_themselves() {
        let name = JsonWriter::prepare_name("drf_\"n\"");
        let text = written(|w| {
            w.begin_object();
            w.name("value");
            w.begin_array();
            w.begin_object();
            w.prepared_name(&name);
            w.text("Crate");
            w.name("n");
            w.null();
            w.end_object();
            w.begin_object();
            w.end_object();
            w.end_array();
            w.name("@odata.count");
            w.integer(2);
            w.end_object();
        });
        assert_eq!(text, r#"{"value":[{"drf_\"n\"":"Crate","n":null},{}],"@odata.count":2}"#);
    }

    #[test] // web-api 22
    fn values_have_the_service_forms() {
        let guid = literal::guid("7D0C0000-0000-0000-0000-0000000000ff").unwrap();
        let text = written(|w| {
            w.begin_array();
            w.guid(&guid);
            w.decimal(200_000_000, 4);
            w.quoted_decimal(-5, 1);
            w.quoted_integer(7);
            w.double(47.63958);
            w.double(f64::NAN);
            w.date(0);
            w.date_time(0);
            w.boolean(true);
            w.end_array();
        });
        assert_eq!(text, r#"["7d0c0000-0000-0000-0000-0000000000ff",20000.0000,"-0.5","7",47.63958,"NaN","1970-01-01","1970-01-01T00:00:00Z",true]"#);
    }

    #[test]
    fn strings_are_escaped_and_stay_on_one_line() {
        assert_eq!(written(|w| w.text("a\"\\\n\r\t\u{8}\u{c}\u{1}\u{1f}ä/'")), r#""a\"\\\n\r\t\b\f\u0001\u001fä/'""#);
    }

    #[test]
    fn the_buffer_can_be_handed_out_in_the_middle() {
        let mut writer = JsonWriter::new();
        writer.begin_array();
        writer.integer(1);
        assert_eq!(writer.take(Vec::new()), b"[1");
        writer.integer(2);
        writer.end_array();
        assert_eq!(writer.as_bytes(), b",2]");
    }
}
