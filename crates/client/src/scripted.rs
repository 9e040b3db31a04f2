//! A tiny HTTP server for tests: it answers the n-th request with the n-th reply and remembers what was asked.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "test support")]

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use serde_json::Value;

/// One prepared answer.
#[derive(Debug, Clone)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
    hangs_up: bool,
}

impl Reply {
    /// An answer without a body.
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: String::new(), hangs_up: false }
    }

    /// An answer with a body of any media type. `{origin}` in it becomes the server's own address.
    pub fn text(status: u16, media_type: &str, body: &str) -> Self {
        Self { body: body.to_owned(), ..Self::status(status) }.with("Content-Type", media_type)
    }

    /// An answer with a JSON body. `{origin}` in it becomes the server's own address.
    pub fn json(status: u16, body: Value) -> Self {
        Self::text(status, "application/json; odata.metadata=minimal", &body.to_string())
    }

    /// The connection is closed after the request was read.
    pub fn hang_up() -> Self {
        Self { hangs_up: true, ..Self::status(0) }
    }

    /// With one more header.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn bytes(&self, origin: &str) -> Vec<u8> {
        let body = self.body.replace("{origin}", origin);
        let mut head = format!("HTTP/1.1 {} Scripted\r\n", self.status);
        for (name, value) in &self.headers {
            head += &format!("{name}: {}\r\n", value.replace("{origin}", origin));
        }
        if self.status != 204 {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        format!("{head}\r\n{body}").into_bytes()
    }
}

/// One request as it arrived.
#[derive(Debug, Clone)]
pub struct Seen {
    /// HTTP method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl Seen {
    /// Value of a header (name in lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Method and path in one text.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// Everything that a finished server saw.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// Requests in order of arrival.
    pub requests: Vec<Seen>,
    /// How many sockets carried them.
    pub sockets: usize,
}

impl Record {
    /// Method and path of each request.
    pub fn lines(&self) -> Vec<String> {
        self.requests.iter().map(Seen::line).collect()
    }
}

#[derive(Debug, Default)]
struct State {
    replies: VecDeque<Reply>,
    record: Record,
    open: Vec<TcpStream>,
    done: bool,
}

/// A running server. Requests beyond the script get 599.
#[derive(Debug)]
pub struct Script {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    accepting: Option<JoinHandle<()>>,
}

impl Script {
    /// Starts a server on a free loopback port.
    pub fn start(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State { replies: replies.into(), ..State::default() }));
        let shared = Arc::clone(&state);
        let accepting = std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { break };
                let mut state = shared.lock().unwrap();
                if state.done {
                    break;
                }
                state.record.sockets += 1;
                state.open.push(stream.try_clone().unwrap());
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || serve(stream, &shared, &format!("http://{address}")));
            }
        });
        Self { address, state, accepting: Some(accepting) }
    }

    /// Address of the server, without a trailing slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops the server and gives what it saw.
    pub fn finish(mut self) -> Record {
        self.stop();
        self.state.lock().unwrap().record.clone()
    }

    fn stop(&mut self) {
        let Some(accepting) = self.accepting.take() else {
            return;
        };
        let mut state = self.state.lock().unwrap();
        state.done = true;
        for stream in state.open.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        drop(state);
        let _ = TcpStream::connect(self.address);
        let _ = accepting.join();
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        self.stop();
    }
}

fn serve(stream: TcpStream, state: &Mutex<State>, origin: &str) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    while let Some(seen) = read_request(&mut reader) {
        let reply = {
            let mut state = state.lock().unwrap();
            state.record.requests.push(seen);
            state.replies.pop_front().unwrap_or_else(|| Reply::text(599, "text/plain", "the script has ended"))
        };
        if reply.hangs_up {
            let _ = writer.shutdown(Shutdown::Both);
            return;
        }
        if writer.write_all(&reply.bytes(origin)).is_err() {
            return;
        }
    }
}

fn read_request(reader: &mut BufReader<TcpStream>) -> Option<Seen> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.trim().to_owned())),
            None => break,
        }
    }
    let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Seen { method, path, headers, body })
}
