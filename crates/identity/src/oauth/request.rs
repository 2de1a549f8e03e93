//! The token request: who asks, by which grant, for which resource.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use types::parse_uuid;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::form::{Form, decode};
use super::{ASSERTION_TYPE, Assertion, ClaimsRequest, OAuthError, ScopeRequest};
use crate::token::{GRAPH_APP_ID, GRAPH_AUDIENCE};
use crate::{PublicUrl, Secret};

/// What every scope of the client credentials grant ends with.
const DEFAULT_SUFFIX: &str = "/.default";
/// Characters of an `Authorization` header that are looked at.
const BASIC_LENGTH_MAX: usize = 8 * 1024;

/// The API that a token is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Resource {
    /// The Graph API, under any of its names.
    Graph,
    /// An application of the tenant, by its id or one of its identifier URIs, as it was written.
    Application(String),
}

impl Resource {
    /// One name for it, whatever it was called.
    pub fn name(&self) -> &str {
        match self {
            Self::Graph => GRAPH_AUDIENCE,
            Self::Application(name) => name,
        }
    }

    /// Reads `{resource}/.default` (Microsoft identity platform, "The .default scope").
    fn parse(scope: &str, public_url: &PublicUrl) -> Result<Self, OAuthError> {
        let invalid = || OAuthError::InvalidScope(scope.to_owned());
        let mut scopes = scope.split(' ').filter(|scope| !scope.is_empty());
        let (Some(single), None) = (scopes.next(), scopes.next()) else {
            return Err(invalid());
        };
        let name = single.strip_suffix(DEFAULT_SUFFIX).ok_or_else(invalid)?;
        if name.is_empty() {
            return Err(invalid());
        }
        if Self::is_graph(name, public_url) {
            Ok(Self::Graph)
        } else {
            Ok(Self::Application(name.to_owned()))
        }
    }

    /// Whether this is a name of the Graph API. `https://graph.microsoft.com//.default` is one as
    /// well: a resource may be written with a slash at its end.
    pub(super) fn is_graph(name: &str, public_url: &PublicUrl) -> bool {
        let name = name.strip_suffix('/').unwrap_or(name);
        [GRAPH_AUDIENCE, GRAPH_APP_ID, public_url.as_str()]
            .iter()
            .any(|graph| name.eq_ignore_ascii_case(graph))
    }
}

/// A request for a token by client credentials (RFC 6749 §4.4.2), well-formed but unchecked.
#[derive(Debug)]
pub struct TokenRequest {
    /// The client as it named itself.
    pub client_id: String,
    /// What it proves itself with.
    pub proof: Proof,
    /// What it wants a token for.
    pub resource: Resource,
}

/// What a client proves itself with.
#[derive(Debug)]
pub enum Proof {
    /// A secret.
    Secret {
        /// The secret.
        secret: Secret,
        /// Whether it came by HTTP Basic.
        is_basic: bool,
    },
    /// A token that it has signed.
    Assertion(Assertion),
}

/// A request for a token in a person's name, well-formed but unchecked.
#[derive(Debug)]
pub struct UserTokenRequest {
    /// The client as it named itself.
    pub client_id: String,
    /// What it proves itself with, if it does.
    pub proof: Option<Proof>,
    /// What it has from the person.
    pub grant: UserGrant,
    /// What of that it wants a token for; all, if it doesn't say.
    pub scope: Option<ScopeRequest>,
    /// Whether it wants `client_info` (Microsoft's libraries do).
    pub client_info: bool,
    /// What the tokens are to say beyond the usual; as before, if it doesn't say.
    pub claims: Option<ClaimsRequest>,
}

/// What a client has from a person.
#[derive(Debug)]
pub enum UserGrant {
    /// An authorization code (RFC 6749 §4.1.3).
    Code {
        /// The code.
        code: Secret,
        /// Where it was sent.
        redirect_uri: Option<String>,
        /// The proof that the client has asked for it.
        code_verifier: Option<Secret>,
    },
    /// A refresh token (RFC 6749 §6).
    Refresh(Secret),
    /// A device's code (RFC 8628 §3.4).
    Device(Secret),
}

/// A request to the token endpoint.
#[derive(Debug)]
pub enum GrantRequest {
    /// For the client itself.
    Client(TokenRequest),
    /// In a person's name.
    User(UserTokenRequest),
}

impl GrantRequest {
    /// Reads a request. Parameters that aren't known are ignored (RFC 6749 §3.2).
    pub fn parse(
        public_url: &PublicUrl,
        authorization: Option<&str>,
        content_type: Option<&str>,
        body: &[u8],
    ) -> Result<Self, OAuthError> {
        let form = Form::parse(content_type, body)?;
        let secret = |name| form.require(name).map(Secret::new);
        let grant = match form.require("grant_type")? {
            "client_credentials" => {
                return TokenRequest::of_form(public_url, authorization, &form).map(Self::Client);
            }
            "authorization_code" => UserGrant::Code {
                code: secret("code")?,
                redirect_uri: form.get("redirect_uri").map(str::to_owned),
                code_verifier: form.get("code_verifier").map(Secret::new),
            },
            "refresh_token" => UserGrant::Refresh(secret("refresh_token")?),
            // The short name is what Microsoft's library for JavaScript sends.
            "urn:ietf:params:oauth:grant-type:device_code" | "device_code" => {
                UserGrant::Device(secret("device_code")?)
            }
            other => return Err(OAuthError::UnsupportedGrantType(other.to_owned())),
        };
        let (client_id, proof) = presented(&form, authorization)?;
        let scope = form.get("scope");
        Ok(Self::User(UserTokenRequest {
            client_id,
            proof,
            grant,
            scope: scope
                .map(|scope| ScopeRequest::parse(scope, public_url))
                .transpose()?,
            client_info: form.get("client_info") == Some("1"),
            claims: form
                .get("claims")
                .map(|claims| ClaimsRequest::parse(Some(claims), None))
                .transpose()?,
        }))
    }
}

