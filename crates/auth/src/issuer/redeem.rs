//! Tokens for people: a code or a refresh token becomes an access token (AUTH-03, AUTH-12).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::codes::Redeemed;
use super::fault::Fault;
use super::form::Form;
use super::mint::{Person, Subject};
use super::person::WRONG;
use super::route::Shape;
use super::scope::Asked;
use super::token::Asker;
use crate::refresh::RefreshError;
use crate::sign_in::SignIn;

/// Characters of a PKCE verifier (RFC 7636, 4.1).
const VERIFIER_CHARS: std::ops::RangeInclusive<usize> = 43..=128;

impl SignIn {
    /// Redeems an authorization code.
    pub(super) fn redeem(&self, asker: &Asker<'_>, form: &Form) -> Result<Value, Fault> {
        let code = form.require("code")?;
        let grant = match self.codes().redeem(code, self.now_s()) {
            Redeemed::Grant(grant) => grant,
            Redeemed::Again(family) => {
                self.end_family(family)?;
                return Err(Fault::new("invalid_grant", 54_005, "The code was redeemed already. Sign in again."));
            }
            Redeemed::Unknown => return Err(Fault::new("invalid_grant", 70_008, "The code is not known, or has expired. Sign in again.")),
        };
        if grant.application != asker.application.id {
            return Err(Fault::new("invalid_grant", 70_000, "The code was made for another application."));
        }
        if form.require("redirect_uri")? != grant.redirect {
            return Err(Fault::new("invalid_grant", 50_011, "The redirect address is not the one that the code was sent to."));
        }
        match (&grant.challenge, form.get("code_verifier")) {
            (None, None) => {}
            (Some(challenge), Some(verifier)) if fits(verifier, challenge) => {}
            _ => return Err(Fault::new("invalid_grant", 501_481, "The code_verifier does not fit the code_challenge.")),
        }
        let (document, family) = self.first_tokens(asker, grant.user, grant.asked, grant.nonce.as_deref())?;
        if let Some(family) = family {
            self.codes().led_to(code, family);
        }
        Ok(document)
    }

    /// Signs a person in whose name and password the application knows, if an administrator allows that.
    pub(super) fn by_password(&self, asker: &Asker<'_>, form: &Form, asked: Asked) -> Result<Value, Fault> {
        if !self.settings().password_grant {
            return Err(Fault::new(
                "unsupported_grant_type",
                70_003,
                "The grant type 'password' is switched off here; the setting password_grant switches it on.",
            ));
        }
        let (name, password) = (form.require("username")?, form.require("password")?);
        match self.person(name, password, asker.arrival)? {
            Some(person) => Ok(self.first_tokens(asker, person.user, asked, None)?.0),
            None => Err(Fault::new("invalid_grant", 50_126, WRONG)),
        }
    }

    /// The answer to a person's sign-in, and the family of refresh tokens that it began.
    pub(super) fn first_tokens(&self, asker: &Asker<'_>, user: Uuid, asked: Asked, nonce: Option<&str>) -> Result<(Value, Option<Uuid>), Fault> {
        let person = self.still_there(user)?;
        let mut document = self.answer_person(asker, &person, asked, nonce)?;
        if !asked.offline_access {
            return Ok((document, None));
        }
        let family = self.new_id();
        let token = self.refresh().begin(family, asker.application.id, user, asked, self.random(), self.now_s()).map_err(refused)?;
        document["refresh_token"] = token.into();
        Ok((document, Some(family)))
    }

    /// Renews tokens. Less may be asked for than at first, never more.
    pub(super) fn renew(&self, asker: &Asker<'_>, form: &Form, asked: Asked) -> Result<Value, Fault> {
        let token = form.require("refresh_token")?;
        let (family, next) = self.refresh().rotate(token, asker.application.id, self.random(), self.now_s()).map_err(refused)?;
        let person = match self.still_there(family.user) {
            Ok(person) => person,
            Err(fault) => {
                self.end_family(Some(family.id))?;
                return Err(fault);
            }
        };
        let asked = if form.get("scope").is_some() { asked.within(family.asked) } else { family.asked };
        let mut document = self.answer_person(asker, &person, asked, None)?;
        document["refresh_token"] = next.into();
        Ok(document)
    }

    /// The answer for a person: access token, and what the application asked to know of them.
    fn answer_person(&self, asker: &Asker<'_>, person: &Person, asked: Asked, nonce: Option<&str>) -> Result<Value, Fault> {
        let mut document = self.answer_tokens(asker, &Subject::Person(person.clone()), asked)?;
        if asked.openid {
            let token = self.mint_id(asker.authority, asker.arrival.origin, asker.application.id, person, nonce);
            document["id_token"] = token.ok_or_else(Fault::server_error)?.into();
        }
        if asker.wants_client_info && asker.authority.shape != Shape::AdFs {
            let ids = json!({"uid": person.object_id, "utid": self.tenant().id});
            document["client_info"] = URL_SAFE_NO_PAD.encode(ids.to_string()).into();
        }
        Ok(document)
    }

    /// The person, unless they were disabled since they signed in.
    fn still_there(&self, user: Uuid) -> Result<Person, Fault> {
        match self.organization().user(user) {
            Ok(Some(member)) if !member.is_disabled => Ok(Person::of(&member)),
            Ok(_) => Err(Fault::new("invalid_grant", 50_057, "The user is disabled.")),
            Err(error) => {
                tracing::error!(?error, "a user cannot be read");
                Err(Fault::server_error())
            }
        }
    }

    fn end_family(&self, family: Option<Uuid>) -> Result<(), Fault> {
        family.map_or(Ok(()), |id| self.refresh().revoke(|known| known.id == id).map_err(refused))
    }
}

fn fits(verifier: &str, challenge: &str) -> bool {
    let computed = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    VERIFIER_CHARS.contains(&verifier.len()) && bool::from(computed.as_bytes().ct_eq(challenge.as_bytes()))
}

fn refused(error: RefreshError) -> Fault {
    match error {
        RefreshError::Unknown => Fault::new("invalid_grant", 700_082, "The refresh token is not known, has expired or was revoked. Sign in again."),
        RefreshError::Reused => {
            tracing::warn!("a refresh token was used twice; its sign-in is revoked");
            Fault::new("invalid_grant", 50_173, "The refresh token was used before, so the sign-in was revoked. Sign in again.")
        }
        RefreshError::File(error) => {
            tracing::error!(%error, "refresh tokens cannot be kept");
            Fault::server_error()
        }
    }
}
