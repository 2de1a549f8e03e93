//! The refusals of the OAuth endpoints, in Entra's form: this wire format's table from what is
//! wrong to status, `error`, AADSTS code and sentence.
//!
//! What a caller wrote is repeated only within the characters that RFC 6749 §5.2 allows in
//! `error_description`, and cut; secrets are never repeated.
//!
//! Source: RFC 6749 §5.2; Microsoft identity platform, authentication and authorization error codes.

use serde_json::{Value, json};
use types::Timestamp;
use uuid::Uuid;

use super::form::BODY_BYTES_MAX;
use crate::PublicUrl;

/// Where Entra explains its codes. They are the same here, so the pages fit.
const ERROR_PAGE: &str = "https://login.microsoftonline.com/error?code=";
/// How much of what a caller wrote is repeated.
const ECHO_LENGTH_MAX: usize = 200;

/// Why there is no answer but this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OAuthError {
    /// A parameter is absent or empty.
    MissingParameter(&'static str),
    /// A parameter comes twice.
    DuplicateParameter(String),
    /// The body or a parameter can't be read.
    Malformed(&'static str),
    /// The body is too long.
    BodyTooLong,
    /// The token endpoint was asked with another method than POST.
    Method(String),
    /// No tenant of this name.
    UnknownTenant(String),
    /// The grant needs a tenant, and `common` or `organizations` was asked.
    NoTenant,
    /// The grant isn't known.
    UnsupportedGrantType(String),
    /// The scope isn't `{resource}/.default`.
    InvalidScope(String),
    /// The tenant has no such resource.
    UnknownResource {
        /// As it was asked for.
        resource: String,
        /// The tenant's name.
        tenant: String,
    },
    /// The tenant has no such client.
    UnknownClient {
        /// As it named itself.
        client_id: String,
        /// The tenant's name.
        tenant: String,
    },
    /// The client may not sign in.
    DisabledClient {
        /// As it named itself.
        client_id: String,
    },
    /// The client named itself but proved nothing.
    MissingSecret,
    /// The client has no such secret.
    WrongSecret {
        /// As it named itself.
        client_id: String,
        /// Whether it used HTTP Basic.
        is_basic: bool,
    },
    /// The secret has expired.
    ExpiredSecret {
        /// As it named itself.
        client_id: String,
        /// Whether it used HTTP Basic.
        is_basic: bool,
    },
    /// The client assertion can't be read, or isn't signed by RS256 or PS256.
    MalformedAssertion,
    /// The client assertion names another client.
    AssertionClient,
    /// The client assertion is meant for somebody else.
    AssertionAudience,
    /// The client assertion isn't valid yet, or not any more, or for too long.
    AssertionTime,
    /// The key that has signed the client assertion isn't registered or doesn't fit: why.
    AssertionKey(&'static str),
    /// The client assertion was used before.
    AssertionReplayed,
    /// The `Authorization: Basic` header can't be read.
    MalformedBasic,
    /// The client authenticated in two ways at once.
    TwoAuthentications,
    /// An authority that isn't ours.
    UnknownInstance,
    /// The server can't answer now.
    Unavailable,
}

/// What ties an answer to the log.
#[derive(Debug, Clone, Copy)]
pub struct Trail {
    /// This answer's own id.
    pub trace_id: Uuid,
    /// The id that the client sent (`client-request-id`), or one made for it.
    pub correlation_id: Uuid,
    /// When.
    pub now: Timestamp,
}

/// What a caller wrote, fit to be repeated.
fn echo(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .map(|c| {
            if matches!(c, ' '..='~') && c != '"' && c != '\\' {
                c
            } else {
                '?'
            }
        })
        .take(ECHO_LENGTH_MAX)
        .collect();
    if text.chars().nth(ECHO_LENGTH_MAX).is_some() {
        shown.push_str("...");
    }
    shown
}

impl OAuthError {
    /// `error`, AADSTS code, status.
    const fn row(&self) -> (&'static str, u32, u16) {
        match self {
            Self::MissingParameter(_) => ("invalid_request", 900_144, 400),
            Self::DuplicateParameter(_) => ("invalid_request", 9_000_411, 400),
            Self::Malformed(_) => ("invalid_request", 90_013, 400),
            Self::BodyTooLong => ("invalid_request", 90_015, 400),
            Self::Method(_) => ("invalid_request", 900_561, 405),
            Self::UnknownTenant(_) => ("invalid_request", 90_002, 400),
            Self::NoTenant => ("invalid_request", 50_059, 400),
            Self::UnsupportedGrantType(_) => ("unsupported_grant_type", 70_003, 400),
            Self::InvalidScope(_) => ("invalid_scope", 1_002_012, 400),
            Self::UnknownResource { .. } => ("invalid_resource", 500_011, 400),
            Self::UnknownClient { .. } => ("unauthorized_client", 700_016, 400),
            Self::DisabledClient { .. } => ("unauthorized_client", 7_000_112, 400),
            Self::MissingSecret => ("invalid_client", 7_000_218, 401),
            Self::WrongSecret { .. } => ("invalid_client", 7_000_215, 401),
            Self::ExpiredSecret { .. } => ("invalid_client", 7_000_222, 401),
            Self::MalformedAssertion => ("invalid_client", 50_027, 401),
            Self::AssertionClient => ("invalid_client", 700_021, 401),
            Self::AssertionAudience => ("invalid_client", 700_023, 401),
            Self::AssertionTime => ("invalid_client", 700_024, 401),
            Self::AssertionKey(_) => ("invalid_client", 700_027, 401),
            Self::AssertionReplayed => ("invalid_client", 50_013, 401),
            Self::MalformedBasic => ("invalid_client", 7_000_216, 401),
            Self::TwoAuthentications => ("invalid_request", 90_100, 400),
            Self::UnknownInstance => ("invalid_instance", 50_049, 400),
            Self::Unavailable => ("temporarily_unavailable", 90_033, 503),
        }
    }

    /// The sentence, without code and trail.
    pub fn sentence(&self) -> String {
        let not_found_hint = "This can happen if the application has not been installed by the \
            administrator of the tenant or consented to by any user in the tenant. You may have \
            sent your authentication request to the wrong tenant.";
        match self {
            Self::MissingParameter(name) => {
                format!("The request body must contain the following parameter: '{name}'.")
            }
            Self::DuplicateParameter(name) => format!(
                "The request is not properly formatted. The parameter '{}' is duplicated.",
                echo(name)
            ),
            Self::Malformed(what) => format!("Invalid input received from the user: {what}."),
            Self::BodyTooLong => {
                format!("The request body is too long: it may have {BODY_BYTES_MAX} bytes.")
            }
            Self::Method(method) => format!(
                "The endpoint only accepts POST requests. Received a {} request.",
                echo(method)
            ),
            Self::UnknownTenant(tenant) => format!(
                "Tenant '{}' not found. Check to make sure you have the correct tenant ID and are \
                 signing into the correct cloud.",
                echo(tenant)
            ),
            Self::NoTenant => "No tenant-identifying information found in either the request or \
                implied by any provided credentials. Use the tenant's own endpoint."
                .into(),
            Self::UnsupportedGrantType(grant) => {
                format!(
                    "The app requested an unsupported grant type '{}'.",
                    echo(grant)
                )
            }
            Self::InvalidScope(scope) => format!(
                "The provided value for scope {} is not valid. Client credential flows must have \
                 a scope value with /.default suffixed to the resource identifier (application ID \
                 URI).",
                echo(scope)
            ),
            Self::UnknownResource { resource, tenant } => format!(
                "The resource principal named {} was not found in the tenant named {}. \
                 {not_found_hint}",
                echo(resource),
                echo(tenant)
            ),
            Self::UnknownClient { client_id, tenant } => format!(
                "Application with identifier '{}' was not found in the directory '{}'. \
                 {not_found_hint}",
                echo(client_id),
                echo(tenant)
            ),
            Self::DisabledClient { client_id } => {
                format!("Application '{}' is disabled.", echo(client_id))
            }
            Self::MissingSecret => {
                "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.".into()
            }
            Self::WrongSecret { client_id, .. } => format!(
                "Invalid client secret provided. Ensure the secret being sent in the request is \
                 the client secret value, not the client secret ID, for a secret added to app \
                 '{}'.",
                echo(client_id)
            ),
            Self::ExpiredSecret { client_id, .. } => format!(
                "The provided client secret keys for app '{}' are expired. Create new keys for \
                 your app.",
                echo(client_id)
            ),
            Self::MalformedAssertion => "JWT token is invalid or malformed: a client assertion has \
                to be signed by RS256 or PS256."
                .into(),
            Self::AssertionClient => "Client assertion application identifier doesn't match \
                'client_id' parameter: 'iss' and 'sub' have to be the client id."
                .into(),
            Self::AssertionAudience => "Client assertion audience claim does not match Realm \
                issuer: 'aud' has to be the address of the tenant's token endpoint."
                .into(),
            Self::AssertionTime => "Client assertion is not within its valid time range: 'exp' has \
                to lie ahead, by a day at most (limits.client_assertion_seconds), and 'nbf' behind."
                .into(),
            Self::AssertionKey(reason) => format!(
                "The certificate with identifier used to sign the client assertion is not \
                 registered on application, or the signature is invalid. [Reason - {reason}]"
            ),
            Self::AssertionReplayed => "Assertion is not valid: one with this 'jti' was used \
                before for the same resource."
                .into(),
            Self::MalformedBasic => "The Authorization header must contain the client id and the \
                client secret, each form-encoded, joined by a colon and encoded in base64."
                .into(),
            Self::TwoAuthentications => "The client must authenticate in one way: by the \
                Authorization header or in the request body."
                .into(),
            Self::UnknownInstance => "Unknown or invalid instance.".into(),
            Self::Unavailable => "A transient error has occurred. Please try again.".into(),
        }
    }

    /// The HTTP status.
    pub const fn status(&self) -> u16 {
        self.row().2
    }

    /// `error` as RFC 6749 §5.2 has it.
    pub const fn error(&self) -> &'static str {
        self.row().0
    }

    /// The number after AADSTS.
    pub const fn code(&self) -> u32 {
        self.row().1
    }

    /// The `WWW-Authenticate` header, where the client tried HTTP Basic (RFC 6749 §5.2).
    pub fn www_authenticate(&self, public_url: &PublicUrl) -> Option<String> {
        let is_basic = match self {
            Self::WrongSecret { is_basic, .. } | Self::ExpiredSecret { is_basic, .. } => *is_basic,
            Self::MalformedBasic => true,
            _ => false,
        };
        is_basic.then(|| format!(r#"Basic realm="{public_url}", charset="UTF-8""#))
    }

    /// The body.
    pub fn body(&self, trail: &Trail) -> Value {
        let (error, code, _) = self.row();
        let Trail {
            trace_id,
            correlation_id,
            now,
        } = trail;
        let timestamp = Timestamp::from_seconds(now.seconds())
            .to_string()
            .replace('T', " ");
        let sentence = self.sentence();
        json!({
            "error": error,
            "error_description": format!(
                "AADSTS{code}: {sentence} Trace ID: {trace_id} Correlation ID: {correlation_id} \
                 Timestamp: {timestamp}"
            ),
            "error_codes": [code],
            "timestamp": timestamp,
            "trace_id": trace_id.to_string(),
            "correlation_id": correlation_id.to_string(),
            "error_uri": format!("{ERROR_PAGE}{code}"),
        })
    }
}
