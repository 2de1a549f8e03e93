//! Tokens in a person's name: access tokens for an API, ID tokens for the client.
//!
//! Source: Microsoft identity platform, access token claims and ID token claims; OpenID Connect Core
//! §2, §3.1.3.6 and §3.3.2.11.

use serde::{Deserialize, Serialize};
use types::{Id, Result, TenantId, Timestamp, kind::User};
use uuid::Uuid;

use super::{Issuer, LIFETIME_SECONDS, TokenError, compact};
use crate::keys::{SigningKey, TenantKeys};
use crate::{PublicUrl, Secret, encoded, sha256};

/// How a client has proved who it is (`azpacr`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientStrength {
    /// It can't.
    Public,
    /// By a secret.
    Secret,
    /// By the key of a certificate.
    Certificate,
}

impl ClientStrength {
    const fn code(self) -> &'static str {
        match self {
            Self::Public => "0",
            Self::Secret => "1",
            Self::Certificate => "2",
        }
    }
}

/// What a delegated access token is to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserToken {
    /// The tenant that issues it.
    pub tenant: TenantId,
    /// When the tenant was made (`xms_tcdt`).
    pub tenant_created_at: Option<Timestamp>,
    /// What it is for: [`super::GRAPH_AUDIENCE`], or a resource's own.
    pub audience: String,
    /// The client.
    pub app_id: Uuid,
    /// The client's name.
    pub app_display_name: String,
    /// How the client has proved who it is.
    pub client_strength: ClientStrength,
    /// In whose name.
    pub user: Id<User>,
    /// The name to sign in with.
    pub user_principal_name: String,
    /// The name for people.
    pub name: String,
    /// Whether the person is a guest here.
    pub is_guest: bool,
    /// Where the person is at home, if elsewhere, and the id there.
    pub home: Option<(TenantId, Id<User>)>,
    /// What the client may do.
    pub scopes: Vec<String>,
    /// The person's app roles on the resource.
    pub roles: Vec<String>,
    /// The templates of the person's directory roles.
    pub wids: Vec<Uuid>,
    /// How the person has proved who they are.
    pub amr: Vec<String>,
    /// When.
    pub auth_time: Timestamp,
    /// The session.
    pub session: Uuid,
    /// [`crate::revocation`]'s generation of the person.
    pub generation: u64,
    /// How long it is good.
    pub lifetime_seconds: i64,
}

/// What an ID token is to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdToken {
    /// The tenant that issues it.
    pub tenant: TenantId,
    /// The client that it is for.
    pub app_id: Uuid,
    /// Who has signed in.
    pub user: Id<User>,
    /// The name to sign in with, if the client may know it.
    pub preferred_username: Option<String>,
    /// The name for people, if the client may know it.
    pub name: Option<String>,
    /// The mail address, if the client may know it.
    pub email: Option<String>,
    /// Whether the person is a guest here.
    pub is_guest: bool,
    /// Where the person is at home, if elsewhere, and the id there.
    pub home: Option<(TenantId, Id<User>)>,
    /// The person's app roles on the client.
    pub roles: Vec<String>,
    /// The client's own, from its request.
    pub nonce: Option<String>,
    /// How the person has proved who they are.
    pub amr: Vec<String>,
    /// When.
    pub auth_time: Timestamp,
    /// The session.
    pub session: Uuid,
    /// The access token that it comes with.
    pub access_token: Option<Secret>,
    /// The code that it comes with.
    pub code: Option<Secret>,
}

#[derive(Serialize)]
struct AccessClaims<'a> {
    aud: &'a str,
    iss: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    acct: u8,
    aio: String,
    amr: &'a [String],
    app_displayname: &'a str,
    appid: Uuid,
    appidacr: &'static str,
    auth_time: i64,
    azp: Uuid,
    azpacr: &'static str,
    idp: String,
    idtyp: &'static str,
    name: &'a str,
    oid: Id<User>,
    preferred_username: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    roles: &'a [String],
    scp: String,
    sid: Uuid,
    sub: String,
    tid: TenantId,
    uti: String,
    ver: &'static str,
    #[serde(skip_serializing_if = "<[Uuid]>::is_empty")]
    wids: &'a [Uuid],
    iso_gen: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    xms_tcdt: Option<i64>,
}

#[derive(Serialize)]
struct IdClaims<'a> {
    aud: Uuid,
    iss: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    acct: u8,
    amr: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    at_hash: Option<String>,
    auth_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    c_hash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    oid: Id<User>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preferred_username: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    roles: &'a [String],
    sid: Uuid,
    sub: String,
    tid: TenantId,
    ver: &'static str,
}

/// The subject of a person's tokens: the same for one client always, another for every other.
pub fn pairwise(tenant: TenantId, user: Id<User>, app_id: Uuid) -> String {
    let mut bytes = b"subject".to_vec();
    bytes.extend_from_slice(tenant.bytes());
    bytes.extend_from_slice(user.bytes());
    bytes.extend_from_slice(app_id.as_bytes());
    encoded(&sha256(&bytes))
}

