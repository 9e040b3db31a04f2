//! Sign-in: who calls, and the embedded issuer of tokens.
//!
//! In here: personal API tokens ([`Secret`], [`TokenFile`], [`TokenCheck`]), registered programs ([`ApplicationFile`]), the issuer that gives signed tokens, and
//! [`SignIn`], which answers the issuer's addresses and turns an `Authorization` header into a caller. What a refused caller is told: [`challenge`],
//! [`REFUSED_CODE`]. Not in here: sockets (a request comes whole and the answer goes whole), and what a user may do, which `core` decides. Start reading at
//! `sign_in.rs`, then `issuer.rs`.
//!
//! Tokens and applications lie in files beside the database and not in it, so that the command line can change them while a service holds the folder; the
//! service sees a change within [`RECHECK`].

mod applications;
mod attempts;
mod certificate;
mod challenge;
#[cfg(test)]
mod fixture;
mod issuer;
mod jwks;
mod jwt;
mod outside;
mod passwords;
mod private_file;
mod record_file;
mod refresh;
mod secret;
mod sign_in;
mod signing_keys;
mod token_check;
mod token_file;
mod verified;
mod watched;

pub use applications::{APPLICATIONS_MAX, Application, ApplicationError, ApplicationFile, CREDENTIALS_MAX, NewApplication, WithSecret};
pub use challenge::{REFUSED_CODE, REFUSED_MESSAGE, challenge};
pub use driftless_model::{Scopes, ScopesError};
pub use issuer::setup::SETUP_PATH;
pub use issuer::{Arrival, BODY_BYTES_MAX};
pub use jwks::Fetch;
pub use outside::{OutsideIssuer, OutsideIssuerError};
pub use private_file::replace_private_file;
pub use record_file::RecordFileError;
pub use secret::{FillRandom, RandomUnavailable, Secret, SecretError};
pub use sign_in::{NoCaller, SignIn, SignInError, SignInSettings};
pub use token_check::{TokenCheck, TokenIdentity, Verdict};
pub use token_file::{EXPIRY_DAYS_DEFAULT, EXPIRY_DAYS_MAX, NewToken, TOKENS_MAX, TokenFile, TokenFileError, TokenRecord};
pub use watched::RECHECK;
