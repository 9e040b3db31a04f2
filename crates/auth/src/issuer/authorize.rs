//! The authorization endpoint: a person signs in to an application, which gets a code (AUTH-03, AUTH-04, AUTH-05).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{Method, Request, Response, header};
use uuid::Uuid;

use super::Arrival;
use super::answer;
use super::codes::CodeGrant;
use super::fault::Fault;
use super::form::Form;
use super::pages;
use super::person::WRONG;
use super::route::{Authority, Endpoint};
use super::scope::Asked;
use crate::applications::Application;
use crate::sign_in::SignIn;

/// Parameters of a request that go through the sign-in page and come back with the name and the password.
const PARAMETERS: [&str; 11] = [
    "client_id",
    "redirect_uri",
    "response_type",
    "response_mode",
    "scope",
    "resource",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "login_hint",
];
/// Bytes of `state` or `nonce`.
const STATE_BYTES_MAX: usize = 4_096;

/// How the answer comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ResponseMode {
    Query,
    Fragment,
    FormPost,
}

/// Where an answer goes. Once this is known, refusals go there too.
pub(super) struct Return<'a> {
    redirect: &'a str,
    mode: ResponseMode,
    state: Option<&'a str>,
}

impl Return<'_> {
    /// Sends fields to the application by way of the browser.
    pub(super) fn answer(&self, mut fields: Vec<(&str, String)>) -> Response<Bytes> {
        if let Some(state) = self.state {
            fields.push(("state", state.to_owned()));
        }
        if self.mode == ResponseMode::FormPost {
            return pages::post(self.redirect, &fields);
        }
        let encoded = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
        let mark = match self.mode {
            ResponseMode::Fragment => '#',
            _ if self.redirect.contains('?') => '&',
            _ => '?',
        };
        answer::with(answer::empty(303), header::LOCATION, &format!("{}{mark}{encoded}", self.redirect))
    }

    fn refuse(&self, fault: &Fault) -> Response<Bytes> {
        self.answer(vec![("error", fault.error.to_owned()), ("error_description", fault.description())])
    }
}

/// A request that may be granted once the person is known.
pub(super) struct Authorization<'a> {
    application: &'a Application,
    back: Return<'a>,
    asked: Asked,
    challenge: Option<&'a str>,
    nonce: Option<&'a str>,
}

impl SignIn {
    /// Shows the sign-in page, or takes what was typed into it.
    pub(super) fn authorize(&self, request: &Request<Bytes>, authority: &Authority, arrival: Arrival<'_>) -> Response<Bytes> {
        let form = match *request.method() {
            Method::POST => Form::of_body(request),
            _ => Form::parse(request.uri().query().unwrap_or("")),
        };
        let form = match form {
            Ok(form) => form,
            Err(fault) => return pages::problem(&fault),
        };
        let applications = self.applications();
        let (application, back) = match form.get("client_id").and_then(|id| Uuid::try_parse(id).ok()).and_then(|id| applications.find(id)) {
            None => return pages::problem(&Fault::new("unauthorized_client", 700_016, "There is no application with this client id. Register it first.")),
            Some(application) => match check_return(&form, application) {
                Ok(back) => (application, back),
                // Nobody is sent to an address that is not the application's.
                Err(fault) => return pages::problem(&fault),
            },
        };
        let authorization = match self.check_authorization(&form, application, &back, arrival) {
            Ok((asked, challenge)) => Authorization { application, back, asked, challenge, nonce: form.get("nonce") },
            Err(fault) => return back.refuse(&fault),
        };
        if *request.method() != Method::POST || form.get("username").is_none() {
            if form.get("prompt") == Some("none") {
                return authorization.back.refuse(&Fault::new("login_required", 50_058, "The person must sign in, and the request forbids to ask them."));
            }
            return self.ask(&authorization, &form, authority, arrival, "");
        }
        if !pages::is_own_form(request, arrival.origin) {
            return pages::problem(&Fault::invalid_request("The form was sent from another site. Sign in again from the application."));
        }
        match self.person(form.get("username").unwrap_or(""), form.get("password").unwrap_or(""), arrival) {
            Ok(Some(person)) => self.send_code(&authorization, person.user, arrival),
            Ok(None) => self.ask(&authorization, &form, authority, arrival, WRONG),
            Err(fault) => self.ask(&authorization, &form, authority, arrival, &fault.sentence),
        }
    }

