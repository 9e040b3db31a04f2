//! Tokens of uploads and downloads: they name a file of the store and the user to whom they were given.

use driftless_model::{Error, ErrorCode, Result, Uuid};
use serde::{Deserialize, Serialize};

use crate::changes::token::{self, Token};
use crate::context::Services;

/// Continues an upload or a download.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct FileToken {
    /// The file.
    pub(crate) file: Uuid,
    /// Who began.
    pub(crate) user: Uuid,
    /// The file is read, not written.
    pub(crate) download: bool,
}

/// The token's text.
pub(super) fn print(services: &Services, token: FileToken) -> String {
    token::print(services, &Token::File(token))
}

/// The file that a token of this caller names.
///
/// # Errors
/// 0x80040203 for a token that is none or was made for something else, 0x80040220 for one of another user.
pub(super) fn read(services: &Services, text: &str, user: Uuid, download: bool) -> Result<Uuid> {
    match token::read(services, text).map_err(|_| malformed())? {
        Token::File(token) if token.download == download => {
            if token.user == user {
                return Ok(token.file);
            }
            Err(Error::new(ErrorCode::PrivilegeDenied, "The token was given to another user."))
        }
        Token::File(_) | Token::Delta(_) | Token::Changes(_) | Token::List(_) | Token::Definitions(_) => Err(malformed()),
    }
}

fn malformed() -> Error {
    Error::argument("The token is not one of an upload or download like this. Begin again, and use the token as it was given.")
}
