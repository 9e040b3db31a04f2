//! An organization, its sign-in, and a client of it.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use driftless_auth::{ApplicationFile, Arrival, NewApplication, NoCaller, RandomUnavailable, SignIn, SignInSettings, WithSecret};
use driftless_core::{Environment, Organization, SeededEnvironment};
use driftless_model::{Caller, Limits};
use driftless_store_sqlite::{SqliteOptions, SqliteStore};
use http::{HeaderMap, Request, Response};
use serde_json::Value;
use uuid::Uuid;

pub(crate) const NOW_S: i64 = 1_900_000_000;
pub(crate) const ORIGIN: &str = "https://localhost:8443";
pub(crate) const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A service without a listener.
pub(crate) struct Stage {
    pub(crate) sign_in: SignIn,
    pub(crate) organization: Arc<Organization>,
    pub(crate) environment: Arc<SeededEnvironment>,
    folder: PathBuf,
}

/// An application with a secret, and its administrator.
pub(crate) struct Program {
    pub(crate) id: Uuid,
    pub(crate) secret: String,
    pub(crate) user: Uuid,
}

/// An answer in parts.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with(SignInSettings::default())
    }

    pub(crate) fn with(settings: SignInSettings) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("driftless-stage-{}-{number}", std::process::id()));
        let store = SqliteStore::open(&folder, &SqliteOptions::default()).unwrap();
        let environment = Arc::new(SeededEnvironment::new(7 + u64::from(number), NOW_S * 1_000));
        let organization = Organization::open(Arc::new(store), Arc::clone(&environment) as Arc<dyn Environment>, Limits::default()).unwrap();
        let settings = SignInSettings { recheck: Duration::ZERO, ..settings };
        let sign_in = SignIn::open(&folder, Arc::clone(&organization), settings).unwrap();
        Self { sign_in, organization, environment, folder }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn tenant(&self) -> Uuid {
        self.organization.facts().organization
    }

    /// Registers an application with a secret, without a user.
    pub(crate) fn register(&self, name: &str) -> (Uuid, String) {
        self.register_as(&NewApplication { name, ..NewApplication::default() }, WithSecret::Yes)
    }

    pub(crate) fn register_as(&self, new: &NewApplication<'_>, with: WithSecret) -> (Uuid, String) {
        let mut fill = |bytes: &mut [u8]| {
            self.environment.fill_random(bytes);
            Ok::<_, RandomUnavailable>(())
        };
        let (application, secret) = ApplicationFile::open(&self.folder).make(new, with, NOW_S, &mut fill).unwrap();
        (application.id, secret.map(|secret| secret.reveal().to_owned()).unwrap_or_default())
    }

    /// Registers an application with a secret that may do everything.
    pub(crate) fn program(&self) -> Program {
        let (id, secret) = self.register("program");
        let user = self.organization.ensure_application_administrator(id, "program").unwrap();
        Program { id, secret, user }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Bytes::new()).unwrap())
    }

    pub(crate) fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_with(path, fields, &[])
    }

    pub(crate) fn post_with(&self, path: &str, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let mut request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Bytes::from(body)).unwrap())
    }

    pub(crate) fn send(&self, request: Request<Bytes>) -> Answer {
        let response: Response<Bytes> = self.sign_in.answer(&request, Arrival { origin: ORIGIN, address: ADDRESS }).unwrap();
        let (parts, body) = response.into_parts();
        Answer { status: parts.status.as_u16(), headers: parts.headers, text: String::from_utf8(body.to_vec()).unwrap() }
    }

    /// An access token for the program.
    pub(crate) fn token(&self, program: &Program) -> String {
        let answer = self.post("/adfs/oauth2/token", &self.credentials(program));
        answer.json()["access_token"].as_str().unwrap_or_else(|| panic!("{}", answer.text)).to_owned()
    }

    pub(crate) fn credentials<'a>(&self, program: &'a Program) -> [(&'static str, &'a str); 4] {
        let id: &'a str = Box::leak(program.id.to_string().into_boxed_str());
        [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", &program.secret), ("scope", "https://localhost:8443/.default")]
    }

    pub(crate) fn caller(&self, token: &str) -> Result<Caller, NoCaller> {
        self.caller_at(token, ORIGIN)
    }

    pub(crate) fn caller_at(&self, token: &str, origin: &str) -> Result<Caller, NoCaller> {
        self.sign_in.caller(Some(&format!("Bearer {token}")), Arrival { origin, address: ADDRESS })
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