    fn ask(&self, authorization: &Authorization<'_>, form: &Form, authority: &Authority, arrival: Arrival<'_>, problem: &str) -> Response<Bytes> {
        let fields: Vec<(&str, &str)> = PARAMETERS.iter().filter_map(|name| Some((*name, form.get(name)?))).collect();
        let user = form.get("username").or(form.get("login_hint")).unwrap_or("");
        let action = authority.endpoint("", Endpoint::Authorize);
        tracing::debug!(application = %authorization.application.id, address = %arrival.address, "a person is asked to sign in");
        pages::sign_in(&authorization.application.name, &action, &fields, user, problem, authorization.back.redirect)
    }

    fn send_code(&self, authorization: &Authorization<'_>, user: Uuid, arrival: Arrival<'_>) -> Response<Bytes> {
        let grant = CodeGrant {
            application: authorization.application.id,
            redirect: authorization.back.redirect.to_owned(),
            challenge: authorization.challenge.map(str::to_owned),
            nonce: authorization.nonce.map(str::to_owned),
            user,
            asked: authorization.asked,
        };
        tracing::info!(application = %grant.application, %user, address = %arrival.address, "a person signed in");
        let code = URL_SAFE_NO_PAD.encode(self.random::<32>());
        self.codes().put(&code, grant, self.now_s());
        authorization.back.answer(vec![("code", code)])
    }

    /// Checks what does not decide where the answer goes.
    fn check_authorization<'a>(
        &self,
        form: &'a Form,
        application: &Application,
        back: &Return<'_>,
        arrival: Arrival<'_>,
    ) -> Result<(Asked, Option<&'a str>), Fault> {
        if form.get("response_type") != Some("code") {
            return Err(Fault::new("unsupported_response_type", 700_054, "Only the response_type 'code' is offered."));
        }
        if back.mode == ResponseMode::Fragment && !application.is_single_page {
            return Err(Fault::new("invalid_request", 9_002_326, "Only single-page applications get their answer in a fragment."));
        }
        if [form.get("state"), form.get("nonce")].into_iter().flatten().any(|text| text.len() > STATE_BYTES_MAX) {
            return Err(Fault::invalid_request("The state or nonce is longer than 4,096 bytes."));
        }
        let challenge = form.get("code_challenge");
        match (challenge, form.get("code_challenge_method")) {
            (Some(challenge), Some("S256")) if challenge.len() == 43 => {}
            (Some(_), _) => return Err(Fault::new("invalid_request", 501_491, "The code_challenge must be one of the method S256.")),
            (None, _) if application.is_public() => {
                return Err(Fault::new("invalid_request", 9_002_325, "A public application must send a code_challenge (PKCE with S256)."));
            }
            (None, _) => {}
        }
        let asked = self.asked(form, arrival)?;
        Ok((asked, challenge))
    }
}

/// Where the answer may go, if the address is one of the application's.
fn check_return<'a>(form: &'a Form, application: &Application) -> Result<Return<'a>, Fault> {
    let redirect = form.require("redirect_uri")?;
    if !application.may_redirect_to(redirect) {
        return Err(Fault::new("invalid_request", 50_011, "The redirect address is not one that was registered for the application."));
    }
    let mode = match form.get("response_mode") {
        None | Some("query") => ResponseMode::Query,
        Some("fragment") => ResponseMode::Fragment,
        Some("form_post") => ResponseMode::FormPost,
        Some(_) => return Err(Fault::invalid_request("The response_mode must be query, fragment or form_post.")),
    };
    Ok(Return { redirect, mode, state: form.get("state") })
}
