//! The embedded issuer: OAuth 2.0 requests to answers, without sockets.
//!
//! `route` says what an address asks for; `discovery` describes the issuer; `token` gives tokens by way of `client` (who asks) and `scope` (for what); `fault` is
//! what a refused request gets.

pub(crate) mod answer;
pub(crate) mod assertion;
mod authorize;
mod client;
pub(crate) mod codes;
mod device;
pub(crate) mod devices;
pub(crate) mod discovery;
pub(crate) mod fault;
pub(crate) mod form;
pub(crate) mod mint;
mod pages;
mod person;
mod redeem;
pub(crate) mod route;
pub(crate) mod scope;
pub(crate) mod setup;
mod token;

use std::net::IpAddr;

use bytes::Bytes;
use http::{Method, Request, Response};

use crate::sign_in::SignIn;
use answer::{empty, json, wrong_method};
use route::{Endpoint, Route};

/// Bytes that the body of a request to the issuer may have.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

/// Where a request came in, as the listener knows it.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// Scheme, host and port as the client used them, without a trailing slash.
    pub origin: &'a str,
    /// The client's address.
    pub address: IpAddr,
}

impl SignIn {
    /// Whether the issuer answers at this path, whatever the method.
    #[must_use]
    pub fn serves(&self, path: &str) -> bool {
        Route::parse(path, self.tenant()).is_some()
    }

    /// Answers a request to one of the issuer's addresses; `None` for every other address.
    #[must_use]
    pub fn answer(&self, request: &Request<Bytes>, arrival: Arrival<'_>) -> Option<Response<Bytes>> {
        let route = Route::parse(request.uri().path(), self.tenant())?;
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        let is_form = is_read || *request.method() == Method::POST;
        Some(match route {
            Route::Configuration(authority) if is_read => json(200, &discovery::configuration(&authority, arrival.origin, self.settings().password_grant)),
            Route::Keys if is_read => json(200, &self.keys().published(self.now_s())),
            Route::WebFinger if is_read => match discovery::web_finger(request.uri().query().unwrap_or(""), arrival.origin) {
                Some(document) => json(200, &document),
                None => empty(404),
            },
            Route::Instance if is_read => json(200, &discovery::instance(arrival.origin, self.tenant())),
            Route::UserRealm => empty(404),
            Route::Endpoint(authority, Endpoint::Token) if *request.method() == Method::POST => self.token(request, &authority, arrival),
            Route::Endpoint(_, Endpoint::DeviceCode) if *request.method() == Method::POST => self.device_code(request, arrival),
            Route::Endpoint(_, Endpoint::Token | Endpoint::DeviceCode) => wrong_method("POST"),
            Route::Endpoint(authority, Endpoint::Authorize) if is_form => self.authorize(request, &authority, arrival),
            Route::Device if is_form => self.device_page(request, arrival),
            Route::Setup if is_form => self.setup(request, arrival),
            Route::Asset(name) if is_read => pages::asset(&name).unwrap_or_else(|| empty(404)),
            Route::Endpoint(_, Endpoint::Authorize) | Route::Setup | Route::Device => wrong_method("GET, POST"),
            Route::Configuration(_) | Route::Keys | Route::WebFinger | Route::Instance | Route::Asset(_) => wrong_method("GET"),
        })
    }
}
