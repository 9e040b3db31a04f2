//! What it costs to know who calls: the first check of a signed token, and each later request that carries it.
//!
//! No service is started: the sign-in is called as the service calls it for each request, on one thread.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow, ensure};
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use bytes::Bytes;
use driftless_auth::{ApplicationFile, Arrival, NewApplication, OutsideIssuer, RandomUnavailable, SignIn, SignInSettings, WithSecret};
use driftless_core::{Environment, Organization, SystemEnvironment};
use driftless_model::Limits;
use driftless_store_sqlite::{SqliteOptions, SqliteStore};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use uuid::Uuid;

use super::report::Row;
use super::stage::Stage;
use super::{Plan, median};

/// Tokens that are each checked for the first time.
const TOKENS: usize = 2_000;
/// Requests that carry a token which was checked before.
const REQUESTS: usize = 200_000;
/// The address of the service.
const ORIGIN: &str = "https://localhost:8443";
/// Name of the outside issuer, its audience and its key.
const OUTSIDE: &str = "https://login.example/tenant/v2.0";
const AUDIENCE: &str = "api://driftless";
const KID: &str = "first";

/// Bytes of PKCS #8 before the RSA key of 2,048 bits that it holds.
const PKCS8_HEAD_BYTES: usize = 26;

/// An organization with an application whose tokens it makes, and that an outside issuer makes tokens for too.
struct Bench {
    sign_in: SignIn,
    application: Uuid,
    secret: String,
    key: EncodingKey,
    now_s: i64,
}

/// Measures tokens of our issuer, which are ES256, and of an outside one, RS256 with 2,048 bits.
pub(crate) fn run(plan: &Plan, _: &Stage) -> Result<Vec<Row>> {
    let bench = Bench::new(plan)?;
    let own = (0..TOKENS).map(|_| bench.own_token()).collect::<Result<Vec<_>>>()?;
    let outside = (0..TOKENS).map(|number| bench.outside_token(number)).collect::<Result<Vec<_>>>()?;
    // The keys are fetched here.
    bench.call(&format!("Bearer {}", bench.outside_token(TOKENS)?))?;
    let first = |name, tokens: &[String]| -> Result<Row> {
        let value = bench.first_us(tokens)?;
        Ok(Row { name, value, unit: "us", ..Row::default() }.goal("< 300 us", value < 300.0))
    };
    let later = |name, token: &str| -> Result<Row> {
        let value = bench.later_us(token)?;
        Ok(Row { name, value, unit: "us", ..Row::default() }.goal("< 10 us", value < 10.0))
    };
    Ok(vec![
        first("first check of a token of our issuer (ES256)", &own)?,
        first("first check of a token of an outside issuer (RS256)", &outside)?,
        later("later check of a token of our issuer", &own[TOKENS - 1])?,
        later("later check of a token of an outside issuer", &outside[TOKENS - 1])?,
    ])
}

