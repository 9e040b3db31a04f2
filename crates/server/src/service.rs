//! The service as a front: sign-in, then the Web API.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use driftless_auth::{REFUSED_CODE, REFUSED_MESSAGE, TokenCheck, Verdict, challenge};
use driftless_core::Organization;
use driftless_model::Caller;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};

use crate::front::{Chunks, Front, Origin, Peer, RequestId};

/// One organization, answered over the Web API to callers with a valid token.
pub struct Service {
    organization: Arc<Organization>,
    tokens: TokenCheck,
}

impl Service {
    /// A front for `organization` that knows callers by `tokens`.
    #[must_use]
    pub fn new(organization: Arc<Organization>, tokens: TokenCheck) -> Self {
        Self { organization, tokens }
    }
}

impl Front for Service {
    fn body_limit(&self, method: &Method, path: &str) -> usize {
        let limits = self.organization.limits();
        if driftless_webapi::is_bulk(method.as_str(), path) { limits.bulk_body_bytes_max } else { limits.body_bytes_max }
    }

    fn respond(&self, mut request: Request<Bytes>, _peer: &Peer) -> Response<Chunks> {
        if let Some(RequestId(id)) = request.extensions().get::<RequestId>().copied() {
            request.extensions_mut().insert(driftless_webapi::RequestId(id));
        }
        let origin = request.extensions().get::<Origin>().map_or("", |origin| origin.0.as_str());
        let authorization = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        match self.tokens.check(authorization, now_s()) {
            Verdict::Ok(identity) => {
                let caller = Arc::new(Caller { scopes: identity.scopes, ..Caller::user(identity.user) });
                driftless_webapi::respond(&self.organization, &caller, &request, origin).map(Chunks::from)
            }
            Verdict::Missing | Verdict::Malformed | Verdict::Unknown | Verdict::Expired => refused(origin),
        }
    }
}

/// 401 with the challenge that clients of the service read (AUTH-24, web-api 31).
fn refused(origin: &str) -> Response<Chunks> {
    let mut response = answer(StatusCode::UNAUTHORIZED, format!(r#"{{"error":{{"code":"{REFUSED_CODE}","message":"{REFUSED_MESSAGE}"}}}}"#));
    if let Ok(value) = HeaderValue::from_str(&challenge(origin)) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
    }
    response
}

fn answer(status: StatusCode, body: String) -> Response<Chunks> {
    let mut response = Response::new(Chunks::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; odata.metadata=minimal"));
    headers.insert("OData-Version", HeaderValue::from_static("4.0"));
    response
}

fn now_s() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
