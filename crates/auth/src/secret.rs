//! The text form of a token: `drft_{environment}_{22 characters}_{checksum}`.

use std::fmt;

use sha2::{Digest, Sha256};

/// Fills a buffer with random bytes, or says that the source of randomness failed.
pub type FillRandom<'a> = &'a mut dyn FnMut(&mut [u8]) -> Result<(), RandomUnavailable>;

/// The source of randomness failed; nothing was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RandomUnavailable;

impl fmt::Display for RandomUnavailable {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the system's source of randomness failed")
    }
}

impl std::error::Error for RandomUnavailable {}

const PREFIX: &str = "drft";
const ENVIRONMENT_CHARS_MAX: usize = 16;
/// 62^22 is a little below 2^131.
const RANDOM_CHARS: usize = 22;
/// 62^6 is above 2^32, so six characters hold the checksum.
const CHECKSUM_CHARS: usize = 6;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A token as its owner holds it. Shown once, never stored: only its [digest](Secret::digest) is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Makes a new token with about 131 random bits. `environment` says where it is valid (`dev`, `org`): 1 to 16
    /// lower-case letters and digits.
    ///
    /// # Errors
    /// [`SecretError::Environment`] for another `environment`, [`SecretError::Random`] if `fill` failed.
    pub fn make(environment: &str, fill: FillRandom<'_>) -> Result<Self, SecretError> {
        if !is_environment(environment) {
            return Err(SecretError::Environment);
        }
        let mut text = format!("{PREFIX}_{environment}_");
        let mut taken = 0;
        while taken < RANDOM_CHARS {
            let mut bytes = [0; 32];
            fill(&mut bytes).map_err(SecretError::Random)?;
            // 248 is the largest multiple of 62 in a byte; larger ones would favor the first characters.
            let fair = bytes.iter().filter(|byte| **byte < 248);
            for byte in fair.take(RANDOM_CHARS - taken) {
                text.push(char::from(ALPHABET[usize::from(byte % 62)]));
                taken += 1;
            }
        }
        let checksum = checksum(text.as_bytes());
        text.push('_');
        text.extend(checksum.map(char::from));
        Ok(Self(text))
    }

    /// Reads a token that somebody typed or sent, so that a mistyped one is told from an unknown one.
    ///
    /// # Errors
    /// [`SecretError::Form`] if the parts are not there, [`SecretError::Checksum`] if a character was changed.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        check_form(text)?;
        Ok(Self(text.to_owned()))
    }

    /// The token itself, to be shown or sent.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored in place of the token.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        digest(&self.0)
    }
}

/// Never the token: a secret must not reach a log by way of `{:?}` (SEC-32).
impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(..)")
    }
}

/// Why a token cannot be made or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretError {
    /// The environment is not 1 to 16 lower-case letters and digits.
    Environment,
    /// Not of the form `drft_{environment}_{22 characters}_{checksum}`.
    Form,
    /// Of the right form, but mistyped: the checksum differs.
    Checksum,
    /// No randomness.
    Random(RandomUnavailable),
}

impl fmt::Display for SecretError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => out.write_str("an environment name is 1 to 16 lower-case letters and digits"),
            Self::Form => out.write_str("not a token: expected drft_{environment}_{22 characters}_{checksum}"),
            Self::Checksum => out.write_str("the token is mistyped: its checksum does not match"),
            Self::Random(error) => error.fmt(out),
        }
    }
}

impl std::error::Error for SecretError {}

/// SHA-256 of a token's text. The text has 131 random bits, so neither salt nor a slow hash adds anything.
pub(crate) fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// Checks form and checksum without copying.
pub(crate) fn check_form(text: &str) -> Result<(), SecretError> {
    let mut parts = text.split('_');
    let (Some(PREFIX), Some(environment), Some(random), Some(sum), None) = (parts.next(), parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(SecretError::Form);
    };
    let alphanumeric = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !is_environment(environment) || random.len() != RANDOM_CHARS || sum.len() != CHECKSUM_CHARS || !alphanumeric(random) || !alphanumeric(sum) {
        return Err(SecretError::Form);
    }
    let body = &text.as_bytes()[..text.len() - CHECKSUM_CHARS - 1];
    if checksum(body) == sum.as_bytes() { Ok(()) } else { Err(SecretError::Checksum) }
}

