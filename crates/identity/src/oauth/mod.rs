//! The token endpoint: what is read from a request, what is decided, what is answered.
//!
//! Nothing here reads or writes. The edge hands in the request's parts; the node looks up what
//! [`TokenRequest`] names, in one snapshot of the tenant, and hands it to [`decide`]; what comes
//! out is what to sign. Every refusal is an [`OAuthError`] with Entra's code.
//!
//! Source: RFC 6749 §§2.3, 3.2, 4.4, 5; RFC 7523 §2.2; Microsoft identity platform, client credentials flow and
//! AADSTS error codes.

mod assertion;
mod client_secret;
mod decide;
mod error;
mod form;
mod request;

pub use assertion::{
    ASSERTION_BYTES_MAX, ASSERTION_SECONDS_MAX, ASSERTION_TYPE, Assertion, Thumbprint,
};
pub use client_secret::{NewClientSecret, new_client_secret, secret_hash};
pub use decide::{ClientRecord, Grant, ProofStanding, ResourceRecord, TokenResponse, decide};
pub use error::{OAuthError, Trail};
pub use form::{BODY_BYTES_MAX, Form, PARAMETERS_MAX};
pub use request::{Proof, Resource, TokenRequest};

/// The grants that the token endpoint knows.
pub const GRANT_TYPES: [&str; 1] = ["client_credentials"];
