//! Who calls: the issuer's state, and the check of what a request carries.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use driftless_core::{Organization, TokenSubject};
use driftless_model::{Caller, Error};
use serde::Deserialize;
use uuid::Uuid;

use crate::applications::{Application, ApplicationFile, Applications};
use crate::attempts::Attempts;
use crate::issuer::Arrival;
use crate::issuer::assertion::Seen;
use crate::issuer::codes::Codes;
use crate::issuer::devices::Devices;
use crate::issuer::mint::AccessClaims;
use crate::issuer::route::Tenant;
use crate::issuer::setup::Setup;
use crate::jwks::Fetch;
use crate::jwt::{BadToken, SKEW_S, Unproven, check_times};
use crate::outside::{OutsideIssuer, OutsideIssuerError, Trusted};
use crate::passwords::{PasswordError, Passwords};
use crate::record_file::RecordFileError;
use crate::refresh::{RefreshError, RefreshTokens};
use crate::signing_keys::{KeyError, SigningKeys};
use crate::token_check::{TokenCheck, Verdict, bearer};
use crate::token_file::{TokenFile, TokenFileError};
use crate::verified::{Verified, VerifiedTokens};
use crate::watched::{RECHECK, Watched};

/// How people and programs sign in.
#[derive(Clone)]
pub struct SignInSettings {
    /// Seconds that an access token lives: 300 to 86,400 (AUTH-11).
    pub access_token_s: u32,
    /// Whether applications may send names and passwords of people themselves (AUTH-03). Off unless an administrator wants it: they see the password.
    pub password_grant: bool,
    /// Issuers outside of the service whose tokens are accepted.
    pub issuers: Vec<OutsideIssuer>,
    /// How their keys are got; without it no issuer can be trusted.
    pub fetch: Option<Fetch>,
    /// How old the knowledge of tokens and applications may be: [`RECHECK`]; zero in tests.
    pub recheck: Duration,
}

impl fmt::Debug for SignInSettings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("SignInSettings")
            .field("access_token_s", &self.access_token_s)
            .field("password_grant", &self.password_grant)
            .field("issuers", &self.issuers)
            .finish_non_exhaustive()
    }
}

/// What a token says of its issuer, to choose who checks it.
#[derive(Debug, Deserialize)]
struct SaidIssuer {
    iss: String,
}

impl Default for SignInSettings {
    fn default() -> Self {
        Self { access_token_s: 3_600, password_grant: false, issuers: Vec::new(), fetch: None, recheck: RECHECK }
    }
}

/// The sign-in of one organization.
pub struct SignIn {
    organization: Arc<Organization>,
    settings: SignInSettings,
    /// Addresses of the service, once it listens.
    origins: OnceLock<Vec<String>>,
    tenant: Tenant,
    tokens: TokenCheck,
    keys: SigningKeys,
    applications: Watched<Application, Applications>,
    verified: VerifiedTokens,
    assertions: Seen,
    issuers: Vec<Trusted>,
    codes: Codes,
    devices: Devices,
    refresh: RefreshTokens,
    passwords: Passwords,
    attempts: Attempts,
    setup: Setup,
}

/// Why a request has no caller.
#[derive(Debug)]
pub enum NoCaller {
    /// 401 with a challenge (AUTH-24). The reason is for the log.
    Unauthenticated(&'static str),
    /// The token is good, but leads to no user, or the store fails.
    Refused(Error),
}

impl SignIn {
    /// Opens the sign-in of a data folder; the first key is made if there is none. The caller owns the folder.
    ///
    /// # Errors
    /// [`SignInError`] when files cannot be read or written.
    pub fn open(folder: &Path, organization: Arc<Organization>, settings: SignInSettings) -> Result<Self, SignInError> {
        let now_s = organization.environment().now_ms().div_euclid(1_000);
        let tokens = TokenFile::open(folder).and_then(|file| TokenCheck::open(file, settings.recheck))?;
        let applications = Watched::open(ApplicationFile::open(folder).into_records(), settings.recheck, Applications::build)?;
        Ok(Self {
            tenant: Tenant::new(organization.facts().organization, &organization.name()?),
            keys: SigningKeys::open(folder, now_s)?,
            verified: VerifiedTokens::default(),
            assertions: Seen::default(),
            issuers: trusted(&settings)?,
            codes: Codes::default(),
            devices: Devices::default(),
            refresh: RefreshTokens::open(folder),
            passwords: Passwords::open(folder, settings.recheck)?,
            attempts: Attempts::default(),
            setup: Setup::default(),
            organization,
            origins: OnceLock::new(),
            settings,
            tokens,
            applications,
        })
    }

