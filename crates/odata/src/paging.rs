//! The paging cookie: the text of `$skiptoken` and of the FetchXML paging annotation (web-api 17, 20, 25.3).
//!
//! The outer element names the page; its attribute holds an encoded inner element with the first and last key
//! of the page before. Clients take both apart, so both keep the public shape. What the server relies on is the
//! authenticated text in [`PagingCookie::token`], an attribute of the inner element that clients carry along.

use std::borrow::Cow;

use roxmltree::{Document, Node, ParsingOptions};

use crate::percent::{self, HexCase, Plus, push_encoded};
use crate::{ParseError, ParseErrorKind};

/// A paging cookie as data.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PagingCookie {
    /// Number of the page that the cookie leads to, from 1.
    pub page: u32,
    /// The ordered columns and the primary key, in order.
    pub columns: Vec<CookieColumn>,
    /// The server's own authenticated state, if it is ours. Letters, digits, `-` and `_` survive every client.
    pub token: Option<String>,
    /// High-water mark of a change tracking read (web-api 25.3).
    pub max_timestamp: Option<String>,
    /// Rows of the page before, written in paged expands.
    pub record_count: Option<u32>,
    /// Whether the read tracks changes.
    pub is_tracking: bool,
}

/// Where the page before began and ended in one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CookieColumn {
    /// The column; letters, digits, `_`, `-` and `.` only.
    pub name: String,
    /// Value in the last row; `None` is null. GUIDs are upper case in braces.
    pub last: Option<String>,
    /// Value in the first row; `None` is null.
    pub first: Option<String>,
}

/// How often the inner element is percent-encoded inside the attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CookieEncoding {
    /// In `$skiptoken`, which the link encodes once more.
    Once,
    /// In the FetchXML annotation, which clients decode twice (web-api 20).
    Twice,
}

/// Bounds of a cookie that comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CookieLimits {
    /// Length in bytes.
    pub bytes: usize,
    /// Columns in the inner element.
    pub columns: usize,
}

impl Default for CookieLimits {
    fn default() -> Self {
        Self { bytes: 65_536, columns: 64 }
    }
}

/// Encodings that are taken off a cookie before it counts as malformed.
const DECODINGS_MAX: usize = 3;

impl PagingCookie {
    /// The outer element as text, not encoded for the link.
    #[must_use]
    pub fn print(&self, encoding: CookieEncoding) -> String {
        let mut inner = encoded(&self.print_inner());
        if encoding == CookieEncoding::Twice {
            inner = encoded(&inner);
        }
        let tracking = if self.is_tracking { "True" } else { "False" };
        format!("<cookie pagenumber=\"{}\" pagingcookie=\"{inner}\" istracking=\"{tracking}\" />", self.page)
    }

    /// The inner element as text.
    #[must_use]
    pub fn print_inner(&self) -> String {
        let mut out = String::from("<cookie");
        push_attribute(&mut out, "page", &self.page.saturating_sub(1).to_string());
        if let Some(count) = self.record_count {
            push_attribute(&mut out, "countOfRecords", &count.to_string());
        }
        if let Some(mark) = &self.max_timestamp {
            push_attribute(&mut out, "maxTimestamp", mark);
        }
        if let Some(token) = &self.token {
            push_attribute(&mut out, "token", token);
        }
        out.push('>');
        for column in &self.columns {
            out.push('<');
            push_name(&mut out, &column.name);
            push_end(&mut out, "last", column.last.as_deref());
            push_end(&mut out, "first", column.first.as_deref());
            out.push_str(" />");
        }
        out.push_str("</cookie>");
        out
    }

