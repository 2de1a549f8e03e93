//! OAuth 2.0 and OpenID Connect: what is read from requests, what is decided, what is answered; and
//! what is kept between two requests ([`code`], [`refresh`], [`device`]).
//!
//! Requests and decisions neither read nor write. The edge hands in the request's parts; the node
//! looks up what they name, in one snapshot of the tenant; what comes out is what to sign. Every
//! refusal is an [`OAuthError`] with Entra's code.
//!
//! Source: RFC 6749; RFC 7523 §2.2; RFC 9700; OpenID Connect Core; Microsoft identity platform, its
//! flows and AADSTS error codes.

mod assertion;
mod authorize;
mod claims;
mod client_secret;
pub mod code;
mod decide;
pub mod device;
mod error;
mod form;
mod pkce;
mod redirect;
pub mod refresh;
mod request;
mod scope;
mod sentence;

pub use assertion::{
    ASSERTION_BYTES_MAX, ASSERTION_SECONDS_MAX, ASSERTION_TYPE, Assertion, Thumbprint,
};
pub use authorize::{
    Addressed, Answer, AuthorizationRequest, ClientRules, Prompt, ResponseMode, ResponseType,
    ReturnAddress, encode, with_parameters,
};
pub use claims::ClaimsRequest;
pub use client_secret::{NewClientSecret, new_client_secret, secret_hash};
pub use decide::{ClientRecord, Grant, ProofStanding, ResourceRecord, TokenResponse, decide};
pub use error::{OAuthError, Trail};
pub use form::{BODY_BYTES_MAX, Form, PARAMETERS_MAX};
pub use redirect::{Platform, RedirectUris, can_be_framed, origin_of};
pub use request::{
    DeviceRequest, GrantRequest, Proof, Resource, TokenRequest, UserGrant, UserTokenRequest,
};
pub use scope::{OPENID_SCOPES, ScopeRequest};

/// The grants that the token endpoint knows.
pub const GRANT_TYPES: [&str; 4] = [
    "authorization_code",
    "client_credentials",
    "refresh_token",
    "urn:ietf:params:oauth:grant-type:device_code",
];
