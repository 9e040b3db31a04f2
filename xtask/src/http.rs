//! A small HTTP/1.1 client over one kept-alive connection: enough for the Web API on loopback.
//!
//! It tells apart what was surely not sent from what may have been done, because a crash test must know.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::service::Ready;

/// Longest wait for an answer, or for a part of one.
const ANSWER_WAIT: Duration = Duration::from_secs(60);
/// Most header lines of an answer.
const HEADERS_MAX: usize = 200;
/// Longest line of an answer's head, in bytes.
const LINE_MAX: u64 = 256 * 1024;
/// Longest body, in bytes.
const BODY_MAX: u64 = 512 * 1024 * 1024;

/// Where a service answers, and as whom to call it.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    /// `host:port`.
    pub(crate) host: String,
    /// Bearer token.
    pub(crate) token: String,
}

impl Address {
    /// The plain listener of a running service.
    pub(crate) fn of(ready: &Ready) -> Result<Self> {
        let host = ready.http.strip_prefix("http://").context("the service has no plain address")?;
        Ok(Self { host: host.to_owned(), token: ready.token.clone() })
    }
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Method.
    pub(crate) method: &'static str,
    /// Path and query as they go on the wire.
    pub(crate) path: String,
    /// Headers besides those that every request has.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// Content type and content.
    pub(crate) body: Option<(String, Vec<u8>)>,
}

impl Request {
    /// A request without headers of its own and without a body.
    pub(crate) fn new(method: &'static str, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), headers: Vec::new(), body: None }
    }

    /// The same with one more header.
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The same with a JSON body.
    pub(crate) fn json(mut self, value: &Value) -> Self {
        self.body = Some(("application/json".to_owned(), value.to_string().into_bytes()));
        self
    }

    /// The bytes of the request.
    fn bytes(&self, address: &Address) -> Vec<u8> {
        let mut head = format!(
            "{} {} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nAccept: application/json\r\nOData-Version: 4.0\r\n",
            self.method, self.path, address.host, address.token
        );
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let content = self.body.as_ref().map_or(&[][..], |(_, content)| content);
        if let Some((kind, _)) = &self.body {
            head.push_str(&format!("Content-Type: {kind}\r\n"));
        }
        if self.method != "GET" || self.body.is_some() {
            head.push_str(&format!("Content-Length: {}\r\n", content.len()));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(content);
        bytes
    }
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Response {
    /// Status code.
    pub(crate) status: u16,
    /// Header names in lower case, with values.
    pub(crate) headers: Vec<(String, String)>,
    /// The body, without its framing.
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// Whether the status is 2xx.
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The first header of that (lower-case) name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; null when it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// What became of a request.
#[derive(Debug)]
pub(crate) enum Exchange {
    /// It was answered.
    Answered(Response),
    /// It never left this process whole: the service cannot have acted on it.
    NotSent,
    /// It was sent, and no whole answer came: the service may have acted on it.
    Unanswered,
}

/// One connection, opened at the first request and again after a failure.
#[derive(Debug)]
pub(crate) struct Connection {
    address: Address,
    stream: Option<BufReader<TcpStream>>,
}

impl Connection {
    /// A connection to `address`, not yet open.
    pub(crate) fn new(address: &Address) -> Self {
        Self { address: address.clone(), stream: None }
    }

    /// Sends one request and reads its answer.
    pub(crate) fn send(&mut self, request: &Request) -> Exchange {
        let Ok(mut stream) = self.stream.take().map_or_else(|| open(&self.address), Ok) else {
            return Exchange::NotSent;
        };
        let bytes = request.bytes(&self.address);
        // Part of a request is no request; but the last byte may have left although an error is reported.
        if stream.get_mut().write_all(&bytes).is_err() {
            return Exchange::Unanswered;
        }
        match read_response(&mut stream, request.method) {
            Ok(response) => {
                if !response.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close")) {
                    self.stream = Some(stream);
                }
                Exchange::Answered(response)
            }
            Err(_) => Exchange::Unanswered,
        }
    }

    /// Sends one request that must be answered with 2xx.
    pub(crate) fn call(&mut self, request: &Request) -> Result<Response> {
        match self.send(request) {
            Exchange::Answered(response) if response.is_success() => Ok(response),
            Exchange::Answered(response) => {
                bail!("{} {}: {} {}", request.method, request.path, response.status, response.text())
            }
            Exchange::NotSent | Exchange::Unanswered => {
                bail!("{} {}: no answer", request.method, request.path)
            }
        }
    }
}

fn open(address: &Address) -> Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect(&address.host)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(ANSWER_WAIT))?;
    stream.set_write_timeout(Some(ANSWER_WAIT))?;
    Ok(BufReader::new(stream))
}

