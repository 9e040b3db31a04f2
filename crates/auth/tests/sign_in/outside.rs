//! Tokens of issuers outside of the service (AUTH-20, AUTH-22).

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use driftless_auth::{NoCaller, OutsideIssuer, SignInSettings};
use driftless_model::ErrorCode;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, AlgorithmFamily, EncodingKey, Header};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::stage::{NOW_S, Stage};

const ISSUER: &str = "https://login.example/tenant/v2.0";
const KEYS: &str = "https://login.example/keys";
const TENANT: Uuid = Uuid::from_u128(0x7E);

/// A key and its name.
type NamedKey = (String, Arc<EncodingKey>);

/// An issuer that this test keeps: its key, and whether it can be reached.
#[derive(Clone)]
pub(crate) struct Foreign {
    keys: Arc<Mutex<Vec<NamedKey>>>,
    pub(crate) fetches: Arc<AtomicUsize>,
    is_down: Arc<AtomicBool>,
}

impl Foreign {
    pub(crate) fn new() -> Self {
        let foreign = Self { keys: Arc::default(), fetches: Arc::default(), is_down: Arc::default() };
        foreign.roll("k1");
        foreign
    }

    /// Replaces the key.
    fn roll(&self, kid: &str) {
        self.publish(kid, EncodingKey::from_ec_der(&rcgen::KeyPair::generate().unwrap().serialize_der()));
    }

    /// Publishes this key and no other.
    pub(crate) fn publish(&self, kid: &str, key: EncodingKey) {
        *self.keys.lock().unwrap() = vec![(kid.to_owned(), Arc::new(key))];
    }

    fn answer(&self, address: &str) -> Result<Vec<u8>, String> {
        if self.is_down.load(Ordering::SeqCst) {
            return Err("no route".to_owned());
        }
        let document = match address {
            KEYS => {
                self.fetches.fetch_add(1, Ordering::SeqCst);
                let keys: Vec<Value> = self.keys.lock().unwrap().iter().map(|(kid, key)| published(kid, key)).collect();
                json!({ "keys": keys })
            }
            _ if *address == format!("{ISSUER}/.well-known/openid-configuration") => json!({"issuer": ISSUER, "jwks_uri": KEYS}),
            other => return Err(format!("nothing at {other}")),
        };
        Ok(document.to_string().into_bytes())
    }

    pub(crate) fn stage(&self, issuers: Vec<OutsideIssuer>) -> Stage {
        let foreign = self.clone();
        let fetch = Arc::new(move |address: &str| foreign.answer(address));
        Stage::with(SignInSettings { issuers, fetch: Some(fetch), ..SignInSettings::default() })
    }

    fn sign(&self, claims: &Value) -> String {
        let (kid, key) = self.keys.lock().unwrap()[0].clone();
        let header = Header { kid: Some(kid), ..Header::new(Algorithm::ES256) };
        jsonwebtoken::encode(&header, claims, &key).unwrap()
    }
}

pub(crate) fn published(kid: &str, key: &EncodingKey) -> Value {
    let algorithm = if key.family() == AlgorithmFamily::Rsa { Algorithm::RS256 } else { Algorithm::ES256 };
    let mut jwk = serde_json::to_value(Jwk::from_encoding_key(key, algorithm).unwrap()).unwrap();
    jwk["kid"] = kid.into();
    jwk
}

pub(crate) fn issuer() -> OutsideIssuer {
    OutsideIssuer {
        issuer: ISSUER.to_owned(),
        audiences: vec!["api://books".to_owned()],
        jwks_uri: None,
        algorithms: vec!["ES256".to_owned()],
        tenants: vec![TENANT],
        person_claim: None,
        applications: [("books-sync".to_owned(), Uuid::from_u128(0xB0))].into(),
    }
}

pub(crate) fn claims(application: Uuid) -> Value {
    json!({"iss": ISSUER, "aud": "api://books", "exp": NOW_S + 3_600, "nbf": NOW_S, "tid": TENANT, "azp": application, "oid": Uuid::from_u128(5), "ver": "2.0"})
}

