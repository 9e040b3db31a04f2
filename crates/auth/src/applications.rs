//! Programs that may ask the issuer for tokens, in a file of their own beside the database.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use uuid::{Builder, Uuid};

use crate::certificate::Certificate;
use crate::record_file::{RecordFile, RecordFileError, hex};
use crate::secret::{FillRandom, Secret, SecretError, digest};

/// Most applications that one folder keeps.
pub const APPLICATIONS_MAX: usize = 1_000;
/// Most redirect addresses, secrets or certificates of one application.
pub const CREDENTIALS_MAX: usize = 20;

const FILE_NAME: &str = "applications";
const FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;
const NAME_CHARS_MAX: usize = 64;
const REDIRECT_BYTES_MAX: usize = 2_048;

/// A registered program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// Its client id; the `applicationid` of its user.
    pub id: Uuid,
    /// What people see when they sign in to it; unique within the file.
    pub name: String,
    /// When it was registered, in seconds since 1970 UTC.
    pub created_s: i64,
    /// Where people may be sent back to after signing in; none for a program that acts for itself alone.
    #[serde(default)]
    pub redirects: Vec<String>,
    /// It runs in a browser, so the answer may come in the fragment of an address (AUTH-04).
    #[serde(default)]
    pub is_single_page: bool,
    /// Digests of its secrets.
    #[serde(default)]
    pub(crate) secrets: Vec<StoredSecret>,
    /// Certificates whose keys sign its assertions, as DER in base64.
    #[serde(default)]
    pub(crate) certificates: Vec<String>,
}

/// A secret as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoredSecret {
    #[serde(with = "hex")]
    sha256: [u8; 32],
    expires_s: Option<i64>,
}

impl Application {
    /// A program that can keep no secret: it is used by people only, and proves itself by PKCE.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.secrets.is_empty() && self.certificates.is_empty()
    }

    /// Whether this is a secret of the application that is still valid. Secrets are random, so a plain digest is compared.
    pub(crate) fn has_secret(&self, text: &str, now_s: i64) -> bool {
        let digest = digest(text);
        let matches = |secret: &StoredSecret| secret.expires_s.is_none_or(|end_s| now_s < end_s) && bool::from(secret.sha256.ct_eq(&digest));
        self.secrets.iter().filter(|secret| matches(secret)).count() > 0
    }

    /// Its certificates that can be read.
    pub(crate) fn certificates(&self) -> impl Iterator<Item = Certificate> {
        self.certificates.iter().filter_map(|text| Certificate::from_der(&BASE64.decode(text).ok()?).ok())
    }

    /// Whether people may be sent back to this address (AUTH-05): exactly a registered one, or for loopback addresses the same with any port.
    pub(crate) fn may_redirect_to(&self, address: &str) -> bool {
        let wanted = without_loopback_port(address);
        self.redirects.iter().any(|known| known == address || (wanted.is_some() && without_loopback_port(known) == wanted))
    }
}

/// An address on loopback without its port; a missing path is the root. `None` for any other address.
fn without_loopback_port(address: &str) -> Option<(&str, &str)> {
    let rest = address.strip_prefix("http://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = match authority.strip_suffix(|c: char| c.is_ascii_digit()) {
        Some(_) if !authority.ends_with(']') => match authority.rsplit_once(':') {
            Some((host, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => authority,
        },
        _ => authority,
    };
    matches!(host, "localhost" | "127.0.0.1" | "[::1]").then_some((host, if path.is_empty() { "/" } else { path }))
}

/// What a new application shall be.
#[derive(Debug, Clone, Default)]
pub struct NewApplication<'a> {
    /// Its name: 1 to 64 characters without control characters, not in use in the file.
    pub name: &'a str,
    /// Its client id; random if none.
    pub id: Option<Uuid>,
    /// Its redirect addresses.
    pub redirects: Vec<String>,
    /// See [`Application::is_single_page`].
    pub is_single_page: bool,
    /// Certificates that its assertions may be signed with, PEM or DER.
    pub certificates: Vec<Vec<u8>>,
}

/// Whether a new application gets a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WithSecret {
    /// It gets one without end.
    Yes,
    /// It gets none: it proves itself by a certificate, or is public.
    No,
}

/// The applications of one data folder. A value without state, as [`crate::TokenFile`].
#[derive(Debug, Clone)]
pub struct ApplicationFile {
    records: RecordFile<Application>,
}

impl ApplicationFile {
    /// The applications of the data folder `folder`.
    #[must_use]
    pub fn open(folder: &Path) -> Self {
        Self { records: RecordFile::new(folder, FILE_NAME, FILE_BYTES_MAX) }
    }

