//! Issuing tokens: an application's, a user's, ID tokens, and those beside notifications.
//!
//! Source: Microsoft identity platform, access token and ID token claims; OpenID Connect Core
//! §2 (ID token), §3.1.3.6 and §3.3.2.11 (`at_hash`, `c_hash`).

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::{Map, Value, json};
use types::{Id, Result, TenantId, Timestamp, kind::ServicePrincipal, kind::User};
use uuid::{Uuid, uuid};

use super::claims::{Common, OfApplication, OfUser};
use super::subject::Subjects;
use super::{GRAPH_AUDIENCE, LIFETIME_SECONDS, compact};
use crate::keys::SigningKey;
use crate::{PublicUrl, Sealer, Secret, sha256};

/// Whom notifications come from, as Microsoft Graph's do: receivers look for it in `appid`.
const NOTIFICATION_PUBLISHER: Uuid = uuid!("0bf30f3b-4a52-48df-9a82-234910c4a086");

/// What a token beside notifications says. It has no subject, so that it opens nothing here.
#[derive(Serialize)]
struct NotificationClaims {
    aud: String,
    iss: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    aio: String,
    appid: Uuid,
    appidacr: &'static str,
    azp: Uuid,
    azpacr: &'static str,
    idp: String,
    tid: Uuid,
    uti: String,
    ver: &'static str,
}

/// How a client has proved who it is (`azpacr`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientStrength {
    /// It hasn't: it runs where it can keep no secret.
    Public,
    /// By a secret.
    Secret,
    /// By a certificate.
    Certificate,
}

impl ClientStrength {
    const fn claim(self) -> &'static str {
        match self {
            Self::Public => "0",
            Self::Secret => "1",
            Self::Certificate => "2",
        }
    }
}

/// What an app-only token is to say, read in one snapshot of the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppToken {
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
    /// The client's service principal in the tenant.
    pub service_principal: Id<ServicePrincipal>,
    /// Its application permissions on the resource.
    pub roles: Vec<String>,
    /// [`crate::revocation::generation`] of the service principal.
    pub generation: u64,
    /// The key id of the secret that the client has shown, or of its certificate.
    pub key_id: Option<Uuid>,
    /// Whether that is a certificate.
    pub by_certificate: bool,
}

/// What a delegated token is to say, read in one snapshot of the tenant.
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
    /// The user's object in the tenant.
    pub user: Id<User>,
    /// The name that the user signs in by, at home (`preferred_username`).
    pub user_principal_name: String,
    /// The user's name for people.
    pub name: String,
    /// Whether the user is a guest of the tenant (`acct`).
    pub is_guest: bool,
    /// Of a user from another tenant of the deployment: that tenant and the object there.
    pub home: Option<(TenantId, Id<User>)>,
    /// The delegated permissions on the resource (`scp`).
    pub scopes: Vec<String>,
    /// The user's app roles on the resource.
    pub roles: Vec<String>,
    /// The templates of the user's directory roles in the tenant.
    pub wids: Vec<Uuid>,
    /// How the user has proved who they are (`amr`, RFC 8176).
    pub amr: Vec<String>,
    /// When that was.
    pub auth_time: Timestamp,
    /// The session (`sid`).
    pub session: Uuid,
    /// What its API asks for beyond the usual, and what the client does. They can't take another's
    /// place.
    pub optional: Map<String, Value>,
    /// [`crate::revocation::generation`] of the user.
    pub generation: u64,
    /// How long it lasts; at most [`LIFETIME_SECONDS`], since a key that is retired is kept for
    /// that long.
    pub lifetime_seconds: i64,
}

/// What a client is told of the user who signed in.
#[derive(Debug, Clone, PartialEq)]
pub struct IdToken {
    /// The tenant that issues it.
    pub tenant: TenantId,
    /// The client that it is for.
    pub app_id: Uuid,
    /// The user's object in the tenant.
    pub user: Id<User>,
    /// What was granted of OpenID Connect: `profile` brings the names and the object id, `email`
    /// the mail.
    pub scopes: Vec<String>,
    /// The name that the user signs in by, at home.
    pub user_principal_name: String,
    /// The user's name for people.
    pub name: String,
    /// The user's mail.
    pub email: Option<String>,
    /// Whether the user is a guest of the tenant.
    pub is_guest: bool,
    /// Of a user from another tenant of the deployment: that tenant and the object there.
    pub home: Option<(TenantId, Id<User>)>,
    /// The user's app roles on the client.
    pub roles: Vec<String>,
    /// How the user has proved who they are.
    pub amr: Vec<String>,
    /// When that was.
    pub auth_time: Timestamp,
    /// The session.
    pub session: Uuid,
    /// What the request carried, as it came.
    pub nonce: Option<String>,
    /// The access token that it comes with, from the authorization endpoint.
    pub access_token: Option<Secret>,
    /// The code that it comes with, from the authorization endpoint.
    pub code: Option<Secret>,
    /// What the client has to send as `login_hint` or `logout_hint` to mean this user, if its
    /// application asks for that claim.
    pub login_hint: Option<String>,
    /// Other optional claims that the application asks for. They can't take another's place.
    pub optional: Map<String, Value>,
    /// How long it lasts; at most [`LIFETIME_SECONDS`].
    pub lifetime_seconds: i64,
}

