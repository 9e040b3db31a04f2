//! How to reach the service: address, token and authority from the settings and from the file that `serve` wrote.

use std::path::{Path, PathBuf};

use anyhow::Context;
use driftless_client::{Address, Connection, RetryPolicy, Settings};

use crate::arguments::{GeneralArguments, ServiceArguments};
use crate::configuration::{Configuration, Key, Origin, read_bounded};
use crate::exit::{Exit, Failure};
use crate::service::{READY_FILE_NAME, Ready};

/// Opens a connection as flags, environment and files say.
pub(crate) fn connect(service: &ServiceArguments, general: &GeneralArguments) -> anyhow::Result<Connection> {
    let configuration = Configuration::load(service.given(), general)?;
    let settings = configuration.service(configuration.ready()?.as_ref())?;
    Ok(Connection::open(&settings)?)
}

impl Configuration {
    /// How to reach the service. `ready` is the content of the ready file if one applies.
    ///
    /// A ready file is a source like its flag, variable or file entry: it gives the address unless a source at least as strong does, and
    /// token and authority only for an address that is its own, so that its token travels nowhere else.
    fn service(&self, ready: Option<&Ready>) -> anyhow::Result<Settings> {
        let ready_rank = self.rank(Key::ReadyFile).min(Origin::BuiltIn.rank());
        let given = self.value(Key::Url).filter(|_| {
            let rank = self.rank(Key::Url);
            ready.is_none() || (rank <= ready_rank && rank < Origin::BuiltIn.rank())
        });
        let url = match (given, ready.and_then(Ready::address)) {
            (Some(url), _) => url,
            (None, Some(url)) => url,
            (None, None) => {
                return Err(Failure::error(Exit::Configuration, "the ready file names no address"));
            }
        };
        let ready = ready.filter(|ready| ready.covers(url));
        let from_ready = |file: Option<&PathBuf>| file.map(|file| (ready_rank, file.display().to_string()));
        let own = |key: Key| self.value(key).map(|value| (self.rank(key), value.to_owned()));
        let token = strongest([
            own(Key::Token).map(|(rank, value)| (rank, TokenSource::Text(value))),
            own(Key::TokenFile).map(|(rank, value)| (rank, TokenSource::File(value))),
            from_ready(ready.and_then(|ready| ready.token_file.as_ref())).map(|(rank, value)| (rank, TokenSource::File(value))),
        ]);
        let ca = strongest([own(Key::Ca), from_ready(ready.and_then(|ready| ready.ca.as_ref()))]);
        Ok(Settings { url: url.to_owned(), token: token.map(TokenSource::read).transpose()?, ca: ca.map(PathBuf::from), retry: RetryPolicy::default() })
    }

    /// Reads the ready file that applies: the given one must exist, that of the data folder may.
    fn ready(&self) -> anyhow::Result<Option<Ready>> {
        if let Some(path) = self.value(Key::ReadyFile) {
            let text = read_bounded(Path::new(path)).map_err(|error| {
                let message = format!("no ready file, has the service been started? ({error:#})");
                Failure::error(Exit::Temporary, message)
            })?;
            return Ready::parse(&text).with_context(|| format!("ready file {path}")).map(Some);
        }
        if self.rank(Key::Url) < Origin::BuiltIn.rank() {
            return Ok(None);
        }
        Ok(Ready::of_folder(&self.data()))
    }
}

impl Ready {
    /// What the service of a data folder says of itself; none if none runs.
    pub(crate) fn of_folder(data: &Path) -> Option<Self> {
        read_bounded(&data.join(READY_FILE_NAME)).ok().and_then(|text| Self::parse(&text).ok())
    }

    /// The address to use from this machine: the listener without TLS answers loopback only and needs no authority.
    pub(crate) fn address(&self) -> Option<&str> {
        self.http.as_deref().or(self.https.as_deref())
    }

    /// Whether an address is one of this service's.
    fn covers(&self, url: &str) -> bool {
        let origin = |text: &str| Address::parse(text).map(|address| address.origin().to_owned()).ok();
        let wanted = origin(url);
        wanted.is_some() && [&self.http, &self.https].into_iter().flatten().any(|own| origin(own) == wanted)
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        serde_json::from_str(text).map_err(|error| Failure::error(Exit::Configuration, format!("not a ready file: {error}")))
    }
}

enum TokenSource {
    Text(String),
    File(String),
}

impl TokenSource {
    fn read(self) -> anyhow::Result<String> {
        match self {
            Self::Text(text) => Ok(text),
            Self::File(path) => Ok(read_bounded(Path::new(&path))?.trim().to_owned()),
        }
    }
}

/// The value of the strongest source; among equals the first.
fn strongest<T>(sources: impl IntoIterator<Item = Option<(u8, T)>>) -> Option<T> {
    sources.into_iter().flatten().min_by_key(|(rank, _)| *rank).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::tests_support::resolve;

    fn ready() -> Ready {
        Ready {
            operations: None,
            http: Some("http://127.0.0.1:9000".into()),
            https: Some("https://localhost:9443".into()),
            ca: Some("ready-ca.pem".into()),
            token_file: None,
            pid: 1,
        }
    }

    #[test]
    fn a_ready_file_gives_address_and_authority() {
        let found = resolve(&[(Key::ReadyFile, "r.json")], &[("DRIFTLESS_URL", "https://other"), ("DRIFTLESS_TOKEN", "t")], &[]).unwrap();
        let settings = found.service(Some(&ready())).unwrap();
        assert_eq!((settings.url.as_str(), settings.token.as_deref()), ("http://127.0.0.1:9000", Some("t")));
        assert_eq!(settings.ca, Some("ready-ca.pem".into()));
    }

    #[test]
    fn a_ready_file_keeps_its_secrets_from_other_addresses() {
        let mut ready = ready();
        ready.token_file = Some("/nonexistent/token".into());
        let other = resolve(&[(Key::Url, "https://other"), (Key::ReadyFile, "r.json")], &[], &[]).unwrap();
        let settings = other.service(Some(&ready)).unwrap();
        assert_eq!((settings.url.as_str(), settings.token, settings.ca), ("https://other", None, None));
        let own = resolve(&[(Key::Url, "https://localhost:9443/"), (Key::ReadyFile, "r.json")], &[], &[]).unwrap();
        assert!(own.service(Some(&ready)).is_err(), "its own address uses the token file, which is absent here");
    }

    #[test]
    fn the_default_ready_file_yields_to_any_given_address() {
        let by_default = resolve(&[], &[], &[]).unwrap();
        assert_eq!(by_default.service(Some(&ready())).unwrap().url, "http://127.0.0.1:9000");
        assert_eq!(by_default.service(None).unwrap().url, "http://127.0.0.1:8080");
        let given = resolve(&[], &[("DRIFTLESS_URL", "https://other")], &[]).unwrap();
        assert_eq!(given.ready().unwrap(), None);
    }

    #[test] // OPS-06: a service that is not ready yet is a temporary condition
    fn an_absent_ready_file() {
        let found = resolve(&[(Key::ReadyFile, "/nonexistent/ready.json")], &[], &[]).unwrap();
        assert_eq!(crate::exit::of(&found.ready().unwrap_err()), Exit::Temporary);
    }
}
