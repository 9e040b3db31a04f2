//! `serve`: runs the service on a data folder.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use driftless_auth::{Fetch, SignInSettings};
use driftless_client::Outbound;
use driftless_server::Listeners;

use super::Context;
use crate::configuration::{Configuration, Key};
use crate::logging::{self, Log, LogForm};
use crate::output::Output;
use crate::service::{self, Ready, RunningService, ServeOptions, Setup};

const EXAMPLES: &str = "\
Settings of the configuration file, or of the environment in capitals after DRIFTLESS_:
  host_names       names under which a service for this machine alone answers besides those of loopback
  trusted_proxies  addresses of proxies whose Forwarded and X-Forwarded-* count
  allowed_origins  origins of pages, such as https://app.example, whose scripts may call the service from a browser
  trusted_issuers  TOML file of [[issuer]] tables: issuer, audiences, jwks_uri, algorithms, tenants, person_claim, applications
  password_grant   with on, applications may send names and passwords of people themselves [default: off]
  outbound_allow   hosts of issuers that may have addresses of private networks

Examples:
  driftless serve
  driftless serve --data ./look-around --sample
  driftless serve --data ./books --http 127.0.0.1:0 --https none --ready-file ready.json";

/// Arguments of `serve`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Data folder, made when absent [default: ./driftless-data] [env: DRIFTLESS_DATA]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Addresses without TLS, separated by commas, loopback only; port 0 takes a free one, "none" leaves them out [default: 127.0.0.1:8080] [env: DRIFTLESS_HTTP]
    #[arg(long, value_name = "ADDR")]
    http: Option<String>,
    /// Addresses with TLS, separated by commas; port 0 takes a free one, "none" leaves them out [default: 127.0.0.1:8443] [env: DRIFTLESS_HTTPS]
    #[arg(long, value_name = "ADDR")]
    https: Option<String>,
    /// Addresses for operators, separated by commas, loopback only: probes, and figures without a token [env: DRIFTLESS_OPERATIONS]
    #[arg(long, value_name = "ADDR")]
    operations: Option<String>,
    /// PEM file with the certificate to serve, in place of one of the local authority [env: DRIFTLESS_TLS_CERTIFICATE]
    #[arg(long, value_name = "FILE")]
    tls_certificate: Option<PathBuf>,
    /// PEM file with its key [env: DRIFTLESS_TLS_KEY]
    #[arg(long, value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// Scheme and host that all links have; else they have the ones that the client used [env: DRIFTLESS_PUBLIC_URL]
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Write addresses, authority and token file as JSON to FILE when requests are answered
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// What a delta token older than the retention gets: "full" (everything, as a first read) or "fault" (0x80044352) [default: full]
    /// [env: DRIFTLESS_EXPIRED_TOKENS]
    #[arg(long, value_name = "ANSWER")]
    expired_tokens: Option<String>,
    /// Whether each user has the published budgets of requests, time and concurrency: "on" or "off" [default: on; off for dev]
    /// [env: DRIFTLESS_SERVICE_PROTECTION]
    #[arg(long, value_name = "ON|OFF")]
    service_protection: Option<String>,
    /// Rows that a query may put together in groups with aggregates, or "unlimited" [default: 50000] [env: DRIFTLESS_AGGREGATE_ROWS_MAX]
    #[arg(long, value_name = "ROWS")]
    aggregate_rows_max: Option<String>,
    /// Make a few hundred rows to look at, if there are none yet
    #[arg(long)]
    sample: bool,
    /// What to log: a level, or a list by module
    #[arg(long, value_name = "FILTER", default_value = "info")]
    log: String,
    /// Form of log lines
    #[arg(long, value_name = "FORM", default_value = "text")]
    log_form: LogForm,
}

/// Serves until the process is told to end.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<()> {
    let _log = begin_log(arguments, context)?;
    let running = start(arguments, context, false)?;
    tell_setup(&running, context.output);
    context.output.result(|| announcement(&running.ready), || document(&running.ready))?;
    running.wait()
}

