//! `cargo xtask accept`: published clients, unmodified, against a release build of the service.
//!
//! The clients are copied out of the tree, their libraries installed there once per set of requirement files, and their
//! own runner started with the addresses of a fresh service. What must pass decides the exit status; the rest is told.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use crate::Outcome;
use crate::arguments::{Arguments, Usage};
use crate::service::{self, Launch, Ready, Service};

/// The clients, each of which must pass.
const CLIENTS: &[&str] = &[
    "raw_changes",
    "raw_keys",
    "raw_solution",
    "raw_orgservice",
    "raw_orgservice_schema",
    "py_zeep",
    "py_sdk_full",
    "py_auth_msal",
    "node_dynamics_web_api",
    PROBE,
];
/// The client that is chosen flow by flow.
const PROBE: &str = "driftless-odata-probe";
/// Its flows.
const FLOWS: &[&str] = &["delta", "error", "metadata", "read", "write", "uri", "msal"];
/// What the probe calls checks of rules that the real service breaks too.
const STRICT: &str = "strict:";
/// Files that decide what is installed.
const REQUIREMENTS: &[&str] = &["requirements.txt", "package.json"];
/// Packages that the clients' libraries use without asking for them: azure-identity's asynchronous credentials.
const OPTIONAL_PACKAGES: &[&str] = &["aiohttp==3.14.5"];
/// Folders that an installation makes; never copied.
const INSTALLED: &[&str] = &[".venv", "node_modules", "__pycache__"];

const USAGE: Usage = Usage {
    help: "\
cargo xtask accept --from DIR [--only NAMES] [--flows FLOWS] [--big] [--json FILE] [--binary PATH]

Copies the acceptance clients out of the tree, installs their libraries (cached by the requirement files), builds and
starts the service on an empty folder, runs the clients, stops the service and verifies the folder.

  --from DIR      the folder with run.py, requirements.txt and package.json
  --only NAMES    only these clients, comma separated (all)
  --flows FLOWS   flows of driftless-odata-probe (all)
  --big           also the flow over more than 5000 changes
  --json FILE     write the summary there as well
  --binary PATH   the binary (default: a release build)

Schema documents that clients judge answers by are looked for in the folder `wire` beside DIR.

Exit status 1 when a client fails. Checks of the probe that begin with `strict:` do not count: the real service breaks these rules too.",
    options: &["from", "only", "flows", "json", "binary"],
    switches: &["big"],
    words_max: 0,
};

/// Runs the task.
pub(crate) fn run(given: &[String]) -> Result<Outcome> {
    let Some(arguments) = Arguments::parse(&USAGE, given)? else {
        println!("{}", USAGE.help);
        return Ok(Outcome::Passed);
    };
    let from = arguments.value("from").context("--from DIR is needed: the folder with the clients")?;
    let from = std::fs::canonicalize(from).with_context(|| format!("cannot find {from}"))?;
    ensure!(from.join("run.py").exists(), "{} has no run.py", from.display());
    let binary = match arguments.value("binary") {
        Some(path) => PathBuf::from(path),
        None => service::build_release()?,
    };
    let clients = install(&from)?;
    let folder = service::fresh_folder("accept-run")?;
    let launch = Launch { verb: "dev", https: https_address(), ..Launch::serve(&binary, &folder) };
    let service = Service::start(&launch)?;
    let credentials = credentials(&launch)?;
    let names = or_all(arguments.list("only"), CLIENTS);
    let flows = or_all(arguments.list("flows"), FLOWS);
    let mut command = Command::new(python_of(&clients));
    command.env("DRIFTLESS_PROBE_FLOWS", flows.join(" ")).envs(credentials);
    if arguments.has("big") {
        command.env("DRIFTLESS_BIG", "1");
    }
    let wire = from.with_file_name("wire");
    if wire.is_dir() {
        command.env("DRIFTLESS_WIRE", wire);
    }
    let lines = call_runner(command, &clients, &names, service.ready(), &folder.join("result.json"))?;
    let mut failures = failures_of(&names, &lines);
    failures.extend(end(service, &launch)?);
    println!("\naccept: {}", if failures.is_empty() { "passed" } else { "FAILED" });
    failures.iter().for_each(|failure| println!("  {failure}"));
    if let Some(path) = arguments.value("json") {
        let report = json!({"flows": flows, "clients": lines, "failures": failures, "passed": failures.is_empty()});
        std::fs::write(path, format!("{report:#}\n")).with_context(|| format!("cannot write {path}"))?;
    }
    if failures.is_empty() {
        std::fs::remove_dir_all(&folder)?;
    } else {
        println!("accept: data and log are in {}", folder.display());
    }
    Ok(Outcome::of(failures.is_empty()))
}