fn read_response(stream: &mut impl BufRead, method: &str) -> Result<Response> {
    let status_line = read_line(stream)?;
    let status = status_line.split(' ').nth(1).and_then(|code| code.parse::<u16>().ok());
    let status = status.with_context(|| format!("no status in {status_line:?}"))?;
    let mut headers = Vec::new();
    loop {
        let line = read_line(stream)?;
        if line.is_empty() {
            break;
        }
        ensure!(headers.len() < HEADERS_MAX, "more than {HEADERS_MAX} header lines");
        let (name, value) = line.split_once(':').with_context(|| format!("no colon in {line:?}"))?;
        headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut response = Response { status, headers, body: Vec::new() };
    let has_body = method != "HEAD" && status != 204 && status != 304;
    if has_body {
        response.body = read_body(stream, &response)?;
    }
    Ok(response)
}

fn read_body(stream: &mut impl BufRead, response: &Response) -> Result<Vec<u8>> {
    let is_chunked = response.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked"));
    if is_chunked {
        return read_chunks(stream);
    }
    let length = response.header("content-length").context("a body without its length")?;
    let length: u64 = length.parse().context("content length is no number")?;
    let mut body = Vec::new();
    read_exactly(stream, length, &mut body)?;
    Ok(body)
}

fn read_chunks(stream: &mut impl BufRead) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = read_line(stream)?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(size, 16).with_context(|| format!("{line:?} is no chunk size"))?;
        if size == 0 {
            // Trailers, if any, end with an empty line.
            while !read_line(stream)?.is_empty() {}
            return Ok(body);
        }
        read_exactly(stream, size, &mut body)?;
        ensure!(read_line(stream)?.is_empty(), "a chunk is longer than its size");
    }
}

fn read_exactly(stream: &mut impl BufRead, length: u64, into: &mut Vec<u8>) -> Result<()> {
    ensure!(into.len() as u64 + length <= BODY_MAX, "a body of more than {BODY_MAX} bytes");
    let read = stream.take(length).read_to_end(into)?;
    ensure!(read as u64 == length, "the body ended early");
    Ok(())
}

fn read_line(stream: &mut impl BufRead) -> Result<String> {
    let mut line = Vec::new();
    stream.take(LINE_MAX).read_until(b'\n', &mut line)?;
    ensure!(line.ends_with(b"\n"), "the head ended early");
    let line = String::from_utf8(line).context("the head is not UTF-8")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Path and query of an absolute link: a restarted service answers at another port.
pub(crate) fn path_of(link: &str) -> &str {
    let Some((_, rest)) = link.split_once("://") else {
        return link;
    };
    rest.find('/').map_or("/", |at| &rest[at..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Response> {
        read_response(&mut text.as_bytes(), "GET")
    }

    #[test]
    fn answers_are_read_in_both_framings() {
        let plain = read("HTTP/1.1 200 OK\r\nETag: W/\"7\"\r\nContent-Length: 5\r\n\r\nhello").unwrap();
        assert_eq!((plain.status, plain.header("etag"), plain.text().as_str()), (200, Some("W/\"7\""), "hello"));
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=1\r\nlo\r\n0\r\n\r\n";
        assert_eq!(read(chunked).unwrap().text(), "hello");
        assert_eq!(read("HTTP/1.1 204 No Content\r\n\r\n").unwrap().body, b"");
    }

    #[test]
    fn a_cut_answer_is_none() {
        let whole = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n0\r\n\r\n";
        for length in 0..whole.len() {
            assert!(read(&whole[..length]).is_err(), "{length}");
        }
        let whole = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
        for length in 0..whole.len() {
            assert!(read(&whole[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn links_are_followed_at_another_address() {
        assert_eq!(path_of("http://127.0.0.1:80/api/x?y=://z"), "/api/x?y=://z");
        assert_eq!(path_of("/api/x"), "/api/x");
        assert_eq!(path_of("http://h"), "/");
    }
}
