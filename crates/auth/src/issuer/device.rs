//! Signing in on another device than the one that needs a token (AUTH-13).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{Method, Request, Response};
use serde_json::{Value, json};

use super::Arrival;
use super::answer;
use super::devices::{Device, INTERVAL_S, LIFE_S, Poll};
use super::fault::{Fault, FaultContext};
use super::form::Form;
use super::pages;
use super::person::WRONG;
use super::token::Asker;
use crate::sign_in::SignIn;

/// Path of the page on which people type the code.
const PAGE_PATH: &str = "/signin/device";
const UNKNOWN: &str = "There is no device with this code, or its time is over. After ten wrong codes wait a minute.";

impl SignIn {
    /// Begins a sign-in: gives the code that the device keeps and the one that it shows.
    pub(super) fn device_code(&self, request: &Request<Bytes>, arrival: Arrival<'_>) -> Response<Bytes> {
        match self.begin_device(request, arrival) {
            Ok(document) => answer::json(200, &document),
            Err(fault) => fault.answer(&FaultContext::new(request.headers(), self.new_id(), self.now_s())),
        }
    }

    fn begin_device(&self, request: &Request<Bytes>, arrival: Arrival<'_>) -> Result<Value, Fault> {
        let form = Form::of_body(request)?;
        let applications = self.applications();
        let application = self.asking(request, &form, &applications, arrival)?;
        let asked = self.asked(&form, arrival)?;
        let device_code = URL_SAFE_NO_PAD.encode(self.random::<32>());
        let begun = self.devices().begin(&device_code, application.id, asked, arrival.address, self.random(), self.now_s());
        let user_code = begun.ok_or_else(|| Fault { retry_after_s: Some(60), ..Fault::server_error() })?;
        let page = format!("{}{PAGE_PATH}", arrival.origin);
        Ok(json!({
            "device_code": device_code,
            "user_code": user_code,
            "verification_uri": page,
            "verification_url": page,
            "expires_in": LIFE_S,
            "interval": INTERVAL_S,
            "message": format!("To sign in, open {page} in a browser and enter the code {user_code}."),
        }))
    }

    /// The device asks whether the person has decided.
    pub(super) fn poll_device(&self, asker: &Asker<'_>, form: &Form) -> Result<Value, Fault> {
        let code = match form.get("device_code") {
            Some(code) => code,
            None => form.require("code")?,
        };
        match self.devices().poll(code, asker.application.id, self.now_s()) {
            Poll::Pending => Err(Fault::new("authorization_pending", 70_016, "The person has not decided yet. Ask again after the interval.")),
            Poll::TooSoon => Err(Fault::new("slow_down", 70_016, "This was asked too soon. Wait five seconds longer between two questions.")),
            Poll::Refused => Err(Fault::new("authorization_declined", 70_018, "The person refused.")),
            Poll::Over => Err(Fault::new("expired_token", 70_020, "The device code is not known, or its time is over. Begin again.")),
            Poll::Allowed(user, asked) => self.first_tokens(asker, user, asked, None).map(|(document, _)| document),
        }
    }

    /// Shows the page for the code, the question, and takes the decision.
    pub(super) fn device_page(&self, request: &Request<Bytes>, arrival: Arrival<'_>) -> Response<Bytes> {
        if *request.method() != Method::POST {
            return pages::device("");
        }
        if !pages::is_own_form(request, arrival.origin) {
            return pages::problem(&Fault::invalid_request("The form was sent from another site."));
        }
        let form = match Form::of_body(request) {
            Ok(form) => form,
            Err(fault) => return pages::problem(&fault),
        };
        let found = self.devices().find(form.get("user_code").unwrap_or(""), arrival.address, self.now_s());
        let Some(device) = found else { return pages::device(UNKNOWN) };
        match form.get("decision") {
            Some("refuse") => self.decided(&device, None),
            Some("allow") => match self.person(form.get("username").unwrap_or(""), form.get("password").unwrap_or(""), arrival) {
                Ok(Some(person)) => self.decided(&device, Some(person.user)),
                Ok(None) => self.question(&device, &form, arrival, WRONG),
                Err(fault) => self.question(&device, &form, arrival, &fault.sentence),
            },
            _ => self.question(&device, &form, arrival, ""),
        }
    }

    fn question(&self, device: &Device, form: &Form, arrival: Arrival<'_>, problem: &str) -> Response<Bytes> {
        let applications = self.applications();
        let Some(application) = applications.find(device.application) else { return pages::device(UNKNOWN) };
        pages::approve(&pages::Approval {
            application: &application.name,
            code: &device.user_code,
            scopes: &device.asked.granted(arrival.origin, true),
            address: &device.address.to_string(),
            user: form.get("username").unwrap_or(""),
            problem,
        })
    }

    fn decided(&self, device: &Device, user: Option<uuid::Uuid>) -> Response<Bytes> {
        if !self.devices().decide(&device.user_code, user, self.now_s()) {
            return pages::device(UNKNOWN);
        }
        tracing::info!(application = %device.application, allowed = user.is_some(), "a person decided about a device");
        match user {
            Some(_) => pages::message(200, "Connected", "The device is signed in. You can close this page."),
            None => pages::message(200, "Refused", "The device was not signed in."),
        }
    }
}
