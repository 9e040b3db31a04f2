//! Signatures that prove nothing, at each door that reads signed tokens, with keys of the kind whose public half is widely known (AUTH-15, AUTH-21).

use std::sync::atomic::Ordering;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use driftless_auth::{NewApplication, NoCaller, OutsideIssuer, WithSecret};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::outside::{self, Foreign, published};
use crate::rsa::RsaKey;
use crate::stage::{Answer, NOW_S, ORIGIN, Stage};

fn signed(algorithm: Algorithm, kid: Option<&str>, claims: &Value, key: &EncodingKey) -> String {
    jsonwebtoken::encode(&Header { kid: kid.map(str::to_owned), ..Header::new(algorithm) }, claims, key).unwrap()
}

/// A token with this header whose signature is that of another.
fn with_header(token: &str, header: &Value) -> String {
    let rest = token.split_once('.').unwrap().1;
    format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header.to_string()))
}

#[test] // AUTH-20, AUTH-21
fn a_public_rsa_key_is_no_secret_and_signs_in_the_configured_way_only() {
    let (key, stranger) = (RsaKey::generate(), RsaKey::generate());
    let foreign = Foreign::new();
    foreign.publish("k1", key.encoding());
    // RS256 is what counts if nothing is said.
    let stage = foreign.stage(vec![OutsideIssuer { algorithms: Vec::new(), ..outside::issuer() }]);
    let application = Uuid::from_u128(0xA9);
    let user = stage.organization.ensure_application_administrator(application, "robot").unwrap();
    let claims = outside::claims(application);
    let claims_with = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        signed(Algorithm::RS256, Some("k1"), &claims, &key.encoding())
    };
    let good = signed(Algorithm::RS256, Some("k1"), &claims, &key.encoding());
    assert_eq!(stage.caller(&good).unwrap().user, user);
    let message = good.rsplit_once('.').unwrap().0;
    let own = published("k1", &stranger.encoding());
    let by_stranger = |header: Header| jsonwebtoken::encode(&Header { kid: Some("k1".to_owned()), ..header }, &claims, &stranger.encoding()).unwrap();
    let elsewhere = Header { jwk: serde_json::from_value(own).ok(), jku: Some("https://evil.example/keys".to_owned()), ..Header::new(Algorithm::RS256) };
    let chain = Header { x5c: Some(vec![STANDARD.encode(stranger.certificate().1)]), ..Header::new(Algorithm::RS256) };
    let mut cases = vec![
        ("none", with_header(&good, &json!({"alg": "none", "kid": "k1"}))),
        ("none, unsigned", format!("{}.", with_header(message, &json!({"alg": "none", "kid": "k1"})))),
        ("a way that is not configured", signed(Algorithm::PS256, Some("k1"), &claims, &key.encoding())),
        ("a longer digest", signed(Algorithm::RS512, Some("k1"), &claims, &key.encoding())),
        ("ES256 in the header", with_header(&good, &json!({"alg": "ES256", "kid": "k1"}))),
        ("no kid", signed(Algorithm::RS256, None, &claims, &key.encoding())),
        ("an empty kid", signed(Algorithm::RS256, Some(""), &claims, &key.encoding())),
        ("an unknown kid", signed(Algorithm::RS256, Some("k2"), &claims, &key.encoding())),
        ("a path for a kid", signed(Algorithm::RS256, Some("../../dev/null"), &claims, &key.encoding())),
        ("a foreign key", by_stranger(Header::new(Algorithm::RS256))),
        ("a foreign key that comes along", by_stranger(elsewhere)),
        ("a foreign certificate that comes along", by_stranger(chain)),
        ("no signature", format!("{message}.")),
        ("a signature of zeros", format!("{message}.{}", URL_SAFE_NO_PAD.encode([0; 256]))),
        ("a signature of one", format!("{message}.{}", URL_SAFE_NO_PAD.encode([[0; 255].as_slice(), &[1]].concat()))),
        ("another audience", claims_with("aud", "api://other".into())),
        ("expired", claims_with("exp", (NOW_S - 61).into())),
        ("an end that is no number", claims_with("exp", "9999999999".into())),
        ("no end", claims_with("exp", Value::Null)),
        ("from the future", claims_with("nbf", (NOW_S + 61).into())),
        ("oversize", claims_with("x", "x".repeat(16 * 1024).into())),
    ];
    for secret in key.public_forms() {
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            cases.push(("HMAC with the public key", signed(algorithm, Some("k1"), &claims, &EncodingKey::from_secret(&secret))));
        }
    }
    for (name, token) in cases {
        let outcome = stage.caller(&token);
        assert!(matches!(outcome, Err(NoCaller::Unauthenticated(_))), "{name}: {outcome:?}");
    }
    assert_eq!(foreign.fetches.load(Ordering::SeqCst), 1, "no header leads to another fetch");
}

