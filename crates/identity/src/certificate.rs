//! X.509 certificates, as far as a client's proof of identity needs them: the public key, the
//! thumbprints, the name and the times.
//!
//! Nothing of a certificate is trusted but what its registration makes of it: who issued it and who
//! signed it isn't looked at, since the one who registers it vouches for it.
//!
//! Source: RFC 5280 §4.1, RFC 7468 (textual form).

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use types::{Certificate, Error, Result, Timestamp};
use x509_parser::oid_registry::{
    OID_PKCS1_RSAENCRYPTION, OID_X509_COMMON_NAME, OID_X509_COUNTRY_NAME, OID_X509_LOCALITY_NAME,
    OID_X509_ORGANIZATION_NAME, OID_X509_ORGANIZATIONAL_UNIT, OID_X509_STATE_OR_PROVINCE_NAME, Oid,
};
use x509_parser::pem::Pem;
use x509_parser::prelude::{ASN1Time, FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::{SubjectPublicKeyInfo, X509Name};

/// The longest certificate, in either form.
pub const CERTIFICATE_BYTES_MAX: usize = 16 * 1024;

/// Attributes of names as they are abbreviated.
static ATTRIBUTES: [(Oid<'static>, &str); 6] = [
    (OID_X509_COMMON_NAME, "CN"),
    (OID_X509_COUNTRY_NAME, "C"),
    (OID_X509_LOCALITY_NAME, "L"),
    (OID_X509_STATE_OR_PROVINCE_NAME, "ST"),
    (OID_X509_ORGANIZATION_NAME, "O"),
    (OID_X509_ORGANIZATIONAL_UNIT, "OU"),
];
/// Bits of an RSA key.
const KEY_BITS: std::ops::RangeInclusive<usize> = 2_041..=8_192;
const SUBJECT_MAX: usize = 256;
/// What "no end" (99991231235959Z) is kept as.
const FOR_EVER: &str = "9999-12-30T00:00:00Z";

/// Reads a certificate, in DER or as the text between `BEGIN` and `END CERTIFICATE`.
pub fn parse(bytes: &[u8]) -> Result<Certificate> {
    if bytes.len() > CERTIFICATE_BYTES_MAX {
        return Err(Error::invalid(
            "key",
            format!(
                "A certificate has {CERTIFICATE_BYTES_MAX} bytes at most (limits.certificate_bytes)."
            ),
        ));
    }
    let from_text = from_text(bytes);
    let der = from_text.as_deref().unwrap_or(bytes);
    read(der).ok_or_else(|| {
            Error::invalid(
                "key",
                "Key credential is invalid: it has to be an X.509 certificate with an RSA key of 2,048 to 8,192 bits, in DER, without its private key.",
            )
        })
}
/// The first certificate of a text.
fn from_text(bytes: &[u8]) -> Option<Vec<u8>> {
    let found = Pem::iter_from_buffer(bytes)
        .map_while(std::result::Result::ok)
        .find(|pem| pem.label == "CERTIFICATE");
    found.map(|pem| pem.contents)
}

fn read(der: &[u8]) -> Option<Certificate> {
    let (rest, certificate) = X509Certificate::from_der(der).ok()?;
    if !rest.is_empty() {
        return None;
    }
    let validity = certificate.validity();
    let sha1 = digest(&SHA1_FOR_LEGACY_USE_ONLY, der);
    Some(Certificate {
        der: der.to_vec(),
        sha1: sha1.as_ref().try_into().ok()?,
        sha256: crate::sha256(der),
        subject: subject(certificate.subject()),
        not_before: time(validity.not_before)?,
        not_after: time(validity.not_after)?,
        public_key: public_key(certificate.public_key())?.to_vec(),
    })
}

fn public_key<'k>(info: &'k SubjectPublicKeyInfo<'_>) -> Option<&'k [u8]> {
    if info.algorithm.algorithm != OID_PKCS1_RSAENCRYPTION
        || info.subject_public_key.unused_bits != 0
    {
        return None;
    }
    match info.parsed().ok()? {
        PublicKey::RSA(key) if KEY_BITS.contains(&key.key_size()) => {
            Some(&info.subject_public_key.data)
        }
        _ => None,
    }
}

fn subject(name: &X509Name<'_>) -> String {
    let mut parts = Vec::new();
    for attribute in name.iter_attributes() {
        let known = ATTRIBUTES
            .iter()
            .find(|(id, _)| attribute.attr_type() == id);
        if let Some((_, short)) = known {
            let value = String::from_utf8_lossy(attribute.as_slice());
            parts.push(format!("{short}={value}"));
        }
    }
    let shown = parts.join(", ");
    let shown = shown.chars().filter(|c| !c.is_control());
    shown.take(SUBJECT_MAX).collect()
}

fn time(time: ASN1Time) -> Option<Timestamp> {
    if time.to_datetime().year() == 9999 {
        return FOR_EVER.parse().ok();
    }
    Some(Timestamp::from_seconds(time.timestamp()))
}
