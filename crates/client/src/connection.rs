//! One connection to one service: settings in, calls out.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use ureq::Agent;
use ureq::http::{self, HeaderMap, HeaderName, HeaderValue, Method};

use crate::address::Address;
use crate::answer::Answer;
use crate::error::{ClientError, Result};
use crate::outgoing::Outgoing;
use crate::retry::{self, RetryPolicy};
use crate::settings::{Settings, bearer};
use crate::tls;

/// Largest answer that is read, in bytes: a page of 5,000 rows with long texts stays far below it.
const ANSWER_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Time to reach the service.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Time until the answer begins: the import of a large solution answers when it is done.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(600);

/// Request headers by name; a name given here replaces the header that the connection would send by itself.
pub type Headers<'a> = &'a [(&'a str, &'a str)];

/// Body of a write.
#[derive(Debug, Clone, Copy)]
pub enum Body<'a> {
    /// No body.
    Empty,
    /// A JSON document.
    Json(&'a Value),
    /// Bytes with their media type.
    Bytes(&'a str, &'a [u8]),
}

/// One attempt of a request, as an [`Observer`] sees it. A repeated request is several of these.
#[derive(Debug)]
pub struct Exchange<'a> {
    /// HTTP method.
    pub method: &'a str,
    /// Path and query as they were sent.
    pub path: &'a str,
    /// HTTP status, or why there is none.
    pub outcome: std::result::Result<u16, &'a str>,
    /// Time until the whole answer was read.
    pub elapsed: Duration,
    /// The wait before the next attempt, if there will be one.
    pub repeated_after: Option<Duration>,
}

/// Told of every attempt of every request, from the thread that makes it.
pub type Observer = Arc<dyn Fn(&Exchange<'_>) + Send + Sync>;

/// A connection: sockets are kept and reused, clones share them.
#[derive(Clone)]
pub struct Connection {
    agent: Agent,
    address: Address,
    authorization: Option<HeaderValue>,
    retry: RetryPolicy,
    observer: Option<Observer>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("root", &self.address.root()).finish_non_exhaustive()
    }
}

impl Connection {
    /// Checks the settings and reads the certificate file; sends nothing.
    pub fn open(settings: &Settings) -> Result<Self> {
        let address = Address::parse(&settings.url)?;
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            // A redirect is an answer like any other: the token does not follow it.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("driftless/", env!("CARGO_PKG_VERSION")))
            .tls_config(settings.ca.as_deref().map_or_else(|| Ok(tls::public()), tls::of_authorities)?)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_recv_response(Some(ANSWER_TIMEOUT))
            .timeout_recv_body(Some(ANSWER_TIMEOUT));
        if address.is_loopback() {
            config = config.proxy(None);
        }
        Ok(Self {
            agent: config.build().new_agent(),
            address,
            authorization: settings.token.as_deref().map(bearer).transpose()?,
            retry: settings.retry,
            observer: None,
        })
    }

    /// The same connection, telling `observer` of every attempt.
    pub fn with_observer(mut self, observer: Observer) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Where the service is.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// GET. `path` is below the API root, below the origin (with a leading slash), or a link that the service gave.
    pub fn get(&self, path: &str, headers: Headers<'_>) -> Result<Answer> {
        self.call(Method::GET, path, Body::Empty, headers)
    }

    /// POST.
    pub fn post(&self, path: &str, body: Body<'_>, headers: Headers<'_>) -> Result<Answer> {
        self.call(Method::POST, path, body, headers)
    }

    /// PATCH.
    pub fn patch(&self, path: &str, body: Body<'_>, headers: Headers<'_>) -> Result<Answer> {
        self.call(Method::PATCH, path, body, headers)
    }

    /// DELETE.
    pub fn delete(&self, path: &str, headers: Headers<'_>) -> Result<Answer> {
        self.call(Method::DELETE, path, Body::Empty, headers)
    }

