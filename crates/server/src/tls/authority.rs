//! The local authority: a certificate authority of the data folder's own, which can vouch for loopback names only.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use driftless_auth::replace_private_file;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints,
    SanType, SerialNumber, date_time_ymd,
};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use x509_parser::parse_x509_certificate;

use super::{TlsError, provider, read_certificates, read_file, read_key};

pub(super) const CA_CERTIFICATE: &str = "ca.pem";
const CA_KEY: &str = "ca.key";
pub(super) const LEAF_CERTIFICATE: &str = "leaf.pem";
pub(super) const LEAF_KEY: &str = "leaf.key";

const DAY: Duration = Duration::from_secs(86_400);
const CA_LIFE: Duration = DAY.saturating_mul(365);
const LEAF_LIFE: Duration = DAY.saturating_mul(30);
/// A leaf with less than this left is renewed, hence after 20 days.
const LEAF_LEFT_MIN: Duration = DAY.saturating_mul(10);
/// Certificates are valid from a little before they are made, for clients whose clock is behind.
const CLOCK_SLACK: Duration = Duration::from_secs(3_600);

/// Makes or renews what is missing or due. Files that are damaged or do not belong together are replaced, since nothing
/// else depends on them but the trust of clients, which they could not have had.
pub(super) fn ensure(folder: &Path, now: SystemTime) -> Result<(), TlsError> {
    let ca_is_good = ca_outlives_leaf(folder, now).unwrap_or(false);
    if ca_is_good && leaf_is_good(folder, now).unwrap_or(false) {
        return Ok(());
    }
    if !ca_is_good {
        make_folder(folder)?;
        make_ca(folder, now)?;
    }
    make_leaf(folder, now)
}

/// Whether the authority is there, its key fits it, and it lives longer than a leaf made now.
fn ca_outlives_leaf(folder: &Path, now: SystemTime) -> Result<bool, TlsError> {
    let path = folder.join(CA_CERTIFICATE);
    let certificate = first_certificate(&path)?;
    let (_, parsed) = parse_x509_certificate(&certificate).map_err(|error| TlsError::content(&path, error))?;
    let ends_s = parsed.validity().not_after.timestamp();
    let key = read_ca_key(folder)?;
    let fits = parsed.public_key().raw == rcgen::PublicKeyData::subject_public_key_info(&key);
    let needed_s = since_epoch(now).saturating_add(LEAF_LIFE).as_secs();
    Ok(fits && u64::try_from(ends_s).is_ok_and(|ends_s| ends_s >= needed_s))
}

/// Whether a client that trusts the authority would accept the leaf now and for the coming days.
fn leaf_is_good(folder: &Path, now: SystemTime) -> Result<bool, TlsError> {
    let leaf = first_certificate(&folder.join(LEAF_CERTIFICATE))?;
    let mut roots = RootCertStore::empty();
    roots.add(first_certificate(&folder.join(CA_CERTIFICATE))?)?;
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build().map_err(|error| TlsError::content(folder, error))?;
    let Ok(name) = ServerName::try_from("localhost") else {
        return Ok(false);
    };
    let accepted_at = |time: SystemTime| {
        let time = UnixTime::since_unix_epoch(since_epoch(time));
        verifier.verify_server_cert(&leaf, &[], &name, &[], time).is_ok()
    };
    let key = read_key(&folder.join(LEAF_KEY))?;
    let fits = rustls::sign::CertifiedKey::from_der(vec![leaf.clone()], key, &provider()).is_ok();
    Ok(fits && accepted_at(now) && accepted_at(now + LEAF_LEFT_MIN))
}

fn make_ca(folder: &Path, now: SystemTime) -> Result<(), TlsError> {
    let key = KeyPair::generate()?; // P-256
    let mut params = params(now, CA_LIFE)?;
    // The name tells one authority from another where several are trusted.
    let number = params.serial_number.as_ref().map(ToString::to_string);
    let tag: String = number.unwrap_or_default().chars().take(11).collect();
    params.distinguished_name.push(DnType::CommonName, format!("Driftless local authority {tag}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![
            GeneralSubtree::DnsName("localhost".to_owned()),
            GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(LOOPBACK_V4, 32)),
            GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(LOOPBACK_V6, 128)),
        ],
        excluded_subtrees: Vec::new(),
    });
    let certificate = params.self_signed(&key)?;
    write(folder, CA_KEY, &key.serialize_pem())?;
    write(folder, CA_CERTIFICATE, &certificate.pem())
}

fn make_leaf(folder: &Path, now: SystemTime) -> Result<(), TlsError> {
    let ca_text = read_file(&folder.join(CA_CERTIFICATE))?;
    let ca_text = String::from_utf8_lossy(&ca_text);
    let issuer = Issuer::from_ca_cert_pem(&ca_text, read_ca_key(folder)?)?;
    let key = KeyPair::generate()?;
    let mut params = params(now, LEAF_LIFE)?;
    params.distinguished_name.push(DnType::CommonName, "Driftless local service");
    params.subject_alt_names = vec![SanType::DnsName("localhost".try_into()?), SanType::IpAddress(LOOPBACK_V4), SanType::IpAddress(LOOPBACK_V6)];
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = params.signed_by(&key, &issuer)?;
    write(folder, LEAF_KEY, &key.serialize_pem())?;
    write(folder, LEAF_CERTIFICATE, &certificate.pem())
}

const LOOPBACK_V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const LOOPBACK_V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

/// What authority and leaf have in common: life, a random number, key identifiers for both ends of the chain.
fn params(now: SystemTime, life: Duration) -> Result<CertificateParams, TlsError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    let epoch = date_time_ymd(1970, 1, 1);
    params.not_before = epoch + since_epoch(now).saturating_sub(CLOCK_SLACK);
    params.not_after = epoch + since_epoch(now).saturating_add(life);
    let mut number = [0; 16];
    getrandom::fill(&mut number).map_err(|_| rcgen::Error::RingUnspecified)?;
    number[0] = number[0] & 0x7f | 0x40; // positive, and of full length
    params.serial_number = Some(SerialNumber::from_slice(&number));
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn read_ca_key(folder: &Path) -> Result<KeyPair, TlsError> {
    let path = folder.join(CA_KEY);
    let text = read_file(&path)?;
    KeyPair::from_pem(&String::from_utf8_lossy(&text)).map_err(|error| TlsError::content(&path, error))
}

fn first_certificate(path: &Path) -> Result<CertificateDer<'static>, TlsError> {
    let chain = read_certificates(path)?;
    let first = chain.into_iter().next();
    first.ok_or_else(|| TlsError::content(path, "there is no certificate in it"))
}

fn make_folder(folder: &Path) -> Result<(), TlsError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| TlsError::io(folder, error))
}

fn write(folder: &Path, name: &str, text: &str) -> Result<(), TlsError> {
    let path = folder.join(name);
    replace_private_file(&path, text.as_bytes()).map_err(|error| TlsError::io(&path, error))
}

fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}
