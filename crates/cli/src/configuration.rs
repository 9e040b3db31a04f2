//! Settings and where each came from: flag, then environment, then `--config`, then the system's file, then built in (OPS-03).

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use driftless_auth::OutsideIssuer;
use driftless_core::ExpiredTokens;
use driftless_model::Limits;
use driftless_server::{Network, PageOrigin, TlsFiles};
use serde::Deserialize;

use crate::arguments::GeneralArguments;
use crate::exit::{Exit, Failure};
use crate::limits::{LIMITS, Limit, ServiceLimits};
use crate::suggestion;

/// Configuration of the whole machine; absent on most.
const SYSTEM_FILE: &str = "/etc/driftless/config.toml";
/// Largest configuration, token or ready file, in bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// A setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    Url,
    Token,
    TokenFile,
    Ca,
    ReadyFile,
    Data,
    Http,
    Https,
    TlsCertificate,
    TlsKeyFile,
    PublicUrl,
    HostNames,
    TrustedProxies,
    AllowedOrigins,
    TrustedIssuers,
    OutboundAllow,
    PasswordGrant,
    ExpiredTokens,
    ServiceProtection,
    Operations,
    AggregateRowsMax,
}

/// Every setting with its name in files, its environment variable and its built-in value.
const KEYS: [(Key, &str, &str, Option<&str>); 21] = [
    (Key::Url, "url", "DRIFTLESS_URL", Some("http://127.0.0.1:8080")),
    (Key::Token, "token", "DRIFTLESS_TOKEN", None),
    (Key::TokenFile, "token_file", "DRIFTLESS_TOKEN_FILE", None),
    (Key::Ca, "ca", "DRIFTLESS_CA", None),
    (Key::ReadyFile, "ready_file", "DRIFTLESS_READY_FILE", None),
    (Key::Data, "data", "DRIFTLESS_DATA", Some("./driftless-data")),
    (Key::Http, "http", "DRIFTLESS_HTTP", Some("127.0.0.1:8080")),
    (Key::Https, "https", "DRIFTLESS_HTTPS", Some("127.0.0.1:8443")),
    (Key::TlsCertificate, "tls_certificate", "DRIFTLESS_TLS_CERTIFICATE", None),
    (Key::TlsKeyFile, "tls_key", "DRIFTLESS_TLS_KEY", None),
    (Key::PublicUrl, "public_url", "DRIFTLESS_PUBLIC_URL", None),
    (Key::HostNames, "host_names", "DRIFTLESS_HOST_NAMES", None),
    (Key::TrustedProxies, "trusted_proxies", "DRIFTLESS_TRUSTED_PROXIES", None),
    (Key::AllowedOrigins, "allowed_origins", "DRIFTLESS_ALLOWED_ORIGINS", None),
    (Key::TrustedIssuers, "trusted_issuers", "DRIFTLESS_TRUSTED_ISSUERS", None),
    (Key::OutboundAllow, "outbound_allow", "DRIFTLESS_OUTBOUND_ALLOW", None),
    (Key::PasswordGrant, "password_grant", "DRIFTLESS_PASSWORD_GRANT", Some("off")),
    (Key::ExpiredTokens, "expired_tokens", "DRIFTLESS_EXPIRED_TOKENS", Some("full")),
    (Key::ServiceProtection, "service_protection", "DRIFTLESS_SERVICE_PROTECTION", None),
    (Key::Operations, "operations", "DRIFTLESS_OPERATIONS", None),
    (Key::AggregateRowsMax, "aggregate_rows_max", "DRIFTLESS_AGGREGATE_ROWS_MAX", None),
];

impl Key {
    /// Name in a configuration file.
    pub(crate) fn name(self) -> &'static str {
        KEYS.iter().find(|(key, ..)| *key == self).map_or("", |(_, name, ..)| name)
    }

    /// Whether its value must not be shown.
    fn is_secret(self) -> bool {
        self == Self::Token
    }
}

/// Where a value came from; the earlier kind wins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A flag of this command line.
    Flag,
    /// An environment variable.
    Variable(&'static str),
    /// The file given by `--config`.
    File(PathBuf),
    /// The system's file.
    SystemFile(PathBuf),
    /// The program itself.
    BuiltIn,
}

