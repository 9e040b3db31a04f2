//! What an operator relies on, with the real program: protection, probes, figures, and a log without secrets.

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;

use support::{Folder, Service};

/// An answer, head and body together.
fn send(service: &Service, request: &str) -> String {
    let address = service.url().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.replace("HOST", address).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn get(service: &Service, path: &str, token: Option<&str>) -> String {
    let authorization = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    send(service, &format!("GET {path} HTTP/1.1\r\nHost: HOST\r\n{authorization}Connection: close\r\n\r\n"))
}

fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let head = answer.split("\r\n\r\n").next().unwrap();
    head.lines().find_map(|line| line.split_once(": ").filter(|(own, _)| own.eq_ignore_ascii_case(name))).map(|(_, value)| value)
}

#[test] // SEC-24
fn users_have_budgets_in_service_and_none_in_development() {
    for (command_line, left) in
        [(&["serve"][..], "5999"), (&["dev"], "6000"), (&["serve", "--service-protection", "off"], "6000"), (&["dev", "--service-protection", "on"], "5999")]
    {
        let folder = Folder::new();
        let service = Service::start_with(command_line, &folder);
        let answer = get(&service, "/api/data/v9.2/WhoAmI", Some(&service.token()));
        assert_eq!(header(&answer, "x-ms-ratelimit-burst-remaining-xrm-requests"), Some(left), "{command_line:?}: {answer}");
    }
}
