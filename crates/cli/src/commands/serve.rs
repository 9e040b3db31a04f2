//! `serve`: runs the service on a data folder.

use std::path::PathBuf;

use clap::Args;

use super::Context;
use crate::configuration::{Configuration, Key};
use crate::logging::{self, LogForm};
use crate::service::{self, Ready, ServeOptions};

const EXAMPLES: &str = "\
Examples:
  driftless serve
  driftless serve --data ./books --http 127.0.0.1:0 --https none --ready-file ready.json";

/// Arguments of `serve`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Data folder, made when absent [default: ./driftless-data] [env: DRIFTLESS_DATA]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address without TLS, loopback only; port 0 takes a free one, "none" leaves it out [default: 127.0.0.1:8080] [env: DRIFTLESS_HTTP]
    #[arg(long, value_name = "ADDR")]
    http: Option<String>,
    /// Address with TLS; port 0 takes a free one, "none" leaves it out [default: 127.0.0.1:8443] [env: DRIFTLESS_HTTPS]
    #[arg(long, value_name = "ADDR")]
    https: Option<String>,
    /// Write addresses, authority and token file as JSON to FILE when requests are answered
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// What a delta token older than the retention gets: "full" (everything, as a first read) or "fault" (0x80044352) [default: full]
    /// [env: DRIFTLESS_EXPIRED_TOKENS]
    #[arg(long, value_name = "ANSWER")]
    expired_tokens: Option<String>,
    /// What to log: a level, or a list by module
    #[arg(long, value_name = "FILTER", default_value = "info")]
    log: String,
    /// Form of log lines
    #[arg(long, value_name = "FORM", default_value = "text")]
    log_form: LogForm,
}

/// Serves until the process is told to end.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> anyhow::Result<()> {
    logging::begin(&arguments.log, arguments.log_form, context.output.may_animate())?;
    let configuration = Configuration::load(arguments.given(), &context.general)?;
    let options = ServeOptions {
        data: configuration.data(),
        http: configuration.listener(Key::Http)?,
        https: configuration.listener(Key::Https)?,
        ready_file: arguments.ready_file.clone(),
        expired_tokens: configuration.expired_tokens()?,
        catches_signals: true,
    };
    let running = service::start(&options)?;
    context.output.result(|| announcement(&running.ready), || document(&running.ready))?;
    running.wait()
}

impl Arguments {
    fn given(&self) -> Vec<(Key, String)> {
        let data = self.data.as_ref().map(|path| path.display().to_string());
        [(Key::Data, data), (Key::Http, self.http.clone()), (Key::Https, self.https.clone()), (Key::ExpiredTokens, self.expired_tokens.clone())]
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