impl Origin {
    pub(crate) fn rank(&self) -> u8 {
        match self {
            Self::Flag => 0,
            Self::Variable(_) => 1,
            Self::File(_) => 2,
            Self::SystemFile(_) => 3,
            Self::BuiltIn => 4,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("flag"),
            Self::Variable(name) => write!(f, "environment {name}"),
            Self::File(path) | Self::SystemFile(path) => write!(f, "file {}", path.display()),
            Self::BuiltIn => f.write_str("built in"),
        }
    }
}

/// A value with its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    value: String,
    origin: Origin,
}

/// The settings in effect.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Configuration {
    settings: BTreeMap<Key, Setting>,
    limits: ServiceLimits,
    /// Where each limit that was set came from, by its name.
    limit_origins: BTreeMap<&'static str, Origin>,
}

/// The file of trusted issuers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TrustedIssuers {
    #[serde(default)]
    issuer: Vec<OutsideIssuer>,
}

/// One line of `config show`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) name: &'static str,
    pub(crate) value: String,
    pub(crate) origin: String,
}

impl Configuration {
    /// The settings of this process: the given flags over everything else.
    pub(crate) fn load(flags: Vec<(Key, String)>, general: &GeneralArguments) -> anyhow::Result<Self> {
        let mut files = Vec::new();
        if let Some(path) = &general.config {
            files.push((Origin::File(path.clone()), read_bounded(path)?));
        }
        let system = Path::new(SYSTEM_FILE);
        if system.exists() {
            files.push((Origin::SystemFile(system.to_owned()), read_bounded(system)?));
        }
        Self::resolve(flags, &|name| std::env::var(name).ok(), files)
    }

    /// The settings from their sources; `files` are texts in falling precedence.
    fn resolve(flags: Vec<(Key, String)>, variable: &dyn Fn(&str) -> Option<String>, files: Vec<(Origin, String)>) -> anyhow::Result<Self> {
        let mut found = Self::default();
        for (key, value) in flags {
            found.offer(key, value, &Origin::Flag);
        }
        for (key, _, name, _) in KEYS {
            if let Some(value) = variable(name).filter(|value| !value.is_empty()) {
                found.offer(key, value, &Origin::Variable(name));
            }
        }
        for (origin, text) in files {
            let file = parse_file(&origin, &text)?;
            for (key, value) in file.settings {
                found.offer(key, value, &origin);
            }
            for (limit, number) in file.limits {
                found.offer_limit(limit, number, &origin)?;
            }
        }
        for (key, _, _, built_in) in KEYS {
            if let Some(value) = built_in {
                found.offer(key, value.to_owned(), &Origin::BuiltIn);
            }
        }
        found.check()?;
        Ok(found)
    }

    /// Refuses values that nothing can be done with, in whatever command, so that a mistake does not wait for the next `serve` (OPS-06).
    fn check(&self) -> anyhow::Result<()> {
        self.listeners(Key::Http)?;
        self.listeners(Key::Https)?;
        self.listeners(Key::Operations)?;
        self.tls_files()?;
        self.public_url()?;
        self.trusted_proxies()?;
        self.allowed_origins()?;
        self.service_protection()?;
        self.password_grant()?;
        self.limits()?;
        self.expired_tokens().map(drop)
    }

    /// Addresses to listen on, separated by commas; none for "none".
    pub(crate) fn listeners(&self, key: Key) -> anyhow::Result<Vec<SocketAddr>> {
        if self.value(key) == Some("none") {
            return Ok(Vec::new());
        }
        self.parsed(key, "is not an address with a port, such as 127.0.0.1:8080, or several with commas between")
    }

    /// Addresses and networks of proxies whose word counts (AUTH-51).
    pub(crate) fn trusted_proxies(&self) -> anyhow::Result<Vec<Network>> {
        self.parsed(Key::TrustedProxies, "is not an address or a network, such as 10.0.0.0/8, or several with commas between")
    }

    /// Origins of pages that may call the service from a browser (AUTH-31).
    pub(crate) fn allowed_origins(&self) -> anyhow::Result<Vec<PageOrigin>> {
        self.parsed(Key::AllowedOrigins, "is not scheme and host of pages, such as https://app.example, or several with commas between")
    }

