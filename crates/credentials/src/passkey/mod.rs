//! Passkeys: discoverable, with the authenticator's check of the user, so that one is two factors and
//! needs no name.
//!
//! - The relying party is the public URL's host. A browser takes only names for that, so a
//!   deployment that is reached by a bare address has no passkeys.
//! - What an authenticator knows a user by (the handle) is sealed: nobody reads anything out of it,
//!   and we find the tenant in it, so that a passkey is enough where no tenant is named.
//! - A challenge to sign in is carried by the page, sealed for the browser: nothing is written for
//!   people who only look. It is answered once: the answered ones are kept until they are too old.
//!   A challenge to register is written, for one who is known; the first administrator's, whose tenant
//!   isn't there yet, is kept by who asks.
//! - Attestation isn't asked for (`none`): it would shut out most providers and tell who made a key.
//!
//! Source: Web Authentication Level 3 §7.1, §7.2, §14.6.1 (user handles); Microsoft Graph,
//! `fido2AuthenticationMethod`.

mod attestation;
mod ceremony;
mod registration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use directory::users::User;
use identity::{PublicUrl, Sealer, sha256};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{ReadTx, Tx};
use types::{Error, Id, Result, TenantId, kind};
use uuid::Uuid;
use webauthn_rs::prelude::{Passkey, Url, Webauthn, WebauthnBuilder};

use crate::audited::{self, Verb};
use crate::methods::{self, Kind, Method};

pub use attestation::aaguid_of;
pub use ceremony::{Answer, CHALLENGE_MINUTES, Candidate, Refused, Request, accept, copied};
pub(crate) use registration::forget;
pub use registration::{Creation, FirstPasskey, FirstRegistration};

/// What the handle is sealed for.
const HANDLE: &str = "passkey user handle";
/// What a passkey is called until its owner gives it a name.
pub const PASSKEY_NAME: &str = "Passkey";
/// Characters of a passkey's name.
const NAME_MAX: usize = 64;

/// The deployment, as authenticators know it.
#[derive(Clone)]
pub struct RelyingParty {
    webauthn: Webauthn,
    host: String,
    sealer: Sealer,
}

impl std::fmt::Debug for RelyingParty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RelyingParty")
    }
}

fn url(public_url: &PublicUrl) -> Result<Url> {
    Url::parse(public_url.as_str()).map_err(|_| {
        Error::invalid(
            "public-url",
            format!("'{public_url}' isn't a URL that passkeys can be bound to."),
        )
    })
}

impl RelyingParty {
    /// The deployment under its public URL, and under further origins below its host. `None` if the
    /// host is a bare address.
    pub fn new(
        public_url: &PublicUrl,
        more_origins: &[PublicUrl],
        sealer: Sealer,
    ) -> Result<Option<Self>> {
        let origin = url(public_url)?;
        let Some(host) = origin.domain() else {
            return Ok(None);
        };
        let mut builder = WebauthnBuilder::new(host, &origin)
            .map_err(Error::internal)?
            .rp_name("isopolity");
        for more in more_origins {
            let origin = url(more)?;
            let is_below = origin
                .domain()
                .is_some_and(|own| own == host || own.ends_with(&format!(".{host}")));
            if !is_below {
                return Err(Error::invalid(
                    "passkey-origins",
                    format!("'{more}' isn't below the host of the public URL, {host}."),
                ));
            }
            builder = builder.append_allowed_origin(&origin);
        }
        let webauthn = builder.build().map_err(Error::internal)?;
        Ok(Some(Self {
            webauthn,
            host: host.to_owned(),
            sealer,
        }))
    }

    /// The name that passkeys are bound to.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// A new handle for a user of a tenant: 61 bytes of at most 64.
    fn new_handle(&self, tenant: TenantId, random: [u8; 16]) -> Result<Vec<u8>> {
        let mut bytes = tenant.bytes().to_vec();
        bytes.extend_from_slice(&random);
        self.sealer.seal(HANDLE, TenantId::nil(), &bytes)
    }

    /// The tenant whose user a passkey's answer is of.
    pub fn tenant_of(&self, response: &Value) -> Option<TenantId> {
        let handle = response.get("response")?.get("userHandle")?.as_str()?;
        let handle = BASE64_URL_SAFE_NO_PAD
            .decode(handle.trim_end_matches('='))
            .ok()?;
        let opened = self.sealer.open(HANDLE, TenantId::nil(), &handle).ok()?;
        let tenant = opened.first_chunk::<16>()?;
        Some(TenantId::new(Uuid::from_bytes(*tenant)))
    }
}

/// What is known of a passkey.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Document {
    pub(crate) passkey: Passkey,
    pub(crate) name: String,
    pub(crate) aaguid: Uuid,
    /// Whether it is kept in an account, and so on all devices of the user.
    pub(crate) is_synced: bool,
}

/// A passkey as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// What the user calls it.
    pub name: String,
    /// The authenticator's model; nil where it doesn't tell.
    pub aaguid: Uuid,
    /// Whether it is kept in an account, and so on all devices of the user.
    pub is_synced: bool,
    /// The credential's id, in base64url.
    pub credential_id: String,
}

/// What a passkey shows of itself.
pub fn show(method: &Method) -> Result<Shown> {
    let document: Document = method.document()?;
    let id = method.lookup.as_deref().unwrap_or_default();
    Ok(Shown {
        name: document.name,
        aaguid: document.aaguid,
        is_synced: document.is_synced,
        credential_id: BASE64_URL_SAFE_NO_PAD.encode(id),
    })
}

fn clean_name(name: &str) -> Result<String> {
    let name = name.trim();
    let fits =
        !name.is_empty() && name.chars().count() <= NAME_MAX && !name.chars().any(char::is_control);
    if fits {
        return Ok(name.to_owned());
    }
    Err(Error::invalid(
        "displayName",
        format!("'displayName' has to be a text of 1 to {NAME_MAX} characters."),
    ))
}

/// Gives a passkey another name.
pub fn rename(tx: &mut Tx<'_>, user: Id<kind::User>, id: Uuid, name: &str) -> Result<()> {
    let name = clean_name(name)?;
    let method = methods::get(tx, user, Kind::Passkey, id)?;
    let mut document: Document = method.document()?;
    if document.name == name {
        return Ok(());
    }
    document.name = name;
    let doc = serde_json::to_string(&document).map_err(Error::internal)?;
    methods::describe(tx, &method, &doc)?;
    audited::method(tx, user, Kind::Passkey, Verb::Changed)
}

/// Takes a passkey away.
pub fn delete(tx: &mut Tx<'_>, user: Id<kind::User>, id: Uuid) -> Result<()> {
    let method = methods::get(tx, user, Kind::Passkey, id)?;
    methods::remove(tx, &method)?;
    audited::method(tx, user, Kind::Passkey, Verb::Deleted)
}

/// A user's passkeys.
pub fn list(tx: &ReadTx<'_>, user: &User) -> Result<Vec<Method>> {
    methods::list_of(tx, user.id, Kind::Passkey)
}

/// The challenge that a client says it has answered; nothing is proven by that.
fn challenge_of(response: &Value) -> Option<[u8; 32]> {
    let data = response.get("response")?.get("clientDataJSON")?.as_str()?;
    let data = BASE64_URL_SAFE_NO_PAD
        .decode(data.trim_end_matches('='))
        .ok()?;
    let data: Value = serde_json::from_slice(&data).ok()?;
    let challenge = data.get("challenge")?.as_str()?;
    Some(sha256(challenge.trim_end_matches('=').as_bytes()))
}
