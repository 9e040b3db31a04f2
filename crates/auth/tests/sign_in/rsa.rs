//! Keys of the kind that most issuers and certificates have.

use jsonwebtoken::EncodingKey;
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, PublicKeyData, RsaKeySize};

/// Bytes that stand before the key itself in PKCS #8 of an RSA key of 2,048 bits.
const PKCS8_HEAD_BYTES: usize = 26;

/// An RSA key of 2,048 bits.
pub(crate) struct RsaKey(KeyPair);

impl RsaKey {
    pub(crate) fn generate() -> Self {
        Self(KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap())
    }

    pub(crate) fn encoding(&self) -> EncodingKey {
        EncodingKey::from_rsa_der(&self.0.serialized_der()[PKCS8_HEAD_BYTES..])
    }

    /// The public half in every form in which somebody could take it for a secret.
    pub(crate) fn public_forms(&self) -> Vec<Vec<u8>> {
        let pem = self.0.public_key_pem();
        let trimmed = pem.trim_end().replace("\r\n", "\n");
        vec![pem.clone().into_bytes(), trimmed.into_bytes(), self.0.subject_public_key_info(), self.0.der_bytes().to_vec()]
    }

    /// A certificate of its own for the key: PEM, and DER.
    pub(crate) fn certificate(&self) -> (String, Vec<u8>) {
        let certificate = CertificateParams::new(vec!["program".to_owned()]).unwrap().self_signed(&self.0).unwrap();
        (certificate.pem(), certificate.der().to_vec())
    }
}