    /// Issuers whose tokens are accepted, from the file that the setting names: `[[issuer]]` tables (AUTH-20).
    pub(crate) fn trusted_issuers(&self) -> anyhow::Result<Vec<OutsideIssuer>> {
        let Some(path) = self.value(Key::TrustedIssuers) else { return Ok(Vec::new()) };
        let text = read_bounded(Path::new(path))?;
        let refused = |error: toml::de::Error| Failure::error(Exit::Configuration, format!("{path}: {}", error.to_string().trim_end()));
        let issuers: TrustedIssuers = toml::from_str(&text).map_err(refused)?;
        Ok(issuers.issuer)
    }

    /// Whether applications may send names and passwords of people themselves (AUTH-03).
    pub(crate) fn password_grant(&self) -> anyhow::Result<bool> {
        match self.value(Key::PasswordGrant) {
            None | Some("off") => Ok(false),
            Some("on") => Ok(true),
            Some(_) => Err(self.refused(Key::PasswordGrant, "is neither \"on\" nor \"off\"")),
        }
    }

    /// Hosts that may be asked although their addresses are private (SEC-50).
    pub(crate) fn outbound_allow(&self) -> Vec<String> {
        self.items(Key::OutboundAllow).map(str::to_owned).collect()
    }

    /// Names by which a service on loopback may be addressed besides the loopback ones.
    pub(crate) fn host_names(&self) -> Vec<String> {
        self.items(Key::HostNames).map(str::to_owned).collect()
    }

