//! Certificates of the local authority, judged by three independent verifiers.

#![allow(clippy::unwrap_used, clippy::panic)] // a test fails by panicking, in its helpers too

mod raw;

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use driftless_server::{Limits, ListenError, Listeners, Server, Tls, TlsFiles};
use raw::{Client, Folder, Service, TestFront, connect};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

const DAY: Duration = Duration::from_secs(86_400);

fn days(count: u32) -> SystemTime {
    SystemTime::now() + DAY * count
}

fn file(folder: &Folder, name: &str) -> String {
    fs::read_to_string(folder.0.join("tls").join(name)).unwrap()
}

type TlsStream = StreamOwned<ClientConnection, TcpStream>;

fn tls_client(service: &Service, ca: &Path, name: &str) -> Client<TlsStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap().with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let stream = connect(service.running.https_addr().unwrap());
    Client::new(StreamOwned::new(connection, stream))
}

fn service(folder: &Folder) -> (Service, std::path::PathBuf) {
    let tls = Tls::local(&folder.0, SystemTime::now()).unwrap();
    let ca = tls.ca_file().unwrap();
    (Service::with_tls(Limits::default(), Some(tls)), ca)
}

#[test] // AUTH-44
fn https_is_answered_under_each_loopback_name() {
    let folder = Folder::new();
    let (service, ca) = service(&folder);
    for name in ["localhost", "127.0.0.1", "::1"] {
        let mut client = tls_client(&service, &ca, name);
        let answer = client.get("/echo");
        assert_eq!(answer.status, 200);
        assert!(answer.body.starts_with("https GET /echo"), "{answer:?}");
        assert!(answer.body.contains("origin=https://localhost "));
    }
}

#[test] // OPS-10
fn figures_tell_when_the_certificate_ends() {
    let folder = Folder::new();
    let (service, ca) = service(&folder);
    let figures = tls_client(&service, &ca, "localhost").get("/metrics").body;
    let left_s = figures.lines().find_map(|line| line.strip_prefix("cert_expiry_seconds ")?.parse::<u64>().ok()).unwrap();
    assert!((29 * DAY.as_secs()..=30 * DAY.as_secs()).contains(&left_s), "{left_s}");
}

#[test]
fn a_large_answer_arrives_whole_over_tls() {
    let folder = Folder::new();
    let (service, ca) = service(&folder);
    let answer = tls_client(&service, &ca, "localhost").get("/big");
    assert_eq!(answer.body.len(), 64 * 1024 * 1024);
}

#[test] // SEC-03
fn a_refusal_can_be_read_over_tls() {
    let folder = Folder::new();
    let (service, ca) = service(&folder);
    let mut client = tls_client(&service, &ca, "localhost");
    let head = "POST /small HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1048576\r\n\r\n";
    client.send(format!("{head}{}", "x".repeat(1_048_576)));
    client.answer().is_error(413, "0x8004418a");
}

#[test] // SEC-15
fn a_handshake_that_does_not_come_closes_the_connection() {
    let folder = Folder::new();
    let tls = Tls::local(&folder.0, SystemTime::now()).unwrap();
    let limits = Limits { handshake_timeout: Duration::from_millis(40), ..Limits::default() };
    let service = Service::with_tls(limits, Some(tls));
    let stream = connect(service.running.https_addr().unwrap());
    assert!(Client::new(stream).is_closed());
}

