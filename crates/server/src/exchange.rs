//! One request from its head to its answer.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response, Version};
use hyper::body::Incoming;
use uuid::Uuid;

use crate::access::{self, AccessLine};
use crate::blocking::Pool;
use crate::body::{self, AnswerBody, Budget, Unread};
use crate::front::{Chunks, Front, Peer, RequestId};
use crate::head::{self, Names};
use crate::limits::Limits;
use crate::line::Line;
use crate::refusal::Refusal;
use crate::request_id::{self, REQ_ID, RequestIds, SERVICE_REQUEST_ID};

/// What all connections share.
pub(crate) struct Site {
    pub(crate) front: Arc<dyn Front>,
    pub(crate) pool: Pool,
    pub(crate) limits: Limits,
    pub(crate) names: Names,
    pub(crate) ids: RequestIds,
    pub(crate) bodies: Budget,
}

/// Why there is no answer: the connection broke while the request was read.
pub(crate) type Broken = hyper::Error;

/// Answers one request. Refusals are answers; an error closes the connection.
pub(crate) async fn serve(site: Arc<Site>, line: Arc<Line>, request: Request<Incoming>) -> Result<Response<AnswerBody>, Broken> {
    let mut exchange = line.begin();
    let started = Instant::now();
    let (mut head, mut incoming) = request.into_parts();
    let version = head.version;
    if version == Version::HTTP_2 {
        line.speaks_http2();
    }
    let id = site.ids.of(&head.headers);
    let logged = access::is_wanted().then(|| (head.method.clone(), head.uri.clone()));

    let outcome = match head::check(&mut head, line.peer, &site.limits, &site.names) {
        Ok((origin, peer)) => {
            head.extensions.insert(origin);
            head.extensions.insert(RequestId(id));
            answer(&site, peer, head, &mut incoming).await?
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
    if let Some((method, uri)) = &logged {
        access::write(&AccessLine {
            method,
            path: uri.path(),
            status: response.status(),
            micros: u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
            bytes: response.body().len(),
            request_id: id,
        });
    }
    exchange.answered();
    Ok(response.map(|chunks| AnswerBody::new(chunks, exchange)))
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
