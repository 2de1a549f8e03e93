//! TLS to the database: its certificate is checked against the system's authorities, or against
//! those of a file that the address names (`sslrootcert`, as PostgreSQL's own clients call it).

use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls_platform_verifier::ConfigVerifierExt as _;
use tokio_postgres_rustls::MakeRustlsConnect;
use types::{Error, Result};

const PARAMETER: &str = "sslrootcert=";

/// Takes `sslrootcert` out of an address, since the client knows nothing of it.
pub(super) fn split(url: &str) -> Result<(String, Option<PathBuf>)> {
    let Some((before, query)) = url.split_once('?') else {
        return Ok((url.to_owned(), None));
    };
    let mut file = None;
    let mut rest = Vec::new();
    for part in query.split('&') {
        match part.strip_prefix(PARAMETER) {
            Some(value) => file = Some(PathBuf::from(decoded(value)?)),
            None => rest.push(part),
        }
    }
    let url = if rest.is_empty() {
        before.to_owned()
    } else {
        format!("{before}?{}", rest.join("&"))
    };
    Ok((url, file))
}

/// What connects by TLS.
pub(super) fn connector(authority: Option<&Path>) -> Result<MakeRustlsConnect> {
    let config = match authority {
        Some(path) => rustls::ClientConfig::builder()
            .with_root_certificates(roots(path)?)
            .with_no_client_auth(),
        None => rustls::ClientConfig::with_platform_verifier().map_err(|error| {
            Error::conflict(format!("The system's certificates can't be read: {error}."))
        })?,
    };
    Ok(MakeRustlsConnect::new(config))
}

fn roots(path: &Path) -> Result<RootCertStore> {
    let unusable = |why: String| {
        Error::invalid(
            "database_url",
            format!("sslrootcert: {} {why}.", path.display()),
        )
    };
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(path)
        .map_err(|error| unusable(format!("can't be read: {error}")))?;
    for certificate in certificates {
        let certificate =
            certificate.map_err(|error| unusable(format!("can't be read: {error}")))?;
        roots
            .add(certificate)
            .map_err(|error| unusable(format!("holds a certificate that isn't one: {error}")))?;
    }
    if roots.is_empty() {
        return Err(unusable("holds no certificate".into()));
    }
    Ok(roots)
}

/// A value of a query with its percent signs resolved.
fn decoded(value: &str) -> Result<String> {
    let wrong = || {
        Error::invalid(
            "database_url",
            "The address of the database isn't right: sslrootcert isn't encoded as it should be.",
        )
    };
    let mut bytes = Vec::new();
    let mut rest = value.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        if *first == b'%' {
            let digits = behind.get(..2).and_then(|it| std::str::from_utf8(it).ok());
            let digits = digits.ok_or_else(wrong)?;
            bytes.push(u8::from_str_radix(digits, 16).map_err(|_| wrong())?);
            rest = behind.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = behind;
        }
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_authority_is_taken_out_of_the_address() {
        let (url, file) =
            split("postgres://db/x?sslmode=require&sslrootcert=%2Fetc%2Fca.pem&options=-c%20a%3Db")
                .unwrap_or_default();
        assert_eq!(url, "postgres://db/x?sslmode=require&options=-c%20a%3Db");
        assert_eq!(file.as_deref(), Some(Path::new("/etc/ca.pem")));
        assert!(split("postgres://db/x?sslrootcert=%zz").is_err());
        assert_eq!(
            split("postgres://db/x").ok(),
            Some(("postgres://db/x".into(), None))
        );
    }
}
