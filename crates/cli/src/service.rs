//! Starting the service inside this process: the one place that joins store, core, fronts and listener.

use std::fs;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use driftless_auth::{NewToken, RandomUnavailable, SETUP_PATH, Scopes, SignIn, SignInSettings, TokenFile, replace_private_file};
use driftless_core::{ExpiredTokens, Jobs, Organization, SystemEnvironment};
use driftless_server::{Listeners, Running, Scheme, Server, Service, Tls, TlsFiles};
use driftless_store_sqlite::{SqliteOptions, SqliteStore};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::advice;
use crate::developer::Developer;
use crate::exit::{Exit, Failure};
use crate::limits::ServiceLimits;

/// Name of the ready file inside a data folder, which [`start`] always writes.
pub(crate) const READY_FILE_NAME: &str = "ready.json";

/// What to serve and where.
#[derive(Debug, Clone)]
pub(crate) struct ServeOptions {
    /// Data folder; made when absent.
    pub(crate) data: PathBuf,
    /// Where to listen, by what names, and whose word about that counts.
    pub(crate) listeners: Listeners,
    /// The operator's certificate; that of the local authority if none.
    pub(crate) tls: Option<TlsFiles>,
    /// Where to write [`Ready`] besides the data folder.
    pub(crate) ready_file: Option<PathBuf>,
    /// What a delta token that is too old gets.
    pub(crate) expired_tokens: ExpiredTokens,
    /// How people and programs sign in.
    pub(crate) sign_in: SignInSettings,
    /// For one developer: on this machine only, with an application that may do everything (AUTH-41, AUTH-42).
    pub(crate) is_for_developer: bool,
    /// Whether each user has budgets (SEC-24).
    pub(crate) is_protected: bool,
    /// What the service allows.
    pub(crate) limits: ServiceLimits,
    /// Whether an organization without rows gets sample data.
    pub(crate) sample: bool,
    /// Whether signals wait for [`RunningService::wait`] from the start. Without, they are the caller's own matter until then.
    pub(crate) catches_signals: bool,
}

/// What a caller on this machine needs to know of a running service. `serve` writes it as JSON when requests are answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ready {
    /// Address without TLS, such as `http://127.0.0.1:8080`.
    pub(crate) http: Option<String>,
    /// Address with TLS, such as `https://localhost:8443`.
    pub(crate) https: Option<String>,
    /// Address for operators, such as `http://127.0.0.1:9464`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) operations: Option<String>,
    /// PEM file of the local certificate authority.
    pub(crate) ca: Option<PathBuf>,
    /// File (0600) with a bearer token of the first administrator.
    pub(crate) token_file: Option<PathBuf>,
    /// Process that serves.
    pub(crate) pid: u32,
}

/// The address at which the first administrator gets a password (AUTH-40).
#[derive(Debug)]
pub(crate) enum Setup {
    /// To be told on the terminal.
    Told(String),
    /// In this file, which only the owner of the folder can read.
    Kept(PathBuf),
}

/// A service that answers requests.
#[derive(Debug)]
pub(crate) struct RunningService {
    /// Its addresses.
    pub(crate) ready: Ready,
    /// How the first administrator gets a password, as long as there is none.
    pub(crate) setup: Option<Setup>,
    /// Its data folder.
    pub(crate) data: PathBuf,
    engine: Engine,
    ready_files: Vec<PathBuf>,
}

/// The started parts. Dropped in this order: no request comes in any more, then no job runs, then the store closes.
struct Engine {
    listener: Running,
    jobs: Jobs,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine")
    }
}

/// Name of the file with the set-up address inside a data folder.
const SETUP_FILE_NAME: &str = "setup.address";
/// Name of the file with the first administrator's token inside a data folder.
const TOKEN_FILE_NAME: &str = "administrator.token";
/// Name under which that token is listed.
const TOKEN_NAME: &str = "first administrator";

