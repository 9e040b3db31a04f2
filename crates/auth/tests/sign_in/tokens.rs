//! Tokens that must not be accepted (AUTH-21), and those that must.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use driftless_auth::NoCaller;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use serde_json::{Value, json};

use crate::stage::{NOW_S, ORIGIN, Program, Stage};

/// The issuer's key, taken from its file as only its owner could.
fn own_key(stage: &Stage) -> EncodingKey {
    let stored: Value = serde_json::from_slice(&std::fs::read(stage.folder().join("issuer_keys.json")).unwrap()).unwrap();
    EncodingKey::from_ec_der(&STANDARD.decode(stored["records"][0]["pkcs8"].as_str().unwrap()).unwrap())
}

struct Forge {
    key: EncodingKey,
    header: Value,
    claims: Value,
}

impl Forge {
    /// A forge whose product differs in nothing from what the issuer makes.
    fn new(stage: &Stage, program: &Program) -> Self {
        let token = stage.token(program);
        let parts: Vec<&str> = token.split('.').collect();
        let part = |at: usize| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[at]).unwrap()).unwrap();
        Self { key: own_key(stage), header: part(0), claims: part(1) }
    }

    fn header(&self) -> Header {
        serde_json::from_value(self.header.clone()).unwrap()
    }

    /// Signs the claims with some of them changed; null removes one.
    fn sign(&self, changes: Value) -> String {
        jsonwebtoken::encode(&self.header(), &merged(&self.claims, changes), &self.key).unwrap()
    }

    /// Puts parts together as they are.
    fn join(header: &Value, claims: &Value, signature: &[u8]) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.{}", part(header), part(claims), URL_SAFE_NO_PAD.encode(signature))
    }
}

fn merged(base: &Value, changes: Value) -> Value {
    let mut merged = base.as_object().unwrap().clone();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            merged.remove(name)
        } else {
            merged.insert(name.clone(), value.clone())
        };
    }
    merged.into()
}

