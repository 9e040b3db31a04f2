//! Access tokens of our own (AUTH-11).

use driftless_core::Member;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::route::{Authority, Shape};
use crate::jwt;
use crate::sign_in::SignIn;

/// Whom a token speaks for.
#[derive(Debug, Clone)]
pub(crate) enum Subject {
    /// The application itself.
    Application,
    /// A person who uses it.
    Person(Person),
}

/// A person as tokens name them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    /// `systemuserid`.
    pub(crate) user: Uuid,
    /// The id in their directory, or `systemuserid`.
    pub(crate) object_id: Uuid,
    pub(crate) name: String,
    pub(crate) full_name: String,
}

impl Person {
    pub(crate) fn of(member: &Member) -> Self {
        Self { user: member.id, object_id: member.object_id, name: member.name.clone(), full_name: member.full_name.clone() }
    }
}

/// Claims of an access token.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AccessClaims {
    pub(crate) iss: String,
    pub(crate) aud: String,
    pub(crate) sub: Uuid,
    pub(crate) iat: f64,
    pub(crate) nbf: f64,
    pub(crate) exp: f64,
    pub(crate) jti: Uuid,
    pub(crate) appid: Uuid,
    pub(crate) azp: Uuid,
    pub(crate) oid: Uuid,
    pub(crate) tid: Uuid,
    pub(crate) ver: String,
    pub(crate) idtyp: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) scp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) roles: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) upn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) name: Option<String>,
}

impl SignIn {
    /// A token for the service at `origin`, by the authority; `None` when it cannot be signed, which is logged.
    pub(crate) fn mint(&self, authority: &Authority, origin: &str, application: Uuid, subject: &Subject) -> Option<String> {
        let now_s = self.now_s();
        let begin_s = now_s as f64;
        let person = match subject {
            Subject::Application => None,
            Subject::Person(person) => Some(person),
        };
        let claims = AccessClaims {
            iss: authority.issuer(origin),
            aud: format!("{origin}/"),
            sub: person.map_or(application, |person| person.user),
            iat: begin_s,
            nbf: begin_s,
            exp: begin_s + f64::from(self.settings().access_token_s),
            jti: self.new_id(),
            appid: application,
            azp: application,
            oid: person.map_or(application, |person| person.object_id),
            tid: self.tenant().id,
            ver: if authority.shape == Shape::Second { "2.0" } else { "1.0" }.to_owned(),
            idtyp: if person.is_some() { "user" } else { "app" }.to_owned(),
            scp: person.map(|_| "user_impersonation".to_owned()),
            roles: person.is_none().then(Vec::new),
            upn: person.map(|person| person.name.clone()),
            name: person.map(|person| person.full_name.clone()),
        };
        match self.keys().signing(now_s) {
            Ok(key) => jwt::sign(&claims, &key.kid, &key.signs),
            Err(error) => {
                tracing::error!(?error, "the issuer has no key");
                None
            }
        }
    }

    /// Who signed in, for the application (OpenID Connect Core, 2).
    pub(crate) fn mint_id(&self, authority: &Authority, origin: &str, application: Uuid, person: &Person, nonce: Option<&str>) -> Option<String> {
        let now_s = self.now_s();
        let mut claims = json!({
            "iss": authority.issuer(origin),
            "aud": application,
            "sub": person.user,
            "iat": now_s,
            "nbf": now_s,
            "exp": now_s + i64::from(self.settings().access_token_s),
            "oid": person.object_id,
            "tid": self.tenant().id,
            "upn": person.name,
            "preferred_username": person.name,
            "name": person.full_name,
            "ver": if authority.shape == Shape::Second { "2.0" } else { "1.0" },
        });
        if let Some(nonce) = nonce {
            claims["nonce"] = nonce.into();
        }
        let key = self.keys().signing(now_s).ok()?;
        jwt::sign(&claims, &key.kid, &key.signs)
    }
}
