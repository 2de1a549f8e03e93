//! The one error of the domain, in the domain's words.
//!
//! Each variant is something a caller can act on. Status codes and wire bodies are made from it at
//! the edge, in one table per wire format; nothing below an edge knows them. The message of every
//! variant but [`Error::Internal`] is written for the caller: a sentence that says what to do.

use crate::trace::Trace;

/// What went wrong.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The object doesn't exist, or isn't the caller's: both look the same.
    #[error("{}", missing(kind, id))]
    NotFound {
        /// The Graph type of what was asked for.
        kind: &'static str,
        /// The key as the caller wrote it.
        id: String,
    },
    /// The request can't be carried out as written.
    #[error("{message}")]
    Invalid {
        /// The property, parameter or header that is wrong.
        target: Option<String>,
        /// What is wrong and what is right.
        message: String,
    },
    /// Valid in general, but this combination isn't supported here (Graph's `Request_UnsupportedQuery`).
    #[error("{message}")]
    UnsupportedQuery {
        /// What isn't supported, and where.
        message: String,
    },
    /// Another object holds a value that must be unique.
    #[error("Another object with the same value for property {property} already exists.")]
    AlreadyExists {
        /// The property.
        property: &'static str,
    },
    /// The state of the object doesn't allow this now.
    #[error("{message}")]
    Conflict {
        /// Which state, and how to leave it.
        message: String,
    },
    /// The caller is known but may not do this.
    #[error("{message}")]
    Forbidden {
        /// What is missing.
        message: String,
        /// How it was decided, where the border decided it.
        trace: Option<Box<Trace>>,
    },
    /// A documented limit was passed (docs/limits.md).
    #[error("{message}")]
    LimitExceeded {
        /// The limit's name in the configuration.
        limit: &'static str,
        /// What was too large, and how large it may be.
        message: String,
    },
    /// The position is older than what is kept: start over.
    #[error("{message}")]
    Gone {
        /// How to start over.
        message: String,
    },
    /// Something that is needed isn't there now; nothing was changed; trying again may help.
    #[error("{message}")]
    Unavailable {
        /// What is missing.
        message: String,
        /// When to try again.
        retry_after_seconds: u32,
    },
    /// A fault of ours. The text goes to the log, never to the caller.
    #[error("internal: {0}")]
    Internal(String),
}

/// What isn't there, and what to do about it; Graph's sentence for whatever has none of its own.
fn missing(kind: &str, id: &str) -> String {
    match kind {
        "multiTenantOrganization" => "This tenant isn't active in a multi-tenant organization. \
             Create one, or join that of a tenant that has added this one."
            .to_owned(),
        "multiTenantOrganizationInvitation" => format!(
            "Tenant {id} hasn't added this tenant to a multi-tenant organization. Ask an owner \
             there to add it."
        ),
        "tenant" => format!("No tenant has the id or the verified domain '{id}'."),
        _ => format!(
            "Resource '{id}' does not exist or one of its queried reference-property objects are \
             not present."
        ),
    }
}

/// A result of the domain.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What was looked for, or nothing where it isn't there; other errors stay errors.
pub fn found<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Error {
    /// A request that is wrong at `target`.
    pub fn invalid(target: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid {
            target: Some(target.into()),
            message: message.into(),
        }
    }
    /// A request that is wrong as a whole.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::Invalid {
            target: None,
            message: message.into(),
        }
    }
    /// No such object.
    pub fn not_found(kind: &'static str, id: impl ToString) -> Self {
        Self::NotFound {
            kind,
            id: id.to_string(),
        }
    }
    /// The object's state doesn't allow it.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::Conflict {
            message: message.into(),
        }
    }
    /// The caller may not.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::Forbidden {
            message: message.into(),
            trace: None,
        }
    }
    /// The query isn't supported.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::UnsupportedQuery {
            message: message.into(),
        }
    }
    /// A fault of ours.
    pub fn internal(message: impl std::fmt::Display) -> Self {
        Self::Internal(message.to_string())
    }
    /// Try again in `seconds`.
    pub fn unavailable(message: impl Into<String>, seconds: u32) -> Self {
        Self::Unavailable {
            message: message.into(),
            retry_after_seconds: seconds,
        }
    }
    /// Whether the same request may succeed later without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Internal(_))
    }
}
