//! Applications that prove themselves by a certificate (AUTH-15).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use driftless_auth::{NewApplication, WithSecret};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::stage::{Answer, NOW_S, ORIGIN, Stage};

struct Certified {
    stage: Stage,
    id: Uuid,
    key: EncodingKey,
    x5t_s256: String,
}

impl Certified {
    fn new() -> Self {
        let stage = Stage::new();
        let pair = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["program".to_owned()]).unwrap().self_signed(&pair).unwrap();
        let new = NewApplication { name: "program", certificates: vec![certificate.pem().into_bytes()], ..NewApplication::default() };
        let (id, _) = stage.register_as(&new, WithSecret::No);
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, certificate.der());
        Self { stage, id, key: EncodingKey::from_ec_der(&pair.serialize_der()), x5t_s256: URL_SAFE_NO_PAD.encode(digest) }
    }

    fn claims(&self) -> Value {
        let end = NOW_S as f64 + 599.5;
        json!({"iss": self.id, "sub": self.id, "aud": format!("{ORIGIN}/adfs/oauth2/token"), "exp": end, "nbf": NOW_S, "jti": "1"})
    }

    fn sign(&self, claims: &Value) -> String {
        let header = Header { x5t_s256: Some(self.x5t_s256.clone()), ..Header::new(Algorithm::ES256) };
        jsonwebtoken::encode(&header, claims, &self.key).unwrap()
    }

    fn ask(&self, assertion: &str) -> Answer {
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        let id = self.id.to_string();
        let fields = [("grant_type", "client_credentials"), ("client_id", &*id), ("client_assertion_type", kind), ("client_assertion", assertion)];
        self.stage.post("/adfs/oauth2/token", &fields)
    }
}

#[test] // AUTH-15
fn a_registered_certificate_proves_its_application() {
    let certified = Certified::new();
    let assertion = certified.sign(&certified.claims());
    assert_eq!(certified.ask(&assertion).status, 200);
    assert_eq!(certified.ask(&assertion).status, 200, "a published library sends the same one for some minutes");
    let mut other = certified.claims();
    other["exp"] = (NOW_S + 300).into();
    assert_eq!(certified.ask(&certified.sign(&other)).status, 401, "another one with its jti");
    other["jti"] = "2".into();
    other["aud"] = format!("{ORIGIN}/{}/oauth2/v2.0/token", certified.stage.tenant()).into();
    assert_eq!(certified.ask(&certified.sign(&other)).status, 200, "any spelling of the endpoint");
}

#[test] // AUTH-15
fn broken_assertions_are_each_refused() {
    let certified = Certified::new();
    let stranger = KeyPair::generate().unwrap();
    let foreign = EncodingKey::from_ec_der(&stranger.serialize_der());
    let header = Header { x5t_s256: Some(certified.x5t_s256.clone()), ..Header::new(Algorithm::ES256) };
    let unnamed = Header::new(Algorithm::ES256);
    let with = |name: &str, value: Value| {
        let mut claims = certified.claims();
        claims[name] = value;
        certified.sign(&claims)
    };
    for (name, assertion) in [
        ("another key", jsonwebtoken::encode(&header, &certified.claims(), &foreign).unwrap()),
        ("no certificate named", jsonwebtoken::encode(&unnamed, &certified.claims(), &certified.key).unwrap()),
        ("another issuer", with("iss", Uuid::from_u128(1).to_string().into())),
        ("another subject", with("sub", Uuid::from_u128(1).to_string().into())),
        ("another audience", with("aud", "https://other.example/adfs/oauth2/token".into())),
        ("the service as audience", with("aud", ORIGIN.into())),
        ("expired", with("exp", (NOW_S - 61).into())),
        ("an hour long", with("exp", (NOW_S + 3_600).into())),
        ("from the future", with("nbf", (NOW_S + 61).into())),
        ("no token", "x.y.z".to_owned()),
    ] {
        let answer = certified.ask(&assertion);
        assert_eq!((answer.status, &answer.json()["error"]), (401, &"invalid_client".into()), "{name}: {}", answer.text);
    }
}