    /// One request with its repetitions; every status outside 200 to 299 is an error.
    fn call(&self, method: Method, path: &str, body: Body<'_>, headers: Headers<'_>) -> Result<Answer> {
        let url = self.address.resolve(path)?;
        let (media_type, bytes) = match body {
            Body::Empty => (None, Vec::new()),
            Body::Json(value) => (Some("application/json; charset=utf-8"), value.to_string().into_bytes()),
            Body::Bytes(media_type, bytes) => (Some(media_type), bytes.to_vec()),
        };
        let request = Outgoing { is_read: method == Method::GET, headers: self.headers(headers, media_type)?, method, url, bytes };
        let mut attempt = 1;
        let answer = loop {
            let started = Instant::now();
            let outcome = self.attempt(&request);
            let wait = self.retry.wait(request.is_read, attempt, &outcome);
            self.observe(&request, &outcome, started.elapsed(), wait);
            match wait {
                Some(wait) => retry::pause(wait),
                None => break outcome?,
            }
            attempt += 1;
        };
        if (200..300).contains(&answer.status) { Ok(answer) } else { Err(answer.into_error()) }
    }

    fn headers(&self, given: Headers<'_>, media_type: Option<&str>) -> Result<HeaderMap> {
        let mut headers = HeaderMap::new();
        headers.insert(http::header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert("OData-Version", HeaderValue::from_static("4.0"));
        headers.insert("OData-MaxVersion", HeaderValue::from_static("4.0"));
        if let Some(value) = &self.authorization {
            headers.insert(http::header::AUTHORIZATION, value.clone());
        }
        for (name, value) in media_type.map(|value| ("Content-Type", value)).iter().chain(given) {
            let refused = || ClientError::Settings(format!("the header {name} cannot be sent with this value"));
            let name_read = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refused())?;
            headers.insert(name_read, HeaderValue::from_str(value).map_err(|_| refused())?);
        }
        Ok(headers)
    }

    fn attempt(&self, request: &Outgoing) -> Result<Answer> {
        let mut builder = http::Request::builder().method(&request.method).uri(&request.url);
        if let Some(headers) = builder.headers_mut() {
            headers.clone_from(&request.headers);
        }
        let malformed = |_| ClientError::Settings(format!("the address {} is malformed", request.url));
        let sends_body = !request.is_read && request.method != Method::DELETE;
        let answer = if sends_body {
            self.agent.run(builder.body(request.bytes.as_slice()).map_err(malformed)?)
        } else {
            self.agent.run(builder.body(()).map_err(malformed)?)
        };
        let mut answer = answer.map_err(|error| request.failure(&error))?;
        let bytes = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec().map_err(|error| request.failure(&error))?;
        let (parts, _) = answer.into_parts();
        let status = parts.status.as_u16();
        let is_json = parts.headers.get("Content-Type").and_then(|v| v.to_str().ok()).is_some_and(|v| v.contains("json"));
        let json = match serde_json::from_slice(&bytes) {
            _ if bytes.is_empty() => Value::Null,
            Ok(json) if is_json => json,
            Err(error) if is_json && status < 300 => {
                return Err(ClientError::Protocol(format!("the answer of {} is not JSON: {error}", request.place())));
            }
            _ => Value::String(String::from_utf8_lossy(&bytes).trim_start_matches('\u{feff}').to_owned()),
        };
        Ok(Answer { status, headers: parts.headers, json })
    }