/// Where the service listens with TLS: at the port of https if that is free and we may, since MSAL.NET validates an AD FS authority there only.
fn https_address() -> &'static str {
    match std::net::TcpListener::bind(service::KNOWN_PORT) {
        Ok(_) => service::KNOWN_PORT,
        Err(_) => {
            println!("accept: {} is not to be had, so clients that insist on it leave checks out", service::KNOWN_PORT);
            service::ANY_PORT
        }
    }
}

/// How the clients sign in that do so by themselves.
fn credentials(launch: &Launch) -> Result<Vec<(String, String)>> {
    let wanted = ["DRIFTLESS_CLIENT_ID", "DRIFTLESS_CLIENT_SECRET", "DRIFTLESS_TENANT"];
    Ok(service::variables(launch)?.into_iter().filter(|(name, _)| wanted.contains(&name.as_str())).collect())
}

/// Stops the service and verifies its folder.
fn end(service: Service, launch: &Launch) -> Result<Vec<String>> {
    let mut failures = Vec::new();
    let status = service.stop()?;
    if !status.success() {
        failures.push(format!("SIGTERM ended the service with {status}"));
    }
    let verdict = service::check(&launch.binary, &launch.data)?;
    println!("\naccept: driftless check: {}", verdict.text);
    if !verdict.is_clean {
        failures.push("driftless check found something".to_owned());
    }
    Ok(failures)
}

/// What was asked for, else everything.
fn or_all(asked: Vec<String>, all: &[&str]) -> Vec<String> {
    if asked.is_empty() { all.iter().map(|name| (*name).to_owned()).collect() } else { asked }
}

/// The clients that did not pass, one sentence each.
fn failures_of(clients: &[String], summary: &Value) -> Vec<String> {
    clients.iter().filter_map(|name| failure_of(name, summary)).collect()
}

