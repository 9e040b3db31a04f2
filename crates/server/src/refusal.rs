//! The answers that the server gives by itself, without asking the front.

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Response, StatusCode, Version};

use crate::front::Chunks;

/// Why a request did not reach the front, or got no answer from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Something in the request's head is wrong; the text says what.
    Malformed(&'static str),
    /// The method opens a tunnel.
    Tunnel,
    /// The body came too slowly.
    BodyTooSlow,
    /// The body is larger than the front takes.
    BodyTooLarge,
    /// The body is compressed.
    Compressed,
    /// The request line is too long.
    UrlTooLong,
    /// A local service was addressed by a name that is not its own.
    ForeignHost,
    /// Too many or too large header fields.
    HeadersTooLarge,
    /// As many requests wait as may.
    Busy,
    /// The service does not keep up, and this request can wait.
    Shed,
    /// The front panicked.
    Panicked,
    /// The server is about to end.
    Closing,
}

impl Refusal {
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Tunnel => StatusCode::METHOD_NOT_ALLOWED,
            Self::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Compressed => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::UrlTooLong => StatusCode::URI_TOO_LONG,
            Self::ForeignHost => StatusCode::MISDIRECTED_REQUEST,
            Self::HeadersTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Busy => StatusCode::TOO_MANY_REQUESTS,
            Self::Panicked => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Closing | Self::Shed => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The service's error code; where it publishes none for the case, the nearest one.
    fn code(self) -> &'static str {
        match self {
            Self::Malformed(_) | Self::BodyTooSlow | Self::ForeignHost => "0x80040203",
            Self::Tunnel | Self::Compressed => "0x80040315",
            Self::BodyTooLarge | Self::UrlTooLong | Self::HeadersTooLarge => "0x8004418a",
            Self::Busy => "0x80072326",
            Self::Panicked => "0x80040216",
            Self::Closing | Self::Shed => "0x80044150",
        }
    }

    /// Plain text without characters that JSON escapes.
    fn message(self) -> &'static str {
        match self {
            Self::Malformed(what) => what,
            Self::Tunnel => "This action is not supported.",
            Self::BodyTooSlow => "The request body was sent too slowly.",
            Self::BodyTooLarge => "Request message length is too large.",
            Self::Compressed => "Compressed request bodies are not supported: send the body as it is, without Content-Encoding.",
            Self::UrlTooLong => "Request message length is too large: the URL has too many characters.",
            Self::ForeignHost => "This service answers to localhost, 127.0.0.1 and ::1 only, and not through a proxy.",
            Self::HeadersTooLarge => "Request message length is too large: there are too many or too long header fields.",
            Self::Busy => "Number of concurrent requests exceeded the limit of this server.",
            Self::Shed => "The service does not keep up with its requests, so exports and large reads have to wait. Try again later, or read smaller pages.",
            Self::Panicked => "An unexpected error occurred.",
            Self::Closing => "The service is shutting down.",
        }
    }

    /// Every non-2xx has the JSON body that clients parse before they decide on a retry (web-api 29).
    pub(crate) fn body(self) -> String {
        let (code, message) = (self.code(), self.message());
        format!(r#"{{"error":{{"code":"{code}","message":"{message}"}}}}"#)
    }

    pub(crate) fn response(self, version: Version) -> Response<Chunks> {
        let mut response = Response::new(Chunks::from(Bytes::from(self.body())));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
        headers.insert(ODATA_VERSION, HeaderValue::from_static("4.0"));
        let retry_after = match self {
            Self::Busy | Self::Closing => Some("1"),
            Self::Shed => Some("10"),
            _ => None,
        };
        if let Some(seconds) = retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from_static(seconds));
        }
        let ends_connection = matches!(self, Self::BodyTooSlow | Self::Closing);
        if ends_connection && version < Version::HTTP_2 {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    /// The refusal that belongs to a status of the HTTP library's own, bodiless answers.
    pub(crate) fn of_bare_status(status: &[u8]) -> Option<Self> {
        match status {
            b"400" => Some(Self::Malformed("The request is not HTTP.")),
            b"414" => Some(Self::UrlTooLong),
            b"431" => Some(Self::HeadersTooLarge),
            _ => None,
        }
    }
}

pub(crate) const JSON: &str = "application/json; odata.metadata=minimal";
const ODATA_VERSION: HeaderName = HeaderName::from_static("odata-version");

#[cfg(test)]
mod tests {
    use http::Version;

    use super::Refusal;

    #[test] // D8
    fn a_busy_server_says_when_to_come_again() {
        let response = Refusal::Busy.response(Version::HTTP_11);
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()["retry-after"], "1");
        assert_eq!(Refusal::Busy.body(), r#"{"error":{"code":"0x80072326","message":"Number of concurrent requests exceeded the limit of this server."}}"#);
    }

    #[test]
    fn texts_need_no_escaping() {
        for refusal in [
            Refusal::Tunnel,
            Refusal::BodyTooSlow,
            Refusal::BodyTooLarge,
            Refusal::Compressed,
            Refusal::UrlTooLong,
            Refusal::ForeignHost,
            Refusal::HeadersTooLarge,
            Refusal::Busy,
            Refusal::Shed,
            Refusal::Panicked,
            Refusal::Closing,
        ] {
            assert!(!refusal.message().contains(['"', '\\']), "{refusal:?}");
        }
    }
}