    /// The address that all links have, without a slash at the end.
    pub(crate) fn public_url(&self) -> anyhow::Result<Option<String>> {
        let Some(text) = self.value(Key::PublicUrl) else { return Ok(None) };
        let url = text.strip_suffix('/').unwrap_or(text);
        let has_form = ["https://", "http://"].iter().any(|scheme| {
            let authority = url.strip_prefix(scheme).unwrap_or("");
            !authority.is_empty() && authority.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte))
        });
        if has_form { Ok(Some(url.to_owned())) } else { Err(self.refused(Key::PublicUrl, "is not scheme and host, such as https://books.example")) }
    }

    /// The operator's certificate and its key, if they were given.
    pub(crate) fn tls_files(&self) -> anyhow::Result<Option<TlsFiles>> {
        match (self.value(Key::TlsCertificate), self.value(Key::TlsKeyFile)) {
            (Some(certificate), Some(key)) => Ok(Some(TlsFiles { certificate: certificate.into(), key: key.into() })),
            (None, None) => Ok(None),
            (Some(_), None) => Err(self.refused(Key::TlsCertificate, "needs tls_key, the file with its key")),
            (None, Some(_)) => Err(self.refused(Key::TlsKeyFile, "needs tls_certificate, the file with its certificate")),
        }
    }

    fn items(&self, key: Key) -> impl Iterator<Item = &str> {
        self.value(key).unwrap_or("").split(',').map(str::trim).filter(|item| !item.is_empty())
    }

    fn parsed<T: std::str::FromStr>(&self, key: Key, why: &str) -> anyhow::Result<Vec<T>> {
        self.items(key).map(|item| item.parse().map_err(|_| self.refused(key, why))).collect()
    }

    /// What a delta token that is too old gets (CT-45).
    pub(crate) fn expired_tokens(&self) -> anyhow::Result<ExpiredTokens> {
        match self.value(Key::ExpiredTokens) {
            None | Some("full") => Ok(ExpiredTokens::Full),
            Some("fault") => Ok(ExpiredTokens::Fault),
            Some(_) => Err(self.refused(Key::ExpiredTokens, "is neither \"full\" nor \"fault\"")),
        }
    }

    /// Whether users have budgets, if anybody said so (SEC-24).
    pub(crate) fn service_protection(&self) -> anyhow::Result<Option<bool>> {
        match self.value(Key::ServiceProtection) {
            None => Ok(None),
            Some("on") => Ok(Some(true)),
            Some("off") => Ok(Some(false)),
            Some(_) => Err(self.refused(Key::ServiceProtection, "is neither \"on\" nor \"off\"")),
        }
    }

    /// The limits of the service: the published ones, but for what was set.
    pub(crate) fn limits(&self) -> anyhow::Result<ServiceLimits> {
        let mut limits = self.limits.clone();
        let Limits { aggregate_rows_max, .. } = &mut limits.organization;
        match self.value(Key::AggregateRowsMax) {
            None => {}
            Some("unlimited") => *aggregate_rows_max = u64::MAX,
            Some(text) => match text.parse() {
                Ok(rows) if rows > 0 => *aggregate_rows_max = rows,
                _ => return Err(self.refused(Key::AggregateRowsMax, "is neither a number of rows above 0 nor \"unlimited\"")),
            },
        }
        Ok(limits)
    }

    /// The error of a value: of a flag one of usage, of any other source one of configuration, which is then named.
    fn refused(&self, key: Key, why: &str) -> anyhow::Error {
        let Some(Setting { value, origin }) = self.settings.get(&key) else {
            return Failure::error(Exit::Configuration, format!("{} {why}", key.name()));
        };
        match origin {
            Origin::Flag => Failure::error(Exit::Usage, format!("{} \"{value}\" {why}", key.name())),
            _ => Failure::error(Exit::Configuration, format!("{origin}: {} \"{value}\" {why}", key.name())),
        }
    }

    /// Takes a value unless a stronger source gave one.
    fn offer(&mut self, key: Key, value: String, origin: &Origin) {
        self.settings.entry(key).or_insert_with(|| Setting { value, origin: origin.clone() });
    }

    /// Sets a limit unless a stronger file did; a number that cannot be is refused all the same.
    fn offer_limit(&mut self, limit: &'static Limit, number: i64, origin: &Origin) -> anyhow::Result<()> {
        let mut tried = self.limits.clone();
        let refused = |why| Failure::error(Exit::Configuration, format!("{origin}: {} {why}", limit.shown));
        limit.set(&mut tried, number).map_err(refused)?;
        if !self.limit_origins.contains_key(limit.name) {
            self.limits = tried;
            self.limit_origins.insert(limit.name, origin.clone());
        }
        Ok(())
    }

    /// A value in effect.
    pub(crate) fn value(&self, key: Key) -> Option<&str> {
        self.settings.get(&key).map(|setting| setting.value.as_str())
    }

    /// The data folder.
    pub(crate) fn data(&self) -> PathBuf {
        PathBuf::from(self.value(Key::Data).unwrap_or("."))
    }

    /// Every setting, secrets masked.
    pub(crate) fn shown(&self) -> Vec<Shown> {
        let show = |(key, name, _, _): &(Key, &'static str, &str, Option<&str>)| {
            let setting = self.settings.get(key);
            let value = setting.map(|setting| if key.is_secret() { "***".to_owned() } else { setting.value.clone() });
            Shown { name, value: value.unwrap_or_default(), origin: setting.map_or_else(|| "not set".to_owned(), |setting| setting.origin.to_string()) }
        };
        let limit = |limit: &Limit| {
            let origin = self.limit_origins.get(limit.name).unwrap_or(&Origin::BuiltIn);
            Shown { name: limit.shown, value: limit.value(&self.limits), origin: origin.to_string() }
        };
        KEYS.iter().map(show).chain(LIMITS.iter().map(limit)).collect()
    }

    /// How strong the source of a value is; the smaller the stronger.
    pub(crate) fn rank(&self, key: Key) -> u8 {
        self.settings.get(&key).map_or(u8::MAX, |setting| setting.origin.rank())
    }
}

/// Reads a small text file.
pub(crate) fn read_bounded(path: &Path) -> anyhow::Result<String> {
    let place = || path.display().to_string();
    let bytes = std::fs::metadata(path).with_context(place)?.len();
    if bytes > FILE_BYTES_MAX {
        return Err(Failure::error(Exit::Configuration, format!("{}: larger than {FILE_BYTES_MAX} bytes", place())));
    }
    std::fs::read_to_string(path).with_context(place)
}

