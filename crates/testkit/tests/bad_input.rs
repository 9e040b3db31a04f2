//! Input that is oversized, deep, malformed or foreign: the documented error, and nothing changed (SEC-01 to SEC-09, SEC-17, SEC-35, SEC-40).

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

mod support;

use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use driftless_testkit::{Answer, HttpClient, TestServer};
use support::{first_read, set_up};

/// Connections that try changed tokens at once.
const WORKERS: usize = 4;
const PARCELS: &str = "/api/data/v9.2/new_parcels";
const JSON: (&str, &str) = ("Content-Type", "application/json");

/// A service with the parcels' tables, and its feed from before.
struct Bench {
    server: TestServer,
    client: HttpClient,
    link: String,
}

impl Bench {
    fn new() -> Self {
        let server = TestServer::start().unwrap();
        set_up(&server, "parcel");
        let mut client = server.client().unwrap();
        let link = first_read(&mut client);
        Self { server, client, link }
    }

    /// Sends on a connection of its own, since a refusal may end it.
    fn send(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.server.client().unwrap().send(method, target, headers, body).unwrap()
    }

    fn post(&self, body: impl AsRef<[u8]>) -> Answer {
        self.send("POST", PARCELS, &[JSON], body.as_ref())
    }

    /// The feed has nothing that it did not have at first.
    fn assert_nothing_changed(&mut self) {
        let answer = self.client.read_at(&self.link).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.json()["value"], serde_json::json!([]));
    }
}

/// The error is one of JSON with this status and code.
#[track_caller]
fn assert_refused(answer: &Answer, status: u16, code: &str) {
    let text: String = answer.text().chars().take(400).collect();
    assert_eq!((answer.status, answer.error_code().as_str()), (status, code), "{text}");
    assert!(!answer.json()["error"]["message"].as_str().unwrap_or_default().is_empty(), "{text}");
}

#[test] // SEC-01
fn an_address_that_is_too_long_is_414() {
    let mut bench = Bench::new();
    let address = |length: usize| format!("{PARCELS}?$filter=new_name%20eq%20'{}'", "a".repeat(length));
    let fitting = bench.send("GET", &address(30_000), &[], b"");
    assert_eq!(fitting.status, 200, "{}", fitting.text());
    assert_refused(&bench.send("GET", &address(33_000), &[], b""), 414, "0x8004418a");
    assert_refused(&bench.send("GET", &address(200_000), &[], b""), 414, "0x8004418a");
    bench.assert_nothing_changed();
}

#[test] // SEC-02
fn header_fields_that_are_too_many_or_too_long_are_431() {
    let bench = Bench::new();
    let long = "a".repeat(17 * 1024);
    assert_refused(&bench.send("GET", PARCELS, &[("X-Long", &long)], b""), 431, "0x8004418a");
    let names: Vec<String> = (0..101).map(|number| format!("X-{number}")).collect();
    let many: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
    assert_refused(&bench.send("GET", PARCELS, &many, b""), 431, "0x8004418a");
    assert_eq!(bench.send("GET", PARCELS, &many[..90], b"").status, 200);
    let part = "a".repeat(15 * 1024);
    let large: Vec<(&str, &str)> = names[..5].iter().map(|name| (name.as_str(), part.as_str())).collect();
    assert_refused(&bench.send("GET", PARCELS, &large, b""), 431, "0x8004418a");
}