    /// The outside issuers that are trusted, by name, each with the age of its keys in seconds; without, until a token of theirs first comes (OPS-10).
    pub fn ages_of_keys(&self) -> impl Iterator<Item = (&str, Option<i64>)> {
        let now_s = self.organization.environment().now_ms().div_euclid(1_000);
        self.issuers.iter().map(move |issuer| issuer.age_of_keys(now_s))
    }

    /// Tells the addresses of the service, such as `https://localhost:8443`, without a trailing slash: a token may be asked for with any of them and used at
    /// any other. Before that, and for addresses that are not known here, the one that a request came by counts. Only the first call counts.
    pub fn listens_at(&self, origins: Vec<String>) {
        let _ = self.origins.set(origins);
    }

    /// The caller of a request with this `Authorization` header.
    ///
    /// # Errors
    /// [`NoCaller`].
    pub fn caller(&self, authorization: Option<&str>, arrival: Arrival<'_>) -> Result<Caller, NoCaller> {
        let now_s = self.now_s();
        match self.tokens.check(authorization, now_s) {
            Verdict::Ok(identity) => Ok(Caller { scopes: identity.scopes, ..Caller::user(identity.user) }),
            Verdict::Missing => Err(NoCaller::Unauthenticated("no token")),
            Verdict::Unknown => Err(NoCaller::Unauthenticated("unknown API token")),
            Verdict::Expired => Err(NoCaller::Unauthenticated("expired API token")),
            Verdict::Malformed => {
                let token = authorization.and_then(bearer).unwrap_or("");
                let verified = self.verified(token, arrival.origin, now_s).map_err(|bad| NoCaller::Unauthenticated(bad.reason()))?;
                match self.organization.member(verified.subject) {
                    Ok(Some(user)) => Ok(Caller::user(user)),
                    Ok(None) => Err(NoCaller::Refused(Error::of(driftless_model::ErrorCode::UserNotMemberOfOrg))),
                    Err(error) => Err(NoCaller::Refused(error)),
                }
            }
        }
    }

    /// What a signed token says, from memory or by checking it.
    fn verified(&self, token: &str, origin: &str, now_s: i64) -> Result<Verified, BadToken> {
        let verified = match self.verified.get(token, now_s) {
            Some(known) => known,
            None => {
                let unproven = Unproven::parse(token)?;
                let said: SaidIssuer = unproven.claims()?;
                let verified = match self.issuers.iter().find(|issuer| issuer.is(&said.iss)) {
                    Some(issuer) => issuer.check(&unproven, now_s)?,
                    None => self.check_own(&unproven, origin, now_s)?,
                };
                self.verified.put(token, verified.clone(), now_s);
                verified
            }
        };
        match &verified.audience {
            Some(audience) if !self.is_own(audience, origin) => Err(BadToken::Audience),
            _ => Ok(verified),
        }
    }

    /// Checks a token of our own issuer (AUTH-21).
    fn check_own(&self, token: &Unproven<'_>, origin: &str, now_s: i64) -> Result<Verified, BadToken> {
        if token.header.alg != jsonwebtoken::Algorithm::ES256 {
            return Err(BadToken::Algorithm);
        }
        let kid = token.header.kid.as_deref().ok_or(BadToken::UnknownKey)?;
        let key = self.keys.find(kid, now_s).ok_or(BadToken::UnknownKey)?;
        let claims: AccessClaims = token.prove(&key.checks, jsonwebtoken::Algorithm::ES256)?;
        if !self.is_own_issuer(&claims.iss, origin) {
            return Err(BadToken::Issuer);
        }
        let audience = claims.aud.strip_suffix('/').unwrap_or(&claims.aud).to_owned();
        if !self.is_own(&audience, origin) {
            return Err(BadToken::Audience);
        }
        check_times(claims.exp, Some(claims.nbf), now_s)?;
        if claims.tid != self.tenant.id {
            return Err(BadToken::Tenant);
        }
        let subject = match claims.idtyp.as_str() {
            "app" => TokenSubject::Application(claims.appid),
            "user" => TokenSubject::User(claims.sub),
            _ => return Err(BadToken::Subject),
        };
        Ok(Verified { subject, audience: Some(audience), end_s: (claims.exp + SKEW_S) as i64 })
    }

    /// Whether an address without its last slash is one of the service's: a configured one, or the one that the request used.
    pub(crate) fn is_own(&self, address: &str, origin: &str) -> bool {
        address.eq_ignore_ascii_case(origin) || self.origins.get().is_some_and(|origins| origins.iter().any(|own| own.eq_ignore_ascii_case(address)))
    }