/// The entries of a configuration file.
#[derive(Default)]
struct FileEntries {
    settings: Vec<(Key, String)>,
    limits: Vec<(&'static Limit, i64)>,
}

/// Name of the table of limits in a configuration file.
const LIMITS_TABLE: &str = "limits";

/// The entries of a configuration file. Anything unknown is an error.
fn parse_file(origin: &Origin, text: &str) -> anyhow::Result<FileEntries> {
    let refused = |why: String| Failure::error(Exit::Configuration, format!("{origin}: {why}"));
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| refused(error.to_string().trim_end().to_owned()))?;
    let mut found = FileEntries::default();
    for (name, value) in table {
        if name == LIMITS_TABLE {
            found.limits = parse_limits(value).map_err(refused)?;
            continue;
        }
        let Some((key, ..)) = KEYS.iter().find(|(_, known, ..)| *known == name) else {
            let hint = suggestion::hint(&name, KEYS.iter().map(|(_, known, ..)| *known));
            return Err(refused(format!("unknown key \"{name}\"{hint}")));
        };
        match value {
            toml::Value::String(value) => found.settings.push((*key, value)),
            other => {
                return Err(refused(format!("\"{name}\" must be text in quotes, not {}", other.type_str())));
            }
        }
    }
    Ok(found)
}

/// The entries of the table of limits.
fn parse_limits(value: toml::Value) -> Result<Vec<(&'static Limit, i64)>, String> {
    let toml::Value::Table(table) = value else { return Err(format!("[{LIMITS_TABLE}] must be a table, not {}", value.type_str())) };
    let entry = |(name, value): (String, toml::Value)| {
        let Some(limit) = LIMITS.iter().find(|limit| limit.name == name) else {
            let hint = suggestion::hint(&name, LIMITS.iter().map(|limit| limit.name));
            return Err(format!("unknown limit \"{name}\"{hint}"));
        };
        match value {
            toml::Value::Integer(number) => Ok((limit, number)),
            other => Err(format!("{} must be a number, not {}", limit.shown, other.type_str())),
        }
    };
    table.into_iter().map(entry).collect()
}

#[cfg(test)]
pub(crate) mod tests_support {
    use super::*;

