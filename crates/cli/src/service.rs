//! Starting the service inside this process: the one place that joins store, core, fronts and listener.

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use driftless_auth::{NewToken, RandomUnavailable, Scopes, SignIn, SignInSettings, TokenFile, replace_private_file};
use driftless_core::{ExpiredTokens, Jobs, Organization, SystemEnvironment};
use driftless_model::Limits;
use driftless_server::{Listeners, Running, Server, Service, Tls};
use driftless_store_sqlite::{SqliteOptions, SqliteStore};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::exit::{Exit, Failure};

/// Name of the ready file inside a data folder, which [`start`] always writes.
pub(crate) const READY_FILE_NAME: &str = "ready.json";

/// What to serve and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServeOptions {
    /// Data folder; made when absent.
    pub(crate) data: PathBuf,
    /// Listener without TLS, loopback only; port 0 takes a free one.
    pub(crate) http: Option<SocketAddr>,
    /// Listener with TLS; port 0 takes a free one.
    pub(crate) https: Option<SocketAddr>,
    /// Where to write [`Ready`] besides the data folder.
    pub(crate) ready_file: Option<PathBuf>,
    /// What a delta token that is too old gets.
    pub(crate) expired_tokens: ExpiredTokens,
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
    /// PEM file of the local certificate authority.
    pub(crate) ca: Option<PathBuf>,
    /// File (0600) with a bearer token of the first administrator.
    pub(crate) token_file: Option<PathBuf>,
    /// Process that serves.
    pub(crate) pid: u32,
}

/// A service that answers requests.
#[derive(Debug)]
pub(crate) struct RunningService {
    /// Its addresses.
    pub(crate) ready: Ready,
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

/// Name of the file with the first administrator's token inside a data folder.
const TOKEN_FILE_NAME: &str = "administrator.token";
/// Name under which that token is listed.
const TOKEN_NAME: &str = "first administrator";

/// Opens the folder, binds the listeners and returns when requests are answered.
///
/// Errors: a folder that another process serves is [`Exit::Temporary`], one of a newer format [`Exit::Configuration`].
fn launch(options: &ServeOptions) -> anyhow::Result<(Ready, Engine)> {
    let limits = Limits::default();
    let store_options = SqliteOptions { write_wait_s: limits.write_wait_s, ..SqliteOptions::default() };
    let store = SqliteStore::open(&options.data, &store_options)?;
    let data = options.data.canonicalize().with_context(|| format!("opening {}", options.data.display()))?;
    let organization = Organization::open_with(Arc::new(store), Arc::new(SystemEnvironment::default()), limits, options.expired_tokens)?;
    let tokens = TokenFile::open(&data)?;
    let token_file = administrator_token(&data, &tokens, organization.facts().administrator)?;
    let tls = options.https.map(|_| Tls::local(&data, SystemTime::now())).transpose()?;
    let ca = tls.as_ref().and_then(Tls::ca_file);
    let sign_in = Arc::new(SignIn::open(&data, Arc::clone(&organization), SignInSettings::default())?);
    let front = Service::new(Arc::clone(&organization), Arc::clone(&sign_in));
    let listeners = Listeners { http: options.http, https: options.https, host_names: Vec::new() };
    let mut listener = Server::start(Arc::new(front), &listeners, tls, driftless_server::Limits::default())?;
    if options.catches_signals {
        // Before anybody is told that requests are answered: whoever waits for that may end the process at once.
        listener.catch_signals()?;
    }
    sign_in.listens_at(origins(&listener));
    let jobs = organization.start_jobs()?;
    let ready = Ready {
        http: listener.http_addr().map(|address| format!("http://{address}")),
        https: listener
            .https_addr()
            .map(|address| if address.ip().is_loopback() { format!("https://localhost:{}", address.port()) } else { format!("https://{address}") }),
        ca,
        token_file: Some(token_file),
        pid: std::process::id(),
    };
    Ok((ready, Engine { listener, jobs }))
}

/// The addresses under which programs on this machine reach the listeners. Those that other machines use are known from their requests only.
fn origins(listener: &Running) -> Vec<String> {
    let of = |scheme: &str, address: Option<SocketAddr>| {
        let port = address.filter(|address| address.ip().is_loopback()).map(|address| address.port());
        ["localhost", "127.0.0.1", "[::1]"].map(|host| port.map(|port| format!("{scheme}://{host}:{port}")))
    };
    let all = [of("http", listener.http_addr()), of("https", listener.https_addr())];
    all.into_iter().flatten().flatten().collect()
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
    let (ready, engine) = launch(options)?;
    let mut running = RunningService { ready, engine, ready_files: Vec::new() };
    for path in std::iter::once(options.data.join(READY_FILE_NAME)).chain(options.ready_file.clone()) {
        write_ready(&path, &running.ready)?;
        running.ready_files.push(path);
    }
    Ok(running)
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
    if options.http.is_none() && options.https.is_none() {
        return Err(Failure::error(Exit::Usage, "neither --http nor --https: there is nothing to listen on"));
    }
    match options.http {
        Some(address) if !address.ip().is_loopback() => Err(Failure::error(
            Exit::Usage,
            format!("--http {address} is reachable from other machines without TLS; use --https for that, or a loopback address"),
        )),
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
        let address = |text: Option<&str>| text.map(|text| text.parse().unwrap());
        ServeOptions {
            data: "data".into(),
            http: address(http),
            https: address(https),
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
    }

    #[test]
    fn the_ready_file_has_its_documented_form() {
        let folder = std::env::temp_dir().join(format!("driftless-ready-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("ready.json");
        let ready = Ready {
            http: Some("http://127.0.0.1:8080".into()),
            https: Some("https://localhost:8443".into()),
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