/// Opens the folder, binds the listeners and returns when requests are answered.
///
/// Errors: a folder that another process serves is [`Exit::Temporary`], one of a newer format [`Exit::Configuration`].
fn launch(options: &ServeOptions) -> anyhow::Result<(Ready, Option<String>, Engine)> {
    let limits = &options.limits.organization;
    let store_options = SqliteOptions { write_wait_s: limits.write_wait_s, ..SqliteOptions::default() };
    let store = Arc::new(SqliteStore::open(&options.data, &store_options)?);
    let data = options.data.canonicalize().with_context(|| format!("opening {}", options.data.display()))?;
    let organization = Organization::open_with(Arc::clone(&store) as _, Arc::new(SystemEnvironment::default()), limits.clone(), options.expired_tokens)?;
    if options.sample {
        organization.add_sample_data()?;
    }
    store.limit_times(limits); // opening a folder took as long as it did
    let tokens = TokenFile::open(&data)?;
    let token_file = administrator_token(&data, &tokens, organization.facts().administrator)?;
    if options.is_for_developer {
        Developer::ensure(&data, &organization)?;
    }
    let tls = match &options.tls {
        _ if options.listeners.https.is_empty() => None,
        Some(files) => Some(Tls::from_files(files.clone())?),
        None => Some(Tls::local(&data, SystemTime::now())?),
    };
    let ca = tls.as_ref().and_then(Tls::ca_file);
    for sentence in advice::about(&options.listeners, tls.as_ref()) {
        tracing::warn!("{sentence}");
    }
    let sign_in = Arc::new(SignIn::open(&data, Arc::clone(&organization), options.sign_in.clone())?);
    let front = Service::new(Arc::clone(&organization), Arc::clone(&sign_in));
    let front = if options.is_protected { front.protected(options.limits.protection.clone()) } else { front };
    let mut listener = Server::start(Arc::new(front), &options.listeners, tls, options.limits.listener.clone())?;
    if options.catches_signals {
        // Before anybody is told that requests are answered: whoever waits for that may end the process at once.
        listener.catch_signals()?;
    }
    let origins = origins(&listener, &options.listeners);
    sign_in.listens_at(origins);
    let jobs = organization.start_jobs()?;
    let ready = Ready {
        http: listener.http_addr().map(|address| format!("http://{address}")),
        https: listener
            .https_addr()
            .map(|address| if address.ip().is_loopback() { origin(Scheme::Https, "localhost", address.port()) } else { format!("https://{address}") }),
        operations: listener.operations_addr().map(|address| format!("http://{address}")),
        ca,
        token_file: Some(token_file),
        pid: std::process::id(),
    };
    let page = ready.https.as_ref().or(ready.http.as_ref());
    let setup = page.and_then(|address| Some(format!("{address}{SETUP_PATH}#{}", sign_in.begin_setup()?)));
    Ok((ready, setup, Engine { listener, jobs }))
}

/// The addresses by which the service knows itself: the public one, and those of its loopback listeners. Others are known from requests only.
fn origins(listener: &Running, listeners: &Listeners) -> Vec<String> {
    let local = listener.addresses().filter(|(_, address)| address.ip().is_loopback());
    let local = local.flat_map(|(scheme, address)| ["localhost", "127.0.0.1", "[::1]"].map(|host| origin(scheme, host, address.port())));
    listeners.public_url.iter().cloned().chain(local).collect()
}

/// Scheme, host and port as clients write them: without a port that the scheme has anyway.
fn origin(scheme: Scheme, host: &str, port: u16) -> String {
    match (scheme, port) {
        (Scheme::Http, 80) | (Scheme::Https, 443) => format!("{scheme}://{host}"),
        _ => format!("{scheme}://{host}:{port}"),
    }
}

