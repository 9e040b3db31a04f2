//! A front to test with, and a client that sends exactly the bytes it is told to.

#![allow(dead_code, unreachable_pub)] // shared by several test programs, none of which uses all of it

use std::future::poll_fn;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;
use driftless_server::{Answering, Chunks, Front, Limits, Listeners, Origin, Peer, RequestId, Running, Server, Tls, Weight};
use http::{Method, Request, Response, StatusCode};

/// No test waits longer than this for something that should happen at once.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Answers `/echo` with what it saw, `/panic` by panicking, `/wait` once the gate is open, `/big` with 64 MiB. `/later` and `/later-panic` give their thread back
/// until the gate is open.
#[derive(Default)]
pub struct TestFront {
    pub gate: Gate,
    /// How often it was told that requests are late.
    pub late: AtomicU32,
}

impl Front for TestFront {
    fn body_limit(&self, _: &Method, path: &str) -> usize {
        if path == "/small" { 10 } else { 16 * 1024 * 1024 }
    }

    fn weight(&self, request: &Request<Bytes>) -> Weight {
        match request.uri().path() {
            "/export" => Weight::Export,
            "/list" => Weight::LargeRead,
            _ => Weight::Usual,
        }
    }

    fn late(&self) {
        self.late.fetch_add(1, Ordering::SeqCst);
    }

    fn respond(self: Arc<Self>, request: Request<Bytes>, peer: Peer) -> Answering {
        Box::pin(async move {
            let path = request.uri().path();
            if path.starts_with("/later") {
                self.gate.pass_later().await;
                assert_ne!(path, "/later-panic", "asked to");
            }
            self.answer(&request, peer)
        })
    }
}

impl TestFront {
    fn answer(&self, request: &Request<Bytes>, peer: Peer) -> Response<Chunks> {
        match request.uri().path() {
            "/panic" => panic!("asked to"),
            "/wait" => self.gate.pass(),
            "/nothing" => {
                let mut response = Response::new(Chunks::empty());
                *response.status_mut() = StatusCode::NO_CONTENT;
                return response;
            }
            "/big" => {
                let piece = Bytes::from(vec![b'x'; 64 * 1024]);
                return Response::new(Chunks::from(vec![piece; 1024]));
            }
            _ => {}
        }
        let Origin(origin) = request.extensions().get().unwrap();
        let RequestId(id) = request.extensions().get().unwrap();
        let text = format!("{} {} {} bytes={} origin={origin} id={id}", peer.scheme, request.method(), request.uri(), request.body().len(),);
        Response::new(Chunks::from(text))
    }
}

/// Holds requests until it is opened.
#[derive(Default)]
pub struct Gate {
    state: Mutex<GateState>,
    changed: Condvar,
}

#[derive(Default)]
struct GateState {
    is_open: bool,
    waiting: u32,
    wakers: Vec<Waker>,
}

impl Gate {
    pub fn open(&self) {
        let mut state = self.state.lock().unwrap();
        state.is_open = true;
        state.wakers.drain(..).for_each(Waker::wake);
        self.changed.notify_all();
    }

    pub fn wait_for(&self, waiting: u32) {
        let state = self.state.lock().unwrap();
        let wait = self.changed.wait_timeout_while(state, PATIENCE, |state| state.waiting < waiting);
        assert!(!wait.unwrap().1.timed_out(), "nobody came to the gate");
    }

    fn pass(&self) {
        let mut state = self.state.lock().unwrap();
        state.waiting += 1;
        self.changed.notify_all();
        let wait = self.changed.wait_timeout_while(state, PATIENCE, |state| !state.is_open);
        drop(wait.unwrap());
    }

    async fn pass_later(&self) {
        poll_fn(|cx| {
            let mut state = self.state.lock().unwrap();
            if state.is_open {
                return Poll::Ready(());
            }
            state.waiting += 1;
            state.wakers.push(cx.waker().clone());
            self.changed.notify_all();
            Poll::Pending
        })
        .await;
    }
}