fn with(base: &Value, changes: Value) -> Value {
    let mut all = base.clone();
    for (name, value) in changes.as_object().unwrap() {
        all[name] = value.clone();
    }
    all
}

#[test] // AUTH-20, AUTH-23
fn tokens_of_a_trusted_issuer_lead_to_its_applications_and_people() {
    let foreign = Foreign::new();
    let stage = foreign.stage(vec![issuer()]);
    let application = Uuid::from_u128(0xA9);
    let user = stage.organization.ensure_application_administrator(application, "robot").unwrap();
    let keycloak = stage.organization.ensure_application_administrator(Uuid::from_u128(0xB0), "sync").unwrap();
    let claims = claims(application);
    assert_eq!(stage.caller(&foreign.sign(&claims)).unwrap().user, user, "azp");
    assert_eq!(
        stage.caller(&foreign.sign(&with(&claims, json!({"appid": application, "azp": null, "aud": ["x", "api://books"]})))).unwrap().user,
        user,
        "appid"
    );
    let mapped = with(&claims, json!({"azp": "books-sync", "preferred_username": "service-account-books-sync"}));
    assert_eq!(stage.caller(&foreign.sign(&mapped)).unwrap().user, keycloak, "a client id that is no GUID");
    let Err(NoCaller::Refused(error)) = stage.caller(&foreign.sign(&with(&claims, json!({"scp": "user_impersonation"})))) else { panic!("no such person") };
    assert_eq!(error.code(), ErrorCode::UserNotMemberOfOrg);
    let now = NOW_S;
    for (name, changes) in [
        ("audience", json!({"aud": "api://other"})),
        ("our own address is not its audience", json!({"aud": "https://localhost:8443/"})),
        ("tenant", json!({"tid": Uuid::from_u128(1)})),
        ("no tenant", json!({"tid": null})),
        ("issuer", json!({"iss": "https://login.example/other/v2.0"})),
        ("expired", json!({"exp": now - 61})),
        ("early", json!({"nbf": now + 61})),
        ("nobody", json!({"azp": null})),
        ("an application without a GUID", json!({"azp": "unknown"})),
    ] {
        let outcome = stage.caller(&foreign.sign(&with(&claims, changes)));
        assert!(matches!(outcome, Err(NoCaller::Unauthenticated(_))), "{name}: {outcome:?}");
    }
    let header = Header { kid: Some("k1".to_owned()), ..Header::new(Algorithm::HS256) };
    let confused = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(b"x")).unwrap();
    assert!(matches!(stage.caller(&confused), Err(NoCaller::Unauthenticated(_))));
}

/// An issuer for several tenants, as Entra ID has two of.
fn entra(issuer: &str) -> OutsideIssuer {
    let (issuer, jwks_uri) = (issuer.to_owned(), Some(KEYS.to_owned()));
    OutsideIssuer { issuer, jwks_uri, audiences: vec!["https://books.example".to_owned()], applications: [].into(), ..self::issuer() }
}

