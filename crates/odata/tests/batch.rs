//! `$batch` through its public face (web-api 23).
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed expectation fails the test")]

use driftless_odata::ParseErrorKind;
use driftless_odata::batch::{BatchAnswer, BatchItem, BatchLimits, BatchWriter, Part, parse_batch};

const CONTENT_TYPE: &str = "multipart/mixed; boundary=batch_x";

fn parsed<'a>(content_type: &str, body: &'a str) -> Vec<BatchItem<'a>> {
    parse_batch(content_type, body.as_bytes(), &BatchLimits::default()).unwrap_or_else(|error| panic!("{error}"))
}

fn refused(content_type: &str, body: &str) -> ParseErrorKind {
    parse_batch(content_type, body.as_bytes(), &BatchLimits::default()).unwrap_err().kind
}

/// A batch of one part with the given request.
fn one(request: &str) -> String {
    format!("--batch_x\nContent-Type: application/http\nContent-Transfer-Encoding: binary\n\n{request}\n--batch_x--\n")
}

fn single<'a>(items: &'a [BatchItem<'_>]) -> &'a Part<'a> {
    match items {
        [BatchItem::Single(part)] => part,
        other => panic!("not one request: {other:?}"),
    }
}

const MIXED: &str = "This is ignored.
--batch_x
Content-Type: multipart/mixed;boundary=\"change_1\"

--change_1
Content-Type: application/http
Content-Transfer-Encoding:binary
Content-ID: 1

POST /api/data/v9.2/accounts HTTP/1.1
Host: other
Authorization: Bearer x
Content-Type: application/json;type=entry
MSCRM.SuppressDuplicateDetection: false

{\"name\":\"Crate\"}
--change_1
Content-Type: application/http

PATCH $1/name HTTP/1.1
content-id: 2
If-Match: *
Content-Length: 2

{}

--change_1--

--batch_x
Content-Type: application/http

GET accounts?$select=name HTTP/1.1

--batch_x--
ignored
";

#[test]
fn change_sets_and_single_requests_with_both_line_ends() {
    for body in [MIXED.to_owned(), MIXED.replace('\n', "\r\n")] {
        let items = parsed("Multipart/Mixed;boundary=\"batch_x\"", &body);
        let [BatchItem::ChangeSet(changes), BatchItem::Single(get)] = items.as_slice() else { panic!("{items:?}") };
        assert_eq!((changes[0].method, changes[0].url), ("POST", "/api/data/v9.2/accounts"));
        assert_eq!(changes[0].content_id, Some("1"));
        assert_eq!(changes[0].body, b"{\"name\":\"Crate\"}");
        assert_eq!(changes[1].url, "$1/name");
        assert_eq!(changes[1].content_id, Some("2"));
        assert_eq!(changes[1].body, b"{}");
        assert_eq!(changes[1].header_values("if-match").collect::<Vec<_>>(), ["*"]);
        assert_eq!((get.method, get.url), ("GET", "accounts?$select=name"));
    }
}

#[test] // SEC-35
fn headers_outside_the_allow_list_are_dropped() {
    let items = parsed(CONTENT_TYPE, MIXED);
    let BatchItem::ChangeSet(changes) = &items[0] else { panic!("{items:?}") };
    let names: Vec<&str> = changes[0].headers.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["Content-Type", "MSCRM.SuppressDuplicateDetection"]);
}

#[test]
fn a_request_may_end_without_blank_lines() {
    let body = one("GET /api/data/v9.2/WhoAmI HTTP/1.1");
    assert_eq!(single(&parsed(CONTENT_TYPE, &body)).body, b"");
    let body = one("GET https://h/api/data/v9.2/a?$filter=b eq 'c d' HTTP/1.1\nAccept:application/json");
    let items = parsed(CONTENT_TYPE, &body);
    assert_eq!(single(&items).url, "https://h/api/data/v9.2/a?$filter=b eq 'c d'");
    assert_eq!(single(&items).headers, [("Accept", "application/json")]);
}

#[test]
fn an_empty_batch_has_no_items() {
    assert_eq!(parsed(CONTENT_TYPE, "--batch_x--"), []);
}

#[test]
fn malformed_batches_are_refused_whole() {
    for bad in [
        "",
        "--batch_y--",
        "--batch_x\nContent-Type: application/http\n\nGET a HTTP/1.1\n",
        "--batch_x\n\nGET a HTTP/1.1\n\n--batch_x--",
        "--batch_x\nContent-Type: text/plain\n\nGET a HTTP/1.1\n\n--batch_x--",
    ] {
        assert_eq!(refused(CONTENT_TYPE, bad), ParseErrorKind::Syntax, "{bad}");
    }
    for bad in [
        "GET a",
        "GET  HTTP/1.1",
        "GET a HTTP/2",
        "",
        "GET a HTTP/1.1\nno colon",
        "GET a HTTP/1.1\nA: b\n c",
        "GET a HTTP/1.1\nA : b",
        "GET a HTTP/1.1\ncontent-id: a b",
        "POST a HTTP/1.1\nTransfer-Encoding: chunked\n\n0",
        "POST a HTTP/1.1\nContent-Length: 5\n\nabc",
        "POST a HTTP/1.1\nContent-Length: 1\n\nabc",
        "POST a HTTP/1.1\nContent-Length: 3\nContent-Length: 2\n\nabc",
        "POST a\rb HTTP/1.1",
    ] {
        assert_eq!(refused(CONTENT_TYPE, &one(bad)), ParseErrorKind::Syntax, "{bad}");
    }
}

