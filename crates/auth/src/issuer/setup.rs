//! The set-up address, by which the first administrator gets a password (AUTH-40).

use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{Method, Request, Response};
use subtle::ConstantTimeEq;

use super::Arrival;
use super::fault::Fault;
use super::form::Form;
use super::pages;
use crate::secret::digest;
use crate::sign_in::SignIn;
use crate::watched::lock;

/// Path of the set-up page; the secret follows in the fragment.
pub const SETUP_PATH: &str = "/signin/setup";
/// Seconds that the secret lives.
const LIFE_S: i64 = 3_600;
/// What is said whatever is wrong with the secret.
const WRONG: &str = "This is not the set-up secret, or it is over. Start the service again for another.";

/// A secret that was told, as a digest, and when it ends.
#[derive(Debug, Default)]
pub(crate) struct Setup(Mutex<Option<([u8; 32], i64)>>);

impl SignIn {
    /// Begins a set-up if the first administrator has no password: gives the secret for the set-up address, which is valid for an hour and one use.
    pub fn begin_setup(&self) -> Option<String> {
        if self.passwords().has(self.organization().facts().administrator) {
            return None;
        }
        let secret = URL_SAFE_NO_PAD.encode(self.random::<32>());
        *lock(&self.setup_secret().0) = Some((digest(&secret), self.now_s() + LIFE_S));
        Some(secret)
    }

    /// Shows the set-up page, or takes what was typed into it.
    pub(super) fn setup(&self, request: &Request<Bytes>, arrival: Arrival<'_>) -> Response<Bytes> {
        let administrator = match self.organization().user(self.organization().facts().administrator) {
            Ok(Some(member)) => member,
            Ok(None) | Err(_) => return pages::message(503, "Not available", "The administrator cannot be read at the moment."),
        };
        if lock(&self.setup_secret().0).is_none() {
            return pages::message(404, "Nothing to set up", "The administrator has a password, or the set-up is over.");
        }
        if *request.method() != Method::POST {
            return pages::setup(&administrator.name, "");
        }
        if !pages::is_own_form(request, arrival.origin) {
            return pages::problem(&Fault::invalid_request("The form was sent from another site."));
        }
        let form = match Form::of_body(request) {
            Ok(form) => form,
            Err(fault) => return pages::problem(&fault),
        };
        let now_s = self.now_s();
        let given = digest(form.get("secret").unwrap_or(""));
        // Taken out while the password is set, so that two at once cannot both use it.
        let taken = {
            let mut known = lock(&self.setup_secret().0);
            let is_right = known.is_some_and(|(secret, end_s)| bool::from(secret.ct_eq(&given)) && now_s < end_s);
            if is_right && self.attempts().may_try(SETUP_PATH, arrival.address, now_s) { known.take() } else { None }
        };
        let Some(taken) = taken else {
            self.attempts().failed(SETUP_PATH, arrival.address, now_s);
            return pages::setup(&administrator.name, WRONG);
        };
        let password = form.get("password").unwrap_or("");
        let problem = if form.get("again") == Some(password) {
            self.set_password(administrator.id, password).err().map(|error| error.sentence())
        } else {
            Some("The two passwords differ.")
        };
        match problem {
            Some(problem) => {
                *lock(&self.setup_secret().0) = Some(taken);
                pages::setup(&administrator.name, problem)
            }
            None => {
                tracing::info!(address = %arrival.address, "the first administrator has a password");
                pages::message(200, "Done", "The administrator has a password and can sign in to applications.")
            }
        }
    }
}
