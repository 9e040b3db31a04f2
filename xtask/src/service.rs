//! The real binary as a child: start it, wait until it answers, stop or kill it, verify its folder.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use serde_json::Value;

/// Longest time from start to the ready file.
const READY_WAIT: Duration = Duration::from_secs(60);
/// Longest time from SIGTERM to the end of the process (REL-30: finish requests within 30 s).
const STOP_WAIT: Duration = Duration::from_secs(45);
/// A free port of this machine.
pub(crate) const ANY_PORT: &str = "127.0.0.1:0";
/// The port of https, which some clients ask whatever the address says.
pub(crate) const KNOWN_PORT: &str = "127.0.0.1:443";
/// Pause between two looks at a file or a process.
const LOOK: Duration = Duration::from_millis(10);

/// What a start needs.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    /// The binary `driftless`.
    pub(crate) binary: PathBuf,
    /// Its data folder.
    pub(crate) data: PathBuf,
    /// Where the ready file and the log go; not inside the data folder.
    pub(crate) run: PathBuf,
    /// `serve`, or `dev` for a service with credentials for programs that sign in.
    pub(crate) verb: &'static str,
    /// Where it listens with TLS: [`ANY_PORT`], or [`KNOWN_PORT`].
    pub(crate) https: &'static str,
    /// Settings of its own, as variables of its environment.
    pub(crate) variables: &'static [(&'static str, &'static str)],
    /// A command that runs the binary (a tracer), or nothing.
    pub(crate) wrapper: Vec<OsString>,
}

impl Launch {
    /// `serve` on any port, with the data folder, the ready file and the log in folders of their own below `folder`.
    pub(crate) fn serve(binary: &Path, folder: &Path) -> Self {
        Self {
            binary: binary.to_owned(),
            data: folder.join("data"),
            run: folder.join("run"),
            verb: "serve",
            https: ANY_PORT,
            variables: &[],
            wrapper: Vec::new(),
        }
    }
}

/// What the service says of itself in its ready file.
#[derive(Clone, Debug)]
pub(crate) struct Ready {
    /// Address of the plain listener, without a trailing slash.
    pub(crate) http: String,
    /// Address of the TLS listener, without a trailing slash.
    pub(crate) https: String,
    /// PEM file of the authority behind the TLS certificate.
    pub(crate) ca: String,
    /// Process id of the service itself.
    pub(crate) pid: u32,
    /// Bearer token of the first administrator.
    pub(crate) token: String,
}

/// A running service. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Service {
    child: Child,
    ready: Ready,
}

impl Service {
    /// Starts the service and waits until it says that it answers.
    pub(crate) fn start(launch: &Launch) -> Result<Self> {
        std::fs::create_dir_all(&launch.run)?;
        let ready_file = launch.run.join("ready.json");
        let log_file = launch.run.join("service.log");
        if ready_file.exists() {
            std::fs::remove_file(&ready_file)?;
        }
        let log = OpenOptions::new().create(true).append(true).open(&log_file)?;
        let mut words = launch.wrapper.clone();
        words.push(launch.binary.clone().into_os_string());
        words.extend([launch.verb, "--http", ANY_PORT, "--https", launch.https, "--data"].map(OsString::from));
        words.push(launch.data.clone().into_os_string());
        words.push("--ready-file".into());
        words.push(ready_file.clone().into_os_string());
        let mut child = Command::new(&words[0])
            .args(&words[1..])
            .env("DRIFTLESS_SERVICE_PROTECTION", "off") // what is measured and tried is one user's
            .envs(launch.variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {}", words[0].to_string_lossy()))?;
        match wait_until_ready(&mut child, &ready_file) {
            Ok(ready) => Ok(Self { child, ready }),
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(error.context(format!("the service did not start; its log ends: {}", tail(&log_file))))
            }
        }
    }

    /// What it says of itself.
    pub(crate) fn ready(&self) -> &Ready {
        &self.ready
    }

