//! Discovery: what clients read to find a tenant's endpoints, and that an authority is this
//! deployment's.
//!
//! The tenant stands in the addresses by its id, whatever the client wrote, since MSAL reads it
//! back from the path of `token_endpoint`. Under `common` and `organizations` the issuer has the
//! literal `{tenantid}`, which clients replace by the `tid` of the token.
//!
//! Source: OpenID Connect Discovery 1.0 §3, RFC 8414, Microsoft identity platform (OIDC).

use serde_json::{Value, json};
use types::TenantId;

use crate::PublicUrl;
use crate::oauth::{GRANT_TYPES, OAuthError};

/// What tokens and UserInfo may say.
const CLAIMS: &[&str] = &[
    "sub",
    "iss",
    "aud",
    "exp",
    "iat",
    "nbf",
    "tid",
    "ver",
    "oid",
    "appid",
    "azp",
    "roles",
    "idtyp",
    "uti",
    "auth_time",
    "amr",
    "nonce",
    "name",
    "preferred_username",
    "given_name",
    "family_name",
    "locale",
    "email",
    "sid",
    "at_hash",
    "c_hash",
    "idp",
    "acct",
    "acrs",
    "groups",
    "wids",
    "scp",
    "home_oid",
    "home_tid",
    "login_hint",
    "upn",
    "ctry",
    "tenant_ctry",
    "verified_primary_email",
    "verified_secondary_email",
    "xms_cc",
    "xms_edov",
    "xms_pl",
    "xms_tpl",
];

/// The tenant of a discovery address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authority {
    /// One tenant, found by its id or by one of its domains.
    Tenant(TenantId),
    /// Any tenant: `common`.
    Common,
    /// Any tenant: `organizations`.
    Organizations,
}

/// `/{tenant}/v2.0/.well-known/openid-configuration`
pub fn openid_configuration(public_url: &PublicUrl, authority: Authority) -> Value {
    let (segment, issuer) = match authority {
        Authority::Tenant(tenant) => (tenant.to_string(), public_url.issuer(tenant)),
        Authority::Common => (
            "common".to_owned(),
            format!("{public_url}/{{tenantid}}/v2.0"),
        ),
        Authority::Organizations => (
            "organizations".to_owned(),
            format!("{public_url}/{{tenantid}}/v2.0"),
        ),
    };
    let oauth2 = format!("{public_url}/{segment}/oauth2/v2.0");
    json!({
        "token_endpoint": format!("{oauth2}/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256", "PS256"],
        "jwks_uri": format!("{public_url}/{segment}/discovery/v2.0/keys"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "code id_token", "id_token"],
        "grant_types_supported": GRANT_TYPES,
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": issuer,
        "request_uri_parameter_supported": false,
        "authorization_endpoint": format!("{oauth2}/authorize"),
        "device_authorization_endpoint": format!("{oauth2}/devicecode"),
        "end_session_endpoint": format!("{oauth2}/logout"),
        "http_logout_supported": true,
        "frontchannel_logout_supported": true,
        "frontchannel_logout_session_supported": true,
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
        "userinfo_endpoint": format!("{public_url}/oidc/userinfo"),
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "ui_locales_supported": ["en", "de", "fr", "es", "ja", "ar"],
        "claims_parameter_supported": true,
        "request_parameter_supported": false,
        "authorization_response_iss_parameter_supported": true,
        "claims_supported": CLAIMS,
        "tenant_region_scope": null,
        "cloud_instance_name": public_url.authority(),
        "cloud_graph_host_name": public_url.authority(),
        "msgraph_host": public_url.authority(),
        "rbac_url": public_url.as_str(),
    })
}

/// `/common/discovery/instance?api-version=1.1&authorization_endpoint=…`: whether an authority is
/// one of ours. Those of other hosts are refused, so that a client can't be led there by us.
pub fn instance(
    public_url: &PublicUrl,
    authorization_endpoint: Option<&str>,
) -> Result<Value, OAuthError> {
    let endpoint = authorization_endpoint
        .filter(|endpoint| !endpoint.is_empty())
        .ok_or(OAuthError::MissingParameter("authorization_endpoint"))?;
    let tenant = tenant_segment(public_url, endpoint).ok_or(OAuthError::UnknownInstance)?;
    let host = public_url.authority();
    Ok(json!({
        "tenant_discovery_endpoint":
            format!("{public_url}/{tenant}/v2.0/.well-known/openid-configuration"),
        "api-version": "1.1",
        "metadata": [{
            "preferred_network": host,
            "preferred_cache": host,
            "aliases": [host],
        }],
    }))
}

/// `/metadata/endpoints`: where a client finds what of this deployment, as Azure's clouds tell it.
/// Terraform's `azuread` provider takes its addresses from here (`metadata_host`). There is no
/// resource manager; clients refuse an answer without its address, so it is the deployment's own.
///
/// Source: <https://management.azure.com/metadata/endpoints?api-version=2022-09-01>.
pub fn endpoints(public_url: &PublicUrl) -> Value {
    json!({
        "name": public_url.authority(),
        "portal": format!("{public_url}/admin"),
        "authentication": {
            "loginEndpoint": public_url.as_str(),
            "audiences": [public_url.as_str()],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "microsoftGraphResourceId": public_url.as_str(),
        "resourceManager": public_url.as_str(),
        "suffixes": {},
    })
}

/// The tenant of which an address is the token endpoint or the issuer, as it was written there.
pub fn tenant_of_audience<'a>(public_url: &PublicUrl, audience: &'a str) -> Option<&'a str> {
    let tenant = tenant_segment(public_url, audience)?;
    let rest = audience.rsplit_once(tenant).map(|(_, rest)| rest)?;
    ["/oauth2/v2.0/token", "/v2.0"]
        .contains(&rest)
        .then_some(tenant)
}

/// The tenant in an address of ours, as it was written.
fn tenant_segment<'a>(public_url: &PublicUrl, endpoint: &'a str) -> Option<&'a str> {
    let (origin, path) = endpoint.split_at_checked(public_url.as_str().len())?;
    if !origin.eq_ignore_ascii_case(public_url.as_str()) {
        return None;
    }
    let segment = path.strip_prefix('/')?.split('/').next()?;
    let is_name = (1..=253).contains(&segment.len())
        && segment
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
        && !segment.contains("..");
    is_name.then_some(segment)
}
