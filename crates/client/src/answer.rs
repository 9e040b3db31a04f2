//! An answer of the service, and how one that is no success becomes an error.

use serde_json::Value;
use ureq::http::HeaderMap;
#[cfg(test)]
use ureq::http::{HeaderName, HeaderValue};

use crate::error::{ClientError, Result};
use crate::retry;

/// Longest text of a body that is no error document, quoted in an error message, in characters.
const QUOTED_BODY_CHARS_MAX: usize = 300;

/// A successful answer, or inside this crate any answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// All headers.
    pub headers: HeaderMap,
    /// The JSON body; null for an empty one, a JSON string for text of another media type.
    pub json: Value,
}

impl Answer {
    /// Value of a header, if it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// A text property at the top of the body.
    pub fn text(&self, property: &str) -> Option<&str> {
        self.json.get(property)?.as_str()
    }

    /// The items of a collection answer.
    pub fn into_items(mut self) -> Result<Vec<Value>> {
        match self.json.get_mut("value").map(Value::take) {
            Some(Value::Array(items)) => Ok(items),
            _ => Err(ClientError::Protocol("the answer has no array \"value\"".into())),
        }
    }

    /// Whether the body is the protocol's error document (web-api 29).
    pub(crate) fn has_error_body(&self) -> bool {
        self.json.get("error").is_some_and(Value::is_object)
    }

    #[cfg(test)]
    pub(crate) fn of(status: u16, headers: &[(&str, &str)], json: Value) -> Self {
        let headers = headers.iter().map(|(name, value)| (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap())).collect();
        Self { status, headers, json }
    }

    /// The error that an answer outside 200 to 299 stands for.
    pub(crate) fn into_error(self) -> ClientError {
        let error = self.json.get("error");
        let part = |name: &str| error.and_then(|e| e.get(name)).and_then(Value::as_str);
        let message = part("message").map(str::to_owned).unwrap_or_else(|| match &self.json {
            Value::String(text) => text.trim().chars().take(QUOTED_BODY_CHARS_MAX).collect(),
            _ => String::new(),
        });
        let request_id = ["x-ms-service-request-id", "REQ_ID"].iter().find_map(|name| self.header(name));
        ClientError::Http {
            status: self.status,
            code: part("code").unwrap_or_default().to_ascii_lowercase(),
            message,
            request_id: request_id.map(str::to_owned),
            retry_after: retry::retry_after(&self),
        }
    }
}