#[test] // AUTH-20, AUTH-21, AUTH-23
fn both_versions_of_tokens_of_several_tenants_are_read() {
    let foreign = Foreign::new();
    let stage = foreign.stage(vec![entra("https://sts.example/{tenantid}/"), entra("https://login.example/{tenantid}/v2.0"), issuer()]);
    let (application, stranger) = (Uuid::from_u128(0xA9), Uuid::from_u128(0x57));
    let user = stage.organization.ensure_application_administrator(application, "robot").unwrap();
    let both = json!({"aud": "https://books.example", "exp": NOW_S + 3_600, "nbf": NOW_S, "iat": NOW_S, "tid": TENANT, "sub": Uuid::from_u128(5), "oid": Uuid::from_u128(5)});
    let first = with(&both, json!({"iss": format!("https://sts.example/{TENANT}/"), "ver": "1.0", "appid": application, "appidacr": "1", "idtyp": "app"}));
    let second = with(&both, json!({"iss": format!("https://login.example/{TENANT}/v2.0"), "ver": "2.0", "azp": application, "azpacr": "1"}));
    let keycloak = json!({"iss": ISSUER, "aud": ["api://books", "account"], "exp": NOW_S + 300, "iat": NOW_S, "tid": TENANT, "typ": "Bearer",
        "azp": application, "client_id": application, "preferred_username": format!("service-account-{application}"), "scope": "profile email"});
    for claims in [&first, &second, &keycloak] {
        assert_eq!(stage.caller(&foreign.sign(claims)).unwrap().user, user, "{claims}");
    }
    for (name, claims) in [
        ("a tenant that is not listed", with(&first, json!({"iss": format!("https://sts.example/{stranger}/"), "tid": stranger}))),
        ("a tenant that is another than the issuer's", with(&first, json!({"tid": stranger}))),
        ("the mark itself", with(&first, json!({"iss": "https://sts.example/{tenantid}/"}))),
        ("more than the tenant", with(&second, json!({"iss": format!("https://login.example/{TENANT}/x/v2.0")}))),
        ("the audience of the other issuer", with(&keycloak, json!({"aud": "https://books.example"}))),
    ] {
        let outcome = stage.caller(&foreign.sign(&claims));
        assert!(matches!(outcome, Err(NoCaller::Unauthenticated(_))), "{name}: {outcome:?}");
    }
    let person = with(&second, json!({"scp": "user_impersonation", "preferred_username": "a@books.example"}));
    assert!(matches!(stage.caller(&foreign.sign(&person)), Err(NoCaller::Refused(_))), "a person, though an application carries the token");
}

#[test] // AUTH-21
fn an_issuers_keys_sign_in_the_way_of_the_issuer_only() {
    let foreign = Foreign::new();
    let stage = foreign.stage(vec![issuer()]);
    let application = Uuid::from_u128(0xA9);
    stage.organization.ensure_application_administrator(application, "robot").unwrap();
    let claims = claims(application);
    let good = foreign.sign(&claims);
    assert!(stage.caller(&good).is_ok());
    let (message, signature) = good.rsplit_once('.').unwrap();
    let payload = message.split_once('.').unwrap().1;
    let key = published("k1", &foreign.keys.lock().unwrap()[0].1);
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = |changes: Value| format!("{}.{payload}.{signature}", part(&with(&json!({"alg": "ES256", "kid": "k1", "typ": "JWT"}), changes)));
    let stranger = EncodingKey::from_ec_der(&rcgen::KeyPair::generate().unwrap().serialize_der());
    let by_stranger = |header: Header| jsonwebtoken::encode(&Header { kid: Some("k1".to_owned()), ..header }, &claims, &stranger).unwrap();
    let own = published("k1", &stranger);
    let secret = |text: &str| {
        let header = Header { kid: Some("k1".to_owned()), ..Header::new(Algorithm::HS256) };
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(text.as_bytes())).unwrap()
    };
    for (name, token) in [
        ("none", format!("{}.{payload}.", part(&json!({"alg": "none", "kid": "k1"})))),
        ("HS256 with the published key", secret(&key.to_string())),
        ("HS256 with its x", secret(key["x"].as_str().unwrap())),
        ("RS256 in the header", header(json!({"alg": "RS256"}))),
        ("PS256 in the header", header(json!({"alg": "PS256"}))),
        ("EdDSA in the header", header(json!({"alg": "EdDSA"}))),
        ("unencoded payload", header(json!({"b64": false, "crit": ["b64"]}))),
        ("a key of one's own in jwk", by_stranger(Header { jwk: serde_json::from_value(own.clone()).ok(), ..Header::new(Algorithm::ES256) })),
        ("a key of one's own at jku", by_stranger(Header { jku: Some("https://evil.example/keys".to_owned()), ..Header::new(Algorithm::ES256) })),
        ("a key of one's own at x5u", by_stranger(Header { x5u: Some("https://evil.example/key".to_owned()), ..Header::new(Algorithm::ES256) })),
        ("a key of one's own in x5c", by_stranger(Header { x5c: Some(vec!["MIIB".to_owned()]), ..Header::new(Algorithm::ES256) })),
        ("a signature of zeros", format!("{message}.{}", URL_SAFE_NO_PAD.encode([0; 64]))),
        ("a signature in DER", format!("{message}.{}", URL_SAFE_NO_PAD.encode([0x30, 6, 2, 1, 0, 2, 1, 0]))),
        ("a padded signature", format!("{good}==")),
        ("blanks inside", good.replacen('.', ". ", 1)),
    ] {
        let outcome = stage.caller(&token);
        assert!(matches!(outcome, Err(NoCaller::Unauthenticated(_))), "{name}: {outcome:?}");
    }
    assert_eq!(foreign.fetches.load(Ordering::SeqCst), 1, "no header leads to another fetch");
}

