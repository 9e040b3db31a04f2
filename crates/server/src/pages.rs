//! Pages of other origins that may call the service from a browser (AUTH-31).

use std::fmt;
use std::str::FromStr;

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};

use crate::front::Chunks;
use crate::head;

/// Methods that a page may use.
const METHODS: HeaderValue = HeaderValue::from_static("DELETE, GET, HEAD, PATCH, POST, PUT");
/// How long a browser may go on without asking again, in seconds.
const PERMISSION_S: HeaderValue = HeaderValue::from_static("600");
/// Headers of answers that scripts may read, besides those that they always may and `x-ms-…`.
const READABLE: [&str; 8] = ["etag", "location", "odata-entityid", "odata-version", "preference-applied", "req_id", "retry-after", "www-authenticate"];

/// Where pages come from, as browsers name it: scheme and host, and the port unless it is the one of the scheme. No wildcard stands for several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageOrigin(HeaderValue);

/// The text is not the origin of pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAnOrigin;

impl fmt::Display for NotAnOrigin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("not scheme and host, such as https://app.example")
    }
}

impl std::error::Error for NotAnOrigin {}

impl FromStr for PageOrigin {
    type Err = NotAnOrigin;

    fn from_str(text: &str) -> Result<Self, NotAnOrigin> {
        let text = text.strip_suffix('/').unwrap_or(text).to_ascii_lowercase();
        let (scheme, authority) = text.split_once("://").ok_or(NotAnOrigin)?;
        let is_scheme =
            scheme.starts_with(|first: char| first.is_ascii_lowercase()) && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
        if !is_scheme || head::host_of(authority).is_none() {
            return Err(NotAnOrigin);
        }
        let usual_port = match scheme {
            "http" => ":80",
            "https" => ":443",
            _ => "",
        };
        let authority = authority.strip_suffix(usual_port).unwrap_or(authority);
        HeaderValue::try_from(format!("{scheme}://{authority}")).map(Self).map_err(|_| NotAnOrigin)
    }
}

/// The origins whose pages may call. Without any, answers have nothing to say about pages, so browsers keep all of them out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pages(Vec<PageOrigin>);

impl Pages {
    pub(crate) fn new(origins: &[PageOrigin]) -> Self {
        Self(origins.to_vec())
    }

    /// The origin of the page that sent a request, if its pages may.
    pub(crate) fn sender(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let sender = headers.get(ORIGIN)?;
        self.0.iter().find(|PageOrigin(known)| known == sender).map(|PageOrigin(known)| known.clone())
    }

    /// Has the browser let the page of `sender` read the answer. Nothing here lets it send cookies along: callers prove themselves by tokens.
    pub(crate) fn tell(&self, response: &mut Response<Chunks>, sender: Option<HeaderValue>) {
        if self.0.is_empty() {
            return;
        }
        let headers = response.headers_mut();
        headers.append(VARY, HeaderValue::from_static("Origin"));
        let Some(sender) = sender else { return };
        let readable: Vec<&str> = headers.keys().map(HeaderName::as_str).filter(|name| name.starts_with("x-ms-") || READABLE.contains(name)).collect();
        if let Ok(readable) = HeaderValue::try_from(readable.join(", ")) {
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, readable);
        }
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, sender);
    }
}

/// The answer to a browser that asks, before it sends a page's request, whether it may; `None` for any other request. It carries no token, so it is
/// answered to everybody: only [`Pages::tell`] makes a permission of it.
pub(crate) fn permission(head: &Parts) -> Option<Response<Chunks>> {
    if head.method != Method::OPTIONS || !head.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
        return None;
    }
    let mut response = Response::new(Chunks::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(ACCESS_CONTROL_MAX_AGE, PERMISSION_S);
    if let Some(asked) = head.headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
    }
    Some(response)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::{PageOrigin, Pages};

    #[test] // AUTH-31
    fn origins_are_read_as_browsers_write_them_and_no_wildcard_is_one() {
        for (text, read) in [
            ("https://app.example", "https://app.example"),
            ("HTTPS://App.Example:443/", "https://app.example"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("http://[::1]:80", "http://[::1]"),
            ("capacitor://localhost", "capacitor://localhost"),
        ] {
            assert_eq!(text.parse::<PageOrigin>().unwrap(), PageOrigin(HeaderValue::from_static(read)), "{text}");
        }
        for text in ["*", "https://*.example", "https://*", "null", "app.example", "https://", "https://app.example/x", "://app", "https://a b", "https://a@b"]
        {
            assert!(text.parse::<PageOrigin>().is_err(), "{text}");
        }
    }

    #[test] // AUTH-31
    fn only_an_origin_of_the_list_is_one() {
        let pages = Pages::new(&["https://app.example".parse().unwrap()]);
        let sender = |origin: &'static str| pages.sender(&HeaderMap::from_iter([(http::header::ORIGIN, HeaderValue::from_static(origin))]));
        assert!(sender("https://app.example").is_some());
        for other in ["http://app.example", "https://app.example:8443", "https://app.example.evil.example", "https://evil.example", "null", "*", ""] {
            assert!(sender(other).is_none(), "{other}");
        }
        assert!(Pages::default().sender(&HeaderMap::new()).is_none());
    }
}
