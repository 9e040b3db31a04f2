//! People who sign in with a name and a password.

use super::Arrival;
use super::fault::Fault;
use super::mint::Person;
use crate::passwords::PasswordError;
use crate::sign_in::SignIn;

/// What a person is told whose name or password is wrong, or who tries too often: nobody learns which (AUTH-27).
pub(super) const WRONG: &str = "The name or the password is wrong, or there were too many attempts. Wait a minute, then try again.";

impl SignIn {
    /// The enabled person with this name and password.
    pub(super) fn person(&self, name: &str, password: &str, arrival: Arrival<'_>) -> Result<Option<Person>, Fault> {
        let now_s = self.now_s();
        if !self.attempts().may_try(name, arrival.address, now_s) {
            return Ok(None);
        }
        let found = self.organization().person(name).map_err(|error| {
            tracing::error!(?error, "a person cannot be looked up");
            Fault::server_error()
        })?;
        let found = found.filter(|member| !member.is_disabled);
        let is_right = self.passwords().check(found.as_ref().map(|member| member.id), password, self.random()).map_err(|error| {
            if !matches!(error, PasswordError::Busy) {
                tracing::error!(?error, "a password cannot be checked");
            }
            Fault { retry_after_s: Some(2), ..Fault::server_error() }
        })?;
        match found {
            Some(member) if is_right => {
                self.attempts().succeeded(name, arrival.address);
                Ok(Some(Person::of(&member)))
            }
            _ => {
                self.attempts().failed(name, arrival.address, now_s);
                tracing::info!(address = %arrival.address, "a sign-in failed");
                Ok(None)
            }
        }
    }
}