/// The left half of a hash (OpenID Connect Core §3.1.3.6).
fn half(secret: &Secret) -> String {
    let hash = sha256(secret.expose().as_bytes());
    encoded(hash.get(..16).unwrap_or_default())
}

impl Issuer {
    /// Signs an access token in a person's name. Takes about a millisecond of processor time.
    pub fn issue_user(
        &self,
        token: &UserToken,
        key: &SigningKey,
        now: Timestamp,
        random: [u8; 32],
    ) -> Result<Secret> {
        let (aio, uti) = random.split_at(16);
        let seconds = now.seconds();
        let home = token.home.map_or(token.tenant, |(tenant, _)| tenant);
        let claims = AccessClaims {
            aud: &token.audience,
            iss: self.public_url().issuer(token.tenant),
            iat: seconds,
            nbf: seconds,
            exp: seconds + token.lifetime_seconds,
            acct: u8::from(token.is_guest),
            aio: encoded(aio),
            amr: &token.amr,
            app_displayname: &token.app_display_name,
            appid: token.app_id,
            appidacr: token.client_strength.code(),
            auth_time: token.auth_time.seconds(),
            azp: token.app_id,
            azpacr: token.client_strength.code(),
            idp: self.public_url().issuer(home),
            idtyp: "user",
            name: &token.name,
            oid: token.user,
            preferred_username: &token.user_principal_name,
            roles: &token.roles,
            scp: token.scopes.join(" "),
            sid: token.session,
            sub: pairwise(token.tenant, token.user, token.app_id),
            tid: token.tenant,
            uti: encoded(uti),
            ver: "2.0",
            wids: &token.wids,
            iso_gen: token.generation,
            xms_tcdt: token.tenant_created_at.map(Timestamp::seconds),
        };
        compact::sign(&claims, key).map(Secret::new)
    }

    /// Signs an ID token. Takes about a millisecond of processor time.
    pub fn issue_id(&self, token: &IdToken, key: &SigningKey, now: Timestamp) -> Result<Secret> {
        let seconds = now.seconds();
        let claims = IdClaims {
            aud: token.app_id,
            iss: self.public_url().issuer(token.tenant),
            iat: seconds,
            nbf: seconds,
            exp: seconds + LIFETIME_SECONDS,
            acct: u8::from(token.is_guest),
            amr: &token.amr,
            at_hash: token.access_token.as_ref().map(half),
            auth_time: token.auth_time.seconds(),
            c_hash: token.code.as_ref().map(half),
            email: token.email.as_deref(),
            idp: token.home.map(|(home, _)| self.public_url().issuer(home)),
            name: token.name.as_deref(),
            nonce: token.nonce.as_deref(),
            oid: token.user,
            preferred_username: token.preferred_username.as_deref(),
            roles: &token.roles,
            sid: token.session,
            sub: pairwise(token.tenant, token.user, token.app_id),
            tid: token.tenant,
            ver: "2.0",
        };
        compact::sign(&claims, key).map(Secret::new)
    }
}

/// What an ID token says that a client hands back as a hint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct IdTokenHint {
    /// The client that it was for.
    #[serde(rename = "aud")]
    pub app_id: Uuid,
    /// The session.
    #[serde(rename = "sid")]
    pub session: Uuid,
    /// Who had signed in.
    #[serde(rename = "oid")]
    pub user: Uuid,
}

#[derive(Deserialize)]
struct HintClaims {
    iss: String,
    tid: Uuid,
    #[serde(flatten)]
    hint: IdTokenHint,
}

/// Reads an ID token that was issued here, however long ago (OpenID Connect RP-Initiated Logout §4).
pub fn id_token_hint(
    public_url: &PublicUrl,
    tenant: TenantId,
    keys: &TenantKeys,
    token: &str,
    now: Timestamp,
) -> Result<IdTokenHint, TokenError> {
    let parsed = compact::parse::<HintClaims>(token)?;
    let key = keys
        .verifying(&parsed.kid, now)
        .ok_or(TokenError::UnknownKey)?;
    if !key.verifies(parsed.message, &parsed.signature) {
        return Err(TokenError::Signature);
    }
    let claims = parsed.claims;
    if claims.iss != public_url.issuer(tenant) || claims.tid != tenant.uuid() {
        return Err(TokenError::Issuer);
    }
    Ok(claims.hint)
}

/// Somebody in whose name a client calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserCaller {
    /// Whose token it is.
    pub tenant: TenantId,
    /// The client.
    pub app_id: Uuid,
    /// In whose name.
    pub user: Id<User>,
    /// What the client may do.
    pub scopes: Vec<String>,
}

impl UserCaller {
    /// Whether the client may do this.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|own| own == scope)
    }
}