    /// Ends the process at once, as a crash would (SIGKILL).
    pub(crate) fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks the process to end (SIGTERM) and waits for it; one that does not end in time is killed and an error.
    pub(crate) fn stop(mut self) -> Result<ExitStatus> {
        let sent = Command::new("kill").args(["-TERM", &self.ready.pid.to_string()]).status().context("cannot run kill")?;
        ensure!(sent.success(), "cannot signal process {}", self.ready.pid);
        let begun = Instant::now();
        while begun.elapsed() < STOP_WAIT {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            std::thread::sleep(LOOK);
        }
        bail!("the service did not end within {} s of SIGTERM", STOP_WAIT.as_secs())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Under a tracer the child is the tracer, and the service would outlive it.
        let is_running = matches!(self.child.try_wait(), Ok(None));
        if is_running && self.child.id() != self.ready.pid {
            let _ = Command::new("kill").args(["-KILL", &self.ready.pid.to_string()]).status();
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn wait_until_ready(child: &mut Child, ready_file: &Path) -> Result<Ready> {
    let begun = Instant::now();
    while begun.elapsed() < READY_WAIT {
        // A file that is still being written does not parse yet.
        if let Some(ready) = std::fs::read(ready_file).ok().and_then(|text| serde_json::from_slice(&text).ok()) {
            return read_ready(&ready);
        }
        if let Some(status) = child.try_wait()? {
            bail!("it ended with {status} before it was ready");
        }
        std::thread::sleep(LOOK);
    }
    bail!("no ready file within {} s", READY_WAIT.as_secs())
}

fn read_ready(value: &Value) -> Result<Ready> {
    let text = |name: &str| {
        let found = value[name].as_str().ok_or_else(|| anyhow!("the ready file has no {name:?}"));
        found.map(|text| text.trim_end_matches('/').to_owned())
    };
    let token_file = text("token_file")?;
    let token = std::fs::read_to_string(&token_file).with_context(|| format!("cannot read {token_file}"))?;
    let pid = value["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok());
    Ok(Ready {
        http: text("http")?,
        https: text("https")?,
        ca: text("ca")?,
        pid: pid.ok_or_else(|| anyhow!("the ready file has no \"pid\""))?,
        token: token.trim().to_owned(),
    })
}

fn tail(path: &Path) -> String {
    let text = std::fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(12)..].join("\n")
}

/// The variables that `driftless dev env` prints for a service that was started with `dev`.
pub(crate) fn variables(launch: &Launch) -> Result<Vec<(String, String)>> {
    let output = Command::new(&launch.binary).args(["dev", "env", "--format", "json", "--data"]).arg(&launch.data).output();
    let output = output.with_context(|| format!("cannot run {} dev env", launch.binary.display()))?;
    ensure!(output.status.success(), "dev env: {}", String::from_utf8_lossy(&output.stderr).trim());
    let found: serde_json::Map<String, Value> = serde_json::from_slice(&output.stdout)?;
    Ok(found.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned()))).collect())
}

/// What `driftless check` says about a data folder.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// Whether it found nothing (exit code 0).
    pub(crate) is_clean: bool,
    /// Exit code and everything that it printed.
    pub(crate) text: String,
}

/// Runs `driftless check DATA --json`.
pub(crate) fn check(binary: &Path, data: &Path) -> Result<Verdict> {
    let output = Command::new(binary).arg("check").arg(data).arg("--json").stdin(Stdio::null()).output();
    let output = output.with_context(|| format!("cannot run {} check", binary.display()))?;
    let printed = [output.stdout, output.stderr].concat();
    let text = format!("{}: {}", output.status, String::from_utf8_lossy(&printed).trim());
    Ok(Verdict { is_clean: output.status.success(), text })
}

/// Builds the release binary and gives its path.
pub(crate) fn build_release() -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--release", "--package", "driftless", "--bin", "driftless"])
        .current_dir(crate::root())
        .status()
        .context("cannot run cargo")?;
    ensure!(built.success(), "the release build failed");
    Ok(crate::target_folder().join("release/driftless"))
}

/// A fresh folder for one run of a task, outside the source tree.
pub(crate) fn fresh_folder(purpose: &str) -> Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("driftless-{purpose}-{}", std::process::id()));
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ready_file_is_read_with_its_token() {
        let folder = fresh_folder("ready-test").unwrap();
        let token_file = folder.join("token");
        std::fs::write(&token_file, "drf_abc\n").unwrap();
        let text = format!(
            r#"{{"http":"http://127.0.0.1:1/","https":"https://localhost:2","ca":"ca.pem","token_file":{:?},"pid":7}}"#,
            token_file.display().to_string()
        );
        let ready = read_ready(&serde_json::from_str(&text).unwrap()).unwrap();
        assert_eq!((ready.http.as_str(), ready.token.as_str(), ready.pid), ("http://127.0.0.1:1", "drf_abc", 7));
        assert!(read_ready(&serde_json::json!({"http": "x"})).is_err());
        std::fs::remove_dir_all(folder).unwrap();
    }
}