/// The file with the first administrator's token. It is made once: a folder whose tokens were all revoked gets no new one by itself. A token whose secret was
/// lost, because the process ended between making it and writing it down, is replaced.
fn administrator_token(data: &Path, tokens: &TokenFile, administrator: Uuid) -> anyhow::Result<PathBuf> {
    let path = data.join(TOKEN_FILE_NAME);
    let is_listed = tokens.list()?.iter().any(|record| record.name == TOKEN_NAME);
    if path.exists() || (tokens.path().exists() && !is_listed) {
        return Ok(path);
    }
    if is_listed {
        tokens.revoke(TOKEN_NAME)?;
    }
    let new = NewToken { name: TOKEN_NAME, user: administrator, scopes: Scopes::ALL, expires_in_days: None, environment: "org" };
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let mut fill = |bytes: &mut [u8]| getrandom::fill(bytes).map_err(|_| RandomUnavailable);
    let (secret, _) = tokens.make(&new, i64::try_from(now_s)?, &mut fill)?;
    replace_private_file(&path, secret.reveal().as_bytes()).with_context(|| format!("writing {}", path.display()))?;
    Ok(path)
}

impl Engine {
    /// Blocks until the process is told to end (SIGINT, SIGTERM), then lets running requests finish.
    fn wait(self) -> anyhow::Result<()> {
        self.listener.wait_for_signal()?;
        drop(self.jobs);
        Ok(())
    }

    /// Lets running requests finish and ends.
    fn stop(self) -> anyhow::Result<()> {
        self.listener.shutdown();
        drop(self.jobs);
        Ok(())
    }
}

/// Starts a service and announces it in its ready files.
pub(crate) fn start(options: &ServeOptions) -> anyhow::Result<RunningService> {
    check_addresses(options)?;
    let (ready, setup, engine) = launch(options)?;
    // Whoever waits for the ready file may look for the set-up address at once.
    let setup = keep_setup(&options.data, setup)?;
    let mut running = RunningService { ready, setup, data: options.data.clone(), engine, ready_files: Vec::new() };
    for path in std::iter::once(options.data.join(READY_FILE_NAME)).chain(options.ready_file.clone()) {
        write_ready(&path, &running.ready)?;
        running.ready_files.push(path);
    }
    Ok(running)
}

/// Puts the set-up address into its file, unless there is a terminal to tell it on. The one of an earlier start is over.
fn keep_setup(data: &Path, address: Option<String>) -> anyhow::Result<Option<Setup>> {
    let file = data.join(SETUP_FILE_NAME);
    match address {
        Some(address) if !std::io::stderr().is_terminal() => {
            replace_private_file(&file, format!("{address}\n").as_bytes()).with_context(|| file.display().to_string())?;
            Ok(Some(Setup::Kept(file)))
        }
        address => {
            if file.exists() {
                fs::remove_file(&file).with_context(|| file.display().to_string())?;
            }
            Ok(address.map(Setup::Told))
        }
    }
}

impl RunningService {
    /// From here on signals wait for [`wait`](Self::wait).
    pub(crate) fn catch_signals(&mut self) -> anyhow::Result<()> {
        Ok(self.engine.listener.catch_signals()?)
    }

    /// Serves until the process is told to end.
    pub(crate) fn wait(self) -> anyhow::Result<()> {
        let ended = self.engine.wait();
        withdraw(&self.ready_files);
        ended
    }

    /// Ends the service.
    pub(crate) fn stop(self) -> anyhow::Result<()> {
        withdraw(&self.ready_files);
        self.engine.stop()
    }
}

