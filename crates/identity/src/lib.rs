//! Each tenant is its own OpenID provider: keys, tokens, the token endpoint, discovery, passwords.
//!
//! - Nothing is shared between tenants: each has its own signing keys, and a token is checked
//!   against the keys of the tenant that its `tid` names, and of no other.
//! - This crate knows no directory. Applications, service principals and roles are handed in as
//!   small records ([`oauth::ClientRecord`], [`oauth::ResourceRecord`], [`Standing`]), so that the
//!   decisions here are pure functions.
//! - Time and randomness are arguments. Only nonces, keys and [`random`] come from the system's
//!   generator.
//! - What costs processor time (making a key, signing, hashing a password) never runs in a
//!   transaction.
//! - Secrets are kept sealed ([`Sealer`]) or as hashes, and `Debug` of a secret prints nothing.
//!
//! Sources: RFC 6749 (OAuth 2.0), RFC 9700 (its best current practice), RFC 7515–7519 (JOSE),
//! RFC 8725 (JWT best current practice), OpenID Connect Core and Discovery 1.0, Microsoft identity
//! platform (access token claims, error codes).

pub mod certificate;
mod deployment_key;
pub mod discovery;
pub mod keys;
pub mod oauth;
pub mod password;
pub mod pool;
mod public_url;
pub mod revocation;
mod ring;
mod sealer;
mod secret;
pub mod session;
pub mod token;
pub mod visit;

pub use deployment_key::DeploymentKey;
pub use public_url::PublicUrl;
pub use ring::{KeyRing, Loader, Since, Standing};
pub use sealer::Sealer;
pub(crate) use secret::encoded;
pub use secret::{Secret, random, sha256};
