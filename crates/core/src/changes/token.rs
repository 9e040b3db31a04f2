//! Tokens that clients hand back: authenticated, opaque, and complete, so that nothing is kept on the server (SEC-40).
//!
//! A token is base64url text of a JSON payload followed by 16 bytes of HMAC-SHA-256 over it. The same form carries delta tokens, pages of the feed and pages of
//! lists; the payload says which, so that none can be used for another.

use driftless_model::{Epoch, Error, ErrorCode, LogicalName, Position, Result, Uuid, Value, Version};
use driftless_store::{Cut, Phase};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::context::Services;
use crate::files::token::FileToken;

/// Bytes of the authentication: 128 bits (SEC-40).
const MAC_BYTES: usize = 16;
/// Longest token that is looked at.
const TOKEN_BYTES_MAX: usize = 32 << 10;

/// What a token carries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Token {
    /// The end of a complete read of the feed.
    Delta(DeltaToken),
    /// The end of a page of the feed.
    Changes(ChangesToken),
    /// The end of a page of a list.
    List(ListToken),
    /// What a client knows of definitions.
    Definitions(DefinitionsToken),
    /// An upload or download of a file.
    File(FileToken),
}

/// Continues a client's copy of definitions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct DefinitionsToken {
    /// Number of the last change that the client knows.
    pub(crate) number: i64,
    /// The incarnation that the number is of.
    pub(crate) epoch: Epoch,
    /// Time of issue, seconds since 1970-01-01 UTC.
    pub(crate) issued_s: i64,
}

/// Continues a feed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct DeltaToken {
    /// The table.
    pub(crate) table: TableMark,
    /// Changes after this.
    pub(crate) position: Bytes,
    /// Time of issue, seconds since 1970-01-01 UTC: the age that counts (CT-46).
    pub(crate) issued_s: i64,
}

/// Continues a page of the feed: the whole scan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ChangesToken {
    /// The table.
    pub(crate) table: TableMark,
    /// The columns of the first page, as a digest.
    pub(crate) columns: String,
    /// Changes after this; none for a first read.
    pub(crate) since: Option<Bytes>,
    /// Changes up to this, fixed at the first page (CT-37).
    pub(crate) until: Bytes,
    /// Time of the first page.
    pub(crate) begun_s: i64,
    /// The last item was a removal.
    pub(crate) removed: bool,
    /// Version of the last item.
    pub(crate) version: i64,
    /// Id of the last item.
    pub(crate) id: Uuid,
    /// Number of the page that this asks for.
    pub(crate) number: u32,
}

/// Continues a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ListToken {
    /// Digest of table, filter and order.
    pub(crate) scan: String,
    /// Digest of the order alone.
    pub(crate) orders: String,
    /// Values of the order's keys of the last row; none where rows were put together.
    pub(crate) after: Vec<Value>,
    /// Rows to leave out, where rows were put together.
    #[serde(default)]
    pub(crate) skip: u64,
    /// Number of the page that this asks for.
    pub(crate) number: u32,
    /// The moment that conditions on dates were read with.
    #[serde(default)]
    pub(crate) moment_s: i64,
}

/// A table as it was when the token was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct TableMark {
    /// Its logical name.
    pub(crate) name: LogicalName,
    /// Its identity: another one under the same name is another table (CT-50).
    pub(crate) id: Uuid,
}

/// Bytes as hexadecimal text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Bytes(String);

impl Bytes {
    pub(crate) fn of(position: &Position) -> Self {
        Self(position.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect())
    }

    pub(crate) fn position(&self) -> Result<Position> {
        let digits = self.0.as_bytes();
        let byte = |pair: &[u8]| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
        let bytes: Option<Vec<u8>> = digits.chunks(2).map(byte).collect();
        bytes.filter(|bytes| bytes.len() <= Position::BYTES_MAX).map(Position::new).ok_or_else(malformed)
    }
}

impl ChangesToken {
    pub(crate) fn cut(&self) -> Cut {
        Cut { phase: if self.removed { Phase::Removed } else { Phase::Rows }, version: Version(self.version), id: self.id }
    }
}

/// The refusal of a token that was changed or was never one of ours (CT-31).
pub(crate) fn malformed() -> Error {
    Error::argument("The token is malformed or was changed. Use the token or the link of an earlier answer as it is, or read everything again without a token.")
}

/// The refusal of a token from which nothing can be continued.
pub(crate) fn expired() -> Error {
    Error::of(ErrorCode::ExpiredVersionStamp)
}

/// The opaque text of a token.
pub(crate) fn print(services: &Services, token: &Token) -> String {
    seal(&services.token_key, token)
}

fn seal(key: &[u8; 32], token: &Token) -> String {
    let mut bytes = serde_json::to_vec(token).unwrap_or_default();
    let mac = authenticate(key, &bytes);
    bytes.extend_from_slice(&mac);
    encode(&bytes)
}

/// Reads the opaque text of a token. The authentication is checked before anything else.
pub(crate) fn read(services: &Services, text: &str) -> Result<Token> {
    unseal(&services.token_key, text)
}