/// Issues the tokens of all tenants under one public URL.
#[derive(Debug, Clone)]
pub struct Issuer {
    public_url: PublicUrl,
    subjects: Subjects,
}

/// The half of a digest that ties an ID token to what it comes with.
fn half_hash(secret: &Secret) -> String {
    let digest = sha256(secret.expose().as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(digest.get(..16).unwrap_or_default())
}

fn sorted(values: &[String]) -> Vec<Box<str>> {
    let mut sorted: Vec<Box<str>> = values.iter().map(|value| value.as_str().into()).collect();
    sorted.sort_unstable();
    sorted.dedup();
    sorted
}

/// Two ids that nobody guesses.
fn unique(random: [u8; 32]) -> (String, String) {
    let (one, other) = random.split_at(16);
    (
        BASE64_URL_SAFE_NO_PAD.encode(one),
        BASE64_URL_SAFE_NO_PAD.encode(other),
    )
}

impl Issuer {
    /// For this public URL, with subjects that are this deployment's.
    pub fn new(public_url: PublicUrl, sealer: &Sealer) -> Result<Self> {
        Ok(Self {
            public_url,
            subjects: Subjects::new(sealer)?,
        })
    }

    pub(super) const fn public_url(&self) -> &PublicUrl {
        &self.public_url
    }

    /// Who a user is to a client (`sub`), in tokens and at the UserInfo endpoint.
    pub fn subject(&self, tenant: TenantId, user: Id<User>, app_id: Uuid) -> String {
        self.subjects.subject(tenant, user, app_id)
    }

    /// Signs a token with the tenant's key. Takes about a millisecond of processor time: never
    /// call it in a transaction.
    pub fn issue(
        &self,
        token: &AppToken,
        key: &SigningKey,
        now: Timestamp,
        random: [u8; 32],
    ) -> Result<Secret> {
        let issuer = self.public_url.issuer(token.tenant);
        let (aio, uti) = unique(random);
        let seconds = now.seconds();
        let strength = if token.by_certificate {
            ClientStrength::Certificate
        } else {
            ClientStrength::Secret
        };
        let common = Common {
            aud: token.audience.clone(),
            idp: issuer.clone(),
            iss: issuer,
            iat: seconds,
            nbf: seconds,
            exp: seconds + LIFETIME_SECONDS,
            aio,
            app_displayname: token.app_display_name.clone(),
            appid: token.app_id,
            appidacr: strength.claim(),
            azp: token.app_id,
            azpacr: strength.claim(),
            idtyp: "app",
            oid: token.service_principal.uuid(),
            roles: sorted(&token.roles),
            sub: token.service_principal.to_string(),
            tid: token.tenant.uuid(),
            uti,
            ver: "2.0",
            iso_gen: token.generation,
            xms_tcdt: token.tenant_created_at.map(Timestamp::seconds),
        };
        let claims = OfApplication {
            common,
            iso_key: token.key_id,
        };
        compact::sign(&claims, key).map(Secret::new)
    }

    /// Signs a user's access token with the tenant's key; as costly as [`Issuer::issue`], but for our
    /// own API a tenth of that.
    pub fn issue_user(
        &self,
        token: &UserToken,
        key: &SigningKey,
        now: Timestamp,
        random: [u8; 32],
    ) -> Result<Secret> {
        let (aio, uti) = unique(random);
        let seconds = now.seconds();
        let common = Common {
            aud: token.audience.clone(),
            idp: self.provider(token.tenant, token.home),
            iss: self.public_url.issuer(token.tenant),
            iat: seconds,
            nbf: seconds,
            exp: seconds + token.lifetime_seconds.clamp(1, LIFETIME_SECONDS),
            aio,
            app_displayname: token.app_display_name.clone(),
            appid: token.app_id,
            appidacr: token.client_strength.claim(),
            azp: token.app_id,
            azpacr: token.client_strength.claim(),
            idtyp: "user",
            oid: token.user.uuid(),
            roles: sorted(&token.roles),
            sub: self.subject(token.tenant, token.user, token.app_id),
            tid: token.tenant.uuid(),
            uti,
            ver: "2.0",
            iso_gen: token.generation,
            xms_tcdt: token.tenant_created_at.map(Timestamp::seconds),
        };
        let claims = OfUser {
            common,
            acct: token.is_guest.into(),
            amr: token.amr.clone(),
            auth_time: token.auth_time.seconds(),
            home_oid: token.home.map(|(_, user)| user.uuid()),
            home_tid: token.home.map(|(tenant, _)| tenant.uuid()),
            name: token.name.clone(),
            preferred_username: token.user_principal_name.clone(),
            scp: sorted(&token.scopes).join(" "),
            sid: token.session,
            wids: token.wids.clone(),
            optional: token.optional.clone(),
        };
        let claims = claims.alone();
        let token = if token.audience == GRAPH_AUDIENCE {
            compact::sign_for_api(&claims, key)
        } else {
            compact::sign(&claims, key)
        };
        token.map(Secret::new)
    }

    /// Signs an ID token with the tenant's key; as costly as [`Issuer::issue`].
    pub fn issue_id(&self, token: &IdToken, key: &SigningKey, now: Timestamp) -> Result<Secret> {
        let has = |scope: &str| token.scopes.iter().any(|own| own == scope);
        let seconds = now.seconds();
        let mut claims = token.optional.clone();
        let mut say = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        say("aud", json!(token.app_id));
        say("iss", self.public_url.issuer(token.tenant).into());
        say("iat", seconds.into());
        say("nbf", seconds.into());
        let lifetime = token.lifetime_seconds.clamp(1, LIFETIME_SECONDS);
        say("exp", (seconds + lifetime).into());
        say("acct", u8::from(token.is_guest).into());
        say("amr", json!(token.amr));
        say("auth_time", token.auth_time.seconds().into());
        say("idp", self.provider(token.tenant, token.home).into());
        say("sid", json!(token.session));
        let subject = self.subject(token.tenant, token.user, token.app_id);
        say("sub", subject.into());
        say("tid", json!(token.tenant));
        say("ver", "2.0".into());
        let profile = has("profile");
        let home = token.home.filter(|_| profile);
        let email = token.email.clone().filter(|_| has("email"));
        // What there is nothing to say of is left out, whatever else asks for it.
        for (name, value) in [
            ("oid", profile.then(|| json!(token.user))),
            ("name", profile.then(|| json!(token.name))),
            (
                "preferred_username",
                profile.then(|| json!(token.user_principal_name)),
            ),
            ("home_oid", home.map(|(_, user)| json!(user))),
            ("home_tid", home.map(|(tenant, _)| json!(tenant))),
            ("email", email.map(Value::from)),
            (
                "roles",
                (!token.roles.is_empty()).then(|| json!(sorted(&token.roles))),
            ),
            ("nonce", token.nonce.clone().map(Value::from)),
            (
                "at_hash",
                token.access_token.as_ref().map(|it| half_hash(it).into()),
            ),
            ("c_hash", token.code.as_ref().map(|it| half_hash(it).into())),
            ("login_hint", token.login_hint.clone().map(Value::from)),
        ] {
            match value {
                Some(value) => claims.insert(name.to_owned(), value),
                None => claims.remove(name),
            };
        }
        // An ID token is never an access token, whatever claims an application asks for.
        for name in ["idtyp", "scp"] {
            claims.remove(name);
        }
        compact::sign(&claims, key).map(Secret::new)
    }

    /// The issuer of the tenant where the user signed in.
    fn provider(&self, tenant: TenantId, home: Option<(TenantId, Id<User>)>) -> String {
        self.public_url
            .issuer(home.map_or(tenant, |(home, _)| home))
    }

    /// Signs that notifications for an application come from this tenant. Takes about a millisecond
    /// of processor time.
    pub fn notification(
        &self,
        tenant: TenantId,
        audience: Uuid,
        key: &SigningKey,
        now: Timestamp,
        random: [u8; 32],
    ) -> Result<String> {
        let issuer = self.public_url.issuer(tenant);
        let (aio, uti) = unique(random);
        let seconds = now.seconds();
        let claims = NotificationClaims {
            aud: audience.to_string(),
            idp: issuer.clone(),
            iss: issuer,
            iat: seconds,
            nbf: seconds,
            exp: seconds + LIFETIME_SECONDS,
            aio,
            appid: NOTIFICATION_PUBLISHER,
            appidacr: "2",
            azp: NOTIFICATION_PUBLISHER,
            azpacr: "2",
            tid: tenant.uuid(),
            uti,
            ver: "2.0",
        };
        compact::sign(&claims, key)
    }
}
