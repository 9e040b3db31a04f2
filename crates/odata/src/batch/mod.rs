//! `$batch`: requests in one multipart body, and the answer to them (web-api 23).

mod head;
mod multipart;
mod read;
mod write;

pub use read::parse_batch;
pub use write::{BatchAnswer, BatchWriter};

/// One unit of a batch: a request of its own or a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchItem<'a> {
    /// A request outside any change set.
    Single(Part<'a>),
    /// Requests that succeed or fail together. Never contains `GET`.
    ChangeSet(Vec<Part<'a>>),
}

/// One request of a batch, borrowed from the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part<'a> {
    /// `Content-ID`, from the part or from the request inside; unique within its change set.
    pub content_id: Option<&'a str>,
    /// The method in upper case.
    pub method: &'a str,
    /// The address as written: absolute, from the host, relative to the service root, or `$1/…`.
    pub url: &'a str,
    /// The headers of the allow list, names as written (SEC-35). Repeated ones stay repeated.
    pub headers: Vec<(&'a str, &'a str)>,
    /// The body; may have blanks and line ends behind it.
    pub body: &'a [u8],
}

impl<'a> Part<'a> {
    /// The values of a header; names match in any case.
    pub fn header_values<'p>(&'p self, name: &'p str) -> impl Iterator<Item = &'a str> + 'p {
        let matching = self.headers.iter().filter(move |(other, _)| other.eq_ignore_ascii_case(name));
        matching.map(|(_, value)| *value)
    }
}

/// Bounds of one batch (SEC-05, SEC-35). Sizes of bodies and addresses are the caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchLimits {
    /// Requests in the whole batch.
    pub operations: usize,
    /// Length of a boundary in characters.
    pub boundary_length: usize,
    /// Header lines of one part, outer and inner together.
    pub headers: usize,
}

impl Default for BatchLimits {
    fn default() -> Self {
        Self { operations: 1_000, boundary_length: 70, headers: 100 }
    }
}
