//! Issuers outside of this service whose tokens are accepted, such as Entra ID or Keycloak (AUTH-20).

use std::collections::BTreeMap;
use std::fmt;

use driftless_core::TokenSubject;
use jsonwebtoken::Algorithm;
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::jwks::{Fetch, KeySource};
use crate::jwt::{BadToken, SKEW_S, Unproven, check_times};
use crate::verified::Verified;

/// Stands for the tenant's id in the name of an issuer.
const TENANT_MARK: &str = "{tenantid}";

/// An issuer, as an operator configures it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutsideIssuer {
    /// `iss` of its tokens, exactly; `{tenantid}` stands for the id of a tenant that is listed in `tenants`.
    pub issuer: String,
    /// Values of `aud` that mean this service.
    pub audiences: Vec<String>,
    /// Where its keys are; from its OpenID configuration if not given.
    #[serde(default)]
    pub jwks_uri: Option<String>,
    /// How its tokens may be signed: RS256, PS256 or ES256, the first if not given.
    #[serde(default)]
    pub algorithms: Vec<String>,
    /// Tenants (`tid`) whose tokens are accepted; all of the issuer's if none is listed.
    #[serde(default)]
    pub tenants: Vec<Uuid>,
    /// Claim with the person's `azureactivedirectoryobjectid`: `oid` if not given.
    #[serde(default)]
    pub person_claim: Option<String>,
    /// Client ids that are no GUIDs, and the `applicationid` that each stands for.
    #[serde(default)]
    pub applications: BTreeMap<String, Uuid>,
}

/// Why an issuer cannot be trusted as it is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutsideIssuerError {
    issuer: String,
    reason: &'static str,
}

impl fmt::Display for OutsideIssuerError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "the issuer {:?} cannot be trusted: {}", self.issuer, self.reason)
    }
}

impl std::error::Error for OutsideIssuerError {}

/// A configured issuer with its keys.
pub(crate) struct Trusted {
    settings: OutsideIssuer,
    algorithms: Vec<Algorithm>,
    keys: KeySource,
}

impl Trusted {
    pub(crate) fn new(settings: OutsideIssuer, fetch: Fetch) -> Result<Self, OutsideIssuerError> {
        let refuse = |reason| Err(OutsideIssuerError { issuer: settings.issuer.clone(), reason });
        if settings.audiences.is_empty() {
            return refuse("it needs audiences, the values of aud that mean this service");
        }
        if settings.issuer.contains(TENANT_MARK) && (settings.tenants.is_empty() || settings.jwks_uri.is_none()) {
            return refuse("one for several tenants needs the list of tenants, and jwks_uri");
        }
        let mut algorithms = Vec::new();
        for name in &settings.algorithms {
            match name.as_str() {
                "RS256" => algorithms.push(Algorithm::RS256),
                "PS256" => algorithms.push(Algorithm::PS256),
                "ES256" => algorithms.push(Algorithm::ES256),
                _ => return refuse("its algorithms may be RS256, PS256 and ES256"),
            }
        }
        if algorithms.is_empty() {
            algorithms.push(Algorithm::RS256);
        }
        let keys = KeySource::new(&settings.issuer, settings.jwks_uri.clone(), fetch);
        Ok(Self { settings, algorithms, keys })
    }

    /// Its name, and how old its keys are in seconds, once they were needed.
    pub(crate) fn age_of_keys(&self, now_s: i64) -> (&str, Option<i64>) {
        (&self.settings.issuer, self.keys.age_s(now_s))
    }

    /// Whether a token says that it is of this issuer.
    pub(crate) fn is(&self, issuer: &str) -> bool {
        match self.settings.issuer.split_once(TENANT_MARK) {
            None => self.settings.issuer == issuer,
            Some((before, after)) => {
                let tenant = issuer.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
                tenant.and_then(|text| Uuid::try_parse(text).ok()).is_some_and(|tenant| self.settings.tenants.contains(&tenant))
            }
        }
    }

    /// Checks a token in the order of AUTH-21.
    pub(crate) fn check(&self, token: &Unproven<'_>, now_s: i64) -> Result<Verified, BadToken> {
        let algorithm = token.header.alg;
        if !self.algorithms.contains(&algorithm) {
            return Err(BadToken::Algorithm);
        }
        let kid = token.header.kid.as_deref().ok_or(BadToken::UnknownKey)?;
        let key = self.keys.find(kid, algorithm, now_s).ok_or(BadToken::UnknownKey)?;
        let claims: Claims = token.prove(&key, algorithm)?;
        if !self.is(&claims.iss) {
            return Err(BadToken::Issuer);
        }
        if !claims.aud.any(|audience| self.settings.audiences.iter().any(|own| own == audience)) {
            return Err(BadToken::Audience);
        }
        check_times(claims.exp, claims.nbf, now_s)?;
        let tenant = claims.text("tid").and_then(|text| Uuid::try_parse(text).ok());
        let may_come = self.settings.tenants.is_empty() || tenant.is_some_and(|tenant| self.settings.tenants.contains(&tenant));
        // The tenant in the issuer's name and the one that the token names are the same.
        if !may_come || (self.settings.issuer.contains(TENANT_MARK) && !tenant.is_some_and(|tenant| claims.iss.contains(&tenant.to_string()))) {
            return Err(BadToken::Tenant);
        }
        let subject = self.subject(&claims).ok_or(BadToken::Subject)?;
        Ok(Verified { subject, audience: None, end_s: (claims.exp + SKEW_S) as i64 })
    }

    /// Whom the token speaks for: an application, if it says so or names no person; else a person.
    fn subject(&self, claims: &Claims) -> Option<TokenSubject> {
        let names_person = ["scp", "upn", "preferred_username", "email"].iter().any(|name| claims.text(name).is_some());
        let is_service_account = claims.text("preferred_username").is_some_and(|name| name.starts_with("service-account-"));
        if claims.text("idtyp") == Some("app") || !names_person || is_service_account {
            let client = claims.text("appid").or(claims.text("azp"))?;
            let known = self.settings.applications.get(client).copied();
            return known.or_else(|| Uuid::try_parse(client).ok()).map(TokenSubject::Application);
        }
        let person = claims.text(self.settings.person_claim.as_deref().unwrap_or("oid"))?;
        Uuid::try_parse(person).ok().map(TokenSubject::DirectoryObject)
    }
}

/// What such tokens say.
#[derive(Debug, Deserialize)]
struct Claims {
    iss: String,
    aud: Audience,
    exp: f64,
    nbf: Option<f64>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    fn any(&self, test: impl Fn(&str) -> bool) -> bool {
        match self {
            Self::One(audience) => test(audience),
            Self::Many(audiences) => audiences.iter().any(|audience| test(audience)),
        }
    }
}

impl Claims {
    fn text(&self, name: &str) -> Option<&str> {
        self.others.get(name).and_then(Value::as_str)
    }
}