    /// Registers an application. Its secret cannot be had again.
    ///
    /// # Errors
    /// Name, redirect addresses or certificates out of range, name or id in use, file full, no randomness, or the file system's.
    pub fn make(
        &self,
        new: &NewApplication<'_>,
        with: WithSecret,
        now_s: i64,
        fill: FillRandom<'_>,
    ) -> Result<(Application, Option<Secret>), ApplicationError> {
        check_name(new.name)?;
        check_redirects(&new.redirects)?;
        if new.certificates.len() > CREDENTIALS_MAX {
            return Err(ApplicationError::TooMany);
        }
        let certificates = new.certificates.iter().map(|bytes| Certificate::read(bytes).map(|certificate| BASE64.encode(certificate.der())));
        let certificates = certificates.collect::<Option<Vec<_>>>().ok_or(ApplicationError::Certificate)?;
        let id = match new.id {
            Some(id) => id,
            None => {
                let mut bytes = [0; 16];
                fill(&mut bytes).map_err(|error| ApplicationError::Secret(SecretError::Random(error)))?;
                Builder::from_random_bytes(bytes).into_uuid()
            }
        };
        let secret = match with {
            WithSecret::Yes => Some(Secret::make(ENVIRONMENT, fill).map_err(ApplicationError::Secret)?),
            WithSecret::No => None,
        };
        let secrets = secret.iter().map(|secret| StoredSecret { sha256: secret.digest(), expires_s: None }).collect();
        let application = Application {
            id,
            name: new.name.to_owned(),
            created_s: now_s,
            redirects: new.redirects.clone(),
            is_single_page: new.is_single_page,
            secrets,
            certificates,
        };
        self.records.change(|known| {
            if known.iter().any(|other| other.name == application.name || other.id == application.id) {
                return Err(ApplicationError::Taken(application.name.clone()));
            }
            if known.len() >= APPLICATIONS_MAX {
                return Err(ApplicationError::Full);
            }
            known.push(application.clone());
            Ok(())
        })?;
        Ok((application, secret))
    }

    /// All applications, oldest first.
    ///
    /// # Errors
    /// The file cannot be read or is not one of applications.
    pub fn list(&self) -> Result<Vec<Application>, ApplicationError> {
        Ok(self.records.list()?)
    }

    /// Removes the application with this id or name. A running service gives it no token within a second; tokens that it has live on until they expire.
    ///
    /// # Errors
    /// [`ApplicationError::Unknown`], or the file cannot be read or written.
    pub fn remove(&self, id_or_name: &str) -> Result<Application, ApplicationError> {
        let id = Uuid::try_parse(id_or_name).ok();
        self.records.change(|known| {
            let found = known.iter().position(|other| other.name == id_or_name).or_else(|| known.iter().position(|other| Some(other.id) == id));
            found.map(|index| known.remove(index)).ok_or_else(|| ApplicationError::Unknown(id_or_name.to_owned()))
        })
    }

    /// Where the applications are kept.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.records.path()
    }

    pub(crate) fn into_records(self) -> RecordFile<Application> {
        self.records
    }
}

/// Second part of a secret's text: what it is good for.
const ENVIRONMENT: &str = "app";

/// Applications by client id, those that every service knows among them.
#[derive(Debug, Default)]
pub(crate) struct Applications(HashMap<Uuid, Application>);

/// Public clients that published samples and libraries name, with where they send people back to (web-api 31).
const WELL_KNOWN: [(u128, &str, &[&str]); 2] = [
    (0x51f8_1489_12ee_4a9e_aaae_a259_1f45_987d, "Sample client", &["http://localhost", "app://58145B91-0C36-4500-8554-080854F2AC97"]),
    (0x04b0_7795_8ddb_461a_bbee_02f9_e1bf_7b46, "Developer tools", &["http://localhost"]),
];

impl Applications {
    pub(crate) fn build(records: Vec<Application>, _: &Self) -> Self {
        let well_known = WELL_KNOWN.iter().map(|(id, name, redirects)| Application {
            id: Uuid::from_u128(*id),
            name: (*name).to_owned(),
            created_s: 0,
            redirects: redirects.iter().map(|address| (*address).to_owned()).collect(),
            is_single_page: false,
            secrets: Vec::new(),
            certificates: Vec::new(),
        });
        // Of two with one id the registered one counts.
        Self(well_known.chain(records).map(|application| (application.id, application)).collect())
    }

    pub(crate) fn find(&self, id: Uuid) -> Option<&Application> {
        self.0.get(&id)
    }
}

