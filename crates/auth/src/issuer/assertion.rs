//! What an application signs to prove who it is (AUTH-15).

use std::collections::HashMap;
use std::sync::Mutex;

use jsonwebtoken::Algorithm;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::fault::Fault;
use super::route::{Endpoint, Route, Tenant};
use crate::applications::Application;
use crate::jwt::{BadToken, SKEW_S, Unproven, check_times};
use crate::watched::lock;

/// Seconds that an assertion may live.
const LIFE_S: f64 = 600.0;
/// Most assertions whose `jti` is remembered.
const REMEMBERED_MAX: usize = 10_000;
const ALGORITHMS: [Algorithm; 3] = [Algorithm::RS256, Algorithm::PS256, Algorithm::ES256];

/// What an assertion says. A chain of certificates in its header is not looked at: only registered certificates count.
#[derive(Debug, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    exp: f64,
    nbf: Option<f64>,
    jti: Option<String>,
}

/// An assertion that was accepted.
#[derive(Debug)]
struct Known {
    digest: [u8; 32],
    end_s: i64,
}

/// Assertions that were accepted and have not expired, by application and `jti`.
#[derive(Debug, Default)]
pub(crate) struct Seen(Mutex<HashMap<(Uuid, String), Known>>);

impl Seen {
    /// Refuses another assertion with a `jti` that was seen. The same assertion may come again until it expires: a published library keeps one for several
    /// requests.
    fn check(&self, application: Uuid, jti: &str, assertion: &str, end_s: i64, now_s: i64) -> Result<(), Fault> {
        let digest: [u8; 32] = Sha256::digest(assertion.as_bytes()).into();
        let mut seen = lock(&self.0);
        match seen.get(&(application, jti.to_owned())) {
            Some(known) if now_s < known.end_s => return if known.digest == digest { Ok(()) } else { Err(refused("Its jti was used by another.")) },
            _ => {}
        }
        if seen.len() >= REMEMBERED_MAX {
            seen.retain(|_, known| now_s < known.end_s);
            if seen.len() >= REMEMBERED_MAX {
                return Err(Fault { retry_after_s: Some(60), ..Fault::server_error() });
            }
        }
        seen.insert((application, jti.to_owned()), Known { digest, end_s });
        Ok(())
    }
}

/// Whether the assertion proves that its sender is the application. `is_own` tells whether an origin is the service's.
pub(super) fn check(assertion: &str, application: &Application, tenant: &Tenant, is_own: &dyn Fn(&str) -> bool, seen: &Seen, now_s: i64) -> Result<(), Fault> {
    let claims = prove(assertion, application).map_err(|bad| refused(sentence(bad)))?;
    let id = application.id.to_string();
    if !claims.iss.eq_ignore_ascii_case(&id) || !claims.sub.eq_ignore_ascii_case(&id) {
        return Err(refused("Its iss and sub must be the client id."));
    }
    if !is_token_endpoint(&claims.aud, tenant, is_own) {
        return Err(refused("Its aud must be the address of the token endpoint."));
    }
    check_times(claims.exp, claims.nbf, now_s).map_err(|bad| refused(sentence(bad)))?;
    if claims.exp > now_s as f64 + LIFE_S + SKEW_S {
        return Err(refused("It must expire within ten minutes."));
    }
    let end_s = (claims.exp + SKEW_S).ceil() as i64;
    claims.jti.map_or(Ok(()), |jti| seen.check(application.id, &jti, assertion, end_s, now_s))
}

fn prove(assertion: &str, application: &Application) -> Result<Claims, BadToken> {
    let unproven = Unproven::parse(assertion)?;
    let header = &unproven.header;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(BadToken::Algorithm);
    }
    let names = (header.x5t.as_deref(), header.x5t_s256.as_deref(), header.kid.as_deref());
    let mut certificates = application.certificates().filter(|certificate| certificate.is_named(names.0, names.1, names.2));
    let certificate = certificates.next().ok_or(BadToken::UnknownKey)?;
    if !certificate.signs(header.alg) {
        return Err(BadToken::Algorithm);
    }
    unproven.prove(certificate.key(), header.alg)
}

/// Whether an address is one of our token endpoints, in any of its spellings.
fn is_token_endpoint(address: &str, tenant: &Tenant, is_own: &dyn Fn(&str) -> bool) -> bool {
    let Some(start) = address.find("://").map(|at| at + 3) else { return false };
    let end = address[start..].find('/').map_or(address.len(), |at| start + at);
    let (origin, path) = address.split_at(end);
    is_own(origin) && matches!(Route::parse(path, tenant), Some(Route::Endpoint(_, Endpoint::Token)))
}

fn sentence(bad: BadToken) -> &'static str {
    match bad {
        BadToken::UnknownKey => "It names no certificate of the application.",
        BadToken::Signature => "Its signature is not that of the certificate.",
        BadToken::Expired => "It has expired.",
        BadToken::Early => "It is not valid yet.",
        BadToken::Algorithm => "It must be signed with RS256, PS256 or ES256.",
        _ => "It cannot be read.",
    }
}

fn refused(why: &str) -> Fault {
    Fault::new("invalid_client", 700_027, format!("The client assertion is not accepted. {why}"))
}
