//! A service inside the test's process.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use driftless_auth::{ApplicationFile, NewApplication, NewToken, RandomUnavailable, Scopes, SignIn, SignInSettings, TokenFile, WithSecret};
use driftless_core::{Environment, ExpiredTokens, Organization, SeededEnvironment};
use driftless_model::{Limits, Uuid};
use driftless_server::{Listeners, ProtectionLimits, Running, Server, Service, Tls};
use driftless_store_sqlite::{OpenError, SqliteOptions, SqliteStore};

use crate::{HttpClient, TestFolder};

/// Where the clock of every test stands at first: 2031-04-05T06:07:08Z.
const START_MS: i64 = 1_933_135_628_000;

/// Longest that a start waits for the folder.
const PATIENCE: Duration = Duration::from_secs(10);

type Failure = Box<dyn std::error::Error>;

/// A service on a free port, with a clock that the test moves and randomness from a seed. Jobs run when the test says so. It ends when dropped.
pub struct TestServer {
    listener: Option<Running>,
    organization: Arc<Organization>,
    store: Arc<SqliteStore>,
    environment: Arc<SeededEnvironment>,
    folder: Option<TestFolder>,
    expired: ExpiredTokens,
    address: SocketAddr,
    encrypted: Option<(SocketAddr, PathBuf)>,
    token: String,
}