fn is_environment(text: &str) -> bool {
    (1..=ENVIRONMENT_CHARS_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

fn checksum(body: &[u8]) -> [u8; CHECKSUM_CHARS] {
    let mut rest = crc32(body);
    let mut text = [0; CHECKSUM_CHARS];
    for character in text.iter_mut().rev() {
        *character = ALPHABET[(rest % 62) as usize];
        rest /= 62;
    }
    text
}

/// CRC-32 as in IEEE 802.3, bit by bit: about 35 bytes do not repay a table.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            let carry = (crc & 1).wrapping_neg();
            crc = (crc >> 1) ^ (0xEDB8_8320 & carry);
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::{RandomUnavailable, Secret, SecretError, check_form, crc32};

    /// A fill function that repeats a linear sequence from `seed`.
    fn seeded(mut seed: u64) -> impl FnMut(&mut [u8]) -> Result<(), RandomUnavailable> {
        move |bytes| {
            for byte in bytes {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                *byte = (seed >> 56) as u8;
            }
            Ok(())
        }
    }

    #[test] // AUTH-25
    fn a_made_token_has_the_published_form_and_reads_back() {
        for seed in 0..200 {
            let secret = Secret::make("dev", &mut seeded(seed)).unwrap();
            let parts: Vec<_> = secret.reveal().split('_').collect();
            assert_eq!((parts[0], parts[1]), ("drft", "dev"));
            assert_eq!((parts[2].len(), parts[3].len()), (22, 6));
            assert_eq!(Secret::parse(secret.reveal()).unwrap(), secret);
        }
    }

    #[test] // AUTH-25
    fn same_seed_same_token_and_another_seed_another_token() {
        let make = |seed| Secret::make("org", &mut seeded(seed)).unwrap();
        assert_eq!(make(1), make(1));
        assert_ne!(make(1), make(2));
    }

    #[test] // AUTH-25
    fn each_changed_character_is_noticed() {
        let secret = Secret::make("dev", &mut seeded(7)).unwrap();
        for index in 9..secret.reveal().len() {
            let mut bytes = secret.reveal().as_bytes().to_vec();
            if bytes[index] == b'_' {
                continue;
            }
            bytes[index] = if bytes[index] == b'x' { b'y' } else { b'x' };
            let text = String::from_utf8(bytes).unwrap();
            assert_eq!(Secret::parse(&text), Err(SecretError::Checksum), "{text}");
        }
    }

    #[test] // AUTH-25
    fn other_text_is_not_a_token() {
        let long = "a".repeat(16 * 1024);
        let wide = format!("drft_dev_{}_aaaaaa", "é".repeat(11));
        for text in [
            "",
            "drft",
            "drft_dev",
            "drft_dev__",
            "drft_DEV_0000000000000000000000_000000",
            "drft_dev_0000000000000000000000_000000_",
            "eyJhbGciOiJSUzI1NiJ9.e30.c2ln",
            &long,
            &wide,
        ] {
            assert_eq!(check_form(text), Err(SecretError::Form), "{text}");
        }
        let bad_environment = Secret::make("Dev", &mut seeded(1));
        assert_eq!(bad_environment, Err(SecretError::Environment));
    }

    #[test]
    fn failing_randomness_makes_nothing() {
        let made = Secret::make("dev", &mut |_| Err(RandomUnavailable));
        assert_eq!(made, Err(SecretError::Random(RandomUnavailable)));
    }

    #[test]
    fn debug_output_hides_the_token() {
        let secret = Secret::make("dev", &mut seeded(3)).unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(..)"); // SEC-32
    }

    #[test]
    fn checksum_is_the_common_crc() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }
}
