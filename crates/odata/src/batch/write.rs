//! The answer to a batch, in exactly the form that published clients look for (web-api 23).

use driftless_model::literal::print::guid_text;

/// The answer to one request of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchAnswer<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The headers in the order in which they are written.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body, JSON on one line or empty.
    pub body: &'a [u8],
    /// The content id of the request, echoed.
    pub content_id: Option<&'a str>,
}

/// Writes the parts of an answer one after the other into one buffer.
///
/// Change sets are opened and closed explicitly. A change set that failed is answered by a single part
/// outside any change set, so whether one succeeded must be known before it is opened.
#[derive(Debug)]
pub struct BatchWriter {
    out: Vec<u8>,
    boundary: String,
    change_set: Option<String>,
}

impl BatchWriter {
    /// A writer whose boundary is `batchresponse_{id}`.
    #[must_use]
    pub fn new(id: &[u8; 16]) -> Self {
        Self { out: Vec::new(), boundary: boundary("batchresponse_", id), change_set: None }
    }

    /// The `Content-Type` of the whole answer.
    #[must_use]
    pub fn content_type(&self) -> String {
        format!("multipart/mixed; boundary={}", self.boundary)
    }

    /// Opens a change set with the boundary `changesetresponse_{id}`, closing one that is open.
    pub fn begin_change_set(&mut self, id: &[u8; 16]) {
        self.end_change_set();
        let inner = boundary("changesetresponse_", id);
        push_line(&mut self.out, &["--", &self.boundary]);
        push_line(&mut self.out, &["Content-Type: multipart/mixed; boundary=", &inner]);
        push_line(&mut self.out, &[]);
        self.change_set = Some(inner);
    }

    /// Closes the open change set, if there is one.
    pub fn end_change_set(&mut self) {
        if let Some(inner) = self.change_set.take() {
            push_line(&mut self.out, &["--", &inner, "--"]);
        }
    }

    /// Writes one answer, into the open change set or outside.
    pub fn answer(&mut self, answer: &BatchAnswer<'_>) {
        let out = &mut self.out;
        push_line(out, &["--", self.change_set.as_ref().unwrap_or(&self.boundary)]);
        push_line(out, &["Content-Type: application/http"]);
        push_line(out, &["Content-Transfer-Encoding: binary"]);
        if let Some(id) = answer.content_id {
            push_line(out, &["Content-ID: ", id]);
        }
        push_line(out, &[]);
        let status = itoa::Buffer::new().format(answer.status).to_owned();
        push_line(out, &["HTTP/1.1 ", &status, " ", reason_phrase(answer.status)]);
        for (name, value) in answer.headers {
            push_line(out, &[name, ": ", value]);
        }
        push_line(out, &[]);
        out.extend_from_slice(answer.body);
        push_line(out, &[]);
    }

    /// Hands out what was written so far and goes on.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// Closes the answer and hands out what is left of it.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        self.end_change_set();
        push_line(&mut self.out, &["--", &self.boundary, "--"]);
        self.out
    }
}

fn boundary(prefix: &str, id: &[u8; 16]) -> String {
    let mut text = String::with_capacity(prefix.len() + 36);
    text.push_str(prefix);
    text.extend(guid_text(id).map(char::from));
    text
}

fn push_line(out: &mut Vec<u8>, pieces: &[&str]) {
    for piece in pieces {
        out.extend_from_slice(piece.as_bytes());
    }
    out.extend_from_slice(b"\r\n");
}

/// The reason phrase of a status; some readers refuse a status line without one.
fn reason_phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        409 => "Conflict",
        410 => "Gone",
        412 => "Precondition Failed",
        413 => "Payload Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        _ => "Unknown",
    }
}