    /// Reads a cookie that a client hands back: the outer element, or the inner one alone as FetchXML pagers
    /// send it. Text that was encoded more or less often than ours is understood (web-api 17).
    ///
    /// # Errors
    /// `Syntax` when it is no cookie, `Value` for a page number that is none, `Limit` beyond `limits`.
    pub fn parse(text: &str, limits: &CookieLimits) -> Result<Self, ParseError> {
        if text.len() > limits.bytes {
            return Err(ParseError::limit(limits.bytes, "bytes in a paging cookie", limits.bytes));
        }
        let outer_text = peeled(text)?;
        let outer = document(&outer_text, limits)?;
        let outer = outer.root_element();
        let Some(attribute) = outer.attribute("pagingcookie") else {
            return Self::from_inner(outer, limits);
        };
        let inner_text = peeled(attribute)?;
        let inner = document(&inner_text, limits)?;
        let mut cookie = Self::from_inner(inner.root_element(), limits)?;
        cookie.page = page_number(outer.attribute("pagenumber"))?;
        cookie.is_tracking = outer.attribute("istracking").is_some_and(|text| text.eq_ignore_ascii_case("true"));
        Ok(cookie)
    }

    fn from_inner(element: Node<'_, '_>, limits: &CookieLimits) -> Result<Self, ParseError> {
        if element.tag_name().name() != "cookie" {
            return Err(malformed());
        }
        let owned = |name: &str| element.attribute(name).map(str::to_owned);
        let mut columns = Vec::new();
        for child in element.children().filter(Node::is_element) {
            if columns.len() == limits.columns {
                return Err(ParseError::limit(0, "columns in a paging cookie", limits.columns));
            }
            columns.push(CookieColumn {
                name: child.tag_name().name().to_owned(),
                last: child.attribute("last").map(str::to_owned),
                first: child.attribute("first").map(str::to_owned),
            });
        }
        Ok(Self {
            page: page_number(element.attribute("page"))?.saturating_add(1),
            columns,
            token: owned("token"),
            max_timestamp: owned("maxTimestamp"),
            record_count: element.attribute("countOfRecords").and_then(|text| text.parse().ok()),
            is_tracking: false,
        })
    }
}

/// The text with as many encodings taken off as it takes to find an element.
fn peeled(text: &str) -> Result<Cow<'_, str>, ParseError> {
    let mut text = Cow::Borrowed(text.trim_ascii());
    for _ in 0..DECODINGS_MAX {
        if text.starts_with('<') {
            break;
        }
        text = Cow::Owned(percent::decode(&text, Plus::Keep).map_err(|_| malformed())?.into_owned());
    }
    if text.starts_with("<cookie+") {
        text = Cow::Owned(text.replace('+', " "));
    }
    Ok(text)
}

/// Parses XML without document types and entities of its own (SEC-43).
fn document<'t>(text: &'t str, limits: &CookieLimits) -> Result<Document<'t>, ParseError> {
    // Each column may bring a text node of blanks with it.
    let nodes = limits.columns.saturating_mul(2).saturating_add(8);
    let nodes_limit = u32::try_from(nodes).unwrap_or(u32::MAX);
    let options = ParsingOptions { allow_dtd: false, nodes_limit, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|_| malformed())
}

fn page_number(text: Option<&str>) -> Result<u32, ParseError> {
    let number = text.unwrap_or("0").parse().ok();
    number.ok_or_else(|| ParseError::new(ParseErrorKind::Value, 0, "Invalid page number in paging cookie."))
}

fn malformed() -> ParseError {
    ParseError::new(ParseErrorKind::Syntax, 0, "The paging cookie is malformed.")
}

fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    push_encoded(&mut out, text, b"-_.", HexCase::Lower);
    out
}

/// `last="…"`, or `lastnull="1"` for null.
fn push_end(out: &mut String, name: &str, value: Option<&str>) {
    match value {
        Some(value) => push_attribute(out, name, value),
        None => {
            out.push(' ');
            out.push_str(name);
            out.push_str("null=\"1\"");
        }
    }
}

fn push_attribute(out: &mut String, name: &str, value: &str) {
    out.push(' ');
    out.push_str(name);
    out.push_str("=\"");
    for character in value.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' => out.push_str("&#9;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            // XML cannot hold these; the position itself is in the token.
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out.push('"');
}