#[test] // SEC-35
fn boundaries_have_70_characters_at_most() {
    let with = |boundary: &str| {
        let body = format!("--{boundary}--");
        parse_batch(&format!("multipart/mixed;boundary={boundary}"), body.as_bytes(), &BatchLimits::default()).is_ok()
    };
    assert!(with(&"b".repeat(70)));
    assert!(!with(&"b".repeat(71)));
    assert!(!with(""));
    assert!(!with("a<b"));
    for bad in ["", "application/json", "multipart/mixed", "multipart/form-data; boundary=x"] {
        assert_eq!(refused(bad, "--x--"), ParseErrorKind::Syntax, "{bad}");
    }
}

#[test]
fn nesting_and_reads_in_change_sets_are_refused() {
    let nested = "--batch_x\nContent-Type: multipart/mixed;boundary=c\n\n--c\nContent-Type: multipart/mixed;boundary=d\n\n--d--\n--c--\n--batch_x--";
    assert_eq!(refused(CONTENT_TYPE, nested), ParseErrorKind::Unsupported);
    let reading = "--batch_x\nContent-Type: multipart/mixed;boundary=c\n\n--c\nContent-Type: application/http\n\nGET a HTTP/1.1\n\n--c--\n--batch_x--";
    assert_eq!(refused(CONTENT_TYPE, reading), ParseErrorKind::Unsupported);
    assert_eq!(refused(CONTENT_TYPE, &one("POST /api/data/v9.2/$batch HTTP/1.1")), ParseErrorKind::Unsupported);
    assert_eq!(refused(CONTENT_TYPE, &one("TRACE a HTTP/1.1")), ParseErrorKind::Unsupported);
}

#[test]
fn content_ids_are_unique_in_a_change_set_only() {
    let part = "--c\nContent-Type: application/http\nContent-ID: 1\n\nDELETE a(1) HTTP/1.1\n\n";
    let set = |parts: &str| format!("--batch_x\nContent-Type: multipart/mixed;boundary=c\n\n{parts}--c--\n");
    let twice = format!("{}{}--batch_x--", set(part), set(part));
    assert_eq!(parsed(CONTENT_TYPE, &twice).len(), 2);
    let doubled = format!("{}--batch_x--", set(&part.repeat(2)));
    assert_eq!(refused(CONTENT_TYPE, &doubled), ParseErrorKind::Value);
}

#[test] // SEC-05
fn operations_are_counted_over_all_change_sets() {
    let part = "--c\nContent-Type: application/http\n\nDELETE a(1) HTTP/1.1\n\n";
    let get = "--batch_x\nContent-Type: application/http\n\nGET a HTTP/1.1\n\n";
    let body = |changes: usize| format!("{get}--batch_x\nContent-Type: multipart/mixed;boundary=c\n\n{}--c--\n--batch_x--", part.repeat(changes));
    assert_eq!(parsed(CONTENT_TYPE, &body(999)).len(), 2);
    assert_eq!(refused(CONTENT_TYPE, &body(1_000)), ParseErrorKind::Limit);
    assert_eq!(refused(CONTENT_TYPE, &body(1_001)), ParseErrorKind::Limit);
    let many = format!("{}--batch_x--", get.repeat(1_001));
    assert_eq!(refused(CONTENT_TYPE, &many), ParseErrorKind::Limit);
}

#[test]
fn answers_have_exactly_the_expected_bytes() {
    let mut writer = BatchWriter::new(&[0x11; 16]);
    let content_type = writer.content_type();
    assert_eq!(content_type, "multipart/mixed; boundary=batchresponse_11111111-1111-1111-1111-111111111111");
    writer.begin_change_set(&[0x22; 16]);
    writer.answer(&BatchAnswer {
        status: 204,
        headers: &[("OData-Version", "4.0"), ("OData-EntityId", "http://h/api/data/v9.2/a(1)")],
        body: b"",
        content_id: Some("1"),
    });
    writer.end_change_set();
    writer.answer(&BatchAnswer {
        status: 400,
        headers: &[("REQ_ID", "0c"), ("Content-Type", "application/json; odata.metadata=minimal")],
        body: b"{\"error\":{}}",
        content_id: None,
    });
    let text = String::from_utf8(writer.finish()).unwrap();
    let expected = "--batchresponse_11111111-1111-1111-1111-111111111111
Content-Type: multipart/mixed; boundary=changesetresponse_22222222-2222-2222-2222-222222222222

--changesetresponse_22222222-2222-2222-2222-222222222222
Content-Type: application/http
Content-Transfer-Encoding: binary
Content-ID: 1

HTTP/1.1 204 No Content
OData-Version: 4.0
OData-EntityId: http://h/api/data/v9.2/a(1)


--changesetresponse_22222222-2222-2222-2222-222222222222--
--batchresponse_11111111-1111-1111-1111-111111111111
Content-Type: application/http
Content-Transfer-Encoding: binary

HTTP/1.1 400 Bad Request
REQ_ID: 0c
Content-Type: application/json; odata.metadata=minimal

{\"error\":{}}
--batchresponse_11111111-1111-1111-1111-111111111111--
";
    assert_eq!(text, expected.replace('\n', "\r\n"));
}