fn unseal(key: &[u8; 32], text: &str) -> Result<Token> {
    if text.len() > TOKEN_BYTES_MAX {
        return Err(malformed());
    }
    let bytes = decode(text).ok_or_else(malformed)?;
    let at = bytes.len().checked_sub(MAC_BYTES).ok_or_else(malformed)?;
    let (payload, mac) = bytes.split_at(at);
    if !bool::from(subtle::ConstantTimeEq::ct_eq(authenticate(key, payload).as_slice(), mac)) {
        return Err(malformed());
    }
    serde_json::from_slice(payload).map_err(|_| malformed())
}

/// The text of a delta token as clients see it: the opaque part and, for people, the time of issue (CT-23).
pub(crate) fn print_delta(services: &Services, token: DeltaToken) -> String {
    let issued = jiff::Timestamp::from_second(token.issued_s).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let shown = issued.strftime("%m/%d/%Y %H:%M:%S").to_string();
    format!("{}!{shown}", print(services, &Token::Delta(token)))
}

/// Reads a delta token; what follows the `!` is not looked at.
pub(crate) fn read_delta(services: &Services, text: &str) -> Result<DeltaToken> {
    let opaque = text.split_once('!').map_or(text, |(opaque, _)| opaque);
    match read(services, opaque)? {
        Token::Delta(token) => Ok(token),
        Token::Changes(_) | Token::List(_) | Token::Definitions(_) | Token::File(_) => Err(malformed()),
    }
}

fn authenticate(key: &[u8; 32], payload: &[u8]) -> [u8; MAC_BYTES] {
    let mut mac = [0; MAC_BYTES];
    if let Ok(mut hmac) = Hmac::<Sha256>::new_from_slice(key) {
        hmac.update(b"driftless token 1");
        hmac.update(payload);
        mac.copy_from_slice(&hmac.finalize().into_bytes()[..MAC_BYTES]);
    }
    mac
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Base64url without padding: survives any way in which clients re-encode addresses.
fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0_u32, |group, byte| (group << 8) | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for at in 0..=chunk.len() {
            text.push(char::from(DIGITS[(group >> (18 - 6 * at) & 0x3f) as usize]));
        }
    }
    text
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    for chunk in text.as_bytes().chunks(4) {
        let mut group = 0_u32;
        for byte in chunk {
            group = (group << 6) | u32::try_from(DIGITS.iter().position(|digit| digit == byte)?).ok()?;
        }
        let taken = chunk.len().checked_sub(1).filter(|taken| *taken > 0)?;
        group <<= 6 * (4 - chunk.len());
        let group = group.to_be_bytes();
        // Bits behind the last byte must be zero, so that every token has one spelling only.
        if group[1 + taken..].iter().any(|byte| *byte != 0) {
            return None;
        }
        bytes.extend_from_slice(&group[1..=taken]);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One token of each kind.
    fn each_kind() -> [Token; 5] {
        let table = TableMark { name: "account".into(), id: Uuid::from_u128(1) };
        let position = Bytes::of(&Position::new(vec![0, 0x7f, 0xff]));
        let epoch = Epoch(2);
        [
            Token::Delta(DeltaToken { table: table.clone(), position: position.clone(), issued_s: 1_767_225_600 }),
            Token::Changes(ChangesToken {
                table,
                columns: "c".to_owned(),
                since: None,
                until: position,
                begun_s: 1_767_225_600,
                removed: true,
                version: 4_711,
                id: Uuid::from_u128(3),
                number: 2,
            }),
            Token::List(ListToken {
                scan: "s".to_owned(),
                orders: "o".to_owned(),
                after: vec![Value::Text("Åse".into()), Value::Null],
                skip: 0,
                number: 2,
                moment_s: 0,
            }),
            Token::Definitions(DefinitionsToken { number: 7, epoch, issued_s: 1_767_225_600 }),
            Token::File(FileToken { file: Uuid::from_u128(4), user: Uuid::from_u128(5), download: true }),
        ]
    }

    #[test] // SEC-40
    fn a_token_of_any_kind_with_any_bit_changed_is_none() {
        let key = [7; 32];
        for token in each_kind() {
            let text = seal(&key, &token);
            assert_eq!(unseal(&key, &text).unwrap(), token);
            assert_eq!(unseal(&[8; 32], &text).unwrap_err().code(), ErrorCode::InvalidArgument, "another key");
            let bytes = decode(&text).unwrap();
            for bit in 0..bytes.len() * 8 {
                let mut changed = bytes.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(unseal(&key, &encode(&changed)).unwrap_err().code(), ErrorCode::InvalidArgument, "{token:?}: bit {bit}");
            }
            for end in 0..text.len() {
                assert!(unseal(&key, &text[..end]).is_err(), "{token:?}: cut at {end}");
            }
        }
        assert!(unseal(&key, &"A".repeat(TOKEN_BYTES_MAX + 1)).is_err());
    }

    #[test] // SEC-40
    fn base64url_goes_both_ways_and_has_one_spelling() {
        for bytes in [&b""[..], b"a", b"ab", b"abc", b"abcd", &[255, 254, 253, 0, 1]] {
            assert_eq!(decode(&encode(bytes)).unwrap(), bytes);
        }
        assert_eq!(encode(b"a"), "YQ");
        assert!(decode("YR").is_none());
        assert!(decode("Y").is_none());
        assert!(decode("Y+==").is_none());
    }
}
