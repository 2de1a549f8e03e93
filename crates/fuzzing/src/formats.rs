//! Files, certificates and signed tokens that somebody else made.

use identity::oauth::Assertion;
use sources::Format;
use types::Timestamp;

/// An LDIF file.
pub fn ldif(data: &[u8]) {
    import(Format::Ldif, data);
}

/// A CSV file.
pub fn csv(data: &[u8]) {
    import(Format::Csv, data);
}

/// Reads a file twice: what can be read is the same each time.
fn import(format: Format, data: &[u8]) {
    let read = || sources::read(format, data, None).map(|import| format!("{import:?}"));
    assert_eq!(read().ok(), read().ok(), "the same file, read differently");
}

/// A certificate, in DER or as text.
pub fn certificate(data: &[u8]) {
    let Ok(certificate) = identity::certificate::parse(data) else {
        return;
    };
    assert!(!certificate.public_key.is_empty());
    let again = identity::certificate::parse(&certificate.der).expect("its own DER");
    assert_eq!(again, certificate);
}

/// A client assertion.
pub fn assertion(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Some(assertion) = Assertion::parse(text) else {
        return;
    };
    let now = Timestamp::from_seconds(1_800_000_000);
    let _ = (assertion.thumbprint(), assertion.expires_at());
    let _ = assertion.use_digest("https://graph.microsoft.com");
    let checked = assertion.check(assertion.issuer(), |audience| audience == "x", now);
    assert!(checked.is_err() || assertion.expires_at().is_some());
    let _ = assertion.is_proof_of(uuid::Uuid::from_u128(1), now);
    assert!(!assertion.is_signed_by(data), "no key has signed it");
}

/// An authenticator's attestation object. What is found in it is in it.
pub fn attestation(data: &[u8]) {
    if let Some(aaguid) = credentials::passkey::aaguid_of(data) {
        let found = data.windows(16).any(|window| window == aaguid.as_bytes());
        assert!(found, "a model that isn't in the object");
    }
}
