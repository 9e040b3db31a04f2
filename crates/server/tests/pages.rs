//! What browsers are told about pages of other origins (AUTH-31).

#![allow(clippy::unwrap_used, clippy::panic)] // a test fails by panicking, in its helpers too

mod raw;

use driftless_server::{Limits, Listeners};
use raw::{Answer, Client, Service, connect};

const KNOWN: &str = "https://app.example";

fn service(origins: &[&str]) -> Service {
    let free = "127.0.0.1:0".parse().unwrap();
    let page_origins = origins.iter().map(|origin| origin.parse().unwrap()).collect();
    Service::with_listeners(&Listeners { http: vec![free], operations: vec![free], page_origins, ..Listeners::default() }, Limits::default(), None)
}

fn send(client: &mut Client<std::net::TcpStream>, start: &str, headers: &[(&str, &str)]) -> Answer {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    client.send(format!("{start} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"));
    client.answer()
}

/// What a browser asks before a script's PATCH with a token.
fn ask(client: &mut Client<std::net::TcpStream>, path: &str, origin: &str) -> Answer {
    let wanted = [("Origin", origin), ("Access-Control-Request-Method", "PATCH"), ("Access-Control-Request-Headers", "authorization,content-type,if-match")];
    send(client, &format!("OPTIONS {path}"), &wanted)
}

fn allowed(answer: &Answer) -> Option<&str> {
    answer.header("access-control-allow-origin")
}

#[test] // AUTH-31
fn pages_of_listed_origins_are_let_in_and_read_refusals_too() {
    let service = service(&[KNOWN, "http://localhost:3000"]);
    let mut client = service.client();
    for origin in [KNOWN, "http://localhost:3000"] {
        let permission = ask(&mut client, "/echo", origin);
        assert_eq!((permission.status, allowed(&permission)), (204, Some(origin)));
        assert_eq!(permission.header("access-control-allow-headers"), Some("authorization,content-type,if-match"));
        assert!(permission.header("access-control-allow-methods").unwrap().contains("PATCH") && permission.header("access-control-max-age") == Some("600"));
        let answer = send(&mut client, "GET /echo", &[("Origin", origin)]);
        assert_eq!((answer.status, allowed(&answer), answer.header("vary")), (200, Some(origin), Some("Origin")));
        assert_eq!(answer.header("access-control-expose-headers"), Some("x-ms-service-request-id"));
        assert!(answer.header("access-control-allow-credentials").is_none());
    }
    let refused = send(&mut client, &format!("GET /{}", "x".repeat(33_000)), &[("Origin", KNOWN)]);
    assert_eq!((refused.status, allowed(&refused)), (414, Some(KNOWN)));
    assert!(refused.header("access-control-expose-headers").unwrap().contains("req_id"));
}

#[test] // AUTH-31
fn other_pages_get_no_permission() {
    let service = service(&[KNOWN]);
    let mut client = service.client();
    for origin in ["https://evil.example", "https://app.example.evil.example", "http://app.example", "https://app.example:444", "null", "*"] {
        let permission = ask(&mut client, "/echo", origin);
        assert!(allowed(&permission).is_none() && permission.header("access-control-allow-methods").is_none(), "{permission:?}");
        let answer = send(&mut client, "GET /echo", &[("Origin", origin)]);
        assert_eq!((allowed(&answer), answer.header("vary")), (None, Some("Origin")));
    }
    let answer = send(&mut client, "GET /echo", &[]);
    assert_eq!((allowed(&answer), answer.header("vary")), (None, Some("Origin")), "a cache must not give it to a page");
    let mut operators = Client::new(connect(service.running.operations_addr().unwrap()));
    assert!(allowed(&send(&mut operators, "GET /livez", &[("Origin", KNOWN)])).is_none(), "what is for operators is for no page");
}

#[test] // AUTH-31
fn without_a_list_nothing_is_said_of_pages() {
    let service = service(&[]);
    let mut client = service.client();
    let permission = ask(&mut client, "/echo", KNOWN);
    let answer = send(&mut client, "GET /echo", &[("Origin", KNOWN)]);
    for answer in [permission, answer] {
        assert!(!answer.head.contains("access-control-") && answer.header("vary").is_none(), "{answer:?}");
    }
}
