//! What a certificate says: read where it is checked, kept where credentials are.

use crate::Timestamp;

/// A certificate with an RSA key of 2,048 to 8,192 bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The certificate itself, in DER.
    pub der: Vec<u8>,
    /// SHA-1 of it, which `x5t` names it by.
    pub sha1: [u8; 20],
    /// SHA-256 of it, for `x5t#S256`.
    pub sha256: [u8; 32],
    /// Its subject: `CN=app, O=Contoso`.
    pub subject: String,
    /// From when it is valid.
    pub not_before: Timestamp,
    /// Until when.
    pub not_after: Timestamp,
    /// Its key: `RSAPublicKey` of PKCS #1 in DER.
    pub public_key: Vec<u8>,
}
