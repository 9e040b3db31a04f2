//! A plain HTTP/1.1 client: what is sent is what the test says, byte by byte.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;

type Failure = Box<dyn std::error::Error>;

/// Longest that a test waits for an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a connection sends and reads, encrypted or not.
trait Stream: Read + Write + Send {}

impl<S: Read + Write + Send> Stream for S {}

/// A connection to a service.
pub struct HttpClient {
    reader: BufReader<Box<dyn Stream>>,
    address: SocketAddr,
    token: Option<String>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Header fields in order.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header field of this name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// All header fields of this name, whatever its case, with a comma between.
    pub fn joined_header(&self, name: &str) -> Option<String> {
        let values: Vec<_> = self.headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str()).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The code of an error's body, such as `0x80040217`; empty without one.
    pub fn error_code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }
}

fn open(address: SocketAddr) -> Result<TcpStream, Failure> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

impl HttpClient {
    /// Connects. `token` is sent with every request that has no `Authorization` of its own.
    ///
    /// # Errors
    /// When the service cannot be reached.
    pub fn connect(address: SocketAddr, token: Option<String>) -> Result<Self, Failure> {
        Ok(Self { reader: BufReader::new(Box::new(open(address)?)), address, token })
    }

    /// Connects with TLS, and trusts the authority whose certificate is in a file.
    ///
    /// # Errors
    /// When the file cannot be read or the service not reached.
    pub fn connect_tls(address: SocketAddr, authority: &Path, token: Option<String>) -> Result<Self, Failure> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(authority)?)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?.with_root_certificates(roots).with_no_client_auth();
        let connection = ClientConnection::new(Arc::new(config), ServerName::from(address.ip()))?;
        Ok(Self { reader: BufReader::new(Box::new(StreamOwned::new(connection, open(address)?))), address, token })
    }

    /// Sends a request and reads its answer. An empty `Authorization` sends none.
    ///
    /// # Errors
    /// When the connection breaks or the answer is no HTTP.
    pub fn send(&mut self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Answer, Failure> {
        let mut head = format!("{method} {target} HTTP/1.1\r\nHost: {}\r\n", self.address);
        let has = |name: &str| headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        if let Some(token) = self.token.as_ref().filter(|_| !has("authorization")) {
            head += &format!("Authorization: Bearer {token}\r\n");
        }
        for (name, value) in headers.iter().filter(|(name, value)| !(name.eq_ignore_ascii_case("authorization") && value.is_empty())) {
            head += &format!("{name}: {value}\r\n");
        }
        if !body.is_empty() || matches!(method, "POST" | "PATCH" | "PUT") {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        head += "\r\n";
        let stream = self.reader.get_mut();
        // A service that refuses a body need not take all of it: then its answer waits behind the broken connection.
        let written = stream.write_all(&[head.as_bytes(), body].concat());
        self.read(method).map_err(|error| written.err().map_or(error, Failure::from))
    }

    /// Sends a request below the service root, with a JSON body unless it is empty.
    ///
    /// # Errors
    /// As [`HttpClient::send`].
    pub fn call(&mut self, method: &str, resource: &str, body: &str) -> Result<Answer, Failure> {
        self.send(method, &format!("/api/data/v9.2/{resource}"), &[("Content-Type", "application/json")], body.as_bytes())
    }

    /// Reads an address that the service gave, or one below the service root, with this `Prefer`.
    ///
    /// # Errors
    /// As [`HttpClient::send`].
    pub fn read_preferring(&mut self, address: &str, prefer: &str) -> Result<Answer, Failure> {
        let target = match address.split_once("/api/data/") {
            Some((_, rest)) => format!("/api/data/{rest}"),
            None => format!("/api/data/v9.2/{address}"),
        };
        self.send("GET", &target, &[("Prefer", prefer)], &[])
    }

    /// As [`HttpClient::read_preferring`], without a preference.
    ///
    /// # Errors
    /// As [`HttpClient::send`].
    pub fn read_at(&mut self, address: &str) -> Result<Answer, Failure> {
        self.read_preferring(address, "x=y")
    }

    fn read(&mut self, method: &str) -> Result<Answer, Failure> {
        let mut line = String::new();
        self.reader.read_line(&mut line)?;
        let status = line.split(' ').nth(1).ok_or("no status line")?.parse()?;
        let mut headers = Vec::new();
        loop {
            line.clear();
            self.reader.read_line(&mut line)?;
            let field = line.trim_end();
            if field.is_empty() {
                break;
            }
            let (name, value) = field.split_once(':').ok_or("a header without a colon")?;
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        let mut answer = Answer { status, headers, body: Vec::new() };
        if method != "HEAD" && !matches!(status, 204 | 304) {
            let length = answer.header("content-length").ok_or("an answer without a length")?.parse()?;
            answer.body = vec![0; length];
            self.reader.read_exact(&mut answer.body)?;
        }
        Ok(answer)
    }
}
