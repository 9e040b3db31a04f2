//! The token endpoint: grants to tokens (AUTH-03).

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};

use super::Arrival;
use super::client::{self, Proof};
use super::fault::{Fault, FaultContext};
use super::form::Form;
use super::mint::Subject;
use super::route::{Authority, Shape};
use super::scope::{self, Asked};
use super::{answer, assertion};
use crate::applications::{Application, Applications};
use crate::sign_in::SignIn;

/// Who asks for tokens, and where.
pub(super) struct Asker<'a> {
    pub(super) authority: &'a Authority,
    pub(super) arrival: Arrival<'a>,
    pub(super) application: &'a Application,
    /// It wants the ids of the person's account, as older clients do.
    pub(super) wants_client_info: bool,
}

impl SignIn {
    /// Answers a request for tokens.
    pub(super) fn token(&self, request: &Request<Bytes>, authority: &Authority, arrival: Arrival<'_>) -> Response<Bytes> {
        match self.grant(request, authority, arrival) {
            Ok(document) => answer::json(200, &document),
            Err(fault) => {
                tracing::info!(error = fault.error, number = fault.number, address = %arrival.address, "no token was given");
                fault.answer(&FaultContext::new(request.headers(), self.new_id(), self.now_s()))
            }
        }
    }

    fn grant(&self, request: &Request<Bytes>, authority: &Authority, arrival: Arrival<'_>) -> Result<Value, Fault> {
        let form = Form::of_body(request)?;
        let applications = self.applications();
        let application = self.asking(request, &form, &applications, arrival)?;
        let asked = self.asked(&form, arrival)?;
        let asker = Asker { authority, arrival, application, wants_client_info: form.get("client_info").is_some() };
        match form.require("grant_type")? {
            "client_credentials" => {
                if application.is_public() {
                    return Err(Fault::new(
                        "unauthorized_client",
                        700_025,
                        "A public application cannot act for itself: register a secret or a certificate for it.",
                    ));
                }
                self.answer_tokens(&asker, &Subject::Application, asked)
            }
            "authorization_code" => self.redeem(&asker, &form),
            "urn:ietf:params:oauth:grant-type:device_code" | "device_code" => self.poll_device(&asker, &form),
            "refresh_token" => self.renew(&asker, &form, asked),
            "password" => self.by_password(&asker, &form, asked),
            other => {
                let shown: String = other.chars().take(100).collect();
                Err(Fault::new("unsupported_grant_type", 70_003, format!("The grant type '{shown}' is not offered.")))
            }
        }
    }

    /// The application that asks, if it is who it says.
    pub(super) fn asking<'a>(
        &self,
        request: &Request<Bytes>,
        form: &Form,
        applications: &'a Applications,
        arrival: Arrival<'_>,
    ) -> Result<&'a Application, Fault> {
        let (id, proof) = client::named(request.headers(), form)?;
        let application = client::find(applications, id)?;
        self.check_proof(application, &proof, arrival)?;
        Ok(application)
    }

    /// What is asked for.
    pub(super) fn asked(&self, form: &Form, arrival: Arrival<'_>) -> Result<Asked, Fault> {
        scope::parse(form.get("scope"), form.get("resource"), &|address| self.is_own(address, arrival.origin))
    }

    /// An application with credentials must prove itself, whatever it asks for.
    fn check_proof(&self, application: &Application, proof: &Proof, arrival: Arrival<'_>) -> Result<(), Fault> {
        match proof {
            Proof::Secret(secret) if application.has_secret(secret, self.now_s()) => Ok(()),
            Proof::Secret(_) => Err(Fault::wrong_secret()),
            Proof::Assertion(assertion) => {
                let is_own = |address: &str| self.is_own(address, arrival.origin);
                assertion::check(assertion, application, self.tenant(), &is_own, self.assertions(), self.now_s())
            }
            Proof::None if application.is_public() => Ok(()),
            Proof::None => Err(Fault::new("invalid_client", 7_000_218, "The request must have a client_secret or a client_assertion.")),
        }
    }

    pub(super) fn answer_tokens(&self, asker: &Asker<'_>, subject: &Subject, asked: Asked) -> Result<Value, Fault> {
        let Asker { authority, arrival, application, .. } = asker;
        let token = self.mint(authority, arrival.origin, application.id, subject).ok_or_else(Fault::server_error)?;
        let is_person = matches!(subject, Subject::Person(_));
        let life_s = self.settings().access_token_s;
        let mut document = json!({
            "token_type": "Bearer",
            "access_token": token,
            "expires_in": life_s,
            "ext_expires_in": life_s,
        });
        if authority.shape == Shape::First {
            // The older endpoint writes its numbers as text, and names the resource in place of scopes.
            let now_s = self.now_s();
            document["expires_in"] = life_s.to_string().into();
            document["ext_expires_in"] = life_s.to_string().into();
            document["expires_on"] = (now_s + i64::from(life_s)).to_string().into();
            document["not_before"] = now_s.to_string().into();
            document["resource"] = format!("{}/", arrival.origin).into();
        } else {
            document["scope"] = asked.granted(arrival.origin, is_person).into();
        }
        tracing::info!(application = %application.id, person = is_person, address = %arrival.address, "a token was given");
        Ok(document)
    }
}
