//! Names that identify: domain names and user principal names, checked once where they enter.

use std::fmt;

use crate::{Error, Result};

/// Folds a text for comparison without regard to case: what "the same" means for names, mails and
/// filters, on every database engine alike. Unicode lower case, nothing else: accents still differ.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        text.to_lowercase()
    }
}

/// A DNS domain name in lower case: at least two labels of letters, digits and inner hyphens, at
/// most 253 characters (RFC 1035 §2.3.4, RFC 1123 §2.1). Internationalized names in A-label form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DomainName(String);

impl DomainName {
    /// Checks and folds a domain name.
    pub fn parse(text: &str) -> Result<Self> {
        let folded = text.to_ascii_lowercase();
        let label_is_valid = |label: &str| {
            (1..=63).contains(&label.len())
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if folded.len() <= 253 && folded.contains('.') && folded.split('.').all(label_is_valid) {
            Ok(Self(folded))
        } else {
            Err(Error::invalid(
                "id",
                format!("'{text}' isn't a valid domain name."),
            ))
        }
    }
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A user principal name, `local@domain`, as it was written; compared by [`Upn::folded`].
/// Local part: 1 to 64 of `A–Z a–z 0–9 ' . - _ ! # ^ ~`, no dot at an end (Graph, create user).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upn {
    text: String,
    at: usize,
}

impl Upn {
    /// Checks a UPN's form. Whether its domain belongs to the tenant is the directory's to say.
    pub fn parse(text: &str) -> Result<Self> {
        let invalid = || {
            Error::invalid(
                "userPrincipalName",
                "Property userPrincipalName is invalid: it has to be alias@domain, the alias of A-Z, a-z, 0-9 and ' . - _ ! # ^ ~ without a dot at its end.",
            )
        };
        let at = text.rfind('@').ok_or_else(invalid)?;
        let (local, domain) = (
            text.get(..at).unwrap_or(""),
            text.get(at + 1..).unwrap_or(""),
        );
        // A synced user's local part holds the home alias and domain, so it may be longer.
        let longest = if local.contains("#EXT#") { 190 } else { 64 };
        let valid = (1..=longest).contains(&local.len())
            && local
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"'.-_!#^~".contains(&b))
            && !local.starts_with('.')
            && !local.ends_with('.')
            && DomainName::parse(domain).is_ok();
        if valid {
            Ok(Self {
                text: text.to_owned(),
                at,
            })
        } else {
            Err(invalid())
        }
    }
    /// As written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
    /// For comparison.
    pub fn folded(&self) -> String {
        fold(&self.text)
    }
    /// What stands before the last `@`.
    pub fn local(&self) -> &str {
        self.text.get(..self.at).unwrap_or("")
    }
    /// What stands after the last `@`.
    pub fn domain(&self) -> &str {
        self.text.get(self.at + 1..).unwrap_or("")
    }
}
