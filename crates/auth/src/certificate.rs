//! Certificates whose keys sign what applications assert (AUTH-15).

use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use x509_parser::pem::parse_x509_pem;
use x509_parser::public_key::PublicKey;
use x509_parser::{oid_registry, parse_x509_certificate};

use crate::record_file::hex;

/// Bits that the key of an RSA certificate has at least.
const RSA_BITS_MIN: usize = 2_048;

/// A certificate with a key that can check signatures.
pub(crate) struct Certificate {
    der: Vec<u8>,
    key: DecodingKey,
    algorithms: &'static [Algorithm],
}

/// The certificate cannot be used.
#[derive(Debug)]
pub(crate) struct Unusable;

impl Certificate {
    /// Reads PEM or DER.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        match parse_x509_pem(bytes) {
            Ok((_, pem)) => Self::from_der(&pem.contents).ok(),
            Err(_) => Self::from_der(bytes).ok(),
        }
    }

    /// Reads DER. Names, dates and the chain are not looked at: the certificate was registered itself, and stands for its key alone.
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, Unusable> {
        let (_, parsed) = parse_x509_certificate(der).map_err(|_| Unusable)?;
        let info = parsed.public_key();
        let bits = info.subject_public_key.data.as_ref();
        let (key, algorithms): (_, &'static [Algorithm]) = match info.parsed().map_err(|_| Unusable)? {
            PublicKey::RSA(rsa) if rsa.key_size() >= RSA_BITS_MIN => (DecodingKey::from_rsa_der(bits), &[Algorithm::RS256, Algorithm::PS256]),
            PublicKey::EC(_) if is_p256(info) => (DecodingKey::from_ec_der(bits), &[Algorithm::ES256]),
            _ => return Err(Unusable),
        };
        Ok(Self { der: der.to_owned(), key, algorithms })
    }

    pub(crate) fn der(&self) -> &[u8] {
        &self.der
    }

    pub(crate) fn key(&self) -> &DecodingKey {
        &self.key
    }

    /// Whether its key can have made a signature of this kind.
    pub(crate) fn signs(&self, algorithm: Algorithm) -> bool {
        self.algorithms.contains(&algorithm)
    }

    /// Whether a header's `x5t`, `x5t#S256` or `kid` names it: digests of the certificate in base64url, or in hexadecimal digits as some libraries send `kid`.
    pub(crate) fn is_named(&self, x5t: Option<&str>, x5t_s256: Option<&str>, kid: Option<&str>) -> bool {
        let sha1 = digest::digest(&SHA1_FOR_LEGACY_USE_ONLY, &self.der);
        let sha256 = digest::digest(&SHA256, &self.der);
        let text = |digest: &digest::Digest| URL_SAFE_NO_PAD.encode(digest.as_ref());
        let plain = |name: &str| name.trim_end_matches('=').to_owned();
        match (x5t_s256, x5t, kid) {
            (Some(name), ..) => plain(name) == text(&sha256),
            (None, Some(name), _) => plain(name) == text(&sha1),
            (None, None, Some(name)) => {
                [&sha1, &sha256].into_iter().any(|known| plain(name) == text(known) || name.eq_ignore_ascii_case(&hex::text(known.as_ref())))
            }
            (None, None, None) => false,
        }
    }
}

fn is_p256(info: &x509_parser::x509::SubjectPublicKeyInfo<'_>) -> bool {
    let curve = info.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
    curve.is_some_and(|curve| curve == oid_registry::OID_EC_P256)
}
