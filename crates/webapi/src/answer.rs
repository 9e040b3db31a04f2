//! What goes back: status, headers and body in pieces.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode};

/// Largest piece of a body in bytes: what the listener hands to the socket at once.
pub(crate) const PIECE_BYTES_MAX: usize = 64 << 10;

/// Advised number of parallel requests (`x-ms-dop-hint`): as many as the writer groups into one commit anyway.
const DOP_HINT: &str = "16";
/// The published default of requests in 300 seconds, told where nobody counts them.
const BURST_REMAINING: &str = "6000";
/// The published default of execution time in 300 seconds, in seconds.
const TIME_REMAINING: &str = "1,200.00";

/// An answer before it becomes an HTTP response or a part of a batch.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<Bytes>,
}

impl Answer {
    pub(crate) fn new(status: u16) -> Self {
        Self { status, headers: Vec::with_capacity(4), body: Vec::new() }
    }

    /// 204.
    pub(crate) fn no_content() -> Self {
        Self::new(204)
    }

    /// An answer with a body of this type.
    pub(crate) fn with_body(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        let mut answer = Self::new(status).header("Content-Type", content_type);
        push_pieces(&mut answer.body, body.into());
        answer
    }

    /// Adds a header.
    #[must_use]
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Adds a header if there is a value.
    #[must_use]
    pub(crate) fn header_if(self, name: &'static str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.header(name, value),
            None => self,
        }
    }

    /// The whole body in one piece, for parts of a batch.
    pub(crate) fn body_bytes(&self) -> Vec<u8> {
        self.body.concat()
    }

    /// The HTTP response with the headers that every answer has (web-api 5).
    pub(crate) fn into_response(self) -> Response<Vec<Bytes>> {
        let mut response = Response::new(self.body);
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        for (name, value) in [
            ("odata-version", "4.0"),
            ("x-ms-dop-hint", DOP_HINT),
            ("x-ms-ratelimit-burst-remaining-xrm-requests", BURST_REMAINING),
            ("x-ms-ratelimit-time-remaining-xrm-requests", TIME_REMAINING),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        for (name, value) in self.headers {
            // Values are made of checked text; one that HTTP cannot carry is left out rather than failing a request that was carried out.
            if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(&value)) {
                headers.append(name, value);
            }
        }
        response
    }
}

/// Appends `bytes`, cut into pieces that share its memory.
pub(crate) fn push_pieces(pieces: &mut Vec<Bytes>, mut bytes: Bytes) {
    while bytes.len() > PIECE_BYTES_MAX {
        pieces.push(bytes.split_to(PIECE_BYTES_MAX));
    }
    if !bytes.is_empty() {
        pieces.push(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // web-api 5
    fn every_answer_has_the_standard_headers_and_small_pieces() {
        let response = Answer::with_body(200, "text/plain", vec![b'x'; PIECE_BYTES_MAX * 2 + 1]).into_response();
        assert_eq!(response.headers()["odata-version"], "4.0");
        assert!(response.headers()["x-ms-dop-hint"].to_str().unwrap().parse::<u32>().is_ok());
        assert_eq!(response.body().iter().map(Bytes::len).collect::<Vec<_>>(), [PIECE_BYTES_MAX, PIECE_BYTES_MAX, 1]);
    }

    #[test]
    fn a_header_that_cannot_be_sent_is_left_out() {
        let response = Answer::no_content().header("OData-EntityId", "a\nb").into_response();
        assert!(response.headers().get("odata-entityid").is_none());
    }
}
