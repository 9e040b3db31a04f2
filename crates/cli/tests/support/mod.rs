//! The real binary as a process: commands that end, and a service that runs until it is told to end.

#![allow(dead_code, reason = "each test program uses its own part")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use driftless_client::{Connection, RetryPolicy, Settings};
use driftless_store_sqlite::{SqliteOptions, SqliteStore};
use serde_json::Value;

/// Longest wait for a process to start or end; a busy machine may need much of it.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(20);

/// A folder below the system's folder for temporary files that goes with the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let path = std::env::temp_dir().join(format!("driftless-cli-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The data folder inside, which the service makes.
    pub(crate) fn data(&self) -> PathBuf {
        self.0.join("data")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.data().join("driftless.db")
    }

    /// Brings everything that was written into the database file itself, so that its bytes are all there is. A service that ended may have left some in the log.
    pub(crate) fn settle(&self) {
        drop(SqliteStore::open(&self.data(), &SqliteOptions::default()).unwrap());
        let log = std::fs::metadata(self.data().join("driftless.db-wal"));
        assert!(log.is_err() || log.is_ok_and(|log| log.len() == 0), "the log was not brought into the database");
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The binary with nothing of the caller's own settings.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_driftless"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("DRIFTLESS_")) {
        command.env_remove(name);
    }
    command.args(arguments).stdin(Stdio::null());
    command
}

/// What a command that ended left behind.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    /// The one JSON document on standard output.
    pub(crate) fn document(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The JSON documents on standard output, one a line.
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// Runs a command to its end.
pub(crate) fn run(arguments: &[&str]) -> Ended {
    let Output { status, stdout, stderr } = command(arguments).output().unwrap();
    Ended { code: status.code(), out: String::from_utf8(stdout).unwrap(), err: String::from_utf8(stderr).unwrap() }
}

/// Runs a command that must succeed.
pub(crate) fn done(arguments: &[&str]) -> Ended {
    let ended = run(arguments);
    assert_eq!(ended.code, Some(0), "driftless {}: {}", arguments.join(" "), ended.err);
    ended
}

/// Sends a process a signal, such as `TERM`.
pub(crate) fn send(child: &Child, signal: &str) {
    let sent = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Repeats `attempt` until it holds.
pub(crate) fn eventually(what: &str, mut attempt: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !attempt() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(LOOK);
    }
}

/// Waits for the end of a process that was told to end; ends it if it does not.
pub(crate) fn end_of(child: &mut Child) -> ExitStatus {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        std::thread::sleep(LOOK);
    }
    let _ = child.kill();
    let _ = child.wait();
    panic!("the process did not end within {} s", PATIENCE.as_secs())
}

/// Sends one request over plain HTTP to `host` (with its port), and gives the status and the body of the answer.
pub(crate) fn exchange(method: &str, host: &str, path: &str, content_type: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = body.len();
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n{body}")
        .unwrap();
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(reader.read_line(&mut head).unwrap(), 0, "an answer that ends in its head: {head}");
    }
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:").and_then(|value| value.trim().parse().ok()));
    let mut text = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut text).unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), String::from_utf8(text).unwrap())
}

/// A service on free ports of this machine's own address; killed when dropped.
pub(crate) struct Service {
    child: Child,
    pub(crate) ready: Value,
}

impl Service {
    pub(crate) fn start(folder: &Folder) -> Self {
        Self::start_as("serve", folder)
    }

    /// A service that was started by another command than `serve`.
    pub(crate) fn start_as(verb: &str, folder: &Folder) -> Self {
        Self::start_with(&[verb], folder)
    }

    /// A service that was started by this command, with these options.
    pub(crate) fn start_with(command_line: &[&str], folder: &Folder) -> Self {
        let ready_file = folder.path().join("ready.json");
        let _ = std::fs::remove_file(&ready_file);
        let log = std::fs::File::create(folder.path().join("service.log")).unwrap();
        let mut command = command(command_line);
        command.args(["--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--quiet"]);
        command.arg("--data").arg(folder.data()).arg("--ready-file").arg(&ready_file);
        let mut child = command.stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Some(ready) = std::fs::read(&ready_file).ok().and_then(|text| serde_json::from_slice(&text).ok()) {
                return Self { child, ready };
            }
            if let Some(status) = child.try_wait().unwrap() {
                panic!("the service ended with {status}: {}", std::fs::read_to_string(folder.path().join("service.log")).unwrap());
            }
            std::thread::sleep(LOOK);
        }
        let _ = child.kill();
        let _ = child.wait();
        panic!("no ready file within {} s", PATIENCE.as_secs())
    }

    pub(crate) fn url(&self) -> &str {
        self.ready["http"].as_str().unwrap()
    }

    /// Posts a form to the plain listener and gives the document of the answer.
    pub(crate) fn post_form(&self, path: &str, form: &str) -> Value {
        let host = self.url().strip_prefix("http://").unwrap();
        let (_, text) = exchange("POST", host, path, "application/x-www-form-urlencoded", form);
        serde_json::from_str(&text).unwrap()
    }

    pub(crate) fn token(&self) -> String {
        std::fs::read_to_string(self.ready["token_file"].as_str().unwrap()).unwrap().trim().to_owned()
    }

    /// A connection with this token, which asks once and no more.
    pub(crate) fn connection(&self, token: &str) -> Connection {
        let retry = RetryPolicy { attempts_max: 1, ..RetryPolicy::default() };
        Connection::open(&Settings { url: self.url().to_owned(), token: Some(token.to_owned()), ca: None, retry }).unwrap()
    }

    /// Sends SIGTERM and waits for the end; gives the time that it took.
    pub(crate) fn stop(mut self) -> (ExitStatus, Duration) {
        send(&self.child, "TERM");
        let begun = Instant::now();
        (end_of(&mut self.child), begun.elapsed())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
