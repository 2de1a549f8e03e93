//! X.509 certificates, as far as a client's proof of identity needs them: the public key, the
//! thumbprints, the name and the times.
//!
//! Nothing of a certificate is trusted but what its registration makes of it: who issued it and who
//! signed it isn't looked at, since the one who registers it vouches for it.
//!
//! Source: RFC 5280 §4.1, X.690 (DER), RFC 7468 (textual form).

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use types::{Certificate, Error, Result, Timestamp};

/// The longest certificate, in either form.
pub const CERTIFICATE_BYTES_MAX: usize = 16 * 1024;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OBJECT_ID: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const VERSION: u8 = 0xa0;
/// rsaEncryption, 1.2.840.113549.1.1.1.
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// Attributes of names under 2.5.4, as they are abbreviated.
const ATTRIBUTES: [(u8, &str); 6] = [
    (3, "CN"),
    (6, "C"),
    (7, "L"),
    (8, "ST"),
    (10, "O"),
    (11, "OU"),
];
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
fn from_text(bytes: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (_, rest) = text.split_once("-----BEGIN CERTIFICATE-----")?;
    let (body, _) = rest.split_once("-----END CERTIFICATE-----")?;
    let body: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    BASE64_STANDARD.decode(body).ok()
}

/// What is left of a DER encoding.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// The next element: its tag and its content.
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (tag, rest) = self.0.split_first()?;
        let (first, rest) = rest.split_first()?;
        let (length, rest) = match *first {
            short @ 0..=0x7f => (usize::from(short), rest),
            long @ 0x81..=0x83 => {
                let (digits, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
                let length = digits
                    .iter()
                    .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
                (length, rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((*tag, content))
    }

    /// The content of the next element, which has to have this tag.
    fn expect(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next()
            .and_then(|(own, content)| (own == tag).then_some(content))
    }
}

/// The only element of an encoding.
fn whole(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    let mut der = Der(bytes);
    let content = der.expect(tag)?;
    der.0.is_empty().then_some(content)
}

fn read(der: &[u8]) -> Option<Certificate> {
    let mut certificate = Der(whole(der, SEQUENCE)?);
    let mut signed = Der(certificate.expect(SEQUENCE)?);
    let (tag, _) = signed.next()?;
    if tag == VERSION {
        signed.expect(INTEGER)?;
    } else if tag != INTEGER {
        return None;
    }
    let _algorithm = signed.expect(SEQUENCE)?;
    let _issuer = signed.expect(SEQUENCE)?;
    let mut validity = Der(signed.expect(SEQUENCE)?);
    let subject = subject(signed.expect(SEQUENCE)?)?;
    let public_key = public_key(signed.expect(SEQUENCE)?)?;
    let (not_before, not_after) = (time(validity.next()?)?, time(validity.next()?)?);
    let sha1 = digest(&SHA1_FOR_LEGACY_USE_ONLY, der);
    Some(Certificate {
        der: der.to_vec(),
        sha1: sha1.as_ref().try_into().ok()?,
        sha256: crate::sha256(der),
        subject,
        not_before,
        not_after,
        public_key: public_key.to_vec(),
    })
}

fn public_key(info: &[u8]) -> Option<&[u8]> {
    let mut info = Der(info);
    let mut algorithm = Der(info.expect(SEQUENCE)?);
    if algorithm.expect(OBJECT_ID)? != RSA {
        return None;
    }
    let (unused, key) = info.expect(BIT_STRING)?.split_first()?;
    let mut parts = Der(whole(key, SEQUENCE)?);
    let modulus = parts.expect(INTEGER)?;
    let modulus = modulus.strip_prefix(&[0]).unwrap_or(modulus);
    parts.expect(INTEGER)?;
    (*unused == 0 && (256..=1_024).contains(&modulus.len())).then_some(key)
}

fn subject(name: &[u8]) -> Option<String> {
    let mut parts = Vec::new();
    let mut sets = Der(name);
    while !sets.0.is_empty() {
        let mut set = Der(sets.expect(SET)?);
        while !set.0.is_empty() {
            let mut attribute = Der(set.expect(SEQUENCE)?);
            let kind = attribute.expect(OBJECT_ID)?;
            let (_, value) = attribute.next()?;
            let known = ATTRIBUTES.iter().find(|(id, _)| kind == [0x55, 0x04, *id]);
            if let Some((_, short)) = known {
                parts.push(format!("{short}={}", String::from_utf8_lossy(value)));
            }
        }
    }
    let shown = parts.join(", ");
    Some(
        shown
            .chars()
            .filter(|c| !c.is_control())
            .take(SUBJECT_MAX)
            .collect(),
    )
}

/// `YYMMDDhhmmssZ` or `YYYYMMDDhhmmssZ`, as RFC 5280 §4.1.2.5 wants them.
fn time((tag, content): (u8, &[u8])) -> Option<Timestamp> {
    let digits = std::str::from_utf8(content).ok()?.strip_suffix('Z')?;
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (year, rest) = match (tag, digits.len()) {
        (UTC_TIME, 12) => {
            let (year, rest) = digits.split_at_checked(2)?;
            let century = if year >= "50" { "19" } else { "20" };
            (format!("{century}{year}"), rest)
        }
        (GENERALIZED_TIME, 14) => {
            let (year, rest) = digits.split_at_checked(4)?;
            (year.to_owned(), rest)
        }
        _ => return None,
    };
    if year == "9999" {
        return FOR_EVER.parse().ok();
    }
    let part = |at: usize| rest.get(at..at + 2);
    let text = format!(
        "{year}-{}-{}T{}:{}:{}Z",
        part(0)?,
        part(2)?,
        part(4)?,
        part(6)?,
        part(8)?
    );
    text.parse().ok()
}
