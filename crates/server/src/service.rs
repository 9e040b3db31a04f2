//! The service as a front: the issuer, the check of who calls, the Web API.

use std::sync::Arc;

use bytes::Bytes;
use driftless_auth::{Arrival, BODY_BYTES_MAX, NoCaller, REFUSED_CODE, REFUSED_MESSAGE, SignIn, challenge};
use driftless_core::Organization;
use driftless_model::Caller;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};

use crate::front::{Chunks, Front, Origin, Peer, RequestId};
use crate::protection::{Protection, ProtectionLimits, Remaining, grouped};

const REQUESTS_LEFT: HeaderName = HeaderName::from_static("x-ms-ratelimit-burst-remaining-xrm-requests");
const TIME_LEFT: HeaderName = HeaderName::from_static("x-ms-ratelimit-time-remaining-xrm-requests");

/// One organization, answered over the Web API to callers with a valid token.
pub struct Service {
    organization: Arc<Organization>,
    sign_in: Arc<SignIn>,
    protection: Option<Protection>,
}

impl Service {
    /// A front for `organization` that knows callers by `sign_in`.
    #[must_use]
    pub fn new(organization: Arc<Organization>, sign_in: Arc<SignIn>) -> Self {
        Self { organization, sign_in, protection: None }
    }

    /// The front with budgets for each user (SEC-20); without, nobody has one (SEC-24).
    #[must_use]
    pub fn protected(self, limits: ProtectionLimits) -> Self {
        let protection = Protection::new(limits, Arc::clone(self.organization.environment()));
        Self { protection: Some(protection), ..self }
    }

    /// Answers a caller within their budgets. What counts is who signed in, whoever they act for.
    fn serve(&self, caller: Caller, request: &Request<Bytes>, origin: &str) -> Response<Chunks> {
        let Some(protection) = &self.protection else {
            return driftless_webapi::respond(&self.organization, &Arc::new(caller), request, origin).map(Chunks::from);
        };
        let (mut response, remaining) = match protection.admit(caller.user) {
            Ok(admission) => {
                let response = driftless_webapi::respond(&self.organization, &Arc::new(caller), request, origin);
                (response, admission.end())
            }
            Err(excess) => (driftless_webapi::refuse(request, &protection.error(&excess)), excess.remaining),
        };
        tell_remaining(response.headers_mut(), remaining);
        response.map(Chunks::from)
    }
}

impl Front for Service {
    fn body_limit(&self, method: &Method, path: &str) -> usize {
        let limits = self.organization.limits();
        if self.sign_in.serves(path) {
            return BODY_BYTES_MAX;
        }
        if driftless_webapi::is_bulk(method.as_str(), path) { limits.bulk_body_bytes_max } else { limits.body_bytes_max }
    }

    fn respond(&self, mut request: Request<Bytes>, peer: &Peer) -> Response<Chunks> {
        if let Some(RequestId(id)) = request.extensions().get::<RequestId>().copied() {
            request.extensions_mut().insert(driftless_webapi::RequestId(id));
        }
        let origin = request.extensions().get::<Origin>().map_or("", |origin| origin.0.as_str());
        let arrival = Arrival { origin, address: peer.address.ip().to_canonical() };
        if let Some(answer) = self.sign_in.answer(&request, arrival) {
            return answer.map(Chunks::from);
        }
        let authorization = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        match self.sign_in.caller(authorization, arrival) {
            Ok(caller) => self.serve(caller, &request, origin),
            Err(NoCaller::Unauthenticated(reason)) => {
                tracing::debug!(reason, "401");
                refused(origin)
            }
            Err(NoCaller::Refused(error)) => driftless_webapi::refuse(&request, &error).map(Chunks::from),
        }
    }
}

/// What is left of the caller's budgets, in the form of the service: requests, and seconds with two places (SEC-21).
fn tell_remaining(headers: &mut HeaderMap, remaining: Remaining) {
    let time = format!("{}.{:02}", grouped(remaining.time_ms / 1_000), remaining.time_ms % 1_000 / 10);
    for (name, value) in [(REQUESTS_LEFT, HeaderValue::from_str(&remaining.requests.to_string())), (TIME_LEFT, HeaderValue::from_str(&time))] {
        if let Ok(value) = value {
            headers.insert(name, value);
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