/// Without TLS only this machine may listen: the token would cross the network in clear.
fn check_addresses(options: &ServeOptions) -> anyhow::Result<()> {
    let listeners = &options.listeners;
    if listeners.http.is_empty() && listeners.https.is_empty() {
        return Err(Failure::error(Exit::Usage, "neither --http nor --https: there is nothing to listen on"));
    }
    if let Some(address) = listeners.operations.iter().find(|address| !address.ip().is_loopback()) {
        return Err(Failure::error(
            Exit::Usage,
            format!("--operations {address} is reachable from other machines, and asks for no token; use a loopback address"),
        ));
    }
    if let Some(address) = listeners.http.iter().find(|address| !address.ip().is_loopback()) {
        return Err(Failure::error(
            Exit::Usage,
            format!("--http {address} is reachable from other machines without TLS; use --https for that, or a loopback address"),
        ));
    }
    let reachable = listeners.https.iter().find(|address| !address.ip().is_loopback());
    match reachable {
        Some(address) if options.is_for_developer => Err(Failure::error(
            Exit::Usage,
            format!("--https {address} is reachable from other machines; `dev` listens on loopback only, use `serve` for that"),
        )),
        _ if options.is_for_developer && !listeners.proxies.is_empty() => {
            Err(Failure::error(Exit::Usage, "`dev` is not for use behind a proxy: leave trusted_proxies out, or use `serve`"))
        }
        _ => Ok(()),
    }
}

/// Writes the file in one step, so that whoever waits for it never sees half of it.
fn write_ready(path: &Path, ready: &Ready) -> anyhow::Result<()> {
    let place = || format!("writing the ready file {}", path.display());
    let unfinished = path.with_added_extension("new");
    let mut file = fs::File::create(&unfinished).with_context(place)?;
    file.write_all(serde_json::to_string(ready)?.as_bytes()).with_context(place)?;
    file.write_all(b"\n").with_context(place)?;
    drop(file);
    fs::rename(&unfinished, path).with_context(place)
}

/// Removes the announcements of a service that ends; what cannot be removed names a process that is gone.
pub(crate) fn withdraw(files: &[PathBuf]) {
    for file in files {
        let _ = fs::remove_file(file);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(http: Option<&str>, https: Option<&str>) -> ServeOptions {
        let address = |text: Option<&str>| text.map(|text| text.parse().unwrap()).into_iter().collect();
        ServeOptions {
            data: "data".into(),
            listeners: Listeners { http: address(http), https: address(https), ..Listeners::default() },
            tls: None,
            sign_in: SignInSettings::default(),
            is_for_developer: false,
            is_protected: false,
            limits: ServiceLimits::default(),
            sample: false,
            ready_file: None,
            expired_tokens: ExpiredTokens::Full,
            catches_signals: true,
        }
    }

    #[test] // AUTH-50: no plain HTTP beyond loopback
    fn addresses() {
        assert!(check_addresses(&options(Some("127.0.0.1:0"), Some("0.0.0.0:8443"))).is_ok());
        assert!(check_addresses(&options(Some("[::1]:0"), None)).is_ok());
        for refused in [options(Some("0.0.0.0:8080"), None), options(Some("192.0.2.1:80"), Some("127.0.0.1:0")), options(None, None)] {
            assert_eq!(crate::exit::of(&check_addresses(&refused).unwrap_err()), Exit::Usage, "{refused:?}");
        }
        // AUTH-42: a developer's service is for this machine.
        let developer = |options: ServeOptions| check_addresses(&ServeOptions { is_for_developer: true, ..options });
        assert!(developer(options(Some("127.0.0.1:0"), Some("127.0.0.1:0"))).is_ok());
        assert!(developer(options(None, Some("0.0.0.0:8443"))).is_err());
    }

    #[test]
    fn the_ready_file_has_its_documented_form() {
        let folder = std::env::temp_dir().join(format!("driftless-ready-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("ready.json");
        let ready = Ready {
            http: Some("http://127.0.0.1:8080".into()),
            https: Some("https://localhost:8443".into()),
            operations: None,
            ca: Some("ca.pem".into()),
            token_file: Some("token".into()),
            pid: 1,
        };
        write_ready(&path, &ready).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        let expected = r#"{"http":"http://127.0.0.1:8080","https":"https://localhost:8443","ca":"ca.pem","token_file":"token","pid":1}"#;
        assert_eq!(text.trim_end(), expected);
        assert_eq!(serde_json::from_str::<Ready>(&text).unwrap(), ready);
    }
}
