//! Personal API tokens: made, listed and revoked in a file of their own, checked by the service.
//!
//! In here: the text form of a token ([`Secret`]), the file that keeps their digests ([`TokenFile`]), the check of a
//! bearer header in the service ([`TokenCheck`]) and what a refused caller is told ([`challenge`], [`REFUSED_CODE`]).
//! Not in here: HTTP, clocks and randomness (callers pass `now_s` and a function that fills bytes), and an OAuth
//! issuer. Start reading at `token_file.rs`.
//!
//! The file lies beside the database and not in it, so that `driftless token` works while a service holds the folder;
//! the service sees a change within [`RECHECK`].

mod challenge;
mod private_file;
mod secret;
mod token_check;
mod token_file;

pub use challenge::{REFUSED_CODE, REFUSED_MESSAGE, challenge};
pub use driftless_model::{Scopes, ScopesError};
pub use private_file::replace_private_file;
pub use secret::{FillRandom, RandomUnavailable, Secret, SecretError};
pub use token_check::{RECHECK, TokenCheck, TokenIdentity, Verdict};
pub use token_file::{EXPIRY_DAYS_DEFAULT, EXPIRY_DAYS_MAX, NewToken, TOKENS_MAX, TokenFile, TokenFileError, TokenRecord};
