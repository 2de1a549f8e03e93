//! TLS: from files, or self-signed under a certificate authority of the deployment's own.
//!
//! - The authority is made once and stays: its certificate is what was handed to others. It names
//!   no end of its life (RFC 5280 §4.1.2.5), so that trust in it doesn't end over night.
//! - The server's certificate is made at every start for 397 days (what browsers accept), so the
//!   names in it are always the present ones and its key is never on the disk.

use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use types::{Error, Result, Timestamp};

const SERVER_DAYS: i64 = 397;
const DAY_SECONDS: i64 = 24 * 60 * 60;

/// What a server needs to speak TLS.
#[derive(Clone)]
pub struct Tls(pub(crate) TlsAcceptor);

impl Tls {
    /// Reads a certificate chain and its private key from PEM files.
    pub fn from_files(certificates: &Path, key: &Path) -> Result<Self> {
        let unreadable = |path: &Path, error: &dyn std::fmt::Display| {
            Error::bad_request(format!("Can't read {}: {error}.", path.display()))
        };
        let chain = CertificateDer::pem_file_iter(certificates)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| unreadable(certificates, &error))?;
        let private = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, &error))?;
        Self::new(chain, private)
    }

    /// Signs a certificate for `localhost`, the loopback addresses and `host` with the authority
    /// in `directory`, which is made if it isn't there: `ca.pem`, `ca-key.pem`.
    pub fn self_signed(directory: &Path, host: &str, now: Timestamp) -> Result<Self> {
        let (issuer, authority) = authority(directory)?;
        let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        if !host.is_empty() && !names.iter().any(|name| name == host) {
            names.push(host.to_owned());
        }
        let mut params = CertificateParams::new(names).map_err(unusable)?;
        // One day back, for clocks that are behind.
        let (year, month, day) = date(now.plus_seconds(-DAY_SECONDS))?;
        params.not_before = date_time_ymd(year, month, day);
        let (year, month, day) = date(now.plus_seconds(SERVER_DAYS * DAY_SECONDS))?;
        params.not_after = date_time_ymd(year, month, day);
        params.distinguished_name = rcgen::DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::CommonName, "isopolity");
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().map_err(unusable)?;
        let certificate = params.signed_by(&key, &issuer).map_err(unusable)?;
        let private = PrivateKeyDer::try_from(key.serialize_der()).map_err(Error::internal)?;
        Self::new(vec![certificate.der().clone(), authority], private)
    }

    fn new(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Self> {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(Error::internal)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|error| {
                Error::bad_request(format!("The TLS certificate can't be used: {error}."))
            })?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn authority_params() -> Result<CertificateParams> {
    let mut params = CertificateParams::new(Vec::new()).map_err(unusable)?;
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(9999, 12, 31);
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, "isopolity local authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

/// The authority in a directory, made if neither of its files is there.
fn authority(directory: &Path) -> Result<(Issuer<'static, KeyPair>, CertificateDer<'static>)> {
    let (certificate_path, key_path) = (directory.join("ca.pem"), directory.join("ca-key.pem"));
    let params = authority_params()?;
    if !certificate_path.exists() && !key_path.exists() {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(|error| unwritable(directory, &error))?;
        let key = KeyPair::generate().map_err(unusable)?;
        let certificate = params.self_signed(&key).map_err(unusable)?;
        // The certificate last: if it's there, so is its key.
        write_new(&key_path, &key.serialize_pem(), 0o600)?;
        write_new(&certificate_path, &certificate.pem(), 0o644)?;
        return Ok((Issuer::new(params, key), certificate.der().clone()));
    }
    let together = || {
        Error::bad_request(format!(
            "{} and {} aren't a certificate authority and its key: bring them back, or remove both, and a new one is made that clients have to be told of.",
            certificate_path.display(),
            key_path.display()
        ))
    };
    let certificate = CertificateDer::from_pem_file(&certificate_path).map_err(|_| together())?;
    let pem = std::fs::read_to_string(&key_path).map_err(|_| together())?;
    let key = KeyPair::from_pem(&pem).map_err(|_| together())?;
    let der = PrivateKeyDer::try_from(key.serialize_der()).map_err(|_| together())?;
    rustls::sign::CertifiedKey::from_der(vec![certificate.clone()], der, &provider())
        .map_err(|_| together())?;
    Ok((Issuer::new(params, key), certificate))
}

/// Writes a file whole or not at all, with its mode from the first moment.
fn write_new(path: &Path, text: &str, mode: u32) -> Result<()> {
    let temporary = path.with_extension("tmp");
    let write = || {
        let _ = std::fs::remove_file(&temporary);
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&temporary)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)
    };
    write().map_err(|error: std::io::Error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Error {
    Error::unavailable(format!("Can't write {}: {error}.", path.display()), 30)
}

fn unusable(error: rcgen::Error) -> Error {
    Error::bad_request(format!("Can't make a TLS certificate: {error}."))
}

/// Year, month and day of an instant in UTC.
fn date(instant: Timestamp) -> Result<(i32, u8, u8)> {
    let text = instant.to_string();
    let mut parts = text.get(..10).unwrap_or_default().split('-');
    let day = (|| {
        Some((
            parts.next()?.parse().ok()?,
            parts.next()?.parse().ok()?,
            parts.next()?.parse().ok()?,
        ))
    })();
    day.ok_or_else(|| Error::internal("the clock shows no date"))
}
