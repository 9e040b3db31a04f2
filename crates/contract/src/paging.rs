//! The paging cookie: the text of `$skiptoken`, of the FetchXML paging annotation and of `PagingCookie` (web-api 17, 20, 25.3, organization-service 7).
//!
//! The outer element names the page; its attribute holds an encoded inner element with the first and last key
//! of the page before. Clients take both apart, so both keep the public shape. What the server relies on is the
//! authenticated text in [`PagingCookie::token`], an attribute of the inner element that clients carry along.

use std::borrow::Cow;

use driftless_core::{NextPage, PageCookie};
use driftless_model::percent::{self, HexCase, Plus, push_encoded};
use driftless_model::{Error, ErrorCode, Result, Table, Uuid};
use roxmltree::{Document, Node, ParsingOptions};

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

impl From<PagingCookie> for PageCookie {
    fn from(cookie: PagingCookie) -> Self {
        Self { page: cookie.page, token: cookie.token }
    }
}

/// How often the inner element is percent-encoded inside the attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CookieEncoding {
    /// In `$skiptoken`, which the link encodes once more.
    Once,
    /// In the FetchXML annotation, which clients decode twice (web-api 20).
    Twice,
}

/// Length of a cookie that comes back, in bytes.
const BYTES_MAX: usize = 65_536;
/// Columns in its inner element.
const COLUMNS_MAX: usize = 64;
/// Encodings that are taken off a cookie before it counts as malformed.
const DECODINGS_MAX: usize = 3;

impl PagingCookie {
    /// The cookie that leads to the next page of rows of `table`, in the shape that clients know.
    #[must_use]
    pub fn to_next(next: &NextPage, table: Option<&Table>) -> Self {
        let braced = |id: Uuid| Some(format!("{{{}}}", id.hyphenated().to_string().to_uppercase()));
        let columns = match (next.first_last, table) {
            (Some((first, last)), Some(table)) => vec![CookieColumn { name: table.def.primary_id.to_string(), last: braced(last), first: braced(first) }],
            _ => Vec::new(),
        };
        Self { page: next.number, columns, token: Some(next.token.clone()), ..Self::default() }
    }

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

    /// The inner element as text: the whole cookie of answers that name the page beside it.
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
    /// send it. Text that was encoded more or less often than ours is understood (web-api 17, organization-service 7).
    ///
    /// # Errors
    /// 0x8004112a when it is no cookie, or one that is too large.
    pub fn parse(text: &str) -> Result<Self> {
        if text.len() > BYTES_MAX {
            return Err(malformed());
        }
        let outer_text = peeled(text)?;
        let outer = document(&outer_text)?;
        let outer = outer.root_element();
        let Some(attribute) = outer.attribute("pagingcookie") else {
            return Self::from_inner(outer);
        };
        let inner_text = peeled(attribute)?;
        let inner = document(&inner_text)?;
        let mut cookie = Self::from_inner(inner.root_element())?;
        cookie.page = page_number(outer.attribute("pagenumber"))?;
        cookie.is_tracking = outer.attribute("istracking").is_some_and(|text| text.eq_ignore_ascii_case("true"));
        Ok(cookie)
    }

    fn from_inner(element: Node<'_, '_>) -> Result<Self> {
        if element.tag_name().name() != "cookie" {
            return Err(malformed());
        }
        let owned = |name: &str| element.attribute(name).map(str::to_owned);
        let mut columns = Vec::new();
        for child in element.children().filter(Node::is_element) {
            if columns.len() == COLUMNS_MAX {
                return Err(malformed());
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

/// The text with as many encodings taken off as it takes to find an element: percent-encodings, or those of XML.
fn peeled(text: &str) -> Result<Cow<'_, str>> {
    let mut text = Cow::Borrowed(text.trim_ascii());
    for _ in 0..DECODINGS_MAX {
        text = match text.as_bytes().first() {
            Some(b'<') => break,
            Some(b'&') => {
                let element = format!("<c>{text}</c>");
                Cow::Owned(document(&element)?.root_element().text().unwrap_or_default().trim_ascii().to_owned())
            }
            _ => Cow::Owned(percent::decode(&text, Plus::Keep).map_err(|_| malformed())?.into_owned()),
        };
    }
    if text.starts_with("<cookie+") {
        text = Cow::Owned(text.replace('+', " "));
    }
    Ok(text)
}

/// Parses XML without document types and entities of its own (SEC-43).
fn document(text: &str) -> Result<Document<'_>> {
    // Each column may bring a text node of blanks with it.
    let nodes_limit = u32::try_from(COLUMNS_MAX * 2 + 8).unwrap_or(u32::MAX);
    let options = ParsingOptions { allow_dtd: false, nodes_limit, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|_| malformed())
}

fn page_number(text: Option<&str>) -> Result<u32> {
    text.unwrap_or("0").parse().map_err(|_| malformed())
}

fn malformed() -> Error {
    Error::of(ErrorCode::InvalidPagingCookie)
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
        PagingCookie::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
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

    #[test] // organization-service 7
    fn cookies_survive_rounds_of_escaping() {
        let mut text = cookie().print_inner();
        for _ in 0..2 {
            text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
            assert_eq!(parsed(&text), cookie(), "{text}");
        }
    }

    #[test] // organization-service 7
    fn a_cookie_carries_the_token_of_the_next_page() {
        let next = NextPage { token: "t".to_owned(), number: 2, first_last: Some((Uuid::from_u128(1), Uuid::from_u128(2))) };
        assert_eq!(PagingCookie::to_next(&next, None).print_inner(), "<cookie page=\"1\" token=\"t\"></cookie>");
    }

    #[test] // SEC-31, SEC-43
    fn hostile_cookies_are_refused() {
        for bad in [
            "",
            "x",
            "%",
            "&",
            "&lt;",
            "<cookie>",
            "<other page='1'/>",
            "<!DOCTYPE c [<!ENTITY a 'b'>]><cookie page='1'/>",
            "<cookie pagenumber='1' pagingcookie=''/>",
            "<cookie pagenumber='1' pagingcookie='%3cx%3e'/>",
            "<cookie page='-1'/>",
        ] {
            assert_eq!(PagingCookie::parse(bad).unwrap_err().code(), ErrorCode::InvalidPagingCookie, "{bad}");
        }
        let columns = |count: usize| PagingCookie::parse(&format!("<cookie page='1'>{}</cookie>", "<a/>".repeat(count)));
        assert!(columns(COLUMNS_MAX).is_ok() && columns(COLUMNS_MAX + 1).is_err() && columns(9_000).is_err());
        let padded = |length: usize| format!("<cookie page='1'/>{}", " ".repeat(length - 18));
        assert!(PagingCookie::parse(&padded(BYTES_MAX)).is_ok() && PagingCookie::parse(&padded(BYTES_MAX + 1)).is_err());
        assert_eq!(parsed("<cookie page='4294967295'/>").page, u32::MAX);
    }
}
