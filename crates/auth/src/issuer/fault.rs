//! What a refused request to the issuer gets (AUTH-14).

use bytes::Bytes;
use http::{HeaderMap, Response, header};
use serde_json::json;
use uuid::Uuid;

use super::answer;

/// A refusal: an error of OAuth 2.0, a published number that clients show and look for, and a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) error: &'static str,
    pub(crate) number: u32,
    pub(crate) sentence: String,
    /// Seconds to wait before the next try, for a service that is busy.
    pub(crate) retry_after_s: Option<u32>,
}

impl Fault {
    pub(crate) fn new(error: &'static str, number: u32, sentence: impl Into<String>) -> Self {
        Self { error, number, sentence: sentence.into(), retry_after_s: None }
    }

    /// The request itself is wrong.
    pub(crate) fn invalid_request(sentence: impl Into<String>) -> Self {
        Self::new("invalid_request", 900_144, sentence)
    }

    /// A field is missing.
    pub(crate) fn missing(name: &str) -> Self {
        Self::invalid_request(format!("The request must have the parameter '{name}'."))
    }

    /// The client did not prove who it is; what exactly was wrong is not told apart where that would help to guess.
    pub(crate) fn wrong_secret() -> Self {
        Self::new("invalid_client", 7_000_215, "The client secret is not one of this application, or has expired.")
    }

    /// The issuer itself fails; the cause is logged by the caller.
    pub(crate) fn server_error() -> Self {
        Self::new("server_error", 90_033, "The sign-in is not available at the moment. Try again.")
    }

    /// The whole description, in the form in which clients look for the number.
    pub(crate) fn description(&self) -> String {
        format!("AADSTS{}: {}", self.number, self.sentence)
    }

    /// The answer: 401 for a client that is not who it says, 503 for a service that cannot, else 400.
    pub(crate) fn answer(&self, context: &FaultContext) -> Response<Bytes> {
        let status = match self.error {
            "invalid_client" => 401,
            "server_error" | "temporarily_unavailable" => 503,
            _ => 400,
        };
        let document = json!({
            "error": self.error,
            "error_description": format!("{} Trace ID: {} Correlation ID: {} Timestamp: {}", self.description(), context.trace, context.correlation, context.timestamp),
            "error_codes": [self.number],
            "timestamp": context.timestamp,
            "trace_id": context.trace.to_string(),
            "correlation_id": context.correlation.to_string(),
        });
        let response = answer::json(status, &document);
        let response = match self.retry_after_s {
            Some(seconds) => answer::with(response, header::RETRY_AFTER, &seconds.to_string()),
            None => response,
        };
        // A client that came with Basic must be told so (RFC 6749, 5.2).
        if status == 401 { answer::with(response, header::WWW_AUTHENTICATE, "Basic realm=\"token\"") } else { response }
    }
}

/// What names a refusal in the client's and in our log.
#[derive(Debug)]
pub(crate) struct FaultContext {
    pub(crate) trace: Uuid,
    pub(crate) correlation: Uuid,
    pub(crate) timestamp: String,
}

impl FaultContext {
    /// `trace` is a new id; the correlation is the client's `client-request-id`, if that is an id.
    pub(crate) fn new(headers: &HeaderMap, trace: Uuid, now_s: i64) -> Self {
        let given = headers.get("client-request-id").and_then(|value| value.to_str().ok()).and_then(|text| Uuid::try_parse(text).ok());
        let time = jiff::Timestamp::from_second(now_s).unwrap_or_default();
        Self { trace, correlation: given.unwrap_or(trace), timestamp: time.strftime("%Y-%m-%d %H:%M:%SZ").to_string() }
    }
}