/// An application with a certificate for an RSA key.
struct Certified {
    stage: Stage,
    id: Uuid,
    key: RsaKey,
    der: Vec<u8>,
}

impl Certified {
    fn new() -> Self {
        let (stage, key) = (Stage::new(), RsaKey::generate());
        let (pem, der) = key.certificate();
        let new = NewApplication { name: "program", certificates: vec![pem.into_bytes()], ..NewApplication::default() };
        let id = stage.register_as(&new, WithSecret::No).0;
        Self { stage, id, key, der }
    }

    fn sha1(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &self.der))
    }

    fn sha256(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest(&SHA256, &self.der))
    }

    fn claims(&self) -> Value {
        json!({"iss": self.id, "sub": self.id, "aud": format!("{ORIGIN}/adfs/oauth2/token"), "exp": NOW_S as f64 + 599.5, "iat": NOW_S as f64 + 0.25})
    }

    fn sign(&self, header: &Header, key: &EncodingKey) -> String {
        jsonwebtoken::encode(header, &self.claims(), key).unwrap()
    }

    fn ask(&self, assertion: &str) -> Answer {
        let (kind, id) = ("urn:ietf:params:oauth:client-assertion-type:jwt-bearer", self.id.to_string());
        let fields = [("grant_type", "client_credentials"), ("client_id", &*id), ("client_assertion_type", kind), ("client_assertion", assertion)];
        self.stage.post("/adfs/oauth2/token", &fields)
    }
}

#[test] // AUTH-15
fn rsa_certificates_are_named_in_every_way_that_libraries_use() {
    let certified = Certified::new();
    let (sha1, sha256) = (certified.sha1(), certified.sha256());
    let hexadecimal: String = digest(&SHA1_FOR_LEGACY_USE_ONLY, &certified.der).as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
    for algorithm in [Algorithm::RS256, Algorithm::PS256] {
        let plain = Header::new(algorithm);
        for (name, header) in [
            ("x5t", Header { x5t: Some(sha1.clone()), ..plain.clone() }),
            ("x5t#S256", Header { x5t_s256: Some(sha256.clone()), ..plain.clone() }),
            ("x5t#S256 with its chain", Header { x5t_s256: Some(sha256.clone()), x5c: Some(vec![STANDARD.encode(&certified.der)]), ..plain.clone() }),
            ("kid", Header { kid: Some(sha1.clone()), ..plain.clone() }),
            ("kid in digits", Header { kid: Some(hexadecimal.clone()), ..plain.clone() }),
        ] {
            let answer = certified.ask(&certified.sign(&header, &certified.key.encoding()));
            assert_eq!(answer.status, 200, "{algorithm:?} {name}: {}", answer.text);
        }
    }
}

#[test] // AUTH-15
fn a_public_certificate_proves_no_application() {
    let certified = Certified::new();
    let (stranger, own) = (RsaKey::generate(), certified.key.encoding());
    let other_der = stranger.certificate().1;
    let chain = |der: &[u8]| Some(vec![STANDARD.encode(der)]);
    let named = |algorithm: Algorithm| Header { x5t: Some(certified.sha1()), ..Header::new(algorithm) };
    let other_name = URL_SAFE_NO_PAD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &other_der));
    let good = certified.sign(&named(Algorithm::RS256), &own);
    let mut cases = vec![
        ("none", with_header(&good, &json!({"alg": "none", "x5t": certified.sha1()}))),
        ("a longer digest", certified.sign(&named(Algorithm::RS384), &own)),
        ("ES256 in the header", with_header(&good, &json!({"alg": "ES256", "x5t": certified.sha1()}))),
        ("a foreign key", certified.sign(&named(Algorithm::RS256), &stranger.encoding())),
        ("a foreign certificate", certified.sign(&Header { x5t: Some(other_name), ..Header::new(Algorithm::RS256) }, &stranger.encoding())),
        ("a chain alone", certified.sign(&Header { x5c: chain(&other_der), ..Header::new(Algorithm::RS256) }, &stranger.encoding())),
        ("the name of one and the chain of another", certified.sign(&Header { x5c: chain(&other_der), ..named(Algorithm::RS256) }, &stranger.encoding())),
        ("no name", certified.sign(&Header::new(Algorithm::RS256), &own)),
        ("oversize", certified.sign(&Header { cty: Some("x".repeat(17 * 1024)), ..named(Algorithm::RS256) }, &own)),
    ];
    let (pem, der) = certified.key.certificate();
    for secret in certified.key.public_forms().into_iter().chain([pem.into_bytes(), der, certified.der.clone()]) {
        cases.push(("HMAC with what is public", certified.sign(&named(Algorithm::HS256), &EncodingKey::from_secret(&secret))));
    }
    for (name, assertion) in cases {
        let answer = certified.ask(&assertion);
        assert_eq!((answer.status, &answer.json()["error"]), (401, &"invalid_client".into()), "{name}: {}", answer.text);
    }
}
