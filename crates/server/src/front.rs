//! What the listener asks of a front, and what both hand to each other.

use std::fmt;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{Method, Request, Response};
use uuid::Uuid;

/// Answers requests. Plain blocking code: it is called on a thread of its own and may wait for the store.
pub trait Front: Send + Sync + 'static {
    /// Bytes that the body of a request may have, asked before the body is read; above it 413 (SEC-03). `path` is the
    /// path as sent, without query.
    fn body_limit(&self, method: &Method, path: &str) -> usize;

    /// Answers one request whole.
    ///
    /// The URL is path and query only, whatever form the client used; [`Origin`] and [`RequestId`] are in the
    /// extensions. The server adds `x-ms-service-request-id`, `Date` and `Content-Length`. A panic becomes a 500.
    fn respond(&self, request: Request<Bytes>, peer: &Peer) -> Response<Chunks>;
}

/// Who sent a request, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// The other end of the connection.
    pub address: SocketAddr,
    /// The listener that it came through.
    pub scheme: Scheme,
}

/// Kind of a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Plain text, on loopback only.
    Http,
    /// TLS.
    Https,
}

impl Scheme {
    /// As in a URL.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// Scheme and authority as the client used them, such as `https://localhost:8443`: without a trailing slash, and of
/// characters that need no escaping in URLs, headers and JSON. Links in answers repeat it. A request extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(pub String);

/// The id under which a request is logged and answered (OPS-08): the client's `x-ms-client-request-id` if that is a
/// GUID, else a fresh one. A request extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestId(pub Uuid);

/// The body of an answer, complete before the first byte is sent: pieces of about 64 KiB, so that no large block is
/// allocated and none is copied.
#[derive(Debug, Clone, Default)]
pub struct Chunks {
    pieces: Vec<Bytes>,
    bytes: u64,
}

impl Chunks {
    /// No body.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// Length in bytes of all pieces together.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.bytes
    }

    /// Whether there is no byte.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// The pieces in order.
    #[must_use]
    pub fn into_pieces(self) -> Vec<Bytes> {
        self.pieces
    }
}

impl From<Vec<Bytes>> for Chunks {
    fn from(pieces: Vec<Bytes>) -> Self {
        let bytes = pieces.iter().map(|piece| piece.len() as u64).sum();
        Self { pieces, bytes }
    }
}

impl From<Bytes> for Chunks {
    fn from(piece: Bytes) -> Self {
        Self::from(vec![piece])
    }
}

impl From<String> for Chunks {
    fn from(text: String) -> Self {
        Self::from(Bytes::from(text))
    }
}

impl From<&'static str> for Chunks {
    fn from(text: &'static str) -> Self {
        Self::from(Bytes::from_static(text.as_bytes()))
    }
}
