//! Answers of the issuer.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::Value;

/// An answer without a body.
pub(crate) fn empty(status: u16) -> Response<Bytes> {
    of(status, "", Bytes::new())
}

/// A JSON document.
pub(crate) fn json(status: u16, document: &Value) -> Response<Bytes> {
    of(status, "application/json; charset=utf-8", Bytes::from(document.to_string()))
}

/// An answer of a type. Nothing that the issuer says is kept by caches, and no browser guesses what it is.
pub(crate) fn of(status: u16, kind: &'static str, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let fixed = [
        (header::CACHE_CONTROL, "no-store"),
        (header::PRAGMA, "no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in fixed {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    if !kind.is_empty() {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    response
}

/// The address takes other methods.
pub(crate) fn wrong_method(allowed: &'static str) -> Response<Bytes> {
    with(empty(405), header::ALLOW, allowed)
}

/// The answer with a header more; a value that cannot stand in one is left out.
pub(crate) fn with(mut response: Response<Bytes>, name: HeaderName, value: &str) -> Response<Bytes> {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().append(name, value);
    }
    response
}