#[test] // AUTH-44
fn openssl_accepts_the_chain_strictly() {
    let folder = Folder::new();
    Tls::local(&folder.0, SystemTime::now()).unwrap();
    let tls = folder.0.join("tls");
    let verify = Command::new("openssl")
        .args(["verify", "-x509_strict", "-purpose", "sslserver"])
        .args(["-verify_hostname", "localhost", "-CAfile"])
        .args([tls.join("ca.pem"), tls.join("leaf.pem")])
        .output();
    let Ok(output) = verify else {
        println!("no openssl on this machine");
        return;
    };
    assert!(output.status.success(), "{output:?}");
    let text = Command::new("openssl").args(["x509", "-noout", "-text", "-in"]).arg(tls.join("ca.pem")).output().unwrap();
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    for part in [
        "X509v3 Name Constraints: critical",
        "X509v3 Basic Constraints: critical",
        "X509v3 Key Usage: critical",
        "Subject Key Identifier",
        "Authority Key Identifier",
        "DNS:localhost",
        "IP:127.0.0.1/255.255.255.255",
        "prime256v1",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[test] // AUTH-44
fn python_connects_strictly() {
    let folder = Folder::new();
    let (service, ca) = service(&folder);
    let script = "
import ssl, sys, http.client
context = ssl.create_default_context(cafile=sys.argv[1])
context.verify_flags |= ssl.VERIFY_X509_STRICT
for host in ('localhost', '127.0.0.1'):
    connection = http.client.HTTPSConnection(host, int(sys.argv[2]), context=context, timeout=10)
    connection.request('GET', '/echo')
    assert connection.getresponse().status == 200
";
    let port = service.running.https_addr().unwrap().port().to_string();
    let run = Command::new("python3").args(["-c", script]).arg(&ca).arg(&port).output();
    match run {
        Ok(output) => assert!(output.status.success(), "{output:?}"),
        Err(_) => println!("no python3 on this machine"),
    }
}

#[test] // AUTH-50
fn curl_speaks_http2() {
    let folder = Folder::new();
    let (service, ca) = service(&folder);
    let port = service.running.https_addr().unwrap().port();
    let curl = |path: &str| {
        let output = Command::new("curl")
            .args(["--silent", "--show-error", "--http2", "--cacert"])
            .arg(&ca)
            .args(["--write-out", " %{http_version} %{http_code}"])
            .args(["--data", &"x".repeat(100)])
            .arg(format!("https://localhost:{port}{path}"))
            .output()
            .ok()?;
        assert!(output.status.success(), "{output:?}");
        Some(String::from_utf8(output.stdout).unwrap())
    };
    let Some(echo) = curl("/echo?x=1") else {
        println!("no curl on this machine");
        return;
    };
    let seen = format!("https POST /echo?x=1 bytes=100 origin=https://localhost:{port} ");
    assert!(echo.starts_with(&seen) && echo.ends_with(" 2 200"), "{echo}");
    let refused = curl("/small").unwrap();
    assert!(refused.contains("0x8004418a") && refused.ends_with(" 2 413"), "{refused}");
    assert!(curl("/panic").unwrap().ends_with(" 2 500"));
}

#[cfg(unix)]
#[test] // AUTH-44
fn the_files_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    Tls::local(&folder.0, SystemTime::now()).unwrap();
    for name in ["ca.pem", "ca.key", "leaf.pem", "leaf.key"] {
        let metadata = fs::metadata(folder.0.join("tls").join(name)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600, "{name}");
    }
}

#[test] // AUTH-44
fn a_leaf_is_renewed_after_twenty_days_and_the_authority_in_its_last_month() {
    let folder = Folder::new();
    let tls = Tls::local(&folder.0, days(0)).unwrap();
    let (ca, leaf) = (file(&folder, "ca.pem"), file(&folder, "leaf.pem"));
    assert!(!tls.refresh(days(19)).unwrap());
    assert_eq!(file(&folder, "leaf.pem"), leaf);

    assert!(tls.refresh(days(21)).unwrap());
    let second = file(&folder, "leaf.pem");
    assert_ne!(second, leaf);
    assert_eq!(file(&folder, "ca.pem"), ca);

    assert!(tls.refresh(days(300)).unwrap());
    assert_eq!(file(&folder, "ca.pem"), ca);
    assert!(tls.refresh(days(340)).unwrap());
    assert_ne!(file(&folder, "ca.pem"), ca);
}

#[test] // AUTH-44
fn a_second_start_keeps_what_is_good_and_replaces_what_is_not() {
    let folder = Folder::new();
    Tls::local(&folder.0, days(0)).unwrap();
    let (ca, leaf) = (file(&folder, "ca.pem"), file(&folder, "leaf.pem"));
    Tls::local(&folder.0, days(0)).unwrap();
    assert_eq!((file(&folder, "ca.pem"), file(&folder, "leaf.pem")), (ca.clone(), leaf));

    for name in ["leaf.pem", "leaf.key"] {
        fs::write(folder.0.join("tls").join(name), "damaged").unwrap();
        Tls::local(&folder.0, days(0)).unwrap();
        assert_eq!(file(&folder, "ca.pem"), ca, "{name}");
    }
    // Another folder's authority does not fit this one's key.
    let other = Folder::new();
    Tls::local(&other.0, days(0)).unwrap();
    fs::write(folder.0.join("tls/ca.pem"), file(&other, "ca.pem")).unwrap();
    let (service, ca_file) = service(&folder);
    assert_ne!(file(&folder, "ca.pem"), file(&other, "ca.pem"));
    assert_eq!(tls_client(&service, &ca_file, "localhost").get("/echo").status, 200);
}

#[test] // AUTH-50
fn own_files_are_served_and_reloaded_when_they_change() {
    let (one, two) = (Folder::new(), Folder::new());
    for folder in [&one, &two] {
        Tls::local(&folder.0, days(0)).unwrap();
    }
    let files = TlsFiles { certificate: one.0.join("tls/leaf.pem"), key: one.0.join("tls/leaf.key") };
    let tls = Tls::from_files(files).unwrap();
    assert!(tls.ca_file().is_none());
    assert!(!tls.refresh(days(0)).unwrap());
    fs::write(one.0.join("tls/leaf.pem"), file(&two, "leaf.pem")).unwrap();
    assert!(tls.refresh(days(0)).is_err(), "the key is still the other one");
    fs::write(one.0.join("tls/leaf.key"), file(&two, "leaf.key")).unwrap();
    assert!(tls.refresh(days(0)).unwrap());
}

#[test]
fn https_without_a_certificate_is_refused() {
    let listeners = Listeners { https: vec![([127, 0, 0, 1], 0).into()], ..Listeners::default() };
    let front = Arc::new(TestFront::default());
    let error = Server::start(front, &listeners, None, Limits::default()).unwrap_err();
    assert!(matches!(error, ListenError::NoCertificate));
}
