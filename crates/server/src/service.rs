//! The service as a front: the issuer, the check of who calls, the Web API.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use driftless_auth::{Arrival, BODY_BYTES_MAX, NoCaller, REFUSED_CODE, REFUSED_MESSAGE, SignIn, challenge};
use driftless_core::Organization;
use driftless_model::{Caller, Error, Uuid};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};

use crate::exposition::{Exposition, Kind};
use crate::figures;
use crate::front::{Answering, Chunks, Front, Operator, Origin, Peer, RequestId, Route, Served};
use crate::operations::{self, METRICS_PATH};
use crate::protection::{Excess, Facet, Protection, ProtectionLimits, Remaining, grouped};

const REQUESTS_LEFT: HeaderName = HeaderName::from_static("x-ms-ratelimit-burst-remaining-xrm-requests");
const TIME_LEFT: HeaderName = HeaderName::from_static("x-ms-ratelimit-time-remaining-xrm-requests");

/// One organization, answered over the Web API to callers with a valid token.
pub struct Service {
    organization: Arc<Organization>,
    sign_in: Arc<SignIn>,
    protection: Option<Protection>,
    refusals: Refusals,
}

/// What was refused before it came to the Web API.
#[derive(Default)]
struct Refusals {
    throttled: [AtomicU64; FACETS.len()],
    /// By reason; the reasons are texts of ours.
    unauthenticated: Mutex<BTreeMap<&'static str, u64>>,
}

/// The budgets of users with their codes.
const FACETS: [(Facet, &str); 3] = [(Facet::Requests, "0x80072322"), (Facet::Time, "0x80072321"), (Facet::Concurrency, "0x80072326")];
/// Before this moment (2025-01-01) the program was not made: a clock that says so is wrong.
const EARLIEST_MS: i64 = 1_735_689_600_000;

impl Service {
    /// A front for `organization` that knows callers by `sign_in`.
    #[must_use]
    pub fn new(organization: Arc<Organization>, sign_in: Arc<SignIn>) -> Self {
        Self { organization, sign_in, protection: None, refusals: Refusals::default() }
    }

    /// The front with budgets for each user (SEC-20); without, nobody has one (SEC-24).
    #[must_use]
    pub fn protected(self, limits: ProtectionLimits) -> Self {
        let protection = Protection::new(limits, Arc::clone(self.organization.environment()));
        Self { protection: Some(protection), ..self }
    }

    /// Answers a caller within their budgets. What counts is who signed in, whoever they act for.
    async fn serve(&self, caller: Caller, request: &Request<Bytes>, origin: &str) -> Response<Chunks> {
        let Some(protection) = &self.protection else {
            return self.pass_on(&Arc::new(caller), request, origin).await.map(Chunks::from);
        };
        let (mut response, remaining) = match protection.admit(caller.user) {
            Ok(admission) => {
                let response = self.pass_on(&Arc::new(caller), request, origin).await;
                (response, admission.end())
            }
            Err(excess) => {
                self.refusals.count_throttled(&excess);
                (self.refuse(request, &protection.error(&excess)), excess.remaining)
            }
        };
        tell_remaining(response.headers_mut(), remaining);
        response.map(Chunks::from)
    }

    /// Has the door answer to which the address leads.
    async fn pass_on(&self, caller: &Arc<Caller>, request: &Request<Bytes>, origin: &str) -> Response<Vec<Bytes>> {
        match driftless_orgservice::Service::of(request.uri().path()) {
            Some(_) => driftless_orgservice::respond(&self.organization, caller, request, origin, request_id(request)).await,
            None => driftless_webapi::respond(&self.organization, caller, request, origin).await,
        }
    }

    /// The refusal of the door to which the address leads.
    fn refuse(&self, request: &Request<Bytes>, error: &Error) -> Response<Vec<Bytes>> {
        match driftless_orgservice::Service::of(request.uri().path()) {
            Some(service) => driftless_orgservice::refuse(&self.organization, service, error, request_id(request)),
            None => driftless_webapi::refuse(request, error),
        }
    }
}

/// The id under which the request is logged.
fn request_id(request: &Request<Bytes>) -> Uuid {
    request.extensions().get::<RequestId>().map_or_else(Uuid::nil, |id| id.0)
}