#[test] // SEC-03
fn a_body_that_is_too_large_is_413() {
    let mut bench = Bench::new();
    let body = |bytes: usize| format!(r#"{{"new_name":"{}"}}"#, "a".repeat(bytes));
    assert_refused(&bench.post(body(17 << 20)), 413, "0x8004418a");
    assert_refused(&bench.post(body(1 << 20)), 400, "0x80044331");
    bench.assert_nothing_changed();
}

#[test] // SEC-03
fn deep_and_crowded_json_is_refused() {
    let mut bench = Bench::new();
    let deep = |levels: usize| format!("{}1{}", r#"{"new_name":"#.repeat(levels), "}".repeat(levels));
    for levels in [65, 5_000, 200_000] {
        assert_refused(&bench.post(deep(levels)), 400, "0x80048d19");
    }
    assert_refused(&bench.post("[".repeat(1_000_000)), 400, "0x80048d19");
    let mut crowded = String::from("{");
    for number in 0..100_001 {
        let _ = write!(crowded, r#"{}"x@a{number}":1"#, if number == 0 { "" } else { "," });
    }
    crowded.push('}');
    assert_refused(&bench.post(crowded), 400, "0x80048d19");
    bench.assert_nothing_changed();
}

#[test] // web-api 29 (0x80048d19), SEC-17
fn malformed_json_is_refused() {
    let mut bench = Bench::new();
    let bodies: [&[u8]; 24] = [
        b"{",
        b"}",
        b"{]",
        b"{\"new_name\"}",
        b"{\"new_name\":}",
        b"{\"new_name\":\"a\",}",
        b"{\"new_name\":\"a\"} x",
        b"{\"new_name\":\"a\"}{}",
        b"{'new_name':'a'}",
        b"{new_name:1}",
        b"{\"new_name\":\"a\x01b\"}",
        b"{\"new_name\":\"\\x\"}",
        b"{\"new_name\":\"\\u12\"}",
        b"{\"new_name\":\"\xff\"}",
        b"{\"new_name\":\"\xc3\"}",
        b"{\"new_name\":\"\xed\xa0\x80\"}",
        b"{\"new_count\":01}",
        b"{\"new_count\":1e}",
        b"{\"new_count\":+1}",
        b"{\"new_count\":.5}",
        b"{\"new_count\":NaN}",
        b"{\"new_name\":\"a\",\"new_name\":\"b\"}",
        b"\x00",
        b"null",
    ];
    for body in bodies {
        assert_refused(&bench.post(body), 400, "0x80048d19");
    }
    // NUL and halves of pairs are refused in every value, however they are written.
    for text in [r"a\u0000b", r"\ud83d", r"\udce6", r"\ud83dx", r"\udce6\ud83d"] {
        let answer = bench.post(format!(r#"{{"new_name":"{text}"}}"#));
        assert_eq!(answer.status, 400, "{text}: {}", answer.text());
        assert!(matches!(answer.error_code().as_str(), "0x80048d19" | "0x80040203"), "{text}: {}", answer.text());
    }
    bench.assert_nothing_changed();
    assert_eq!(bench.post(r#"{"new_name":"\ud83d\udce6"}"#).status, 204, "a whole pair is a character");
}

#[test] // SEC-17: NUL in addresses
fn nul_in_addresses_is_refused() {
    let mut bench = Bench::new();
    set_up_key(&mut bench);
    for (method, target) in [
        ("PATCH", format!("{PARCELS}(new_code='a%00b')")),
        ("GET", format!("{PARCELS}(new_code='%FF')")),
        ("GET", format!("{PARCELS}(new_code='%')")),
        ("GET", format!("{PARCELS}(new_code='%4')")),
        ("GET", format!("{PARCELS}(new_code='%zz')")),
        ("GET", format!("{PARCELS}?$filter=new_name%20eq%20'%C3'")),
    ] {
        let answer = bench.send(method, &target, &[JSON], b"");
        assert_eq!(answer.status, 400, "{target}: {}", answer.text());
        assert!(answer.error_code().starts_with("0x800"), "{target}: {}", answer.text());
    }
    bench.assert_nothing_changed();
}

fn set_up_key(bench: &mut Bench) {
    let key = r#"{"SchemaName":"new_ParcelCode","DisplayName":{"LocalizedLabels":[{"Label":"Parcel code","LanguageCode":1033}]},"KeyAttributes":["new_code"]}"#;
    assert_eq!(bench.client.call("POST", "EntityDefinitions(LogicalName='new_parcel')/Keys", key).unwrap().status, 204);
    bench.server.run_jobs().unwrap();
}

#[test] // web-api 22, 29
fn unknown_properties_and_wrong_types_are_refused() {
    let mut bench = Bench::new();
    for body in [
        r#"{"nothing":1}"#,
        r#"{"new_name":1}"#,
        r#"{"new_name":true}"#,
        r#"{"new_name":["a"]}"#,
        r#"{"new_count":"many"}"#,
        r#"{"new_count":1.5}"#,
        r#"{"new_count":99999999999999999999}"#,
        r#"{"new_count":1e400}"#,
        r#"{"new_weight":"heavy"}"#,
        r#"{"new_weight":true}"#,
        r#"{"new_parcelid":"not an id"}"#,
        r#"{"new_parcelid":7}"#,
        r#"{"new_DepotId":"text"}"#,
        r#"{"new_DepotId":[]}"#,
        r#"{"new_DepotId@odata.bind":7}"#,
        r#"{"new_Nothing@odata.bind":"/new_depots(5f0a0000-0000-4000-8000-000000000001)"}"#,
        r#"{"statuscode":"many"}"#,
        r#"[{"new_name":"a"}]"#,
        r#""text""#,
    ] {
        assert_refused(&bench.post(body), 400, "0x80048d19");
    }
    for body in [r#"{"new_DepotId@odata.bind":""}"#, r#"{"new_DepotId@odata.bind":"/new_depots"}"#, r#"{"new_DepotId@odata.bind":"$1"}"#] {
        let answer = bench.post(body);
        assert_eq!(answer.status, 400, "{body}: {}", answer.text());
    }
    bench.assert_nothing_changed();
}

#[test] // web-api 6
fn methods_that_a_resource_lacks_are_405() {
    let mut bench = Bench::new();
    let row = format!("{PARCELS}(5f0a0000-0000-4000-8000-000000000001)");
    for (method, target) in [
        ("PUT", PARCELS),
        ("PATCH", PARCELS),
        ("DELETE", PARCELS),
        ("POST", row.as_str()),
        ("PUT", row.as_str()),
        ("DELETE", "/api/data/v9.2/"),
        ("POST", "/api/data/v9.2/WhoAmI"),
        ("GET", "/api/data/v9.2/PublishAllXml"),
        ("GET", "/api/data/v9.2/$batch"),
        ("PATCH", "/api/data/v9.2/EntityDefinitions(LogicalName='new_parcel')"),
        ("DELETE", "/api/data/v9.2/EntityDefinitions"),
        ("OPTIONS", PARCELS),
        ("BREW", PARCELS),
    ] {
        let answer = bench.send(method, target, &[JSON], b"{}");
        assert_eq!(answer.status, 405, "{method} {target}: {}", answer.text());
        assert!(answer.error_code().starts_with("0x800"), "{method} {target}: {}", answer.text());
    }
    bench.assert_nothing_changed();
}

#[test] // SEC-05, SEC-35
fn malformed_batches_are_refused_whole() {
    let mut bench = Bench::new();
    let part = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\nPOST /api/data/v9.2/new_parcels HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{\"new_name\":\"Never\"}\r\n";
    let long = "b".repeat(71);
    let many = format!("--b\r\n{part}").repeat(1_001) + "--b--";
    let cases = [
        ("multipart/mixed", format!("--b\r\n{part}--b--")),
        ("multipart/mixed; boundary=", format!("--\r\n{part}----")),
        ("multipart/mixed; boundary=b", format!("--b\r\n{part}")),
        ("multipart/mixed; boundary=b", String::new()),
        ("multipart/mixed; boundary=b", format!("--b\r\n{part}--b\r\nContent-Type: application/http\r\n\r\nNONSENSE\r\n\r\n--b--")),
        ("multipart/mixed; boundary=b", format!("--b\r\n{part}--b\r\nContent-Type: application/http\r\n\r\n\0\0\0\r\n\r\n--b--")),
        ("multipart/mixed; boundary=b", many),
        ("application/json", "{}".to_owned()),
        ("text/plain; boundary=b", format!("--b\r\n{part}--b--")),
    ];
    for (content_type, body) in &cases {
        let answer = bench.send("POST", "/api/data/v9.2/$batch", &[("Content-Type", content_type)], body.as_bytes());
        let shown: String = body.chars().take(60).collect();
        assert_eq!(answer.status, 400, "{content_type} {shown}: {}", answer.text());
        assert_refused(&answer, 400, "0x80060888");
    }
    let body = format!("--{long}\r\n{part}--{long}--");
    assert_refused(
        &bench.send("POST", "/api/data/v9.2/$batch", &[("Content-Type", &format!("multipart/mixed; boundary={long}"))], body.as_bytes()),
        400,
        "0x80060888",
    );
    bench.assert_nothing_changed();
}

/// A batch of one request.
fn batch_of(request: &str) -> String {
    format!("--b\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n{request}\r\n--b--\r\n")
}

#[test] // SEC-01, SEC-03
fn requests_in_batches_have_limits_of_their_own() {
    let mut bench = Bench::new();
    let send = |request: &str| bench.send("POST", "/api/data/v9.2/$batch", &[("Content-Type", "multipart/mixed; boundary=b")], batch_of(request).as_bytes());
    let reading = |bytes: usize| {
        let head = format!("{PARCELS}?$filter=new_name eq '");
        send(&format!("GET {head}{}' HTTP/1.1\r\n\r\n", "a".repeat(bytes - head.len() - 1).replace(' ', "%20")))
    };
    let fits = reading(65_536);
    assert!(fits.status == 200 && fits.text().contains("HTTP/1.1 200 "), "{}", fits.text());
    let exceeds = reading(65_537);
    assert!(exceeds.status == 400 && exceeds.text().contains("HTTP/1.1 414 ") && exceeds.text().contains("0x8004418a"), "{}", exceeds.text());
    let writing = |bytes: usize| {
        let body = format!(r#"{{"new_name":"Never"{}}}"#, " ".repeat(bytes));
        send(&format!("POST {PARCELS} HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{body}"))
    };
    let exceeds = writing(16 << 20);
    assert!(exceeds.status == 400 && exceeds.text().contains("HTTP/1.1 413 ") && exceeds.text().contains("0x8004418a"), "{}", exceeds.text());
    bench.assert_nothing_changed();
}

#[test] // SEC-06
fn a_page_has_at_most_5000_rows_whatever_is_asked_for() {
    let mut bench = Bench::new();
    let target = r#"{"@odata.type":"Microsoft.Dynamics.CRM.new_parcel","new_name":"n"}"#;
    let body = format!(r#"{{"Targets":[{}]}}"#, vec![target; 5_001].join(","));
    assert_eq!(bench.client.call("POST", "new_parcels/Microsoft.Dynamics.CRM.CreateMultiple", &body).unwrap().status, 200);
    for prefer in ["odata.maxpagesize=6000", "odata.maxpagesize=5000", "odata.track-changes,odata.maxpagesize=6000"] {
        let answer = bench.client.read_preferring("new_parcels?$select=new_name", prefer).unwrap();
        assert_eq!(answer.json()["value"].as_array().map(Vec::len), Some(5_000), "{prefer}");
        assert!(answer.json()["@odata.nextLink"].is_string(), "{prefer}");
    }
}

#[test] // SEC-08
fn expands_beyond_their_limits_are_refused() {
    let bench = Bench::new();
    let wide = |count: usize| format!("{PARCELS}?$select=new_name&$expand={}", vec!["new_DepotId"; count].join(","));
    assert_refused(&bench.send("GET", &wide(16), &[], b""), 400, "0x80060888");
    let deep = |levels: usize| format!("{PARCELS}?$select=new_name&$expand={}owninguser{}", "owninguser($expand=".repeat(levels - 1), ")".repeat(levels - 1));
    assert_refused(&bench.send("GET", &deep(11), &[], b""), 400, "0x80060888");
}

#[test] // SEC-07
fn filters_beyond_their_limits_are_refused() {
    let bench = Bench::new();
    let deep = format!("{PARCELS}?$filter={}new_count%20eq%201{}", "(".repeat(5_000), ")".repeat(5_000));
    assert_refused(&bench.send("GET", &deep, &[], b""), 400, "0x80060888");
    let not = format!("{PARCELS}?$filter={}(new_count%20eq%201)", "not%20".repeat(3_000));
    assert_refused(&bench.send("GET", &not, &[], b""), 400, "0x80060888");
    let wide = format!("{PARCELS}?$filter=new_count%20eq%201{}", "%20or%20new_count%20eq%201".repeat(501));
    assert_refused(&bench.send("GET", &wide, &[], b""), 400, "0x80060888");
    let fitting = format!("{PARCELS}?$filter=new_count%20eq%201{}", "%20or%20new_count%20eq%201".repeat(499));
    assert_eq!(bench.send("GET", &fitting, &[], b"").status, 200);
}

#[test] // SEC-09
fn patterns_beyond_their_limits_are_refused() {
    let bench = Bench::new();
    let search = |text: &str| bench.send("GET", &format!("{PARCELS}?$filter=contains(new_name,'{text}')"), &[], b"");
    assert_eq!(search(&"%25a".repeat(8)).status, 200);
    assert_refused(&search(&"%25a".repeat(9)), 400, "0x80060888");
    assert_eq!(search(&"a".repeat(4_096)).status, 200);
    assert_refused(&search(&"a".repeat(4_097)), 400, "0x80060888");
}

#[test] // CT-31, SEC-40, SEC-44
fn tokens_of_another_service_are_refused() {
    let mut bench = Bench::new();
    let other = Bench::new();
    let token = |link: &str| link.split_once("$deltatoken=").map(|(_, token)| token.to_owned()).unwrap();
    // Both services are the same but for their key, which is made at random.
    let foreign = bench.send("GET", &format!("{PARCELS}?$select=new_name&$deltatoken={}", token(&other.link)), &[], b"");
    if token(&other.link) != token(&bench.link) {
        assert_eq!(foreign.status, 400, "{}", foreign.text());
        assert!(matches!(foreign.error_code().as_str(), "0x80040203" | "0x80044352"));
    }
    let page = bench.send("GET", &format!("{PARCELS}?$select=new_name&$skiptoken=%3Ccookie%20pagenumber%3D%222%22%20pagingcookie%3D%22%253ccookie%2520page%253d%25221%2522%253e%253c%252fcookie%253e%22%20istracking%3D%22True%22%20%2F%3E"), &[], b"");
    assert_eq!(page.status, 400, "{}", page.text());
    bench.assert_nothing_changed();
}

/// Tokens of a hundred different moments of the feed.
fn hundred_tokens(bench: &mut Bench) -> Vec<String> {
    let mut link = bench.link.clone();
    (0..100)
        .map(|number| {
            let body = format!(r#"{{"new_name":"{number}"}}"#);
            assert_eq!(bench.client.call("POST", "new_parcels", &body).unwrap().status, 204);
            let answer = bench.client.read_at(&link).unwrap();
            link = answer.json()["@odata.deltaLink"].as_str().unwrap().to_owned();
            link.split_once("$deltatoken=").unwrap().1.to_owned()
        })
        .collect()
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The token with one bit of its opaque part flipped: each of the six bits of each base64 digit.
fn flipped(token: &str, digit: usize, bit: u32) -> String {
    let mut bytes = token.as_bytes().to_vec();
    let value = DIGITS.iter().position(|own| *own == bytes[digit]).unwrap();
    bytes[digit] = DIGITS[value ^ (1 << bit)];
    String::from_utf8(bytes).unwrap()
}

#[test] // SEC-40
fn every_flipped_bit_of_a_hundred_tokens_is_refused() {
    let mut bench = Bench::new();
    let tokens = hundred_tokens(&mut bench);
    bench.link = first_read(&mut bench.client);
    let refused = AtomicUsize::new(0);
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                let mut client = bench.server.client().unwrap();
                while let Some(token) = tokens.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let opaque = token.find("%21").or_else(|| token.find('!')).unwrap();
                    for (digit, bit) in (0..opaque).flat_map(|digit| (0..6).map(move |bit| (digit, bit))) {
                        let target = format!("{PARCELS}/$count?$deltatoken={}", flipped(token, digit, bit));
                        assert_refused(&client.send("GET", &target, &[], b"").unwrap(), 400, "0x80040203");
                        refused.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let refused = refused.into_inner();
    assert!(refused > 100_000, "{refused} changed tokens");
    // Cut off, or longer.
    for token in &tokens[..10] {
        for changed in [&token[..10], "", "!", &format!("{}A", token.split('%').next().unwrap()), &token.replace("%21", "")] {
            let answer = bench.client.send("GET", &format!("{PARCELS}?$select=new_name&$deltatoken={changed}"), &[], b"").unwrap();
            assert_refused(&answer, 400, "0x80040203");
        }
    }
    bench.assert_nothing_changed();
}