    /// Settings from flags, variables and files (text, whether it is the system's).
    pub(crate) fn resolve(flags: &[(Key, &str)], variables: &[(&str, &str)], files: &[(&str, bool)]) -> anyhow::Result<Configuration> {
        let flags = flags.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
        let find = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let files = files.iter().map(|(text, is_system)| {
            let path = PathBuf::from(if *is_system { "/etc/x.toml" } else { "x.toml" });
            (if *is_system { Origin::SystemFile(path) } else { Origin::File(path) }, (*text).to_owned())
        });
        Configuration::resolve(flags, &find, files.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::tests_support::resolve;
    use super::*;

    #[test] // OPS-03: flag, environment, given file, system file, built in
    fn precedence() {
        let all = [("data = \"file\"\nhttp = \"127.0.0.1:1\"\nca = \"file\"", false), ("http = \"none\"\nhttps = \"none\"", true)];
        let found = resolve(&[(Key::Url, "flag")], &[("DRIFTLESS_URL", "env"), ("DRIFTLESS_DATA", "env"), ("DRIFTLESS_CA", "")], &all);
        let found = found.unwrap();
        let shown: Vec<(String, String)> = found.shown().into_iter().map(|s| (s.name.to_owned(), format!("{} <- {}", s.value, s.origin))).collect();
        let value = |name: &str| shown.iter().find(|(known, _)| known == name).unwrap().1.clone();
        assert_eq!(value("url"), "flag <- flag");
        assert_eq!(value("data"), "env <- environment DRIFTLESS_DATA");
        assert_eq!(value("ca"), "file <- file x.toml", "an empty variable is no value");
        assert_eq!(value("http"), "127.0.0.1:1 <- file x.toml");
        assert_eq!(value("https"), "none <- file /etc/x.toml");
        assert_eq!(value("token"), " <- not set");
        assert_eq!(resolve(&[], &[], &[]).unwrap().value(Key::Url), Some("http://127.0.0.1:8080"));
    }

    #[test] // OPS-06: a value that nothing can be done with is told from a wrong command line
    fn values_that_cannot_be() {
        let exit = |found: anyhow::Result<Configuration>| crate::exit::of(&found.unwrap_err());
        for (key, variable) in [
            (Key::Http, "DRIFTLESS_HTTP"),
            (Key::Https, "DRIFTLESS_HTTPS"),
            (Key::ExpiredTokens, "DRIFTLESS_EXPIRED_TOKENS"),
            (Key::AllowedOrigins, "DRIFTLESS_ALLOWED_ORIGINS"),
            (Key::AggregateRowsMax, "DRIFTLESS_AGGREGATE_ROWS_MAX"),
        ] {
            assert_eq!(exit(resolve(&[(key, "bad")], &[], &[])), Exit::Usage);
            assert_eq!(exit(resolve(&[], &[(variable, "bad")], &[])), Exit::Configuration);
            assert_eq!(exit(resolve(&[], &[], &[(&format!("{} = \"bad\"", key.name()), false)])), Exit::Configuration);
        }
        let error = resolve(&[], &[("DRIFTLESS_HTTP", "bad")], &[]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "environment DRIFTLESS_HTTP: http \"bad\" is not an address with a port, such as 127.0.0.1:8080, or several with commas between"
        );
        assert!(resolve(&[(Key::Http, "none")], &[("DRIFTLESS_HTTP", "bad")], &[]).is_ok(), "what is overruled does not count");
    }

    #[test] // SEC-10
    fn the_limit_of_aggregates_is_a_setting() {
        let limit =
            |given: &str| resolve(&[(Key::AggregateRowsMax, given)], &[], &[]).map(|found| found.limits().unwrap().organization.aggregate_rows_max).ok();
        assert_eq!([limit("unlimited"), limit("7"), limit("0"), limit("-1")], [Some(u64::MAX), Some(7), None, None]);
        assert_eq!(resolve(&[], &[], &[]).unwrap().limits().unwrap().organization.aggregate_rows_max, 50_000);
    }

    #[test] // OPS-03: secrets are masked
    fn tokens_are_not_shown() {
        let found = resolve(&[(Key::Token, "drft_secret")], &[], &[]).unwrap();
        assert!(found.shown().iter().all(|shown| !shown.value.contains("secret")));
    }

    #[test] // OPS-03: limits are set in files, and shown with the rest
    fn limits_of_files() {
        let files = [("[limits]\npage_rows_max = 100", false), ("[limits]\npage_rows_max = 200\nstreams_max = 7", true)];
        let found = resolve(&[], &[], &files).unwrap();
        let limits = found.limits().unwrap();
        assert_eq!((limits.organization.page_rows_max, limits.listener.streams_max), (100, 7));
        let shown = found.shown();
        let of = |name: &str| shown.iter().find(|shown| shown.name == name).map(|shown| format!("{} <- {}", shown.value, shown.origin)).unwrap();
        assert_eq!(of("limits.page_rows_max"), "100 <- file x.toml");
        assert_eq!(of("limits.streams_max"), "7 <- file /etc/x.toml");
        assert_eq!(of("limits.count_max"), "5000 <- built in");
        for (text, expected) in [
            ("[limits]\npage_row_max = 1", "file x.toml: unknown limit \"page_row_max\"; did you mean \"page_rows_max\"?"),
            ("[limits]\npage_rows_max = 0", "file x.toml: limits.page_rows_max must be a number from 1"),
            ("[limits]\npage_rows_max = \"many\"", "file x.toml: limits.page_rows_max must be a number, not string"),
            ("limits = 5", "file x.toml: [limits] must be a table, not integer"),
        ] {
            let error = resolve(&[], &[], &[(text, false)]).unwrap_err();
            assert_eq!((error.to_string().as_str(), crate::exit::of(&error)), (expected, Exit::Configuration));
        }
    }

    #[test] // OPS-03: unknown keys are errors with a suggestion
    fn unknown_keys() {
        for (text, expected) in [
            ("raedy_file = \"x\"", "file x.toml: unknown key \"raedy_file\"; did you mean \"ready_file\"?"),
            ("listen = \"x\"", "file x.toml: unknown key \"listen\""),
            ("url = 5", "file x.toml: \"url\" must be text in quotes, not integer"),
        ] {
            let error = resolve(&[], &[], &[(text, false)]).unwrap_err();
            assert_eq!((error.to_string().as_str(), crate::exit::of(&error)), (expected, Exit::Configuration));
        }
        assert!(resolve(&[], &[], &[("url = ", false)]).is_err());
    }
}