impl Front for Service {
    fn body_limit(&self, method: &Method, path: &str) -> usize {
        let limits = self.organization.limits();
        if self.sign_in.serves(path) {
            return BODY_BYTES_MAX;
        }
        // An envelope may hold a solution package (SEC-04).
        if driftless_webapi::is_bulk(method.as_str(), path) || driftless_orgservice::Service::of(path).is_some() {
            limits.bulk_body_bytes_max
        } else {
            limits.body_bytes_max
        }
    }

    fn route(&self, path: &str) -> Route {
        match driftless_webapi::Route::of(path) {
            Some(route) => Route::Api(route),
            None if driftless_orgservice::Service::of(path).is_some() => Route::OrganizationService,
            None if self.sign_in.serves(path) => Route::SignIn,
            None => Route::Other,
        }
    }

    fn weight(&self, request: &Request<Bytes>) -> driftless_webapi::Weight {
        driftless_webapi::Weight::of(request)
    }

    fn late(&self) {
        self.organization.put_off_jobs();
    }

    fn unready(&self) -> Option<&'static str> {
        if !self.organization.figures().is_writable {
            return Some("the store has failed: the log says why\n");
        }
        (self.organization.environment().now_ms() < EARLIEST_MS).then_some("the clock is wrong: it is set to a time before the program was made\n")
    }

    fn respond(self: Arc<Self>, request: Request<Bytes>, peer: Peer) -> Answering {
        Box::pin(async move { self.answer_request(request, peer).await })
    }
}

impl Service {
    async fn answer_request(&self, mut request: Request<Bytes>, peer: Peer) -> Response<Chunks> {
        if let Some(RequestId(id)) = request.extensions().get::<RequestId>().copied() {
            request.extensions_mut().insert(driftless_webapi::RequestId(id));
        }
        let origin = request.extensions().get::<Origin>().map_or("", |origin| origin.0.as_str());
        let arrival = Arrival { origin, address: peer.address.ip().to_canonical() };
        if let Some(answer) = self.sign_in.answer(&request, arrival) {
            return answer.map(Chunks::from);
        }
        if request.uri().path() == METRICS_PATH && request.extensions().get::<Operator>().is_some() {
            return self.figures(request.method());
        }
        let authorization = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        match self.sign_in.caller(authorization, arrival) {
            Ok(caller) if request.uri().path() == METRICS_PATH => match self.organization.require_administrator(&caller) {
                Ok(()) => self.figures(request.method()),
                Err(error) => self.refuse(&request, &error).map(Chunks::from),
            },
            Ok(caller) => {
                let user = caller.user;
                let mut response = self.serve(caller, &request, origin).await;
                response.extensions_mut().insert(Served { user });
                response
            }
            Err(NoCaller::Unauthenticated(reason)) => {
                tracing::debug!(reason, "401");
                self.refusals.count_unauthenticated(reason);
                refused(origin)
            }
            Err(NoCaller::Refused(error)) => self.refuse(&request, &error).map(Chunks::from),
        }
    }
}

impl Service {
    /// The figures of the service (OPS-10).
    fn figures(&self, method: &Method) -> Response<Chunks> {
        if *method != Method::GET {
            return answer(StatusCode::METHOD_NOT_ALLOWED, r#"{"error":{"code":"0x8004023b","message":"Figures are read with GET."}}"#.to_owned());
        }
        let mut out = Exposition::default();
        figures::write_organization(&self.organization, &mut out);
        figures::write_issuers(&self.sign_in, &mut out);
        self.refusals.write(&mut out);
        operations::figures(out)
    }
}

impl Refusals {
    fn count_throttled(&self, excess: &Excess) {
        if let Some(at) = FACETS.iter().position(|(facet, _)| *facet == excess.facet) {
            self.throttled[at].fetch_add(1, Ordering::Relaxed);
        }
    }

    fn count_unauthenticated(&self, reason: &'static str) {
        *self.unauthenticated.lock().unwrap_or_else(PoisonError::into_inner).entry(reason).or_default() += 1;
    }

    fn write(&self, out: &mut Exposition) {
        out.family("throttled_total", Kind::Counter, "Requests beyond a budget of their user.");
        for ((_, code), count) in FACETS.iter().zip(&self.throttled) {
            out.sample("throttled_total", &[("code", code)], count.load(Ordering::Relaxed));
        }
        out.family("auth_failures_total", Kind::Counter, "Requests without a valid token.");
        for (reason, count) in self.unauthenticated.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            out.sample("auth_failures_total", &[("reason", reason)], count);
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