    fn is_own_issuer(&self, issuer: &str, origin: &str) -> bool {
        let plain = issuer.strip_suffix("/v2.0").unwrap_or(issuer);
        let Some((address, segment)) = plain.rsplit_once('/') else { return false };
        self.is_own(address, origin) && (segment == "adfs" || self.tenant.is(segment))
    }

    pub(crate) fn applications(&self) -> Arc<Applications> {
        self.applications.current()
    }

    /// Gives a user a password and ends the sign-ins that rest on an older one.
    pub(crate) fn set_password(&self, user: Uuid, password: &str) -> Result<(), PasswordError> {
        self.passwords.set(user, password, self.random())?;
        match self.refresh.revoke(|family| family.user == user) {
            Err(RefreshError::File(error)) => Err(error.into()),
            _ => Ok(()),
        }
    }

    pub(crate) fn organization(&self) -> &Organization {
        &self.organization
    }

    pub(crate) fn codes(&self) -> &Codes {
        &self.codes
    }

    pub(crate) fn devices(&self) -> &Devices {
        &self.devices
    }

    pub(crate) fn refresh(&self) -> &RefreshTokens {
        &self.refresh
    }

    pub(crate) fn passwords(&self) -> &Passwords {
        &self.passwords
    }

    pub(crate) fn attempts(&self) -> &Attempts {
        &self.attempts
    }

    pub(crate) fn setup_secret(&self) -> &Setup {
        &self.setup
    }

    pub(crate) fn assertions(&self) -> &Seen {
        &self.assertions
    }

    pub(crate) fn keys(&self) -> &SigningKeys {
        &self.keys
    }

    pub(crate) fn settings(&self) -> &SignInSettings {
        &self.settings
    }

    pub(crate) fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    pub(crate) fn now_s(&self) -> i64 {
        self.organization.environment().now_ms().div_euclid(1_000)
    }

    pub(crate) fn new_id(&self) -> Uuid {
        uuid::Builder::from_random_bytes(self.random()).into_uuid()
    }

    /// Bytes that nobody can guess.
    pub(crate) fn random<const N: usize>(&self) -> [u8; N] {
        random(&self.organization)
    }
}

/// The outside issuers with their keys, which are not fetched yet.
fn trusted(settings: &SignInSettings) -> Result<Vec<Trusted>, SignInError> {
    let Some(fetch) = &settings.fetch else { return Ok(Vec::new()) };
    settings.issuers.iter().map(|issuer| Trusted::new(issuer.clone(), Arc::clone(fetch)).map_err(SignInError::Issuer)).collect()
}

fn random<const N: usize>(organization: &Organization) -> [u8; N] {
    let mut bytes = [0; N];
    organization.environment().fill_random(&mut bytes);
    bytes
}

/// Why the sign-in cannot be opened.
#[derive(Debug)]
pub enum SignInError {
    /// A file cannot be read or written.
    File(RecordFileError),
    /// The API tokens cannot be read.
    Tokens(TokenFileError),
    /// The issuer's keys cannot be read or made.
    Keys(String),
    /// An outside issuer is configured wrongly.
    Issuer(OutsideIssuerError),
    /// The organization cannot be read.
    Organization(Error),
}

impl From<RecordFileError> for SignInError {
    fn from(error: RecordFileError) -> Self {
        Self::File(error)
    }
}

impl From<TokenFileError> for SignInError {
    fn from(error: TokenFileError) -> Self {
        Self::Tokens(error)
    }
}

impl From<KeyError> for SignInError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::File(error) => Self::File(error),
            KeyError::Key(reason) => Self::Keys(reason),
        }
    }
}

impl From<PasswordError> for SignInError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::File(error) => Self::File(error),
            other => Self::Keys(other.sentence().to_owned()),
        }
    }
}

impl From<Error> for SignInError {
    fn from(error: Error) -> Self {
        Self::Organization(error)
    }
}

impl fmt::Display for SignInError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => error.fmt(out),
            Self::Tokens(error) => error.fmt(out),
            Self::Issuer(error) => error.fmt(out),
            Self::Keys(reason) => write!(out, "keys of the issuer: {reason}"),
            Self::Organization(error) => out.write_str(error.message()),
        }
    }
}

impl std::error::Error for SignInError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File(error) => Some(error),
            Self::Tokens(error) => Some(error),
            Self::Issuer(error) => Some(error),
            Self::Keys(_) | Self::Organization(_) => None,
        }
    }
}
