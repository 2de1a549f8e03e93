//! `Idempotency-Key`: a POST that is sent again gets the first answer.
//!
//! This edge reads the header, asks an [`Idempotency`] before the handler runs and tells it the
//! answer afterwards; what is kept, and for how long, is the implementation's. Only answers of
//! success are kept: a refusal had no effect, so the repeat is simply tried.
//!
//! Source: draft-ietf-httpapi-idempotency-key-header; a repeat counts within 24 hours.

use bytes::Bytes;
use types::{Result, TenantId};
use uuid::Uuid;

use crate::caller::BoxFuture;

/// The longest key.
pub(crate) const KEY_BYTES_MAX: usize = 255;

/// Which request is repeated: keys of different callers or tenants never meet.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey {
    /// The tenant that was asked.
    pub tenant: TenantId,
    /// The client.
    pub app_id: Uuid,
    /// The key as the client wrote it.
    pub key: String,
    /// Method, path and body of the request: the same key with another request is refused.
    pub request: Bytes,
}

/// What is known of a key.
#[derive(Debug)]
pub enum Begun {
    /// Nothing: carry it out.
    Fresh,
    /// It was answered: answer the same.
    Answered(Kept),
    /// It is being carried out at this moment.
    Running,
    /// The key was used for another request.
    Different,
}

/// An answer that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Status code.
    pub status: u16,
    /// `Location`, if there was one.
    pub location: Option<String>,
    /// Content-Type, if there was a body.
    pub content_type: Option<String>,
    /// Body.
    pub body: Bytes,
}

/// Keeps the first answers.
pub trait Idempotency: Send + Sync {
    /// Looks a key up and marks it as running if it is fresh.
    fn begin<'a>(&'a self, key: &'a IdempotencyKey) -> BoxFuture<'a, Result<Begun>>;
    /// Keeps the answer, or (`None`) forgets the key, since nothing was done.
    fn finish<'a>(
        &'a self,
        key: &'a IdempotencyKey,
        answer: Option<Kept>,
    ) -> BoxFuture<'a, Result<()>>;
}
