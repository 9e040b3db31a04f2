//! Budgets of users: 429 with the published codes, how long to wait, and what is left (SEC-20, SEC-21, web-api 30).

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

use driftless_server::ProtectionLimits;
use driftless_testkit::{Answer, TestServer};

const REQUESTS_LEFT: &str = "x-ms-ratelimit-burst-remaining-xrm-requests";
const TIME_LEFT: &str = "x-ms-ratelimit-time-remaining-xrm-requests";

#[track_caller]
fn assert_refused(answer: &Answer, code: &str, message: &str, wait: &str) {
    assert_eq!((answer.status, answer.error_code().as_str()), (429, code), "{}", answer.text());
    assert_eq!(answer.json()["error"]["message"], message);
    assert_eq!(answer.header("retry-after"), Some(wait));
    assert!(answer.header(REQUESTS_LEFT).is_some() && answer.header(TIME_LEFT).is_some());
}

#[test] // SEC-20, SEC-21
fn a_user_who_asks_too_often_is_told_when_to_come_again() {
    let server = TestServer::start_protected(ProtectionLimits { requests_max: 3, ..ProtectionLimits::default() }).unwrap();
    let mut client = server.client().unwrap();
    for (resource, left) in [("WhoAmI", "2"), ("nothing_here", "1"), ("WhoAmI", "0")] {
        let answer = client.call("GET", resource, "").unwrap();
        assert_eq!((answer.header(REQUESTS_LEFT), answer.header(TIME_LEFT)), (Some(left), Some("1,200.00")), "{}", answer.text());
    }
    let message = "Number of requests exceeded the limit of 3 over time window of 300 seconds.";
    assert_refused(&client.call("GET", "WhoAmI", "").unwrap(), "0x80072322", message, "292");
    // Another token of the same user has no budget of its own; what needs no user needs none.
    let mut other = server.client_for(driftless_model::Scopes::ALL).unwrap();
    assert_refused(&other.call("GET", "WhoAmI", "").unwrap(), "0x80072322", message, "292");
    assert_eq!(other.send("GET", "/adfs/.well-known/openid-configuration", &[], b"").unwrap().status, 200);
    assert_eq!(other.send("GET", "/api/data/v9.2/WhoAmI", &[("Authorization", "")], b"").unwrap().status, 401);
    server.environment().advance_s(292);
    assert_eq!(client.call("GET", "WhoAmI", "").unwrap().status, 200);
}

#[test] // SEC-20
fn time_and_requests_at_once_have_budgets_too() {
    let none = ProtectionLimits { time_ms_max: 0, ..ProtectionLimits::default() };
    let server = TestServer::start_protected(none).unwrap();
    let message = "Combined execution time of incoming requests exceeded limit of 0 milliseconds over time window of 300 seconds. Decrease number of concurrent \
                   requests or reduce the duration of requests and try again later.";
    assert_refused(&server.client().unwrap().call("GET", "WhoAmI", "").unwrap(), "0x80072321", message, "292");
    let server = TestServer::start_protected(ProtectionLimits { concurrent_max: 0, ..ProtectionLimits::default() }).unwrap();
    let message = "Number of concurrent requests exceeded the limit of 0.";
    assert_refused(&server.client().unwrap().call("POST", "accounts", "{}").unwrap(), "0x80072326", message, "1");
}

#[test] // SEC-16
fn the_budgets_are_the_published_ones_unless_somebody_says_otherwise() {
    let limits = ProtectionLimits::default();
    assert_eq!((limits.window_s, limits.requests_max, limits.time_ms_max, limits.concurrent_max), (300, 6_000, 1_200_000, 52));
    let server = TestServer::start_protected(limits).unwrap();
    let answer = server.client().unwrap().call("GET", "WhoAmI", "").unwrap();
    assert_eq!((answer.header(REQUESTS_LEFT), answer.header(TIME_LEFT)), (Some("5999"), Some("1,200.00")));
}

#[test] // SEC-24
fn without_protection_nobody_has_a_budget() {
    let server = TestServer::start().unwrap();
    let mut client = server.client().unwrap();
    for _ in 0..2 {
        let answer = client.call("GET", "WhoAmI", "").unwrap();
        assert_eq!((answer.header(REQUESTS_LEFT), answer.header(TIME_LEFT)), (Some("6000"), Some("1,200.00")));
    }
}
