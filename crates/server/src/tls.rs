//! Certificates: the local authority's or the operator's, served and replaced without dropping connections.

mod authority;

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use rustls::ServerConfig;
use rustls::client::verify_server_name;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use x509_parser::parse_x509_certificate;

/// A certificate and its key in files of the operator's, PEM both.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The certificate, followed by those between it and a root.
    pub certificate: PathBuf,
    /// The private key: PKCS #8, PKCS #1 or SEC1.
    pub key: PathBuf,
}

/// How the service proves itself to HTTPS clients: TLS 1.2 and 1.3, HTTP/2 or HTTP/1.1 (AUTH-50).
pub struct Tls {
    source: Source,
    served: Arc<Served>,
    config: Arc<ServerConfig>,
    /// What was served was read from files with these stamps.
    stamps: Mutex<[Option<Stamp>; 2]>,
}

enum Source {
    /// The authority in this folder.
    Local(PathBuf),
    Files(TlsFiles),
}

type Stamp = (SystemTime, u64);

/// The certificate that new connections get.
#[derive(Debug)]
struct Served(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Served {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let current = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&current))
    }
}

impl Tls {
    /// A certificate for the loopback names by the data folder's own authority, which is made if there is none. Its
    /// files are `ca.pem`, `ca.key`, `leaf.pem` and `leaf.key` in `<data_folder>/tls`, readable by their owner only
    /// (AUTH-44). The caller owns the data folder: two processes must not do this at once.
    ///
    /// # Errors
    /// [`TlsError`] if files cannot be read or written.
    pub fn local(data_folder: &Path, now: SystemTime) -> Result<Self, TlsError> {
        let folder = data_folder.join("tls");
        authority::ensure(&folder, now)?;
        Self::serve(Source::Local(folder))
    }

    /// The operator's certificate.
    ///
    /// # Errors
    /// [`TlsError`] if the files cannot be read, are not PEM, or do not belong together.
    pub fn from_files(files: TlsFiles) -> Result<Self, TlsError> {
        Self::serve(Source::Files(files))
    }

    /// The certificate that clients must trust, if it is of the local authority.
    #[must_use]
    pub fn ca_file(&self) -> Option<PathBuf> {
        match &self.source {
            Source::Local(folder) => Some(folder.join(authority::CA_CERTIFICATE)),
            Source::Files(_) => None,
        }
    }

    /// Whether the certificate names this host (without a port); clients refuse one that does not.
    #[must_use]
    pub fn names(&self, host: &str) -> bool {
        let current = Arc::clone(&self.served.0.read().unwrap_or_else(PoisonError::into_inner));
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let (Some(certificate), Ok(name)) = (current.cert.first(), ServerName::try_from(host)) else { return false };
        ParsedCertificate::try_from(certificate).is_ok_and(|parsed| verify_server_name(&parsed, &name).is_ok())
    }

    /// Seconds until the certificate that is served ends, less than zero when it has (OPS-10).
    pub(crate) fn left_s(&self, now: SystemTime) -> Option<i64> {
        let current = Arc::clone(&self.served.0.read().unwrap_or_else(PoisonError::into_inner));
        let (_, parsed) = parse_x509_certificate(current.cert.first()?).ok()?;
        let now_s = i64::try_from(now.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()?;
        Some(parsed.validity().not_after.timestamp() - now_s)
    }

    /// Renews the local certificate if it is due, and serves what the files say if they changed. Whether something new
    /// is served.
    ///
    /// # Errors
    /// [`TlsError`]; what was served before stays.
    pub fn refresh(&self, now: SystemTime) -> Result<bool, TlsError> {
        if let Source::Local(folder) = &self.source {
            authority::ensure(folder, now)?;
        }
        let files = self.source.files();
        let mut stamps = self.stamps.lock().unwrap_or_else(PoisonError::into_inner);
        let found = files.stamps();
        if *stamps == found {
            return Ok(false);
        }
        let certified = read(&files)?;
        *self.served.0.write().unwrap_or_else(PoisonError::into_inner) = certified;
        *stamps = found;
        Ok(true)
    }

    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }

    fn serve(source: Source) -> Result<Self, TlsError> {
        let files = source.files();
        let stamps = files.stamps();
        let served = Arc::new(Served(RwLock::new(read(&files)?)));
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&served) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config.ticketer = aws_lc_rs::Ticketer::new()?;
        Ok(Self { source, served, config: Arc::new(config), stamps: Mutex::new(stamps) })
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files = self.source.files();
        out.debug_struct("Tls").field("files", &files).finish()
    }
}

impl Source {
    fn files(&self) -> TlsFiles {
        match self {
            Self::Files(files) => files.clone(),
            Self::Local(folder) => TlsFiles { certificate: folder.join(authority::LEAF_CERTIFICATE), key: folder.join(authority::LEAF_KEY) },
        }
    }
}

impl TlsFiles {
    fn stamps(&self) -> [Option<Stamp>; 2] {
        [&self.certificate, &self.key].map(|path| {
            let metadata = fs::metadata(path).ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        })
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// Reads a certificate chain and its key, and sees to it that they belong together.
fn read(files: &TlsFiles) -> Result<Arc<CertifiedKey>, TlsError> {
    let chain = read_certificates(&files.certificate)?;
    let key = read_key(&files.key)?;
    let certified = CertifiedKey::from_der(chain, key, &provider())?;
    Ok(Arc::new(certified))
}

fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let text = read_file(path)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) => Err(TlsError::content(path, "there is no certificate in it")),
        Err(error) => Err(TlsError::content(path, error)),
    }
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(&read_file(path)?).map_err(|error| TlsError::content(path, error))
}

/// No certificate chain is near this size; something else is.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

fn read_file(path: &Path) -> Result<Vec<u8>, TlsError> {
    let io = |source| TlsError::io(path, source);
    if fs::metadata(path).map_err(io)?.len() > FILE_BYTES_MAX {
        return Err(TlsError::content(path, "it is larger than 1 MiB"));
    }
    fs::read(path).map_err(io)
}

/// Why HTTPS cannot be served.
#[derive(Debug)]
pub enum TlsError {
    /// A file cannot be read or written.
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file does not hold what it should.
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A certificate could not be made.
    Make(rcgen::Error),
    /// Certificate and key do not fit each other, or the settings are unsupported.
    Tls(rustls::Error),
}

impl TlsError {
    fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    fn content(path: &Path, reason: impl fmt::Display) -> Self {
        Self::Content { path: path.to_owned(), reason: reason.to_string() }
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { path, source } => write!(out, "{}: {source}", path.display()),
            Self::Content { path, reason } => write!(out, "{}: {reason}", path.display()),
            Self::Make(error) => write!(out, "cannot make a certificate: {error}"),
            Self::Tls(error) => write!(out, "cannot serve this certificate: {error}"),
        }
    }
}

impl std::error::Error for TlsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            Self::Content { .. } => None,
            Self::Make(error) => Some(error),
            Self::Tls(error) => Some(error),
        }
    }
}

impl From<rcgen::Error> for TlsError {
    fn from(error: rcgen::Error) -> Self {
        Self::Make(error)
    }
}

impl From<rustls::Error> for TlsError {
    fn from(error: rustls::Error) -> Self {
        Self::Tls(error)
    }
}