fn failure_of(name: &str, summary: &Value) -> Option<String> {
    let lines = summary.as_array().into_iter().flatten();
    let Some(line) = lines.into_iter().find(|line| line["client"] == name) else {
        return Some(format!("{name} was not run"));
    };
    match line["status"].as_str() {
        Some("passed") => None,
        Some("left out") => Some(format!("{name} was left out: {}", line["why"])),
        _ => {
            let failures: Vec<&str> = line["failures"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            // Rules of the probe's library that the real service breaks too do not count.
            let may_fail = |failure: &str| name == PROBE && failure.strip_prefix("not ok ").is_some_and(|rest| rest.starts_with(STRICT));
            let counted = failures.iter().filter(|failure| !may_fail(failure)).count();
            match (failures.is_empty(), counted) {
                (true, _) => Some(format!("{name} broke off")),
                (false, 0) => None,
                (false, counted) => Some(format!("{name}: {counted} checks failed")),
            }
        }
    }
}

/// Runs the clients and gives their summary.
fn call_runner(mut command: Command, clients: &Path, names: &[String], ready: &Ready, result: &Path) -> Result<Value> {
    println!("\naccept: {}", names.join(", "));
    command
        .current_dir(clients)
        .args(["run.py", "--only", &names.join(","), "--json"])
        .arg(result)
        .env("DRIFTLESS_URL", &ready.http)
        .env("DRIFTLESS_HTTPS_URL", &ready.https)
        .env("DRIFTLESS_CA", &ready.ca)
        .env("DRIFTLESS_TOKEN", &ready.token);
    // Its status says that something failed; which of it counts is decided from the summary.
    command.status().context("cannot run the clients")?;
    let text = std::fs::read(result).context("the clients wrote no summary")?;
    Ok(serde_json::from_slice(&text)?)
}

fn python_of(clients: &Path) -> PathBuf {
    clients.join(".venv/bin/python")
}

/// Copies the clients to a folder of their own and installs what they need, unless that was done before.
fn install(from: &Path) -> Result<PathBuf> {
    let mut wanted = Vec::new();
    for name in REQUIREMENTS {
        wanted.extend(std::fs::read(from.join(name)).with_context(|| format!("cannot read {name}"))?);
    }
    wanted.extend(OPTIONAL_PACKAGES.iter().flat_map(|package| package.bytes()));
    let clients = std::env::temp_dir().join(format!("driftless-accept-{:016x}", digest(&wanted)));
    copy_folder(from, &clients)?;
    let is_installed = clients.join(".installed");
    if is_installed.exists() {
        println!("accept: clients in {}, libraries from an earlier run", clients.display());
        return Ok(clients);
    }
    println!("accept: clients in {}, installing their libraries", clients.display());
    let python = python_of(&clients);
    step(Command::new("python3").args(["-m", "venv", ".venv"]).current_dir(&clients))?;
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", "requirements.txt"];
    step(Command::new(python).args(install).args(OPTIONAL_PACKAGES).current_dir(&clients))?;
    step(Command::new("npm").args(["install", "--silent", "--no-fund", "--no-audit"]).current_dir(&clients))?;
    std::fs::write(is_installed, "")?;
    Ok(clients)
}

fn step(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot run {command:?}"))?;
    if !status.success() {
        bail!("{command:?} failed with {status}");
    }
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        let (source, target) = (entry.path(), to.join(&name));
        if INSTALLED.iter().any(|known| name == *known) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy_folder(&source, &target)?;
        } else {
            std::fs::copy(&source, &target).with_context(|| format!("cannot copy {}", source.display()))?;
        }
    }
    Ok(())
}

/// FNV-1a: names a folder, protects nothing.
fn digest(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn every_client_decides() {
        let clients = names(&["raw_changes", "raw_keys", PROBE]);
        let summary = |raw: &str, probe: &str| {
            json!([
                {"client": "raw_changes", "status": raw, "failures": []},
                {"client": "raw_keys", "status": "passed"},
                {"client": PROBE, "status": if probe.is_empty() { "passed" } else { "failed" }, "failures": [probe]}
            ])
        };
        assert_eq!(failures_of(&clients, &summary("passed", "")), [""; 0]);
        assert_eq!(failures_of(&clients, &summary("failed", "")).len(), 1);
        assert_eq!(failures_of(&clients, &summary("left out", "")).len(), 1);
        assert_eq!(failures_of(&clients, &summary("passed", "not ok metadata: a - b")).len(), 1);
        assert_eq!(failures_of(&clients, &summary("passed", "not ok strict: delta: a - b")), [""; 0]);
        assert_eq!(failures_of(&clients, &summary("passed", "not ok probe ended with status 134 - ")).len(), 1);
        assert_eq!(failures_of(&clients, &json!([])).len(), 3);
    }

    #[test]
    fn a_copy_leaves_installed_folders_out() {
        let folder = service::fresh_folder("copy-test").unwrap();
        let (from, to) = (folder.join("from"), folder.join("to"));
        std::fs::create_dir_all(from.join("lib")).unwrap();
        std::fs::create_dir_all(from.join(".venv")).unwrap();
        std::fs::write(from.join("lib/a.py"), "a").unwrap();
        std::fs::write(from.join(".venv/b"), "b").unwrap();
        copy_folder(&from, &to).unwrap();
        assert!(to.join("lib/a.py").exists() && !to.join(".venv").exists());
        std::fs::remove_dir_all(folder).unwrap();
    }
}