#[test] // AUTH-22
fn keys_are_fetched_once_renewed_when_unknown_and_outlive_an_outage() {
    let foreign = Foreign::new();
    let stage = foreign.stage(vec![issuer()]);
    let application = Uuid::from_u128(0xA9);
    stage.organization.ensure_application_administrator(application, "robot").unwrap();
    let fetches = || foreign.fetches.load(Ordering::SeqCst);
    let mut number = 0;
    let mut call = |foreign: &Foreign, now_s: i64| {
        number += 1; // another token each time, so that none is remembered
        stage.caller(&foreign.sign(&with(&claims(application), json!({"exp": now_s + 3_600, "n": number})))).is_ok()
    };
    // OPS-10: an operator sees how old the keys are.
    let age_s = || stage.sign_in.ages_of_keys().map(|(name, age_s)| (name.to_owned(), age_s)).collect::<Vec<_>>();
    assert_eq!(age_s(), [(issuer().issuer, None)]);
    assert!(call(&foreign, NOW_S) && call(&foreign, NOW_S));
    assert_eq!(fetches(), 1);
    foreign.roll("k2");
    for _ in 0..50 {
        assert!(!call(&foreign, NOW_S), "asked a moment ago");
    }
    assert_eq!(fetches(), 1, "a flood of unknown keys");
    stage.environment.advance_s(300);
    assert!(call(&foreign, NOW_S + 300), "the key has rolled");
    assert_eq!(fetches(), 2);
    foreign.is_down.store(true, Ordering::SeqCst);
    stage.environment.advance_s(47 * 3_600);
    assert!(call(&foreign, NOW_S + 300 + 47 * 3_600), "an outage");
    assert_eq!(age_s(), [(issuer().issuer, Some(47 * 3_600))]);
    stage.environment.advance_s(3_600);
    assert!(!call(&foreign, NOW_S + 300 + 48 * 3_600), "too long an outage");
    foreign.is_down.store(false, Ordering::SeqCst);
    stage.environment.advance_s(300);
    assert!(call(&foreign, NOW_S + 600 + 48 * 3_600));
}

#[test] // AUTH-22
fn requests_that_come_together_wait_for_one_fetch() {
    const TOGETHER: usize = 8;
    let foreign = Foreign::new();
    let waiting = Arc::new(AtomicUsize::new(0));
    let (issuer_side, arrived) = (foreign.clone(), Arc::clone(&waiting));
    let fetch = Arc::new(move |address: &str| {
        // All are on their way before the issuer answers.
        while arrived.load(Ordering::SeqCst) < TOGETHER {
            std::thread::yield_now();
        }
        issuer_side.answer(address)
    });
    let stage = Stage::with(SignInSettings { issuers: vec![issuer()], fetch: Some(fetch), ..SignInSettings::default() });
    let application = Uuid::from_u128(0xA9);
    stage.organization.ensure_application_administrator(application, "robot").unwrap();
    let accepted = std::thread::scope(|scope| {
        let (stage, foreign, waiting) = (&stage, &foreign, &waiting);
        let call = |number: usize| {
            let token = foreign.sign(&with(&claims(application), json!({"n": number})));
            waiting.fetch_add(1, Ordering::SeqCst);
            stage.caller(&token).is_ok()
        };
        let threads: Vec<_> = (0..TOGETHER).map(|number| scope.spawn(move || call(number))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).filter(|accepted| *accepted).count()
    });
    assert_eq!((accepted, foreign.fetches.load(Ordering::SeqCst)), (TOGETHER, 1));
}