    fn observe(&self, request: &Outgoing, outcome: &Result<Answer>, elapsed: Duration, wait: Option<Duration>) {
        let Some(observer) = &self.observer else {
            return;
        };
        let text = outcome.as_ref().err().map(ToString::to_string);
        observer(&Exchange {
            method: request.method.as_str(),
            path: request.url.strip_prefix(self.address.origin()).unwrap_or(&request.url),
            outcome: match outcome {
                Ok(answer) => Ok(answer.status),
                Err(_) => Err(text.as_deref().unwrap_or_default()),
            },
            elapsed,
            repeated_after: wait,
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::Delivery;
    use crate::scripted::{Reply, Script};

    fn quick(script: &Script) -> Connection {
        let retry = RetryPolicy { wait_first: Duration::ZERO, ..RetryPolicy::default() };
        Connection::open(&Settings { url: script.url(), token: Some("secret\n".into()), ca: None, retry }).unwrap()
    }

    #[test] // web-api 3: the headers that every request carries; one socket serves all
    fn standard_headers_and_one_socket() {
        let script = Script::start(vec![Reply::json(200, json!({"UserId": "u"})), Reply::status(204)]);
        let connection = quick(&script);
        assert_eq!(connection.get("WhoAmI", &[]).unwrap().text("UserId"), Some("u"));
        let sent = json!({"name": "A"});
        connection.patch("accounts(accountnumber='A-1')", Body::Json(&sent), &[("If-Match", "*")]).unwrap();
        let seen = script.finish();
        assert_eq!(seen.sockets, 1);
        let first = &seen.requests[0];
        assert_eq!((first.method.as_str(), first.path.as_str()), ("GET", "/api/data/v9.2/WhoAmI"));
        for (name, value) in [("authorization", "Bearer secret"), ("odata-version", "4.0"), ("accept", "application/json")] {
            assert_eq!(first.header(name), Some(value), "{name}");
        }
        let second = &seen.requests[1];
        assert_eq!((second.header("if-match"), second.json()), (Some("*"), sent));
    }

    #[test] // web-api 29: code, message and request id of an error
    fn errors_are_typed() {
        let body = json!({"error": {"code": "0x80060892", "message": "Entity Key violated."}});
        let script = Script::start(vec![
            Reply::json(412, body).with("REQ_ID", "r-1"),
            Reply::text(502, "text/html", "<h1>Bad gateway</h1>"),
            Reply::text(200, "application/json", "{\"value\":["),
        ]);
        let connection = quick(&script);
        let error = connection.post("accounts", Body::Json(&json!({})), &[]).unwrap_err();
        assert!(error.is_duplicate());
        assert_eq!(error.to_string(), "Entity Key violated. (HTTP 412, 0x80060892, request r-1)");
        let error = connection.get("accounts", &[]).unwrap_err();
        assert_eq!((error.status(), error.code()), (Some(502), ""));
        assert!(matches!(connection.get("accounts", &[]), Err(ClientError::Protocol(_))));
    }

    #[test]
    fn reads_survive_a_broken_connection_and_writes_do_not_repeat() {
        let script = Script::start(vec![Reply::hang_up(), Reply::json(200, json!({"value": []})), Reply::hang_up()]);
        let connection = quick(&script);
        assert!(connection.get("accounts", &[]).is_ok());
        let error = connection.post("accounts", Body::Json(&json!({})), &[]).unwrap_err();
        assert!(matches!(error, ClientError::Network { delivery: Delivery::Unknown, .. }), "{error}");
        assert_eq!(script.finish().requests.len(), 3);
    }

    #[test]
    fn a_refused_connection_was_not_sent() {
        let script = Script::start(vec![]);
        let connection = quick(&script);
        script.finish();
        let error = connection.post("accounts", Body::Empty, &[]).unwrap_err();
        assert!(matches!(error, ClientError::Network { delivery: Delivery::NotSent, .. }), "{error}");
    }

    #[test] // web-api 30
    fn a_busy_service_is_asked_again_and_each_attempt_is_observed() {
        let busy = json!({"error": {"code": "0x80072322", "message": "busy"}});
        let script = Script::start(vec![Reply::json(429, busy).with("Retry-After", "0"), Reply::status(204)]);
        let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let connection = quick(&script).with_observer(Arc::new(move |exchange| {
            log.lock().unwrap().push(format!("{} {} {:?}", exchange.method, exchange.path, exchange.outcome));
        }));
        connection.delete("accounts(1)", &[]).unwrap();
        assert_eq!(*seen.lock().unwrap(), ["DELETE /api/data/v9.2/accounts(1) Ok(429)", "DELETE /api/data/v9.2/accounts(1) Ok(204)"]);
    }

    #[test]
    fn the_certificate_file_is_checked_before_anything_is_sent() {
        let settings = Settings { url: "https://localhost:1".into(), ca: Some("/nonexistent/ca.pem".into()), ..Settings::default() };
        assert!(Connection::open(&settings).unwrap_err().to_string().contains("/nonexistent/ca.pem"));
    }
}