#[test] // AUTH-21
fn broken_tokens_are_each_refused() {
    let stage = Stage::new();
    let program = stage.program();
    let forge = Forge::new(&stage, &program);
    let good = forge.sign(json!({}));
    assert_eq!(stage.caller(&good).unwrap().user, program.user);
    let (message, signature) = good.rsplit_once('.').unwrap();
    let (header, payload) = message.split_once('.').unwrap();
    let public = stage.get("/adfs/discovery/keys").json();
    let secret = public["keys"][0]["x"].as_str().unwrap().as_bytes();
    let confused = Header { kid: forge.header().kid, ..Header::new(Algorithm::HS256) };
    let foreign = EncodingKey::from_ec_der(&foreign_key());
    let with_header = |changes: Value| Forge::join(&merged(&forge.header, changes), &forge.claims, &URL_SAFE_NO_PAD.decode(signature).unwrap());
    let resigned = |changes: Value, key: &EncodingKey| {
        let header: Header = serde_json::from_value(merged(&forge.header, changes)).unwrap();
        jsonwebtoken::encode(&header, &forge.claims, key).unwrap()
    };
    let now = NOW_S as f64;
    let cases = [
        ("alg none", Forge::join(&json!({"alg": "none", "typ": "JWT"}), &forge.claims, b"")),
        ("alg None", Forge::join(&json!({"alg": "None", "kid": forge.header["kid"]}), &forge.claims, b"")),
        ("alg none, old signature", with_header(json!({"alg": "none"}))),
        ("no alg", with_header(json!({"alg": null}))),
        ("HS256 with the public key", jsonwebtoken::encode(&confused, &forge.claims, &EncodingKey::from_secret(secret)).unwrap()),
        ("RS256 in the header", with_header(json!({"alg": "RS256"}))),
        ("ES384 in the header", with_header(json!({"alg": "ES384"}))),
        ("no kid", resigned(json!({"kid": null}), &forge.key)),
        ("unknown kid", resigned(json!({"kid": "other"}), &forge.key)),
        ("foreign key", resigned(json!({}), &foreign)),
        (
            "foreign key in the header",
            resigned(json!({"jwk": {"kty": "EC", "crv": "P-256", "x": public["keys"][0]["x"], "y": public["keys"][0]["y"]}}), &foreign),
        ),
        ("keys elsewhere", resigned(json!({"jku": "https://evil.example/keys", "x5u": "https://evil.example/key"}), &foreign)),
        ("a certificate in the header", resigned(json!({"x5c": ["MIIB"]}), &foreign)),
        ("a signature of zeros", format!("{message}.{}", URL_SAFE_NO_PAD.encode([0; 64]))),
        ("an unencoded payload", with_header(json!({"b64": false, "crit": ["b64"]}))),
        ("critical extension", with_header(json!({"crit": ["x"]}))),
        (
            "changed claims",
            format!(
                "{header}.{}.{signature}",
                URL_SAFE_NO_PAD.encode(merged(&forge.claims, json!({"appid": "00000000-0000-0000-0000-000000000001"})).to_string())
            ),
        ),
        ("no signature", format!("{header}.{payload}.")),
        ("cut signature", format!("{header}.{payload}.{}", &signature[..40])),
        ("two parts", format!("{header}.{payload}")),
        ("four parts", format!("{good}.x")),
        ("not base64", format!("{header}.{payload}!.{signature}")),
        ("not JSON", format!("{}.{payload}.{signature}", URL_SAFE_NO_PAD.encode("nothing"))),
        ("other issuer", forge.sign(json!({"iss": "https://login.example/adfs"}))),
        ("issuer of no shape", forge.sign(json!({"iss": ORIGIN}))),
        ("issuer of another tenant", forge.sign(json!({"iss": format!("{ORIGIN}/{}", uuid::Uuid::from_u128(5))}))),
        ("other audience", forge.sign(json!({"aud": "https://other.example/"}))),
        ("audience that begins alike", forge.sign(json!({"aud": "https://localhost:84430/"}))),
        ("no audience", forge.sign(json!({"aud": null}))),
        ("expired", forge.sign(json!({"exp": now - 61.0}))),
        ("no expiry", forge.sign(json!({"exp": null}))),
        ("expiry as text", forge.sign(json!({"exp": "9999999999"}))),
        ("from the future", forge.sign(json!({"nbf": now + 61.0}))),
        ("other tenant", forge.sign(json!({"tid": uuid::Uuid::from_u128(5)}))),
        ("neither program nor person", forge.sign(json!({"idtyp": "device"}))),
        ("too large", forge.sign(json!({"name": "x".repeat(20_000)}))),
        ("empty", String::new()),
        ("words", "wrong".to_owned()),
    ];
    for (name, token) in cases {
        let outcome = stage.caller(&token);
        assert!(matches!(outcome, Err(NoCaller::Unauthenticated(_))), "{name}: {outcome:?}");
    }
    assert!(stage.caller(&forge.sign(json!({"exp": now - 59.0, "nbf": now + 59.0}))).is_ok(), "clocks may differ by a minute");
    assert!(DecodingKey::from_ec_components(public["keys"][0]["x"].as_str().unwrap(), public["keys"][0]["y"].as_str().unwrap()).is_ok());
}

fn foreign_key() -> Vec<u8> {
    rcgen::KeyPair::generate().unwrap().serialize_der()
}

#[test] // AUTH-21
fn a_token_that_was_accepted_once_still_expires_and_keeps_its_audience() {
    let stage = Stage::new();
    let program = stage.program();
    let token = stage.token(&program);
    for _ in 0..2 {
        assert!(stage.caller(&token).is_ok());
        assert!(matches!(stage.caller_at(&token, "https://other.example"), Err(NoCaller::Unauthenticated(_))), "another service, from memory too");
    }
    stage.sign_in.listens_at(vec![ORIGIN.to_owned(), "http://127.0.0.1:8080".to_owned()]);
    assert!(stage.caller_at(&token, "http://127.0.0.1:8080").is_ok(), "another address of the same service");
    stage.environment.advance_s(3_600 + 59);
    assert!(stage.caller(&token).is_ok());
    stage.environment.advance_s(1);
    assert!(matches!(stage.caller(&token), Err(NoCaller::Unauthenticated("expired token"))));
}

#[test] // AUTH-11
fn tokens_outlive_the_key_that_signed_them() {
    let stage = Stage::new();
    let program = stage.program();
    stage.environment.advance_s(90 * 86_400 - 1);
    let early = stage.token(&program);
    stage.environment.advance_s(1);
    let late = stage.token(&program);
    assert_ne!(early.split('.').next(), late.split('.').next(), "another key");
    assert!(stage.caller(&early).is_ok() && stage.caller(&late).is_ok());
}