impl TestServer {
    /// A service on an empty folder.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start() -> Result<Self, Failure> {
        Self::start_with(ExpiredTokens::Full)
    }

    /// As [`TestServer::start`], with what is answered to tokens that are too old.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_with(expired: ExpiredTokens) -> Result<Self, Failure> {
        Self::start_in(TestFolder::new("server"), START_MS, expired, None, false)
    }

    /// As [`TestServer::start`], with budgets for each user.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_protected(limits: ProtectionLimits) -> Result<Self, Failure> {
        Self::start_in(TestFolder::new("server"), START_MS, ExpiredTokens::Full, Some(limits), false)
    }

    /// As [`TestServer::start`], on another port with TLS too.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_encrypted() -> Result<Self, Failure> {
        Self::start_in(TestFolder::new("server"), START_MS, ExpiredTokens::Full, None, true)
    }

    /// Stops the service and starts it again on the same folder, with the clock where it stood.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn restart(mut self) -> Result<Self, Failure> {
        let now_ms = self.environment.now_ms();
        let folder = self.folder.take().ok_or("the folder is gone")?;
        let expired = self.expired;
        let is_encrypted = self.encrypted.is_some();
        drop(self);
        Self::start_in(folder, now_ms, expired, None, is_encrypted)
    }

    fn start_in(folder: TestFolder, now_ms: i64, expired: ExpiredTokens, protection: Option<ProtectionLimits>, is_encrypted: bool) -> Result<Self, Failure> {
        let store = Arc::new(open_store(folder.path())?);
        let environment = Arc::new(SeededEnvironment::new(u64::from_be_bytes(now_ms.to_be_bytes()), now_ms));
        let organization = Organization::open_with(Arc::clone(&store) as _, Arc::clone(&environment) as Arc<dyn Environment>, Limits::default(), expired)?;
        let tokens = TokenFile::open(folder.path())?;
        let token = make_token(&tokens, &organization, &environment, Scopes::ALL)?;
        let settings = SignInSettings { recheck: Duration::ZERO, ..SignInSettings::default() };
        let sign_in = Arc::new(SignIn::open(folder.path(), Arc::clone(&organization), settings)?);
        let front = Service::new(Arc::clone(&organization), sign_in);
        let front = match protection {
            Some(limits) => front.protected(limits),
            None => front,
        };
        let free = vec![SocketAddr::from(([127, 0, 0, 1], 0))];
        let tls = is_encrypted.then(|| Tls::local(folder.path(), SystemTime::now())).transpose()?;
        let authority = tls.as_ref().and_then(Tls::ca_file);
        let listeners = Listeners { https: if is_encrypted { free.clone() } else { Vec::new() }, http: free, ..Listeners::default() };
        let listener = Server::start(Arc::new(front), &listeners, tls, driftless_server::Limits::default())?;
        let address = listener.http_addr().ok_or("no address")?;
        let encrypted = listener.https_addr().zip(authority);
        store.limit_times(organization.limits());
        Ok(Self { listener: Some(listener), organization, store, environment, folder: Some(folder), expired, address, encrypted, token })
    }

    /// The organization behind the service.
    pub fn organization(&self) -> &Arc<Organization> {
        &self.organization
    }

    /// From here on reads and writes may take as long as these limits say.
    pub fn limit_times(&self, limits: &Limits) {
        self.store.limit_times(limits);
    }

    /// Runs all jobs that wait: index builds and solution jobs.
    ///
    /// # Errors
    /// When jobs cannot be read.
    pub fn run_jobs(&self) -> Result<(), Failure> {
        Ok(self.organization.run_jobs()?)
    }

    /// The clock.
    pub fn environment(&self) -> &SeededEnvironment {
        &self.environment
    }

    /// Scheme and address, such as `http://127.0.0.1:40123`.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The same with TLS.
    ///
    /// # Errors
    /// When the service was not started with it.
    pub fn encrypted_origin(&self) -> Result<String, Failure> {
        let (address, _) = self.encrypted.as_ref().ok_or("there is no TLS")?;
        Ok(format!("https://{address}"))
    }

    /// A client with a connection of its own, with TLS.
    ///
    /// # Errors
    /// When the service was not started with it, or cannot be reached.
    pub fn encrypted_client(&self) -> Result<HttpClient, Failure> {
        let (address, authority) = self.encrypted.as_ref().ok_or("there is no TLS")?;
        HttpClient::connect_tls(*address, authority, Some(self.token.clone()))
    }

    /// Bearer token of the first administrator.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// A client whose token was made for these scopes and stands for the first administrator.
    ///
    /// # Errors
    /// When the token cannot be made or the service not reached.
    pub fn client_for(&self, scopes: Scopes) -> Result<HttpClient, Failure> {
        let folder = self.folder.as_ref().ok_or("the folder is gone")?;
        let token = make_token(&TokenFile::open(folder.path())?, &self.organization, &self.environment, scopes)?;
        HttpClient::connect(self.address, Some(token))
    }

    /// Registers an application that may do everything. Gives its client id and its secret.
    ///
    /// # Errors
    /// When it cannot be registered.
    pub fn make_application(&self, name: &str) -> Result<(Uuid, String), Failure> {
        let folder = self.folder.as_ref().ok_or("the folder is gone")?;
        let new = NewApplication { name, ..NewApplication::default() };
        let mut fill = |bytes: &mut [u8]| -> Result<(), RandomUnavailable> {
            self.environment.fill_random(bytes);
            Ok(())
        };
        let (application, secret) = ApplicationFile::open(folder.path()).make(&new, WithSecret::Yes, self.environment.now_ms() / 1_000, &mut fill)?;
        self.organization.ensure_application_administrator(application.id, name)?;
        Ok((application.id, secret.ok_or("no secret")?.reveal().to_owned()))
    }

    /// A client with a connection of its own.
    ///
    /// # Errors
    /// When the service cannot be reached.
    pub fn client(&self) -> Result<HttpClient, Failure> {
        HttpClient::connect(self.address, Some(self.token.clone()))
    }
}

/// Makes a token of the first administrator.
fn make_token(tokens: &TokenFile, organization: &Organization, environment: &SeededEnvironment, scopes: Scopes) -> Result<String, Failure> {
    let name = format!("test {}", tokens.list()?.len());
    let new = NewToken { name: &name, user: organization.facts().administrator, scopes, expires_in_days: None, environment: "test" };
    let mut fill = |bytes: &mut [u8]| -> Result<(), RandomUnavailable> {
        environment.fill_random(bytes);
        Ok(())
    };
    let (secret, _) = tokens.make(&new, environment.now_ms() / 1_000, &mut fill)?;
    Ok(secret.reveal().to_owned())
}

/// Opens a store. Threads of a service that has just ended may hold the folder a moment longer than the service itself.
fn open_store(folder: &Path) -> Result<SqliteStore, OpenError> {
    let begun = Instant::now();
    loop {
        match SqliteStore::open(folder, &SqliteOptions::default()) {
            Err(OpenError::Locked(_)) if begun.elapsed() < PATIENCE => std::thread::yield_now(),
            done => return done,
        }
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        if let Some(listener) = self.listener.take() {
            listener.shutdown();
        }
    }
}