/// What a client says at the start of a device's sign-in (RFC 8628 §3.1).
#[derive(Debug)]
pub struct DeviceRequest {
    /// The client as it named itself.
    pub client_id: String,
    /// What it proves itself with, if it does.
    pub proof: Option<Proof>,
    /// What it asks for.
    pub scope: ScopeRequest,
}

impl DeviceRequest {
    /// Reads a request.
    pub fn parse(
        public_url: &PublicUrl,
        authorization: Option<&str>,
        content_type: Option<&str>,
        body: &[u8],
    ) -> Result<Self, OAuthError> {
        let form = Form::parse(content_type, body)?;
        let (client_id, proof) = presented(&form, authorization)?;
        let scope = ScopeRequest::parse(form.require("scope")?, public_url)?;
        Ok(Self {
            client_id,
            proof,
            scope,
        })
    }
}

impl TokenRequest {
    /// Reads a request. Parameters that aren't known are ignored (RFC 6749 §3.2).
    pub fn parse(
        public_url: &PublicUrl,
        authorization: Option<&str>,
        content_type: Option<&str>,
        body: &[u8],
    ) -> Result<Self, OAuthError> {
        let form = Form::parse(content_type, body)?;
        match form.require("grant_type")? {
            "client_credentials" => Self::of_form(public_url, authorization, &form),
            other => Err(OAuthError::UnsupportedGrantType(other.to_owned())),
        }
    }

    fn of_form(
        public_url: &PublicUrl,
        authorization: Option<&str>,
        form: &Form,
    ) -> Result<Self, OAuthError> {
        let (client_id, proof) = presented(form, authorization)?;
        let proof = proof.ok_or(OAuthError::MissingSecret)?;
        let resource = Resource::parse(form.require("scope")?, public_url)?;
        Ok(Self {
            client_id,
            proof,
            resource,
        })
    }

    /// The client's id, if what it named itself is one.
    pub fn app_id(&self) -> Option<Uuid> {
        parse_uuid(&self.client_id)
    }
}

/// The client, and what it proves itself with: from the header or from the body, never from both
/// (RFC 6749 §2.3).
fn presented(
    form: &Form,
    authorization: Option<&str>,
) -> Result<(String, Option<Proof>), OAuthError> {
    let basic = authorization.and_then(|value| {
        let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
        scheme.eq_ignore_ascii_case("basic").then_some(rest)
    });
    let secret = form.get("client_secret");
    if let Some(encoded) = basic {
        if secret.is_some() || form.get("client_assertion").is_some() {
            return Err(OAuthError::TwoAuthentications);
        }
        let (client_id, secret) = decode_basic(encoded).ok_or(OAuthError::MalformedBasic)?;
        if form
            .get("client_id")
            .is_some_and(|other| other != client_id)
        {
            return Err(OAuthError::TwoAuthentications);
        }
        let proof = Proof::Secret {
            secret,
            is_basic: true,
        };
        return Ok((client_id, Some(proof)));
    }
    if let Some(assertion) = form.get("client_assertion") {
        if secret.is_some() {
            return Err(OAuthError::TwoAuthentications);
        }
        return asserted(form, assertion);
    }
    let client_id = form.require("client_id")?.to_owned();
    let proof = secret.map(|secret| Proof::Secret {
        secret: Secret::new(secret),
        is_basic: false,
    });
    Ok((client_id, proof))
}

/// RFC 7521 §4.2: the client id may be left to the assertion.
fn asserted(form: &Form, assertion: &str) -> Result<(String, Option<Proof>), OAuthError> {
    if form.require("client_assertion_type")? != ASSERTION_TYPE {
        return Err(OAuthError::Malformed(
            "client_assertion_type has to be urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ));
    }
    let assertion = Assertion::parse(assertion).ok_or(OAuthError::MalformedAssertion)?;
    let client_id = form.get("client_id").unwrap_or(assertion.issuer());
    Ok((client_id.to_owned(), Some(Proof::Assertion(assertion))))
}

/// RFC 6749 §2.3.1: both halves are form-encoded before they are joined.
fn decode_basic(encoded: &str) -> Option<(String, Secret)> {
    if encoded.len() > BASIC_LENGTH_MAX {
        return None;
    }
    let joined = Zeroizing::new(BASE64_STANDARD.decode(encoded.trim()).ok()?);
    let colon = joined.iter().position(|byte| *byte == b':')?;
    let (id, secret) = joined.split_at_checked(colon)?;
    let (id, secret) = (decode(id)?, decode(secret.get(1..)?)?);
    (!id.is_empty() && !secret.is_empty()).then(|| (id, Secret::new(secret)))
}