fn check_name(name: &str) -> Result<(), ApplicationError> {
    let chars = name.chars().count();
    if (1..=NAME_CHARS_MAX).contains(&chars) && !name.chars().any(char::is_control) { Ok(()) } else { Err(ApplicationError::Name) }
}

/// Redirect addresses have a scheme, no fragment and no user; plain HTTP leads to loopback only.
fn check_redirects(redirects: &[String]) -> Result<(), ApplicationError> {
    if redirects.len() > CREDENTIALS_MAX {
        return Err(ApplicationError::TooMany);
    }
    for address in redirects {
        let has_form = address.len() <= REDIRECT_BYTES_MAX
            && address.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"'<>\\#".contains(&byte))
            && address.split_once("://").is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty() && !rest.contains('@'));
        let is_private = !address.to_ascii_lowercase().starts_with("http://") || without_loopback_port(address).is_some();
        let is_script = ["javascript", "data", "vbscript"].iter().any(|scheme| address.to_ascii_lowercase().starts_with(scheme));
        if !has_form || !is_private || is_script {
            return Err(ApplicationError::Redirect(address.clone()));
        }
    }
    Ok(())
}

/// Why an application cannot be registered, listed or removed.
#[derive(Debug)]
pub enum ApplicationError {
    /// A name is 1 to 64 characters without control characters.
    Name,
    /// Another application has this name or its id.
    Taken(String),
    /// Not an address that people can be sent back to.
    Redirect(String),
    /// A certificate is neither PEM nor DER, or its key is neither RSA nor P-256.
    Certificate,
    /// More than [`CREDENTIALS_MAX`] redirect addresses or certificates.
    TooMany,
    /// The file holds [`APPLICATIONS_MAX`] applications.
    Full,
    /// No application has this id or name.
    Unknown(String),
    /// The secret could not be made.
    Secret(SecretError),
    /// The file cannot be read or written.
    File(RecordFileError),
}

impl From<RecordFileError> for ApplicationError {
    fn from(error: RecordFileError) -> Self {
        Self::File(error)
    }
}

impl fmt::Display for ApplicationError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => write!(out, "an application's name has 1 to {NAME_CHARS_MAX} characters and no control characters"),
            Self::Taken(name) => write!(out, "there is an application with the name or the id of {name:?} already; choose another or remove that one"),
            Self::Redirect(address) => {
                write!(out, "{address:?} is no redirect address: give one such as https://app.example/signed-in, or http://localhost, without a fragment")
            }
            Self::Certificate => out.write_str("a certificate must be PEM or DER, with an RSA key of at least 2,048 bits or a P-256 key"),
            Self::TooMany => write!(out, "an application has at most {CREDENTIALS_MAX} redirect addresses and certificates"),
            Self::Full => write!(out, "there are {APPLICATIONS_MAX} applications already; remove some that are no longer needed"),
            Self::Unknown(name) => write!(out, "there is no application with id or name {name:?}"),
            Self::Secret(error) => error.fmt(out),
            Self::File(error) => error.fmt(out),
        }
    }
}

impl std::error::Error for ApplicationError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File(error) => Some(error),
            Self::Secret(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Applications, check_redirects};
    use uuid::Uuid;

    #[test] // AUTH-05
    fn loopback_addresses_match_with_any_port_and_others_exactly() {
        let known = Applications::build(Vec::new(), &Applications::default());
        let sample = known.find(Uuid::from_u128(0x51f8_1489_12ee_4a9e_aaae_a259_1f45_987d)).unwrap();
        for good in ["http://localhost", "http://localhost:51234", "http://localhost:1/", "app://58145B91-0C36-4500-8554-080854F2AC97"] {
            assert!(sample.may_redirect_to(good), "{good}");
        }
        for bad in [
            "https://localhost:1",
            "http://localhost:1/other",
            "http://127.0.0.1:1",
            "http://localhost.evil.example",
            "http://localhost:1@evil.example",
            "http://localhost:/x",
            "http://evil.example",
            "app://58145b91-0c36-4500-8554-080854f2ac97",
            "",
        ] {
            assert!(!sample.may_redirect_to(bad), "{bad}");
        }
    }

    #[test]
    fn redirect_addresses_are_checked_when_they_are_registered() {
        for good in ["https://app.example/signed-in", "http://localhost", "http://[::1]:5/x", "app://x"] {
            assert!(check_redirects(&[good.to_owned()]).is_ok(), "{good}");
        }
        for bad in ["http://app.example/", "https://app.example/#x", "javascript://x", "https://", "https://u@h/", "nothing", "https://a b/"] {
            assert!(check_redirects(&[bad.to_owned()]).is_err(), "{bad}");
        }
    }
}
