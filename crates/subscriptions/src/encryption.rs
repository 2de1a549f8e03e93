//! Resource data for one reader: AES-256-CBC under a key of its own, signed with HMAC-SHA256, the key
//! wrapped for the reader's certificate by RSA-OAEP with SHA-1.
//!
//! The initialization vector is the first half of the key, as the format has it; that is sound since
//! no key is ever used twice.
//!
//! Source: "Decrypting resource data from change notifications" and the
//! `changeNotificationEncryptedContent` resource (Microsoft Graph).

use std::fmt::Write as _;

use aws_lc_rs::cipher::{AES_256, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OaepPublicEncryptingKey, PublicEncryptingKey};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use types::{Certificate, Error, Result};

const KEY_BITS: std::ops::RangeInclusive<usize> = 2_048..=4_096;

/// The key of a certificate, if one can encrypt with it.
pub(crate) fn key(certificate: &Certificate) -> Result<OaepPublicEncryptingKey> {
    let key = PublicEncryptingKey::from_der(&public_key_info(&certificate.public_key))
        .map_err(Error::internal)?;
    let key = OaepPublicEncryptingKey::new(key).map_err(Error::internal)?;
    if KEY_BITS.contains(&key.key_size_bits()) {
        Ok(key)
    } else {
        Err(Error::bad_request("The key has another size."))
    }
}

/// A reader of encrypted data.
pub(crate) struct Reader {
    key: OaepPublicEncryptingKey,
    thumbprint: String,
    certificate_id: String,
}

impl Reader {
    pub(crate) fn new(der: &[u8], certificate_id: &str) -> Result<Self> {
        let certificate = identity::certificate::parse(der)?;
        let mut thumbprint = String::with_capacity(40);
        for byte in certificate.sha1 {
            let _ = write!(thumbprint, "{byte:02X}");
        }
        Ok(Self {
            key: key(&certificate)?,
            thumbprint,
            certificate_id: certificate_id.to_owned(),
        })
    }

    /// The `encryptedContent` of a notification.
    pub(crate) fn encrypt(&self, content: &Value) -> Result<Value> {
        let mut secret = [0; 32];
        aws_lc_rs::rand::fill(&mut secret).map_err(Error::internal)?;
        let mut data = serde_json::to_vec(content).map_err(Error::internal)?;
        let mut vector = [0; 16];
        vector.copy_from_slice(
            secret
                .first_chunk::<16>()
                .ok_or_else(|| Error::internal("key"))?,
        );
        let cipher = UnboundCipherKey::new(&AES_256, &secret)
            .and_then(PaddedBlockEncryptingKey::cbc_pkcs7)
            .map_err(Error::internal)?;
        cipher
            .less_safe_encrypt(
                &mut data,
                EncryptionContext::Iv128(FixedLength::from(vector)),
            )
            .map_err(Error::internal)?;
        let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), &data);
        let mut wrapped = vec![0; self.key.ciphertext_size()];
        let wrapped = self
            .key
            .encrypt(&OAEP_SHA1_MGF1SHA1, &secret, &mut wrapped, None)
            .map_err(Error::internal)?;
        Ok(json!({
            "data": BASE64_STANDARD.encode(&data),
            "dataSignature": BASE64_STANDARD.encode(signature.as_ref()),
            "dataKey": BASE64_STANDARD.encode(wrapped),
            "encryptionCertificateId": self.certificate_id,
            "encryptionCertificateThumbprint": self.thumbprint,
        }))
    }
}

/// A `SubjectPublicKeyInfo` (RFC 5280 §4.1) around an `RSAPublicKey`.
fn public_key_info(rsa: &[u8]) -> Vec<u8> {
    /// rsaEncryption with its NULL parameters.
    const ALGORITHM: &[u8] = &[
        0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
    ];
    const SEQUENCE: u8 = 0x30;
    const BIT_STRING: u8 = 0x03;
    let bits = element(BIT_STRING, &[&[0], rsa].concat());
    element(SEQUENCE, &[ALGORITHM, &bits].concat())
}

/// A DER element of less than 64 KiB, which a certificate's parts are.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut out = vec![tag];
    match length {
        0..=0x7f => out.push(length as u8),
        0x80..=0xff => out.extend([0x81, length as u8]),
        _ => out.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    out.extend_from_slice(content);
    out
}
