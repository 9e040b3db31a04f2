//! A person in front of a real browser: set-up, and the sign-in of an application that runs beside it.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, dead_code, reason = "a test fails by panicking, in its helpers too; not all helpers are used here")]
#![allow(clippy::disallowed_methods, clippy::print_stderr, reason = "a test of processes waits for them, and says what it leaves out")]

mod support;
mod webdriver;

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use serde_json::Value;
use support::{Folder, Service};
use webdriver::Browser;

/// The client that Microsoft's samples use, and a verifier with its challenge (RFC 7636, appendix B).
const CLIENT: &str = "51f81489-12ee-4a9e-aaae-a2591f45987d";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const PASSWORD: &str = "correct zebra staple";
/// Longest wait for the browser to come back.
const PATIENCE: Duration = Duration::from_secs(60);

type Fields = HashMap<String, String>;

#[test] // AUTH-03, AUTH-04, AUTH-05, AUTH-40
fn a_person_sets_a_password_and_signs_in_to_an_application() {
    let Some(browser) = Browser::start() else {
        eprintln!("left out: there is no chromedriver; on Debian, apt-get install chromium-driver brings one with its browser");
        return;
    };
    let folder = Folder::new();
    let service = Service::start(&folder);
    let https = service.ready["https"].as_str().unwrap();
    browser.open(std::fs::read_to_string(folder.data().join("setup.address")).unwrap().trim());
    browser.fill("password", PASSWORD);
    browser.fill("again", PASSWORD);
    browser.press();
    browser.expect_heading("Done");
    browser.expect_quiet_console();

    let (redirect, posted) = application();
    let scope = form_urlencoded::byte_serialize(format!("{https}/user_impersonation openid offline_access").as_bytes()).collect::<String>();
    browser.open(&format!(
        "{https}/adfs/oauth2/authorize?client_id={CLIENT}&response_type=code&response_mode=form_post&redirect_uri={redirect}&scope={scope}\
         &state=s1&nonce=n1&code_challenge={CHALLENGE}&code_challenge_method=S256"
    ));
    browser.fill("username", "administrator");
    browser.fill("password", "wrong password");
    browser.press();
    browser.expect_problem();
    browser.fill("password", PASSWORD);
    browser.press();
    let answer = posted.recv_timeout(PATIENCE).unwrap();
    assert_eq!(answer["state"], "s1");
    browser.expect_heading("Back at the application");
    browser.expect_quiet_console();

    let tokens = redeem(&service, &redirect, &answer["code"]);
    let connection = service.connection(tokens["access_token"].as_str().unwrap());
    assert!(connection.list_tables().unwrap().iter().any(|table| table.logical_name == "account"), "an administrator");
    assert!(tokens["refresh_token"].is_string() && tokens["id_token"].is_string());
}

#[test] // AUTH-31, AUTH-42
fn scripts_of_listed_pages_call_the_service_and_those_of_others_do_not() {
    let Some(browser) = Browser::start() else {
        eprintln!("left out: there is no chromedriver; on Debian, apt-get install chromium-driver brings one with its browser");
        return;
    };
    let folder = Folder::new();
    let (port, script) = page();
    let settings = folder.path().join("settings.toml");
    std::fs::write(&settings, format!("allowed_origins = \"http://localhost:{port}\"\n")).unwrap();
    let service = Service::start_with(&["serve", "--config", settings.to_str().unwrap()], &folder);
    script.send(CALL.replace("SERVICE", service.url()).replace("TOKEN", &service.token())).unwrap();
    let rows = || service.connection(&service.token()).get("accounts?$select=name", &[]).unwrap().into_items().unwrap().len();
    browser.open(&format!("http://127.0.0.1:{port}/"));
    browser.expect_heading("kept out");
    assert_eq!(rows(), 0, "nothing was written");
    browser.open(&format!("http://localhost:{port}/"));
    browser.expect_heading("401 0x8005f101, 204 and its address");
    assert_eq!(rows(), 1);
}

/// A script that calls the service without a token and with one, and says in the heading what it could read.
const CALL: &str = "
const told = text => { document.querySelector('h1').textContent = text };
const call = headers => fetch('SERVICE/api/data/v9.2/accounts', {method: 'POST', headers: {...headers, 'Content-Type': 'application/json'}, body: '{}'});
(async () => {
  const refused = await call({});
  const made = await call({Authorization: 'Bearer TOKEN'});
  const address = made.headers.get('OData-EntityId') ? ' and its address' : '';
  told(`${refused.status} ${(await refused.json()).error.code}, ${made.status}${address}`);
})().catch(() => told('kept out'));
";

/// Serves a page with the script that is sent, at a port of this machine.
fn page() -> (u16, Sender<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, sent) = mpsc::channel::<String>();
    std::thread::spawn(move || {
        let script = sent.recv().ok()?;
        let page = format!("<!doctype html><title>Page</title><link rel=icon href=data:,><h1>calling</h1><script type=module>{script}</script>");
        // Browsers open connections before they need them, so no one may be waited for.
        for mut stream in listener.incoming().flatten() {
            let page = page.clone();
            std::thread::spawn(move || {
                let _ = stream.read(&mut [0; 4096]);
                write!(stream, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}", page.len())
            });
        }
        Some(())
    });
    (port, sender)
}

/// Turns the code into tokens.
fn redeem(service: &Service, redirect: &str, code: &str) -> Value {
    let fields = [("grant_type", "authorization_code"), ("client_id", CLIENT), ("code", code), ("redirect_uri", redirect), ("code_verifier", VERIFIER)];
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    service.post_form("/adfs/oauth2/token", &form)
}

/// An application that waits at a port of this machine for the browser to bring a form. Gives its redirect address and what comes.
fn application() -> (String, Receiver<Fields>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let redirect = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    let (sender, posted) = mpsc::channel();
    std::thread::spawn(move || {
        // Browsers open connections before they need them.
        for stream in listener.incoming().flatten() {
            let sender = sender.clone();
            std::thread::spawn(move || receive(stream, &sender));
        }
    });
    (redirect, posted)
}

/// Reads one request and answers it; tells of a form that was posted.
fn receive(mut stream: TcpStream, sender: &Sender<Fields>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:").and_then(|value| value.trim().parse().ok()));
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let page = "<!doctype html><title>Application</title><link rel=icon href=data:,><h1>Back at the application</h1>";
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}", page.len()).ok()?;
    if head.starts_with("POST ") {
        sender.send(form_urlencoded::parse(&body).into_owned().collect()).ok()?;
    }
    Some(())
}
