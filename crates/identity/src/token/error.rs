//! Why a token opens nothing.

/// A token that is refused: 401 `InvalidAuthenticationToken` at the edge, with these sentences,
/// which are Graph's. They don't tell a tenant or key that doesn't exist from a wrong signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message())]
pub enum TokenError {
    /// There is none.
    Missing,
    /// It isn't a token of ours by its form.
    Malformed,
    /// The signature isn't that of the named key.
    Signature,
    /// It was valid.
    Expired,
    /// It will be valid.
    NotYetValid,
    /// It names another issuer than its tenant.
    Issuer,
    /// It is for something else.
    Audience,
    /// This deployment doesn't hold its tenant.
    UnknownTenant,
    /// Its tenant has no such key, or not any more.
    UnknownKey,
    /// Its service principal is gone or disabled, or its tokens were revoked.
    Revoked,
}

impl TokenError {
    /// The sentence for the caller.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Missing => "Access token is empty.",
            Self::Malformed => "CompactToken parsing failed with error code: 80049217",
            Self::Signature | Self::UnknownTenant | Self::UnknownKey => {
                "Access token validation failure. Invalid signature."
            }
            Self::Expired | Self::NotYetValid => "Access token has expired or is not yet valid.",
            Self::Issuer => "Access token validation failure. Invalid issuer.",
            Self::Audience => "Access token validation failure. Invalid audience.",
            Self::Revoked => "Access token has been revoked.",
        }
    }
}

/// Why there is no verified token.
#[derive(Debug, Clone, thiserror::Error)]
pub enum VerifyError {
    /// The token's fault.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// It can't be checked now.
    #[error(transparent)]
    Loader(#[from] types::Error),
}
