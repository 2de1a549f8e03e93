//! The origin under which clients reach the deployment, and the addresses below it.

use std::fmt;

use types::{Error, Result, TenantId};

/// The public URL: scheme, host and perhaps a port; no path, no slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    text: String,
    authority_at: usize,
}

impl PublicUrl {
    /// Checks and folds a URL such as `https://id.contoso.example:8443`.
    pub fn parse(text: &str) -> Result<Self> {
        let folded = text.trim_end_matches('/').to_ascii_lowercase();
        let authority_at = ["https://", "http://"]
            .iter()
            .find(|scheme| folded.starts_with(*scheme))
            .map(|scheme| scheme.len());
        let is_valid = |at: &usize| {
            folded.get(*at..).is_some_and(|authority| {
                !authority.is_empty()
                    && authority.len() <= 260
                    && authority
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b))
            })
        };
        match authority_at.filter(is_valid) {
            Some(authority_at) => Ok(Self {
                text: folded,
                authority_at,
            }),
            None => Err(Error::invalid(
                "public-url",
                format!(
                    "'{text}' isn't a public URL: write it as https://id.contoso.example, without a path."
                ),
            )),
        }
    }
    /// As clients write it.
    pub fn as_str(&self) -> &str {
        &self.text
    }
    /// Host and port.
    pub fn authority(&self) -> &str {
        self.text.get(self.authority_at..).unwrap_or_default()
    }
    /// Whether it is reached over TLS.
    pub fn is_secure(&self) -> bool {
        self.text.starts_with("https:")
    }
    /// The issuer of a tenant's tokens.
    pub fn issuer(&self, tenant: TenantId) -> String {
        format!("{self}/{tenant}/v2.0")
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
