//! Certificate authorities that programs on this machine trust: those of the system, and ours.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::configuration::read_bounded;
use crate::exit::{Exit, Failure};

/// Where systems keep the authorities that they trust, in one file.
const SYSTEM_BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];
/// Largest bundle of a system, in bytes.
const BUNDLE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// The text of a bundle with the system's authorities and ours, which replaces the system's in programs that are pointed at it.
pub(crate) fn bundle(ca: &Path) -> anyhow::Result<String> {
    let own = read_bounded(ca)?;
    let system = SYSTEM_BUNDLES.iter().map(Path::new).find(|path| std::fs::metadata(path).is_ok_and(|file| file.len() <= BUNDLE_BYTES_MAX));
    let mut text = match system {
        Some(path) => std::fs::read_to_string(path).with_context(|| path.display().to_string())?,
        None => String::new(),
    };
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(&own);
    Ok(text)
}

/// One step of a change of the system's trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Put a copy of our authority there.
    Copy(PathBuf),
    /// Remove that copy.
    Remove(PathBuf),
    /// Run a program of the system.
    Run(Vec<String>),
}

/// Which way the trust is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// Trust our authority.
    Add,
    /// Trust it no longer.
    Remove,
}

/// Folder for authorities that an administrator adds, and the program that makes them count.
const STORES: [(&str, &str, &[&str]); 2] =
    [("/usr/local/share/ca-certificates", "crt", &["update-ca-certificates"]), ("/etc/pki/ca-trust/source/anchors", "pem", &["update-ca-trust", "extract"])];

/// What must be done on this system; `ca` is our authority.
pub(crate) fn steps(change: Change, ca: &Path) -> anyhow::Result<Vec<Step>> {
    let words = |words: &[&str]| Step::Run(words.iter().map(|word| (*word).to_owned()).collect());
    let file = ca.display().to_string();
    if cfg!(windows) {
        return Ok(vec![match change {
            Change::Add => words(&["certutil", "-user", "-addstore", "Root", &file]),
            Change::Remove => words(&["certutil", "-user", "-delstore", "Root", "Driftless local authority"]),
        }]);
    }
    if cfg!(target_os = "macos") {
        return Ok(vec![match change {
            Change::Add => words(&["security", "add-trusted-cert", "-r", "trustRoot", &file]),
            Change::Remove => words(&["security", "remove-trusted-cert", &file]),
        }]);
    }
    let store = STORES.iter().find(|(folder, ..)| Path::new(folder).is_dir());
    let Some((folder, extension, update)) = store else {
        let message = format!("this system has no known folder for certificate authorities; add {file} to the ones that your programs trust");
        return Err(Failure::error(Exit::Other, message));
    };
    let copy = Path::new(folder).join(format!("driftless-local-authority.{extension}"));
    Ok(match change {
        Change::Add => vec![Step::Copy(copy), words(update)],
        Change::Remove => vec![Step::Remove(copy), words(update)],
    })
}

impl Step {
    /// As a person would type it.
    pub(crate) fn shown(&self, ca: &Path) -> String {
        match self {
            Self::Copy(to) => format!("cp {} {}", ca.display(), to.display()),
            Self::Remove(path) => format!("rm {}", path.display()),
            Self::Run(words) => words.join(" "),
        }
    }

    /// Does it.
    pub(crate) fn run(&self, ca: &Path) -> anyhow::Result<()> {
        let place = || self.shown(ca);
        match self {
            Self::Copy(to) => std::fs::copy(ca, to).with_context(place).map(drop),
            Self::Remove(path) if !path.exists() => Ok(()),
            Self::Remove(path) => std::fs::remove_file(path).with_context(place),
            Self::Run(words) => {
                let (program, arguments) = words.split_first().with_context(place)?;
                let status = Command::new(program).args(arguments).status().with_context(place)?;
                if status.success() { Ok(()) } else { Err(Failure::error(Exit::Other, format!("{}: {status}", place()))) }
            }
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test] // AUTH-44
    fn steps_do_what_they_show_and_tell_what_failed() {
        let folder = std::env::temp_dir().join(format!("driftless-trusted-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (ca, copy) = (folder.join("ca.pem"), folder.join("copy.crt"));
        std::fs::write(&ca, "authority\n").unwrap();
        let run = |words: &[&str]| Step::Run(words.iter().map(|word| (*word).to_owned()).collect());
        Step::Copy(copy.clone()).run(&ca).unwrap();
        assert_eq!(std::fs::read_to_string(&copy).unwrap(), "authority\n");
        for _ in 0..2 {
            Step::Remove(copy.clone()).run(&ca).unwrap(); // what is gone need not go
            assert!(!copy.exists());
        }
        run(&["true"]).run(&ca).unwrap();
        for (step, shown) in [
            (run(&["false", "now"]), "false now".to_owned()),
            (run(&["/nonexistent/program"]), "/nonexistent/program".to_owned()),
            (Step::Copy("/nonexistent/copy.crt".into()), format!("cp {} /nonexistent/copy.crt", ca.display())),
        ] {
            assert_eq!(step.shown(&ca), shown);
            assert!(step.run(&ca).unwrap_err().to_string().contains(&shown));
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test] // AUTH-43
    fn a_bundle_ends_with_our_authority() {
        let ca = std::env::temp_dir().join(format!("driftless-bundle-{}.pem", std::process::id()));
        std::fs::write(&ca, "-----BEGIN CERTIFICATE-----\nours\n-----END CERTIFICATE-----\n").unwrap();
        let text = bundle(&ca).unwrap();
        assert!(
            text.ends_with("ours\n-----END CERTIFICATE-----\n") && text.lines().all(|line| line.matches("-----BEGIN").count() < 2),
            "no line has two beginnings"
        );
        std::fs::remove_file(&ca).unwrap();
    }
}
