//! Signals, on a process of its own: this test program, started again with a variable set.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic)] // a test fails by panicking, in its helpers too

mod raw;

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Instant;

use driftless_server::{Limits, Stopped};
use raw::{Client, PATIENCE, Service, connect, eventually};

const VARIABLE: &str = "DRIFTLESS_SIGNAL_TEST_SERVES";
const WAIT: &str = "GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Not a test of its own: what the other tests start. The gate of its front never opens.
#[test]
fn serves_when_told_to() {
    if std::env::var_os(VARIABLE).is_none() {
        return;
    }
    let mut service = Service::start(Limits::default());
    service.running.catch_signals().unwrap();
    let address = service.address();
    writeln!(std::io::stderr(), "serving {address}").unwrap();
    let stopped = service.running.wait_for_signal().unwrap();
    assert_eq!(stopped, Stopped::Clean);
}

struct Process {
    child: Child,
    address: std::net::SocketAddr,
    _output: Option<ChildStdout>,
}

impl Process {
    fn start() -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "serves_when_told_to", "--nocapture"])
            .env(VARIABLE, "1")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let line = lines.find_map(|line| line.unwrap().strip_prefix("serving ").map(str::to_owned));
        let address = line.unwrap().parse().unwrap();
        let output = child.stdout.take();
        Self { child, address, _output: output }
    }

    fn client(&self) -> Client<TcpStream> {
        Client::new(connect(self.address))
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.unwrap().success());
    }

    fn end(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "the process goes on");
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test] // REL-30
fn a_signal_ends_the_service_cleanly() {
    for name in ["TERM", "INT"] {
        let mut process = Process::start();
        assert_eq!(process.client().get("/echo").status, 200);
        process.signal("HUP");
        process.signal(name);
        assert!(process.end().success(), "{name}");
    }
}

#[test] // REL-30, OPS-06
fn a_second_signal_ends_at_once() {
    let mut process = Process::start();
    let mut client = process.client();
    assert_eq!(client.get("/echo").status, 200);
    client.send(WAIT);
    process.signal("TERM");
    eventually("still accepting", || TcpStream::connect(process.address).is_err());
    process.signal("INT");
    assert_eq!(process.end().code(), Some(130));
    assert!(client.is_closed());
}
