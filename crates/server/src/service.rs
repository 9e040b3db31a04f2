//! The service as a front: the issuer, the check of who calls, the Web API.

use std::sync::Arc;

use bytes::Bytes;
use driftless_auth::{Arrival, BODY_BYTES_MAX, NoCaller, REFUSED_CODE, REFUSED_MESSAGE, SignIn, challenge};
use driftless_core::Organization;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};

use crate::front::{Chunks, Front, Origin, Peer, RequestId};

/// One organization, answered over the Web API to callers with a valid token.
pub struct Service {
    organization: Arc<Organization>,
    sign_in: Arc<SignIn>,
}

impl Service {
    /// A front for `organization` that knows callers by `sign_in`.
    #[must_use]
    pub fn new(organization: Arc<Organization>, sign_in: Arc<SignIn>) -> Self {
        Self { organization, sign_in }
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
            Ok(caller) => driftless_webapi::respond(&self.organization, &Arc::new(caller), &request, origin).map(Chunks::from),
            Err(NoCaller::Unauthenticated(reason)) => {
                tracing::debug!(reason, "401");
                refused(origin)
            }
            Err(NoCaller::Refused(error)) => driftless_webapi::refuse(&request, &error).map(Chunks::from),
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
