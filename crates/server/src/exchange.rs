//! One request from its head to its answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Instant, SystemTime};

use bytes::Bytes;
use http::header::USER_AGENT;
use http::request::Parts;
use http::{Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use uuid::Uuid;

use crate::access::{self, AccessLine};
use crate::blocking::Pool;
use crate::body::{self, AnswerBody, Budget, Unread};
use crate::exposition::{Exposition, Kind};
use crate::front::{Chunks, Front, Operator, Peer, RequestId, Route, Served};
use crate::head::{self, Names};
use crate::limits::Limits;
use crate::line::Line;
use crate::listen::Audience;
use crate::metrics::Metrics;
use crate::operations::{self, METRICS_PATH, Probe};
use crate::pages::{self, Pages};
use crate::refusal::Refusal;
use crate::request_id::{self, REQ_ID, RequestIds, SERVICE_REQUEST_ID};
use crate::tls::Tls;

/// What all connections share.
pub(crate) struct Site {
    pub(crate) front: Arc<dyn Front>,
    pub(crate) pool: Pool,
    pub(crate) limits: Limits,
    pub(crate) names: Names,
    pub(crate) pages: Pages,
    pub(crate) ids: RequestIds,
    pub(crate) bodies: Budget,
    pub(crate) metrics: Metrics,
    /// What HTTPS is served with, if it is.
    pub(crate) tls: Option<Arc<Tls>>,
    /// The end has begun: whoever balances shall turn away.
    pub(crate) is_draining: AtomicBool,
}

/// Why there is no answer: the connection broke while the request was read.
pub(crate) type Broken = hyper::Error;

/// Answers one request. Refusals are answers; an error closes the connection.
pub(crate) async fn serve(site: Arc<Site>, line: Arc<Line>, audience: Audience, request: Request<Incoming>) -> Result<Response<AnswerBody>, Broken> {
    let mut exchange = line.begin();
    let started = Instant::now();
    let _in_flight = site.metrics.begin();
    let (mut head, mut incoming) = request.into_parts();
    let version = head.version;
    if version == Version::HTTP_2 {
        line.speaks_http2();
    }
    let id = site.ids.of(&head.headers);
    let logged = access::is_wanted().then(|| (head.uri.clone(), head.headers.get(USER_AGENT).cloned()));
    let method = head.method.clone();
    let route = route(&site, head.uri.path());
    // What is for operators is for no page.
    let sender = site.pages.sender(&head.headers).filter(|_| audience == Audience::Callers);
    let asks_figures = head.uri.path() == METRICS_PATH;

    let outcome = match head::check(&mut head, line.peer, &site.limits, &site.names) {
        Ok((origin, peer)) => {
            head.extensions.insert(origin);
            head.extensions.insert(RequestId(id));
            let permission = sender.as_ref().and_then(|_| pages::permission(&head));
            match permission.or_else(|| own_answer(&site, audience, route, &mut head)) {
                Some(response) => Ok(response),
                None => answer(&site, peer, head, &mut incoming).await?,
            }
        }
        Err(refusal) => Err(refusal),
    };
    if outcome.is_err() && version == Version::HTTP_2 {
        // A body that is given up resets its stream, and the answer may be lost with it.
        body::discard(&mut incoming, site.limits.linger).await;
    }
    let mut response = outcome.unwrap_or_else(|refusal| {
        line.linger(); // the same for HTTP/1, where the connection ends with a body that was not read
        if refusal == Refusal::Panicked {
            tracing::error!(request_id = %id, "a request panicked");
        }
        refusal.response(version)
    });
    name_request(&mut response, id);
    site.pages.tell(&mut response, sender);
    if asks_figures && response.status() == StatusCode::OK {
        add_figures(&site, &mut response);
    }
    let took = started.elapsed();
    site.metrics.answered(route, &method, response.status(), took);
    if let Some((uri, client)) = &logged {
        access::write(&AccessLine {
            method: &method,
            path: uri.path(),
            route: route.template(),
            status: response.status(),
            micros: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            user: response.extensions().get::<Served>().map(|served| served.user),
            client: client.as_ref(),
            bytes: response.body().len(),
            request_id: id,
        });
    }
    exchange.answered();
    Ok(response.map(|chunks| AnswerBody::new(chunks, exchange)))
}

/// The kind of a path, whoever answers it.
fn route(site: &Site, path: &str) -> Route {
    if path == METRICS_PATH || Probe::of(path).is_some() { Route::Operations } else { site.front.route(path) }
}

/// What the listener answers by itself: probes, and what is not there for operators.
fn own_answer(site: &Site, audience: Audience, route: Route, head: &mut Parts) -> Option<Response<Chunks>> {
    if let Some(probe) = Probe::of(head.uri.path()) {
        let draining = site.is_draining.load(Ordering::Acquire).then_some("the service is shutting down\n");
        return Some(probe.answer(&head.method, draining.or_else(|| site.front.unready())));
    }
    if audience == Audience::Operators {
        if route != Route::Operations {
            return Some(operations::not_here());
        }
        head.extensions.insert(Operator);
    }
    None
}

/// Adds what the listener counted to the figures of the front.
fn add_figures(site: &Site, response: &mut Response<Chunks>) {
    let mut out = Exposition::default();
    site.metrics.write(&mut out);
    operations::write_process(&mut out);
    if let Some(left_s) = site.tls.as_ref().and_then(|tls| tls.left_s(SystemTime::now())) {
        out.single("cert_expiry_seconds", Kind::Gauge, "Time until the certificate ends.", left_s);
    }
    response.body_mut().push(Bytes::from(out.into_text()));
}

/// Reads the body and has the front answer.
async fn answer(site: &Site, peer: Peer, head: Parts, incoming: &mut Incoming) -> Result<Result<Response<Chunks>, Refusal>, Broken> {
    let mut share = site.bodies.share();
    let body = if hyper::body::Body::is_end_stream(incoming) {
        Bytes::new()
    } else {
        let bytes_max = site.front.body_limit(&head.method, head.uri.path());
        match body::read(incoming, bytes_max, &site.limits, &mut share).await {
            Ok(body) => body,
            Err(Unread::TooLarge) => return Ok(Err(Refusal::BodyTooLarge)),
            Err(Unread::TooSlow) => return Ok(Err(Refusal::BodyTooSlow)),
            Err(Unread::NoRoom) => return Ok(Err(Refusal::Busy)),
            Err(Unread::Broken(error)) => return Err(error),
        }
    };
    let request = Request::from_parts(head, body);
    Ok(site.pool.run(request, peer).await)
}

/// Every answer names its request; errors also by the older name (web-api 5).
fn name_request(response: &mut Response<Chunks>, id: Uuid) {
    let Some(value) = request_id::header_value(id) else {
        return;
    };
    let is_error = response.status().as_u16() >= 400;
    let headers = response.headers_mut();
    if is_error {
        headers.insert(REQ_ID, value.clone());
    }
    headers.insert(SERVICE_REQUEST_ID, value);
}