/// An element name; what cannot stand in one becomes `_`.
fn push_name(out: &mut String, name: &str) {
    let start = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !start {
        out.push('_');
    }
    out.extend(name.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.') { c } else { '_' }));
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUID: &str = "{7D0C0000-0000-0000-0000-000000000001}";

    fn cookie() -> PagingCookie {
        let key = CookieColumn { name: "drf_parcelid".to_owned(), last: Some(GUID.to_owned()), first: Some(GUID.to_owned()) };
        PagingCookie { page: 2, columns: vec![key], ..PagingCookie::default() }
    }

    fn parsed(text: &str) -> PagingCookie {
        PagingCookie::parse(text, &CookieLimits::default()).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test] // web-api 17
    fn the_public_shape() {
        assert_eq!(cookie().print_inner(), format!("<cookie page=\"1\"><drf_parcelid last=\"{GUID}\" first=\"{GUID}\" /></cookie>"));
        let text = cookie().print(CookieEncoding::Once);
        assert!(text.starts_with("<cookie pagenumber=\"2\" pagingcookie=\"%3ccookie%20page%3d%221%22%3e%3cdrf_parcelid%20last%3d%22%7b7D0C"), "{text}");
        assert!(text.ends_with("%3c%2fcookie%3e\" istracking=\"False\" />"), "{text}");
        assert!(cookie().print(CookieEncoding::Twice).contains("\"%253ccookie%2520page"));
    }

    #[test] // web-api 25.3
    fn tracking_cookies_carry_their_mark_and_token() {
        let cookie =
            PagingCookie { token: Some("AbC-_9".to_owned()), max_timestamp: Some("4711".to_owned()), record_count: Some(2), is_tracking: true, ..cookie() };
        for encoding in [CookieEncoding::Once, CookieEncoding::Twice] {
            assert_eq!(parsed(&cookie.print(encoding)), cookie);
        }
        assert!(cookie.print_inner().starts_with("<cookie page=\"1\" countOfRecords=\"2\" maxTimestamp=\"4711\" token=\"AbC-_9\">"));
    }

    #[test] // web-api 17
    fn clients_encode_as_they_like() {
        let text = cookie().print(CookieEncoding::Once);
        assert_eq!(parsed(&encoded(&text)), cookie());
        assert_eq!(parsed(&encoded(&encoded(&text))), cookie());
        assert_eq!(parsed(&text.replace(' ', "+")), cookie());
        assert_eq!(parsed(&format!(" {} ", encoded(&text).replace("%20", "+"))), cookie());
    }

    #[test] // web-api 20
    fn fetch_xml_pagers_send_the_inner_element() {
        assert_eq!(parsed(&cookie().print_inner()), cookie());
        let raw = cookie().print_inner().replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
        assert_eq!(parsed(&format!("<cookie pagenumber='2' pagingcookie='{raw}' istracking='false'/>")), cookie());
    }

    #[test]
    fn nulls_and_awkward_values_survive() {
        let value = "a&<>\"'\n\t%3c+ä";
        let mut cookie = cookie();
        cookie.columns.insert(0, CookieColumn { name: "a.b".to_owned(), last: None, first: Some(value.to_owned()) });
        assert!(cookie.print_inner().contains("lastnull=\"1\""));
        assert_eq!(parsed(&cookie.print(CookieEncoding::Twice)), cookie);
    }

    #[test] // SEC-31, SEC-43
    fn hostile_cookies_are_refused() {
        let kind = |text: &str| PagingCookie::parse(text, &CookieLimits::default()).unwrap_err().kind;
        for bad in [
            "",
            "x",
            "%",
            "<cookie>",
            "<other page='1'/>",
            "<!DOCTYPE c [<!ENTITY a 'b'>]><cookie page='1'/>",
            "<cookie pagenumber='1' pagingcookie=''/>",
            "<cookie pagenumber='1' pagingcookie='%3cx%3e'/>",
        ] {
            assert_eq!(kind(bad), ParseErrorKind::Syntax, "{bad}");
        }
        assert_eq!(kind("<cookie page='-1'/>"), ParseErrorKind::Value);
        assert_eq!(kind(&format!("<cookie page='1'>{}</cookie>", "<a/>".repeat(65))), ParseErrorKind::Limit);
        assert_eq!(kind(&format!("<cookie page='1'>{}</cookie>", "<a/>".repeat(9_000))), ParseErrorKind::Syntax);
        assert_eq!(kind(&" ".repeat(65_537)), ParseErrorKind::Limit);
        assert_eq!(parsed("<cookie page='4294967295'/>").page, u32::MAX);
    }
}
