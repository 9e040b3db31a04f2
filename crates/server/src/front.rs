//! What the listener asks of a front, and what both hand to each other.

use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use driftless_webapi::Weight;
use http::{Method, Request, Response};
use uuid::Uuid;

/// The answer to a request, on its way.
pub type Answering = Pin<Box<dyn Future<Output = Response<Chunks>> + Send>>;

/// Answers requests. It is called on threads that may block, as reading does; what waits for others, such as for a commit, gives its thread back meanwhile.
pub trait Front: Send + Sync + 'static {
    /// Bytes that the body of a request may have, asked before the body is read; above it 413 (SEC-03). `path` is the
    /// path as sent, without query.
    fn body_limit(&self, method: &Method, path: &str) -> usize;

    /// The kind of an address, for figures and logs.
    fn route(&self, path: &str) -> Route {
        let _ = path;
        Route::Other
    }

    /// How gladly a request is put off. Asked only while the service does not keep up, under a lock: answers at once (SEC-25).
    fn weight(&self, request: &Request<Bytes>) -> Weight {
        let _ = request;
        Weight::Usual
    }

    /// Requests wait too long: what runs in the background shall pause for a moment. Said with each request while that lasts, under a lock: returns at once
    /// (SEC-25).
    fn late(&self) {}

    /// Why requests cannot be served now, as a line of text; `None` if they can. Asked by probes: answers at once (OPS-11).
    fn unready(&self) -> Option<&'static str> {
        None
    }

    /// Answers one request whole.
    ///
    /// The URL is path and query only, whatever form the client used; [`Origin`] and [`RequestId`] are in the
    /// extensions, [`Operator`] if the request came where only operators listen. [`Served`] in the answer's goes to the log. What is answered with 200 at
    /// `/metrics` gets the listener's own figures appended. The server adds `x-ms-service-request-id`, `Date` and `Content-Length`. A panic becomes a 500.
    fn respond(self: Arc<Self>, request: Request<Bytes>, peer: Peer) -> Answering;
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

/// The request came through a listener for operators, where nobody needs a token. A request extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operator;

/// What a front tells of an answer, for the log. A response extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Served {
    /// Who signed in.
    pub user: Uuid,
}

/// The kind of an address. There are few, so that figures by kind are few (OPS-10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// The Web API.
    Api(driftless_webapi::Route),
    /// The Organization Service.
    OrganizationService,
    /// The issuer.
    SignIn,
    /// Probes and figures.
    Operations,
    /// Anything else.
    Other,
}

impl Route {
    /// How many kinds there are.
    pub(crate) const COUNT: usize = driftless_webapi::Route::ALL.len() + 4;

    /// Every kind with its template.
    pub(crate) fn all() -> impl Iterator<Item = (Self, &'static str)> {
        let api = driftless_webapi::Route::ALL.into_iter().map(Self::Api);
        api.chain([Self::OrganizationService, Self::SignIn, Self::Operations, Self::Other]).map(|route| (route, route.template()))
    }

    /// Its place among all kinds.
    pub(crate) fn index(self) -> usize {
        let api = driftless_webapi::Route::ALL.len();
        match self {
            Self::Api(route) => route as usize,
            Self::OrganizationService => api,
            Self::SignIn => api + 1,
            Self::Operations => api + 2,
            Self::Other => api + 3,
        }
    }

    /// The template of its addresses.
    pub(crate) fn template(self) -> &'static str {
        match self {
            Self::Api(route) => route.template(),
            Self::OrganizationService => "/XRMServices/2011/{service}",
            Self::SignIn => "sign-in",
            Self::Operations => "operations",
            Self::Other => "other",
        }
    }
}

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

    /// Adds a piece at the end.
    pub(crate) fn push(&mut self, piece: Bytes) {
        self.bytes += piece.len() as u64;
        self.pieces.push(piece);
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