/// As [`run`], for one developer on this machine (AUTH-41).
pub(crate) fn run_for_developer(arguments: &Arguments, context: &Context) -> anyhow::Result<()> {
    let _log = begin_log(arguments, context)?;
    let running = start(arguments, context, true)?;
    tell_setup(&running, context.output);
    let hint = format!("  programs sign in with: eval \"$(driftless dev env --data {})\"\n", running.data.display());
    context.output.result(|| announcement(&running.ready) + &hint, || document(&running.ready))?;
    running.wait()
}

/// Tells where the first administrator gets a password.
fn tell_setup(running: &RunningService, output: Output) {
    match &running.setup {
        None => {}
        Some(Setup::Told(address)) => output.note(&format!("to give the administrator a password, open within an hour:\n  {address}")),
        Some(Setup::Kept(file)) => output.note(&format!("to give the administrator a password, open within an hour the address in {}", file.display())),
    }
}

fn begin_log(arguments: &Arguments, context: &Context) -> anyhow::Result<Log> {
    logging::begin(&arguments.log, arguments.log_form, context.output.may_animate())
}

fn start(arguments: &Arguments, context: &Context, is_for_developer: bool) -> anyhow::Result<RunningService> {
    let configuration = Configuration::load(arguments.given(), &context.general)?;
    let listeners = Listeners {
        http: configuration.listeners(Key::Http)?,
        https: configuration.listeners(Key::Https)?,
        operations: configuration.listeners(Key::Operations)?,
        host_names: configuration.host_names(),
        proxies: configuration.trusted_proxies()?,
        public_url: configuration.public_url()?,
        page_origins: configuration.allowed_origins()?,
    };
    let outbound = Outbound::new(configuration.outbound_allow());
    let fetch: Fetch = Arc::new(move |address| outbound.get(address));
    service::start(&ServeOptions {
        data: configuration.data(),
        listeners,
        tls: configuration.tls_files()?,
        sign_in: SignInSettings {
            password_grant: configuration.password_grant()?,
            issuers: configuration.trusted_issuers()?,
            fetch: Some(fetch),
            ..SignInSettings::default()
        },
        ready_file: arguments.ready_file.clone(),
        expired_tokens: configuration.expired_tokens()?,
        is_for_developer,
        is_protected: configuration.service_protection()?.unwrap_or(!is_for_developer),
        limits: configuration.limits()?,
        sample: arguments.sample,
        catches_signals: true,
    })
}

impl Arguments {
    fn given(&self) -> Vec<(Key, String)> {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        [
            (Key::Data, path(&self.data)),
            (Key::Http, self.http.clone()),
            (Key::Https, self.https.clone()),
            (Key::Operations, self.operations.clone()),
            (Key::TlsCertificate, path(&self.tls_certificate)),
            (Key::TlsKeyFile, path(&self.tls_key)),
            (Key::PublicUrl, self.public_url.clone()),
            (Key::ExpiredTokens, self.expired_tokens.clone()),
            (Key::ServiceProtection, self.service_protection.clone()),
            (Key::AggregateRowsMax, self.aggregate_rows_max.clone()),
        ]
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?)))
        .collect()
    }
}

fn document(ready: &Ready) -> serde_json::Value {
    serde_json::to_value(ready).unwrap_or_default()
}

/// Addresses and where the first administrator's token is.
pub(crate) fn announcement(ready: &Ready) -> String {
    let mut out = String::from("serving\n");
    for address in [&ready.http, &ready.https].into_iter().flatten() {
        out += &format!("  {address}/api/data/v9.2/\n");
    }
    for (title, path) in [("token of the first administrator", &ready.token_file), ("certificate authority", &ready.ca)] {
        if let Some(path) = path {
            out += &format!("  {title}: {}\n", path.display());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_announcement() {
        let ready = Ready {
            http: Some("http://127.0.0.1:8080".into()),
            operations: None,
            https: Some("https://localhost:8443".into()),
            ca: Some("data/ca.pem".into()),
            token_file: Some("data/token".into()),
            pid: 7,
        };
        let expected = "serving\n  http://127.0.0.1:8080/api/data/v9.2/\n  https://localhost:8443/api/data/v9.2/\n  \
                        token of the first administrator: data/token\n  certificate authority: data/ca.pem\n";
        assert_eq!(announcement(&ready), expected);
    }
}