/// A running service and its front.
pub struct Service {
    pub front: Arc<TestFront>,
    pub running: Running,
}

impl Service {
    pub fn start(limits: Limits) -> Self {
        Self::with_tls(limits, None)
    }

    pub fn with_tls(limits: Limits, tls: Option<Tls>) -> Self {
        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        Self::with_listeners(&Listeners { http: vec![free], https: tls.iter().map(|_| free).collect(), ..Listeners::default() }, limits, tls)
    }

    pub fn with_listeners(listeners: &Listeners, limits: Limits, tls: Option<Tls>) -> Self {
        let limits = Limits { front_threads: limits.front_threads.min(8), ..limits };
        let front = Arc::new(TestFront::default());
        let running = Server::start(Arc::clone(&front) as _, listeners, tls, limits).unwrap();
        Self { front, running }
    }

    pub fn address(&self) -> SocketAddr {
        self.running.http_addr().unwrap()
    }

    pub fn client(&self) -> Client<TcpStream> {
        Client::new(connect(self.address()))
    }
}

pub fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// One connection.
pub struct Client<S> {
    pub stream: S,
    read: Vec<u8>,
}

/// One answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().filter_map(|line| line.split_once(": ")).find_map(|(found, value)| (found == name).then_some(value))
    }

    /// Checks what every error of the server's own has (web-api 29).
    pub fn is_error(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{self:?}");
        let start = format!(r#"{{"error":{{"code":"{code}","message":""#);
        assert!(self.body.starts_with(&start) && self.body.ends_with("\"}}"), "{self:?}");
        let media = "application/json; odata.metadata=minimal";
        assert_eq!(self.header("content-type"), Some(media));
        let id = self.header("x-ms-service-request-id");
        assert!(id.is_some() && id == self.header("req_id"), "{self:?}");
    }
}

impl<S: Read + Write> Client<S> {
    pub fn new(stream: S) -> Self {
        Self { stream, read: Vec::new() }
    }

    pub fn send(&mut self, text: impl AsRef<[u8]>) {
        self.stream.write_all(text.as_ref()).unwrap();
    }

    pub fn get(&mut self, path: &str) -> Answer {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        self.answer()
    }

    pub fn answer(&mut self) -> Answer {
        self.answer_to("GET")
    }

    pub fn answer_to(&mut self, method: &str) -> Answer {
        let end = loop {
            match self.read.windows(4).position(|four| four == b"\r\n\r\n") {
                Some(end) => break end + 4,
                None => assert!(self.more(), "ended within a head: {:?}", self.read),
            }
        };
        let head: Vec<u8> = self.read.drain(..end).collect();
        let mut answer =
            Answer { status: std::str::from_utf8(&head[9..12]).unwrap().parse().unwrap(), head: String::from_utf8(head).unwrap(), body: String::new() };
        let length = answer.header("content-length").map_or(0, |text| text.parse().unwrap());
        let length: usize = if method == "HEAD" { 0 } else { length };
        while self.read.len() < length {
            assert!(self.more(), "ended within a body");
        }
        answer.body = String::from_utf8(self.read.drain(..length).collect()).unwrap();
        answer
    }

    /// Whether the server closed the connection without another byte.
    pub fn is_closed(&mut self) -> bool {
        !self.more() && self.read.is_empty()
    }

    fn more(&mut self) -> bool {
        let mut piece = [0; 16 * 1024];
        match self.stream.read(&mut piece) {
            Ok(bytes) => {
                self.read.extend_from_slice(&piece[..bytes]);
                bytes > 0
            }
            Err(error) => {
                assert_ne!(error.kind(), ErrorKind::WouldBlock, "nothing came");
                false
            }
        }
    }
}

/// Repeats `attempt` until it holds.
pub fn eventually(what: &str, mut attempt: impl FnMut() -> bool) {
    let start = Instant::now();
    while !attempt() {
        assert!(start.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A folder that goes away with the test.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("driftless-listener-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