impl Bench {
    fn new(plan: &Plan) -> Result<Self> {
        let folder = plan.folder.join("tokens");
        let environment = Arc::new(SystemEnvironment::default());
        let organization = Organization::open(
            Arc::new(SqliteStore::open(&folder, &SqliteOptions::default())?),
            Arc::clone(&environment) as Arc<dyn Environment>,
            Limits::default(),
        )
        .map_err(|error| anyhow!("{}", error.message()))?;
        let now_s = environment.now_ms() / 1_000;
        let mut fill = |bytes: &mut [u8]| {
            environment.fill_random(bytes);
            Ok::<_, RandomUnavailable>(())
        };
        let new = NewApplication { name: "bench", ..NewApplication::default() };
        let (made, secret) = ApplicationFile::open(&folder).make(&new, WithSecret::Yes, now_s, &mut fill)?;
        organization.ensure_application_administrator(made.id, "bench").map_err(|error| anyhow!("{}", error.message()))?;
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| anyhow!("no RSA key"))?;
        let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| anyhow!("no form of the RSA key"))?;
        let key = EncodingKey::from_rsa_der(der.as_ref().get(PKCS8_HEAD_BYTES..).context("a short RSA key")?);
        let sign_in = SignIn::open(&folder, organization, settings(&key)?)?;
        let secret = secret.context("the application has no secret")?.reveal().to_owned();
        Ok(Self { sign_in, application: made.id, secret, key, now_s })
    }

    fn own_token(&self) -> Result<String> {
        let body = format!("grant_type=client_credentials&client_id={}&client_secret={}", self.application, self.secret);
        let request = http::Request::post("/adfs/oauth2/token").header("content-type", "application/x-www-form-urlencoded").body(Bytes::from(body))?;
        let answer = self.sign_in.answer(&request, arrival()).context("the issuer does not answer")?;
        let document: Value = serde_json::from_slice(answer.body())?;
        document["access_token"].as_str().map(str::to_owned).with_context(|| format!("no token: {document}"))
    }

    fn outside_token(&self, number: usize) -> Result<String> {
        let claims = json!({"iss": OUTSIDE, "aud": AUDIENCE, "exp": self.now_s + 3_600, "nbf": self.now_s, "azp": self.application, "ver": "2.0",
            "uti": number, "name": "an application of the bench", "sub": self.application, "idtyp": "app"});
        Ok(jsonwebtoken::encode(&Header { kid: Some(KID.to_owned()), ..Header::new(Algorithm::RS256) }, &claims, &self.key)?)
    }

    fn call(&self, header: &str) -> Result<()> {
        let outcome = self.sign_in.caller(Some(header), arrival());
        ensure!(outcome.is_ok(), "a token is refused: {outcome:?}");
        Ok(())
    }

    /// Microseconds of the middle one of tokens that are seen for the first time.
    fn first_us(&self, tokens: &[String]) -> Result<f64> {
        let mut all = Vec::with_capacity(tokens.len());
        for token in tokens {
            let header = format!("Bearer {token}");
            let begun = Instant::now();
            self.call(&header)?;
            all.push(begun.elapsed().as_secs_f64() * 1e6);
        }
        Ok(median(&mut all))
    }

    /// Microseconds of one request whose token was seen before.
    fn later_us(&self, token: &str) -> Result<f64> {
        let header = format!("Bearer {token}");
        let begun = Instant::now();
        for _ in 0..REQUESTS {
            self.call(&header)?;
        }
        Ok(begun.elapsed().as_secs_f64() * 1e6 / REQUESTS as f64)
    }
}

/// Trust in the outside issuer, whose key needs no network.
fn settings(key: &EncodingKey) -> Result<SignInSettings> {
    let mut jwk = serde_json::to_value(Jwk::from_encoding_key(key, Algorithm::RS256)?)?;
    jwk["kid"] = KID.into();
    let keys = json!({"keys": [jwk]}).to_string().into_bytes();
    let issuer: OutsideIssuer = serde_json::from_value(json!({"issuer": OUTSIDE, "audiences": [AUDIENCE], "jwks_uri": "https://login.example/keys"}))?;
    Ok(SignInSettings { issuers: vec![issuer], fetch: Some(Arc::new(move |_| Ok(keys.clone()))), ..SignInSettings::default() })
}

fn arrival() -> Arrival<'static> {
    Arrival { origin: ORIGIN, address: IpAddr::V4(Ipv4Addr::LOCALHOST) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // AUTH-21
    fn both_kinds_of_tokens_are_accepted() {
        let folder = crate::service::fresh_folder("tokens-test").unwrap();
        let plan = Plan { folder: folder.clone(), ..Plan::default() };
        let bench = Bench::new(&plan).unwrap();
        bench.call(&format!("Bearer {}", bench.own_token().unwrap())).unwrap();
        bench.call(&format!("Bearer {}", bench.outside_token(1).unwrap())).unwrap();
        std::fs::remove_dir_all(folder).unwrap();
    }
}
